//! Canister settings. Controllers, environment variables, visibilities and limits on memory have an effect; allocations
//! and thresholds of cycles are bookkeeping, as nothing costs any here.

use std::{collections::BTreeMap, sync::Arc};

use candid::{Nat, Principal};
use ic_management_canister_types::{
    CanisterSettings, DefiniteCanisterSettings, EnvironmentVariable, LogVisibility,
    SnapshotVisibility, StatusVisibility,
};
use ic_representation_independent_hash::{Value, representation_independent_hash};
use serde::{Deserialize, Serialize};

const MAX_CONTROLLERS: usize = 10;
const MAX_VARIABLES: usize = 20;
const MAX_VARIABLE_BYTES: usize = 128;
const MAX_VIEWERS: usize = 10;
const MAX_COMPUTE_ALLOCATION: u64 = 100;
const MAX_MEMORY_ALLOCATION: u64 = 1 << 48;
const MAX_WASM_MEMORY_LIMIT: u64 = (1 << 48) - 1;
const DEFAULT_LOG_MEMORY: u64 = 4 << 10;
const MAX_LOG_MEMORY: u64 = 2 << 20;
/// What 32-bit addresses reach.
const MAX_WASM_MEMORY: u64 = 4 << 30;

/// Settings of a canister, as the specification defines them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub controllers: Arc<Vec<Principal>>,
    pub environment_variables: Arc<BTreeMap<String, String>>,
    pub log_visibility: LogVisibility,
    pub snapshot_visibility: SnapshotVisibility,
    pub status_visibility: StatusVisibility,
    pub log_memory_limit: u64,
    pub compute_allocation: u64,
    pub memory_allocation: u64,
    pub freezing_threshold: u64,
    #[serde(with = "crate::wide")]
    pub reserved_cycles_limit: u128,
    #[serde(with = "crate::wide")]
    pub minimum_incoming_canister_call_cycles: u128,
    pub wasm_memory_limit: u64,
    pub wasm_memory_threshold: u64,
}

/// Settings that are not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Too many of something.
    #[error("{count} {what} are too many; at most {max} are allowed")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many were given.
        count: usize,
        /// How many are allowed.
        max: usize,
    },
    /// A number out of its range.
    #[error("{what} {value} is out of range; at most {max} is allowed")]
    OutOfRange {
        /// Of what.
        what: &'static str,
        /// The value given.
        value: Nat,
        /// The largest allowed.
        max: u128,
    },
    /// An environment variable with an empty or long name, or a long value.
    #[error(
        "the environment variable `{0}` has a name or value that is not of 1 to {MAX_VARIABLE_BYTES} bytes"
    )]
    Variable(String),
    /// An environment variable given twice.
    #[error("the environment variable `{0}` is given twice")]
    DuplicateVariable(String),
}

impl Settings {
    /// The specification's defaults.
    pub fn new(controller: Principal) -> Self {
        Self {
            controllers: Arc::new(vec![controller]),
            environment_variables: Arc::default(),
            log_visibility: LogVisibility::Controllers,
            snapshot_visibility: SnapshotVisibility::Controllers,
            status_visibility: StatusVisibility::Controllers,
            log_memory_limit: DEFAULT_LOG_MEMORY,
            compute_allocation: 0,
            memory_allocation: 0,
            freezing_threshold: 2_592_000,
            reserved_cycles_limit: 5_000_000_000_000,
            minimum_incoming_canister_call_cycles: 0,
            wasm_memory_limit: 3 << 30,
            wasm_memory_threshold: 0,
        }
    }

