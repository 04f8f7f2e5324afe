//! What this person wrote and the canister has not yet confirmed: nothing typed is lost on the way.

use chat_api::{Message, Person};
use std::rc::Rc;

/// How many unconfirmed messages there may be; the composer takes no more until some are settled.
pub const CAPACITY: usize = 256;

/// One message on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Unique among the messages written since the page was loaded.
    pub id: u64,
    /// The only reader, for a direct message.
    pub to: Option<Person>,
    /// What was written.
    pub text: String,
    /// How far it got.
    pub state: Delivery,
}

/// How far an outgoing message got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Handed to the connection; the canister has not shown it yet.
    Sending,
    /// Not delivered, for this reason.
    Failed(String),
}

impl Outgoing {
    fn became(&self, message: &Message) -> bool {
        self.text == message.text
            && self.to.as_ref().map(|person| person.id)
                == message.to.as_ref().map(|person| person.id)
    }
}

/// The outgoing messages, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    entries: Rc<Vec<Rc<Outgoing>>>,
}

impl Outbox {
    /// The outgoing messages, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Rc<Outgoing>> {
        self.entries.iter()
    }

    /// Whether no further message can be taken.
    pub fn is_full(&self) -> bool {
        self.entries.len() >= CAPACITY
    }

    /// Takes a message that was handed to the connection, in place of an earlier attempt at the same one.
    pub fn sending(&mut self, id: u64, to: Option<Person>, text: String) {
        self.remove(id);
        if !self.is_full() {
            self.push(Outgoing {
                id,
                to,
                text,
                state: Delivery::Sending,
            });
        }
    }

    /// Forgets a message.
    pub fn remove(&mut self, id: u64) {
        Rc::make_mut(&mut self.entries).retain(|entry| entry.id != id);
    }

    /// The canister published `message` of this person: the oldest entry that says the same is settled.
    pub fn settle(&mut self, message: &Message) {
        if let Some(at) = self.entries.iter().position(|entry| entry.became(message)) {
            Rc::make_mut(&mut self.entries).remove(at);
        }
    }

    /// Marks one message as not delivered.
    pub fn fail(&mut self, id: u64, reason: &str) {
        self.fail_where(reason, |entry| entry.id == id);
    }

    /// Marks everything under way as not delivered.
    pub fn fail_all(&mut self, reason: &str) {
        self.fail_where(reason, |_| true);
    }

    /// Marks the oldest message under way as not delivered: the canister answers in the order of its
    /// commands, so that is the one it refused. Gives back whether there was one.
    pub fn fail_oldest(&mut self, reason: &str) -> bool {
        let oldest = self
            .entries
            .iter()
            .find(|entry| entry.state == Delivery::Sending)
            .map(|entry| entry.id);
        if let Some(id) = oldest {
            self.fail(id, reason);
        }
        oldest.is_some()
    }

    fn push(&mut self, outgoing: Outgoing) {
        Rc::make_mut(&mut self.entries).push(Rc::new(outgoing));
    }

    fn fail_where(&mut self, reason: &str, which: impl Fn(&Outgoing) -> bool) {
        for entry in Rc::make_mut(&mut self.entries) {
            if entry.state == Delivery::Sending && which(entry) {
                Rc::make_mut(entry).state = Delivery::Failed(reason.to_owned());
            }
        }
    }
}
