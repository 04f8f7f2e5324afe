//! Somebody who goes on talking whatever happens to the connection, and is shown everything once.

use anyhow::{Context, Result, bail, ensure};
use candid::{Decode, Encode, Principal};
use chat_api::{Change, ChatMessage, Command, Event as ChatEvent, Logged, Message, Since};
use futures::StreamExt;
use ic_ws_client::{
    Agent, CloseReason, Config, Connection, Ed25519Signer, Event, Events, Sent, connect,
};

use crate::{
    commands::{Device, LOBBY, introduction, saying},
    stack::Stack,
    wait::within_deadline,
};

/// A client that reconnects, and what it was shown.
pub struct Talker {
    device: Device,
    canister: Principal,
    queries: Agent<Ed25519Signer>,
    connection: Connection<ChatMessage>,
    events: Events<ChatMessage>,
    /// All changes up to this one were shown.
    up_to: u64,
    /// What was said in the lobby, without gaps.
    shown: Vec<Message>,
    /// Why connections were lost.
    pub losses: Vec<CloseReason>,
    has_entered: bool,
}

impl Talker {
    /// Connects to the stack's chat canister, and joins the lobby.
    pub fn connect(stack: &Stack, config: Config, name: &str) -> Result<Self> {
        let signer = Ed25519Signer::generate()?;
        let root_key = config.network.root_key.as_slice();
        let queries = Agent::new(&stack.ic_url, root_key, signer.clone());
        let (connection, events) = connect(config, signer);
        let talker = Self {
            device: Device::new(),
            canister: stack.backend,
            queries,
            connection,
            events,
            up_to: 0,
            shown: Vec::new(),
            losses: Vec::new(),
            has_entered: false,
        };
        talker.request(introduction(name))?;
        talker.request(Command::Join { room: LOBBY })?;
        Ok(talker)
    }

    fn request(&self, command: Command) -> Result<Sent> {
        let request = ChatMessage::Request(self.device.request(command));
        Ok(self.connection.send(&request)?)
    }

    /// Says something in the lobby.
    pub fn say(&self, text: impl Into<String>) -> Result<Sent> {
        self.request(saying(LOBBY, text))
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

    /// Waits until they were shown all these messages.
    pub async fn seen_all(&mut self, texts: &[String]) -> Result<()> {
        self.until("all messages", |talker| {
            let shown = talker.texts();
            texts.iter().all(|text| shown.contains(text))
        })
        .await
    }

    /// All that they were shown, in that order.
    pub fn texts(&self) -> Vec<String> {
        let texts = self.shown.iter().map(|message| message.text.clone());
        texts.collect()
    }

    async fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) -> Result<()> {
        within_deadline(what, async {
            while !condition(self) {
                match self.events.next().await.context("the events ended")? {
                    Event::Message(ChatMessage::Event(event)) => self.take(event).await?,
                    Event::Reconnecting { reason, .. } => self.losses.push(reason),
                    Event::Closed(reason) => bail!("closed: {reason}"),
                    _ => {}
                }
            }
            Ok(())
        })
        .await
        .with_context(|| format!("lost: {:?}, shown: {:?}", self.losses, self.texts()))?
    }

    async fn take(&mut self, event: ChatEvent) -> Result<()> {
        match event {
            ChatEvent::Hello { latest, .. } => self.catch_up(latest).await,
            ChatEvent::Logged(logged) => self.show(*logged),
            ChatEvent::Refused { reason, .. } => bail!("refused: {reason}"),
            ChatEvent::Done { .. } | ChatEvent::Passing(_) => Ok(()),
        }
    }

    /// Asks for what has happened while there was no connection. What the new one brings waits meanwhile.
    async fn catch_up(&mut self, latest: u64) -> Result<()> {
        while self.up_to < latest {
            let args = Encode!(&self.up_to, &Some(self.device.id()))?;
            let answer = self.queries.query(self.canister, "since", args).await?;
            let Since::Changes(missed) = Decode!(&answer, Since)? else {
                bail!("what was missed after {} is gone", self.up_to);
            };
            for logged in missed.changes {
                self.show(logged)?;
            }
            self.up_to = self.up_to.max(missed.up_to);
        }
        Ok(())
    }

    /// Shows a change, unless it was among those that were asked for.
    fn show(&mut self, logged: Logged) -> Result<()> {
        if logged.number <= self.up_to {
            return Ok(());
        }
        self.up_to = logged.number;
        match logged.change {
            Change::Said { message, .. } => {
                if let Some(last) = self.shown.last() {
                    let (number, next) = (message.number, last.number + 1);
                    ensure!(number == next, "message {number} came, and not {next}");
                }
                self.shown.push(message);
            }
            Change::Entered(_) => self.has_entered = true,
            Change::Refused { reason } => bail!("refused: {reason}"),
            _ => {}
        }
        Ok(())
    }
}
