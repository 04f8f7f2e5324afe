//! One connection to the chat canister, from the view of the page: commands go in, actions come out.

use crate::env::Env;
use crate::identity::Identity;
use crate::store::Action;
use chat_api::{ChatMessage, Command};
use futures::StreamExt;
use futures::future::{AbortHandle, abortable};
use ic_ws_client::{CloseReason, Config, Connection, Event, SendError, SignError, connect};
use yew::Callback;
use yew::platform::spawn_local;

/// A connection that closes, and reports no more, when it is dropped.
pub struct Session {
    connection: Connection<ChatMessage>,
    reports: AbortHandle,
}

impl Session {
    /// Opens a connection of `identity`. Each `attempt` takes the next gateway of the list.
    /// What happens is reported to `report`; `None` when it ended before it began.
    pub fn open(
        env: &Env,
        attempt: usize,
        identity: Identity,
        report: Callback<Action>,
    ) -> Option<Self> {
        report.emit(Action::Connecting);
        let gateway = env.gateways.iter().cycle().nth(attempt)?;
        let config = Config::new(gateway, env.backend, env.root_key.as_slice());
        let (connection, mut events) = connect(config, identity);
        let (reporting, reports) = abortable(async move {
            while let Some(event) = events.next().await {
                if let Some(action) = action(event) {
                    report.emit(action);
                }
            }
        });
        spawn_local(async move {
            // Aborted means that nobody wants to know any more.
            let _ = reporting.await;
        });
        Some(Self {
            connection,
            reports,
        })
    }

    /// Hands a command over for sending.
    pub fn send(&self, command: Command) -> Result<(), SendError> {
        self.connection.send(&ChatMessage::Command(command))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.reports.abort();
        self.connection.close();
    }
}

fn action(event: Event<ChatMessage>) -> Option<Action> {
    match event {
        Event::Opened { .. } => Some(Action::Opened),
        Event::Message(ChatMessage::Event(event)) => Some(Action::Received(event)),
        Event::Message(ChatMessage::Command(_)) | Event::Undecodable { .. } => {
            Some(Action::Unreadable)
        }
        Event::Closed(CloseReason::Signing(SignError::SessionExpired)) => Some(
            Action::SessionEnded("Your session has expired. Sign in again to go on.".to_owned()),
        ),
        Event::Closed(reason) => Some(Action::Closed(reason.to_string())),
        _ => None,
    }
}
