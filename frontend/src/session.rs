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
    /// Opens a connection of `identity`. What happens is reported to `report`.
    pub fn open(env: &Env, identity: Identity, report: Callback<Action>) -> Self {
        report.emit(Action::Connecting);
        let mut config = Config::new(&env.gateways, env.backend, env.root_key.as_slice());
        // Whoever serves the page serves the network's interface, too.
        config.network.url = gloo_utils::window().location().origin().ok();
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
        Self {
            connection,
            reports,
        }
    }

    /// Hands a command over for sending.
    pub fn send(&self, command: Command) -> Result<(), SendError> {
        // The canister shows it to everyone, and so also to its author.
        let _sent = self.connection.send(&ChatMessage::Command(command))?;
        Ok(())
    }

    /// Makes a command the first one of each connection.
    pub fn greet_with(&self, command: Command) -> Result<(), SendError> {
        self.connection.greet_with(&ChatMessage::Command(command))
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
        Event::Reconnecting { reason, .. } => Some(Action::Lost(reason.to_string())),
        Event::Closed(CloseReason::Signing(SignError::SessionExpired)) => Some(
            Action::SessionEnded("Your session has expired. Sign in again to go on.".to_owned()),
        ),
        Event::Closed(reason) => Some(Action::Closed(reason.to_string())),
        _ => None,
    }
}
