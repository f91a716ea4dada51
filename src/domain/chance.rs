//! The one source of randomness: names for rows and objects, jitter.

use rand::Rng as _;

use super::time::Span;

/// A fresh identifier, ordered by time (UUID version 7): for rows, objects and leases.
#[must_use]
pub fn fresh_id(now: super::time::Time) -> String {
    let ms = u64::try_from(now.0).unwrap_or(0);
    let mut random = [0u8; 10];
    fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(ms, &random)
        .into_uuid()
        .to_string()
}

/// Fills `buffer` with bytes of cryptographic quality.
#[allow(clippy::disallowed_methods, reason = "the one place")]
pub fn fill(buffer: &mut [u8]) {
    rand::rng().fill_bytes(buffer);
}

/// A span drawn evenly from `[span/2, span]`, so that loops and retries of many do not fall in
/// step.
#[must_use]
pub fn jitter(span: Span) -> Span {
    let mut bytes = [0u8; 4];
    fill(&mut bytes);
    let half = span.0 / 2;
    Span(
        half + (span.0 - half).saturating_mul(i64::from(u32::from_le_bytes(bytes)))
            / i64::from(u32::MAX),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Time;

    #[test]
    fn identifiers_differ_and_sort_by_time() {
        let (early, late) = (
            fresh_id(Time(1_700_000_000_000)),
            fresh_id(Time(1_700_000_000_001)),
        );
        assert!(early < late);
        assert_ne!(fresh_id(Time(1)), fresh_id(Time(1)));
    }

    #[test]
    fn jitter_stays_between_half_and_whole() {
        for _ in 0..1000 {
            let span = jitter(Span(1000)).0;
            assert!((500..=1000).contains(&span));
        }
    }
}
