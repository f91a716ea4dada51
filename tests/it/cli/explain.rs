//! `explain`, and the runbook that is made from it.

use verikeep::domain::{
    alarm::Kind,
    language::{Language, Words},
};

use super::*;

fn explain(line: &[&str]) -> Output {
    let folder = TempDir::new().unwrap();
    verikeep(folder.path(), &[&["explain"], line].concat())
}

#[test]
fn every_kind_of_alarm_is_explained_in_both_languages() {
    for language in Language::ALL {
        let lang = ["--lang", language.name()];
        let listed = out(&explain(&[&lang[..], &["--json"]].concat()));
        let rows: Vec<serde_json::Value> = listed
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(rows.len(), Kind::ALL.len());
        let table = out(&explain(&lang));
        for (kind, row) in Kind::ALL.iter().zip(&rows) {
            is_explained(*kind, row, *language);
            let (name, means) = (kind.name(), row["means"].as_str().unwrap());
            assert!(table.contains(name) && table.contains(means), "{name}");
        }
    }
}

fn is_explained(kind: Kind, row: &serde_json::Value, language: Language) {
    let (name, entry) = (kind.name(), kind.entry());
    let cause = kind.cause().map(|cause| cause.name());
    let severity = serde_json::to_value(kind.severity()).unwrap();
    assert_eq!((&row["kind"], &row["severity"]), (&name.into(), &severity));
    assert_eq!(row["cause"].as_str(), cause, "{name}");
    let lang = language.name();
    let alone = out(&explain(&[name, "--json", "--lang", lang]));
    let alone: serde_json::Value = serde_json::from_str(&alone).unwrap();
    assert_eq!(&alone, row, "{name}");
    let said = out(&explain(&["--lang", lang, name]));
    for (part, words) in [
        ("means", entry.means),
        ("threatens", entry.threatens),
        ("scope", kind.scope().words()),
        ("first", Words::new(entry.first, entry.first)),
        ("todo", entry.todo),
        ("avoid", entry.avoid),
        ("ends", kind.ends().words()),
    ] {
        let text = words.in_(language);
        assert_eq!(row[part], text, "{name}: {part}");
        assert!(said.contains(text), "{name}: {part} in {said}");
    }
}

#[test]
fn a_kind_that_is_not_there_is_told_those_that_are() {
    let wrong = explain(&["qota"]);
    assert_eq!(wrong.status.code(), Some(2));
    for part in ["quota", "database_down"] {
        assert!(err(&wrong).contains(part), "{part}: {}", err(&wrong));
    }
    let folder = TempDir::new().unwrap();
    let completions = out(&verikeep(folder.path(), &["completions", "bash"]));
    assert!(
        completions.contains("few_descriptors"),
        "kinds are completed"
    );
}

#[test]
fn the_locale_tells_the_language_and_the_option_comes_first() {
    let folder = TempDir::new().unwrap();
    let said = |lang: &str, line: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_verikeep"))
            .args(line)
            .current_dir(folder.path())
            .env_clear()
            .env("LANG", lang)
            .output()
            .unwrap();
        out(&output)
    };
    let means = Kind::Quota.entry().means;
    for (lang, line, text) in [
        ("zh_CN.UTF-8", &["explain", "quota"][..], means.zh),
        ("en_US.UTF-8", &["explain", "quota"], means.en),
        (
            "zh_CN.UTF-8",
            &["--lang", "en", "explain", "quota"],
            means.en,
        ),
        ("C", &["explain", "quota", "--lang", "zh"], means.zh),
    ] {
        assert!(said(lang, line).contains(text), "{lang}: {line:?}");
    }
}

#[test]
fn the_runbook_says_what_explain_says() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    for (language, name) in [("en", "runbook.md"), ("zh", "runbook.zh-CN.md")] {
        let page = fs::read_to_string(docs.join(name)).unwrap();
        let (_, entries) = page.split_once("scripts/runbook -->\n").unwrap();
        let told = out(&explain(&["--markdown", "--lang", language]));
        assert!(
            entries == told,
            "docs/{name} is not what `verikeep explain --markdown` says: run scripts/runbook"
        );
        for kind in Kind::ALL {
            let heading = format!("\n## {}\n", kind.name());
            assert_eq!(entries.matches(&heading).count(), 1, "{name}: {heading}");
        }
    }
}
