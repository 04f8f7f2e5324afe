//! Envelopes: keys, senders, expiry, sizes, encoding.

use super::*;

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

#[test]
fn the_nonce_of_a_read_state_request_is_limited_too() {
    let read = EnvelopeContent::ReadState {
        ingress_expiry: 0,
        sender: Principal::anonymous(),
        paths: vec![],
    };
    let with_nonce = |length: usize| {
        let mut fields = fields(&read);
        fields.insert(text("nonce"), Value::Bytes(vec![0; length]));
        cbor::encode(&map([("content", Value::Map(fields))]))
    };
    assert!(check(&with_nonce(32)).is_ok());
    assert_refused!(
        with_nonce(33),
        IngressError::NonceTooLong { length: 33, .. }
    );
}

#[test]
fn what_would_take_too_much_memory_or_time_is_refused() {
    let paths = EnvelopeContent::ReadState {
        ingress_expiry: 0,
        sender: Principal::anonymous(),
        paths: vec![vec![]; 300_000],
    };
    let bytes = cbor::encode(&map([("content", Value::Map(fields(&paths)))]));
    assert!(bytes.len() < 2 << 20);
    let error = check(&bytes).unwrap_err().to_string();
    assert!(error.contains("more than 200000 data items"), "{error}");

    let key = Key::ed25519(1);
    let mut long = envelope(&call_from(key.principal()), &key);
    long.sender_sig = Some(vec![0; 200_000]);
    assert_refused!(
        long.encode_bytes(),
        IngressError::SignatureTooLong {
            length: 200_000,
            ..
        }
    );
}

#[test]
fn points_are_not_compressed() {
    let [_, p256, secp256k1] = Key::of_every_kind();
    for (key, raw) in [(&p256, 26), (&secp256k1, 23)] {
        let full = key.public();
        assert_eq!(full[raw], 0x04);
        // The first half of the point, marked as compressed, and the lengths around it corrected.
        let sign = 2 + (full[full.len() - 1] & 1);
        let mut short = [&full[..raw], &[sign], &full[raw + 1..raw + 33]].concat();
        short[1] -= 32;
        short[raw - 2] -= 32;
        let content = call_from(Principal::self_authenticating(&short));
        let bytes = Envelope {
            sender_pubkey: Some(short),
            ..envelope(&content, key)
        }
        .encode_bytes();
        assert_refused!(bytes, IngressError::Signature(SignatureError::MalformedKey));
    }
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
    let mut twice = of_type("call");
    twice[3] = 0xa2;
    twice.extend(b"\x67content\xa0");
    assert_refused!(twice, IngressError::Envelope(_));
    let deep = [0x81; 2000];
    for bytes in [b"".as_slice(), b"\xff", b"\xa0", b"not CBOR", &deep] {
        assert_refused!(bytes, IngressError::Envelope(_));
    }
    let mut trailing = of_type("call");
    trailing.push(0);
    assert_refused!(trailing, IngressError::Envelope(_));
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
