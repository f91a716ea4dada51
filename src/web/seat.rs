//! Whose turn it is on a connection of a client, and until when.
//!
//! A connection that waits for its client, for a request, for the rest of one, or for an answer to be
//! taken, has an end: what is slow is cut off. The watch is kept by reading and writing themselves.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::Notify,
    time::{Instant, Sleep, sleep_until},
};

use super::limits::Limits;

/// How long a request may take in all once its head is there: longer than an answer takes to be made.
const REQUEST_MAX: Duration = Duration::from_secs(20);

/// A connection, as those see it who want its place.
pub(super) struct Seat {
    turn: Mutex<Turn>,
    limits: Limits,
    /// Told whenever a connection begins to wait for its client: its place can be had.
    waits: Arc<Notify>,
}

#[derive(Clone, Copy)]
struct Turn {
    whose: Whose,
    since: Instant,
    until: Instant,
    /// Whether a request was ever heard.
    asked: bool,
    /// Whether the body of the request did not come in time.
    late: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The client's: nothing of a next request has come.
    Idle,
    /// The client's: a head has begun.
    Head,
    /// The client's: the body is waited for.
    Body,
    /// Ours: an answer is being made.
    Ours,
}

impl Seat {
    pub(super) fn new(limits: Limits, waits: Arc<Notify>) -> Self {
        let since = Instant::now();
        Self {
            turn: Mutex::new(Turn {
                whose: Whose::Idle,
                since,
                until: since + limits.idle,
                asked: false,
                late: false,
            }),
            limits,
            waits,
        }
    }

    fn set<T>(&self, change: impl FnOnce(&mut Turn) -> T) -> T {
        change(&mut self.turn.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Since when it has waited for its client; none while an answer is being made.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        self.set(|turn| (turn.whose != Whose::Ours).then_some(turn.since))
    }

    /// When it is cut off, as things are.
    pub(super) fn until(&self) -> Instant {
        self.set(|turn| turn.until)
    }

    /// Whether a request was ever heard.
    pub(super) fn has_asked(&self) -> bool {
        self.set(|turn| turn.asked)
    }

    /// Bytes have come.
    fn heard(&self) {
        self.set(|turn| {
            if turn.whose == Whose::Idle {
                turn.since = Instant::now();
                turn.until = turn.since + self.limits.head;
                turn.whose = Whose::Head;
            }
        });
    }

    /// A head is there. Returns when its body has to be there.
    pub(super) fn asked(&self) -> Instant {
        let now = Instant::now();
        self.set(|turn| {
            *turn = Turn {
                whose: Whose::Ours,
                since: now,
                until: now + REQUEST_MAX,
                asked: true,
                late: false,
            };
        });
        now + self.limits.body
    }

    /// Of the request that is under way: whether its body is waited for.
    fn wants_body(&self, wants: bool) {
        self.set(|turn| turn.whose = if wants { Whose::Body } else { Whose::Ours });
        if wants {
            self.waits.notify_one();
        }
    }

    /// An answer is there to be taken. Returns whether the body was late.
    pub(super) fn answered(&self) -> bool {
        let late = self.set(|turn| {
            turn.whose = Whose::Idle;
            turn.since = Instant::now();
            turn.until = turn.since + self.limits.idle;
            turn.late
        });
        self.waits.notify_one();
        late
    }
}

/// A stream that tells its seat what it hears.
pub(super) struct Heard {
    pub(super) stream: TcpStream,
    pub(super) seat: Arc<Seat>,
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.seat.heard();
        }
        read
    }
}

impl AsyncWrite for Heard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A body that has to be there in time.
pub(super) struct Timed {
    pub(super) body: Incoming,
    pub(super) seat: Arc<Seat>,
    pub(super) until: Instant,
    /// Made when there is something to wait for.
    pub(super) alarm: Option<Pin<Box<Sleep>>>,
}

impl Body for Timed {
    type Data = Bytes;
    type Error = io::Error;

    #[allow(clippy::disallowed_methods, reason = "the HTTP server keeps tokio")]
    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.seat.wants_body(false);
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        let until = self.until;
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        if alarm.as_mut().poll(cx).is_pending() {
            self.seat.wants_body(true);
            return Poll::Pending;
        }
        self.seat.set(|turn| {
            turn.whose = Whose::Ours;
            turn.late = true;
        });
        Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
