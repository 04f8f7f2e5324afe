//! Somebody in the pictures who has no browser.

use anyhow::Result;
use candid::Principal;
use chat_api::{Change, Command, MessageNumber, RoomId, Visibility};
use e2e::{
    commands::{saying, whisper},
    person::Person,
    stack::Stack,
};

/// A connected person with a name.
pub struct Friend(Person);

impl Friend {
    /// Enters the chat.
    pub async fn enter(stack: &Stack, name: &str, color: u8) -> Result<Self> {
        let mut friend = Self(Person::connect(stack, &stack.gateway_url)?);
        friend
            .does(Command::SetProfile {
                name: name.to_owned(),
                guest: false,
                color,
            })
            .await?;
        Ok(friend)
    }

    async fn does(&mut self, command: Command) -> Result<()> {
        let id = self.0.request(command)?;
        self.0.settled(id).await
    }

    /// Makes a room that everybody finds.
    pub async fn make_room(&mut self, name: &str, topic: &str) -> Result<RoomId> {
        self.0.request(Command::CreateRoom {
            name: name.to_owned(),
            topic: topic.to_owned(),
            visibility: Visibility::Public,
        })?;
        self.0
            .change("the room", |logged| match logged.change {
                Change::Entered(entered) => Some(entered.room.id),
                _ => None,
            })
            .await
    }

    /// Joins a room.
    pub async fn join(&mut self, room: RoomId) -> Result<()> {
        self.does(Command::Join { room }).await
    }

    /// Says something in a room.
    pub async fn say(&mut self, room: RoomId, text: &str) -> Result<()> {
        self.does(saying(room, text)).await
    }

    /// Says something to one person.
    pub async fn whisper(&mut self, to: Principal, text: &str) -> Result<()> {
        self.does(whisper(to, text)).await
    }

    /// Puts an emoji under a message.
    pub async fn react(&mut self, room: RoomId, message: MessageNumber, emoji: &str) -> Result<()> {
        self.does(Command::React {
            room,
            message,
            emoji: emoji.to_owned(),
            on: true,
        })
        .await
    }
}
