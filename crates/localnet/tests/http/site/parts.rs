//! Pages that come in more than one answer of their canister.

use candid::{Encode, Principal};
use ic_localnet::{Config, HttpLimits, Localnet};
use reqwest::{Client, Method, StatusCode, header::HOST};

use super::{
    assert_unverified,
    canister::{Chunk, Reply, Token, continued},
    get, get_raw, install, page, send,
};
use crate::common::{eventually, start};

#[tokio::test]
async fn a_page_can_come_out_of_an_update_call() {
    let localnet = start().await;
    let canister = install(&localnet).await;
    let upgrade = Reply {
        upgrade: Some(true),
        ..Reply::default()
    };
    canister
        .program(&[
            ("<update>", Encode!(&page("updated")).unwrap()),
            ("", Encode!(&upgrade).unwrap()),
        ])
        .await;
    let response = get(&localnet, canister.id, "/").await;
    assert_eq!(response.text().await.unwrap(), "updated");

    // Nobody certifies what a query adds to it.
    let continued = Reply {
        streaming_strategy: continued(canister.id, "key of the rest"),
        ..page("hello, ")
    };
    let rest = Chunk {
        body: b"goodbye".into(),
        token: None,
    };
    canister
        .program(&[
            ("key of the rest", Encode!(&rest).unwrap()),
            ("<update>", Encode!(&continued).unwrap()),
            ("", Encode!(&upgrade).unwrap()),
        ])
        .await;
    assert_unverified(get(&localnet, canister.id, "/").await, "update call").await;
    let raw = get_raw(&localnet, canister.id, "/").await;
    assert_eq!(raw.text().await.unwrap(), "hello, goodbye");
}

#[tokio::test]
async fn pages_share_the_memory_of_all_bodies() {
    let config = Config {
        http: HttpLimits {
            body_memory: 64 << 10,
            ..HttpLimits::default()
        },
        ..Config::default()
    };
    let localnet = Localnet::start(config).await.unwrap();
    let canister = install(&localnet).await;
    let endless = Chunk {
        body: vec![0; 30 << 10],
        token: Some(Token {
            key: "again".into(),
        }),
    };
    let first = Reply {
        streaming_strategy: continued(canister.id, "again"),
        ..page("first")
    };
    canister
        .program(&[
            ("again", Encode!(&endless).unwrap()),
            ("", Encode!(&first).unwrap()),
        ])
        .await;
    let response = get(&localnet, canister.id, "/").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.text().await.unwrap().contains("try again later"));
    // What was taken is given back, if not before the client has the last byte.
    canister.answer(&page(vec![b'x'; 50 << 10])).await;
    for _ in 0..3 {
        eventually(async || {
            let response = get_raw(&localnet, canister.id, "/").await;
            response.bytes().await.unwrap().len() == 50 << 10
        })
        .await;
    }
}

#[tokio::test]
async fn a_streamed_page_is_verified_as_a_whole() {
    let localnet = start().await;
    let canister = install(&localnet).await;
    let id = canister.id;
    let [whole] = canister
        .certified([("/", page("first, second, last"))])
        .await;
    let first = Reply {
        body: b"first, ".into(),
        streaming_strategy: continued(id, "key of the second"),
        ..whole
    };
    let chunk = |body: &str, next: Option<&str>| Chunk {
        body: body.into(),
        token: next.map(|key| Token { key: key.into() }),
    };
    let second = chunk("second, ", Some("key of the last"));
    let program = async |last: &Chunk| {
        canister
            .program(&[
                ("key of the second", Encode!(&second).unwrap()),
                ("key of the last", Encode!(last).unwrap()),
                ("", Encode!(&first).unwrap()),
            ])
            .await;
    };
    program(&chunk("last", None)).await;
    for response in [
        get(&localnet, id, "/").await,
        get_raw(&localnet, id, "/").await,
    ] {
        assert_eq!(response.text().await.unwrap(), "first, second, last");
    }
    program(&chunk("hello", None)).await;
    assert_unverified(get(&localnet, id, "/").await, "").await;
    let raw = get_raw(&localnet, id, "/").await.text().await.unwrap();
    assert_eq!(raw, "first, second, hello");

    // A stream without an end, and one of another canister.
    program(&chunk("again", Some("key of the last"))).await;
    let endless = get(&localnet, id, "/").await;
    assert_eq!(endless.status(), StatusCode::BAD_GATEWAY);
    assert!(endless.text().await.unwrap().contains("chunks"));
    let other = Principal::from_slice(&[0, 0, 0, 0, 0, 0, 1, 0, 1, 1]);
    let elsewhere = Reply {
        streaming_strategy: continued(other, "key"),
        ..first.clone()
    };
    canister.answer(&elsewhere).await;
    let elsewhere = get(&localnet, id, "/").await;
    assert_eq!(elsewhere.status(), StatusCode::BAD_GATEWAY);
    assert!(elsewhere.text().await.unwrap().contains(&other.to_text()));
}

