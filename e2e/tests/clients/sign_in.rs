//! Signing in with the local identity provider from a page of another origin: by the protocol's own messages, and with
//! what others published for Internet Identity. The page is in `e2e/js/sign-in/`.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use axum::{Router, http::header, response::Html, routing::get};
use base64::{Engine, engine::general_purpose::STANDARD};
use candid::Principal;
use e2e::{
    browser::{Browser, Window},
    canister::Canister,
    identity_provider::IdentityProvider,
    nodejs,
    wait::until,
};
use ic_agent::{Agent, identity::BasicIdentity};
use ic_localnet::{Config, Localnet};
use serde_json::{Value, json};
use thirtyfour::Key;
use tokio::{net::TcpListener, task::JoinHandle};

const ALICE: &str = "button[value=Alice]";
const REFUSE: &str = "#refuse";

struct Site {
    network: Localnet,
    provider: IdentityProvider,
    /// Of the page that people sign in to.
    origin: String,
    page: JoinHandle<()>,
    _browser: Browser,
    window: Window,
}

impl Site {
    async fn new() -> Result<Self> {
        Self::with("").await
    }

    /// With more parameters for the page.
    async fn with(parameters: &str) -> Result<Self> {
        let network = Localnet::start(Config::default()).await?;
        let agent = Agent::builder()
            .with_url(network.url())
            .with_identity(BasicIdentity::from_raw_key(&[1; 32]))
            .build()?;
        agent.set_root_key(network.root_key());
        let provider = IdentityProvider::install(&network, &agent).await?;
        let echo = wat::parse_str(include_str!("echo.wat"))?;
        let echo = Canister::create(&agent, echo, ()).await?.id;

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let nobody: [&str; 0] = [];
        let script = nodejs::run("sign-in/build.mjs", nobody).await?;
        let page = tokio::spawn(serve(listener, script));
        let address = format!(
            "{origin}/?provider={}&network={}&canister={echo}{parameters}",
            provider.url(),
            network.url()
        );
        let browser = Browser::start().await?;
        let window = browser.window(&address).await?;
        Ok(Self {
            network,
            provider,
            origin,
            page,
            _browser: browser,
            window,
        })
    }

    /// Begins to sign in, clicks once in the provider's window, and gives how it ends.
    async fn sign_in(&self, way: &str, click: &str) -> Result<Value> {
        self.begin(way).await?;
        let page = self.window.enter_popup().await?;
        self.window.click(click).await?;
        self.window.wait_for_popup_to_close(page).await?;
        self.outcome().await
    }

    /// Asks what is answered without anybody's doing.
    async fn answer(&self, way: &str) -> Result<Value> {
        self.begin(way).await?;
        self.outcome().await
    }

    async fn begin(&self, way: &str) -> Result<()> {
        self.window.click(&format!("button[value='{way}']")).await
    }

    async fn outcome(&self) -> Result<Value> {
        until("the outcome of the sign-in", || async {
            let text = self.window.text("#outcome").await?;
            Ok((!text.is_empty())
                .then(|| serde_json::from_str(&text))
                .transpose()?)
        })
        .await
    }

    /// Who Alice is at the page's origin.
    async fn alice(&self) -> Result<Principal> {
        let session = BasicIdentity::from_raw_key(&[7; 32]);
        let alice = self
            .provider
            .sign_in("Alice", &self.origin, &session, 1)
            .await?;
        Ok(alice.principal())
    }

    async fn stop(self) -> Result<()> {
        self.window.close().await?;
        self.page.abort();
        self.network.shutdown().await?;
        Ok(())
    }
}

async fn serve(listener: TcpListener, script: Vec<u8>) {
    let page = Html(include_str!("../../js/sign-in/page.html"));
    let router = Router::new()
        .route("/", get(move || async move { page }))
        .route(
            "/page.js",
            get(move || async move { ([(header::CONTENT_TYPE, "text/javascript")], script) }),
        );
    axum::serve(listener, router)
        .await
        .expect("the page is served");
}

/// The principal that a response by ICRC-34 is about.
fn principal(response: &Value) -> Result<Principal> {
    let key = response["result"]["publicKey"]
        .as_str()
        .with_context(|| response.to_string())?;
    Ok(Principal::self_authenticating(STANDARD.decode(key)?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_click_signs_in() -> Result<()> {
    let site = Site::new().await?;
    let signed_in = site.sign_in("protocol", ALICE).await?;
    assert_eq!(principal(&signed_in)?, site.alice().await?);

    // Anybody else has a name to type.
    site.begin("protocol").await?;
    let page = site.window.enter_popup().await?;
    let name = site.window.wait_for("#choice:not([hidden]) #name").await?;
    name.send_keys("Zoë".to_owned() + Key::Enter).await?;
    site.window.leave_popup(page).await?;
    let zoe = principal(&site.outcome().await?)?;
    assert_ne!(zoe, site.alice().await?);
    site.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_granted_has_a_code_and_a_reason() -> Result<()> {
    let site = Site::new().await?;
    for (way, click, code, reason) in [
        ("protocol", Some(REFUSE), 3001, "refused"),
        ("bad", Some(ALICE), -32602, "base64"),
        ("unknown", None, 2000, "icrc49_call_canister"),
    ] {
        let outcome = match click {
            Some(click) => site.sign_in(way, click).await?,
            None => site.answer(way).await?,
        };
        let error = &outcome["error"];
        assert_eq!(error["code"], code, "{outcome}");
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| text.contains(reason)),
            "{outcome}"
        );
    }
    let standards = site.answer("standards").await?;
    let standards = standards["result"]["supportedStandards"]
        .as_array()
        .context("no standards")?;
    let names: Vec<_> = standards.iter().map(|standard| &standard["name"]).collect();
    assert_eq!(names, ["ICRC-25", "ICRC-29", "ICRC-34"]);
    site.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_libraries_sign_in() -> Result<()> {
    let site = Site::new().await?;
    let alice = site.alice().await?.to_text();
    let signed_in = site.sign_in("@icp-sdk/auth", ALICE).await?;
    assert_eq!(
        signed_in,
        json!({ "principal": alice, "echo": "an update" })
    );
    let refused = site.sign_in("@icp-sdk/auth", REFUSE).await?;
    assert_eq!(refused["error"]["code"], 3001, "{refused}");

    let signed_in = site.sign_in("@dfinity/auth-client", ALICE).await?;
    assert_eq!(signed_in, json!({ "principal": alice }));
    let refused = site.sign_in("@dfinity/auth-client", REFUSE).await?;
    assert_eq!(refused["error"]["message"], "The sign-in was refused");
    site.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_page_that_came_first_is_heard_and_silence_closes_the_window() -> Result<()> {
    let site = Site::with("&leave-open").await?;
    site.begin("protocol").await?;
    let page = site.window.enter_popup().await?;
    site.window.wait_for("#choice:not([hidden])").await?;
    let asker = site.window.text("#status").await?;
    assert!(asker.contains(&site.origin), "{asker}");
    // From another window and another origin. Had it been heard, the first request would be answered as aborted.
    let stranger = "postMessage({ jsonrpc: '2.0', id: 2, method: 'icrc34_delegation', params: { publicKey: 'AAAA' } })";
    site.window.execute(stranger).await?;
    site.window.click(ALICE).await?;
    site.window.wait_for_popup_to_close(page).await?;
    assert_eq!(principal(&site.outcome().await?)?, site.alice().await?);
    site.stop().await
}
