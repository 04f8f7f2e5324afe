//! The published JavaScript client, unmodified, against our gateway and canister.

use anyhow::{Context, Result};
use candid::Principal;
use chat_api::Event as ChatEvent;
use e2e::{
    person::Person,
    published_client::{Event, PublishedClient},
    stack::Stack,
};
use serde_json::{Value, json};

const MESSAGES: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_client_exchanges_messages_and_closes() -> Result<()> {
    let stack = Stack::start().await?;
    let mut witness = Person::join(&stack, "Witness").await?;

    let interface = include_str!("../../../backend/chat.did");
    let mut client = PublishedClient::connect(stack.network(), stack.backend, interface)?;
    let Event::Opened(id) = client.event().await? else {
        panic!("not opened");
    };
    client
        .send(&json!({ "Command": { "Join": { "name": "Published", "guest": false } } }))
        .await?;
    chat_event(&mut client, "Welcome").await?;
    for n in 0..MESSAGES {
        let text = format!("message {n}");
        client
            .send(&json!({ "Command": { "Say": { "text": text } } }))
            .await?;
        assert_eq!(chat_event(&mut client, "Message").await?["text"], text);
        let message = witness.message().await?;
        assert_eq!((message.author.id, message.text), (id, text));
    }
    client.close();
    let closed = Event::Closed {
        code: 1000,
        reason: String::new(),
    };
    assert_eq!(client.event().await?, closed);
    assert_eq!(who_left(&mut witness).await?, id);
    stack.stop().await
}

/// Reads events until one of this kind comes.
async fn chat_event(client: &mut PublishedClient, kind: &str) -> Result<Value> {
    loop {
        match client.event().await? {
            Event::Message(mut message) => {
                let event = message.get_mut("Event").context("not an event")?;
                if let Some(event) = event.get_mut(kind) {
                    return Ok(event.take());
                }
            }
            other => anyhow::bail!("{other:?} came instead of a message"),
        }
    }
}

async fn who_left(watcher: &mut Person) -> Result<Principal> {
    watcher
        .chat_event("the notice that somebody left", |event| match event {
            ChatEvent::Left(person) => Some(person.id),
            _ => None,
        })
        .await
}
