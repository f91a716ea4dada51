//! The edge to SQL.
