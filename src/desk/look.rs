//! Those who take what is kept of a verification, and the trace they leave first.

use super::{Error, Handle, Local, Result, local::text, search::wrong};
use crate::{
    domain::{
        access::{Access, Purpose, What, Who, day_left},
        id::AccessId,
    },
    store::reports::{AccessReport, Whole},
};

/// Who takes it, and what for.
#[derive(Clone, Debug)]
pub struct Look {
    /// Who.
    pub who: Who,
    /// What for, where they say.
    pub purpose: Option<String>,
    /// Whether the person is to be shown in plain: then they have to say what for.
    pub reveal: bool,
}

impl Local {
    /// What is kept of a verification, once it is kept that somebody takes it; none of that name is
    /// tracked.
    ///
    /// # Errors
    /// When no purpose is told and one is wanted; when the trace could not be written, and then
    /// nothing is brought.
    pub async fn look(&self, handle: &Handle, look: Look) -> Result<Option<Whole>> {
        let rule = if look.reveal {
            Purpose::Required
        } else {
            self.purpose
        };
        let purpose = rule.check(look.purpose, None).map_err(wrong)?;
        let Some(mut whole) = self.store.show(&text(handle)).await? else {
            return Ok(None);
        };
        let id = whole.summary.verification_id;
        let now = self.clock.now();
        let access = Access {
            access_id: AccessId::fresh(now),
            at: now,
            who: look.who,
            what: if look.reveal {
                What::Reveal(id)
            } else {
                What::Files(id)
            },
            purpose,
        };
        if !self.store.begin_access(&access).await? {
            return Err(Error::TooOften(day_left(now)));
        }
        whole.accesses.push(AccessReport::of(&access));
        Ok(Some(whole))
    }
}
