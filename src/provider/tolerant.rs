//! Reading JSON that does not keep its own promises: numbers as strings, `null` and `""` for
//! nothing, duplicate keys, junk after the end, a byte order mark, bytes that are no UTF-8
//! (provider.md §7).
//!
//! A value is a slice of the answer and is looked at only when somebody asks, so several MB of
//! base64 are not copied on the way, and a number of 19 digits never passes through a float.
//! Nothing here panics, whatever the bytes.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// More fields or elements than this in one object or array are no answer of this provider, and
/// would multiply memory.
const MEMBERS_MAX: usize = 4096;

/// The text of an answer: a byte order mark dropped, bytes that are no UTF-8 replaced, so that the
/// ASCII around them stays readable.
pub(super) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}

/// One JSON value, still as text.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    /// The value a text begins with; whatever follows it is ignored once the value itself is asked
    /// for.
    pub(super) fn new(text: &'a str) -> Self {
        Self(text.trim_start())
    }

    pub(super) fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// Neither `null` nor a blank text, an empty array or object.
    pub(super) fn is_something(self) -> bool {
        !self.is_null()
            && (self.is_container() && !self.is_empty_container() || self.text().is_some())
    }

    fn is_container(self) -> bool {
        self.0.starts_with(['{', '['])
    }

    fn is_empty_container(self) -> bool {
        let inner = self
            .0
            .get(1..self.0.len().saturating_sub(1))
            .unwrap_or_default();
        inner.trim().is_empty()
    }

    /// The value as it stands.
    pub(super) fn json(self) -> &'a str {
        self.0
    }

    /// The object; `None` when it is none, broken, or too wide to be an answer.
    pub(super) fn object(self) -> Option<Object<'a>> {
        if self.0.starts_with('{') {
            read(self.0)
        } else {
            None
        }
    }

    /// The elements of an array; an object or scalar stands for itself, nothing for none. `None`
    /// when the array is broken.
    pub(super) fn elements(self) -> Option<Vec<Self>> {
        if self.0.starts_with('[') {
            return read::<Elements<'a>>(self.0).map(|elements| elements.0);
        }
        Some(if self.is_something() {
            vec![self]
        } else {
            Vec::new()
        })
    }

    /// Text, trimmed, never empty. Numbers keep their digits; `true` and `false` are words;
    /// containers and `null` are nothing.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let text = if self.0.starts_with('"') {
            read::<Text<'a>>(self.0)?.0
        } else if self.is_container() || self.is_null() {
            return None;
        } else {
            Cow::Borrowed(self.0)
        };
        let trimmed = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        };
        (!trimmed.is_empty()).then_some(trimmed)
    }

    /// A whole number, from a number or a text; `1.0` counts.
    pub(super) fn integer(self) -> Option<i64> {
        let text = self.text()?;
        text.parse().ok().or_else(|| {
            let number: f64 = text.parse().ok()?;
            // Beyond 2^53 a float no longer tells neighbouring integers apart.
            #[allow(
                clippy::cast_possible_truncation,
                reason = "whole and small enough, as just checked"
            )]
            (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0)
                .then_some(number as i64)
        })
    }

    /// A finite number, from a number or a text.
    pub(super) fn float(self) -> Option<f64> {
        self.text()?
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
    }

    /// A yes or no, from a boolean, a number or a text.
    pub(super) fn boolean(self) -> Option<bool> {
        match self.text()?.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "y" | "是" => Some(true),
            "false" | "0" | "no" | "n" | "否" => Some(false),
            _ => None,
        }
    }
}

/// An object's fields, in the order they came.
pub(super) struct Object<'a>(Vec<(Cow<'a, str>, Raw<'a>)>);

impl<'a> Object<'a> {
    /// The field of that name, the last when there are several, as most readers of JSON take it;
    /// `None` when it is absent.
    pub(super) fn get(&self, name: &str) -> Option<Raw<'a>> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
    }

    /// The first of these fields that holds something.
    pub(super) fn first(&self, names: &[&str]) -> Option<Raw<'a>> {
        names
            .iter()
            .filter_map(|name| self.get(name))
            .find(|value| value.is_something())
    }

    /// The object in that field.
    pub(super) fn object(&self, name: &str) -> Option<Object<'a>> {
        self.get(name)?.object()
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.text().map(Cow::into_owned)
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.get(name)?.integer()
    }

    pub(super) fn float(&self, name: &str) -> Option<f64> {
        self.get(name)?.float()
    }

    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        self.get(name)?.boolean()
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, Raw<'a>)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), *value))
    }
}

