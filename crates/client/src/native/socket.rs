//! WebSockets of `tungstenite`.

use std::future::ready;

use futures::{SinkExt, StreamExt};
use ic_ws_protocol::RECEIPTS_SUBPROTOCOL;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{
        self, Message,
        client::IntoClientRequest,
        error::{ProtocolError, SubProtocolError},
        http::{HeaderValue, header::SEC_WEBSOCKET_PROTOCOL},
        protocol::{CloseFrame as WsCloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

use crate::{
    close_reason::{CloseFrame, SocketError},
    platform::{Incoming, OpenSocket, Outgoing, Socket},
};

pub(super) async fn open(
    url: &str,
    max_frame_bytes: usize,
    connector: Connector,
) -> Result<OpenSocket<Box<dyn Socket>>, SocketError> {
    let limits = WebSocketConfig::default()
        .max_message_size(Some(max_frame_bytes))
        .max_frame_size(Some(max_frame_bytes));
    let (opened, has_receipts) = match connect(url, limits, connector.clone(), true).await {
        Err(tungstenite::Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(
            SubProtocolError::NoSubProtocol,
        ))) => (connect(url, limits, connector, false).await, false),
        opened => (opened, true),
    };
    let socket = opened
        .map_err(|e| SocketError::Connect(e.to_string()))?
        .filter_map(|message| ready(incoming(message)))
        .with(|outgoing| ready(Ok(message(outgoing))))
        .sink_map_err(broken);
    Ok(OpenSocket {
        socket: Box::new(socket),
        has_receipts,
    })
}

async fn connect(
    url: &str,
    limits: WebSocketConfig,
    connector: Connector,
    with_receipts: bool,
) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, tungstenite::Error> {
    let mut request = url.into_client_request()?;
    if with_receipts {
        let subprotocol = HeaderValue::from_static(RECEIPTS_SUBPROTOCOL);
        request
            .headers_mut()
            .insert(SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    let disable_nagle = true;
    let connected =
        connect_async_tls_with_config(request, Some(limits), disable_nagle, Some(connector));
    connected.await.map(|(socket, _response)| socket)
}

fn incoming(message: Result<Message, tungstenite::Error>) -> Option<Result<Incoming, SocketError>> {
    Some(match message {
        Ok(Message::Binary(frame)) => Ok(Incoming::Frame(frame.into())),
        Ok(Message::Close(frame)) => Ok(Incoming::Closed(close_frame(frame))),
        Ok(Message::Text(_)) => Err(SocketError::TextFrame),
        Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => return None,
        Err(error) => Err(broken(error)),
    })
}

fn close_frame(frame: Option<WsCloseFrame>) -> CloseFrame {
    match frame {
        Some(frame) => CloseFrame::new(frame.code.into(), &frame.reason),
        None => CloseFrame::new(CloseCode::Status.into(), ""),
    }
}

fn message(outgoing: Outgoing) -> Message {
    match outgoing {
        Outgoing::Frame(frame) => Message::binary(frame),
        Outgoing::Close(CloseFrame { code, reason }) => Message::Close(Some(WsCloseFrame {
            code: code.into(),
            reason: reason.into(),
        })),
    }
}

fn broken(error: tungstenite::Error) -> SocketError {
    SocketError::Broken(error.to_string())
}
