//! The commented configuration that `init` writes, in every language.

use std::collections::BTreeSet;

use verikeep::{
    config::{App, Auth, COMMENTED, Config},
    domain::{address::BaseUrl, language::Language, secret::Secret},
};

use super::{Place, told};

fn all() -> impl Iterator<Item = (Language, &'static str)> {
    (Language::ALL.iter()).map(|language| (*language, COMMENTED.in_(*language)))
}

#[test]
fn the_commented_configuration_says_what_the_code_takes_for_granted() {
    for (language, text) in all() {
        // Once as it stands, once with every commented key uncommented.
        let uncommented: String = text
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(key)
                    if key.starts_with(|c: char| c.is_ascii_lowercase()) && key.contains(" = ") =>
                {
                    format!("{key}\n")
                }
                _ => format!("{line}\n"),
            })
            .collect();
        assert!(
            uncommented
                .lines()
                .filter(|line| line.contains(" = ") && !line.starts_with('#'))
                .count()
                > 25,
            "{language:?}: every key is shown"
        );
        for text in [text.to_owned(), uncommented] {
            let place = Place::new(&text)
                .set("VERIKEEP_APPS__H5__API_KEY", "canary-ak")
                .set("VERIKEEP_APPS__0__SECRET_KEY", "canary-sk");
            place.write("identity-index.key", &"0a".repeat(32), 0o600);
            let config = place.config();
            let auth = Auth::AccessToken {
                api_key: Secret::new("canary-ak"),
                secret_key: Secret::new("canary-sk"),
            };
            let mut plain = Config::embedded(
                place.folder.path().join("verikeep-data"),
                vec![App::new("h5", BaseUrl::default(), auth)],
            );
            plain.file = Some(place.folder.path().join("verikeep.toml"));
            plain.identity.index_key = config.identity.index_key.clone();
            assert!(
                plain.identity.index_key.is_some(),
                "{language:?}: the key that init writes is found"
            );
            assert_eq!(
                format!("{config:#?}"),
                format!("{plain:#?}"),
                "{language:?}"
            );
        }
    }
}

#[test]
fn a_fresh_configuration_asks_for_the_credentials_and_nothing_else() {
    for (language, text) in all() {
        let fails = Place::new(text).fails();
        assert_eq!(
            fails
                .iter()
                .map(|finding| finding.path.as_str())
                .collect::<Vec<_>>(),
            ["apps[0].api_key", "apps[0].secret_key"],
            "{language:?}"
        );
        assert!(
            told(&fails).contains("put the API Key of the app, from the provider's console here"),
            "{language:?}: {}",
            told(&fails)
        );
    }
}

/// A part of the commented configuration.
#[derive(Debug, PartialEq, Eq)]
enum Part<'t> {
    /// A section, a key, an empty line, or an example of one in a comment, as it stands.
    Line(&'t str),
    /// Sentences, however they are broken into lines.
    Prose(String),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for line in text.lines() {
        let words = line.strip_prefix("# ").filter(|words| !is_example(words));
        match (words, parts.last_mut()) {
            (Some(words), Some(Part::Prose(prose))) => {
                prose.push(' ');
                prose.push_str(words);
            }
            (Some(words), _) => parts.push(Part::Prose(words.to_owned())),
            (None, _) => parts.push(Part::Line(line)),
        }
    }
    parts
}

/// `[[notify]]`, `name = "duty"`
fn is_example(words: &str) -> bool {
    let is_key = |key: &str| {
        key.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    words.starts_with('[') || words.split_once(" = ").is_some_and(|(key, _)| is_key(key))
}

/// What a text names that no language translates: values, keys, variables.
fn names(prose: &str) -> BTreeSet<String> {
    let between = |mark| prose.split(mark).skip(1).step_by(2).map(str::to_owned);
    let words = prose
        .split(|letter: char| !letter.is_ascii_alphanumeric() && !"_-.".contains(letter))
        .map(|word| word.trim_matches('.'));
    between('"')
        .chain(between('`'))
        .chain(words.filter(|word| word.contains('_')).map(str::to_owned))
        .collect()
}

fn is_chinese(letter: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&letter)
}

#[test]
fn the_commented_configurations_differ_in_the_words_of_their_comments_alone() {
    let [english, chinese] = [Language::En, Language::Zh].map(|one| parts(COMMENTED.in_(one)));
    for (one, other) in english.iter().zip(&chinese) {
        let (Part::Prose(one), Part::Prose(other)) = (one, other) else {
            assert_eq!(one, other);
            continue;
        };
        assert_eq!(names(one), names(other), "{one}\n{other}");
        assert!(!one.contains(is_chinese) || one.contains("张*"), "{one}");
        assert!(other.contains(is_chinese), "{other}");
        let left = other
            .split(|letter: char| !letter.is_ascii_alphabetic() && letter != ' ')
            .find(|words| words.split_whitespace().count() > 3);
        assert_eq!(left, None, "English is left: {other}");
    }
    assert_eq!(english.len(), chinese.len());
}
