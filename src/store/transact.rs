//! Transactions, each in a task of its own.
//!
//! A caller may be cancelled at any await (a time limit, a client that left). sqlx 0.9.0 does not
//! survive that between sending `begin` and its answer: the connection goes back to the pool inside
//! a transaction nobody knows of. In a task of its own a transaction runs to its end whatever
//! becomes of the caller.
//!
//! SQLite ends a transaction by itself when a write fails for want of space or by an I/O error.
//! sqlx 0.9.0 then cannot roll back, believes the connection to be inside that transaction for
//! ever, and refuses every further one: such a connection is closed, and the pool opens another.
//!
//! A network may swallow what is sent, without a word. A transaction that has not ended after a
//! minute ([`Dialect::ANSWER`]) is given up with its connection; what became of it is not known.

use futures::future::BoxFuture;
use sqlx::{Connection as _, Pool};

use super::{Result, StoreError, bind::KEEPS_PREPARED, dialect::Dialect, target::ANSWER};

/// Runs `work` in a transaction begun by `begin`, and commits it when `work` succeeds.
///
/// # Errors
/// What `work` returns, or what became of the connection; then nothing was written, unless the
/// connection went while the commit was under way.
#[allow(
    clippy::disallowed_methods,
    reason = "the adapter of the database keeps tokio: a transaction that is waited for no more must still end"
)]
pub(super) async fn transact<DB, T, F>(pool: &Pool<DB>, begin: &'static str, work: F) -> Result<T>
where
    DB: Dialect,
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut DB::Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
{
    let pool = pool.clone();
    let keeps = DB::keeps_prepared(&pool.connect_options());
    let task = tokio::spawn(KEEPS_PREPARED.scope(keeps, async move {
        let mut connection = pool.acquire().await?;
        let ended = within::<DB, _, _>(&mut connection, begin, work);
        let ended = match DB::ANSWER {
            Some(limit) => tokio::time::timeout(limit, ended).await.ok(),
            None => Some(ended.await),
        };
        let Some((sound, result)) = ended else {
            // It is not asked to close either: that would wait for the same.
            drop(connection.detach());
            return Err(no_answer());
        };
        if !sound {
            // What it says at its end is of no use to anybody.
            let _ = connection.close().await;
        }
        result
    }));
    task.await.unwrap_or_else(|cut| {
        Err(if cut.is_panic() {
            StoreError::Corrupt(
                "a transaction was cut short by a defect of this program".to_owned(),
            )
        } else {
            StoreError::Unavailable("the program is stopping".to_owned())
        })
    })
}

fn no_answer() -> StoreError {
    StoreError::Unavailable(format!(
        "it does not answer within {} seconds",
        ANSWER.as_secs()
    ))
}

/// One transaction on one connection; and whether the connection may be used again.
async fn within<DB, T, F>(
    connection: &mut DB::Connection,
    begin: &'static str,
    work: F,
) -> (bool, Result<T>)
where
    DB: Dialect,
    F: for<'c> FnOnce(&'c mut DB::Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
{
    let mut transaction = match connection.begin_with(begin).await {
        Ok(transaction) => transaction,
        Err(error) => return (false, Err(error.into())),
    };
    match work(&mut transaction).await {
        Ok(result) => match transaction.commit().await {
            Ok(()) => (true, Ok(result)),
            Err(error) => (false, Err(error.into())),
        },
        // The error of the work says more than one of the rollback.
        Err(error) => (transaction.rollback().await.is_ok(), Err(error)),
    }
}
