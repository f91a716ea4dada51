//! The real binary: help, exit codes, and what needs no other room.

mod demo;
mod explain;

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant, SystemTime},
};

use tempfile::TempDir;

const COMMANDS: [&str; 23] = [
    "init",
    "check",
    "migrate",
    "run",
    "issue",
    "track",
    "reconcile",
    "status",
    "list",
    "show",
    "get",
    "retry",
    "alarms",
    "losses",
    "orphans",
    "key",
    "index-number",
    "index-key",
    "explain",
    "simulate",
    "demo",
    "completions",
    "man",
];

fn verikeep(folder: &Path, line: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_verikeep"))
        .args(line)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn every_command_explains_itself_and_its_exit_codes() {
    let folder = TempDir::new().unwrap();
    let all = verikeep(folder.path(), &["--help"]);
    for command in COMMANDS {
        assert!(
            out(&all).contains(&format!("\n  {command} ")),
            "{command} in {}",
            out(&all)
        );
        let help = verikeep(folder.path(), &[command, "--help"]);
        assert_eq!(help.status.code(), Some(0), "{command}");
        for part in [
            "Exit codes:",
            "3  the configuration is wrong",
            "4  the far end",
            "Examples:",
            "--config <FILE>",
        ] {
            assert!(
                out(&help).contains(part),
                "{command} --help tells {part}\n{}",
                out(&help)
            );
        }
    }
    assert!(out(&all).contains("Exit codes:"));
    assert!(out(&verikeep(folder.path(), &["--version"])).starts_with("verikeep "));
}

#[test]
fn wrong_usage_ends_with_two() {
    let folder = TempDir::new().unwrap();
    for line in [
        [].as_slice(),
        &["lst"],
        &["show"],
        &["get", "t"],
        &["track"],
        &["track", "t", "--file", "f"],
        &["list", "--state", "gone"],
        &["status", "--every", "2s"],
        &[
            "issue",
            "--app",
            "a",
            "--plan",
            "1",
            "--identity-number=canary",
        ],
        &["reconcile"],
        &["key"],
        &["key", "create", "--name", "a", "--scope", "read"],
        &[
            "key",
            "create",
            "--name",
            "a",
            "--scope",
            "write",
            "--all-apps",
        ],
        &[
            "key",
            "create",
            "--name",
            "a",
            "--scope",
            "read",
            "--app",
            "h5",
            "--all-apps",
        ],
        &[
            "key",
            "create",
            "--name",
            "a",
            "--scope",
            "read",
            "--all-apps",
            "--expires",
            "soon",
        ],
        &[
            "key",
            "create",
            "--name",
            "a",
            "--scope",
            "read",
            "--all-apps",
            "--network",
            "10",
        ],
        &["reconcile", "f", "--since", "2026-11-23T08:15:01Z"],
        &["reconcile", "f", "--bill", "g"],
        &["reconcile", "f", "--csv"],
        &["reconcile", "--bill", "g", "--track"],
        &["reconcile", "--bill", "g", "--csv", "--json"],
        &["reconcile", "--bill", "g", "--month", "2026-13"],
    ] {
        let output = verikeep(folder.path(), line);
        assert_eq!(output.status.code(), Some(2), "{line:?}: {}", err(&output));
        assert!(
            !err(&output).contains("canary"),
            "{line:?}: {}",
            err(&output)
        );
    }
}

#[test]
fn a_wrong_configuration_ends_with_three_and_names_everything() {
    let folder = TempDir::new().unwrap();
    let none = verikeep(folder.path(), &["list"]);
    assert_eq!(none.status.code(), Some(3));
    assert!(err(&none).contains("verikeep init"), "{}", err(&none));

    fs::write(
        folder.path().join("verikeep.toml"),
        "[http]\nlisten = \"x\"\n[[apps]]\nname = \"a\"\napi_key = \"canary\"\nsecret_key = 5\n",
    )
    .unwrap();
    for command in ["list", "run", "status", "migrate"] {
        let output = verikeep(folder.path(), &[command]);
        assert_eq!(output.status.code(), Some(3), "{command}");
        assert!(
            err(&output).contains("2 things are wrong")
                && err(&output).contains("verikeep.toml:2: http.listen")
                && err(&output).contains("verikeep.toml:6: apps[0].secret_key"),
            "{}",
            err(&output)
        );
        assert!(!err(&output).contains("canary"), "{}", err(&output));
    }
    let named = verikeep(folder.path(), &["list", "--config", "gone.toml"]);
    assert!(
        named.status.code() == Some(3) && err(&named).contains("gone.toml: no such file"),
        "{}",
        err(&named)
    );

    let check = verikeep(folder.path(), &["check", "--offline"]);
    assert_eq!(check.status.code(), Some(3));
    assert!(
        out(&check).contains("FAIL")
            && out(&check).contains("http.listen (verikeep.toml:2)")
            && !out(&check).contains("canary"),
        "{}",
        out(&check)
    );
    let json: serde_json::Value = serde_json::from_str(&out(&verikeep(
        folder.path(),
        &["check", "--offline", "--json"],
    )))
    .unwrap();
    assert_eq!(
        (&json["ok"], &json["exit_code"]),
        (&false.into(), &3.into())
    );
}

/// The rows of `check --json`: what, level, found, what to do; and what is to be done next.
fn checked(folder: &Path, line: &[&str]) -> (BTreeMap<String, [String; 3]>, String) {
    let output = verikeep(folder, &[&["check", "--json"], line].concat());
    let document: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let rows = document["rows"].as_array().unwrap().iter().map(|row| {
        let told = [text(&row["level"]), text(&row["found"]), text(&row["todo"])];
        (text(&row["what"]), told)
    });
    // Of several of one name the first.
    (rows.rev().collect(), text(&document["next"]))
}

#[test]
fn a_wrong_configuration_hides_nothing_that_can_be_looked_at() {
    const APP: &str = "[[apps]]\nname = \"h5\"\nbase_url = \"http://127.0.0.1:9\"\napi_key = \"a\"\nsecret_key = \"s\"\n";
    const ALL: &[&str] = &["database", "object store", "http.listen", "app h5"];
    for (label, text, unread) in [
        (
            "an app beside",
            format!("{APP}[[apps]]\nname = \"b\"\n"),
            &["app b"][..],
        ),
        (
            "the schedule",
            format!("[schedule]\ntidy = \"x\"\n{APP}"),
            &[],
        ),
        (
            "an unknown section",
            format!("[metrics]\nx = 1\n{APP}"),
            &[],
        ),
        (
            "a section mistyped",
            format!("[databse]\nurl = \"x\"\n{APP}"),
            &["database"],
        ),
        (
            "the database",
            format!("[database]\nurl = \"x\"\n{APP}"),
            &["database"],
        ),
        (
            "the vault",
            format!("[vault]\nurl = \"x\"\n{APP}"),
            &["object store"],
        ),
        ("the app", format!("{APP}qps = 0\n"), &["app h5"]),
        (
            "no TOML",
            format!("{APP}[database\n"),
            &["database", "object store", "app h5"],
        ),
    ] {
        let folder = TempDir::new().unwrap();
        let text = format!("http.listen = \"127.0.0.1:0\"\n{text}");
        fs::write(folder.path().join("verikeep.toml"), text).unwrap();
        let (rows, next) = checked(folder.path(), &[]);
        let not_looked_at = |what: &str| rows[what][1].starts_with("not looked at");
        assert!(
            unread.iter().all(|what| not_looked_at(what)),
            "{label}: {rows:?}"
        );
        for what in ALL {
            let is_there =
                rows.contains_key(*what) && (unread.contains(what) || !not_looked_at(what));
            assert!(is_there || label == "no TOML", "{label}, {what}: {rows:?}");
        }
        assert!(
            !next.is_empty() && !next.contains("verikeep check"),
            "{label}: {next}"
        );
        assert!(
            rows.values()
                .all(|[_, _, todo]| !todo.contains("verikeep check")),
            "{label}: {rows:?}"
        );
    }
}

#[test]
fn an_address_that_another_program_holds_is_told_with_the_way_out() {
    let place = place();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let variable = ("VERIKEEP_HTTP__LISTEN", address.to_string());
    let text = fs::read_to_string(place.path().join("verikeep.toml")).unwrap();
    let answers_nothing = std::thread::spawn(move || drop(other.accept()));
    let listening = format!("http.listen = \"{}\"\n{text}", variable.1);
    fs::write(place.path().join("verikeep.toml"), listening).unwrap();
    let (rows, next) = checked(place.path(), &["--offline"]);
    let [level, found, todo] = &rows["http.listen"];
    assert!(
        level == "fail" && found.contains("another program holds") && todo.contains("http.listen"),
        "{rows:?}"
    );
    assert!(next.starts_with("http.listen: "), "{next}");
    answers_nothing.join().unwrap();

    let free = format!("http.listen = \"127.0.0.1:0\"\n{text}");
    fs::write(place.path().join("verikeep.toml"), free).unwrap();
    let (rows, next) = checked(place.path(), &["--offline"]);
    assert_eq!(rows["http.listen"][0], "ok", "{rows:?}");
    assert_eq!(next, "`verikeep run`", "{rows:?}");
}

#[test]
fn check_says_it_in_the_language_asked_for() {
    let place = place();
    let file = place.path().join("verikeep.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("http.listen = \"127.0.0.1:0\"\n{text}")).unwrap();
    for (lang, next, found, heading) in [
        (
            "en",
            "next: `verikeep run`",
            "written, read back, compared",
            "found",
        ),
        ("zh", "下一步：`verikeep run`", "已写入、读回并比对", "结果"),
    ] {
        let output = verikeep(place.path(), &["check", "--offline", "--lang", lang]);
        for part in [next, found] {
            assert!(out(&output).contains(part), "{part}: {}", out(&output));
        }
        assert!(out(&output).contains(heading), "{}", out(&output));
        let (rows, next) = checked(place.path(), &["--offline", "--lang", lang]);
        let [level, told, _] = &rows["object store"];
        assert_eq!((level.as_str(), told.as_str()), ("ok", found));
        assert_eq!(next, "`verikeep run`");
    }
}

