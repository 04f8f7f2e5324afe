//! Socket, timer and clock of tokio.

use std::{
    future::{Future, ready},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::{
    self, Message,
    protocol::{CloseFrame as WsCloseFrame, WebSocketConfig, frame::coding::CloseCode},
};

use crate::{
    close_reason::{CloseFrame, SocketError},
    config::Config,
    connection::{ApplicationMessage, Connection, Events},
    driver::{Clock, Incoming, Outgoing, Socket, connect_over},
    signer::Signer,
};

/// Connects to a canister. Returns at once: messages may be sent right away, and wait until the connection is
/// open. Whatever goes wrong is the reason in [`Event::Closed`](crate::Event::Closed).
///
/// # Panics
/// Outside a tokio runtime with I/O and time enabled.
pub fn connect<M: ApplicationMessage, K: Signer + 'static>(
    config: Config,
    signer: K,
) -> (Connection<M>, Events<M>) {
    let socket = open(config.gateway_url.clone(), config.max_frame_bytes);
    let (connection, events, driver) = connect_over(config, signer, TokioClock, socket);
    tokio::spawn(driver);
    (connection, events)
}

struct TokioClock;

impl Clock for TokioClock {
    fn now(&self) -> u64 {
        now()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }
}

/// Nanoseconds since 1970, by the device's clock.
pub(crate) fn now() -> u64 {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX)
}

async fn open(url: String, max_frame_bytes: usize) -> Result<impl Socket, SocketError> {
    let limits = WebSocketConfig::default()
        .max_message_size(Some(max_frame_bytes))
        .max_frame_size(Some(max_frame_bytes));
    let disable_nagle = true;
    let (socket, _response) =
        tokio_tungstenite::connect_async_with_config(url, Some(limits), disable_nagle)
            .await
            .map_err(|e| SocketError::Connect(e.to_string()))?;
    Ok(socket
        .filter_map(|message| ready(incoming(message)))
        .with(|outgoing| ready(Ok(message(outgoing))))
        .sink_map_err(broken))
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
