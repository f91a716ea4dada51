//! What the store tells people: the rows of the report views and the figures of `status`.
//!
//! In JSON every instant is RFC 3339 text, as the contract shows it.

mod accesses;
mod alarms;
mod attempts;
mod charges;
mod events;
mod figures;
mod kept;
mod losses;
mod submitted;

use serde::{Deserialize, Serialize};

pub use accesses::AccessReport;
pub use alarms::{Acknowledgement, AlarmRow};
pub use charges::{Charge, Unread};
pub use events::EventReport;
pub use figures::{
    MediaCount, Miscount, Open, QuotaUse, Reconciliation, Replica, StateCount, Status,
};
pub use kept::{Kept, KeptPage, Stray, Which};
pub use losses::{LossFilter, LossReport};
pub use submitted::Submitted;

use super::records::{NewVerification, Next};
use crate::domain::{
    digest::Sha256,
    id::{AnswerId, MediaId, VerificationId},
    packed::Packed,
    time::{Time, rfc3339},
    token::{State, shown},
};

/// Which verifications to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this state.
    pub state: Option<State>,
    /// Only this app.
    pub app: Option<String>,
    /// Only those issued at or after this instant.
    pub since: Option<Time>,
    /// Only those issued at or before this instant.
    pub until: Option<Time>,
    /// Only this reference.
    pub reference: Option<String>,
    /// Only those generated for this plan.
    pub plan_id: Option<String>,
    /// Only those with an answer or an attempt that the provider logged under this number.
    pub log_id: Option<String>,
    /// Only those with an attempt or a submission of this keyed index
    /// ([`crate::domain::identity::IndexKey::id_number`]).
    pub id_number_index: Option<String>,
    /// How many at most.
    pub limit: i64,
    /// Page on behind this verification_id (exclusive; newest first).
    pub after: Option<VerificationId>,
}

/// A row of `report_verifications`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "each field is the column of that name, explained in the view's comment"
)]
pub struct Summary {
    pub verification_id: VerificationId,
    pub app: String,
    /// Empty where it is nobody's business.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub verify_token: String,
    pub plan_id: Option<String>,
    pub reference: Option<String>,
    #[serde(with = "rfc3339")]
    pub issued_at: Time,
    #[serde(with = "rfc3339")]
    pub tracked_at: Time,
    pub tracked_by: String,
    pub state: String,
    pub passed: Option<bool>,
    pub attempts: i64,
    #[serde(with = "rfc3339::or_null")]
    pub first_attempt_at: Option<Time>,
    #[serde(with = "rfc3339::or_null")]
    pub settled_at: Option<Time>,
    pub missing: serde_json::Value,
    #[serde(with = "rfc3339")]
    pub media_deadline: Time,
    #[serde(with = "rfc3339")]
    pub record_deadline: Time,
    #[serde(with = "rfc3339::or_null")]
    pub next_poll_at: Option<Time>,
    pub polls: i64,
    pub last_error: Option<String>,
}

impl Summary {
    /// Its verify_token, as far as it may be shown ([`shown`]).
    #[must_use]
    pub fn token_shown(&self, now: Time) -> String {
        shown(&self.verify_token, self.record_deadline, now)
    }

    /// The row of a token that was told just now: nothing was asked and nothing came yet.
    #[must_use]
    pub(crate) fn begin(told: &NewVerification) -> Self {
        let facts = &told.verification;
        let (state, settled_at, missing, next_poll_at) = match &told.next {
            Next::Due { due_at, state, .. } => (*state, None, &[][..], Some(*due_at)),
            Next::Settled { outcome, missing } => {
                (outcome.state(), Some(facts.tracked_at), &missing[..], None)
            }
        };
        Self {
            verification_id: facts.verification_id,
            app: facts.app.clone(),
            verify_token: facts.verify_token.reveal().to_owned(),
            plan_id: facts.plan_id.clone(),
            reference: told.reference.clone(),
            issued_at: facts.issued_at,
            tracked_at: facts.tracked_at,
            tracked_by: told.tracked_by.clone(),
            state: state.name().to_owned(),
            passed: None,
            attempts: 0,
            first_attempt_at: None,
            settled_at,
            missing: serde_json::json!(missing),
            media_deadline: told.media_deadline,
            record_deadline: told.record_deadline,
            next_poll_at,
            polls: 0,
            last_error: None,
        }
    }
}