#[test]
fn init_writes_what_check_accepts_once_the_credentials_are_there() {
    let folder = TempDir::new().unwrap();
    let output = verikeep(folder.path(), &["init", "new/place"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let place = folder.path().join("new/place");
    let mode = |name: &str| fs::metadata(place.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (
            mode("verikeep.toml"),
            mode("verikeep-data"),
            mode("identity-index.key")
        ),
        (0o600, 0o700, 0o600)
    );
    assert!(
        fs::read_dir(place.join("verikeep-data"))
            .unwrap()
            .next()
            .is_none(),
        "no key lies with the data"
    );
    let key = fs::read_to_string(place.join("identity-index.key")).unwrap();
    assert!(key.trim().len() == 64 && key.trim().bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(!out(&output).contains(key.trim()), "the key is not shown");

    let empty = verikeep(&place, &["check", "--offline"]);
    assert_eq!(empty.status.code(), Some(3), "{}", out(&empty));
    let text = fs::read_to_string(place.join("verikeep.toml")).unwrap();
    fs::write(
        place.join("verikeep.toml"),
        text.replace("api_key = \"\"", "api_key = \"canary-ak\"")
            .replace("secret_key = \"\"", "secret_key = \"canary-sk\""),
    )
    .unwrap();
    // The network and the database are the business of other tests.
    let filled = verikeep(&place, &["check", "--offline"]);
    assert!(
        !out(&filled).contains("apps[0]")
            && !out(&filled).contains("warn")
            && out(&filled).contains("can be written to"),
        "{}",
        out(&filled)
    );
    assert!(!out(&filled).contains("canary"), "{}", out(&filled));
}

#[test]
fn what_is_wrong_with_a_configuration_is_said_in_the_language_asked_for() {
    let folder = TempDir::new().unwrap();
    let text = "[[apps]]\nname = \"h5\"\napi_key = \"canary\"\nsecret_kee = \"canary\"\n";
    fs::write(folder.path().join("verikeep.toml"), text).unwrap();
    for (language, found, todo, all) in [
        (
            "en",
            "no such key",
            "did you mean `secret_key`?",
            "things are wrong",
        ),
        (
            "zh",
            "没有这个键",
            "是不是想写 `secret_key`？",
            "配置无法使用，共有 2 处错误",
        ),
    ] {
        let (rows, _) = checked(folder.path(), &["--offline", "--lang", language]);
        let what = "apps[0].secret_kee (verikeep.toml:4)";
        assert_eq!(rows[what], ["fail", found, todo].map(str::to_owned));
        let output = verikeep(folder.path(), &["run", "--lang", language]);
        let told = err(&output);
        assert_eq!(output.status.code(), Some(3), "{told}");
        for part in [found, todo, all] {
            assert!(told.contains(part) && !told.contains("canary"), "{told}");
        }
    }
}

#[test]
fn check_names_the_channel_that_cannot_be_used() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("ca.pem"), "canary").unwrap();
    let robot = "[[notify]]\nname = \"group\"\nkind = \"wecom\"\nurl = \"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=canary\"\n";
    let mail = "[[notify]]\nname = \"duty\"\nkind = \"email\"\nhost = \"smtp.example.com\"\nfrom = \"canary@example.com\"\nto = [\"canary@example.com\"]\nca_file = \"ca.pem\"\n";
    let heartbeat = "heartbeat_url = \"https://hc-ping.com/canary\"\n";
    let app = "[[apps]]\nname = \"h5\"\napi_key = \"canary\"\nsecret_key = \"canary\"\n";
    fs::write(
        folder.path().join("verikeep.toml"),
        format!("{heartbeat}{app}{robot}{mail}"),
    )
    .unwrap();
    for (language, usable, unusable) in [
        (
            "en",
            "can be used; nothing was sent",
            "cannot be used: duty: ca_file",
        ),
        ("zh", "可用；未发送任何消息", "不可用：duty: ca_file"),
    ] {
        let line = ["check", "--offline", "--json", "--lang", language];
        let output = verikeep(folder.path(), &line);
        assert_eq!(output.status.code(), Some(3), "{}", err(&output));
        assert!(!out(&output).contains("canary"), "{}", out(&output));
        let (rows, next) = checked(folder.path(), &["--offline", "--lang", language]);
        for (what, level, told) in [
            ("channel group", "ok", usable),
            ("channel duty", "fail", unusable),
            ("heartbeat_url", "ok", usable),
        ] {
            let [found_level, found, todo] = &rows[what];
            assert_eq!(found_level, level, "{what}");
            assert!(found.starts_with(told), "{what}: {found}");
            assert_eq!(
                todo.contains("verikeep notify test"),
                level == "fail",
                "{what}"
            );
        }
        assert!(next.starts_with("channel duty: "), "{next}");
    }
    let wrong = robot.replace("https", "ftp");
    fs::write(folder.path().join("verikeep.toml"), format!("{app}{wrong}")).unwrap();
    let (rows, _) = checked(folder.path(), &["--offline"]);
    assert_eq!(rows["channels"][0], "warn");
}

#[test]
fn init_speaks_a_language_and_writes_the_comments_in_it() {
    for (language, written, next, comment) in [
        (
            "en",
            "written     verikeep.toml",
            "Next: fill in",
            "uncommented as it stands",
        ),
        (
            "zh",
            "已写入  verikeep.toml",
            "下一步：",
            "去掉 `#` 即可原样生效",
        ),
    ] {
        let folder = TempDir::new().unwrap();
        let output = verikeep(folder.path(), &["init", "--lang", language]);
        let text = fs::read_to_string(folder.path().join("verikeep.toml")).unwrap();
        for (part, whole) in [
            (written, &out(&output)),
            (next, &out(&output)),
            (comment, &text),
        ] {
            assert!(whole.contains(part), "{language}: {part}: {whole}");
        }
    }
}

#[test]
fn init_never_overwrites() {
    let folder = TempDir::new().unwrap();
    fs::write(
        folder.path().join("verikeep.toml"),
        "data_dir = \"elsewhere\"\nbroken",
    )
    .unwrap();
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    fs::write(folder.path().join("elsewhere/identity-index.key"), "mine").unwrap();
    let output = verikeep(folder.path(), &["init"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        out(&output).matches("left alone").count(),
        2,
        "{}",
        out(&output)
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("verikeep.toml")).unwrap(),
        "data_dir = \"elsewhere\"\nbroken"
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("elsewhere/identity-index.key")).unwrap(),
        "mine"
    );
    assert!(
        !folder.path().join("identity-index.key").exists(),
        "a key of an earlier version stays the only one"
    );
    assert!(
        !folder.path().join("verikeep-data").exists(),
        "the data directory is the one the file names"
    );

    let fresh = TempDir::new().unwrap();
    verikeep(fresh.path(), &["init"]);
    let first = fs::read(fresh.path().join("identity-index.key")).unwrap();
    verikeep(fresh.path(), &["init"]);
    assert_eq!(
        fs::read(fresh.path().join("identity-index.key")).unwrap(),
        first
    );
    let other = TempDir::new().unwrap();
    verikeep(other.path(), &["init"]);
    assert_ne!(
        fs::read(other.path().join("identity-index.key")).unwrap(),
        first,
        "keys are fresh"
    );
}

