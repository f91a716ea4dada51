//! What is measured: tokens from claim to settlement, the figures of the service, an idle daemon.

use std::{
    collections::VecDeque,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::try_join_all;
use tokio_util::sync::CancellationToken;
use verikeep::{
    app::{self, RunOptions},
    config::{self as shape, Config},
    domain::{
        address::BaseUrl,
        answer::{AnswerRow, Body, Endpoint},
        digest::Sha256,
        id::AnswerId,
        lease::Stage,
        packed::Packed,
        plan::Outcome as End,
        secret::Secret,
        time::{Clock, Span, Time},
    },
    store::{
        self, Store,
        records::{CallRow, Claim, Next, PollRecord, PollWork},
    },
    telemetry::{Format, metrics::Metrics},
    worker::clock::SystemClock,
};

use crate::{
    Outcome,
    database::{APP, Database},
    gauge,
};

/// Claimed at once by a daemon that has much to do.
const AT_ONCE: u32 = 64;
/// How many tokens fall due while what a daemon knows of the next ones stands, at two calls a second.
const LOOK_AHEAD: i64 = 7;
/// How often the figures are asked for.
const LOOKS: u32 = 21;
/// How long a daemon settles down before it counts as idle: each connection to the server has run each
/// statement by then.
const WARM_UP: Duration = Duration::from_secs(20);

/// How tokens come to be due.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FallingDue {
    /// Much is.
    Together,
    /// Each by itself, and the daemon looks now and then when the next ones will be.
    OneByOne,
}

/// What tokens cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) tokens: u32,
    /// This process.
    pub(crate) cpu_ms: f64,
    /// The server.
    pub(crate) server_ms: f64,
}

impl Cost {
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            tokens: self.tokens + other.tokens,
            cpu_ms: self.cpu_ms + other.cpu_ms,
            server_ms: self.server_ms + other.server_ms,
        }
    }

    /// Milliseconds a token, of both sides.
    pub(crate) fn each(&self) -> f64 {
        (self.cpu_ms + self.server_ms) / f64::from(self.tokens)
    }
}

/// A store, and how many tokens were put into it.
pub(crate) struct Pass<'d> {
    database: &'d Database,
    store: Arc<dyn Store>,
    seeded: u32,
}

impl<'d> Pass<'d> {
    pub(crate) async fn open(database: &'d Database) -> Outcome<Self> {
        store::migrate(&database.url).await?;
        let store = store::open(&database.url, 10, Arc::new(SystemClock)).await?;
        Ok(Self {
            database,
            store,
            seeded: 0,
        })
    }

    /// Puts in so many tokens that are due, one after the other for the last day.
    pub(crate) async fn seed(&mut self, count: u32) -> Outcome<()> {
        let (from, to) = (self.seeded + 1, self.seeded + count);
        self.seeded = to;
        let begin = now().minus(Span::hours(24)).0;
        let id = "'01900000-0000-7000-8000-' || substr(cast(1000000000000 + n as text), 2)";
        let rows = format!(
            "with recursive numbers(n) as (select {from} union all select n + 1 from numbers where n < {to})"
        );
        let at = format!("{begin} + (n - {from}) * cast(86000000 as bigint) / {count}");
        let (media, record) = (Span::hours(24).0, Span::hours(72).0);
        self.database
            .run(format!(
                "insert into verifications (verification_id, verify_token, app, issued_at, issued_at_told, issued_here, tracked_at, tracked_by, media_deadline, record_deadline, state)
                {rows} select {id}, 'seeded' || substr(cast(1000000000000 + n as text), 2), '{APP}', {at}, true, false, {at}, 'bench', {at} + {media}, {at} + {record}, 'waiting' from numbers;
                insert into schedule (verification_id, stage, app, due_at, deadline, lane)
                {rows} select {id}, 0, '{APP}', {at}, {at} + {media}, 0 from numbers;"
            ))
            .await?;
        self.tidy().await
    }

    /// What a database does by itself after much was written, so that it does so now.
    async fn tidy(&self) -> Outcome<()> {
        let words: &[&str] = if self.database.is_server() {
            &[
                "vacuum analyze verifications",
                "vacuum analyze schedule",
                "checkpoint",
            ]
        } else {
            &["analyze", "pragma wal_checkpoint(truncate)"]
        };
        for word in words {
            self.database.run((*word).to_owned()).await?;
        }
        Ok(())
    }

    /// Claims and settles so many tokens.
    pub(crate) async fn drain(&self, tokens: u32, falling_due: FallingDue) -> Outcome<Cost> {
        let (cpu_ms, server_ms) = (gauge::cpu_ms()?, self.database.server_ms()?);
        let mut done = 0;
        let mut dues = VecDeque::new();
        while done < tokens {
            let apps = vec![APP.to_owned()];
            if falling_due == FallingDue::OneByOne && dues.is_empty() {
                dues.extend(self.store.dues(Stage::Poll, &apps, LOOK_AHEAD).await?);
            }
            let claim = Claim {
                now: dues.pop_front().unwrap_or_else(now),
                lease: Span::minutes(5),
                limit: i64::from(AT_ONCE.min(tokens - done)),
                apps,
                late: i64::from(AT_ONCE / 4),
                patience: 3,
            };
            let claimed = self.store.claim_polls(&claim).await?;
            if claimed.is_empty() {
                return Err(format!("nothing more is due after {done} of {tokens} tokens").into());
            }
            done += u32::try_from(claimed.len())?;
            let records: Vec<PollRecord> =
                claimed.into_iter().map(archived).collect::<Outcome<_>>()?;
            try_join_all(
                records
                    .into_iter()
                    .map(|record| self.store.record_poll(record)),
            )
            .await?;
        }
        Ok(Cost {
            tokens,
            cpu_ms: gauge::cpu_ms()? - cpu_ms,
            server_ms: self.database.server_ms()? - server_ms,
        })
    }

