//! The quota that processes share.

use async_trait::async_trait;

use crate::{
    domain::quota::{Reserved, Wish},
    store::{Connection, Result},
};

/// What processes on one database may call together, a row an account and interface
/// ([`crate::domain::quota`]).
#[async_trait]
pub trait Quotas: Connection {
    /// Takes permits by the rule of [`Row::reserve`](crate::domain::quota::Row::reserve), on the
    /// database's clock (for SQLite the machine's).
    async fn reserve(&self, wish: &Wish) -> Result<Reserved>;
}
