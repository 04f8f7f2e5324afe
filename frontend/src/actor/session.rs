//! One connection to the chat canister, from the view of the page: messages go in, actions come out.

use chat_api::{ChatMessage, Signal};
use ic_ws_client::{CloseReason, Event, SendError, Sent, SignError, Status};
use ic_ws_yew::{Env, Identity, Live};
use yew::Callback;

use crate::{
    clock,
    store::{
        Action,
        trace::{Frame, Protocol, Traced},
    },
};

/// How much of a message the trace shows, in bytes.
const MAX_TRACED_BYTES: usize = 600;

/// A connection that closes, and reports no more, when it is dropped.
pub(super) struct Session {
    live: Live<ChatMessage>,
    report: Callback<Action>,
}

impl Session {
    /// Opens a connection of `identity`. What happens is reported to `report`.
    pub fn open(env: &Env, identity: Identity, report: Callback<Action>) -> Self {
        report.emit(Action::Connecting);
        let reporter = report.clone();
        let live = Live::open(env, identity, move |connection, event| {
            report_on(event, &reporter);
            report_status(connection.status(), &reporter);
        });
        Self { live, report }
    }

    /// Hands a message over for sending.
    pub fn send(&self, message: &ChatMessage) -> Result<Sent, SendError> {
        trace(&self.report, message, false);
        self.live.connection().send_encoded(message.encode()?)
    }

    /// Makes a signal the first message of each connection.
    pub fn greet(&self, signal: Signal) {
        let message = ChatMessage::Signal(signal);
        trace(&self.report, &message, false);
        if let Ok(content) = message.encode() {
            // Fails when the connection is over; the next one is greeted anew.
            let _ = self.live.connection().greet_with_encoded(content);
        }
    }
}

fn report_on(event: Event<ChatMessage>, report: &Callback<Action>) {
    match event {
        Event::Opened { gateway, .. } => {
            report.emit(Action::Traced(Traced::Opened(gateway.to_text())));
        }
        Event::Message(message) => {
            trace(report, &message, true);
            report.emit(match message {
                ChatMessage::Event(event) => Action::Received(Box::new(event), clock::now_ms()),
                ChatMessage::Request(_) | ChatMessage::Signal(_) => Action::Unreadable,
            });
        }
        Event::Undecodable { .. } => report.emit(Action::Unreadable),
        Event::Reconnecting { reason, .. } => report.emit(Action::Lost(reason.to_string())),
        Event::Closed(CloseReason::Signing(SignError::SessionExpired)) => {
            let words = "Your session has expired. Sign in again to go on.";
            report.emit(Action::Left(Some(words.to_owned())));
        }
        Event::Closed(reason) => report.emit(Action::Closed(reason.to_string())),
        _ => {}
    }
}

fn report_status(status: Status, report: &Callback<Action>) {
    let Status {
        sent,
        received,
        certified_at,
        has_receipts,
    } = status;
    report.emit(Action::Traced(Traced::Protocol(Protocol {
        sent,
        received,
        certified_at,
        has_receipts,
    })));
}

fn trace(report: &Callback<Action>, message: &ChatMessage, is_incoming: bool) {
    let mut content = format!("{message:?}");
    content.truncate(content.floor_char_boundary(MAX_TRACED_BYTES));
    report.emit(Action::Traced(Traced::Frame(Frame {
        at: clock::now_ms(),
        is_incoming,
        content,
    })));
}
