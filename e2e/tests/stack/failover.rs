//! A gateway that does what it should not is noticed, and left for an honest one; nothing is lost.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{
    gateway::GatewayProcess,
    stack::Stack,
    talker::Talker,
    tampering::{Misdeed, TamperingProxy},
    wait::within_deadline,
};
use futures::future::{join, join_all};
use ic_localnet::faults::TestApi;
use ic_ws_client::{CloseReason, Config};
use ic_ws_protocol::{
    CanisterFrame, VerifyError, WebsocketMessage, WebsocketServiceMessageContent as ServiceMessage,
    verify::CertificateError,
};

/// The frames before open the connection, greet the talker, and tell what comes of the two commands that let them into
/// the lobby: the profile, that it is done, the room and the member.
const FIRST: usize = 6;

const SAID: usize = 5;

/// How often the canister acknowledges.
const ACK_INTERVAL: Duration = Duration::from_secs(300);

/// A client that tries the gateway with the misdeed first.
fn config(stack: &Stack, proxy: &TamperingProxy) -> Config {
    stack.persistent_client_config([&*proxy.url, &*stack.gateway_url])
}

/// Talks through a gateway with that misdeed, which is noticed for the right reason; after which everything that was said
/// has been delivered.
async fn noticed_and_left(
    misdeed: Misdeed,
    limits: impl Fn(Config) -> Config,
    is_right: fn(&CloseReason) -> bool,
) -> Result<()> {
    let stack = Stack::start().await?;
    let proxy = TamperingProxy::start(&stack.gateway_url, misdeed).await?;
    let mut talker = Talker::connect(&stack, limits(config(&stack, &proxy)), "Alice")?;
    talker.entered().await?;
    let texts: Vec<String> = (0..SAID).map(|n| format!("message {n}")).collect();
    let mut sent = Vec::new();
    for text in &texts {
        sent.push(talker.say(text)?);
    }
    let reason = talker.first_loss().await?;
    ensure!(is_right(&reason), "noticed for another reason: {reason:?}");
    talker.seen_all(&texts).await?;
    assert_eq!(talker.texts(), texts);
    for sent in sent {
        within_deadline("a receipt", sent).await??;
    }
    // The honest gateway gave no cause to leave it.
    assert_eq!(talker.losses.len(), 1, "{:?}", talker.losses);
    stack.stop().await
}

fn is_certificate_too_old(reason: &CloseReason) -> bool {
    matches!(
        reason,
        CloseReason::Unverified(VerifyError::Certificate(CertificateError::TooOld(_)))
    )
}

fn is_wrong_number(reason: &CloseReason) -> bool {
    matches!(reason, CloseReason::WrongSequenceNumber { .. })
}

