//! The drivers in simulated time: real stages over a simulated world, a store and a vault in memory,
//! in one thread and without any runtime.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, atomic::Ordering},
};

use async_trait::async_trait;
use futures::FutureExt as _;
use simulator::{
    AppCredential, Life, LifeSpec, Made, MediaBytes, Options, Pace, UnusedAnswer, Video,
};
use tokio_util::sync::CancellationToken;

use super::{Shared, start};
use crate::{
    app::{
        capacity::{Capacity, Slots},
        guard::Guard,
        watch::Meter,
    },
    archive::{App, Archive, ArchiveDeps, Headway},
    config::{self, Auth, Config},
    domain::{
        address::BaseUrl,
        alarm::Kind,
        answer::{Endpoint, ErrorKind, ProviderError},
        id::ObjectId,
        identity::Columns,
        policy::Policy,
        random::{self, Random},
        secret::Secret,
        time::{Clock, HeldClock, Span, Time},
        token::TrackRequest,
    },
    provider::{
        Download, DownloadError, OverWorld, Probe, Provider, RateLimiters, Reply,
        request::RequestBody,
    },
    store::{Queue as _, Store, memory::MemoryStore, records::Claim},
    telemetry::{Format, metrics::Metrics},
    vault::{ObjectKey, Vault},
    worker::{driver, executor::Executor, spawn::Spawn as _},
};

mod quota;
mod simulation;

use simulation::*;

const BEGIN: Time = Time(1_790_000_000_000);
const APP: &str = "filmed";
const ACCOUNT: &str = "default";
const SIBLING: &str = "plain";

#[test]
fn thirty_days_of_verifications_are_whole_in_the_end() {
    let _entered = Random::seeded(7).enter();
    let simulation = Simulation::start(7, Span::millis(120), Span::minutes(1));
    let filmed = |life| LifeSpec {
        video: Some(Video::One),
        ..LifeSpec::of(life, 1)
    };
    for hour in 0..30 * 24_i64 {
        simulation.executor.run_until(BEGIN.plus(Span::hours(hour)));
        // More by day than by night, and not every hour somebody whose life is odd.
        if (8..22).contains(&(hour % 24)) {
            let mut lives = vec![filmed(Life::Passed)];
            match hour % 7 {
                0 => lives.push(filmed(Life::FailedThenPassed)),
                1 => lives.push(filmed(Life::Unused)),
                2 => lives.push(filmed(Life::Failed)),
                3 => lives.push(filmed(Life::WrongApp)),
                _ => {}
            }
            simulation.tell(APP, &lives);
        }
    }
    // The last of them has been forgotten by the provider, and asked for until then.
    simulation
        .executor
        .run_until(BEGIN.plus(Span::hours(36 * 24)));
    let wrong = simulation.wrong();
    assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
    let calls = simulation.asked.lock().unwrap().len();
    let tokens = simulation
        .world
        .truth(simulation.executor.now().0)
        .tokens
        .len();
    assert!((500..1000).contains(&tokens), "{tokens}");
    assert!(calls < tokens * 12, "{calls} calls for {tokens} tokens");
}

#[test]
fn counters_of_every_driver_are_there_before_its_first_round() {
    let simulation = Simulation::start(10, Span::seconds(2), Span::seconds(1));
    let page = simulation.metrics.page(None, BEGIN, Format::OpenMetrics);
    for name in ["poll-filmed", "download-filmed", "poll-plain"] {
        for result in ["ok", "failed"] {
            let line =
                format!("verikeep_loop_rounds_total{{loop=\"{name}\",result=\"{result}\"}} 0\n");
            assert!(page.contains(&line), "{line} is not in\n{page}");
        }
    }
    let line = "verikeep_downloads_failed_total{result=\"too_large\"} 0\n";
    assert!(page.contains(line), "{page}");
}

