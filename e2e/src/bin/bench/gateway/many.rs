//! Many clients of one gateway: first idle, then all of them sending and receiving.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use anyhow::Result;
use e2e::load::percentile_ms;
use tokio::time::sleep;

use super::{
    client::{Plan, Tally},
    clients::Clients,
};
use crate::{
    gateway_process::Gateway,
    node::Node,
    report::{Report, Row, Unit},
    usage::Usage,
};

/// How often the memory is looked at while they send.
const SAMPLES: u32 = 30;

/// What gateway and network take up, at the same time.
#[derive(Clone, Copy)]
struct Moment {
    at: Instant,
    gateway: Usage,
    network: Usage,
}

impl Moment {
    fn now(gateway: &Gateway, network: &Node) -> Result<Self> {
        Ok(Self {
            at: Instant::now(),
            gateway: gateway.usage()?,
            network: network.usage()?,
        })
    }

    fn seconds_until(&self, later: &Self) -> f64 {
        (later.at - self.at).as_secs_f64()
    }

    fn gateway_us_until(&self, later: &Self) -> f64 {
        (later.gateway.cpu - self.gateway.cpu).as_secs_f64() * 1e6
    }

    fn network_us_until(&self, later: &Self) -> f64 {
        (later.network.cpu - self.network.cpu).as_secs_f64() * 1e6
    }
}

/// What was seen of them.
pub struct Many {
    clients: f64,
    plan: Plan,
    /// Of the gateway without clients.
    empty_kib: f64,
    opened: Moment,
    /// Nothing has happened in between.
    idle: Moment,
    end: Moment,
    /// Of the gateway, from `idle` to `end`.
    resident_kib: Vec<f64>,
    tally: Tally,
}

impl Many {
    /// Lets clients be idle for a while, then follow the plan. The gateway took up so much without it.
    pub async fn measure(
        gateway: &Gateway,
        node: &Node,
        empty: Usage,
        mut clients: Clients,
        idle: Duration,
        plan: Plan,
    ) -> Result<Self> {
        let size = clients.size() as f64;
        let opened = Moment::now(gateway, node)?;
        clients.idle(idle).await?;
        let idle = Moment::now(gateway, node)?;
        let mut resident_kib = Vec::new();
        let interval = plan.period * plan.pings / SAMPLES;
        let tally = tokio::select! {
            tally = clients.chat(plan) => tally?,
            Err(error) = sample_memory(gateway, interval, &mut resident_kib) => return Err(error),
        };
        Ok(Self {
            clients: size,
            plan,
            empty_kib: empty.resident_kib,
            opened,
            idle,
            end: Moment::now(gateway, node)?,
            resident_kib,
            tally,
        })
    }

    pub fn report(&self, report: &mut Report) {
        // Pings and pongs.
        let messages = 2.0 * self.pongs();
        let seconds = self.idle.seconds_until(&self.end);
        let planned = 2.0 * self.clients / self.plan.period.as_secs_f64();
        report.add(self.row(
            ("messages_per_second", "messages both ways"),
            Unit::PerSecond,
            messages / seconds,
            ("as planned", planned),
            "",
        ));
        self.report_latencies(report);
        report.add(self.row(
            ("bytes_per_message", "to the client for a message"),
            Unit::Bytes,
            self.tally.bytes as f64 / self.pongs(),
            (
                "what the canister gave of it",
                self.tally.content_bytes as f64 / self.pongs(),
            ),
            "",
        ));
        report.add(self.row(
            ("cpu_per_message_us", "CPU for a message"),
            Unit::Microseconds,
            self.idle.gateway_us_until(&self.end) / messages,
            (
                "the network's, in its development build",
                self.idle.network_us_until(&self.end) / messages,
            ),
            "",
        ));
        report.add(self.row(
            ("idle_cpu_us", "CPU in a second, all idle"),
            Unit::Microseconds,
            self.opened.gateway_us_until(&self.idle) / self.opened.seconds_until(&self.idle),
            (
                "with these messages",
                self.idle.gateway_us_until(&self.end) / seconds,
            ),
            "",
        ));
        self.report_memory(report);
    }

    fn report_latencies(&self, report: &mut Report) {
        for percent in [50, 99] {
            let key = format!("delivery_p{percent}_ms");
            let what = format!("delivery, p{percent}");
            report.add(self.row(
                (&key, &what),
                Unit::Milliseconds,
                percentile_ms(&self.tally.deliveries, percent),
                (
                    "round trip, with the update",
                    percentile_ms(&self.tally.round_trips, percent),
                ),
                "",
            ));
        }
    }

    fn report_memory(&self, report: &mut Report) {
        let early = self.resident_kib[self.resident_kib.len() / 5];
        let late = self.resident_kib[self.resident_kib.len() - 1];
        let each = |kib| (kib - self.empty_kib) / self.clients;
        report.add(self.row(
            ("idle_memory_per_client_kib", "memory of each, idle"),
            Unit::Kibibytes,
            each(self.idle.gateway.resident_kib),
            ("after these messages", each(late)),
            "20 KiB",
        ));
        report.add(self.row(
            ("memory_mib", "memory of all, at the end"),
            Unit::Mebibytes,
            late / 1024.0,
            ("after a fifth of the time", early / 1024.0),
            "ratio 1",
        ));
    }

    fn pongs(&self) -> f64 {
        self.tally.round_trips.len() as f64
    }

    fn row(
        &self,
        (key, what): (&str, &str),
        unit: Unit,
        value: f64,
        (reference, of): (&str, f64),
        aim: &'static str,
    ) -> Row {
        Row {
            key: format!("many_{key}"),
            what: format!("{} clients, {what}", self.clients),
            unit,
            value,
            reference: (reference.to_owned(), of),
            aim,
        }
    }
}

async fn sample_memory(
    gateway: &Gateway,
    interval: Duration,
    resident_kib: &mut Vec<f64>,
) -> Result<Infallible> {
    loop {
        resident_kib.push(gateway.usage()?.resident_kib);
        sleep(interval).await;
    }
}
