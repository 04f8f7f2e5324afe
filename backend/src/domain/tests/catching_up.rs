//! Random histories: whoever comes and goes ends up with what those have who stayed, and both with what the canister has.
//! Whatever is sent again is carried out once, and upgrades go unnoticed.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{client::Known, *};

const PEOPLE: [u8; 3] = [ALICE, BOB, CAROL];

#[derive(Clone, Debug)]
enum Step {
    /// Somebody sends a command.
    Send(u8, Command),
    /// Somebody sends their last commands once more.
    Repeat(u8, usize),
    /// Somebody's second device goes.
    Disconnect(u8),
    /// It comes back, and holds back what it hears.
    Reconnect(u8),
    /// It catches up, so many changes at a time.
    CatchUp(u8, usize),
    Upgrade,
}

/// Somebody with a device that stays connected, and one that does not.
struct Someone {
    id: Principal,
    /// With why each was refused at first, if it was.
    sent: Vec<(Request, Option<String>)>,
    stayed: Known,
    away: Known,
    up_to: u64,
    second: Second,
}

enum Second {
    Away,
    /// Until it has caught up with that number.
    CatchingUp(u64, Vec<Logged>),
    Live,
}

struct Model {
    world: World,
    people: BTreeMap<u8, Someone>,
    /// How many messages were said.
    said: usize,
    /// By whom and what each message was said, as often as it was heard.
    heard: Vec<(Principal, CommandId)>,
}

impl Model {
    fn new() -> Self {
        let world = World::with(&PEOPLE);
        let someone = |n: u8| Someone {
            id: id(n),
            sent: Vec::new(),
            stayed: Known::default(),
            away: Known::default(),
            up_to: 0,
            second: Second::Away,
        };
        Self {
            people: PEOPLE.map(|n| (n, someone(n))).into(),
            world,
            said: 0,
            heard: Vec::new(),
        }
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Send(who, command) => {
                let id = self.world.next_id();
                let request = Request { id, command };
                let refusal = self.request(who, request.clone());
                let is_said = matches!(request.command, Command::Say { .. }) && refusal.is_none();
                self.said += usize::from(is_said);
                let sent = &mut self.people.get_mut(&who).unwrap().sent;
                sent.push((request, refusal));
            }
            Step::Repeat(who, count) => {
                let sent = &self.people[&who].sent;
                let last = sent[sent.len().saturating_sub(count)..].to_vec();
                for (request, refusal) in last {
                    let again = self.request(who, request);
                    assert_eq!(again.is_some(), refusal.is_some());
                }
            }
            Step::Disconnect(who) => {
                self.people.get_mut(&who).unwrap().second = Second::Away;
                self.world.chat.disconnected(key(who, 1), self.world.now);
            }
            Step::Reconnect(who) => self.reconnect(who),
            Step::CatchUp(who, page) => self.catch_up(who, page),
            Step::Upgrade => self.world.upgrade(),
        }
    }

    /// Returns why it was refused, if it was.
    fn request(&mut self, who: u8, request: Request) -> Option<String> {
        self.world.now += 1;
        let from = key(who, 0);
        let deliveries = self.world.chat.request(from, request, self.world.now);
        let refusal = refusal(&deliveries);
        for Delivery { to, event } in deliveries {
            let Event::Logged(logged) = event else {
                continue;
            };
            if let Change::Said { message, .. } = &logged.change {
                self.heard.push((message.author, message.command));
            }
            for someone in self.people.values_mut() {
                if to.contains(&someone.id.into()) {
                    someone.hear(&logged);
                }
            }
        }
        refusal
    }

    fn reconnect(&mut self, who: u8) {
        let someone = self.people.get_mut(&who).unwrap();
        if !matches!(someone.second, Second::Away) {
            return;
        }
        let deliveries = self.world.chat.connected(key(who, 1), self.world.now);
        let Event::Hello { latest, .. } = deliveries[0].event else {
            panic!("{deliveries:?}");
        };
        someone.second = Second::CatchingUp(latest, Vec::new());
    }

    fn catch_up(&mut self, who: u8, page: usize) {
        let someone = self.people.get_mut(&who).unwrap();
        let Second::CatchingUp(latest, held_back) = &mut someone.second else {
            return;
        };
        let held_back = std::mem::take(held_back);
        loop {
            let view = self.world.chat.view();
            let Since::Changes(page) = view.since(someone.id, someone.up_to, None, None, page)
            else {
                panic!("nothing is dropped here");
            };
            for logged in page.changes {
                assert!(logged.number > someone.up_to && logged.number <= page.up_to);
                someone.away.apply(someone.id, logged.change);
            }
            someone.up_to = page.up_to;
            if someone.up_to >= *latest {
                break;
            }
        }
        someone.second = Second::Live;
        for logged in held_back {
            someone.hear_away(&logged);
        }
    }

    fn check(mut self) {
        for who in PEOPLE {
            self.apply(Step::Reconnect(who));
            self.apply(Step::CatchUp(who, 3));
        }
        for (who, someone) in &self.people {
            assert_eq!(someone.away, someone.stayed, "{who} who was away");
            self.check_known(*who, someone);
        }
        let times = self.heard.len();
        self.heard.sort();
        self.heard.dedup();
        assert_eq!(self.heard.len(), times, "each message was heard once");
        assert_eq!(self.said, times);
    }

    /// What somebody knows is what the canister would tell them at first.
    fn check_known(&self, who: u8, someone: &Someone) {
        let is_refused = |(request, refusal): &(Request, Option<String>)| {
            refusal.is_some().then_some(request.id.number)
        };
        let refused: Vec<_> = someone.sent.iter().filter_map(is_refused).collect();
        let latest = refused.len().saturating_sub(MAX_IN_FLIGHT);
        let overview = self.world.chat.view().overview(someone.id, Some(0));
        assert_eq!(overview.refused, refused[latest..]);
        let mut known = someone.stayed.clone();
        for (room, known) in &mut known.rooms {
            let messages = self.world.history(who, *room).unwrap();
            let entered = known.messages.keys().next().copied();
            let since = |message: &Message| entered.is_some_and(|first| message.number >= first);
            let expected = messages.into_iter().filter(since);
            let expected: BTreeMap<_, _> = expected.map(|it| (it.number, it)).collect();
            assert_eq!(std::mem::take(&mut known.messages), expected);
        }
        assert_eq!(known, Known::of(self.world.overview(who)), "{who}");
    }
}

