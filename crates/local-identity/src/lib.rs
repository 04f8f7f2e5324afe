//! Stands in for Internet Identity on a local network, where the real one's delegations are worth nothing: they are
//! certified by another network's key.
//!
//! Anyone may sign in as anyone, with one click: there is no security, and so the canister runs on no network where
//! that would matter (`local_only`). All else is as with the real one: pages speak the same protocol with the page
//! that this canister serves (`site`), and get delegations signed by the canister, for principals that differ per
//! origin (`delegation`, `person`).
//!
//! Nothing is kept but the signatures of the last minute (`signatures`): people are derived from their names.

mod api;
mod delegation;
mod local_only;
mod person;
mod signatures;
mod site;

use std::cell::RefCell;

use ic_cdk::api::{certified_data_set, root_key};
use ic_certification::fork_hash;
use ic_http_certification::{HttpRequest, HttpResponse};

use signatures::Signatures;
use site::Site;

/// Which versions of response verification the canister supports, for gateways to see.
#[cfg(target_family = "wasm")]
#[used]
#[unsafe(link_section = "icp:public supported_certificate_versions")]
static CERTIFICATE_VERSIONS: [u8; 1] = *b"2";

#[derive(Default)]
struct Provider {
    site: Site,
    signatures: Signatures,
}

impl Provider {
    /// The order is the one that canister signatures are made with: pages on the left.
    fn certify(&self) {
        certified_data_set(fork_hash(
            &self.site.root_hash(),
            &self.signatures.root_hash(),
        ));
    }
}

thread_local! {
    static PROVIDER: RefCell<Provider> = RefCell::default();
}

#[ic_cdk::init]
fn init() {
    if let Err(refusal) = local_only::check(&root_key()) {
        ic_cdk::trap(refusal.to_string());
    }
    PROVIDER.with_borrow(Provider::certify);
}

#[ic_cdk::post_upgrade]
fn post_upgrade() {
    init();
}

#[ic_cdk::query]
fn http_request(request: HttpRequest<'static>) -> HttpResponse<'static> {
    PROVIDER.with_borrow(|provider| api::query(provider, &request))
}

#[ic_cdk::update]
fn http_request_update(request: HttpRequest<'static>) -> HttpResponse<'static> {
    PROVIDER.with_borrow_mut(|provider| {
        let response = api::update(provider, &request);
        provider.certify();
        response
    })
}
