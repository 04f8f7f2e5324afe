//! Which keys do what.

use yew::prelude::*;

use super::modal::Modal;

const KEYS: [(&str, &str); 10] = [
    ("Enter", "Send"),
    ("Shift + Enter", "New line"),
    ("↑ in an empty field", "Edit your last message"),
    ("Esc", "Close, or stop editing"),
    ("@ and :", "Mention somebody, find an emoji"),
    ("↑ ↓ in the messages", "From message to message"),
    ("Tab on a message", "Its actions"),
    ("Ctrl + K", "Search conversations"),
    ("Ctrl + I", "Details and members"),
    ("Ctrl + /", "These keys"),
];

/// The list of them.
pub fn keys_dialog() -> Html {
    html! {
        <Modal key="keys" title="Keys">
            <dl class="keys">
                { for KEYS.iter().map(|(key, what)| html! {
                    <><dt><kbd>{ key }</kbd></dt><dd>{ what }</dd></>
                }) }
            </dl>
        </Modal>
    }
}
