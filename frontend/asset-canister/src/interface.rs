//! The library's interface, exported as its `export_canister_methods` does, except that whatever changes assets is
//! followed by [`environment::refresh_cookies`].

use candid::Principal;
use ic_certified_assets::{
    asset_certification::types::{
        certification::AssetKey,
        http::{HttpRequest, HttpResponse, StreamingCallbackHttpResponse, StreamingCallbackToken},
        rc_bytes::RcBytes,
    },
    ic_certified_assets_ByteBuf as ByteBuf,
    state_machine::{AssetDetails, CertifiedTree, EncodedAsset},
    types::*,
};

use crate::environment;

/// Which versions of response verification the canister supports, for gateways to see.
#[cfg(target_arch = "wasm32")]
#[used]
#[unsafe(link_section = "icp:public supported_certificate_versions")]
static CERTIFICATE_VERSIONS: [u8; 3] = ic_certified_assets::SUPPORTED_CERTIFICATE_VERSIONS;

/// Exports functions of the library under their names: `plain` ones, ones to be `awaited`, and ones `changing` assets.
macro_rules! export {
    ($(#[$attribute:meta] $kind:ident { $(
        $name:ident($($argument:ident: $type:ty)?) $(-> $result:ty)?;
    )* })*) => {
        $($( export!(@$kind #[$attribute] $name($($argument: $type)?) $(-> $result)?); )*)*
    };
    (@plain #[$attribute:meta] $name:ident($($argument:ident: $type:ty)?) $(-> $result:ty)?) => {
        #[$attribute]
        fn $name($($argument: $type)?) $(-> $result)? {
            ic_certified_assets::$name($($argument)?)
        }
    };
    (@awaited #[$attribute:meta] $name:ident($($argument:ident: $type:ty)?) $(-> $result:ty)?) => {
        #[$attribute]
        async fn $name($($argument: $type)?) $(-> $result)? {
            ic_certified_assets::$name($($argument)?).await
        }
    };
    (@changing #[$attribute:meta] $name:ident($($argument:ident: $type:ty)?)) => {
        #[$attribute]
        fn $name($($argument: $type)?) {
            ic_certified_assets::$name($($argument)?);
            environment::refresh_cookies();
        }
    };
}

export! {
    #[ic_cdk::query]
    plain {
        api_version() -> u16;
        certified_tree() -> CertifiedTree;
        get(arg: GetArg) -> EncodedAsset;
        get_asset_properties(key: AssetKey) -> AssetProperties;
        get_chunk(arg: GetChunkArg) -> GetChunkResponse;
        http_request(req: HttpRequest) -> HttpResponse;
        http_request_streaming_callback(token: StreamingCallbackToken) -> StreamingCallbackHttpResponse;
        list() -> Vec<AssetDetails>;
        retrieve(key: AssetKey) -> RcBytes;
    }

    #[ic_cdk::update]
    plain {
        list_authorized() -> Vec<Principal>;
        list_permitted(arg: ListPermittedArguments) -> Vec<Principal>;
        validate_commit_proposed_batch(arg: CommitProposedBatchArguments) -> Result<String, String>;
        validate_configure(arg: ConfigureArguments) -> Result<String, String>;
    }

    // These check the caller's permissions themselves.
    #[ic_cdk::update]
    awaited {
        deauthorize(other: Principal);
        revoke_permission(arg: RevokePermissionArguments);
        validate_grant_permission(arg: GrantPermissionArguments) -> Result<String, String>;
        validate_revoke_permission(arg: RevokePermissionArguments) -> Result<String, String>;
        validate_take_ownership() -> Result<String, String>;
    }

    #[ic_cdk::update(guard = "ic_certified_assets::is_controller")]
    awaited {
        take_ownership();
    }

    #[ic_cdk::update(guard = "ic_certified_assets::is_manager_or_controller")]
    plain {
        authorize(other: Principal);
        grant_permission(arg: GrantPermissionArguments);
    }

    #[ic_cdk::update(guard = "ic_certified_assets::can_prepare")]
    plain {
        compute_evidence(arg: ComputeEvidenceArguments) -> Option<ByteBuf>;
        create_batch() -> CreateBatchResponse;
        create_chunk(arg: CreateChunkArg) -> CreateChunkResponse;
        create_chunks(arg: CreateChunksArg) -> CreateChunksResponse;
        delete_batch(arg: DeleteBatchArguments);
        get_configuration() -> ConfigurationResponse;
        propose_commit_batch(arg: CommitBatchArguments);
    }

    #[ic_cdk::update(guard = "ic_certified_assets::can_commit")]
    plain {
        configure(arg: ConfigureArguments);
    }

    #[ic_cdk::update(guard = "ic_certified_assets::can_commit")]
    changing {
        clear();
        commit_batch(arg: CommitBatchArguments);
        commit_proposed_batch(arg: CommitProposedBatchArguments);
        create_asset(arg: CreateAssetArguments);
        delete_asset(arg: DeleteAssetArguments);
        set_asset_content(arg: SetAssetContentArguments);
        set_asset_properties(arg: SetAssetPropertiesArguments);
        store(arg: StoreArg);
        unset_asset_content(arg: UnsetAssetContentArguments);
    }
}
