//! Objects that a transaction may have left without a row.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::objects;
use crate::{
    domain::{
        id::VerificationId,
        lease::{Lease, Stage},
    },
    store::{Result, dialect::Dialect},
};

/// Gathered while records are written, and looked for among the rows at their end.
#[derive(Default)]
pub(super) struct Unnamed {
    /// By key, the step that is told of it.
    keys: BTreeMap<String, (VerificationId, Stage)>,
    /// What was seen to be in a row meanwhile.
    named: HashSet<String>,
}

impl Unnamed {
    /// An object of which a row may not know.
    pub(super) fn add(&mut self, step: (VerificationId, Stage), key: &str) {
        if !self.named.contains(key) {
            self.keys.insert(key.to_owned(), step);
        }
    }

    /// What was brought of which rows took so many: if not all, some of it may be in none.
    pub(super) fn brought<'k>(
        &mut self,
        taken: usize,
        keys: impl ExactSizeIterator<Item = (&'k Lease, &'k str)>,
    ) {
        if taken == keys.len() {
            self.named.extend(keys.map(|(_, key)| key.to_owned()));
        } else {
            keys.for_each(|(lease, key)| self.add((lease.verification_id, lease.stage), key));
        }
    }

    /// Those that no row names, by step.
    pub(super) async fn find<DB: Dialect>(
        mut self,
        connection: &mut DB::Connection,
    ) -> Result<HashMap<(VerificationId, Stage), Vec<String>>> {
        let mut by_step: HashMap<_, Vec<String>> = HashMap::new();
        if self.keys.is_empty() {
            return Ok(by_step);
        }
        let keys = self.keys.iter().map(|(key, (id, _))| (*id, key.clone()));
        let keys: Vec<(VerificationId, String)> = keys.collect();
        for named in objects::named::<DB>(connection, &keys).await? {
            self.keys.remove(&named);
        }
        for (key, step) in self.keys {
            by_step.entry(step).or_default().push(key);
        }
        Ok(by_step)
    }
}
