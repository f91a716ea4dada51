//! Identity columns: masks for people, a keyed index for exact look-up (evidence.md, "Identity
//! columns").

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{
    attempt::{Attempt, OcrIdentity},
    digest::hex,
    mask::{mask_id_number, mask_name, narrow},
    secret::Secret,
};

/// One spelling for each number: full-width digits and letters narrowed, spaces and hyphens
/// dropped, `x` as `X`.
#[must_use]
pub fn normalise_id_number(number: &str) -> String {
    number
        .chars()
        .map(narrow)
        .filter(|letter| !letter.is_whitespace() && *letter != '-')
        .flat_map(char::to_uppercase)
        .collect()
}

/// Checks the number of a mainland identity card: 17 digits and a check digit (GB 11643).
///
/// # Errors
/// What is wrong, without the number.
pub fn check_card_number(number: &str) -> Result<(), String> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const LAST: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let number = normalise_id_number(number);
    let length = number.chars().count();
    if length != WEIGHTS.len() + 1 {
        return Err(format!(
            "has {length} characters; the number of an identity card has 18"
        ));
    }
    let mut sum = 0;
    for (digit, weight) in number.chars().zip(WEIGHTS) {
        let digit = digit
            .to_digit(10)
            .ok_or("has something else than digits before its last character")?;
        sum += digit * weight;
    }
    let last = usize::try_from(sum % 11).ok().and_then(|at| LAST.get(at));
    if number.chars().last().as_ref() == last {
        Ok(())
    } else {
        Err("is mistyped: its check digit does not fit".to_owned())
    }
}

/// The key of the look-up index. There are only about 10^11 possible ID numbers, so it must stay
/// out of the database, its backups, logs and object names.
#[derive(Clone)]
pub struct IndexKey(Zeroizing<Vec<u8>>);

impl IndexKey {
    /// Takes the key's bytes; [`IndexKey::BYTES`] of them.
    ///
    /// # Errors
    /// When the length is another.
    pub fn new(bytes: Vec<u8>) -> Result<Self, String> {
        let length = bytes.len();
        if length == Self::BYTES {
            Ok(Self(Zeroizing::new(bytes)))
        } else {
            Err(format!(
                "an index key has {} bytes, this one has {length}",
                Self::BYTES
            ))
        }
    }

    /// Length of a key.
    pub const BYTES: usize = 32;

    /// HMAC-SHA-256 of the normalised number under the sub-key of the ID number column, 64 hex
    /// digits.
    #[must_use]
    pub fn id_number(&self, number: &str) -> String {
        let sub_key = digest(&self.0, b"verikeep id_number");
        hex(&digest(&sub_key, normalise_id_number(number).as_bytes()))
    }

    /// By which the key is told from others, and which gives nothing of it away: the first 16 hex
    /// digits of SHA-256 over a label and the key.
    #[must_use]
    pub fn id(&self) -> String {
        let digest: [u8; 32] = Sha256::new()
            .chain_update(b"verikeep index key id\0")
            .chain_update(&*self.0)
            .finalize()
            .into();
        hex(digest.get(..8).unwrap_or_default())
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

fn digest(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes keys of every length, so the error cannot occur; an empty key would only be a
    // weaker one.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Which identity columns the database may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Columns {
    /// Masks and the keyed index only.
    #[default]
    Masked,
    /// Names, numbers and what was read off the card as well.
    Plain,
}

/// The identity columns of one attempt, as the configuration allows them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct IdentityRow {
    /// `idcard_type` of what was confirmed, else of what was read.
    pub id_type: Option<String>,
    /// [`mask_name`].
    pub name_masked: Option<String>,
    /// [`mask_id_number`].
    pub id_number_masked: Option<String>,
    /// [`IndexKey::id_number`]; none without a key.
    pub id_number_index: Option<String>,
    /// [`IndexKey::id`] of the key that made the index.
    pub index_key_id: Option<String>,
    /// [`mask_name`] of the name read off the card.
    pub ocr_name_masked: Option<String>,
    /// [`mask_id_number`] of the number read off the card.
    pub ocr_id_number_masked: Option<String>,
    /// The name, the number and what was read off the card: only with [`Columns::Plain`].
    pub plain: Option<PlainIdentity>,
}

/// The index of an ID number, made anew with another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reindexed {
    /// Of which attempt; none: of what was handed in.
    pub attempt_no: Option<i64>,
    /// The index of before.
    pub before: Option<String>,
    /// The new one.
    pub index: String,
}

/// Identity in full.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PlainIdentity {
    /// The confirmed name, else the one read.
    pub name: Option<String>,
    /// The confirmed number, else the one read.
    pub id_number: Option<String>,
    /// What was read off the card.
    pub ocr: Option<OcrIdentity>,
}

