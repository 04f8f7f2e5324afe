//! What the chat means: who may do what, and who gets to know.
//!
//! It neither sends nor looks at a clock: it is told what happens and gives back what is to be delivered.

use candid::Principal;
use chat_api::{Command, Event, MAX_NAME_CHARS, MAX_TEXT_BYTES, Message, Person};
use ic_stable_structures::Memory;
use ic_ws_cdk::ClientKey;
use thiserror::Error;

use crate::store::Store;

/// How many of the earlier messages somebody sees who joins.
const WELCOME_MESSAGES: usize = 100;

/// An event and the connections it is for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub to: Vec<ClientKey>,
    pub event: Event,
}

impl Delivery {
    /// Tells one connection why nothing came of what it sent.
    pub fn refusal(to: ClientKey, refusal: Refusal) -> Self {
        let reason = refusal.to_string();
        Self {
            to: vec![to],
            event: Event::Refused { reason },
        }
    }
}

/// Why a command is not carried out, in words for the person who gave it.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    #[error("The name is empty.")]
    BlankName,
    #[error("The name is longer than {MAX_NAME_CHARS} characters.")]
    NameTooLong,
    #[error("The message is empty.")]
    BlankText,
    #[error("The message has {0} bytes, at most {MAX_TEXT_BYTES} are allowed.")]
    TextTooLong(usize),
    #[error("Join the room first.")]
    NotJoined,
    #[error("Nobody called {0} has ever been here.")]
    UnknownAddressee(Principal),
    #[error("Only commands can be sent to the room.")]
    NotACommand,
    #[error("The message could not be read: {0}")]
    Undecodable(candid::Error),
}

/// The one room.
pub(crate) struct Room<M: Memory> {
    store: Store<M>,
}

impl<M: Memory> Room<M> {
    /// The room as `store` remembers it.
    pub fn new(store: Store<M>) -> Self {
        Self { store }
    }

    /// Somebody has connected. They get nothing until they join.
    pub fn connected(&mut self, key: ClientKey) {
        self.store.set_connection(key, false);
    }

    /// A connection is gone. If it was the last of its person, they have left.
    pub fn disconnected(&mut self, key: ClientKey) -> Vec<Delivery> {
        if !self.store.remove_connection(key) || self.is_present(key.client_principal) {
            return Vec::new();
        }
        let left = self.store.person(key.client_principal).map(|person| {
            let to = self.store.joined().collect();
            let event = Event::Left(person);
            Delivery { to, event }
        });
        left.into_iter().collect()
    }

    /// Takes every connection for gone that is not connected (any more).
    pub fn drop_connections_unless(
        &mut self,
        is_connected: impl Fn(&ClientKey) -> bool,
    ) -> Vec<Delivery> {
        let connections = self.store.connections();
        let gone: Vec<_> = connections.filter(|key| !is_connected(key)).collect();
        gone.into_iter()
            .flat_map(|key| self.disconnected(key))
            .collect()
    }

    /// Carries out a command that came over the connection `from` at the time `now`, in nanoseconds since 1970.
    pub fn handle(&mut self, from: ClientKey, command: Command, now: u64) -> Vec<Delivery> {
        let result = match command {
            Command::Join { name, guest } => self.join(from, &name, guest),
            Command::Say { text } => self.say(from, text, now),
            Command::Whisper { to, text } => self.whisper(from, to, text, now),
        };
        result.unwrap_or_else(|refusal| vec![Delivery::refusal(from, refusal)])
    }

    fn join(&mut self, from: ClientKey, name: &str, guest: bool) -> Result<Vec<Delivery>, Refusal> {
        let you = Person {
            id: from.client_principal,
            name: valid_name(name)?,
            guest,
        };
        let is_first = !self.store.has_joined(from);
        let is_news = !self.is_present(you.id) || self.store.person(you.id).as_ref() != Some(&you);
        self.store.set_person(&you);
        self.store.set_connection(from, true);

        let mut deliveries = Vec::new();
        // Once per connection: the history is large, and asking for it is cheap.
        if is_first {
            deliveries.push(Delivery {
                to: vec![from],
                event: Event::Welcome {
                    people: self.people(),
                    messages: self.store.latest_messages(you.id, WELCOME_MESSAGES),
                    you: you.clone(),
                },
            });
        }
        if is_news {
            let joined = self.store.joined();
            deliveries.push(Delivery {
                to: joined.filter(|key| !is_first || *key != from).collect(),
                event: Event::Joined(you),
            });
        }
        Ok(deliveries)
    }

    fn say(&mut self, from: ClientKey, text: String, now: u64) -> Result<Vec<Delivery>, Refusal> {
        let author = self.speaker(from)?;
        check_text(&text)?;
        let message = self.store.add_message(author, None, text, now);
        let to = self.store.joined().collect();
        Ok(vec![delivery_of(message, to)])
    }

    fn whisper(
        &mut self,
        from: ClientKey,
        to: Principal,
        text: String,
        now: u64,
    ) -> Result<Vec<Delivery>, Refusal> {
        let author = self.speaker(from)?;
        check_text(&text)?;
        let addressee = self.store.person(to).ok_or(Refusal::UnknownAddressee(to))?;

        let mut readers: Vec<_> = self.store.joined_by(author.id).collect();
        if to != author.id {
            readers.extend(self.store.joined_by(to));
        }
        let message = self.store.add_message(author, Some(addressee), text, now);
        Ok(vec![delivery_of(message, readers)])
    }

    /// Who speaks over a connection, if they have joined over it.
    fn speaker(&self, from: ClientKey) -> Result<Person, Refusal> {
        if !self.store.has_joined(from) {
            return Err(Refusal::NotJoined);
        }
        let person = self.store.person(from.client_principal);
        person.ok_or(Refusal::NotJoined)
    }

    fn is_present(&self, person: Principal) -> bool {
        self.store.joined_by(person).next().is_some()
    }

    /// Everyone who is present.
    fn people(&self) -> Vec<Person> {
        let mut ids: Vec<_> = self
            .store
            .joined()
            .map(|key| key.client_principal)
            .collect();
        ids.dedup();
        ids.into_iter()
            .filter_map(|id| self.store.person(id))
            .collect()
    }
}

fn delivery_of(message: Message, to: Vec<ClientKey>) -> Delivery {
    Delivery {
        to,
        event: Event::Message(message),
    }
}

fn valid_name(name: &str) -> Result<String, Refusal> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Refusal::BlankName);
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(Refusal::NameTooLong);
    }
    Ok(name.to_owned())
}

fn check_text(text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::BlankText);
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(Refusal::TextTooLong(text.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
