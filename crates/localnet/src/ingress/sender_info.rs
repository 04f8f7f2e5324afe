//! Information about the sender that the canister which signs for them vouches for.

use ic_transport_types::{EnvelopeContent, SenderInfo};

use super::{SenderInfoError, signature};

const SENDER_INFO_DOMAIN: &[u8] = b"\x0Eic-sender-info";

/// The information that came with a request.
pub(super) fn of(content: &EnvelopeContent) -> Option<&SenderInfo> {
    match content {
        EnvelopeContent::Call { sender_info, .. } | EnvelopeContent::Query { sender_info, .. } => {
            sender_info.as_ref()
        }
        EnvelopeContent::ReadState { .. } => None,
    }
}

/// Checks that it was signed by the canister of the sender's key, for this sender.
pub(super) fn verify(
    sender_info: &SenderInfo,
    sender_key: &[u8],
    root_public_key: &[u8],
) -> Result<(), SenderInfoError> {
    let signer = signature::signing_canister(sender_key).ok_or(SenderInfoError::NoCanisterKey)?;
    if signer != sender_info.signer {
        return Err(SenderInfoError::OtherSigner);
    }
    let message = [SENDER_INFO_DOMAIN, &sender_info.info].concat();
    signature::verify(sender_key, &message, &sender_info.sig, root_public_key)?;
    Ok(())
}
