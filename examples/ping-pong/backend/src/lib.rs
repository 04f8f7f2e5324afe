//! The smallest canister that speaks WebSocket: whoever sends a ping gets a pong.

use api::Message;
use candid::Encode;
use ic_stable_structures::{DefaultMemoryImpl, memory_manager::MemoryManager};
use ic_ws_cdk::{OnMessageCallbackArgs, Storage, WsHandlers, WsInitParams};

ic_ws_cdk::export_methods!(Message);
ic_ws_cdk::export_inspect_message!();

thread_local! {
    static MEMORY: MemoryManager<DefaultMemoryImpl> =
        MemoryManager::init(DefaultMemoryImpl::default());
}

#[ic_cdk::init]
fn init() {
    let handlers = WsHandlers {
        on_message: Some(on_message),
        ..WsHandlers::default()
    };
    let storage = MEMORY.with(|memory| Storage::new(memory, 0));
    ic_ws_cdk::init(WsInitParams::new(handlers), storage);
}

#[ic_cdk::post_upgrade]
fn post_upgrade() {
    init();
}

fn on_message(args: OnMessageCallbackArgs) {
    if let Err(error) = answer(&args) {
        ic_cdk::println!("no answer to {}: {error}", args.client_key);
    }
}

fn answer(args: &OnMessageCallbackArgs) -> Result<(), String> {
    match candid::decode_one(&args.message).map_err(|error| error.to_string())? {
        Message::Ping(number) => {
            let pong = Encode!(&Message::Pong(number)).map_err(|error| error.to_string())?;
            Ok(ic_ws_cdk::send(args.client_key, pong)?)
        }
        Message::Pong(_) => Err("a client only pings".to_owned()),
    }
}

ic_ws_cdk::export_interface!("backend.did");
