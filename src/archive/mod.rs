//! The use cases, one file a stage: track, poll, download, settle.
