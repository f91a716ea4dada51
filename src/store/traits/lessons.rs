//! What was learned of the apps. It is written with the poll that learned it
//! ([`PollRecord`](crate::store::records::PollRecord)), and read here.

use async_trait::async_trait;

use crate::{
    domain::lessons::Lessons,
    store::{Connection, Result},
};

/// What was learned, as rows.
#[async_trait]
pub trait LessonStore: Connection {
    /// What was learned of all apps.
    async fn lessons(&self) -> Result<Lessons>;
}
