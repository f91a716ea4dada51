//! What the daemon measures, in the eyes of Prometheus' own tool.

use std::process::Command;

use super::{Db, Place, lives};
use crate::feed::feed;

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_has_nothing_to_say_against_the_page_of_a_daemon_at_work() {
    let place = Place::new(Db::Sqlite, 61).await;
    let daemon = place.start().await;
    let made = lives(place.simulator(), 1);
    place.track(&made);
    let archive = place.archive().await;
    let some = async || place.progress(&archive).await.media >= 3;
    let soon = std::time::Duration::from_secs(30);
    place.until("some media are kept", soon, some).await;
    let page = daemon.page("/metrics");
    let (_, body) = page.split_once("\r\n\r\n").unwrap();
    assert!(body.contains("# TYPE verikeep_provider_calls_total counter"));

    let checked = feed(Command::new("promtool").args(["check", "metrics"]), body);
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(
        checked.status.success() && said.is_empty(),
        "{said}\n{body}"
    );
    daemon.stop();
}