fn is_acknowledgement(frame: &CanisterFrame) -> bool {
    let Ok(message) = WebsocketMessage::from_cbor(&frame.content) else {
        return false;
    };
    message.is_service_message
        && matches!(
            candid::decode_one(&message.content),
            Ok(ServiceMessage::AckMessage(_))
        )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tampering() -> Result<()> {
    let flip_a_bit = Misdeed::Alter(|count, mut frame| {
        if let Some(last) = frame.content.last_mut()
            && count == FIRST
        {
            *last ^= 1;
        }
        vec![frame]
    });
    noticed_and_left(
        flip_a_bit,
        |config| config,
        |reason| *reason == CloseReason::Unverified(VerifyError::ContentMismatch),
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reordering() -> Result<()> {
    noticed_and_left(Misdeed::Reorder(FIRST), |config| config, is_wrong_number).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replaying() -> Result<()> {
    let twice = Misdeed::Alter(|count, frame| match count {
        FIRST => vec![frame.clone(), frame],
        _ => vec![frame],
    });
    noticed_and_left(twice, |config| config, is_wrong_number).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_one_message() -> Result<()> {
    let without_one = Misdeed::Alter(|count, frame| match count {
        FIRST => vec![],
        _ => vec![frame],
    });
    noticed_and_left(without_one, |config| config, is_wrong_number).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delaying() -> Result<()> {
    const BOUND: Duration = Duration::from_secs(10);
    noticed_and_left(
        Misdeed::Delay(FIRST, BOUND + Duration::from_secs(3)),
        |config| Config {
            max_certificate_age: BOUND,
            ..config
        },
        is_certificate_too_old,
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_all_acknowledgements() -> Result<()> {
    // The gateway has the machine's time, which its requests must fit. So the network starts behind it, and ends ahead.
    let clock_behind = ACK_INTERVAL / 2;
    let mut network = ic_localnet::Config {
        test_api: Some(TestApi { clock_behind }),
        ..Default::default()
    };
    network.ingress.clock_drift_ns += clock_behind.as_nanos() as u64;
    let stack = Stack::start_on(network).await?;
    let without_acknowledgements = Misdeed::Alter(|_, frame| match is_acknowledgement(&frame) {
        true => vec![],
        false => vec![frame],
    });
    let proxy = TamperingProxy::start(&stack.gateway_url, without_acknowledgements).await?;
    let impatient = Config {
        ack_interval: Duration::ZERO,
        ..config(&stack, &proxy)
    };
    let mut talker = Talker::connect(&stack, impatient, "Alice")?;
    let texts = ["is anybody there?".to_owned()];
    let sent = talker.say(&texts[0])?;
    talker.seen_all(&texts).await?;
    stack
        .network()
        .test_control()?
        .advance(ACK_INTERVAL)
        .await?;
    let reason = talker.first_loss().await?;
    assert!(
        matches!(
            reason,
            CloseReason::AckTimeout {
                sequence_num: 1,
                ..
            }
        ),
        "{reason:?}"
    );
    // All of it is sent once more, and carried out no more.
    let arrived = tokio::spawn(within_deadline("a receipt", sent));
    let again = ["somebody is".to_owned()];
    talker.say(&again[0])?;
    talker.seen_all(&again).await?;
    arrived.await???;
    assert_eq!(talker.texts(), [&texts[..], &again[..]].concat());
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swapping_two_clients_messages() -> Result<()> {
    let stack = Stack::start().await?;
    let proxy = TamperingProxy::start(&stack.gateway_url, Misdeed::Swap(FIRST)).await?;
    let mut talkers = Vec::new();
    for name in ["Alice", "Bob"] {
        let mut talker = Talker::connect(&stack, config(&stack, &proxy), name)?;
        talker.entered().await?;
        talkers.push(talker);
    }
    let mut texts = Vec::new();
    for (n, talker) in talkers.iter().enumerate() {
        texts.push(format!("message {n}"));
        talker.say(&texts[n])?;
    }
    for talker in &mut talkers {
        talker.seen_all(&texts).await?;
        assert!(
            matches!(&talker.losses[..], [CloseReason::WrongClientKey(_)]),
            "{:?}",
            talker.losses
        );
    }
    stack.stop().await
}

/// A hundred people on two gateways, one of which is killed while they talk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_is_killed_under_load() -> Result<()> {
    const CLIENTS: usize = 100;
    const SAID_BEFORE: usize = 8;
    const SAID_AFTER: usize = 8;
    let stack = Stack::start().await?;
    let identities = tempfile::tempdir()?;
    let mortal = GatewayProcess::start(&stack.ic_url, &identities.path().join("one.pem")).await?;
    let survivor = GatewayProcess::start(&stack.ic_url, &identities.path().join("two.pem")).await?;
    let mut talkers = Vec::new();
    for n in 0..CLIENTS {
        let mut gateways = [&*mortal.url, &*survivor.url];
        gateways.rotate_left(n % 2);
        let config = stack.persistent_client_config(gateways);
        talkers.push(Talker::connect(&stack, config, &format!("Person {n}"))?);
    }
    for talker in &mut talkers {
        talker.entered().await?;
    }

    let texts: Vec<String> = (0..SAID_BEFORE + SAID_AFTER)
        .map(|n| format!("message {n}"))
        .collect();
    let mut sent = Vec::new();
    let (before, after) = texts.split_at(SAID_BEFORE);
    for (talker, text) in talkers.iter().zip(before) {
        sent.push(talker.say(text)?);
    }
    mortal.kill().await?;
    for (talker, text) in talkers.iter().zip(after) {
        sent.push(talker.say(text)?);
    }
    let talking = join_all(talkers.iter_mut().map(|talker| talker.seen_all(&texts)));
    let arriving = join_all(sent);
    let (seen, arrived) = join(talking, within_deadline("all receipts", arriving)).await;
    seen.into_iter().collect::<Result<()>>()?;
    arrived?.into_iter().collect::<Result<Vec<()>, _>>()?;

    let (of_mortal, of_survivor): (Vec<_>, Vec<_>) = (0..CLIENTS).partition(|n| n % 2 == 0);
    let order = talkers[0].texts();
    for talker in &talkers {
        assert_eq!(talker.texts(), order);
    }
    assert_eq!(order.len(), texts.len());
    assert!(of_mortal.iter().all(|n| !talkers[*n].losses.is_empty()));
    let lost: Vec<_> = of_survivor
        .iter()
        .flat_map(|n| &talkers[*n].losses)
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
    survivor.kill().await?;
    stack.stop().await
}
