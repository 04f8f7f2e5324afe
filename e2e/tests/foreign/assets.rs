//! The published asset canister: what deployment tools ask of it, and what it serves.

use std::collections::HashMap;

use anyhow::Result;
use candid::{CandidType, Nat, Principal};
use e2e::canister::{Canister, rejection};
use ic_agent::agent::RejectCode;
use reqwest::{StatusCode, header};
use serde::Deserialize;

use crate::support::{asset_canister, deploy, network, somebody};

#[derive(CandidType)]
struct NoFields {}

#[derive(CandidType)]
struct Store<'a> {
    key: &'a str,
    content_type: &'a str,
    content_encoding: &'a str,
    content: &'a [u8],
    sha256: Option<Vec<u8>>,
}

#[derive(CandidType, Deserialize)]
struct Batch {
    batch_id: Nat,
}

#[derive(CandidType)]
struct CreateChunk<'a> {
    batch_id: &'a Nat,
    content: &'a [u8],
}

#[derive(CandidType, Deserialize)]
struct Chunk {
    chunk_id: Nat,
}

#[derive(CandidType)]
struct CommitBatch<'a> {
    batch_id: &'a Nat,
    operations: Vec<Operation<'a>>,
}

#[derive(CandidType)]
enum Operation<'a> {
    CreateAsset {
        key: &'a str,
        content_type: &'a str,
        max_age: Option<u64>,
        headers: Option<HashMap<String, String>>,
        enable_aliasing: Option<bool>,
        allow_raw_access: Option<bool>,
    },
    SetAssetContent {
        key: &'a str,
        content_encoding: &'a str,
        chunk_ids: Vec<Nat>,
        last_chunk: Option<Vec<u8>>,
        sha256: Option<Vec<u8>>,
    },
    DeleteAsset {
        key: &'a str,
    },
}

#[derive(CandidType, Deserialize)]
struct Listed {
    key: String,
    content_type: String,
    encodings: Vec<ListedEncoding>,
}

#[derive(CandidType, Deserialize)]
struct ListedEncoding {
    content_encoding: String,
    length: Nat,
}

#[derive(CandidType)]
struct Get<'a> {
    key: &'a str,
    accept_encodings: Vec<&'a str>,
}

#[derive(CandidType, Deserialize)]
struct Asset {
    content: Vec<u8>,
    content_type: String,
    total_length: Nat,
}

#[derive(CandidType)]
enum Permission {
    Commit,
}

#[derive(CandidType)]
struct Grant {
    to_principal: Principal,
    permission: Permission,
}

#[derive(CandidType)]
struct Permitted {
    permission: Permission,
}

fn text_file<'a>(key: &'a str, content: &'a str) -> Store<'a> {
    Store {
        key,
        content_type: "text/plain",
        content_encoding: "identity",
        content: content.as_bytes(),
        sha256: None,
    }
}

