//! Canisters as web sites.

mod canister;
mod parts;

use std::{collections::HashMap, io::Write};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use candid::Principal;
use flate2::{Compression, write::GzEncoder};
use ic_certification::{HashTree, labeled, leaf};
use ic_localnet::{Config, HttpLimits, Localnet};
use reqwest::{Client, Method, Response, StatusCode, header::HOST};
use sha2::{Digest, Sha256};

use self::canister::{Canister, Reply};
use crate::common::{self, STORE, agent, ed25519, start};

fn page(body: impl Into<Vec<u8>>) -> Reply {
    Reply {
        status_code: 200,
        headers: vec![("Content-Type".into(), "text/html".into())],
        body: body.into(),
        ..Reply::default()
    }
}

async fn install(localnet: &Localnet) -> Canister {
    Canister::install(agent(localnet, ed25519(1)).await).await
}

async fn send(localnet: &Localnet, method: Method, host: &str, path: &str) -> Response {
    let url = format!("{}{path}", localnet.url());
    let request = Client::new().request(method, url).header(HOST, host);
    request.send().await.unwrap()
}

async fn get(localnet: &Localnet, id: Principal, path: &str) -> Response {
    send(localnet, Method::GET, &format!("{id}.localhost"), path).await
}

async fn get_raw(localnet: &Localnet, id: Principal, path: &str) -> Response {
    send(localnet, Method::GET, &format!("{id}.raw.localhost"), path).await
}

/// The page instead of one that fails verification says so, says why, and shows nothing of the other.
async fn assert_unverified(response: Response, why: &str) {
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert!(!response.headers().contains_key("x-page"));
    let text = response.text().await.unwrap();
    assert!(text.contains("fails verification"), "{text}");
    assert!(text.contains(why), "{text}");
    assert!(!text.contains("hello"), "{text}");
}

#[tokio::test]
async fn certified_pages_are_served_by_host_and_by_parameter() {
    let localnet = start().await;
    let canister = install(&localnet).await;
    let id = canister.id;
    let [reply] = canister.certified([("/", page("<h1>hello</h1>"))]).await;
    canister.answer(&reply).await;

    let by_host = get(&localnet, id, "/").await;
    let path = format!("/?canisterId={id}");
    let by_parameter = send(&localnet, Method::GET, "localhost", &path).await;
    for response in [by_host, by_parameter] {
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/html");
        assert_eq!(response.text().await.unwrap(), "<h1>hello</h1>");
    }
    let host = format!("{id}.localhost");
    let head = send(&localnet, Method::HEAD, &host, "/").await;
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.text().await.unwrap(), "");
    // The API answers under a canister's host too: its page has no other address at hand.
    let status = send(&localnet, Method::GET, &host, "/api/v2/status").await;
    assert_eq!(status.headers()["content-type"], "application/cbor");
}