/// A row of `report_attempts`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "each field is the column of that name, explained in the view's comment"
)]
pub struct AttemptReport {
    pub attempt_no: i64,
    pub passed: Option<bool>,
    pub code: Option<String>,
    pub message: Option<String>,
    #[serde(with = "rfc3339::or_null")]
    pub verified_at: Option<Time>,
    pub charged: Option<bool>,
    pub charge_type: Option<String>,
    #[serde(with = "rfc3339::or_null")]
    pub charged_at: Option<Time>,
    pub ocr_charged: Option<bool>,
    pub ocr_count: Option<i64>,
    #[serde(with = "rfc3339::or_null")]
    pub ocr_charged_at: Option<Time>,
    pub score: Option<f64>,
    pub threshold: Option<f64>,
    pub liveness_score: Option<f64>,
    pub spoofing_score: Option<f64>,
    pub risk_level: Option<String>,
    pub risk_tag: Option<String>,
    pub demoted: Option<bool>,
    pub verify_log_id: Option<String>,
    pub id_type: Option<String>,
    pub name_masked: Option<String>,
    pub id_number_masked: Option<String>,
    pub id_number_index: Option<String>,
    pub name: Option<String>,
    pub id_number: Option<String>,
    pub ocr_name_masked: Option<String>,
    pub ocr_id_number_masked: Option<String>,
    pub ocr_name: Option<String>,
    pub ocr_id_number: Option<String>,
}

/// A row of `report_media`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "each field is the column of that name, explained in the view's comment"
)]
pub struct MediaReport {
    pub media_id: MediaId,
    pub attempt_no: i64,
    pub kind: String,
    pub position: i64,
    pub state: String,
    pub content_type: Option<String>,
    pub bytes: Option<i64>,
    pub sha256: Option<Sha256>,
    pub object_key: Option<String>,
    pub stored_bytes: Option<i64>,
    pub stored_sha256: Option<Sha256>,
    #[serde(with = "rfc3339::or_null")]
    pub captured_at: Option<Time>,
    pub lost_reason: Option<String>,
    pub check: Option<String>,
}

/// A row of `report_answers`, with the body where it lies in its row.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "each field is the column of that name, explained in the view's comment"
)]
pub struct AnswerReport {
    pub answer_id: AnswerId,
    pub endpoint: String,
    #[serde(with = "rfc3339")]
    pub fetched_at: Time,
    pub http_status: i64,
    pub success: Option<bool>,
    pub code: Option<String>,
    pub log_id: Option<String>,
    pub bytes: i64,
    pub sha256: Sha256,
    pub object_key: Option<String>,
    /// Stays in the house: an answer tells of persons.
    #[serde(skip)]
    pub packed: Option<Packed>,
}

/// Calls of one endpoint that came to the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallSum {
    /// Which endpoint.
    pub endpoint: String,
    /// `ok`, or what they failed of.
    pub result: String,
    /// The provider's code, where it gave one.
    pub code: Option<String>,
    /// How many.
    pub calls: i64,
    /// When the first of them ended.
    #[serde(with = "rfc3339")]
    pub first_at: Time,
    /// When the last of them ended.
    #[serde(with = "rfc3339")]
    pub last_at: Time,
}

/// One verification whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Whole {
    /// Its row.
    #[serde(flatten)]
    pub summary: Summary,
    /// What its abandonment or rejection rests on: which answer, given when, and what it leaves open.
    pub proof: Option<String>,
    /// Whether it ended so and nothing ever showed that the provider issued it.
    pub never_seen: bool,
    /// What was handed in of a person when it was issued here.
    pub submitted: Option<Submitted>,
    /// Its attempts, by number.
    pub attempt_rows: Vec<AttemptReport>,
    /// Its media, by attempt, kind and position.
    pub media: Vec<MediaReport>,
    /// Its answers, by time.
    pub answers: Vec<AnswerReport>,
    /// The calls made about it, by endpoint and what came of them.
    pub call_sums: Vec<CallSum>,
    /// What was done to it, in order.
    pub events: Vec<EventReport>,
    /// Who looked at it or for a person of it, in order.
    pub accesses: Vec<AccessReport>,
}

impl Whole {
    /// Leaves of persons the masks alone, whatever the rows hold.
    pub fn mask(&mut self) {
        for row in &mut self.attempt_rows {
            (row.name, row.id_number) = (None, None);
            (row.ocr_name, row.ocr_id_number) = (None, None);
        }
        if let Some(row) = &mut self.submitted {
            (row.name, row.id_number) = (None, None);
        }
    }

    /// How many calls were made about it.
    #[must_use]
    pub fn calls_made(&self) -> i64 {
        self.call_sums.iter().map(|sum| sum.calls).sum::<i64>()
    }
}