impl IdentityRow {
    /// Takes what the columns may hold out of an attempt.
    #[must_use]
    pub fn of(attempt: &Attempt, columns: Columns, key: Option<&IndexKey>) -> Self {
        let (ocr, confirmed) = (attempt.ocr.as_ref(), &attempt.confirmed);
        let ocr_name = ocr.and_then(|ocr| ocr.name.as_ref());
        let ocr_number = ocr.and_then(|ocr| ocr.id_number.as_ref());
        let name = confirmed.name.as_ref().or(ocr_name).map(Secret::reveal);
        let number = confirmed.id_number.as_ref().or(ocr_number);
        let number = number.map(Secret::reveal);
        Self {
            id_type: confirmed
                .id_type
                .clone()
                .or_else(|| ocr.and_then(|ocr| ocr.id_type.clone())),
            name_masked: name.map(mask_name),
            id_number_masked: number.map(mask_id_number),
            id_number_index: number.zip(key).map(|(number, key)| key.id_number(number)),
            index_key_id: number.and(key).map(IndexKey::id),
            ocr_name_masked: ocr_name.map(|name| mask_name(name.reveal())),
            ocr_id_number_masked: ocr_number.map(|number| mask_id_number(number.reveal())),
            plain: (columns == Columns::Plain).then(|| PlainIdentity {
                name: name.map(str::to_owned),
                id_number: number.map(str::to_owned),
                ocr: attempt.ocr.clone(),
            }),
        }
    }
}

impl fmt::Debug for IdentityRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityRow([redacted])")
    }
}

impl fmt::Debug for PlainIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainIdentity([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_number_of_an_identity_card_is_told() {
        for (label, number, part) in [
            ("digits", "110101199003070003", ""),
            ("an X", "11010519491231002X", ""),
            ("a small x, with spaces", "110105 19491231 002x", ""),
            ("full-width", "\u{ff11}10101199003070003", ""),
            ("12 digits", "110101199003", "has 12 characters"),
            ("the old 15 digits", "110101900307000", "has 15 characters"),
            ("nothing", "", "has 0 characters"),
            ("a wrong check digit", "110101199003070004", "check digit"),
            ("two digits exchanged", "110101199003700003", "check digit"),
            ("a letter", "11010119900307O003", "else than digits"),
        ] {
            let checked = check_card_number(number);
            let why = checked.as_ref().err().map_or("", String::as_str);
            assert_eq!(checked.is_ok(), part.is_empty(), "{label}: {why}");
            assert!(why.contains(part), "{label}: {why}");
        }
    }

    #[test]
    fn one_number_in_many_spellings_has_one_index() {
        let key = IndexKey::new(vec![7; 32]).unwrap();
        let index = key.id_number("36213219923232X");
        for spelling in [
            "36213219923232x",
            " 362132 19923232 X ",
            "３６２１３２１９９２３２３２Ｘ",
            "362132-19923232-x",
        ] {
            assert_eq!(key.id_number(spelling), index, "{spelling}");
        }
        assert_ne!(key.id_number("362132199232321"), index);
        assert_ne!(
            IndexKey::new(vec![8; 32])
                .unwrap()
                .id_number("36213219923232X"),
            index
        );
        assert!(IndexKey::new(vec![1; 31]).is_err());
        assert_eq!(
            key.id(),
            "0cbfee733f7665ca",
            "of SHA-256 by another program"
        );
        assert_ne!(IndexKey::new(vec![8; 32]).unwrap().id(), key.id());
    }

    #[test]
    fn what_was_read_is_masked_beside_what_was_confirmed() {
        let secret = |text: &str| Some(Secret::new(text));
        let ocr = OcrIdentity {
            name: secret("李四"),
            id_number: secret("370123199602165826"),
            ..OcrIdentity::default()
        };
        for (label, confirmed, ocr, expected) in [
            (
                "both",
                secret("张三"),
                Some(ocr.clone()),
                ("张*", Some("李*"), Some("3*************5826")),
            ),
            (
                "only read",
                None,
                Some(ocr),
                ("李*", Some("李*"), Some("3*************5826")),
            ),
            ("only confirmed", secret("张三"), None, ("张*", None, None)),
        ] {
            let mut attempt = Attempt {
                ocr,
                ..Attempt::default()
            };
            attempt.confirmed.name = confirmed;
            for columns in [Columns::Masked, Columns::Plain] {
                let row = IdentityRow::of(&attempt, columns, None);
                let found = (
                    row.name_masked.as_deref().unwrap_or_default(),
                    row.ocr_name_masked.as_deref(),
                    row.ocr_id_number_masked.as_deref(),
                );
                assert_eq!(found, expected, "{label}, {columns:?}");
            }
        }
    }
}
