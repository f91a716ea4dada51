//! What must not take longer.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use super::{Clock, Span};

/// What comes of `work` within `span` by this clock; none when it took longer, and was let go of.
pub async fn in_time<T>(clock: &dyn Clock, span: Span, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    // Not begun at all where the work is done at once.
    let mut over = pin!(async { clock.sleep(span).await });
    // What is done in time counts, even at the last moment.
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => over.as_mut().poll(context).map(|()| None),
    })
    .await
}
