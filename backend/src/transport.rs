//! Between WebSocket messages and the domain: bytes in, bytes out.

use candid::{DecoderConfig, utils::decode_one_with_config};
use chat_api::{ChatMessage, Event};
use ic_ws_cdk::ClientKey;

use crate::domain::{Delivery, Refusal};

/// What decoding one message may cost, several times what a valid one does: Candid can describe much in few bytes.
const DECODING_QUOTA: usize = 2_000_000;
const SKIPPING_QUOTA: usize = 10_000;

/// What a client has sent.
pub(crate) fn decode(message: &[u8]) -> Result<ChatMessage, Refusal> {
    let mut config = DecoderConfig::new();
    config
        .set_decoding_quota(DECODING_QUOTA)
        .set_skipping_quota(SKIPPING_QUOTA);
    decode_one_with_config(message, &config)
        .map_err(|error| Refusal::Undecodable(error.to_string()))
}

/// Tells a client why a message came to nothing.
pub(crate) fn refuse(refusal: &Refusal, to: ClientKey) -> Vec<Delivery> {
    vec![refusal.delivery(to, None)]
}

/// Sends what the chat wants sent.
pub(crate) fn deliver(deliveries: Vec<Delivery>) {
    for Delivery { to, event } in deliveries {
        let sent = encode(event)
            .map_err(|error| error.to_string())
            .and_then(|message| {
                ic_ws_cdk::broadcast(to, message).map_err(|error| error.to_string())
            });
        if let Err(error) = sent {
            ic_cdk::println!("an event was not sent: {error}");
        }
    }
}

fn encode(event: Event) -> Result<Vec<u8>, candid::Error> {
    candid::encode_one(ChatMessage::Event(event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_api::{Command, CommandId, MAX_IMAGE_BYTES, Request};
    use serde_bytes::ByteBuf;

    #[test]
    fn the_largest_request_is_within_the_quotas() {
        let image = Some(ByteBuf::from(vec![7; MAX_IMAGE_BYTES]));
        let request = ChatMessage::Request(Request {
            id: CommandId {
                device: 1,
                number: 1,
            },
            command: Command::SetImage { image },
        });
        let bytes = candid::encode_one(&request).unwrap();
        assert_eq!(decode(&bytes), Ok(request));
    }

    #[test]
    fn what_is_no_message_is_refused_in_words() {
        for junk in [&b""[..], b"DIDL", b"DIDL\0\x01\x7d\0", &[0xff; 100]] {
            let refusal = decode(junk).unwrap_err().to_string();
            assert!(
                refusal.starts_with("The message could not be read: "),
                "{refusal}"
            );
        }
    }
}
