//! The arrows between the rooms, and what else keeps the house in shape, held against the source
//! itself.

mod circles;
mod reading;

use std::{collections::BTreeSet, fmt, fs, process::Command};

use reading::{Source, crate_paths, module, project, room, sources, tokens};

/// The libraries that belong to an edge, and the rooms that stand there, or one module of them. The
/// simulated provider is a crate of its own.
const EDGES: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("object_store", &["vault"]),
    ("reqwest", &["provider", "desk::remote"]),
    ("axum", &["web", "simulator"]),
    (
        "simulator",
        // The last is its own example.
        &[
            "app",
            "cli",
            "provider::over_world",
            "archive::lives",
            "simulator",
        ],
    ),
    ("lettre", &["notify"]),
    ("hyper_util", &["web"]),
    ("clap", &["cli", "main"]),
    (
        "tokio",
        &[
            "provider",
            "store",
            "vault",
            "worker",
            "simulator",
            "telemetry",
            "archive",
            "web",
            "app",
            "cli",
            "main",
        ],
    ),
];

/// The longest a source file may be before its tests.
const LINES_MAX: usize = 400;

#[test]
fn rooms_know_only_the_rooms_the_table_allows() {
    let found: Vec<_> = program()
        .iter()
        .flat_map(|source| violations(&source.file, &source.text))
        .collect();
    assert!(
        found.is_empty(),
        "{} arrows are not in the table:\n{}",
        found.len(),
        lines(&found)
    );
}

#[test]
fn edges_keep_their_libraries_to_themselves() {
    let found: Vec<_> = sources()
        .iter()
        .flat_map(|source| strays(&source.file, &source.text))
        .collect();
    assert!(
        found.is_empty(),
        "{} uses of an edge's library elsewhere:\n{}",
        found.len(),
        lines(&found)
    );
}

#[test]
fn the_table_names_every_room_and_no_other() {
    let there: BTreeSet<_> = program()
        .iter()
        .map(|source| room(&source.file).to_owned())
        .collect();
    let arrows = arrows();
    let named: BTreeSet<_> = arrows.iter().map(|(room, _)| room.clone()).collect();
    assert_eq!(there, named);
    let reached: BTreeSet<_> = arrows
        .iter()
        .flat_map(|(_, allowed)| {
            allowed
                .iter()
                .map(|path| path.split("::").next().unwrap().to_owned())
        })
        .collect();
    assert!(reached.is_subset(&named), "an arrow leads to no room");
}

#[test]
fn the_arrows_have_no_cycle() {
    fn walk<'a>(room: &'a str, arrows: &'a [(String, Vec<String>)], path: &mut Vec<&'a str>) {
        assert!(
            !path.contains(&room),
            "a cycle: {path:?} and back to {room}"
        );
        path.push(room);
        let (_, allowed) = arrows.iter().find(|(name, _)| name == room).unwrap();
        for next in allowed {
            walk(next.split("::").next().unwrap(), arrows, path);
        }
        path.pop();
    }
    let arrows = arrows();
    for (room, _) in &arrows {
        walk(room, &arrows, &mut Vec::new());
    }
}

#[test]
fn nothing_is_allowed_that_nobody_needs() {
    let program = program();
    let mut idle = Vec::new();
    for (own, allowed) in arrows() {
        let used: Vec<String> = program
            .iter()
            .filter(|source| room(&source.file) == own)
            .flat_map(|source| crate_paths(&source.file, &source.text))
            .map(|(_, path)| path)
            .collect();
        let unused = allowed
            .iter()
            .filter(|whole| !used.iter().any(|path| is_within(path, whole)));
        idle.extend(unused.map(|whole| format!("{own} → {whole}")));
    }
    assert!(
        idle.is_empty(),
        "in the table, and used by nobody: {idle:?}"
    );
}

