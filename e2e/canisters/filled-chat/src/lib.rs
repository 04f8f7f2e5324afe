//! The chat canister, with a past made up: whenever it is upgraded, twenty people first say as many messages in the first
//! room as the environment variable `MESSAGES` asks for. So the product, to which it is upgraded, needs no method for that.

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
    let device = time();
    let mut now = time() - PAUSE * messages;
    let enter = (1..).zip([profile(), Command::Join { room: ROOM }]);
    for (number, command) in enter {
        let id = CommandId { device, number };
        (0..PEOPLE).for_each(|person| act(person, id, command.clone(), now));
    }
    for (number, person) in (3..).zip((0..PEOPLE).cycle()).take(messages as usize) {
        now += PAUSE;
        act(person, CommandId { device, number }, say(), now);
    }
}

/// Nobody is connected who would have to be told.
fn act(person: u8, id: CommandId, command: Command, now: Time) {
    let from = ClientKey {
        client_principal: Principal::from_slice(&[person; Principal::MAX_LENGTH_IN_BYTES]),
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
