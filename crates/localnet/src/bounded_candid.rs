//! Candid from outside, decoded with bounded work: a few bytes can announce a vector of 2^60 empty values, which the
//! decoder would otherwise walk to the end.

use candid::{CandidType, DecoderConfig, IDLArgs, utils::decode_one_with_config};
use serde::de::DeserializeOwned;

/// What skipping or decoding without types may cost on top of one unit per byte of the message, in the units of
/// [`DecoderConfig::set_decoding_quota`].
const BASE_QUOTA: usize = 1_000_000;
/// The decoding quota counts skipped and untyped values this many times.
const UNTYPED_PENALTY: usize = 50;

/// Decodes exactly one value.
///
/// # Errors
/// If the bytes are malformed, of another type, or take too much work.
pub fn decode<T: CandidType + DeserializeOwned>(bytes: &[u8]) -> candid::Result<T> {
    decode_one_with_config(bytes, &config(bytes))
}

/// Decodes values of any types.
///
/// # Errors
/// If the bytes are malformed or take too much work.
pub fn decode_untyped(bytes: &[u8]) -> candid::Result<IDLArgs> {
    IDLArgs::from_bytes_with_config(bytes, &config(bytes))
}

fn config(bytes: &[u8]) -> DecoderConfig {
    let quota = BASE_QUOTA.saturating_add(bytes.len());
    let mut config = DecoderConfig::new();
    config
        .set_skipping_quota(quota)
        .set_decoding_quota(quota.saturating_mul(UNTYPED_PENALTY))
        .set_full_error_message(false);
    config
}

#[cfg(test)]
mod tests {
    use candid::{Deserialize, Encode};
    use serde_bytes::ByteBuf;

    use super::*;

    #[derive(CandidType, Deserialize, Debug)]
    struct Small {
        wanted: u8,
    }

    #[derive(CandidType)]
    struct Large {
        wanted: u8,
        unknown: ByteBuf,
    }

    #[test]
    fn a_few_bytes_cannot_cause_endless_work() {
        // (vec null) with 2^60 elements.
        let mut bomb = b"DIDL\x01\x6d\x7f\x01\x00".to_vec();
        bomb.extend([0x80; 8]);
        bomb.push(0x10);
        assert!(decode::<candid::Reserved>(&bomb).is_err());
        assert!(decode_untyped(&bomb).is_err());
    }

    #[test]
    fn large_fields_nobody_asked_for_are_skipped() {
        let large = Large {
            wanted: 7,
            unknown: ByteBuf::from(vec![1; 10 << 20]),
        };
        let bytes = Encode!(&large).unwrap();
        assert_eq!(decode::<Small>(&bytes).unwrap().wanted, 7);
        assert_eq!(decode_untyped(&bytes).unwrap().args.len(), 1);
    }
}
