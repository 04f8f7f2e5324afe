//! What is open on the page.

use candid::Principal;
use chat_api::{Address, MessageNumber, RoomId};

/// What is open on the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The conversation.
    pub place: Option<Address>,
    /// What stands beside it.
    pub panel: Option<Panel>,
    /// What lies over everything.
    pub dialog: Option<Dialog>,
    /// Where the conversation is to be shown.
    pub jump: Option<Jump>,
    /// What the composer is about, beside a new message.
    pub writing: Writing,
    /// How many things were opened so far.
    serial: u64,
}

/// A place in a conversation to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// Which message.
    pub message: MessageNumber,
    /// Tells one jump from the next to the same message.
    pub serial: u64,
}

/// What stands beside the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// About the room, with its members.
    Room,
    /// What this person was notified of.
    Notifications,
    /// How the page is connected.
    Connection,
}

/// What lies over everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// Public rooms to join.
    FindRooms,
    /// Somebody to write to.
    FindPeople,
    /// A room to be made.
    NewRoom,
    /// What a room is to be.
    EditRoom(RoomId),
    /// Somebody to invite to a room.
    Invite(RoomId),
    /// Who is on a list of a room.
    Listed(List, RoomId),
    /// How others see this person.
    Profile,
    /// Somebody else.
    Person(Principal),
    /// Which keys do what.
    Keys,
}

/// A list of people that the moderators of a room see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Who is kept out.
    Banned,
    /// Who may join.
    Invited,
}

/// What the composer is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Writing {
    /// A new message.
    #[default]
    New,
    /// A new message that answers this one.
    Reply(MessageNumber),
    /// Another text for this one.
    Edit(MessageNumber),
}

/// Something is opened or closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// A conversation, at a message of it.
    Place(Address, Option<MessageNumber>),
    /// The list of conversations, where there is no room for both.
    List,
    /// What stands beside; closed if it is open.
    Panel(Panel),
    /// What lies over everything.
    Dialog(Dialog),
    /// The composer for something.
    Writing(Writing),
    /// What lies over everything is closed.
    CloseDialog,
    /// What stands beside is closed.
    ClosePanel,
}

impl View {
    /// The room that is open.
    pub fn room(&self) -> Option<RoomId> {
        match self.place {
            Some(Address::Room(room)) => Some(room),
            _ => None,
        }
    }

    /// Opens or closes something.
    pub fn open(&mut self, what: Open) {
        match what {
            Open::Place(place, message) => {
                if self.place != Some(place) {
                    self.writing = Writing::New;
                    self.jump = None;
                }
                // On a small screen, what led here would stay before it.
                if self.dialog.is_some() || self.panel == Some(Panel::Notifications) {
                    self.panel = None;
                }
                self.place = Some(place);
                self.dialog = None;
                if let Some(message) = message {
                    self.serial += 1;
                    let serial = self.serial;
                    self.jump = Some(Jump { message, serial });
                }
            }
            Open::List => {
                *self = Self {
                    serial: self.serial,
                    ..Self::default()
                }
            }
            Open::Panel(panel) => self.panel = Some(panel).filter(|_| self.panel != Some(panel)),
            Open::Dialog(dialog) => self.dialog = Some(dialog),
            Open::Writing(writing) => self.writing = writing,
            Open::CloseDialog => self.dialog = None,
            Open::ClosePanel => self.panel = None,
        }
    }

    /// A room is not to be seen any more.
    pub fn forget(&mut self, room: RoomId) {
        let is_open = |dialog: Dialog| matches!(dialog, Dialog::EditRoom(it) | Dialog::Invite(it) | Dialog::Listed(_, it) if it == room);
        if self.room() == Some(room) {
            self.place = None;
            self.panel = self.panel.filter(|panel| *panel != Panel::Room);
        }
        self.dialog = self.dialog.filter(|dialog| !is_open(*dialog));
    }
}
