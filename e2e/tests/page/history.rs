//! Long rooms: read in both directions, without losing one's place.

use anyhow::Result;
use chat_api::{Address, Command};
use e2e::{commands, page::LOBBY, person::Person};
use thirtyfour::Key;

use crate::story::Story;

/// How many say something, and how much each: more than the page asks for at once, less than is taken for a flood.
const CROWD: usize = 4;
const EACH: usize = 100;
const ALL: usize = CROWD * EACH;

const TEXT: &str = "a few words, and a few more, so that there is something to read";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_room_is_read_both_ways_and_the_reader_stays_where_they_are() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    alice.make_room("Elsewhere").await?;
    let mut crowd = vec![];
    for n in 0..CROWD {
        crowd.push(Person::join(&story.stack, &format!("Person {n}")).await?);
    }
    let mut last = vec![];
    for person in &crowd {
        for _ in 1..EACH {
            person.say(TEXT)?;
        }
        last.push(person.say(TEXT)?);
    }
    for (person, last) in crowd.iter_mut().zip(last) {
        person.settled(last).await?;
    }

    // The reading begins with what is unread, and goes on to the end.
    let unread = format!("{ALL} unread messages");
    alice.wait_for_room_label(LOBBY, &unread).await?;
    alice.open_room(LOBBY).await?;
    alice.wait_for("[data-number='0'] .unread-line").await?;
    alice.wait_until_seen(0).await?;
    alice.click("[aria-label=Messages]").await?;
    alice.scroll_until_seen(Key::PageDown, ALL - 1).await?;
    alice.wait_until_read(LOBBY).await?;

    // From the end of a page that knows nothing of what is before, to the beginning.
    alice.reload().await?;
    alice.wait_until_inside("Alice").await?;
    alice.wait_until_seen(ALL - 1).await?;
    alice.click("[aria-label=Messages]").await?;
    alice.scroll_until_seen(Key::PageUp, 0).await?;

    // Who reads keeps their place while others talk.
    alice.press_keys(Key::PageDown).await?;
    alice.wait_until_settled().await?;
    let before = alice.seen().await?;
    for n in 0..5 {
        let said = crowd[0].say(format!("late {n}"))?;
        crowd[0].settled(said).await?;
    }
    alice.wait_for_text("[data-room=Lobby]", "late 4").await?;
    assert_eq!(alice.seen().await?, before);

    // An answer leads to what it answers, however far, and there is a way back.
    let answer = crowd[1].request(Command::Say {
        to: Address::Room(commands::LOBBY),
        text: "As I said".to_owned(),
        reply_to: Some(7),
        mentions: vec![],
    })?;
    crowd[1].settled(answer).await?;
    alice.press("Latest").await?;
    alice.wait_for_message("As I said").await?;
    alice.click("[data-number]:last-child .replied").await?;
    alice.wait_for(".target[data-number='7']").await?;
    alice.wait_until_seen(7).await?;
    alice.press("Latest").await?;
    alice.wait_until_seen(ALL + 5).await?;
    story.end([alice]).await
}
