//! The published JavaScript client, unmodified, against our gateway and canister.

use anyhow::{Context, Result, bail};
use e2e::{
    commands::LOBBY,
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
    witness.look(LOBBY).await?;

    let interface = include_str!("../../../backend/chat.did");
    let mut client = PublishedClient::connect(stack.network(), stack.backend, interface)?;
    let Event::Opened(id) = client.event().await? else {
        panic!("not opened");
    };
    let introduction = json!({ "SetProfile": { "name": "Published", "guest": false, "color": 7 } });
    let join = json!({ "Join": { "room": LOBBY } });
    let says = (0..MESSAGES).map(|n| {
        let text = format!("message {n}");
        json!({ "Say": { "to": { "Room": LOBBY }, "text": text, "reply_to": [], "mentions": [] } })
    });
    let mut commands = [introduction, join].into_iter().chain(says).zip(1u64..);
    let mut send_next = async |client: &mut PublishedClient| {
        let (command, number) = commands.next().context("no command is left")?;
        let request = json!({ "id": { "device": 1, "number": number }, "command": command });
        client.send(&json!({ "Request": request })).await
    };
    chat_event(&mut client, |event| event.get("Hello").cloned()).await?;
    send_next(&mut client).await?;
    chat_event(&mut client, |event| event.get("Done").cloned()).await?;
    send_next(&mut client).await?;
    chat_event(&mut client, |event| change(event, "Entered")).await?;
    for n in 0..MESSAGES {
        let text = format!("message {n}");
        send_next(&mut client).await?;
        let said = chat_event(&mut client, |event| change(event, "Said")).await?;
        assert_eq!(said["message"]["text"], text);
        let message = witness.message().await?;
        assert_eq!((message.author, message.text), (id, text));
    }
    client.close();
    let closed = Event::Closed {
        code: 1000,
        reason: String::new(),
    };
    assert_eq!(client.event().await?, closed);
    assert_eq!(witness.departure().await?, id);
    stack.stop().await
}

/// Reads events until one comes that `wanted` takes.
async fn chat_event(
    client: &mut PublishedClient,
    wanted: impl Fn(&Value) -> Option<Value>,
) -> Result<Value> {
    loop {
        match client.event().await? {
            Event::Message(message) => {
                let event = message.get("Event").context("not an event")?;
                if let Some(value) = wanted(event) {
                    return Ok(value);
                }
            }
            other => bail!("{other:?} came instead of a message"),
        }
    }
}

/// What a change of this kind says.
fn change(event: &Value, kind: &str) -> Option<Value> {
    event.get("Logged")?.get("change")?.get(kind).cloned()
}
