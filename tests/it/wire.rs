//! A network between two programs that can be cut, silenced and mended.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Whole,
    Cut,
    /// Nothing is refused, and nothing comes through.
    Silent,
}

/// A wire to a server that can be cut and mended.
pub struct Wire {
    pub address: SocketAddr,
    pub is: watch::Sender<State>,
}

impl Wire {
    /// One to the PostgreSQL server of the tests, and that server's own address.
    pub async fn before_postgres() -> (Self, String) {
        let server = url::Url::parse(&std::env::var("VERIKEEP_TEST_POSTGRES").unwrap()).unwrap();
        let (host, port) = (server.host_str().unwrap(), server.port().unwrap_or(5432));
        let behind = format!("{host}:{port}");
        (Self::to(behind.clone()).await, behind)
    }

    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (is, seen) = watch::channel(State::Whole);
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (server, mut seen) = (server.clone(), seen.clone());
                if *seen.borrow_and_update() == State::Cut {
                    continue;
                }
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(server).await else {
                        return;
                    };
                    if *seen.borrow_and_update() == State::Whole {
                        tokio::select! {
                            _ = copy_bidirectional(&mut near, &mut far) => return,
                            _ = seen.wait_for(|is| *is != State::Whole) => {}
                        }
                    }
                    // Both ends are held until it is over.
                    let _ = seen.wait_for(|is| *is != State::Silent).await;
                });
            }
        });
        Self { address, is }
    }
}
