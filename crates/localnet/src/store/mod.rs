//! The state on disk: an SQLite database that every batch is written to before it is published. So whatever a
//! certificate says is still there after the process was killed, and a power cut may cost the newest batches, but never
//! half of one.
//!
//! ```text
//! state.sqlite           the database; `-wal` beside it is SQLite's log of what was committed lately
//!
//! network                one row: the time and the counters
//! canister   number      everything of a canister that is not below; its number is its key in the other tables
//! module     hash        a module as it was installed, once for all canisters that run it
//! heap       page        4 KiB of a heap; the key is canister number * 2^32 + page; pages of zeros may be missing
//! stable     page        4 KiB of stable memory, likewise
//! chunk      canister, hash     a piece of a module, uploaded to be installed later
//! log        canister    what the canister printed
//! snapshot   number      a canister as it was once; its number is its key in `heap`, `stable` and `chunk`, and below 0
//! message    canister, number   a message that waits; those to the management canister are under canister 0
//! request    number      a request and how it went
//! ```
//!
//! Records are CBOR. Only what a batch has changed is written, and the state tells what that is: it knows how it differs
//! from its last publication.

mod load;
mod save;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode};
use serde::{Deserialize, Serialize};

use crate::{
    execution::{CodeView, GlobalValue},
    executor::State,
};

const FILE: &str = "state.sqlite";
const LOG_FILE: &str = "state.sqlite-wal";
/// Marks the database as ours: "ICLN".
const APPLICATION: i32 = i32::from_be_bytes(*b"ICLN");
/// To be increased with every change to the tables or to a type that is written to them.
const FORMAT: i32 = 3;
/// The log is moved into the database when it has become this large. It takes some ten milliseconds then, in which
/// nothing is executed.
const LOG_BYTES: u64 = 16 << 20;
/// Free space in the database is given back at the next start if it is more than this and more than what is in use.
const FREE_BYTES: i64 = 64 << 20;
/// A process that is about to end may have the state open this long.
const PATIENCE: Duration = Duration::from_secs(1);
/// The key under which messages to the management canister wait. Canisters' numbers begin at 1.
const MANAGEMENT: i64 = 0;

const SCHEMA: &str = "
    CREATE TABLE network (id INTEGER PRIMARY KEY CHECK (id = 0), record BLOB NOT NULL) STRICT;
    CREATE TABLE canister (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, module BLOB, record BLOB NOT NULL) STRICT;
    CREATE TABLE module (hash BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE heap (page INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE stable (page INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE chunk (canister INTEGER, hash BLOB, bytes BLOB NOT NULL, PRIMARY KEY (canister, hash)) STRICT;
    CREATE TABLE log (canister INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT;
    CREATE TABLE snapshot (number INTEGER PRIMARY KEY, canister INTEGER NOT NULL, id INTEGER NOT NULL,
        module BLOB NOT NULL, record BLOB NOT NULL) STRICT;
    CREATE TABLE message (canister INTEGER, number INTEGER, record BLOB NOT NULL, PRIMARY KEY (canister, number))
        STRICT, WITHOUT ROWID;
    CREATE TABLE request (number INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT;
";

/// The state on disk cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct StoreError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: StoreProblem,
}

/// What can be wrong with a state on disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreProblem {
    /// Another network has it open.
    #[error(
        "this state is in use by another process; a state directory is for one network at a time"
    )]
    InUse,
    /// It was not written by a local network.
    #[error("this is not the state of a local network")]
    Foreign,
    /// It was written by another version.
    #[error(
        "this state has the format {0}, and this version reads the format {FORMAT} only; use the version that wrote it, or an empty state directory"
    )]
    Version(i32),
    /// What is in it cannot be understood.
    #[error("this state is damaged: {0}")]
    Damaged(String),
    /// It cannot be read or written.
    #[error(transparent)]
    Database(rusqlite::Error),
    /// Its directory, or memory for what is in it, cannot be had.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<rusqlite::Error> for StoreProblem {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy) => Self::InUse,
            Some(ErrorCode::NotADatabase) => Self::Foreign,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(error.to_string()),
            _ => Self::Database(error),
        }
    }
}

/// The network's own row.
#[derive(Serialize, Deserialize)]
struct NetworkRecord {
    time_ns: u64,
    next_canister: u64,
    last_deleted_call: u64,
}

