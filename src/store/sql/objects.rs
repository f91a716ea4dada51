//! What of the vault the rows name.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures::FutureExt as _;

use super::SqlStore;
use crate::store::{
    Objects, Result,
    dialect::Dialect,
    rows::{Cells as _, texts},
};

#[async_trait]
impl<DB: Dialect> Objects for SqlStore<DB> {
    async fn named(&self, keys: &[String]) -> Result<BTreeSet<String>> {
        let keys = keys.to_vec();
        self.reading(move |connection| async move { named::<DB>(connection, &keys).await }.boxed())
            .await
    }
}

async fn named<DB: Dialect>(
    connection: &mut DB::Connection,
    keys: &[String],
) -> Result<BTreeSet<String>> {
    let among = DB::among(1);
    let sql = format!(
        "select object_key from answers where object_key is not null and object_key {among}
        union all select object_key from media where object_key is not null and object_key {among}"
    );
    let rows = DB::fetch(connection, sql, vec![texts(keys)]).await?;
    rows.iter().map(|row| row.text("object_key")).collect()
}
