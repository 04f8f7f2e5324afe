//! Writing what a batch has changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
};

use candid::Principal;
use rusqlite::{Connection, OptionalExtension as _};
use serde::Serialize;

use super::{CodeRecord, MANAGEMENT, NetworkRecord, SnapshotRecord, StoreProblem};
use crate::{
    canister::{Canister, CanisterView, Queue, Snapshot, Snapshots, Waiting},
    execution::{CanisterModule, Heap, HeapChanges, PAGE, StableMemory},
    executor::{History, State},
};

/// Within a transaction, writes how the state differs from what was published last.
pub fn save(batch: &Connection, state: &State) -> Result<(), StoreProblem> {
    let record = NetworkRecord {
        time_ns: state.host.time_ns,
        next_canister: state.next_canister,
        last_deleted_call: state.last_deleted_call,
    };
    batch
        .prepare_cached("REPLACE INTO network (id, record) VALUES (0, ?1)")?
        .execute([encode(&record)?])?;
    save_queue(batch, MANAGEMENT, &state.management)?;
    for (id, before) in state.changed_canisters() {
        if before.is_none() {
            forget_canister(batch, id)?;
        }
        match state.canisters.get(&id) {
            Some(canister) => save_canister(batch, canister, before)?,
            None => forget_canister(batch, id)?,
        }
    }
    save_requests(batch, &state.history)
}

fn save_canister(
    batch: &Connection,
    canister: &Canister,
    before: Option<&CanisterView>,
) -> Result<(), StoreProblem> {
    let code = canister.code.as_ref();
    let record = code.map(|code| CodeRecord::from(&code.view()));
    let mut upsert = batch.prepare_cached(
        "INSERT INTO canister (id, module, record) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET module = excluded.module, record = excluded.record
         RETURNING number",
    )?;
    let number = upsert.query_row(
        (
            canister.id.as_slice(),
            code.map(|code| code.module.hash()),
            encode(&(canister, record))?,
        ),
        |row| row.get(0),
    )?;
    save_queue(batch, number, &canister.queue)?;
    save_chunks(batch, number, &canister.chunks)?;
    if before.is_none_or(|before| !Arc::ptr_eq(&before.snapshots, &canister.snapshots)) {
        save_snapshots(batch, number, &canister.snapshots)?;
    }
    if before.is_none_or(|before| !Arc::ptr_eq(&before.logs, &canister.logs)) {
        batch
            .prepare_cached("REPLACE INTO log (canister, record) VALUES (?1, ?2)")?
            .execute((number, encode(&*canister.logs)?))?;
    }
    let code_before = before.and_then(|before| before.code.as_ref());
    let hash_before = code_before.map(|code| code.module.hash());
    if code.map(|code| code.module.hash()) != hash_before {
        if let Some(code) = code {
            save_module(batch, &code.module)?;
        }
        forget_unused_modules(batch)?;
    }
    let heap = code.map(|code| &code.heap);
    let changes = match (heap, code_before) {
        (None, None) => HeapChanges::Pages(&BTreeSet::new()),
        (Some(heap), Some(before)) => heap.changes_since(&before.heap),
        _ => HeapChanges::Everything,
    };
    save_heap(batch, number, heap, changes)?;
    let nothing = StableMemory::default();
    save_stable(
        batch,
        number,
        code.map_or(&nothing, |code| &code.stable),
        code_before.map_or(&nothing, |code| &code.stable),
    )
}

/// Messages come at the end and go at the beginning.
fn save_queue<T: Serialize + Waiting>(
    batch: &Connection,
    canister: i64,
    queue: &Queue<T>,
) -> Result<(), StoreProblem> {
    batch
        .prepare_cached("DELETE FROM message WHERE canister = ?1 AND number < ?2")?
        .execute((canister, queue.first().cast_signed()))?;
    let next: i64 = batch
        .prepare_cached("SELECT coalesce(max(number) + 1, 0) FROM message WHERE canister = ?1")?
        .query_row([canister], |row| row.get(0))?;
    let mut insert = batch
        .prepare_cached("INSERT INTO message (canister, number, record) VALUES (?1, ?2, ?3)")?;
    for (number, message) in queue.since(next.cast_unsigned()) {
        insert.execute((canister, number.cast_signed(), encode(message)?))?;
    }
    Ok(())
}

