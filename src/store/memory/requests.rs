//! Requests of the API.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    domain::{
        digest::Sha256,
        once::{KEPT, LEASE, Once},
        time::Time,
    },
    store::{Begun, Done, Requests, Result},
};

/// A request that is known.
pub(super) struct Request {
    body: Sha256,
    pub at: Time,
    done: Option<Done>,
}

#[async_trait]
impl Requests for MemoryStore {
    async fn begin_request(&self, once: &Once, now: Time) -> Result<Begun> {
        self.verb(|data| {
            let which = (once.key_id, once.told);
            if let Some(known) = data
                .requests
                .get(&which)
                .filter(|known| now.since(known.at) < KEPT)
            {
                if known.body != once.body {
                    return Ok(Begun::Other);
                }
                if let Some(done) = &known.done {
                    return Ok(Begun::Done(done.clone()));
                }
                if now.since(known.at) < LEASE {
                    return Ok(Begun::Running);
                }
            }
            let begun = Request {
                body: once.body,
                at: now,
                done: None,
            };
            data.requests.insert(which, begun);
            Ok(Begun::Yours)
        })
    }

    async fn end_request(&self, once: &Once, begun: Time, done: Option<&Done>) -> Result<bool> {
        self.verb(|data| {
            let which = (once.key_id, once.told);
            let known = data.requests.get_mut(&which);
            let Some(known) = known.filter(|known| known.at == begun && known.done.is_none())
            else {
                return Ok(false);
            };
            match done {
                Some(done) => known.done = Some(done.clone()),
                None => {
                    data.requests.remove(&which);
                }
            }
            Ok(true)
        })
    }
}