#[test]
fn init_says_why_it_cannot_write() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let output = verikeep(folder.path(), &["init", "file/below"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("file/below") && err(&output).contains("verikeep init DIR"),
        "{}",
        err(&output)
    );
}

#[test]
fn shells_and_man_get_what_they_need() {
    let folder = TempDir::new().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = verikeep(folder.path(), &["completions", shell]);
        assert!(
            output.status.success() && out(&output).contains("retry"),
            "{shell}"
        );
    }
    let page = verikeep(folder.path(), &["man"]);
    assert!(
        out(&page).contains(".TH verikeep") && out(&page).contains("Exit codes"),
        "{}",
        out(&page)
    );
    let output = verikeep(folder.path(), &["man", "--out", "man1"]);
    assert!(output.status.success(), "{}", err(&output));
    for command in COMMANDS {
        let file = folder.path().join(format!("man1/verikeep-{command}.1"));
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o644,
            "{} is for everybody",
            file.display()
        );
        let page = fs::read_to_string(file).unwrap();
        assert!(page.contains("Exit codes"), "{command}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = TempDir::new().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_verikeep"))
        .args(["completions", "zsh"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""));
}

/// A place with a configuration, a database and no provider.
fn place() -> TempDir {
    let folder = TempDir::new().unwrap();
    let app = "[[apps]]\nname = \"h5\"\nbase_url = \"http://127.0.0.1:9\"\napi_key = \"canary-ak\"\nsecret_key = \"canary-sk\"\n";
    fs::write(folder.path().join("verikeep.toml"), app).unwrap();
    let output = verikeep(folder.path(), &["list"]);
    assert_eq!(
        output.status.code(),
        Some(1),
        "without tables: {}",
        err(&output)
    );
    assert!(
        err(&output).contains("verikeep migrate"),
        "{}",
        err(&output)
    );
    assert!(out(&verikeep(folder.path(), &["migrate"])).contains("the tables are made"));
    assert!(out(&verikeep(folder.path(), &["migrate"])).contains("up to date"));
    folder
}

