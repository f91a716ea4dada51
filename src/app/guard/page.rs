//! What the guard has to say on pages.

use super::{Guard, lock};
use crate::{store::StoreError, web::Check};

impl Guard {
    /// What is wrong at present, for the page of dependencies.
    pub(in crate::app) fn checks(&self) -> Vec<Check> {
        let check = |name: String, text: String| Check {
            name,
            ok: Some(false),
            text,
            calls: None,
        };
        let wrong = self.rooms.wrong(self.archive.clock.elapsed());
        let room = |(what, text): (String, String)| check(format!("room/{what}"), text);
        let mut checks: Vec<Check> = wrong.into_iter().map(room).collect();
        if let Some(failing) = lock(&self.failing).as_ref() {
            checks.push(check(
                "database_writes".to_owned(),
                format!(
                    "nothing can be written since {}: {}",
                    failing.since, failing.text
                ),
            ));
        }
        checks.extend(self.broken.check());
        checks
    }
}

/// The word for it on pages.
pub(super) const fn name(error: &StoreError) -> &'static str {
    match error {
        StoreError::Unavailable(_) => "unavailable",
        StoreError::LeaseLost => "lease_lost",
        StoreError::Schema(_) => "schema",
        StoreError::Corrupt(_) => "corrupt",
        StoreError::Damaged(_) => "damaged",
    }
}
