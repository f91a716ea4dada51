//! JSON as Alertmanager's webhook receivers take it, version 4 (Prometheus documentation,
//! "Configuration: webhook_config").

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    NotSent,
    render::{Page, is_over, page, plain},
};
use crate::{
    domain::{
        digest::hex,
        language::Language,
        message::{About, Message, Told},
        secret::Secret,
        time::Time,
    },
    provider::post::Poster,
};

/// Alarms in one message at most; of the rest the number is told.
const ALERTS_MAX: usize = 100;
const SUBJECT_MAX: usize = 200;
const TEXT_MAX: usize = 1000;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body {
    version: &'static str,
    group_key: String,
    truncated_alerts: usize,
    status: Status,
    receiver: String,
    group_labels: Labels,
    common_labels: Labels,
    common_annotations: Annotations,
    #[serde(rename = "externalURL")]
    external_url: &'static str,
    alerts: Vec<Alert>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Firing,
    Resolved,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Labels {
    #[serde(skip_serializing_if = "Option::is_none")]
    alertname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
}

#[derive(Debug, Default, Serialize)]
struct Annotations {
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threatens: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    todo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runbook: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    status: Status,
    labels: Labels,
    annotations: Annotations,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'static str,
    fingerprint: String,
}

pub(super) async fn send(
    poster: &Poster,
    secret: Option<&Secret>,
    body: &Body,
) -> Result<(), NotSent> {
    let json = serde_json::to_vec(body)
        .map_err(|_| NotSent::lasting("the message could not be written as JSON"))?;
    let answer = poster.post(json, &[], secret).await?;
    if (200..300).contains(&answer.http_status) {
        Ok(())
    } else {
        Err(NotSent::of_status(answer.http_status))
    }
}

/// The body for a receiver of that name. A test and a report are alerts too: the test one that is
/// open, the report one that is over, so that nobody waits for its end.
pub(super) fn body(message: &Message, receiver: &str, language: Language) -> Body {
    let (alerts, truncated_alerts) = match &message.about {
        About::Alarms(told) => (
            told.iter()
                .take(ALERTS_MAX)
                .map(|alarm| alert(alarm, language))
                .collect(),
            told.len().saturating_sub(ALERTS_MAX),
        ),
        About::Test => {
            let page = page(message, language, 0);
            (
                vec![notice("test", Status::Firing, "", message.at, &page)],
                0,
            )
        }
        About::Daily(daily) => {
            let page = page(message, language, super::render::ALARMS_MAX);
            let notice = notice("daily", Status::Resolved, &daily.day, message.at, &page);
            (vec![notice], 0)
        }
    };
    let common_labels = common(&alerts);
    let group_labels = Labels {
        alertname: common_labels.alertname.clone(),
        ..Labels::default()
    };
    let group = group_labels.alertname.as_ref();
    let group = group.map_or_else(String::new, |name| format!("alertname={name:?}"));
    let is_firing = alerts.iter().any(|alert| alert.status == Status::Firing);
    Body {
        version: "4",
        group_key: format!("{{}}:{{{group}}}"),
        truncated_alerts,
        status: if is_firing {
            Status::Firing
        } else {
            Status::Resolved
        },
        receiver: receiver.to_owned(),
        group_labels,
        common_labels,
        common_annotations: Annotations::default(),
        external_url: "",
        alerts,
    }
}

fn alert(alarm: &Told, language: Language) -> Alert {
    let kind = alarm.kind.name();
    let said = alarm.kind.entry();
    let runbook = match language {
        Language::En => "docs/runbook.md",
        Language::Zh => "docs/runbook.zh-CN.md",
    };
    Alert {
        status: if is_over(alarm) {
            Status::Resolved
        } else {
            Status::Firing
        },
        fingerprint: fingerprint(kind, &alarm.subject),
        labels: Labels {
            alertname: Some(kind.to_owned()),
            severity: Some(alarm.kind.severity().short().en.to_owned()),
            subject: Some(plain(&alarm.subject, SUBJECT_MAX)),
        },
        annotations: Annotations {
            summary: Some(said.means.in_(language).to_owned()),
            description: Some(plain(&alarm.text, TEXT_MAX)),
            threatens: Some(said.threatens.in_(language).to_owned()),
            first: Some(said.first.to_owned()),
            todo: Some(said.todo.in_(language).to_owned()),
            runbook: Some(format!("{runbook}#{kind}")),
        },
        starts_at: alarm.since.rfc3339(),
        ends_at: alarm
            .ended_at
            .map_or_else(|| NO_END.to_owned(), Time::rfc3339),
        generator_url: "",
    }
}

/// What Alertmanager writes where there is no end yet.
const NO_END: &str = "0001-01-01T00:00:00Z";

/// What is no alarm.
fn notice(name: &str, status: Status, subject: &str, at: Time, page: &Page) -> Alert {
    Alert {
        status,
        fingerprint: fingerprint(name, subject),
        labels: Labels {
            alertname: Some(format!("verikeep_{name}")),
            severity: Some("none".to_owned()),
            subject: (!subject.is_empty()).then(|| plain(subject, SUBJECT_MAX)),
        },
        annotations: Annotations {
            summary: Some(page.title.clone()),
            description: Some(super::markdown::text(page)),
            ..Annotations::default()
        },
        starts_at: at.rfc3339(),
        ends_at: match status {
            Status::Firing => NO_END.to_owned(),
            Status::Resolved => at.rfc3339(),
        },
        generator_url: "",
    }
}

/// The labels that all have alike.
fn common(alerts: &[Alert]) -> Labels {
    let alike = |of: fn(&Labels) -> &Option<String>| {
        let first = alerts.first().map(|alert| of(&alert.labels))?;
        let is_alike = alerts.iter().all(|alert| of(&alert.labels) == first);
        first.clone().filter(|_| is_alike)
    };
    Labels {
        alertname: alike(|labels| &labels.alertname),
        severity: alike(|labels| &labels.severity),
        subject: alike(|labels| &labels.subject),
    }
}

/// The same for the same alarm, whoever tells it and when.
fn fingerprint(kind: &str, subject: &str) -> String {
    let digest = Sha256::digest(format!("{kind}\0{subject}"));
    hex(digest.get(..8).unwrap_or_default())
}
