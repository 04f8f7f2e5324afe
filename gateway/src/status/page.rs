//! The status page. `maud` escapes every text in it.

use maud::{DOCTYPE, Markup, html};

use super::{
    chart::{Series, chart},
    history::Sample,
    snapshot::{Canister, Error, Snapshot},
};

/// Canisters that are listed.
const MAX_ROWS: usize = 50;

/// The whole page.
pub(super) fn render(status: &Snapshot) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                noscript { meta http-equiv="refresh" content="5"; }
                title { "WebSocket gateway" }
                link rel="icon" href="status.svg";
                link rel="stylesheet" href="status.css";
                script src="status.js" defer {}
            }
            body {
                (header(status))
                main {
                    (figures(status))
                    (charts(&status.samples))
                    (canisters(&status.canisters))
                    (errors(&status.recent_errors))
                    (limits(status))
                }
                footer {
                    p { "Principal " code { (status.principal) } }
                    p { a href="metrics" { "Metrics" } " · " a href="status.json" { "JSON" } }
                }
            }
        }
    }
}

fn header(status: &Snapshot) -> Markup {
    let failing = status
        .canisters
        .iter()
        .filter(|canister| canister.error.is_some());
    let (class, state) = match failing.count() {
        0 => ("lamp well", "All is well".to_owned()),
        1 => ("lamp ill", "One canister cannot be polled".to_owned()),
        failing => ("lamp ill", format!("{failing} canisters cannot be polled")),
    };
    html! {
        header {
            h1 { "WebSocket gateway" }
            p class=(class) role="status" { (state) }
            p.about {
                "Up for " (duration(status.uptime_seconds)) " · version " (status.version) " · " (status.network)
            }
        }
    }
}

fn figures(status: &Snapshot) -> Markup {
    let latest = status.samples.last();
    let of_latest = |value: fn(&Sample) -> f64, text: fn(f64) -> String| {
        latest.map_or("–".to_owned(), |sample| text(value(sample)))
    };
    let figures = [
        ("Clients", status.clients.to_string()),
        ("Canisters", status.canisters.len().to_string()),
        (
            "In, a second",
            of_latest(|s| s.received_bytes_per_second, bytes),
        ),
        (
            "Out, a second",
            of_latest(|s| s.sent_bytes_per_second, bytes),
        ),
    ];
    html! {
        dl.figures {
            @for (name, value) in figures {
                div { dt { (name) } dd { (value) } }
            }
        }
    }
}

fn charts(samples: &[Sample]) -> Markup {
    let line = |name, value: fn(&Sample) -> Option<f64>| Series {
        name,
        values: samples.iter().map(value).collect(),
    };
    let clients = [line("connected", |s| Some(s.clients as f64))];
    let messages = [
        line("to clients", |s| Some(s.messages_per_second)),
        line("from clients", |s| Some(s.calls_per_second)),
    ];
    let calls = [
        line("median", |s| s.call_duration.map(|q| q.p50)),
        line("99 %", |s| s.call_duration.map(|q| q.p99)),
    ];
    let deliveries = [
        line("median", |s| s.delivery_latency.map(|q| q.p50)),
        line("99 %", |s| s.delivery_latency.map(|q| q.p99)),
    ];
    html! {
        section.charts aria-label="The last ten minutes" {
            (chart("Clients", &clients, number))
            (chart("Messages a second", &messages, number))
            (chart("Until a call is decided", &calls, seconds))
            (chart("From canister to client", &deliveries, seconds))
        }
    }
}

fn canisters(canisters: &[Canister]) -> Markup {
    html! {
        section {
            h2 { "Canisters" }
            @if canisters.is_empty() {
                p.nothing { "No client is connected." }
            } @else {
                @let columns = [("Canister", false), ("Clients", true), ("Waiting messages", true), ("Polled", false)];
                (table("Canisters", &columns, html! {
                    @for canister in canisters.iter().take(MAX_ROWS) {
                        tr {
                            td { code { (canister.id) } }
                            td.number { (canister.clients) }
                            td.number { (canister.waiting_messages) }
                            td { (polled(canister)) }
                        }
                    }
                }))
                @if canisters.len() > MAX_ROWS {
                    p.nothing { "And " (canisters.len() - MAX_ROWS) " with fewer clients." }
                }
            }
        }
    }
}

