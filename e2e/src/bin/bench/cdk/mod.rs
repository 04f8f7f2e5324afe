//! The canister library beside the published one: the same canister with either, on the same network.
//!
//! Figures are instructions as the canister counts them, around what it asks its CDK. They are the same on every
//! machine.

mod subject;

use anyhow::Result;
use e2e::artifact;
use xtask::{build::TestCanisters, layout::Layout};

use crate::{
    node::Node,
    report::{Report, Row, Unit},
    say,
};
use subject::{Memory, Subject};

/// Of an application message: what somebody types in a chat.
const MESSAGE_BYTES: u32 = 128;

/// Of one to many.
const BROADCAST_BYTES: u32 = 1024;

/// How many messages one poll returns, in both CDKs.
const PAGE: u32 = 50;

/// How much is measured.
struct Amounts {
    /// Messages queued: some, and many. What these cost is compared with none.
    queued: [u32; 2],
    /// Recipients of broadcasts.
    recipients: [u64; 3],
    /// Clients that are connected when another one connects.
    clients: u64,
}

const FULL: Amounts = Amounts {
    queued: [1000, 10_000],
    recipients: [10, 100, 1000],
    clients: 10_000,
};

const QUICK: Amounts = Amounts {
    queued: [10, 20],
    recipients: [1, 2, 3],
    clients: 10,
};

/// Measures everything.
pub async fn measure(quick: bool, report: &mut Report) -> Result<()> {
    let amounts = if quick { QUICK } else { FULL };
    let canisters = TestCanisters::of(&Layout::of_this_workspace());
    let bench = Bench {
        node: Node::start(None).await?,
        ours: artifact::read(&canisters.measured)?,
        published: artifact::read(&canisters.measured_published)?,
        amounts,
    };
    let empty = bench.backlogs(report).await?;
    bench.broadcasts(report).await?;
    bench.opens(report, &empty).await?;
    bench.node.stop().await
}

struct Bench {
    node: Node,
    /// The modules.
    ours: Vec<u8>,
    published: Vec<u8>,
    amounts: Amounts,
}

/// What calls take while messages are queued that no gateway will ask for any more.
struct Backlog {
    send: f64,
    message: f64,
    poll: f64,
    poll_page: f64,
    upgrade: f64,
    memory: Memory,
}

impl Backlog {
    async fn measure(node: &Node, module: &[u8], queued: u32) -> Result<Self> {
        let mut subject = Subject::install(node, module).await?;
        subject.connect(1).await?;
        subject.queue(queued, MESSAGE_BYTES).await?;
        let memory = subject.memory().await?;
        let send = subject.send(MESSAGE_BYTES).await?;
        let message = subject.message(MESSAGE_BYTES).await?;
        let poll = subject.poll(1).await?;
        subject.queue(PAGE, MESSAGE_BYTES).await?;
        let poll_page = subject.poll(PAGE.into()).await?;
        Ok(Self {
            send,
            message,
            poll,
            poll_page,
            upgrade: subject.upgrade(module).await?,
            memory,
        })
    }
}

/// The same of both CDKs.
struct Both<T> {
    ours: T,
    published: T,
}

impl<T> Both<T> {
    fn map<U>(&self, part: impl Fn(&T) -> U) -> Both<U> {
        Both {
            ours: part(&self.ours),
            published: part(&self.published),
        }
    }
}

impl Both<f64> {
    /// How many times the other it is.
    fn times(&self, other: &Self) -> Self {
        Self {
            ours: self.ours / other.ours,
            published: self.published / other.published,
        }
    }

    fn row(&self, key: String, what: String, unit: Unit, aim: &'static str) -> Row {
        Row {
            key,
            what,
            unit,
            value: self.ours,
            reference: ("published CDK".into(), self.published),
            aim,
        }
    }
}

impl Bench {
    async fn both<T>(&self, measure: impl AsyncFn(&[u8]) -> Result<T>) -> Result<Both<T>> {
        Ok(Both {
            ours: measure(&self.ours).await?,
            published: measure(&self.published).await?,
        })
    }

