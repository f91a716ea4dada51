//! What the model belongs to.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    domain::{
        installation::{Database, Installation},
        time::Time,
    },
    store::{Installations, Result},
};

#[async_trait]
impl Installations for MemoryStore {
    async fn installation(&self) -> Result<Database> {
        self.verb(|data| {
            let all = || data.verifications.values();
            let answers = all().flat_map(|kept| &kept.answers);
            let objects =
                answers.filter_map(|answer| Some((&answer.answer_id, answer.body.object()?)));
            let newest = objects
                .max_by_key(|(id, _)| *id)
                .map(|(_, object)| object.object_key.clone());
            let media = all()
                .flat_map(|kept| kept.media.values())
                .map(|medium| &medium.row);
            let stored = media.filter_map(|row| Some((row.media_id, row.object_key.clone()?)));
            Ok(Database {
                installation: data.installation.clone(),
                newest_object: newest
                    .or_else(|| stored.max_by_key(|(id, _)| *id).map(|(_, key)| key)),
            })
        })
    }

    async fn begin_installation(&self, drawn: &Installation, _now: Time) -> Result<Installation> {
        self.verb(|data| {
            let stands = data.installation.get_or_insert_with(|| drawn.clone());
            if stands.index_key_id.is_none() {
                stands.index_key_id.clone_from(&drawn.index_key_id);
            }
            Ok(stands.clone())
        })
    }

    async fn indexed_otherwise(&self, index_key_id: &str) -> Result<i64> {
        self.verb(|data| {
            let attempts = data
                .verifications
                .values()
                .flat_map(|kept| kept.attempts.values());
            let others = attempts.filter(|(_, identity)| {
                identity.id_number_masked.is_some()
                    && identity.index_key_id.as_deref() != Some(index_key_id)
            });
            let handed_in = data.verifications.values();
            let handed_in = handed_in.filter_map(|kept| kept.submitted.as_ref());
            let handed_in = handed_in.filter(|(_, key)| key.as_deref() != Some(index_key_id));
            let count = others.count() + handed_in.count();
            Ok(i64::try_from(count).unwrap_or(i64::MAX))
        })
    }
}
