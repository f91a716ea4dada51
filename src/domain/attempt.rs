//! An attempt: one try of a person within a verification, as `getall` tells it.

use serde::{Deserialize, Serialize};

use super::{media::Listed, secret::Secret, time::Time};

/// Everything `getall` says of one attempt (provider.md §7; table of the original, part 二.5).
///
/// A field that is `null`, empty or absent is `None`: the provider calls many fields required that
/// do not arrive.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempt {
    /// `order`, from 1; where it is missing, the place in the array.
    pub attempt_no: i64,
    /// `is_verify_passed`.
    pub passed: Option<bool>,
    /// `code`, `"0"` when passed.
    pub code: Option<String>,
    /// `message`, without the person ([`mask_texts`](super::mask::mask_texts)).
    pub message: Option<String>,
    /// `verify_time`, Beijing wall time turned into an instant.
    pub verified_at: Option<Time>,
    /// `is_charged`.
    pub charged: Option<bool>,
    /// `charge_type`: `verify`, `match`, also `live`.
    pub charge_type: Option<String>,
    /// `charge_time`.
    pub charged_at: Option<Time>,
    /// `is_ocr_charge`.
    pub ocr_charged: Option<bool>,
    /// `ocr_count`.
    pub ocr_count: Option<i64>,
    /// `ocr_charge_time`.
    pub ocr_charged_at: Option<Time>,
    /// `verify_detail.score`, likeness from 0 to 100.
    pub score: Option<f64>,
    /// `verify_detail.threshold`.
    pub threshold: Option<f64>,
    /// `verify_detail.liveness_score`.
    pub liveness_score: Option<f64>,
    /// `verify_detail.spoofing_score`.
    pub spoofing_score: Option<f64>,
    /// `verify_detail.risk_level`: 1 and 2 are risks.
    pub risk_level: Option<String>,
    /// `verify_detail.risk_tag`, without the person.
    pub risk_tag: Option<String>,
    /// `is_demote`, wherever it stands.
    pub demoted: Option<bool>,
    /// `verify_detail.verify_log_id`.
    pub verify_log_id: Option<String>,
    /// `idcard_confirm`: what the person typed or confirmed.
    pub confirmed: Identity,
    /// `idcard_ocr_result`: what was read off the card.
    pub ocr: Option<OcrIdentity>,
    /// `face_image`, `front_image`, `back_image`.
    pub media: Vec<Listed>,
}

/// Who a person said to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `idcard_type`: `0` is the mainland identity card.
    pub id_type: Option<String>,
    /// `name`.
    pub name: Option<Secret>,
    /// `idcard_number`.
    pub id_number: Option<Secret>,
}

/// What was read off an ID card; texts as the provider sends them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OcrIdentity {
    /// `name`.
    pub name: Option<Secret>,
    /// `idcard_number` or `id_card_number`.
    pub id_number: Option<Secret>,
    /// `idcard_type`.
    pub id_type: Option<String>,
    /// `address`.
    pub address: Option<Secret>,
    /// `birthday`.
    pub birthday: Option<Secret>,
    /// `gender`.
    pub gender: Option<Secret>,
    /// `nation`.
    pub nation: Option<Secret>,
    /// `issue_time`.
    pub issued: Option<Secret>,
    /// `expire_time`; may be `长期`.
    pub expires: Option<Secret>,
    /// `issue_authority`.
    pub authority: Option<Secret>,
}

/// The sums `getall` gives for a whole verification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// `verify_count`.
    pub verify: Option<i64>,
    /// `ocr_charge_count`.
    pub ocr_charge: Option<i64>,
    /// `match_charge_count`.
    pub match_charge: Option<i64>,
    /// `verify_charge_count`.
    pub verify_charge: Option<i64>,
    /// `live_charge_count`, which the original does not name.
    pub live_charge: Option<i64>,
}

/// What the plan needs to remember of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// `order`, from 1.
    pub no: i64,
    /// Whether it passed.
    pub passed: bool,
    /// Whether a face was taken, so that a video can be expected.
    pub face: bool,
    /// When it ended.
    pub at: Option<Time>,
}

impl Attempt {
    /// Drops times that no clock can have read ([`Time::is_believable`]); the verbatim answer keeps
    /// them.
    pub fn forget_unbelievable_times(&mut self, now: Time) {
        for time in [
            &mut self.verified_at,
            &mut self.charged_at,
            &mut self.ocr_charged_at,
        ] {
            *time = time.filter(|at| at.is_believable(now));
        }
    }

    /// What the plan needs to remember of it.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let face = self
            .media
            .iter()
            .any(|listed| listed.kind == super::media::Kind::Face);
        Seen {
            no: self.attempt_no,
            passed: self.passed == Some(true),
            face,
            at: self.verified_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_no_clock_can_have_read_are_dropped() {
        let at = |text: &str| Time::parse(text).ok();
        let now = at("2026-11-23T08:15:01Z").unwrap();
        for (text, believed) in [
            ("-005000-01-01T00:00:00Z", false),
            ("1970-01-01T00:00:00Z", false),
            ("2026-11-23T16:15:01Z", true),
            ("2026-11-25T00:00:00Z", false),
        ] {
            let told = at(text).unwrap_or(Time(-219_000_000_000_000));
            let mut attempt = Attempt {
                verified_at: Some(told),
                charged_at: Some(told),
                ocr_charged_at: Some(told),
                ..Attempt::default()
            };
            attempt.forget_unbelievable_times(now);
            let kept = believed.then_some(told);
            assert_eq!(
                (
                    attempt.verified_at,
                    attempt.charged_at,
                    attempt.ocr_charged_at
                ),
                (kept, kept, kept),
                "{text}"
            );
        }
    }
}
