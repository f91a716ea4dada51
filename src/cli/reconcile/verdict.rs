//! What a line of the list comes to: pure, beside what is known of its token.

use serde::Serialize;

use crate::{
    domain::{
        id::VerificationId,
        plan::Missing,
        time::Time,
        token::{Late, State, TrackRequest, token_end},
    },
    store::{records::KnownToken, reports::Reconciliation},
};

/// How one token of the list stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// Never tracked.
    Untracked,
    /// Never tracked before, tracked now.
    Tracked,
    /// Under way.
    Open,
    /// Archived, or abandoned with proof.
    Whole,
    /// Something of it was lost.
    Lost,
    /// The provider refused it.
    Rejected,
    /// The line cannot be read.
    Wrong,
}

/// One line of the list, judged. Never shows the token whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    /// Its number, from 1.
    pub line: u64,
    /// How its token stands.
    pub verdict: Verdict,
    /// The business's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The last four characters of its token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_end: Option<String>,
    /// Ours for it, when it is tracked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_id: Option<VerificationId>,
    /// Its state, when it is tracked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Which facts differ from those known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<&'static str>,
    /// What is missing and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
    /// Tracked now, after something of it may have been forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<Late>,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Line {
    fn new(line: u64, verdict: Verdict) -> Self {
        Self {
            line,
            verdict,
            reference: None,
            token_end: None,
            verification_id: None,
            state: None,
            conflicts: Vec::new(),
            missing: Vec::new(),
            late: None,
            reason: None,
        }
    }

    /// A line that cannot be read.
    pub(super) fn wrong(line: u64, reason: String) -> Self {
        Self {
            reason: Some(reason),
            ..Self::new(line, Verdict::Wrong)
        }
    }

    /// Named by what the list says of it.
    pub(super) fn about(mut self, told: &TrackRequest) -> Self {
        self.reference.clone_from(&told.reference);
        self.token_end = token_end(told.verify_token.reveal()).map(str::to_owned);
        self
    }

    /// A token beside what is known of it.
    pub(super) fn of(line: u64, told: &TrackRequest, known: Option<&KnownToken>) -> Self {
        let Some(known) = known else {
            return Self::new(line, Verdict::Untracked);
        };
        let verdict = match known.state {
            State::Waiting | State::Collecting => Verdict::Open,
            State::Archived | State::Abandoned => Verdict::Whole,
            State::Incomplete | State::Missed => Verdict::Lost,
            State::Rejected => Verdict::Rejected,
        };
        Self {
            verification_id: Some(known.verification_id),
            state: Some(known.state),
            conflicts: known.differs(
                &told.app,
                told.issued_at,
                told.plan_id.as_deref(),
                told.reference.as_deref(),
            ),
            missing: known.missing.clone(),
            ..Self::new(line, verdict)
        }
    }

    /// A token that was tracked a moment ago, at `now`.
    pub(super) fn tracked(line: u64, known: &KnownToken, now: Time) -> Self {
        Self {
            verification_id: Some(known.verification_id),
            state: Some(known.state),
            missing: known.missing.clone(),
            late: Late::at(now, known.media_deadline, known.record_deadline),
            ..Self::new(line, Verdict::Tracked)
        }
    }

    /// What a person is told of it; nothing when all is well.
    pub(super) fn tell(&self) -> Option<String> {
        let id = self
            .verification_id
            .map(|id| id.to_string())
            .unwrap_or_default();
        let state = self.state.map_or("", State::name);
        let missing: Vec<String> = self.missing.iter().map(tell_missing).collect();
        let missing = if missing.is_empty() {
            String::new()
        } else {
            format!(": {}", missing.join("; "))
        };
        let text = match self.verdict {
            Verdict::Untracked => "never tracked".to_owned(),
            Verdict::Tracked => {
                let late = self
                    .late
                    .map_or_else(String::new, |late| format!("; {}", late.tell()));
                format!("never tracked, tracked now{late} ({id})")
            }
            Verdict::Lost => format!("{state} ({id}){missing}"),
            Verdict::Rejected => {
                format!("rejected by the provider ({id}); `verikeep show` says why")
            }
            Verdict::Wrong => self.reason.clone().unwrap_or_default(),
            Verdict::Open | Verdict::Whole if self.conflicts.is_empty() => return None,
            Verdict::Open | Verdict::Whole => format!("{state} ({id})"),
        };
        let conflicts = if self.conflicts.is_empty() {
            String::new()
        } else {
            format!(
                "; tracked with another {}, which stays",
                self.conflicts.join(", ")
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

/// Adds a line to the sums.
pub(super) fn add(sums: &mut Reconciliation, line: &Line) {
    sums.lines += 1;
    match line.verdict {
        Verdict::Untracked => sums.untracked += 1,
        Verdict::Tracked => {
            sums.untracked += 1;
            sums.tracked += 1;
        }
        Verdict::Open => sums.open += 1,
        Verdict::Whole => sums.whole += 1,
        Verdict::Lost => sums.lost += 1,
        Verdict::Rejected => sums.rejected += 1,
        Verdict::Wrong => sums.wrong += 1,
    }
    sums.late += i64::from(line.late.is_some());
    sums.conflict += i64::from(!line.conflicts.is_empty());
}

/// Sums of nothing yet.
pub(super) fn nothing(at: Time, actor: String, name: String) -> Reconciliation {
    Reconciliation {
        at,
        actor,
        name,
        lines: 0,
        untracked: 0,
        tracked: 0,
        late: 0,
        open: 0,
        whole: 0,
        lost: 0,
        rejected: 0,
        conflict: 0,
        wrong: 0,
        unlisted: None,
    }
}

/// Whether a person should look: tokens that are tracked beyond the list are no finding.
pub(super) fn is_finding(sums: &Reconciliation) -> bool {
    sums.untracked + sums.lost + sums.rejected + sums.conflict + sums.wrong > 0
}
