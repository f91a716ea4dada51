//! People are told by the real binary: of three replicas by one, and once more at most by whoever
//! comes after one that died between sending a message and noting that.

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::any};
use serde_json::Value;
use tokio::sync::Notify;

use super::{
    degrade::configure,
    process::{Daemon, Place, code, err, out},
};
use crate::{databases::Database, lab::Db};

const SOON: Duration = Duration::from_secs(40);

/// Where messages arrive.
#[derive(Default)]
struct Inbox {
    told: Mutex<Vec<Value>>,
    beats: Mutex<usize>,
    /// While this stands, whoever sends waits for the answer.
    holds: AtomicBool,
    goes_on: Notify,
}

impl Inbox {
    /// Listens on loopback; brings the URL.
    async fn listen(self: &Arc<Self>) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let pages = Router::new()
            .route("/told", any(told))
            .route("/well", any(well))
            .with_state(Arc::clone(self));
        tokio::spawn(async move { axum::serve(listener, pages).await.unwrap() });
        format!("http://{address}")
    }

    /// Status and names of the alarms of each message so far.
    fn told(&self) -> Vec<(String, Vec<String>)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let names = |message: &Value| {
            let alerts = message["alerts"].as_array().unwrap();
            let name = |alert: &Value| text(&alert["labels"]["alertname"]);
            (text(&message["status"]), alerts.iter().map(name).collect())
        };
        self.told.lock().unwrap().iter().map(names).collect()
    }
}

async fn told(State(inbox): State<Arc<Inbox>>, body: Bytes) -> StatusCode {
    let message = serde_json::from_slice(&body).unwrap();
    inbox.told.lock().unwrap().push(message);
    if inbox.holds.load(Ordering::SeqCst) {
        inbox.goes_on.notified().await;
    }
    StatusCode::OK
}

async fn well(State(inbox): State<Arc<Inbox>>) -> StatusCode {
    *inbox.beats.lock().unwrap() += 1;
    StatusCode::NO_CONTENT
}

async fn place(inbox: &Arc<Inbox>, db: Db) -> Place {
    let place = Place::new(db, 61).await;
    let url = inbox.listen().await;
    fs::write(place.path().join("robot.url"), format!("{url}/told\n")).unwrap();
    configure(&place, |text| {
        format!(
            "heartbeat_url = \"{url}/well\"\nheartbeat_allow_private_host = true\n{text}\n\
             [[notify]]\nname = \"duty\"\nkind = \"webhook\"\nurl_file = \"robot.url\"\nallow_private_host = true\n"
        )
    });
    place
}

fn database(place: &Place) -> Database {
    Database {
        url: place.database(),
        folder: None,
        model: None,
    }
}

/// An alarm that only whoever raised it ends.
async fn raise(place: &Place, subject: &str) {
    let sql = format!(
        "insert into alarms (kind, subject, instance, text, since, last_at, times) values ('key_limit', '{subject}', '', 'it makes too many calls', 1700000000000, 1700000000000, 1)"
    );
    database(place).run(&sql).await;
}

/// Waits until the replicas have looked so often again whom to tell of what.
async fn looked(place: &Place, times: i64) {
    let db = database(place);
    let sql = "select coalesce(max(scheduled_at), 0) from jobs where job = 'tell' and lease_until is null";
    let before = db.number(sql).await;
    let later = async || db.number(sql).await >= before + times * 5000;
    place.until("another look", SOON, later).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_replicas_one_tells_and_whoever_follows_a_dead_one_repeats_one_message_at_most() {
    let inbox = Arc::new(Inbox::default());
    let place = place(&inbox, Db::Postgres).await;
    let mut replicas: Vec<Daemon> = Vec::new();
    for _ in 0..3 {
        replicas.push(place.start().await);
    }
    raise(&place, "shop").await;
    let one = |name: &str| ("firing".to_owned(), vec![name.to_owned()]);
    let arrived = async || !inbox.told().is_empty();
    place.until("a message", SOON, arrived).await;
    looked(&place, 3).await;
    assert_eq!(inbox.told(), [one("key_limit")]);

    inbox.holds.store(true, Ordering::SeqCst);
    raise(&place, "bank").await;
    let arrived = async || inbox.told().len() > 1;
    place.until("a second message", SOON, arrived).await;
    for replica in &mut replicas {
        replica.kill();
    }
    inbox.holds.store(false, Ordering::SeqCst);
    inbox.goes_on.notify_waiters();
    // The turn is the dead one's for a minute.
    let sql = "update jobs set lease_until = lease_until - 60000 where lease_until is not null";
    database(&place).run(sql).await;
    let _next = place.start().await;
    let arrived = async || inbox.told().len() > 2;
    place.until("the message once more", SOON, arrived).await;
    looked(&place, 3).await;
    let told = inbox.told();
    // That no daemon ran is told of as well, if it was long enough.
    let of_bank: Vec<_> = told.iter().filter(|one| one.1 == ["key_limit"]).collect();
    assert_eq!(of_bank.len(), 3, "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn channels_are_shown_and_tried_and_the_heartbeat_is_heard_while_all_is_well() {
    let inbox = Arc::new(Inbox::default());
    let place = place(&inbox, Db::Sqlite).await;
    let shown = place.verikeep(&["notify"]);
    assert_eq!(code(&shown), 0, "{}", err(&shown));
    assert!(out(&shown).contains("duty"), "{}", out(&shown));
    assert!(!out(&shown).contains("127.0.0.1"), "an address is a secret");
    let tried = place.verikeep(&["--lang", "zh", "notify", "test", "duty"]);
    assert_eq!(code(&tried), 0, "{}", err(&tried));
    assert_eq!(out(&tried), "duty: 消息已发出，请确认是否收到\n");
    assert_eq!(inbox.told().len(), 1);
    let unknown = place.verikeep(&["notify", "test", "boss"]);
    assert_eq!(code(&unknown), 2);
    assert!(err(&unknown).contains("duty"), "{}", err(&unknown));

    let daemon = place.start().await;
    let beaten = async || *inbox.beats.lock().unwrap() > 0;
    place
        .until("a heartbeat", Duration::from_secs(90), beaten)
        .await;
    assert!(!daemon.said().contains("/told"), "the URL is a secret");

    fs::write(place.path().join("robot.url"), "http://127.0.0.1:9/told\n").unwrap();
    let tried = place.verikeep(&["notify", "test", "--all", "--json"]);
    assert_eq!(code(&tried), 1);
    let result: Value = serde_json::from_str(&out(&tried)).unwrap();
    assert_eq!(result["ok"], false);
    let error = result["error"].as_str().unwrap();
    assert!(!error.is_empty() && !error.contains("127.0.0.1"), "{error}");
}
