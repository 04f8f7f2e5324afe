//! How actions change the store.

use chat_api::{Address, Command, Event, Person, RoomId, RoomSummary};

use super::{Account, Action, Connection, Store, rooms::RoomState, trace::Traced, view::Open};
use crate::shared::Shared;

impl Store {
    /// Applies an action.
    pub fn apply(&mut self, action: Action) {
        match action {
            Action::NotSignedIn(problem) => self.account = Account::Nobody { problem },
            Action::SigningIn => self.account = Account::SigningIn,
            Action::Is(account) => self.account = account,
            Action::Entered(name) => {
                self.name = name;
                self.name_refused = None;
            }
            Action::Left(problem) => {
                *self = Self {
                    account: Account::Nobody { problem },
                    sound: self.sound,
                    ..Self::default()
                }
            }
            Action::Connecting => self.disconnected(Connection::Connecting),
            Action::Lost(reason) => {
                self.trace.edit().lost = Some(reason.clone());
                self.disconnected(Connection::Reconnecting(reason));
            }
            Action::Closed(reason) => self.disconnected(Connection::Closed(reason)),
            Action::Received(event, now) => self.receive(*event, now),
            Action::Unreadable => self.note(
                "Something came that this page does not understand. Reload it for the newest version."
                    .to_owned(),
            ),
            Action::Overview(overview, device) => self.overview(*overview, device),
            Action::Restored(snapshot) if !self.is_known => {
                self.overview(snapshot.overview, None);
                for (room, history) in snapshot.histories {
                    self.history(room, history);
                }
            }
            Action::Restored(_) => {}
            Action::Since(since, device) => self.since(since, device),
            Action::InquiryFailed => self.sync.edit().failed(),
            Action::History(room, history) => self.history(room, *history),
            Action::HistoryFailed(room) => {
                self.in_room(room, |room| room.load_failures = room.load_failures.saturating_add(1));
            }
            Action::Members(room, members) => self.members(room, &members),
            Action::Visit(room) => {
                let id = room.id;
                if self.room(id).is_none() {
                    let state = Shared::new(RoomState::visited(*room));
                    self.rooms.edit().insert(id, state);
                }
                self.open(Open::Place(Address::Room(id), None));
            }
            Action::Requested(request, now) => {
                if let Command::CreateRoom { .. } | Command::Join { .. } = request.command {
                    self.entering = Some(request.id);
                }
                let given = Traced::Given(request.id, now);
                self.trace.edit().add(given);
                self.outbox.edit().push(request, now);
            }
            Action::Adopted(left) => self.outbox.edit().adopt(left),
            Action::Accepted(id) => self.outbox.edit().accepted(id),
            Action::NotSent(id, reason) => {
                if self.failed(id, &reason) {
                    self.note(format!("Not done: {reason}"));
                }
            }
            Action::Discarded(id) => {
                self.outbox.edit().settle(id);
            }
            Action::Image(person, version, image) => self.image(person, version, image),
            Action::Open(what) => self.open(what),
            Action::Tick(now) => {
                if self.typing.iter().any(|typing| typing.until <= now) {
                    self.typing.edit().retain(|typing| typing.until > now);
                }
            }
            Action::Note(words) => self.note(words),
            Action::Sound(on) => self.sound = on,
            Action::NoteRead(id) => self.notes.edit().retain(|note| note.id != id),
            Action::Traced(traced) => self.trace.edit().add(traced),
        }
    }

    fn disconnected(&mut self, connection: Connection) {
        self.connection = connection;
        self.sync.edit().lost();
        self.typing = Shared::default();
        self.people.edit().lose_sight();
    }

    fn receive(&mut self, event: Event, now: u64) {
        match event {
            Event::Hello { you, latest } => {
                self.connection = Connection::Open;
                self.become_person(you);
                self.sync.edit().opened(latest);
            }
            Event::Logged(logged) => {
                if let Some(logged) = self.sync.edit().live(*logged) {
                    self.see_doer(&logged);
                    self.trace.edit().add(Traced::Settled(logged.command, now));
                    self.change(logged);
                }
            }
            Event::Passing(passing) => self.passing(passing, now),
            Event::Done { id } => {
                self.trace.edit().add(Traced::Settled(id, now));
                self.outbox.edit().settle(id);
            }
            Event::Refused { id, reason } => {
                let is_news = id.is_none_or(|id| self.failed(id, &reason));
                if self.you.is_none() {
                    self.name = None;
                    self.name_refused = Some(reason);
                } else if is_news {
                    self.note(format!("Not done: {reason}"));
                }
            }
        }
    }

    pub(super) fn become_person(&mut self, you: Option<Person>) {
        if let Some(you) = &you {
            self.meet(you);
            self.name = self.name.take().filter(|name| *name != you.name);
        }
        if self.you != you {
            self.you = you;
        }
    }

    pub(super) fn meet(&mut self, person: &Person) {
        if !self.people.knows(person) {
            self.people.edit().meet(person);
        }
    }

    pub(super) fn in_room(&mut self, room: RoomId, change: impl FnOnce(&mut RoomState)) {
        if let Some(room) = self.rooms.edit().get_mut(&room) {
            change(room.edit());
        }
    }

    pub(super) fn enter(&mut self, summary: RoomSummary) {
        if let Some(partner) = &summary.partner {
            self.meet(&partner.person);
            self.see(partner.person.id, partner.presence);
        }
        if let Some(last) = &summary.last {
            self.meet(&last.author);
        }
        let state = Shared::new(RoomState::entered(summary));
        self.rooms.edit().insert(state.room.id, state);
    }

    pub(super) fn open(&mut self, what: Open) {
        let before = self.view.room();
        let what = match what {
            Open::Place(place, message) => Open::Place(self.settled_place(place), message),
            what => what,
        };
        self.view.open(what);
        let after = self.view.room();
        if before == after {
            return;
        }
        if let Some(left) = before {
            // Of a room that one only had a look at, nothing is told any more.
            let is_visited = |room: &Shared<RoomState>| room.membership.is_none();
            if self.room(left).is_some_and(is_visited) {
                self.rooms.edit().remove(&left);
            } else {
                self.in_room(left, |room| room.unread_from = None);
            }
        }
        if let Some(entered) = after {
            self.in_room(entered, |room| {
                let read = room.membership.map(|it| it.read_up_to);
                room.unread_from = read.filter(|up_to| *up_to < room.room.next);
            });
        }
    }
}