    /// These settings with the given ones in place of those before.
    pub fn updated(&self, new: &CanisterSettings) -> Result<Self, SettingsError> {
        let mut settings = self.clone();
        if let Some(controllers) = &new.controllers {
            at_most("controllers", controllers.len(), MAX_CONTROLLERS)?;
            let mut unique = controllers.clone();
            unique.sort();
            unique.dedup();
            settings.controllers = Arc::new(unique);
        }
        if let Some(variables) = &new.environment_variables {
            settings.environment_variables = Arc::new(checked_variables(variables)?);
        }
        if let Some(visibility) = &new.log_visibility {
            at_most("log viewers", visibility.viewers().len(), MAX_VIEWERS)?;
            settings.log_visibility = visibility.clone();
        }
        if let Some(visibility) = &new.snapshot_visibility {
            at_most("snapshot viewers", visibility.viewers().len(), MAX_VIEWERS)?;
            settings.snapshot_visibility = visibility.clone();
        }
        if let Some(visibility) = &new.status_visibility {
            at_most("status viewers", visibility.viewers().len(), MAX_VIEWERS)?;
            settings.status_visibility = visibility.clone();
        }
        set(
            &mut settings.compute_allocation,
            "compute_allocation",
            &new.compute_allocation,
            MAX_COMPUTE_ALLOCATION,
        )?;
        set(
            &mut settings.memory_allocation,
            "memory_allocation",
            &new.memory_allocation,
            MAX_MEMORY_ALLOCATION,
        )?;
        set(
            &mut settings.freezing_threshold,
            "freezing_threshold",
            &new.freezing_threshold,
            u64::MAX,
        )?;
        set(
            &mut settings.reserved_cycles_limit,
            "reserved_cycles_limit",
            &new.reserved_cycles_limit,
            u128::MAX,
        )?;
        set(
            &mut settings.minimum_incoming_canister_call_cycles,
            "minimum_incoming_canister_call_cycles",
            &new.minimum_incoming_canister_call_cycles,
            u128::MAX,
        )?;
        set(
            &mut settings.wasm_memory_limit,
            "wasm_memory_limit",
            &new.wasm_memory_limit,
            MAX_WASM_MEMORY_LIMIT,
        )?;
        set(
            &mut settings.wasm_memory_threshold,
            "wasm_memory_threshold",
            &new.wasm_memory_threshold,
            MAX_MEMORY_ALLOCATION,
        )?;
        set(
            &mut settings.log_memory_limit,
            "log_memory_limit",
            &new.log_memory_limit,
            MAX_LOG_MEMORY,
        )?;
        Ok(settings)
    }

    /// The representation-independent hash of the environment variables.
    pub fn environment_variables_hash(&self) -> [u8; 32] {
        let variables = self.environment_variables.iter();
        let variables: Vec<_> = variables
            .map(|(name, value)| (name.clone(), Value::String(value.clone())))
            .collect();
        representation_independent_hash(&variables)
    }

    /// Whether a heap of that size leaves less room than the threshold that the canister wants to be told at.
    pub fn is_low_wasm_memory(&self, heap_bytes: u64) -> bool {
        let limit = match self.wasm_memory_limit {
            0 => MAX_WASM_MEMORY,
            limit => limit.min(MAX_WASM_MEMORY),
        };
        limit.saturating_sub(heap_bytes) < self.wasm_memory_threshold
    }

    /// Whether `reader` may read the logs of a canister with these settings.
    pub fn may_read_logs(&self, reader: Principal) -> bool {
        self.controllers.contains(&reader) || self.log_visibility.lets(reader)
    }

    /// Whether `reader` may list the snapshots of a canister with these settings.
    pub fn may_list_snapshots(&self, reader: Principal) -> bool {
        self.controllers.contains(&reader) || self.snapshot_visibility.lets(reader)
    }

    /// Whether `reader` may read the status of a canister with these settings.
    pub fn may_read_status(&self, reader: Principal) -> bool {
        self.controllers.contains(&reader) || self.status_visibility.lets(reader)
    }
}

/// Who sees something of a canister besides its controllers.
trait Visibility {
    /// Whether `reader` does, should they be no controller.
    fn lets(&self, reader: Principal) -> bool;

    /// Those who are named.
    fn viewers(&self) -> &[Principal];
}

macro_rules! visibilities {
    ($($Visibility:ident),*) => { $(
        impl Visibility for $Visibility {
            fn lets(&self, reader: Principal) -> bool {
                matches!(self, Self::Public) || self.viewers().contains(&reader)
            }

            fn viewers(&self) -> &[Principal] {
                match self {
                    Self::Controllers | Self::Public => &[],
                    Self::AllowedViewers(viewers) => viewers,
                }
            }
        }
    )* };
}
visibilities!(LogVisibility, SnapshotVisibility, StatusVisibility);

impl From<&Settings> for DefiniteCanisterSettings {
    fn from(settings: &Settings) -> Self {
        Self {
            controllers: settings.controllers.to_vec(),
            compute_allocation: settings.compute_allocation.into(),
            memory_allocation: settings.memory_allocation.into(),
            freezing_threshold: settings.freezing_threshold.into(),
            reserved_cycles_limit: settings.reserved_cycles_limit.into(),
            minimum_incoming_canister_call_cycles: settings
                .minimum_incoming_canister_call_cycles
                .into(),
            log_visibility: settings.log_visibility.clone(),
            log_memory_limit: settings.log_memory_limit.into(),
            snapshot_visibility: settings.snapshot_visibility.clone(),
            status_visibility: settings.status_visibility.clone(),
            wasm_memory_limit: settings.wasm_memory_limit.into(),
            wasm_memory_threshold: settings.wasm_memory_threshold.into(),
            environment_variables: settings
                .environment_variables
                .iter()
                .map(|(name, value)| EnvironmentVariable {
                    name: name.clone(),
                    value: value.clone(),
                })
                .collect(),
        }
    }
}

