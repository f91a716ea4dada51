//! Reading the source as the arrows need it: the files, their rooms, and the paths they name.
//!
//! It reads text, not Rust: it knows `crate::a::b`, `crate::{a, b::{c, d}}` and `super::` chains
//! that leave their room. It cuts line comments off, so that docs may point anywhere, and sees
//! neither macros nor re-exports through.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One source file: its path from the project's folder, with slashes, and its text.
pub struct Source {
    pub file: String,
    pub text: String,
}

pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of the program, and those of the crates beside it.
pub fn sources() -> Vec<Source> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    for folder in ["src", "crates"] {
        collect(&project().join(folder), &mut paths);
    }
    paths.sort();
    let relative = |path: &Path| {
        path.strip_prefix(project())
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/")
    };
    paths
        .iter()
        .map(|path| Source {
            file: relative(path),
            text: fs::read_to_string(path).unwrap(),
        })
        .collect()
}

/// The room of a source file: the first name below `src/`, or below `crates/`.
pub fn room(file: &str) -> &str {
    let below = file
        .strip_prefix("src/")
        .or_else(|| file.strip_prefix("crates/"))
        .unwrap_or(file);
    below.split('/').next().unwrap().trim_end_matches(".rs")
}

/// How many modules deep the file itself is: 1 for a room, 2 for a module of it.
pub fn depth(file: &str) -> usize {
    let names = file.split('/').count() - 1;
    if file.ends_with("/mod.rs") {
        names - 1
    } else {
        names
    }
}

/// Every path from the crate's root that a file names, with its line, groups written out.
pub fn crate_paths(file: &str, text: &str) -> Vec<(usize, String)> {
    let tokens = tokens(text);
    let name = |at: usize| tokens.get(at).map_or("", |(_, token)| token.as_str());
    let (mut paths, mut at, mut deep) = (Vec::new(), 0, depth(file));
    while at < tokens.len() {
        let mut next = at + 1;
        if name(at) == "cfg" && name(at + 2) == "test" {
            deep += 1; // the tests' own module, at the end of the file
        } else if name(next) == "::" && at.checked_sub(1).is_none_or(|before| name(before) != "::")
        {
            let mut up = 0;
            while name(at + 2 * up) == "super" && name(at + 2 * up + 1) == "::" {
                up += 1;
            }
            let from_root = name(at) == "crate" || (room(file) == "main" && name(at) == "verikeep");
            if from_root || up >= deep {
                next = at + 2 * up.max(1);
                group(&tokens, &mut next, "", &mut paths);
            }
        }
        at = next;
    }
    paths
}

/// The module that a file is, as a path from the crate's root; empty for the root itself.
pub fn module(file: &str) -> String {
    let below = file.strip_prefix("src/").unwrap_or(file);
    let name = below.trim_end_matches(".rs").trim_end_matches("/mod");
    if name == "lib" {
        String::new()
    } else {
        name.replace('/', "::")
    }
}

/// Every path that a file names by `crate`, `self` or `super` before its tests, from the crate's
/// root.
pub fn full_paths(file: &str, text: &str) -> Vec<(usize, String)> {
    let code = text.split("\n#[cfg(test)]").next().unwrap_or_default();
    let tokens = tokens(code);
    let name = |at: usize| tokens.get(at).map_or("", |(_, token)| token.as_str());
    let own = module(file);
    let (mut paths, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        let begins = name(at + 1) == "::" && (at == 0 || name(at - 1) != "::");
        if !begins || !["crate", "self", "super"].contains(&name(at)) {
            at += 1;
            continue;
        }
        let mut base = if name(at) == "crate" {
            ""
        } else {
            own.as_str()
        };
        while name(at + 1) == "::" && ["crate", "self", "super"].contains(&name(at)) {
            if name(at) == "super" {
                base = base.rsplit_once("::").map_or("", |(parent, _)| parent);
            }
            at += 2;
        }
        group(&tokens, &mut at, base, &mut paths);
    }
    paths
}

/// Reads one use tree or path from `at` on and adds what it names below `prefix`.
fn group(
    tokens: &[(usize, String)],
    at: &mut usize,
    prefix: &str,
    paths: &mut Vec<(usize, String)>,
) {
    let mut path = prefix.to_owned();
    while let Some((line, token)) = tokens.get(*at) {
        *at += 1;
        if token == "{" {
            while tokens.get(*at).is_some_and(|(_, token)| token != "}") {
                group(tokens, at, &path, paths);
                // A new name (`as x`) and the comma.
                while tokens
                    .get(*at)
                    .is_some_and(|(_, token)| token != "}" && token != ",")
                {
                    *at += 1;
                }
                *at += usize::from(tokens.get(*at).is_some_and(|(_, token)| token == ","));
            }
            *at += 1;
            return;
        }
        path = if path.is_empty() {
            token.clone()
        } else {
            format!("{path}::{token}")
        };
        let goes_on = tokens.get(*at).is_some_and(|(_, token)| token == "::")
            && tokens.get(*at + 1).is_some_and(|(_, token)| token != "<");
        if !goes_on {
            paths.push((*line, path));
            return;
        }
        *at += 1;
    }
}

/// Names, `::` and single signs with their lines; line comments and space are left out.
pub fn tokens(text: &str) -> Vec<(usize, String)> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let mut rest = line.split("//").next().unwrap_or_default().trim_start();
        while let Some(first) = rest.chars().next() {
            let length = match first {
                _ if is_name(first) => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
                _ if rest.starts_with("::") => 2,
                _ => first.len_utf8(),
            };
            let (token, after) = rest.split_at(length);
            found.push((number, token.to_owned()));
            rest = after.trim_start();
        }
    }
    found
}
