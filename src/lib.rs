//! Verikeep keeps what a cloud is about to forget: the results, images and videos of Baidu AI
//! Cloud's H5 face verification.
//!
//! # The house
//!
//! | module | what lives there | may use |
//! |---|---|---|
//! | `lib` | the list of the modules | |
//! | [`domain`] | pure types and rules; [`domain::plan`] is the one decision everything turns on | |
//! | [`config`] | the configuration: its shape, loading, all findings at once | `domain` |
//! | [`provider`] | the edge to the cloud: authentication, calls, envelopes, parsing, quota, download | `domain` |
//! | [`store`] | the edge to SQL: one trait a noun, one verb one transaction, both databases from one text | `domain` |
//! | [`vault`] | the edge to objects: keys, streaming, digests, the seam for sealing | `domain` |
//! | [`worker`] | claim→step driver, loops, tasks, the clock; knows no tokens | `domain::time` `domain::random` |
//! | [`archive`] | the use cases, one struct a stage | `domain` `provider` `store` `vault` `worker::spawn` |
//! | [`telemetry`] | logs and metrics | `domain` `store::reports` |
//! | [`desk`] | what people and programs ask of the archive, wherever they are | `domain` `provider::http` `store` `archive` `worker` |
//! | [`notify`] | channels: what people are told, in words, and out to them | `domain` `provider::post` `worker::clock` |
//! | [`page`] | a record as people read it: HTML | `domain` `store::reports` |
//! | [`web`] | health, readiness and metrics over HTTP, and the API | `domain` `store` `telemetry` `desk` |
//! | [`app`] | the composition root: the only module that knows every part | `domain` `config` `provider` `store` `vault` `worker` `telemetry` `archive` `desk` `notify` `web` |
//! | [`cli`] | one file a command | `domain` `config` `provider` `store` `vault` `worker` `telemetry` `desk` `page` `app` |
//! | `main` | runs the command line | `cli` |
//!
//! A test reads this table and holds the sources to it, and it to the sources: nothing is allowed
//! that nobody needs. `provider`, `store` and `vault` do not know one another.
//!
//! [`simulator`], a provider of our own making for tests and the demonstration, is a crate beside
//! this one: it depends on nothing of ours, so it shares no type or parser with `provider`. `app`
//! and `cli` serve it over HTTP; [`provider::OverWorld`] asks one without a network, on a held
//! clock, for the whole lives of tokens in the tests of `archive`.
//!
//! # The walk of a record
//!
//! One way, each hand-over a committed row:
//!
//! 1. **track** ([`archive::track`]): a request becomes a tracked token with its first due time.
//!    One insert.
//! 2. **claim** ([`worker::driver`], [`store::Queue::claim_polls`]): what is due, the living before
//!    the late, the least time left at the provider first. A lease is a due time in the future; a
//!    crash needs no reaper.
//! 3. **ask** ([`archive::asker`]): admit, call, and keep the verbatim body: a large one in the vault
//!    *before* anything reads it, a small one with the record.
//! 4. **parse** ([`provider::parse`]): bytes to attempts and media. Pure; never panics on any
//!    bytes.
//! 5. **plan** ([`domain::plan`]): what is known, the app's policy and the time in; what to ask
//!    next, when, or how it is settled out. Pure. What media are listed and small are fetched before
//!    it is asked once more.
//! 6. **record** ([`store::Queue::record_poll`]): answers, attempts, media that are here and that
//!    are wanted, the next due time and the lease's release in one transaction.
//! 7. **download** ([`archive::download`]), of media that are large or did not come: stream → checks
//!    → digest → seal → object, then one transaction.
//! 8. **settle**: a poll whose plan finds everything captured, or time over, writes the state, what
//!    is missing and why; a download after which nothing is missing does so itself.
//!
//! Rules that hold everywhere: object before row; a wake carries no data; no stage calls the one
//! before it; the plan says when a verification is asked about again, the breaker whether its app
//! may be asked, the limiter how fast its account may, and nobody else; unknown shapes are kept and
//! unknown errors retried until the deadline.
//!
//! # Two readings of a retention
//!
//! The provider's "three days" may count from issue or from the end of verification. The earliest
//! reading orders the work and bounds what counts as proof; the latest is when trying is given up
//! ([`domain::plan::Ends`]).
//!
//! # Whose time
//!
//! What is final is so by the provider's clock. Everybody is told the time by a
//! [`domain::time::TrustedClock`], which the host's clock only begins and the `Date` of the answers
//! corrects; an answer counts as given by its own date where that is earlier than ours; and nothing
//! is given up as lost before any answer has told the time, as long as one is to be had. The
//! difference between host and provider is a figure and an alarm.

#![allow(
    rustdoc::private_intra_doc_links,
    reason = "these pages are for those who build it, with --document-private-items"
)]

pub mod app;
pub mod archive;
pub mod cli;
pub mod config;
pub mod desk;
pub mod domain;
pub mod notify;
pub mod page;
pub mod provider;
pub mod store;
pub mod telemetry;
pub mod vault;
pub mod web;
pub mod worker;
