//! The flow of the room: messages and notices in the order in which they are read.

use chat_api::{Message, Person};
use std::rc::Rc;

/// How many entries are kept; the oldest make room.
pub const CAPACITY: usize = 2_000;

/// Messages of one author that follow within this time are set as one block, in nanoseconds.
const BLOCK_SPAN: u64 = 5 * 60 * 1_000_000_000;

/// One entry of the flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Unique in this page; what the view recognises an entry by.
    pub key: u64,
    /// What it says.
    pub body: Body,
}

/// What an entry of the flow says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Somebody wrote something.
    Message(Rc<Message>),
    /// Something happened.
    Notice(Notice),
}

/// Something that happened in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Somebody entered.
    Joined(Person),
    /// Somebody's last connection is gone.
    Left(Person),
    /// Somebody changed their name.
    Renamed {
        /// What they were called.
        from: String,
        /// What they are called now.
        to: String,
    },
    /// The canister did not carry out a command.
    Refused(String),
    /// The canister said something that this version of the page does not understand.
    Unreadable,
}

impl Notice {
    /// The notice in words.
    pub fn words(&self) -> String {
        match self {
            Self::Joined(person) => format!("{} joined", person.name),
            Self::Left(person) => format!("{} left", person.name),
            Self::Renamed { from, to } => format!("{from} is now called {to}"),
            Self::Refused(reason) => format!("Not done: {reason}"),
            Self::Unreadable => {
                "Something came that this page does not understand; reload it for the newest version"
                    .to_owned()
            }
        }
    }
}

/// The flow, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    entries: Rc<Vec<Rc<Entry>>>,
    next_key: u64,
    last_message: Option<u64>,
}

impl Timeline {
    /// The entries, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Rc<Entry>> {
        self.entries.iter()
    }

    /// Whether nothing was ever said or done.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Rises with every entry that was ever added.
    pub fn version(&self) -> u64 {
        self.next_key
    }

    /// Adds a message, unless it is already there. Gives back whether it was new.
    pub fn message(&mut self, message: Message) -> bool {
        if self.last_message.is_some_and(|last| message.id <= last) {
            return false;
        }
        self.last_message = Some(message.id);
        self.push(Body::Message(Rc::new(message)));
        true
    }

    /// Adds a notice.
    pub fn notice(&mut self, notice: Notice) {
        self.push(Body::Notice(notice));
    }

    /// Forgets everything if `history` is that of another room: one that ends before what is known here.
    pub fn restart_unless_continued_by(&mut self, history: &[Message]) {
        if self.last_message > history.last().map(|message| message.id) {
            self.entries = Rc::default();
            self.last_message = None;
        }
    }

    fn push(&mut self, body: Body) {
        let entry = Entry {
            key: self.next_key,
            body,
        };
        self.next_key += 1;
        let entries = Rc::make_mut(&mut self.entries);
        if entries.len() >= CAPACITY {
            entries.remove(0);
        }
        entries.push(Rc::new(entry));
    }
}

/// Whether `message` is set in one block with `previous`, the entry before it: same author, same readers, soon after.
pub fn continues(previous: Option<&Entry>, message: &Message) -> bool {
    let Some(Body::Message(previous)) = previous.map(|entry| &entry.body) else {
        return false;
    };
    let reader = |message: &Message| message.to.as_ref().map(|person| person.id);
    previous.author == message.author
        && reader(previous) == reader(message)
        && message.at.saturating_sub(previous.at) < BLOCK_SPAN
}
