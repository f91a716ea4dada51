//! What is wrong at present.

use serde::{Deserialize, Serialize};

use crate::domain::{
    alarm::Kind,
    time::{Time, rfc3339},
};

/// An open alarm.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[allow(missing_docs, reason = "as in `domain::alarm::Alarm`")]
pub struct AlarmRow {
    /// None of one that no row of its own stands for: a loss, or one known to a process alone.
    pub alarm_id: Option<i64>,
    pub kind: String,
    pub subject: String,
    /// The process that alone sees its end; none where anybody does.
    pub instance: Option<String>,
    pub text: String,
    #[serde(with = "rfc3339")]
    pub since: Time,
    pub times: i64,
    #[serde(with = "rfc3339::or_null")]
    pub acknowledged_at: Option<Time>,
    pub acknowledged_by: Option<String>,
    pub note: Option<String>,
}

impl AlarmRow {
    /// Orders them, the oldest first.
    pub(crate) fn sort(rows: &mut [Self]) {
        rows.sort_by(|one, other| {
            let key = |row: &Self| {
                let (kind, subject) = (row.kind.clone(), row.subject.clone());
                (row.since, kind, subject, row.instance.clone())
            };
            key(one).cmp(&key(other))
        });
    }

    /// That so many things of an app were lost for a cause and nobody has taken note of it.
    #[must_use]
    pub(crate) fn of_losses(app: &str, cause: &str, since: Time, things: i64) -> Self {
        Self {
            alarm_id: None,
            kind: Kind::Loss.name().to_owned(),
            subject: format!("{app}: {cause}"),
            instance: None,
            text: format!(
                "{things} lost and not acknowledged: `verikeep losses list --app {app} --cause {cause}` shows what"
            ),
            since,
            times: things,
            acknowledged_at: None,
            acknowledged_by: None,
            note: None,
        }
    }
}

/// A person's word that something was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// When.
    pub at: Time,
    /// Whose.
    pub by: String,
    /// What they had to say.
    pub note: String,
}
