//! Which canister and network a session believes. All its verification goes through here: the last certificate is
//! remembered, because many messages come with the same one.

use std::time::Duration;

use candid::Principal;
use ic_transport_types::RequestId;
use ic_ws_protocol::{
    CallOutcome, CanisterFrame, OutcomeError, VerifyError, WebsocketMessage,
    verify::{CertificateError, CertifiedState, verify_witness},
};

use super::time::NetworkTime;
use crate::config::Config;

#[derive(Debug)]
pub(super) struct Verifier {
    canister: Principal,
    root_key: Vec<u8>,
    max_age: Duration,
    time: NetworkTime,
    /// The time of the latest certificate that was believed.
    certified_at: u64,
    /// The last message's certificate, and what it proves.
    verified: Option<(Vec<u8>, CertifiedState)>,
}

impl Verifier {
    pub fn new(config: &Config, time: NetworkTime) -> Self {
        Self {
            canister: config.canister,
            root_key: config.network.root_key.clone(),
            max_age: config.max_certificate_age,
            time,
            certified_at: 0,
            verified: None,
        }
    }

    /// The network's time, as far as it is known: certificates tell it, too.
    pub fn time(&self) -> NetworkTime {
        self.time
    }

    /// The time of the latest certificate that was believed, in nanoseconds since 1970; 0 before the first one.
    pub fn certified_at(&self) -> u64 {
        self.certified_at
    }

    /// The message in `frame`, if the canister certified it.
    pub fn message(
        &mut self,
        frame: &CanisterFrame,
        now: u64,
    ) -> Result<WebsocketMessage, VerifyError> {
        let verified = match self.verified.take() {
            Some(verified) if verified.0 == frame.cert => verified,
            _ => (frame.cert.clone(), self.verify(&frame.cert)?),
        };
        let (_, state) = self.verified.insert(verified);
        check_time(&mut self.time, state, self.max_age, now)?;
        self.certified_at = self.certified_at.max(state.time());
        let data = state.certified_data(self.canister)?;
        verify_witness(&frame.tree, data, &frame.key, &frame.content)?;
        WebsocketMessage::from_cbor(&frame.content).map_err(VerifyError::MalformedContent)
    }

    /// What the certificate of a receipt says of a call; nothing if that is not decided.
    pub fn outcome(
        &mut self,
        certificate: &[u8],
        id: &RequestId,
        now: u64,
    ) -> Result<Option<CallOutcome>, OutcomeError> {
        let state = self.verify(certificate)?;
        check_time(&mut self.time, &state, self.max_age, now)?;
        self.certified_at = self.certified_at.max(state.time());
        state.outcome(id)
    }

    fn verify(&self, certificate: &[u8]) -> Result<CertifiedState, CertificateError> {
        CertifiedState::verify(certificate, self.canister, &self.root_key)
    }
}

fn check_time(
    time: &mut NetworkTime,
    state: &CertifiedState,
    max_age: Duration,
    now: u64,
) -> Result<(), CertificateError> {
    state.check_age(time.at(now), max_age)?;
    time.not_before(state.time(), now);
    Ok(())
}
