//! What can be asked about canisters.

use candid::Principal;
use ic_management_canister_types::{
    CanisterIdRecord, CanisterLogFilter, CanisterLogRecord, CanisterMetadataArgs,
    CanisterMetadataResult, CanisterStatusResult, CanisterStatusType, FetchCanisterLogsArgs,
    FetchCanisterLogsResult, MemoryMetrics, QueryStats,
};

use super::{Call, Handled, access::not_controller, decode, encode, reply};
use crate::{
    canister::{CanisterView, LogLine, Status},
    execution::WASM_PAGE,
    executor::State,
    rejection::{ErrorCode, Rejection},
};

pub fn canister_status(state: &mut State, call: &mut Call<'_>) -> Handled {
    let CanisterIdRecord { canister_id } = decode(call.arg)?;
    let canister = state.canister(canister_id)?.view();
    if canister_id != call.sender {
        check_status_reader(&canister, call.sender)?;
    }
    reply(&status(&canister))
}

/// `canister_status` as a query.
pub fn query_status(canister: &CanisterView, sender: Principal) -> Result<Vec<u8>, Rejection> {
    check_status_reader(canister, sender)?;
    encode(&status(canister))
}

fn check_status_reader(canister: &CanisterView, sender: Principal) -> Result<(), Rejection> {
    if canister.settings.may_read_status(sender) {
        Ok(())
    } else {
        let controllers = &canister.settings.controllers;
        Err(not_controller(canister.id, controllers, sender))
    }
}

fn status(canister: &CanisterView) -> CanisterStatusResult {
    let memory = Memory::of(canister);
    let module = canister.code.as_ref().map(|code| &code.module);
    CanisterStatusResult {
        status: match canister.status {
            Status::Running => CanisterStatusType::Running,
            Status::Stopping(_) => CanisterStatusType::Stopping,
            Status::Stopped => CanisterStatusType::Stopped,
        },
        ready_for_migration: false,
        version: canister.version,
        settings: (&canister.settings).into(),
        module_hash: module.map(|module| module.hash().to_vec()),
        memory_size: memory.total().into(),
        memory_metrics: MemoryMetrics {
            wasm_memory_size: memory.heap.into(),
            stable_memory_size: memory.stable.into(),
            global_memory_size: 0_u8.into(),
            wasm_binary_size: memory.module.into(),
            custom_sections_size: memory.metadata.into(),
            canister_history_size: 0_u8.into(),
            wasm_chunk_store_size: memory.chunks.into(),
            snapshots_size: memory.snapshots.into(),
            log_memory_store_size: memory.logs.into(),
        },
        cycles: canister.cycles.into(),
        reserved_cycles: 0_u8.into(),
        idle_cycles_burned_per_day: 0_u8.into(),
        query_stats: QueryStats {
            num_calls_total: 0_u8.into(),
            num_instructions_total: 0_u8.into(),
            request_payload_bytes_total: 0_u8.into(),
            response_payload_bytes_total: 0_u8.into(),
        },
    }
}

/// Bytes a canister takes, by what they are for.
#[derive(Default)]
struct Memory {
    heap: u64,
    stable: u64,
    module: u64,
    metadata: u64,
    chunks: u64,
    logs: u64,
    snapshots: u64,
}

impl Memory {
    fn of(canister: &CanisterView) -> Self {
        let snapshots = canister.snapshots.values();
        let empty = Self {
            chunks: canister.chunk_bytes as u64,
            logs: canister.logs.bytes() as u64,
            snapshots: snapshots.map(|snapshot| snapshot.bytes()).sum(),
            ..Self::default()
        };
        let Some(code) = &canister.code else {
            return empty;
        };
        let sections = code.module.metadata().iter();
        Self {
            heap: code.heap.bytes() as u64,
            stable: code.stable.wasm_pages() * WASM_PAGE,
            module: code.module.source().len() as u64,
            metadata: sections.map(|section| section.bytes.len() as u64).sum(),
            ..empty
        }
    }

    fn total(&self) -> u64 {
        let code = self.heap + self.stable + self.module + self.metadata;
        code + self.chunks + self.logs + self.snapshots
    }
}

pub fn canister_metadata(state: &mut State, call: &mut Call<'_>) -> Handled {
    let CanisterMetadataArgs { canister_id, name } = decode(call.arg)?;
    let canister = state.canister(canister_id)?;
    let refused = |message| Rejection::new(ErrorCode::CanisterRejectedMessage, message);
    let code = canister.code.as_ref().ok_or_else(|| {
        refused(format!(
            "The canister {canister_id} has no Wasm module and hence no metadata is available."
        ))
    })?;
    let is_controller = canister.is_controlled_by(call.sender);
    let mut sections = code.module.metadata().iter();
    let section =
        sections.find(|section| section.name == name && (section.public || is_controller));
    let section = section.ok_or_else(|| {
        refused(format!(
            "The canister {canister_id} has no metadata section with the name {name}."
        ))
    })?;
    reply(&CanisterMetadataResult {
        value: section.bytes.clone(),
    })
}

pub fn fetch_canister_logs(state: &mut State, call: &mut Call<'_>) -> Handled {
    let args: FetchCanisterLogsArgs = decode(call.arg)?;
    let canister = state.canister(args.canister_id)?;
    reply(&logs(&args, &canister.view(), call.sender)?)
}

/// `fetch_canister_logs` as a query.
pub fn query_logs(
    args: &FetchCanisterLogsArgs,
    canister: &CanisterView,
    sender: Principal,
) -> Result<Vec<u8>, Rejection> {
    encode(&logs(args, canister, sender)?)
}

fn logs(
    args: &FetchCanisterLogsArgs,
    canister: &CanisterView,
    sender: Principal,
) -> Result<FetchCanisterLogsResult, Rejection> {
    if !canister.settings.may_read_logs(sender) {
        let message = format!(
            "Caller {sender} is not allowed to access the logs of canister {}",
            canister.id
        );
        return Err(Rejection::new(ErrorCode::CanisterRejectedMessage, message));
    }
    let wanted = |line: &&LogLine| match &args.filter {
        None => true,
        Some(CanisterLogFilter::ByIdx { start, end }) => (*start..*end).contains(&line.number),
        Some(CanisterLogFilter::ByTimestampNanos { start, end }) => {
            (*start..*end).contains(&line.time_ns)
        }
    };
    let records = canister
        .logs
        .lines()
        .filter(wanted)
        .map(|line| CanisterLogRecord {
            idx: line.number,
            timestamp_nanos: line.time_ns,
            content: line.content.clone(),
        });
    Ok(FetchCanisterLogsResult {
        canister_log_records: records.collect(),
    })
}
