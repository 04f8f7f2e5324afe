//! Candid from strangers: a few bytes of it can ask for any amount of work, so the work is bounded.

use candid::{CandidType, DecoderConfig};

/// In the units of `candid`, about one for each byte. Ample for all that is decoded here.
const QUOTA: usize = 100_000;

/// Decodes one value.
pub(crate) fn decode<T>(bytes: &[u8]) -> Result<T, candid::Error>
where
    T: for<'a> serde::Deserialize<'a> + CandidType,
{
    let mut config = DecoderConfig::new();
    config.set_decoding_quota(QUOTA).set_skipping_quota(QUOTA);
    candid::decode_one_with_config(bytes, &config)
}
