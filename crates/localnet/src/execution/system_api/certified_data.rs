//! Certified data: set by updates, proven to clients by queries.

use wasmtime::{Caller, Linker};

use super::{MODULE, copy_in, copy_out};
use crate::execution::{
    entry::{
        EntryPoint::{CompositeQuery, Init, PreUpgrade, Query, Reject, Reply, SystemTask, Update},
        EntryPoints,
    },
    state::SystemState,
    trap::SystemError,
};

const SET: EntryPoints = EntryPoints::of(&[Init, PreUpgrade, Update, Reply, Reject, SystemTask]);
const READ: EntryPoints = EntryPoints::of(&[Query, CompositeQuery]);
const MAX_BYTES: u32 = 32;

pub fn register(linker: &mut Linker<SystemState>) -> wasmtime::Result<()> {
    linker.func_wrap(
        MODULE,
        "certified_data_set",
        |mut c: Caller<'_, SystemState>, src: u32, size: u32| {
            c.data().allow("certified_data_set", SET)?;
            if size > MAX_BYTES {
                let text = format!(
                    "ic0_certified_data_set failed because the passed data must be no larger than {MAX_BYTES} bytes. \
                     Found {size} bytes."
                );
                return Err(SystemError::Contract(text).into());
            }
            let bytes = copy_in(&mut c, src, size)?;
            c.data_mut().effects.certified_data = Some(bytes);
            wasmtime::Result::Ok(())
        },
    )?;
    linker.func_wrap(
        MODULE,
        "data_certificate_present",
        |c: Caller<'_, SystemState>| {
            c.data()
                .allow("data_certificate_present", EntryPoints::ALL)?;
            let readable =
                READ.contains(c.data().entry) && c.data().environment.certified.is_some();
            wasmtime::Result::Ok(u32::from(readable))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "data_certificate_size",
        |mut c: Caller<'_, SystemState>| {
            c.data().allow("data_certificate_size", READ)?;
            wasmtime::Result::Ok(certificate(c.data_mut())?.len() as u32)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "data_certificate_copy",
        |mut c: Caller<'_, SystemState>, dst: u32, offset: u32, size: u32| {
            c.data().allow("data_certificate_copy", READ)?;
            certificate(c.data_mut())?;
            copy_out(&mut c, (dst, offset, size), |state| {
                Ok(state.certificate.as_deref().unwrap_or_default())
            })
        },
    )?;
    Ok(())
}

/// The certificate, made when it is first asked for: most queries do not.
fn certificate(state: &mut SystemState) -> Result<&[u8], SystemError> {
    let Some(certified) = &state.environment.certified else {
        return Err(SystemError::Contract(
            "there is no data certificate here".into(),
        ));
    };
    let id = state.environment.canister_id;
    Ok(state.certificate.get_or_insert_with(|| {
        certified.certificate(&[vec![
            b"canister".as_slice(),
            id.as_slice(),
            b"certified_data",
        ]])
    }))
}
