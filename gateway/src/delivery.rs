//! A canister's message on its way to a client. What proves all messages of a poll is shared between them until
//! each is written to its socket, so that waiting messages cost little more than themselves.

use std::sync::Arc;

use ic_ws_protocol::{CanisterFrame, cbor::CborError};
use tokio::sync::OwnedSemaphorePermit;

use crate::{traces::Span, witness::Witness};

/// What proves the messages of one poll.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) certificate: Vec<u8>,
    pub(crate) witness: Witness,
}

/// One message and its proof.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) key: String,
    pub(crate) content: Vec<u8>,
    /// When the canister says that it sent it, in nanoseconds since 1970; 0 if it does not.
    pub(crate) timestamp: u64,
    /// Where it is on its way through the gateway.
    pub(crate) span: Span,
    pub(crate) proof: Arc<Proof>,
    /// Its part of what may wait for the client, given back once it does not.
    pub(crate) _room: OwnedSemaphorePermit,
}

impl Proof {
    /// In bytes.
    pub(crate) fn size(&self) -> usize {
        self.certificate.len() + self.witness.size()
    }
}

impl Delivery {
    /// The frame for the client.
    pub(crate) fn into_frame(self) -> Result<Vec<u8>, CborError> {
        CanisterFrame {
            tree: self.proof.witness.for_key(&self.key),
            cert: self.proof.certificate.clone(),
            key: self.key,
            content: self.content,
        }
        .encode()
    }
}