/// Reads one value and leaves what follows it alone.
fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    T::deserialize(&mut serde_json::Deserializer::from_str(text)).ok()
}

struct Elements<'a>(Vec<Raw<'a>>);
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    if fields.len() >= MEMBERS_MAX {
                        return Err(de::Error::custom("too many fields"));
                    }
                    fields.push((key.0, Raw(map.next_value::<&'de RawValue>()?.get())));
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items;
        impl<'de> Visitor<'de> for Items {
            type Value = Elements<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while items.len() < MEMBERS_MAX {
                    match seq.next_element::<&'de RawValue>()? {
                        Some(item) => items.push(Raw(item.get())),
                        None => return Ok(Elements(items)),
                    }
                }
                match seq.next_element::<IgnoredAny>()? {
                    Some(_) => Err(de::Error::custom("too many elements")),
                    None => Ok(Elements(items)),
                }
            }
        }
        deserializer.deserialize_seq(Items)
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Letters;
        impl<'de> Visitor<'de> for Letters {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text)))
            }
        }
        deserializer.deserialize_str(Letters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object<'_> {
        Raw::new(text).object().unwrap()
    }

    #[test]
    fn values_are_read_in_whatever_dress_they_come() {
        for (json, integer, boolean, text) in [
            ("1", Some(1), Some(true), Some("1")),
            ("\"1\"", Some(1), Some(true), Some("1")),
            ("0", Some(0), Some(false), Some("0")),
            ("1.0", Some(1), None, Some("1.0")),
            ("\" 80 \"", Some(80), None, Some("80")),
            ("true", None, Some(true), Some("true")),
            ("\"TRUE\"", None, Some(true), Some("TRUE")),
            ("null", None, None, None),
            ("\"\"", None, None, None),
            ("\"  \"", None, None, None),
            ("{}", None, None, None),
            (
                "1775074433891895605",
                Some(1_775_074_433_891_895_605),
                None,
                Some("1775074433891895605"),
            ),
            (
                "99999999999999999999999",
                None,
                None,
                Some("99999999999999999999999"),
            ),
        ] {
            let raw = Raw::new(json);
            assert_eq!(
                (raw.integer(), raw.boolean(), raw.text().as_deref()),
                (integer, boolean, text),
                "{json}"
            );
        }
    }

    #[test]
    fn the_last_of_duplicate_keys_counts_and_junk_behind_the_end_does_not() {
        let answer = object(" {\"a\":1,\"a\":2,\"\\u0062\":3} trailing <html>");
        assert_eq!(
            (answer.integer("a"), answer.integer("b")),
            (Some(2), Some(3))
        );
    }

    #[test]
    fn what_is_broken_is_nothing() {
        for text in [
            "",
            "{",
            "{\"a\":}",
            "[1,",
            "nul",
            "{\"a\":\"\\ud800",
            "\u{0}",
        ] {
            assert!(Raw::new(text).object().is_none(), "{text}");
        }
        assert!(Raw::new("[1,").elements().is_none());
        assert_eq!(
            object(r#"{"lone":"\ud800","next":1}"#).integer("next"),
            Some(1),
            "a lone surrogate spoils only its own field"
        );
    }

    #[test]
    fn one_stands_for_a_list_of_one_and_nothing_for_none() {
        for (json, count) in [
            ("null", 0),
            ("\"\"", 0),
            ("[]", 0),
            ("\"a\"", 1),
            ("{\"a\":1}", 1),
            ("{ }", 0),
            ("[1,2]", 2),
            ("[null]", 1),
        ] {
            assert_eq!(Raw::new(json).elements().unwrap().len(), count, "{json}");
        }
    }

    #[test]
    fn a_large_text_without_escapes_is_not_copied() {
        let json = format!("{{\"image\":\"{}\"}}", "A".repeat(100_000));
        assert!(matches!(
            object(&json).get("image").unwrap().text(),
            Some(Cow::Borrowed(_))
        ));
    }

    #[test]
    fn an_absurdly_wide_answer_is_refused_rather_than_multiplied() {
        let wide = format!("[{}0]", "0,".repeat(MEMBERS_MAX));
        assert!(Raw::new(&wide).elements().is_none());
        let full = format!("[{}0]", "0,".repeat(MEMBERS_MAX - 1));
        assert_eq!(Raw::new(&full).elements().unwrap().len(), MEMBERS_MAX);
    }

    #[test]
    fn other_encodings_keep_their_ascii() {
        let gbk = b"\xef\xbb\xbf{\"message\":\"\xba\xcb\xd1\xe9\",\"code\":\"18\"}";
        assert_eq!(object(&text_of(gbk)).integer("code"), Some(18));
    }
}
