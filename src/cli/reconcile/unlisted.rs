//! What is tracked in the period of a list and not in it.

use std::collections::BTreeSet;

use crate::{
    desk::{Desk, Result},
    domain::{digest::Sha256, time::Time},
    store::reports::{Filter, Summary},
};

/// How many are read at once.
const PAGE: i64 = 500;

/// The tokens of a list, 16 bytes each, its apps and its period.
#[derive(Default)]
pub(super) struct Listed {
    digests: Vec<u128>,
    apps: BTreeSet<String>,
    period: Option<(Time, Time)>,
}

impl Listed {
    /// Notes a token of the list, and when it was issued as it is tracked.
    pub(super) fn note(
        &mut self,
        told: &crate::domain::token::TrackRequest,
        tracked_as_issued_at: Option<Time>,
    ) {
        self.digests.push(digest(told.verify_token.reveal()));
        self.apps.insert(told.app.clone());
        if let Some(issued_at) = told.issued_at.or(tracked_as_issued_at) {
            let (from, to) = self.period.unwrap_or((issued_at, issued_at));
            self.period = Some((from.min(issued_at), to.max(issued_at)));
        }
    }

    /// The period: as told, or from the first to the last time of issue in the list.
    pub(super) fn period(&self, since: Option<Time>, until: Option<Time>) -> Option<(Time, Time)> {
        Some((
            since.or(self.period.map(|(from, _)| from))?,
            until.or(self.period.map(|(_, to)| to))?,
        ))
    }

    /// Hands every verification of the apps of the list that was issued in the period and is not in
    /// the list to `tell`.
    ///
    /// # Errors
    /// When the database cannot be read, or what `tell` says.
    pub(super) async fn each_unlisted<E>(
        mut self,
        desk: &dyn Desk,
        (from, to): (Time, Time),
        mut tell: impl FnMut(&Summary) -> std::result::Result<(), E>,
    ) -> Result<std::result::Result<i64, E>> {
        self.digests.sort_unstable();
        let mut filter = Filter {
            since: Some(from),
            until: Some(to),
            limit: PAGE,
            ..Filter::default()
        };
        let mut count = 0;
        loop {
            let page = desk.list(&filter).await?;
            for one in &page {
                if self.apps.contains(&one.app)
                    && self
                        .digests
                        .binary_search(&digest(&one.verify_token))
                        .is_err()
                {
                    count += 1;
                    if let Err(error) = tell(one) {
                        return Ok(Err(error));
                    }
                }
            }
            match page.last() {
                Some(last) => filter.after = Some(last.verification_id),
                None => return Ok(Ok(count)),
            }
        }
    }
}

/// Enough of a digest that no two tokens of a list are taken for one another.
fn digest(token: &str) -> u128 {
    let digest = Sha256::of(token.as_bytes());
    let (half, _) = digest
        .bytes()
        .split_first_chunk()
        .unwrap_or((&[0; 16], &[]));
    u128::from_be_bytes(*half)
}
