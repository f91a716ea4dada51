//! Tokens that come under Verikeep's care.

use async_trait::async_trait;

use crate::{
    domain::{id::VerificationId, submission::Submission},
    store::{
        Connection, Result,
        records::{MatchImage, NewVerification, TrackVerdict},
    },
};

/// Taking tokens on.
#[async_trait]
pub trait Tracking: Connection {
    /// Tracks tokens; idempotent. One verdict a row, in order. A token known with other facts is a
    /// conflict, and nothing is overwritten.
    async fn track(&self, rows: Vec<NewVerification>) -> Result<Vec<TrackVerdict>>;

    /// Writes what is about to be handed in of a person, who is found from then on by the index of
    /// the number. What was handed in first stands.
    async fn submit(&self, verification_id: VerificationId, submission: &Submission) -> Result<()>;

    /// Notes what came of handing it in: none when the provider took it, else why it did not.
    async fn end_submission(
        &self,
        verification_id: VerificationId,
        refused: Option<&str>,
    ) -> Result<()>;

    /// Keeps the image that is handed in to compare with, for a token that was issued here, as a
    /// medium. What was kept first stands.
    async fn keep_match_image(
        &self,
        verification_id: VerificationId,
        image: &MatchImage,
    ) -> Result<()>;
}
