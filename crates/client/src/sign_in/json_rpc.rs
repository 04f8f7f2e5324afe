//! The JSON that is exchanged with an identity provider: JSON-RPC 2.0, and the delegations of ICRC-34 in it.

use std::{fmt::Display, str::FromStr};

use base64::{Engine, prelude::BASE64_STANDARD};
use candid::Principal;
use ic_transport_types::{Delegation, DelegationPermissions, SignedDelegation};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::signer::DelegationChain;

const VERSION: &str = "2.0";

#[derive(Serialize)]
pub(super) struct Request<'a, P> {
    jsonrpc: &'static str,
    id: &'a str,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<P>,
}

impl<'a, P> Request<'a, P> {
    pub fn new(id: &'a str, method: &'a str, params: Option<P>) -> Self {
        Self {
            jsonrpc: VERSION,
            id,
            method,
            params,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Response {
    jsonrpc: String,
    id: String,
    #[serde(default)]
    pub result: serde_json::Value,
    pub error: Option<RpcError>,
}

#[derive(Deserialize)]
pub(super) struct RpcError {
    pub code: i64,
    #[serde(default)]
    pub message: String,
}

impl Response {
    /// Whether this answers the request `id`.
    pub fn answers(&self, id: &str) -> bool {
        self.jsonrpc == VERSION && self.id == id
    }
}

/// The parameters of `icrc34_delegation`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DelegationParams<'a> {
    #[serde(serialize_with = "to_base64")]
    pub public_key: &'a [u8],
    /// In nanoseconds.
    #[serde(serialize_with = "to_text")]
    pub max_time_to_live: u128,
}

/// The result of `icrc34_delegation`, and how a session is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JsonChain {
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    public_key: Vec<u8>,
    signer_delegation: Vec<JsonLink>,
}

#[derive(Serialize, Deserialize)]
struct JsonLink(#[serde(with = "JsonSignedDelegation")] SignedDelegation);

#[derive(Serialize, Deserialize)]
#[serde(remote = "SignedDelegation")]
struct JsonSignedDelegation {
    #[serde(with = "JsonDelegation")]
    delegation: Delegation,
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    signature: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Delegation")]
struct JsonDelegation {
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pubkey: Vec<u8>,
    #[serde(serialize_with = "to_text", deserialize_with = "from_text")]
    expiration: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    targets: Option<Vec<Principal>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    permissions: Option<DelegationPermissions>,
}

impl From<JsonChain> for DelegationChain {
    fn from(json: JsonChain) -> Self {
        let links = json.signer_delegation.into_iter();
        Self {
            public_key: json.public_key,
            delegations: links.map(|JsonLink(signed)| signed).collect(),
        }
    }
}

impl From<DelegationChain> for JsonChain {
    fn from(chain: DelegationChain) -> Self {
        Self {
            public_key: chain.public_key,
            signer_delegation: chain.delegations.into_iter().map(JsonLink).collect(),
        }
    }
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    BASE64_STANDARD.decode(text).map_err(D::Error::custom)
}

fn to_text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn from_text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}