#[tokio::test]
async fn paths_beside_the_api_are_the_canisters() {
    let localnet = start().await;
    let canister = install(&localnet).await;
    canister.answer(&page("users")).await;
    let users = get_raw(&localnet, canister.id, "/api/users").await;
    assert_eq!(users.text().await.unwrap(), "users");
    let host = format!("{}.raw.localhost", canister.id);
    for (host, path) in [("localhost", "/api/users"), (&host, "/api/v3/users")] {
        let response = send(&localnet, Method::GET, host, path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert!(response.text().await.unwrap().contains("no endpoint"));
    }
}

#[tokio::test]
async fn only_what_is_certified_is_shown() {
    let localnet = start().await;
    let canister = install(&localnet).await;
    let of = |path| get(&localnet, canister.id, path);
    let [certified] = canister.certified([("/", page("<h1>hello</h1>"))]).await;

    let altered = |alter: fn(&mut Reply)| {
        let mut reply = certified.clone();
        alter(&mut reply);
        reply
    };
    for reply in [
        altered(|reply| reply.body.extend(b"!")),
        altered(|reply| reply.status_code = 404),
        altered(|reply| reply.headers.push(("X-Page".into(), "added".into()))),
        altered(|reply| reply.headers[0].1 = "text/plain".into()),
    ] {
        canister.answer(&reply).await;
        assert_unverified(of("/").await, "").await;
    }
    canister.answer(&certified).await;
    assert_unverified(of("/other").await, "").await;
    assert_eq!(of("/").await.status(), StatusCode::OK);

    // What the canister has certified once, but no longer certifies.
    canister.certify(&[7; 32]).await;
    let [other] = canister.certified([("/", page("goodbye"))]).await;
    let certificate = |reply: &Reply| reply.headers.last().unwrap().clone();
    let mut old = certified.clone();
    *old.headers.last_mut().unwrap() = certificate(&other);
    canister.answer(&old).await;
    assert_unverified(of("/").await, "").await;
}

#[tokio::test]
async fn what_is_not_certified_is_shown_at_the_raw_address_only() {
    let localnet = start().await;
    let canister = install(&localnet).await;
    canister.answer(&page("<h1>hello</h1>")).await;
    let response = get(&localnet, canister.id, "/").await;
    assert_unverified(response, ".raw.localhost").await;
    let raw = get_raw(&localnet, canister.id, "/").await;
    assert_eq!(raw.status(), StatusCode::OK);
    assert_eq!(raw.text().await.unwrap(), "<h1>hello</h1>");
}

#[tokio::test]
async fn a_canister_can_certify_that_a_page_is_not_certified() {
    let localnet = start().await;
    let canister = install(&localnet).await;
    let reply = canister.skipped(page("anything")).await;
    canister.answer(&reply).await;
    let response = get(&localnet, canister.id, "/any/path").await;
    assert_eq!(response.headers()["content-type"], "text/html");
    assert_eq!(response.text().await.unwrap(), "anything");
}

#[tokio::test]
async fn hostile_certification_is_refused_and_harms_nobody() {
    let localnet = start().await;
    let canister = install(&localnet).await;
    let deep = BASE64.encode(vec![0x81; 1 << 19]);
    let wide = BASE64.encode([0xbb, 0, 0, 0x10, 0, 0, 0, 0, 0]);
    for (name, value) in [
        (
            "IC-Certificate",
            format!("certificate=:{deep}:, tree=:{deep}:"),
        ),
        (
            "IC-Certificate",
            format!("certificate=:{wide}:, tree=:{wide}:"),
        ),
        ("IC-Certificate", "certificate=:nonsense:".to_owned()),
        ("IC-Certificate", String::new()),
        ("IC-CertificateExpression", "[".repeat(1 << 19)),
    ] {
        let mut reply = page("hello");
        reply.headers.push((name.into(), value));
        canister.answer(&reply).await;
        assert_unverified(get(&localnet, canister.id, "/").await, "ertificat").await;
    }
    canister.answer(&page("hello")).await;
    let raw = get_raw(&localnet, canister.id, "/").await;
    assert_eq!(raw.text().await.unwrap(), "hello");
}

/// A page with the certification of version 1, for the path `/`.
async fn legacy(canister: &Canister, mut page: Reply) -> Reply {
    let body = leaf(Sha256::digest(&page.body).to_vec());
    let tree: HashTree = labeled("http_assets", labeled("/", body));
    let certificate = canister.certify(&tree.digest()).await;
    let mut encoded = vec![0xd9, 0xd9, 0xf7];
    encoded.extend(serde_cbor::to_vec(&tree).unwrap());
    let (certificate, tree) = (BASE64.encode(certificate), BASE64.encode(encoded));
    page.headers.push((
        "IC-Certificate".into(),
        format!("certificate=:{certificate}:, tree=:{tree}:"),
    ));
    page
}

#[tokio::test]
async fn version_1_certifies_the_body() {
    let localnet = start().await;
    let canister = install(&localnet).await;
    let mut reply = legacy(&canister, page("<h1>hello</h1>")).await;
    reply
        .headers
        .push(("Cache-Control".into(), "max-age=60".into()));
    canister.answer(&reply).await;
    let response = get(&localnet, canister.id, "/").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/html");
    assert!(!response.headers().contains_key("cache-control"));
    assert_eq!(response.text().await.unwrap(), "<h1>hello</h1>");

    reply.status_code = 302;
    canister.answer(&reply).await;
    let response = get(&localnet, canister.id, "/").await;
    assert_unverified(response, "redirect").await;
    reply.status_code = 200;
    reply.body.push(b'!');
    canister.answer(&reply).await;
    assert_unverified(get(&localnet, canister.id, "/").await, "").await;
}

#[tokio::test]
async fn version_1_certifies_the_body_without_its_compression() {
    let config = Config {
        http: HttpLimits {
            max_verified_bytes: 1 << 20,
            ..HttpLimits::default()
        },
        ..Config::default()
    };
    let localnet = Localnet::start(config).await.unwrap();
    let canister = install(&localnet).await;
    for (length, fits) in [(1 << 20, true), ((1 << 20) + 1, false)] {
        let mut reply = legacy(&canister, page(vec![b'x'; length])).await;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&reply.body).unwrap();
        reply.body = encoder.finish().unwrap();
        let encoding = ("Content-Encoding".into(), "gzip".into());
        reply.headers.push(encoding);
        canister.answer(&reply).await;
        let response = get(&localnet, canister.id, "/").await;
        if fits {
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.bytes().await.unwrap(), reply.body);
        } else {
            assert_unverified(response, "without its compression").await;
        }
    }
}

