//! What was handed in of a person.

use serde::{Deserialize, Serialize};

use crate::domain::time::{Time, rfc3339};

/// A name and a number that were handed in for a token issued here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// When they were handed in.
    #[serde(with = "rfc3339")]
    pub at: Time,
    /// From 0 to 5; none where nobody said.
    pub certificate_type: Option<i64>,
    /// [`crate::domain::mask::mask_name`].
    pub name_masked: String,
    /// [`crate::domain::mask::mask_id_number`].
    pub id_number_masked: String,
    /// For exact look-up; none without an index key.
    pub id_number_index: Option<String>,
    /// None unless `identity.columns = "plain"`.
    pub name: Option<String>,
    /// None unless `identity.columns = "plain"`.
    pub id_number: Option<String>,
    /// Whether the provider took them; none while that is not known.
    pub taken: Option<bool>,
    /// Why it did not.
    pub refused: Option<String>,
}
