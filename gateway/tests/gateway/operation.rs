//! What operators rely on: dashboards, alerts and the guide are about the gateway that there is.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use ic_ws_gateway::Config;

use crate::support::Gateway;

const WATCHERS: [(&str, &str); 2] = [
    (
        "alerts.yml",
        include_str!("../../deploy/prometheus/alerts.yml"),
    ),
    (
        "gateway.json",
        include_str!("../../deploy/grafana/dashboards/gateway.json"),
    ),
];

const GUIDE: &str = include_str!("../../../docs/gateway.md");

/// The names of all time series that a gateway offers.
async fn series() -> BTreeSet<String> {
    let gateway = Gateway::start(Config::default()).await;
    let metrics = gateway.get("/metrics").await;
    let declared = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "));
    let mut series = BTreeSet::new();
    for (name, kind) in declared.filter_map(|line| line.split_once(' ')) {
        let suffixes: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            "info" => &["_info"],
            _ => &[""],
        };
        series.extend(suffixes.iter().map(|suffix| format!("{name}{suffix}")));
    }
    series
}

/// The words of `text` that begin with `prefix`.
fn words<'a>(text: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
        .filter(|word| word.starts_with(prefix) && word.len() > prefix.len())
        .collect()
}

#[tokio::test]
async fn what_is_watched_is_measured() {
    let series = series().await;
    for (file, text) in WATCHERS {
        let watched = &words(text, "icws_gateway_") | &words(text, "process_");
        assert!(watched.len() > 5, "{file}: {watched:?}");
        for name in watched {
            assert!(series.contains(name), "{file}: {name} is not in /metrics");
        }
    }
}

#[tokio::test]
async fn the_guide_lists_what_is_measured() {
    let documented = words(GUIDE, "icws_gateway_");
    for name in series().await {
        let plain = name
            .trim_end_matches("_sum")
            .trim_end_matches("_count")
            .trim_end_matches("_bucket");
        if name.starts_with("icws_gateway_") {
            assert!(
                documented.contains(plain),
                "docs/gateway.md: {plain} is missing"
            );
        }
    }
}

#[test]
fn the_guide_lists_every_flag_with_its_default() {
    let output = Command::new(env!("CARGO_BIN_EXE_ic-ws-gateway"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    // Each part is about one flag, whose name it begins with.
    let flags: BTreeMap<&str, &str> = help
        .split("\n      --")
        .skip(1)
        .map(|part| {
            let name = part.split_whitespace().next().unwrap();
            let default = part.split("[default: ").nth(1).unwrap_or("]");
            (name, default.split(']').next().unwrap())
        })
        .collect();
    assert!(flags.len() > 10, "{help}");
    let table: BTreeMap<&str, &str> = GUIDE
        .lines()
        .filter_map(|line| line.strip_prefix("| `--")?.split_once("` |"))
        .map(|(name, rest)| {
            let default = rest.split('|').next().unwrap();
            (name, default.trim().trim_matches('`'))
        })
        .collect();
    assert_eq!(table, flags, "flags in docs/gateway.md and in --help");
}

#[tokio::test]
async fn the_status_page_is_complete_in_itself() {
    let gateway = Gateway::start(Config::default()).await;
    let address = format!("http://{}", gateway.address);
    let page = reqwest::get(format!("{address}/status")).await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let page = page.text().await.unwrap();
    assert!(page.contains(&gateway.principal.to_string()));
    assert!(!page.contains("style="), "a style that the policy forbids");
    for part in ["status.css", "status.js", "status.svg"] {
        assert!(page.contains(part), "{page}");
        assert!(!gateway.get(&format!("/{part}")).await.is_empty());
    }
    let status: serde_json::Value =
        serde_json::from_str(&gateway.get("/status.json").await).unwrap();
    assert_eq!(status["principal"], gateway.principal.to_string());
    assert_eq!(status["clients"], 0);
}
