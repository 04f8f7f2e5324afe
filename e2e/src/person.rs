//! Somebody who chats with the native client, over one connection.

use anyhow::{Context, Result, bail, ensure};
use candid::Principal;
use chat_api::{
    Change, ChatMessage, Command, CommandId, Event as ChatEvent, Logged, Message, Passing,
    Presence, RoomId,
};
use futures::StreamExt;
use ic_ws_client::{
    CloseReason, Config, Connection, Ed25519Signer, Event, Events, Signer, connect,
};

use crate::{
    commands::{Device, LOBBY, introduction, looking_at, saying, whisper},
    stack::Stack,
    wait::within_deadline,
};

/// A connected client, and what has happened to it.
pub struct Person {
    /// Who they are.
    pub id: Principal,
    signer: Ed25519Signer,
    device: Device,
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
            device: Device::new(),
            connection,
            events,
        }
    }

    /// Connects through the stack's own gateway and joins the lobby.
    pub async fn join(stack: &Stack, name: &str) -> Result<Self> {
        Self::join_through(&stack.gateway_url, stack, name).await
    }

    /// Connects through the gateway at `gateway_url` and joins the lobby.
    pub async fn join_through(gateway_url: &str, stack: &Stack, name: &str) -> Result<Self> {
        Self::connect(stack, gateway_url)?.enter(name).await
    }

    /// Connects and joins once more, as the same person with another device.
    pub async fn join_again(&self, stack: &Stack, name: &str) -> Result<Self> {
        let config = stack.client_config(&stack.gateway_url);
        Self::connect_as(self.signer.clone(), config)
            .enter(name)
            .await
    }

    /// Connects to another chat canister through the stack's own gateway and joins its lobby.
    pub async fn join_at(canister: Principal, stack: &Stack, name: &str) -> Result<Self> {
        let config = stack.network().client_config(&stack.gateway_url, canister);
        Self::connect_as(Ed25519Signer::generate()?, config)
            .enter(name)
            .await
    }

    async fn enter(mut self, name: &str) -> Result<Self> {
        let joining = self.ask_to_enter(name)?;
        self.settled(joining).await?;
        Ok(self)
    }

    /// Takes a name, and joins the lobby; gives the command that does.
    pub fn ask_to_enter(&self, name: &str) -> Result<CommandId> {
        self.request(introduction(name))?;
        self.request(Command::Join { room: LOBBY })
    }

    /// Sends a command.
    pub fn request(&self, command: Command) -> Result<CommandId> {
        let request = self.device.request(command);
        let id = request.id;
        self.connection.send(&ChatMessage::Request(request))?;
        Ok(id)
    }

    /// Says something in the lobby.
    pub fn say(&self, text: impl Into<String>) -> Result<CommandId> {
        self.request(saying(LOBBY, text))
    }

    /// Says something to one person.
    pub fn whisper(&self, to: Principal, text: impl Into<String>) -> Result<CommandId> {
        self.request(whisper(to, text))
    }

    /// Looks at a room: from now on the canister tells what passes there.
    pub async fn look(&self, room: RoomId) -> Result<()> {
        let sent = self.connection.send(&looking_at(room))?;
        Ok(within_deadline("the canister to know who looks", sent).await??)
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

    /// Reads events until a change comes that `wanted` takes.
    pub async fn change<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(Logged) -> Option<T>,
    ) -> Result<T> {
        self.chat_event(what, |event| match event {
            ChatEvent::Logged(logged) => wanted(*logged),
            _ => None,
        })
        .await
    }

    /// Waits until the canister has carried out a command.
    pub async fn settled(&mut self, command: CommandId) -> Result<()> {
        match self.outcome(command).await? {
            None => Ok(()),
            Some(refusal) => bail!("{command:?} was refused: {refusal}"),
        }
    }

    /// Waits until the canister has refused a command, and says why it has.
    pub async fn refusal(&mut self, command: CommandId) -> Result<String> {
        let refusal = self.outcome(command).await?;
        refusal.with_context(|| format!("{command:?} was carried out"))
    }

    async fn outcome(&mut self, command: CommandId) -> Result<Option<String>> {
        let me = self.id;
        self.chat_event("a command to be settled", |event| match event {
            ChatEvent::Done { id } if id == command => Some(None),
            ChatEvent::Refused { id, reason } if id == Some(command) => Some(Some(reason)),
            ChatEvent::Logged(logged) if (logged.by, logged.command) == (me, command) => {
                Some(match logged.change {
                    Change::Refused { reason } => Some(reason),
                    _ => None,
                })
            }
            _ => None,
        })
        .await
    }

    /// The next message, whoever wrote it, wherever.
    pub async fn message(&mut self) -> Result<Message> {
        Ok(self.message_somewhere().await?.1)
    }

    /// The next message, and the room that it is in.
    pub async fn message_somewhere(&mut self) -> Result<(RoomId, Message)> {
        self.change("a message", |logged| match logged.change {
            Change::Said { room, message, .. } => Some((room, message)),
            _ => None,
        })
        .await
    }

    /// The next message, which must have this text.
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

    /// The next person who is not here any more.
    pub async fn departure(&mut self) -> Result<Principal> {
        self.chat_event("somebody to leave", |event| match event {
            ChatEvent::Passing(Passing::Presence {
                person,
                presence: Presence::LastSeen(_),
            }) => Some(person),
            _ => None,
        })
        .await
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
