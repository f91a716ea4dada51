//! The one integration binary.

mod provider;
