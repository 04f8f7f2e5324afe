//! The chat canister, with a past made up: whenever it is upgraded, as many messages of twenty people are first added to the
//! first room as the environment variable `MESSAGES` asks for. So the product, to which it is upgraded, needs no method for that.

use candid::Principal;
use chat_api::{Address, Command, CommandId, Request, RoomId, Time};
use ic_cdk::{
    api::{env_var_name_exists, env_var_value, time},
    pre_upgrade,
};
use ic_ws_cdk::ClientKey;

const MESSAGES: &str = "MESSAGES";

const ROOM: RoomId = 0;

const PEOPLE: u8 = 20;

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
    for (number, command) in (1..).zip([profile(), Command::Join { room: ROOM }]) {
        let id = CommandId { device, number };
        (0..PEOPLE).for_each(|one| act(one, id, command.clone(), now));
    }
    for (number, one) in (3..).zip((0..PEOPLE).cycle()).take(told as usize) {
        now += PAUSE;
        act(one, CommandId { device, number }, say(), now);
    }
}

fn person(one: u8) -> Principal {
    Principal::from_slice(&[one; Principal::MAX_LENGTH_IN_BYTES])
}

/// Nobody is connected who would have to be told.
fn act(one: u8, id: CommandId, command: Command, now: Time) {
    let from = ClientKey {
        client_principal: person(one),
        client_nonce: 0,
    };
    chat_backend::with_chat(|chat| chat.request(from, Request { id, command }, now));
}

fn profile() -> Command {
    Command::SetProfile {
        name: "Somebody".to_owned(),
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