#[tokio::test]
async fn other_pages_may_use_what_the_canister_does_not_say_otherwise_about() {
    let localnet = start().await;
    let canister = install(&localnet).await;
    let host = format!("{}.raw.localhost", canister.id);
    let allowed = "access-control-allow-origin";
    let asked = async |method| send(&localnet, method, &host, "/").await;

    canister.answer(&page("hello")).await;
    let preflight = asked(Method::OPTIONS).await;
    assert_eq!(preflight.headers()[allowed], "*");
    assert_eq!(preflight.headers()["access-control-allow-methods"], "*");
    assert_eq!(preflight.text().await.unwrap(), "");
    let response = asked(Method::GET).await;
    assert_eq!(response.headers()[allowed], "*");
    assert_eq!(response.text().await.unwrap(), "hello");

    let mut own = page("hello");
    own.headers
        .push((allowed.into(), "https://a.example".into()));
    canister.answer(&own).await;
    for method in [Method::OPTIONS, Method::GET] {
        let response = asked(method).await;
        assert_eq!(response.headers()[allowed], "https://a.example");
        assert_eq!(response.text().await.unwrap(), "hello");
    }
}

#[tokio::test]
async fn a_canister_that_supports_version_2_cannot_be_shown_by_version_1() {
    let localnet = start().await;
    let agent = agent(&localnet, ed25519(1)).await;
    let versions = r#"(@custom "icp:public supported_certificate_versions" "1,2")"#;
    let canister = Canister::install_with(agent, versions).await;
    let reply = legacy(&canister, page("<h1>hello</h1>")).await;
    canister.answer(&reply).await;
    let response = get(&localnet, canister.id, "/").await;
    assert_unverified(response, "supports version 2").await;
}

#[tokio::test]
async fn headers_cannot_be_smuggled() {
    let localnet = start().await;
    let canister = install(&localnet).await;
    let mut reply = page("hello");
    for (name, value) in [
        ("X-Good", "good"),
        ("X-Split", "a\r\nX-Page: injected"),
        ("X-Name\r\nX-Page", "injected"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "1"),
        ("Connection", "upgrade"),
    ] {
        reply.headers.push((name.into(), value.into()));
    }
    canister.answer(&reply).await;
    let response = get_raw(&localnet, canister.id, "/").await;
    let headers: HashMap<_, _> = response.headers().iter().collect();
    assert!(headers.keys().any(|name| name.as_str() == "x-good"));
    for name in ["x-page", "x-split", "transfer-encoding", "connection"] {
        assert!(
            !headers.keys().any(|other| other.as_str() == name),
            "{name}"
        );
    }
    assert_eq!(response.headers()["content-length"], "5");
    assert_eq!(response.text().await.unwrap(), "hello");
}

#[tokio::test]
async fn what_cannot_be_shown_is_explained() {
    let localnet = start().await;
    let nobody = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 1, 0, 1, 1]);
    let response = get(&localnet, nobody, "/").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let text = response.text().await.unwrap();
    assert!(
        text.contains("no such canister") && text.contains(&nobody.to_text()),
        "{text}"
    );

    let agent = agent(&localnet, ed25519(1)).await;
    let response = get(&localnet, common::canister(&agent, STORE).await, "/").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(response.text().await.unwrap().contains("serves no pages"));

    let canister = Canister::install(agent).await;
    let response = get(&localnet, canister.id, "/").await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert!(response.text().await.unwrap().contains("no reply"));
    canister.program(&[("", b"nonsense".to_vec())]).await;
    let response = get_raw(&localnet, canister.id, "/").await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    for status_code in [0, 101, 1000] {
        canister
            .answer(&Reply {
                status_code,
                ..page("")
            })
            .await;
        let response = get_raw(&localnet, canister.id, "/").await;
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    }

    let wrong = "rwlgt-iiaaa-aaaaa-aaaaa-caj";
    let by_host = send(&localnet, Method::GET, &format!("{wrong}.localhost"), "/").await;
    let path = format!("/?canisterId={wrong}");
    let by_parameter = send(&localnet, Method::GET, "localhost", &path).await;
    for response in [by_host, by_parameter] {
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert!(response.text().await.unwrap().contains(wrong));
    }

    let response = send(&localnet, Method::GET, "localhost", "/").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.text().await.unwrap().contains("no consensus"));
}
