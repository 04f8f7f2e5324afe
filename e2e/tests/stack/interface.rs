//! What tools learn about the canister from the network itself.

use anyhow::Result;
use e2e::stack::Stack;
use ic_agent::identity::AnonymousIdentity;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_interface_can_be_read_from_the_canister() -> Result<()> {
    let stack = Stack::start().await?;
    let agent = stack.agent(AnonymousIdentity).await?;
    let interface = agent
        .read_state_canister_metadata(stack.backend, "candid:service")
        .await?;
    assert_eq!(
        String::from_utf8(interface)?,
        include_str!("../../../backend/chat.did")
    );
    stack.stop().await
}
