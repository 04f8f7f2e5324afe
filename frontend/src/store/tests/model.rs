//! Whatever is lost, late or answered by a replica that lags behind: in the end the page knows what the canister knows.

use chat_api::{Changes, History};
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// Something changes at the canister.
    Say,
    Edit(u64),
    Delete(u64),
    /// So many of the events under way arrive.
    Arrive(usize),
    Disconnect,
    Connect,
    /// What is due is asked of a replica that is so many changes behind, and answers with so many at most.
    Ask {
        behind: usize,
        limit: usize,
    },
    /// History is asked of a replica that is so many changes behind.
    Load {
        behind: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Say),
        2 => (0..20u64).prop_map(Step::Edit),
        1 => (0..20u64).prop_map(Step::Delete),
        4 => (1..4usize).prop_map(Step::Arrive),
        1 => Just(Step::Disconnect),
        2 => Just(Step::Connect),
        4 => (0..4usize, 1..5usize).prop_map(|(behind, limit)| Step::Ask { behind, limit }),
        2 => (0..4usize).prop_map(|behind| Step::Load { behind }),
    ];
    prop::collection::vec(step, 0..60)
}

#[derive(Default)]
struct Canister {
    log: Vec<Logged>,
    /// What is under way on the connection, if there is one.
    under_way: Option<Vec<Logged>>,
}

impl Canister {
    fn change(&mut self, change: Change) {
        // Some numbers are for others.
        let number = self.latest() + 1 + self.log.len() as u64 % 3;
        let logged = logged(number, BOB, change);
        if let Some(under_way) = &mut self.under_way {
            under_way.push(logged.clone());
        }
        self.log.push(logged);
    }

    fn latest(&self) -> u64 {
        self.log.last().map_or(0, |logged| logged.number)
    }

    /// The messages as they are after the first so many changes.
    fn messages(&self, changes: usize) -> Vec<Message> {
        let mut messages = messages::Messages::default();
        for logged in &self.log[..changes] {
            messages.apply(&logged.change, None);
        }
        messages.iter().map(|message| (**message).clone()).collect()
    }

    fn said(&self) -> u64 {
        self.messages(self.log.len()).len() as u64
    }

    fn answer(&self, store: &mut Store, behind: usize, limit: usize) {
        let Some(inquiry) = store.inquiry_due() else {
            return;
        };
        let known = self.log.len().saturating_sub(behind);
        let up_to = self.log[..known].last().map_or(0, |logged| logged.number);
        store.apply(match inquiry.after {
            None => overview(
                vec![summary(ROOM, self.messages(known).len() as u64, 0)],
                up_to,
            ),
            Some(after) if after > up_to => Action::InquiryFailed,
            Some(after) => {
                let missing = self.log[..known].iter().filter(|it| it.number > after);
                let changes: Vec<_> = missing.cloned().collect();
                let is_all = changes.len() <= limit;
                let changes: Vec<_> = changes.into_iter().take(limit).collect();
                let last = changes.last().map_or(up_to, |logged| logged.number);
                let up_to = if is_all { up_to } else { last };
                let since = Since::Changes(Changes {
                    changes,
                    up_to,
                    settled: 0,
                    refused: Vec::new(),
                });
                Action::Since(since, None)
            }
        });
    }

    fn load(&self, store: &mut Store, behind: usize) {
        let known = self.log.len().saturating_sub(behind);
        let messages = self.messages(known);
        let history = History {
            next: messages.len() as u64,
            messages,
            people: vec![person(BOB)],
            first: 0,
            up_to: self.log[..known].last().map_or(0, |logged| logged.number),
        };
        store.apply(Action::History(ROOM, Box::new(history)));
    }
}

proptest! {
    #[test]
    fn in_the_end_the_page_knows_what_the_canister_knows(steps in steps()) {
        let mut canister = Canister::default();
        let mut store = after([]);
        for step in steps {
            match step {
                Step::Say => {
                    let number = canister.said();
                    canister.change(said(number, BOB, "first"));
                }
                Step::Edit(number) if number < canister.said() => {
                    let text = canister.log.len().to_string();
                    canister.change(Change::Edited {
                        room: ROOM,
                        message: number,
                        text,
                        mentions: Vec::new(),
                        edited_at: 1,
                    });
                }
                Step::Delete(number) if number < canister.said() => {
                    canister.change(Change::Deleted { room: ROOM, message: number });
                }
                Step::Edit(_) | Step::Delete(_) => {}
                Step::Arrive(count) => {
                    let under_way = canister.under_way.iter_mut().flatten();
                    let count = count.min(under_way.count());
                    for logged in canister.under_way.iter_mut().flat_map(|it| it.drain(..count)) {
                        store.apply(Action::Received(Box::new(Event::Logged(Box::new(logged))), 0));
                    }
                }
                Step::Disconnect => {
                    canister.under_way = None;
                    store.apply(Action::Lost(String::new()));
                }
                Step::Connect => {
                    canister.under_way = Some(Vec::new());
                    store.apply(hello(canister.latest()));
                }
                Step::Ask { behind, limit } => canister.answer(&mut store, behind, limit),
                Step::Load { behind } => canister.load(&mut store, behind),
            }
        }

        store.apply(Action::Lost(String::new()));
        store.apply(hello(canister.latest()));
        while store.inquiry_due().is_some() {
            canister.answer(&mut store, 0, 3);
        }
        prop_assert!(store.is_live());
        let expected = canister.messages(canister.log.len());
        let room = store.room(ROOM).unwrap();
        prop_assert_eq!(room.room.next, expected.len() as u64);
        for message in room.messages.iter() {
            prop_assert_eq!(&**message, &expected[message.number as usize]);
        }
    }
}