#[test]
fn ten_thousand_lines_are_imported_and_the_thirty_seven_wrong_ones_named() {
    let place = place();
    let mut text = String::from("verify_token,issued_at,reference\n");
    for number in 0..10_000 {
        // An hour from now would be refused; long ago is tracked as missed. Without a time it
        // counts from now.
        text.push_str(&if number % 270 == 100 {
            format!("canary-{number},yesterday,\n")
        } else {
            format!("canary-{number},,order-{number}\n")
        });
    }
    fs::write(place.path().join("tokens.csv"), text).unwrap();
    let first = verikeep(
        place.path(),
        &["track", "--app", "h5", "--file", "tokens.csv"],
    );
    assert_eq!(
        (first.status.code(), out(&first).as_str()),
        (Some(1), "9,963 new, 0 known, 0 in conflict, 37 wrong\n"),
        "{}",
        err(&first)
    );
    assert!(
        err(&first).contains("line 102: issued_at is not a time")
            && !err(&first).contains("canary"),
        "{}",
        err(&first)
    );
    let again = verikeep(
        place.path(),
        &["track", "--app", "h5", "--file", "tokens.csv"],
    );
    assert_eq!(out(&again), "0 new, 9,963 known, 0 in conflict, 37 wrong\n");

    let listed = verikeep(place.path(), &["list", "--json"]);
    assert_eq!(out(&listed).lines().count(), 9_963);
    let status: serde_json::Value =
        serde_json::from_str(&out(&verikeep(place.path(), &["status", "--json"]))).unwrap();
    assert_eq!(
        (&status["open"], &status["lost"]),
        (&9_963.into(), &0.into())
    );
}

