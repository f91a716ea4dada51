//! The model and a database, led through the same lives by chance, tell the same at every step.

use std::fmt::Debug;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use verikeep::{
    domain::{
        alarm::{Alarm, Kind as AlarmKind},
        answer::{Body, Endpoint},
        digest::Sha256,
        id::{MediaId, VerificationId},
        lease::{Lane, Lease, Stage},
        lessons::{DataSeen, Film, FilmedPlan, Lessons, Origin, UnusedSignature},
        loss::Cause,
        media::{Kind, ObjectFacts, StoredMedia},
        packed::Packed,
        plan::{Outcome, Proof},
        secret::Secret,
        time::{Span, Time, day_in_beijing},
        token::State,
    },
    store::{
        Store,
        records::{
            Claim, DownloadRecord, DownloadStart, FailedMedia, FilledSlot, Moved, NewVerification,
            Next, PollRecord, WantedMedia,
        },
        reports::Filter,
    },
};

use super::make::{
    MINUTE, START, answer, attempt, call, claim_at, download, handle, id, later, named, poll,
    settling, slot, start, stored, submission, token,
};
use crate::databases::Database;

const TOKENS: u32 = 4;
const STEPS: u32 = 120;
const MONTH: Span = Span::hours(31 * 24);

/// Both stores, and chance.
struct Pair {
    stores: [std::sync::Arc<dyn Store>; 2],
    random: StdRng,
    names: u32,
    /// The leases of first polls: (token, verification).
    firsts: Vec<(String, VerificationId)>,
    now: Time,
    /// What was done last, for whoever reads why they differ.
    last: String,
}

/// The right to one row, in each store.
type Leases = [Lease; 2];

impl Pair {
    fn one_in(&mut self, n: u32) -> bool {
        self.random.random_range(0..n) == 0
    }

    /// A name never given before.
    fn name(&mut self) -> String {
        self.names += 1;
        format!("n{}", self.names)
    }

    fn object(&mut self) -> StoredMedia {
        let mut object = stored(&self.name(), self.now);
        object.object.sha256 = Sha256::of(&[self.random.random_range(0..3)]);
        object
    }

    async fn same<T: Debug>(&mut self, what: &str, done: impl AsyncFn(&dyn Store, usize) -> T) {
        let [one, other] = [
            format!("{:?}", done(&*self.stores[0], 0).await),
            format!("{:?}", done(&*self.stores[1], 1).await),
        ];
        assert_eq!(one, other, "{what}, after {}", self.last);
    }

    /// All that the traits tell.
    async fn look(&mut self) {
        let now = self.now;
        for stage in [Stage::Poll, Stage::Download] {
            self.same("dues", async |store, _| {
                store.dues(stage, &[], 5).await.unwrap()
            })
            .await;
        }
        self.same("alarms", async |store, _| store.alarms().await.unwrap())
            .await;
        self.same("lessons", async |store, _| store.lessons().await.unwrap())
            .await;
        self.same("status", async |store, _| store.status(now).await.unwrap())
            .await;
        let days = (START.minus(MONTH), now.plus(MONTH));
        let (from, to) = (day_in_beijing(days.0), day_in_beijing(days.1));
        self.same("charges", async |store, _| {
            store.charges(from, to).await.unwrap()
        })
        .await;
        self.same("unread", async |store, _| {
            store.unread(days.0, days.1).await.unwrap()
        })
        .await;
        // The model counts everything each time; the sums that the others keep must say the same.
        self.same("recount", async |store, _| store.recount().await.unwrap())
            .await;
        for n in 1..=TOKENS {
            self.same("show", async |store, _| {
                store.show(&handle(n)).await.unwrap()
            })
            .await;
        }
        self.same("keys", async |store, _| store.keys(true).await.unwrap())
            .await;
        let filter = Filter {
            limit: 10,
            ..Filter::default()
        };
        self.same("list", async |store, _| store.list(&filter).await.unwrap())
            .await;
        let tokens: Vec<Secret> = (1..=TOKENS)
            .map(|n| token(n).verification.verify_token)
            .collect();
        self.same("known", async |store, _| {
            store.known(&tokens).await.unwrap()
        })
        .await;
    }

