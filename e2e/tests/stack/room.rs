//! The room, seen by native clients.

use anyhow::Result;
use chat_api::{Change, Command, MAX_TEXT_BYTES, RoomKind};
use e2e::{
    commands::{LOBBY, introduction, saying, whisper},
    person::Person,
    stack::Stack,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_reach_everyone_in_the_same_order() -> Result<()> {
    const EACH: usize = 20;
    let stack = Stack::start().await?;
    let mut people = vec![];
    for name in ["Alice", "Bob", "Carol"] {
        people.push(Person::join(&stack, name).await?);
    }
    for n in 0..EACH {
        for person in &people {
            person.say(format!("{n}"))?;
        }
    }
    let mut orders = vec![];
    for person in &mut people {
        let mut order = vec![];
        for _ in 0..3 * EACH {
            let message = person.message().await?;
            order.push((message.number, message.author, message.text));
        }
        orders.push(order);
    }
    assert!(orders.iter().all(|order| *order == orders[0]));
    for person in &people {
        let own: Vec<_> = orders[0]
            .iter()
            .filter(|(_, author, _)| *author == person.id)
            .collect();
        assert!(
            own.iter()
                .enumerate()
                .all(|(n, (_, _, text))| *text == n.to_string())
        );
        assert_eq!(own.len(), EACH);
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_direct_message_reaches_its_addressee_only() -> Result<()> {
    let stack = Stack::start().await?;
    let mut alice = Person::join(&stack, "Alice").await?;
    let mut bob = Person::join(&stack, "Bob").await?;
    let mut carol = Person::join(&stack, "Carol").await?;
    alice.whisper(bob.id, "between us")?;
    for person in [&mut alice, &mut bob] {
        let entered = person.change("the conversation", |logged| match logged.change {
            Change::Entered(summary) => Some(summary),
            _ => None,
        });
        let summary = entered.await?;
        assert_eq!(summary.room.kind, RoomKind::Direct);
        let (room, message) = person.message_somewhere().await?;
        assert_eq!((room, &*message.text), (summary.room.id, "between us"));
    }
    alice.say("to all")?;
    assert_eq!(carol.message().await?.text, "to all");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_of_the_canister_keeps_the_conversation() -> Result<()> {
    const MESSAGES: usize = 40;
    let stack = Stack::start().await?;
    let mut alice = Person::join(&stack, "Alice").await?;
    let mut bob = Person::join(&stack, "Bob").await?;
    // On their way, queued in the canister, and still being written while the canister is upgraded.
    for n in 0..MESSAGES / 2 {
        alice.say(n.to_string())?;
    }
    let upgrades = async {
        for _ in 0..3 {
            stack.upgrade_backend().await?;
        }
        Ok(())
    };
    let conversation = async {
        for n in MESSAGES / 2..MESSAGES {
            alice.say(n.to_string())?;
            bob.message_saying((n - MESSAGES / 2).to_string()).await?;
        }
        Ok::<_, anyhow::Error>(())
    };
    tokio::try_join!(upgrades, conversation)?;
    for n in MESSAGES / 2..MESSAGES {
        bob.message_saying(n.to_string()).await?;
    }
    for n in 0..MESSAGES {
        alice.message_saying(n.to_string()).await?;
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_canister_refuses_is_said_and_closes_nothing() -> Result<()> {
    let stack = Stack::start().await?;
    let mut alice = Person::join(&stack, "Alice").await?;
    for refused in [
        saying(LOBBY, "  "),
        saying(LOBBY, "x".repeat(MAX_TEXT_BYTES + 1)),
        whisper(candid::Principal::anonymous(), "hello?"),
        introduction(""),
        Command::Join { room: 1_000 },
    ] {
        let refused = alice.request(refused)?;
        assert!(!alice.refusal(refused).await?.is_empty());
    }
    alice.say("still connected")?;
    assert_eq!(alice.message().await?.text, "still connected");
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leaves_is_missed() -> Result<()> {
    let stack = Stack::start().await?;
    let mut alice = Person::join(&stack, "Alice").await?;
    let bob = Person::join(&stack, "Bob").await?;
    alice.look(LOBBY).await?;
    bob.close();
    assert_eq!(alice.departure().await?, bob.id);
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_person_may_have_several_connections() -> Result<()> {
    let stack = Stack::start().await?;
    let mut phone = Person::join(&stack, "Alice").await?;
    let mut desk = phone.join_again(&stack, "Alice").await?;
    let mut bob = Person::join(&stack, "Bob").await?;
    bob.whisper(phone.id, "to both")?;
    for device in [&mut phone, &mut desk] {
        assert_eq!(device.message().await?.text, "to both");
    }
    // Only with their last connection does a person leave: the first one to be missed is Carol.
    let carol = Person::join(&stack, "Carol").await?;
    bob.look(LOBBY).await?;
    phone.close();
    phone.close_reason().await?;
    carol.close();
    assert_eq!(bob.departure().await?, carol.id);
    desk.close();
    assert_eq!(bob.departure().await?, desk.id);
    stack.stop().await
}
