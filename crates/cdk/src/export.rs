//! The canister's methods in one line each.

/// Exports `ws_open`, `ws_message`, `ws_close` and `ws_get_messages`, given the type of the application's messages, which
/// becomes part of the canister's interface. The canister needs `ic-cdk` and `candid` as dependencies of its own, and this
/// crate under its own name.
///
/// ```no_run
/// # #[derive(candid::CandidType, serde::Deserialize)]
/// # struct ChatMessage;
/// ic_ws_cdk::export_methods!(ChatMessage);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_methods {
    // Candid's macros keep signatures as text, which they must be able to read again anywhere in the canister: so tokens
    // rather than a type, and no `$crate`.
    ($($message:tt)+) => {
        #[::ic_cdk::update]
        fn ws_open(args: ::ic_ws_cdk::CanisterWsOpenArguments) -> ::ic_ws_cdk::CanisterWsOpenResult {
            $crate::ws_open(args)
        }

        // Its second argument is in the interface only: to know that type takes longer than to read the first.
        #[::ic_cdk::update(hidden = true, decode_with = "::ic_ws_cdk::decode_message_arguments")]
        fn ws_message(
            args: ::ic_ws_cdk::CanisterWsMessageArguments,
        ) -> ::ic_ws_cdk::CanisterWsMessageResult {
            $crate::ws_message(args, ::core::option::Option::None::<()>)
        }

        #[::candid::candid_method(update, rename = "ws_message")]
        fn _ws_message_interface(
            _args: ::ic_ws_cdk::CanisterWsMessageArguments,
            _message_type: ::core::option::Option<$($message)+>,
        ) -> ::ic_ws_cdk::CanisterWsMessageResult {
            ::core::result::Result::Ok(())
        }

        #[::ic_cdk::update]
        fn ws_close(args: ::ic_ws_cdk::CanisterWsCloseArguments) -> ::ic_ws_cdk::CanisterWsCloseResult {
            $crate::ws_close(args)
        }

        #[::ic_cdk::query]
        fn ws_get_messages(
            args: ::ic_ws_cdk::CanisterWsGetMessagesArguments,
        ) -> ::ic_ws_cdk::CanisterWsGetMessagesResult {
            $crate::ws_get_messages(args)
        }
    };
}

/// Exports `canister_inspect_message` for a canister that has no updates but those of the WebSockets: it refuses junk
/// before that costs anything. Others write their own, around [`inspect_message`](crate::inspect_message()).
///
/// ```no_run
/// ic_ws_cdk::export_inspect_message!();
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_inspect_message {
    () => {
        #[::ic_cdk::inspect_message]
        fn inspect_message() {
            if let ::core::result::Result::Err(error) = $crate::inspect_message() {
                ::ic_cdk::trap(::std::string::ToString::to_string(&error));
            }
        }
    };
}

/// Lets everybody read the canister's interface from the canister itself: explorers show it, and tools compare it with the
/// one that is to come, before an upgrade. It is in a file of the package.
///
/// ```no_run
/// ic_ws_cdk::embed_interface!("backend.did");
/// ```
#[macro_export]
macro_rules! embed_interface {
    ($file:literal) => {
        #[doc = concat!("The interface, from `", $file, "`.")]
        #[cfg(target_family = "wasm")]
        #[unsafe(link_section = "icp:public candid:service")]
        pub static CANDID_SERVICE: [u8; include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/",
            $file
        ))
        .len()] = *include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $file));
    };
}

/// As [`embed_interface!`](crate::embed_interface), of a file that nobody writes: a test of the canister's writes it anew
/// whenever it is out of date.
///
/// Stands below all methods, where their types are known. The canister needs `candid` as a dependency of its own.
///
/// ```no_run
/// ic_ws_cdk::export_interface!("backend.did");
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_interface {
    ($file:literal) => {
        $crate::embed_interface!($file);

        #[cfg(test)]
        #[test]
        fn the_interface_is_the_one_in_the_file() {
            ::candid::export_service!();
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/", $file);
            // Comments are for those who read the code.
            let exported: String = __export_service()
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .map(|line| format!("{line}\n"))
                .collect();
            if !::std::fs::read_to_string(file).is_ok_and(|told| told == exported) {
                ::std::fs::write(file, exported).unwrap();
                panic!("{file} was out of date, and is written anew: look whom the changes break");
            }
        }
    };
}
