//! The test API: a clock that moves, and a network that misbehaves as told.

use std::time::Duration;

use ic_localnet::{
    faults::{ClockError, Fault, Faults, FaultsError, Order, Rule, TestControl},
    network::{CanisterCall, RejectCode},
};
use ic_transport_types::RequestId;

use crate::support::{TestNet, call, eventually, timer, user};

/// `append` and `add` put their argument's first byte at the end of a log, which `log` and `read` give. `append_slowly`
/// does so as well; a batch has no time for two of it.
const LOG: &str = r#"(module
    (import "ic0" "msg_arg_data_copy" (func $arg (param i32 i32 i32)))
    (import "ic0" "msg_reply_data_append" (func $reply_append (param i32 i32)))
    (import "ic0" "msg_reply" (func $reply))
    (memory 1)
    (global $length (mut i32) (i32.const 0))
    (func $append
        (call $arg (global.get $length) (i32.const 0) (i32.const 1))
        (global.set $length (i32.add (global.get $length) (i32.const 1)))
        (call $reply))
    (func $log (call $reply_append (i32.const 0) (global.get $length)) (call $reply))
    (func (export "canister_update append_slowly") (local $n i32)
        (local.set $n (i32.const 50000000))
        (loop $spin
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br_if $spin (local.get $n)))
        (call $append))
    (export "canister_update append" (func $append))
    (export "canister_update add" (func $append))
    (export "canister_query log" (func $log))
    (export "canister_query read" (func $log)))"#;

const MINUTE: Duration = Duration::from_secs(60);

/// A network with a log.
struct Logging {
    net: TestNet,
    control: TestControl,
    canister: candid::Principal,
}

impl Logging {
    async fn start() -> Self {
        let (net, control) = TestNet::with_test_api(None);
        let canister = net.deploy(LOG).await;
        Self {
            net,
            control,
            canister,
        }
    }

    /// Lets something happen to `append` and `log`, not to `add` and `read`.
    fn set(&self, fault: Fault, times: Option<u32>) {
        let method = match fault {
            Fault::StaleQuery { .. } => "log",
            _ => "append",
        };
        let rule = Rule {
            method: Some(method.into()),
            times,
            ..Rule::always(fault)
        };
        self.set_rules(vec![rule]);
    }

    fn set_rules(&self, rules: Vec<Rule>) {
        let faults = Faults {
            rules,
            ..Faults::default()
        };
        self.control.set_faults(faults).unwrap();
    }

    fn call(&self, method: &str, n: u8) -> CanisterCall {
        call(user(), self.canister, method, [n])
    }

    async fn append(&self, n: u8) -> RequestId {
        self.net.submit(self.call("append", n)).await.unwrap()
    }

    /// Appends to the log as well, and is done when everything that was executed before is published.
    async fn add(&self, n: u8) {
        self.net.call(self.canister, "add", [n]).await.unwrap();
    }

    async fn query(&self, method: &str) -> Vec<u8> {
        self.net.query(self.canister, method, []).await.unwrap()
    }

    /// What has been executed.
    async fn log(&self) -> Vec<u8> {
        self.query("read").await
    }

    /// The status of a request, as its sender sees it.
    fn status(&self, id: &RequestId) -> Option<String> {
        let state = self.net.network.certified_for(id);
        state.request_status(id).map(str::to_owned)
    }
}

#[tokio::test]
async fn there_is_no_test_api_unless_asked_for() {
    assert!(TestNet::new().network.test_control().is_none());
}

#[tokio::test]
async fn a_timer_fires_when_the_clock_is_moved_to_it() {
    let (net, control) = TestNet::with_test_api(None);
    let canister = net.deploy(&timer(10 * MINUTE.as_nanos() as u64, 1)).await;
    control.advance(9 * MINUTE).await.unwrap();
    assert_eq!(net.query(canister, "fired", []).await.unwrap(), [0]);
    let now_ns = control.advance(MINUTE).await.unwrap();
    assert!(net.network.certified().time_ns() >= now_ns);
    eventually(async || net.query(canister, "fired", []).await.unwrap() == [1]).await;
}

