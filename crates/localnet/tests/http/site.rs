//! Canisters as web sites.

use candid::{CandidType, Encode, Func, Principal};
use ic_localnet::Localnet;
use reqwest::{Client, Method, Response, StatusCode, header::HOST};

use crate::common::{STORE, agent, canister, create_canister, ed25519, start};

#[derive(CandidType, Default)]
struct HttpResponse {
    status_code: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    upgrade: Option<bool>,
    streaming_strategy: Option<Strategy>,
}

#[derive(CandidType)]
enum Strategy {
    Callback { callback: Callback, token: Token },
}

#[derive(CandidType)]
struct Token {
    next: u32,
}

#[derive(CandidType)]
struct Chunk {
    body: Vec<u8>,
    token: Option<Token>,
}

candid::define_function!(Callback : (Token) -> () query);

/// A canister whose methods always give these replies.
fn constant_canister(methods: &[(&str, Vec<u8>)]) -> String {
    let mut wat = String::from(
        r#"(module
        (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
        (import "ic0" "msg_reply" (func $reply))
        (memory 1)"#,
    );
    for (n, (method, reply)) in methods.iter().enumerate() {
        let (at, length) = (n * 4096, reply.len());
        let data: String = reply.iter().map(|byte| format!("\\{byte:02x}")).collect();
        wat.push_str(&format!(
            r#"(data (i32.const {at}) "{data}")
            (func (export "{method}")
              (call $append (i32.const {at}) (i32.const {length})) (call $reply))"#
        ));
    }
    wat.push(')');
    wat
}

fn page(body: &str) -> HttpResponse {
    HttpResponse {
        status_code: 200,
        headers: vec![("Content-Type".into(), "text/html".into())],
        body: body.into(),
        ..HttpResponse::default()
    }
}

async fn get(localnet: &Localnet, method: Method, host: &str, path: &str) -> Response {
    let url = format!("{}{path}", localnet.url());
    let request = Client::new().request(method, url).header(HOST, host);
    request.send().await.unwrap()
}

async fn of_canister(localnet: &Localnet, id: Principal) -> Response {
    get(localnet, Method::GET, &format!("{id}.localhost"), "/").await
}

#[tokio::test]
async fn a_canister_serves_its_page_by_host_and_by_parameter() {
    let localnet = start().await;
    let reply = Encode!(&page("<h1>hello</h1>")).unwrap();
    let wat = constant_canister(&[("canister_query http_request", reply)]);
    let id = canister(&agent(&localnet, ed25519(1)).await, &wat).await;

    let by_host = of_canister(&localnet, id).await;
    let path = format!("/index.html?canisterId={id}");
    let by_parameter = get(&localnet, Method::GET, "localhost", &path).await;
    for response in [by_host, by_parameter] {
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/html");
        assert_eq!(response.text().await.unwrap(), "<h1>hello</h1>");
    }
    let host = format!("{id}.localhost");
    let head = get(&localnet, Method::HEAD, &host, "/").await;
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.text().await.unwrap(), "");
    // The API answers under a canister's host too: its page has no other address at hand.
    let status = get(&localnet, Method::GET, &host, "/api/v2/status").await;
    assert_eq!(status.headers()["content-type"], "application/cbor");
}

#[tokio::test]
async fn a_page_can_come_out_of_an_update_call() {
    let localnet = start().await;
    let upgrade = HttpResponse {
        upgrade: Some(true),
        ..page("")
    };
    let wat = constant_canister(&[
        ("canister_query http_request", Encode!(&upgrade).unwrap()),
        (
            "canister_update http_request_update",
            Encode!(&page("updated")).unwrap(),
        ),
    ]);
    let id = canister(&agent(&localnet, ed25519(1)).await, &wat).await;
    let response = of_canister(&localnet, id).await;
    assert_eq!(response.text().await.unwrap(), "updated");
}

#[tokio::test]
async fn a_page_can_come_in_chunks() {
    let localnet = start().await;
    let agent = agent(&localnet, ed25519(1)).await;
    let id = create_canister(&agent).await;
    let first = HttpResponse {
        streaming_strategy: Some(Strategy::Callback {
            callback: Callback(Func {
                principal: id,
                method: "more".into(),
            }),
            token: Token { next: 1 },
        }),
        ..page("first, ")
    };
    let last = Chunk {
        body: b"last".to_vec(),
        token: None,
    };
    let wat = constant_canister(&[
        ("canister_query http_request", Encode!(&first).unwrap()),
        ("canister_query more", Encode!(&last).unwrap()),
    ]);
    crate::common::install(&agent, id, &wat).await;
    let response = of_canister(&localnet, id).await;
    assert_eq!(response.text().await.unwrap(), "first, last");
}

#[tokio::test]
async fn what_cannot_be_shown_is_explained() {
    let localnet = start().await;
    let agent = agent(&localnet, ed25519(1)).await;
    let nobody = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 1, 0, 1, 1]);
    let response = of_canister(&localnet, nobody).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let text = response.text().await.unwrap();
    assert!(
        text.contains("no such canister") && text.contains(&nobody.to_text()),
        "{text}"
    );

    let response = of_canister(&localnet, canister(&agent, STORE).await).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(response.text().await.unwrap().contains("serves no pages"));

    let wat = constant_canister(&[("canister_query http_request", b"nonsense".to_vec())]);
    let response = of_canister(&localnet, canister(&agent, &wat).await).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);

    let response = get(&localnet, Method::GET, "localhost", "/").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.text().await.unwrap().contains("no consensus"));
}
