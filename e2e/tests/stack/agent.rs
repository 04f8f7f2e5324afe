//! Queries and updates beside the socket.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use candid::Principal;
use e2e::canister::Canister;
use ic_agent::{Agent as IcAgent, identity::BasicIdentity};
use ic_localnet::{Config, Localnet, faults::TestApi};
use ic_ws_client::{
    Agent, CallError, Ed25519Signer, SignError, Signer,
    platform::HttpError,
    signer::{AgentSigner, Delegated, Delegation, DelegationChain, SignedDelegation},
};

struct Echo {
    network: Localnet,
    id: Principal,
}

impl Echo {
    async fn start() -> Result<Self> {
        let config = Config {
            test_api: Some(TestApi::default()),
            ..Config::default()
        };
        let network = Localnet::start(config).await?;
        let agent = IcAgent::builder()
            .with_url(network.url())
            .with_identity(BasicIdentity::from_raw_key(&[1; 32]))
            .build()?;
        agent.set_root_key(network.root_key());
        let module = wat::parse_str(include_str!("../clients/echo.wat"))?;
        let id = Canister::create(&agent, module, ()).await?.id;
        Ok(Self { network, id })
    }

    fn agent<S: Signer>(&self, signer: S) -> Agent<S> {
        Agent::new(self.network.url(), self.network.root_key(), signer)
    }
}

fn session() -> Ed25519Signer {
    Ed25519Signer::from_raw(&[2; 32])
}

/// From somebody to the session's key.
fn chain(expiration: u64, targets: Option<Vec<Principal>>) -> Result<DelegationChain> {
    let somebody = BasicIdentity::from_raw_key(&[3; 32]);
    let delegation = Delegation {
        pubkey: session().public_key(),
        expiration,
        targets,
        permissions: None,
    };
    let signed = ic_agent::Identity::sign_delegation(&somebody, &delegation);
    let signed = signed.map_err(anyhow::Error::msg)?;
    Ok(DelegationChain {
        public_key: signed.public_key.context("no key")?,
        delegations: vec![SignedDelegation {
            delegation,
            signature: signed.signature.context("no signature")?,
        }],
    })
}

#[tokio::test]
async fn whoever_signs_can_query_and_update() -> Result<()> {
    let echo = Echo::start().await?;
    let identity = AgentSigner::new(BasicIdentity::from_raw_key(&[4; 32]))?;
    let for_this = chain(u64::MAX, Some(vec![echo.id]))?;
    let delegated = Delegated::new(session(), for_this, 0)?;
    ask(&echo.agent(session()), echo.id).await?;
    ask(&echo.agent(identity), echo.id).await?;
    ask(&echo.agent(delegated), echo.id).await?;
    echo.network.shutdown().await?;
    Ok(())
}

async fn ask<S: Signer>(agent: &Agent<S>, id: Principal) -> Result<()> {
    for argument in [b"once".to_vec(), b"again".to_vec()] {
        assert_eq!(agent.update(id, "echo", argument.clone()).await?, argument);
        assert_eq!(
            agent.query(id, "echo_query", argument.clone()).await?,
            argument
        );
    }
    for rejected in [
        agent.update(id, "nothing", vec![]).await,
        agent.query(id, "nothing", vec![]).await,
    ] {
        match rejected {
            Err(CallError::Rejected { message, .. }) => assert!(message.contains("nothing")),
            other => bail!("not rejected: {other:?}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_device_whose_clock_is_wrong_calls_in_time() -> Result<()> {
    const BEHIND: Duration = Duration::from_secs(3600);
    let echo = Echo::start().await?;
    let clock = echo.network.test_control().context("no test API")?;
    clock.advance(BEHIND).await?;
    ask(&echo.agent(session()), echo.id).await?;
    echo.network.shutdown().await?;
    Ok(())
}

#[tokio::test]
async fn what_is_not_proved_is_no_reply() -> Result<()> {
    let echo = Echo::start().await?;
    let other = Localnet::start(Config::default()).await?;
    let stranger = Agent::new(echo.network.url(), other.root_key(), session());
    let update = stranger.update(echo.id, "echo", vec![]).await;
    assert!(matches!(update, Err(CallError::Unproved(_))), "{update:?}");
    let query = stranger.query(echo.id, "echo_query", vec![]).await;
    assert!(matches!(query, Err(CallError::Unproved(_))), "{query:?}");

    let nowhere = Agent::new("http://127.0.0.1:1", other.root_key(), session());
    let update = nowhere.update(echo.id, "echo", vec![]).await;
    assert!(
        matches!(update, Err(CallError::Http(HttpError::Unreachable(_)))),
        "{update:?}"
    );
    other.shutdown().await?;
    echo.network.shutdown().await?;
    Ok(())
}

#[tokio::test]
async fn a_session_that_has_expired_says_so() -> Result<()> {
    let echo = Echo::start().await?;
    let expired = Delegated::new(session(), chain(1, None)?, 0)?;
    let update = echo.agent(expired).update(echo.id, "echo", vec![]).await;
    assert!(
        matches!(update, Err(CallError::Signing(SignError::SessionExpired))),
        "{update:?}"
    );
    echo.network.shutdown().await?;
    Ok(())
}
