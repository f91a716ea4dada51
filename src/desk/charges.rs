//! What was charged, for whoever has a bill of it. Only in the house itself.

use jiff::civil::Date;

use super::{Local, Result};
use crate::{
    domain::time::begin_in_beijing,
    store::reports::{Charge, Unread},
};

impl Local {
    /// What was charged from a day in Beijing to before another, and the tokens issued then of which
    /// not all charges are known.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn charges(&self, from: Date, to: Date) -> Result<(Vec<Charge>, Vec<Unread>)> {
        let charges = self.store.charges(from, to).await?;
        let (from, to) = (begin_in_beijing(from), begin_in_beijing(to));
        Ok((charges, self.store.unread(from, to).await?))
    }
}
