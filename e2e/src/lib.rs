//! Tests that drive everything together.
