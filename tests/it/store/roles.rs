//! What each role of deploy/postgres/roles.sql may do.

use std::process::{Command, Output};

use verikeep::{
    domain::address::DatabaseUrl,
    store::{check_rights, migrate},
};

use crate::databases::Database;

fn psql(url: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("psql");
    command.args(["-qAt", "-v", "ON_ERROR_STOP=1", "-d", url]);
    command.args(arguments).output().unwrap()
}

pub async fn each_role_may_do_its_work_and_nothing_else(db: Database) {
    if db.is_sqlite() {
        return; // A file has no roles.
    }
    let server = url::Url::parse(db.url.reveal()).unwrap();
    let name = server.path().trim_start_matches('/').to_owned();
    let role = |role: &str| format!("{name}_{role}");
    let names = ["owner", "daemon", "reader"].map(|kind| format!("{kind}={}", role(kind)));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/postgres/roles.sql");
    let roles = || {
        let made = psql(
            server.as_str(),
            &[
                "-v", &names[0], "-v", &names[1], "-v", &names[2], "-f", file,
            ],
        );
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
    };
    let url_of = |kind: &str| -> DatabaseUrl {
        let mut url = server.clone();
        url.set_username(&role(kind)).unwrap();
        url.as_str().parse().unwrap()
    };
    roles();
    assert!(migrate(&url_of("daemon")).await.is_err());
    migrate(&url_of("owner")).await.unwrap();
    roles();
    check_rights(&url_of("daemon")).await.unwrap();
    assert!(check_rights(&url_of("reader")).await.is_err());
    let event = "insert into events (verification_id, at, actor, what, detail) values ('x', 1, 'a', 'b', 'c')";
    for (kind, statement, may) in [
        ("reader", "select count(*) from report_verifications", true),
        ("reader", "select count(*) from report_events", true),
        ("reader", "select count(*) from attempts", false),
        ("reader", "select count(*) from answers", false),
        ("reader", event, false),
        ("reader", "create table mine (a int)", false),
        ("reader", "create temporary table mine (a int)", false),
        ("daemon", event, true),
        ("daemon", "delete from events", true),
        ("daemon", "create table mine (a int)", false),
        ("daemon", "drop view report_events", false),
        ("daemon", "alter table events add column more text", false),
        (
            "owner",
            "create table later (a int); create view report_later as select a from later",
            true,
        ),
        ("daemon", "insert into later values (1)", true),
        ("reader", "select a from report_later", false),
    ] {
        let done = psql(url_of(kind).reveal(), &["-c", statement]);
        let told = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.success(), may, "{kind}: {statement}: {told}");
    }
    roles();
    for (statement, may) in [
        ("select a from report_later", true),
        ("select a from later", false),
    ] {
        let done = psql(url_of("reader").reveal(), &["-c", statement]);
        assert_eq!(done.status.success(), may, "run again: {statement}");
    }
    let gone = ["owner", "daemon", "reader"]
        .map(|kind| format!("drop owned by {0}; drop role {0}", role(kind)));
    for statement in [&gone[2], &gone[1], &gone[0]] {
        assert!(psql(server.as_str(), &["-c", statement]).status.success());
    }
}
