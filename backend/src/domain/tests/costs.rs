//! What a message costs, counted in accesses to stable memory: it must not grow with what is there already.

use std::{cell::Cell, rc::Rc};

use ic_stable_structures::Memory;

use super::*;

/// Counts how often it is accessed.
#[derive(Clone, Default)]
struct Counted {
    memory: VectorMemory,
    accesses: Rc<Cell<u64>>,
}

impl Counted {
    fn count(&self) {
        self.accesses.set(self.accesses.get() + 1);
    }
}

impl Memory for Counted {
    fn size(&self) -> u64 {
        self.memory.size()
    }

    fn grow(&self, pages: u64) -> i64 {
        self.memory.grow(pages)
    }

    fn read(&self, offset: u64, destination: &mut [u8]) {
        self.count();
        self.memory.read(offset, destination);
    }

    fn write(&self, offset: u64, source: &[u8]) {
        self.count();
        self.memory.write(offset, source);
    }
}

const ELSEWHERE: RoomId = 1;

struct Meter {
    counted: Counted,
    chat: Chat<VirtualMemory<Counted>>,
    number: u64,
}

impl Meter {
    fn new() -> Self {
        let counted = Counted::default();
        let memory = MemoryManager::init_with_bucket_size(counted.clone(), 1);
        let mut meter = Self {
            counted,
            chat: Chat::new(memory::store_in(&memory), limits()),
            number: 0,
        };
        for n in [0, 1] {
            meter.chat.connected(member(n), 1 << 60);
            meter.come(n, LOBBY);
        }
        meter.act(member(0), create("elsewhere", Visibility::Public));
        meter
    }

    fn act(&mut self, from: ClientKey, command: Command) -> u64 {
        self.number += 1;
        let id = CommandId {
            device: 0,
            number: self.number,
        };
        let before = self.counted.accesses.get();
        let request = Request { id, command };
        let deliveries = self.chat.request(from, request, 1 << 60);
        assert_eq!(refusal(&deliveries), None);
        self.counted.accesses.get() - before
    }

    fn come(&mut self, n: u64, room: RoomId) {
        self.act(member(n), profile("x"));
        self.act(member(n), Command::Join { room });
    }

    /// Messages that nobody was told of.
    fn fill(&mut self, room: RoomId, messages: u64) {
        let said = (0..messages).map(|at| (member(0).client_principal, at, "hi".to_owned()));
        self.chat.import(room, said);
    }

    /// The mean of a few.
    fn message(&mut self) -> u64 {
        const TIMES: u64 = 20;
        let say = || say(Address::Room(LOBBY), "hi");
        let total: u64 = (0..TIMES).map(|_| self.act(member(0), say())).sum();
        total / TIMES
    }
}

fn member(n: u64) -> ClientKey {
    ClientKey {
        client_principal: Principal::from_slice(&n.to_be_bytes()),
        client_nonce: 0,
    }
}

#[test]
fn a_message_costs_about_the_same_after_many_others() {
    let mut meter = Meter::new();
    meter.fill(LOBBY, 1_000);
    let few = meter.message();
    meter.fill(LOBBY, 20_000);
    let many = meter.message();
    assert!(many < few + few / 4, "{few} accesses became {many}");
}

#[test]
fn a_message_costs_about_the_same_with_many_notices() {
    let mut meter = Meter::new();
    let mention = |n| Command::Say {
        to: Address::Room(ELSEWHERE),
        text: "you".to_owned(),
        reply_to: None,
        mentions: vec![member(n).client_principal],
    };
    (1..3).for_each(|n| meter.come(n, ELSEWHERE));
    // Those of one person more or less make trees no higher.
    for _ in 0..MAX_NOTIFICATIONS {
        meter.act(member(1), mention(2));
    }
    let few = (meter.message(), meter.act(member(1), mention(0)));
    for _ in 0..MAX_NOTIFICATIONS {
        meter.act(member(1), mention(0));
    }
    let many = (meter.message(), meter.act(member(1), mention(0)));
    // Now the oldest notice goes each time.
    let is_flat = many.0 < few.0 + few.0 / 4 && many.1 < 2 * few.1;
    assert!(is_flat, "{few:?} accesses became {many:?}");
}

#[test]
fn a_message_costs_about_the_same_among_many_who_are_away() {
    let mut meter = Meter::new();
    (2..300).for_each(|n| meter.come(n, ELSEWHERE));
    let few = meter.message();
    (2..300).for_each(|n| meter.come(n, LOBBY));
    let many = meter.message();
    assert!(many < few + few / 4, "{few} accesses became {many}");
}

#[test]
fn however_much_is_left_of_a_room_that_nobody_is_in_little_goes_at_once() {
    let swept = |messages| {
        let mut meter = Meter::new();
        meter.fill(ELSEWHERE, messages);
        let leave = Command::Leave { room: ELSEWHERE };
        let costs = [meter.act(member(0), leave), meter.message()];
        assert!(meter.chat.view().metrics().messages > messages / 2);
        costs
    };
    let (few, many) = (swept(1_000), swept(20_000));
    // The trees are a little higher.
    let is_flat = few.iter().zip(many).all(|(few, many)| many < 2 * few);
    assert!(is_flat, "{few:?} accesses became {many:?}");
}
