//! The archive compared with itself: every row with the bytes it names.
//!
//! What is read is the whole of each answer and medium, not its length alone: a swapped, cut or
//! altered object has another SHA-256 than its row. Rows of attempts are compared with what the
//! answers say, from which they were read. A verification in which something is found is
//! looked at once more with its rows read anew, so that what a daemon changes meanwhile is no
//! finding.

mod attempt;
mod damage;
mod finding;
mod piece;
mod words;

use futures::{StreamExt as _, stream};
use serde::Serialize;

#[cfg(test)]
pub(crate) use self::damage::tests;
use self::{
    attempt::Heard,
    piece::{Fault, Seen, of_rows, pieces},
};
pub use self::{
    damage::Damage,
    finding::{Finding, Name},
};
use super::{AppError, orphans};
use crate::{
    domain::{id::VerificationId, time::Time},
    store::{
        Store,
        reports::{Kept, Which},
    },
    vault::Vault,
};

/// Verifications whose rows are read at once.
const PAGE: i64 = 100;
/// Objects that are read at once.
const AT_ONCE: usize = 8;
/// When so many objects in a row cannot be read, it is the store that cannot.
const UNREADABLE_MAX: usize = 16;

/// How much was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Verifications looked at.
    pub verifications: u64,
    /// Answers read.
    pub answers: u64,
    /// Images and videos read.
    pub media: u64,
    /// Bytes of them, unpacked.
    pub bytes: u64,
    /// Findings.
    pub findings: u64,
}

/// What is told on the way.
#[derive(Debug)]
pub enum Told<'t> {
    /// How far it is.
    At(&'t Checked),
    /// What was found.
    Found(&'t Finding),
}

/// Compares, and tells of what it finds. Objects that no row names are looked for where all verifications are
/// compared: those written before `old`.
///
/// # Errors
/// Why database or vault could not be asked, or what `tell` returns; what was told so far stands.
pub async fn verify<E: From<AppError>>(
    store: &dyn Store,
    vault: &Vault,
    which: Which,
    old: Time,
    tell: &mut (dyn FnMut(Told<'_>) -> Result<(), E> + Send),
) -> Result<Checked, E> {
    let mut comparison = Comparison {
        store,
        vault,
        which,
        checked: Checked::default(),
        unreadable: 0,
        tell,
    };
    comparison.pages().await?;
    if which.is_all() {
        comparison.unknown(old).await?;
    }
    Ok(comparison.checked)
}

struct Comparison<'c, E> {
    store: &'c dyn Store,
    vault: &'c Vault,
    which: Which,
    checked: Checked,
    /// Objects in a row that could not be read.
    unreadable: usize,
    tell: &'c mut (dyn FnMut(Told<'_>) -> Result<(), E> + Send),
}

impl<E: From<AppError>> Comparison<'_, E> {
    /// Every verification, the newest first: of them the provider may still have what is damaged.
    async fn pages(&mut self) -> Result<(), E> {
        let mut before = None;
        loop {
            let page = self.store.kept(self.which, before.as_deref(), PAGE).await;
            let page = page.map_err(AppError::from)?;
            for _ in 0..page.nameless {
                let why = words::NO_UUID.with(&[]);
                self.found(&Finding::of(Name::RowUnreadable, None, why))?;
            }
            for stray in &page.strays {
                let why = words::OF_NOBODY.with(&[&stray.relation]);
                let of = Some(stray.verification_id);
                self.found(&Finding::of(Name::VerificationMissing, of, why))?;
            }
            let found = self.compare(&page.kept).await?;
            for one in page.kept {
                self.checked.verifications += 1;
                if found
                    .iter()
                    .any(|finding| finding.verification_id == Some(one.verification_id))
                {
                    self.once_more(one.verification_id).await?;
                }
            }
            (self.tell)(Told::At(&self.checked))?;
            match page.next {
                Some(next) => before = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Reads the rows of a verification anew, and tells what is found in them.
    async fn once_more(&mut self, id: VerificationId) -> Result<(), E> {
        let just_above = format!("{id}0");
        let page = self
            .store
            .kept(Which::default(), Some(&just_above), 1)
            .await;
        let mut page = page.map_err(AppError::from)?;
        page.kept.retain(|one| one.verification_id == id);
        let checked = self.checked;
        self.unreadable = 0;
        let found = self.compare(&page.kept).await?;
        // It was counted before.
        self.checked = checked;
        found.iter().try_for_each(|finding| self.found(finding))
    }

    fn found(&mut self, finding: &Finding) -> Result<(), E> {
        self.checked.findings += 1;
        (self.tell)(Told::Found(finding))
    }

    /// Compares rows with bytes; brings what is found.
    async fn compare(&mut self, kept: &[Kept]) -> Result<Vec<Finding>, E> {
        let mut found: Vec<Finding> = kept.iter().flat_map(of_rows).collect();
        let pieces = kept.iter().flat_map(pieces);
        let vault = self.vault;
        let mut heard = Heard::default();
        let mut compared = stream::iter(pieces)
            .map(|piece| async move {
                let seen = piece.compared(vault).await;
                (piece, seen)
            })
            .buffered(AT_ONCE);
        while let Some((piece, seen)) = compared.next().await {
            let counted = if piece.is_answer {
                &mut self.checked.answers
            } else {
                &mut self.checked.media
            };
            *counted += 1;
            let (bytes, told) = match seen {
                Ok(Seen { bytes, attempts }) => (Ok(bytes), attempts),
                Err(fault) => (Err(fault), None),
            };
            if piece.tells_of_attempts {
                heard.hear(piece.of, told);
            }
            match bytes {
                Ok(bytes) => {
                    self.unreadable = 0;
                    self.checked.bytes += bytes;
                }
                Err(Fault::Vault(error)) => {
                    self.unreadable += 1;
                    if self.unreadable >= UNREADABLE_MAX {
                        return Err(AppError::from(error).into());
                    }
                    found.push(
                        piece.finding(Name::ObjectUnreadable, words::NOT_READ.with(&[&error])),
                    );
                }
                Err(Fault::Differs(name, why)) => {
                    self.unreadable = 0;
                    found.push(piece.finding(name, why));
                }
            }
        }
        found.extend(kept.iter().flat_map(|one| heard.altered(one)));
        Ok(found)
    }

    /// Objects that no row names.
    async fn unknown(&mut self, old: Time) -> Result<(), E> {
        let (store, vault) = (self.store, self.vault);
        orphans::each(store, vault, old, async |lying| {
            let why = words::NAMED_BY_NONE.with(&[&lying.written_at, &lying.stored_bytes]);
            self.found(&Finding {
                object_key: Some(lying.key.to_string()),
                ..Finding::of(Name::ObjectUnknown, Some(lying.of), why)
            })
        })
        .await
    }
}
