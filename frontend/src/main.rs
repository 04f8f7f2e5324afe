//! The page's entry point.

fn main() {
    yew::Renderer::<chat_frontend::app::App>::new().render();
}
