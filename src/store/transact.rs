//! Transactions, each in a task of its own.
//!
//! A caller may be cancelled at any await (a time limit, a client that left). sqlx 0.9.0 does not survive that between sending `begin` and
//! its answer: the connection goes back to the pool inside a transaction nobody knows of. In a task of its own a transaction runs to its end
//! whatever becomes of the caller.

use futures::future::BoxFuture;
use sqlx::Pool;

use super::{Result, StoreError, dialect::Dialect};

/// Runs `work` in a transaction begun by `begin`, and commits it when `work` succeeds.
///
/// # Errors
/// What `work` returns, or what became of the connection; then nothing was written, unless the connection went while the commit was under way.
pub(super) async fn transact<DB, T, F>(pool: &Pool<DB>, begin: &'static str, work: F) -> Result<T>
where
    DB: Dialect,
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut DB::Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
{
    let pool = pool.clone();
    let task = tokio::spawn(async move {
        let mut transaction = pool.begin_with(begin).await?;
        match work(&mut transaction).await {
            Ok(result) => {
                transaction.commit().await?;
                Ok(result)
            }
            Err(error) => {
                // The error of the work says more than one of the rollback; a connection that cannot roll back is not used again.
                let _ = transaction.rollback().await;
                Err(error)
            }
        }
    });
    task.await.unwrap_or_else(|cut| {
        Err(if cut.is_panic() {
            StoreError::Corrupt("a transaction was cut short by a defect of this program".to_owned())
        } else {
            StoreError::Unavailable("the program is stopping".to_owned())
        })
    })
}
