//! A sync that fails.
