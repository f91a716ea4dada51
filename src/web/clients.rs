//! The server under the API: connections that stay, many at once, none for nothing.
//!
//! A client asks over one connection as often as it likes. Each has a time to say the head of a
//! request, one for its body and one between requests ([`Limits`]); there are [`Limits::seats`] of them
//! at once, and one address has no more than [`Limits::per_address`]. One more than fits takes the
//! place of the one that has kept us waiting longest; while all are being answered it waits for the
//! first that is done.

use std::{
    convert::Infallible,
    future::{Future as _, poll_fn},
    net::IpAddr,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use axum::{Router, body::Body, extract::Request, response::Response};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::{AbortHandle, JoinSet},
    time::{sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    api::{Peer, too_slow},
    hosts::forwarded,
    limits::Limits,
    seat::{Heard, Seat, Timed},
};

/// Heads of so many bytes are heard, and those of a few times as many never; how many headers there
/// may be, 100, is hyper's own limit.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// After a connection could not be taken, for want of descriptors as a rule.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection that was taken.
struct Taken {
    task: AbortHandle,
    seat: Arc<Seat>,
    peer: IpAddr,
}

/// All of them.
struct Seats {
    taken: Vec<Taken>,
    tasks: JoinSet<()>,
    limits: Limits,
    waits: Arc<Notify>,
}

/// What answers.
#[derive(Clone)]
struct Routes {
    routes: TowerToHyperService<Router>,
    /// Whether who asks is told by the proxy in front.
    behind_proxy: bool,
}

/// Serves until `stop`, and then what has been asked for already.
#[allow(clippy::disallowed_methods, reason = "the HTTP server keeps tokio")]
pub(super) async fn serve(
    listener: TcpListener,
    routes: Router,
    limits: Limits,
    behind_proxy: bool,
    stop: CancellationToken,
) {
    let mut seats = Seats {
        taken: Vec::new(),
        tasks: JoinSet::new(),
        limits,
        waits: Arc::default(),
    };
    let routes = Routes {
        routes: TowerToHyperService::new(routes),
        behind_proxy,
    };
    let accepting = async {
        loop {
            let Ok((stream, peer)) = listener.accept().await else {
                sleep(PAUSE).await;
                continue;
            };
            let peer = peer.ip().to_canonical();
            if !seats.make_room(peer).await {
                continue;
            }
            let seat = Arc::new(Seat::new(limits, Arc::clone(&seats.waits)));
            let talk = converse(
                stream,
                peer,
                routes.clone(),
                Arc::clone(&seat),
                stop.clone(),
            );
            let task = seats.tasks.spawn(talk);
            seats.taken.push(Taken { task, seat, peer });
        }
    };
    // A stop before another connection.
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = accepting => {}
    }
    drop(listener);
    while seats.tasks.join_next().await.is_some() {}
}

impl Seats {
    /// Sees to it that one more fits; not where its address has all it may have, and all of those are
    /// being answered.
    async fn make_room(&mut self, peer: IpAddr) -> bool {
        loop {
            while self.tasks.try_join_next().is_some() {}
            self.taken.retain(|one| !one.task.is_finished());
            let of_peer = self.taken.iter().filter(|one| one.peer == peer).count();
            let too_many = self.limits.per_address.is_some_and(|most| of_peer >= most);
            if !too_many && self.taken.len() < self.limits.seats {
                return true;
            }
            let among = |one: &Taken| !too_many || one.peer == peer;
            let longest = self
                .taken
                .iter()
                .enumerate()
                .filter(|(_, one)| among(one))
                .filter_map(|(at, one)| Some((one.seat.waiting_since()?, at)))
                .min();
            match longest {
                Some((_, at)) => self.end(at).await,
                None if too_many => return false,
                None => {
                    // Either will do.
                    tokio::select! {
                        biased;
                        () = self.waits.notified() => {}
                        _ = self.tasks.join_next() => {}
                    }
                }
            }
        }
    }

    /// Cuts a connection off, and waits until its descriptor is free.
    async fn end(&mut self, at: usize) {
        let one = self.taken.swap_remove(at);
        one.task.abort();
        while !one.task.is_finished() && self.tasks.join_next().await.is_some() {}
    }
}

/// Answers on one connection until its client or its time is at an end, or `stop`.
#[allow(clippy::disallowed_methods, reason = "the HTTP server keeps tokio")]
async fn converse(
    stream: TcpStream,
    peer: IpAddr,
    routes: Routes,
    seat: Arc<Seat>,
    stop: CancellationToken,
) {
    // Answers are small, and clients wait for them.
    let _ = stream.set_nodelay(true);
    let watched = Arc::clone(&seat);
    let answer =
        service_fn(move |request| answer(request, peer, routes.clone(), Arc::clone(&watched)));
    let mut http = http1::Builder::new();
    // Times are the seat's.
    http.header_read_timeout(None).max_buf_size(HEAD_BYTES_MAX);
    let stream = Heard {
        stream,
        seat: Arc::clone(&seat),
    };
    let mut talk = pin!(http.serve_connection(TokioIo::new(stream), answer));
    let mut stopped = pin!(stop.cancelled());
    let mut end = pin!(sleep_until(seat.until()));
    let mut stopping = false;
    // What a client does with its connection is its own affair: its faults are not told.
    poll_fn(|cx| {
        if !stopping && stopped.as_mut().poll(cx).is_ready() {
            if !seat.has_asked() {
                return Poll::Ready(());
            }
            stopping = true;
            talk.as_mut().graceful_shutdown();
        }
        if talk.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        // Turns change only while it is polled, above.
        let until = seat.until();
        if end.deadline() != until {
            end.as_mut().reset(until);
        }
        end.as_mut().poll(cx)
    })
    .await;
}

async fn answer(
    request: hyper::Request<Incoming>,
    peer: IpAddr,
    routes: Routes,
    seat: Arc<Seat>,
) -> Result<Response, Infallible> {
    let until = seat.asked();
    let mut request: Request = request.map(|body| {
        Body::new(Timed {
            body,
            seat: Arc::clone(&seat),
            until,
            alarm: None,
        })
    });
    let told = routes.behind_proxy.then(|| forwarded(request.headers()));
    let peer = told.flatten().unwrap_or(peer);
    request.extensions_mut().insert(Peer(peer));
    let response = routes.routes.call(request).await?;
    Ok(if seat.answered() {
        too_slow(&response)
    } else {
        response
    })
}
