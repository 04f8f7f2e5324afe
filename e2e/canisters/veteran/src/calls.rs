//! Calls between canisters: replies, rejections, cycles, and what a trap undoes.

use std::cell::Cell;

use candid::{CandidType, Principal};
use ic_cdk::{
    api::call::{self, RejectionCode},
    update,
};

use crate::note;

thread_local! {
    static LOCKED: Cell<bool> = const { Cell::new(false) };
}

/// What a caller learns of a call: the reply or the rejection, and the cycles that came back.
#[derive(CandidType)]
struct Outcome {
    result: Result<String, (i32, String)>,
    refunded: u128,
}

/// Calls `method` of another canister with a text and cycles.
#[update]
async fn ask(callee: Principal, method: String, text: String, cycles: u128) -> Outcome {
    let result: Result<(String,), (RejectionCode, String)> =
        call::call_with_payment128(callee, &method, (text,), cycles).await;
    Outcome {
        result: result
            .map(|(reply,)| reply)
            .map_err(|(code, message)| (code as i32, message)),
        refunded: call::msg_cycles_refunded128(),
    }
}

/// Keeps half of the cycles that come with the call.
#[update]
fn keep_half(text: String) -> String {
    let available = call::msg_cycles_available128();
    let kept = call::msg_cycles_accept128(available / 2);
    format!("{text}: kept {kept} of {available}")
}

#[update(manual_reply = true)]
fn refuse(reason: String) {
    call::reject(&reason);
}

#[update]
fn fail(reason: String) -> String {
    ic_cdk::trap(&reason)
}

/// Nobody waits for the reply.
#[update]
fn tell(listener: Principal, text: String) -> bool {
    call::notify(listener, "take_note", (text,)).is_ok()
}

/// Notes something, calls itself, notes something more, and traps: only what came before the call stays.
#[update]
async fn note_call_note_trap() {
    note("before the call");
    let _: Result<(), _> = call::call(ic_cdk::id(), "take_note", ("by the call",)).await;
    note("after the call");
    ic_cdk::trap("after the call");
}

/// Releases what it stands for, however the call ends.
struct Lock;

impl Lock {
    fn acquire() -> Self {
        if LOCKED.replace(true) {
            ic_cdk::trap("locked");
        }
        Self
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        LOCKED.set(false);
    }
}

/// Traps while it holds the lock, after a call.
#[update]
async fn trap_with_lock() {
    let _lock = Lock::acquire();
    let _: Result<(), _> = call::call(ic_cdk::id(), "take_note", ("locked",)).await;
    ic_cdk::trap("trapped with the lock");
}

/// Calls itself several times at once.
#[update]
async fn fan_out(calls: u32) -> u32 {
    let pending: Vec<_> = (0..calls)
        .map(|n| call::call::<_, ()>(ic_cdk::id(), "take_note", (n.to_string(),)))
        .collect();
    let mut answered = 0;
    for call in pending {
        answered += u32::from(call.await.is_ok());
    }
    answered
}
