//! What page and canister say to each other.

use candid::{CandidType, Deserialize, Principal};

/// The longest title of a listing, in characters.
pub const MAX_TITLE_CHARS: usize = 80;

/// Something that is for sale.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Chosen at random by the seller's page.
    pub id: u64,
    /// Whose it is.
    pub seller: Principal,
    /// What it is.
    pub title: String,
    /// The highest bid; before the first one, the lowest that the seller takes.
    pub price: u64,
    /// Whose the highest bid is.
    pub bidder: Option<Principal>,
    /// How many bids there were.
    pub bids: u64,
}

/// Any message. What a page says may come twice, and is carried out once.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// From the page: something is for sale, under this id and title, from this price on.
    Offer(u64, String, u64),
    /// From the page: a bid for a listing, higher than the one before.
    Bid(u64, u64),
    /// From the page: tell me the price of a listing whenever it changes, or not any more. From the canister: so be it.
    Watch(u64, bool),
    /// From the page: the seller sells to the highest bidder, or takes back what nobody has bid for. From the canister:
    /// it is not for sale any more.
    Close(u64),
    /// From the canister, first on each connection: what is for sale, and whether this person watches it.
    Market(Vec<(Listing, bool)>),
    /// From the canister: a listing that is new, or has another price.
    Listed(Listing),
    /// From the canister, to whom it concerns: a bid, a sale.
    Alert(String),
    /// From the canister: why the last message was not carried out.
    Refused(String),
}
