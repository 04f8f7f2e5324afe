//! Whether the answer to a query comes from the subnet (interface specification, "Query call").

use ic_transport_types::{QueryResponse, RequestId};
use ic_ws_protocol::timing::MAX_CERTIFICATE_AGE;

use super::NodeKeys;
use crate::{core::after, ed25519};

/// Checks that each signature of `response` was made by one of the nodes of `keys`, recently at `now` (nanoseconds since
/// 1970), and that there is one.
pub(super) fn verify(
    response: &QueryResponse,
    id: RequestId,
    keys: &NodeKeys,
    now: u64,
) -> Result<(), &'static str> {
    let signatures = response.signatures();
    if signatures.is_empty() {
        return Err("it is not signed");
    }
    if signatures.len() > keys.len() {
        return Err("it has more signatures than the subnet has nodes");
    }
    for signature in signatures {
        if after(signature.timestamp, MAX_CERTIFICATE_AGE) < now {
            return Err("it is too old");
        }
        let key = keys
            .get(&signature.identity)
            .ok_or("it is signed by a stranger")?;
        let key = ed25519::from_der(key).ok_or("the node's key is not an Ed25519 key")?;
        let message = response.signable(id, signature.timestamp);
        if !ed25519::is_signed(&key, &message, &signature.signature) {
            return Err("the signature is wrong");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use candid::Principal;
    use ic_transport_types::{NodeSignature, ReplyResponse};

    use super::*;

    const NOW: u64 = 1_000_000_000_000;

    fn key() -> ic_ed25519::PrivateKey {
        ic_ed25519::PrivateKey::deserialize_raw_32(&[1; 32])
    }

    fn id() -> RequestId {
        RequestId::new(&[7; 32])
    }

    fn response(timestamp: u64, change: impl FnOnce(&mut Vec<NodeSignature>)) -> QueryResponse {
        let reply = |signatures| QueryResponse::Replied {
            reply: ReplyResponse { arg: vec![1] },
            signatures,
        };
        let signature = key().sign_message(&reply(vec![]).signable(id(), timestamp));
        let mut signatures = vec![NodeSignature {
            timestamp,
            signature: signature.to_vec(),
            identity: Principal::from_slice(&[1]),
        }];
        change(&mut signatures);
        reply(signatures)
    }

    fn check(response: &QueryResponse) -> Result<(), &'static str> {
        let der = key().public_key().serialize_rfc8410_der();
        let keys = NodeKeys::from([(Principal::from_slice(&[1]), der)]);
        verify(response, id(), &keys, NOW)
    }

    #[test]
    fn a_node_of_the_subnet_must_have_signed_it_recently() {
        assert_eq!(check(&response(NOW, |_| {})), Ok(()));
        let minutes = 60 * 1_000_000_000;
        assert_eq!(
            check(&response(NOW - 6 * minutes, |_| {})),
            Err("it is too old")
        );
        assert_eq!(check(&response(NOW, Vec::clear)), Err("it is not signed"));
        let stranger = response(NOW, |all| all[0].identity = Principal::anonymous());
        assert_eq!(check(&stranger), Err("it is signed by a stranger"));
        let twice = response(NOW, |all| all.push(all[0].clone()));
        assert_eq!(
            check(&twice),
            Err("it has more signatures than the subnet has nodes")
        );
        let tampered = response(NOW, |all| all[0].signature[0] ^= 1);
        assert_eq!(check(&tampered), Err("the signature is wrong"));
    }
}
