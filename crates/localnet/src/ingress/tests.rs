use std::{borrow::Cow, collections::BTreeMap};

use candid::Principal;
use ic_certification::{labeled, leaf};
use ic_transport_types::{
    Delegation, DelegationPermissions, Envelope, EnvelopeContent, SignedDelegation, to_request_id,
};
use p256::{
    ecdsa::{self, signature::Signer as _},
    pkcs8::EncodePublicKey,
};
use proptest::prelude::*;
use serde_bytes::ByteBuf;
use serde_cbor::{Value, value::to_value};
use sha2::{Digest, Sha256};

use super::*;
use crate::{
    cbor,
    certification::{CanisterLeaves, NetworkKeys, StateTree},
};

const NOW: u64 = 1_700_000_000_000_000_000;
const MINUTE: u64 = 60_000_000_000;

/// A key of each kind that people hold.
#[derive(Clone)]
enum Key {
    Ed25519(ic_ed25519::PrivateKey),
    P256(ecdsa::SigningKey),
    Secp256k1(ic_secp256k1::PrivateKey),
}

impl Key {
    fn ed25519(seed: u8) -> Self {
        Self::Ed25519(ic_ed25519::PrivateKey::deserialize_raw_32(&[seed; 32]))
    }

    fn of_every_kind() -> [Self; 3] {
        [
            Self::ed25519(1),
            Self::P256(ecdsa::SigningKey::from_slice(&[2; 32]).unwrap()),
            Self::Secp256k1(ic_secp256k1::PrivateKey::deserialize_sec1(&[3; 32]).unwrap()),
        ]
    }

    fn public(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.public_key().serialize_rfc8410_der(),
            Self::P256(key) => {
                let der = key.verifying_key().to_public_key_der().unwrap();
                der.as_bytes().to_vec()
            }
            Self::Secp256k1(key) => key.public_key().serialize_der(),
        }
    }

    fn principal(&self) -> Principal {
        Principal::self_authenticating(self.public())
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.sign_message(message).to_vec(),
            Self::P256(key) => {
                let signature: ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::Secp256k1(key) => key.sign_message_with_ecdsa(message).to_vec(),
        }
    }

    fn delegate(&self, delegation: Delegation) -> SignedDelegation {
        SignedDelegation {
            signature: self.sign(&delegation.signable()),
            delegation,
        }
    }
}

fn canister() -> Principal {
    Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
}

fn call_from(sender: Principal) -> EnvelopeContent {
    EnvelopeContent::Call {
        nonce: Some(vec![7; 16]),
        ingress_expiry: NOW + 4 * MINUTE,
        sender,
        canister_id: canister(),
        method_name: "greet".into(),
        arg: b"DIDL\0\0".to_vec(),
        sender_info: None,
    }
}

fn query_from(sender: Principal) -> EnvelopeContent {
    EnvelopeContent::Query {
        nonce: None,
        ingress_expiry: NOW + 4 * MINUTE,
        sender,
        canister_id: canister(),
        method_name: "greet".into(),
        arg: vec![],
        sender_info: None,
    }
}

fn envelope(content: &EnvelopeContent, key: &Key) -> Envelope<'static> {
    Envelope {
        content: Cow::Owned(content.clone()),
        sender_pubkey: Some(key.public()),
        sender_sig: Some(key.sign(&content.to_request_id().signable())),
        sender_delegation: None,
    }
}

/// A request from `owner`, signed by `session` through `chain`.
fn delegated(
    content: &EnvelopeContent,
    owner: &[u8],
    session: &Key,
    chain: Vec<SignedDelegation>,
) -> Vec<u8> {
    Envelope {
        sender_pubkey: Some(owner.to_vec()),
        sender_delegation: Some(chain),
        ..envelope(content, session)
    }
    .encode_bytes()
}

fn delegation_to(key: &Key) -> Delegation {
    Delegation {
        pubkey: key.public(),
        expiration: NOW + MINUTE,
        targets: None,
        permissions: None,
    }
}

fn check(bytes: &[u8]) -> Result<AuthenticatedRequest, IngressError> {
    authenticate(bytes, NOW, &[0; 96], &IngressLimits::default())
}

/// Checks that the request is refused, and for this reason.
macro_rules! assert_refused {
    ($bytes:expr, $reason:pat) => {
        match check(&$bytes) {
            Err($reason) => {}
            Err(other) => panic!("refused for another reason: {other}"),
            Ok(_) => panic!("accepted"),
        }
    };
}

