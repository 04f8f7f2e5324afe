//! The effective canister id: the id in the URL, by which the public network routes a request. It has to
//! be the canister that the request is about, or a client that works here would be lost out there.

use candid::{CandidType, Principal};
use serde::Deserialize;

use super::error::HttpError;
use crate::{bounded_candid, network::CanisterCall};

#[derive(CandidType, Deserialize)]
struct AboutCanister {
    canister_id: Principal,
}

#[derive(CandidType, Deserialize)]
struct AboutTarget {
    target_canister: Principal,
}

/// Checks that a call belongs to the URL it came to.
pub(super) fn check(call: &CanisterCall) -> Result<(), HttpError> {
    let effective = call.effective_canister_id;
    let subject = if call.canister_id == Principal::management_canister() {
        match subject(&call.method_name, &call.arg) {
            Some(subject) => subject,
            None => return Ok(()),
        }
    } else {
        call.canister_id
    };
    if subject == effective {
        return Ok(());
    }
    Err(HttpError::bad_request(format!(
        "The effective canister id in the URL is {effective}, but the request is about the canister \
         {subject}."
    )))
}

/// The canister that a call of the management canister is about. New canisters have no id yet; and what
/// cannot be decoded is left to the management canister, which knows best what to say about it.
fn subject(method_name: &str, arg: &[u8]) -> Option<Principal> {
    match method_name {
        "create_canister" | "provisional_create_canister_with_cycles" => None,
        "install_chunked_code" => {
            let about: AboutTarget = bounded_candid::decode(arg).ok()?;
            Some(about.target_canister)
        }
        _ => {
            let about: AboutCanister = bounded_candid::decode(arg).ok()?;
            Some(about.canister_id)
        }
    }
}

#[cfg(test)]
mod tests {
    use candid::Encode;

    use super::*;

    fn id(n: u8) -> Principal {
        Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, n, 1, 1])
    }

    fn check(
        effective: Principal,
        canister_id: Principal,
        method: &str,
        arg: &[u8],
    ) -> Result<(), HttpError> {
        super::check(&CanisterCall {
            sender: Principal::anonymous(),
            canister_id,
            method_name: method.to_owned(),
            arg: arg.to_owned(),
            effective_canister_id: effective,
        })
    }

    fn management(effective: Principal, method: &str, arg: &[u8]) -> Result<(), HttpError> {
        check(effective, Principal::management_canister(), method, arg)
    }

    #[test]
    fn a_call_goes_to_the_url_of_its_canister() {
        assert!(check(id(1), id(1), "greet", b"").is_ok());
        let error = check(id(1), id(2), "greet", b"").unwrap_err();
        assert!(error.message.contains(&id(2).to_text()), "{error:?}");
    }

    #[test]
    fn management_calls_go_to_the_url_of_the_canister_they_are_about() {
        let about = Encode!(&AboutCanister { canister_id: id(1) }).unwrap();
        assert!(management(id(1), "start_canister", &about).is_ok());
        assert!(management(id(2), "start_canister", &about).is_err());
        let target = Encode!(&AboutTarget {
            target_canister: id(1)
        })
        .unwrap();
        assert!(management(id(1), "install_chunked_code", &target).is_ok());
        assert!(management(id(2), "install_chunked_code", &target).is_err());
        let create = "provisional_create_canister_with_cycles";
        assert!(management(Principal::management_canister(), create, b"").is_ok());
    }
}
