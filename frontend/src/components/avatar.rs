//! A small round sign of a person, coloured by who they are, not by what they call themselves.

use chat_api::Person;
use yew::prelude::*;

/// How many colours the style sheet knows (`.hue-0` and on). Classes, because a strict
/// Content-Security-Policy allows no style attributes.
const HUES: u32 = 10;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub person: Person,
}

#[component]
pub fn Avatar(props: &Props) -> Html {
    let initial: String = props.person.name.chars().take(1).collect();
    html! {
        <span class={classes!("avatar", hue(&props.person))} aria-hidden="true">
            { initial }
        </span>
    }
}

fn hue(person: &Person) -> String {
    let sum = person.id.as_slice().iter().fold(0u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u32::from(*byte))
    });
    format!("hue-{}", sum % HUES)
}
