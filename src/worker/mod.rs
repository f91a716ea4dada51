//! Generic machinery that knows no tokens: drivers, loops, lifecycle, backoff.
