//! What became of a record.

/// Told to the step that brought it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Whether it settled the verification.
    pub is_settled: bool,
    /// Whether the lease of the download that a poll starts was granted.
    pub is_download_granted: bool,
    /// Keys of objects that it brought, or that rows which went with it had, and that no row names.
    /// Nobody else knows of them: they are the step's to drop.
    pub unnamed: Vec<String>,
}
