//! What came of each app in each hour, for alarms on what is unusual.

use async_trait::async_trait;

use crate::{
    domain::{time::Time, traffic::Traffic},
    store::{Connection, Result},
};

/// Sums of an hour, and the figures of now.
#[async_trait]
pub trait Hours: Connection {
    /// Adds up the hours that are over and were not added up before, and lets go of those that are
    /// older than [`HOURS_KEPT`](crate::domain::traffic::HOURS_KEPT). An hour is added up once: what is
    /// told of it later does not count.
    async fn add_up(&self, now: Time) -> Result<()>;

    /// The figures of each app of which anything came, by app. Reads the last hour, and of the time
    /// before it the sums.
    async fn traffic(&self, now: Time) -> Result<Vec<Traffic>>;
}
