//! The chat canister, with a past made up: whenever it is upgraded, as many messages of twenty people are first added to the
//! first room as the environment variable `MESSAGES` asks for. So the product, to which it is upgraded, needs no method for that.
//! Other canisters may have it miss the end of a connection.

use candid::Principal;
use chat_api::{Address, Command, CommandId, Request, RoomId, Time};
use ic_cdk::{
    api::{env_var_name_exists, env_var_value, time},
    pre_upgrade, update,
};
use ic_ws_cdk::ClientKey;

const MESSAGES: &str = "MESSAGES";

const ROOM: RoomId = 0;

const PEOPLE: u8 = 20;

const NAME: &str = "Somebody";

/// As long as what is typed in a chat.
const TEXT: &str = "What somebody types in a chat is about as long as this is.";

/// How many of the messages are really said, the last ones: as many as are logged. The others are put there, which is faster.
const TOLD: u64 = 10_000;

/// Between one message and the next: nobody speaks faster than the chat allows.
const PAUSE: Time = 10_000_000;

#[pre_upgrade]
fn fill() {
    let wanted = env_var_name_exists(MESSAGES).then(|| env_var_value(MESSAGES));
    let messages: u64 = match wanted.as_deref().map(str::parse) {
        Some(Ok(messages)) => messages,
        Some(Err(error)) => ic_cdk::trap(format!("{MESSAGES}: {error}")),
        None => return,
    };
    let told = messages.min(TOLD);
    let start = time() - PAUSE * messages;
    let untold = (0..messages - told).zip((0..PEOPLE).cycle());
    let untold = untold.map(|(n, one)| (person(one), start + PAUSE * n, TEXT.to_owned()));
    chat_backend::with_chat(|chat| chat.import(ROOM, untold));

    let device = time();
    let mut now = time() - PAUSE * told;
    (0..PEOPLE).for_each(|one| enter(one, NAME, device, now));
    for (number, one) in (3..).zip((0..PEOPLE).cycle()).take(told as usize) {
        now += PAUSE;
        act(one, CommandId { device, number }, say(), now);
    }
}

fn person(one: u8) -> Principal {
    Principal::from_slice(&[one; Principal::MAX_LENGTH_IN_BYTES])
}

/// Leaves the chat with a connection of somebody in the first room that there is not any more, as when `on_close` has trapped.
/// Gives who it is.
#[update]
fn miss_an_end(name: String) -> String {
    let now = time();
    enter(PEOPLE, &name, now, now);
    chat_backend::with_chat(|chat| chat.connected(connection(PEOPLE), now));
    person(PEOPLE).to_text()
}

fn enter(one: u8, name: &str, device: u64, now: Time) {
    for (number, command) in (1..).zip([profile(name), Command::Join { room: ROOM }]) {
        act(one, CommandId { device, number }, command, now);
    }
}

fn connection(one: u8) -> ClientKey {
    ClientKey {
        client_principal: person(one),
        client_nonce: 0,
    }
}

/// Nobody is connected who would have to be told.
fn act(one: u8, id: CommandId, command: Command, now: Time) {
    let request = Request { id, command };
    chat_backend::with_chat(|chat| chat.request(connection(one), request, now));
}

fn profile(name: &str) -> Command {
    Command::SetProfile {
        name: name.to_owned(),
        guest: false,
        color: 0,
    }
}

fn say() -> Command {
    Command::Say {
        to: Address::Room(ROOM),
        text: TEXT.to_owned(),
        reply_to: None,
        mentions: Vec::new(),
    }
}
