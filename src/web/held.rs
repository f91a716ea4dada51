//! A value that is costly to find out, held for a while, and found out once however many ask.
//!
//! The longer it took, the longer it is held: finding it out never takes more than a twentieth of
//! the time.

use std::{future::Future, sync::Arc};

use tokio::sync::Mutex;

use crate::domain::time::{Clock, Span};

/// The value, when it was found (as what had elapsed), and how long that took.
pub(super) struct Held<T> {
    found: Arc<Mutex<Option<(Span, Span, T)>>>,
    clock: Arc<dyn Clock>,
    /// How old it may be, unless it took long to find.
    age_max: Span,
    /// How long one who asks waits for it.
    wait_max: Span,
}

/// A value is held for this many times as long as it took to find.
const COST: i64 = 20;

impl<T: Clone + Send + 'static> Held<T> {
    pub(super) fn new(clock: Arc<dyn Clock>, age_max: Span, wait_max: Span) -> Self {
        Self {
            found: Arc::default(),
            clock,
            age_max,
            wait_max,
        }
    }

    /// The value; none when it could not be found in time. Finding out goes on then, for whoever
    /// asks next.
    #[allow(clippy::disallowed_methods, reason = "the HTTP server keeps tokio")]
    pub(super) async fn get<F>(&self, find: F) -> Option<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut patience = std::pin::pin!(self.clock.sleep(self.wait_max));
        // What is there before that it took too long.
        let mut found = tokio::select! {
            biased;
            found = Arc::clone(&self.found).lock_owned() => found,
            () = &mut patience => return None,
        };
        if let Some((at, took, value)) = found.as_ref()
            && (Span(0)..self.age_max.max(took.times(COST)))
                .contains(&Span(self.clock.elapsed().0 - at.0))
        {
            return Some(value.clone());
        }
        let clock = Arc::clone(&self.clock);
        // Apart from the request: whoever hangs up must not break off a database call half way.
        let finding = tokio::spawn(async move {
            let began = clock.elapsed();
            let value = find.await;
            let ended = clock.elapsed();
            *found = Some((ended, Span(ended.0 - began.0), value.clone()));
            value
        });
        tokio::select! {
            biased;
            value = finding => value.ok(),
            () = &mut patience => None,
        }
    }
}