fn polled(canister: &Canister) -> Markup {
    let ago = canister
        .polled_seconds_ago
        .map_or("not yet".to_owned(), |ago| format!("{} ago", seconds(ago)));
    html! {
        @match &canister.error {
            Some(error) => { span.lamp.ill { "Fails; last success: " (ago) } p.detail { (error) } }
            None => { span.lamp.well { (ago) } }
        }
    }
}

fn errors(errors: &[Error]) -> Markup {
    html! {
        section {
            h2 { "Recent errors" }
            @if errors.is_empty() {
                p.nothing { "None since the start." }
            } @else {
                (table("Recent errors", &[("Last seen", false), ("Times", true), ("What", false)], html! {
                    @for error in errors {
                        tr {
                            td.when { (duration(error.seconds_ago)) " ago" }
                            td.number { (error.times) }
                            td {
                                (error.text)
                                @if let Some(canister) = &error.canister {
                                    p.detail { code { (canister) } }
                                }
                            }
                        }
                    }
                }))
            }
        }
    }
}

/// A table with columns of these titles, and whether they are of numbers. Where it is too wide, it scrolls.
fn table(label: &str, columns: &[(&str, bool)], rows: Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) {
            table {
                thead { tr {
                    @for (title, of_numbers) in columns {
                        th class=[of_numbers.then_some("number")] scope="col" { (title) }
                    }
                } }
                tbody { (rows) }
            }
        }
    }
}

fn limits(status: &Snapshot) -> Markup {
    html! {
        section {
            h2 { "Limits" }
            dl.limits {
                @for limit in &status.limits {
                    div {
                        dt { (limit.name) }
                        dd {
                            @if let Some(used) = limit.used { (grouped(used)) " of " }
                            (grouped(limit.limit))
                        }
                    }
                }
            }
        }
    }
}

/// The two largest units.
fn duration(seconds: u64) -> String {
    let minutes = seconds / 60;
    match (minutes / 60 / 24, minutes / 60 % 24, minutes % 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

fn seconds(seconds: f64) -> String {
    match seconds * 1_000.0 {
        milliseconds if milliseconds < 9.95 => format!("{milliseconds:.1} ms"),
        milliseconds if milliseconds < 999.5 => format!("{milliseconds:.0} ms"),
        _ if seconds < 9.95 => format!("{seconds:.1} s"),
        _ => format!("{seconds:.0} s"),
    }
}

fn bytes(bytes: f64) -> String {
    match bytes {
        bytes if bytes < 999.5 => format!("{bytes:.0} B"),
        bytes if bytes < 999_500.0 => format!("{:.1} kB", bytes / 1e3),
        bytes => format!("{:.1} MB", bytes / 1e6),
    }
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 || value >= 9.95 {
        grouped(value.round() as u64)
    } else {
        format!("{value:.1}")
    }
}

/// With a narrow space between thousands.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_show_the_two_largest_units() {
        assert_eq!(duration(59), "59 s");
        assert_eq!(duration(61), "1 min");
        assert_eq!(duration(3_600 * 5 + 120), "5 h 2 min");
        assert_eq!(duration(86_400 * 3 + 7_200), "3 d 2 h");
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(seconds(0.0012), "1.2 ms");
        assert_eq!(seconds(0.25), "250 ms");
        assert_eq!(seconds(0.9999), "1.0 s");
        assert_eq!(bytes(1_234.0), "1.2 kB");
        assert_eq!(number(1.25), "1.2");
        assert_eq!(grouped(2_162_688), "2\u{202f}162\u{202f}688");
    }

    #[test]
    fn what_a_canister_says_is_text() {
        let error = Error {
            text: "<script>alert(1)</script>".to_owned(),
            canister: None,
            at_seconds: 0,
            seconds_ago: 0,
            times: 1,
        };
        let page = errors(&[error]).into_string();
        assert!(page.contains("&lt;script&gt;"), "{page}");
        assert!(!page.contains("<script"), "{page}");
    }
}
