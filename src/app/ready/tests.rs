use futures::FutureExt as _;
use simulator::{AppCredential, Options, World};

use super::*;
use crate::{
    app::{turns::Turn, watch::Meter},
    archive::{App, ArchiveDeps, Watcher as _},
    config::Config,
    domain::{
        address::BaseUrl,
        alarm::Alarm,
        answer::{Endpoint, ErrorKind},
        identity::Columns,
        policy::Policy,
        time::{Clock, HeldClock, Time},
        traffic::Rules,
    },
    provider::OverWorld,
    store::{StoreError, memory::MemoryStore},
    vault::Vault,
    worker::{
        driver::{self, Pace, Work},
        executor::Executor,
        spawn::Spawn as _,
    },
};

const APP: &str = "h5";

/// A daemon of one app, of which only the pages are looked at.
struct Post {
    pulse: Pulse,
    meter: Arc<Meter>,
    guard: Arc<Guard>,
    store: Arc<MemoryStore>,
    provider: Arc<OverWorld>,
}

impl Post {
    fn new(clock: &Arc<dyn Clock>) -> Self {
        let store = Arc::new(MemoryStore::new(Arc::clone(clock)));
        let credential = AppCredential::synthetic(APP, "default");
        let options = Options {
            apps: vec![credential.clone()],
            ..Options::default()
        };
        let world = Arc::new(World::new(options, "http://provider.test".to_owned()));
        let provider = Arc::new(OverWorld::new(world, Arc::clone(clock), credential));
        let metrics = Arc::new(Metrics::new());
        let meter = Meter::new(&metrics, clock);
        let app = App {
            name: APP.to_owned(),
            account: "default".to_owned(),
            origin: BaseUrl::default().origin(),
            policy: Policy::documented(),
            rules: Rules::default(),
            media_bytes_max: 1 << 20,
            provider: provider.clone(),
        };
        let archive = Arc::new(Archive::new(ArchiveDeps {
            instance: "here".to_owned(),
            store: store.clone(),
            vault: Arc::new(Vault::in_memory()),
            clock: Arc::clone(clock),
            apps: vec![app],
            columns: Columns::default(),
            index_key: None,
            watcher: meter.clone(),
        }));
        let folder = tempfile::tempdir().unwrap();
        let config = Config::embedded(folder.path().to_owned(), Vec::new());
        let guard = Guard::new(&config, &archive, &metrics, Span::minutes(5), 22);
        let guard = Arc::new(guard);
        let quotas = Arc::new(RateLimiters::new(Arc::clone(clock)));
        Self {
            pulse: Pulse::new(&archive, &metrics, quotas, &guard),
            meter,
            guard,
            store,
            provider,
        }
    }

    /// Calls of everything that end so.
    fn call(&self, is_good: bool) {
        let away = StoreError::Unavailable("away".to_owned());
        self.guard.met(if is_good { Ok(()) } else { Err(&away) });
        self.meter.put(if is_good { Ok(()) } else { Err("full") });
        let called = if is_good {
            Ok(())
        } else {
            Err(ErrorKind::Transient)
        };
        self.meter.call(APP, Endpoint::Getall, called);
    }

    fn page(&self) -> Vec<Check> {
        let page = self.pulse.dependencies().now_or_never();
        page.expect("nothing waits for what is in memory")
    }
}

#[test]
fn dependencies_tell_what_calls_of_the_last_minute_met() {
    const NOBODY: &str = "no call in the last minute";
    // How many seconds ago, and whether it went well; then of the provider whether it can be used,
    // and in which words.
    for (label, calls, ok, text) in [
        ("nothing called", [].as_slice(), None, NOBODY),
        (
            "all good",
            &[(30, true), (20, true)],
            Some(true),
            "all calls of the last minute went well (2)",
        ),
        (
            "some failed",
            &[(30, true), (20, false), (10, true)],
            Some(true),
            "1 of 3 calls of the last minute failed, the last at 2026-09-21T13:14:40Z",
        ),
        (
            "all failed",
            &[(30, false), (20, false)],
            Some(false),
            "2 of 2 calls of the last minute failed",
        ),
        ("failed two minutes ago", &[(120, false)], None, NOBODY),
        (
            "good two minutes ago, and failed since",
            &[(120, true), (5, false)],
            Some(false),
            "1 of 1 calls",
        ),
    ] {
        let held = HeldClock::at(Time::parse("2026-09-21T13:13:00Z").unwrap());
        let post = Post::new(&(held.clone() as Arc<dyn Clock>));
        let mut elapsed = 0;
        for (ago, is_good) in calls {
            held.pass(Span::seconds(120 - ago - elapsed));
            elapsed = 120 - ago;
            post.call(*is_good);
        }
        held.pass(Span::seconds(120 - elapsed));
        // The clock of the wall says nothing of a minute.
        held.jump(Span::hours(-5));
        let page = post.page();
        let names: Vec<&str> = page.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(
            names,
            ["database", "object_store", "provider/h5"],
            "{label}"
        );
        let provider = &page[2];
        assert_eq!(provider.ok, ok, "{label}");
        assert!(provider.text.contains(text), "{label}: {}", provider.text);
        let told = provider.calls.as_ref().unwrap();
        let lately = calls.iter().filter(|(ago, _)| *ago < 60);
        assert_eq!(told.calls, lately.clone().count() as u64, "{label}");
        assert_eq!(
            told.failed,
            lately.filter(|(_, is_good)| !is_good).count() as u64,
            "{label}"
        );
        assert_eq!(told.last_failure.is_some(), told.failed > 0, "{label}");
        for check in &page[..2] {
            let calls = check.calls.as_ref().unwrap();
            assert_eq!(
                (calls.calls, calls.failed),
                (told.calls, told.failed),
                "{label}"
            );
            // Where nobody called, they are asked by the way, and answer.
            assert_eq!(check.ok, ok.or(Some(true)), "{label}: {}", check.name);
        }
        assert_eq!(post.provider.calls(), 0, "{label}: a page costs no call");
    }
}

