//! What happens before the pictures are taken.

use anyhow::Result;
use candid::Principal;
use e2e::{browser::Window, stack::Stack};

use super::friend::Friend;

/// Who looks at the page at a desk.
pub const AT_THE_DESK: &str = "Mara Lindqvist";

/// Who looks at it on a phone.
pub const ON_THE_PHONE: &str = "Priya Nair";

const WALK: &str = "Pier walk";

const QUESTION: &str = "Me too. When, and where do we meet?";

const PLAN: &str = "**Ten sharp** at the lighthouse, and then:

1. along the pier
2. tea at the old customs house
3. back by the dunes

> The forecast says wind, so bring a coat.";

/// Has friends talk; ends with their walk on both screens. They are gone when what this gives is dropped.
pub async fn play(stack: &Stack, desk: &Window, phone: &Window) -> Result<[Friend; 3]> {
    let mut jonas = Friend::enter(stack, "Jonas Weber", 20).await?;
    let mut tomas = Friend::enter(stack, "Tomás Rivera", 105).await?;
    let mut yuki = Friend::enter(stack, "Yuki Tanaka", 200).await?;
    let books = yuki.make_room("Reading group", "One book a month").await?;
    let garden = tomas.make_room("Allotment", "Plot 14, by the gate").await?;
    let walk = jonas.make_room(WALK, "Saturday, ten o’clock").await?;
    yuki.join(walk).await?;
    tomas.join(walk).await?;
    tomas.join(books).await?;

    for (screen, person, name) in [(desk, "Alice", AT_THE_DESK), (phone, "Carol", ON_THE_PHONE)] {
        screen.type_name(name).await?;
        screen.sign_in(person).await?;
        screen.wait_until_inside(name).await?;
    }
    desk.make_private_room("House council").await?;
    desk.paste("The minutes are in the drawer.").await?;
    desk.wait_for_label("The minutes are in the drawer.", "Delivered")
        .await?;
    tomas.say(garden, "The first beans are up! 🌱").await?;
    for room in ["Allotment", "Reading group", WALK] {
        desk.find_and_join_room(room).await?;
    }
    phone.find_and_join_room(WALK).await?;

    jonas
        .say(
            walk,
            "Low tide is at eleven on Saturday. Who is coming along?",
        )
        .await?;
    tomas.say(walk, "Count me in, with the dog 🐕").await?;
    phone.paste(QUESTION).await?;
    desk.act_on(QUESTION, "Reply").await?;
    desk.paste(PLAN).await?;
    desk.wait_for_text(".message-rows", "bring a coat").await?;
    phone.wait_for_text(".message-rows", "bring a coat").await?;
    yuki.react(walk, 3, "👍").await?;
    jonas.react(walk, 3, "👍").await?;
    tomas.react(walk, 3, "☕").await?;
    phone.mention("Jonas Weber", "do they have scones?").await?;
    phone
        .wait_for_label("@Jonas Weber do they have scones?", "Delivered")
        .await?;
    jonas
        .say(walk, "The best on the coast. See you there!")
        .await?;
    yuki.react(walk, 5, "🎉").await?;
    tomas.react(walk, 5, "🎉").await?;

    yuki.say(books, "So, what did you all think of the ending?")
        .await?;
    tomas
        .say(books, "No spoilers! I have forty pages left.")
        .await?;
    let mara = Principal::from_text(own_id(desk).await?)?;
    jonas
        .whisper(mara, "Shall I bring the big umbrella?")
        .await?;
    desk.wait_for_room_label("Jonas Weber", "1 unread message")
        .await?;
    desk.wait_for_room_label("Reading group", "2 unread messages")
        .await?;
    for screen in [desk, phone] {
        screen.wait_for("[aria-label^='🎉 2']").await?;
    }
    Ok([jonas, tomas, yuki])
}

/// Who the page is to the canister.
async fn own_id(window: &Window) -> Result<String> {
    window.show_members().await?;
    let id = window.person_id(AT_THE_DESK).await?;
    window.close_panel().await?;
    Ok(id)
}
