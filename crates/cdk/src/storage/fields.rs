//! How records stand in stable memory: one field after the other, each of a fixed size.

use candid::Principal;

/// The length of a principal, its bytes, and zeros up to the longest.
pub(super) const PRINCIPAL_BYTES: usize = 1 + Principal::MAX_LENGTH_IN_BYTES;

/// Writes fields.
pub(super) trait PutFields {
    fn put_principal(&mut self, principal: Principal);
    fn put_u64(&mut self, number: u64);
}

impl PutFields for Vec<u8> {
    fn put_principal(&mut self, principal: Principal) {
        let bytes = principal.as_slice();
        let end = self.len() + PRINCIPAL_BYTES;
        self.push(bytes.len() as u8);
        self.extend_from_slice(bytes);
        self.resize(end, 0);
    }

    fn put_u64(&mut self, number: u64) {
        self.extend_from_slice(&number.to_le_bytes());
    }
}

/// Reads fields, in the order in which they were written. What is missing is zero.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl Fields<'_> {
    pub fn principal(&mut self) -> Principal {
        let [length, bytes @ ..] = self.array::<PRINCIPAL_BYTES>();
        let length = usize::from(length).min(bytes.len());
        Principal::from_slice(&bytes[..length])
    }

    pub fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let Some((array, rest)) = self.0.split_first_chunk() else {
            return [0; N];
        };
        self.0 = rest;
        *array
    }
}
