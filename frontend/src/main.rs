//! The page's entry point.

fn main() {
    // There is no page but in a browser.
    #[cfg(target_family = "wasm")]
    yew::Renderer::<chat_frontend::app::App>::new().render();
}