#[test]
fn one_token_walks_through_the_commands() {
    let place = place();
    let run = |line: &[&str]| verikeep(place.path(), line);
    let new = run(&[
        "track",
        "canary-token",
        "--reference",
        "order-1",
        "--issued-at",
        "2016-01-01T00:00:00Z",
    ]);
    assert_eq!(new.status.code(), Some(0), "{}", err(&new));
    assert!(
        out(&new).starts_with("token 1: new, ") && !out(&new).contains("canary"),
        "{}",
        out(&new)
    );
    let other = run(&[
        "track",
        "canary-token",
        "--reference",
        "order-2",
        "--issued-at",
        "2016-01-01T00:00:00Z",
    ]);
    assert!(
        other.status.code() == Some(1) && err(&other).contains("with another reference"),
        "{}",
        err(&other)
    );

    // Told years too late: it is said at once, and no loss before it was asked for.
    assert!(err(&new).contains("told too late"), "{}", err(&new));
    let status = run(&["status"]);
    assert!(
        status.status.code() == Some(0) && out(&status).contains("no alarm is open"),
        "{}",
        out(&status)
    );
    // As a daemon leaves it: a loss that status tells by its exit code.
    let missed = "update verifications set state = 'missed', settled_at = tracked_at; delete from schedule;
        insert into alarms (kind, subject, instance, text, since, last_at, times) select 'loss', app, '', 'missed', tracked_at, tracked_at, 1 from verifications;";
    let database = place.path().join("verikeep-data/verikeep.db");
    assert!(
        Command::new("sqlite3")
            .arg(database)
            .arg(missed)
            .status()
            .unwrap()
            .success()
    );
    let status = run(&["status"]);
    assert!(
        status.status.code() == Some(1)
            && out(&status).contains("missed")
            && out(&status).contains("1 alarm open"),
        "{}",
        out(&status)
    );
    let shown = run(&["show", "canary-token"]);
    assert!(
        out(&shown).contains("state             missed") && out(&shown).contains("order-1"),
        "{}",
        out(&shown)
    );
    assert!(out(&run(&["list", "--state", "missed"])).contains("canary-token"));
    assert!(err(&run(&["list", "--since", "2d"])).contains("nothing is tracked that fits"));

    let got = run(&["get", "canary-token", "--out", "case"]);
    assert!(
        got.status.code() == Some(1)
            && out(&got).starts_with("nothing is kept of it: it is missed, "),
        "{}{}",
        out(&got),
        err(&got)
    );
    assert!(
        fs::read_to_string(place.path().join("case/record.json"))
            .unwrap()
            .contains("\"missed\"")
    );
    let forgotten = run(&["retry", "canary-token"]);
    assert!(
        forgotten.status.code() == Some(1)
            && out(&forgotten).contains("the provider has forgotten it since")
            && out(&run(&["list", "--state", "missed"])).contains("canary-token"),
        "{}",
        out(&forgotten)
    );
    assert_eq!(run(&["retry", "canary-gone"]).status.code(), Some(1));
}

