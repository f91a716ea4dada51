//! The commands that ask a daemon over its API: a client host has an address and a key, and neither
//! a configuration, the provider's secrets, nor the database.

use std::{
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use serde_json::Value;
use simulator::{Life, LifeSpec, Video};

use super::process::{Daemon, Place, code, err, out};
use crate::lab::{Db, FILMED, PLAIN};

/// A host of its own.
struct Client {
    folder: tempfile::TempDir,
    url: String,
}

impl Client {
    fn of(place: &Place, daemon: &Daemon, scopes: &str, app: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut line = vec!["key", "create", "--name", app, "--scope", scopes];
        line.extend(if app == "all" {
            vec!["--all-apps"]
        } else {
            vec!["--app", app]
        });
        let made = place.verikeep(&line);
        assert_eq!(code(&made), 0, "{}", err(&made));
        std::fs::write(folder.path().join("key"), out(&made)).unwrap();
        let url = format!("http://{}", daemon.address());
        Self { folder, url }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn verikeep(&self, line: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_verikeep"))
            .env_clear()
            .current_dir(self.path())
            .args(line)
            .args(["--url", &self.url, "--key-file", "key"])
            .output()
            .unwrap()
    }

    /// What it says on standard output, once it ended so.
    fn told(&self, line: &[&str], ends: i32) -> String {
        let done = self.verikeep(line);
        assert_eq!(code(&done), ends, "{line:?}: {}{}", out(&done), err(&done));
        out(&done)
    }

    fn json(&self, line: &[&str], ends: i32) -> Value {
        let told = self.told(&[line, &["--json"]].concat(), ends);
        serde_json::from_str(&told).unwrap_or_else(|why| panic!("{line:?}: {why}: {told}"))
    }
}

async fn commands(db: Db) {
    let place = Place::new(db, 63).await;
    let daemon = place.start().await;
    let client = Client::of(&place, &daemon, "track,issue,read,operate,reveal", "all");
    let filmed = LifeSpec {
        video: Some(Video::One),
        ..LifeSpec::of(Life::Passed, 2)
    };
    let made = place.simulator().create(FILMED, &[filmed]);
    let [first, second] = [0, 1].map(|n: usize| made[n].verify_token.as_str());

    let line = ["track", first, "--app", FILMED, "--reference", "order-1"];
    let told = client.json(&line, 0);
    assert_eq!(told["verdict"], "new", "{told}");
    let id = told["verification_id"].as_str().unwrap().to_owned();
    assert_eq!(client.json(&line, 0)["verdict"], "known");
    let conflict = client.json(&["track", first, "--app", PLAIN], 1);
    assert_eq!(
        (&conflict["verdict"], &conflict["field"]),
        (&"conflict".into(), &"app".into())
    );
    let issued = client.json(&["issue", "--app", FILMED, "--plan", "unused"], 0);
    assert!(issued["verify_token"].is_string(), "{issued}");

    let person = client.path().join("person.json");
    for (label, text, ends) in [
        (
            "a person",
            r#"{"name":"canary","number":"110101199003070003"}"#,
            0,
        ),
        (
            "no number of a card",
            r#"{"name":"canary","number":"110101199003070004"}"#,
            2,
        ),
        ("no number", r#"{"name":"canary"}"#, 2),
    ] {
        std::fs::write(&person, text).unwrap();
        for host in [
            &|line: &[&str]| client.verikeep(line),
            &|line: &[&str]| place.verikeep(line),
        ] as [&dyn Fn(&[&str]) -> Output; 2]
        {
            let file = person.to_str().unwrap();
            let issued = host(&[
                "issue",
                "--app",
                FILMED,
                "--plan",
                "unused",
                "--identity-file",
                file,
            ]);
            let said = err(&issued);
            assert_eq!(code(&issued), ends, "{label}: {said}");
            assert!(
                !said.contains("canary") && !said.contains("1101"),
                "{label}: {said}"
            );
        }
    }

    let list = client.path().join("issued.csv");
    let text =
        format!("verify_token,app\n{first},{FILMED}\n{second},{FILMED}\nnot a token,{FILMED}\n");
    std::fs::write(&list, text).unwrap();
    let line = ["reconcile", "issued.csv", "--track", "--name", "daily"];
    let judged = client.told(&line, 1);
    assert!(
        judged.contains("): never tracked, tracked now (")
            && judged.contains("3 lines: 0 whole, 1 open, 1 never tracked (1 tracked now), 0 lost, 0 rejected, 0 in conflict, 1 wrong"),
        "{judged}"
    );

    place
        .until("it is archived", Duration::from_secs(60), async || {
            client.json(&["show", first], 0)["state"] == "archived"
        })
        .await;
    let shown = client.json(&["show", &id], 0);
    assert_eq!(
        (&shown["reference"], &shown["tracked_by"]),
        (&"order-1".into(), &"key all".into())
    );
    assert!(shown.get("verify_token").is_none(), "{shown}");
    let here = place.verikeep(&["show", first, "--json"]);
    let mut here: Value = serde_json::from_str(&out(&here)).unwrap();
    here.as_object_mut().unwrap().remove("verify_token");
    for attempt in here["attempt_rows"].as_array_mut().unwrap() {
        for private in [
            "id_number_index",
            "name",
            "id_number",
            "ocr_name",
            "ocr_id_number",
        ] {
            attempt[private] = Value::Null;
        }
    }
    assert_eq!(shown, here, "the same as on the daemon's host");

    let listed = client.told(&["list", "--reference", "order-1"], 0);
    assert!(listed.contains(&id) && !listed.contains(first), "{listed}");
    let woken = client.told(&["retry", first, "canary-token"], 1);
    assert!(
        woken.contains("token 1: is whole") && woken.contains("token 2: is not tracked here"),
        "{woken}"
    );
    let status = client.json(&["status"], 0);
    assert_eq!(status["reconciled"][0]["name"], "daily", "{status}");
    let watched = client.told(&["status"], 0);
    assert!(watched.contains("daily: last reconciled"), "{watched}");
    assert_eq!(client.told(&["alarms"], 0), "");
    assert_eq!(client.told(&["losses", "list", "--all"], 0), "");
    client.told(&["alarms", "ack", "99", "--note", "seen"], 1);
    client.told(&["losses", "ack", "--until", "0s", "--note", "seen"], 1);

    // What a key is not for, and what is not there over a network.
    let shop = Client::of(&place, &daemon, "track", PLAIN);
    for (label, who, line, ends, said) in [
        (
            "no scope",
            &shop,
            &["list"][..],
            3,
            "the key has not the scope read",
        ),
        (
            "another app",
            &shop,
            &["track", second, "--app", FILMED],
            2,
            "there are: ",
        ),
        (
            "tokens of the list",
            &client,
            &["list", "--csv"],
            2,
            "on the daemon's host",
        ),
        (
            "beyond the list",
            &client,
            &["reconcile", "issued.csv", "--unlisted"],
            2,
            "on the daemon's host",
        ),
        (
            "nobody on standard input",
            &client,
            &["list", "--id-number", "-"],
            2,
            "id_number",
        ),
        (
            "nobody's",
            &client,
            &["show", "canary-token"],
            1,
            "is not tracked here",
        ),
    ] {
        let refused = who.verikeep(line);
        let text = format!("{}{}", out(&refused), err(&refused));
        assert_eq!(code(&refused), ends, "{label}: {text}");
        assert!(
            text.contains(said) && !text.contains("canary"),
            "{label}: {text}"
        );
    }
    let conflict = shop.json(&["track", first, "--app", PLAIN], 1);
    assert_eq!(conflict["verdict"], "conflict");
    assert!(conflict.get("verification_id").is_none(), "{conflict}");

    std::fs::write(shop.path().join("key"), "vk_mistyped\n").unwrap();
    let refused = shop.verikeep(&["list"]);
    assert_eq!(code(&refused), 3);
    assert!(
        err(&refused).contains("key: holds no key of the API")
            && !err(&refused).contains("mistyped"),
        "{}",
        err(&refused)
    );
    daemon.stop();
    let away = client.verikeep(&["track", "x", "--app", FILMED]);
    assert_eq!(code(&away), 4, "{}", err(&away));
    assert!(
        err(&away).contains("the same command can be run again"),
        "{}",
        err(&away)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_ask_a_daemon_over_its_api_as_they_ask_the_database() {
    commands(Db::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_ask_a_daemon_over_its_api_as_they_ask_the_database_on_postgres() {
    commands(Db::Postgres).await;
}
