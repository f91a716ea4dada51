//! Which file of the program uses which, and that no way leads back. A module and what lies below
//! it may know each other: they are one thing in several files.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    program,
    reading::{Source, full_paths, module},
};

/// For each module those that it uses, with one line that does.
type Uses = BTreeMap<String, BTreeMap<String, String>>;

#[test]
fn no_file_is_used_by_what_it_uses() {
    let found = circles(&uses(&program()));
    assert!(
        found.is_empty(),
        "{} circles between files; what both need belongs in a third, or to one of them:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn a_planted_circle_is_found() {
    let source = |file: &str, text: &str| Source {
        file: file.to_owned(),
        text: text.to_owned(),
    };
    let here = |text: &str| source("src/store/sql/track.rs", text);
    let cases = [
        (
            "two files of a room",
            vec![
                here("use super::claim::Claim;"),
                source(
                    "src/store/sql/claim.rs",
                    "use crate::store::sql::track::Track;",
                ),
            ],
            1,
        ),
        (
            "by way of a third",
            vec![
                here("use super::{poll::Poll, rows};"),
                source("src/store/sql/poll.rs", "fn f(x: super::claim::Claim) {}"),
                source("src/store/sql/claim.rs", "use super::track;"),
            ],
            1,
        ),
        (
            "a module and its own child",
            vec![
                source("src/store/sql/mod.rs", "use self::track::Track;"),
                here("use super::Sql;"),
            ],
            0,
        ),
        (
            "one way",
            vec![
                here("use super::claim::Claim;"),
                source("src/store/sql/claim.rs", "pub struct Claim;"),
            ],
            0,
        ),
        (
            "back in the tests alone, or in the docs",
            vec![
                here("use super::claim::Claim;"),
                source(
                    "src/store/sql/claim.rs",
                    "/// [`super::track`]\nstruct A;\n#[cfg(test)]\nmod tests {\n    use crate::store::sql::track;\n}",
                ),
            ],
            0,
        ),
    ];
    for (label, files, expected) in cases {
        let found = circles(&uses(&files));
        assert_eq!(found.len(), expected, "{label}: {found:#?}");
    }
}

fn uses(files: &[Source]) -> Uses {
    let modules: BTreeSet<_> = files.iter().map(|source| module(&source.file)).collect();
    let file_of = |path: &str| {
        let mut path = path;
        while !modules.contains(path) {
            path = path.rsplit_once("::")?.0;
        }
        Some(path.to_owned())
    };
    let family = |a: &str, b: &str| {
        let below = |one: &str, other: &str| {
            one.strip_prefix(other)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        below(a, b) || below(b, a)
    };
    let mut found = Uses::new();
    for source in files
        .iter()
        .filter(|source| !source.file.ends_with("tests.rs"))
    {
        let own = module(&source.file);
        for (line, path) in full_paths(&source.file, &source.text) {
            if let Some(other) = file_of(&path).filter(|other| !family(&own, other)) {
                let others = found.entry(own.clone()).or_default();
                others
                    .entry(other)
                    .or_insert_with(|| format!("{}:{line} uses {path}", source.file));
            }
        }
    }
    found
}

/// The shortest way round from each module that lies on a circle, told once for all that lie on it.
fn circles(uses: &Uses) -> Vec<String> {
    let (mut found, mut told) = (Vec::new(), BTreeSet::new());
    for start in uses.keys() {
        if told.contains(start) {
            continue;
        }
        let mut from: BTreeMap<&String, &String> = BTreeMap::new();
        let (mut edge, mut closed) = (vec![start], None);
        while closed.is_none() && !edge.is_empty() {
            let mut next = Vec::new();
            for module in edge {
                for other in uses.get(module).into_iter().flat_map(BTreeMap::keys) {
                    if other == start {
                        closed.get_or_insert(module);
                    } else if !from.contains_key(other) {
                        from.insert(other, module);
                        next.push(other);
                    }
                }
            }
            edge = next;
        }
        let Some(mut module) = closed else { continue };
        let mut way = vec![uses[module][start].clone()];
        told.insert(module.clone());
        while module != start {
            let before = from[module];
            way.push(uses[before][module].clone());
            told.insert(before.clone());
            module = before;
        }
        way.reverse();
        found.push(format!("  {}", way.join("\n    and ")));
    }
    found
}
