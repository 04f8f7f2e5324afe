//! Keys of authenticators.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_bytes::ByteBuf;
use sha2::{Digest, Sha256};

use super::*;

enum Authenticator {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

impl Authenticator {
    fn of_every_kind() -> [Self; 2] {
        [
            Self::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
            Self::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
        ]
    }

    fn public_key(&self) -> Vec<u8> {
        let number = |n: i128| Value::Integer(n);
        let blob = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
        let fields = match self {
            Self::Es256(key) => {
                let point = key.public_key().as_ref();
                let (x, y) = point[1..].split_at(32);
                vec![
                    (1, number(2)),
                    (3, number(-7)),
                    (-1, number(1)),
                    (-2, blob(x)),
                    (-3, blob(y)),
                ]
            }
            Self::Rs256(key) => {
                // SEQUENCE { modulus INTEGER of 257 bytes, the first 0; exponent INTEGER of 3 bytes }
                let der = key.public_key().as_ref();
                let (modulus, exponent) = (&der[9..265], &der[267..]);
                vec![
                    (1, number(3)),
                    (3, number(-257)),
                    (-1, blob(modulus)),
                    (-2, blob(exponent)),
                ]
            }
        };
        let fields = fields
            .into_iter()
            .map(|(label, value)| (number(label), value));
        let cose = serde_cbor::to_vec(&Value::Map(fields.collect())).unwrap();
        spki(&hex::decode("2b0601040183b8430101").unwrap(), &cose)
    }

    fn sign_bytes(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Es256(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
        }
    }

    /// An assertion for the challenge `message`.
    fn assert(&self, message: &[u8]) -> Vec<u8> {
        #[derive(serde::Serialize)]
        struct Assertion {
            authenticator_data: ByteBuf,
            client_data_json: String,
            signature: ByteBuf,
        }
        let client_data_json = format!(
            r#"{{"type": "webauthn.get", "challenge": "{}", "origin": "https://example.org"}}"#,
            BASE64_URL_SAFE_NO_PAD.encode(message)
        );
        let authenticator_data = vec![7; 37];
        let hash = Sha256::digest(&client_data_json);
        let signature = self.sign_bytes(&[authenticator_data.as_slice(), &hash].concat());
        cbor::encode(&Assertion {
            authenticator_data: authenticator_data.into(),
            client_data_json,
            signature: signature.into(),
        })
    }
}

#[test]
fn authenticators_sign_requests_and_delegations() {
    for authenticator in Authenticator::of_every_kind() {
        let owner = authenticator.public_key();
        let content = call_from(Principal::self_authenticating(&owner));
        let request = |signature: Vec<u8>| Envelope {
            content: Cow::Owned(content.clone()),
            sender_pubkey: Some(owner.clone()),
            sender_sig: Some(signature),
            sender_delegation: None,
        };
        let signable = content.to_request_id().signable();
        let signed = request(authenticator.assert(&signable)).encode_bytes();
        assert_eq!(check(&signed).unwrap().id, content.to_request_id());

        let session = Key::ed25519(1);
        let delegation = delegation_to(&session);
        let chain = vec![SignedDelegation {
            signature: authenticator.assert(&delegation.signable()),
            delegation,
        }];
        assert!(check(&delegated(&content, &owner, &session, chain)).is_ok());

        let another = authenticator.assert(b"another challenge");
        assert_refused!(
            request(another).encode_bytes(),
            IngressError::Signature(SignatureError::WebAuthn(_))
        );
        let bare = authenticator.sign_bytes(&signable);
        assert_refused!(
            request(bare).encode_bytes(),
            IngressError::Signature(SignatureError::WebAuthn(_))
        );
        let [stranger, other] = Authenticator::of_every_kind();
        for wrong in [stranger, other] {
            assert_refused!(
                request(wrong.assert(&signable)).encode_bytes(),
                IngressError::Signature(SignatureError::Mismatch(_))
            );
        }
    }
}

#[test]
fn keys_that_no_authenticator_has_are_refused() {
    let cose = |fields: &[(i128, Value)]| {
        let fields = fields.iter().cloned();
        let fields = fields.map(|(label, value)| (Value::Integer(label), value));
        serde_cbor::to_vec(&Value::Map(fields.collect())).unwrap()
    };
    let number = Value::Integer;
    let ed25519 = cose(&[(1, number(1)), (3, number(-8))]);
    let short = Value::Bytes(vec![1; 31]);
    let short = [
        (1, number(2)),
        (3, number(-7)),
        (-1, number(1)),
        (-2, short.clone()),
        (-3, short),
    ];
    let long = vec![0x81; 5000];
    for (key, unsupported) in [(ed25519, true), (cose(&short), false), (long, false)] {
        let owner = spki(&hex::decode("2b0601040183b8430101").unwrap(), &key);
        let content = call_from(Principal::self_authenticating(&owner));
        let bytes = Envelope {
            sender_pubkey: Some(owner),
            ..envelope(&content, &Key::ed25519(1))
        }
        .encode_bytes();
        let error = check(&bytes).unwrap_err();
        let IngressError::Signature(error) = error else {
            panic!("refused for another reason: {error}");
        };
        let is_unsupported = matches!(error, SignatureError::UnsupportedKey(_));
        assert_eq!(is_unsupported, unsupported, "{error}");
    }
}
