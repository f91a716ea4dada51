//! The server under the pages where they are alone: few connections, each for a short time.
//!
//! A descriptor held by somebody who only connects is one that no download can have. So a
//! connection carries one request, has [`HEAD_MAX`] to say it and [`LIFE_MAX`] in all, and there
//! are [`CONNECTIONS_MAX`] at once. One more than that takes the place of the oldest that has asked
//! nothing so far: whoever asks is answered, however many others only hold on.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::Router;
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::api::Peer;

/// How many connections there are at once. With some to spare for all who have a reason to ask, and
/// few of what the process may open.
pub const CONNECTIONS_MAX: usize = 16;
/// How long a connection may take to say what it wants.
const HEAD_MAX: Duration = Duration::from_secs(5);
/// How long a connection may last: longer than the slowest page takes to be made.
const LIFE_MAX: Duration = Duration::from_secs(20);
/// After a connection could not be taken, for want of descriptors as a rule.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection.
struct Seat {
    task: AbortHandle,
    /// Whether it has asked for a page.
    asked: Arc<AtomicBool>,
}

/// Serves until `stop`, and then what has been asked for already.
#[allow(clippy::disallowed_methods, reason = "the HTTP server keeps tokio")]
pub(super) async fn serve(listener: TcpListener, pages: Router, stop: CancellationToken) {
    let mut tasks = JoinSet::new();
    let mut seats: VecDeque<Seat> = VecDeque::with_capacity(CONNECTIONS_MAX);
    let pages = TowerToHyperService::new(pages);
    loop {
        // A stop before another connection.
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        while tasks.try_join_next().is_some() {}
        seats.retain(|seat| !seat.task.is_finished());
        if seats.len() >= CONNECTIONS_MAX {
            let silent = seats
                .iter()
                .position(|seat| !seat.asked.load(Ordering::Relaxed));
            if let Some(seat) = seats.remove(silent.unwrap_or(0)) {
                end(&seat, &mut tasks).await;
            }
        }
        let asked = Arc::new(AtomicBool::new(false));
        let task = tasks.spawn(converse(
            stream,
            peer.ip(),
            pages.clone(),
            Arc::clone(&asked),
        ));
        seats.push_back(Seat { task, asked });
    }
    drop(listener);
    for seat in seats
        .iter()
        .filter(|seat| !seat.asked.load(Ordering::Relaxed))
    {
        seat.task.abort();
    }
    while tasks.join_next().await.is_some() {}
}

/// Cuts a connection off, and waits until its descriptor is free.
async fn end(seat: &Seat, tasks: &mut JoinSet<()>) {
    seat.task.abort();
    while !seat.task.is_finished() && tasks.join_next().await.is_some() {}
}

#[allow(clippy::disallowed_methods, reason = "the HTTP server keeps tokio")]
async fn converse(
    stream: TcpStream,
    peer: IpAddr,
    pages: TowerToHyperService<Router>,
    asked: Arc<AtomicBool>,
) {
    let answer = service_fn(move |mut request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(Peer(peer));
        pages.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .keep_alive(false);
    // What a client does with its connection is its own affair: its faults are not told.
    let _ = timeout(
        LIFE_MAX,
        http.serve_connection(TokioIo::new(stream), answer),
    )
    .await;
}