#[test]
fn drivers_turn_whether_they_have_work_or_not_and_while_the_database_is_away() {
    let _entered = Random::seeded(9).enter();
    let simulation = Simulation::start(9, Span::seconds(2), Span::seconds(1));
    let turn = |what: &str| {
        for _ in 0..10 {
            simulation.executor.run_for(Span::minutes(1));
            let silent = simulation.guard.turns.silent(simulation.executor.elapsed());
            assert_eq!(silent, [""; 0], "{what}");
        }
    };
    turn("nothing to do");
    simulation.store.set_away(true);
    turn("the database is away");
    simulation.store.set_away(false);
    simulation.tell(APP, &[LifeSpec::of(Life::Passed, 30)]);
    turn("busy");
}

#[test]
fn invented_tokens_with_little_time_left_starve_no_living_one() {
    let _entered = Random::seeded(8).enter();
    let simulation = Simulation::start(8, Span::seconds(2), Span::seconds(1));
    let living = simulation.tell(APP, &[LifeSpec::of(Life::Passed, 3)]);
    simulation.executor.run_until(BEGIN.plus(Span::minutes(2)));
    let now = simulation.executor.now();
    let invented = (0..400).map(|n| TrackRequest {
        verify_token: Secret::new(format!("invented{n:016}")),
        app: APP.to_owned(),
        issued_at: Some(now.minus(Span::hours(70))),
        plan_id: None,
        reference: None,
        tracked_by: "teller".to_owned(),
        issued_here: false,
    });
    simulation.track(invented.collect());
    simulation.executor.run_until(BEGIN.plus(Span::minutes(8)));
    let asked = simulation.asked.lock().unwrap();
    let first = |token: &str| {
        let of_it = asked.iter().find(|(_, text)| text.contains(token));
        of_it.map(|(at, _)| at.since(BEGIN))
    };
    for one in &living {
        let at = first(&one.verify_token);
        // Due after three minutes; what runs then takes two seconds.
        assert!(at.is_some_and(|at| at < Span::seconds(190)), "{at:?}");
    }
    let mut by_minute: BTreeMap<i64, usize> = BTreeMap::new();
    for (at, _) in asked.iter().filter(|(_, text)| text.contains("invented")) {
        *by_minute.entry(at.since(BEGIN).0 / 60_000).or_default() += 1;
    }
    assert!(
        by_minute[&4] > 50,
        "nor are they left behind: {by_minute:?}"
    );
}

#[test]
fn the_late_get_a_quarter_while_the_living_want_everything() {
    let _entered = Random::seeded(9).enter();
    let simulation = Simulation::start(9, Span::seconds(2), Span::seconds(1));
    let told = |n: u32, name: &str, age: Span| TrackRequest {
        verify_token: Secret::new(format!("{name}{n:016}")),
        app: APP.to_owned(),
        issued_at: Some(BEGIN.minus(age)),
        plan_id: None,
        reference: None,
        tracked_by: "teller".to_owned(),
        issued_here: false,
    };
    simulation.track(
        (0..2_000)
            .map(|n| told(n, "living", Span::minutes(10)))
            .collect(),
    );
    simulation.track(
        (0..2_000)
            .map(|n| told(n, "late", Span::hours(70)))
            .collect(),
    );
    simulation.executor.run_until(BEGIN.plus(Span::minutes(2)));
    let asked = simulation.asked.lock().unwrap();
    // Once each, however many apps were asked.
    let of = |name| {
        let texts = asked.iter().map(|(_, text)| text.as_str());
        let of_it: BTreeSet<&str> = texts.filter(|text| text.contains(name)).collect();
        of_it.len()
    };
    let (living, late) = (of("living"), of("late"));
    let share = 100 * late / (late + living).max(1);
    assert!(
        (20..=30).contains(&share),
        "{late} late beside {living} living"
    );
}