    async fn key(&mut self) {
        let now = self.now;
        let name = format!("key-{}", self.random.random_range(0..3));
        let (mut new, _) = super::keys::key(&self.name());
        new.key.name.clone_from(&name);
        self.last = format!("a change of the key {name}");
        match self.random.random_range(0..4) {
            0 | 1 => {
                self.same("create_key", async |store, _| {
                    store.create_key(&new).await.unwrap()
                })
                .await;
            }
            2 => {
                self.same("revoke_key", async |store, _| {
                    store.revoke_key(&name, "cli:ops", now).await.unwrap()
                })
                .await;
            }
            _ => {
                let keys = self.stores[0].keys(true).await.unwrap();
                let Some(last) = keys.last() else { return };
                self.same("note_key_used", async |store, _| {
                    store.note_key_used(last.key.key_id, now).await.unwrap()
                })
                .await;
            }
        }
    }

    async fn track(&mut self) {
        let mut told = token(self.random.random_range(1..=TOKENS));
        told.issued_at_told = self.one_in(3);
        if self.one_in(4) {
            told.verification.app = "other".to_owned();
        }
        told.verification.tracked_at = self.now;
        let due_at = self.now.plus(MINUTE);
        if let Next::Due { due_at: at, .. } = &mut told.next {
            *at = due_at;
        }
        let told: Vec<NewVerification> = vec![told];
        self.last = "track".to_owned();
        self.same("track", async |store, _| {
            store.track(told.clone()).await.unwrap()
        })
        .await;
    }

    /// Hands somebody in for a token that is tracked, or notes what came of it.
    async fn submit(&mut self) {
        let n = self.random.random_range(1..=TOKENS);
        if self.stores[0].show(&handle(n)).await.unwrap().is_none() {
            return;
        }
        let submission = submission(&self.name());
        let refused = self.one_in(2).then_some("refused");
        let is_over = self.one_in(2);
        self.last = "submit".to_owned();
        self.same("submit", async |store, _| {
            if is_over {
                store.end_submission(id(n), refused).await.unwrap();
            } else {
                store.submit(id(n), &submission).await.unwrap();
            }
        })
        .await;
        self.same("indexed_otherwise", async |store, _| {
            store.indexed_otherwise("key-2").await.unwrap()
        })
        .await;
    }

    async fn retry(&mut self) {
        let handle = vec![
            handle(self.random.random_range(1..=TOKENS)),
            "none".to_owned(),
        ];
        let app = self.one_in(3).then_some("other");
        let now = self.now;
        self.last = "retry".to_owned();
        self.same("retry", async |store, _| {
            store.retry(&handle, app, "ops", now).await.unwrap()
        })
        .await;
    }

    /// Claims on both; what comes out is the same but for the tokens of the leases.
    async fn claim(&mut self, stage: Stage) -> Vec<(Leases, Vec<MediaId>)> {
        let claim = Claim {
            limit: 2,
            apps: if self.one_in(4) {
                vec!["other".to_owned()]
            } else {
                Vec::new()
            },
            late: self.random.random_range(0..3),
            ..claim_at(self.now)
        };
        let mut claimed = [Vec::new(), Vec::new()];
        let mut told = [Vec::new(), Vec::new()];
        let mut firsts = Vec::new();
        for ((store, claimed), told) in self.stores.iter().zip(&mut claimed).zip(&mut told) {
            let mut tell = |work: &dyn Debug, lease: &Lease| {
                told.push(format!("{work:?}").replace(&lease.token, "TOKEN"));
            };
            if stage == Stage::Poll {
                for work in store.claim_polls(&claim).await.unwrap() {
                    tell(&work, &work.lease);
                    if work.polls == 0 {
                        firsts.push((work.lease.token.clone(), work.lease.verification_id));
                    }
                    claimed.push((work.lease, work.media));
                }
            } else {
                for work in store.claim_downloads(&claim).await.unwrap() {
                    tell(&work, &work.lease);
                    claimed.push((work.lease, work.media));
                }
            }
        }
        assert_eq!(told[0], told[1], "claim, after {}", self.last);
        self.firsts.extend(firsts);
        self.last = format!("claim of {} {}s", claimed[0].len(), stage.name());
        let [one, other] = claimed;
        one.into_iter()
            .zip(other)
            .map(|((one, media), (other, _))| {
                let names = media.into_iter().map(|medium| medium.media_id);
                ([one, other], names.collect())
            })
            .collect()
    }

