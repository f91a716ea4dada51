//! A month of verifications, in which each question of docs/sql.md has something to find.

use verikeep::{
    domain::{
        access::{Access, What, Who},
        alarm::{Alarm, Kind},
        attempt::{Attempt, Counts},
        id::AccessId,
        identity::IdentityRow,
        lease::{Lane, Lease},
        loss::{Cause, Reason},
        media::Kind as Medium,
        plan::{Missing, Outcome},
        secret::Secret,
        time::{Span, Time},
        token::{State, Verification},
    },
    store::{
        ANYBODY, Store,
        records::{DownloadRecord, NewVerification, Next, PollRecord, WantedMedia},
        reports::{Acknowledgement, LossFilter},
    },
};

use super::make::{
    HOUR, MINUTE, attempt, claim_at, download, named, poll, settling, slot, start, stored_as, token,
};

/// Half past nine in the morning of 2026-10-12 in Beijing.
const MORNING: Time = Time(1_791_768_600_000);

/// The index of a person of whom the page asks for all.
const PERSON: &str = "4b1a0f4ac1d0c2a9e0d7b2f5c3e8a6974b1a0f4ac1d0c2a9e0d7b2f5c3e8a697";

/// How one of them came about.
struct Case<'s> {
    store: &'s dyn Store,
    n: i64,
    at: Time,
}

impl Case<'_> {
    /// Tells the token of `order-n`, issued so long before, and begins its poll.
    async fn told(&self, app: &str, before: Span) -> Lease {
        let issued_at = self.at.minus(before);
        let plain = token(1);
        let told = NewVerification {
            verification: Verification {
                verification_id: named(&format!("case-{}", self.n)),
                verify_token: Secret::new(format!("case-{}", self.n)),
                app: app.to_owned(),
                issued_at,
                tracked_at: self.at,
                ..plain.verification
            },
            reference: Some(format!("order-{}", self.n)),
            media_deadline: issued_at.plus(Span::hours(24)),
            record_deadline: issued_at.plus(Span::hours(72)),
            next: self.due(self.at, State::Waiting),
            ..plain
        };
        self.store.track(vec![told]).await.unwrap();
        self.poll(self.at).await
    }

    fn due(&self, due_at: Time, state: State) -> Next {
        Next::Due {
            due_at,
            deadline: self.at.plus(Span::hours(24)),
            state,
            lane: Lane::Living,
        }
    }

    async fn poll(&self, at: Time) -> Lease {
        let mut work = self.store.claim_polls(&claim_at(at)).await.unwrap();
        assert_eq!(work.len(), 1, "order-{}", self.n);
        work.remove(0).lease
    }

    /// Ends with these attempts.
    async fn ends(&self, lease: &Lease, attempts: Vec<(Attempt, IdentityRow)>, outcome: Outcome) {
        let verify = i64::try_from(attempts.len()).unwrap();
        let charged = if self.n == 2 { verify + 1 } else { verify };
        let record = PollRecord {
            attempts,
            counts: Some(Counts {
                verify: Some(verify),
                verify_charge: Some(charged),
                ..Counts::default()
            }),
            ..settling(lease, self.at, outcome)
        };
        self.store.record_poll(record).await.unwrap();
    }

    /// Ends as a loss of one thing.
    async fn lost(&self, lease: &Lease, (what, cause): (&str, Cause), outcome: Outcome) {
        let missing = vec![Missing {
            what: what.to_owned(),
            attempt_no: None,
            reason: Reason::plain(cause),
            why: format!("no {what}"),
        }];
        let record = PollRecord {
            next: Next::Settled { outcome, missing },
            ..poll(lease, self.at)
        };
        self.store.record_poll(record).await.unwrap();
    }

    /// An attempt of a person: the first minute, the second and so on.
    fn tried(&self, no: i64, passed: bool, person: &str) -> (Attempt, IdentityRow) {
        let (attempt, identity) = attempt(no, passed, self.at.plus(MINUTE.times(no)));
        let identity = IdentityRow {
            id_number_index: Some(person.to_owned()),
            ocr_name_masked: None,
            ocr_id_number_masked: None,
            ..identity
        };
        (attempt, identity)
    }
}

/// All of them, one after another.
pub async fn a_month(store: &dyn Store) {
    let case = |n: i64| Case {
        store,
        n,
        at: MORNING.plus(HOUR.times(n)),
    };
    failed_and_passed(&case(1)).await;
    barely_and_with_another_card(&case(2)).await;
    risky(&case(3)).await;
    without_a_video(&case(4)).await;
    let unused = case(5);
    let lease = unused.told("h5", MINUTE).await;
    unused.ends(&lease, vec![], Outcome::Abandoned).await;
    let late = case(6);
    let lease = late.told("kyc", Span::hours(96)).await;
    late.lost(&lease, ("everything", Cause::ToldLate), Outcome::Missed)
        .await;
    let often = case(7);
    let lease = often.told("h5", MINUTE).await;
    let attempts = (1..=3).map(|no| often.tried(no, false, "often"));
    often
        .ends(&lease, attempts.collect(), Outcome::Archived)
        .await;
    tried_again(&case(8)).await;
    let open = case(9);
    let lease = open.told("h5", MINUTE).await;
    let record = PollRecord {
        next: open.due(open.at.plus(Span::hours(9_999)), State::Waiting),
        ..poll(&lease, open.at)
    };
    store.record_poll(record).await.unwrap();
    watched(store).await;
    looked_at(store).await;
}