#[test]
fn a_dependency_that_nobody_called_is_asked_by_the_way_and_the_provider_is_not() {
    let post = Post::new(&(HeldClock::at(Time(1_790_000_000_000)) as Arc<dyn Clock>));
    post.store.set_away(true);
    let page = post.page();
    let found: Vec<Option<bool>> = page.iter().map(|check| check.ok).collect();
    assert_eq!(found, [Some(false), Some(true), None], "{page:?}");
    assert!(
        page[0]
            .text
            .starts_with("no call in the last minute; asked now: ")
    );
}

#[test]
fn what_is_said_of_a_token_is_said_by_a_provider_that_works() {
    let post = Post::new(&(HeldClock::at(Time(1_790_000_000_000)) as Arc<dyn Clock>));
    for kind in [ErrorKind::NotYet, ErrorKind::Refused] {
        post.meter.call(APP, Endpoint::Getall, Err(kind));
    }
    let calls = post.page()[2].calls.clone().unwrap();
    assert_eq!((calls.calls, calls.failed), (2, 0));
}

/// Work whose claims fail, and from some round on have no answer.
struct Troubled {
    turn: Turn,
    clock: Arc<dyn Clock>,
    hangs_at: Span,
}

impl Work for Troubled {
    type Item = ();
    type Error = &'static str;

    fn name(&self) -> &str {
        "poll"
    }

    async fn claim(&self, _limit: usize) -> Result<Vec<()>, &'static str> {
        if self.clock.elapsed() >= self.hangs_at {
            std::future::pending::<()>().await;
        }
        Err("away")
    }

    async fn step(&self, (): ()) -> Result<(), &'static str> {
        Ok(())
    }

    async fn until_due(&self) -> Option<Span> {
        None
    }

    fn round(&self, _claimed: usize, _failed: bool) {
        self.turn.turned(self.clock.elapsed());
    }

    fn stepped(&self, _result: &'static str) {}

    fn panicked(&self) {}
}

#[test]
fn a_driver_that_makes_no_round_is_told_and_one_whose_claims_fail_is_well() {
    let executor = Executor::new(HeldClock::at(Time(1_790_000_000_000)), 1);
    let clock: Arc<dyn Clock> = Arc::new(executor.clone());
    let post = Post::new(&clock);
    let work = Troubled {
        turn: post.guard.turns.begin("poll", clock.elapsed()),
        clock: Arc::clone(&clock),
        hangs_at: Span::minutes(10),
    };
    let (work, stop) = (Arc::new(work), tokio_util::sync::CancellationToken::new());
    let pace = Pace {
        slots: 1,
        idle: Span::seconds(1),
        backoff: Span(250),
    };
    let world = driver::World {
        clock: Arc::clone(&clock),
        spawn: Arc::new(executor.clone()),
        stop: stop.clone(),
    };
    let driver = driver::drive(Arc::clone(&work), pace, world, Arc::default());
    executor.spawn("poll", Box::pin(driver));
    let rounds = [(1, [].as_slice()), (10, &[]), (20, &[]), (22, &["poll"])];
    for (minutes, silent) in rounds {
        let at = Span::minutes(minutes);
        if minutes == 22 {
            // It ends, and whoever holds its work waits for it.
            stop.cancel();
        }
        executor.run_for(Span(at.0 - executor.elapsed().0));
        post.pulse.beat();
        assert_eq!(post.pulse.silent(), silent, "after {at}");
    }
    executor.run_for(Span::minutes(1));
    assert_eq!(post.pulse.silent(), ["poll", "heartbeat"]);
    drop(work);
}

#[tokio::test]
async fn an_object_store_that_cannot_be_written_is_told_though_puts_went_well_a_minute_ago() {
    let begin = Time(1_790_000_000_000);
    let post = Post::new(&(HeldClock::at(begin) as Arc<dyn Clock>));
    let object_store = || post.page().swap_remove(1);
    post.call(true);
    assert_eq!(object_store().ok, Some(true));
    let alarms = &post.pulse.archive.alarms;
    let alarm = Alarm {
        kind: Kind::VaultDown,
        subject: VAULT.to_owned(),
        text: "no folder".to_owned(),
    };
    alarms.raise(&alarm, begin).await;
    let told = object_store();
    assert_eq!((told.name.as_str(), told.ok), ("object_store", Some(false)));
    assert!(
        told.text
            .starts_with("objects cannot be written; all calls"),
        "{}",
        told.text
    );
    alarms.clear(Kind::VaultDown, VAULT, begin).await;
    assert_eq!(object_store().ok, Some(true));
}
