//! Signing in with the local identity provider from a page of another origin: by the protocol's own messages, and with
//! what others published for Internet Identity. The page is in `e2e/js/sign-in/`.

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use candid::Principal;
use e2e::{
    browser::{Browser, Window},
    canister::Canister,
    identity_provider::IdentityProvider,
    network::Network,
    nodejs,
    site::Site,
    wait::until,
};
use ic_agent::identity::BasicIdentity;
use serde_json::{Value, json};
use thirtyfour::Key;

const ALICE: &str = "button[value=Alice]";
const REFUSE: &str = "#refuse";

struct Visit {
    provider: IdentityProvider,
    /// The page that people sign in to.
    site: Site,
    _browser: Browser,
    window: Window,
}

impl Visit {
    async fn new() -> Result<Self> {
        Self::with("").await
    }

    /// With more parameters for the page.
    async fn with(parameters: &str) -> Result<Self> {
        let network = Network::shared().await?;
        let agent = network.agent(BasicIdentity::from_raw_key(&[1; 32])).await?;
        let provider = IdentityProvider::install(&network, &agent).await?;
        let echo = wat::parse_str(include_str!("echo.wat"))?;
        let echo = Canister::create(&agent, echo, ()).await?.id;

        let nobody: [&str; 0] = [];
        let script = nodejs::run("sign-in/build.mjs", nobody).await?;
        let page = include_bytes!("../../js/sign-in/page.html").to_vec();
        let site = Site::start([("/", page), ("/page.js", script)]).await?;
        let address = format!(
            "{}/?provider={}&network={}&canister={echo}{parameters}",
            site.origin,
            provider.url(),
            network.ic_url
        );
        let browser = Browser::start().await?;
        let window = browser.window(&address).await?;
        Ok(Self {
            provider,
            site,
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
            .sign_in("Alice", &self.site.origin, &session, 1)
            .await?;
        Ok(alice.principal())
    }

    async fn stop(self) -> Result<()> {
        self.window.close().await
    }
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
    let visit = Visit::new().await?;
    let signed_in = visit.sign_in("protocol", ALICE).await?;
    assert_eq!(principal(&signed_in)?, visit.alice().await?);

    // Anybody else has a name to type.
    visit.begin("protocol").await?;
    let page = visit.window.enter_popup().await?;
    let name = visit.window.wait_for("#choice:not([hidden]) #name").await?;
    name.send_keys("Zoë".to_owned() + Key::Enter).await?;
    visit.window.leave_popup(page).await?;
    let zoe = principal(&visit.outcome().await?)?;
    assert_ne!(zoe, visit.alice().await?);
    visit.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_granted_has_a_code_and_a_reason() -> Result<()> {
    let visit = Visit::new().await?;
    for (way, click, code, reason) in [
        ("protocol", Some(REFUSE), 3001, "refused"),
        ("bad", Some(ALICE), -32602, "base64"),
        ("unknown", None, 2000, "icrc49_call_canister"),
    ] {
        let outcome = match click {
            Some(click) => visit.sign_in(way, click).await?,
            None => visit.answer(way).await?,
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
    let standards = visit.answer("standards").await?;
    let standards = standards["result"]["supportedStandards"]
        .as_array()
        .context("no standards")?;
    let names: Vec<_> = standards.iter().map(|standard| &standard["name"]).collect();
    assert_eq!(names, ["ICRC-25", "ICRC-29", "ICRC-34"]);
    visit.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_libraries_sign_in() -> Result<()> {
    let visit = Visit::new().await?;
    let alice = visit.alice().await?.to_text();
    let signed_in = visit.sign_in("@icp-sdk/auth", ALICE).await?;
    assert_eq!(
        signed_in,
        json!({ "principal": alice, "echo": "an update" })
    );
    let refused = visit.sign_in("@icp-sdk/auth", REFUSE).await?;
    assert_eq!(refused["error"]["code"], 3001, "{refused}");

    let signed_in = visit.sign_in("@dfinity/auth-client", ALICE).await?;
    assert_eq!(signed_in, json!({ "principal": alice }));
    let refused = visit.sign_in("@dfinity/auth-client", REFUSE).await?;
    assert_eq!(refused["error"]["message"], "The sign-in was refused");
    visit.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_page_that_came_first_is_heard_and_silence_closes_the_window() -> Result<()> {
    let visit = Visit::with("&leave-open").await?;
    visit.begin("protocol").await?;
    let page = visit.window.enter_popup().await?;
    visit.window.wait_for("#choice:not([hidden])").await?;
    let asker = visit.window.text("#status").await?;
    assert!(asker.contains(&visit.site.origin), "{asker}");
    // From another window and another origin. Had it been heard, the first request would be answered as aborted.
    let stranger = "postMessage({ jsonrpc: '2.0', id: 2, method: 'icrc34_delegation', params: { publicKey: 'AAAA' } })";
    visit.window.execute(stranger).await?;
    visit.window.click(ALICE).await?;
    visit.window.wait_for_popup_to_close(page).await?;
    assert_eq!(principal(&visit.outcome().await?)?, visit.alice().await?);
    visit.stop().await
}
