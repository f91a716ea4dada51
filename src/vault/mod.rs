//! The edge to objects.
