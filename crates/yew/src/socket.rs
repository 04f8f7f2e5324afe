//! A component's connection to the canister: what the messages make of the component's state, and a way to send.

use std::rc::Rc;

use ic_ws_client::{ApplicationMessage, Event};
use yew::{platform::spawn_local, prelude::*};

use crate::{Live, Visitor};

/// What a component knows of what the canister has told.
///
/// What the canister sends while there is no connection does not arrive. So it has to begin each connection with what a
/// page needs to catch up.
pub trait Known: Clone + Default + 'static {
    /// What page and canister say to each other.
    type Message: ApplicationMessage;

    /// Takes note of the next message.
    ///
    /// # Errors
    /// What the canister refuses to do, for people to read.
    fn take(&mut self, message: Self::Message) -> Result<(), String>;
}

/// Connects to the page's canister for as long as the component is there. Gives what the canister has told, and what to
/// send with.
#[hook]
pub fn use_socket<S: Known>(visitor: &Visitor) -> (UseStateHandle<S>, Socket<S::Message>) {
    let known = use_state(S::default);
    let link = use_state_eq(|| Link::Connecting);
    let problem = use_state_eq(|| None);
    let live = {
        let reports = Reports {
            known: known.setter(),
            link: link.setter(),
            problem: problem.setter(),
        };
        use_memo(visitor.clone(), |visitor| reports.connect(visitor))
    };
    let socket = Socket {
        live,
        link: (*link).clone(),
        problem,
    };
    (known, socket)
}

/// A connection to the page's canister.
pub struct Socket<M> {
    live: Rc<Live<M>>,
    link: Link,
    problem: UseStateHandle<Option<String>>,
}

impl<M> Clone for Socket<M> {
    fn clone(&self) -> Self {
        Self {
            live: Rc::clone(&self.live),
            link: self.link.clone(),
            problem: self.problem.clone(),
        }
    }
}

// So that components can be given it as a property.
impl<M> PartialEq for Socket<M> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.live, &other.live)
            && self.link == other.link
            && self.problem == other.problem
    }
}

impl<M: ApplicationMessage> Socket<M> {
    /// Sends a message, as soon as there is a connection, and again on the next one until the canister has it: the canister has
    /// to recognise what it gets twice. Should it not arrive, [`status`](Self::status) says why.
    pub fn send(&self, message: &M) {
        let problem = self.problem.setter();
        match self.live.connection().send(message) {
            Ok(sent) => {
                problem.set(None);
                spawn_local(async move {
                    if let Err(error) = sent.await {
                        problem.set(Some(error.to_string()));
                    }
                });
            }
            Err(error) => problem.set(Some(error.to_string())),
        }
    }

    /// For a button that sends a message.
    pub fn on_click(&self, message: M) -> Callback<MouseEvent> {
        let socket = self.clone();
        Callback::from(move |_| socket.send(&message))
    }

    /// For a form that sends a message: the one that is made of what was typed, unless something is wrong with that.
    pub fn on_submit<const N: usize>(
        &self,
        message: impl Fn([String; N]) -> Result<M, String> + 'static,
    ) -> Callback<[String; N], Result<(), String>> {
        let socket = self.clone();
        Callback::from(move |typed| {
            socket.send(&message(typed)?);
            Ok(())
        })
    }

    /// What people see of the connection.
    pub fn status(&self) -> Html {
        let (state, words) = match &self.link {
            Link::Connecting => ("connecting", "Connecting…".to_owned()),
            Link::Open => ("open", "Connected".to_owned()),
            Link::Lost(reason) => ("lost", format!("Reconnecting: {reason}")),
            Link::Closed(reason) => ("closed", format!("Disconnected: {reason}")),
        };
        html! {
            <div class="connection">
                <p data-state={state} role="status">{ words }</p>
                <p class="problem" role="alert">{ self.problem.as_deref() }</p>
            </div>
        }
    }
}

/// How the connection is.
#[derive(Clone, PartialEq)]
enum Link {
    Connecting,
    Open,
    Lost(String),
    Closed(String),
}

/// Whom to tell what happens.
struct Reports<S> {
    known: UseStateSetter<S>,
    link: UseStateSetter<Link>,
    problem: UseStateSetter<Option<String>>,
}

impl<S: Known> Reports<S> {
    /// Connects this person, and tells what happens.
    fn connect(self, visitor: &Visitor) -> Live<S::Message> {
        let mut known = S::default();
        Live::open(
            visitor.env(),
            visitor.identity().clone(),
            move |_, event| self.tell(event, &mut known),
        )
    }

    fn tell(&self, event: Event<S::Message>, known: &mut S) {
        match event {
            Event::Opened { .. } => self.link.set(Link::Open),
            Event::Message(message) => {
                if let Err(refusal) = known.take(message) {
                    self.problem.set(Some(refusal));
                }
                self.known.set(known.clone());
            }
            Event::Undecodable { .. } => {
                let words = "the canister says something that this page does not know: reload it";
                self.problem.set(Some(words.to_owned()));
            }
            Event::Reconnecting { reason, .. } => self.link.set(Link::Lost(reason.to_string())),
            Event::Closed(reason) => self.link.set(Link::Closed(reason.to_string())),
            _ => {}
        }
    }
}
