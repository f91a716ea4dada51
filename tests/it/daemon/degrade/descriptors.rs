//! Few files and connections.

use simulator::MediaBytes;

use super::{
    super::{
        process::{code, out},
        whole,
    },
    lives, place, shows, windows,
};
use crate::lab::Db;

#[tokio::test(flavor = "multi_thread")]
async fn with_few_descriptors_the_work_is_done_more_slowly_and_an_alarm_says_why() {
    let place = place(Db::Sqlite, 46, windows(), MediaBytes::small()).await;
    let daemon = place.start_under(&["prlimit", "--nofile=64:64"]).await;
    let made = lives(&place, 12);
    place.track(&made);
    shows(
        &place,
        &daemon,
        "/metrics",
        &[
            "verikeep_process_alarms{kind=\"few_descriptors\"} 1",
            "verikeep_descriptors_free",
        ],
    )
    .await;
    whole(&place, &made).await;
    let status = place.verikeep(&["status"]);
    assert!(
        code(&status) == 1
            && out(&status).contains("may open 64 files")
            && out(&status).contains("LimitNOFILE"),
        "{}",
        out(&status)
    );
    let said = daemon.stop();
    assert!(!said.contains("Too many open files"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_connections_take_no_descriptors_from_the_work() {
    let place = place(Db::Sqlite, 47, windows(), MediaBytes::small()).await;
    let daemon = place.start_under(&["prlimit", "--nofile=80:80"]).await;
    let held = daemon.half_open(200);
    let made = lives(&place, 6);
    place.track(&made);
    assert!(
        daemon.page("/healthz").starts_with("HTTP/1.1 200"),
        "{}",
        daemon.said()
    );
    whole(&place, &made).await;
    drop(held);
    let said = daemon.stop();
    assert!(!said.contains("Too many open files"), "{said}");
}
