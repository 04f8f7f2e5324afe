//! Wire types of the IC WebSocket protocol.
//!
//! Everything that client, gateway and canister must agree on to the byte, and nothing else: no I/O, no
//! clock, no sockets. In words, it is in `docs/protocol.md`; as bytes in `docs/protocol-vectors.json`.
//!
//! - [`candid_types`]: what the canister methods `ws_open`, `ws_message`, `ws_close` and `ws_get_messages`
//!   take and return, and the service messages.
//! - [`bounded_candid`]: Candid from strangers.
//! - [`frame`]: the CBOR frames between client and gateway.
//! - [`outcome`]: what a certificate says of a call.
//! - [`cbor`]: CBOR with the self-describe tag.
//! - [`message_key`]: the names under which messages are certified.
//! - [`shared_content`]: the content of a message to many, encoded once.
//! - [`verify`]: whether a message really came from the canister.
//! - [`timing`]: the intervals on which both ends must agree.

pub mod bounded_candid;
pub mod candid_types;
pub mod cbor;
pub mod frame;
pub mod message_key;
pub mod outcome;
pub mod shared_content;
pub mod timing;
pub mod verify;

pub use candid_types::*;
pub use frame::{
    CanisterFrame, ClientFrame, GatewayFrame, HandshakeFrame, RECEIPTS_SUBPROTOCOL, Receipt,
    ReceiptFrame, Rejection,
};
pub use message_key::MessageKey;
pub use outcome::{CallOutcome, OutcomeError};
pub use shared_content::SharedContent;
pub use verify::{CertifiedState, VerifyError, verify_message};
