//! The effective canister or subnet id: the id in the URL, by which the public network routes a request. It has to
//! be what the request is about, or a client that works here would be lost out there.
//!
//! Where the specification wants an id within the ranges of a subnet, any will do here: all canisters there can ever be
//! are on the only subnet, and clients of local networks create canisters at `aaaaa-aa`.

use candid::Principal;

use super::{App, error::HttpError, request::CallKind};
use crate::{management, network::CanisterCall};

/// The id in a request's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EffectiveId {
    Canister(Principal),
    /// The only subnet.
    Subnet(Principal),
}

impl EffectiveId {
    /// The canister that the URL names.
    pub fn canister(text: &str) -> Result<Self, HttpError> {
        principal(text).map(Self::Canister)
    }

    /// The subnet that the URL names, if it is the one that there is.
    pub fn subnet(app: &App, text: &str) -> Result<Self, HttpError> {
        let subnet = principal(text)?;
        let known = app.network.keys().subnet_id();
        if subnet == known {
            return Ok(Self::Subnet(subnet));
        }
        Err(HttpError::bad_request(format!(
            "There is no subnet {subnet} here; the only one is {known}."
        )))
    }

    pub fn principal(self) -> Principal {
        let (Self::Canister(id) | Self::Subnet(id)) = self;
        id
    }

    /// Checks that a call belongs to the URL it came to.
    pub fn check(self, kind: CallKind, call: &CanisterCall) -> Result<(), HttpError> {
        let subject = match (self, subject(kind, call)) {
            (_, Subject::Subnet) | (Self::Canister(_), Subject::Unknown) => return Ok(()),
            (Self::Canister(effective), Subject::Canister(subject)) if effective == subject => {
                return Ok(());
            }
            (Self::Canister(_), Subject::Canister(subject)) => format!("the canister {subject}"),
            (Self::Subnet(_), _) => "a canister".to_owned(),
        };
        let what = match self {
            Self::Canister(_) => "canister",
            Self::Subnet(_) => "subnet",
        };
        let effective = self.principal();
        Err(HttpError::bad_request(format!(
            "The effective {what} id in the URL is {effective}, but the request is about {subject}."
        )))
    }
}

/// A principal in its textual form, out of the URL.
fn principal(text: &str) -> Result<Principal, HttpError> {
    Principal::from_text(text).map_err(|error| {
        HttpError::bad_request(format!("The URL has {text:?} for a principal: {error}."))
    })
}

/// What a call is about.
enum Subject {
    Canister(Principal),
    /// The subnet as such: then the URL may also name any canister.
    Subnet,
    /// The management canister will say what is wrong with it.
    Unknown,
}

fn subject(kind: CallKind, call: &CanisterCall) -> Subject {
    if call.canister_id != Principal::management_canister() {
        return Subject::Canister(call.canister_id);
    }
    match (kind, call.method_name.as_str()) {
        (CallKind::Update, "create_canister" | "provisional_create_canister_with_cycles")
        | (CallKind::Query, "list_canisters") => Subject::Subnet,
        (_, method) => {
            let canister = management::canister_in_question(method, &call.arg);
            canister.map_or(Subject::Unknown, Subject::Canister)
        }
    }
}

#[cfg(test)]
mod tests {
    use candid::{CandidType, Encode};

    use super::*;

    #[derive(CandidType)]
    struct AboutCanister {
        canister_id: Principal,
    }

    #[derive(CandidType)]
    struct AboutTarget {
        target_canister: Principal,
    }

    fn id(n: u8) -> Principal {
        Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, n, 1, 1])
    }

    fn check(
        effective: EffectiveId,
        kind: CallKind,
        canister_id: Principal,
        method: &str,
        arg: &[u8],
    ) -> Result<(), HttpError> {
        let call = CanisterCall {
            sender: Principal::anonymous(),
            canister_id,
            method_name: method.to_owned(),
            arg: arg.to_owned(),
            effective_id: effective.principal(),
            ingress_expiry_ns: 0,
        };
        effective.check(kind, &call)
    }

    fn update(effective: EffectiveId, method: &str, arg: &[u8]) -> Result<(), HttpError> {
        let management = Principal::management_canister();
        check(effective, CallKind::Update, management, method, arg)
    }

    #[test]
    fn a_call_goes_to_the_url_of_its_canister() {
        let at = EffectiveId::Canister(id(1));
        for kind in [CallKind::Update, CallKind::Query] {
            assert!(check(at, kind, id(1), "greet", b"").is_ok());
            let error = check(at, kind, id(2), "greet", b"").unwrap_err();
            assert!(error.message.contains(&id(2).to_text()), "{error:?}");
            assert!(check(EffectiveId::Subnet(id(1)), kind, id(1), "greet", b"").is_err());
        }
    }

    #[test]
    fn management_calls_go_to_the_url_of_the_canister_they_are_about() {
        let at = |n| EffectiveId::Canister(id(n));
        let about = Encode!(&AboutCanister { canister_id: id(1) }).unwrap();
        assert!(update(at(1), "start_canister", &about).is_ok());
        assert!(update(at(2), "start_canister", &about).is_err());
        assert!(update(EffectiveId::Subnet(id(1)), "start_canister", &about).is_err());
        let target = Encode!(&AboutTarget {
            target_canister: id(1)
        })
        .unwrap();
        assert!(update(at(1), "install_chunked_code", &target).is_ok());
        assert!(update(at(2), "install_chunked_code", &target).is_err());
    }

    #[test]
    fn what_is_about_the_subnet_may_go_to_any_url() {
        let management = Principal::management_canister();
        for at in [
            EffectiveId::Canister(management),
            EffectiveId::Canister(id(1)),
            EffectiveId::Subnet(id(9)),
        ] {
            assert!(update(at, "provisional_create_canister_with_cycles", b"").is_ok());
            let list = check(at, CallKind::Query, management, "list_canisters", b"");
            assert!(list.is_ok());
        }
    }
}
