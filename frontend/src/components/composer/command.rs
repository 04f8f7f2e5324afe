//! What becomes of a text when it is sent.

use candid::Principal;
use chat_api::{Address, Command, MAX_MENTIONS, Message, MessageNumber};

use super::draft::Draft;
use crate::store::{rooms::RoomState, view::Writing};

/// Has the canister take over the text.
pub fn command(
    address: Address,
    writing: Writing,
    text: String,
    mentions: Vec<Principal>,
) -> Command {
    match (writing, address) {
        (Writing::Edit(message), Address::Room(room)) => Command::Edit {
            room,
            message,
            text,
            mentions,
        },
        (Writing::Reply(message), to) => Command::Say {
            to,
            text,
            reply_to: Some(message),
            mentions,
        },
        (_, to) => Command::Say {
            to,
            text,
            reply_to: None,
            mentions,
        },
    }
}

/// Whom a text mentions: who was chosen and is still in it; and who the edited message mentioned.
pub fn mentions(
    draft: &Draft,
    text: &str,
    me: Option<Principal>,
    room: Option<&RoomState>,
    writing: Writing,
) -> Vec<Principal> {
    let chosen = draft.mentions.iter();
    let chosen = chosen.filter(|(name, _)| text.contains(&format!("@{name}")));
    let mut all: Vec<_> = chosen.map(|(_, id)| *id).collect();
    if let (Writing::Edit(number), Some(room)) = (writing, room)
        && let Some(message) = room.messages.get(number)
    {
        all.extend(&message.mentions);
    }
    all.retain(|id| Some(*id) != me);
    all.sort();
    all.dedup();
    all.truncate(MAX_MENTIONS);
    all
}

/// The message of this person that they can put another text in place of most likely.
pub fn last_own(room: Option<&RoomState>, me: Option<Principal>) -> Option<MessageNumber> {
    let is_own = |message: &Message| Some(message.author) == me && !message.deleted;
    let mut latest_first = room?.messages.iter().rev();
    latest_first
        .find(|message| is_own(message))
        .map(|message| message.number)
}
