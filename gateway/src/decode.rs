//! Candid of clients and canisters, which are all strangers.

use candid::CandidType;
use ic_ws_protocol::bounded_candid::decode_one_within;

/// Ample for all that is decoded here.
const QUOTA: usize = 100_000;

/// Decodes one value.
pub(crate) fn decode<T>(bytes: &[u8]) -> Result<T, candid::Error>
where
    T: for<'a> serde::Deserialize<'a> + CandidType,
{
    decode_one_within(bytes, QUOTA)
}