#[test]
fn every_kind_of_key_is_accepted_and_its_request_id_is_the_clients() {
    for key in Key::of_every_kind() {
        let content = call_from(key.principal());
        let request = check(&envelope(&content, &key).encode_bytes()).unwrap();
        assert_eq!(request.id, content.to_request_id());
        assert_eq!(*request.content.sender(), key.principal());
        assert_eq!(request.targets, Targets::Any);
    }
}

#[test]
fn all_types_of_requests_are_decoded() {
    let key = Key::ed25519(1);
    let read = EnvelopeContent::ReadState {
        ingress_expiry: NOW + MINUTE,
        sender: key.principal(),
        paths: vec![vec!["request_status".into(), vec![255_u8; 32].into()]],
    };
    let request = check(&envelope(&read, &key).encode_bytes()).unwrap();
    assert_eq!(request.id, read.to_request_id());
    let EnvelopeContent::ReadState { paths, .. } = request.content else {
        panic!("not a read_state");
    };
    assert_eq!(paths[0][1].as_bytes(), [255; 32]);
    let query = query_from(key.principal());
    let request = check(&envelope(&query, &key).encode_bytes()).unwrap();
    assert!(matches!(request.content, EnvelopeContent::Query { .. }));
}

#[test]
fn a_signature_of_something_else_is_refused() {
    for key in Key::of_every_kind() {
        let content = call_from(key.principal());
        let mut wrong = envelope(&content, &key);
        wrong.sender_sig = Some(key.sign(b"something else"));
        assert_refused!(
            wrong.encode_bytes(),
            IngressError::Signature(SignatureError::Mismatch(_))
        );
        // The very bytes that were signed, but without the domain of requests.
        wrong.sender_sig = Some(key.sign(content.to_request_id().as_slice()));
        assert_refused!(wrong.encode_bytes(), IngressError::Signature(_));
        wrong.sender_sig = Some(vec![1, 2, 3]);
        assert_refused!(wrong.encode_bytes(), IngressError::Signature(_));
    }
}

#[test]
fn the_key_has_to_be_the_senders() {
    let [alice, bob, _] = Key::of_every_kind();
    let content = call_from(alice.principal());
    assert_refused!(
        envelope(&content, &bob).encode_bytes(),
        IngressError::SenderMismatch { .. }
    );
}

#[test]
fn keys_that_are_none_are_refused() {
    let malformed = b"not DER".to_vec();
    // Another curve (P-384), and RSA: keys, but not of the Internet Computer.
    let p384 = hex::decode("3016301006072a8648ce3d020106052b81040022030200ff").unwrap();
    let rsa = hex::decode("3014300d06092a864886f70d0101010500030300ffff").unwrap();
    for (public_key, unsupported) in [(malformed, false), (p384, true), (rsa, true)] {
        let content = call_from(Principal::self_authenticating(&public_key));
        let bytes = Envelope {
            sender_pubkey: Some(public_key),
            ..envelope(&content, &Key::ed25519(1))
        }
        .encode_bytes();
        let error = check(&bytes).unwrap_err();
        let IngressError::Signature(error) = error else {
            panic!("refused for another reason: {error}");
        };
        let expected = matches!(error, SignatureError::UnsupportedKey(_));
        assert_eq!(expected, unsupported, "{error}");
    }
}

#[test]
fn the_anonymous_sender_signs_nothing_and_everyone_else_has_to() {
    let anonymous = call_from(Principal::anonymous());
    let unsigned = |content: &EnvelopeContent| Envelope {
        content: Cow::Owned(content.clone()),
        sender_pubkey: None,
        sender_sig: None,
        sender_delegation: None,
    };
    assert!(check(&unsigned(&anonymous).encode_bytes()).is_ok());
    let key = Key::ed25519(1);
    assert_refused!(
        envelope(&anonymous, &key).encode_bytes(),
        IngressError::AnonymousWithSignature
    );
    let signed = call_from(key.principal());
    assert_refused!(
        unsigned(&signed).encode_bytes(),
        IngressError::MissingSignature(_)
    );
    let mut half = envelope(&signed, &key);
    half.sender_sig = None;
    assert_refused!(half.encode_bytes(), IngressError::HalfSigned);
}

