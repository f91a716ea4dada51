//! What a line of the list comes to.

use serde::Serialize;

use crate::{
    desk::{Compared, compare::Verdict},
    domain::{
        plan::Missing,
        token::{State, TrackRequest, token_end},
    },
    store::reports::Reconciliation,
};

/// One line of the list, judged. Never shows the token whole.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    /// Its number, from 1.
    pub line: u64,
    /// How it stands.
    #[serde(flatten)]
    pub compared: Compared,
    /// The business's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The last four characters of its token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_end: Option<String>,
}

impl Line {
    /// A line of the list, and what it comes to.
    pub(super) const fn of(line: u64, compared: Compared) -> Self {
        Self {
            line,
            compared,
            reference: None,
            token_end: None,
        }
    }

    /// Named by what the list says of it.
    pub(super) fn about(mut self, told: &TrackRequest) -> Self {
        self.reference.clone_from(&told.reference);
        self.token_end = token_end(told.verify_token.reveal()).map(str::to_owned);
        self
    }

    /// What a person is told of it; nothing when all is well.
    pub(super) fn tell(&self) -> Option<String> {
        let one = &self.compared;
        let id = one
            .verification_id
            .map(|id| id.to_string())
            .unwrap_or_default();
        let state = one.state.map_or("", State::name);
        let missing: Vec<String> = one.missing.iter().map(tell_missing).collect();
        let missing = if missing.is_empty() {
            String::new()
        } else {
            format!(": {}", missing.join("; "))
        };
        let text = match one.verdict {
            Verdict::Untracked => "never tracked".to_owned(),
            Verdict::Tracked => {
                let late = one
                    .late
                    .map_or_else(String::new, |late| format!("; {}", late.tell()));
                format!("never tracked, tracked now{late} ({id})")
            }
            Verdict::Lost => format!("{state} ({id}){missing}"),
            Verdict::Rejected => {
                format!("rejected by the provider ({id}); `verikeep show` says why")
            }
            Verdict::Wrong => one.reason.clone().unwrap_or_default(),
            Verdict::Open | Verdict::Whole if one.conflicts.is_empty() => return None,
            Verdict::Open | Verdict::Whole => format!("{state} ({id})"),
        };
        let conflicts = if one.conflicts.is_empty() {
            String::new()
        } else {
            format!(
                "; tracked with another {}, which stays",
                one.conflicts.join(", ")
            )
        };
        let named = named(self.reference.as_deref(), self.token_end.as_deref());
        Some(format!("line {}{named}: {text}{conflicts}", self.line))
    }
}

/// What a person knows a token by.
pub(super) fn named(reference: Option<&str>, token_end: Option<&str>) -> String {
    let reference = reference.map(|reference| format!("reference {reference}"));
    let token = token_end.map(|end| format!("token …{end}"));
    let both: Vec<String> = reference.into_iter().chain(token).collect();
    if both.is_empty() {
        String::new()
    } else {
        format!(" ({})", both.join(", "))
    }
}

fn tell_missing(one: &Missing) -> String {
    let attempt = one
        .attempt_no
        .map_or_else(String::new, |number| format!(" of attempt {number}"));
    format!("{}{attempt}: {}", one.what, one.why)
}

/// Whether a person should look: tokens that are tracked beyond the list are no finding.
pub(super) fn is_finding(sums: &Reconciliation) -> bool {
    sums.untracked + sums.lost + sums.rejected + sums.conflict + sums.wrong > 0
}
