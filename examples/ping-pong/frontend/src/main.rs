//! The page's entry point.

#[cfg(target_family = "wasm")]
mod page;

fn main() {
    // There is no page but in a browser.
    #[cfg(target_family = "wasm")]
    ic_ws_yew::show::<page::Rally>(
        "Ping-pong",
        "Whoever sends a ping gets a pong. Between the two lie a signature, a certificate and the consensus of a network.",
    );
}
