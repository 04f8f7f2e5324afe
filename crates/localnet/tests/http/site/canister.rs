//! A canister that answers whatever it was told to answer, and the certification of such answers.

use candid::{CandidType, Encode, Func, Principal};
use ic_agent::Agent;
use ic_http_certification::{
    DefaultCelBuilder, DefaultResponseCertification, HttpCertification, HttpCertificationPath,
    HttpCertificationTree, HttpCertificationTreeEntry, HttpResponse, StatusCode,
    utils::add_v2_certificate_header,
};

use crate::common;

/// Calls are answered from a list, with the first reply whose key occurs in the argument, or in `<update>` when it is an
/// update call. The list is what the last `program` got: for each reply the length of its key, its own length, the key,
/// and the reply.
const CANISTER: &str = r#"
  (import "ic0" "msg_arg_data_size" (func $arg_size (result i32)))
  (import "ic0" "msg_arg_data_copy" (func $arg_copy (param i32 i32 i32)))
  (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
  (import "ic0" "msg_reply" (func $reply))
  (import "ic0" "trap" (func $trap (param i32 i32)))
  (import "ic0" "certified_data_set" (func $certify (param i32 i32)))
  (import "ic0" "data_certificate_size" (func $certificate_size (result i32)))
  (import "ic0" "data_certificate_copy" (func $certificate_copy (param i32 i32 i32)))
  (memory 128)
  (global $list i32 (i32.const 1024))
  (global $end (mut i32) (i32.const 1024))
  (global $argument i32 (i32.const 0x400000))
  (global $size (mut i32) (i32.const 0))
  (data (i32.const 0) "no reply<update>")
  (func (export "canister_update program")
    (call $arg_copy (global.get $list) (i32.const 0) (call $arg_size))
    (global.set $end (i32.add (global.get $list) (call $arg_size)))
    (call $reply))
  (func (export "canister_update certify")
    (call $arg_copy (global.get $argument) (i32.const 0) (call $arg_size))
    (call $certify (global.get $argument) (call $arg_size))
    (call $reply))
  (func (export "canister_query certificate")
    (call $certificate_copy (global.get $argument) (i32.const 0) (call $certificate_size))
    (call $append (global.get $argument) (call $certificate_size))
    (call $reply))
  (func $equal (param $a i32) (param $b i32) (param $length i32) (result i32)
    (loop $next
      (if (i32.eqz (local.get $length)) (then (return (i32.const 1))))
      (if (i32.ne (i32.load8_u (local.get $a)) (i32.load8_u (local.get $b)))
        (then (return (i32.const 0))))
      (local.set $a (i32.add (local.get $a) (i32.const 1)))
      (local.set $b (i32.add (local.get $b) (i32.const 1)))
      (local.set $length (i32.sub (local.get $length) (i32.const 1)))
      (br $next))
    (unreachable))
  (func $occurs (param $key i32) (param $length i32) (result i32)
    (local $at i32) (local $last i32)
    (local.set $at (global.get $argument))
    (local.set $last (i32.sub (i32.add (local.get $at) (global.get $size)) (local.get $length)))
    (loop $next
      (if (i32.gt_s (local.get $at) (local.get $last)) (then (return (i32.const 0))))
      (if (call $equal (local.get $key) (local.get $at) (local.get $length))
        (then (return (i32.const 1))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next))
    (unreachable))
  (func $answer (param $marker i32)
    (local $at i32) (local $key i32) (local $body i32)
    (call $arg_copy (global.get $argument) (i32.const 0) (call $arg_size))
    (memory.copy
      (i32.add (global.get $argument) (call $arg_size)) (i32.const 8) (local.get $marker))
    (global.set $size (i32.add (call $arg_size) (local.get $marker)))
    (local.set $at (global.get $list))
    (loop $next
      (if (i32.ge_u (local.get $at) (global.get $end))
        (then (call $trap (i32.const 0) (i32.const 8))))
      (local.set $key (i32.load (local.get $at)))
      (local.set $body (i32.load (i32.add (local.get $at) (i32.const 4))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (if (call $occurs (local.get $at) (local.get $key))
        (then
          (call $append (i32.add (local.get $at) (local.get $key)) (local.get $body))
          (call $reply)
          (return)))
      (local.set $at
        (i32.add (local.get $at) (i32.add (local.get $key) (local.get $body))))
      (br $next)))
  (func (export "canister_query http_request") (call $answer (i32.const 0)))
  (func (export "canister_query more") (call $answer (i32.const 0)))
  (func (export "canister_update http_request_update") (call $answer (i32.const 8)))
"#;

#[derive(CandidType, Clone, Default)]
pub struct Reply {
    pub status_code: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub upgrade: Option<bool>,
    pub streaming_strategy: Option<Strategy>,
}

#[derive(CandidType, Clone)]
pub enum Strategy {
    Callback { callback: Callback, token: Token },
}

#[derive(CandidType, Clone)]
pub struct Token {
    pub key: String,
}

#[derive(CandidType)]
pub struct Chunk {
    pub body: Vec<u8>,
    pub token: Option<Token>,
}

candid::define_function!(pub Callback : (Token) -> () query);

/// The rest comes from the method `more` of this canister.
pub fn continued(canister: Principal, key: &str) -> Option<Strategy> {
    Some(Strategy::Callback {
        callback: Callback(Func {
            principal: canister,
            method: "more".into(),
        }),
        token: Token { key: key.into() },
    })
}

pub struct Canister {
    pub id: Principal,
    agent: Agent,
}

impl Canister {
    pub async fn install(agent: Agent) -> Self {
        Self::install_with(agent, "").await
    }

    /// With more at the beginning of the module.
    pub async fn install_with(agent: Agent, more: &str) -> Self {
        let id = common::canister(&agent, &format!("(module {more} {CANISTER})")).await;
        Self { id, agent }
    }

    pub async fn program(&self, replies: &[(&str, Vec<u8>)]) {
        let mut list = Vec::new();
        for (key, reply) in replies {
            list.extend(u32::try_from(key.len()).unwrap().to_le_bytes());
            list.extend(u32::try_from(reply.len()).unwrap().to_le_bytes());
            list.extend(key.as_bytes());
            list.extend(reply);
        }
        self.update("program", list).await;
    }

    /// Always the same answer.
    pub async fn answer(&self, reply: &Reply) {
        self.program(&[("", Encode!(reply).unwrap())]).await;
    }

    pub async fn certify(&self, data: &[u8]) -> Vec<u8> {
        self.update("certify", data.to_vec()).await;
        let query = self.agent.query(&self.id, "certificate");
        query.with_arg([]).await.unwrap()
    }

    /// Certifies these responses to GET requests of the paths, with all their headers.
    pub async fn certified<const N: usize>(&self, pages: [(&str, Reply); N]) -> [Reply; N] {
        let expression = DefaultCelBuilder::response_only_certification()
            .with_response_certification(DefaultResponseCertification::response_header_exclusions(
                vec![],
            ))
            .build();
        let mut tree = HttpCertificationTree::default();
        let responses = pages.map(|(path, page)| {
            let mut response = response(&page);
            let name = "IC-CertificateExpression".to_owned();
            response.add_header((name, expression.to_string()));
            let certification =
                HttpCertification::response_only(&expression, &response, None).unwrap();
            tree.insert(&entry(path, &certification));
            (path, response, certification)
        });
        let certificate = self.certify(&tree.root_hash()).await;
        responses.map(|(path, mut response, certification)| {
            let witness = tree.witness(&entry(path, &certification), path).unwrap();
            let expr_path = HttpCertificationPath::exact(path).to_expr_path();
            add_v2_certificate_header(&certificate, &mut response, &witness, &expr_path);
            Reply {
                status_code: response.status_code().as_u16(),
                headers: response.headers().to_vec(),
                body: response.body().to_vec(),
                ..Reply::default()
            }
        })
    }

    /// Certifies that nothing is certified.
    pub async fn skipped(&self, page: Reply) -> Reply {
        let mut tree = HttpCertificationTree::default();
        let path = HttpCertificationPath::wildcard("/");
        let certification = HttpCertification::skip();
        let entry = HttpCertificationTreeEntry::new(&path, certification);
        tree.insert(&entry);
        let certificate = self.certify(&tree.root_hash()).await;
        let mut response = response(&page);
        let name = "IC-CertificateExpression".to_owned();
        response.add_header((name, DefaultCelBuilder::skip_certification().to_string()));
        let witness = tree.witness(&entry, "/").unwrap();
        add_v2_certificate_header(&certificate, &mut response, &witness, &path.to_expr_path());
        Reply {
            headers: response.headers().to_vec(),
            ..page
        }
    }

    async fn update(&self, method: &str, arg: Vec<u8>) {
        let call = self.agent.update(&self.id, method).with_arg(arg);
        call.call_and_wait().await.unwrap();
    }
}

fn entry<'a>(
    path: &'a str,
    certification: &'a HttpCertification,
) -> HttpCertificationTreeEntry<'a> {
    HttpCertificationTreeEntry::new(HttpCertificationPath::exact(path), certification)
}

fn response(page: &Reply) -> HttpResponse<'static> {
    HttpResponse::builder()
        .with_status_code(StatusCode::from_u16(page.status_code).unwrap())
        .with_headers(page.headers.clone())
        .with_body(page.body.clone())
        .build()
}
