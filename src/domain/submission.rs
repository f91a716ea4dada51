//! What is handed in of a person for a token that is issued here (`idcard/submit`).

use std::fmt;

use super::{
    identity::{Columns, IndexKey},
    mask::{mask_id_number, mask_name},
    secret::Secret,
    time::Time,
};

/// A name and a number on their way to the provider, as the configuration allows them to be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Submission {
    /// When they were handed in.
    pub at: Time,
    /// From 0 to 5; none where nobody said, which is the mainland identity card.
    pub certificate_type: Option<i64>,
    /// [`mask_name`].
    pub name_masked: String,
    /// [`mask_id_number`].
    pub id_number_masked: String,
    /// [`IndexKey::id_number`]; none without a key.
    pub id_number_index: Option<String>,
    /// [`IndexKey::id`] of the key that made the index.
    pub index_key_id: Option<String>,
    /// Name and number: only with [`Columns::Plain`].
    pub plain: Option<(String, String)>,
}

impl Submission {
    /// Takes what the columns may hold.
    #[must_use]
    pub fn of(
        (name, number, certificate_type): &(Secret, Secret, Option<u8>),
        columns: Columns,
        key: Option<&IndexKey>,
        at: Time,
    ) -> Self {
        let (name, number) = (name.reveal(), number.reveal());
        Self {
            at,
            certificate_type: certificate_type.map(i64::from),
            name_masked: mask_name(name),
            id_number_masked: mask_id_number(number),
            id_number_index: key.map(|key| key.id_number(number)),
            index_key_id: key.map(IndexKey::id),
            plain: (columns == Columns::Plain).then(|| (name.to_owned(), number.to_owned())),
        }
    }
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Submission([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_kept_is_kept_and_printed_nowhere() {
        let key = IndexKey::new(vec![7; 32]).unwrap();
        let person = ("张三".into(), "11010519491231002x".into(), Some(0));
        let of = |columns, key| Submission::of(&person, columns, key, Time(1));
        let masked = of(Columns::Masked, Some(&key));
        assert_eq!(masked.name_masked, "张*");
        assert_eq!(masked.id_number_masked, "1*************002x");
        assert_eq!(
            masked.id_number_index,
            Some(key.id_number("11010519491231002X"))
        );
        assert_eq!(masked.index_key_id, Some(key.id()));
        assert_eq!(masked.plain, None);
        let plain = of(Columns::Plain, None);
        assert_eq!(
            (&plain.id_number_index, &plain.index_key_id),
            (&None, &None)
        );
        assert_eq!(
            plain.plain,
            Some(("张三".to_owned(), "11010519491231002x".to_owned()))
        );
        assert_eq!(format!("{plain:?}"), "Submission([redacted])");
    }
}
