//! The rows of attempts.

use super::AttemptReport;
use crate::domain::{attempt::Attempt, identity::IdentityRow, secret::Secret};

impl AttemptReport {
    /// The row of an attempt with what the columns hold of its person.
    #[must_use]
    pub fn of(attempt: &Attempt, identity: &IdentityRow) -> Self {
        let (attempt, identity) = (attempt.clone(), identity.clone());
        let plain = identity.plain.unwrap_or_default();
        let ocr = plain.ocr.unwrap_or_default();
        let secret = |secret: Option<Secret>| secret.map(|secret| secret.reveal().to_owned());
        Self {
            attempt_no: attempt.attempt_no,
            passed: attempt.passed,
            code: attempt.code,
            message: attempt.message,
            verified_at: attempt.verified_at,
            charged: attempt.charged,
            charge_type: attempt.charge_type,
            charged_at: attempt.charged_at,
            ocr_charged: attempt.ocr_charged,
            ocr_count: attempt.ocr_count,
            ocr_charged_at: attempt.ocr_charged_at,
            score: attempt.score,
            threshold: attempt.threshold,
            liveness_score: attempt.liveness_score,
            spoofing_score: attempt.spoofing_score,
            risk_level: attempt.risk_level,
            risk_tag: attempt.risk_tag,
            demoted: attempt.demoted,
            verify_log_id: attempt.verify_log_id,
            id_type: identity.id_type,
            name_masked: identity.name_masked,
            id_number_masked: identity.id_number_masked,
            id_number_index: identity.id_number_index,
            name: plain.name,
            id_number: plain.id_number,
            ocr_name_masked: identity.ocr_name_masked,
            ocr_id_number_masked: identity.ocr_id_number_masked,
            ocr_name: secret(ocr.name),
            ocr_id_number: secret(ocr.id_number),
        }
    }
}