/// `track -` with a pipe that stays open for as long as it is held.
fn tracking_from_a_pipe(folder: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_verikeep"));
    command
        .args(["track", "-", "--app", "h5"])
        .current_dir(folder)
        .env_clear();
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn listed(folder: &Path) -> usize {
    out(&verikeep(folder, &["list", "--json"])).lines().count()
}

#[test]
fn an_open_pipe_is_tracked_as_it_comes_and_a_killed_one_keeps_what_it_told() {
    let place = place();
    let mut child = tracking_from_a_pipe(place.path());
    let mut pipe = child.stdin.take().unwrap();
    let mut told = 0;
    // One line and then silence; then more lines than share a transaction.
    for more in [1, 1_500] {
        let lines = (told..told + more).fold(String::new(), |text, number| {
            format!("{text}{{\"verify_token\":\"canary-{number}\"}}\n")
        });
        pipe.write_all(lines.as_bytes()).unwrap();
        told += more;
        let began = Instant::now();
        while listed(place.path()) < told {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "{} of {told} are tracked while the pipe is open",
                listed(place.path())
            );
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(listed(place.path()), told);

    let mut child = tracking_from_a_pipe(place.path());
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"verify_token\ncanary-0\ncanary-last")
        .unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(
        (ended.status.code(), out(&ended).as_str()),
        (Some(0), "1 new, 1 known, 0 in conflict, 0 wrong\n"),
        "{}",
        err(&ended)
    );
}

#[test]
fn what_is_no_token_or_no_time_is_wrong_at_every_door() {
    let place = place();
    let run = |line: &[&str]| verikeep(place.path(), line);
    let by_argument = run(&[
        "track",
        "https://h5.example/?token=canary&x=y",
        "canaryA,canaryB",
        "\"canary\"",
        "=\"canary\"",
        "'canary",
        "1.23457E+23",
        "good",
    ]);
    assert_eq!(by_argument.status.code(), Some(1));
    assert!(
        out(&by_argument).ends_with("1 new, 0 known, 0 in conflict, 6 wrong\n")
            && !err(&by_argument).contains("canary"),
        "{}",
        err(&by_argument)
    );
    assert!(
        err(&by_argument).contains("token 1: verify_token is a URL")
            && err(&by_argument).contains("token 6: verify_token is a number in scientific")
    );
    let zero = "{\"verify_token\":\"go\",\"issued_at\":\"0001-01-01T00:00:00Z\"}\n{\"verify_token\":\"unix\",\"issued_at\":\"1970-01-01T00:00:00Z\"}\n\
        {\"verify_token\":\"early\",\"issued_at\":\"2101-01-01T00:00:00Z\"}\n{\"verify_token\":\"'x\"}\n";
    fs::write(place.path().join("zero.ndjson"), zero).unwrap();
    for line in [
        ["track", "--file", "zero.ndjson"].as_slice(),
        &["reconcile", "zero.ndjson"],
        &["reconcile", "zero.ndjson", "--track"],
    ] {
        let ended = run(line);
        assert!(
            ended.status.code() == Some(1) && out(&ended).contains("4 wrong"),
            "{line:?}: {}{}",
            out(&ended),
            err(&ended)
        );
        let told = out(&ended) + &err(&ended);
        assert!(
            told.matches("leave the field out").count() == 2
                && told.contains("lies in the future")
                && told.contains("quote"),
            "{line:?}: {told}"
        );
    }
    for option in ["--reference", "--plan"] {
        let ended = run(&["track", "good", option, &"x".repeat(256)]);
        assert!(
            ended.status.code() == Some(2) && err(&ended).contains("256 characters"),
            "{}",
            err(&ended)
        );
    }
    let issue = run(&[
        "issue",
        "--app",
        "h5",
        "--plan",
        "1",
        "--reference",
        "a\u{202e}b",
    ]);
    assert!(
        issue.status.code() == Some(2) && err(&issue).contains("--reference"),
        "before the provider is asked: {}",
        err(&issue)
    );
    assert_eq!(listed(place.path()), 1);
}

#[test]
fn a_key_is_on_standard_output_alone_and_nowhere_else() {
    let place = place();
    let run = |line: &[&str]| verikeep(place.path(), line);
    let line = ["key", "create", "--name", "shop", "--scope", "track"];
    let made = run(&[&line[..], &["--app", "h5"]].concat());
    assert!(made.status.success(), "{}", err(&made));
    let key = out(&made);
    let secret = key.trim_end().rsplit('_').next().unwrap().to_owned();
    assert!(
        key.starts_with("vk_") && key.lines().count() == 1 && secret.len() == 64,
        "one line with the key alone"
    );
    let mut told = err(&made);
    for (line, code) in [
        (&["key", "list"][..], 0),
        (&["key", "list", "--json"], 0),
        (&[&line[..], &["--app", "h5"]].concat(), 1),
        (&[&line[..], &["--app", "elsewhere"]].concat(), 2),
        (&["key", "revoke", "shop"], 0),
        (&["key", "revoke", "shop"], 0),
        (&["key", "revoke", key.trim_end()], 1),
        (&["key", "list", "--all"], 0),
    ] {
        let output = run(line);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{line:?}: {}",
            err(&output)
        );
        told += &(out(&output) + &err(&output));
    }
    assert!(told.contains("shop") && !told.contains(&secret), "{told}");
    for file in fs::read_dir(place.path().join("verikeep-data")).unwrap() {
        let file = file.unwrap().path();
        let bytes = if file.is_file() {
            fs::read(&file).unwrap()
        } else {
            Vec::new()
        };
        let has_it = bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!has_it, "{}", file.display());
    }
}

