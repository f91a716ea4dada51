//! The configuration read again by the real binary.

use std::{fs, time::Duration};

use super::{lives, process::Place, whole};
use crate::lab::{Db, FILMED, PLAIN};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_takes_what_is_right_in_the_same_process_and_nothing_of_what_is_wrong() {
    let place = Place::new(Db::Sqlite, 31).await;
    let file = place.path().join("verikeep.toml");
    let both = fs::read_to_string(&file).unwrap();
    let (first, _) = both.rsplit_once("[[apps]]").unwrap();
    fs::write(&file, first).unwrap();
    let mut daemon = place.start().await;
    let pid = daemon.pid();
    let loops = |page: &str| {
        let of =
            |app: &str| page.contains(&format!("verikeep_loop_rounds_total{{loop=\"poll-{app}\""));
        (
            of(FILMED),
            of(PLAIN),
            page.contains("verikeep_loop_rounds_total{loop=\"poll\""),
        )
    };
    assert_eq!(
        loops(&daemon.page("/metrics")),
        (false, false, true),
        "one app"
    );

    let wrong = [
        ("no TOML", "qps = = 1".to_owned(), "nothing is changed"),
        (
            "a wrong value",
            both.replace("qps = 2000", "qps = -1"),
            "apps",
        ),
        (
            "an address in use elsewhere",
            first.replace("127.0.0.1:0\"", "192.0.2.1:80\"\nbehind_proxy = true"),
            "http.listen",
        ),
        (
            "a vault that cannot be",
            format!("{first}\n[vault]\nurl = \"file:///dev/null/x\"\n"),
            "vault",
        ),
    ];
    for (label, text, told) in wrong {
        fs::write(&file, text).unwrap();
        let before = daemon.said().len();
        daemon.hang_up();
        place
            .until(label, SOON, async || {
                let said = daemon.said();
                let news = said[before..].lines();
                let mut of_it = news.filter(|line| line.contains("nothing is changed"));
                of_it.any(|line| line.contains(told))
            })
            .await;
        assert!(daemon.runs_again(1), "{label}: it goes on as it was");
        let page = daemon.page("/metrics");
        assert!(
            page.contains("\nverikeep_config_reload_failed 1\n"),
            "{label}: {page}"
        );
        assert_eq!(loops(&page), (false, false, true), "{label}");
    }

    fs::write(&file, &both).unwrap();
    daemon.hang_up();
    place
        .until("both apps", SOON, async || daemon.runs_again(2))
        .await;
    let page = daemon.page("/metrics");
    assert!(
        page.contains("\nverikeep_config_reload_failed 0\n"),
        "{page}"
    );
    assert_eq!(loops(&page), (true, true, false), "two apps");
    assert_eq!(daemon.pid(), pid);
    let made = lives(place.simulator(), 2);
    place.track(&made);
    whole(&place, &made).await;
    daemon.stop();
}
