//! Persons that are looked for by their number.

use super::{Error, Result};
use crate::{
    domain::{
        access::{Access, check, day_left},
        id::{AccessId, KeyId, VerificationId},
        identity::IndexKey,
        installation::look_up,
        secret::Secret,
        time::Time,
    },
    store::{
        Store,
        reports::{Filter, Summary},
    },
};

/// Who is looked for, by whom and what for.
#[derive(Clone, Debug)]
pub struct Search {
    /// The number.
    pub id_number: Secret,
    /// What for.
    pub purpose: String,
    /// The app looked at; none: all.
    pub app: Option<String>,
    /// How many at most.
    pub limit: i64,
    /// Page on behind this one.
    pub after: Option<VerificationId>,
    /// The key that was shown.
    pub key_id: KeyId,
    /// Who asks.
    pub by: String,
}

/// The verifications of a person.
#[derive(Clone, Debug)]
pub struct Found {
    /// The newest first.
    pub verifications: Vec<Summary>,
    /// Whether there are more behind them.
    pub more: bool,
    /// Whether every attempt could be looked through: none is indexed with another key or none.
    pub complete: bool,
}

/// Looks, once it is kept that it does.
pub(super) async fn search(
    store: &dyn Store,
    key: Option<&IndexKey>,
    asked: Search,
    now: Time,
) -> Result<Found> {
    check(&asked.id_number, &asked.purpose).map_err(|(field, why)| Error::Field { field, why })?;
    let known = store.installation().await?.installation;
    let known = known.and_then(|installation| installation.index_key_id);
    let key = look_up(known.as_deref(), key)?;
    let index = key.id_number(asked.id_number.reveal());
    let access = Access {
        access_id: AccessId::fresh(now),
        at: now,
        key_id: asked.key_id,
        by: asked.by,
        purpose: asked.purpose,
        app: asked.app.clone(),
        id_number_index: index.clone(),
    };
    if !store.begin_access(&access).await? {
        return Err(Error::TooOften(day_left(now)));
    }
    let filter = Filter {
        app: asked.app,
        id_number_index: Some(index),
        // One more than wanted, so that it is known whether there are more.
        limit: asked.limit.saturating_add(1),
        after: asked.after,
        ..Filter::default()
    };
    let mut verifications = store.list(&filter).await?;
    let wanted = usize::try_from(asked.limit).unwrap_or_default();
    let more = verifications.len() > wanted;
    verifications.truncate(wanted);
    let hits = i64::try_from(verifications.len()).unwrap_or(i64::MAX);
    store.end_access(access.access_id, hits).await?;
    let complete = store.indexed_otherwise(&key.id()).await? == 0;
    Ok(Found {
        verifications,
        more,
        complete,
    })
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use futures::{FutureExt as _, executor::block_on};

    use super::*;
    use crate::{domain::time::HeldClock, store::memory::MemoryStore};

    const NOW: Time = Time(1_795_421_701_000);

    fn asked(purpose: &str) -> Search {
        Search {
            id_number: Secret::new("110101199003070003"),
            purpose: purpose.to_owned(),
            app: None,
            limit: 10,
            after: None,
            key_id: KeyId::fresh(NOW),
            by: "key audit".to_owned(),
        }
    }

    #[test]
    fn a_trace_is_left_before_anything_is_read_and_none_when_nothing_is() {
        let store = MemoryStore::new(HeldClock::at(NOW));
        let key = IndexKey::new(vec![7; 32]).unwrap();
        let traces = || store.rows()["accesses"];
        for (label, key, purpose) in [("no key", None, "case 17"), ("no purpose", Some(&key), "")] {
            let refused = block_on(search(&store, key, asked(purpose), NOW));
            assert!(refused.is_err(), "{label}");
            assert_eq!(traces(), 0, "{label}");
        }
        store.set_breaking(Some("list"));
        let broken = search(&store, Some(&key), asked("case 17"), NOW);
        assert!(block_on(AssertUnwindSafe(broken).catch_unwind()).is_err());
        assert_eq!(traces(), 1, "the reading broke, the trace is there");
    }
}
