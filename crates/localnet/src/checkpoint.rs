//! The state on disk.
//!
//! ```text
//! CURRENT              the name of the newest complete checkpoint
//! checkpoint-N/
//!   state.cbor         everything but memories and modules
//!   HASH.wasm          an installed module
//!   CANISTER.heap      the linear memory
//!   CANISTER.stable    stable memory: for each page its number (eight bytes, little-endian) and its content
//! ```
//!
//! A checkpoint is written under a new name. It counts once `CURRENT` names it, which happens in one step; so whatever
//! interrupts the writing, there is always a whole one.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
};

use candid::Principal;
use serde::{Deserialize, Serialize};
use serde_cbor::de::IoRead;

use crate::{
    canister::{Canister, Request},
    execution::{Code, GlobalValue, Heap, PAGE, StableMemory},
    executor::{RequestRecord, State},
};

const CURRENT: &str = "CURRENT";
const PREFIX: &str = "checkpoint-";
const STATE: &str = "state.cbor";
/// Changes when what is written cannot be read by older versions any more.
const FORMAT: u32 = 1;

/// Why the state could not be written to or read from disk.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A file could not be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: io::Error,
    },
    /// The state cannot be understood.
    #[error("{}: this is not a state that this version can read: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no consistent state to write, because execution has failed.
    #[error("there is nothing to save, as the executor has failed: {0}")]
    Executor(String),
}

/// The head of `state.cbor`, which tells whether the rest can be read.
#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    time_ns: u64,
    next_canister: u64,
    canisters: usize,
    requests: usize,
    management: Vec<Request>,
}

/// What a canister's code is, apart from its memories.
#[derive(Serialize, Deserialize)]
struct CodeRecord {
    module: [u8; 32],
    globals: Vec<GlobalValue>,
    stable_pages: u64,
}

/// Writes the state, and forgets the checkpoint before.
pub fn save(dir: &Path, state: &State) -> Result<(), CheckpointError> {
    let before = current(dir)?;
    let number = before.as_deref().and_then(number_of).unwrap_or(0) + 1;
    let name = format!("{PREFIX}{number}");
    let checkpoint = dir.join(&name);
    if checkpoint.exists() {
        at(&checkpoint, fs::remove_dir_all(&checkpoint))?;
    }
    at(&checkpoint, fs::create_dir_all(&checkpoint))?;
    write_file(&checkpoint.join(STATE), |file| write_state(file, state))?;
    for canister in state.canisters.values() {
        if let Some(code) = &canister.code {
            save_code(&checkpoint, canister.id, code)?;
        }
    }
    at(&checkpoint, sync_dir(&checkpoint))?;
    let pending = dir.join(format!("{CURRENT}.new"));
    write_file(&pending, |file| file.write_all(name.as_bytes()))?;
    at(&pending, fs::rename(&pending, dir.join(CURRENT)))?;
    at(dir, sync_dir(dir))?;
    if let Some(before) = before {
        let before = dir.join(before);
        at(&before, fs::remove_dir_all(&before))?;
    }
    Ok(())
}

fn write_state(file: &mut BufWriter<File>, state: &State) -> io::Result<()> {
    let head = Head {
        format: FORMAT,
        time_ns: state.host.time_ns,
        next_canister: state.next_canister,
        canisters: state.canisters.len(),
        requests: state.history.len(),
        management: state.management.iter().cloned().collect(),
    };
    write_item(file, &head)?;
    for canister in state.canisters.values() {
        write_item(file, canister)?;
        let code = canister.code.as_ref().map(|code| CodeRecord {
            module: code.module.hash(),
            globals: code.globals.to_vec(),
            stable_pages: code.stable.wasm_pages(),
        });
        write_item(file, &code)?;
    }
    state
        .history
        .records()
        .try_for_each(|record| write_item(file, record))
}

fn save_code(checkpoint: &Path, id: Principal, code: &Code) -> Result<(), CheckpointError> {
    let module = checkpoint.join(module_name(&code.module.hash()));
    if !module.exists() {
        write_file(&module, |file| file.write_all(code.module.source()))?;
    }
    write_file(&checkpoint.join(format!("{id}.heap")), |file| {
        code.heap.save(file.get_ref())
    })?;
    write_file(&checkpoint.join(format!("{id}.stable")), |file| {
        for (number, page) in code.stable.pages() {
            file.write_all(&number.to_le_bytes())?;
            file.write_all(page)?;
        }
        Ok(())
    })
}

