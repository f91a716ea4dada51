//! What the database knows of the whole service, encoded at each scrape: every replica shows the
//! same.

use std::{borrow::Cow, sync::atomic::AtomicU64};

use prometheus_client::{
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use super::text::seconds;
use crate::{
    domain::{alarm::Kind, time::Time, token::State},
    store::reports::Status,
};

type Gauges<const N: usize> = Family<[(&'static str, Cow<'static, str>); N], Gauge>;

/// The figures as of `now`; without a status only that there is none.
pub(super) fn registry(status: Option<&Status>, now: Time) -> Registry {
    let mut registry = Registry::with_prefix("verikeep");
    gauge(
        &mut registry,
        "database_up",
        "Whether the figures of the service could be read for this scrape",
        i64::from(status.is_some()),
    );
    if let Some(status) = status {
        verifications(&mut registry, status);
        objects(&mut registry, status);
        work(&mut registry, status, now);
        alarms(&mut registry, status);
        reconciled(&mut registry, status);
    }
    registry
}

fn verifications(registry: &mut Registry, status: &Status) {
    let (counts, losses) = (Gauges::<2>::default(), Gauges::<1>::default());
    for row in &status.states {
        counts
            .get_or_create(&[
                ("app", row.app.clone().into()),
                ("state", row.state.clone().into()),
            ])
            .set(row.count);
        let lost = if State::named(&row.state).is_some_and(State::is_loss) {
            row.count
        } else {
            0
        };
        losses
            .get_or_create(&[("app", row.app.clone().into())])
            .inc_by(lost);
    }
    registry.register(
        "verifications",
        "Tracked verifications, by app and state",
        counts,
    );
    registry.register(
        "losses",
        "Verifications that ended with something lost, by app",
        losses,
    );
}

fn objects(registry: &mut Registry, status: &Status) {
    let (counts, bytes) = (Gauges::<2>::default(), Gauges::<2>::default());
    for row in &status.media {
        let labels = [
            ("kind", row.kind.clone().into()),
            ("state", row.state.clone().into()),
        ];
        counts.get_or_create(&labels).set(row.count);
        bytes.get_or_create(&labels).set(row.bytes);
    }
    registry.register("media", "Images and videos, by kind and state", counts);
    registry.register(
        "media_bytes",
        "Bytes of images and videos, by kind and state",
        bytes,
    );
    gauge(registry, "answers", "Answers kept", status.answers);
    gauge(
        registry,
        "answers_bytes",
        "Bytes of answers kept",
        status.answer_bytes,
    );
}

fn work(registry: &mut Registry, status: &Status, now: Time) {
    if let Some(deadline) = status.next_deadline {
        time(
            registry,
            "next_expiry_seconds",
            "Time left until the provider forgets the next thing not captured yet, by the earliest reading",
            deadline.since(now).0,
        );
    }
    if let Some(left) = status.least_left_ms {
        time(
            registry,
            "least_left_seconds",
            "The least time that was left when something was captured",
            left,
        );
    }
    let late = status.oldest_due.map_or(0, |due| now.since(due).0.max(0));
    time(
        registry,
        "lateness_seconds",
        "How long the oldest work that is due has been waiting",
        late,
    );
    gauge(
        registry,
        "polls_due",
        "Polls due and not done, counted up to 20000 an app and lane",
        status.polls_due,
    );
    gauge(
        registry,
        "downloads_due",
        "Downloads due and not done, counted up to 20000 an app",
        status.downloads_due,
    );
    gauge(
        registry,
        "poisoned",
        "Items claimed again and again without completion",
        status.poisoned,
    );
}

fn alarms(registry: &mut Registry, status: &Status) {
    let open = Gauges::<1>::default();
    for kind in Kind::ALL {
        open.get_or_create(&[("kind", kind.name().into())]).set(0);
    }
    for alarm in &status.alarms {
        open.get_or_create(&[("kind", alarm.kind.clone().into())])
            .inc();
    }
    registry.register("alarms", "Open alarms, by kind", open);
}

/// Of the last comparison with each of the business's own lists; nothing when there was none.
fn reconciled(registry: &mut Registry, status: &Status) {
    if status.reconciled.is_empty() {
        return;
    }
    let (counts, lines, times) = (
        Gauges::<2>::default(),
        Gauges::<1>::default(),
        Family::<[(&'static str, Cow<'static, str>); 1], Gauge<f64, AtomicU64>>::default(),
    );
    for found in &status.reconciled {
        let name = || ("list", found.name.clone().into());
        for (result, count) in [
            ("untracked", Some(found.untracked)),
            ("tracked", Some(found.tracked)),
            ("late", Some(found.late)),
            ("open", Some(found.open)),
            ("whole", Some(found.whole)),
            ("lost", Some(found.lost)),
            ("rejected", Some(found.rejected)),
            ("conflict", Some(found.conflict)),
            ("wrong", Some(found.wrong)),
            ("unlisted", found.unlisted),
        ] {
            if let Some(count) = count {
                counts
                    .get_or_create(&[name(), ("result", result.into())])
                    .set(count);
            }
        }
        lines.get_or_create(&[name()]).set(found.lines);
        times.get_or_create(&[name()]).set(seconds(found.at.0));
    }
    registry.register(
        "reconciled_tokens",
        "What the last comparison with each of the business's own lists found, by result",
        counts,
    );
    registry.register(
        "reconciled_lines",
        "Lines of the list of the last comparison",
        lines,
    );
    registry.register(
        "reconciled_timestamp_seconds",
        "When the last comparison was made",
        times,
    );
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge: Gauge = Gauge::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn time(registry: &mut Registry, name: &str, help: &str, ms: i64) {
    let gauge: Gauge<f64, AtomicU64> = Gauge::default();
    gauge.set(seconds(ms));
    registry.register(name, help, gauge);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::reports::{AlarmRow, MediaCount, Reconciliation, StateCount},
        telemetry::{Format, metrics::Metrics},
    };

    fn status() -> Status {
        let count = |app: &str, state: &str, count| StateCount {
            app: app.to_owned(),
            state: state.to_owned(),
            count,
        };
        Status {
            states: vec![
                count("a", "archived", 5),
                count("a", "missed", 2),
                count("a", "incomplete", 1),
                count("b", "waiting", 4),
            ],
            media: vec![MediaCount {
                kind: "face".to_owned(),
                state: "stored".to_owned(),
                count: 3,
                bytes: 300,
            }],
            answers: 9,
            answer_bytes: 900,
            next_deadline: Some(Time(61_500)),
            polls_due: 2,
            downloads_due: 1,
            oldest_due: Some(Time(500)),
            poisoned: 0,
            least_left_ms: Some(2_500),
            quota_use: Vec::new(),
            errors: vec![("canary".to_owned(), 1)],
            alarms: vec![AlarmRow {
                kind: "loss".to_owned(),
                subject: "canary".to_owned(),
                text: "canary".to_owned(),
                since: Time(0),
                times: 3,
                ..AlarmRow::default()
            }],
            open_by_app: Vec::new(),
            reconciled: vec![Reconciliation {
                at: Time(1_000),
                actor: "canary".to_owned(),
                name: "daily".to_owned(),
                lines: 9,
                untracked: 3,
                tracked: 1,
                late: 1,
                open: 1,
                whole: 2,
                lost: 1,
                rejected: 0,
                conflict: 1,
                wrong: 1,
                unlisted: None,
            }],
            replicas: Vec::new(),
            settled_last_day: Vec::new(),
        }
    }

    #[test]
    fn the_service_is_shown_without_naming_anybody() {
        let page = Metrics::new().page(Some(&status()), Time(1_500), Format::Classic);
        for line in [
            r#"verikeep_database_up 1"#,
            r#"verikeep_verifications{app="a",state="missed"} 2"#,
            r#"verikeep_losses{app="a"} 3"#,
            r#"verikeep_losses{app="b"} 0"#,
            r#"verikeep_media{kind="face",state="stored"} 3"#,
            r#"verikeep_media_bytes{kind="face",state="stored"} 300"#,
            r#"verikeep_answers 9"#,
            r#"verikeep_answers_bytes 900"#,
            r#"verikeep_next_expiry_seconds 60.0"#,
            r#"verikeep_least_left_seconds 2.5"#,
            r#"verikeep_lateness_seconds 1.0"#,
            r#"verikeep_polls_due 2"#,
            r#"verikeep_downloads_due 1"#,
            r#"verikeep_poisoned 0"#,
            r#"verikeep_alarms{kind="loss"} 1"#,
            r#"verikeep_alarms{kind="quota"} 0"#,
            r#"verikeep_alarms{kind="disk_full"} 0"#,
            r#"verikeep_reconciled_tokens{list="daily",result="untracked"} 3"#,
            r#"verikeep_reconciled_tokens{list="daily",result="lost"} 1"#,
            r#"verikeep_reconciled_lines{list="daily"} 9"#,
            r#"verikeep_reconciled_timestamp_seconds{list="daily"} 1.0"#,
        ] {
            assert!(
                page.lines().any(|found| found == line),
                "{line} is not in\n{page}"
            );
        }
        assert!(!page.contains("canary"));
    }

    #[test]
    fn nothing_open_has_no_expiry_rather_than_a_false_one() {
        let page = Metrics::new().page(
            Some(&Status {
                next_deadline: None,
                oldest_due: None,
                ..status()
            }),
            Time(1_500),
            Format::Classic,
        );
        assert!(!page.contains("next_expiry"));
        assert!(page.contains("verikeep_lateness_seconds 0.0"));
    }
}
