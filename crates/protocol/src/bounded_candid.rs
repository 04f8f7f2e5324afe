//! Candid from strangers: a few bytes of it can ask for any amount of work, so the work is bounded.

use candid::{CandidType, DecoderConfig};

/// Decodes one value, at a cost of at most `quota`, in the units of `candid`: about one for each byte of what is
/// known, and of what is skipped.
///
/// # Errors
/// When `bytes` is not the Candid of a `T`, or costs more.
pub fn decode_one_within<T>(bytes: &[u8], quota: usize) -> Result<T, candid::Error>
where
    T: for<'a> serde::Deserialize<'a> + CandidType,
{
    let mut config = DecoderConfig::new();
    config.set_decoding_quota(quota).set_skipping_quota(quota);
    candid::decode_one_with_config(bytes, &config)
}
