//! Puts objects into the vault, and takes note of how that went: the alarm `vault_down` begins when
//! they cannot be written, whichever they are, and ends with the first that can.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use bytes::Bytes;
use futures::Stream;

use super::{Alarms, Watcher, call_log::CallLog, headway::Put};
use crate::{
    domain::{
        alarm::{Alarm, Kind},
        answer::{AnswerRow, Body, Endpoint},
        digest::Sha256,
        id::AnswerId,
        media::ObjectFacts,
        packed::Packed,
        time::{Clock, Time},
        token::Verification,
    },
    provider::{Reply, envelope},
    vault::{IngestError, Ingested, ObjectKey, Vault, VaultError},
};

/// Puts that fail in a row before a store that cannot be reached is worth an alarm; one that is
/// full or refuses access is at once.
const PATIENCE: u32 = 3;
/// The subject of the alarm.
pub(crate) const VAULT: &str = "objects";

/// Keeps what came.
pub(crate) struct Keeper {
    vault: Arc<Vault>,
    alarms: Arc<Alarms>,
    clock: Arc<dyn Clock>,
    watcher: Arc<dyn Watcher>,
    /// Failed puts since the last one that went well.
    failed: AtomicU32,
}

/// A body to be kept as it came.
pub(super) struct Kept {
    pub(super) endpoint: Endpoint,
    pub(super) fetched_at: Time,
    pub(super) http_status: i64,
    pub(super) body: Bytes,
    /// Of the body.
    pub(super) sha256: Sha256,
    /// The body as a row holds it, where it is small enough.
    pub(super) packed: Option<Packed>,
    pub(super) summary: envelope::Summary,
}

impl Kept {
    /// An answer of the provider.
    pub(super) fn of(reply: &Reply) -> Self {
        let sha256 = Sha256::of(&reply.body);
        Self {
            endpoint: reply.endpoint,
            fetched_at: reply.fetched_at,
            http_status: i64::from(reply.http_status),
            sha256,
            packed: Packed::of(&reply.body, sha256),
            body: reply.body.clone(),
            summary: envelope::summary(reply),
        }
    }

    /// What came in place of a medium.
    pub(super) fn in_place_of_medium(body: Bytes, fetched_at: Time) -> Self {
        let sha256 = Sha256::of(&body);
        Self {
            endpoint: Endpoint::Download,
            fetched_at,
            http_status: 200,
            sha256,
            packed: Packed::of(&body, sha256),
            body,
            summary: (None, None, None),
        }
    }
}

/// Whether an object could not be written whichever it was.
#[must_use]
pub(crate) const fn is_of_the_store(error: &VaultError) -> bool {
    matches!(
        error,
        VaultError::Unavailable(_) | VaultError::Full(_) | VaultError::Denied(_)
    )
}

impl Keeper {
    pub(super) fn new(
        vault: Arc<Vault>,
        alarms: Arc<Alarms>,
        clock: Arc<dyn Clock>,
        watcher: Arc<dyn Watcher>,
    ) -> Self {
        Self {
            vault,
            alarms,
            clock,
            watcher,
            failed: AtomicU32::new(0),
        }
    }

    /// Keeps an answer unless the verification has the very same one already: in its row, which is
    /// written with what was read from it, or as an object that is durable now. Returns the SHA-256
    /// of its bytes.
    pub(super) async fn keep(
        &self,
        verification: &Verification,
        kept: Kept,
        log: &mut CallLog,
    ) -> Result<Sha256, VaultError> {
        let Kept {
            endpoint,
            fetched_at,
            http_status,
            body,
            sha256,
            packed,
            summary: (success, code, log_id),
        } = kept;
        if log.kept.contains(&(endpoint, sha256)) {
            return Ok(sha256);
        }
        let answer_id = AnswerId::fresh(fetched_at);
        let body = match packed {
            Some(packed) => Body::Row(packed),
            None => {
                let key = ObjectKey::answer(verification.verification_id, answer_id);
                Body::Object(self.put(&key, body, &log.put).await?)
            }
        };
        self.watcher.answer_stored(body.bytes());
        log.kept.push((endpoint, sha256));
        log.answers.push(AnswerRow {
            answer_id,
            endpoint,
            fetched_at,
            http_status,
            success,
            code,
            log_id,
            body,
        });
        Ok(sha256)
    }

    /// Puts an object of a step.
    pub(super) async fn put(
        &self,
        key: &ObjectKey,
        bytes: Bytes,
        of: &Put,
    ) -> Result<ObjectFacts, VaultError> {
        of.begin(key);
        let put = self.vault.put(key, bytes).await;
        of.end();
        self.note(put.as_ref().err()).await;
        put
    }

    /// Puts an object as it arrives, unless it is one of the `known` (SHA-256).
    pub(super) async fn ingest<S, E>(
        &self,
        key: &ObjectKey,
        stream: S,
        bytes_max: u64,
        known: &[Sha256],
        of: &Put,
    ) -> Result<Ingested, IngestError<E>>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Send + Sync,
    {
        of.begin(key);
        let ingested = self.vault.ingest(key, stream, bytes_max, known).await;
        of.end();
        match &ingested {
            Ok(Ingested::Stored(_)) => self.note(None).await,
            Err(IngestError::Vault(error)) => self.note(Some(error)).await,
            // Says nothing of the vault.
            Ok(Ingested::Same { .. })
            | Err(IngestError::Stream(_) | IngestError::TooLarge { .. }) => {}
        }
        ingested
    }

    /// Drops objects that nothing points at.
    pub(super) async fn drop_objects(&self, object_keys: &[String]) {
        for object_key in object_keys {
            self.drop_object(object_key).await;
        }
    }

    /// Drops an object that nothing points at. One left over by a failure here is an orphan, which
    /// harms nothing.
    pub(super) async fn drop_object(&self, object_key: &str) {
        if let Ok(key) = ObjectKey::parse(object_key) {
            let _ = self.vault.delete(&key).await;
        }
    }

    async fn note(&self, error: Option<&VaultError>) {
        let of_the_store = error.filter(|error| is_of_the_store(error));
        // Any other error is an answer of a store that works.
        self.watcher
            .put(of_the_store.map_or(Ok(()), |error| Err(error.name())));
        let Some(error) = error else {
            let failed = self.failed.swap(0, Ordering::Relaxed);
            if failed >= PATIENCE {
                self.alarms
                    .clear(Kind::VaultDown, VAULT, self.clock.now())
                    .await;
            }
            return;
        };
        if !is_of_the_store(error) {
            return;
        }
        let is_lasting = !matches!(error, VaultError::Unavailable(_));
        let more = if is_lasting { PATIENCE } else { 1 };
        let before = self.failed.fetch_add(more, Ordering::Relaxed);
        if before.saturating_add(more) >= PATIENCE && !self.alarms.stands(Kind::VaultDown, VAULT) {
            // Whatever the count was, the next put that goes well ends it.
            self.failed.fetch_max(PATIENCE, Ordering::Relaxed);
            let alarm = Alarm {
                kind: Kind::VaultDown,
                subject: VAULT.to_owned(),
                text: error.to_string(),
            };
            self.alarms.raise(&alarm, self.clock.now()).await;
        }
    }
}