#[test]
fn what_cannot_be_reached_ends_with_four() {
    let place = place();
    let issue = verikeep(place.path(), &["issue", "--app", "h5", "--plan", "1"]);
    assert_eq!(issue.status.code(), Some(4), "{}", err(&issue));
    let check = verikeep(place.path(), &["check"]);
    assert_eq!(check.status.code(), Some(4), "{}", out(&check));
    assert!(
        out(&check).contains("app h5") && out(&check).contains("written, read back"),
        "{}",
        out(&check)
    );
    for output in [issue, check] {
        assert!(
            !err(&output).contains("canary") && !out(&output).contains("canary"),
            "{}{}",
            out(&output),
            err(&output)
        );
    }
}

#[test]
fn a_list_is_reconciled_and_status_remembers_it() {
    let place = place();
    let run = |line: &[&str]| verikeep(place.path(), line);
    let lines = |from: u32, to: u32| {
        (from..to).fold("verify_token,reference\n".to_owned(), |text, number| {
            format!("{text}canary-{number},order-{number}\n")
        })
    };
    fs::write(place.path().join("told.csv"), lines(0, 900)).unwrap();
    fs::write(
        place.path().join("issued.csv"),
        lines(100, 1000) + "canary bad,\ncanary-150,other\n",
    )
    .unwrap();
    assert!(run(&["track", "--file", "told.csv"]).status.success());
    let old = run(&[
        "track",
        "canary-lost",
        "--issued-at",
        "2016-01-01T00:00:00Z",
    ]);
    assert_eq!(old.status.code(), Some(0), "{}", err(&old));
    assert!(
        err(&old).contains("told too late") && out(&old).contains("1 new (1 of them late)"),
        "{}{}",
        out(&old),
        err(&old)
    );

    let found = run(&["reconcile", "issued.csv", "--unlisted"]);
    let sum = "902 lines: 0 whole, 801 open, 100 never tracked, 0 lost, 0 rejected, 1 in conflict, 1 wrong; ";
    assert!(
        found.status.code() == Some(1) && out(&found).contains(sum),
        "{}{}",
        out(&found),
        err(&found)
    );
    assert!(
        out(&found).contains("line 903 (reference other): waiting (")
            && out(&found).contains("another reference")
            && !out(&found).contains("canary"),
        "{}",
        out(&found)
    );

    let tracked = run(&["reconcile", "issued.csv", "--track"]);
    assert!(
        tracked.status.code() == Some(1)
            && out(&tracked).contains("100 never tracked (100 tracked now)"),
        "{}",
        out(&tracked)
    );
    fs::write(place.path().join("good.csv"), lines(100, 1000)).unwrap();
    let again = run(&[
        "reconcile",
        "good.csv",
        "--unlisted",
        "--since",
        "2001-01-01T00:00:00Z",
        "--until",
        "2101-01-01T00:00:00Z",
    ]);
    let sum = "900 lines: 0 whole, 900 open, 0 never tracked, 0 lost, 0 rejected, 0 in conflict, 0 wrong; 101 tracked and not in the list\n";
    assert!(
        again.status.code() == Some(0) && out(&again).ends_with(sum),
        "{}{}",
        out(&again),
        err(&again)
    );
    let status = run(&["status"]);
    assert!(
        out(&status).contains("last reconciled")
            && out(&status).contains("900 lines, 0 never tracked"),
        "{}",
        out(&status)
    );
    let json: serde_json::Value = serde_json::from_str(&out(&run(&["status", "--json"]))).unwrap();
    assert!(
        json["reconciled"][0]["lines"] == 900
            && json["reconciled"][0]["at"].as_str().unwrap().ends_with('Z'),
        "{json}"
    );
    assert!(
        json["daemon"]["says"].is_null() && json["alarms"].as_array().unwrap().is_empty(),
        "nothing is lost before it was asked for: {json}"
    );

    fs::write(place.path().join("late.csv"), "verify_token,issued_at\ncanary-late,2016-01-01T00:00:00Z\ncanary-lost,2016-01-01T00:00:00Z\n").unwrap();
    let late = run(&["reconcile", "late.csv", "--track"]);
    assert!(
        out(&late).contains("line 2: never tracked, tracked now; told too late"),
        "{}",
        out(&late)
    );
    assert!(
        out(&late).contains("1 never tracked (1 tracked now, 1 of them late), 0 lost"),
        "{}",
        out(&late)
    );
    assert_eq!(run(&["reconcile", "gone.csv"]).status.code(), Some(2));
}

