//! A signed-in session: the key and the delegation to it, kept in the browser's database until they expire.

use std::future::Future;

use ic_transport_types::{EnvelopeContent, SignedDelegation};
use idb::{Database, DatabaseEvent, Factory, ObjectStore, ObjectStoreParams, TransactionMode};
use js_sys::{Object, Reflect, Uint8Array};
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::CryptoKey;

use super::{SignInConfig, SignInError, json_rpc::JsonChain, window::ProviderWindow};
use crate::{
    browser::now,
    core::{INGRESS_LIFETIME, after},
    signer::{Delegated, SignError, Signer, WebCryptoSigner},
};

const DATABASE: &str = "ic-ws-client";
const STORE: &str = "session";
const RECORD: &str = "session";

/// The fields of the record.
mod field {
    pub const PRIVATE_KEY: &str = "privateKey";
    pub const PUBLIC_KEY: &str = "publicKey";
    pub const DELEGATIONS: &str = "delegations";
}

/// The browser's database failed.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("the browser did not keep the session: {0}")]
pub struct SessionError(String);

impl From<idb::Error> for SessionError {
    fn from(error: idb::Error) -> Self {
        Self(error.to_string())
    }
}

/// Somebody who has signed in. One session is kept for all pages of an origin.
#[derive(Debug, Clone)]
pub struct Session {
    signer: Delegated<WebCryptoSigner>,
}

impl Session {
    /// Has somebody sign in, in a window of the provider. To be called while a click is handled: browsers open windows only
    /// then. Dropping the future closes the window.
    pub fn sign_in(
        config: SignInConfig,
    ) -> impl Future<Output = Result<Self, SignInError>> + 'static {
        let window = ProviderWindow::open(&config.provider_url);
        async move {
            let window = window?;
            let key = WebCryptoSigner::generate().await?;
            let root_key = config.root_key.clone();
            let chain = window.request_delegation(config, key.public_key());
            let signer = Delegated::new(key, chain.await?, now())?;
            signer.chain().verify(&root_key)?;
            Ok(Self { signer })
        }
    }

    /// The session that is kept, if it has not expired.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn restore() -> Result<Option<Self>, SessionError> {
        let store = store(TransactionMode::ReadOnly).await?;
        let Some(record) = store.get(JsValue::from(RECORD))?.await? else {
            return Ok(None);
        };
        let session = Self::from_record(&record);
        if session.is_none() {
            Self::forget().await?;
        }
        Ok(session)
    }

    /// Keeps the session, instead of any other.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn keep(&self) -> Result<(), SessionError> {
        let record = self.to_record()?;
        let store = store(TransactionMode::ReadWrite).await?;
        store.put(&record, Some(&RECORD.into()))?.await?;
        Ok(())
    }

    /// Forgets the session that is kept, if any.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn forget() -> Result<(), SessionError> {
        let store = store(TransactionMode::ReadWrite).await?;
        store.delete(JsValue::from(RECORD))?.await?;
        Ok(())
    }

    /// When it expires, in nanoseconds since 1970. The last calls are signed a few minutes before, because a call must not
    /// outlive the session.
    pub fn expires_at(&self) -> u64 {
        self.signer.chain().expires_at()
    }

    fn to_record(&self) -> Result<JsValue, SessionError> {
        let key = self.signer.signer();
        let chain = JsonChain::from(self.signer.chain().clone());
        let chain = serde_json::to_string(&chain).map_err(|e| SessionError(e.to_string()))?;
        let record = Object::new();
        for (name, value) in [
            (field::PRIVATE_KEY, JsValue::from(key.private_key())),
            (
                field::PUBLIC_KEY,
                Uint8Array::from(&*key.public_key()).into(),
            ),
            (field::DELEGATIONS, chain.into()),
        ] {
            // Setting a field of a plain object cannot fail.
            let _ = Reflect::set(&record, &name.into(), &value);
        }
        Ok(record.into())
    }

    /// Nothing if it is not a record of this version, or no call could be signed any more.
    fn from_record(record: &JsValue) -> Option<Self> {
        let get = |name: &str| Reflect::get(record, &name.into()).ok();
        let private_key: CryptoKey = get(field::PRIVATE_KEY)?.dyn_into().ok()?;
        let public_key: Uint8Array = get(field::PUBLIC_KEY)?.dyn_into().ok()?;
        let chain = get(field::DELEGATIONS)?.as_string()?;
        let chain: JsonChain = serde_json::from_str(&chain).ok()?;
        let key = WebCryptoSigner::from_parts(private_key, public_key.to_vec());
        let signed_until = after(now(), INGRESS_LIFETIME);
        let signer = Delegated::new(key, chain.into(), signed_until).ok()?;
        Some(Self { signer })
    }
}

impl Signer for Session {
    fn public_key(&self) -> Vec<u8> {
        self.signer.public_key()
    }

    fn delegations(&self) -> Vec<SignedDelegation> {
        self.signer.delegations()
    }

    async fn signature(&self, content: &EnvelopeContent) -> Result<Vec<u8>, SignError> {
        self.signer.signature(content).await
    }
}

async fn store(mode: TransactionMode) -> Result<ObjectStore, SessionError> {
    let mut request = Factory::new()?.open(DATABASE, Some(1))?;
    request.on_upgrade_needed(|event| {
        if let Ok(database) = event.database() {
            // Fails if it is there already.
            let _ = database.create_object_store(STORE, ObjectStoreParams::new());
        }
    });
    let database: Database = request.await?;
    Ok(database.transaction(&[STORE], mode)?.object_store(STORE)?)
}