#[test]
fn requests_expire() {
    let key = Key::ed25519(1);
    let until = |expiry: u64| {
        let mut content = call_from(key.principal());
        if let EnvelopeContent::Call { ingress_expiry, .. } = &mut content {
            *ingress_expiry = expiry;
        }
        check(&envelope(&content, &key).encode_bytes())
    };
    assert!(until(NOW).is_ok());
    assert!(until(NOW + 6 * MINUTE).is_ok(), "five minutes and a drift");
    for expiry in [0, NOW - 1, NOW + 6 * MINUTE + 1, u64::MAX] {
        let error = until(expiry).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, IngressError::Expiry { .. }), "{text}");
        let known = "Specified ingress_expiry not within expected range";
        assert!(
            text.contains(known) && text.contains(&expiry.to_string()),
            "{text}"
        );
    }
}

#[test]
fn a_query_that_anyone_may_make_need_not_expire() {
    let mut content = query_from(Principal::anonymous());
    if let EnvelopeContent::Query { ingress_expiry, .. } = &mut content {
        *ingress_expiry = 0;
    }
    let bytes = Envelope {
        content: Cow::Owned(content),
        sender_pubkey: None,
        sender_sig: None,
        sender_delegation: None,
    }
    .encode_bytes();
    assert!(check(&bytes).is_ok());
}

#[test]
fn sizes_are_limited() {
    let key = Key::ed25519(1);
    let mut content = call_from(key.principal());
    if let EnvelopeContent::Call { arg, nonce, .. } = &mut content {
        *arg = vec![0; 2 * 1024 * 1024];
        *nonce = None;
    }
    assert_refused!(
        envelope(&content, &key).encode_bytes(),
        IngressError::TooLarge { .. }
    );
    if let EnvelopeContent::Call { arg, nonce, .. } = &mut content {
        arg.clear();
        *nonce = Some(vec![0; 33]);
    }
    assert_refused!(
        envelope(&content, &key).encode_bytes(),
        IngressError::NonceTooLong { length: 33, .. }
    );
}

/// The content as a map that fields can be added to.
fn fields(content: &EnvelopeContent) -> BTreeMap<Value, Value> {
    match to_value(content).unwrap() {
        Value::Map(fields) => fields,
        other => panic!("not a map: {other:?}"),
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn map<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Map(fields.map(|(name, value)| (text(name), value)).into())
}

#[test]
fn unknown_fields_are_part_of_what_is_signed() {
    let key = Key::ed25519(1);
    let known = call_from(key.principal());
    // The hash of a nested field goes into the hash of the whole, by the specification's rules.
    #[derive(serde::Serialize)]
    struct Extended<'a> {
        #[serde(flatten)]
        known: &'a EnvelopeContent,
        of_tomorrow: [u64; 2],
    }
    let id = to_request_id(&Extended {
        known: &known,
        of_tomorrow: [1, 2],
    })
    .unwrap();
    let envelope = |fields: &BTreeMap<Value, Value>| {
        cbor::encode(&map([
            ("content", Value::Map(fields.clone())),
            ("sender_pubkey", Value::Bytes(key.public())),
            ("sender_sig", Value::Bytes(key.sign(&id.signable()))),
        ]))
    };
    let mut fields = fields(&known);
    assert_refused!(envelope(&fields), IngressError::Signature(_));
    let new_field = Value::Array(vec![Value::Integer(1), Value::Integer(2)]);
    fields.insert(text("of_tomorrow"), new_field);
    assert_eq!(check(&envelope(&fields)).unwrap().id, id);
    fields.insert(text("absent"), Value::Null);
    assert_eq!(check(&envelope(&fields)).unwrap().id, id);
    fields.insert(text("fraction"), Value::Float(0.5));
    assert_refused!(envelope(&fields), IngressError::Unhashable(_));
}

#[test]
fn what_is_no_envelope_is_refused() {
    let of_type = |name: &str| {
        let mut fields = fields(&call_from(Principal::anonymous()));
        fields.insert(text("request_type"), text(name));
        cbor::encode(&map([("content", Value::Map(fields))]))
    };
    assert!(check(&of_type("call")).is_ok());
    let error = check(&of_type("subscribe")).unwrap_err();
    assert!(error.to_string().contains("subscribe"), "{error}");
    let deep = [0x81; 2000];
    for bytes in [b"".as_slice(), b"\xff", b"\xa0", b"not CBOR", &deep] {
        assert_refused!(bytes, IngressError::Envelope(_));
    }
    let mut trailing = of_type("call");
    trailing.push(0);
    assert_refused!(trailing, IngressError::Envelope(_));
}