    /// What becomes of a lease: it is recorded, prolonged, given back, or forgotten.
    async fn end(&mut self, leases: &Leases, media: &[MediaId]) {
        let now = self.now;
        match self.random.random_range(0..12) {
            0 => {}
            1 => {
                self.last = "release".to_owned();
                self.same("release", async |store, which| {
                    store
                        .release(vec![leases[which].clone()], now)
                        .await
                        .unwrap();
                })
                .await;
            }
            2 => {
                self.last = "renew".to_owned();
                self.same("renew", async |store, which| {
                    store
                        .renew(&leases[which], now.plus(Span(90_000)))
                        .await
                        .is_ok()
                })
                .await;
            }
            _ if leases[0].stage == Stage::Poll => {
                let record = self.poll(&leases[0], media);
                self.last = format!("{record:?}");
                self.same("record_poll", async |store, which| {
                    let mut record = record.clone();
                    record.lease = leases[which].clone();
                    store
                        .record_poll(record)
                        .await
                        .map_err(|error| error.to_string())
                })
                .await;
            }
            _ => {
                let record = self.download(&leases[0], media);
                self.last = format!("{record:?}");
                self.same("record_download", async |store, which| {
                    let mut record = record.clone();
                    record.lease = leases[which].clone();
                    store
                        .record_download(record)
                        .await
                        .map_err(|error| error.to_string())
                })
                .await;
            }
        }
    }

    fn some_of(&mut self, media: &[MediaId]) -> Vec<MediaId> {
        let some = media.iter().filter(|_| self.one_in(2));
        some.copied().collect()
    }

    fn poll(&mut self, lease: &Lease, media: &[MediaId]) -> PollRecord {
        let outcomes = [
            Outcome::Archived,
            Outcome::Abandoned,
            Outcome::Incomplete,
            Outcome::Missed,
        ];
        let mut record = if self.one_in(6) {
            let outcome = outcomes[self.random.random_range(0..4)];
            settling(lease, self.now, outcome)
        } else {
            let mut record = poll(lease, self.now);
            record.next = Next::Due {
                due_at: self
                    .now
                    .plus(Span::minutes(self.random.random_range(0..20))),
                deadline: later(Span::hours(self.random.random_range(1..30))),
                state: if self.one_in(2) {
                    State::Waiting
                } else {
                    State::Collecting
                },
                lane: if self.one_in(3) {
                    Lane::Late
                } else {
                    Lane::Living
                },
            };
            record
        };
        let is_first = (self.firsts).contains(&(lease.token.clone(), lease.verification_id));
        record.is_first = is_first && !self.one_in(3);
        for _ in 0..self.random.random_range(0..3) {
            let mut kept = answer(&self.name(), Endpoint::Getall, self.now);
            let body = [self.random.random_range(0..3)];
            let sha256 = Sha256::of(&body);
            kept.body = match kept.body {
                Body::Object(object) if self.one_in(2) => {
                    Body::Object(ObjectFacts { sha256, ..object })
                }
                _ => Body::Row(Packed::of(&body, sha256).unwrap()),
            };
            record.answers.push(kept);
            record.calls.push(call(self.now));
            let kind = [Kind::Face, Kind::Video, Kind::IdFront][self.random.random_range(0..3)];
            let slot = slot(kind, self.random.random_range(0..2));
            if self.one_in(2) {
                let media_id = named(&self.name());
                record.wanted.push(WantedMedia { media_id, slot });
            } else {
                let stored = self.object();
                record.filled.push(FilledSlot { slot, stored });
            }
            let passed = self.one_in(2);
            record
                .attempts
                .push(attempt(self.random.random_range(1..4), passed, self.now));
        }
        record.proof = self.one_in(2).then(|| Proof {
            words: "refused".to_owned(),
            never_seen: self.one_in(2),
        });
        record.same = self.some_of(media);
        if self.one_in(2) {
            let lease = self.one_in(2).then(|| (self.name(), self.now.plus(MINUTE)));
            record.download = Some(DownloadStart {
                lease,
                ..start(self.now)
            });
        }
        let apps = ["loan-h5", "other"];
        record.moved = self.one_in(4).then(|| Moved {
            from: apps[self.random.random_range(0..2)].to_owned(),
            to: apps[self.random.random_range(0..2)].to_owned(),
            media_deadline: later(Span::hours(self.random.random_range(1..30))),
            record_deadline: later(Span::hours(self.random.random_range(30..80))),
        });
        record.last_error = self.one_in(2).then(|| "transient".to_owned());
        if self.one_in(4) {
            record.lessons = self.lessons(lease.verification_id);
            record.alarms = vec![
                alarm(AlarmKind::Loss, &lease.verification_id.to_string()),
                alarm(AlarmKind::TooFast, "loan-h5"),
                alarm(AlarmKind::WrongApp, &lease.verification_id.to_string()),
            ];
        }
        record
    }

