//! The clients of docs/clients, each run where its runtime is: told to a daemon, and to a server that
//! is away in every way.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, Mutex},
    time::Instant,
};

use simulator::{Life, LifeSpec};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use super::process::{Place, code, err, out};
use crate::{
    feed::feed,
    lab::{Db, FILMED, PLAIN},
};

const TOKEN: &str = "canary-token";
const ISSUED_AT: &str = "2026-11-26T08:15:00Z";
/// Whoever writes JSON by hand has to see what stands in it.
const REFERENCE: &str = r#"order "4711" \ <b>"#;

/// A client, and how it is started.
#[derive(Clone)]
struct Client {
    file: &'static str,
    line: Vec<PathBuf>,
}

/// Those whose runtimes are here. Python is always, and who is left out is said.
fn clients(folder: &Path) -> Vec<Client> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/clients");
    let built = folder.join("track");
    let mut found = Vec::new();
    for (file, program, question, answer) in [
        ("track.py", "python3", &["--version"][..], "Python 3"),
        ("track.php", "php", &["-m"], "\ncurl\n"),
        ("Track.java", "java", &["--list-modules"], "jdk.compiler@"),
        ("track.go", "go", &["version"], "go1."),
    ] {
        let asked = Command::new(program).args(question).output();
        if !asked.is_ok_and(|said| out(&said).contains(answer)) {
            assert_ne!(program, "python3", "is missing");
            println!("docs/clients/{file}: NOT RUN, here is no {program} for it");
            continue;
        }
        println!("docs/clients/{file}: run by {program}");
        let source = docs.join(file);
        let line = if program == "go" {
            let made = Command::new("go")
                .args(["build", "-o"])
                .args([&built, &source])
                .output()
                .unwrap();
            assert_eq!(code(&made), 0, "{}", err(&made));
            vec![built.clone()]
        } else if program == "java" {
            // It compiles the file each time, and is over before it pays to optimise.
            let quick = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];
            let quick = quick.map(PathBuf::from).into_iter();
            quick.chain([source]).collect()
        } else {
            vec![program.into(), source]
        };
        found.push(Client { file, line });
    }
    found
}

/// One token, told by a worker.
struct Telling<'t> {
    url: &'t str,
    key: &'t Path,
    app: &'t str,
    token: &'t str,
    issued_at: &'t str,
    reference: &'t str,
    seconds: u32,
}