async fn keys(canister: &Canister) -> Result<Vec<String>> {
    let (listed,): (Vec<Listed>,) = canister.query("list", (NoFields {},)).await?;
    let mut keys: Vec<_> = listed.into_iter().map(|asset| asset.key).collect();
    keys.sort();
    Ok(keys)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_stored_listed_read_and_served() -> Result<()> {
    let (network, agent) = network().await?;
    let canister = deploy(&agent, &asset_canister(), ()).await?;
    let file = text_file("/notes/hello.txt", "hello");
    canister.update::<()>("store", (file,)).await?;

    let (listed,): (Vec<Listed>,) = canister.query("list", (NoFields {},)).await?;
    let [asset] = &listed[..] else {
        panic!("{} assets", listed.len());
    };
    assert_eq!(asset.key, "/notes/hello.txt");
    assert_eq!(asset.content_type, "text/plain");
    assert_eq!(asset.encodings[0].content_encoding, "identity");
    assert_eq!(asset.encodings[0].length, 5_u8);

    let get = Get {
        key: "/notes/hello.txt",
        accept_encodings: vec!["gzip", "identity"],
    };
    let (asset,): (Asset,) = canister.query("get", (get,)).await?;
    assert_eq!(asset.content, b"hello");
    assert_eq!(asset.content_type, "text/plain");
    assert_eq!(asset.total_length, 5_u8);

    let served = network.fetch(canister.id, "/notes/hello.txt").await?;
    assert_eq!(served.status(), StatusCode::OK);
    assert_eq!(served.headers()[header::CONTENT_TYPE], "text/plain");
    assert_eq!(served.text().await?, "hello");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_takes_effect_as_a_whole_and_a_large_file_is_streamed() -> Result<()> {
    const CHUNKS: usize = 3;
    const CHUNK_BYTES: usize = 1_900_000;
    let (network, agent) = network().await?;
    let canister = deploy(&agent, &asset_canister(), ()).await?;
    canister
        .update::<()>("store", (text_file("/old.txt", "old"),))
        .await?;

    let large: Vec<u8> = (0..CHUNKS * CHUNK_BYTES).map(|n| (n % 251) as u8).collect();
    let (batch,): (Batch,) = canister.update("create_batch", (NoFields {},)).await?;
    let batch_id = &batch.batch_id;
    let mut chunk_ids = vec![];
    for content in large.chunks(CHUNK_BYTES) {
        let chunk = CreateChunk { batch_id, content };
        let (created,): (Chunk,) = canister.update("create_chunk", (chunk,)).await?;
        chunk_ids.push(created.chunk_id);
    }
    let operations = |deleted| {
        vec![
            Operation::CreateAsset {
                key: "/large.bin",
                content_type: "application/octet-stream",
                max_age: Some(60),
                headers: Some([("X-Kind".to_owned(), "large".to_owned())].into()),
                enable_aliasing: None,
                allow_raw_access: None,
            },
            Operation::SetAssetContent {
                key: "/large.bin",
                content_encoding: "identity",
                chunk_ids: chunk_ids.clone(),
                last_chunk: Some(b"end".to_vec()),
                sha256: None,
            },
            Operation::DeleteAsset { key: deleted },
        ]
    };
    let commit = |operations| {
        let commit = CommitBatch {
            batch_id,
            operations,
        };
        canister.update::<()>("commit_batch", (commit,))
    };
    // Something that cannot be done, after what can.
    let impossible = Operation::SetAssetContent {
        key: "/absent.txt",
        content_encoding: "identity",
        chunk_ids: vec![],
        last_chunk: None,
        sha256: None,
    };
    let mut failing = operations("/old.txt");
    failing.push(impossible);
    let failed = rejection(commit(failing).await)?;
    assert_eq!(failed.reject_code, RejectCode::CanisterError);
    assert_eq!(keys(&canister).await?, ["/old.txt"]);

    commit(operations("/old.txt")).await?;
    assert_eq!(keys(&canister).await?, ["/large.bin"]);
    // A batch also certifies the answer for files that do not exist.
    let absent = network.fetch(canister.id, "/absent.txt").await?;
    assert_eq!(absent.status(), StatusCode::NOT_FOUND);
    let served = network.fetch(canister.id, "/large.bin").await?;
    assert_eq!(served.status(), StatusCode::OK);
    assert_eq!(served.headers()["x-kind"], "large");
    let body = served.bytes().await?;
    assert_eq!(body.len(), large.len() + 3);
    assert!(body.starts_with(&large) && body.ends_with(b"end"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_those_with_permission_change_files() -> Result<()> {
    let (network, agent) = network().await?;
    let editor_agent = network.agent(somebody()).await?;
    let canister = deploy(&agent, &asset_canister(), ()).await?;
    let as_editor = Canister::at(canister.id, &editor_agent);
    let editor = editor_agent.get_principal().map_err(anyhow::Error::msg)?;

    let refused = as_editor.update::<()>("store", (text_file("/a.txt", "a"),));
    rejection(refused.await)?;
    let grant = Grant {
        to_principal: editor,
        permission: Permission::Commit,
    };
    canister.update::<()>("grant_permission", (grant,)).await?;
    let permitted = Permitted {
        permission: Permission::Commit,
    };
    let (permitted,): (Vec<Principal>,) = canister.update("list_permitted", (permitted,)).await?;
    assert!(permitted.contains(&editor));
    as_editor
        .update::<()>("store", (text_file("/a.txt", "a"),))
        .await?;
    assert_eq!(keys(&canister).await?, ["/a.txt"]);

    // Who may commit may give that up, and no more.
    rejection(as_editor.update::<()>("authorize", (editor,)).await)?;
    as_editor.update::<()>("deauthorize", (editor,)).await?;
    rejection(as_editor.update::<()>("clear", (NoFields {},)).await)?;
    assert_eq!(keys(&canister).await?, ["/a.txt"]);
    Ok(())
}
