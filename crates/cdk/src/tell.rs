//! Messages to clients that learn all they need to know when they connect.

use candid::CandidType;

use crate::{Recipient, broadcast, reset};

/// Sends `message` to many, in Candid, as [`broadcast`] does. Where there is no room for it, the connections are
/// [reset], as they could not go on without a gap: for canisters that begin each connection with all that a client has to
/// know.
///
/// ```no_run
/// use ic_ws_cdk::{OnMessageCallbackArgs, OnOpenCallbackArgs, all_connections, tell};
///
/// # fn prices() -> Vec<u64> { Vec::new() }
/// fn on_open(args: OnOpenCallbackArgs) {
///     tell([args.client_key], &prices());
/// }
///
/// fn on_message(_: OnMessageCallbackArgs) {
///     tell(all_connections(), &prices());
/// }
/// ```
pub fn tell(to: impl IntoIterator<Item = impl Into<Recipient>>, message: &impl CandidType) {
    let to: Vec<Recipient> = to.into_iter().map(Into::into).collect();
    let sent = candid::encode_one(message)
        .map_err(|error| error.to_string())
        .and_then(|message| Ok(broadcast(to.iter().copied(), message)?));
    if let Err(error) = sent {
        ic_cdk::println!("not told to {} recipients: {error}", to.len());
        for recipient in to {
            // Who is not connected misses nothing.
            let _ = reset(recipient);
        }
    }
}
