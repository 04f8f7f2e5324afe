//! The native socket against a real WebSocket server.

use std::{
    future::Future,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures::{SinkExt, StreamExt};
use ic_ws_client::{
    Agent, CallError, CloseFrame, CloseReason, Config, Ed25519Signer, Event, Events, Signer,
    SocketError, connect, platform::HttpError,
};
use ic_ws_protocol::{ClientFrame, ClientKey, RECEIPTS_SUBPROTOCOL};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, accept_async, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        http::{HeaderValue, header::SEC_WEBSOCKET_PROTOCOL},
        protocol,
    },
};

use crate::model::{Network, Peer, Received, canister_id, config};

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos() as u64
}

struct Server {
    socket: WebSocketStream<TcpStream>,
    peer: Peer,
}

impl Server {
    async fn send(&mut self, frame: Vec<u8>) {
        self.socket.send(Message::binary(frame)).await.unwrap();
    }

    async fn next(&mut self) -> Option<Message> {
        let message = within_a_minute(self.socket.next()).await;
        message.map(Result::unwrap)
    }

    async fn receive(&mut self) -> Received {
        let message = self.next().await.unwrap();
        let frame = ClientFrame::decode(&message.into_data()).unwrap();
        // The client took its time before this.
        let sent_at = frame.envelope.content.ingress_expiry() - 240_000_000_000;
        assert!((now() - 10_000_000_000..=now()).contains(&sent_at));
        self.peer.receive(&frame.envelope.content, sent_at)
    }
}

async fn next_event(events: &mut Events<String>) -> Event<String> {
    within_a_minute(events.next()).await.unwrap()
}

async fn within_a_minute<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future)
        .await
        .unwrap()
}

async fn close_reason(events: &mut Events<String>) -> CloseReason {
    match next_event(events).await {
        Event::Closed(reason) => reason,
        other => panic!("not closed, but {other:?}"),
    }
}

#[expect(clippy::result_large_err, reason = "as tungstenite wants it")]
fn select_receipts(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    assert_eq!(
        request.headers()[SEC_WEBSOCKET_PROTOCOL],
        RECEIPTS_SUBPROTOCOL
    );
    let selected = HeaderValue::from_static(RECEIPTS_SUBPROTOCOL);
    response
        .headers_mut()
        .insert(SEC_WEBSOCKET_PROTOCOL, selected);
    Ok(response)
}

/// A client and the server it has connected to.
async fn connected(config: Config) -> (ic_ws_client::Connection<String>, Events<String>, Server) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config {
        gateways: vec![format!("ws://{}", listener.local_addr().unwrap())],
        ..config
    };
    let signer = Ed25519Signer::generate().unwrap();
    let client_key = ClientKey {
        client_principal: signer.principal(),
        client_nonce: 0,
    };
    let (connection, events) = connect(config, signer);
    let (stream, _) = listener.accept().await.unwrap();
    let server = Server {
        socket: accept_hdr_async(stream, select_receipts).await.unwrap(),
        peer: Peer::new(client_key),
    };
    (connection, events, server)
}

#[tokio::test]
async fn talks_to_a_server() {
    let (connection, mut events, mut server) = connected(config()).await;
    server.send(server.peer.handshake()).await;
    assert_eq!(server.receive().await, Received::Open);
    let frame = server.peer.open(now());
    server.send(frame).await;
    assert!(matches!(
        next_event(&mut events).await,
        Event::Opened { .. }
    ));

    connection.send(&"up".to_owned()).unwrap();
    let up = Received::Message(candid::encode_one("up").unwrap());
    assert_eq!(server.receive().await, up);
    let frame = server.peer.text("down", now());
    server.send(frame).await;
    let Event::Message(text) = next_event(&mut events).await else {
        panic!("no message");
    };
    assert_eq!(text, "down");

    connection.close();
    assert_eq!(close_reason(&mut events).await, CloseReason::ClosedByClient);
    let Some(Message::Close(Some(frame))) = server.next().await else {
        panic!("no close frame");
    };
    assert_eq!(u16::from(frame.code), 1000);
}

#[tokio::test]
async fn learns_why_the_server_closed() {
    let (_connection, mut events, mut server) = connected(config()).await;
    let frame = protocol::CloseFrame {
        code: 4002.into(),
        reason: "going down".into(),
    };
    server.socket.close(Some(frame)).await.unwrap();
    assert_eq!(
        close_reason(&mut events).await,
        CloseReason::ClosedByGateway(CloseFrame::new(4002, "going down"))
    );
    // The client answers the close frame, so that the server can let go.
    while let Some(message) = server.next().await {
        assert!(matches!(message, Message::Close(_)), "{message:?}");
    }
}

#[tokio::test]
async fn refuses_text_and_large_frames() {
    let (_connection, mut events, mut server) = connected(config()).await;
    server.socket.send(Message::text("hello")).await.unwrap();
    let text = CloseReason::Socket(SocketError::TextFrame);
    assert_eq!(close_reason(&mut events).await, text);

    let limited = Config {
        max_frame_bytes: 100,
        ..config()
    };
    let (_connection, mut events, mut server) = connected(limited).await;
    server.send(vec![0; 101]).await;
    let reason = close_reason(&mut events).await;
    assert!(matches!(
        reason,
        CloseReason::Socket(SocketError::Broken(_))
    ));
}

#[tokio::test]
async fn says_when_there_is_no_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = Config {
        gateways: vec![format!("ws://{}", listener.local_addr().unwrap())],
        ..config()
    };
    drop(listener);
    let signer = Ed25519Signer::generate().unwrap();
    let (_connection, mut events) = connect::<String, _>(nobody, signer);
    let reason = close_reason(&mut events).await;
    assert!(matches!(
        reason,
        CloseReason::Socket(SocketError::Connect(_))
    ));
}

#[tokio::test]
async fn a_server_need_not_give_receipts() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config {
        gateways: vec![format!("ws://{}", listener.local_addr().unwrap())],
        ..config()
    };
    let signer = Ed25519Signer::generate().unwrap();
    let (_connection, mut events) = connect::<String, _>(config, signer);
    // A server without subprotocols accepts the offer of one by leaving it out, which the client may not take.
    let (stream, _) = listener.accept().await.unwrap();
    let _refused = accept_async(stream).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let mut socket = accept_async(stream).await.unwrap();
    socket.send(Message::text("hello")).await.unwrap();
    let text = CloseReason::Socket(SocketError::TextFrame);
    assert_eq!(close_reason(&mut events).await, text);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_does_not_answer_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let signer = Ed25519Signer::generate().unwrap();
    let agent = Agent::new(url, Network::new(1).root_key(), signer);
    let query = agent.query(canister_id(), "ask", Vec::new()).await;
    let timeout = HttpError::Timeout(Duration::from_secs(60));
    assert!(
        matches!(&query, Err(CallError::Http(error)) if *error == timeout),
        "{query:?}"
    );
}
