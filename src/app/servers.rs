//! The HTTP servers of the daemon: one for pages and API, or one for each.

use std::{io, net::SocketAddr, sync::Arc};

use super::{AppError, guard::Guard};
use crate::{
    archive::Archive,
    config::Http,
    desk::Local,
    web::{self, keys::KeyRing},
};

/// Those that run.
pub(super) struct Servers {
    main: web::Server,
    ops: Option<web::Server>,
}

impl Servers {
    /// Serves the API on `listen`, and the pages beside it or on `http.ops_listen`.
    pub(super) async fn start(
        listen: SocketAddr,
        http: &Http,
        parts: web::Parts,
        api: web::Api,
    ) -> Result<Self, AppError> {
        let (clock, stop) = (Arc::clone(&parts.clock), parts.stop.clone());
        let Some(at) = http.ops_listen else {
            let parts = web::Parts {
                api: Some(api),
                ..parts
            };
            let main = web::serve(listen, parts).await;
            let main = main.map_err(|source| cannot("http.listen", listen, source))?;
            return Ok(Self { main, ops: None });
        };
        let ops = web::serve(at, parts).await;
        let ops = ops.map_err(|source| cannot("http.ops_listen", at, source))?;
        let main = web::serve_api(listen, api, clock, stop.clone()).await;
        let main = main.map_err(|source| {
            stop.cancel();
            cannot("http.listen", listen, source)
        })?;
        Ok(Self {
            main,
            ops: Some(ops),
        })
    }

    /// Where the API is served.
    pub(super) const fn address(&self) -> SocketAddr {
        self.main.address
    }

    /// Where the pages are.
    pub(super) fn pages(&self) -> SocketAddr {
        self.ops.as_ref().unwrap_or(&self.main).address
    }

    /// Waits until one of them is gone.
    pub(super) async fn gone(&mut self) {
        let ops = async {
            match &mut self.ops {
                Some(ops) => ops.gone().await,
                None => std::future::pending().await,
            }
        };
        // Either will do.
        tokio::select! {
            biased;
            () = self.main.gone() => {}
            () = ops => {}
        }
    }

    /// Waits until both were told to end and have. The pages see the API off.
    pub(super) async fn ended(self) {
        self.main.ended().await;
        if let Some(ops) = self.ops {
            ops.ended().await;
        }
    }
}

fn cannot(key: &str, address: SocketAddr, source: io::Error) -> AppError {
    AppError::Io {
        what: format!("cannot listen on {address} ({key})"),
        source,
    }
}

/// What answers below `/v1`, to as many at once as the guard has descriptors for.
pub(super) fn api(
    archive: &Archive,
    http: &Http,
    listen: SocketAddr,
    guard: &Arc<Guard>,
) -> web::Api {
    let told = Arc::clone(guard);
    let keys = KeyRing::new(Arc::clone(&archive.store) as _, Arc::clone(&archive.clock))
        .telling(Arc::new(move |key| told.limited(key)));
    let limits = web::Limits::of(guard.clients);
    web::Api {
        desk: Arc::new(Local::new(archive)),
        keys: Arc::new(keys),
        hosts: web::Hosts::new(listen, http.hosts.clone()),
        behind_proxy: http.behind_proxy,
        limits: if http.behind_proxy {
            limits.of_one_address()
        } else {
            limits
        },
    }
}
