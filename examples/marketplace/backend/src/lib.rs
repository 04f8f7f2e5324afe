//! A marketplace: sellers are told of each bid, and watchers of each price.

mod store;

use std::cell::RefCell;

use api::{Listing, MAX_TITLE_CHARS, Message};
use candid::Principal;
use ic_stable_structures::{DefaultMemoryImpl, memory_manager::MemoryManager};
use ic_ws_cdk::{
    OnMessageCallbackArgs, OnOpenCallbackArgs, Storage, WsHandlers, WsInitParams, all_connections,
    tell,
};

use store::Store;

thread_local! {
    static MEMORY: MemoryManager<DefaultMemoryImpl> =
        MemoryManager::init(DefaultMemoryImpl::default());
    static STORE: RefCell<Store> = RefCell::new(MEMORY.with(Store::open));
}

ic_ws_cdk::export_methods!(Message);
ic_ws_cdk::export_inspect_message!();

#[ic_cdk::init]
fn init() {
    let handlers = WsHandlers {
        on_open: Some(on_open),
        on_message: Some(on_message),
        on_close: None,
    };
    let storage = MEMORY.with(|memory| Storage::new(memory, 100));
    ic_ws_cdk::init(WsInitParams::new(handlers), storage);
}

#[ic_cdk::post_upgrade]
fn post_upgrade() {
    init();
}

/// What happened while somebody was away, they see in the market.
fn on_open(args: OnOpenCallbackArgs) {
    let market = STORE.with_borrow(|store| store.market(args.client_principal));
    tell([args.client_key], &Message::Market(market));
}

fn on_message(args: OnMessageCallbackArgs) {
    let person = args.client_principal;
    let done = match candid::decode_one(&args.message) {
        Ok(Message::Offer(id, title, price)) => offer(person, id, title.trim(), price),
        Ok(Message::Bid(id, amount)) => bid(person, id, amount),
        Ok(Message::Watch(id, on)) => watch(person, id, on),
        Ok(Message::Close(id)) => close(person, id),
        Ok(_) => Err("only the canister says this".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(reason) = done {
        tell([args.client_key], &Message::Refused(reason));
    }
}

fn offer(seller: Principal, id: u64, title: &str, price: u64) -> Result<(), String> {
    if !(1..=MAX_TITLE_CHARS).contains(&title.chars().count()) {
        return Err(format!("a title has 1 to {MAX_TITLE_CHARS} characters"));
    }
    // It may come twice.
    if STORE.with_borrow(|store| store.get(id)).is_none() {
        let (title, bidder, bids) = (title.to_owned(), None, 0);
        let listing = Listing {
            id,
            seller,
            title,
            price,
            bidder,
            bids,
        };
        STORE.with_borrow_mut(|store| store.put(&listing))?;
        tell(all_connections(), &Message::Listed(listing));
    }
    Ok(())
}

fn bid(bidder: Principal, id: u64, amount: u64) -> Result<(), String> {
    let mut listing = listing(id)?;
    if (listing.bidder, listing.price) == (Some(bidder), amount) {
        // It came twice.
        return Ok(());
    }
    if listing.seller == bidder {
        return Err("this is your own".to_owned());
    }
    if amount < listing.price || (amount == listing.price && listing.bids > 0) {
        return Err(format!("the price is {} already", listing.price));
    }
    let outbid = listing.bidder.replace(bidder);
    (listing.price, listing.bids) = (amount, listing.bids + 1);
    STORE.with_borrow_mut(|store| store.put(&listing))?;
    let alert = |words| Message::Alert(format!("{}: {amount} {words}", listing.title));
    tell([listing.seller], &alert("is bid"));
    let outbid = outbid.filter(|it| *it != bidder);
    tell(outbid, &alert("is bid, more than by you"));
    let watchers = STORE.with_borrow(|store| store.watchers(id)).into_iter();
    let others = [listing.seller, bidder].into_iter().chain(outbid);
    tell(watchers.chain(others), &Message::Listed(listing));
    Ok(())
}

fn watch(person: Principal, id: u64, on: bool) -> Result<(), String> {
    let listing = listing(id)?;
    STORE.with_borrow_mut(|store| store.watch(id, person, on))?;
    tell([person], &Message::Watch(id, on));
    tell([person], &Message::Listed(listing));
    Ok(())
}

fn close(person: Principal, id: u64) -> Result<(), String> {
    let listing = listing(id)?;
    if listing.seller != person {
        return Err("this is somebody else’s".to_owned());
    }
    STORE.with_borrow_mut(|store| store.remove(id));
    let alert = format!("{}: yours, for {}", listing.title, listing.price);
    tell(listing.bidder, &Message::Alert(alert));
    tell(all_connections(), &Message::Close(id));
    Ok(())
}

fn listing(id: u64) -> Result<Listing, String> {
    let listing = STORE.with_borrow(|store| store.get(id));
    listing.ok_or_else(|| "this is not for sale any more".to_owned())
}

ic_ws_cdk::export_interface!("backend.did");
