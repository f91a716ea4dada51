//! What an answer looks like, without anything it says: key paths, types and lengths. Pure.
//!
//! Promised: no value of the answer comes out, only its class ("digits(19)", "text(2 chars)"), with
//! two exceptions: codes of at most nine digits, and hosts of URLs that are the provider's own.
//! Names of keys come out where the documents have them or where they look like names of fields; in
//! `stat`, whose keys are a map, only where the documents have them. So it can be sent to somebody.

use std::collections::BTreeSet;

use url::Url;

use super::{
    documented,
    tolerant::{Object, Raw, text_of},
};
use crate::domain::{answer::Endpoint, secret::Secret};

/// Deeper than any answer of the documents.
const DEPTH_MAX: usize = 12;
/// Paths told at most.
const PATHS_MAX: usize = 400;
/// The longest code that is told; anything longer might be a number of a person.
const CODE_DIGITS_MAX: usize = 9;
/// The provider's own hosts.
const HOSTS: [&str; 3] = ["bcebos.com", "baidu.com", "baidubce.com"];

/// The shape of one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// `solution`, `gateway`, `oauth`; `unknown` for another JSON object, `none` where there is
    /// none.
    pub envelope: &'static str,
    /// Codes of the envelope and of attempts, each once: up to nine digits, else the class.
    pub codes: Vec<String>,
    /// Key paths with the classes of what was there, in the order they came; elements of an array
    /// share one path.
    pub paths: Vec<(String, Vec<String>)>,
    /// Paths that the documents do not name.
    pub unknown: Vec<String>,
    /// Documented as always there, and not there, in an object that is.
    pub missing: Vec<String>,
    /// Documented as sometimes there, and not there.
    pub absent: Vec<String>,
    /// How many paths were left out for their number.
    pub left_out: usize,
}

/// Looks at the answer of a query for that token.
#[must_use]
pub(crate) fn of(endpoint: Endpoint, body: &[u8], verify_token: &Secret) -> Shape {
    let text = text_of(body);
    let root = Raw::new(&text);
    let Some(object) = root.object() else {
        return Shape {
            envelope: "none",
            paths: vec![("(whole body)".to_owned(), vec![class(root)])],
            ..Shape::default()
        };
    };
    let mut walk = Walk {
        endpoint,
        token: verify_token.reveal(),
        shape: Shape {
            envelope: envelope(&object),
            ..Shape::default()
        },
        seen: Vec::new(),
    };
    walk.object(&object, "", "", 0);
    let Walk {
        mut shape, seen, ..
    } = walk;
    if shape.envelope == "solution" {
        lacking(endpoint, &seen, &mut shape);
    }
    shape
}

fn envelope(object: &Object<'_>) -> &'static str {
    let has = |name: &str| object.get(name).is_some();
    match () {
        () if has("success") => "solution",
        () if has("error_code") => "gateway",
        () if has("error") => "oauth",
        () => "unknown",
    }
}

/// An object that was there: its path as in the documents, and its keys.
type Seen = (String, BTreeSet<String>);

struct Walk<'t> {
    endpoint: Endpoint,
    token: &'t str,
    shape: Shape,
    seen: Vec<Seen>,
}