fn at_most(what: &'static str, count: usize, max: usize) -> Result<(), SettingsError> {
    if count > max {
        Err(SettingsError::TooMany { what, count, max })
    } else {
        Ok(())
    }
}

fn set<T>(
    setting: &mut T,
    what: &'static str,
    new: &Option<Nat>,
    max: T,
) -> Result<(), SettingsError>
where
    T: TryFrom<u128> + PartialOrd + Copy + Into<u128>,
{
    if let Some(new) = new {
        *setting = u128::try_from(new.0.clone())
            .ok()
            .and_then(|value| T::try_from(value).ok())
            .filter(|value| *value <= max)
            .ok_or_else(|| SettingsError::OutOfRange {
                what,
                value: new.clone(),
                max: max.into(),
            })?;
    }
    Ok(())
}

fn checked_variables(
    given: &[EnvironmentVariable],
) -> Result<BTreeMap<String, String>, SettingsError> {
    at_most("environment variables", given.len(), MAX_VARIABLES)?;
    let mut variables = BTreeMap::new();
    for EnvironmentVariable { name, value } in given {
        if name.is_empty() || name.len() > MAX_VARIABLE_BYTES || value.len() > MAX_VARIABLE_BYTES {
            return Err(SettingsError::Variable(name.clone()));
        }
        if variables.insert(name.clone(), value.clone()).is_some() {
            return Err(SettingsError::DuplicateVariable(name.clone()));
        }
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, value: &str) -> EnvironmentVariable {
        EnvironmentVariable {
            name: name.into(),
            value: value.into(),
        }
    }

    #[test]
    fn only_what_is_given_changes() {
        let before = Settings::new(Principal::anonymous());
        let new = CanisterSettings {
            freezing_threshold: Some(7_u8.into()),
            ..CanisterSettings::default()
        };
        let after = before.updated(&new).unwrap();
        assert_eq!(
            after,
            Settings {
                freezing_threshold: 7,
                ..before
            }
        );
    }

    #[test]
    fn the_hash_of_variables_is_the_representation_independent_one() {
        let new = CanisterSettings {
            environment_variables: Some(vec![variable("b", "2"), variable("a", "1")]),
            ..CanisterSettings::default()
        };
        let settings = Settings::new(Principal::anonymous()).updated(&new);
        let hash = settings.unwrap().environment_variables_hash();
        let expected = "41c9437385703f212225999a2f7864dcd5d1d633ee9f0addd330c3516b63e0f6";
        assert_eq!(hex::encode(hash), expected);
    }

    #[test]
    fn limits_are_enforced() {
        let settings = Settings::new(Principal::anonymous());
        let too_many = CanisterSettings {
            controllers: Some(vec![Principal::anonymous(); MAX_CONTROLLERS + 1]),
            ..CanisterSettings::default()
        };
        assert!(matches!(
            settings.updated(&too_many),
            Err(SettingsError::TooMany { count: 11, .. })
        ));
        type Field = fn(&mut CanisterSettings) -> &mut Option<Nat>;
        let fields: [(&str, u64, Field); 6] = [
            ("compute_allocation", MAX_COMPUTE_ALLOCATION, |new| {
                &mut new.compute_allocation
            }),
            ("memory_allocation", MAX_MEMORY_ALLOCATION, |new| {
                &mut new.memory_allocation
            }),
            ("freezing_threshold", u64::MAX, |new| {
                &mut new.freezing_threshold
            }),
            ("wasm_memory_limit", MAX_WASM_MEMORY_LIMIT, |new| {
                &mut new.wasm_memory_limit
            }),
            ("wasm_memory_threshold", MAX_MEMORY_ALLOCATION, |new| {
                &mut new.wasm_memory_threshold
            }),
            ("log_memory_limit", MAX_LOG_MEMORY, |new| {
                &mut new.log_memory_limit
            }),
        ];
        for (name, max, field) in fields {
            let mut new = CanisterSettings::default();
            *field(&mut new) = Some(max.into());
            settings.updated(&new).unwrap();
            *field(&mut new) = Some(Nat::from(max) + 1_u8);
            let refused = settings.updated(&new).unwrap_err();
            assert!(refused.to_string().contains(name), "{refused}");
        }
        for (variables, error) in [
            (
                vec![variable("", "x")],
                SettingsError::Variable(String::new()),
            ),
            (
                vec![variable("a", "1"), variable("a", "2")],
                SettingsError::DuplicateVariable("a".into()),
            ),
        ] {
            let new = CanisterSettings {
                environment_variables: Some(variables),
                ..CanisterSettings::default()
            };
            assert_eq!(settings.updated(&new), Err(error));
        }
    }
}
