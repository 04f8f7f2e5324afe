//! The chat on a network that does what the real one may do to it.

use std::time::Duration;

use anyhow::Result;
use e2e::{person::Person, stack::Stack, wait::until};
use ic_localnet::{
    Config,
    faults::{Fault, Faults, Order, Rule, TestApi, TestControl},
};

/// How often the canister acknowledges, and how long after that it misses those who do not answer.
const ACK_INTERVAL: Duration = Duration::from_secs(300);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(60);

fn of_messages(fault: Fault, times: u32) -> Rule {
    Rule {
        method: Some("ws_message".into()),
        times: Some(times),
        ..Rule::always(fault)
    }
}

fn set_rules(control: &TestControl, rules: Vec<Rule>) -> Result<()> {
    Ok(control.set_faults(Faults {
        rules,
        ..Faults::default()
    })?)
}

async fn faulty_stack() -> Result<Stack> {
    Stack::start_on(Config {
        test_api: Some(TestApi::default()),
        ..Config::default()
    })
    .await
}

/// Twenty people in the middle of a conversation, on a network that shuffles their messages, while the canister is
/// upgraded again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_notices_upgrades_and_shuffled_messages() -> Result<()> {
    const PEOPLE: usize = 20;
    const ROUNDS: usize = 3;
    const EACH_ROUND: usize = 2;
    let stack = faulty_stack().await?;
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        people.push(Person::join(&stack, &format!("Person {n}")).await?);
    }
    let shuffle = Rule::always(Fault::Reorder {
        calls: 2 * PEOPLE / 3,
        within: Duration::from_millis(500),
        order: Order::Shuffled,
    });
    let rule = Rule {
        method: Some("ws_message".into()),
        ..shuffle
    };
    set_rules(&stack.network().test_control()?, vec![rule])?;
    for round in 0..ROUNDS {
        for n in 0..EACH_ROUND {
            for person in &people {
                person.say((round * EACH_ROUND + n).to_string())?;
            }
        }
        stack.upgrade_backend().await?;
    }
    let mut first: Option<Vec<_>> = None;
    for reader in &mut people {
        let mut seen = Vec::new();
        for _ in 0..PEOPLE * ROUNDS * EACH_ROUND {
            let message = reader.message().await?;
            seen.push((message.number, message.author, message.text));
        }
        assert_eq!(first.get_or_insert_with(|| seen.clone()), &seen);
    }
    let seen = first.unwrap_or_default();
    for author in &people {
        let own = seen.iter().filter(|(_, id, _)| *id == author.id);
        let own: Vec<usize> = own.map(|(_, _, text)| text.parse().unwrap()).collect();
        assert_eq!(own, Vec::from_iter(0..ROUNDS * EACH_ROUND));
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_stay_in_order_though_delayed_and_answered_late() -> Result<()> {
    const OF_EACH_KIND: u32 = 10;
    let stack = faulty_stack().await?;
    let control = stack.network().test_control()?;
    let alice = Person::join(&stack, "Alice").await?;
    let mut bob = Person::join(&stack, "Bob").await?;
    let by = Duration::from_millis(700);
    let late = of_messages(Fault::AnswerLate { by }, OF_EACH_KIND);
    let delayed = of_messages(Fault::Delay { by }, OF_EACH_KIND);
    set_rules(&control, vec![late, delayed])?;
    for n in 0..2 * OF_EACH_KIND {
        alice.say(n.to_string())?;
    }
    for n in 0..2 * OF_EACH_KIND {
        bob.message_saying(n.to_string()).await?;
    }
    let left = control.faults().rules.into_iter().map(|rule| rule.times);
    assert!(left.eq([Some(0), Some(0)]));
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_stays_open_while_nobody_says_anything() -> Result<()> {
    // Gateway and clients have the machine's time, which their requests and the certificates they get must fit. So the
    // network starts behind them, and ends ahead.
    let clock_behind = Duration::from_secs(150);
    let mut network = Config {
        test_api: Some(TestApi { clock_behind }),
        ..Config::default()
    };
    network.ingress.clock_drift_ns += clock_behind.as_nanos() as u64;
    let stack = Stack::start_on(network).await?;
    let control = stack.network().test_control()?;
    let mut alice = Person::join(&stack, "Alice").await?;
    let mut bob = Person::join(&stack, "Bob").await?;

    // A rule that changes nothing counts the keep-alives.
    let unchanged = Fault::Delay { by: Duration::ZERO };
    set_rules(&control, vec![of_messages(unchanged, 2)])?;
    control.advance(ACK_INTERVAL).await?;
    until("both keep-alives", || async {
        let rules = control.faults().rules;
        Ok(rules.iter().all(|rule| rule.times == Some(0)).then_some(()))
    })
    .await?;
    // What is answered has been executed after them.
    alice.say("still there?")?;
    bob.message_saying("still there?").await?;
    control.advance(KEEP_ALIVE_TIMEOUT).await?;
    bob.say("still here")?;
    bob.message_saying("still here").await?;
    for text in ["still there?", "still here"] {
        alice.message_saying(text).await?;
    }
    stack.stop().await
}