    fn lessons(&mut self, verification_id: VerificationId) -> Lessons {
        let app = || "loan-h5".to_owned();
        Lessons {
            unused: vec![UnusedSignature {
                app: app(),
                signature: "refused".to_owned(),
                verification_id,
                seen_at: self.now,
                origin: Origin::IssuedHere,
            }],
            filmed: vec![FilmedPlan {
                app: app(),
                plan_id: "plan-1".to_owned(),
                film: Film::Video,
                seen_at: self.now,
            }],
            data_seen: vec![DataSeen {
                app: app(),
                at: self
                    .now
                    .minus(Span::minutes(self.random.random_range(0..20))),
            }],
        }
    }

    fn download(&mut self, lease: &Lease, media: &[MediaId]) -> DownloadRecord {
        let mut record = download(lease, self.now);
        for media_id in media {
            match self.random.random_range(0..4) {
                0 => record.same.push(*media_id),
                1 => record.failed.push(FailedMedia {
                    media_id: *media_id,
                    why: "reset".to_owned(),
                    cause: Cause::ProviderUnreachable,
                    refused_sha256: self.one_in(2).then(|| Sha256::of(self.name().as_bytes())),
                }),
                _ => {
                    let mut stored = self.object();
                    stored.media_id = *media_id;
                    record.stored.push(stored);
                }
            }
        }
        let again = (self.now.plus(MINUTE), later(Span::hours(20)));
        record.again = self.one_in(3).then_some(again);
        record.archives = self.one_in(2).then(|| self.random.random_range(0..3));
        record
    }
}

fn alarm(kind: AlarmKind, subject: &str) -> Alarm {
    Alarm {
        kind,
        subject: subject.to_owned(),
        text: "text".to_owned(),
    }
}

#[tokio::test]
async fn the_model_and_a_database_tell_the_same_of_lives_led_by_chance() {
    for seed in 0..6 {
        let (database, model) = (Database::sqlite(), Database::model());
        let mut pair = Pair {
            stores: [database.store_at(START).await, model.store_at(START).await],
            random: StdRng::seed_from_u64(seed),
            names: 0,
            firsts: Vec::new(),
            now: START,
            last: format!("the beginning of {seed}"),
        };
        let mut held: Vec<(Leases, Vec<MediaId>)> = Vec::new();
        for _ in 0..STEPS {
            let pause = pair.random.random_range(0..120_000);
            pair.now = pair.now.plus(Span(pause));
            match pair.random.random_range(0..12) {
                0 => pair.track().await,
                10 => pair.key().await,
                11 => pair.submit().await,
                1 => pair.retry().await,
                2..=3 => held.extend(pair.claim(Stage::Download).await),
                4..=5 => held.extend(pair.claim(Stage::Poll).await),
                _ if held.is_empty() => held.extend(pair.claim(Stage::Poll).await),
                _ => {
                    let which = pair.random.random_range(0..held.len());
                    let (leases, media) = held.swap_remove(which);
                    pair.end(&leases, &media).await;
                }
            }
            pair.look().await;
        }
        for table in [
            "schedule",
            "attempts",
            "submissions",
            "answers",
            "media",
            "quota_use",
            "alarms",
            "api_keys",
            "events",
        ] {
            assert_eq!(
                model.rows(table).await,
                database.rows(table).await,
                "{table}"
            );
        }
        assert_eq!(model.events().await, database.events().await);
    }
}
