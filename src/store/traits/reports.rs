//! What is told of the verifications: to people, to metrics, and to the business's own list.

use async_trait::async_trait;
use jiff::civil::Date;

use crate::{
    domain::{message::Figures, secret::Secret, settled::Settled, time::Time},
    store::{
        Connection, Result,
        records::KnownToken,
        reports::{Charge, Filter, Reconciliation, Status, Summary, Unread, Whole},
    },
};

/// Figures, lists and single verifications. Reading starts no work.
#[async_trait]
pub trait Reports: Connection {
    /// The figures for `status` and the service metrics, as of `now`.
    async fn status(&self, now: Time) -> Result<Status>;

    /// How many verifications of each app were settled from an instant to before another, by app; of
    /// apps with none, nothing.
    async fn settled(&self, from: Time, to: Time) -> Result<Vec<Settled>>;

    /// What came of each app from an instant to before another, both on the hour and at most a day
    /// ago and a half: what was told as far as it is added up ([`crate::store::Hours`]), what was
    /// settled, the calls made, and how many are open now; by app. What the quota allows is not
    /// known here.
    async fn day(&self, from: Time, to: Time) -> Result<Vec<Figures>>;

    /// What was charged from a day in Beijing to before another, as `report_charges` has it, by app,
    /// day and type; nothing where nothing was.
    async fn charges(&self, from: Date, to: Date) -> Result<Vec<Charge>>;

    /// How many of the tokens issued from an instant to before another may have been charged without
    /// it being known here: those that are open, and those whose last record was lost; by app.
    async fn unread(&self, from: Time, to: Time) -> Result<Vec<Unread>>;

    /// Tracked verifications, newest first.
    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>>;

    /// One verification whole, by verify_token or verification_id.
    async fn show(&self, handle: &str) -> Result<Option<Whole>>;

    /// What is known of each of these verify_tokens, in order; none of one that is not tracked.
    async fn known(&self, tokens: &[Secret]) -> Result<Vec<Option<KnownToken>>>;

    /// Remembers what a comparison with the business's own list found.
    async fn record_reconciliation(&self, found: &Reconciliation) -> Result<()>;
}
