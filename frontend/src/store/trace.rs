//! What the connection has done lately, for the curious.

use std::collections::VecDeque;

use chat_api::CommandId;

/// How many messages and measurements are kept.
const MAX_TRACED: usize = 60;

/// What the connection has done lately.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// Who relays, as it was told when the connection was opened.
    pub gateway: Option<String>,
    /// How often the connection was opened.
    pub opened: u32,
    /// Why it was lost last.
    pub lost: Option<String>,
    /// The latest messages, oldest first.
    pub frames: VecDeque<Frame>,
    /// How long the latest commands took until they were settled, in milliseconds, oldest first.
    pub latencies: VecDeque<u64>,
    /// The latest state of the protocol.
    pub protocol: Option<Protocol>,
    under_way: VecDeque<(CommandId, u64)>,
}

/// The state of the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protocol {
    /// The number of the last message to the canister.
    pub sent: u64,
    /// The number of the last message from the canister.
    pub received: u64,
    /// The time of the latest certificate that was verified, in nanoseconds since 1970.
    pub certified_at: u64,
    /// Whether the gateway gives receipts.
    pub has_receipts: bool,
}

/// A message on the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// Whether it came from the canister.
    pub is_incoming: bool,
    /// What it says.
    pub content: String,
}

/// Something that the connection has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Traced {
    /// It was opened, by this gateway.
    Opened(String),
    /// A message has come or gone.
    Frame(Frame),
    /// A command was given at this time, in milliseconds since 1970.
    Given(CommandId, u64),
    /// A command was settled at this time.
    Settled(CommandId, u64),
    /// The state of the protocol is this now.
    Protocol(Protocol),
}

impl Trace {
    /// Takes note of something.
    pub fn add(&mut self, traced: Traced) {
        match traced {
            Traced::Opened(gateway) => {
                self.gateway = Some(gateway);
                self.opened += 1;
            }
            Traced::Frame(frame) => push(&mut self.frames, frame),
            Traced::Given(id, at) => push(&mut self.under_way, (id, at)),
            Traced::Settled(id, at) => {
                if let Some(found) = self.under_way.iter().position(|(of, _)| *of == id)
                    && let Some((_, since)) = self.under_way.remove(found)
                {
                    push(&mut self.latencies, at.saturating_sub(since));
                }
            }
            Traced::Protocol(protocol) => self.protocol = Some(protocol),
        }
    }
}

fn push<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() >= MAX_TRACED {
        queue.pop_front();
    }
    queue.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_takes_from_when_it_is_given_until_it_is_settled() {
        let mut trace = Trace::default();
        let id = CommandId {
            device: 1,
            number: 1,
        };
        trace.add(Traced::Given(id, 1_000));
        trace.add(Traced::Settled(id, 1_042));
        trace.add(Traced::Settled(id, 2_000));
        assert_eq!(trace.latencies, [42]);
    }
}
