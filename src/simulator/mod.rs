//! The simulated provider: a real HTTP server with its own shapes.
