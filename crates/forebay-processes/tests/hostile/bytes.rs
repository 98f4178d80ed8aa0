//! Bytes that change.
