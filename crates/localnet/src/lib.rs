//! The embedded local Internet Computer.
