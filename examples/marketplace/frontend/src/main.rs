//! The page's entry point.

#[cfg(target_family = "wasm")]
mod page;

fn main() {
    // There is no page but in a browser.
    #[cfg(target_family = "wasm")]
    ic_ws_yew::show::<page::Market>("Marketplace", "Offer, bid, and watch the price.");
}