#[tokio::test]
async fn a_moved_clock_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (net, control) = TestNet::with_test_api(Some(dir.path()));
    let before_ns = control.advance(100 * MINUTE).await.unwrap();
    net.network.shutdown().await.unwrap();
    drop(net);
    let (net, control) = TestNet::with_test_api(Some(dir.path()));
    let restarted_ns = net.network.certified().time_ns();
    assert!(restarted_ns >= before_ns);
    eventually(async || control.now_ns() > restarted_ns).await;
}

#[tokio::test]
async fn a_step_that_is_too_long_is_refused() {
    let (_net, control) = TestNet::with_test_api(None);
    let refused = control.advance(Duration::MAX).await;
    assert_eq!(refused, Err(ClockError::TooFar(Duration::MAX)));
}

#[tokio::test]
async fn calls_are_executed_in_another_order() {
    let log = Logging::start().await;
    let reorder = Fault::Reorder {
        calls: 3,
        within: MINUTE,
        order: Order::Reversed,
    };
    log.set(reorder, None);
    let (first, second) = (log.append(1).await, log.append(2).await);
    log.add(9).await;
    assert_eq!(log.log().await, [9]);
    assert_eq!((log.status(&first), log.status(&second)), (None, None));
    let third = log.append(3).await;
    for id in [first, second, third] {
        log.net.outcome(id).await.unwrap();
    }
    assert_eq!(log.log().await, [9, 3, 2, 1]);

    // The next ones are held again; nobody waits for ever.
    let fourth = log.append(4).await;
    let fifth = log.append(5).await;
    log.add(8).await;
    assert_eq!(log.log().await, [9, 3, 2, 1, 8]);
    log.control.advance(MINUTE).await.unwrap();
    for id in [fourth, fifth] {
        log.net.outcome(id).await.unwrap();
    }
    assert_eq!(log.log().await, [9, 3, 2, 1, 8, 5, 4]);
}

#[tokio::test]
async fn the_seed_decides_the_order() {
    const CALLS: u8 = 8;
    let log = Logging::start().await;
    let mut orders = vec![];
    for seed in [1, 1, 2] {
        let shuffle = Fault::Reorder {
            calls: CALLS.into(),
            within: MINUTE,
            order: Order::Shuffled,
        };
        let faults = Faults {
            seed,
            rules: vec![Rule::always(shuffle)],
            ..Faults::default()
        };
        log.control.set_faults(faults).unwrap();
        let before = log.log().await.len();
        let mut ids = vec![];
        for n in 0..CALLS {
            ids.push(log.append(n).await);
        }
        for id in ids {
            log.net.outcome(id).await.unwrap();
        }
        orders.push(log.log().await.split_off(before));
    }
    assert_eq!(orders[0], orders[1]);
    assert_ne!(orders[0], orders[2]);
    orders[0].sort_unstable();
    assert!(orders[0].iter().copied().eq(0..CALLS));
}

#[tokio::test]
async fn a_dropped_call_is_never_known_and_may_be_submitted_again() {
    let log = Logging::start().await;
    log.set(Fault::Drop, Some(1));
    let id = log.append(1).await;
    assert_eq!(log.control.faults().rules[0].times, Some(0));
    log.add(9).await;
    assert_eq!(log.status(&id), None);
    assert_eq!(log.log().await, [9]);
    let again = log.call("append", 1);
    log.net.network.submit(id, again).await.unwrap();
    log.net.outcome(id).await.unwrap();
    assert_eq!(log.log().await, [9, 1]);
}

#[tokio::test]
async fn chance_comes_from_the_seed() {
    let log = Logging::start().await;
    let mut executed = vec![];
    for _ in 0..2 {
        log.set_rules(vec![Rule {
            probability: 0.5,
            method: Some("append".into()),
            ..Rule::always(Fault::Drop)
        }]);
        let before = log.log().await.len();
        for n in 0..40 {
            log.append(n).await;
        }
        log.add(99).await;
        executed.push(log.log().await.split_off(before));
    }
    assert_eq!(executed[0], executed[1]);
    assert!((5..36).contains(&executed[0].len()), "{executed:?}");
}

