//! Many people in many rooms, through the real stack.

use std::time::Instant;

use anyhow::{Result, ensure};
use e2e::load::percentile_ms;

use super::{
    UPDATE,
    chatter::{Plan, Tally},
    people::People,
    stack::Stack,
};
use crate::{
    report::{Report, Row, Unit},
    say,
};

/// Of the people's numbers. Others have been here before.
const FIRST: u64 = 1000;

/// How many there are, and what they do.
#[derive(Clone, Copy)]
pub struct Many {
    pub people: u64,
    pub rooms: u64,
    pub plan: Plan,
}

/// What was seen of them.
struct Figures {
    many: Many,
    tally: Tally,
    seconds: f64,
    instructions: f64,
}

impl Many {
    /// Fails if a message is lost, doubled or out of order.
    pub async fn measure(self, stack: &Stack, report: &mut Report) -> Result<()> {
        say(&format!("{} people in {} rooms", self.people, self.rooms));
        let people = People::enter(stack, self.rooms, FIRST..FIRST + self.people).await?;
        let before = stack.metrics().await?.messages;
        let executed = stack.instructions.of(UPDATE);
        let started = Instant::now();
        let tally = people.talk(self.plan).await?;
        let seconds = started.elapsed().as_secs_f64();
        let kept = stack.metrics().await?.messages - before;
        let said = self.messages();
        ensure!(kept == said, "of {said} messages, the canister has {kept}");
        let figures = Figures {
            many: self,
            tally,
            seconds,
            instructions: stack.instructions.of(UPDATE).each_since(&executed),
        };
        figures.report(report);
        Ok(())
    }

    fn messages(&self) -> u64 {
        self.people * u64::from(self.plan.messages)
    }
}

impl Figures {
    fn report(&self, report: &mut Report) {
        let messages = self.many.messages() as f64;
        let hearers = self.many.people as f64 / self.many.rooms as f64;
        let planned = self.many.people as f64 / self.many.plan.period.as_secs_f64();
        report.add(self.row(
            ("messages_per_second", "messages"),
            Unit::PerSecond,
            messages / self.seconds,
            ("as planned", planned),
        ));
        report.add(self.row(
            ("deliveries_per_second", "messages heard"),
            Unit::PerSecond,
            self.tally.deliveries.len() as f64 / self.seconds,
            ("as planned", planned * hearers),
        ));
        for percent in [50, 99] {
            report.add(self.row(
                (
                    &format!("delivery_p{percent}_ms"),
                    &format!("from one to another, p{percent}"),
                ),
                Unit::Milliseconds,
                percentile_ms(&self.tally.deliveries, percent),
                (
                    "from the canister on",
                    percentile_ms(&self.tally.from_canister, percent),
                ),
            ));
        }
        report.add(self.row(
            ("instructions_per_message", "a message"),
            Unit::Instructions,
            self.instructions,
            ("for each who hears it", self.instructions / hearers),
        ));
    }

    fn row(
        &self,
        (key, what): (&str, &str),
        unit: Unit,
        value: f64,
        (reference, of): (&str, f64),
    ) -> Row {
        Row {
            key: format!("many_{key}"),
            what: format!("{} people, {what}", self.many.people),
            unit,
            value,
            reference: (reference.to_owned(), of),
            aim: "",
        }
    }
}
