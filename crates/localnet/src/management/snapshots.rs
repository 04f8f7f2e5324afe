//! Snapshots: taking them and going back to them.

use std::sync::Arc;

use candid::{Principal, Reserved};
use ic_management_canister_types::{
    CanisterIdRecord, ChangeDetails, DeleteCanisterSnapshotArgs, LoadCanisterSnapshotArgs,
    LoadSnapshotRecord, Snapshot as Listed, SnapshotSource, TakeCanisterSnapshotArgs,
};

use super::{
    Call, Handled, access::not_controller, check_controller, decode, done, history::record,
    install::uninstall, reply,
};
use crate::{
    canister::{Footprint, Snapshot, SnapshotId},
    executor::State,
    rejection::{ErrorCode, Rejection},
};

pub fn take_canister_snapshot(state: &mut State, call: &mut Call<'_>) -> Handled {
    let args: TakeCanisterSnapshotArgs = decode(call.arg)?;
    let id = args.canister_id;
    check_controller(state, id, call.sender)?;
    let replaced = args.replace_snapshot;
    let replaced = replaced.map(|replaced| find_own(state, id, &replaced));
    let replaced = replaced.transpose()?;
    let (limit, now_ns) = (state.limits.snapshots, state.host.time_ns);
    let canister = state.canister_mut(id)?;
    if replaced.is_none() && canister.snapshots.len() >= limit {
        return Err(refused(format!(
            "Canister {id} has reached the maximum number of snapshots allowed: {limit}."
        )));
    }
    let empty = || {
        refused(format!(
            "Failed to create snapshot for empty canister {id}."
        ))
    };
    let snapshot = canister.snapshot(now_ns).ok_or_else(empty)?;
    let uninstalls = args.uninstall_code == Some(true);
    let mut freed = Footprint::default();
    if uninstalls {
        freed = canister.own_footprint();
    }
    if let Some((_, snapshot)) = &replaced {
        freed = freed + snapshot.footprint();
    }
    state.check_room(snapshot.footprint(), freed)?;

    let canister = state.canister_mut(id)?;
    let snapshots = Arc::make_mut(&mut canister.snapshots);
    if let Some((replaced, _)) = replaced {
        snapshots.remove(&replaced.number);
    }
    let taken = SnapshotId {
        canister: id,
        number: canister.next_snapshot,
    };
    let listed = listed(taken, &snapshot);
    snapshots.insert(taken.number, Arc::new(snapshot));
    canister.next_snapshot += 1;
    if uninstalls {
        uninstall(state, id, call.changer(args.sender_canister_version))?;
    }
    reply(&listed)
}

pub fn load_canister_snapshot(state: &mut State, call: &mut Call<'_>) -> Handled {
    let args: LoadCanisterSnapshotArgs = decode(call.arg)?;
    let id = args.canister_id;
    check_controller(state, id, call.sender)?;
    let (loaded, snapshot) = find(state, id, &args.snapshot_id)?;
    check_controller(state, loaded.canister, call.sender)?;
    state.check_room(snapshot.footprint(), state.canister(id)?.own_footprint())?;
    let canister = state.canister_mut(id)?;
    canister.restore(&snapshot);
    canister.version += 1;
    let change = ChangeDetails::LoadSnapshot(LoadSnapshotRecord {
        from_canister_id: (loaded.canister != id).then_some(loaded.canister),
        snapshot_id: args.snapshot_id,
        canister_version: snapshot.version,
        taken_at_timestamp: snapshot.taken_ns,
        source: SnapshotSource::TakenFromCanister(Reserved),
    });
    let by = call.changer(args.sender_canister_version);
    record(state, id, by, change)?;
    done()
}

pub fn list_canister_snapshots(state: &mut State, call: &mut Call<'_>) -> Handled {
    let CanisterIdRecord { canister_id } = decode(call.arg)?;
    let canister = state.canister(canister_id)?;
    if !canister.settings.may_list_snapshots(call.sender) {
        let controllers = &canister.settings.controllers;
        return Err(not_controller(canister_id, controllers, call.sender));
    }
    let snapshots = canister.snapshots.iter().map(|(number, snapshot)| {
        let id = SnapshotId {
            canister: canister_id,
            number: *number,
        };
        listed(id, snapshot)
    });
    reply(&snapshots.collect::<Vec<_>>())
}

pub fn delete_canister_snapshot(state: &mut State, call: &mut Call<'_>) -> Handled {
    let args: DeleteCanisterSnapshotArgs = decode(call.arg)?;
    check_controller(state, args.canister_id, call.sender)?;
    let (deleted, _) = find_own(state, args.canister_id, &args.snapshot_id)?;
    let snapshots = &mut state.canister_mut(args.canister_id)?.snapshots;
    Arc::make_mut(snapshots).remove(&deleted.number);
    done()
}

/// A snapshot of any canister, which `canister` asks for.
fn find(
    state: &State,
    canister: Principal,
    id: &[u8],
) -> Result<(SnapshotId, Arc<Snapshot>), Rejection> {
    let found = SnapshotId::parse(id).and_then(|id| {
        let snapshots = &state.canisters.get(&id.canister)?.snapshots;
        Some((id, Arc::clone(snapshots.get(&id.number)?)))
    });
    found.ok_or_else(|| {
        let id = hex::encode(id);
        let message = format!("Could not find the snapshot ID {id} for canister {canister}.");
        Rejection::new(ErrorCode::CanisterSnapshotNotFound, message)
    })
}

/// A snapshot of that canister.
fn find_own(
    state: &State,
    canister: Principal,
    id: &[u8],
) -> Result<(SnapshotId, Arc<Snapshot>), Rejection> {
    let found = find(state, canister, id)?;
    if found.0.canister != canister {
        let id = hex::encode(id);
        return Err(refused(format!(
            "The snapshot {id} does not belong to canister {canister}."
        )));
    }
    Ok(found)
}

fn listed(id: SnapshotId, snapshot: &Snapshot) -> Listed {
    Listed {
        id: id.to_bytes(),
        taken_at_timestamp: snapshot.taken_ns,
        total_size: snapshot.bytes(),
    }
}

fn refused(message: String) -> Rejection {
    Rejection::new(ErrorCode::CanisterRejectedMessage, message)
}
