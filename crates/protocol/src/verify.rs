//! Whether a message really came from the canister: certificate, then witness, then content. And what really became of
//! a call.
//!
//! Pure functions of the bytes, the network's root key and the time.

use std::{collections::BTreeMap, time::Duration};

use candid::Principal;
use ic_certification::{
    Certificate, Delegation, HashTree, Label, LookupResult, SubtreeLookupResult,
};
use ic_transport_types::RequestId;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{
    CanisterFrame, WebsocketMessage,
    cbor::{self, CborError},
    message_key::WEBSOCKET_LABEL,
    outcome::{CallOutcome, OutcomeError},
    timing::MAX_CERTIFICATE_AGE,
};

/// DER prefix of a BLS12-381 public key (interface specification, "Certificate").
const DER_PREFIX: &[u8; 37] = b"\x30\x81\x82\x30\x1d\x06\x0d\x2b\x06\x01\x04\x01\x82\xdc\x7c\x05\x03\x01\x02\x01\x06\x0c\x2b\x06\x01\x04\x01\x82\xdc\x7c\x05\x03\x02\x01\x03\x61\x00";

const STATE_ROOT_DOMAIN: &[u8] = b"\x0dic-state-root";

/// Why a message was not accepted.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum VerifyError {
    /// The certificate is not one of this network for this canister and time.
    #[error("the certificate is not valid: {0}")]
    Certificate(#[from] CertificateError),
    /// The witness cannot be decoded.
    #[error("the witness is malformed: {0}")]
    MalformedWitness(CborError),
    /// The witness belongs to other certified data.
    #[error("the witness does not match the certified data")]
    WitnessMismatch,
    /// The witness says nothing of the message's key.
    #[error("the witness does not contain the key '{0}'")]
    KeyNotCertified(String),
    /// The content is not what the canister certified under the key.
    #[error("the content is not what the canister certified")]
    ContentMismatch,
    /// The canister certified something that is not a message.
    #[error("the content is malformed: {0}")]
    MalformedContent(CborError),
}

/// Why a certificate was not accepted.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum CertificateError {
    /// It cannot be decoded.
    #[error("malformed: {0}")]
    Malformed(CborError),
    /// The signature does not belong to the content and the key.
    #[error("wrong signature")]
    Signature,
    /// The public key is not a DER-encoded BLS12-381 key.
    #[error("a public key is not a DER-encoded BLS12-381 key")]
    PublicKey,
    /// A delegated certificate delegates once more.
    #[error("more than one delegation")]
    TooManyDelegations,
    /// The subnet that signed is not responsible for the canister.
    #[error("signed by a subnet that is not responsible for canister {0}")]
    CanisterOutOfRange(Principal),
    /// It lacks a value that every certificate must hold.
    #[error("no value at '{0}'")]
    Missing(&'static str),
    /// The time in it is not a number.
    #[error("its time is not a LEB128 number")]
    MalformedTime,
    /// It was made too long ago.
    #[error("{0:?} old")]
    TooOld(Duration),
}

/// What a certificate proves of the network's state.
#[derive(Debug, Clone)]
pub struct CertifiedState {
    tree: HashTree,
    time: u64,
    /// The id of the subnet that certified it.
    subnet: Vec<u8>,
}

impl CertifiedState {
    /// Checks that `certificate` was made by the network of `root_key` (DER), for `canister`. How long ago is to be
    /// checked each time that it is relied upon.
    ///
    /// # Errors
    /// When it is malformed, wrongly signed or made by the wrong subnet.
    pub fn verify(
        certificate: &[u8],
        canister: Principal,
        root_key: &[u8],
    ) -> Result<Self, CertificateError> {
        let certificate: Certificate =
            cbor::from_slice(certificate).map_err(CertificateError::Malformed)?;
        let delegated_key = match &certificate.delegation {
            Some(delegation) => Some(delegated_key(delegation, canister, root_key)?),
            None => None,
        };
        verify_signature(&certificate, delegated_key.as_deref().unwrap_or(root_key))?;
        let time = leb128_u64(lookup(&certificate.tree, [b"time".as_slice()], "/time")?)
            .ok_or(CertificateError::MalformedTime)?;
        let subnet = match certificate.delegation {
            Some(delegation) => delegation.subnet_id,
            None => Principal::self_authenticating(root_key).as_slice().to_vec(),
        };
        Ok(Self {
            tree: certificate.tree,
            time,
            subnet,
        })
    }

