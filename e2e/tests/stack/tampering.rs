//! Whatever an untrusted gateway alters, the client refuses, and says what was wrong.

use anyhow::Result;
use e2e::{
    person::Person,
    stack::Stack,
    tampering::{Misdeed, TamperingProxy},
};
use ic_ws_client::CloseReason;
use ic_ws_protocol::{CanisterFrame, VerifyError, WebsocketMessage};

/// Which of the canister's frames is altered: not the first, which opens the connection.
const ALTERED: usize = 1;

/// Lets `alter` have the frame to alter, and all others pass.
macro_rules! altering {
    ($alter:expr) => {
        Misdeed::Alter(|count, mut frame: CanisterFrame| {
            if count == ALTERED {
                let alter: fn(&mut CanisterFrame) = $alter;
                alter(&mut frame);
            }
            vec![frame]
        })
    };
}

fn flip_bit(bytes: &mut [u8], at: usize) {
    bytes[at] ^= 1;
}

/// Flips the lowest bit of the sequence number inside the content.
fn flip_sequence_bit(frame: &mut CanisterFrame) {
    let mut message = WebsocketMessage::from_cbor(&frame.content).expect("the canister's message");
    message.sequence_num ^= 1;
    frame.content = message.to_cbor().expect("the altered message");
}

fn flip_key_bit(frame: &mut CanisterFrame) {
    let last = frame.key.pop().expect("a key") as u8;
    frame.key.push(char::from(last ^ 1));
}

fn is_unverified(reason: &CloseReason, expected: fn(&VerifyError) -> bool) -> bool {
    matches!(reason, CloseReason::Unverified(error) if expected(error))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_altered_bit_is_refused_with_the_right_reason() -> Result<()> {
    type Expectation = fn(&CloseReason) -> bool;
    let stack = Stack::start().await?;
    let cases: [(&str, Misdeed, Expectation); 7] = [
        (
            "content",
            altering!(|frame| {
                let last = frame.content.len() - 1;
                flip_bit(&mut frame.content, last)
            }),
            |reason| is_unverified(reason, |e| *e == VerifyError::ContentMismatch),
        ),
        (
            "certificate",
            altering!(|frame| {
                let middle = frame.cert.len() / 2;
                flip_bit(&mut frame.cert, middle)
            }),
            |reason| is_unverified(reason, |e| matches!(e, VerifyError::Certificate(_))),
        ),
        (
            "tree",
            altering!(|frame| {
                let last = frame.tree.len() - 1;
                flip_bit(&mut frame.tree, last)
            }),
            |reason| is_unverified(reason, |e| *e == VerifyError::WitnessMismatch),
        ),
        ("key", altering!(flip_key_bit), |reason| {
            is_unverified(reason, |e| matches!(e, VerifyError::KeyNotCertified(_)))
        }),
        ("sequence number", altering!(flip_sequence_bit), |reason| {
            is_unverified(reason, |e| *e == VerifyError::ContentMismatch)
        }),
        (
            "a message left out",
            Misdeed::Alter(|count, frame| {
                if count == ALTERED {
                    vec![]
                } else {
                    vec![frame]
                }
            }),
            |reason| {
                matches!(
                    reason,
                    CloseReason::WrongSequenceNumber {
                        expected: 2,
                        received: 3
                    }
                )
            },
        ),
        (
            "a message repeated",
            Misdeed::Alter(|_, frame| vec![frame.clone(), frame]),
            |reason| {
                matches!(
                    reason,
                    CloseReason::WrongSequenceNumber {
                        expected: 2,
                        received: 1
                    }
                )
            },
        ),
    ];
    for (what, misdeed, expected) in cases {
        let proxy = TamperingProxy::start(&stack.gateway_url, misdeed).await?;
        let mut person = Person::connect(&stack, &proxy.url)?;
        person.ask_to_enter("Victim")?;
        let reason = person.close_reason().await?;
        assert!(expected(&reason), "{what}: {reason:?}");
    }
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_honest_proxy_is_no_obstacle() -> Result<()> {
    let stack = Stack::start().await?;
    let proxy =
        TamperingProxy::start(&stack.gateway_url, Misdeed::Alter(|_, frame| vec![frame])).await?;
    let mut person = Person::connect(&stack, &proxy.url)?;
    person.ask_to_enter("Alice")?;
    person.say("hello")?;
    assert_eq!(person.message().await?.text, "hello");
    stack.stop().await
}