#[test]
fn a_planted_violation_is_found() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "src/provider/client.rs",
            "use crate::store::Store;",
            &["store::Store"],
        ),
        (
            "src/domain/plan.rs",
            "use crate::{\n    domain::time::Time,\n    vault::{self, key::ObjectKey},\n};",
            &["vault::self", "vault::key::ObjectKey"],
        ),
        (
            "src/store/mod.rs",
            "fn f() { let x = crate::archive::poll::step::<u8>(1); }",
            &["archive::poll::step"],
        ),
        (
            "src/worker/driver.rs",
            "use crate::domain::{time::Time as T, token::State};",
            &["domain::token::State"],
        ),
        (
            "src/telemetry/metrics.rs",
            "use crate::store::{reports::Status, Store};",
            &["store::Store"],
        ),
        ("src/web/mod.rs", "use crate::archive;", &["archive"]),
        (
            "src/archive/poll.rs",
            "use super::super::app::App;",
            &["app::App"],
        ),
        (
            "src/store/sql/track.rs",
            "use super::super::super::vault::Vault;",
            &["vault::Vault"],
        ),
        (
            "src/vault/seal.rs",
            "#[cfg(test)]\nmod tests {\n    use super::super::super::provider::auth::Auth;\n}",
            &["provider::auth::Auth"],
        ),
        (
            "src/main.rs",
            "fn main() { verikeep::app::run() }",
            &["app::run"],
        ),
        (
            "src/config/load.rs",
            "use crate::nowhere::Thing; // crate::store is only said",
            &["nowhere::Thing"],
        ),
    ];
    for (file, text, expected) in cases {
        let found: Vec<_> = violations(file, text)
            .into_iter()
            .map(|violation| violation.what)
            .collect();
        assert_eq!(&found, expected, "{file}: {text}");
    }
    assert_eq!(
        violations("src/vault/key.rs", "//! Text.\n\nuse crate::store::Store;")
            .first()
            .map(|found| found.line),
        Some(3)
    );
}

#[test]
fn what_the_table_allows_is_no_violation() {
    let cases = [
        (
            "src/archive/poll.rs",
            "use crate::{domain::time::Time, store::Store, vault::Vault, provider::client::Client};",
        ),
        (
            "src/worker/driver.rs",
            "use crate::domain::{random, time::{Clock, Time}};",
        ),
        (
            "src/store/sql/track.rs",
            "use super::super::dialect::Dialect;\npub(in crate::store) struct X;",
        ),
        (
            "src/store/connect.rs",
            "#[cfg(test)]\nmod tests {\n    use super::super::migrate;\n}",
        ),
        (
            "src/provider/mod.rs",
            "//! Not [`crate::store::Store`].\n/// Nor [`crate::vault`].\npub mod auth; // crate::app",
        ),
        (
            "src/main.rs",
            "fn main() -> std::process::ExitCode { verikeep::cli::main() }",
        ),
    ];
    for (file, text) in cases {
        assert_eq!(lines(&violations(file, text)), "", "{file}: {text}");
    }
}

#[test]
fn a_stray_library_is_found() {
    let found = |file, text| {
        strays(file, text)
            .into_iter()
            .map(|stray| stray.what)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        found("src/domain/time.rs", "use tokio::time::sleep;"),
        ["tokio"]
    );
    assert_eq!(
        found(
            "src/archive/poll.rs",
            "fn f() -> Result<(), sqlx::Error> { tokio::spawn(async {}); }"
        ),
        ["sqlx"]
    );
    for (file, expected) in [
        ("src/provider/client.rs", &["simulator"][..]),
        ("src/provider/over_world.rs", &[]),
        ("src/archive/poll/mod.rs", &["simulator"]),
        ("src/archive/lives/mod.rs", &[]),
        ("src/archive/lives/faults.rs", &[]),
    ] {
        assert_eq!(found(file, "use simulator::Options;"), expected, "{file}");
    }
    assert_eq!(
        found(
            "crates/simulator/src/server.rs",
            "fn f(from: reqwest::Client) { tokio::spawn(async {}); }"
        ),
        ["reqwest"]
    );
    assert!(
        found(
            "src/store/connect.rs",
            "use sqlx::{Pool, Row}; use crate::tokio::x; /* */ // reqwest::Client"
        )
        .is_empty()
    );
}

#[test]
fn the_simulated_provider_depends_on_nothing_of_ours() {
    let ours = |manifest: &str| -> Vec<String> {
        let manifest: toml::Table = manifest.parse().unwrap();
        let tables = ["dependencies", "dev-dependencies", "build-dependencies"]
            .into_iter()
            .filter_map(|name| manifest.get(name)?.as_table());
        let is_ours = |name: &str, wanted: &toml::Value| {
            name.starts_with("verikeep") || wanted.get("path").is_some()
        };
        tables
            .flatten()
            .filter(|(name, wanted)| is_ours(name, wanted))
            .map(|(name, _)| name.clone())
            .collect()
    };
    let manifest = fs::read_to_string(project().join("crates/simulator/Cargo.toml")).unwrap();
    assert!(manifest.contains("[dependencies]"));
    assert_eq!(ours(&manifest), [""; 0], "one mistake could hide the other");
    assert_eq!(
        ours(
            "[dependencies]\nshared = { path = \"../shared\" }\n[dev-dependencies]\nverikeep = \"0.1\"\ntoml = \"1\""
        ),
        ["shared", "verikeep"]
    );
}