/// Reads the newest checkpoint into an empty state; gives the time it was at. Without a checkpoint, there is nothing to
/// do.
pub fn load(dir: &Path, state: &mut State) -> Result<u64, CheckpointError> {
    at(dir, fs::create_dir_all(dir))?;
    let Some(name) = current(dir)? else {
        return Ok(0);
    };
    let checkpoint = dir.join(name);
    let mut items = Items::open(checkpoint.join(STATE))?;
    let head: Head = items.next()?;
    if head.format != FORMAT {
        let path = items.path;
        let reason = format!("its format is {}, not {FORMAT}", head.format);
        return Err(CheckpointError::Format { path, reason });
    }
    for _ in 0..head.canisters {
        let mut canister: Canister = items.next()?;
        let code: Option<CodeRecord> = items.next()?;
        canister.code = code
            .map(|code| load_code(&checkpoint, canister.id, code, state))
            .transpose()?;
        state.add_canister(canister);
    }
    for _ in 0..head.requests {
        let record: RequestRecord = items.next()?;
        state.history.add(record);
    }
    state.next_canister = head.next_canister;
    state.management = head.management.into();
    Ok(head.time_ns)
}

fn load_code(
    checkpoint: &Path,
    id: Principal,
    record: CodeRecord,
    state: &State,
) -> Result<Code, CheckpointError> {
    let path = checkpoint.join(module_name(&record.module));
    let source = at(&path, fs::read(&path))?;
    let module = state
        .host
        .engine
        .load(&source)
        .map_err(|e| CheckpointError::Format {
            path,
            reason: format!("the module cannot be loaded: {e}"),
        })?;
    let path = checkpoint.join(format!("{id}.heap"));
    let heap = at(&path, File::open(&path).and_then(|file| Heap::load(&file)))?;
    let path = checkpoint.join(format!("{id}.stable"));
    let stable = at(&path, load_stable(&path, record.stable_pages))?;
    Ok(Code {
        module,
        globals: record.globals.into(),
        heap,
        stable,
    })
}

fn load_stable(path: &Path, wasm_pages: u64) -> io::Result<StableMemory> {
    let file = File::open(path)?;
    let pages = file.metadata()?.len() / (size_of::<u64>() + PAGE) as u64;
    let mut file = BufReader::new(file);
    let mut stable = StableMemory::default();
    stable.resize(wasm_pages);
    for _ in 0..pages {
        let mut number = [0; size_of::<u64>()];
        let mut page = [0; PAGE];
        file.read_exact(&mut number)?;
        file.read_exact(&mut page)?;
        stable.set_page(u64::from_le_bytes(number), page);
    }
    Ok(stable)
}

fn current(dir: &Path) -> Result<Option<String>, CheckpointError> {
    let path = dir.join(CURRENT);
    let name = match fs::read_to_string(&path) {
        Ok(name) => name,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(CheckpointError::File { path, error }),
    };
    match number_of(&name) {
        Some(_) => Ok(Some(name)),
        None => Err(CheckpointError::Format {
            path,
            reason: format!("it names `{name}`, which is no checkpoint"),
        }),
    }
}

fn number_of(name: &str) -> Option<u64> {
    name.strip_prefix(PREFIX)?.parse().ok()
}

fn module_name(hash: &[u8; 32]) -> String {
    format!("{}.wasm", hex::encode(hash))
}

fn write_item<T: Serialize>(file: &mut BufWriter<File>, item: &T) -> io::Result<()> {
    serde_cbor::to_writer(file, item).map_err(io::Error::other)
}

/// The items of a file, one after the other.
struct Items {
    path: PathBuf,
    items: serde_cbor::Deserializer<IoRead<BufReader<File>>>,
}

impl Items {
    fn open(path: PathBuf) -> Result<Self, CheckpointError> {
        let file = at(&path, File::open(&path))?;
        Ok(Self {
            path,
            items: serde_cbor::Deserializer::from_reader(BufReader::new(file)),
        })
    }

    fn next<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T, CheckpointError> {
        T::deserialize(&mut self.items).map_err(|e| CheckpointError::Format {
            path: self.path.clone(),
            reason: e.to_string(),
        })
    }
}

fn write_file(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), CheckpointError> {
    let written = File::create(path).and_then(|file| {
        let mut file = BufWriter::new(file);
        write(&mut file)?;
        file.into_inner()?.sync_all()
    });
    at(path, written)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, CheckpointError> {
    result.map_err(|error| CheckpointError::File {
        path: path.to_owned(),
        error,
    })
}
