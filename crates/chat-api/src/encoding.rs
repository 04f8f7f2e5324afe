//! How clients encode what they send.
//!
//! Candid carries the type of what it carries, which for a whole [`ChatMessage`] is more than a kilobyte, and is paid for
//! by the byte. Whoever reads a type reads a narrower one as well: so what is sent has a type without the variants that it
//! is not.

use candid::{CandidType, encode_one};

use crate::{ChatMessage, CommandId, Request, Signal};

/// Defines the commands, and how each is encoded: with a type of its own that has no other one.
macro_rules! commands {
    ($(#[$about:meta])* pub enum Command { $(
        $(#[$meta:meta])* $Variant:ident { $( $(#[$field_meta:meta])* $field:ident: $Type:ty, )* },
    )* }) => {
        $(#[$about])*
        pub enum Command { $(
            $(#[$meta])* $Variant { $( $(#[$field_meta])* $field: $Type, )* },
        )* }

        impl Command {
            pub(crate) fn encode(&self, id: CommandId) -> Result<Vec<u8>, candid::Error> {
                match self { $(
                    Self::$Variant { $($field),* } => {
                        // Candid tells types from each other by their names.
                        #[derive(CandidType)]
                        enum $Variant<'a> { $Variant { $($field: &'a $Type),* } }
                        $crate::encoding::encode_request(id, $Variant::$Variant { $($field),* })
                    }
                )* }
            }
        }
    };
}
pub(crate) use commands;

pub(crate) fn encode_request(
    id: CommandId,
    command: impl CandidType,
) -> Result<Vec<u8>, candid::Error> {
    #[derive(CandidType)]
    struct Narrow<C> {
        id: CommandId,
        command: C,
    }
    #[derive(CandidType)]
    enum OnlyRequest<C> {
        Request(Narrow<C>),
    }
    encode_one(OnlyRequest::Request(Narrow { id, command }))
}

fn encode_signal(signal: &Signal) -> Result<Vec<u8>, candid::Error> {
    #[derive(CandidType)]
    enum OnlySignal<'a> {
        Signal(&'a Signal),
    }
    encode_one(OnlySignal::Signal(signal))
}

impl ChatMessage {
    /// The message in Candid, as short as it can be.
    ///
    /// # Errors
    /// None in practice.
    pub fn encode(&self) -> Result<Vec<u8>, candid::Error> {
        match self {
            Self::Request(Request { id, command }) => command.encode(*id),
            Self::Signal(signal) => encode_signal(signal),
            Self::Event(_) => encode_one(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, Command, Role, Visibility};
    use candid::{Principal, decode_one};

    const ID: CommandId = CommandId {
        device: 1,
        number: 2,
    };

    fn encoded(message: &ChatMessage) -> usize {
        let bytes = message.encode().unwrap();
        assert_eq!(decode_one::<ChatMessage>(&bytes).unwrap(), *message);
        bytes.len()
    }

    #[test]
    fn commands_are_read_as_they_were_and_are_short() {
        let person = Principal::from_slice(&[7; 29]);
        let (name, topic) = ("Garden".to_owned(), "What grows where".to_owned());
        let (visibility, text) = (Visibility::Private, "hello".to_owned());
        let (room, message, mentions) = (3, 4, vec![person]);
        let commands = [
            Command::SetProfile {
                name: name.clone(),
                guest: true,
                color: 7,
            },
            Command::SetImage { image: None },
            Command::CreateRoom {
                name: name.clone(),
                topic: topic.clone(),
                visibility,
            },
            Command::EditRoom {
                room,
                name,
                topic,
                visibility,
            },
            Command::Join { room },
            Command::Leave { room },
            Command::Invite { room, person },
            Command::Remove { room, person },
            Command::Ban { room, person },
            Command::Unban { room, person },
            Command::SetRole {
                room,
                person,
                role: Role::Moderator,
            },
            Command::Mute { room, muted: true },
            Command::Block {
                person,
                blocked: true,
            },
            Command::Say {
                to: Address::Person(person),
                text: text.clone(),
                reply_to: Some(message),
                mentions: mentions.clone(),
            },
            Command::Edit {
                room,
                message,
                text,
                mentions,
            },
            Command::Delete { room, message },
            Command::React {
                room,
                message,
                emoji: "👍".to_owned(),
                on: true,
            },
            Command::Read { room, up_to: 5 },
            Command::ReadNotifications { up_to: 6 },
        ];
        for command in commands {
            let message = ChatMessage::Request(Request { id: ID, command });
            let bytes = encoded(&message);
            assert!(bytes < 240, "{message:?} has {bytes} bytes");
        }
    }

    #[test]
    fn so_are_signals() {
        for signal in [
            Signal::Look { room: Some(3) },
            Signal::Look { room: None },
            Signal::Typing { room: 3 },
        ] {
            let bytes = encoded(&ChatMessage::Signal(signal));
            assert!(bytes < 80, "{signal:?} has {bytes} bytes");
        }
    }

    #[test]
    fn a_whole_type_takes_many_times_as_much() {
        let signal = ChatMessage::Signal(Signal::Typing { room: 3 });
        assert!(encode_one(&signal).unwrap().len() > 1_000);
    }
}
