//! What must stay secret is looked for wherever it could have got to: the simulator's credentials,
//! tokens, URLs and persons are the canaries.

use std::{collections::BTreeSet, fs, path::Path, process::Output, sync::Arc, time::Duration};

use simulator::{AppCredential, Faults, Made, Truth};

use super::{
    lives,
    process::{INDEX_KEY, Place, code, err, out},
};
use crate::lab::{Db, FILMED};

/// What was heard: where, and the text.
#[derive(Default)]
struct Heard {
    /// May hold nothing of all.
    texts: Vec<(String, String)>,
    /// Shows tokens by contract, and nothing else.
    with_tokens: Vec<(String, String)>,
}

impl Heard {
    fn text(&mut self, place: &str, text: String) {
        self.texts.push((place.to_owned(), text));
    }

    fn command(&mut self, name: &str, output: &Output) {
        self.text(&format!("stderr of {name}"), err(output));
        let shows_tokens = ["list", "show", "track"]
            .iter()
            .any(|shown| name.starts_with(shown));
        let to = if shows_tokens {
            &mut self.with_tokens
        } else {
            &mut self.texts
        };
        to.push((format!("stdout of {name}"), out(output)));
    }

    fn canaries_in(&self, tokens: &[String], others: &BTreeSet<String>) -> Vec<String> {
        let mut found = Vec::new();
        for (place, text) in &self.texts {
            found.extend(
                tokens
                    .iter()
                    .filter(|token| text.contains(token.as_str()))
                    .map(|token| format!("{place} tells the token {token}")),
            );
        }
        for (place, text) in self.texts.iter().chain(&self.with_tokens) {
            found.extend(
                others
                    .iter()
                    .filter(|canary| text.contains(canary.as_str()))
                    .map(|canary| format!("{place} tells {canary}")),
            );
        }
        found
    }
}

fn persons(truth: &Truth) -> BTreeSet<String> {
    truth
        .tokens
        .iter()
        .flat_map(|token| &token.attempts)
        .flat_map(|attempt| [attempt.facts.name.clone(), attempt.facts.id_number.clone()])
        .collect()
}

fn secrets(apps: &[AppCredential]) -> BTreeSet<String> {
    let mut secrets: BTreeSet<String> = apps
        .iter()
        .flat_map(|app| [app.api_key.clone(), app.secret_key.clone()])
        .collect();
    // Every access_token the simulator mints ends with it; the others stand in URLs alone.
    secrets.extend(
        [
            ".282335-",
            "authorization=",
            "access_token=",
            "client_secret=",
            INDEX_KEY,
        ]
        .map(str::to_owned),
    );
    secrets
}

fn file_names(folder: &Path, names: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        names.push_str(&format!("{}\n", path.display()));
        if path.is_dir() {
            file_names(&path, names);
        }
    }
}

