//! The one integration binary.

mod vault;
