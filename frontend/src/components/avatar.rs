//! How people and rooms are recognised.

use std::rc::Rc;

use candid::Principal;
use chat_api::{Partner, Person, Presence, RoomKind, Visibility};
use yew::prelude::*;

use super::{icon, room_header::presence_words};
use crate::{
    intent::{Intent, use_intents},
    shared::Shared,
    store::{images::Images, rooms::RoomState},
};

/// Around the avatar, in the order of the hash of a principal: what nobody can choose.
const RIM_PATTERNS: [&str; 8] = [
    "100",
    "46 4",
    "21 4",
    "12.700 4",
    "30 4 12 4",
    "8 4.500",
    "36 4 2 4 2 2",
    "16 4 1 4",
];

#[derive(Properties, PartialEq)]
pub struct AvatarProps {
    /// Nothing while it is not known.
    pub person: Option<Person>,
    pub id: Principal,
}

/// A round sign of a person: their image or initial in their colour, with a rim that is made from who they are, not from
/// what they like to look like.
#[component]
pub fn Avatar(props: &AvatarProps) -> Html {
    let intents = use_intents();
    let images = use_context::<Shared<Images>>().unwrap_or_default();
    let version = props.person.as_ref().and_then(|person| person.image);
    // The page may forget what is shown here: there may be more people in view than it keeps images of.
    let shown = use_mut_ref(|| None);
    let known = version.and_then(|version| images.get(props.id, version));
    if let Some(image) = known {
        shown.replace(Some((props.id, version, image)));
    }
    let is_it = |(id, of, _): &(_, _, _)| *id == props.id && *of == version;
    let known = shown
        .borrow()
        .clone()
        .filter(is_it)
        .map(|(_, _, image)| image);
    let missing = version.filter(|_| known.is_none());
    use_effect_with((props.id, missing), move |(id, missing)| {
        if let Some(version) = missing {
            intents.emit(Intent::LoadImage(*id, *version));
        }
    });
    let image: Option<Rc<str>> = known.flatten();
    let hash = hash(props.id);
    let hue = props
        .person
        .as_ref()
        .map_or(0, |person| u32::from(person.color) * 360 / 256);
    let initial = props
        .person
        .as_ref()
        .and_then(|person| person.name.chars().next());
    let pattern = RIM_PATTERNS
        .get(hash as usize % RIM_PATTERNS.len())
        .copied()
        .unwrap_or_default();
    html! {
        <span class="avatar" aria-hidden="true">
            <svg viewBox="0 0 36 36">
                <circle cx="18" cy="18" r="15.500" fill={format!("oklch(87% 0.070 {hue})")} />
                if image.is_none() {
                    <text
                        x="18"
                        y="18"
                        text-anchor="middle"
                        dominant-baseline="central"
                        fill={format!("oklch(32% 0.080 {hue})")}
                    >
                        { initial }
                    </text>
                }
                <circle
                    cx="18"
                    cy="18"
                    r="16.500"
                    fill="none"
                    stroke={format!("oklch(62% 0.110 {})", hash / 8 % 360)}
                    stroke-width="2"
                    pathLength="100"
                    stroke-dasharray={pattern}
                />
            </svg>
            if let Some(image) = image {
                <img src={image.to_string()} alt="" />
            }
        </span>
    }
}

fn hash(id: Principal) -> u32 {
    // FNV-1a: any spread will do.
    id.as_slice().iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// A person's sign, and whether they are here.
pub fn with_presence(person: Option<&Person>, id: Principal, presence: Option<Presence>) -> Html {
    html! {
        <span class="with-presence">
            <Avatar person={person.cloned()} {id} />
            { presence.map(presence_dot) }
        </span>
    }
}

fn presence_dot(presence: Presence) -> Html {
    let class = match presence {
        Presence::Here => "here",
        Presence::LastSeen(_) => "away",
    };
    let label = presence_words(Some(presence));
    html! {
        <span class={classes!("presence", class)} role="img" title={label.clone()} aria-label={label} />
    }
}

/// The sign of a room: its partner's, or that of its kind.
pub fn room_sign(room: &RoomState) -> Html {
    let (icon, label) = match (&room.partner, room.room.kind) {
        (
            Some(Partner {
                person, presence, ..
            }),
            _,
        ) => {
            return with_presence(Some(person), person.id, Some(*presence));
        }
        (None, RoomKind::Group(Visibility::Private)) => (icon::lock(), "Private room"),
        (None, _) => (icon::hash(), "Public room"),
    };
    html! { <span class="room-sign" role="img" aria-label={label}>{ icon }</span> }
}
