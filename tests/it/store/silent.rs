//! A PostgreSQL server behind a network that swallows what is sent, without a word.

use std::{sync::Arc, time::Duration};

use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use verikeep::{
    domain::{
        alarm::{Alarm, Kind},
        lease::{Lease, Stage},
        random::fresh_id,
        time::{HeldClock, Time},
    },
    store::{self, ANYBODY, Store, StoreError},
};

use crate::{
    databases::Database,
    wire::{State, Wire},
};

const NOW: Time = Time(1_790_000_000_000);
/// Well beyond the minute that a verb may take.
const PATIENCE: Duration = Duration::from_secs(90);

async fn raise(store: Arc<dyn Store>) -> store::Result<()> {
    let alarm = Alarm {
        kind: Kind::VaultDown,
        subject: "objects".to_owned(),
        text: "wrong".to_owned(),
    };
    store.raise(&alarm, ANYBODY, NOW).await.map(|_| ())
}

async fn read(store: Arc<dyn Store>) -> store::Result<()> {
    store.alarms().await.map(|_| ())
}

async fn release(store: Arc<dyn Store>) -> store::Result<()> {
    let lease = Lease {
        verification_id: fresh_id(NOW).into(),
        stage: Stage::Poll,
        token: "nobody's".to_owned(),
        until: NOW,
        claims: 1,
    };
    store.release(vec![lease], NOW).await
}

/// How many of the other connections to this database are so.
async fn others(connection: &mut PgConnection, so: &str) -> i64 {
    let sql = format!(
        "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and {so}"
    );
    let row = connection.fetch_one(sqlx::AssertSqlSafe(sql)).await;
    row.unwrap().get(0)
}

async fn until(connection: &mut PgConnection, so: &str, count: i64) {
    let reached = async {
        while others(connection, so).await != count {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect(so);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verb_that_is_swallowed_fails_in_time_frees_its_locks_and_can_be_repeated() {
    let database = Database::postgres().await;
    store::migrate(&database.url).await.unwrap();
    let (wire, behind) = Wire::before_postgres().await;
    let url = database.url.reveal();
    let url = url.replace(&behind, &wire.address.to_string());
    let store = store::open(&url.parse().unwrap(), 4, HeldClock::at(NOW)).await;
    let store = store.unwrap();

    // Each is in the middle of its transaction when the network goes.
    let mut beside = PgConnection::connect(database.url.reveal()).await.unwrap();
    let lock = "begin; lock table alarms, schedule in access exclusive mode";
    beside.execute(lock).await.unwrap();
    let verbs = [
        ("a verb that writes", tokio::spawn(raise(store.clone()))),
        ("a verb that reads", tokio::spawn(read(store.clone()))),
        ("a verb of the group", tokio::spawn(release(store.clone()))),
    ];
    let mut watching = PgConnection::connect(database.url.reveal()).await.unwrap();
    until(&mut watching, "wait_event_type = 'Lock'", 3).await;
    wire.is.send(State::Silent).unwrap();
    beside.execute("rollback").await.unwrap();
    for (label, verb) in verbs {
        let ended = tokio::time::timeout(PATIENCE, verb).await;
        let ended = ended.expect(label).unwrap();
        assert!(
            matches!(&ended, Err(StoreError::Unavailable(why)) if why.contains("does not answer")),
            "{label}: {ended:?}"
        );
    }
    // The server has not heard of that either.
    until(&mut watching, "state like 'idle in transaction%'", 0).await;

    wire.is.send(State::Whole).unwrap();
    raise(store.clone()).await.unwrap();
    release(store.clone()).await.unwrap();
    assert_eq!(store.alarms().await.unwrap().len(), 1);
}
