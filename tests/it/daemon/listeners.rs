//! API and pages each on a listener of its own, and who asks where.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
};

use super::process::{Place, code, out};
use crate::lab::Db;

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_a_listener_of_their_own_where_one_is_named_and_the_commands_ask_there() {
    let place = Place::new(Db::Sqlite, 63).await;
    let file = place.path().join("verikeep.toml");
    let text = fs::read_to_string(&file).unwrap();
    let [listen, ops] = [free(), free()].map(|(_held, address)| address);
    let split = format!("127.0.0.1:{}\"\nops_listen = \"{ops}", listen.port());
    fs::write(&file, text.replace("127.0.0.1:0", &split)).unwrap();
    let daemon = place.start().await;
    assert_eq!(daemon.address(), listen.to_string());
    for (path, of_ops, of_api) in [
        ("/healthz", "200", "404"),
        ("/readyz", "200", "404"),
        ("/dependencies", "200", "404"),
        ("/metrics", "200", "404"),
        ("/v1/status", "404", "401"),
    ] {
        assert_eq!(status(ops, path), of_ops, "{path}");
        assert_eq!(status(listen, path), of_api, "{path}");
    }
    let told = place.verikeep(&["status"]);
    let ready = format!("the daemon on {ops} is ready");
    assert!(
        code(&told) == 0 && out(&told).contains(&ready),
        "{}",
        out(&told)
    );
    let told = place.verikeep(&["check"]);
    let rows = out(&told);
    for key in ["http.listen", "http.ops_listen"] {
        let row = rows.lines().find(|line| line.contains(key));
        assert!(row.is_some_and(|row| row.contains("daemon")), "{rows}");
    }

    // A listener that cannot be had is named by its key.
    let (_held, taken) = free();
    let other = text.replace(
        "127.0.0.1:0",
        &format!("127.0.0.1:0\"\nops_listen = \"{taken}"),
    );
    fs::write(&file, other).unwrap();
    let told = place.verikeep(&["check"]);
    assert!(
        out(&told).contains("another address by http.ops_listen"),
        "{}",
        out(&told)
    );
    daemon.stop();
}

/// A port that is free once the first is let go of.
fn free() -> (TcpListener, SocketAddr) {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap();
    (held, address)
}

fn status(at: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer[9..12].to_owned()
}
