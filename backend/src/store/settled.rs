//! Which commands have been carried out or refused, so that one that is sent again is recognised.

use candid::Principal;
use chat_api::CommandId;
use ic_stable_structures::Memory;
use serde::{Deserialize, Serialize};

use super::{Record, Records};

/// The latest command of each of a person's devices, the device used last at the end.
#[derive(Serialize, Deserialize, Clone, Debug, Default)]
struct Devices(Vec<CommandId>);

impl Record for Devices {}

pub(crate) struct Settled<M: Memory> {
    devices: Records<Principal, Devices, M>,
}

impl<M: Memory> Settled<M> {
    pub fn open(devices: M) -> Self {
        Self {
            devices: Records::open(devices),
        }
    }

    /// The number of the latest command of a device; 0 if it is not known.
    pub fn latest(&self, person: Principal, device: u64) -> u64 {
        let devices = self.devices(person).0;
        let known = devices.iter().find(|known| known.device == device);
        known.map_or(0, |known| known.number)
    }

    /// Notes a command, unless it was before. Returns whether it is new. Of more than `limit` devices it forgets the one that
    /// was used the longest time ago.
    pub fn settle(&mut self, person: Principal, command: CommandId, limit: usize) -> bool {
        let mut devices = self.devices(person);
        let known = devices
            .0
            .iter()
            .position(|one| one.device == command.device);
        if let Some(at) = known {
            if devices
                .0
                .get(at)
                .is_some_and(|one| one.number >= command.number)
            {
                return false;
            }
            devices.0.remove(at);
        } else if devices.0.len() >= limit {
            devices.0.remove(0);
        }
        devices.0.push(command);
        self.devices.set(person, &devices);
        true
    }

    fn devices(&self, person: Principal) -> Devices {
        self.devices.get(&person).unwrap_or_default()
    }
}
