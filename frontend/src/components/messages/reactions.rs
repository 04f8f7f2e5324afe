//! The emojis under a message.

use chat_api::{Command, Message, Reaction, RoomId};
use yew::prelude::*;

use crate::{intent::Intent, store::people::People, words};

/// The emojis under a message.
pub fn reactions(
    message: &Message,
    room: RoomId,
    people: &People,
    may_react: bool,
    intents: &Callback<Intent>,
) -> Html {
    if message.reactions.is_empty() {
        return Html::default();
    }
    let number = message.number;
    let one = |reaction: &Reaction| {
        let (emoji, on) = (reaction.emoji.clone(), !reaction.mine);
        let onclick = intents.reform(move |_: MouseEvent| {
            Intent::Do(Command::React {
                room,
                message: number,
                emoji: emoji.clone(),
                on,
            })
        });
        let who = who(reaction, people);
        html! {
            <li key={reaction.emoji.clone()}>
                <button
                    type="button"
                    class="reaction"
                    aria-pressed={reaction.mine.to_string()}
                    aria-label={format!("{} {}, from {who}", reaction.emoji, reaction.count)}
                    title={who}
                    disabled={!may_react}
                    {onclick}
                >
                    <span class="emoji">{ &reaction.emoji }</span>
                    <span class="reaction-count">{ reaction.count }</span>
                </button>
            </li>
        }
    };
    html! { <ul class="reactions">{ for message.reactions.iter().map(one) }</ul> }
}

fn who(reaction: &Reaction, people: &People) -> String {
    let mut names: Vec<_> = reaction.people.iter().map(|id| people.name(*id)).collect();
    let others = (reaction.count as usize).saturating_sub(names.len());
    if others > 0 {
        names.push(words::count(others as u64, "other", "others"));
    }
    words::list(&names)
}
