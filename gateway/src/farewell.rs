//! The end of a session on both sides: the client hears why, the canister that its client is gone.

use futures::SinkExt;
use ic_transport_types::EnvelopeContent;
use ic_ws_protocol::{CanisterWsCloseArguments, ClientKey};
use tokio::{
    io::{self, AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use tokio_tungstenite::tungstenite::{self, Message};
use tracing::{debug, info, warn};

use crate::{
    call::SignedCall,
    canisters::Canister,
    close::CloseReason,
    gateway::Gateway,
    identity::ingress_expiry,
    quote::quote,
    session::{Sink, Stream},
};

/// What is read, and thrown away, of a client that goes on sending after it was told that the session ended.
const MAX_UNREAD: u64 = 4 * 1024 * 1024;

/// Says why the session ends: to the log, the metrics and the client. Then waits until the client has
/// read it, as a connection that is dropped with unread bytes in it would be reset.
pub(crate) async fn to_client(
    gateway: &Gateway,
    mut sink: Sink,
    stream: Stream,
    reason: &CloseReason,
) {
    info!(
        reason = reason.name(),
        text = quote(&reason.to_string()),
        "closed"
    );
    gateway.closed(reason);
    let farewell = async {
        match reason.frame() {
            Some(frame) => sink.send(Message::Close(Some(frame))).await?,
            None => sink.close().await?,
        }
        let Ok(mut socket) = sink.reunite(stream) else {
            return Ok(());
        };
        // What comes is no longer put together: it might be large, or never complete.
        let socket = socket.get_mut();
        socket.stop_watching();
        socket.shutdown().await?;
        io::copy(&mut socket.take(MAX_UNREAD), &mut io::sink()).await?;
        Ok::<_, tungstenite::Error>(())
    };
    match timeout(gateway.config.limits.close_timeout, farewell).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, "the client went without a farewell"),
        Err(_) => debug!("the client did not hear the farewell"),
    }
}

/// Calls `ws_close`, so that the canister does not wait for its keep-alive timeout.
pub(crate) async fn to_canister(gateway: &Gateway, canister: &Canister, client_key: ClientKey) {
    let arg = match candid::encode_one(CanisterWsCloseArguments { client_key }) {
        Ok(arg) => arg,
        Err(error) => return warn!(%error, "cannot encode ws_close"),
    };
    let identity = &gateway.identity;
    let content = EnvelopeContent::Call {
        nonce: None,
        ingress_expiry: ingress_expiry(),
        sender: identity.principal(),
        canister_id: canister.id,
        method_name: "ws_close".to_owned(),
        arg,
        sender_info: None,
    };
    let request_id = content.to_request_id();
    let call = SignedCall::new(canister.id, request_id, identity.sign(content));
    let limits = &gateway.config.limits;
    // All clients may go at once, and the canister should not hear of it at once.
    let Ok(Ok(_permit)) = timeout(limits.call_timeout, canister.closes.acquire()).await else {
        return warn!("ws_close was not called: too many others are on their way");
    };
    let limit = limits.close_timeout;
    match timeout(limit, gateway.network.submit(&call)).await {
        Ok(Ok(())) => debug!("the network will tell the canister that the client is gone"),
        Ok(Err(error)) => warn!(%error, "ws_close failed"),
        Err(_) => warn!("ws_close was not accepted in time"),
    }
}
