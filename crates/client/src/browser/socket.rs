//! WebSockets of the browser.

use std::{
    cell::Cell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use futures::{
    FutureExt, Sink, Stream, StreamExt,
    channel::{mpsc, oneshot},
    select_biased,
};
use gloo_timers::future::TimeoutFuture;
use ic_ws_protocol::RECEIPTS_SUBPROTOCOL;
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

use super::text;
use crate::{
    close_reason::{CloseFrame, SocketError},
    platform::{Incoming, OpenSocket, Outgoing},
};

/// The browser buffers what is written without limit. With this many bytes unsent, writing waits.
const MAX_BUFFERED_BYTES: u32 = 1024 * 1024;

/// How often a full buffer is looked at: the browser does not say when it drains.
const BUFFER_POLL_MILLIS: u32 = 20;

/// What a browser reports when there was no close frame (RFC 6455 section 7.4.1).
const CODE_ABNORMAL: u16 = 1006;

/// Opens a socket, with receipts if the gateway gives any. A browser lets a connection fail if nobody knows the
/// subprotocol that it offers, and does not tell the page, so what failed is tried once more without.
pub(super) async fn open(
    url: &str,
    max_queued_frames: usize,
) -> Result<OpenSocket<BrowserSocket>, SocketError> {
    let (opened, has_receipts) =
        match BrowserSocket::open(url, Some(RECEIPTS_SUBPROTOCOL), max_queued_frames).await {
            Ok(socket) => (Ok(socket), true),
            Err(_) => (
                BrowserSocket::open(url, None, max_queued_frames).await,
                false,
            ),
        };
    opened.map(|socket| OpenSocket {
        socket,
        has_receipts,
    })
}

pub(super) struct BrowserSocket {
    socket: WebSocket,
    incoming: mpsc::Receiver<Result<Incoming, SocketError>>,
    /// Set when a frame was lost because `incoming` was full.
    overrun: Rc<Cell<bool>>,
    max_queued_frames: usize,
    draining: Option<TimeoutFuture>,
    _on_open: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl BrowserSocket {
    async fn open(
        url: &str,
        subprotocol: Option<&str>,
        max_queued_frames: usize,
    ) -> Result<Self, SocketError> {
        let (opened, on_opened) = oneshot::channel();
        let mut socket = Self::listen(url, subprotocol, max_queued_frames, opened)?;
        select_biased! {
            _ = on_opened.fuse() => Ok(socket),
            // The browser does not tell a page why, only its console.
            _ = socket.incoming.next() => Err(SocketError::Connect("it cannot be reached".into())),
        }
    }

    fn listen(
        url: &str,
        subprotocol: Option<&str>,
        max_queued_frames: usize,
        opened: oneshot::Sender<()>,
    ) -> Result<Self, SocketError> {
        let socket = match subprotocol {
            Some(subprotocol) => WebSocket::new_with_str(url, subprotocol),
            None => WebSocket::new(url),
        };
        let socket = socket.map_err(|e| SocketError::Connect(text(&e)))?;
        socket.set_binary_type(BinaryType::Arraybuffer);

        let (mut frames, incoming) = mpsc::channel(max_queued_frames);
        let overrun = Rc::new(Cell::new(false));

        let on_open = Closure::once(move || {
            // Nobody waits for it when connecting was given up.
            let _ = opened.send(());
        });
        // A sender of its own always has room for its first item.
        let mut closed = frames.clone();
        let on_close = Closure::new(move |event: CloseEvent| {
            let _ = closed.try_send(closing(&event));
        });
        let overran = Rc::clone(&overrun);
        let on_message = Closure::new(move |event: MessageEvent| {
            if frames.try_send(frame(&event)).is_err() {
                overran.set(true);
            }
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Self {
            socket,
            incoming,
            overrun,
            max_queued_frames,
            draining: None,
            _on_open: on_open,
            _on_message: on_message,
            _on_close: on_close,
        })
    }
}

impl Drop for BrowserSocket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // Fails only for a bad code or reason, and there is none.
        let _ = self.socket.close();
    }
}

impl Stream for BrowserSocket {
    type Item = Result<Incoming, SocketError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.overrun.get() {
            return Poll::Ready(Some(Err(SocketError::Overrun(self.max_queued_frames))));
        }
        self.incoming.poll_next_unpin(cx)
    }
}

impl Sink<Outgoing> for BrowserSocket {
    type Error = SocketError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        while self.socket.buffered_amount() > MAX_BUFFERED_BYTES {
            let draining = self
                .draining
                .get_or_insert_with(|| TimeoutFuture::new(BUFFER_POLL_MILLIS));
            if draining.poll_unpin(cx).is_pending() {
                return Poll::Pending;
            }
            self.draining = None;
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, outgoing: Outgoing) -> Result<(), SocketError> {
        match outgoing {
            Outgoing::Frame(frame) => self.socket.send_with_u8_array(&frame),
            Outgoing::Close(CloseFrame { code, reason }) => {
                self.socket.close_with_code_and_reason(code, &reason)
            }
        }
        .map_err(|e| SocketError::Broken(text(&e)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        Poll::Ready(Ok(()))
    }
}

fn frame(event: &MessageEvent) -> Result<Incoming, SocketError> {
    match event.data().dyn_into::<ArrayBuffer>() {
        Ok(buffer) => Ok(Incoming::Frame(Uint8Array::new(&buffer).to_vec())),
        Err(_) => Err(SocketError::TextFrame),
    }
}

fn closing(event: &CloseEvent) -> Result<Incoming, SocketError> {
    match event.code() {
        CODE_ABNORMAL => Err(SocketError::Broken("it was lost".into())),
        code => Ok(Incoming::Closed(CloseFrame::new(code, &event.reason()))),
    }
}
