//! The chat canister.
