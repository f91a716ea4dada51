//! The store that commands read, by hand, for their tests: says what it was given to say, and
//! remembers what it was asked.

use std::sync::Mutex;

use async_trait::async_trait;

use crate::{
    domain::{
        digest::Sha256,
        id::MediaId,
        installation::{Database, Installation},
        loss::{Cause, Reason},
        plan::{Missing, Outcome},
        secret::Secret,
        settled::Settled,
        time::Time,
        token::Verification,
    },
    store::{
        Connection, Installations, Reports, Result, Retries, StoreError,
        records::{KnownToken, NewVerification, Next, RetryVerdict},
        reports::{
            AlarmRow, AnswerReport, AttemptReport, Filter, MediaReport, Reconciliation, Status,
            Summary, Whole,
        },
    },
};

/// The instant the fake takes for now: 2026-11-23T08:15:01Z.
pub(super) const NOW: Time = Time(1_795_421_701_000);

#[derive(Default)]
pub(super) struct Fake {
    pub(super) wholes: Vec<Whole>,
    pub(super) status: Mutex<Vec<Status>>,
    pub(super) retries: Vec<RetryVerdict>,
    pub(super) filters: Mutex<Vec<Filter>>,
    pub(super) down: bool,
    pub(super) installation: Database,
    pub(super) indexed_otherwise: i64,
    pub(super) known: std::collections::HashMap<String, KnownToken>,
    pub(super) reconciled: Mutex<Vec<Reconciliation>>,
}

impl Fake {
    fn up(&self) -> Result<()> {
        if self.down {
            Err(StoreError::Unavailable("connection refused".to_owned()))
        } else {
            Ok(())
        }
    }
}

pub(super) fn no_figures() -> Status {
    Status {
        states: Vec::new(),
        media: Vec::new(),
        answers: 0,
        answer_bytes: 0,
        next_deadline: None,
        polls_due: 0,
        downloads_due: 0,
        oldest_due: None,
        poisoned: 0,
        least_left_ms: None,
        quota_use: Vec::new(),
        errors: Vec::new(),
        alarms: Vec::new(),
        open_by_app: Vec::new(),
        reconciled: Vec::new(),
        replicas: Vec::new(),
        settled_last_day: Vec::new(),
    }
}

pub(super) fn summary(number: usize) -> Summary {
    let told = NewVerification {
        verification: Verification {
            verification_id: format!("019ab000-0000-7000-8000-{number:012}")
                .parse()
                .unwrap(),
            verify_token: Secret::new(format!("token-{number}")),
            app: "h5".to_owned(),
            issued_at: at("2026-11-23T08:00:00Z"),
            tracked_at: at("2026-11-23T08:00:01Z"),
            plan_id: Some("17".to_owned()),
            issued_here: false,
        },
        reference: Some(format!("order-{number}")),
        tracked_by: "cli".to_owned(),
        media_deadline: at("2026-11-24T08:00:00Z"),
        record_deadline: at("2026-11-26T08:00:00Z"),
        next: Next::Settled {
            outcome: Outcome::Incomplete,
            missing: vec![Missing {
                what: "process_video".to_owned(),
                attempt_no: Some(1),
                reason: Reason::plain(Cause::GoneAtProvider),
                why: "gone at the provider".to_owned(),
            }],
        },
        issued_at_told: true,
    };
    Summary {
        passed: Some(true),
        attempts: 1,
        first_attempt_at: Some(at("2026-11-23T08:03:00Z")),
        settled_at: None,
        polls: 4,
        ..Summary::begin(&told)
    }
}

fn at(text: &str) -> Time {
    Time::parse(text).unwrap()
}

fn attempt() -> AttemptReport {
    AttemptReport {
        attempt_no: 1,
        passed: Some(true),
        code: Some("0".to_owned()),
        message: None,
        verified_at: Some(at("2026-11-23T08:03:00Z")),
        charged: Some(true),
        charge_type: Some("verify".to_owned()),
        score: Some(97.5),
        threshold: Some(80.0),
        name_masked: Some("张*".to_owned()),
        id_number_masked: Some("370***********5826".to_owned()),
        ..AttemptReport::default()
    }
}

pub(super) fn answer(
    number: usize,
    endpoint: &str,
    object_key: &str,
    bytes: &[u8],
) -> AnswerReport {
    AnswerReport {
        answer_id: uuid::Uuid::from_u128(number as u128).into(),
        endpoint: endpoint.to_owned(),
        fetched_at: at("2026-11-23T08:04:00Z"),
        http_status: 200,
        success: Some(true),
        code: None,
        log_id: None,
        bytes: i64::try_from(bytes.len()).unwrap(),
        sha256: Sha256::of(bytes),
        object_key: object_key.to_owned(),
    }
}