impl Client {
    fn told(&self, telling: &Telling<'_>) -> Output {
        let mut client = Command::new(&self.line[0]);
        client
            .args(&self.line[1..])
            .args([telling.app, telling.issued_at, telling.reference])
            .arg(telling.seconds.to_string())
            .env("VERIKEEP_URL", telling.url)
            .env("VERIKEEP_KEY_FILE", telling.key)
            .env("no_proxy", "127.0.0.1");
        feed(&mut client, &format!("{}\n", telling.token))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_documented_client_tells_a_daemon_of_a_token() {
    let place = Place::new(Db::Sqlite, 66).await;
    let daemon = place.start().await;
    let made = place.verikeep(&[
        "key", "create", "--name", "shop", "--scope", "track", "--app", FILMED,
    ]);
    assert_eq!(code(&made), 0, "{}", err(&made));
    let (key, wrong) = (place.path().join("key"), place.path().join("wrong"));
    let secret = out(&made);
    std::fs::write(&key, &secret).unwrap();
    std::fs::write(&wrong, "vk_mistyped\n").unwrap();
    // Whoever copies an address copies its last stroke.
    let url = format!("http://{}/", daemon.address());
    let clients = clients(place.path());
    let lives = LifeSpec::of(Life::Unused, clients.len().try_into().unwrap());
    let tokens = place.simulator().create(FILMED, &[lives]);
    for (client, made) in clients.iter().zip(&tokens) {
        let fresh = Telling {
            url: &url,
            key: &key,
            app: FILMED,
            token: &made.verify_token,
            issued_at: &made.issued_at,
            reference: REFERENCE,
            seconds: 30,
        };
        let other = Telling {
            reference: "order-2",
            ..fresh
        };
        let odd = Telling {
            token: "not a token",
            ..fresh
        };
        let foreign = Telling {
            app: PLAIN,
            ..fresh
        };
        let mistyped = Telling {
            key: &wrong,
            ..fresh
        };
        for (label, telling, ends, said) in [
            ("new", &fresh, 0, ""),
            ("known", &fresh, 0, ""),
            ("conflict", &other, 1, "another value of this field"),
            ("wrong", &odd, 1, "status 422: "),
            ("another app", &foreign, 1, "the key is not for that app"),
            ("no key", &mistyped, 1, "status 401: "),
        ] {
            let told = client.told(telling);
            let text = format!("{}{}", out(&told), err(&told));
            let label = format!("{}, {label}", client.file);
            assert_eq!(code(&told), ends, "{label}: {text}");
            assert!(text.contains(said), "{label}: {text}");
            for private in [&made.verify_token, "not a token", "mistyped", secret.trim()] {
                assert!(!text.contains(private), "{label}: {text}");
            }
        }
        let shown = place.verikeep(&["show", &made.verify_token, "--json"]);
        let shown: serde_json::Value = serde_json::from_str(&out(&shown)).unwrap();
        assert_eq!(
            (&shown["reference"], &shown["tracked_by"]),
            (&REFERENCE.into(), &"key shop".into()),
            "{}",
            client.file
        );
    }
    daemon.stop();
}

/// What a server does with a request.
#[derive(Clone, Copy)]
enum Does {
    /// This status, and this head.
    Says(u16, &'static str),
    Nothing,
}

/// The requests that a server heard, and when.
type Heard = Arc<Mutex<Vec<(Instant, String)>>>;

/// A server that does these, in order.
async fn server(does: &'static [Does]) -> (String, Heard, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard = Heard::default();
    let kept = Arc::clone(&heard);
    let task = tokio::spawn(async move {
        let mut silent = Vec::new();
        let mut next = does.iter();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = request(&mut stream).await;
            kept.lock().unwrap().push((Instant::now(), request));
            let (status, head) = match next.next() {
                Some(Does::Says(status, head)) => (status, head),
                Some(Does::Nothing) => {
                    silent.push(stream);
                    continue;
                }
                None => (&422, &"x-asked: too-often\r\n"),
            };
            let body = r#"{"detail": "because of the test"}"#;
            let answer = format!(
                "HTTP/1.1 {status} x\r\n{head}content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            // Nobody has to wait for it.
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, heard, task)
}

/// A whole request.
async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1);
            let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
            if length.is_none_or(|length: usize| body.len() >= length) {
                return text;
            }
        }
        let read = stream.read_buf(&mut bytes).await.unwrap();
        assert_ne!(read, 0, "left in the middle: {text}");
    }
}

struct Row {
    label: &'static str,
    does: &'static [Does],
    seconds: u32,
    ends: i32,
    /// How long it waits after each that it asked, at least, in seconds.
    waits: &'static [u64],
    said: &'static str,
}

const fn refused(label: &'static str, does: &'static [Does]) -> Row {
    Row {
        label,
        does,
        seconds: 60,
        ends: 1,
        waits: &[],
        said: "because of the test",
    }
}

/// What docs/api.md says that a client does.
static ROWS: [Row; 12] = [
    Row {
        label: "away, then silent, then there",
        does: &[
            Does::Says(503, "retry-after: 2\r\n"),
            Does::Nothing,
            Does::Says(201, ""),
        ],
        seconds: 60,
        ends: 0,
        // What is said; then the limit, and the second of its own pauses.
        waits: &[2, 4],
        said: "",
    },
    Row {
        label: "a proxy before one that is away, and a body that was slow",
        does: &[
            Does::Says(502, "content-type: text/html\r\n"),
            Does::Says(408, "retry-after: 1\r\n"),
            Does::Says(200, ""),
        ],
        seconds: 60,
        ends: 0,
        waits: &[1, 1],
        said: "",
    },
    Row {
        label: "busy for longer than there is time",
        does: &[Does::Says(429, "retry-after: 3600\r\n")],
        seconds: 60,
        ends: 4,
        waits: &[],
        said: "because of the test",
    },
    Row {
        label: "silent until the end",
        does: &[Does::Nothing],
        seconds: 2,
        ends: 4,
        waits: &[],
        said: "nobody took it",
    },
    refused("sent elsewhere", &[Does::Says(307, "location: /there\r\n")]),
    refused("broken", &[Does::Says(400, "")]),
    refused("no key", &[Does::Says(401, "")]),
    refused("another app", &[Does::Says(403, "")]),
    refused("known otherwise", &[Does::Says(409, "")]),
    refused("too much", &[Does::Says(413, "")]),
    refused("by another name", &[Does::Says(421, "")]),
    refused("wrong", &[Does::Says(422, "")]),
];

async fn behaves(client: Client, row: &'static Row) {
    let label = format!("{}, {}", client.file, row.label);
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "vk_canary\n").unwrap();
    let (url, heard, serving) = server(row.does).await;
    let told = tokio::task::spawn_blocking(move || {
        client.told(&Telling {
            url: &url,
            key: &key,
            app: FILMED,
            token: TOKEN,
            issued_at: ISSUED_AT,
            reference: REFERENCE,
            seconds: row.seconds,
        })
    });
    let told = told.await.unwrap();
    serving.abort();
    let text = format!("{}{}", out(&told), err(&told));
    assert_eq!(code(&told), row.ends, "{label}: {text}");
    assert!(
        text.contains(row.said) && !text.contains("canary"),
        "{label}: {text}"
    );
    let heard = heard.lock().unwrap().clone();
    assert_eq!(heard.len(), row.does.len(), "{label}: {heard:?}");
    for (pair, wait) in heard.windows(2).zip(row.waits) {
        let waited = pair[1].0 - pair[0].0;
        // Clocks of two processes, and a limit that began before the request was heard.
        let (least, most) = (wait * 1_000 - 200, wait * 1_000 + 8_000);
        assert!(
            (least..most).contains(&u64::try_from(waited.as_millis()).unwrap()),
            "{label}: {waited:?} instead of {wait} s"
        );
    }
    for (_, request) in &heard {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let head = head.to_ascii_lowercase();
        assert!(
            head.starts_with("post /v1/verifications http/1.1\r\n")
                && head.contains("\r\nauthorization: bearer vk_canary")
                && head.contains("\r\ncontent-type: application/json"),
            "{label}: {head}"
        );
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let whole = serde_json::json!({
            "app": FILMED, "verify_token": TOKEN, "issued_at": ISSUED_AT, "reference": REFERENCE
        });
        assert_eq!(body, whole, "{label}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_documented_client_repeats_what_is_worth_it_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut together = JoinSet::new();
    // Those that wait are the first, and go on beside the others.
    let (waiting, refused) = ROWS.split_at(4);
    for client in clients(folder.path()) {
        for rows in [waiting, refused] {
            let client = client.clone();
            together.spawn(async move {
                for row in rows {
                    behaves(client.clone(), row).await;
                }
            });
        }
    }
    together.join_all().await;
}

#[test]
fn the_documentation_names_every_client() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let api = std::fs::read_to_string(root.join("docs/api.md")).unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(root.join("docs/clients")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(api.contains(&format!("(clients/{name})")), "{name}");
        files += 1;
    }
    assert_eq!(files, 4);
}
