//! The case that somebody who looks around looks at first.

use serde::Serialize;
use simulator::{Made, Truth};

use super::super::AppError;
use crate::archive::Archive;

/// A token worth looking at, and the person who used it.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Example {
    /// The token.
    pub verify_token: String,
    /// What happened.
    pub life: String,
    /// The number on the person's simulated card.
    pub id_number: String,
}

impl Example {
    /// The first who failed and then passed and whose video and whole card were kept; else whoever
    /// came first.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn of(
        archive: &Archive,
        made: &[(&str, Made)],
        truth: &Truth,
    ) -> Result<Self, AppError> {
        let told = |(life, one): &(&str, Made)| Self {
            verify_token: one.verify_token.clone(),
            life: (*life).to_owned(),
            id_number: id_number(truth, &one.verify_token),
        };
        for one in made
            .iter()
            .filter(|(life, _)| life.starts_with("failed, then"))
        {
            let whole = archive.store.show(&one.1.verify_token).await?;
            let kept = whole.is_some_and(|whole| {
                ["process_video", "id_back"].into_iter().all(|kind| {
                    let mut media = whole.media.iter();
                    media.any(|medium| medium.kind == kind && medium.state == "stored")
                })
            });
            if kept {
                return Ok(told(one));
            }
        }
        Ok(made.first().map(told).unwrap_or_default())
    }
}

/// The number that was confirmed last.
fn id_number(truth: &Truth, verify_token: &str) -> String {
    truth
        .token(verify_token)
        .and_then(|token| token.attempts.last())
        .map(|attempt| attempt.facts.id_number.clone())
        .unwrap_or_default()
}
