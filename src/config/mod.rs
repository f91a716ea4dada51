//! Configuration: its shape, loading it, and checking it whole.
