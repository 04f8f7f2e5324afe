//! A gateway on a free port, a client that speaks to it frame by frame, and a network that can misbehave.

pub mod collector;
pub mod fake_network;
pub mod scene;

use std::{borrow::Cow, net::SocketAddr, time::Duration};

use candid::Principal;
use fake_network::FakeNetwork;
use futures::{SinkExt, StreamExt};
use ic_transport_types::{Envelope, EnvelopeContent, RequestId};
use ic_ws_gateway::{Config, GatewayError, Identity, Listeners};
use ic_ws_protocol::{
    CanisterFrame, CanisterWsOpenArguments, ClientFrame, ClientKey, HandshakeFrame,
    RECEIPTS_SUBPROTOCOL, ReceiptFrame, WebsocketMessage,
};
use tokio::{
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue, header::SEC_WEBSOCKET_PROTOCOL},
    },
};

pub const CANISTER: Principal = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// No wait in these tests takes longer, unless something is wrong.
pub const DEADLINE: Duration = Duration::from_secs(20);

pub async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future).await.expect("done in time")
}

/// Waits until `condition` holds.
pub async fn until(mut condition: impl AsyncFnMut() -> bool) {
    within(async {
        while !condition().await {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

pub struct Gateway {
    pub address: SocketAddr,
    /// Where an operator looks, if that is elsewhere.
    pub operator_address: Option<SocketAddr>,
    pub principal: Principal,
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<Result<(), GatewayError>>,
}

impl Gateway {
    pub async fn start(mut config: Config) -> Self {
        config.gateway_address = "127.0.0.1:0".parse().unwrap();
        let identity = Identity::generate().unwrap();
        let principal = identity.principal();
        let listeners = Listeners::bind(&config).await.unwrap();
        let address = listeners.clients.local_addr().unwrap();
        let operator_address = listeners
            .operator
            .as_ref()
            .map(|listener| listener.local_addr().unwrap());
        let (shutdown, ended) = oneshot::channel();
        let task = tokio::spawn(ic_ws_gateway::run(listeners, identity, config, async {
            ended.await.ok();
        }));
        Self {
            address,
            operator_address,
            principal,
            shutdown,
            task,
        }
    }

    pub async fn stop(self) {
        self.shutdown.send(()).unwrap();
        within(self.task).await.unwrap().unwrap();
    }

    /// Why it could not start.
    pub async fn failed(self) -> GatewayError {
        within(self.task).await.unwrap().unwrap_err()
    }

    pub async fn get(&self, path: &str) -> String {
        let response = reqwest::get(format!("http://{}{path}", self.address))
            .await
            .unwrap();
        assert!(response.status().is_success(), "{}", response.status());
        response.text().await.unwrap()
    }

    /// Waits until the metric has the value.
    pub async fn until_metric(&self, name: &str, value: u64) {
        until(async || self.metric(name).await == Some(value)).await;
    }

    /// The metric's value, if it has one.
    pub async fn metric(&self, name: &str) -> Option<u64> {
        let metrics = self.get("/metrics").await;
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line?.strip_prefix(' ')?.parse().ok()
    }
}

/// Without a network: it starts all the same.
pub async fn unconnected(change: impl FnOnce(&mut Config)) -> Gateway {
    let mut config = Config {
        ic_network_url: "http://127.0.0.1:1".parse().unwrap(),
        ..Config::default()
    };
    change(&mut config);
    Gateway::start(config).await
}

/// A gateway to a network, with intervals that make tests short.
pub async fn connected(change: impl FnOnce(&mut Config)) -> (Gateway, FakeNetwork) {
    let network = FakeNetwork::start().await;
    let mut config = Config {
        ic_network_url: network.url.clone(),
        polling_interval: Duration::from_millis(10),
        max_polling_interval: Duration::from_millis(20),
        ..Config::default()
    };
    config.limits.close_message_timeout = Duration::from_millis(50);
    change(&mut config);
    (Gateway::start(config).await, network)
}

/// A client that does nothing by itself.
pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub gateway: Principal,
    pub key: ClientKey,
    sent: u64,
}

impl Client {
    /// Connects, and receives the handshake.
    pub async fn connect(gateway: &Gateway, client_nonce: u64) -> Self {
        Self::connect_to(gateway.address, client_nonce).await
    }

    /// Connects to a gateway that is another process.
    pub async fn connect_to(gateway: SocketAddr, client_nonce: u64) -> Self {
        Self::connect_with(gateway, client_nonce, &[]).await
    }

    /// Connects, and agrees on receipts.
    pub async fn connect_for_receipts(gateway: &Gateway, client_nonce: u64) -> Self {
        // Others before and after it, which no gateway knows.
        let offer = format!("other, {RECEIPTS_SUBPROTOCOL},another");
        let headers = [(SEC_WEBSOCKET_PROTOCOL, offer.as_str())];
        Self::connect_with(gateway.address, client_nonce, &headers).await
    }

    /// Connects as if a proxy said that it comes from `address`.
    pub async fn connect_from(address: &str, gateway: &Gateway, client_nonce: u64) -> Self {
        let headers = [(FORWARDED_FOR, address)];
        Self::connect_with(gateway.address, client_nonce, &headers).await
    }

    async fn connect_with(
        gateway: SocketAddr,
        client_nonce: u64,
        headers: &[(HeaderName, &str)],
    ) -> Self {
        let url = format!("ws://{gateway}");
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            let value = value.parse().unwrap();
            request.headers_mut().insert(name, value);
        }
        let offers = request.headers().contains_key(SEC_WEBSOCKET_PROTOCOL);
        let (socket, response) = within(connect_async(request)).await.unwrap();
        let selected = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
        let wanted = offers.then_some(RECEIPTS_SUBPROTOCOL.as_bytes());
        assert_eq!(selected.map(HeaderValue::as_bytes), wanted);
        let mut client = Self {
            socket,
            gateway: Principal::anonymous(),
            key: ClientKey {
                client_principal: Principal::self_authenticating(client_nonce.to_le_bytes()),
                client_nonce,
            },
            sent: 0,
        };
        let Message::Binary(frame) = client.next().await else {
            panic!("no handshake");
        };
        client.gateway = HandshakeFrame::decode(&frame).unwrap().gateway_principal;
        client
    }

    /// Connects and calls `ws_open`.
    pub async fn open(gateway: &Gateway, client_nonce: u64) -> Self {
        let mut client = Self::connect(gateway, client_nonce).await;
        client.send_open(CANISTER).await;
        client
    }

    pub async fn send_open(&mut self, canister: Principal) {
        self.send(self.open_call(canister)).await;
    }

    /// A frame with a call of `ws_open`.
    pub fn open_call(&self, canister: Principal) -> Message {
        let arg = CanisterWsOpenArguments {
            client_nonce: self.key.client_nonce,
            gateway_principal: self.gateway,
        };
        self.call(canister, "ws_open", candid::encode_one(arg).unwrap())
    }

    /// Calls `ws_message` with the next number as its argument, and gives back the id of the call.
    pub async fn send_message(&mut self, canister: Principal) -> RequestId {
        self.sent += 1;
        let content = self.content(canister, "ws_message", self.sent.to_be_bytes().to_vec());
        let id = content.to_request_id();
        self.send(frame(content)).await;
        id
    }

    /// A frame with a call.
    pub fn call(&self, canister_id: Principal, method: &str, arg: Vec<u8>) -> Message {
        frame(self.content(canister_id, method, arg))
    }

    fn content(&self, canister_id: Principal, method: &str, arg: Vec<u8>) -> EnvelopeContent {
        EnvelopeContent::Call {
            nonce: None,
            ingress_expiry: self.sent,
            sender: self.key.client_principal,
            canister_id,
            method_name: method.to_owned(),
            arg,
            sender_info: None,
        }
    }

    pub async fn send(&mut self, message: Message) {
        within(self.socket.send(message)).await.unwrap();
    }

    /// Sends unless the other side ends it meanwhile.
    pub async fn try_send(&mut self, message: Message) {
        within(self.socket.send(message)).await.ok();
    }

    /// The next message that is neither ping nor pong.
    pub async fn next(&mut self) -> Message {
        loop {
            match within(self.socket.next()).await.unwrap().unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    pub async fn next_frame(&mut self) -> CanisterFrame {
        match self.next().await {
            Message::Binary(bytes) => CanisterFrame::decode(&bytes).unwrap(),
            other => panic!("not a frame: {other:?}"),
        }
    }

    /// The number of the next message in the client's sequence.
    pub async fn next_sequence(&mut self) -> u64 {
        let message = WebsocketMessage::from_cbor(&self.next_frame().await.content);
        message.unwrap().sequence_num
    }

    /// Waits for the end of the connection, and checks how it ends.
    #[track_caller]
    pub fn expect_close(mut self, code: u16, text: &str) -> impl Future<Output = ()> {
        let location = std::panic::Location::caller();
        async move {
            let frame = loop {
                match self.next().await {
                    Message::Close(frame) => break frame.expect("a close frame with a code"),
                    Message::Binary(_) => {}
                    other => panic!("not expected: {other:?}"),
                }
            };
            assert_eq!(u16::from(frame.code), code, "{frame}, {location}");
            assert!(frame.reason.contains(text), "{frame}, {location}");
        }
    }

    /// The next frame, which must be a receipt.
    pub async fn next_receipt(&mut self) -> ReceiptFrame {
        match self.next().await {
            Message::Binary(bytes) => ReceiptFrame::decode(&bytes).unwrap(),
            other => panic!("not a frame: {other:?}"),
        }
    }

    pub async fn close(mut self) {
        self.socket.close(None).await.unwrap();
        while within(self.socket.next()).await.is_some() {}
    }
}

/// A frame with a request, unsigned: the gateway leaves signatures to the network.
pub fn frame(content: EnvelopeContent) -> Message {
    let envelope = Envelope {
        content: Cow::Owned(content),
        sender_pubkey: None,
        sender_sig: None,
        sender_delegation: None,
    };
    Message::Binary(ClientFrame::encode(&envelope.encode_bytes()).into())
}
