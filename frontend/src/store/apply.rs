//! How actions change the store.

use candid::Principal;
use chat_api::{
    Address, Change, Command, Event, History, LIVELY_MEMBERS, Logged, Members, Overview, Passing,
    Person, Presence, RoomId, RoomSummary, Since,
};

use super::{
    Account, Action, Connection, Store, TYPING_MS, Typing, rooms::RoomState, trace::Traced,
    view::Open,
};
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
                if !self.outbox.edit().fail(id, &reason) {
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
                    self.notice(&logged);
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
                if let Some(id) = id {
                    self.outbox.edit().settle(id);
                }
                if self.you.is_none() {
                    self.name = None;
                    self.name_refused = Some(reason);
                } else {
                    self.note(format!("Not done: {reason}"));
                }
            }
        }
    }

    /// Whoever does something is here; where coming and going is told, their going will be.
    fn notice(&mut self, logged: &Logged) {
        let (Change::Said { room, .. } | Change::Member { room, .. }) = &logged.change else {
            return;
        };
        let is_lively = |room: &Shared<RoomState>| room.room.members <= LIVELY_MEMBERS;
        if self.room(*room).is_some_and(is_lively) {
            if let Change::Member { person, .. } = &logged.change {
                self.meet(person);
            }
            self.see(logged.by, Presence::Here);
        }
    }

    fn become_person(&mut self, you: Option<Person>) {
        if let Some(you) = &you {
            self.meet(you);
        }
        if self.you != you {
            self.you = you;
        }
    }

    fn overview(&mut self, overview: Overview, device: Option<u64>) {
        let before = std::mem::take(&mut self.rooms);
        self.recent = Shared::default();
        self.recent_since = overview.up_to;
        for summary in overview.rooms {
            self.enter(summary);
        }
        // What was read of them may be outdated, but where the reader is need not change.
        for (id, room) in before.iter() {
            let is_open = self.view.room() == Some(*id);
            match self.rooms.edit().get_mut(id) {
                Some(known) if is_open => known.edit().unread_from = room.unread_from,
                Some(_) => {}
                None if is_open && room.membership.is_none() => {
                    self.rooms.edit().insert(*id, room.clone());
                }
                None => self.view.forget(*id),
            }
        }
        for invitation in &overview.invitations {
            self.meet(&invitation.by);
        }
        for notification in &overview.notifications {
            self.meet(&notification.by);
        }
        self.invitations = Shared::new(overview.invitations);
        self.notifications = Shared::new(overview.notifications);
        self.become_person(overview.you);
        self.is_known = true;
        if let Some(device) = device {
            self.outbox.edit().settled_up_to(device, overview.settled);
        }
        let fresh = self.sync.edit().known(overview.up_to);
        self.changes(fresh);
    }

    fn since(&mut self, since: Since, device: Option<u64>) {
        match since {
            Since::TooLongAgo => self.sync.edit().too_long_ago(),
            Since::Changes(changes) => {
                let settled = changes.settled;
                let fresh = self.sync.edit().caught_up(changes);
                self.changes(fresh);
                if let Some(device) = device {
                    self.outbox.edit().settled_up_to(device, settled);
                }
            }
        }
    }

    pub(super) fn meet(&mut self, person: &Person) {
        if !self.people.knows(person) {
            self.people.edit().meet(person);
        }
    }

    fn see(&mut self, person: Principal, presence: Presence) {
        if self.people.presence(person) != Some(presence) {
            self.people.edit().see(person, presence);
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

    fn passing(&mut self, passing: Passing, now: u64) {
        match passing {
            Passing::Presence { person, presence } => {
                self.see(person, presence);
                let with = |room: &RoomState| room.partner.as_ref().map(|it| it.person.id);
                let conversation = self.conversation_with(person);
                if let Some(room) = conversation {
                    self.in_room(room, |room| {
                        if with(room) == Some(person)
                            && let Some(partner) = &mut room.partner
                        {
                            partner.presence = presence;
                        }
                    });
                }
            }
            Passing::Typing { room, person } => {
                if Some(person) == self.me() {
                    return;
                }
                self.stop_typing(room, person);
                self.typing.edit().push(Typing {
                    room,
                    person,
                    until: now + TYPING_MS,
                });
            }
            Passing::Profile(person) => self.profile(person),
        }
    }

    fn profile(&mut self, person: Person) {
        self.meet(&person);
        if Some(person.id) == self.me() || self.you.is_none() {
            self.you = Some(person);
        } else if let Some(room) = self.conversation_with(person.id) {
            self.in_room(room, |room| {
                if let Some(partner) = &mut room.partner {
                    partner.person = person;
                }
            });
        }
    }

    pub(super) fn stop_typing(&mut self, room: RoomId, person: Principal) {
        let is_it = |typing: &Typing| typing.room == room && typing.person == person;
        if self.typing.iter().any(is_it) {
            self.typing.edit().retain(|typing| !is_it(typing));
        }
    }

    fn history(&mut self, room: RoomId, history: History) {
        if history.up_to < self.recent_since {
            // By a replica that lags so far behind that it is not known what it has missed.
            return self.apply(Action::HistoryFailed(room));
        }
        for person in &history.people {
            self.meet(person);
        }
        let me = self.me();
        let recent = self.recent.clone();
        self.in_room(room, |state| {
            state.load_failures = 0;
            state.room.first = state.room.first.max(history.first);
            state.room.next = state.room.next.max(history.next);
            state.messages.forget_before(history.first);
            state.messages.extend(history.messages);
            // The answer may be older than what has come meanwhile.
            let newer = recent.iter().filter(|(number, _)| *number > history.up_to);
            for (_, change) in newer.filter(|(_, change)| room_of(change) == Some(room)) {
                state.messages.apply(change, me);
            }
        });
    }

    fn members(&mut self, room: RoomId, members: &Members) {
        for member in &members.members {
            self.meet(&member.person);
            self.see(member.person.id, member.presence);
        }
        self.in_room(room, |room| {
            room.add_members(&members.members, members.more_after);
        });
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

/// The room in which a message has changed.
fn room_of(change: &Change) -> Option<RoomId> {
    match change {
        Change::Said { room, .. }
        | Change::Edited { room, .. }
        | Change::Deleted { room, .. }
        | Change::Reacted { room, .. } => Some(*room),
        _ => None,
    }
}