#[test]
fn the_world_of_the_simulated_provider_does_no_input_or_output() {
    let (server, world): (Vec<_>, Vec<_>) = sources()
        .into_iter()
        .filter(|source| source.file.starts_with("crates/simulator/src/"))
        .partition(|source| {
            let driver = ["clock", "connection", "server"]
                .map(|name| format!("crates/simulator/src/{name}.rs"));
            driver.contains(&source.file)
        });
    assert_eq!(server.len(), 3);
    let outside = [
        "tokio",
        "axum",
        "futures",
        "net",
        "fs",
        "thread",
        "SystemTime",
        "Instant",
        "now",
        "SimClock",
    ];
    let found: Vec<_> = world
        .iter()
        .flat_map(|source| {
            tokens(&source.text).into_iter().map(|(line, name)| {
                (
                    source.file.trim_start_matches("crates/simulator/src/"),
                    line,
                    name,
                )
            })
        })
        .filter(|(_, _, name)| outside.contains(&name.as_str()))
        // The options say where a server listens; the world does not look there.
        .filter(|(file, _, name)| !(*file == "options.rs" && name == "net"))
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn whatever_waits_for_several_things_says_in_which_order() {
    let unordered = |text: &str| -> Vec<usize> {
        let tokens = tokens(text);
        let is = |at: usize, token: &str| tokens.get(at).is_some_and(|(_, found)| found == token);
        let begins = (0..tokens.len()).filter(|at| is(*at, "select") && is(at + 1, "!"));
        begins
            .filter(|at| !is(at + 3, "biased"))
            .map(|at| tokens[at].0)
            .collect()
    };
    let found: Vec<_> = program()
        .iter()
        .flat_map(|source| {
            let lines = unordered(&source.text);
            lines
                .into_iter()
                .map(|line| format!("{}:{line}", source.file))
        })
        .collect();
    assert!(found.is_empty(), "`select!` without `biased;`: {found:#?}");
    let planted = "tokio::select! {\n    // First.\n    biased;\n}\nselect! { () = a => {} }";
    assert_eq!(unordered(planted), [5]);
}

/// What a hash map gives out in turn differs from run to run, and with it what is asked, claimed or
/// written first.
#[test]
fn nothing_that_decides_or_works_keeps_an_order_of_chance() {
    let found: Vec<_> = program()
        .iter()
        .filter(|source| ["domain", "archive", "worker"].contains(&room(&source.file)))
        .flat_map(|source| {
            let names = tokens(&source.text).into_iter();
            names
                .filter(|(_, name)| ["HashMap", "HashSet"].contains(&name.as_str()))
                .map(|(line, name)| format!("{}:{line}: {name}", source.file))
        })
        .collect();
    assert!(found.is_empty(), "a BTree keeps an order: {found:#?}");
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |database: &str| -> BTreeSet<String> {
        let folder = project().join("migrations").join(database);
        let entries =
            fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".sql"))
            .collect()
    };
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    assert_eq!(sqlite, postgres);
    assert!(!sqlite.is_empty(), "there is no migration");
    let numbers: BTreeSet<_> = sqlite
        .iter()
        .map(|name| name.split('_').next().unwrap().parse::<u64>().unwrap())
        .collect();
    assert_eq!(
        numbers.len(),
        sqlite.len(),
        "two migrations have one number"
    );
}

#[test]
fn every_file_of_this_suite_is_part_of_it() {
    let suite = project().join("tests/it");
    let main = fs::read_to_string(suite.join("main.rs")).unwrap();
    let named: BTreeSet<_> = main
        .lines()
        .filter_map(|line| Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned()))
        .collect();
    let files = fs::read_dir(&suite)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let there: BTreeSet<_> = files
        .filter_map(|file| file.strip_suffix(".rs").map(str::to_owned))
        .filter(|name| name != "main")
        .collect();
    assert_eq!(
        there, named,
        "a file without its `mod` line is a test that never runs"
    );
}

#[test]
fn no_source_file_is_too_long_to_see_across() {
    let long: Vec<_> = sources()
        .into_iter()
        // What is nothing but tests is a table to be looked up in.
        .filter(|source| !source.file.ends_with("tests.rs"))
        .map(|source| {
            (
                source
                    .text
                    .lines()
                    .take_while(|line| *line != "#[cfg(test)]")
                    .count(),
                source.file,
            )
        })
        .filter(|(length, _)| *length > LINES_MAX)
        .collect();
    assert!(
        long.is_empty(),
        "more than {LINES_MAX} lines before the tests: {long:?}"
    );
}

