//! How others see this person.

use chat_api::{Command, Person};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{blocked::blocked_people, modal::Modal, portrait::shrunk};
use crate::{
    components::{
        Avatar,
        fields::{TextField, kept_in, typed, valid_name},
        names::guest_badge,
    },
    intent::{Intent, use_intents},
    shared::Shared,
    store::{people::People, view::Open},
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub you: Person,
    pub is_guest: bool,
    pub blocked: Shared<Vec<Person>>,
    pub people: Shared<People>,
}

#[component]
pub fn ProfileForm(props: &Props) -> Html {
    let intents = use_intents();
    let you = &props.you;
    let name = use_state_eq(|| you.name.clone());
    let color = use_state_eq(|| you.color);
    let problem = use_state_eq(|| None::<String>);
    let shown = Person {
        color: *color,
        ..you.clone()
    };
    let on_color = {
        let color = color.clone();
        Callback::from(move |event: InputEvent| {
            color.set(typed(event).parse().unwrap_or_default());
        })
    };
    let onsubmit = {
        let (intents, name, color) = (intents.clone(), name.clone(), color.clone());
        let guest = props.is_guest;
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Ok(name) = valid_name(&name) {
                intents.emit(Intent::Do(Command::SetProfile {
                    name,
                    guest,
                    color: *color,
                }));
                intents.emit(Intent::Open(Open::CloseDialog));
            }
        })
    };
    let on_image = {
        let (intents, problem) = (intents.clone(), problem.clone());
        Callback::from(move |event: Event| {
            let field = event.target_unchecked_into::<HtmlInputElement>();
            let Some(file) = field.files().and_then(|files| files.get(0)) else {
                return;
            };
            let (intents, problem) = (intents.clone(), problem.clone());
            yew::platform::spawn_local(async move {
                match shrunk(file).await {
                    Ok(image) => {
                        problem.set(None);
                        let image = Some(image.into());
                        intents.emit(Intent::Do(Command::SetImage { image }));
                    }
                    Err(error) => problem.set(Some(error.to_string())),
                }
            });
        })
    };
    let no_image = intents.reform(|_: MouseEvent| Intent::Do(Command::SetImage { image: None }));
    let sign_out = intents.reform(|_: MouseEvent| Intent::SignOut);
    html! {
        <Modal title="Your profile">
            <form class="form" novalidate=true {onsubmit}>
                <div class="portrait">
                    <Avatar person={shown} id={you.id} />
                    { guest_badge(Some(you)) }
                    <div class="panel-actions">
                        <label class="button" for="image-input">{ "Choose an image" }</label>
                        <input
                            id="image-input"
                            class="visually-hidden"
                            type="file"
                            accept="image/*"
                            onchange={on_image}
                        />
                        if you.image.is_some() {
                            <button type="button" class="quiet" onclick={no_image}>{ "Remove it" }</button>
                        }
                    </div>
                    <p class="problem" role="alert">{ (*problem).clone() }</p>
                </div>
                <TextField
                    id="profile-name"
                    label="Name"
                    autocomplete="nickname"
                    value={(*name).clone()}
                    problem={valid_name(&name).err().map(|problem| problem.to_string())}
                    on_change={kept_in(&name)}
                />
                <label for="profile-color">{ "Colour" }</label>
                <input
                    id="profile-color"
                    class="hue"
                    type="range"
                    min="0"
                    max="255"
                    value={color.to_string()}
                    oninput={on_color}
                />
                <p class="fine">
                    { "Your principal: " }<code class="fingerprint">{ you.id.to_text() }</code>
                </p>
                <div class="panel-actions">
                    <button type="submit" class="primary">{ "Save" }</button>
                    <button type="button" id="sign-out-button" class="danger" onclick={sign_out}>
                        { if props.is_guest { "Leave" } else { "Sign out" } }
                    </button>
                </div>
            </form>
            { blocked_people(&props.blocked, &props.people, &intents) }
        </Modal>
    }
}