#[test]
fn a_chain_of_delegations_of_all_kinds_of_keys() {
    let [owner, middle, session] = Key::of_every_kind();
    let chain = vec![
        owner.delegate(delegation_to(&middle)),
        middle.delegate(delegation_to(&session)),
    ];
    let content = call_from(owner.principal());
    let request = check(&delegated(
        &content,
        &owner.public(),
        &session,
        chain.clone(),
    ))
    .unwrap();
    assert_eq!(*request.content.sender(), owner.principal());

    let other_order = chain.iter().rev().cloned().collect();
    assert_refused!(
        delegated(&content, &owner.public(), &session, other_order),
        IngressError::Delegation(DelegationError::Signature { index: 0, .. })
    );
    // The last key of the chain has to sign, not one on the way.
    assert_refused!(
        delegated(&content, &owner.public(), &middle, chain),
        IngressError::Signature(_)
    );
}

#[test]
fn a_delegation_that_was_altered_is_refused() {
    let (owner, session) = (Key::ed25519(1), Key::ed25519(2));
    let content = call_from(owner.principal());
    let mut signed = owner.delegate(delegation_to(&session));
    signed.delegation.expiration += 1;
    assert_refused!(
        delegated(&content, &owner.public(), &session, vec![signed]),
        IngressError::Delegation(DelegationError::Signature { index: 0, .. })
    );
}

#[test]
fn delegations_expire() {
    let (owner, session) = (Key::ed25519(1), Key::ed25519(2));
    let content = call_from(owner.principal());
    let signed = owner.delegate(Delegation {
        expiration: NOW - 1,
        ..delegation_to(&session)
    });
    assert_refused!(
        delegated(&content, &owner.public(), &session, vec![signed]),
        IngressError::Delegation(DelegationError::Expired { index: 0, .. })
    );
}

#[test]
fn delegations_are_good_for_the_targets_that_all_of_them_name() {
    let (owner, middle, session) = (Key::ed25519(1), Key::ed25519(2), Key::ed25519(3));
    let other = Principal::from_slice(&[9]);
    let request = |first: &[Principal], second: Option<&[Principal]>| {
        let to = |key, targets: Option<&[Principal]>| Delegation {
            targets: targets.map(<[_]>::to_vec),
            ..delegation_to(key)
        };
        let chain = vec![
            owner.delegate(to(&middle, Some(first))),
            middle.delegate(to(&session, second)),
        ];
        let content = call_from(owner.principal());
        check(&delegated(&content, &owner.public(), &session, chain))
    };
    assert!(request(&[canister(), other], None).is_ok());
    let both = request(&[canister(), other], Some(&[canister()])).unwrap();
    assert_eq!(both.targets, Targets::Only(BTreeSet::from([canister()])));
    for refused in [
        request(&[other], None),
        request(&[], None),
        request(&[canister()], Some(&[other])),
    ] {
        assert!(matches!(
            refused.unwrap_err(),
            IngressError::CanisterNotDelegated(id) if id == canister()
        ));
    }
}

#[test]
fn a_delegation_for_queries_permits_no_call() {
    let (owner, session) = (Key::ed25519(1), Key::ed25519(2));
    let chain = vec![owner.delegate(Delegation {
        permissions: Some(DelegationPermissions::Queries),
        ..delegation_to(&session)
    })];
    let query = query_from(owner.principal());
    assert!(check(&delegated(&query, &owner.public(), &session, chain.clone())).is_ok());
    let call = call_from(owner.principal());
    assert_refused!(
        delegated(&call, &owner.public(), &session, chain),
        IngressError::UpdateNotDelegated
    );
}

