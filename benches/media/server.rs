//! The far end, in a process of its own: the same bytes to everybody, over connections that are
//! kept.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Child,
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use crate::{Outcome, child};

/// What an answer says of its body beside its length.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Digests {
    /// `x-bce-content-crc32c`, `Content-MD5` and `ETag`.
    All,
    /// The `ETag` alone.
    EtagAlone,
}

/// Serves until standard input is closed.
pub(crate) fn serve(text: &str) -> Outcome<()> {
    let (bytes, digests): (usize, Digests) = serde_json::from_str(text)?;
    let body: Vec<u8> = (0..bytes).map(|at| (at * at % 251) as u8).collect();
    let answer: &'static [u8] = [head(&body, digests)?, body].concat().leak();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || keep_answering(stream, answer));
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn head(body: &[u8], digests: Digests) -> Outcome<Vec<u8>> {
    let md5 = Md5::digest(body);
    let hex = md5.iter().try_fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").map(|()| hex)
    })?;
    let more = if digests == Digests::All {
        let (crc32c, md5) = (crc32c::crc32c(body), STANDARD.encode(md5));
        format!("x-bce-content-crc32c: {crc32c}\r\ncontent-md5: {md5}\r\n")
    } else {
        String::new()
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\ncontent-length: {length}\r\netag: \"{hex}\"\r\n{more}\r\n"
    );
    Ok(head.into_bytes())
}

/// Requests have no body, and the next one comes only after the answer to the last.
fn keep_answering(mut stream: TcpStream, answer: &[u8]) -> Outcome<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        if line == "\r\n" {
            stream.write_all(answer)?;
        }
        line.clear();
    }
    Ok(())
}

/// The server's process, as the benchmark holds it.
pub(crate) struct Served {
    process: Child,
    pub(crate) url: String,
}

impl Served {
    /// Starts it.
    pub(crate) fn start(bytes: usize, digests: Digests) -> Outcome<Self> {
        let mut process = child("serve", &serde_json::to_string(&(bytes, digests))?)?;
        let mut line = String::new();
        let said = process.stdout.take().ok_or("the server has no output")?;
        BufReader::new(said).read_line(&mut line)?;
        let url = format!("http://{}/medium", line.trim());
        Ok(Self { process, url })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // It ends by itself now; how is no matter any more.
        let _ = self.process.wait();
    }
}
