//! What is told of tokens: one object, an array of them, or a line for each.

use serde_json::value::RawValue;

use super::problem::Problem;
use crate::domain::{
    listed::{Field, instant, object},
    secret::Secret,
    token::TrackRequest,
};

/// How many tokens one request may tell of.
pub(super) const ITEMS_MAX: usize = 10_000;

/// A token to be tracked, or why not.
pub(super) type Parsed = Result<TrackRequest, String>;

/// What a request tells.
pub(super) enum Told {
    One(Parsed),
    Many(Vec<Parsed>),
}

impl Told {
    /// Reads a body; `by_line` says that it is NDJSON.
    pub(super) fn read(body: &[u8], by_line: bool, by: &str) -> Result<Self, Problem> {
        let text =
            std::str::from_utf8(body).map_err(|_| Problem::wrong(None, "the body is not UTF-8"))?;
        let texts: Vec<&str> = if by_line {
            text.lines()
                .filter(|line| !line.trim().is_empty())
                .collect()
        } else if text.trim_start().starts_with('[') {
            let raw: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| {
                Problem::wrong(
                    None,
                    format!("the body is no JSON array: {}", place(&error)),
                )
            })?;
            raw.into_iter().map(RawValue::get).collect()
        } else {
            return Ok(Self::One(item(text, by)));
        };
        if texts.len() > ITEMS_MAX {
            let detail = format!("{} tokens, {ITEMS_MAX} at most in one request", texts.len());
            return Err(Problem::too_large(detail));
        }
        Ok(Self::Many(
            texts.into_iter().map(|text| item(text, by)).collect(),
        ))
    }
}

/// Reads one token.
pub(super) fn item(text: &str, by: &str) -> Parsed {
    let (fields, unknown) =
        object::<Field>(text, &[]).map_err(|why| format!("what was told {why}"))?;
    if !unknown.is_empty() {
        return Err(
            "there is a field beside app, verify_token, issued_at, plan_id and reference"
                .to_owned(),
        );
    }
    let needed = |name: &str| format!("{name} is missing");
    let issued_at = fields.issued_at.as_deref().map(|text| instant(text, None));
    Ok(TrackRequest {
        verify_token: Secret::new(fields.verify_token.ok_or_else(|| needed("verify_token"))?),
        app: fields.app.ok_or_else(|| needed("app"))?,
        issued_at: issued_at.transpose()?,
        plan_id: fields.plan_id,
        reference: fields.reference,
        tracked_by: by.to_owned(),
        issued_here: false,
    })
}

/// Where JSON is wrong; its own words may repeat a value.
fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Data => "a field is missing, unknown, or of another type",
        _ => "it is not JSON",
    };
    format!("{what}, at line {} column {}", error.line(), error.column())
}
