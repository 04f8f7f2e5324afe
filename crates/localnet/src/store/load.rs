//! Reading everything back.

use std::{collections::BTreeMap, collections::VecDeque, sync::Arc};

use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::de::DeserializeOwned;

use super::{CodeRecord, MANAGEMENT, NetworkRecord, SnapshotRecord, StoreProblem, save::key};
use crate::{
    canister::{Canister, Logs, Queue, Snapshot, Snapshots, Waiting},
    cbor,
    execution::{Code, Engine, Heap, PAGE, StableMemory},
    executor::State,
};

/// Reads everything into an empty state; gives the time it was at.
pub fn load(database: &Connection, state: &mut State) -> Result<u64, StoreProblem> {
    let mut network = database.prepare("SELECT record FROM network")?;
    let mut rows = network.query([])?;
    let Some(row) = rows.next()? else {
        return Ok(0);
    };
    let network: NetworkRecord = record(row, 0)?;
    state.next_canister = network.next_canister;
    state.last_deleted_call = network.last_deleted_call;
    state.management = load_queue(database, MANAGEMENT)?;
    let mut canisters = database.prepare("SELECT number, module, record FROM canister")?;
    let mut rows = canisters.query([])?;
    while let Some(row) = rows.next()? {
        let (number, module) = (row.get(0)?, row.get(1)?);
        let (mut canister, code): (Canister, Option<CodeRecord>) = record(row, 2)?;
        canister.queue = load_queue(database, number)?;
        canister.chunks = load_chunks(database, number)?;
        canister.logs = Arc::new(load_logs(database, number)?);
        let engine = &state.host.engine;
        canister.snapshots = Arc::new(load_snapshots(database, number, engine)?);
        canister.code = match (code, module) {
            (None, None) => None,
            (Some(code), Some(module)) => Some(load_code(database, number, module, code, engine)?),
            _ => {
                let why = format!("the canister {} has half of its code", canister.id);
                return Err(StoreProblem::Damaged(why));
            }
        };
        state.add_canister(canister);
    }
    let mut requests = database.prepare("SELECT record FROM request ORDER BY number")?;
    let mut rows = requests.query([])?;
    while let Some(row) = rows.next()? {
        state.history.restore(record(row, 0)?);
    }
    Ok(network.time_ns)
}

fn load_queue<T: DeserializeOwned + Waiting>(
    database: &Connection,
    canister: i64,
) -> Result<Queue<T>, StoreProblem> {
    let mut messages = database
        .prepare("SELECT number, record FROM message WHERE canister = ?1 ORDER BY number")?;
    let mut rows = messages.query([canister])?;
    let mut first = 0;
    let mut items = VecDeque::new();
    while let Some(row) = rows.next()? {
        if items.is_empty() {
            first = row.get::<_, i64>(0)?.cast_unsigned();
        }
        items.push_back(record(row, 1)?);
    }
    Ok(Queue::restored(first, items))
}

fn load_chunks(
    database: &Connection,
    canister: i64,
) -> Result<BTreeMap<[u8; 32], Vec<u8>>, StoreProblem> {
    let mut chunks = database.prepare("SELECT hash, bytes FROM chunk WHERE canister = ?1")?;
    let chunks = chunks.query_map([canister], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(chunks.collect::<Result<_, _>>()?)
}

fn load_logs(database: &Connection, canister: i64) -> Result<Logs, StoreProblem> {
    let mut logs = database.prepare("SELECT record FROM log WHERE canister = ?1")?;
    let mut rows = logs.query([canister])?;
    match rows.next()? {
        Some(row) => record(row, 0),
        None => Ok(Logs::default()),
    }
}

fn load_snapshots(
    database: &Connection,
    canister: i64,
    engine: &Engine,
) -> Result<Snapshots, StoreProblem> {
    let mut snapshots =
        database.prepare("SELECT number, id, module, record FROM snapshot WHERE canister = ?1")?;
    let mut rows = snapshots.query([canister])?;
    let mut loaded = Snapshots::new();
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        let record: SnapshotRecord = record(row, 3)?;
        let code = load_code(database, number, row.get(2)?, record.code, engine)?;
        let snapshot = Snapshot {
            taken_ns: record.taken_ns,
            version: record.version,
            certified_data: record.certified_data,
            chunks: load_chunks(database, number)?,
            code: code.view(),
        };
        loaded.insert(row.get::<_, i64>(1)?.cast_unsigned(), Arc::new(snapshot));
    }
    Ok(loaded)
}

fn load_code(
    database: &Connection,
    number: i64,
    module: [u8; 32],
    code: CodeRecord,
    engine: &Engine,
) -> Result<Code, StoreProblem> {
    let damaged = |why: String| {
        let module = hex::encode(module);
        StoreProblem::Damaged(format!("the module {module} {why}"))
    };
    let source: Option<Vec<u8>> = database
        .query_row(
            "SELECT bytes FROM module WHERE hash = ?1",
            [module],
            |row| row.get(0),
        )
        .optional()?;
    let source = source.ok_or_else(|| damaged("is missing".into()))?;
    let module = engine
        .load(&source)
        .map_err(|e| damaged(format!("cannot be loaded: {e}")))?;
    let mut heap = Heap::zeroed(code.heap_bytes)?;
    each_page(database, "heap", number, |page, bytes| {
        let number = usize::try_from(page).unwrap_or(usize::MAX);
        if number >= code.heap_bytes / PAGE {
            let why = format!("page {page} is beyond the end of its heap");
            return Err(StoreProblem::Damaged(why));
        }
        Ok(heap.set_page(number, bytes)?)
    })?;
    let mut stable = StableMemory::default();
    stable.resize(code.stable_pages);
    each_page(database, "stable", number, |page, bytes| {
        stable.set_page(page, *bytes);
        Ok(())
    })?;
    Ok(Code {
        module,
        globals: Arc::new(code.globals),
        heap,
        stable,
    })
}

fn each_page(
    database: &Connection,
    table: &str,
    canister: i64,
    mut read: impl FnMut(u64, &[u8; PAGE]) -> Result<(), StoreProblem>,
) -> Result<(), StoreProblem> {
    let first = key(canister, 0);
    let mut pages = database.prepare(&format!(
        "SELECT page, bytes FROM {table} WHERE page >= ?1 AND page < ?2 ORDER BY page"
    ))?;
    let mut rows = pages.query((first, key(canister + 1, 0)))?;
    while let Some(row) = rows.next()? {
        let page = (row.get::<_, i64>(0)? - first).cast_unsigned();
        let bytes = row.get_ref(1)?.as_blob().ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        let bytes = bytes.ok_or_else(|| {
            StoreProblem::Damaged(format!(
                "page {page} in the table `{table}` has not {PAGE} bytes"
            ))
        })?;
        read(page, bytes)?;
    }
    Ok(())
}

fn record<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, StoreProblem> {
    let bytes = row.get_ref(column)?.as_blob().unwrap_or_default();
    cbor::decode(bytes).map_err(|e| StoreProblem::Damaged(e.to_string()))
}
