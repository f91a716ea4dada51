//! `result/stat`: how often each back end answered what.

use crate::domain::answer::{Endpoint, ProviderError, Stat};

use super::{
    super::tolerant::{Raw, text_of},
    answer, fields,
};

/// Reads the map of back ends. Their names vary with the age of the API, so none is known here.
///
/// # Errors
/// `Garbled` when the answer or its `result` is of no known shape.
pub fn stat(body: &[u8]) -> Result<Stat, ProviderError> {
    let text = text_of(body);
    let (_, result) = answer(Endpoint::Stat, &text)?;
    let Some(result) = fields(Endpoint::Stat, result)? else {
        return Ok(Stat::default());
    };
    Ok(Stat {
        backends: result
            .fields()
            .map(|(name, entries)| (name.to_owned(), counts(entries)))
            .collect(),
    })
}

fn counts(entries: Raw<'_>) -> Vec<(String, i64)> {
    let entries = entries.elements().unwrap_or_default();
    entries
        .into_iter()
        .filter_map(Raw::object)
        .filter_map(|entry| {
            Some((
                entry.text("error_code")?,
                entry.integer("count").unwrap_or(0),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_taken_as_they_come() {
        let found = stat(include_bytes!("../../../tests/fixtures/answers/stat.json")).unwrap();
        let flat: Vec<_> = found
            .backends
            .iter()
            .flat_map(|(name, counts)| {
                counts
                    .iter()
                    .map(move |(code, count)| (name.as_str(), code.as_str(), *count))
            })
            .collect();
        assert_eq!(
            flat,
            [
                ("Verify_FIN", "0", 1),
                ("Sessioncode", "0", 1),
                ("OCR", "0", 2),
                ("OCR", "216633", 1),
                ("视频活体", "0", 1),
                ("VerifySec", "222350", 3)
            ]
        );
        assert_eq!(
            found.backends.len(),
            6,
            "a back end without entries stays in the list"
        );
    }

    #[test]
    fn the_documented_example_is_no_json_and_says_so() {
        assert!(
            stat(include_bytes!(
                "../../../tests/fixtures/answers/stat-documented-invalid.json"
            ))
            .is_err()
        );
    }
}
