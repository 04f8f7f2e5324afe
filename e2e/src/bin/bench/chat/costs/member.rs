//! A member of the lobby who calls the canister without a gateway in between, so that every call can be counted.

use anyhow::{Context, Error, Result, ensure};
use candid::{Encode, Principal, utils::ArgumentEncoder};
use chat_api::{ChatMessage, Command, History, MAX_PAGE, Overview, QueryError, Signal, Span};
use e2e::{
    canister::Canister,
    commands::{Device, LOBBY, introduction, looking_at, saying},
};
use ic_ws_protocol::{
    CanisterWsCloseArguments, CanisterWsMessageArguments, CanisterWsOpenArguments,
    ClientKeepAliveMessageContent, ClientKey, WebsocketMessage, WebsocketServiceMessageContent,
};

/// As long as what is typed in a chat.
pub const TEXT: &str = "What somebody types in a chat is about as long as this is.";

/// Those of `ws_message`.
type Arguments = (CanisterWsMessageArguments, Option<()>);

/// One with an open connection.
pub struct Member {
    canister: Canister,
    key: ClientKey,
    device: Device,
    sent: u64,
    last_call: Option<Arguments>,
}

impl Member {
    /// How many messages [entering](Self::enter) takes.
    pub const ENTERING: u64 = 3;

    /// Connects to the canister, with `gateway` for a gateway.
    pub async fn connect(canister: Canister, key: ClientKey, gateway: Principal) -> Result<Self> {
        let open = CanisterWsOpenArguments {
            client_nonce: key.client_nonce,
            gateway_principal: gateway,
        };
        call(&canister, "ws_open", (open,)).await?;
        Ok(Self {
            canister,
            key,
            device: Device::new(),
            sent: 0,
            last_call: None,
        })
    }

    /// Becomes somebody of this name in the lobby, and looks at it.
    pub async fn enter(&mut self, name: String) -> Result<()> {
        self.request(introduction(name)).await?;
        self.request(Command::Join { room: LOBBY }).await?;
        self.send(looking_at(LOBBY)).await
    }

    /// Says something in the lobby.
    pub async fn say(&mut self) -> Result<()> {
        self.request(saying(LOBBY, TEXT)).await
    }

    /// Is typing in the lobby.
    pub async fn type_something(&mut self) -> Result<()> {
        let typing = Signal::Typing { room: LOBBY };
        self.send(ChatMessage::Signal(typing)).await
    }

    /// Says that it is still there, as whenever the canister has acknowledged something.
    pub async fn keep_alive(&mut self) -> Result<()> {
        let answer = ClientKeepAliveMessageContent {
            last_incoming_sequence_num: 1,
        };
        let answer = WebsocketServiceMessageContent::KeepAliveMessage(answer);
        self.send_as(Encode!(&answer)?, true).await
    }

    /// Reads a full page of the lobby's history.
    pub async fn read(&self, span: Span) -> Result<()> {
        let args = (LOBBY, span, MAX_PAGE);
        let (page,): (Result<History, QueryError>,) = self.canister.query("history", args).await?;
        let read = page.map_or(0, |page| page.messages.len());
        ensure!(read == MAX_PAGE as usize, "{read} messages are on a page");
        Ok(())
    }

    /// Asks what a page shows at first.
    pub async fn look_over(&self) -> Result<()> {
        let (overview,): (Overview,) = self.canister.query("overview", (None::<u64>,)).await?;
        ensure!(overview.rooms.len() == 1, "they are in other rooms");
        Ok(())
    }

    /// How many bytes the last message took, as a signed call.
    pub fn last_call_bytes(&self) -> Result<f64> {
        let args = self.last_call.clone().context("nothing was sent")?;
        Ok(self.canister.signed_call("ws_message", args)?.len() as f64)
    }

    /// Has the gateway close the connection.
    pub async fn disconnect(self, gateway: &Canister) -> Result<()> {
        let client_key = self.key;
        call(
            gateway,
            "ws_close",
            (CanisterWsCloseArguments { client_key },),
        )
        .await
    }

    async fn request(&mut self, command: Command) -> Result<()> {
        let request = self.device.request(command);
        self.send(ChatMessage::Request(request)).await
    }

    async fn send(&mut self, message: ChatMessage) -> Result<()> {
        self.send_as(message.encode()?, false).await
    }

    async fn send_as(&mut self, content: Vec<u8>, is_service_message: bool) -> Result<()> {
        self.sent += 1;
        let msg = WebsocketMessage {
            client_key: self.key,
            sequence_num: self.sent,
            timestamp: 0,
            is_service_message,
            content,
        };
        let args = (CanisterWsMessageArguments { msg }, None);
        self.last_call = Some(args.clone());
        call(&self.canister, "ws_message", args).await
    }
}

async fn call(canister: &Canister, method: &str, args: impl ArgumentEncoder) -> Result<()> {
    let (outcome,): (Result<(), String>,) = canister.update(method, args).await?;
    outcome.map_err(Error::msg)
}