#[tokio::test]
async fn a_delayed_call_is_executed_later_unless_it_has_expired() {
    let log = Logging::start().await;
    log.set(Fault::Delay { by: MINUTE }, None);
    let mut expiring = log.call("append", 1);
    expiring.ingress_expiry_ns = log.control.now_ns() + MINUTE.as_nanos() as u64 / 2;
    let expired = log.net.submit(expiring).await.unwrap();
    let delayed = log.append(2).await;
    log.add(9).await;
    assert_eq!(log.log().await, [9]);
    assert_eq!(log.status(&delayed), None);
    // Known already: the same call again is not another one.
    let again = log.call("append", 2);
    log.net.network.submit(delayed, again).await.unwrap();
    log.control.advance(MINUTE).await.unwrap();
    log.net.outcome(delayed).await.unwrap();
    log.add(8).await;
    assert_eq!(log.log().await, [9, 2, 8]);
    assert_eq!(log.status(&expired), None);
}

#[tokio::test]
async fn a_call_that_waits_until_it_has_expired_is_rejected() {
    const CALLS: u8 = 50;
    let log = Logging::start().await;
    // All are received at once, and executing them takes much longer than it takes to move the clock.
    log.set_rules(vec![Rule::always(Fault::Reorder {
        calls: CALLS.into(),
        within: MINUTE,
        order: Order::Reversed,
    })]);
    let mut ids = vec![];
    for n in 0..CALLS {
        let mut expiring = log.call("append_slowly", n);
        expiring.ingress_expiry_ns = log.control.now_ns() + MINUTE.as_nanos() as u64;
        ids.push(log.net.submit(expiring).await.unwrap());
    }
    eventually(async || log.status(&ids[0]).is_some()).await;
    log.control.advance(2 * MINUTE).await.unwrap();
    let mut executed = vec![];
    for (n, id) in (0..CALLS).zip(&ids).rev() {
        match log.net.outcome(*id).await {
            Ok(_) => executed.push(n),
            Err(rejection) => {
                assert_eq!(rejection.code, RejectCode::SysTransient);
                assert_eq!(rejection.error_code, "IC0202");
                assert_eq!(log.status(id).as_deref(), Some("rejected"));
            }
        }
    }
    assert!(executed.len() < ids.len());
    assert_eq!(log.log().await, executed);
}

#[tokio::test]
async fn a_query_has_the_time_of_the_state_it_sees() {
    const TIME: &str = r#"(module
        (import "ic0" "time" (func $time (result i64)))
        (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
        (import "ic0" "msg_reply" (func $reply))
        (memory 1)
        (func (export "canister_query time")
            (i64.store (i32.const 0) (call $time))
            (call $append (i32.const 0) (i32.const 8))
            (call $reply)))"#;
    let (net, control) = TestNet::with_test_api(None);
    let canister = net.deploy(TIME).await;
    let stale = Rule::always(Fault::StaleQuery { by: MINUTE });
    control
        .set_faults(Faults {
            rules: vec![stale],
            ..Faults::default()
        })
        .unwrap();
    let now_ns = control.advance(2 * MINUTE).await.unwrap();
    let reply = net.query(canister, "time", []).await.unwrap();
    let seen_ns = u64::from_le_bytes(reply.try_into().unwrap());
    assert!(seen_ns < now_ns - MINUTE.as_nanos() as u64 / 2);
}

#[tokio::test]
async fn nobody_waits_for_a_network_that_has_stopped() {
    let (net, control) = TestNet::with_test_api(None);
    net.network.shutdown().await.unwrap();
    net.network.stopped().await;
    control.advance(MINUTE).await.unwrap();
}

