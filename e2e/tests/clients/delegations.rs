//! Delegations of the local identity provider, used by `ic-agent` with all its checks.

use std::sync::Arc;

use anyhow::{Context, Result};
use candid::Principal;
use e2e::{
    canister::Canister,
    identity_provider::{IdentityProvider, SignIn},
    network::Network,
};
use ic_agent::identity::{BasicIdentity, DelegatedIdentity};
use serde_json::json;

const ORIGIN: &str = "http://chat.localhost:4943";
const HOUR_NS: u64 = 3_600_000_000_000;
const DAY_NS: u64 = 24 * HOUR_NS;
const SESSION: [u8; 32] = [7; 32];

struct Site {
    network: Arc<Network>,
    provider: IdentityProvider,
    echo: Principal,
}

impl Site {
    async fn new() -> Result<Self> {
        let network = Network::shared().await?;
        let agent = network.agent(BasicIdentity::from_raw_key(&[1; 32])).await?;
        let provider = IdentityProvider::install(&network, &agent).await?;
        let echo = wat::parse_str(include_str!("echo.wat"))?;
        let echo = Canister::create(&agent, echo, ()).await?.id;
        Ok(Self {
            network,
            provider,
            echo,
        })
    }

    async fn sign_in(&self, person: &str, origin: &str, lifetime_ns: u64) -> Result<SignIn> {
        let session = BasicIdentity::from_raw_key(&SESSION);
        self.provider
            .sign_in(person, origin, &session, lifetime_ns)
            .await
    }

    /// Makes an update call as the network sees it: nothing is checked before.
    async fn call(
        &self,
        SignIn {
            public_key,
            delegation,
        }: SignIn,
    ) -> Result<()> {
        let session = Box::new(BasicIdentity::from_raw_key(&SESSION));
        let identity = DelegatedIdentity::new_unchecked(public_key, session, vec![delegation]);
        let agent = self.network.agent(identity).await?;
        agent.update(&self.echo, "echo").with_arg(b"hello").await?;
        Ok(())
    }

    async fn refusal(&self, sign_in: SignIn) -> Result<String> {
        let error = self.call(sign_in).await.err();
        Ok(error.context("the call was not refused")?.to_string())
    }
}

#[tokio::test]
async fn a_delegation_is_good_for_calls_as_one_person() -> Result<()> {
    let site = Site::new().await?;
    let alice = site.sign_in("Alice", ORIGIN, HOUR_NS).await?;
    let principal = alice.principal();
    let session = Box::new(BasicIdentity::from_raw_key(&SESSION));
    let root_key = site.network.root_key();
    let identity = DelegatedIdentity::new_with_root_key(
        alice.public_key.clone(),
        session,
        vec![alice.delegation.clone()],
        &root_key,
    )?;
    let caller = Canister::at(site.echo, &site.network.agent(identity).await?);
    let (echoed,): (String,) = caller.update("echo", ("hello",)).await?;
    assert_eq!(echoed, "hello");
    let (whoami,): (Principal,) = caller.query("whoami", ()).await?;
    assert_eq!(whoami, principal);

    // The same person is the same again, and somebody else elsewhere.
    assert_eq!(
        site.sign_in("Alice", ORIGIN, 2 * HOUR_NS)
            .await?
            .principal(),
        principal
    );
    for (person, origin) in [("Bob", ORIGIN), ("Alice", "http://another.localhost:4943")] {
        let other = site.sign_in(person, origin, HOUR_NS).await?;
        assert_ne!(other.principal(), principal);
        site.call(other).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_network_refuses_what_the_canister_has_not_signed() -> Result<()> {
    let site = Site::new().await?;
    let mut longer = site.sign_in("Alice", ORIGIN, HOUR_NS).await?;
    longer.delegation.delegation.expiration += 1;
    let said = site.refusal(longer).await?;
    assert!(said.contains("signature"), "{said}");

    let mut another = site.sign_in("Alice", ORIGIN, HOUR_NS).await?;
    another.public_key = site.sign_in("Bob", ORIGIN, HOUR_NS).await?.public_key;
    let said = site.refusal(another).await?;
    assert!(said.contains("signature"), "{said}");

    let expired = site.sign_in("Alice", ORIGIN, 0).await?;
    let said = site.refusal(expired).await?;
    assert!(said.contains("expired"), "{said}");
    Ok(())
}

#[tokio::test]
async fn nobody_stays_for_longer_than_thirty_days() -> Result<()> {
    let site = Site::new().await?;
    let begun = std::time::SystemTime::now();
    let alice = site.sign_in("Alice", ORIGIN, u64::MAX).await?;
    let begun = begun.duration_since(std::time::UNIX_EPOCH)?.as_nanos() as u64;
    let lifetime = alice.delegation.delegation.expiration - begun;
    assert!(
        (30 * DAY_NS..30 * DAY_NS + HOUR_NS).contains(&lifetime),
        "{lifetime}"
    );
    // The network itself takes no delegation that is valid for longer.
    site.call(alice).await?;
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_answered_is_said() -> Result<()> {
    let site = Site::new().await?;
    for (body, complaint) in [
        (json!([]), "the request is not what is expected here"),
        (
            json!({ "person": "", "origin": ORIGIN, "publicKey": "" }),
            "a person's name",
        ),
        (
            json!({ "person": "Alice", "origin": "null", "publicKey": "" }),
            "not an origin",
        ),
        (
            json!({ "person": "Alice", "origin": ORIGIN, "publicKey": "AAAA" }),
            "neither a P-256 nor",
        ),
    ] {
        let (status, said) = site.provider.post("/delegation/prepare", &body).await?;
        assert_eq!(status, 400, "{said}");
        assert!(
            said["error"]
                .as_str()
                .is_some_and(|error| error.contains(complaint)),
            "{said}"
        );
    }
    let not_prepared = json!({
        "person": "Alice",
        "origin": ORIGIN,
        "publicKey": "MCowBQYDK2VwAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "expiration": "1",
    });
    let (status, said) = site.provider.post("/delegation", &not_prepared).await?;
    assert_eq!(status, 404, "{said}");
    assert!(
        said["error"]
            .as_str()
            .is_some_and(|error| error.contains("not been prepared")),
        "{said}"
    );
    Ok(())
}

#[tokio::test]
async fn the_page_is_certified_and_may_reach_nobody_else() -> Result<()> {
    let site = Site::new().await?;
    for _ in 0..2 {
        for path in ["/", "/authorize?openid=x"] {
            let page = site.provider.get(path).await?;
            assert_eq!(page.status(), 200, "{path}");
            let policy = page.headers()["content-security-policy"]
                .to_str()?
                .to_owned();
            assert!(
                policy.contains("default-src 'none'") && policy.contains("connect-src 'self';"),
                "{policy}"
            );
            assert!(
                page.text().await?.contains("There is no security"),
                "{path}"
            );
        }
        assert_eq!(site.provider.get("/missing").await?.status(), 404);
        // Signatures are certified together with the page.
        site.sign_in("Alice", ORIGIN, HOUR_NS).await?;
    }
    Ok(())
}
