//! One answer or medium, and what its row says of it.

use super::finding::{Finding, Name};
use crate::{
    domain::{answer::Endpoint, digest::Sha256, id::VerificationId, media::Kind, packed::Packed},
    store::reports::{AnswerReport, Kept, MediaReport},
    vault::{Digested, ObjectKey, Vault, VaultError},
};

/// What is wrong with the bytes of one of them.
pub(super) enum Fault {
    /// They are not those that were captured.
    Differs(Name, String),
    /// The store does not give them.
    Vault(VaultError),
}

/// An answer or medium whose bytes are kept.
pub(super) struct Piece<'k> {
    of: VerificationId,
    pub(super) is_answer: bool,
    what: String,
    id: String,
    bytes: i64,
    sha256: Sha256,
    lies: Lies<'k>,
}

/// Where its bytes are.
enum Lies<'k> {
    Row(&'k Packed),
    Object(&'k str),
}

impl Piece<'_> {
    /// Reads it to its end; brings its length.
    pub(super) async fn compared(&self, vault: &Vault) -> Result<u64, Fault> {
        let found = match self.lies {
            Lies::Row(packed) => {
                let opened = packed.open();
                let body = opened
                    .map_err(|damaged| Fault::Differs(Name::AnswerAltered, damaged.to_string()))?;
                return Ok(body.len() as u64);
            }
            Lies::Object(text) => {
                let foreign = |why: &str| Fault::Differs(Name::ObjectForeign, why.to_owned());
                let key = ObjectKey::parse(text)
                    .map_err(|_| foreign("the row names nothing that could be an object"))?;
                if key.verification_id() != Some(self.of) {
                    return Err(foreign(
                        "the object that the row names is another verification's",
                    ));
                }
                vault.digest(&key).await
            }
        };
        match found {
            Ok(found) => self.same(&found),
            Err(VaultError::Missing(_)) => Err(Fault::Differs(
                Name::ObjectMissing,
                "no object lies there".to_owned(),
            )),
            Err(error) => Err(Fault::Vault(error)),
        }
    }

    fn same(&self, found: &Digested) -> Result<u64, Fault> {
        let differs = |why| Err(Fault::Differs(Name::ObjectAltered, why));
        if i64::try_from(found.bytes) != Ok(self.bytes) {
            return differs(format!(
                "it has {} bytes, and {} were captured",
                found.bytes, self.bytes
            ));
        }
        if found.sha256 != self.sha256 {
            return differs(format!(
                "its SHA-256 is {}, and that of what was captured {}",
                found.sha256, self.sha256
            ));
        }
        Ok(found.bytes)
    }

    pub(super) fn finding(&self, finding: Name, why: String) -> Finding {
        Finding {
            finding,
            verification_id: Some(self.of),
            what: Some(self.what.clone()),
            id: Some(self.id.clone()),
            object_key: match self.lies {
                // Of a text that is no key nothing is shown.
                Lies::Object(key) => ObjectKey::parse(key).ok().map(|key| key.to_string()),
                Lies::Row(_) => None,
            },
            why,
        }
    }
}

/// All pieces of a verification.
pub(super) fn pieces(kept: &Kept) -> impl Iterator<Item = Piece<'_>> {
    let of = kept.verification_id;
    let answers = kept.answers.iter().map(move |row| of_answer(of, row));
    let media = kept.media.iter();
    answers.chain(media.filter_map(move |row| of_medium(of, row)))
}

fn of_answer(of: VerificationId, row: &AnswerReport) -> Piece<'_> {
    // A name that is none of ours may be anything.
    let endpoint = Endpoint::kept_named(&row.endpoint).map_or("an endpoint", Endpoint::name);
    Piece {
        of,
        is_answer: true,
        what: format!("answer of {endpoint}"),
        id: row.answer_id.to_string(),
        bytes: row.bytes,
        sha256: row.sha256,
        lies: match &row.packed {
            Some(packed) => Lies::Row(packed),
            None => Lies::Object(row.object_key.as_deref().unwrap_or_default()),
        },
    }
}

/// None of what has no digest: [`of_rows`] tells of it.
fn of_medium(of: VerificationId, row: &MediaReport) -> Option<Piece<'_>> {
    let kind = Kind::named(&row.kind).map_or("medium", Kind::name);
    let place = match row.attempt_no {
        // Handed in before any attempt.
        0 => String::new(),
        attempt_no => format!(" of attempt {attempt_no}"),
    };
    Some(Piece {
        of,
        is_answer: false,
        what: format!("{kind} {}{place}", row.position),
        id: row.media_id.to_string(),
        bytes: row.bytes?,
        sha256: row.sha256?,
        lies: Lies::Object(row.object_key.as_deref()?),
    })
}

/// What the rows alone show.
pub(super) fn of_rows(kept: &Kept) -> Vec<Finding> {
    let of = |finding, why: String| Finding {
        finding,
        verification_id: Some(kept.verification_id),
        what: None,
        id: None,
        object_key: None,
        why,
    };
    let unreadable = kept.unreadable.iter();
    let mut found: Vec<Finding> = unreadable
        .map(|why| of(Name::RowUnreadable, why.clone()))
        .collect();
    let without = |row: &&MediaReport| row.bytes.is_none() || row.sha256.is_none();
    found.extend(kept.media.iter().filter(without).map(|row| {
        let why = "the row names an object and neither length nor digest of it".to_owned();
        Finding {
            id: Some(row.media_id.to_string()),
            ..of(Name::RowUnreadable, why)
        }
    }));
    if kept.is_archived && kept.answers.is_empty() && kept.unreadable.is_empty() {
        let why = "it is archived, and no answer is kept of it".to_owned();
        found.push(of(Name::AnswersMissing, why));
    }
    if kept.attempts != kept.attempt_rows {
        let why = format!(
            "its row sums up {} attempts, and there are {}",
            kept.attempts, kept.attempt_rows
        );
        found.push(of(Name::AttemptsDiffer, why));
    }
    found
}
