//! The part of the asset canister's Candid interface that an upload needs.

use std::collections::HashMap;

use candid::{CandidType, Nat};
use serde::Deserialize;
use serde_bytes::ByteBuf;

#[derive(CandidType)]
pub(super) struct Empty {}

#[derive(Deserialize, CandidType)]
pub(super) struct ListedAsset {
    pub key: String,
    pub content_type: String,
    pub encodings: Vec<ListedEncoding>,
}

#[derive(Deserialize, CandidType)]
pub(super) struct ListedEncoding {
    pub content_encoding: String,
    pub sha256: Option<ByteBuf>,
}

#[derive(Deserialize, CandidType)]
pub(super) struct AssetProperties {
    pub headers: Option<HashMap<String, String>>,
}

#[derive(Deserialize, CandidType)]
pub(super) struct CreateBatchResponse {
    pub batch_id: Nat,
}

#[derive(CandidType)]
pub(super) struct CreateChunks {
    pub batch_id: Nat,
    pub content: Vec<ByteBuf>,
}

#[derive(Deserialize, CandidType)]
pub(super) struct CreateChunksResponse {
    pub chunk_ids: Vec<Nat>,
}

#[derive(CandidType)]
pub(super) struct CommitBatch {
    pub batch_id: Nat,
    pub operations: Vec<BatchOperation>,
}

#[derive(CandidType)]
pub(super) enum BatchOperation {
    CreateAsset(CreateAsset),
    SetAssetContent(SetAssetContent),
    UnsetAssetContent(UnsetAssetContent),
    DeleteAsset(DeleteAsset),
    SetAssetProperties(SetAssetProperties),
}

#[derive(CandidType)]
pub(super) struct CreateAsset {
    pub key: String,
    pub content_type: String,
    pub max_age: Option<u64>,
    pub headers: Option<HashMap<String, String>>,
    pub enable_aliasing: Option<bool>,
    pub allow_raw_access: Option<bool>,
}

#[derive(CandidType)]
pub(super) struct SetAssetContent {
    pub key: String,
    pub content_encoding: String,
    pub chunk_ids: Vec<Nat>,
    /// Appended to the chunks. A file needs at least one chunk, and an empty file has none of its own.
    pub last_chunk: Option<ByteBuf>,
    pub sha256: Option<ByteBuf>,
}

#[derive(CandidType)]
pub(super) struct UnsetAssetContent {
    pub key: String,
    pub content_encoding: String,
}

#[derive(CandidType)]
pub(super) struct DeleteAsset {
    pub key: String,
}

/// In each field, the outer `None` leaves the property as it is.
#[derive(CandidType)]
pub(super) struct SetAssetProperties {
    pub key: String,
    pub max_age: Option<Option<u64>>,
    pub headers: Option<Option<HashMap<String, String>>>,
    pub allow_raw_access: Option<Option<bool>>,
    pub is_aliased: Option<Option<bool>>,
}
