//! Which language a command speaks: that of `--lang`, else that of the locale.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::domain::language::Language;

/// The variables that tell the locale of messages, the first that is set and not empty (POSIX, "8.2
/// Internationalization Variables").
const VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// What `--lang` takes.
pub(super) fn parser() -> impl TypedValueParser<Value = Language> {
    let names = Language::ALL.iter().map(|language| language.name());
    PossibleValuesParser::new(names)
        .try_map(|name| Language::named(&name).ok_or("there is no such language"))
}

/// The language of the process's locale.
pub(super) fn of_process() -> Language {
    of(|name| std::env::var(name).ok())
}

fn of(variable: impl Fn(&str) -> Option<String>) -> Language {
    let mut set = VARIABLES.into_iter().filter_map(variable);
    set.find(|locale| !locale.is_empty())
        .map_or_else(Language::default, |locale| Language::of_locale(&locale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_decides() {
        for (label, set, language) in [
            ("none", &[][..], Language::En),
            ("LANG alone", &[("LANG", "zh_CN.UTF-8")], Language::Zh),
            (
                "messages apart from the rest",
                &[("LANG", "en_US.UTF-8"), ("LC_MESSAGES", "zh_CN.UTF-8")],
                Language::Zh,
            ),
            (
                "all over each",
                &[("LC_MESSAGES", "zh_CN.UTF-8"), ("LC_ALL", "C")],
                Language::En,
            ),
            (
                "empty is not set",
                &[("LC_ALL", ""), ("LANG", "zh_CN.UTF-8")],
                Language::Zh,
            ),
        ] {
            let variable = |name: &str| {
                let mut set = set.iter();
                set.find(|(known, _)| *known == name)
                    .map(|(_, locale)| (*locale).to_owned())
            };
            assert_eq!(of(variable), language, "{label}");
        }
    }
}