/// A daemon that cannot do its work: what it says of it.
async fn in_trouble(name: &str, place: &Place, heard: &mut Heard) -> Vec<Made> {
    // Fresh ones: those of the first archive may be too old by now to be asked about at all.
    let made = lives(place.simulator(), 1);
    heard.command("track", &place.track(&made));
    let daemon = place.start().await;
    let archive = place.archive().await;
    // A loss alone would not show that the provider was asked.
    let failing = async || {
        let status = archive.store.status(archive.now()).await.unwrap();
        !status.errors.is_empty() || status.alarms.iter().any(|alarm| alarm.kind != "loss")
    };
    place
        .until(
            &format!("a failure of {name}"),
            Duration::from_secs(30),
            failing,
        )
        .await;
    archive.store.close().await;
    for path in ["/dependencies", "/metrics"] {
        heard.text(&format!("{path} of {name}"), daemon.page(path));
    }
    heard.text(name, daemon.stop());
    for line in [
        ["check"].as_slice(),
        &["status"],
        &["status", "--json"],
        &["issue", "--app", FILMED, "--plan", "passed"],
        &["list"],
    ] {
        let output = place.verikeep(line);
        heard.command(&line.join(" "), &output);
        if line[0] == "check" || line[0] == "issue" {
            assert_ne!(code(&output), 0, "{line:?} of {name}");
        }
    }
    let mut names = String::new();
    file_names(&place.path().join("data"), &mut names);
    heard.text(&format!("file names of {name}"), names);
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_secret_is_told() {
    let place = Place::new(Db::Sqlite, 23).await;
    let mut heard = Heard::default();
    place.set_faults(Faults {
        stall_ms: 300,
        daily_quota_ms: 500,
        ..Faults::at_rate(0.15)
    });
    let daemon = place.start().await;
    let mut made = lives(place.simulator(), 3);
    heard.command("track", &place.track(&made));
    let archive = place.archive().await;
    place
        .until("all are settled", Duration::from_secs(90), async || {
            place.progress(&archive).await.settled == made.len()
        })
        .await;
    archive.store.close().await;
    place.set_faults(Faults::default());

    let raw: Vec<(String, Vec<u8>)> = ["verikeep.db", "verikeep.db-wal"]
        .into_iter()
        .filter_map(|name| {
            Some((
                name.to_owned(),
                fs::read(place.path().join("data").join(name)).ok()?,
            ))
        })
        .collect();
    for path in ["/healthz", "/readyz", "/dependencies", "/metrics", "/none"] {
        heard.text(path, daemon.page(path));
    }
    let token = made[0].verify_token.clone();
    let token = token.as_str();
    let truth = place.simulator().truth();
    let number = truth
        .tokens
        .iter()
        .flat_map(|token| &token.attempts)
        .map(|attempt| attempt.facts.id_number.clone())
        .next()
        .unwrap();
    for line in [
        ["list"].as_slice(),
        &["list", "--json"],
        &["list", "--id-number", &number],
        &["show", token],
        &["show", token, "--json"],
        &["get", token, "--out", "case"],
        &["get", token, "--out", "verikeep.toml"],
        &["status"],
        &["status", "--json"],
        &["retry", token],
        &["check"],
        &["track", token, "--app", "nobody"],
        &[
            "track",
            token,
            "--app",
            FILMED,
            "--issued-at",
            "2001-01-01T00:00:00Z",
        ],
    ] {
        heard.command(&line[..1].join(""), &place.verikeep(line));
    }
    let found = place.verikeep_reading(&["list", "--id-number", "-"], &number);
    heard.command("list of a person", &found);
    heard.text("the daemon", daemon.stop());
    let mut names = String::new();
    file_names(&place.path().join("data"), &mut names);
    heard.text("file names", names);

    let mut stranger = place.simulator().apps().to_vec();
    for app in &mut stranger {
        app.secret_key = format!("canary-of-{}", app.name);
    }
    let (provider, base_url) = (place.provider(), place.simulator().base_url().to_owned());
    let refused = Place::beside(Arc::clone(&provider), Db::Sqlite, &base_url, &stranger).await;
    made.extend(in_trouble("a wrong secret", &refused, &mut heard).await);
    let dead = Place::beside(provider, Db::Sqlite, "http://127.0.0.1:9", &stranger).await;
    made.extend(in_trouble("a dead provider", &dead, &mut heard).await);

    let tokens: Vec<String> = made.iter().map(|one| one.verify_token.clone()).collect();
    let persons = persons(&place.simulator().truth());
    let mut others = secrets(place.simulator().apps());
    others.extend(secrets(&stranger));
    others.extend(persons.iter().cloned());
    let mut found = heard.canaries_in(&tokens, &others);
    for (name, bytes) in &raw {
        let there = |canary: &&String| holds(bytes, canary.as_bytes());
        found.extend(
            others
                .iter()
                .filter(there)
                .map(|canary| format!("{name} holds {canary}")),
        );
    }
    assert!(
        found.is_empty(),
        "{} leaks: {:#?}",
        found.len(),
        found.iter().take(30).collect::<Vec<_>>()
    );

    // The search must be able to find: what is shown by contract is found by it.
    let shown = Heard {
        texts: heard.with_tokens,
        ..Heard::default()
    };
    assert!(
        !shown.canaries_in(&tokens, &others).is_empty(),
        "list and show tell tokens"
    );
    assert!(
        raw.iter().any(|(_, bytes)| holds(bytes, token.as_bytes())),
        "the database holds the tokens"
    );
    assert!(persons.len() > 10, "{persons:?}");
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