#[test]
fn a_step_that_panics_or_hangs_costs_its_item_no_more_than_the_lease() {
    for (trouble, result) in [(Trouble::Panic, "panicked"), (Trouble::Hang, "failed")] {
        let _entered = Random::seeded(11).enter();
        let simulation = Simulation::start(11, Span::millis(120), Span::seconds(1));
        let filmed = LifeSpec {
            video: Some(Video::One),
            ..LifeSpec::of(Life::Passed, 1)
        };
        let made = simulation.tell(APP, &[filmed]);
        *simulation.trouble.lock().unwrap() = Some(trouble);
        // The first question comes after three minutes, and its lease lasts five.
        let asked = |minutes, what| {
            simulation.executor.run_for(Span::minutes(minutes));
            let asked = simulation.asked.lock().unwrap();
            let of_it = |(_, text): &&(Time, String)| text.contains(&made[0].verify_token);
            (asked.iter().filter(of_it).count() > 1, what)
        };
        assert_eq!(asked(7, "held"), (false, "held"), "{result}");
        assert_eq!(asked(3, "asked again"), (true, "asked again"), "{result}");
        let page = simulation
            .metrics
            .page(None, simulation.executor.now(), Format::OpenMetrics);
        let line = format!("verikeep_steps_total{{stage=\"poll\",result=\"{result}\"}} 1\n");
        assert!(page.contains(&line), "{line} is not in\n{page}");
        simulation.executor.run_for(Span::hours(2));
        assert_eq!(simulation.wrong(), [""; 0], "{result}");
        simulation.guard.look().now_or_never();
        let alarms = &simulation.archive.alarms;
        let told = alarms.stands(Kind::Panic, "poll-filmed");
        assert_eq!(told, matches!(trouble, Trouble::Panic), "{result}");
    }
}

#[test]
fn only_what_gets_on_keeps_its_lease() {
    // A step that would take twenty minutes, and has something to show for it every 50 seconds until
    // so many.
    for (shows, ended_after) in [(24, 1_200), (0, 300), (6, 650)] {
        let _entered = Random::seeded(12).enter();
        let simulation = Simulation::start(12, Span::millis(120), Span::seconds(1));
        simulation.tell(APP, &[LifeSpec::of(Life::Passed, 1)]);
        let (archive, lease) = (Arc::clone(&simulation.archive), Span::minutes(5));
        let shared = Shared::new(
            &archive,
            &simulation.metrics,
            &simulation.guard,
            (lease, Arc::clone(&simulation.quotas)),
        );
        simulation.executor.run_for(Span::seconds(170));
        let claim = Claim {
            now: simulation.executor.now().plus(Span::seconds(20)),
            ..shared.claim(1, 0, APP)
        };
        let claimed = simulation.store.claim_polls(&claim).now_or_never();
        let lease = claimed.unwrap().unwrap().remove(0).lease;
        let ended: Arc<Mutex<Option<(bool, Span)>>> = Arc::default();
        let (clock, told) = (simulation.executor.clone(), Arc::clone(&ended));
        let watched = async move {
            let (began, headway) = (clock.elapsed(), Headway::default());
            let at = clock.now();
            let key = ObjectKey::media(lease.verification_id, ObjectId::fresh(at));
            let step = async {
                headway.put.begin(&key);
                archive.vault.put(&key, "put".into()).await?;
                for n in 1..=24 {
                    clock.sleep(Span::seconds(50)).await;
                    headway.arrived.fetch_max(n.min(shows), Ordering::SeqCst);
                }
                Ok(())
            };
            let done = shared.under_lease(lease, &headway, step);
            let is_done = matches!(done.await, Ok(Some(())));
            let took = Span(clock.elapsed().0 - began.0);
            let stays = archive.vault.get(&key).await.is_ok();
            assert_eq!(stays, is_done, "what is cut off leaves nothing: {shows}");
            *told.lock().unwrap() = Some((is_done, took));
        };
        simulation.executor.spawn("step", watched.boxed());
        simulation.executor.run_for(Span::minutes(30));
        let (is_done, took) = ended.lock().unwrap().unwrap();
        assert_eq!(is_done, shows == 24, "{shows}");
        let ended_after = Span::seconds(ended_after);
        let off = took.0.abs_diff(ended_after.0);
        assert!(off <= 60_000, "{shows}: {took}, not {ended_after}");
    }
}
