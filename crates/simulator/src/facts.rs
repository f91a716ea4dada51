//! The facts of an attempt, before any of the shapes they are written in: the answers and the truth
//! both read them.

use serde::Serialize;

use super::{
    dice::Dice,
    token::{Attempt, Token},
};

/// What `getall` is to say about an attempt, with what it leaves open as `null`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Facts {
    /// Similarity, as far as one was computed.
    pub score: Option<f64>,
    /// What the plan asks for.
    pub threshold: f64,
    /// Liveness, where it is told.
    pub liveness_score: Option<f64>,
    /// Synthetic image score, where it is told.
    pub spoofing_score: Option<f64>,
    /// 1 to 4, where risk control is on; 1 and 2 are risks.
    pub risk_level: Option<u8>,
    /// The risk, for levels 1 and 2.
    pub risk_tag: Option<&'static str>,
    /// Whether real-time detection fell back to an upload; `None` for plans without.
    pub demoted: Option<bool>,
    /// The log id of the comparison, where there was one.
    pub verify_log_id: Option<String>,
    /// Whether the comparison was charged.
    pub charged: bool,
    /// `verify`, `match` or `live`.
    pub charge_type: Option<&'static str>,
    /// Whether reading the ID card was charged; `None` for plans without OCR.
    pub ocr_charged: Option<bool>,
    /// How often the ID card was read.
    pub ocr_count: Option<u32>,
    /// The name the person confirmed.
    pub name: String,
    /// The number the person confirmed.
    pub id_number: String,
    /// 0 to 5.
    pub id_type: u8,
}

fn single(value: f64) -> f64 {
    // The provider computes in single precision and prints in double: 84.4 becomes
    // 84.4000015258789.
    f64::from(value as f32)
}

/// As it was ordered, or else drawn; the throw is made either way.
fn risk_level(token: &Token, dice: &mut Dice) -> Option<u8> {
    let is_on = token.dice("risk", 0).happens(40);
    let drawn = is_on.then(|| dice.within(1, 5) as u8);
    (token.risk_level).map_or(drawn, |level| Some(level).filter(|level| *level > 0))
}

/// The facts of `attempt`.
pub(crate) fn of(token: &Token, attempt: &Attempt) -> Facts {
    let mut dice = token.dice("facts", u64::from(attempt.order));
    let verdict = attempt.verdict;
    let (fraction, digits) = (
        dice.fraction(),
        dice.within(1_000_000_000_000_000_000, 2_000_000_000_000_000_000),
    );
    let score = if verdict.passed() {
        80.0 + 19.9 * fraction
    } else {
        15.0 + 64.0 * fraction
    };
    let threshold = *dice.one_of(&[80.0, 70.5, 80.0]).unwrap_or(&80.0);
    let liveness_score = dice.happens(70).then(|| single(0.9 + 0.0999 * fraction));
    let spoofing_score = dice.happens(30).then(|| single(0.000_1 * fraction));
    let risk_level = risk_level(token, &mut dice);
    let live = !verdict.charged && verdict.face && dice.happens(30);
    let compared = if token.has_match_image() {
        "match"
    } else {
        "verify"
    };
    let (name, id_number, id_type) = confirmed(token, attempt);
    Facts {
        score: verdict.scored.then(|| single(score)),
        threshold,
        liveness_score: liveness_score.filter(|_| verdict.face),
        spoofing_score: spoofing_score.filter(|_| verdict.face),
        risk_level,
        risk_tag: risk_level
            .filter(|level| *level < 3)
            .map(|_| "疑似摄像头劫持"),
        demoted: if token.dice("real time", 0).happens(60) {
            Some(dice.happens(15))
        } else {
            None
        },
        verify_log_id: verdict.charged.then(|| digits.to_string()),
        charged: verdict.charged || live,
        charge_type: match (verdict.charged, live) {
            (true, _) => Some(compared),
            (_, true) => Some("live"),
            _ => None,
        },
        ocr_charged: token.ocr.then_some(attempt.order == 1),
        ocr_count: token.ocr.then_some(if attempt.order == 1 {
            1 + u32::from(dice.happens(30))
        } else {
            0
        }),
        name,
        id_number,
        id_type,
    }
}

/// What `getall` says about `attempt` in words; with quirks, some passed attempts have none.
pub(crate) fn message(token: &Token, attempt: &Attempt, quirks: bool) -> &'static str {
    let wordless = quirks && attempt.verdict.passed() && token.dice("wordless", 0).happens(20);
    if wordless {
        ""
    } else {
        attempt.verdict.message
    }
}

fn confirmed(token: &Token, attempt: &Attempt) -> (String, String, u8) {
    if let Some(submitted) = token.submitted.get() {
        return (
            submitted.name.clone(),
            submitted.id_number.clone(),
            submitted.certificate_type,
        );
    }
    let person = token.person();
    if attempt.verdict.mistyped {
        let other = super::person::Person::thrown(token.dice("mistyped", u64::from(attempt.order)));
        return (person.name, other.id_number, 0);
    }
    (person.name, person.id_number, 0)
}
