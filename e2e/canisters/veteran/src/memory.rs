//! Stable memory and certified data, directly.

use ic_cdk::{
    api::{self, stable},
    query, update,
};

/// Grows stable memory as far as necessary.
#[update]
fn write_stable(offset: u64, bytes: Vec<u8>) -> u64 {
    const PAGE: u64 = 65536;
    let wanted = (offset + bytes.len() as u64).div_ceil(PAGE);
    let missing = wanted.saturating_sub(stable::stable64_size());
    if let Err(error) = stable::stable64_grow(missing) {
        api::trap(&error.to_string());
    }
    stable::stable64_write(offset, &bytes);
    stable::stable64_size()
}

#[query]
fn read_stable(offset: u64, length: u64) -> Vec<u8> {
    let mut bytes = vec![0; length as usize];
    stable::stable64_read(offset, &mut bytes);
    bytes
}

/// By the calls with 32 bits.
#[query]
fn read_stable_32(offset: u32, length: u32) -> Vec<u8> {
    let mut bytes = vec![0; length as usize];
    stable::stable_read(offset, &mut bytes);
    bytes
}

#[update]
fn certify(data: Vec<u8>) {
    api::set_certified_data(&data);
}

#[query]
fn certificate() -> Option<Vec<u8>> {
    api::data_certificate()
}
