//! What stands around a page's own component: the way in, and out again.

use yew::{html::BaseComponent, platform::spawn_local, prelude::*};

use crate::{Env, Identity, SetupError, Visitor, set_title, short_id};

/// What the component of a page is given.
#[derive(Properties, PartialEq)]
pub struct Inside {
    /// Who is there.
    pub visitor: Visitor,
}

/// Draws a page: `C` for whoever has entered. The page is called `title`; `lead` says at the entrance what it is for.
pub fn show<C>(title: &'static str, lead: &'static str)
where
    C: BaseComponent<Properties = Inside>,
{
    set_title(title, 0);
    let props = Props { title, lead };
    yew::Renderer::<Stage<C>>::with_props(props).render();
}

#[derive(Properties, PartialEq)]
struct Props {
    title: &'static str,
    lead: &'static str,
}

/// Who this person is.
enum Who {
    /// Not known yet.
    Unknown,
    /// Somebody who has not entered; with what went wrong.
    Nobody(Option<String>),
    /// Somebody who is signing in.
    SigningIn,
    Here(Visitor),
}

#[component]
fn Stage<C>(props: &Props) -> Html
where
    C: BaseComponent<Properties = Inside>,
{
    let env = use_memo((), |()| Env::of_this_page());
    let who = use_state(|| Who::Unknown);
    {
        let (env, who) = (env.clone(), who.setter());
        use_effect_with((), move |()| {
            if let Ok(env) = (*env).clone() {
                spawn_local(async move {
                    let restored = Identity::restore().await;
                    who.set(restored.map_or(Who::Nobody(None), |it| here(&env, it)));
                });
            }
        });
    }
    let env = match &*env {
        Ok(env) => env,
        Err(error) => return html! { <SetupError error={error.clone()} /> },
    };
    let inside = match &*who {
        Who::Unknown => return Html::default(),
        Who::Here(visitor) => html! { <C visitor={visitor} /> },
        Who::SigningIn => entrance(props, None, None),
        Who::Nobody(problem) => {
            entrance(props, problem.as_deref(), Some(ways_in(env, who.setter())))
        }
    };
    html! {
        <>
            <header>
                <h1>{ props.title }</h1>
                if let Who::Here(visitor) = &*who {
                    { way_out(visitor, who.setter()) }
                }
            </header>
            { inside }
        </>
    }
}

fn here(env: &Env, identity: Identity) -> Who {
    Who::Here(Visitor::new(env.clone(), identity))
}

fn entrance(props: &Props, problem: Option<&str>, ways_in: Option<Html>) -> Html {
    html! {
        <main class="entrance">
            <div class="entrance-card">
                <p>{ props.lead }</p>
                <p class="problem" role="alert">{ problem }</p>
                { ways_in.unwrap_or_else(|| html! {
                    <p role="status">{ "Go on in the window that has opened…" }</p>
                }) }
            </div>
        </main>
    }
}

fn ways_in(env: &Env, who: UseStateSetter<Who>) -> Html {
    let sign_in = {
        let (env, who) = (env.clone(), who.clone());
        move |_: MouseEvent| {
            // At once, while the browser still knows of the click.
            let identity = Identity::sign_in(&env);
            let (env, who) = (env.clone(), who.clone());
            who.set(Who::SigningIn);
            spawn_local(async move {
                who.set(match identity.await {
                    Ok(identity) => here(&env, identity),
                    Err(error) => Who::Nobody(Some(error.to_string())),
                });
            });
        }
    };
    let env = env.clone();
    let enter = move |_: MouseEvent| {
        who.set(match Identity::guest() {
            Ok(guest) => here(&env, guest),
            Err(error) => Who::Nobody(Some(error.to_string())),
        });
    };
    html! {
        <div class="ways-in">
            <button class="primary" onclick={sign_in}>{ "Sign in with Internet Identity" }</button>
            <button onclick={enter}>{ "Continue as a guest" }</button>
        </div>
    }
}

fn way_out(visitor: &Visitor, who: UseStateSetter<Who>) -> Html {
    let is_guest = visitor.identity().is_guest();
    let leave = move |_: MouseEvent| {
        let (forgotten, who) = (Identity::forget(), who.clone());
        spawn_local(async move {
            let problem = forgotten.await.err().map(|error| error.to_string());
            who.set(Who::Nobody(problem));
        });
    };
    html! {
        <p class="visitor">
            <span title={visitor.principal().to_text()}>
                { if is_guest { "Guest " } else { "Signed in as " } }
                { short_id(visitor.principal()) }
            </span>
            <button onclick={leave}>{ if is_guest { "Leave" } else { "Sign out" } }</button>
        </p>
    }
}
