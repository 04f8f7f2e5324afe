//! Somebody who goes on talking whatever happens to the connection.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use chat_api::{ChatMessage, Command, Event as ChatEvent, Message};
use futures::StreamExt;
use ic_ws_client::{CloseReason, Config, Connection, Ed25519Signer, Event, Events, Sent, connect};

use crate::wait::within_deadline;

/// A client that reconnects, and what it has seen.
pub struct Talker {
    connection: Connection<ChatMessage>,
    events: Events<ChatMessage>,
    /// What was said in the room, by number.
    seen: BTreeMap<u64, Message>,
    /// Why connections were lost.
    pub losses: Vec<CloseReason>,
    has_entered: bool,
}

impl Talker {
    /// Connects, and enters the room whenever there is a connection.
    pub fn connect(config: Config, name: &str) -> Result<Self> {
        let (connection, events) = connect(config, Ed25519Signer::generate()?);
        connection.greet_with(&ChatMessage::Command(Command::Join {
            name: name.to_owned(),
            guest: false,
        }))?;
        Ok(Self {
            connection,
            events,
            seen: BTreeMap::new(),
            losses: Vec::new(),
            has_entered: false,
        })
    }

    /// Says something to everyone.
    pub fn say(&self, text: impl Into<String>) -> Result<Sent> {
        let say = ChatMessage::Command(Command::Say { text: text.into() });
        Ok(self.connection.send(&say)?)
    }

    /// Waits until the canister has let them in.
    pub async fn entered(&mut self) -> Result<()> {
        self.until("the entrance", |talker| talker.has_entered)
            .await
    }

    /// Waits until a connection has been lost, and says why the first one was.
    pub async fn first_loss(&mut self) -> Result<CloseReason> {
        self.until("the loss of the connection", |talker| {
            !talker.losses.is_empty()
        })
        .await?;
        self.losses.first().cloned().context("no loss")
    }

    /// Waits until they have seen all these messages.
    pub async fn seen_all(&mut self, texts: &[String]) -> Result<()> {
        self.until("all messages", |talker| {
            let seen = talker.texts();
            texts.iter().all(|text| seen.contains(text))
        })
        .await
    }

    /// What was said, in the order of the room. What was sent twice is here once.
    pub fn texts(&self) -> Vec<String> {
        let mut texts = Vec::new();
        for message in self.seen.values() {
            if !texts.contains(&message.text) {
                texts.push(message.text.clone());
            }
        }
        texts
    }

    async fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) -> Result<()> {
        within_deadline(what, async {
            while !condition(self) {
                match self.events.next().await.context("the events ended")? {
                    Event::Message(ChatMessage::Event(event)) => self.take(event),
                    Event::Reconnecting { reason, .. } => self.losses.push(reason),
                    Event::Closed(reason) => bail!("closed: {reason}"),
                    _ => {}
                }
            }
            Ok(())
        })
        .await
        .with_context(|| format!("lost: {:?}, seen: {:?}", self.losses, self.texts()))?
    }

    fn take(&mut self, event: ChatEvent) {
        match event {
            ChatEvent::Welcome { messages, .. } => {
                self.has_entered = true;
                let messages = messages.into_iter().map(|message| (message.id, message));
                self.seen.extend(messages);
            }
            ChatEvent::Message(message) => {
                self.seen.insert(message.id, message);
            }
            _ => {}
        }
    }
}