#[test]
fn the_project_speaks_of_itself_alone() {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(project())
        .output()
        .unwrap();
    assert!(
        listed.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let files = String::from_utf8(listed.stdout).unwrap();
    let mut found = Vec::new();
    for file in files
        .split_terminator('\0')
        .filter(|file| *file != "Cargo.lock")
    {
        // What is not text (or was just deleted) says nothing.
        if let Ok(text) = fs::read_to_string(project().join(file)) {
            found.extend(
                text.lines()
                    .zip(1..)
                    .filter(|(line, _)| names_a_machine(line))
                    .map(|(_, number)| format!("{file}:{number}")),
            );
        }
    }
    assert!(
        found.is_empty(),
        "a path of a build machine or a registry's host: {found:#?}"
    );
}

#[test]
fn a_build_machine_and_a_registry_host_are_recognised() {
    for (line, expected) in [
        (concat!("cd /wo", "rk/main"), true),
        (concat!("HOME=\"/ro", "ot/.cargo\""), true),
        (concat!("https://index.", "crates.io/config.json"), true),
        (concat!("$HOME/ro", "ot/x and target/wo", "rk/y"), false),
        ("published on crates.io", false),
    ] {
        assert_eq!(names_a_machine(line), expected, "{line}");
    }
}

/// Something that a file must not name.
struct Found {
    file: String,
    line: usize,
    what: String,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {} must not know {}",
            self.file,
            self.line,
            room(&self.file),
            self.what
        )
    }
}

fn lines(found: &[Found]) -> String {
    found
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The files of the program itself: what a crate beside it may know, its manifest says and the
/// compiler keeps.
fn program() -> Vec<Source> {
    sources()
        .into_iter()
        .filter(|source| source.file.starts_with("src/"))
        .collect()
}

/// What each room may name of the others, a whole room or one module of it: the table that the
/// crate's documentation shows.
fn arrows() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(project().join("src/lib.rs")).unwrap();
    let names = |cell: &str| {
        let names = cell.split('`').skip(1).step_by(2);
        names.map(str::to_owned).collect::<Vec<String>>()
    };
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | "));
    let cells = rows.filter_map(|row| {
        let mut cells = row.trim_end_matches('|').split(" | ");
        let room = names(cells.next()?).into_iter().next()?;
        cells.next()?;
        Some((room, names(cells.next().unwrap_or_default())))
    });
    cells.collect()
}

/// Whether a path is a whole, or something of it.
fn is_within(path: &str, whole: &str) -> bool {
    path.strip_prefix(whole)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn violations(file: &str, text: &str) -> Vec<Found> {
    let own = room(file);
    let arrows = arrows();
    let row = arrows.iter().find(|(room, _)| room == own);
    let allowed = row.map_or(&[][..], |(_, allowed)| allowed);
    let may =
        |path: &str| is_within(path, own) || allowed.iter().any(|whole| is_within(path, whole));
    crate_paths(file, text)
        .into_iter()
        .filter(|(_, path)| !may(path))
        .map(|(line, what)| Found {
            file: file.to_owned(),
            line,
            what,
        })
        .collect()
}

fn strays(file: &str, text: &str) -> Vec<Found> {
    let tokens = tokens(text);
    let begins_path = |at: usize| {
        (at == 0 || tokens[at - 1].1 != "::")
            && tokens.get(at + 1).is_some_and(|(_, next)| next == "::")
    };
    let own = module(file);
    let may = |allowed: &str| {
        let within = own.strip_prefix(allowed);
        room(file) == allowed
            || within.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let stray = |name: &str| {
        EDGES
            .iter()
            .any(|(library, rooms)| *library == name && !rooms.iter().any(|room| may(room)))
    };
    let found = tokens
        .iter()
        .enumerate()
        .filter(|(at, (_, name))| stray(name) && begins_path(*at));
    found
        .map(|(_, (line, name))| Found {
            file: file.to_owned(),
            line: *line,
            what: name.clone(),
        })
        .collect()
}

/// Whether a line names a folder of the machine it was written on, or a host of a package registry.
fn names_a_machine(line: &str) -> bool {
    // Cut in two, so that this file does not name them itself.
    let folders = [concat!("/ro", "ot/"), concat!("/wo", "rk/")];
    let hosts = [
        concat!("index.", "crates.io"),
        concat!("static.", "crates.io"),
        concat!("py", "pi.org"),
        concat!("files.", "pythonhosted.org"),
        concat!("registry.", "npmjs"),
        concat!("deb.", "debian.org"),
    ];
    let begins =
        |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_-.}".contains(c));
    folders
        .iter()
        .any(|folder| line.match_indices(folder).any(|(at, _)| begins(at)))
        || hosts.iter().any(|host| line.contains(host))
}
