//! The languages that people are spoken to in, and texts that stand in both. Names of kinds, states,
//! causes and fields are the same in either.

use serde::{Deserialize, Serialize};

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Language {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::En, Self::Zh];

    /// The name in options and configurations: ISO 639-1.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// The language of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|language| language.name() == name)
    }

    /// The language of a locale as `LANG` names it, `zh_CN.UTF-8`; English for all others.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        let code = locale.split(['_', '-', '.', '@']).next();
        code.and_then(|code| Self::named(&code.to_ascii_lowercase()))
            .unwrap_or_default()
    }
}

/// Declares constants of a type made by `new(en, zh)`, and for tests the list of them all. `{}` stands for
/// what is filled in, in the same order in both.
macro_rules! words {
    ($type:ident: $($(#[doc = $doc:literal])* $name:ident = $en:literal, $zh:literal;)+) => {
        $($(#[doc = $doc])* pub(super) const $name: $type = $type::new($en, $zh);)+

        #[cfg(test)]
        pub(super) const ALL: &[(&str, $type)] = &[$((stringify!($name), $name)),+];
    };
}
pub(crate) use words;

/// A text in both languages, side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// English.
    pub en: &'static str,
    /// Chinese.
    pub zh: &'static str,
}

impl Words {
    /// The text in both.
    #[must_use]
    pub const fn new(en: &'static str, zh: &'static str) -> Self {
        Self { en, zh }
    }

    /// The text in one of them.
    #[must_use]
    pub const fn in_(self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::Zh => self.zh,
        }
    }

    /// The text in one of them, each `{}` replaced by the next of the values.
    #[must_use]
    pub fn filled(self, language: Language, values: &[&str]) -> String {
        let mut parts = self.in_(language).split("{}");
        let mut text = parts.next().unwrap_or_default().to_owned();
        let mut values = values.iter().copied();
        for part in parts {
            text.push_str(values.next().unwrap_or_default());
            text.push_str(part);
        }
        text
    }
}

/// A text in both languages with what is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    words: Words,
    values: Vec<String>,
}

impl Words {
    /// The text with these values in its blanks.
    #[must_use]
    pub fn with(self, values: &[&dyn std::fmt::Display]) -> Sentence {
        Sentence::new(self, values.iter().map(ToString::to_string).collect())
    }
}

impl Sentence {
    /// Words, and what is filled in.
    #[must_use]
    pub const fn new(words: Words, values: Vec<String>) -> Self {
        Self { words, values }
    }

    /// It in one of them.
    #[must_use]
    pub fn in_(&self, language: Language) -> String {
        let values: Vec<&str> = self.values.iter().map(String::as_str).collect();
        self.words.filled(language, &values)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A text is there in both languages, and the Chinese one is no English left standing.
    #[track_caller]
    pub(crate) fn stands_in_both(label: &str, words: Words) {
        let is_chinese = |text: &str| text.contains(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        assert!(!words.en.is_empty() && !is_chinese(words.en), "{label}");
        assert!(is_chinese(words.zh), "{label}: {}", words.zh);
        for text in [words.en, words.zh] {
            assert_eq!(text, text.trim(), "{label}");
        }
    }

    #[test]
    fn a_locale_tells_its_language() {
        for (locale, language) in [
            ("zh_CN.UTF-8", Language::Zh),
            ("zh_TW", Language::Zh),
            ("zh-Hans-CN", Language::Zh),
            ("zh", Language::Zh),
            ("zh@stroke", Language::Zh),
            ("ZH_CN.gb18030", Language::Zh),
            ("zha_CN", Language::En),
            ("en_GB.UTF-8", Language::En),
            ("de_DE.UTF-8", Language::En),
            ("C.UTF-8", Language::En),
            ("POSIX", Language::En),
            ("", Language::En),
        ] {
            assert_eq!(Language::of_locale(locale), language, "{locale}");
        }
    }

    #[test]
    fn a_text_is_filled_in() {
        let words = Words::new("{} of {}", "共 {}，{}");
        for (language, values, text) in [
            (Language::En, &["1", "2"][..], "1 of 2"),
            (Language::Zh, &["{}", "2"], "共 {}，2"),
            (Language::En, &["1"], "1 of "),
        ] {
            assert_eq!(words.filled(language, values), text);
        }
    }

    #[test]
    fn a_language_has_one_name_everywhere() {
        for language in Language::ALL {
            assert_eq!(Language::named(language.name()), Some(*language));
            assert_eq!(serde_json::to_value(language).unwrap(), language.name());
        }
        assert_eq!(Language::named("fr"), None);
    }
}
