//! What an outage cost, by the real binary: said truly, once, until somebody takes note of it.

use std::{sync::Arc, time::Duration};

use simulator::{FaultKind, Faults, Life, LifeSpec, Made, Options, Pace, Video};
use verikeep::{
    domain::time::{Clock as _, Time},
    worker::clock::SystemClock,
};

use super::process::{Daemon, Place, code, err, out};
use crate::lab::{Db, FILMED, options};

/// The provider closes every connection for longer than it keeps videos. When that began and ended.
async fn outage(place: &Place) -> (Made, Time, Time) {
    place.set_faults(Faults {
        repeat_max: 0,
        rate: 1.0,
        ..Faults::only(FaultKind::Closed)
    });
    let from = SystemClock.now();
    let life = LifeSpec {
        video: Some(Video::One),
        ..LifeSpec::of(Life::Passed, 1)
    };
    let made = place.simulator().create(FILMED, &[life]).swap_remove(0);
    place.track(std::slice::from_ref(&made));
    // Longer than media are kept and shorter than records: it is the time itself that is tried.
    tokio::time::sleep(Duration::from_secs(14)).await;
    place.set_faults(Faults::default());
    (made, from, SystemClock.now())
}

/// The code of `status`, and the gauge of losses that nobody has acknowledged.
fn told(place: &Place, daemon: &Daemon) -> (i32, String) {
    let page = daemon.page("/metrics");
    let line = page
        .lines()
        .find(|line| line.starts_with("verikeep_alarms{kind=\"loss\"}"));
    let gauge = line
        .and_then(|line| line.rsplit(' ').next())
        .unwrap_or("none");
    (code(&place.verikeep(&["status"])), gauge.to_owned())
}

async fn an_outage_beyond_the_retention(db: Db) {
    // Persons act at once, so that what is kept of them is forgotten at one time.
    let options = Options {
        pace: Pace::AtOnce,
        ..options(41)
    };
    let simulator = Arc::new(simulator::start(options).await.unwrap());
    let (apps, base_url) = (simulator.apps().to_vec(), simulator.base_url().to_owned());
    let place = Place::beside(simulator, db, &base_url, &apps).await;
    let daemon = place.start().await;
    assert_eq!(told(&place, &daemon), (0, "0".to_owned()));
    for round in ["the first", "the next"] {
        let (made, from, to) = outage(&place).await;
        let soon = Duration::from_secs(60);
        let lost = place.until("it is settled", soon, async || {
            let shown = place.verikeep(&["show", &made.verify_token]);
            out(&shown).contains("incomplete")
        });
        lost.await;
        let losses = place.verikeep(&["losses", "--json"]);
        assert_eq!(code(&losses), 1, "{round}: {}", err(&losses));
        let open: Vec<serde_json::Value> = (out(&losses).lines())
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert!(!open.is_empty(), "{round}");
        for one in &open {
            assert_eq!(one["cause"], "provider_unreachable", "{round}: {one}");
            let at = |name: &str| Time::parse(one[name].as_str().unwrap()).unwrap();
            // The first call comes a little after the beginning, the last one before the end.
            let (since, until) = (at("from_at").since(from).0, to.since(at("to_at")).0);
            assert!(
                (-1_000..3_000).contains(&since),
                "{round}, {since} ms: {one}"
            );
            assert!(
                (-1_000..8_000).contains(&until),
                "{round}, {until} ms: {one}"
            );
        }
        let gone = place.until("the gauge tells", soon, async || {
            told(&place, &daemon) == (1, "1".to_owned())
        });
        gone.await;
        let seen = place.verikeep(&[
            "losses",
            "ack",
            "--until",
            "0s",
            "--note",
            "told to the business",
        ]);
        assert_eq!(code(&seen), 0, "{round}: {}", err(&seen));
        let well = place.until("it is acknowledged", soon, async || {
            told(&place, &daemon) == (0, "0".to_owned())
        });
        well.await;
    }
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_beyond_the_retention_is_told_until_it_is_acknowledged_and_the_next_is_told_again()
 {
    tokio::join!(
        an_outage_beyond_the_retention(Db::Sqlite),
        an_outage_beyond_the_retention(Db::Postgres)
    );
}