pub(super) fn medium(kind: &str, position: i64, object: Option<(&str, &[u8])>) -> MediaReport {
    MediaReport {
        media_id: MediaId::fresh(NOW),
        attempt_no: 1,
        kind: kind.to_owned(),
        position,
        state: if object.is_some() { "stored" } else { "lost" }.to_owned(),
        content_type: None,
        bytes: object.map(|(_, bytes)| i64::try_from(bytes.len()).unwrap()),
        sha256: object.map(|(_, bytes)| Sha256::of(bytes)),
        object_key: object.map(|(key, _)| key.to_owned()),
        stored_bytes: None,
        stored_sha256: None,
        captured_at: None,
        lost_reason: object.is_none().then(|| "gone at the provider".to_owned()),
        check: object.map(|_| "full".to_owned()),
    }
}

pub(super) fn whole(number: usize) -> Whole {
    Whole {
        summary: summary(number),
        proof: None,
        never_seen: false,
        attempt_rows: vec![attempt()],
        media: Vec::new(),
        answers: Vec::new(),
        calls: Vec::new(),
        call_sums: Vec::new(),
        events: Vec::new(),
    }
}

pub(super) fn alarm() -> AlarmRow {
    AlarmRow {
        kind: "loss".to_owned(),
        subject: "019ab".to_owned(),
        text: "a video is gone; look at the quota".to_owned(),
        since: at("2026-11-23T08:00:00Z"),
        times: 3,
        ..AlarmRow::default()
    }
}

#[async_trait]
impl Connection for Fake {
    async fn ping(&self) -> Result<Time> {
        self.up().map(|()| NOW)
    }

    async fn check_shape(&self) -> Result<()> {
        self.up()
    }
}

#[async_trait]
impl Reports for Fake {
    async fn status(&self, _: Time) -> Result<Status> {
        self.up()?;
        let mut all = self.status.lock().unwrap();
        Ok(if all.len() > 1 {
            all.remove(0)
        } else {
            all[0].clone()
        })
    }

    async fn settled(&self, _from: Time, _to: Time) -> Result<Vec<Settled>> {
        self.up().map(|()| Vec::new())
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>> {
        self.up()?;
        self.filters.lock().unwrap().push(filter.clone());
        let from = filter.after.as_ref().map_or(0, |after| {
            self.wholes
                .iter()
                .position(|whole| whole.summary.verification_id == *after)
                .unwrap()
                + 1
        });
        Ok(self
            .wholes
            .iter()
            .skip(from)
            .take(usize::try_from(filter.limit).unwrap())
            .map(|whole| whole.summary.clone())
            .collect())
    }

    async fn show(&self, handle: &str) -> Result<Option<Whole>> {
        self.up()?;
        Ok(self
            .wholes
            .iter()
            .find(|whole| {
                whole.summary.verify_token == handle
                    || whole.summary.verification_id.to_string() == handle
            })
            .cloned())
    }

    async fn known(&self, tokens: &[Secret]) -> Result<Vec<Option<KnownToken>>> {
        self.up()?;
        Ok(tokens
            .iter()
            .map(|token| self.known.get(token.reveal()).cloned())
            .collect())
    }

    async fn record_reconciliation(&self, found: &Reconciliation) -> Result<()> {
        self.up()?;
        self.reconciled.lock().unwrap().push(found.clone());
        Ok(())
    }
}

#[async_trait]
impl Retries for Fake {
    async fn retry(
        &self,
        tokens: &[String],
        _: Option<&str>,
        _: &str,
        _: Time,
    ) -> Result<Vec<RetryVerdict>> {
        self.up()?;
        assert_eq!(tokens.len(), self.retries.len());
        Ok(self.retries.clone())
    }
}

#[async_trait]
impl Installations for Fake {
    async fn installation(&self) -> Result<Database> {
        self.up().map(|()| self.installation.clone())
    }

    async fn begin_installation(&self, drawn: &Installation, _: Time) -> Result<Installation> {
        self.up()?;
        Ok(self
            .installation
            .installation
            .clone()
            .unwrap_or_else(|| drawn.clone()))
    }

    async fn indexed_otherwise(&self, _: &str) -> Result<i64> {
        self.up().map(|()| self.indexed_otherwise)
    }
}
