//! Uploads the page to the asset canister: only what differs, and all of it at once or not at all.

mod api;
mod plan;
mod source;

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use candid::{CandidType, Decode, Encode, Nat};

use self::{
    api::{
        AssetProperties, BatchOperation, CommitBatch, CreateBatchResponse, CreateChunks,
        CreateChunksResponse, Empty, ListedAsset,
    },
    plan::{PresentAsset, Step},
};
use super::{Calls, environment::Environment};

/// A call carries at most 2 MiB, the envelope included.
const MAX_CONTENT_IN_ONE_CALL: usize = 1_900_000;

/// Makes the asset canister behind `calls` serve the files of `folder`, and no others.
pub(super) async fn sync(
    calls: &impl Calls,
    folder: &Path,
    environment: &Environment,
) -> Result<()> {
    let canister = AssetCanister { calls };
    let wanted = source::read(folder, environment)?;
    let present = canister.present().await?;
    let steps = plan::difference(&wanted, &present);
    // Also when there is nothing to do: the canister takes it as the occasion to look at its environment.
    let reply = canister.update("create_batch", &Empty {}).await?;
    let batch_id = Decode!(&reply, CreateBatchResponse)?.batch_id;
    let operations = canister.upload(&batch_id, &steps).await?;
    canister
        .update(
            "commit_batch",
            &CommitBatch {
                batch_id,
                operations,
            },
        )
        .await?;
    Ok(())
}

struct AssetCanister<'a, C> {
    calls: &'a C,
}

impl<C: Calls> AssetCanister<'_, C> {
    async fn present(&self) -> Result<BTreeMap<String, PresentAsset>> {
        let reply = self.query("list", &Empty {}).await?;
        let mut present = BTreeMap::new();
        for asset in Decode!(&reply, Vec<ListedAsset>)? {
            let reply = self.query("get_asset_properties", &asset.key).await?;
            let properties = Decode!(&reply, AssetProperties)?;
            let encodings = asset
                .encodings
                .into_iter()
                .filter_map(|encoding| {
                    Some((encoding.content_encoding, encoding.sha256?.into_vec()))
                })
                .collect();
            let mut headers: BTreeMap<_, _> =
                properties.headers.unwrap_or_default().into_iter().collect();
            // Set by the canister itself.
            headers.remove("Set-Cookie");
            present.insert(
                asset.key,
                PresentAsset {
                    content_type: asset.content_type,
                    headers,
                    encodings,
                },
            );
        }
        Ok(present)
    }

    /// Uploads the contents that `steps` need; gives the operations that carry the steps out.
    async fn upload(&self, batch_id: &Nat, steps: &[Step<'_>]) -> Result<Vec<BatchOperation>> {
        let mut chunk_ids = vec![Vec::new(); steps.len()];
        for call in plan::calls(steps, MAX_CONTENT_IN_ONE_CALL) {
            let content = call
                .iter()
                .map(|piece| piece.bytes.to_vec().into())
                .collect();
            let create = CreateChunks {
                batch_id: batch_id.clone(),
                content,
            };
            let reply = self.update("create_chunks", &create).await?;
            let created = Decode!(&reply, CreateChunksResponse)?.chunk_ids;
            for (piece, chunk_id) in call.iter().zip(created) {
                chunk_ids[piece.step].push(chunk_id);
            }
        }
        Ok(steps
            .iter()
            .zip(chunk_ids)
            .map(|(step, chunk_ids)| step.operation(chunk_ids))
            .collect())
    }

    async fn query(&self, method: &str, argument: &impl CandidType) -> Result<Vec<u8>> {
        self.calls.query(method, Encode!(argument)?).await
    }

    async fn update(&self, method: &str, argument: &impl CandidType) -> Result<Vec<u8>> {
        self.calls.update(method, Encode!(argument)?).await
    }
}
