//! What `docs/deploying.md` says on keeping a copy of a canister and going back to it, by the real `icp` command.

use anyhow::{Context, Result, ensure};
use e2e::browser::Browser;
use tokio::fs;

use crate::project::{NAME, Project};

const GUIDE: &str = include_str!("../../../docs/deploying.md");

/// Runs the block of the guide that has `command` in it, in the environment that there is; gives what `command` says.
async fn follow_guide(project: &Project, command: &str, snapshot: &str) -> Result<String> {
    let mut blocks = GUIDE
        .split("```sh\n")
        .filter_map(|rest| rest.split_once("```"));
    let block = blocks.find(|(block, _)| block.contains(command));
    let (block, _) = block.with_context(|| format!("the guide says nothing of {command}"))?;
    let mut answer = String::new();
    for line in block.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace().map(|word| match word {
            "ic" => NAME,
            "ID" => snapshot,
            word => word,
        });
        ensure!(words.next() == Some("icp"), "{line}");
        let said = project.icp.run(words).await?;
        if line.contains(command) {
            answer = said;
        }
    }
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_happened_since_a_copy_was_kept_is_taken_back() -> Result<()> {
    let project = Project::new().await?;
    project.icp.run(["deploy", "--yes", "-e", NAME]).await?;
    let before = project.status("backend").await?;
    let browser = Browser::start().await?;
    let page = project.page().await?;
    let [alice, carol] = [browser.window(&page).await?, browser.window(&page).await?];
    alice.enter_lobby("Alice").await?;
    carol.enter_lobby("Carol").await?;
    alice.say("Before").await?;
    carol.wait_for_message("Before").await?;

    let said = follow_guide(&project, "snapshot create", "").await?;
    let is_id = |word: &&str| word.len() == 36 && hex::decode(word).is_ok();
    let snapshot = said.split_whitespace().find(is_id).context(said.clone())?;

    alice.wait_until_connected().await?;
    alice.say("After").await?;
    carol.wait_for_message("After").await?;
    let broken = project.icp.folder().join("broken.wasm");
    fs::write(&broken, wat::parse_str("(module)")?).await?;
    let broken = broken.to_str().context("a path that is not UTF-8")?;
    let install = ["canister", "install", "backend", "--mode", "upgrade"];
    let module = ["--wasm", broken, "--yes", "-e", NAME];
    project.icp.run([&install[..], &module].concat()).await?;
    let meanwhile = project.status("backend").await?;
    assert_ne!(meanwhile["module_hash"], before["module_hash"]);

    follow_guide(&project, "snapshot restore", snapshot).await?;
    let after = project.status("backend").await?;
    assert_eq!(after["module_hash"], before["module_hash"]);
    // One connects anew before anything happens, the other when more has happened than she had seen.
    alice.reload().await?;
    alice.wait_until_connected().await?;
    let bob = browser.window(&page).await?;
    bob.enter_lobby("Bob").await?;
    let instead = ["Since", "One more", "And more"];
    for text in instead {
        bob.say(text).await?;
        bob.wait_for_message(text).await?;
    }
    carol.reload().await?;
    for window in [alice, bob, carol] {
        window.wait_for_message("And more").await?;
        assert_eq!(window.texts().await?, [&["Before"], &instead[..]].concat());
        window.close().await?;
    }
    project.network.stop().await
}