/// The parts of a file, each with the status and header of a part.
fn parts<const N: usize>(parts: [&str; N]) -> [Reply; N] {
    let total: usize = parts.iter().map(|part| part.len()).sum();
    let mut first = 0;
    parts.map(|part| {
        let next = first + part.len();
        let range = format!("bytes {first}-{}/{total}", next - 1);
        first = next;
        Reply {
            status_code: 206,
            headers: vec![("Content-Range".into(), range)],
            ..page(part)
        }
    })
}

#[tokio::test]
async fn a_file_in_certified_parts_arrives_whole() {
    let localnet = start().await;
    let canister = install(&localnet).await;
    let [one, two, three] = parts(["first, ", "second, ", "last"]);
    // Three certifications of one path.
    let pages = [("/", one), ("/", two), ("/", three)];
    let [one, two, three] = canister.certified(pages).await;
    let encode = |reply: &Reply| Encode!(reply).unwrap();
    let program = async |last: &Reply| {
        canister
            .program(&[
                ("bytes=7-", encode(&two)),
                ("bytes=15-", encode(last)),
                ("", encode(&one)),
            ])
            .await;
    };
    program(&three).await;
    let response = get(&localnet, canister.id, "/").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-length"], "19");
    assert!(!response.headers().contains_key("content-range"));
    assert_eq!(response.text().await.unwrap(), "first, second, last");
    let host = format!("{}.localhost", canister.id);
    let head = send(&localnet, Method::HEAD, &host, "/").await;
    assert_eq!(head.headers()["content-length"], "19");

    // Who asks for a part gets a part.
    let request = Client::new().get(localnet.url()).header(HOST, &host);
    let part = request.header("Range", "bytes=7-14").send().await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()["content-range"], "bytes 7-14/19");
    assert_eq!(part.text().await.unwrap(), "second, ");

    // A page whose next part is not certified, or not the next, breaks off.
    let mut altered = three.clone();
    altered.body = b"hell".into();
    for last in [&altered, &two] {
        program(last).await;
        // The connection ends with the page, maybe before its beginning has been sent.
        let url = localnet.url();
        let request = Client::new().get(url).header(HOST, &host);
        let received = async { request.send().await?.text().await };
        assert!(received.await.is_err());
    }
}

#[tokio::test]
async fn parts_of_two_versions_of_a_file_are_not_put_together() {
    let localnet = start().await;
    let canister = install(&localnet).await;
    let [one, two] = parts(["first, ", "last"]);
    let tagged = |part: &Reply, etag: &str| {
        let mut part = part.clone();
        part.headers.push(("ETag".into(), etag.into()));
        Encode!(&part).unwrap()
    };
    let host = format!("{}.raw.localhost", canister.id);
    for (etag, fits) in [("\"1\"", true), ("\"2\"", false)] {
        canister
            .program(&[
                ("bytes=7-", tagged(&two, etag)),
                ("", tagged(&one, "\"1\"")),
            ])
            .await;
        let request = Client::new().get(localnet.url()).header(HOST, &host);
        let received = async { request.send().await?.text().await };
        assert_eq!(received.await.is_ok(), fits, "{etag}");
    }
}
