//! Which gateways may serve this canister. Strangers can make up any number of gateways, and the WebSockets have room for some:
//! who operates a canister that all may reach names those that count, in an environment variable of the canister. It is read
//! when the canister is installed or upgraded.

use candid::{Principal, types::principal::PrincipalError};
use ic_cdk::api::{env_var_name_exists, env_var_value};
use thiserror::Error;

/// Principals, with commas between.
const VARIABLE: &str = "GATEWAYS";

/// Why the variable says nothing.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum GatewaysError {
    #[error("the environment variable {VARIABLE} names no gateway")]
    Empty,
    #[error("the environment variable {VARIABLE} has '{0}', which is no principal: {1}")]
    NoPrincipal(String, PrincipalError),
}

/// Those that may; all, if the variable is not set.
pub(crate) fn allowed() -> Result<Option<Vec<Principal>>, GatewaysError> {
    let is_set = env_var_name_exists(VARIABLE);
    is_set.then(|| parse(&env_var_value(VARIABLE))).transpose()
}

fn parse(list: &str) -> Result<Vec<Principal>, GatewaysError> {
    if list.trim().is_empty() {
        return Err(GatewaysError::Empty);
    }
    let principal = |text: &str| {
        let text = text.trim();
        Principal::from_text(text)
            .map_err(|error| GatewaysError::NoPrincipal(text.to_owned(), error))
    };
    list.split(',').map(principal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateways_are_named_with_commas_between() {
        let (one, other) = (Principal::from_slice(&[1]), Principal::from_slice(&[2]));
        assert_eq!(parse(&one.to_text()), Ok(vec![one]));
        assert_eq!(parse(&format!(" {one}, {other}\n")), Ok(vec![one, other]));
    }

    #[test]
    fn what_names_none_is_told() {
        assert_eq!(parse(" "), Err(GatewaysError::Empty));
        let error = parse("aaaaa-aa,https://gateway.example").unwrap_err();
        let start = "the environment variable GATEWAYS has 'https://gateway.example', which is no principal: ";
        assert!(error.to_string().starts_with(start), "{error}");
    }
}
