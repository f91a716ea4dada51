//! Verbatim answers to domain types. Pure: `&[u8]` in, and whatever the bytes, an answer or
//! [`ErrorKind::Garbled`] out, never a panic.
//!
//! Every function takes the whole body as it was kept, so that an archive can be parsed again. What
//! is known is read in any of the shapes of provider.md §7; what is not known is left to the
//! verbatim answer. A shape that cannot be read is never taken for "nothing".

mod base64;
mod beijing;
pub(crate) mod detail;
pub(crate) mod getall;
pub(crate) mod media;
pub mod prepare;
pub(crate) mod simple;
pub(crate) mod stat;

pub use detail::detail;
pub use getall::getall;
pub use media::media;
pub use simple::simple;
pub use stat::stat;

use crate::domain::{
    answer::{Endpoint, ErrorKind, ProviderError},
    media::{Kind, Listed},
    secret::Secret,
};

use super::tolerant::{Object, Raw};

fn garbled(endpoint: Endpoint) -> ProviderError {
    ProviderError::new(
        ErrorKind::Garbled,
        format!(
            "the answer of {} is not of a shape that is known; it is kept and asked for again",
            endpoint.name()
        ),
    )
}

/// The answer and its `result`; an answer that says it failed, or has no such field, is none.
fn answer<'a>(endpoint: Endpoint, text: &'a str) -> Result<(Object<'a>, Raw<'a>), ProviderError> {
    let object = Raw::new(text).object().ok_or_else(|| garbled(endpoint))?;
    if object.boolean("success") == Some(false) {
        return Err(garbled(endpoint));
    }
    let result = object.get("result").ok_or_else(|| garbled(endpoint))?;
    Ok((object, result))
}

/// `result` as an object; `None` where there is nothing in it.
fn fields<'a>(endpoint: Endpoint, result: Raw<'a>) -> Result<Option<Object<'a>>, ProviderError> {
    match result.object() {
        Some(object) => Ok(Some(object)),
        None if result.is_something() => Err(garbled(endpoint)),
        None => Ok(None),
    }
}

/// The most attempts of an answer, and the most media of one kind: a person has a handful. Beyond
/// it the answer is kept verbatim and counts as garbled, so that nobody can make us work for hours
/// by what he has the provider say.
const LISTED_MAX: usize = 64;

/// URLs of one kind: an array, a single text or a list in a text; empty ones skipped, positions
/// counted over the rest. None when there are more than any person has.
fn listed(kind: Kind, field: Option<Raw<'_>>) -> Option<Vec<Listed>> {
    let mut urls = Vec::new();
    let are_few = field.is_none_or(|field| gather(field, &mut urls, 3)) && urls.len() <= LISTED_MAX;
    are_few.then(|| {
        urls.into_iter()
            .zip(0..)
            .map(|(url, position)| Listed {
                kind,
                position,
                url,
            })
            .collect()
    })
}

/// False when an array is broken or too long to be read.
fn gather(field: Raw<'_>, urls: &mut Vec<Secret>, depth_max: u8) -> bool {
    let Some(depth_max) = depth_max.checked_sub(1) else {
        return true;
    };
    let Some(elements) = field.elements() else {
        return false;
    };
    for element in elements {
        if urls.len() > LISTED_MAX {
            return false;
        }
        if let Some(object) = element.object() {
            if object
                .get("url")
                .is_some_and(|url| !gather(url, urls, depth_max))
            {
                return false;
            }
        } else if let Some(text) = element.text() {
            if text.starts_with('[') {
                if !gather(Raw::new(&text), urls, depth_max) {
                    return false;
                }
            } else if !text.eq_ignore_ascii_case("null") {
                urls.push(Secret::new(text));
            }
        }
    }
    true
}

fn secret(object: &Object<'_>, name: &str) -> Option<Secret> {
    object.text(name).map(Secret::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_found_in_every_wrapping_and_empty_ones_skipped() {
        for (json, urls) in [
            (r#"["a","b"]"#, &["a", "b"][..]),
            (r#"["a",null,"","  ","null","b"]"#, &["a", "b"]),
            (r#""a""#, &["a"]),
            (r#""[\"a\",\"b\"]""#, &["a", "b"]),
            (r#"[{"url":"a"},{"other":1},{"url":["b"]}]"#, &["a", "b"]),
            (
                r#"["https:\/\/h\/k?a=1\u0026b=2"]"#,
                &["https://h/k?a=1&b=2"],
            ),
            ("null", &[]),
            ("[]", &[]),
            (r#""""#, &[]),
            ("[[[[[\"deep\"]]]]]", &[]),
        ] {
            let found = listed(Kind::Video, Some(Raw::new(json))).unwrap();
            assert_eq!(
                found
                    .iter()
                    .map(|listed| listed.url.reveal())
                    .collect::<Vec<_>>(),
                urls,
                "{json}"
            );
            assert!(
                found
                    .iter()
                    .zip(0..)
                    .all(|(listed, position)| listed.position == position)
            );
        }
        let many = |count: usize| format!("[{}]", vec![r#""https://h/k""#; count].join(","));
        for (count, expected) in [
            (LISTED_MAX, true),
            (LISTED_MAX + 1, false),
            (122_880, false),
        ] {
            assert_eq!(
                listed(Kind::Video, Some(Raw::new(&many(count)))).is_some(),
                expected,
                "{count}"
            );
        }
    }
}
