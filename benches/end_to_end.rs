//! The end-to-end benchmark is still to come.

fn main() {}
