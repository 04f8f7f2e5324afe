//! The chunk store: modules larger than a message come in pieces.

use ic_management_canister_types::{CanisterIdRecord, ChunkHash, UploadChunkArgs};
use sha2::{Digest as _, Sha256};

use super::{Call, Handled, check_controller_or_self, decode, done, reply};
use crate::{
    canister::{Canister, Footprint},
    executor::State,
    rejection::{ErrorCode, Rejection},
};

const MAX_CHUNK_BYTES: usize = 1 << 20;

pub fn upload_chunk(state: &mut State, call: &mut Call<'_>) -> Handled {
    let args: UploadChunkArgs = decode(call.arg)?;
    check_controller_or_self(state, args.canister_id, call.sender)?;
    if args.chunk.len() > MAX_CHUNK_BYTES {
        let message = format!(
            "the chunk has {} bytes; at most {MAX_CHUNK_BYTES} are allowed",
            args.chunk.len()
        );
        return Err(Rejection::new(
            ErrorCode::CanisterContractViolation,
            message,
        ));
    }
    let hash: [u8; 32] = Sha256::digest(&args.chunk).into();
    let canister = state.canister(args.canister_id)?;
    if !canister.chunks.contains_key(&hash) {
        check_room(state, canister, args.chunk.len())?;
    }
    let chunks = &mut state.canister_mut(args.canister_id)?.chunks;
    chunks.insert(hash, args.chunk);
    reply(&ChunkHash {
        hash: hash.to_vec(),
    })
}

/// Whether one more chunk can be stored.
fn check_room(state: &State, canister: &Canister, bytes: usize) -> Result<(), Rejection> {
    let limit = state.limits.chunks;
    if canister.chunks.len() >= limit {
        let message = format!("the chunk store is full: it holds {limit} chunks");
        return Err(Rejection::new(
            ErrorCode::CanisterContractViolation,
            message,
        ));
    }
    let needed = Footprint {
        chunks: bytes as u64,
        ..Footprint::default()
    };
    state.check_room(needed, Footprint::default())
}

pub fn stored_chunks(state: &mut State, call: &mut Call<'_>) -> Handled {
    let CanisterIdRecord { canister_id } = decode(call.arg)?;
    check_controller_or_self(state, canister_id, call.sender)?;
    let hashes = state.canister(canister_id)?.chunks.keys();
    reply(
        &hashes
            .map(|hash| ChunkHash {
                hash: hash.to_vec(),
            })
            .collect::<Vec<_>>(),
    )
}

pub fn clear_chunk_store(state: &mut State, call: &mut Call<'_>) -> Handled {
    let CanisterIdRecord { canister_id } = decode(call.arg)?;
    check_controller_or_self(state, canister_id, call.sender)?;
    state.canister_mut(canister_id)?.chunks.clear();
    done()
}
