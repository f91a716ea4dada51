//! A store by hand.
