//! What was lost.

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::VerificationId,
    loss::Cause,
    time::{Time, rfc3339},
};

/// Which losses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LossFilter {
    /// Of this app.
    pub app: Option<String>,
    /// For this cause.
    pub cause: Option<Cause>,
    /// Lost before this instant or at it.
    pub until: Option<Time>,
    /// Those that nobody has taken note of alone.
    pub open: bool,
}

/// A row of `report_losses`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "each field is the column of that name, explained in the view's comment"
)]
pub struct LossReport {
    pub verification_id: VerificationId,
    pub app: String,
    pub plan_id: Option<String>,
    pub reference: Option<String>,
    pub what: String,
    pub attempt_no: Option<i64>,
    pub cause: Cause,
    pub why: String,
    #[serde(with = "rfc3339::or_null")]
    pub from_at: Option<Time>,
    #[serde(with = "rfc3339::or_null")]
    pub to_at: Option<Time>,
    #[serde(with = "rfc3339")]
    pub lost_at: Time,
    #[serde(with = "rfc3339::or_null")]
    pub acknowledged_at: Option<Time>,
    pub acknowledged_by: Option<String>,
    pub note: Option<String>,
}
