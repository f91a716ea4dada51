//! A server of raw bytes: it says exactly what a test wants, however wrong.

use std::{
    future::Future,
    io::Write as _,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use verikeep::domain::time::{Clock, Span, Time};

/// One step of an answer.
#[derive(Clone)]
pub enum Step {
    /// These bytes.
    Send(Vec<u8>),
    /// Nothing, for this long.
    Stall(Duration),
    /// Until the test lets go.
    Hold(Arc<tokio::sync::Semaphore>),
}

/// What a server received: the head as text, the body.
#[derive(Clone, Debug)]
pub struct Received {
    pub head: String,
    pub body: Vec<u8>,
}

impl Received {
    pub fn request_line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

type Script = dyn Fn(&Received, usize) -> Vec<Step> + Send + Sync;

/// Stops listening when dropped.
pub struct Server {
    pub port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Answers each request by `script`, which is told how many came before; the connection is
    /// closed after each.
    pub async fn start(
        script: impl Fn(&Received, usize) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let (script, log): (Arc<Script>, _) = (Arc::new(script), Arc::clone(&received));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, log) = (Arc::clone(&script), Arc::clone(&log));
                tokio::spawn(async move { serve(stream, &*script, &log).await });
            }
        });
        Self {
            port,
            received,
            task,
        }
    }

    /// Always the same answer.
    pub async fn saying(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |_, _| vec![Step::Send(bytes.clone())]).await
    }

    pub fn url(&self, tail: &str) -> String {
        format!("http://127.0.0.1:{}{tail}", self.port)
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, script: &Script, log: &Mutex<Vec<Received>>) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    let before = {
        let mut log = log.lock().unwrap();
        log.push(request.clone());
        log.len() - 1
    };
    for step in script(&request, before) {
        match step {
            Step::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Step::Stall(time) => tokio::time::sleep(time).await,
            Step::Hold(gate) => gate.acquire().await.unwrap().forget(),
        }
    }
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut request = Received {
        head: String::from_utf8_lossy(&bytes[..end]).into_owned(),
        body: bytes.split_off(end),
    };
    let length: usize = request
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    while request.body.len() < length {
        if stream.read_buf(&mut request.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(request)
}

/// A whole answer with its length.
pub fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = Vec::new();
    write!(
        bytes,
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n",
        body.len()
    )
    .unwrap();
    bytes.extend_from_slice(body);
    bytes
}

/// A head, then a byte now and then: never idle for long, never done.
pub fn drip(head: Vec<u8>) -> Vec<Step> {
    let drops = (0..50).flat_map(|_| {
        [
            Step::Send(b"x".to_vec()),
            Step::Stall(Duration::from_millis(200)),
        ]
    });
    std::iter::once(Step::Send(head)).chain(drops).collect()
}

/// Gzip of `zeros` zero bytes: about 650 times smaller. One block of fixed Huffman codes: a zero,
/// then copies of it.
pub fn bomb(zeros: usize) -> Vec<u8> {
    let mut bits = Bits(Vec::new(), 0);
    bits.put(0b011, 3);
    bits.put_code(0x30, 8);
    // Each copy of 258 bytes: length symbol 285, distance symbol 0.
    for _ in 0..(zeros - 1) / 258 {
        bits.put_code(0b1100_0101, 8);
        bits.put_code(0, 5);
    }
    bits.put_code(0, 7);
    let length = u32::try_from(1 + (zeros - 1) / 258 * 258).unwrap();
    // Readers that honour a cap never get to the checksum.
    [
        &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255],
        bits.0.as_slice(),
        &[0; 4],
        &length.to_le_bytes(),
    ]
    .concat()
}

struct Bits(Vec<u8>, u32);

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for at in 0..count {
            if self.1 == 0 {
                self.0.push(0);
            }
            let bit = u8::from(value >> at & 1 == 1);
            *self.0.last_mut().unwrap() |= bit << self.1;
            self.1 = (self.1 + 1) % 8;
        }
    }

    /// Huffman codes go most significant bit first.
    fn put_code(&mut self, code: u32, count: u32) {
        self.put(code.reverse_bits() >> (32 - count), count);
    }
}

/// Time stands still unless a test moves it; sleeping moves it.
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn at(text: &str) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(Time::parse(text).unwrap().0)))
    }

    pub fn add(&self, span: Span) {
        self.0.fetch_add(span.0, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Span {
        Span(self.now().0)
    }

    fn sleep(&self, span: Span) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.add(span);
        Box::pin(tokio::task::yield_now())
    }
}
