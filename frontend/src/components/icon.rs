//! The few line drawings of the page. Decoration: the words stand beside them or in a label.

use yew::prelude::*;

/// Only the two concerned can read it.
pub fn lock() -> Html {
    drawing(
        "M5 7V5a3 3 0 0 1 6 0v2M4 7h8a1 1 0 0 1 1 1v4a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1z",
    )
}

/// Send.
pub fn arrow_up() -> Html {
    drawing("M8 13V3M3.500 7.500 8 3l4.500 4.500")
}

/// Further down.
pub fn arrow_down() -> Html {
    drawing("M8 3v10M3.500 8.500 8 13l4.500-4.500")
}

/// Take away.
pub fn cross() -> Html {
    drawing("M4 4l8 8M12 4l-8 8")
}

fn drawing(path: &'static str) -> Html {
    html! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d={path} />
        </svg>
    }
}
