//! Repeatable chance: the same seed and the same words give the same throws, in whatever order
//! requests arrive.
//!
//! Every fact of a simulated token is thrown from a key (`seed`, what it is about, its number),
//! never from a shared stream, so that concurrency changes nothing. It is not for secrets: whoever
//! knows the seed knows everything.

/// A stream of throws that starts at one key (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number that stands for `text`, for use in a key (FNV-1a).
pub(crate) fn word(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

impl Dice {
    /// The dice of `seed` for the matter named by `key`.
    pub(crate) fn of(seed: u64, key: &[u64]) -> Self {
        Self(
            key.iter()
                .fold(mixed(seed ^ 0x9e37_79b9_7f4a_7c15), |state, part| {
                    mixed(state.rotate_left(17) ^ mixed(part.wrapping_add(0x9e37_79b9_7f4a_7c15)))
                }),
        )
    }

    /// 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// A whole number of `low..high`; `low` when the range is empty.
    pub(crate) fn within(&mut self, low: u64, high: u64) -> u64 {
        let width = high.saturating_sub(low).max(1);
        low + self.next() % width
    }

    /// A fraction of `0.0..1.0`.
    pub(crate) fn fraction(&mut self) -> f64 {
        // 53 bits are what a double holds exactly.
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True in `percent` of 100 throws.
    pub(crate) fn happens(&mut self, percent: u64) -> bool {
        self.within(0, 100) < percent
    }

    /// One of `items`; `None` only when there are none.
    pub(crate) fn one_of<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.within(0, items.len() as u64) as usize)
    }

    /// `length` characters of `alphabet` (ASCII).
    pub(crate) fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .filter_map(|_| self.one_of(alphabet).map(|byte| char::from(*byte)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_throws_the_same() {
        let throw = |key: &[u64]| Dice::of(7, key).next();
        assert_eq!(throw(&[1, 2]), throw(&[1, 2]));
        assert_ne!(throw(&[1, 2]), throw(&[2, 1]));
        assert_ne!(throw(&[1]), throw(&[1, 0]));
    }

    #[test]
    fn percent_means_percent() {
        let mut dice = Dice::of(1, &[]);
        let hits = (0..10_000).filter(|_| dice.happens(15)).count();
        assert!((1_350..1_650).contains(&hits), "{hits}");
    }
}
