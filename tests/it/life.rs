//! Whole lives of tokens in milliseconds: the real stages over a real SQLite database, the
//! simulated world behind the provider's seam, a vault in memory, and a clock that is set to
//! whatever is due next. The windows are those of the document.

mod pages;

use std::{collections::BTreeMap, sync::Arc};

use simulator::{
    AppCredential, FaultKind, Faults, Life, LifeSpec, Made, MediaBytes, Options, UnusedAnswer,
    Video, World,
};
use verikeep::{
    archive::{self, App, Archive, Headway, Onward, Watcher},
    domain::{
        address::BaseUrl,
        answer::{Endpoint, ErrorKind},
        identity::{Columns, IndexKey},
        lease::Stage,
        policy::Policy,
        time::{Clock as _, HeldClock, Span, Time},
    },
    provider::OverWorld,
    store::{records::Claim, reports::AnswerReport},
    vault::Vault,
};

use crate::{
    databases::Database,
    lab::{FILMED, PLAIN, compare, track},
};

/// Some moment; every life here begins at it.
const BEGIN: Time = Time(1_790_000_000_000);
/// An app of another account.
const STRANGER: &str = "stranger";
const LEASE: Span = Span::minutes(2);

struct Nobody;

impl Watcher for Nobody {
    fn call(&self, _app: &str, _endpoint: Endpoint, _result: Result<(), ErrorKind>) {}
    fn put(&self, _result: Result<(), &'static str>) {}
    fn media_stored(&self, _bytes: i64) {}
    fn answer_stored(&self, _bytes: i64) {}
    fn download_failed(&self, _result: &'static str) {}
    fn reassigned(&self) {}
    fn settled(&self, _outcome: &'static str) {}
    fn never_seen(&self, _app: &str) {}
    fn time_left(&self, _left: Span) {}
}

/// An archive of two apps beside their world.
struct Held {
    world: Arc<World>,
    clock: Arc<HeldClock>,
    archive: Archive,
    database: Database,
    /// The way of each app.
    ways: BTreeMap<String, Arc<OverWorld>>,
}

impl Held {
    async fn new(options: Options) -> Self {
        Self::over(options, Database::sqlite(), Vault::in_memory(), None).await
    }

    async fn over(
        options: Options,
        database: Database,
        vault: Vault,
        index_key: Option<IndexKey>,
    ) -> Self {
        let filmed = AppCredential::synthetic(FILMED, "default");
        let plain = AppCredential {
            records_video: false,
            ..AppCredential::synthetic(PLAIN, "default")
        };
        let stranger = AppCredential::synthetic(STRANGER, "another");
        let options = Options {
            apps: vec![filmed, plain, stranger],
            media_bytes: MediaBytes {
                face: 700,
                id_card: 900,
                video: 1_500,
            },
            ..options
        };
        let world = Arc::new(World::new(options, "http://provider.test".to_owned()));
        let clock = HeldClock::at(BEGIN);
        let store = database.store_on(clock.clone()).await;
        let way = |app: &AppCredential| {
            Arc::new(OverWorld::new(
                Arc::clone(&world),
                clock.clone(),
                app.clone(),
            ))
        };
        let ways: BTreeMap<String, Arc<OverWorld>> = world
            .apps()
            .iter()
            .map(|app| (app.name.clone(), way(app)))
            .collect();
        let app = |app: &AppCredential| App {
            rules: verikeep::domain::traffic::Rules::default(),
            name: app.name.clone(),
            account: app.account.clone(),
            origin: BaseUrl::default().origin(),
            policy: Policy {
                video_expected: app.records_video,
                ..Policy::documented()
            },
            provider: Arc::clone(&ways[&app.name]) as _,
            media_bytes_max: 1 << 30,
        };
        let archive = Archive::new(archive::ArchiveDeps {
            instance: "here".to_owned(),
            store,
            vault: Arc::new(vault),
            clock: clock.clone(),
            apps: world.apps().iter().map(app).collect(),
            columns: Columns::default(),
            index_key,
            watcher: Arc::new(Nobody),
        });
        Self {
            world,
            clock,
            archive,
            database,
            ways,
        }
    }

    /// What unused tokens answer is known, as in an archive that is some days old.
    async fn taught(self) -> Self {
        crate::lab::teach(&self.database.url, [FILMED, PLAIN]).await;
        self.archive.lessons.relearn().await.unwrap();
        self
    }

    async fn tell(&self, lives: &[(&str, LifeSpec)]) -> Vec<Made> {
        let now = self.clock.now().0;
        let made: Vec<Made> = lives
            .iter()
            .flat_map(|(app, life)| self.world.make(now, app, std::slice::from_ref(life)))
            .collect();
        track(&self.archive, &made).await;
        made
    }

    /// Sets the clock to what is due next and does it, until nothing is.
    async fn live(&self) {
        self.live_until(Time(i64::MAX)).await;
    }

    /// The same, until nothing is due before `end`.
    async fn live_until(&self, end: Time) {
        let store = &self.archive.store;
        let onward = Onward::new(LEASE, 1);
        loop {
            let due = [Stage::Poll, Stage::Download].map(|stage| store.next_due(stage, &[]));
            let [polls, downloads] = due;
            let Some(next) = polls
                .await
                .unwrap()
                .into_iter()
                .chain(downloads.await.unwrap())
                .min()
                .filter(|next| *next < end)
            else {
                return;
            };
            self.clock.set(next.max(self.clock.now()));
            let claim = Claim {
                now: self.clock.now(),
                lease: LEASE,
                limit: 64,
                apps: Vec::new(),
                late: 0,
                patience: 3,
            };
            for work in store.claim_downloads(&claim).await.unwrap() {
                self.archive
                    .media_fetcher
                    .download(work, Vec::new(), Headway::default())
                    .await
                    .unwrap();
            }
            for work in store.claim_polls(&claim).await.unwrap() {
                if let Some(handover) = self
                    .archive
                    .poller
                    .poll(work, Some(&onward), &Headway::default())
                    .await
                    .unwrap()
                {
                    self.archive
                        .media_fetcher
                        .download(handover.work, handover.urls, Headway::default())
                        .await
                        .unwrap();
                }
            }
        }
    }
}

/// Every kind of life.
fn lives() -> Vec<(&'static str, LifeSpec)> {
    let mut lives = Vec::new();
    for video in [Video::One, Video::Two, Video::Late, Video::Recorded] {
        lives.push((
            FILMED,
            LifeSpec {
                video: Some(video),
                ..LifeSpec::of(Life::Passed, 2)
            },
        ));
    }
    for life in [
        Life::FailedThenPassed,
        Life::Failed,
        Life::Unused,
        Life::WrongApp,
        Life::ToldLate,
    ] {
        lives.push((
            FILMED,
            LifeSpec {
                video: Some(Video::One),
                ..LifeSpec::of(life, 2)
            },
        ));
    }
    for life in [Life::Passed, Life::Failed, Life::Unused] {
        lives.push((
            PLAIN,
            LifeSpec {
                video: Some(Video::None),
                ..LifeSpec::of(life, 2)
            },
        ));
    }
    lives
}

async fn lives_end_as_they_should(seed: u64, unused_answer: UnusedAnswer, faults: Faults) {
    let held = Held::new(Options {
        seed,
        unused_answer,
        faults,
        ..Options::default()
    })
    .await
    .taught()
    .await;
    held.tell(&lives()).await;
    held.live().await;
    let took = held.clock.now().since(BEGIN);
    let found = compare(&held.archive, &held.world.truth(held.clock.now().0)).await;
    assert!(
        found.wrong.is_empty(),
        "seed {seed}, {unused_answer:?}: {:#?}",
        found.wrong
    );
    assert!(took < Span::hours(24 * 8), "over after {took}");
}

#[tokio::test]
async fn faults_of_every_kind_change_no_end() {
    for seed in 1..=6 {
        lives_end_as_they_should(seed, UnusedAnswer::Refused, Faults::at_rate(0.2)).await;
    }
}

#[tokio::test]
async fn a_token_is_shown_to_no_app_of_another_account_and_what_others_answer_is_no_evidence() {
    let held = Held::new(Options {
        seed: 9,
        ..Options::default()
    })
    .await
    .taught()
    .await;
    let made = held
        .tell(&[
            filmed(Life::WrongApp, 2),
            filmed(Life::Unused, 2),
            filmed(Life::Passed, 2),
        ])
        .await;
    held.live().await;
    let found = compare(&held.archive, &held.world.truth(held.clock.now().0)).await;
    assert!(found.wrong.is_empty(), "{:#?}", found.wrong);
    assert!(
        held.ways[PLAIN].calls() > 0,
        "one of the same account is asked"
    );
    assert_eq!(held.ways[STRANGER].calls(), 0);
    let strays: Vec<&Made> = made.iter().filter(|one| one.life == "wrong-app").collect();
    assert_eq!(strays.len(), 2);
    for one in strays {
        let whole = held
            .archive
            .store
            .show(&one.verify_token)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (whole.summary.state.as_str(), whole.summary.app.as_str()),
            ("archived", PLAIN)
        );
        // What it answered before the token was its own is no evidence.
        let moved_at = whole.events[0].at;
        let is_evidence = |answer: &AnswerReport| answer.success == Some(true);
        let mut evidence = whole.answers.iter().filter(|answer| is_evidence(answer));
        assert!(
            evidence.all(|answer| answer.fetched_at >= moved_at),
            "{:?}",
            whole.answers
        );
    }
}

/// "None yet" from a sibling decides nothing: the token may be its own, and its person still at it.
#[tokio::test]
async fn a_token_told_under_the_wrong_app_is_found_however_early_it_was_looked_for() {
    let held = Held::new(Options {
        seed: 12,
        ..Options::default()
    })
    .await;
    // A refusal is not what unused tokens of the app answer, so that siblings are asked at once.
    for (day, token) in [(1, 1), (2, 2), (2, 3)] {
        let seen_at = 1_700_000_000_000 + day * Policy::documented().day().0;
        let token = uuid::Uuid::from_u128(token);
        let sql = format!(
            "insert into unused_signatures (app, signature, verification_id, seen_at, origin)
            values ('{FILMED}', 'not_yet:999', '{token}', {seen_at}, 'verified_later')"
        );
        crate::databases::run_at(&held.database.url, &sql).await;
    }
    held.archive.lessons.relearn().await.unwrap();
    let made = held.tell(&[filmed(Life::WrongApp, 12)]).await;
    held.live_until(BEGIN.plus(Span::minutes(4))).await;
    let early = held.ways[PLAIN].calls();
    assert!(early >= made.len(), "{early} calls to the sibling at first");
    held.live().await;
    let found = compare(&held.archive, &held.world.truth(held.clock.now().0)).await;
    assert!(found.wrong.is_empty(), "{:#?}", found.wrong);
    for one in &made {
        let shown = held.archive.store.show(&one.verify_token).await;
        let summary = shown.unwrap().unwrap().summary;
        assert_eq!(summary.app, PLAIN);
    }
}

#[tokio::test]
#[ignore = "minutes: run it by name with --run-ignored only"]
async fn campaign_many_seeds_with_many_faults_change_no_end() {
    for seed in 100..160 {
        let unused_answer = match seed % 3 {
            0 => UnusedAnswer::EmptySuccess,
            _ => UnusedAnswer::Refused,
        };
        let rate = [0.1, 0.3, 0.5][usize::try_from(seed % 3).unwrap()];
        lives_end_as_they_should(seed, unused_answer, Faults::at_rate(rate)).await;
    }
}

/// So many tokens of one life, filmed once where they are.
fn filmed(life: Life, count: u32) -> (&'static str, LifeSpec) {
    let video = Some(Video::One);
    (
        FILMED,
        LifeSpec {
            video,
            ..LifeSpec::of(life, count)
        },
    )
}

/// Everything the provider is asked goes wrong like this for so many hours after the tokens were
/// told.
async fn disturbed(faults: Faults, hours: i64) -> (Held, Vec<Made>) {
    let held = Held::new(Options {
        seed: 3,
        ..Options::default()
    })
    .await
    .taught()
    .await;
    let made = held
        .tell(&[
            filmed(Life::Passed, 3),
            filmed(Life::Failed, 3),
            filmed(Life::Unused, 3),
        ])
        .await;
    held.world.set_faults(faults);
    let end = BEGIN.plus(Span::hours(hours));
    held.live_until(end).await;
    held.clock.set(end.max(held.clock.now()));
    held.world.set_faults(Faults::default());
    held.tell(&[filmed(Life::Passed, 3)]).await;
    held.live().await;
    (held, made)
}

/// A code that nobody explains, across the close of the window: neither "nobody tried" nor something
/// to learn from.
#[tokio::test]
async fn an_unknown_code_proves_and_teaches_nothing() {
    for hours in [1, 3, 20] {
        let unknown = Faults {
            repeat_max: 0,
            ..Faults::only(FaultKind::UnknownCode)
        };
        let (held, _) = disturbed(unknown, hours).await;
        let found = compare(&held.archive, &held.world.truth(held.clock.now().0)).await;
        assert!(found.wrong.is_empty(), "{hours} h: {:#?}", found.wrong);
        let learned = held.archive.store.lessons().await.unwrap().unused;
        assert!(
            learned.iter().all(|seen| seen.signature == "refused"),
            "{learned:?}"
        );
    }
}
