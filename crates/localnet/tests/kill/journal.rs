//! Updates under way when the network is killed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use candid::Principal;
use futures::future::join_all;
use ic_agent::{
    Agent, AgentError, RequestId,
    agent::{CallResponse, RequestStatusResponse},
};
use ic_management_canister_types::CanisterInstallMode;

use crate::process::{CERTIFICATE, Process, State, random};

const ROUNDS: usize = 200;
const CALLERS: usize = 5;
/// Longer than a batch takes.
const LONGEST_LIFE_MS: u64 = 120;
/// The network forgets outcomes after 5 minutes.
const REMEMBERED: Duration = Duration::from_mins(4);

/// The pages that entries are spread over, and how many each has room for.
const PAGES: usize = 64;
const PAGE: usize = 4096;
const ENTRIES: u64 = (PAGES * PAGE / 8) as u64;

/// A journal that is kept twice, in the heap and in stable memory; a counter that is kept four times, also in a global
/// and as certified data; and a counter of timer ticks that is kept three times. A batch written by half shows.
///
/// All ways to `append` reply with the number of the entry. `append_slowly` takes about as long as a batch may;
/// `append_by_call` appends by a call of the canister to itself, and its reply comes from the callback.
const JOURNAL: &str = r#"
    (import "ic0" "msg_reply_data_append" (func $reply_append (param i32 i32)))
    (import "ic0" "msg_reply" (func $reply))
    (import "ic0" "certified_data_set" (func $certify (param i32 i32)))
    (import "ic0" "data_certificate_size" (func $certificate_size (result i32)))
    (import "ic0" "data_certificate_copy" (func $certificate_copy (param i32 i32 i32)))
    (import "ic0" "msg_arg_data_copy" (func $arg (param i32 i32 i32)))
    (import "ic0" "stable64_grow" (func $stable_grow (param i64) (result i64)))
    (import "ic0" "stable64_write" (func $stable_write (param i64 i64 i64)))
    (import "ic0" "stable64_read" (func $stable_read (param i64 i64 i64)))
    (import "ic0" "time" (func $time (result i64)))
    (import "ic0" "global_timer_set" (func $timer_set (param i64) (result i64)))
    (import "ic0" "canister_self_copy" (func $self (param i32 i32 i32)))
    (import "ic0" "call_new" (func $call_new (param i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "ic0" "call_data_append" (func $call_append (param i32 i32)))
    (import "ic0" "call_perform" (func $call_perform (result i32)))
    ;; 0: entries, 8: ticks, 64: argument, 72: reply, 96: own id, 128: method name, 1 << 16: journal
    (memory 5)
    (data (i32.const 128) "append")
    (table funcref (elem $on_reply $on_reject))
    (global $entries (mut i64) (i64.const 0))
    (global $ticks (mut i64) (i64.const 0))

    (func $to_stable (param $at i32)
        (call $stable_write
            (i64.extend_i32_u (local.get $at)) (i64.extend_i32_u (local.get $at)) (i64.const 8)))
    (func $append (local $at i32)
        (call $arg (i32.const 64) (i32.const 0) (i32.const 8))
        (local.set $at (i32.add (i32.const 65536) (i32.wrap_i64 (i64.add
            (i64.mul (i64.rem_u (global.get $entries) (i64.const 64)) (i64.const 4096))
            (i64.mul (i64.div_u (global.get $entries) (i64.const 64)) (i64.const 8))))))
        (i64.store (local.get $at) (i64.load (i32.const 64)))
        (call $to_stable (local.get $at))
        (i64.store (i32.const 72) (global.get $entries))
        (global.set $entries (i64.add (global.get $entries) (i64.const 1)))
        (i64.store (i32.const 0) (global.get $entries))
        (call $to_stable (i32.const 0))
        (call $certify (i32.const 0) (i32.const 8))
        (call $reply_append (i32.const 72) (i32.const 8))
        (call $reply))
    (func $tick_soon (drop (call $timer_set (i64.add (call $time) (i64.const 3000000)))))

    (func (export "canister_init")
        (drop (call $stable_grow (i64.const 5)))
        (call $certify (i32.const 0) (i32.const 8))
        (call $tick_soon))
    (func (export "canister_global_timer")
        (global.set $ticks (i64.add (global.get $ticks) (i64.const 1)))
        (i64.store (i32.const 8) (global.get $ticks))
        (call $to_stable (i32.const 8))
        (call $tick_soon))
    (func (export "canister_update append") (call $append))
    (func (export "canister_update append_slowly") (local $n i32)
        (local.set $n (i32.const 20000000))
        (loop $spin
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br_if $spin (local.get $n)))
        (call $append))
    (func (export "canister_update append_by_call")
        (call $arg (i32.const 64) (i32.const 0) (i32.const 8))
        (call $self (i32.const 96) (i32.const 0) (i32.const 10))
        (call $call_new (i32.const 96) (i32.const 10) (i32.const 128) (i32.const 6)
            (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0))
        (call $call_append (i32.const 64) (i32.const 8))
        (if (call $call_perform) (then unreachable)))
    (func $on_reply (param i32)
        (call $arg (i32.const 72) (i32.const 0) (i32.const 8))
        (call $reply_append (i32.const 72) (i32.const 8))
        (call $reply))
    (func $on_reject (param i32) unreachable)
    ;; Both counters and the journal: from globals (counters only), heap, stable memory.
    (func (export "canister_query read")
        (i64.store (i32.const 72) (global.get $entries))
        (call $reply_append (i32.const 72) (i32.const 8))
        (i64.store (i32.const 72) (global.get $ticks))
        (call $reply_append (i32.const 72) (i32.const 8))
        (call $reply_append (i32.const 0) (i32.const 16))
        (call $reply_append (i32.const 65536) (i32.const 262144))
        (call $stable_read (i64.const 0) (i64.const 0) (i64.const 16))
        (call $reply_append (i32.const 0) (i32.const 16))
        (call $stable_read (i64.const 65536) (i64.const 65536) (i64.const 262144))
        (call $reply_append (i32.const 65536) (i32.const 262144))
        (call $reply))"#;

/// An update that was sent.
struct Update {
    /// What it appends; no two append the same.
    value: u64,
    id: RequestId,
    envelope: Vec<u8>,
    /// The number of its entry, once it is known with a certificate, and since when it is.
    entry: Option<(u64, Instant)>,
}

/// The canister and what its callers know of it.
struct Journal {
    canister: Principal,
    next_value: AtomicU64,
    updates: Mutex<Vec<Update>>,
}

impl Journal {
    /// Calls until the network is gone.
    async fn call_on(&self, agent: Agent) {
        loop {
            let value = self.next_value.fetch_add(1, Ordering::Relaxed);
            assert!(value < ENTRIES, "the journal is full");
            let method = match random(16) {
                0 => "append_slowly",
                1..8 => "append_by_call",
                _ => "append",
            };
            let update = agent
                .update(&self.canister, method)
                .with_arg(value.to_le_bytes());
            let signed = update.sign().unwrap();
            let entry = self.send(&agent, signed.request_id, &signed.signed_update);
            let entry = entry.await.ok().map(|entry| (entry, Instant::now()));
            self.updates.lock().unwrap().push(Update {
                value,
                id: signed.request_id,
                envelope: signed.signed_update,
                entry,
            });
            if entry.is_none() {
                return;
            }
        }
    }

    async fn send(&self, agent: &Agent, id: RequestId, envelope: &[u8]) -> Result<u64, AgentError> {
        let answer = agent.update_signed(self.canister, envelope.to_vec()).await;
        if let Err(AgentError::CertifiedReject { reject, .. }) = &answer {
            panic!("rejected: {reject:?}");
        }
        let reply = match answer? {
            CallResponse::Response(reply) => reply,
            CallResponse::Poll(_) => agent.wait(&id, self.canister).await?.0,
        };
        Ok(u64::from_le_bytes(reply.try_into().unwrap()))
    }

    /// All updates whose fate is unknown are sent once more, as a client does that got no answer.
    async fn send_again(&self, agent: &Agent) {
        let mut updates = std::mem::take(&mut *self.updates.lock().unwrap());
        let unknown = updates.iter_mut().filter(|update| update.entry.is_none());
        join_all(unknown.map(async |update| {
            let entry = self.send(agent, update.id, &update.envelope).await;
            update.entry = Some((entry.unwrap(), Instant::now()));
        }))
        .await;
        *self.updates.lock().unwrap() = updates;
    }

    /// The entries as they are now, and the number of ticks.
    async fn read(&self, process: &Process) -> (Vec<u64>, u64) {
        let query = process.agent.query(&self.canister, "read").call();
        let reply = query.await.unwrap();
        let (globals, memories) = reply.split_at(16);
        let (heap, stable) = memories.split_at(memories.len() / 2);
        assert!(heap == stable, "heap and stable memory differ");
        assert_eq!(&heap[..16], globals, "globals differ");
        let number =
            |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        let (count, ticks) = (number(heap, 0), number(heap, 8));
        let journal = &heap[16..];
        let entry = |n: usize| number(journal, n % PAGES * PAGE + n / PAGES * 8);
        let entries = (0..ENTRIES as usize).map(entry);
        let (there, beyond): (Vec<_>, Vec<_>) =
            entries.enumerate().partition(|(n, _)| *n < count as usize);
        assert!(
            beyond.iter().all(|(_, value)| *value == 0),
            "entries nobody counted"
        );
        (there.into_iter().map(|(_, value)| value).collect(), ticks)
    }

    /// What the callers know is so.
    async fn check(&self, process: &Process) -> u64 {
        let (entries, ticks) = self.read(process).await;
        let mut found = BTreeMap::new();
        for (n, value) in (0..).zip(&entries) {
            let before = found.insert(*value, n);
            assert_eq!(before, None, "{value} was appended twice");
        }
        let mut asked = Vec::new();
        {
            let updates = self.updates.lock().unwrap();
            for update in &*updates {
                let entry = found.remove(&update.value);
                if let Some((answered, _)) = update.entry {
                    assert_eq!(entry, Some(answered), "of {}", update.value);
                }
            }
            assert!(found.is_empty(), "nobody appended {found:?}");
            let answered = updates.iter().filter_map(|update| {
                let (entry, at) = update.entry?;
                (at.elapsed() < REMEMBERED).then_some((update.id, entry))
            });
            let answered: Vec<_> = answered.collect();
            let newest = answered.iter().rev().take(2);
            let older = answered.get(random(answered.len().max(1) as u64) as usize);
            asked.extend(newest.chain(older).copied());
        }
        join_all(asked.into_iter().map(async |(id, entry)| {
            let status = process.agent.request_status_raw(&id, self.canister);
            let RequestStatusResponse::Replied(reply) = status.await.unwrap().0 else {
                panic!("an answered request is not known any more");
            };
            assert_eq!(reply.arg, entry.to_le_bytes());
        }))
        .await;
        let certified = process.certified_data(self.canister).await;
        let certified = u64::from_le_bytes(certified.try_into().unwrap());
        // Nobody calls, but an update that was received before may have been executed since.
        assert!(certified >= entries.len() as u64, "{certified} certified");
        ticks
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_certified_answer_holds_after_a_kill() {
    let state = State::new().await;
    let mut process = state.start().await;
    let canister = process.create(None).await.unwrap();
    let wasm = wat::parse_str(format!("(module {JOURNAL} {CERTIFICATE})")).unwrap();
    process
        .install(CanisterInstallMode::Install, canister, &wasm)
        .await
        .unwrap();
    let journal = Arc::new(Journal {
        canister,
        next_value: AtomicU64::new(1),
        updates: Mutex::default(),
    });
    let mut ticks = 0;
    for _ in 0..ROUNDS {
        let callers = (0..CALLERS).map(|_| {
            let (journal, agent) = (Arc::clone(&journal), process.agent.clone());
            tokio::spawn(async move { journal.call_on(agent).await })
        });
        let callers: Vec<_> = callers.collect();
        // Not a wait for anything: the moment of the kill is what the test varies.
        tokio::time::sleep(Duration::from_millis(random(LONGEST_LIFE_MS))).await;
        process.kill().await;
        for caller in callers {
            caller.await.unwrap();
        }
        process = state.start().await;
        let ticks_now = journal.check(&process).await;
        assert!(ticks_now >= ticks, "{ticks_now} ticks after {ticks}");
        ticks = ticks_now;
        journal.send_again(&process.agent).await;
    }
    let (entries, _) = journal.read(&process).await;
    let sent = journal.updates.lock().unwrap().len();
    assert_eq!(entries.len(), sent, "every update was executed once");
    assert!(sent > ROUNDS, "{sent} updates are too few to show anything");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while journal.read(&process).await.1 <= ticks {
        assert!(tokio::time::Instant::now() < deadline, "the timer is lost");
    }
}