/// What a canister's code is, apart from its module and memories.
#[derive(Serialize, Deserialize)]
struct CodeRecord {
    globals: Vec<GlobalValue>,
    heap_bytes: usize,
    stable_pages: u64,
}

impl From<&CodeView> for CodeRecord {
    fn from(code: &CodeView) -> Self {
        Self {
            globals: code.globals.to_vec(),
            heap_bytes: code.heap.bytes(),
            stable_pages: code.stable.wasm_pages(),
        }
    }
}

/// What a snapshot is, apart from its module, memories and chunks.
#[derive(Serialize, Deserialize)]
struct SnapshotRecord {
    taken_ns: u64,
    version: u64,
    certified_data: Vec<u8>,
    code: CodeRecord,
}

/// An open state. As long as it is, nobody else can open it.
pub struct Store {
    database: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the state in `dir`, a new one if there is none.
    ///
    /// # Errors
    /// If it cannot be accessed, is in use, or is not one that this version can read; it is left alone then.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(FILE);
        match open(dir, &path) {
            Ok(database) => Ok(Self { database, path }),
            Err(problem) => Err(StoreError { path, problem }),
        }
    }

    /// Reads everything into an empty state; gives the time it was at.
    ///
    /// # Errors
    /// If the file cannot be read or is damaged.
    pub fn load(&self, state: &mut State) -> Result<u64, StoreError> {
        load::load(&self.database, state).map_err(|problem| self.error(problem))
    }

    /// Writes what has changed since the state was published last, all or nothing.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&mut self, state: &State) -> Result<(), StoreError> {
        let saved = self
            .database
            .transaction()
            .map_err(StoreProblem::from)
            .and_then(|batch| {
                save::save(&batch, state)?;
                Ok(batch.commit()?)
            });
        saved.map_err(|problem| self.error(problem))
    }

    /// Moves the log into the database if it has grown large. For moments when nobody waits for a result.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub fn empty_large_log(&self) -> Result<(), StoreError> {
        let log = fs::metadata(self.path.with_file_name(LOG_FILE)).map_err(StoreProblem::from);
        if log.map_err(|problem| self.error(problem))?.len() < LOG_BYTES {
            return Ok(());
        }
        empty_log(&self.database).map_err(|problem| self.error(problem))
    }

    fn error(&self, problem: StoreProblem) -> StoreError {
        let path = self.path.clone();
        StoreError { path, problem }
    }
}

fn open(dir: &Path, path: &Path) -> Result<Connection, StoreProblem> {
    fs::create_dir_all(dir)?;
    let mut database = Connection::open(path)?;
    database.busy_timeout(PATIENCE)?;
    database.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    check(&database)?;
    // From here on it is ours, and may be written to.
    database.pragma_update(None, "journal_mode", "WAL")?;
    // A killed process loses nothing, as the operating system has it all. Only before the log is moved into the
    // database, it has to be on the disk.
    database.pragma_update(None, "synchronous", "NORMAL")?;
    database.pragma_update(None, "wal_autocheckpoint", 0)?;
    if tables(&database)? == 0 {
        let creation = database.transaction()?;
        creation.execute_batch(SCHEMA)?;
        creation.pragma_update(None, "application_id", APPLICATION)?;
        creation.pragma_update(None, "user_version", FORMAT)?;
        creation.commit()?;
    }
    shrink(&database)?;
    Ok(database)
}

/// Whether the file is a state that this version can read, or an empty one.
fn check(database: &Connection) -> Result<(), StoreProblem> {
    let pragma = |name| database.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    match (pragma("application_id")?, pragma("user_version")?) {
        (APPLICATION, FORMAT) => Ok(()),
        (APPLICATION, version) => Err(StoreProblem::Version(version)),
        (0, 0) if tables(database)? == 0 => Ok(()),
        _ => Err(StoreProblem::Foreign),
    }
}

fn tables(database: &Connection) -> rusqlite::Result<i64> {
    database.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
}

/// Space that was freed is used again, so it is given back only when there is more of it than of anything else.
fn shrink(database: &Connection) -> Result<(), StoreProblem> {
    let pragma = |name| database.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (pages, free) = (pragma("page_count")?, pragma("freelist_count")?);
    if free * pragma("page_size")? > FREE_BYTES && free > pages / 2 {
        database.execute_batch("VACUUM")?;
        empty_log(database)?;
    }
    Ok(())
}

fn empty_log(database: &Connection) -> Result<(), StoreProblem> {
    Ok(database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}
