//! The conversation that is open, as the address of the page says it: so that a reload stays there, and the browser's back
//! button leads back.

use candid::Principal;
use chat_api::Address;

const ROOM: &str = "#room/";
const PERSON: &str = "#person/";

/// The end of the page's address where this is open.
pub fn hash(place: Option<Address>) -> String {
    match place {
        None => String::new(),
        Some(Address::Room(room)) => format!("{ROOM}{room}"),
        Some(Address::Person(person)) => format!("{PERSON}{person}"),
    }
}

/// What is open where the page's address ends like this.
pub fn place(hash: &str) -> Option<Address> {
    if let Some(room) = hash.strip_prefix(ROOM) {
        return room.parse().ok().map(Address::Room);
    }
    let person = hash.strip_prefix(PERSON)?;
    Principal::from_text(person).ok().map(Address::Person)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_back_to_its_place() {
        let person = Principal::from_slice(&[1, 2, 3]);
        for there in [None, Some(Address::Room(7)), Some(Address::Person(person))] {
            assert_eq!(place(&hash(there)), there);
        }
        for nothing in ["#", "#room/", "#room/x", "#person/7", "#elsewhere"] {
            assert_eq!(place(nothing), None);
        }
    }
}