impl Walk<'_> {
    /// `real` is the path in the answer, `shown` the same with no name that must not be shown.
    fn object(&mut self, object: &Object<'_>, real: &str, shown: &str, depth: usize) {
        self.seen.push((
            real.to_owned(),
            object.fields().map(|(key, _)| key.to_owned()).collect(),
        ));
        for (key, value) in object.fields() {
            let name = self.name(key, real);
            let real = join(real, key);
            let is_known = is_documented(self.endpoint, &real);
            let shown = join(shown, if is_known { key } else { &name });
            if !is_known && !self.is_of_an_error(&real) {
                push_new(&mut self.shape.unknown, shown.clone());
            }
            if matches!(key, "code" | "error_code") && value.is_something() {
                push_new(&mut self.shape.codes, code(value));
            }
            self.value(value, &real, &shown, depth + 1);
        }
    }

    fn value(&mut self, value: Raw<'_>, real: &str, shown: &str, depth: usize) {
        self.note(shown, class(value));
        if depth >= DEPTH_MAX {
            return;
        }
        if let Some(object) = value.object() {
            self.object(&object, real, shown, depth);
        } else if value.json().starts_with('[') {
            for element in value.elements().unwrap_or_default() {
                let (real, shown) = (format!("{real}[]"), format!("{shown}[]"));
                match element.object() {
                    Some(object) => self.object(&object, &real, &shown, depth),
                    None => self.value(element, &real, &shown, depth + 1),
                }
            }
        }
    }

    fn note(&mut self, shown: &str, class: String) {
        let is_room = self.shape.paths.len() < PATHS_MAX;
        match self.shape.paths.iter_mut().find(|(path, _)| path == shown) {
            Some((_, classes)) => push_new(classes, class),
            None if is_room => self.shape.paths.push((shown.to_owned(), vec![class])),
            None => self.shape.left_out += 1,
        }
    }

    /// What is shown of a key that the documents do not name, in the object at that path.
    fn name(&self, key: &str, parent: &str) -> String {
        let is_of_a_map = self.endpoint == Endpoint::Stat && parent == "result";
        if !is_of_a_map
            && is_identifier(key)
            && (key.len() < 6 || !self.token.contains(key))
            && !key.contains(self.token)
        {
            key.to_owned()
        } else {
            format!("key({} chars)", key.chars().count())
        }
    }

    /// The fields of the other two envelopes, and what goes with a code.
    fn is_of_an_error(&self, real: &str) -> bool {
        match self.shape.envelope {
            "gateway" => matches!(real, "error_code" | "error_msg" | "log_id"),
            "oauth" => matches!(real, "error" | "error_description"),
            _ => matches!(real, "code" | "message"),
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn push_new(list: &mut Vec<String>, item: String) {
    if list.len() < PATHS_MAX && !list.contains(&item) {
        list.push(item);
    }
}

fn is_documented(endpoint: Endpoint, path: &str) -> bool {
    documented::fields(endpoint)
        .iter()
        .any(|field| field.trim_end_matches('?') == path)
}

/// What the documents name and the answer has not, where the object is there that should hold it.
fn lacking(endpoint: Endpoint, seen: &[Seen], shape: &mut Shape) {
    for field in documented::fields(endpoint) {
        let path = field.trim_end_matches('?');
        let (parent, key) = path.rsplit_once('.').unwrap_or(("", path));
        if seen
            .iter()
            .any(|(there, keys)| there == parent && !keys.contains(key))
        {
            push_new(
                if field.ends_with('?') {
                    &mut shape.absent
                } else {
                    &mut shape.missing
                },
                path.to_owned(),
            );
        }
    }
}

/// A name as programs give it, and no token, number or word of another script.
fn is_identifier(key: &str) -> bool {
    let is_plain =
        key.len() <= 40 && key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_word = key
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let has = |what: fn(&u8) -> bool| key.bytes().any(|byte| what(&byte));
    let many_digits = key.bytes().filter(u8::is_ascii_digit).count() > 3;
    let is_random = key.len() >= 16
        && !key.contains('_')
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase);
    is_plain && is_word && !many_digits && !is_random
}

fn code(value: Raw<'_>) -> String {
    match value.text() {
        Some(text)
            if text.len() <= CODE_DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            text.into_owned()
        }
        _ => class(value),
    }
}

/// The class of a value.
fn class(value: Raw<'_>) -> String {
    let json = value.json();
    match json.as_bytes().first() {
        Some(b'{') => if value.object().is_some() {
            "object"
        } else {
            "object, broken"
        }
        .to_owned(),
        Some(b'[') => value.elements().map_or_else(
            || "array, broken".to_owned(),
            |elements| format!("array({})", elements_of(value, elements.len())),
        ),
        Some(b'"') => match serde_json::Deserializer::from_str(json)
            .into_iter::<String>()
            .next()
        {
            Some(Ok(text)) => class_of_text(&text),
            _ => "text, broken".to_owned(),
        },
        Some(b't' | b'f') if matches!(json, "true" | "false") => "bool".to_owned(),
        Some(b'n') if value.is_null() => "null".to_owned(),
        Some(b'-' | b'0'..=b'9') if json.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("number, digits({})", json.len())
        }
        Some(b'-' | b'0'..=b'9') if json.parse::<f64>().is_ok() => "number, decimal".to_owned(),
        None => "nothing".to_owned(),
        Some(b'<') => format!("no JSON, begins like HTML ({} bytes)", json.len()),
        Some(_) => format!("no JSON ({} bytes)", json.len()),
    }
}

