//! A database that answers and cannot be used: a table or column is missing, its pages are damaged,
//! it refuses what is written or gives what cannot be read. Nothing of that passes by itself.
//!
//! A success proves only that its own verb works, so each verb is followed by itself. Once one fails
//! the schema is compared with what the migrations make: that names what is missing, and sees at
//! once when it is there again, however long nobody tries.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    archive::Archive,
    domain::{
        alarm::{Alarm, Kind},
        id::VerificationId,
        time::{Span, Time},
    },
    store::StoreError,
    web::Check,
};

/// What alarms about the database are about.
const DATABASE: &str = "database";
/// What a claim is called among the verbs; jobs have their names.
pub(super) const CLAIM: &str = "claim";
/// What the record of a step is called.
pub(super) const RECORD: &str = "record";

/// The faults of one database.
pub(super) struct Broken {
    /// Failing for so long is an alarm.
    patience: Span,
    /// What failed is tried again after this at the latest.
    lease: Span,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By verb.
    faults: BTreeMap<&'static str, Fault>,
    /// The verification whose record was refused last. One alone is its own fault, and an alarm
    /// `poison`; those of two are the database's.
    refused: Option<VerificationId>,
}

/// Since when, and with which words, a verb fails.
#[derive(Clone)]
struct Fault {
    since: Time,
    /// Since when it goes well again: once it has for as long as it had to fail, it is over.
    well_since: Option<Time>,
    text: String,
    /// Nobody need wait to see whether it lasts.
    is_damage: bool,
    /// It was told of in an alarm.
    is_told: bool,
    /// The schema was found to lack something.
    lacks: bool,
}

impl Broken {
    pub(super) fn new(patience: Span, lease: Span) -> Self {
        Self {
            patience,
            lease,
            state: Mutex::default(),
        }
    }

    /// A verb went well, or failed.
    pub(super) fn note(&self, verb: &'static str, result: Result<(), &StoreError>, now: Time) {
        let mut state = self.lock();
        match result {
            Ok(()) => {
                if verb == RECORD {
                    state.refused = None;
                }
                if let Some(fault) = state.faults.get_mut(verb) {
                    fault.well_since.get_or_insert(now);
                }
            }
            Err(error) if is_broken(error) => {
                let is_damage = matches!(error, StoreError::Damaged(_));
                let fault = state.faults.entry(verb).or_insert_with(|| Fault {
                    since: now,
                    well_since: None,
                    text: String::new(),
                    is_damage,
                    is_told: false,
                    lacks: false,
                });
                fault.well_since = None;
                fault.is_damage |= is_damage;
                if !fault.lacks {
                    fault.text = error.to_string();
                }
            }
            Err(_) => {}
        }
    }

    /// The record of one verification was refused.
    pub(super) fn refused(&self, of: VerificationId, error: &StoreError, now: Time) {
        if matches!(error, StoreError::Corrupt(_)) {
            let before = self.lock().refused.replace(of);
            if before.is_none_or(|before| before == of) {
                return;
            }
        }
        self.note(RECORD, Err(error), now);
    }

    /// Raises and ends the alarm.
    pub(super) async fn look(&self, archive: &Archive) {
        let now = archive.now();
        let is_suspected = !self.lock().faults.is_empty();
        if is_suspected {
            let shape = archive.store.check_shape().await;
            self.shaped(shape, archive.now());
        }
        let standing = self.standing(now);
        let stands = archive.alarms.stands(Kind::DatabaseBroken, DATABASE);
        match standing {
            Some(fault) if !stands => {
                let alarm = Alarm {
                    kind: Kind::DatabaseBroken,
                    subject: DATABASE.to_owned(),
                    text: fault.text,
                };
                archive.alarms.raise(&alarm, fault.since).await;
            }
            None if stands && self.lock().faults.is_empty() => {
                let kind = Kind::DatabaseBroken;
                archive.alarms.clear(kind, DATABASE, now).await;
            }
            _ => {}
        }
    }

    /// What the comparison of the schema means for what fails.
    fn shaped(&self, shape: Result<(), StoreError>, now: Time) {
        for fault in self.lock().faults.values_mut() {
            match &shape {
                Ok(()) if fault.lacks => {
                    fault.well_since.get_or_insert(now);
                }
                Err(error @ StoreError::Schema(_)) => {
                    fault.lacks = true;
                    fault.well_since = None;
                    fault.text = error.to_string();
                }
                _ => {}
            }
        }
    }

    /// The fault that is to be told; forgets those that are over.
    fn standing(&self, now: Time) -> Option<Fault> {
        let (patience, lease) = (self.patience, self.lease);
        let mut state = self.lock();
        state.faults.retain(|verb, fault| {
            // A record that failed is brought again when its lease is over.
            let stretch = match *verb {
                RECORD if !fault.lacks => Span(lease.0 + patience.0),
                _ => patience,
            };
            fault
                .well_since
                .is_none_or(|well| now.since(well) < stretch)
        });
        let mut faults = state.faults.values_mut();
        let told = faults.find(|fault| {
            let is_long = fault.is_damage || now.since(fault.since) >= patience;
            is_long && fault.well_since.is_none()
        });
        told.map(|fault| {
            fault.is_told = true;
            fault.clone()
        })
    }

    /// What is wrong at present, for the page of dependencies.
    pub(super) fn check(&self) -> Option<Check> {
        let state = self.lock();
        let fault = state
            .faults
            .iter()
            .find(|(_, fault)| fault.is_told || fault.well_since.is_none());
        fault.map(|(verb, fault)| Check {
            name: "database_whole".to_owned(),
            ok: Some(false),
            text: format!("broken since {} ({verb}): {}", fault.since, fault.text),
            calls: None,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the database is at fault and answers.
fn is_broken(error: &StoreError) -> bool {
    match error {
        StoreError::Schema(_) | StoreError::Corrupt(_) | StoreError::Damaged(_) => true,
        StoreError::Unavailable(_) | StoreError::LeaseLost => false,
    }
}

#[cfg(test)]
#[path = "broken_tests.rs"]
mod tests;
