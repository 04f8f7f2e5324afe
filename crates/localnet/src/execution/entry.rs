//! The ways into a canister, and which of them a System API function may be called from.

use std::fmt;

/// Why the canister is running. The specification's letters are given with each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum EntryPoint {
    /// The module's start function (`s`).
    Start = 1 << 0,
    /// `canister_init` or `canister_post_upgrade` (`I`).
    Init = 1 << 1,
    /// `canister_pre_upgrade` (`G`).
    PreUpgrade = 1 << 2,
    /// An update method (`U`).
    Update = 1 << 3,
    /// A query method called as an update (`RQ`).
    ReplicatedQuery = 1 << 4,
    /// A query method called as a query (`NRQ`).
    Query = 1 << 5,
    /// A composite query method (`CQ`).
    CompositeQuery = 1 << 6,
    /// A reply callback (`Ry`).
    Reply = 1 << 7,
    /// A reject callback (`Rt`).
    Reject = 1 << 8,
    /// A cleanup callback (`C`).
    Cleanup = 1 << 9,
    /// `canister_inspect_message` (`F`).
    InspectMessage = 1 << 10,
    /// The global timer, the heartbeat or the hook for low memory (`T`).
    SystemTask = 1 << 11,
    /// A reply callback of a composite query (`CRy`).
    CompositeReply = 1 << 12,
    /// A reject callback of a composite query (`CRt`).
    CompositeReject = 1 << 13,
}

impl fmt::Display for EntryPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Init => "init",
            Self::PreUpgrade => "pre upgrade",
            Self::Update => "update",
            Self::ReplicatedQuery => "replicated query",
            Self::Query => "non replicated query",
            Self::CompositeQuery => "composite query",
            Self::Reply => "reply callback",
            Self::Reject => "reject callback",
            Self::Cleanup => "cleanup",
            Self::InspectMessage => "inspect message",
            Self::SystemTask => "system task",
            Self::CompositeReply => "composite reply callback",
            Self::CompositeReject => "composite reject callback",
        })
    }
}

/// A set of entry points.
#[derive(Clone, Copy, Debug)]
pub struct EntryPoints(u16);

impl EntryPoints {
    /// Every entry point but `start` (`*` in the specification).
    pub const ALL: Self = Self(!(EntryPoint::Start as u16));

    /// Those that work on a call which can be answered.
    pub const ANSWERING: Self = Self::of(&[
        EntryPoint::Update,
        EntryPoint::ReplicatedQuery,
        EntryPoint::Query,
        EntryPoint::CompositeQuery,
        EntryPoint::Reply,
        EntryPoint::Reject,
        EntryPoint::CompositeReply,
        EntryPoint::CompositeReject,
    ]);

    /// The set of the given entry points.
    pub const fn of(points: &[EntryPoint]) -> Self {
        let mut set = 0;
        let mut rest = points;
        while let [first, others @ ..] = rest {
            set |= *first as u16;
            rest = others;
        }
        Self(set)
    }

    /// Whether the set holds `point`.
    pub const fn contains(self, point: EntryPoint) -> bool {
        self.0 & point as u16 != 0
    }
}
