//! What the network answers when it is asked for the time.

use ic_transport_types::ReadStateResponse;
use ic_ws_client::core::{NetworkTime, TimeError};
use ic_ws_protocol::{cbor, verify::CertificateError};

use crate::model::{Network, SECOND, START, canister_id};

/// What the device learns from `network`, asked at [`START`] by the device's clock and answered two seconds later.
fn answered(network: &Network, time: u64) -> Result<NetworkTime, TimeError> {
    let certificate = network.certify_time(time);
    let answer = cbor::to_vec(&ReadStateResponse { certificate }).unwrap();
    let root_key = Network::new(1).root_key();
    NetworkTime::answered(&answer, canister_id(), &root_key, START, START + 2 * SECOND)
}

#[test]
fn it_was_certified_half_way() {
    for network in [START - 3600 * SECOND, START, START + 3600 * SECOND] {
        let time = answered(&Network::new(1), network).unwrap();
        assert_eq!(time.at(START + SECOND), network);
    }
}

#[test]
fn only_the_network_tells_it() {
    let stranger = answered(&Network::new(2), START);
    let signature = CertificateError::Signature;
    assert_eq!(stranger, Err(TimeError::Certificate(signature)));
}
