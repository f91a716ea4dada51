//! Loops that do one small thing again and again.

use std::{future::Future, sync::Arc};

use tokio_util::sync::CancellationToken;

use crate::domain::{
    chance,
    time::{Clock, Span},
};

/// Runs `tick` about every `period` (with jitter) until `stop`.
pub async fn every<F, T>(period: Span, clock: Arc<dyn Clock>, stop: CancellationToken, mut tick: F)
where
    F: FnMut() -> T,
    T: Future<Output = ()>,
{
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep(chance::jitter(period)) => tick().await,
        }
    }
}
