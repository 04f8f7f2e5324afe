//! Somebody who chats with the native client.

use anyhow::{Context, Result, bail, ensure};
use candid::Principal;
use chat_api::{ChatMessage, Command, Event as ChatEvent, Message};
use futures::StreamExt;
use ic_ws_client::{
    CloseReason, Config, Connection, Ed25519Signer, Event, Events, Signer, connect,
};

use crate::{stack::Stack, wait::within_deadline};

/// A connected client, and what has happened to it.
pub struct Person {
    /// Who they are.
    pub id: Principal,
    signer: Ed25519Signer,
    connection: Connection<ChatMessage>,
    events: Events<ChatMessage>,
}

impl Person {
    /// Connects through the gateway at `gateway_url`, as somebody new.
    pub fn connect(stack: &Stack, gateway_url: &str) -> Result<Self> {
        let signer = Ed25519Signer::generate()?;
        Ok(Self::connect_as(signer, stack.client_config(gateway_url)))
    }

    fn connect_as(signer: Ed25519Signer, config: Config) -> Self {
        let (connection, events) = connect(config, signer.clone());
        Self {
            id: signer.principal(),
            signer,
            connection,
            events,
        }
    }

    /// Connects through the stack's own gateway and enters the room.
    pub async fn join(stack: &Stack, name: &str) -> Result<Self> {
        Self::join_through(&stack.gateway_url, stack, name).await
    }

    /// Connects through the gateway at `gateway_url` and enters the room.
    pub async fn join_through(gateway_url: &str, stack: &Stack, name: &str) -> Result<Self> {
        Self::connect(stack, gateway_url)?.enter(name).await
    }

    /// Connects and enters once more, as the same person.
    pub async fn join_again(&self, stack: &Stack, name: &str) -> Result<Self> {
        let config = stack.client_config(&stack.gateway_url);
        Self::connect_as(self.signer.clone(), config)
            .enter(name)
            .await
    }

    /// Connects to another chat canister through the stack's own gateway and enters its room.
    pub async fn join_at(canister: Principal, stack: &Stack, name: &str) -> Result<Self> {
        let config = stack.network().client_config(&stack.gateway_url, canister);
        Self::connect_as(Ed25519Signer::generate()?, config)
            .enter(name)
            .await
    }

    async fn enter(mut self, name: &str) -> Result<Self> {
        self.say_command(Command::Join {
            name: name.to_owned(),
            guest: false,
        })?;
        self.chat_event("the welcome", |event| {
            matches!(event, ChatEvent::Welcome { .. }).then_some(())
        })
        .await?;
        Ok(self)
    }

    /// Sends a command.
    pub fn say_command(&self, command: Command) -> Result<()> {
        self.connection.send(&ChatMessage::Command(command))?;
        Ok(())
    }

    /// Says something to everyone.
    pub fn say(&self, text: impl Into<String>) -> Result<()> {
        self.say_command(Command::Say { text: text.into() })
    }

    /// Says something to one person.
    pub fn whisper(&self, to: Principal, text: impl Into<String>) -> Result<()> {
        self.say_command(Command::Whisper {
            to,
            text: text.into(),
        })
    }

    /// Leaves.
    pub fn close(&self) {
        self.connection.close();
    }

    /// Reads events until `wanted` takes one.
    pub async fn chat_event<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(ChatEvent) -> Option<T>,
    ) -> Result<T> {
        within_deadline(what, async {
            loop {
                match self.events.next().await.context("the events ended")? {
                    Event::Message(ChatMessage::Event(event)) => {
                        if let Some(value) = wanted(event) {
                            return Ok(value);
                        }
                    }
                    Event::Closed(reason) => bail!("closed while waiting for {what}: {reason}"),
                    _ => {}
                }
            }
        })
        .await?
    }

    /// The next message of the room, whoever wrote it.
    pub async fn message(&mut self) -> Result<Message> {
        self.chat_event("a message", |event| match event {
            ChatEvent::Message(message) => Some(message),
            _ => None,
        })
        .await
    }

    /// The next message of the room, which must have this text.
    pub async fn message_saying(&mut self, text: impl AsRef<str>) -> Result<Message> {
        let message = self.message().await?;
        ensure!(
            message.text == text.as_ref(),
            "'{}' came instead of '{}'",
            message.text,
            text.as_ref()
        );
        Ok(message)
    }

    /// Reads events until the connection is closed, and says why it was.
    pub async fn close_reason(&mut self) -> Result<CloseReason> {
        within_deadline("the connection to close", async {
            loop {
                if let Event::Closed(reason) =
                    self.events.next().await.context("the events ended")?
                {
                    return Ok(reason);
                }
            }
        })
        .await?
    }
}
