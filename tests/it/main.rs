//! The one integration binary.

mod databases;
mod store;