fn save_chunks(
    batch: &Connection,
    number: i64,
    chunks: &BTreeMap<[u8; 32], Vec<u8>>,
) -> Result<(), StoreProblem> {
    let mut stored = batch.prepare_cached("SELECT hash FROM chunk WHERE canister = ?1")?;
    let stored = stored.query_map([number], |row| row.get(0))?;
    let stored = stored.collect::<Result<BTreeSet<[u8; 32]>, _>>()?;
    for hash in &stored {
        if !chunks.contains_key(hash) {
            batch.execute(
                "DELETE FROM chunk WHERE canister = ?1 AND hash = ?2",
                (number, hash),
            )?;
        }
    }
    for (hash, bytes) in chunks {
        if !stored.contains(hash) {
            batch.execute(
                "INSERT INTO chunk (canister, hash, bytes) VALUES (?1, ?2, ?3)",
                (number, hash, bytes),
            )?;
        }
    }
    Ok(())
}

/// Snapshots come and go, and never change.
fn save_snapshots(
    batch: &Connection,
    canister: i64,
    snapshots: &Snapshots,
) -> Result<(), StoreProblem> {
    let mut stored = batch.prepare("SELECT id, number FROM snapshot WHERE canister = ?1")?;
    let stored = stored.query_map([canister], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let stored = stored.collect::<Result<BTreeMap<i64, i64>, _>>()?;
    for (id, number) in &stored {
        if !snapshots.contains_key(&id.cast_unsigned()) {
            forget_snapshot(batch, *number)?;
        }
    }
    for (id, snapshot) in snapshots {
        if !stored.contains_key(&id.cast_signed()) {
            save_snapshot(batch, canister, *id, snapshot)?;
        }
    }
    forget_unused_modules(batch)
}

fn save_snapshot(
    batch: &Connection,
    canister: i64,
    id: u64,
    snapshot: &Snapshot,
) -> Result<(), StoreProblem> {
    let code = &snapshot.code;
    let record = SnapshotRecord {
        taken_ns: snapshot.taken_ns,
        version: snapshot.version,
        certified_data: snapshot.certified_data.clone(),
        code: code.into(),
    };
    let number = batch.query_row(
        "INSERT INTO snapshot (number, canister, id, module, record)
         SELECT coalesce(min(number), 0) - 1, ?1, ?2, ?3, ?4 FROM snapshot
         RETURNING number",
        (
            canister,
            id.cast_signed(),
            code.module.hash(),
            encode(&record)?,
        ),
        |row| row.get(0),
    )?;
    save_module(batch, &code.module)?;
    save_chunks(batch, number, &snapshot.chunks)?;
    let heap = Heap::from(code.heap.clone());
    save_heap(batch, number, Some(&heap), HeapChanges::Everything)?;
    save_stable(batch, number, &code.stable, &StableMemory::default())
}

fn save_module(batch: &Connection, module: &CanisterModule) -> Result<(), StoreProblem> {
    batch.execute(
        "INSERT OR IGNORE INTO module (hash, bytes) VALUES (?1, ?2)",
        (module.hash(), module.source()),
    )?;
    Ok(())
}

/// Drops what no canister runs any more, and none can go back to.
fn forget_unused_modules(batch: &Connection) -> Result<(), StoreProblem> {
    batch.execute(
        "DELETE FROM module WHERE hash NOT IN (
            SELECT module FROM canister WHERE module IS NOT NULL UNION SELECT module FROM snapshot)",
        [],
    )?;
    Ok(())
}