    /// When it was certified, in nanoseconds since 1970, by the network's clock.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// Checks that this was so at most `max_age` before `now` (nanoseconds since 1970).
    ///
    /// # Errors
    /// When it was too long ago.
    pub fn check_age(&self, now: u64, max_age: Duration) -> Result<(), CertificateError> {
        let age = Duration::from_nanos(now.saturating_sub(self.time));
        match age > max_age {
            true => Err(CertificateError::TooOld(age)),
            false => Ok(()),
        }
    }

    /// The canister's certified data: at most 32 bytes.
    ///
    /// # Errors
    /// When it is not in this part of the state.
    pub fn certified_data(&self, canister: Principal) -> Result<&[u8], CertificateError> {
        let path = [
            b"canister".as_slice(),
            canister.as_slice(),
            b"certified_data",
        ];
        lookup(&self.tree, path, "/canister/…/certified_data")
    }

    /// The public keys (DER) of the nodes that answer for the canister, by node id.
    ///
    /// # Errors
    /// When they are not in this part of the state.
    pub fn node_keys(&self) -> Result<BTreeMap<Principal, Vec<u8>>, CertificateError> {
        const NODES: &str = "/subnet/…/node";
        let path = [b"subnet".as_slice(), &self.subnet, b"node"];
        let SubtreeLookupResult::Found(nodes) = self.tree.lookup_subtree(path) else {
            return Err(CertificateError::Missing(NODES));
        };
        let ids = nodes.list_paths().into_iter().filter_map(|path| {
            let id = path.into_iter().next()?;
            Principal::try_from_slice(id.as_bytes()).ok()
        });
        ids.map(|id| {
            let key = lookup(&nodes, [id.as_slice(), b"public_key"], NODES)?;
            Ok((id, key.to_vec()))
        })
        .collect()
    }

    /// How the call `id` ended; nothing if that is not decided yet.
    ///
    /// # Errors
    /// When this part of the state does not tell.
    pub fn outcome(&self, id: &RequestId) -> Result<Option<CallOutcome>, OutcomeError> {
        CallOutcome::find(&self.tree, id)
    }
}

/// Checks that `frame` holds a message of `canister`, certified by the network of `root_key` (DER) at most
/// [`MAX_CERTIFICATE_AGE`] before `now` (nanoseconds since 1970), and gives back the message. Whether it is for this
/// connection, and the next one, is for the caller to check.
///
/// ```
/// # use candid::Principal;
/// use ic_ws_protocol::{CanisterFrame, verify_message};
///
/// # fn receive(bytes: &[u8], canister: Principal, root_key: &[u8], now: u64) -> Result<(), Box<dyn std::error::Error>> {
/// let frame = CanisterFrame::decode(bytes)?;
/// let message = verify_message(&frame, canister, root_key, now)?;
/// println!("number {} for {}", message.sequence_num, message.client_key);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The first check that failed, in the order of [`VerifyError`]'s variants.
pub fn verify_message(
    frame: &CanisterFrame,
    canister: Principal,
    root_key: &[u8],
    now: u64,
) -> Result<WebsocketMessage, VerifyError> {
    let state = CertifiedState::verify(&frame.cert, canister, root_key)?;
    state.check_age(now, MAX_CERTIFICATE_AGE)?;
    let data = state.certified_data(canister)?;
    verify_witness(&frame.tree, data, &frame.key, &frame.content)?;
    WebsocketMessage::from_cbor(&frame.content).map_err(VerifyError::MalformedContent)
}