    /// Gives the memory that nothing queued takes up.
    async fn backlogs(&self, report: &mut Report) -> Result<Memory> {
        let backlog = async |queued| {
            say(&format!("calls while {queued} messages are queued"));
            self.both(async |module| Backlog::measure(&self.node, module, queued).await)
                .await
        };
        let [some, many] = self.amounts.queued;
        let empty = backlog(0).await?;
        let backlogs = [(some, backlog(some).await?), (many, backlog(many).await?)];
        type Figure = fn(&Backlog) -> f64;
        let calls: [(_, _, Figure, _); 4] = [
            ("send", "send 128 B", |backlog| backlog.send, "ratio 0.02"),
            (
                "poll",
                "poll 1 × 128 B",
                |backlog| backlog.poll,
                "ratio 0.02",
            ),
            (
                "poll_page",
                "poll 50 × 128 B",
                |backlog| backlog.poll_page,
                "",
            ),
            (
                "ws_message",
                "ws_message 128 B",
                |backlog| backlog.message,
                "",
            ),
        ];
        for (name, what, figure, aim) in calls {
            let row = |queued, both: &Both<_>, aim| {
                let key = format!("{name}_{queued}_queued_instructions");
                both.row(
                    key,
                    format!("{what}, {queued} queued"),
                    Unit::Instructions,
                    aim,
                )
            };
            let none = empty.map(figure);
            report.add(row(0, &none, ""));
            for ((queued, backlog), aim) in backlogs.iter().zip([aim, ""]) {
                report.add(row(*queued, &backlog.map(figure), aim));
            }
            report.add(backlogs[1].1.map(figure).times(&none).row(
                format!("{name}_{many}_queued_growth"),
                format!("{what}, {many} queued instead of 0"),
                Unit::Times,
                "1.5 ×",
            ));
        }
        // The published CDK starts with nothing.
        report.add(Row {
            key: format!("upgrade_{many}_queued_instructions"),
            what: format!("start after an upgrade, {many} queued"),
            unit: Unit::Instructions,
            value: backlogs[1].1.ours.upgrade,
            reference: ("nothing queued".into(), empty.ours.upgrade),
            aim: "",
        });
        let memory = backlogs[1].1.map(|backlog| backlog.memory);
        let name = [format!("{many}_queued"), format!("{many} queued")];
        report_memory(report, name, &memory, &empty.ours.memory);
        Ok(empty.ours.memory)
    }

    async fn broadcasts(&self, report: &mut Report) -> Result<()> {
        let mut published = Subject::install(&self.node, &self.published).await?;
        published.connect(1).await?;
        let published_send = published.send(BROADCAST_BYTES).await?;
        for recipients in self.amounts.recipients {
            say(&format!("broadcasts to {recipients}"));
            let both = self.both(async |module| {
                let mut subject = Subject::install(&self.node, module).await?;
                subject.connect(recipients).await?;
                subject.broadcast(BROADCAST_BYTES).await
            });
            let both = both.await?;
            report.add(both.row(
                format!("broadcast_{recipients}_per_recipient_instructions"),
                format!("broadcast 1 KiB to {recipients}, each"),
                Unit::Instructions,
                "",
            ));
            report.add(Row {
                key: format!("broadcast_{recipients}_per_recipient_beside_empty_instructions"),
                what: format!("broadcast 1 KiB to {recipients}, each"),
                unit: Unit::Instructions,
                value: both.ours,
                reference: ("published CDK, send 1 KiB, 0 queued".into(), published_send),
                aim: "ratio 0.33",
            });
        }
        Ok(())
    }

    async fn opens(&self, report: &mut Report, empty: &Memory) -> Result<()> {
        for clients in [0, self.amounts.clients] {
            say(&format!("ws_open with {clients} clients"));
            let both = self.both(async |module| {
                let mut subject = Subject::install(&self.node, module).await?;
                subject.connect(clients).await?;
                Ok((subject.open().await?, subject.memory().await?))
            });
            let both = both.await?;
            report.add(both.map(|(open, _)| *open).row(
                format!("ws_open_{clients}_clients_instructions"),
                format!("ws_open, {clients} clients"),
                Unit::Instructions,
                "",
            ));
            if clients > 0 {
                let memory = both.map(|(_, memory)| *memory);
                let name = [format!("{clients}_clients"), format!("{clients} clients")];
                report_memory(report, name, &memory, empty);
            }
        }
        Ok(())
    }
}

/// The published CDK keeps nothing in stable memory.
fn report_memory(
    report: &mut Report,
    [key, what]: [String; 2],
    memory: &Both<Memory>,
    empty: &Memory,
) {
    report.add(memory.map(|memory| memory.heap).row(
        format!("heap_{key}_mib"),
        format!("heap, {what}"),
        Unit::Mebibytes,
        "",
    ));
    report.add(Row {
        key: format!("stable_{key}_mib"),
        what: format!("stable memory, {what}"),
        unit: Unit::Mebibytes,
        value: memory.ours.stable,
        reference: ("nothing queued".into(), empty.stable),
        aim: "",
    });
}
