//! Verikeep keeps what a cloud is about to forget: the results, images and videos of Baidu AI
//! Cloud's H5 face verification.
//!
//! # The house
//!
//! | module | what lives there | may use |
//! |---|---|---|
//! | [`domain`] | pure types and rules; [`domain::plan`] is the one decision everything turns on | nobody |
//! | [`provider`] | the edge to the cloud: authentication, calls, envelopes, parsing, quota, download | `domain` |
//! | [`store`] | the edge to SQL: one verb is one transaction, SQLite and PostgreSQL from one text | `domain` |
//! | [`vault`] | the edge to objects: keys, streaming, digests, the seam for sealing | `domain` |
//! | [`archive`] | the use cases, one file a stage | `domain`, the three edges |
//! | [`worker`] | claim→step driver, loops, lifecycle; knows no tokens | `domain::{time, lease, random}` |
//! | [`telemetry`], [`web`] | logs and metrics; health and readiness | `domain`, `store`, `vault` |
//! | [`config`] | the configuration: its shape, loading, all findings at once | `domain` |
//! | [`app`] | the composition root: the only module that knows every part | all |
//! | [`cli`] | one file a command | all |
//!
//! [`simulator`], a provider of our own making for tests and the demonstration, is a crate beside
//! this one: it depends on nothing of ours, so it shares no type or parser with `provider`. `app`
//! and `cli` serve it over HTTP; [`provider::OverWorld`] asks one without a network, on a held
//! clock, for the whole lives of tokens in the tests of `archive`.
//!
//! `provider`, `store` and `vault` do not know one another, and nobody imports `cli` or `app` but
//! those above them. A test greps the sources against this table.
//!
//! # The walk of a record
//!
//! One way, each hand-over a committed row:
//!
//! 1. **track** ([`archive::track`]): a request becomes a tracked token with its first due time.
//!    One insert.
//! 2. **claim** ([`worker::driver`], [`store::Queue::claim_polls`]): what is due, the least time
//!    left at the provider first. A lease is a due time in the future; a crash needs no reaper.
//! 3. **fetch** ([`archive::fetch`]): ask, and put the verbatim body into the vault *before*
//!    anything reads it.
//! 4. **parse** ([`provider::parse`]): bytes to attempts and media. Pure; never panics on any
//!    bytes.
//! 5. **plan** ([`domain::plan`]): what is known, the app's policy and the time in; what to ask
//!    next, when, or how it is settled out. Pure.
//! 6. **record** ([`store::Queue::record_poll`]): answers, attempts, wanted media, the next due
//!    time and the lease's release in one transaction.
//! 7. **download** ([`archive::download`]): stream → checks → digest → seal → object, then one
//!    transaction.
//! 8. **settle**: a poll whose plan finds everything captured, or time over, writes the state, what
//!    is missing and why.
//!
//! Rules that hold everywhere: object before row; a wake carries no data; no stage calls the one
//! before it; whether to retry is decided once, in `archive`, from a typed error; unknown shapes
//! are kept and unknown errors retried until the deadline.
//!
//! # Two readings of a retention
//!
//! The provider's "three days" may count from issue or from the end of verification. The earliest
//! reading orders the work and bounds what counts as proof; the latest is when trying is given up
//! ([`domain::plan::Ends`]).

pub mod app;
pub mod archive;
pub mod cli;
pub mod config;
pub mod domain;
pub mod provider;
pub mod store;
pub mod telemetry;
pub mod vault;
pub mod web;
pub mod worker;