#[test]
fn chains_are_bounded_and_lead_forward() {
    let keys: Vec<Key> = (1..=22).map(Key::ed25519).collect();
    let chain = |keys: &[Key]| -> Vec<SignedDelegation> {
        keys.windows(2)
            .map(|pair| pair[0].delegate(delegation_to(&pair[1])))
            .collect()
    };
    let content = call_from(keys[0].principal());
    let request = |keys: &[Key]| {
        delegated(
            &content,
            &keys[0].public(),
            keys.last().unwrap(),
            chain(keys),
        )
    };
    assert!(check(&request(&keys[..21])).is_ok());
    assert_refused!(
        request(&keys),
        IngressError::Delegation(DelegationError::TooMany { length: 21, .. })
    );
    let cycle = [keys[0].clone(), keys[1].clone(), keys[0].clone()];
    assert_refused!(
        request(&cycle),
        IngressError::Delegation(DelegationError::Cycle(1))
    );
    let many = owner_delegation_with_targets(&keys[0], &keys[1], 1001);
    assert_refused!(
        delegated(&content, &keys[0].public(), &keys[1], vec![many]),
        IngressError::Delegation(DelegationError::TooManyTargets { count: 1001, .. })
    );
}

fn owner_delegation_with_targets(owner: &Key, to: &Key, count: usize) -> SignedDelegation {
    owner.delegate(Delegation {
        targets: Some(vec![canister(); count]),
        ..delegation_to(to)
    })
}

/// A canister signature of `message` under `seed`, on a network with `keys`: what an identity provider
/// hands out.
fn canister_signature(keys: &NetworkKeys, seed: &[u8], message: &[u8]) -> Vec<u8> {
    #[derive(serde::Serialize)]
    struct CanisterSignature {
        certificate: ByteBuf,
        tree: ic_certification::HashTree,
    }
    let digest = |bytes: &[u8]| -> [u8; 32] { Sha256::digest(bytes).into() };
    let tree = labeled(
        "sig",
        labeled(digest(seed), labeled(digest(message), leaf([]))),
    );
    let mut state = StateTree::new(keys);
    state.set_canister(
        canister(),
        CanisterLeaves {
            certified_data: tree.digest().to_vec(),
            module_hash: Some([0; 32]),
            ..CanisterLeaves::default()
        },
    );
    let path: Vec<&[u8]> = vec![
        b"canister",
        &[0, 0, 0, 0, 0, 0, 0, 1, 1, 1],
        b"certified_data",
    ];
    cbor::encode(&CanisterSignature {
        certificate: ByteBuf::from(state.certify(NOW, keys).certificate(&[path])),
        tree,
    })
}

fn canister_public_key(seed: &[u8]) -> Vec<u8> {
    let id = canister();
    let raw = [&[id.as_slice().len() as u8], id.as_slice(), seed].concat();
    let mut der = hex::decode("300c060a2b0601040183b8430102").unwrap();
    der.extend([0x03, raw.len() as u8 + 1, 0]);
    der.extend(raw);
    [vec![0x30, der.len() as u8], der].concat()
}

#[test]
fn a_canister_can_sign_a_delegation() {
    let keys = NetworkKeys::generate().unwrap();
    let (seed, session) = (b"a user of the identity provider", Key::ed25519(2));
    let owner = canister_public_key(seed);
    let delegation = delegation_to(&session);
    let chain = vec![SignedDelegation {
        signature: canister_signature(&keys, seed, &delegation.signable()),
        delegation,
    }];
    let content = call_from(Principal::self_authenticating(&owner));
    let bytes = delegated(&content, &owner, &session, chain);
    let limits = IngressLimits::default();
    let root_key = keys.root().public_key_raw();
    let request = authenticate(&bytes, NOW, &root_key, &limits).unwrap();
    assert_eq!(request.id, content.to_request_id());

    let other_network = NetworkKeys::generate().unwrap().root().public_key_raw();
    let error = authenticate(&bytes, NOW, &other_network, &limits).unwrap_err();
    assert!(
        matches!(
            error,
            IngressError::Delegation(DelegationError::Signature {
                error: SignatureError::Canister(_),
                ..
            })
        ),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_mutated_request_is_never_accepted_as_another_and_never_panics(
        position in any::<prop::sample::Index>(),
        replacement in any::<u8>(),
        truncate in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let (owner, session) = (Key::ed25519(1), Key::ed25519(2));
        let chain = vec![owner.delegate(delegation_to(&session))];
        let content = call_from(owner.principal());
        let good = delegated(&content, &owner.public(), &session, chain);
        let mut bytes = good.clone();
        let position = position.index(bytes.len());
        bytes[position] = replacement;
        if let Some(at) = truncate {
            bytes.truncate(at.index(good.len()));
        }
        if let Ok(request) = check(&bytes) {
            prop_assert_eq!(request.id, content.to_request_id());
            prop_assert_eq!(*request.content.sender(), owner.principal());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(check(&bytes).is_err());
    }
}
