//! What a collector of traces learns of a message, and that nobody waits for one that is gone.

use std::time::Duration;

use ic_ws_gateway::Config;
use opentelemetry_proto::tonic::trace::v1::Span;

use crate::support::{
    CANISTER, Client, Gateway, collector::Collector, fake_network::FakeNetwork, until,
};

/// Of a gateway that polls only when calls have been decided, and sends its traces to `collector`.
fn config(network: &FakeNetwork, collector: &str) -> Config {
    let mut config = Config {
        ic_network_url: network.url.clone(),
        polling_interval: Duration::from_secs(3_600),
        ..Config::default()
    };
    // No client in these tests hears the farewell.
    config.limits.close_timeout = Duration::from_millis(100);
    config.telemetry.opentelemetry_collector_endpoint = Some(collector.parse().unwrap());
    config
}

/// A client whose call is decided only when its canister has a message for it, so that both are one story.
async fn answered_client(network: &FakeNetwork, gateway: &Gateway) -> Client {
    network.decide(false);
    let mut client = Client::open(gateway, 1).await;
    until(async || network.polls() >= 1 && network.accepted("ws_open").len() == 1).await;
    network.queue(gateway.principal, client.key, 1, 10);
    network.decide(true);
    client.next_frame().await;
    client
}

fn text<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    let attribute = span.attributes.iter().find(|a| a.key == key)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

#[tokio::test]
async fn a_message_is_followed_from_envelope_to_delivery() {
    let network = FakeNetwork::start().await;
    let collector = Collector::start().await;
    let gateway = Gateway::start(config(&network, collector.url.as_str())).await;
    let client = answered_client(&network, &gateway).await;
    gateway.stop().await;

    let spans = collector.spans();
    let way = ["receive envelope", "post call", "poll", "deliver", "write"];
    let way = way.map(|name| spans.iter().find(|span| span.name == name).unwrap());
    for [earlier, later] in way.array_windows() {
        assert_eq!(later.trace_id, earlier.trace_id, "{}", later.name);
        assert_eq!(later.parent_span_id, earlier.span_id, "{}", later.name);
    }
    let [receive, post, poll, deliver, _] = way;
    let canister = CANISTER.to_string();
    assert_eq!(text(receive, "icws.canister"), Some(canister.as_str()));
    assert_eq!(text(receive, "icws.request").map(str::len), Some(64));
    assert_eq!(text(post, "icws.outcome"), Some("accepted"));
    assert_eq!(text(poll, "icws.canister"), Some(canister.as_str()));
    assert!(text(deliver, "icws.message").is_some());

    // Who the client is does not concern the collector.
    let all = format!("{spans:?}");
    assert!(!all.contains(&client.key.client_principal.to_string()));
}

#[tokio::test]
async fn nobody_waits_for_a_collector_that_is_gone() {
    let network = FakeNetwork::start().await;
    let gateway = Gateway::start(config(&network, "http://127.0.0.1:1")).await;
    let mut client = answered_client(&network, &gateway).await;
    client.send_message(CANISTER).await;
    until(async || network.accepted("ws_message").len() == 1).await;
    gateway.stop().await;
}

#[tokio::test]
async fn messages_that_are_not_sampled_are_not_traced() {
    let network = FakeNetwork::start().await;
    let collector = Collector::start().await;
    let mut config = config(&network, collector.url.as_str());
    config.telemetry.opentelemetry_sampling_ratio = 0.0;
    let gateway = Gateway::start(config).await;
    answered_client(&network, &gateway).await;
    gateway.stop().await;
    assert_eq!(collector.spans(), []);
}
