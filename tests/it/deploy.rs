//! What lies in deploy/ agrees with itself.