#[tokio::test]
async fn a_call_is_answered_long_after_it_was_executed() {
    let log = Logging::start().await;
    log.set(Fault::AnswerLate { by: MINUTE }, None);
    let late = log.append(1).await;
    log.add(2).await;
    assert_eq!(log.log().await, [1, 2]);
    assert_eq!(log.status(&late), None);
    let too_early = log.net.network.outcome(&late, Duration::ZERO).await;
    assert!(too_early.is_none());
    let answered = tokio::spawn({
        let network = log.net.network.clone();
        async move { network.outcome(&late, MINUTE).await }
    });
    log.control.advance(MINUTE).await.unwrap();
    let certified = answered.await.unwrap().unwrap();
    assert_eq!(certified.outcome(&late), Some(Ok(vec![])));
    assert_eq!(log.status(&late).as_deref(), Some("replied"));
}

#[tokio::test]
async fn a_query_is_answered_from_an_old_state() {
    let log = Logging::start().await;
    log.add(1).await;
    log.set(Fault::StaleQuery { by: MINUTE }, Some(3));
    log.add(2).await;
    assert_eq!(log.query("log").await, [1]);
    assert_eq!(log.query("read").await, [1, 2]);
    log.control.advance(MINUTE / 2).await.unwrap();
    log.add(3).await;
    log.control.advance(MINUTE * 3 / 4).await.unwrap();
    assert_eq!(log.query("log").await, [1, 2]);
    log.control.advance(MINUTE / 2).await.unwrap();
    assert_eq!(log.query("log").await, [1, 2, 3]);
    log.add(4).await;
    assert_eq!(log.query("log").await, [1, 2, 3, 4], "the rule is used up");
}

#[tokio::test]
async fn certificates_are_delayed() {
    let log = Logging::start().await;
    let delayed = Faults {
        certification_delay: MINUTE,
        ..Faults::default()
    };
    log.control.set_faults(delayed).unwrap();
    let before_ns = log.net.network.certified().time_ns();
    let id = log.append(1).await;
    log.control.advance(MINUTE / 2).await.unwrap();
    assert_eq!(log.net.network.certified().time_ns(), before_ns);
    assert_eq!((log.status(&id), log.log().await), (None, vec![]));
    log.control.advance(MINUTE).await.unwrap();
    log.net.outcome(id).await.unwrap();
    assert_eq!(log.log().await, [1]);
    let age_ns = log.control.now_ns() - log.net.network.certified().time_ns();
    assert!(age_ns >= MINUTE.as_nanos() as u64);
}

#[tokio::test]
async fn what_is_held_is_let_go_with_the_faults() {
    let log = Logging::start().await;
    log.set_rules(vec![
        Rule {
            times: Some(1),
            ..Rule::always(Fault::Delay { by: 2 * MINUTE })
        },
        Rule {
            times: Some(1),
            ..Rule::always(Fault::AnswerLate { by: MINUTE })
        },
        Rule::always(Fault::Reorder {
            calls: 9,
            within: MINUTE,
            order: Order::Reversed,
        }),
    ]);
    let mut ids = vec![];
    for n in 1..=4 {
        ids.push(log.append(n).await);
    }
    log.control.set_faults(Faults::default()).unwrap();
    for id in ids {
        log.net.outcome(id).await.unwrap();
    }
    assert_eq!(log.log().await, [2, 4, 3, 1]);
}

#[tokio::test]
async fn values_out_of_range_are_refused_and_change_nothing() {
    let log = Logging::start().await;
    log.set(Fault::Drop, None);
    let before = log.control.faults();
    let long = Duration::from_secs(3601);
    let alone = Fault::Reorder {
        calls: 1,
        within: MINUTE,
        order: Order::Reversed,
    };
    let refusals = [
        (
            Rule::always(Fault::Delay { by: long }),
            FaultsError::TooLong(long),
        ),
        (Rule::always(alone), FaultsError::Reordered(1)),
        (
            Rule {
                probability: 1.5,
                ..Rule::always(Fault::Drop)
            },
            FaultsError::Probability {
                rule: 0,
                probability: 1.5,
            },
        ),
    ];
    for (rule, expected) in refusals {
        let rules = vec![rule];
        let refused = log.control.set_faults(Faults {
            rules,
            ..Faults::default()
        });
        assert_eq!(refused, Err(expected));
    }
    assert_eq!(log.control.faults(), before);
}
