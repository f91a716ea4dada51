//! What of the vault the rows name.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures::FutureExt as _;

use super::{SqlStore, kept};
use crate::{
    domain::id::VerificationId,
    store::{
        Objects, Result,
        dialect::Dialect,
        reports::{KeptPage, Which},
        rows::{Cells as _, texts},
    },
};

#[async_trait]
impl<DB: Dialect> Objects for SqlStore<DB> {
    async fn named(&self, keys: &[(VerificationId, String)]) -> Result<BTreeSet<String>> {
        let keys = keys.to_vec();
        self.reading(move |connection| async move { named::<DB>(connection, &keys).await }.boxed())
            .await
    }

    async fn kept(&self, which: Which, before: Option<&str>, limit: i64) -> Result<KeptPage> {
        let before = before.map(str::to_owned);
        self.reading(move |connection| {
            async move { kept::page::<DB>(connection, which, before.as_deref(), limit).await }
                .boxed()
        })
        .await
    }
}

/// Those of the keys that a row of their verification names.
pub(super) async fn named<DB: Dialect>(
    connection: &mut DB::Connection,
    keys: &[(VerificationId, String)],
) -> Result<BTreeSet<String>> {
    let (ids, keys): (Vec<VerificationId>, Vec<&str>) =
        keys.iter().map(|(id, key)| (*id, key.as_str())).unzip();
    // Media by their verification: an index of their keys, which are random, would cost each capture more
    // than all else that is written of it.
    let named = format!(
        "verification_id {ids} and object_key is not null and object_key {keys}",
        ids = DB::among(1),
        keys = DB::among(2)
    );
    let sql = format!(
        "select object_key from answers where {named} union all select object_key from media where {named}"
    );
    let rows = DB::fetch(connection, sql, vec![texts(&ids), texts(&keys)]).await?;
    rows.iter().map(|row| row.text("object_key")).collect()
}
