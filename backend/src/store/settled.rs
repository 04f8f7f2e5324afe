//! Which commands have been carried out or refused, so that one that is sent again is recognised.

use candid::Principal;
use chat_api::{CommandId, MAX_IN_FLIGHT, Time};
use ic_stable_structures::Memory;
use serde::{Deserialize, Serialize};

use super::{Record, Records, Set};

/// How much longer ago than noted a device may have been used, in nanoseconds: most commands need not note it.
const USE_NOTED_EVERY: Time = 3_600_000_000_000;

/// What is known of a device's commands.
#[derive(Serialize, Deserialize, Clone, Debug, Default)]
pub(crate) struct Device {
    /// The number of the latest one.
    pub latest: u64,
    /// Those of the latest that were refused.
    pub refused: Vec<u64>,
    used: Time,
}

impl Record for Device {}

/// What has become of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    CarriedOut,
    Refused,
}

pub(crate) struct Settled<M: Memory> {
    devices: Records<(Principal, u64), Device, M>,
    /// The same, the longest unused of a person first.
    by_use: Set<(Principal, Time, u64), M>,
}

impl<M: Memory> Settled<M> {
    pub fn open(devices: M, by_use: M) -> Self {
        Self {
            devices: Records::open(devices),
            by_use: Set::init(by_use),
        }
    }

    /// What is known of a person's device.
    pub fn device(&self, person: Principal, device: u64) -> Option<Device> {
        self.devices.get(&(person, device))
    }

    /// Notes a command, unless it was before: then returns what has become of it. Of more than `limit` devices it forgets the
    /// one that was used the longest time ago.
    pub fn settle(
        &mut self,
        person: Principal,
        command: CommandId,
        now: Time,
        limit: usize,
    ) -> Option<Outcome> {
        let key = (person, command.device);
        let known = self.devices.get(&key);
        if let Some(known) = known.as_ref().filter(|it| it.latest >= command.number) {
            return Some(match known.refused.contains(&command.number) {
                true => Outcome::Refused,
                false => Outcome::CarriedOut,
            });
        }
        let is_new = known.is_none();
        let mut device = known.unwrap_or_default();
        device.latest = command.number;
        if is_new || now > device.used.saturating_add(USE_NOTED_EVERY) {
            self.by_use.remove(&(person, device.used, command.device));
            self.by_use.insert((person, now, command.device), ());
            device.used = now;
        }
        self.devices.set(key, &device);
        if is_new {
            self.forget_beyond(person, limit);
        }
        None
    }

    /// Notes that a command that is settled was refused.
    pub fn refuse(&mut self, person: Principal, command: CommandId) {
        let key = (person, command.device);
        if let Some(mut device) = self.devices.get(&key) {
            device.refused.push(command.number);
            let excess = device.refused.len().saturating_sub(MAX_IN_FLIGHT);
            device.refused.drain(..excess);
            self.devices.set(key, &device);
        }
    }

    fn forget_beyond(&mut self, person: Principal, limit: usize) {
        let all = (person, 0, 0)..=(person, Time::MAX, u64::MAX);
        let excess: Vec<_> = self.by_use.keys_range(all).rev().skip(limit).collect();
        for key in excess {
            self.by_use.remove(&key);
            self.devices.remove(&(person, key.2));
        }
    }
}