#[test]
fn a_bill_is_compared_with_what_was_charged() {
    let place = place();
    let run = |line: &[&str]| verikeep(place.path(), line);
    let bill = "计费项;用量;日期\n人脸实名认证V4;\"1,234\";2016/11/23\n人脸对比V4;0;20161124\n";
    fs::write(place.path().join("bill.csv"), bill).unwrap();
    let map = "计费项=charge_type,用量=charged,日期=day";
    let found = run(&["reconcile", "--bill", "bill.csv", "--map", map, "--csv"]);
    assert_eq!(found.status.code(), Some(1), "{}", err(&found));
    assert_eq!(
        out(&found),
        "app,month,day,charge_type,billed,archived,difference,open,lost\n,2016-11,,verify,1234,0,1234,0,0\n,2016-11,2016-11-23,verify,1234,0,1234,,\n"
    );

    fs::write(
        place.path().join("nothing.ndjson"),
        "{\"charge_type\":\"verify\",\"charged\":0,\"month\":\"2016-11\"}\n",
    )
    .unwrap();
    let agreed = run(&["reconcile", "--bill", "nothing.ndjson"]);
    assert!(
        agreed.status.code() == Some(0) && out(&agreed) == "1 line: 0 differences, 0 wrong\n",
        "{}{}",
        out(&agreed),
        err(&agreed)
    );

    for (label, line, why) in [
        (
            "no such file",
            &["reconcile", "--bill", "gone.csv"][..],
            "check the name of the bill",
        ),
        (
            "somewhere else",
            &[
                "reconcile",
                "--bill",
                "bill.csv",
                "--url",
                "http://127.0.0.1:9",
            ],
            "without --url",
        ),
    ] {
        let refused = run(line);
        assert!(
            refused.status.code() == Some(2) && err(&refused).contains(why),
            "{label}: {}",
            err(&refused)
        );
    }
}