/// Checks that `witness` (a CBOR hash tree) proves `content` under `key` in `certified_data`.
///
/// # Errors
/// The first check that failed, in the order of [`VerifyError`]'s variants.
pub fn verify_witness(
    witness: &[u8],
    certified_data: &[u8],
    key: &str,
    content: &[u8],
) -> Result<(), VerifyError> {
    let witness: HashTree = cbor::from_slice(witness).map_err(VerifyError::MalformedWitness)?;
    if witness.digest() != certified_data {
        return Err(VerifyError::WitnessMismatch);
    }
    match witness.lookup_path([WEBSOCKET_LABEL, key.as_bytes()]) {
        LookupResult::Found(hash) if hash == <[u8; 32]>::from(Sha256::digest(content)) => Ok(()),
        LookupResult::Found(_) => Err(VerifyError::ContentMismatch),
        _ => Err(VerifyError::KeyNotCertified(key.to_owned())),
    }
}

/// The DER key of the subnet that the root subnet has delegated to, if that subnet holds `canister`.
fn delegated_key(
    delegation: &Delegation,
    canister: Principal,
    root_key: &[u8],
) -> Result<Vec<u8>, CertificateError> {
    let certificate: Certificate =
        cbor::from_slice(&delegation.certificate).map_err(CertificateError::Malformed)?;
    if certificate.delegation.is_some() {
        return Err(CertificateError::TooManyDelegations);
    }
    verify_signature(&certificate, root_key)?;

    let subnet = delegation.subnet_id.as_slice();
    let ranges: Vec<(Principal, Principal)> =
        cbor::from_slice(canister_ranges(&certificate.tree, subnet, canister)?.as_slice())
            .map_err(CertificateError::Malformed)?;
    if !ranges
        .iter()
        .any(|(low, high)| (low..=high).contains(&&canister))
    {
        return Err(CertificateError::CanisterOutOfRange(canister));
    }
    let path = [b"subnet".as_slice(), subnet, b"public_key"];
    Ok(lookup(&certificate.tree, path, "/subnet/…/public_key")?.to_vec())
}

/// The encoded canister ranges of `subnet` that may hold `canister`: in shards, each labelled with its lowest
/// canister id, or all in one where the network is older.
fn canister_ranges(
    tree: &HashTree,
    subnet: &[u8],
    canister: Principal,
) -> Result<Vec<u8>, CertificateError> {
    let SubtreeLookupResult::Found(shards) =
        tree.lookup_subtree([b"canister_ranges".as_slice(), subnet])
    else {
        let path = [b"subnet".as_slice(), subnet, b"canister_ranges"];
        return lookup(tree, path, "/subnet/…/canister_ranges").map(<[u8]>::to_vec);
    };
    let shard = shards
        .list_paths()
        .into_iter()
        .filter_map(|mut path| path.pop())
        .filter(|label| label.as_bytes() <= canister.as_slice())
        .max_by(|a, b| a.as_bytes().cmp(b.as_bytes()))
        .ok_or(CertificateError::CanisterOutOfRange(canister))?;
    lookup(&shards, [Label::as_bytes(&shard)], "/canister_ranges/…").map(<[u8]>::to_vec)
}

fn verify_signature(certificate: &Certificate, der_key: &[u8]) -> Result<(), CertificateError> {
    let key = der_key
        .strip_prefix(DER_PREFIX)
        .ok_or(CertificateError::PublicKey)?;
    let message = [STATE_ROOT_DOMAIN, &certificate.tree.digest()].concat();
    ic_verify_bls_signature::verify_bls_signature(&certificate.signature, &message, key)
        .map_err(|()| CertificateError::Signature)
}

fn lookup<'a, const N: usize>(
    tree: &'a HashTree,
    path: [&[u8]; N],
    name: &'static str,
) -> Result<&'a [u8], CertificateError> {
    match tree.lookup_path(path) {
        LookupResult::Found(value) => Ok(value),
        _ => Err(CertificateError::Missing(name)),
    }
}

/// Decodes an unsigned LEB128 number that fills `bytes`.
fn leb128_u64(mut bytes: &[u8]) -> Option<u64> {
    let value = leb128::read::unsigned(&mut bytes).ok()?;
    bytes.is_empty().then_some(value)
}
