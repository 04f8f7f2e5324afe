//! How others see this person.

use chat_api::{Command, Person};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{modal::Modal, portrait::shrunk};
use crate::{
    components::{
        Avatar,
        fields::{TextField, valid_name},
    },
    intent::{Intent, use_intents},
    store::{Account, view::Open},
};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub you: Option<Person>,
    pub account: Account,
}

#[component]
pub fn ProfileDialog(props: &Props) -> Html {
    match &props.you {
        Some(you) => {
            html! { <ProfileForm you={you.clone()} is_guest={props.account == Account::Guest} /> }
        }
        None => {
            html! { <Modal title="Your profile"><p role="status">{ "One moment…" }</p></Modal> }
        }
    }
}

#[derive(Properties, PartialEq)]
struct FormProps {
    you: Person,
    is_guest: bool,
}

#[component]
fn ProfileForm(props: &FormProps) -> Html {
    let intents = use_intents();
    let you = &props.you;
    let name = use_state_eq(|| you.name.clone());
    let color = use_state_eq(|| you.color);
    let problem = use_state_eq(|| None::<String>);
    let shown = Person {
        color: *color,
        ..you.clone()
    };
    let on_name = {
        let name = name.clone();
        Callback::from(move |typed| name.set(typed))
    };
    let on_color = {
        let color = color.clone();
        Callback::from(move |event: InputEvent| {
            let typed = event.target_unchecked_into::<HtmlInputElement>().value();
            color.set(typed.parse().unwrap_or_default());
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
                    if props.is_guest {
                        <span class="badge">{ "guest" }</span>
                    }
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
                    on_change={on_name}
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
        </Modal>
    }
}
