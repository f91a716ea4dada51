//! The one integration binary.
mod simulator;
