//! Mail, through a real server.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};
use verikeep::{
    domain::{
        channel::{Mail, MailTls, Way},
        time::HeldClock,
    },
    notify::{Channels, NotSent},
};

use super::{NOW, channel, message};

/// The server, its certificate and the authority that vouches for it.
pub struct Server {
    folder: TempDir,
    port: u16,
    said: UnboundedReceiver<String>,
    _process: tokio::process::Child,
}

impl Server {
    pub async fn start(protection: &str, login: bool) -> Self {
        let folder = TempDir::new().unwrap();
        certify(folder.path());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/notify/smtp.py");
        let mut command = tokio::process::Command::new(python());
        command.arg(script).arg(protection);
        command.args(["cert.pem", "key.pem"].map(|name| folder.path().join(name)));
        command.args(login.then_some("login"));
        let mut process = command
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = within(lines.next_line()).await.unwrap();
        // Read all the while: a mail can be longer than a pipe holds.
        let (say, said) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let _ = say.send(line);
            }
        });
        Self {
            port: port
                .expect("the mail server did not start")
                .parse()
                .unwrap(),
            folder,
            said,
            _process: process,
        }
    }

    pub fn mail(&self, tls: MailTls, to: &[&str]) -> Mail {
        Mail {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            tls,
            login: None,
            from: "verikeep@example.com".to_owned(),
            to: to.iter().map(|&to| to.to_owned()).collect(),
            ca_file: Some(self.folder.path().join("ca.pem")),
        }
    }

    pub async fn taken(&mut self) -> Value {
        let line = within(self.said.recv()).await.unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

pub async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what)
        .await
        .unwrap()
}

/// The Python that has the server's library: that of its own program, which `scripts/test` installs.
fn python() -> PathBuf {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin");
    let folder = std::env::split_paths(&paths)
        .chain([tools])
        .find(|folder| folder.join("aiosmtpd").is_file());
    folder
        .expect("aiosmtpd is missing: scripts/test installs it")
        .join("python3")
}

