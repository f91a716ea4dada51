//! The bucket that `scripts/with-s3` makes.

use std::env::var;

use verikeep::domain::{random::fresh_id, time::Time};

/// A part of it that nobody else uses.
pub struct Bucket {
    /// `s3://bucket/part`.
    pub url: String,
    /// The way to it, as `vault.options` has it.
    pub options: [(&'static str, String); 5],
}

impl Bucket {
    pub fn part() -> Self {
        let told = |name| var(name).unwrap_or_else(|_| panic!("scripts/with-s3 sets {name}"));
        Self {
            // Keys are never used twice.
            url: format!("{}/{}", told("VERIKEEP_TEST_S3"), fresh_id(Time(0))),
            options: [
                ("endpoint", told("AWS_ENDPOINT")),
                ("region", told("AWS_REGION")),
                ("access_key_id", told("AWS_ACCESS_KEY_ID")),
                ("secret_access_key", told("AWS_SECRET_ACCESS_KEY")),
                ("allow_http", "true".to_owned()),
            ],
        }
    }
}
