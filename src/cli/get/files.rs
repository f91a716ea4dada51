//! Which objects make up a verification, and what their files are called.

use std::{collections::HashSet, fmt};

use serde::Serialize;

use crate::{
    domain::{
        answer::Endpoint,
        digest::Sha256,
        id::{AnswerId, MediaId},
        media::Kind,
        packed::Packed,
        time::{Time, rfc3339},
    },
    store::reports::{MediaReport, Whole},
};

/// What a file is: the columns that tell one from another.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub(super) enum What {
    Answer {
        answer_id: AnswerId,
        endpoint: String,
        #[serde(with = "rfc3339")]
        fetched_at: Time,
    },
    Media {
        media_id: MediaId,
        kind: String,
        attempt_no: i64,
        position: i64,
        #[serde(with = "rfc3339::or_null")]
        captured_at: Option<Time>,
    },
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer {
                endpoint,
                fetched_at,
                ..
            } => write!(f, "answer of {} at {}", endpoint_name(endpoint), fetched_at),
            Self::Media {
                kind,
                attempt_no: 0,
                position,
                ..
            } => write!(f, "{} {position}", kind_name(kind)),
            Self::Media {
                kind,
                attempt_no,
                position,
                ..
            } => write!(f, "{} {position} of attempt {attempt_no}", kind_name(kind)),
        }
    }
}

/// A file.
#[derive(Debug, Serialize)]
pub(super) struct Written {
    pub(super) file: String,
    #[serde(flatten)]
    pub(super) what: What,
    pub(super) content_type: &'static str,
    pub(super) bytes: u64,
    pub(super) sha256: Sha256,
}

/// What could not be written.
#[derive(Debug, Serialize)]
pub(super) struct Failed {
    #[serde(flatten)]
    pub(super) what: What,
    /// None where it lies in its row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) object_key: Option<String>,
    pub(super) reason: String,
}

/// Where its bytes are.
pub(super) enum From {
    Row(Packed),
    Object(String),
}

/// What is to be written.
pub(super) struct Wanted {
    pub(super) what: What,
    pub(super) stem: String,
    pub(super) from: From,
    pub(super) sha256: Sha256,
    pub(super) bytes: i64,
}

impl Wanted {
    /// The interface whose answer it is.
    pub(super) fn endpoint(&self) -> Option<Endpoint> {
        match &self.what {
            What::Answer { endpoint, .. } => Endpoint::kept_named(endpoint),
            What::Media { .. } => None,
        }
    }

    pub(super) fn failed(&self, reason: &str) -> Failed {
        Failed {
            what: self.what.clone(),
            object_key: match &self.from {
                From::Row(_) => None,
                From::Object(key) => Some(key.clone()),
            },
            reason: reason.to_owned(),
        }
    }
}

/// The name of a known endpoint, so that no foreign text becomes part of a file name.
fn endpoint_name(name: &str) -> &'static str {
    Endpoint::kept_named(name).map_or("answer", Endpoint::name)
}

fn kind_name(name: &str) -> &'static str {
    Kind::named(name).map_or("media", Kind::name)
}

/// All that is kept of a verification: answers by time, media by attempt.
pub(super) fn wanted(whole: &Whole) -> Vec<Wanted> {
    let mut all = Vec::with_capacity(whole.answers.len() + whole.media.len());
    let mut seen: Vec<(&'static str, usize)> = Vec::new();
    for row in &whole.answers {
        let endpoint = endpoint_name(&row.endpoint);
        let number = match seen.iter_mut().find(|(name, _)| *name == endpoint) {
            Some((_, number)) => {
                *number += 1;
                *number
            }
            None => {
                seen.push((endpoint, 1));
                1
            }
        };
        let from = match row.packed.clone() {
            Some(packed) => From::Row(packed),
            None => From::Object(row.object_key.clone().unwrap_or_default()),
        };
        all.push(Wanted {
            what: What::Answer {
                answer_id: row.answer_id,
                endpoint: row.endpoint.clone(),
                fetched_at: row.fetched_at,
            },
            stem: format!("{endpoint}-{number}"),
            from,
            sha256: row.sha256,
            bytes: row.bytes,
        });
    }
    for row in &whole.media {
        // Wanted and lost media have no object.
        let (Some(object_key), Some(sha256), Some(bytes)) =
            (&row.object_key, row.sha256, row.bytes)
        else {
            continue;
        };
        all.push(Wanted {
            what: What::Media {
                media_id: row.media_id,
                kind: row.kind.clone(),
                attempt_no: row.attempt_no,
                position: row.position,
                captured_at: row.captured_at,
            },
            stem: stem(row),
            from: From::Object(object_key.clone()),
            sha256,
            bytes,
        });
    }
    all
}

fn stem(row: &MediaReport) -> String {
    let (kind, position) = (kind_name(&row.kind), row.position);
    match row.attempt_no {
        // Handed in before any attempt.
        0 => format!("{kind}-{position}"),
        attempt_no => format!("{kind}-attempt{attempt_no}-{position}"),
    }
}

/// Names given so far: the same slot may have come from two queries with other bytes.
#[derive(Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// `face-attempt1-0.jpg`, or `face-attempt1-0-2.png` when the stem is taken.
    pub(super) fn fresh(&mut self, stem: &str, extension: &str) -> String {
        let mut name = stem.to_owned();
        let mut number = 2;
        while !self.0.insert(name.clone()) {
            name = format!("{stem}-{number}");
            number += 1;
        }
        format!("{name}.{extension}")
    }
}