fn certify(folder: &Path) {
    fs::write(
        folder.join("names"),
        "subjectAltName=IP:127.0.0.1,DNS:localhost\n",
    )
    .unwrap();
    for arguments in [
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority",
        "req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=localhost",
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2 -extfile names",
    ] {
        let done = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
}

fn open(mail: Mail) -> Channels {
    Channels::open(&[channel(Way::Email(mail))], HeldClock::at(NOW)).unwrap()
}

async fn send(mail: Mail) -> Result<(), NotSent> {
    within(open(mail).send("duty", &message())).await
}

fn with_login(mail: Mail, password: &str) -> Mail {
    Mail {
        login: Some(("verikeep".to_owned(), password.into())),
        ..mail
    }
}

#[tokio::test]
async fn a_message_arrives_by_each_way_as_text_and_html() {
    for (protection, tls) in [
        ("starttls", MailTls::Starttls),
        ("tls", MailTls::Tls),
        ("plain", MailTls::None),
    ] {
        let mut server = Server::start(protection, false).await;
        send(server.mail(tls, &["duty@example.com"])).await.unwrap();
        let taken = server.taken().await;
        assert_eq!(
            taken["to"],
            serde_json::json!(["duty@example.com"]),
            "{protection}"
        );
        assert_eq!(taken["tls"], protection != "plain", "{protection}");
        let data = taken["data"].as_str().unwrap();
        for part in [
            "From: verikeep@example.com",
            "To: duty@example.com",
            "Subject: [Verikeep critical] provider_down: h5",
            "Auto-Submitted: auto-generated",
            "Date: Thu, 26 Nov 2026 08:00:00 +0000",
            "Message-ID: <",
            "text/plain",
            "text/html",
            "provider_down: h5",
        ] {
            assert!(data.contains(part), "{protection}: {part}\n{data}");
        }
        assert!(!data.contains("http"), "nothing is loaded: {data}");
    }
}

#[tokio::test]
async fn the_login_is_right_or_the_mail_stays_here() {
    let mut server = Server::start("starttls", true).await;
    let mail = server.mail(MailTls::Starttls, &["duty@example.com"]);
    send(with_login(mail.clone(), "canary-pw")).await.unwrap();
    assert_eq!(server.taken().await["login"], true);
    for (mail, label) in [
        (with_login(mail.clone(), "canary-wrong"), "wrong"),
        (mail, "none"),
    ] {
        let why = send(mail).await.unwrap_err();
        assert!(why.is_lasting(), "{label}: {why}");
        assert!(
            why.to_string().contains("refuses the login (53"),
            "{label}: {why}"
        );
        assert!(!why.to_string().contains("canary"), "{label}: {why}");
    }
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_nothing() {
    for (protection, tls) in [("starttls", MailTls::Starttls), ("tls", MailTls::Tls)] {
        let server = Server::start(protection, false).await;
        let mail = Mail {
            ca_file: None,
            ..server.mail(tls, &["duty@example.com"])
        };
        let why = send(mail).await.unwrap_err().to_string();
        assert!(why.contains("certificate"), "{protection}: {why}");
    }
    // One that offers no protection gets nothing either.
    let server = Server::start("plain", false).await;
    let why = send(server.mail(MailTls::Starttls, &["duty@example.com"]))
        .await
        .unwrap_err();
    assert!(why.to_string().contains("STARTTLS"), "{why}");
}

#[tokio::test]
async fn one_who_is_refused_keeps_nothing_from_the_others() {
    let mut server = Server::start("plain", false).await;
    let to = [
        "refused@example.com",
        "duty@example.com",
        "boss@example.com",
    ];
    let why = send(server.mail(MailTls::None, &to)).await.unwrap_err();
    assert!(why.is_lasting());
    assert_eq!(
        why.to_string(),
        "1 of 3 recipients was refused by the server (550); the others have it; see that `to` is right"
    );
    for to in &to[1..] {
        assert_eq!(server.taken().await["to"][0], *to);
    }
}

#[tokio::test]
async fn one_who_is_put_off_is_tried_again_alone() {
    let mut server = Server::start("plain", false).await;
    let mail = server.mail(MailTls::None, &["duty@example.com", "grey@example.com"]);
    let apart = channel(Way::Email(mail)).apart();
    let names: Vec<&str> = apart.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["duty#1", "duty#2"]);
    let channels = Channels::open(&apart, HeldClock::at(NOW)).unwrap();
    within(channels.send("duty#1", &message())).await.unwrap();
    let why = within(channels.send("duty#2", &message()))
        .await
        .unwrap_err();
    assert!(!why.is_lasting());
    assert_eq!(
        why.to_string(),
        "the recipient was put off by the server (451)"
    );
    within(channels.send("duty#2", &message())).await.unwrap();
    for to in ["duty@example.com", "grey@example.com"] {
        assert_eq!(server.taken().await["to"][0], to);
    }
}

#[tokio::test]
async fn a_server_that_is_gone_is_tried_again_later() {
    let server = Server::start("plain", false).await;
    let mail = server.mail(MailTls::None, &["duty@example.com"]);
    drop(server);
    let mail = Mail {
        ca_file: None,
        ..mail
    };
    let why = send(mail).await.unwrap_err();
    assert!(
        !why.is_lasting() && why.to_string().contains("cannot be reached"),
        "{why}"
    );
    assert!(!why.to_string().contains("example.com"), "{why}");
}

/// A server that gives these answers, one to each line that it is told, and then falls silent.
async fn silent_after(answers: &'static [&'static str]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut told = BufReader::new(read).lines();
        for answer in answers {
            write.write_all(answer.as_bytes()).await.unwrap();
            told.next_line().await.unwrap();
        }
        std::future::pending::<()>().await;
    });
    port
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up_and_tried_again_later() {
    let exchange: &[&str] = &["220 here\r\n", "250 here\r\n", "250 from\r\n", "250 to\r\n"];
    let hung = (0..=exchange.len()).map(async |point| {
        let mail = Mail {
            host: "127.0.0.1".to_owned(),
            port: silent_after(&exchange[..point]).await,
            tls: MailTls::None,
            login: None,
            from: "verikeep@example.com".to_owned(),
            to: vec!["duty@example.com".to_owned()],
            ca_file: None,
        };
        (point, send(mail).await.unwrap_err())
    });
    for (point, why) in futures::future::join_all(hung).await {
        assert!(!why.is_lasting(), "{point}: {why}");
        let said = "no answer of the mail server within the time limit";
        assert!(why.to_string().contains(said), "{point}: {why}");
    }
}
