//! One process and its share of a quota that answers when it is told to.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::atomic::{AtomicI64, AtomicUsize, Ordering},
    task::Poll,
};

use async_trait::async_trait;
use futures::{FutureExt as _, poll};

use super::*;
use crate::domain::quota::{LATE, PACE, Reserved, Wish};

/// Moved by hand; who sleeps finds out when it is polled.
#[derive(Clone, Default)]
struct ByHand(Arc<AtomicI64>);

impl Clock for ByHand {
    fn now(&self) -> Time {
        Time(0)
    }
    fn elapsed(&self) -> Span {
        Span(self.0.load(Ordering::SeqCst))
    }
    fn sleep(&self, span: Span) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (clock, until) = (self.clone(), self.elapsed().0 + span.0);
        Box::pin(poll_fn(move |_| {
            if clock.elapsed().0 >= until {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }))
    }
}

/// Answers so many wishes, with permits that can be used after so long.
#[derive(Default)]
struct Told {
    answers: AtomicUsize,
    in_us: AtomicI64,
    wishes: Mutex<Vec<Wish>>,
}

#[async_trait]
impl Quota for Told {
    async fn reserve(&self, wish: &Wish) -> Result<Reserved, String> {
        let nth = {
            let mut wishes = self.wishes.lock().unwrap();
            wishes.push(wish.clone());
            wishes.len()
        };
        poll_fn(|_| {
            if self.answers.load(Ordering::SeqCst) >= nth {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        Ok(Reserved {
            at_us: 0,
            first_us: self.in_us.load(Ordering::SeqCst),
            interval_us: 10_000,
            pace: PACE,
        })
    }
}

fn share() -> (ByHand, Arc<Told>, Arc<RateLimiter>) {
    let (clock, told) = (ByHand::default(), Arc::new(Told::default()));
    let limiters = RateLimiters::shared(Arc::new(clock.clone()), Arc::clone(&told) as _);
    let limiter = limiters.limiter("a", Endpoint::Getall, 100.0);
    told.in_us.store(-5_000, Ordering::SeqCst);
    (clock, told, limiter)
}

#[tokio::test]
async fn what_was_asked_for_by_many_who_gave_up_is_asked_for_once() {
    let (_clock, told, limiter) = share();
    for _ in 0..90 {
        assert!(limiter.permit().now_or_never().is_none());
    }
    assert_eq!(told.wishes.lock().unwrap().len(), 1);
    told.answers.store(1, Ordering::SeqCst);
    limiter.permit().now_or_never().unwrap().unwrap();
    assert_eq!(told.wishes.lock().unwrap().len(), 1, "it is used");
}

#[tokio::test]
async fn a_process_that_stood_still_uses_no_old_permit_and_asks_for_no_later_use() {
    for (label, answered, in_us) in [("asking", 0, -5_000), ("waiting for its time", 1, 50_000)] {
        let (clock, told, limiter) = share();
        told.answers.store(answered, Ordering::SeqCst);
        told.in_us.store(in_us, Ordering::SeqCst);
        let mut permit = pin!(limiter.permit());
        assert!(poll!(&mut permit).is_pending(), "{label}");
        clock.0.fetch_add(4_000, Ordering::SeqCst);
        told.answers.store(1, Ordering::SeqCst);
        assert!(poll!(&mut permit).is_pending(), "{label}: too old");
        let wishes = told.wishes.lock().unwrap();
        let late: Vec<Span> = wishes.iter().map(|wish| wish.late).collect();
        assert_eq!(late, [LATE, LATE], "{label}");
    }
}
