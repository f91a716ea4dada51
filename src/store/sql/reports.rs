//! The reports: figures, lists, single verifications, comparisons.

use async_trait::async_trait;
use futures::FutureExt as _;
use jiff::civil::Date;

use super::{SqlStore, charges, day, list, reconcile, show, status};
use crate::{
    domain::{message::Figures, secret::Secret, settled::Settled, time::Time},
    store::{
        Reports, Result,
        dialect::Dialect,
        records::KnownToken,
        reports::{Charge, Filter, Reconciliation, Status, Summary, Unread, Whole},
    },
};

#[async_trait]
impl<DB: Dialect> Reports for SqlStore<DB> {
    async fn status(&self, now: Time) -> Result<Status> {
        self.reading(move |connection| status::status::<DB>(connection, now).boxed())
            .await
    }

    async fn settled(&self, from: Time, to: Time) -> Result<Vec<Settled>> {
        self.reading(move |connection| status::settled::<DB>(connection, from, to).boxed())
            .await
    }

    async fn day(&self, from: Time, to: Time) -> Result<Vec<Figures>> {
        self.reading(move |connection| day::day::<DB>(connection, from, to).boxed())
            .await
    }

    async fn charges(&self, from: Date, to: Date) -> Result<Vec<Charge>> {
        self.reading(move |connection| charges::charges::<DB>(connection, from, to).boxed())
            .await
    }

    async fn unread(&self, from: Time, to: Time) -> Result<Vec<Unread>> {
        self.reading(move |connection| charges::unread::<DB>(connection, from, to).boxed())
            .await
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<Summary>> {
        let filter = filter.clone();
        self.reading(move |connection| {
            async move { list::list::<DB>(connection, &filter).await }.boxed()
        })
        .await
    }

    async fn show(&self, handle: &str) -> Result<Option<Whole>> {
        let handle = handle.to_owned();
        self.reading(move |connection| {
            async move { show::show::<DB>(connection, &handle).await }.boxed()
        })
        .await
    }

    async fn known(&self, tokens: &[Secret]) -> Result<Vec<Option<KnownToken>>> {
        let tokens = tokens.to_vec();
        self.reading(move |connection| {
            async move { reconcile::known::<DB>(connection, &tokens).await }.boxed()
        })
        .await
    }

    async fn record_reconciliation(&self, found: &Reconciliation) -> Result<()> {
        let found = found.clone();
        self.writing(move |connection| {
            async move { reconcile::record::<DB>(connection, &found).await }.boxed()
        })
        .await
    }
}
