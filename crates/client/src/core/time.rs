//! What time it is for the network, on a device whose clock may be wrong.
//!
//! Calls expire and certificates age by the network's clock. How far it is ahead of the device's is known from
//! certificates: each is a proof that the network's clock had reached its time, and one that was just asked for
//! ([`TimeRequest`]) tells it to a second or two.

use std::borrow::Cow;

use candid::Principal;
use ic_transport_types::{Envelope, EnvelopeContent, ReadStateResponse};
use ic_ws_protocol::{
    cbor::{self, CborError},
    verify::{CertificateError, CertifiedState},
};
use thiserror::Error;

/// How far the network's clock is ahead of the device's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NetworkTime {
    ahead: i64,
}

/// What the network answered does not tell the time.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TimeError {
    /// The answer is not that to a `read_state` request.
    #[error(transparent)]
    Malformed(#[from] CborError),
    /// The certificate does not hold.
    #[error("the certificate of the network's time is not valid: {0}")]
    Certificate(#[from] CertificateError),
}

impl NetworkTime {
    /// The network's time when the device's clock shows `device`.
    pub fn at(&self, device: u64) -> u64 {
        device.saturating_add_signed(self.ahead)
    }

    /// A certificate of the time `certified` is there when the device's clock shows `device`: it cannot be earlier.
    pub fn not_before(&mut self, certified: u64, device: u64) {
        if certified > self.at(device) {
            self.ahead = difference(certified, device);
        }
    }

    /// The same time, where the clock shows `nanos` more than the device's.
    pub(super) fn earlier(self, nanos: u64) -> Self {
        Self {
            ahead: self.ahead.saturating_sub_unsigned(nanos),
        }
    }

    /// Takes the network's answer to a [`TimeRequest`] for `canister` that was sent, and answered, when the device's clock
    /// showed these times. `root_key` (DER) is the network's.
    ///
    /// # Errors
    /// When it is not certified by the network.
    pub fn answered(
        answer: &[u8],
        canister: Principal,
        root_key: &[u8],
        sent: u64,
        received: u64,
    ) -> Result<Self, TimeError> {
        let answer: ReadStateResponse = cbor::from_slice(answer)?;
        let state = CertifiedState::verify(&answer.certificate, canister, root_key)?;
        Ok(Self::told(&state, sent, received))
    }

    /// The time that a certificate tells, which was asked for and came at these times by the device's clock.
    pub(crate) fn told(state: &CertifiedState, sent: u64, received: u64) -> Self {
        let answered = sent.midpoint(received);
        Self {
            ahead: difference(state.time(), answered),
        }
    }
}

/// Asks the network for the time, over its HTTP interface.
#[derive(Debug)]
pub struct TimeRequest {
    /// Where to post the request.
    pub url: String,
    /// The request: CBOR.
    pub body: Vec<u8>,
}

impl TimeRequest {
    /// The request to the network at `url`, which `canister` is on.
    pub fn new(url: &str, canister: Principal) -> Self {
        let url = url.trim_end_matches('/');
        Self {
            url: format!("{url}/api/v2/canister/{canister}/read_state"),
            body: read_by_nobody("time"),
        }
    }
}

/// A request (CBOR) for what the system state holds under `label`, which anybody may read. It is nobody's, and so needs
/// neither signature nor expiry.
pub(crate) fn read_by_nobody(label: &str) -> Vec<u8> {
    let content = EnvelopeContent::ReadState {
        ingress_expiry: 0,
        sender: Principal::anonymous(),
        paths: vec![vec![label.into()]],
    };
    let envelope = Envelope {
        content: Cow::Owned(content),
        sender_pubkey: None,
        sender_sig: None,
        sender_delegation: None,
    };
    envelope.encode_bytes()
}

fn difference(a: u64, b: u64) -> i64 {
    a.checked_signed_diff(b)
        .unwrap_or(if a > b { i64::MAX } else { i64::MIN })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_moves_the_clock_forwards_only() {
        let mut time = NetworkTime::default();
        assert_eq!(time.at(100), 100);
        time.not_before(150, 100);
        assert_eq!(time.at(101), 151);
        time.not_before(110, 101);
        assert_eq!(time.at(101), 151);
    }

    #[test]
    fn absurd_times_are_no_danger() {
        let mut time = NetworkTime::default();
        time.not_before(u64::MAX, 0);
        assert!(time.at(u64::MAX) == u64::MAX);
        assert_eq!(difference(0, u64::MAX), i64::MIN);
    }
}
