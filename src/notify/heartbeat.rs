//! The address that is called while all is well: who looks after it misses the calls.

use super::NotSent;
use crate::{
    domain::channel::Post,
    provider::post::{PostError, Poster},
};

/// The address, ready to be called.
pub struct Heartbeat(Poster);

impl Heartbeat {
    /// Makes it ready; nothing is connected to yet.
    ///
    /// # Errors
    /// Why it cannot be called.
    pub fn open(post: &Post) -> Result<Self, NotSent> {
        let poster = Poster::new(post, &Poster::limits());
        let refused = |why: PostError| NotSent::lasting(format!("heartbeat_url: {why}"));
        poster.map(Self).map_err(refused)
    }

    /// Calls it once.
    ///
    /// # Errors
    /// Why it did not answer, or what it answered but 2xx.
    pub async fn beat(&self) -> Result<(), NotSent> {
        match self.0.get().await?.http_status {
            200..=299 => Ok(()),
            status => Err(NotSent::of_status(status)),
        }
    }
}
