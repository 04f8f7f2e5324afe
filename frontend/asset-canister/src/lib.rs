//! Serves the page: the published asset canister, kept whole, so that every deployment tool can talk to it.
//!
//! Newer asset canisters than the published library tell the page about its network by a cookie. This one does, too.

mod environment;
mod interface;

use ic_certified_assets::StableState;
use ic_certified_assets::types::AssetCanisterArgs;

#[ic_cdk::init]
fn init(args: Option<AssetCanisterArgs>) {
    ic_certified_assets::init(args);
}

#[ic_cdk::pre_upgrade]
fn pre_upgrade() {
    let state = ic_certified_assets::pre_upgrade();
    if let Err(error) = ic_cdk::storage::stable_save((state,)) {
        ic_cdk::trap(format!("cannot save the assets: {error}"));
    }
}

#[ic_cdk::post_upgrade]
fn post_upgrade(args: Option<AssetCanisterArgs>) {
    match ic_cdk::storage::stable_restore::<(StableState,)>() {
        Ok((state,)) => {
            ic_certified_assets::post_upgrade(state, args);
            environment::refresh_cookies();
        }
        Err(error) => ic_cdk::trap(format!("cannot restore the assets: {error}")),
    }
}