async fn failed_and_passed(case: &Case<'_>) {
    let lease = case.told("h5", MINUTE).await;
    let mut failed = case.tried(1, false, "helper");
    failed.0.score = Some(41.5);
    let attempts = vec![failed, case.tried(2, true, PERSON)];
    case.ends(&lease, attempts, Outcome::Archived).await;
}

async fn barely_and_with_another_card(case: &Case<'_>) {
    let lease = case.told("kyc", MINUTE).await;
    let (attempt, identity) = case.tried(1, true, PERSON);
    let attempt = Attempt {
        score: Some(80.5),
        ocr_charged: Some(true),
        ocr_count: Some(2),
        ocr_charged_at: attempt.verified_at,
        ..attempt
    };
    let identity = IdentityRow {
        ocr_name_masked: Some("李*".to_owned()),
        ocr_id_number_masked: identity.id_number_masked.clone(),
        ..identity
    };
    case.ends(&lease, vec![(attempt, identity)], Outcome::Archived)
        .await;
}

async fn risky(case: &Case<'_>) {
    let lease = case.told("h5", MINUTE).await;
    let (attempt, identity) = case.tried(1, false, "risky");
    let attempt = Attempt {
        code: Some("222350".to_owned()),
        score: None,
        spoofing_score: Some(0.75),
        risk_level: Some("1".to_owned()),
        risk_tag: Some("group".to_owned()),
        demoted: Some(true),
        ..attempt
    };
    case.ends(&lease, vec![(attempt, identity)], Outcome::Archived)
        .await;
}

async fn without_a_video(case: &Case<'_>) {
    let lease = case.told("kyc", MINUTE).await;
    let record = PollRecord {
        attempts: vec![case.tried(1, true, "filmed")],
        wanted: vec![WantedMedia {
            media_id: named("face"),
            slot: slot(Medium::Face, 0),
        }],
        download: Some(start(case.at)),
        next: case.due(case.at.plus(HOUR), State::Collecting),
        ..poll(&lease, case.at)
    };
    case.store.record_poll(record).await.unwrap();
    let mut work = case
        .store
        .claim_downloads(&claim_at(case.at))
        .await
        .unwrap();
    let record = DownloadRecord {
        stored: vec![stored_as(named("face"), "face", case.at)],
        ..download(&work.remove(0).lease, case.at)
    };
    case.store.record_download(record).await.unwrap();
    let lease = case.poll(case.at).await;
    case.lost(&lease, ("video", Cause::NotListed), Outcome::Incomplete)
        .await;
}

/// Refused, tried again by a person, and refused again.
async fn tried_again(case: &Case<'_>) {
    let lease = case.told("h5", MINUTE).await;
    case.ends(&lease, vec![], Outcome::Rejected).await;
    let tokens = [format!("case-{}", case.n)];
    let woken = case.store.retry(&tokens, None, "ops", case.at).await;
    assert_eq!(woken.unwrap().len(), 1);
    let lease = case.poll(case.at).await;
    case.ends(&lease, vec![], Outcome::Rejected).await;
}

/// An alarm that ended, and a loss that somebody took note of.
async fn watched(store: &dyn Store) {
    let alarm = Alarm {
        kind: Kind::Quota,
        subject: "h5".to_owned(),
        text: "none is left".to_owned(),
    };
    store.raise(&alarm, ANYBODY, MORNING).await.unwrap();
    let over = MORNING.plus(HOUR);
    assert!(store.clear(Kind::Quota, "h5", ANYBODY, over).await.unwrap());
    let seen = Acknowledgement {
        at: MORNING.plus(Span::hours(24)),
        by: "ops".to_owned(),
        note: "told the shop".to_owned(),
    };
    let late = LossFilter {
        cause: Some(Cause::ToldLate),
        ..LossFilter::default()
    };
    assert_eq!(store.acknowledge_losses(&late, &seen).await.unwrap(), 1);
}

/// Two whose files were taken, one of whom was also searched for.
async fn looked_at(store: &dyn Store) {
    let who = Who::User("cli:alice(1000)".to_owned());
    let search = What::Search {
        id_number_index: PERSON.to_owned(),
        app: None,
    };
    let key = Who::Key {
        key_id: named("shop"),
        name: "key shop".to_owned(),
    };
    for (after, who, what, purpose) in [
        (2, who.clone(), What::Files(named("case-1")), "dispute"),
        (3, who, What::Files(named("case-4")), "dispute"),
        (4, key, search, "case 17"),
    ] {
        let at = MORNING.plus(Span::hours(after));
        let access = Access {
            access_id: AccessId::fresh(at),
            at,
            who,
            what,
            purpose: Some(purpose.to_owned()),
        };
        assert!(store.begin_access(&access).await.unwrap());
    }
}
