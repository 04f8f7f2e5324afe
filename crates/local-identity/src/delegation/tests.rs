use serde_json::{Value, json};

use super::*;

const NOW: u64 = 1_700_000_000_000_000_000;

fn key((prefix, length): (&[u8], usize)) -> String {
    STANDARD.encode([prefix, &vec![7; length]].concat())
}

fn wanted(more: Value) -> Wanted {
    let mut wanted = json!({
        "person": "Alice",
        "origin": "http://chat.localhost:4943",
        "publicKey": key(ED25519),
    });
    for (name, value) in more.as_object().unwrap() {
        wanted[name] = value.clone();
    }
    serde_json::from_value(wanted).unwrap()
}

fn refusal(more: Value) -> DelegationError {
    wanted(more).at(NOW).unwrap_err()
}

#[test]
fn lifetimes_are_as_with_internet_identity() {
    let expiration = |more| wanted(more).at(NOW).unwrap().expiration;
    let of = |lifetime: &str| expiration(json!({ "maxTimeToLive": lifetime }));
    assert_eq!(expiration(json!({})), NOW + DEFAULT_LIFETIME_NS);
    assert_eq!(of("60000000000"), NOW + 60 * SECOND_NS);
    assert_eq!(of(&u64::MAX.to_string()), NOW + MAX_LIFETIME_NS);
    for text in ["", "-1", "1e9", "18446744073709551616"] {
        let name = "maxTimeToLive";
        let text = text.to_owned();
        let error = refusal(json!({ "maxTimeToLive": text }));
        assert_eq!(error, DelegationError::Time { name, text });
    }
}

#[test]
fn what_was_prepared_is_found_again() {
    let first = wanted(json!({ "targets": ["aaaaa-aa"] })).at(NOW).unwrap();
    let again = json!({
        "person": "Alice",
        "origin": "http://chat.localhost:4943",
        "publicKey": key(ED25519),
        "targets": ["aaaaa-aa"],
        "expiration": first.expiration().expiration,
    });
    let again: Prepared = serde_json::from_value(again).unwrap();
    assert_eq!(again.delegation().unwrap(), first);
}

#[test]
fn session_keys_are_p256_or_ed25519() {
    for kind in [ED25519, P256] {
        assert!(wanted(json!({ "publicKey": key(kind) })).at(NOW).is_ok());
        let shorter = key((kind.0, kind.1 - 1));
        assert_eq!(
            refusal(json!({ "publicKey": shorter })),
            DelegationError::Key
        );
    }
    assert_eq!(refusal(json!({ "publicKey": "" })), DelegationError::Key);
    assert_eq!(
        refusal(json!({ "publicKey": "a key" })),
        DelegationError::Base64
    );
}

#[test]
fn targets_are_canister_ids_and_bounded() {
    assert_eq!(
        refusal(json!({ "targets": ["aaaaa-aa", "backend"] })),
        DelegationError::Target("backend".to_owned())
    );
    let too_many = vec!["aaaaa-aa"; MAX_TARGETS + 1];
    assert_eq!(
        refusal(json!({ "targets": too_many })),
        DelegationError::Targets(MAX_TARGETS + 1)
    );
}

#[test]
fn the_signed_message_depends_on_all_of_the_delegation() {
    let message = |more| wanted(more).at(NOW).unwrap().message();
    let plain = message(json!({}));
    assert_ne!(message(json!({ "publicKey": key(P256) })), plain);
    assert_ne!(message(json!({ "maxTimeToLive": "1" })), plain);
    assert_ne!(message(json!({ "targets": ["aaaaa-aa"] })), plain);
}

#[test]
fn the_result_is_that_of_icrc_34() {
    let canister = Principal::from_slice(&[1, 2, 3]);
    let delegation = wanted(json!({ "maxTimeToLive": "0", "targets": ["aaaaa-aa"] }));
    let delegation = delegation.at(NOW).unwrap();
    let result = serde_json::to_value(delegation.signed(canister, b"signature")).unwrap();
    let public_key = CanisterSigPublicKey::new(canister, delegation.seed.to_vec());
    assert_eq!(
        result,
        json!({
            "publicKey": STANDARD.encode(public_key.to_der()),
            "signerDelegation": [{
                "delegation": {
                    "pubkey": key(ED25519),
                    "expiration": NOW.to_string(),
                    "targets": ["aaaaa-aa"],
                },
                "signature": STANDARD.encode("signature"),
            }],
        })
    );
}
