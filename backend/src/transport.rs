//! Between WebSocket messages and the domain: bytes in, bytes out.

use std::cell::Cell;

use candid::{CandidType, DecoderConfig, Principal, utils::decode_one_with_config};
use chat_api::{
    Change, CommandId, Event, Logged, Message, Passing, Person, Request, RoomId, Signal, Time,
};
use ic_ws_cdk::{Recipient, SendError};
use serde::Deserialize;
use thiserror::Error;

use crate::domain::{Delivery, Refusal};

/// What decoding one message may cost, several times what a valid one does: Candid can describe much in few bytes.
const DECODING_QUOTA: usize = 2_000_000;
const SKIPPING_QUOTA: usize = 10_000;

/// How much a client is told of what is wrong with a message; some errors repeat it.
const MAX_REASON_CHARS: usize = 200;

/// What a client may send of a [`ChatMessage`](chat_api::ChatMessage).
#[derive(CandidType, Deserialize, Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    Request(Request),
    Signal(Signal),
}

/// What a client has sent.
pub(crate) fn decode(message: &[u8]) -> Result<Incoming, Refusal> {
    let mut config = DecoderConfig::new();
    config
        .set_decoding_quota(DECODING_QUOTA)
        .set_skipping_quota(SKIPPING_QUOTA);
    decode_one_with_config(message, &config).map_err(|error| {
        let error = error.to_string();
        Refusal::Undecodable(error.chars().take(MAX_REASON_CHARS).collect())
    })
}

thread_local! {
    static UNSENT: Cell<u64> = const { Cell::new(0) };
}

/// How many events found no room since the canister was started.
pub(crate) fn unsent() -> u64 {
    UNSENT.get()
}

/// Sends what the chat wants sent. Where there is no room for it, connections are reset rather than left with a gap: who
/// connects anew catches up. Of what is passing nobody misses anything a moment later; were connections reset for it, their
/// end would be told as something passing, too.
pub(crate) fn deliver(deliveries: Vec<Delivery>) {
    for Delivery { to, event } in deliveries {
        let Err(error) = send(&to, &event) else {
            continue;
        };
        UNSENT.set(UNSENT.get() + 1);
        ic_cdk::println!("an event was not sent to {}: {error}", to.len());
        if let Event::Passing(_) = event {
            continue;
        }
        for recipient in to {
            // Who is not connected misses nothing.
            let _ = ic_ws_cdk::reset(recipient);
        }
    }
}

fn send(to: &[Recipient], event: &Event) -> Result<(), Unsent> {
    let to = to.iter().copied();
    Ok(ic_ws_cdk::broadcast(to, encode(event)?)?)
}

/// Why an event is not sent.
#[derive(Debug, Error)]
enum Unsent {
    #[error(transparent)]
    Encode(#[from] candid::Error),
    #[error(transparent)]
    Send(#[from] SendError),
}

/// A [`ChatMessage`](chat_api::ChatMessage) from the canister. Candid carries the type of what it carries, all its variants
/// included, which for a whole `ChatMessage` is more than a kilobyte. A client reads a narrower type as well.
#[derive(CandidType)]
enum Outgoing<E> {
    Event(E),
}

/// An [`Event`] of the most frequent kinds.
#[derive(CandidType)]
enum Frequent<'a> {
    Passing(&'a Passing),
    Logged(LoggedMessage<'a>),
}

/// A [`Logged`] change that can only be a message.
#[derive(CandidType)]
struct LoggedMessage<'a> {
    number: u64,
    at: Time,
    by: Principal,
    command: CommandId,
    change: OnlySaid<'a>,
}

#[derive(CandidType)]
enum OnlySaid<'a> {
    Said {
        room: RoomId,
        message: &'a Message,
        author: &'a Person,
    },
}

impl<'a> Frequent<'a> {
    fn of(event: &'a Event) -> Option<Self> {
        let logged = match event {
            Event::Passing(passing) => return Some(Self::Passing(passing)),
            Event::Logged(logged) => logged,
            _ => return None,
        };
        let Logged {
            number,
            at,
            by,
            command,
            ref change,
        } = **logged;
        let Change::Said {
            room,
            ref message,
            ref author,
        } = *change
        else {
            return None;
        };
        Some(Self::Logged(LoggedMessage {
            number,
            at,
            by,
            command,
            change: OnlySaid::Said {
                room,
                message,
                author,
            },
        }))
    }
}

fn encode(event: &Event) -> Result<Vec<u8>, candid::Error> {
    match Frequent::of(event) {
        Some(frequent) => candid::encode_one(Outgoing::Event(frequent)),
        None => candid::encode_one(Outgoing::Event(event)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_api::{ChatMessage, Command, Look, MAX_IMAGE_BYTES};
    use serde_bytes::ByteBuf;

    #[test]
    fn the_largest_request_is_within_the_quotas() {
        let image = Some(ByteBuf::from(vec![7; MAX_IMAGE_BYTES]));
        let request = Request {
            id: CommandId {
                device: 1,
                number: 1,
            },
            command: Command::SetImage { image },
        };
        let message = ChatMessage::Request(request.clone());
        for bytes in [message.encode(), candid::encode_one(&message)] {
            assert_eq!(
                decode(&bytes.unwrap()),
                Ok(Incoming::Request(request.clone()))
            );
        }
    }

    #[test]
    fn events_are_read_as_they_were_and_frequent_ones_are_short() {
        let author = Person {
            id: Principal::from_slice(&[7; 29]),
            name: "Alice".to_owned(),
            look: Look::default(),
            guest: false,
            color: 1,
            image: Some(1),
        };
        let command = CommandId {
            device: 1,
            number: 2,
        };
        let message = Message {
            number: 3,
            author: author.id,
            command,
            text: "hello".to_owned(),
            reply_to: Some(1),
            mentions: vec![author.id],
            at: 4,
            edited_at: None,
            deleted: false,
            reactions: Vec::new(),
        };
        let logged = |change| {
            Event::Logged(Box::new(Logged {
                number: 5,
                at: 4,
                by: author.id,
                command,
                change,
            }))
        };
        let said = logged(Change::Said {
            room: 6,
            message,
            author: author.clone(),
        });
        let exited = logged(Change::Exited { room: 6 });
        let profile = Event::Passing(Passing::Profile(author.clone()));
        for (event, longest) in [(said, 600), (profile, 400), (exited, 1200)] {
            let bytes = encode(&event).unwrap();
            let read: ChatMessage = candid::decode_one(&bytes).unwrap();
            assert_eq!(read, ChatMessage::Event(event));
            assert!(bytes.len() <= longest, "{} bytes", bytes.len());
        }
    }

    #[test]
    fn what_is_no_message_is_refused_in_words() {
        let event = encode(&Event::Hello {
            you: None,
            latest: 0,
        })
        .unwrap();
        for junk in [&b""[..], b"DIDL", b"DIDL\0\x01\x7d\0", &[0xff; 100], &event] {
            let refusal = decode(junk).unwrap_err().to_string();
            assert!(
                refusal.starts_with("The message could not be read: "),
                "{refusal}"
            );
        }
    }
}
