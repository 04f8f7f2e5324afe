//! The canister signatures of the last minute. Whoever has prepared one comes back for it at once.

use std::collections::VecDeque;

use ic_canister_sig_creation::{
    DELEGATION_SIG_DOMAIN,
    signature_map::{CanisterSigInputs, LABEL_SIG, SignatureMap},
};
use ic_certification::{Hash, labeled_hash};
use thiserror::Error;

use crate::delegation::Delegation;

/// How many signatures are made in a minute at most: a few megabytes.
const MAX_PER_MINUTE: usize = 10_000;
const MINUTE_NS: u64 = 60 * 1_000_000_000;

/// More people have signed in than anyone could.
#[derive(Debug, Error, PartialEq)]
#[error("{MAX_PER_MINUTE} people have signed in during the last minute; try again in a moment")]
pub struct TooMany;

/// The signatures that can be had.
#[derive(Default)]
pub struct Signatures {
    map: SignatureMap,
    recent: Recent,
}

impl Signatures {
    /// Signs; the signature can be had by the next query. The map drops those older than a minute by itself.
    pub fn add(&mut self, delegation: &Delegation, now: u64) -> Result<(), TooMany> {
        self.recent.admit(now)?;
        self.map
            .add_signature(&inputs(delegation, &delegation.message()));
        Ok(())
    }

    /// The signature in CBOR, where it has been made during the last minute. In a query only.
    ///
    /// `site` is the hash of what else the canister certifies.
    pub fn get(&self, delegation: &Delegation, site: Hash) -> Option<Vec<u8>> {
        let message = delegation.message();
        let signature = self
            .map
            .get_signature_as_cbor(&inputs(delegation, &message), Some(site));
        signature.ok()
    }

    /// What the canister certifies.
    pub fn root_hash(&self) -> Hash {
        labeled_hash(LABEL_SIG, &self.map.root_hash())
    }
}

fn inputs<'a>(delegation: &'a Delegation, message: &'a [u8]) -> CanisterSigInputs<'a> {
    CanisterSigInputs {
        domain: DELEGATION_SIG_DOMAIN,
        seed: &delegation.seed,
        message,
    }
}

/// When the signatures of the last minute were made.
#[derive(Default)]
struct Recent(VecDeque<u64>);

impl Recent {
    fn admit(&mut self, now: u64) -> Result<(), TooMany> {
        while self
            .0
            .front()
            .is_some_and(|then| now.saturating_sub(*then) >= MINUTE_NS)
        {
            self.0.pop_front();
        }
        if self.0.len() == MAX_PER_MINUTE {
            return Err(TooMany);
        }
        self.0.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_room_for_so_many_and_the_next_one_again() {
        let mut recent = Recent::default();
        for now in 0..MAX_PER_MINUTE as u64 {
            assert_eq!(recent.admit(now), Ok(()));
        }
        assert_eq!(recent.admit(MINUTE_NS - 1), Err(TooMany));
        // The first one has become old.
        assert_eq!(recent.admit(MINUTE_NS), Ok(()));
        assert_eq!(recent.admit(MINUTE_NS), Err(TooMany));
    }
}
