//! A connection that lasts for as long as somebody holds it.

use futures::{
    StreamExt,
    future::{AbortHandle, abortable},
};
use ic_ws_client::{ApplicationMessage, Connection, Event, connect};
use yew::platform::spawn_local;

use crate::{Env, Identity};

/// A connection that closes, and tells no more, when it is dropped.
pub struct Live<M> {
    connection: Connection<M>,
    telling: AbortHandle,
}

impl<M: ApplicationMessage> Live<M> {
    /// Connects `identity` to the canister of this network. Whatever happens is told to `tell`, with the connection on which
    /// it does.
    pub fn open(
        env: &Env,
        identity: Identity,
        mut tell: impl FnMut(&Connection<M>, Event<M>) + 'static,
    ) -> Self {
        let (connection, mut events) = connect(env.connection(), identity);
        let told = connection.clone();
        let (task, telling) = abortable(async move {
            while let Some(event) = events.next().await {
                tell(&told, event);
            }
        });
        spawn_local(async move {
            // Aborted means that nobody wants to know any more.
            let _ = task.await;
        });
        Self {
            connection,
            telling,
        }
    }
}

impl<M> Live<M> {
    /// What to send with.
    pub fn connection(&self) -> &Connection<M> {
        &self.connection
    }
}

impl<M> Drop for Live<M> {
    fn drop(&mut self) {
        self.telling.abort();
        self.connection.close();
    }
}
