//! Persons that are looked for by their number.

use super::{Error, Result};
use crate::{
    domain::{
        access::{Access, Purpose, What, Who, WrongField, check_number, day_left},
        id::AccessId,
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
    /// Which of the person's; the index is filled in.
    pub filter: Filter,
    /// What for: a key has to say, and a user of the host where the configuration wants it.
    pub purpose: Option<String>,
    /// Who asks, and leaves a trace; over the network it is the key.
    pub who: Who,
}

/// The verifications of a person.
#[derive(Clone, Debug)]
pub struct Found {
    /// The newest first.
    pub verifications: Vec<Summary>,
    /// Whether there are more behind them.
    pub more: bool,
    /// How many attempts were passed over: indexed with another key or with none. None where that
    /// is more than none and nobody says how many.
    pub passed_over: Option<i64>,
}

/// Looks, once it is kept that somebody does.
pub(super) async fn search(
    store: &dyn Store,
    key: Option<&IndexKey>,
    asked: Search,
    rule: Purpose,
    now: Time,
) -> Result<Found> {
    check_number(&asked.id_number).map_err(wrong)?;
    let rule = match &asked.who {
        Who::Key { .. } => Purpose::Required,
        Who::User(_) => rule,
    };
    let purpose = rule
        .check(asked.purpose, Some(&asked.id_number))
        .map_err(wrong)?;
    let known = store.installation().await?.installation;
    let known = known.and_then(|installation| installation.index_key_id);
    let key = look_up(known.as_deref(), key)?;
    let index = key.id_number(asked.id_number.reveal());
    let access = Access {
        access_id: AccessId::fresh(now),
        at: now,
        who: asked.who,
        what: What::Search {
            id_number_index: index.clone(),
            app: asked.filter.app.clone(),
        },
        purpose,
    };
    if !store.begin_access(&access).await? {
        return Err(Error::TooOften(day_left(now)));
    }
    let limit = asked.filter.limit;
    let filter = Filter {
        id_number_index: Some(index),
        // One more than wanted, so that it is known whether there are more.
        limit: limit.saturating_add(1),
        ..asked.filter
    };
    let mut verifications = store.list(&filter).await?;
    let wanted = usize::try_from(limit).unwrap_or_default();
    let more = verifications.len() > wanted;
    verifications.truncate(wanted);
    let hits = i64::try_from(verifications.len()).unwrap_or(i64::MAX);
    store.end_access(access.access_id, hits).await?;
    Ok(Found {
        verifications,
        more,
        passed_over: Some(store.indexed_otherwise(&key.id()).await?),
    })
}

/// A question that is wrong.
pub(super) fn wrong((field, why): WrongField) -> Error {
    Error::Field { field, why }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use futures::{FutureExt as _, executor::block_on};

    use super::*;
    use crate::{
        domain::{id::KeyId, time::HeldClock},
        store::memory::MemoryStore,
    };

    const NOW: Time = Time(1_795_421_701_000);

    fn asked(purpose: &str) -> Search {
        Search {
            id_number: Secret::new("110101199003070003"),
            filter: Filter {
                limit: 10,
                ..Filter::default()
            },
            purpose: Some(purpose.to_owned()),
            who: Who::Key {
                key_id: KeyId::fresh(NOW),
                name: "key audit".to_owned(),
            },
        }
    }

    #[test]
    fn a_trace_is_left_before_anything_is_read_and_none_when_nothing_is() {
        let store = MemoryStore::new(HeldClock::at(NOW));
        let key = IndexKey::new(vec![7; 32]).unwrap();
        let traces = || store.rows()["accesses"];
        for (label, key, purpose) in [("no key", None, "case 17"), ("no purpose", Some(&key), "")] {
            let refused = block_on(search(&store, key, asked(purpose), Purpose::Optional, NOW));
            assert!(refused.is_err(), "{label}");
            assert_eq!(traces(), 0, "{label}");
        }
        store.set_breaking(Some("list"));
        let broken = search(&store, Some(&key), asked("case 17"), Purpose::Optional, NOW);
        assert!(block_on(AssertUnwindSafe(broken).catch_unwind()).is_err());
        assert_eq!(traces(), 1, "the reading broke, the trace is there");
    }
}
