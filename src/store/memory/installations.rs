//! What the model belongs to.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    domain::{
        access::What,
        id::VerificationId,
        identity::Reindexed,
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
            let stored = media.filter_map(|row| {
                let object = row.object.as_ref()?;
                Some((row.media_id, object.object_key.clone()))
            });
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

    async fn indexed_otherwise_after(
        &self,
        index_key_id: &str,
        after: VerificationId,
        limit: i64,
    ) -> Result<Vec<VerificationId>> {
        self.verb(|data| {
            let is_other = |key: &Option<String>| key.as_deref() != Some(index_key_id);
            let mut left: Vec<_> = data
                .verifications
                .iter()
                .filter(|(_, kept)| {
                    let handed_in = kept.submitted.iter().any(|(_, key)| is_other(key));
                    let mut attempts = kept.attempts.values();
                    handed_in
                        || attempts.any(|(_, identity)| {
                            identity.id_number_masked.is_some() && is_other(&identity.index_key_id)
                        })
                })
                .map(|(verification_id, _)| *verification_id)
                .filter(|verification_id| *verification_id > after)
                .collect();
            left.sort_unstable();
            left.truncate(usize::try_from(limit).unwrap_or(0));
            Ok(left)
        })
    }

    async fn exchange_index_key(&self, index_key_id: &str) -> Result<()> {
        self.verb(|data| {
            if let Some(installation) = &mut data.installation {
                installation.index_key_id = Some(index_key_id.to_owned());
            }
            Ok(())
        })
    }

    async fn reindex(
        &self,
        verification_id: VerificationId,
        index_key_id: &str,
        rows: Vec<Reindexed>,
    ) -> Result<()> {
        self.verb(|data| {
            let key = Some(index_key_id.to_owned());
            for row in rows {
                let index = Some(row.index.clone());
                let is_same =
                    |before: &Option<String>| row.before.is_some() && *before == row.before;
                for (id, kept) in &mut data.verifications {
                    let is_this = *id == verification_id;
                    if let Some((submitted, of)) = &mut kept.submitted
                        && (is_same(&submitted.id_number_index)
                            || (is_this && row.attempt_no.is_none()))
                    {
                        (submitted.id_number_index, *of) = (index.clone(), key.clone());
                    }
                    for (no, (_, identity)) in &mut kept.attempts {
                        if is_same(&identity.id_number_index)
                            || (is_this && row.attempt_no == Some(*no))
                        {
                            identity.id_number_index.clone_from(&index);
                            identity.index_key_id.clone_from(&key);
                        }
                    }
                }
                for access in &mut data.accesses {
                    if let What::Search {
                        id_number_index, ..
                    } = &mut access.what
                        && Some(&*id_number_index) == row.before.as_ref()
                    {
                        id_number_index.clone_from(&row.index);
                    }
                }
            }
            Ok(())
        })
    }
}
