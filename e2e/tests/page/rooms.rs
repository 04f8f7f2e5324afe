//! Rooms: who makes, finds, joins, leaves and governs them.

use anyhow::Result;
use candid::Principal;
use chat_api::{Command, Role};
use e2e::{commands, person::Person};

use crate::story::Story;

/// How many people the lists of moderators show at once.
const SHOWN: usize = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_is_made_found_joined_and_left() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.newcomer("Alice").await?;
    let bob = story.phone("Bob").await?;
    bob.go_back().await?;

    // Nothing is made of a form that has something missing, and nothing of it is lost.
    alice.press("New room").await?;
    alice.fill_in("Topic", "What grows where").await?;
    alice.press("Make the room").await?;
    alice.wait_for_words("Choose a name first.").await?;
    alice.fill_in("Name", "Garden").await?;
    alice.press("Make the room").await?;
    alice.wait_for_room("Garden").await?;
    alice
        .wait_for_text(".room-header", "What grows where")
        .await?;

    // Found by the beginning of its name; who has had a look may join.
    bob.press("Find rooms").await?;
    bob.fill_in("Find a public room", "gard").await?;
    bob.wait_for_text("dialog .found", "What grows where")
        .await?;
    bob.wait_for_none("dialog [aria-label='Open Lobby']")
        .await?;
    bob.press("Open Garden").await?;
    bob.wait_for_words("You are having a look at Garden.")
        .await?;
    assert!(!bob.has("#composer").await?);
    bob.press("Join").await?;
    bob.wait_for_room("Garden").await?;
    bob.say("What a nice place").await?;
    alice.wait_for_message("What a nice place").await?;
    alice.wait_for_text(".room-header", "2 members").await?;

    // One's own conversations are found by any part of their names.
    alice.make_room("Kitchen").await?;
    alice.fill_in("Search conversations", "ARD").await?;
    alice.wait_for_none("[data-room=Kitchen]").await?;
    alice.open_room("Garden").await?;

    // Left only by who is sure.
    bob.press("Details and members").await?;
    bob.press("Leave").await?;
    bob.press_in("Leave this room?", "Stay").await?;
    bob.press("Leave").await?;
    bob.press_in("Leave this room?", "Leave").await?;
    bob.wait_for_none("[data-room=Garden]").await?;
    alice.wait_for_text(".room-header", "1 member").await?;
    story.end([alice, bob]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_room_is_known_to_those_invited_only() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.newcomer("Alice").await?;
    let bob = story.phone("Bob").await?;
    let carol = story.newcomer("Carol").await?;
    bob.go_back().await?;
    alice.make_private_room("Attic").await?;
    alice.wait_for("main [aria-label='Private room']").await?;

    bob.press("Find rooms").await?;
    bob.fill_in("Find a public room", "Attic").await?;
    bob.wait_for_words("No public room is called that.").await?;
    bob.close_panel().await?;

    alice.show_members().await?;
    alice.press("Invite").await?;
    alice.fill_in("Find people by name", "bo").await?;
    alice.press("Invite Bob").await?;
    alice.wait_for_words("1 person was invited.").await?;
    alice.fill_in("Find people by name", "ca").await?;
    alice.press("Invite Carol").await?;
    alice.close_panel().await?;

    bob.wait_for_title("(1) Commons").await?;
    bob.press("Notifications: 1 unread").await?;
    bob.wait_for_words("Invitation from Alice").await?;
    bob.press_in("Invitations", "Join").await?;
    bob.wait_for_room("Attic").await?;
    bob.say("Nice up here").await?;
    alice.wait_for_message("Nice up here").await?;
    alice.wait_for_person("Bob").await?;
    bob.wait_for_title("Commons").await?;

    // Who has not come yet is seen, and may be told not to.
    carol.wait_for_title("(1) Commons").await?;
    alice.press("Invited people").await?;
    alice.wait_for_text("dialog", "Carol").await?;
    alice.press("Uninvite Carol").await?;
    alice.wait_for_words("Nobody is invited.").await?;
    carol.wait_for_title("Commons").await?;
    story.end([alice, bob, carol]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_in_charge_keep_order() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.newcomer("Alice").await?;
    let bob = story.newcomer("Bob").await?;
    let carol = story.newcomer("Carol").await?;
    alice.make_room("Square").await?;
    for window in [&bob, &carol] {
        window.find_and_join_room("Square").await?;
    }
    for window in [&alice, &bob] {
        window.show_members().await?;
        window.wait_for_role("Alice", "Owner").await?;
        window.wait_for_person("Carol").await?;
    }

    // The owner says who else is in charge.
    alice.show_person("Bob").await?;
    alice.press("Make moderator").await?;
    bob.wait_for_role("Bob", "Moderator").await?;

    // Who is takes away what does not belong here, and puts out who does not.
    carol.say("Buy my things").await?;
    bob.act_on("Buy my things", "Delete").await?;
    bob.press_in("Delete this message?", "Delete").await?;
    carol.wait_for_words("This message was deleted.").await?;
    bob.show_person("Carol").await?;
    bob.press("Remove from the room").await?;
    carol.wait_for_none("[data-room=Square]").await?;

    // Who was put out may come back, who is banned may not until that is lifted.
    carol.find_and_join_room("Square").await?;
    bob.wait_for_person("Carol").await?;
    bob.show_person("Carol").await?;
    bob.press("Ban from the room").await?;
    carol.wait_for_none("[data-room=Square]").await?;
    bob.press("Banned people").await?;
    bob.wait_for_text("dialog", "Carol").await?;
    carol.press("Find rooms").await?;
    carol.press("Open Square").await?;
    carol.press("Join").await?;
    carol
        .wait_for_note("You are banned from this room.")
        .await?;
    bob.press("Unban Carol").await?;
    bob.wait_for_words("Nobody is banned.").await?;
    bob.close_panel().await?;
    carol.press("Join").await?;
    carol.wait_for_room("Square").await?;

    // What the room is, all see at once.
    bob.press("Settings").await?;
    bob.fill_in("Name", "Market").await?;
    bob.press("Save").await?;
    carol.wait_for_room("Market").await?;

    // The owner leaves when there is another one.
    alice
        .wait_for_words("To leave, make somebody else the owner first.")
        .await?;
    alice.show_person("Bob").await?;
    alice.press("Hand the room over").await?;
    bob.wait_for_role("Bob", "Owner").await?;
    alice.press("Leave").await?;
    alice.press_in("Leave this room?", "Leave").await?;
    alice.wait_for_none("[data-room=Market]").await?;
    story.end([alice, bob, carol]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_lists_go_on() -> Result<()> {
    let story = Story::begin().await?;
    let mut owner = Person::join(&story.stack, "Olga").await?;
    for n in 0..=SHOWN {
        let mut person = Person::connect(&story.stack, &story.stack.gateway_url)?;
        let named = person.request(commands::introduction(format!("Person {n}")))?;
        person.settled(named).await?;
        let banned = owner.request(Command::Ban {
            room: commands::LOBBY,
            person: person.id,
        })?;
        owner.settled(banned).await?;
    }
    let alice = story.desktop("Alice").await?;
    alice.show_members().await?;
    let person = Principal::from_text(alice.person_id("Alice").await?)?;
    let appointed = owner.request(Command::SetRole {
        room: commands::LOBBY,
        person,
        role: Role::Moderator,
    })?;
    owner.settled(appointed).await?;

    alice.press("Banned people").await?;
    alice.press("Show more").await?;
    let last = format!("dialog .found li:nth-child({}):last-child", SHOWN + 1);
    alice
        .wait_for(&format!("{last} [aria-label^='Unban Person']"))
        .await?;
    alice.press("Unban Person 7").await?;
    alice.wait_for_none(&last).await?;
    story.end([alice]).await
}
