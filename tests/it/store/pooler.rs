//! Behind a real PgBouncer in transaction mode, whose transactions share two connections.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use verikeep::{
    domain::time::HeldClock,
    store::{Depth, check_pooler, check_rights, check_schema, check_sound, migrate, open},
};

use super::make::START;
use crate::databases::Database;

/// A PgBouncer of the test's own, before the server that the tests use.
struct Bouncer {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Bouncer {
    async fn start() -> Self {
        let server = std::env::var("VERIKEEP_TEST_POSTGRES").unwrap();
        let server = url::Url::parse(&server).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
        let port = port.unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "[databases]\n* = host={} port={} user={}{}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n",
            server.host_str().unwrap(),
            server.port().unwrap_or(5432),
            server.username(),
            server
                .password()
                .map(|password| format!(" password={password}"))
                .unwrap_or_default(),
        );
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new("pgbouncer");
        // It refuses to run as root.
        if is_root() {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |mode| std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(folder.path(), mode(0o755)).unwrap();
            std::fs::set_permissions(&file, mode(0o644)).unwrap();
            command.args(["-u", "nobody"]);
        }
        let child = command
            .arg("-q")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect(
                "PgBouncer cannot be started; run the tests by ./scripts/test, which installs it",
            );
        let bouncer = Self {
            child,
            port,
            _folder: folder,
        };
        while tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
        bouncer
    }

    /// An empty database that is reached through it.
    async fn database(&self, parameters: &str) -> Database {
        let direct = Database::postgres().await;
        let mut url = url::Url::parse(direct.url.reveal()).unwrap();
        url.set_port(Some(self.port)).unwrap();
        url.set_query(Some(parameters));
        Database {
            url: url.as_str().parse().unwrap(),
            ..direct
        }
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

const SET: &str = "statement-cache-capacity=0";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_verb_works_behind_a_pooler() {
    use super::{
        alarm, claim, download, jobs, keys, poll, quotas, read, requests, retry, robust, track,
    };
    let bouncer = Bouncer::start().await;
    let db = bouncer.database(SET).await;
    let url = db.url.reveal().replace(SET, "");
    migrate(&db.url).await.unwrap();
    for _ in 0..3 {
        // Another client has left what it prepared.
        if let Ok(other) = open(&url.parse().unwrap(), 5, HeldClock::at(START)).await {
            let _ = other.ping().await;
            other.close().await;
        }
        migrate(&db.url).await.unwrap();
        check_schema(&db.url).await.unwrap();
        check_sound(&db.url, Depth::Quick).await.unwrap();
        check_rights(&db.url).await.unwrap();
        check_pooler(&db.url).await.unwrap();
        let store = open(&db.url, 5, HeldClock::at(START)).await.unwrap();
        store.check_shape().await.unwrap();
        store.ping().await.unwrap();
        store.close().await;
    }
    let fresh = async || bouncer.database(SET).await;
    track::tracking_twice_is_tracking_once(fresh().await).await;
    track::many_that_tell_at_once_are_each_answered_their_own(fresh().await).await;
    claim::concurrent_claims_never_overlap(fresh().await).await;
    claim::a_claim_brings_all_that_its_step_needs(fresh().await).await;
    poll::a_record_is_read_back_whole(fresh().await).await;
    poll::attempts_replace_what_was_known_of_their_number(fresh().await).await;
    download::stored_same_and_failed_media_stand_as_told(fresh().await).await;
    retry::what_waits_for_a_person_is_woken(fresh().await).await;
    alarm::an_alarm_is_open_once_and_counted(fresh().await).await;
    keys::a_key_is_read_back_as_it_was_made(fresh().await).await;
    requests::of_many_that_begin_a_request_one_does_it(fresh().await).await;
    quotas::of_many_at_once_each_gets_its_own(fresh().await).await;
    jobs::of_many_that_take_a_job_at_once_one_has_it(fresh().await).await;
    read::pages_follow_one_another_newest_first(fresh().await).await;
    read::show_finds_by_token_and_by_identifier(fresh().await).await;
    robust::many_tasks_at_once_settle_every_verification_once(fresh().await).await;
}

#[tokio::test]
async fn a_pooler_that_nobody_told_of_is_found_by_the_check() {
    let direct = Database::postgres().await;
    check_pooler(&direct.url).await.unwrap();
    let bouncer = Bouncer::start().await;
    let db = bouncer.database("").await;
    let error = check_pooler(&db.url).await.unwrap_err().to_string();
    assert!(error.contains(SET), "{error}");
}
