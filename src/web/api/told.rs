//! What is told of tokens: one object, an array of them, or a line for each.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::problem::Problem;
use crate::domain::{secret::Secret, time::Time, token::TrackRequest};

/// How many tokens one request may tell of.
pub(super) const ITEMS_MAX: usize = 10_000;

/// A token, in the words of `track`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    app: String,
    verify_token: String,
    issued_at: Option<String>,
    plan_id: Option<String>,
    reference: Option<String>,
}

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

fn item(text: &str, by: &str) -> Parsed {
    let item: Item = serde_json::from_str(text).map_err(|error| {
        format!(
            "no object of app, verify_token and, where they are known, issued_at, plan_id and reference: {}",
            place(&error)
        )
    })?;
    let issued_at = (item.issued_at.as_deref().map(Time::parse).transpose())
        .map_err(|_| "issued_at is no instant in RFC 3339, as 2026-11-26T08:15:00Z".to_owned())?;
    Ok(TrackRequest {
        verify_token: Secret::new(item.verify_token),
        app: item.app,
        issued_at,
        plan_id: item.plan_id,
        reference: item.reference,
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
