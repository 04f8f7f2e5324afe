//! A key that the browser keeps for the page: scripts can have it sign, but can never read it.

use js_sys::{Array, ArrayBuffer, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto};

use super::{SignError, Signer, signable};
use crate::browser::text;
use ic_transport_types::EnvelopeContent;

/// An ECDSA key on P-256, held by WebCrypto and not extractable.
#[derive(Debug, Clone)]
pub struct WebCryptoSigner {
    private_key: CryptoKey,
    public_key: Vec<u8>,
}

impl WebCryptoSigner {
    /// Has the browser make a key.
    ///
    /// # Errors
    /// When it does not: a page that came neither over HTTPS nor from this machine has no WebCrypto.
    pub async fn generate() -> Result<Self, SignError> {
        let algorithm = parameters(&[("name", "ECDSA"), ("namedCurve", "P-256")]);
        let usages = Array::of1(&"sign".into());
        let extractable = false;
        let pair = subtle()?.generate_key_with_object(&algorithm, extractable, &usages);
        let pair = resolve(pair).await?;
        let [private_key, public_key] = ["privateKey", "publicKey"]
            .map(|name| Reflect::get(&pair, &name.into()).unwrap_or_default());
        let public_key = resolve(subtle()?.export_key("spki", public_key.unchecked_ref())).await?;
        Ok(Self {
            private_key: private_key.unchecked_into(),
            public_key: Uint8Array::new(&public_key).to_vec(),
        })
    }

    /// Takes a key that [`private_key`](Self::private_key) gave, with its DER-encoded public key.
    pub fn from_parts(private_key: CryptoKey, public_key: Vec<u8>) -> Self {
        Self {
            private_key,
            public_key,
        }
    }

    /// The handle to the key. It can be kept in IndexedDB, as it is.
    pub fn private_key(&self) -> &CryptoKey {
        &self.private_key
    }
}

impl Signer for WebCryptoSigner {
    fn public_key(&self) -> Vec<u8> {
        self.public_key.clone()
    }

    async fn signature(&self, content: &EnvelopeContent) -> Result<Vec<u8>, SignError> {
        let algorithm = parameters(&[("name", "ECDSA"), ("hash", "SHA-256")]);
        let signature = subtle()?.sign_with_object_and_u8_array(
            &algorithm,
            &self.private_key,
            &signable(content),
        );
        // In the form that the IC takes: r and s, 32 bytes each.
        let signature: ArrayBuffer = resolve(signature).await?.unchecked_into();
        Ok(Uint8Array::new(&signature).to_vec())
    }
}

fn subtle() -> Result<SubtleCrypto, SignError> {
    let crypto = Reflect::get(&js_sys::global(), &"crypto".into()).unwrap_or_default();
    let subtle = Reflect::get(&crypto, &"subtle".into()).unwrap_or_default();
    subtle.dyn_into().map_err(|_| {
        SignError::Key("this page has no WebCrypto, for it did not come over HTTPS".into())
    })
}

async fn resolve(promise: Result<Promise, JsValue>) -> Result<JsValue, SignError> {
    let failed = |error: JsValue| SignError::Key(text(&error));
    JsFuture::from(promise.map_err(failed)?)
        .await
        .map_err(failed)
}

fn parameters(values: &[(&str, &str)]) -> Object {
    let object = Object::new();
    for (name, value) in values {
        // Setting a field of a plain object cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), &(*value).into());
    }
    object
}