/// `elements` leaves nothing out, and says one for a scalar.
fn elements_of(value: Raw<'_>, count: usize) -> usize {
    if value.is_something() { count } else { 0 }
}

fn class_of_text(text: &str) -> String {
    if text.trim().is_empty() {
        return "text, empty".to_owned();
    }
    let around = if text.trim().len() == text.len() {
        ""
    } else {
        ", blanks around it"
    };
    let text = text.trim();
    let inner = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("digits({})", text.len())
    } else if let Some(form) = date(text) {
        format!("date {form}")
    } else if let Some(url) = url(text) {
        url
    } else if let Some(kib) = base64_kib(text) {
        format!("base64 ~{kib} KiB")
    } else if text.starts_with(['{', '['])
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
    {
        format!("text, JSON inside ({} chars)", text.chars().count())
    } else if matches!(text.to_ascii_lowercase().as_str(), "true" | "false") {
        "text, bool".to_owned()
    } else if text.eq_ignore_ascii_case("null") {
        "text, null".to_owned()
    } else if text.len() <= 24
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-')
        && text.parse::<f64>().is_ok()
    {
        "text, decimal".to_owned()
    } else {
        format!("text({} chars)", text.chars().count())
    };
    inner + around
}

/// The form of a date or an instant, by its separators and the number of digits between them.
fn date(text: &str) -> Option<String> {
    let mut form = String::new();
    let mut letters = ['Y', 'M', 'D', 'h', 'm', 's', 'f'].into_iter();
    let mut letter = letters.next()?;
    let mut widths = vec![0usize];
    for c in text.chars() {
        if c.is_ascii_digit() {
            *widths.last_mut()? += 1;
            form.push(letter);
        } else if matches!(c, '-' | '/' | ':' | ' ' | 'T' | '.') {
            letter = letters.next()?;
            widths.push(0);
            form.push(c);
        } else if c == 'Z' && form.len() + 1 == text.len() {
            form.push(c);
        } else {
            return None;
        }
    }
    let rest_is_narrow = widths
        .iter()
        .skip(1)
        .take(5)
        .all(|width| (1..=2).contains(width));
    let separators: String = form
        .chars()
        .filter(|c| !c.is_ascii_alphabetic() || *c == 'T')
        .collect();
    let is_one = matches!(
        separators.as_str(),
        "--" | "//" | "-- ::" | "// ::" | "--T::" | "-- :" | "--T::." | "-- ::."
    );
    (widths.first() == Some(&4) && rest_is_narrow && is_one).then_some(form)
}

fn url(text: &str) -> Option<String> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let host = url.host_str().unwrap_or_default();
    let ours = HOSTS.into_iter().find(|known| {
        host == *known
            || host
                .strip_suffix(known)
                .is_some_and(|before| before.ends_with('.'))
    });
    let host = ours.map_or_else(
        || format!("other ({} chars)", host.len()),
        |known| {
            if host == known {
                known.to_owned()
            } else {
                format!("*.{known}")
            }
        },
    );
    Some(format!(
        "url host {host}, {}{}",
        url.scheme(),
        if url.query().is_some() {
            ", with a query"
        } else {
            ""
        }
    ))
}

fn base64_kib(text: &str) -> Option<usize> {
    let inner = if text.starts_with("data:") {
        text.split_once(',').map_or(text, |(_, inner)| inner)
    } else {
        text
    };
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=\r\n".contains(&byte);
    (inner.len() >= 64 && inner.bytes().all(is_letter))
        .then(|| (inner.len() * 3 / 4).div_ceil(1024))
}

#[cfg(test)]
mod tests;
