//! The few line drawings of the page. Decoration: the words stand beside them or in a label.

use yew::prelude::*;

macro_rules! icons {
    ($($(#[$doc:meta])* $name:ident $path:literal;)*) => {
        $($(#[$doc])* pub fn $name() -> Html {
            drawing($path)
        })*
    };
}

icons! {
    /// Only some can read it.
    lock "M5 7V5a3 3 0 0 1 6 0v2M4 7h8a1 1 0 0 1 1 1v4a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1z";
    /// Anybody can read it.
    hash "M6.500 2.500 5 13.500M11 2.500 9.500 13.500M2.500 6h11M2.500 10h11";
    /// Send.
    arrow_up "M8 13V3M3.500 7.500 8 3l4.500 4.500";
    /// Further down.
    arrow_down "M8 3v10M3.500 8.500 8 13l4.500-4.500";
    /// Back.
    arrow_left "M13 8H3M7.500 3.500 3 8l4.500 4.500";
    /// Take away.
    cross "M4 4l8 8M12 4l-8 8";
    /// Make a new one.
    plus "M8 3v10M3 8h10";
    /// Look for.
    search "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.500 10.500 14 14";
    /// Notifications.
    bell "M4 11V7a4 4 0 0 1 8 0v4l1 1.500H3zM6.500 14h3";
    /// No notifications.
    bell_off "M4 11V7c0-.7.200-1.400.500-2M6.500 3.300A4 4 0 0 1 12 7v4M3 12.500h9M6.500 14h3M2 2l12 12";
    /// With sound.
    sound "M2.500 6.200h2.300L8 3.500v9L4.800 9.800H2.500zM10.500 6a3 3 0 0 1 0 4M12.300 4a5.500 5.500 0 0 1 0 8";
    /// Without sound.
    sound_off "M2.500 6.200h2.300L8 3.500v9L4.800 9.800H2.500zM10.500 6.200l3.600 3.600M14.100 6.200l-3.600 3.600";
    /// Answer.
    reply "M6.500 3.500 2.500 7.500l4 4M3 7.500h6a4 4 0 0 1 4 4v1";
    /// Edit.
    pencil "M10.500 3 13 5.500 5.500 13H3v-2.500z";
    /// Delete.
    bin "M3 4.500h10M6.500 4.500V3h3v1.500M4.500 4.500 5 13h6l.500-8.500M7 7v4M9 7v4";
    /// React.
    smile "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM5.500 9.500a3 3 0 0 0 5 0M6 6.200v.1M10 6.200v.1";
    /// The canister has it.
    check "M3 8.500 6.500 12 13 4.500";
    /// It was read.
    double_check "M1 8.500 4.500 12 10 5M7.500 11l1 1L15 4.500";
    /// On its way.
    clock "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.500V8l2.500 1.500";
    /// It went wrong.
    warning "M8 2.500 14 13.500H2zM8 6.500v3.500M8 11.900v.1";
    /// People.
    people "M6 7.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM1.500 13.500a4.500 4.500 0 0 1 9 0M10.500 2.700a2.500 2.500 0 0 1 0 4.600M12 9.500a4.500 4.500 0 0 1 2.500 4";
    /// Change settings.
    sliders "M2.500 5h6M11.500 5h2M2.500 11h2M7.500 11h6M10 3v4M6 9v4";
    /// A look beforehand.
    eye "M1.500 8S4 3.500 8 3.500 14.500 8 14.500 8 12 12.500 8 12.500 1.500 8 1.500 8zM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4z";
}

/// A button with a drawing instead of words.
pub fn button(label: &'static str, drawing: Html, onclick: Callback<MouseEvent>) -> Html {
    square("quiet", label, drawing, None, onclick)
}

/// Such a button for something that is there or not.
pub fn toggle(
    label: impl Into<AttrValue>,
    drawing: Html,
    is_on: bool,
    onclick: Callback<MouseEvent>,
) -> Html {
    square("quiet", label, drawing, Some(is_on), onclick)
}

/// Such a button of another look; of what is there or not, it tells which.
pub fn square(
    look: &'static str,
    label: impl Into<AttrValue>,
    drawing: Html,
    is_on: Option<bool>,
    onclick: Callback<MouseEvent>,
) -> Html {
    let label = label.into();
    html! {
        <button
            type="button"
            class={classes!(look, "square")}
            title={&label}
            aria-label={&label}
            aria-pressed={is_on.map(|is_on| is_on.to_string())}
            {onclick}
        >
            { drawing }
        </button>
    }
}

fn drawing(path: &'static str) -> Html {
    html! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d={path} />
        </svg>
    }
}
