//! Timers and the heartbeat.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use candid::Principal;
use ic_cdk::{
    api::{call, management_canister::main as management},
    heartbeat, query, update,
};
use ic_cdk_timers::TimerId;

use crate::{STATE, note};

thread_local! {
    static TICKING: RefCell<Option<TimerId>> = const { RefCell::new(None) };
    static HEARTBEATS: Cell<u64> = const { Cell::new(0) };
}

#[heartbeat]
fn heartbeat() {
    HEARTBEATS.set(HEARTBEATS.get() + 1);
}

#[query]
fn heartbeats() -> u64 {
    HEARTBEATS.get()
}

#[update]
fn start_ticking(interval_ms: u64) {
    let timer = ic_cdk_timers::set_timer_interval(Duration::from_millis(interval_ms), || {
        STATE.with_borrow_mut(|state| state.ticks += 1);
    });
    if let Some(previous) = TICKING.replace(Some(timer)) {
        ic_cdk_timers::clear_timer(previous);
    }
}

#[update]
fn stop_ticking() {
    if let Some(timer) = TICKING.take() {
        ic_cdk_timers::clear_timer(timer);
    }
}

#[query]
fn ticks() -> u64 {
    STATE.with_borrow(|state| state.ticks)
}

/// From a timer, calls the management canister and then another canister.
#[update]
fn call_later(delay_ms: u64, listener: Principal) {
    ic_cdk_timers::set_timer(Duration::from_millis(delay_ms), move || {
        ic_cdk::spawn(async move {
            if let Ok((bytes,)) = management::raw_rand().await {
                let text = format!("{} random bytes", bytes.len());
                let _: Result<(), _> = call::call(listener, "take_note", (text,)).await;
            }
        });
    });
}

/// A timer that traps takes back what it did, and no other timer with it.
#[update]
fn trap_later() {
    ic_cdk_timers::set_timer(Duration::ZERO, || {
        note("by the timer that traps");
        ic_cdk::trap("a timer traps");
    });
    ic_cdk_timers::set_timer(Duration::ZERO, || note("by the other timer"));
}