    pub(crate) async fn commits(&self) -> Outcome<u64> {
        self.database.commits().await
    }

    /// Leaves a hundredth of all tokens open, and those not due for long; the others were settled
    /// evenly over a year.
    pub(crate) async fn settle_most(&self) -> Outcome<()> {
        let (now, later) = (now().0, now().plus(Span::hours(24)).0);
        self.database
            .run(format!(
                "update verifications set state = 'archived', settled_at = {now} - cast(substr(verification_id, 25) as bigint) % 365 * 86400000 where settled_at is null and substr(verification_id, 35) <> '00';
                delete from schedule where substr(verification_id, 35) <> '00';
                update schedule set due_at = {later}, ready = false;"
            ))
            .await?;
        self.tidy().await
    }

    /// The figures for `status`.
    pub(crate) async fn status_ms(&self) -> Outcome<f64> {
        let mut took = Vec::new();
        for _ in 0..LOOKS {
            let began = Instant::now();
            self.store.status(now()).await?;
            took.push(began.elapsed());
        }
        Ok(median(took))
    }

    /// Those, and the page of metrics with them.
    pub(crate) async fn page_ms(&self) -> Outcome<f64> {
        let metrics = Metrics::new();
        let mut took = Vec::new();
        for _ in 0..LOOKS {
            let began = Instant::now();
            let status = self.store.status(now()).await?;
            let _ = metrics.page(Some(&status), now(), Format::OpenMetrics);
            took.push(began.elapsed());
        }
        Ok(median(took))
    }

    /// Closes the store, and has a daemon run on it with nothing due: which part of a core the
    /// server used meanwhile.
    pub(crate) async fn idle(self, folder: &Path, seconds: f64) -> Outcome<Option<f64>> {
        self.store.close().await;
        if !self.database.is_server() {
            return Ok(None);
        }
        // Nothing is due, so nobody is asked.
        let base_url: BaseUrl = "http://127.0.0.1:9".parse()?;
        let api_key = Secret::new("k".to_owned());
        let app = shape::App::new(APP, base_url, shape::Auth::ApiKey { api_key });
        let mut config = Config::embedded(folder.join("idle"), vec![app]);
        config.database.url = self.database.url.clone();
        let services = app::open(&config, Arc::new(SystemClock)).await?;
        let stop = CancellationToken::new();
        let (told, options) = (
            stop.clone(),
            RunOptions {
                listen: None,
                grace: Span::seconds(5),
            },
        );
        let daemon =
            tokio::spawn(async move { app::run(services, &config, options, told, None).await });
        tokio::time::sleep(WARM_UP).await;
        let used = self.database.server_ms()?;
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        let used = self.database.server_ms()? - used;
        if daemon.is_finished() {
            return Err("the daemon ended by itself".into());
        }
        stop.cancel();
        daemon.await??;
        Ok(Some(used / (seconds * 1000.0)))
    }
}

/// A record that settles a token after one answer of a few hundred bytes.
fn archived(work: PollWork) -> Outcome<PollRecord> {
    let at = now();
    let body = format!(
        "{{\"success\":true,\"token\":\"{}\",\"result\":{{\"score\":95.06,\"passed\":true}}}}",
        work.verification.verification_id
    );
    let sha256 = Sha256::of(body.as_bytes());
    let packed = Packed::of(body.as_bytes(), sha256).ok_or("an answer is too long for its row")?;
    let mut record = PollRecord {
        is_first: work.polls == 0,
        ..PollRecord::begin(work.lease, work.progress, at)
    };
    record.answers.push(AnswerRow {
        answer_id: AnswerId::fresh(at),
        endpoint: Endpoint::Getall,
        fetched_at: at,
        http_status: 200,
        success: Some(true),
        code: Some("0".to_owned()),
        log_id: None,
        body: Body::Row(packed),
    });
    record.calls.push(CallRow {
        app: APP.to_owned(),
        endpoint: Endpoint::Getall,
        at,
        result: "ok",
        code: None,
        sha256: Some(sha256),
    });
    record.next = Next::Settled {
        outcome: End::Archived,
        missing: Vec::new(),
    };
    Ok(record)
}

fn now() -> Time {
    SystemClock.now()
}

fn median(mut took: Vec<Duration>) -> f64 {
    took.sort_unstable();
    took.get(took.len() / 2)
        .map_or(f64::NAN, |took| took.as_secs_f64() * 1000.0)
}