fn save_heap(
    batch: &Connection,
    number: i64,
    heap: Option<&Heap>,
    changes: HeapChanges<'_>,
) -> Result<(), StoreProblem> {
    if let HeapChanges::Everything = changes {
        forget_pages(batch, "heap", number)?;
    }
    let Some(heap) = heap else {
        return Ok(());
    };
    let mut replace = batch.prepare_cached("REPLACE INTO heap (page, bytes) VALUES (?1, ?2)")?;
    match changes {
        HeapChanges::Pages(pages) => {
            for &page in pages {
                replace.execute((key(number, page as u64), heap.page(page)?))?;
            }
        }
        HeapChanges::Everything => {
            for n in 0..heap.bytes() / PAGE {
                let page = heap.page(n)?;
                if page != [0; PAGE] {
                    replace.execute((key(number, n as u64), page))?;
                }
            }
        }
    }
    Ok(())
}

fn save_stable(
    batch: &Connection,
    number: i64,
    stable: &StableMemory,
    before: &StableMemory,
) -> Result<(), StoreProblem> {
    let mut replace = batch.prepare_cached("REPLACE INTO stable (page, bytes) VALUES (?1, ?2)")?;
    let mut delete = batch.prepare_cached("DELETE FROM stable WHERE page = ?1")?;
    for (page, bytes) in stable.changes_since(before) {
        let key = key(number, page);
        match bytes {
            Some(bytes) => replace.execute((key, bytes))?,
            None => delete.execute([key])?,
        };
    }
    Ok(())
}

fn save_requests(batch: &Connection, history: &History) -> Result<(), StoreProblem> {
    let mut replace =
        batch.prepare_cached("REPLACE INTO request (number, record) VALUES (?1, ?2)")?;
    let mut delete = batch.prepare_cached("DELETE FROM request WHERE number = ?1")?;
    for (number, record) in history.changed() {
        let number = number.cast_signed();
        match record {
            Some(record) => replace.execute((number, encode(record)?))?,
            None => delete.execute([number])?,
        };
    }
    Ok(())
}

fn forget_canister(batch: &Connection, id: Principal) -> Result<(), StoreProblem> {
    let number: Option<i64> = batch
        .query_row(
            "DELETE FROM canister WHERE id = ?1 RETURNING number",
            [id.as_slice()],
            |row| row.get(0),
        )
        .optional()?;
    let Some(number) = number else {
        return Ok(());
    };
    for table in ["message", "chunk", "log"] {
        batch.execute(
            &format!("DELETE FROM {table} WHERE canister = ?1"),
            [number],
        )?;
    }
    forget_memories(batch, number)?;
    save_snapshots(batch, number, &Snapshots::new())
}

fn forget_snapshot(batch: &Connection, number: i64) -> Result<(), StoreProblem> {
    batch.execute("DELETE FROM snapshot WHERE number = ?1", [number])?;
    batch.execute("DELETE FROM chunk WHERE canister = ?1", [number])?;
    forget_memories(batch, number)
}

fn forget_memories(batch: &Connection, number: i64) -> Result<(), StoreProblem> {
    for table in ["heap", "stable"] {
        forget_pages(batch, table, number)?;
    }
    Ok(())
}

fn forget_pages(batch: &Connection, table: &str, number: i64) -> Result<(), StoreProblem> {
    batch.execute(
        &format!("DELETE FROM {table} WHERE page >= ?1 AND page < ?2"),
        (key(number, 0), key(number + 1, 0)),
    )?;
    Ok(())
}

/// A record, without the tag that the interface puts in front: the library cannot read an enum behind it.
fn encode(record: &impl Serialize) -> Result<Vec<u8>, StoreProblem> {
    Ok(serde_cbor::to_vec(record).map_err(io::Error::other)?)
}

/// A page's key, given the number of its canister or snapshot. Page numbers are less than 2^32: stable memory would have to
/// be of 16 TiB else.
pub(super) fn key(number: i64, page: u64) -> i64 {
    (number << 32) + page.cast_signed()
}
