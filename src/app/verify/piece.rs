//! One answer or medium, and what its row says of it.

use super::{
    finding::{Finding, Name},
    words,
};
use crate::{
    domain::{
        answer::Endpoint,
        attempt::Attempt,
        digest::Sha256,
        id::VerificationId,
        language::{Sentence, Words},
        media::Kind,
        packed::{Damaged, Packed},
    },
    provider::parse,
    store::reports::{AnswerReport, Kept, MediaReport},
    vault::{Digested, ObjectKey, Vault, VaultError},
};

/// A longer answer is digested and not read for its attempts.
const READ_MAX: i64 = 4 << 20;

/// What is wrong with the bytes of one of them.
pub(super) enum Fault {
    /// They are not those that were captured.
    Differs(Name, Sentence),
    /// The store does not give them.
    Vault(VaultError),
}

impl From<VaultError> for Fault {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Missing(_) => {
                Self::Differs(Name::ObjectMissing, words::NONE_THERE.with(&[]))
            }
            error => Self::Vault(error),
        }
    }
}

/// Bytes that are those that were captured.
pub(super) struct Seen {
    /// How many.
    pub(super) bytes: u64,
    /// What an answer tells of attempts; none where it is not read for it.
    pub(super) attempts: Option<Vec<Attempt>>,
}

/// An answer or medium whose bytes are kept.
pub(super) struct Piece<'k> {
    pub(super) of: VerificationId,
    pub(super) is_answer: bool,
    /// Whether it is the answer that attempts are read from.
    pub(super) tells_of_attempts: bool,
    what: Sentence,
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
    /// Reads it to its end.
    pub(super) async fn compared(&self, vault: &Vault) -> Result<Seen, Fault> {
        match self.lies {
            Lies::Row(packed) => packed
                .open()
                .map(|body| self.seen(&body))
                .map_err(|Damaged| {
                    Fault::Differs(Name::AnswerAltered, words::OTHER_BODY.with(&[]))
                }),
            Lies::Object(key) => self.of_object(&self.key(key)?, vault).await,
        }
    }

    fn key(&self, text: &str) -> Result<ObjectKey, Fault> {
        let foreign = |why: Words| Fault::Differs(Name::ObjectForeign, why.with(&[]));
        let key = ObjectKey::parse(text).map_err(|_| foreign(words::NO_KEY))?;
        if key.verification_id() == Some(self.of) {
            Ok(key)
        } else {
            Err(foreign(words::OF_ANOTHER))
        }
    }

    async fn of_object(&self, key: &ObjectKey, vault: &Vault) -> Result<Seen, Fault> {
        if self.tells_of_attempts && self.bytes <= READ_MAX {
            let body = vault.get(key).await?;
            self.same(body.len() as u64, Sha256::of(&body))?;
            return Ok(self.seen(&body));
        }
        let Digested { bytes, sha256 } = vault.digest(key).await?;
        self.same(bytes, sha256)?;
        Ok(Seen {
            bytes,
            attempts: None,
        })
    }

    /// What is there is what was captured.
    fn seen(&self, body: &[u8]) -> Seen {
        // One that is an error tells of none.
        let told = || parse::getall(body).map_or_else(|_| Vec::new(), |answer| answer.attempts);
        Seen {
            bytes: body.len() as u64,
            attempts: self.tells_of_attempts.then(told),
        }
    }

    fn same(&self, bytes: u64, sha256: Sha256) -> Result<(), Fault> {
        let differs = |why| Err(Fault::Differs(Name::ObjectAltered, why));
        if i64::try_from(bytes) != Ok(self.bytes) {
            return differs(words::OTHER_LENGTH.with(&[&bytes, &self.bytes]));
        }
        if sha256 != self.sha256 {
            return differs(words::OTHER_DIGEST.with(&[&sha256, &self.sha256]));
        }
        Ok(())
    }

    pub(super) fn finding(&self, finding: Name, why: Sentence) -> Finding {
        Finding {
            what: Some(self.what.clone()),
            id: Some(self.id.clone()),
            object_key: match self.lies {
                // Of a text that is no key nothing is shown.
                Lies::Object(key) => ObjectKey::parse(key).ok().map(|key| key.to_string()),
                Lies::Row(_) => None,
            },
            ..Finding::of(finding, Some(self.of), why)
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
    let endpoint = Endpoint::kept_named(&row.endpoint);
    Piece {
        of,
        is_answer: true,
        tells_of_attempts: endpoint == Some(Endpoint::Getall),
        what: endpoint.map_or_else(
            || words::AN_ANSWER.with(&[]),
            |endpoint| words::ANSWER.with(&[&endpoint.name()]),
        ),
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
    let what = match row.attempt_no {
        // Handed in before any attempt.
        0 => words::MEDIUM_BEFORE.with(&[&kind, &row.position]),
        attempt_no => words::MEDIUM.with(&[&kind, &row.position, &attempt_no]),
    };
    Some(Piece {
        of,
        is_answer: false,
        tells_of_attempts: false,
        what,
        id: row.media_id.to_string(),
        bytes: row.bytes?,
        sha256: row.sha256?,
        lies: Lies::Object(row.object_key.as_deref()?),
    })
}

/// What the rows alone show.
pub(super) fn of_rows(kept: &Kept) -> Vec<Finding> {
    let of = |finding, why| Finding::of(finding, Some(kept.verification_id), why);
    let unreadable = kept.unreadable.iter();
    let mut found: Vec<Finding> = unreadable
        .map(|why| of(Name::RowUnreadable, words::UNREAD_ROW.with(&[why])))
        .collect();
    let without = |row: &&MediaReport| row.bytes.is_none() || row.sha256.is_none();
    found.extend(kept.media.iter().filter(without).map(|row| Finding {
        id: Some(row.media_id.to_string()),
        ..of(Name::RowUnreadable, words::NO_FACTS.with(&[]))
    }));
    if kept.is_archived && kept.answers.is_empty() && kept.unreadable.is_empty() {
        let why = words::ANSWERS_MISSING.with(&[]);
        found.push(of(Name::AnswersMissing, why));
    }
    found.extend(sums(kept).map(|why| of(Name::AttemptsDiffer, why)));
    found
}

/// How what its row sums up of its attempts differs from their rows.
fn sums(kept: &Kept) -> Option<Sentence> {
    if !kept.unreadable.is_empty() {
        return None;
    }
    let rows = &kept.attempt_rows;
    if i64::try_from(rows.len()) != Ok(kept.attempts) {
        return Some(words::COUNT_DIFFERS.with(&[&kept.attempts, &rows.len()]));
    }
    // None before false before true.
    let passed = rows.iter().map(|row| row.passed).max().flatten();
    let word = |passed: Option<bool>| match passed {
        None => "unknown",
        Some(true) => "yes",
        Some(false) => "no",
    };
    (passed != kept.passed)
        .then(|| words::PASSED_DIFFERS.with(&[&word(kept.passed), &word(passed)]))
}