impl Someone {
    fn hear(&mut self, logged: &Logged) {
        self.stayed.apply(self.id, logged.change.clone());
        self.hear_away(logged);
    }

    fn hear_away(&mut self, logged: &Logged) {
        match &mut self.second {
            Second::Away => {}
            Second::CatchingUp(_, held_back) => held_back.push(logged.clone()),
            Second::Live if logged.number > self.up_to => {
                self.up_to = logged.number;
                self.away.apply(self.id, logged.change.clone());
            }
            Second::Live => {}
        }
    }
}

fn command() -> impl Strategy<Value = Command> {
    let room = 0..4_u64;
    let message = 0..6_u64;
    let person = prop::sample::select(PEOPLE.to_vec());
    let emoji = prop::sample::select(vec!["👍", "🎉"]);
    let role = prop::sample::select(vec![Role::Member, Role::Moderator, Role::Owner]);
    let visibility = prop::sample::select(vec![Visibility::Public, Visibility::Private]);
    let at = (room.clone(), message.clone());
    let whom = (room.clone(), person.clone());
    prop_oneof![
        1 => visibility.clone().prop_map(|visibility| create("room", visibility)),
        1 => (room.clone(), visibility).prop_map(|(room, visibility)| Command::EditRoom {
            room,
            name: "edited".to_owned(),
            topic: String::new(),
            visibility,
        }),
        6 => room.clone().prop_map(|room| Command::Join { room }),
        2 => room.clone().prop_map(|room| Command::Leave { room }),
        2 => whom.clone().prop_map(|(room, person)| invite(room, person)),
        1 => whom.clone().prop_map(|(room, person)| remove(room, person)),
        1 => whom.clone().prop_map(|(room, person)| ban(room, person)),
        2 => whom.clone().prop_map(|(room, person)| unban(room, person)),
        2 => (whom.clone(), role).prop_map(|((room, person), role)| set_role(room, person, role)),
        1 => (room.clone(), any::<bool>()).prop_map(|(room, muted)| Command::Mute { room, muted }),
        8 => room.clone().prop_map(|room| say(Address::Room(room), "hi")),
        4 => whom.prop_map(|(room, person)| mention(room, &[person])),
        1 => (person.clone(), any::<bool>()).prop_map(|(person, blocked)| block(person, blocked)),
        4 => person.prop_map(|person| say(Address::Person(id(person)), "psst")),
        3 => at.clone().prop_map(|(room, message)| edit(room, message, "edited")),
        2 => at.clone().prop_map(|(room, message)| Command::Delete { room, message }),
        5 => (at.clone(), emoji, any::<bool>())
            .prop_map(|((room, message), emoji, on)| react(room, message, emoji, on)),
        3 => at.prop_map(|(room, up_to)| Command::Read { room, up_to }),
        1 => (0..100_u64).prop_map(|up_to| Command::ReadNotifications { up_to }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let who = prop::sample::select(PEOPLE.to_vec());
    prop_oneof![
        40 => (who.clone(), command()).prop_map(|(who, command)| Step::Send(who, command)),
        4 => (who.clone(), 1..5_usize).prop_map(|(who, count)| Step::Repeat(who, count)),
        3 => who.clone().prop_map(Step::Disconnect),
        6 => who.clone().prop_map(Step::Reconnect),
        6 => (who, 1..4_usize).prop_map(|(who, page)| Step::CatchUp(who, page)),
        1 => Just(Step::Upgrade),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whoever_was_away_ends_up_with_what_those_have_who_stayed(
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let mut model = Model::new();
        for step in steps {
            model.apply(step);
        }
        model.check();
    }
}
