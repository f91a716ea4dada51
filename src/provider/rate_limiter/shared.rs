//! Permits of a quota that several processes share: asked for some at a time, each with an instant
//! at which it may be used, and used then or never.
//!
//! The instants are on the clock of whoever shares the quota out. When the answer is here, they are
//! no later than they seem; when the question went, no earlier: so a permit is used after its
//! instant as counted from the answer, and before it is too late as counted from the question.

use std::{collections::VecDeque, sync::Arc};

use async_trait::async_trait;
use futures::future::BoxFuture;

use crate::domain::{
    answer::Endpoint,
    quota::{LATE, News, Reserved, Wish},
    time::Span,
};

/// Asked again so soon, it is asked for a quarter second's worth.
const BATCH: Span = Span(250);
/// Who does not answer within this is away.
pub(super) const ANSWER_MAX: Span = Span::seconds(1);
/// How long it is left alone then.
pub(super) const AWAY: Span = Span::seconds(1);
/// Beyond what questions take: what a sleeper may wake late.
const WAKE: i64 = 12;
/// More than this is not asked for.
const LATE_MAX: i64 = 1000;

/// What will have elapsed.
pub(super) const fn after(elapsed: Span, span: Span) -> Span {
    Span(elapsed.0.saturating_add(span.0))
}

/// A quota that several processes share ([`crate::domain::quota`]).
#[async_trait]
pub trait Quota: Send + Sync + 'static {
    /// Reserves permits.
    ///
    /// # Errors
    /// Why it cannot be asked.
    async fn reserve(&self, wish: &Wish) -> Result<Reserved, String>;
}

/// Whose part of which quota.
pub(super) struct Share {
    pub(super) quota: Arc<dyn Quota>,
    pub(super) account: String,
    pub(super) endpoint: Endpoint,
}

/// A question for permits that is under way.
pub(super) struct Asked {
    pub(super) sent: Span,
    pub(super) wish: Wish,
    pub(super) answer: BoxFuture<'static, Result<Reserved, String>>,
}

impl Share {
    pub(super) fn ask(&self, sent: Span, wish: Wish) -> Asked {
        let (quota, told) = (Arc::clone(&self.quota), wish.clone());
        Asked {
            sent,
            wish,
            answer: Box::pin(async move { quota.reserve(&told).await }),
        }
    }
}

/// What one process has in hand, instants as what has elapsed.
#[derive(Default)]
pub(super) struct Hand {
    permits: VecDeque<Permit>,
    /// Whether somebody waits for the first.
    is_awaited: bool,
    asked_at: Option<Span>,
    /// How late permits come to be used of late, milliseconds.
    lag: i64,
    news: News,
    /// It could not be asked, and is not before this.
    away: Option<Span>,
}

#[derive(Clone, Copy)]
struct Permit {
    from: Span,
    until: Span,
}

/// What to do now.
pub(super) enum Next {
    Use,
    Wait(Span),
    Ask,
    /// Nobody can be asked for so long.
    Alone(Span),
}

impl Hand {
    pub(super) fn next(&mut self, elapsed: Span) -> Next {
        while let Some(first) = self.permits.front().copied() {
            if elapsed < first.from {
                self.is_awaited = true;
                return Next::Wait(Span(first.from.0 - elapsed.0));
            }
            if elapsed <= first.until {
                return Next::Use;
            }
            if self.is_awaited {
                self.lag = self.lag.max(slowness(elapsed.0 - first.from.0));
            }
            self.used();
        }
        match self.away {
            Some(until) if elapsed < until => Next::Alone(Span(until.0 - elapsed.0)),
            _ => Next::Ask,
        }
    }

    /// The first permit is gone.
    pub(super) fn used(&mut self) {
        self.permits.pop_front();
        self.is_awaited = false;
    }

    pub(super) const fn is_away(&self) -> bool {
        self.away.is_some()
    }

    /// How many permits, how late, and what was heard. Who asks seldom gets as many as there are
    /// callers, so that few lapse; who asks often gets `batch`, so that few questions are asked.
    pub(super) fn wish(&mut self, elapsed: Span, waiting: usize, batch: i64) -> (i64, Span, News) {
        let asked = self.asked_at.replace(elapsed);
        let is_soon = asked.is_some_and(|asked| elapsed < after(asked, BATCH));
        let waiting = i64::try_from(waiting).unwrap_or(batch);
        let permits = if is_soon {
            batch
        } else {
            waiting.clamp(1, batch)
        };
        let late = (self.lag + self.lag / 2 + WAKE).clamp(LATE.0, LATE_MAX);
        (permits, Span(late), self.news)
    }

    /// Takes the permits of an answer that was asked for at `sent`.
    pub(super) fn take(&mut self, sent: Span, elapsed: Span, wish: &Wish, reserved: &Reserved) {
        self.away = None;
        self.news.good -= wish.news.good;
        if self.news.too_fast == wish.news.too_fast {
            self.news.too_fast = None;
        }
        self.lag = slowness(elapsed.0 - sent.0).max(self.lag / 4 * 3);
        let instant = |n: i64| {
            let us = reserved.first_us - reserved.at_us + n * reserved.interval_us;
            let ms = us / 1000;
            Permit {
                // Both readings, of the question and of the answer, are cut to milliseconds.
                from: Span(elapsed.0 + ms + 1 + i64::from(us % 1000 > 0)),
                until: Span(sent.0 + ms + wish.late.0),
            }
        };
        self.permits.extend((0..wish.permits).map(instant));
        self.is_awaited = false;
    }

    /// It could not be asked.
    pub(super) fn left_alone(&mut self, elapsed: Span) {
        self.away = Some(after(elapsed, AWAY));
    }

    pub(super) fn heard_good(&mut self) {
        self.news.good += 1;
    }

    /// What is in hand would be refused as well.
    pub(super) fn heard_too_fast(&mut self, retry_after: Option<Span>) {
        let wait = retry_after.unwrap_or_default();
        self.news.too_fast = Some(self.news.too_fast.unwrap_or_default().max(wait));
        self.permits.clear();
    }
}

/// What of a delay will be so the next time as well: a process that stood still, or its machine, is
/// none that is slow, and what it asks for later use everybody waits for.
const fn slowness(late: i64) -> i64 {
    if late > LATE_MAX { 0 } else { late }
}
