//! The business's own list beside what is tracked.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        id::VerificationId,
        plan::Missing,
        time::Time,
        token::{Late, State, TrackRequest},
    },
    store::{records::KnownToken, reports::Reconciliation},
};

/// How one token of the list stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
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
    /// It cannot be read, or cannot be a token.
    Wrong,
}

/// One token of the list, judged. Never shows the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// How it stands.
    pub verdict: Verdict,
    /// Ours for it, when it is tracked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_id: Option<VerificationId>,
    /// Its state, when it is tracked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Which facts differ from those known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<String>,
    /// What is missing and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
    /// Tracked now, after something of it may have been forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<Late>,
    /// When it was issued, as it is tracked.
    #[serde(skip)]
    pub issued_at: Option<Time>,
    /// Why it is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Compared {
    const fn new(verdict: Verdict) -> Self {
        Self {
            verdict,
            verification_id: None,
            state: None,
            conflicts: Vec::new(),
            missing: Vec::new(),
            late: None,
            issued_at: None,
            reason: None,
        }
    }

    /// One that is wrong.
    #[must_use]
    pub fn wrong(reason: String) -> Self {
        Self {
            reason: Some(reason),
            ..Self::new(Verdict::Wrong)
        }
    }

    /// A token beside what is known of it.
    #[must_use]
    pub fn of(told: &TrackRequest, known: Option<&KnownToken>) -> Self {
        let Some(known) = known else {
            return Self::new(Verdict::Untracked);
        };
        let verdict = match known.state {
            State::Waiting | State::Collecting => Verdict::Open,
            State::Archived | State::Abandoned => Verdict::Whole,
            State::Incomplete | State::Missed => Verdict::Lost,
            State::Rejected => Verdict::Rejected,
        };
        let differs = known.differs(
            &told.app,
            told.issued_at,
            told.plan_id.as_deref(),
            told.reference.as_deref(),
        );
        Self {
            conflicts: differs.into_iter().map(str::to_owned).collect(),
            ..Self::known(verdict, known)
        }
    }

    /// A token that was tracked a moment ago, at `now`.
    #[must_use]
    pub fn tracked(known: &KnownToken, now: Time) -> Self {
        Self {
            late: Late::at(now, known.media_deadline, known.record_deadline),
            ..Self::known(Verdict::Tracked, known)
        }
    }

    fn known(verdict: Verdict, known: &KnownToken) -> Self {
        Self {
            verification_id: Some(known.verification_id),
            state: Some(known.state),
            missing: known.missing.clone(),
            issued_at: Some(known.issued_at),
            ..Self::new(verdict)
        }
    }
}

/// Adds a token to the sums of its list.
pub fn add(sums: &mut Reconciliation, one: &Compared) {
    sums.lines += 1;
    match one.verdict {
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
    sums.late += i64::from(one.late.is_some());
    sums.conflict += i64::from(!one.conflicts.is_empty());
}

/// Sums of nothing yet.
#[must_use]
pub const fn nothing(at: Time, actor: String, name: String) -> Reconciliation {
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
