//! A page that shows a person how the gateway is doing.

use std::{fmt::Write, sync::Arc, time::Duration};

use axum::{extract::State, response::Html};

use crate::{canisters::Summary, gateway::Gateway};

mod polling;

pub(crate) use polling::Polling;

const STYLE: &str = "body{font:1rem/1.6 system-ui,sans-serif;max-width:48rem;margin:3rem auto;padding:0 1rem;\
color-scheme:light dark}td,th{text-align:left;padding-right:2rem}code{overflow-wrap:anywhere}";

/// `/status`
pub(crate) async fn page(State(gateway): State<Arc<Gateway>>) -> Html<String> {
    let mut canisters = gateway.canisters.summary();
    canisters.sort_by_key(|canister| canister.id);
    let clients: usize = canisters.iter().map(|canister| canister.clients).sum();
    let rows = canisters.iter().fold(String::new(), |mut rows, canister| {
        write!(
            rows,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            canister.id,
            canister.clients,
            polling(canister)
        )
        .ok();
        rows
    });
    Html(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=5>\
         <title>WebSocket gateway</title><style>{STYLE}</style>\
         <h1>WebSocket gateway</h1>\
         <p>Up for {uptime}, serving {clients} clients of {canisters} canisters.</p>\
         <table><tr><th>Canister</th><th>Clients</th><th>Polled</th></tr>{rows}</table>\
         <p>Principal <code>{principal}</code><br>Network <code>{network}</code><br>\
         Version {version}</p><p><a href=metrics>Metrics</a></p></html>",
        uptime = uptime(gateway.started.elapsed()),
        canisters = canisters.len(),
        principal = gateway.identity.principal(),
        network = gateway.config.ic_network_url.origin().ascii_serialization(),
        version = env!("CARGO_PKG_VERSION"),
    ))
}

fn polling(canister: &Summary) -> &'static str {
    match (&canister.poll_error, canister.since_poll) {
        (Some(_), _) => "fails",
        (None, Some(_)) => "succeeds",
        (None, None) => "not yet",
    }
}

fn uptime(elapsed: Duration) -> String {
    let minutes = elapsed.as_secs() / 60;
    match (minutes / 60 / 24, minutes / 60 % 24, minutes % 60) {
        (0, 0, 0) => format!("{} s", elapsed.as_secs()),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_shows_the_two_largest_units() {
        let text = |seconds| uptime(Duration::from_secs(seconds));
        assert_eq!(text(59), "59 s");
        assert_eq!(text(61), "1 min");
        assert_eq!(text(3_600 * 5 + 120), "5 h 2 min");
        assert_eq!(text(86_400 * 3 + 7_200), "3 d 2 h");
    }
}
