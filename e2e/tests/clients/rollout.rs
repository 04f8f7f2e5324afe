//! `scripts/deploy` to a network with a name, by the real `icp` command.

use std::process::Stdio;

use anyhow::{Context, Result};
use candid::Principal;
use e2e::{browser::Browser, gateway, wait::until};
use reqwest::Response;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::fs;

use crate::project::{BACKUP, NAME, Project, outcome};

/// The address of the page that a deployment has told.
fn page_url(said: &str) -> Result<String> {
    let mut lines = said.lines();
    let url = lines.find_map(|line| line.strip_prefix("The page: "));
    url.map(str::to_owned).with_context(|| said.to_owned())
}

/// What a browser gets at `path` of the page.
async fn fetch(project: &Project, path: &str) -> Result<Response> {
    let frontend = Principal::from_text(&project.canisters().await?["frontend"])?;
    let response = project.network.fetch(frontend, path).await?;
    Ok(response.error_for_status()?)
}

/// How many connections the gateway has seen the end of.
async fn closed_connections(project: &Project) -> Result<f64> {
    let gateway = project.network.gateway_address();
    gateway::metric(gateway, "icws_gateway_connections_closed_total{").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_that_was_interrupted_is_repeated() -> Result<()> {
    let project = Project::new().await?;
    let [reached, go] = ["reached", "go"].map(|file| project.icp.folder().join(file));
    let hang = format!(
        "command: test -e {} || {{ touch {}; sleep 60; exit 1; }}; ",
        go.display(),
        reached.display()
    );
    project.replace(&[("command: ", hang)]).await?;

    let mut first = project.deployment(NAME, &["--yes"])?;
    first.stdout(Stdio::null()).stderr(Stdio::null());
    let mut first = first.process_group(0).spawn()?;
    let pid = first.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
    let built = project.icp.folder().join(".icp/cache/artifacts/frontend");
    for (what, file) in [("the build", built), ("the upload of the page", reached)] {
        until(what, || async {
            Ok(fs::try_exists(&file).await?.then_some(()))
        })
        .await?;
    }
    kill_process_group(pid.context("it has ended")?, Signal::KILL)?;
    first.wait().await?;
    let canisters = project.canisters().await?;
    fs::write(&go, []).await?;

    let said = project.deploy(&["--yes"]).await?;
    assert!(
        said.contains("backend is upgraded to the version that it has"),
        "{said}"
    );
    assert_eq!(project.canisters().await?, canisters);

    let page = fetch(&project, "/").await?;
    let policy = page.headers()["content-security-policy"].to_str()?;
    assert!(policy.contains(&project.network.gateway_url), "{policy}");
    assert!(page.headers().contains_key("strict-transport-security"));
    let domains = fetch(&project, "/.well-known/ic-domains").await?;
    assert_eq!(domains.text().await?, "chat.example\n");

    let backend = project.status("backend").await?;
    let settings = &backend["settings"];
    assert_eq!(settings["freezing_threshold"], "7_776_000");
    let controllers = settings["controllers"].as_array().context("none")?;
    assert!(controllers.contains(&BACKUP.into()), "{settings}");
    let version = ["canister", "metadata", "backend", "version", "-e", NAME];
    let version = project.icp.run(version).await?;
    assert_eq!(version.trim(), env!("CARGO_PKG_VERSION"));

    let browser = Browser::start().await?;
    let window = browser.window(&page_url(&said)?).await?;
    window.enter_lobby("Alice").await?;
    window.say("Here we are").await?;
    window.wait_for_message("Here we are").await?;
    window.close().await?;
    project.network.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_in_the_middle_of_a_chat_is_not_noticed() -> Result<()> {
    let project = Project::new().await?;
    // An earlier version: the same, without the label.
    let (label, without) = (
        "canisters/backend.wasm.gz",
        "wasm32-unknown-unknown/wasm/chat_backend.wasm",
    );
    project.replace(&[(label, without.to_owned())]).await?;
    project.icp.run(["deploy", "--yes", "-e", NAME]).await?;
    project.replace(&[(without, label.to_owned())]).await?;
    let before = project.status("backend").await?;
    let page = project.page().await?;

    let browser = Browser::start().await?;
    let alice = browser.window(&page).await?;
    alice.enter_lobby("Alice").await?;
    let bob = browser.window(&page).await?;
    bob.enter_lobby("Bob").await?;
    alice.say("Before").await?;
    bob.wait_for_message("Before").await?;
    let closed = closed_connections(&project).await?;

    let mut deployment = project.deployment(NAME, &["--yes"])?;
    let deployment = tokio::spawn(async move { deployment.output().await });
    for number in 0.. {
        let text = format!("Meanwhile, {number}");
        alice.say(&text).await?;
        bob.wait_for_message(&text).await?;
        if deployment.is_finished() {
            break;
        }
    }
    let said = outcome(&deployment.await??)?;
    assert!(said.contains("backend is upgraded"), "{said}");
    let after = project.status("backend").await?;
    assert_ne!(after["module_hash"], before["module_hash"]);

    bob.say("After").await?;
    alice.wait_for_message("After").await?;
    assert_eq!(closed_connections(&project).await?, closed);
    for window in [alice, bob] {
        window.close().await?;
    }
    project.network.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_go_wrong_is_said_before_anything_is_done() -> Result<()> {
    let project = Project::new().await?;
    let refusal = project.refusal("nowhere", &["--yes"]).await?;
    assert!(refusal.contains("no environment nowhere"), "{refusal}");
    let refusal = project.refusal("ic", &["--yes"]).await?;
    assert!(refusal.contains("PUBLIC_GATEWAY_URLS"), "{refusal}");
    let refusal = project.refusal(NAME, &[]).await?;
    assert!(refusal.contains("--yes"), "{refusal}");
    assert!(project.canisters().await.is_err());

    // An earlier version with a method that the chat does not have.
    let earlier = project.icp.folder().join("earlier.wasm");
    let module =
        r#"(module (@custom "icp:public candid:service" "service : { wave : () -> () }"))"#;
    fs::write(&earlier, wat::parse_str(module)?).await?;
    let earlier = earlier.to_str().context("a path that is not UTF-8")?;
    let create = ["canister", "create", "backend", "-e", NAME];
    project.icp.run(create).await?;
    let install = ["canister", "install", "backend", "--wasm", earlier];
    project
        .icp
        .run([&install[..], &["-e", NAME]].concat())
        .await?;
    let before = project.status("backend").await?;

    let refusal = project.refusal(NAME, &["--yes"]).await?;
    assert!(refusal.contains("backend: method \"wave\""), "{refusal}");
    let after = project.status("backend").await?;
    assert_eq!(after["module_hash"], before["module_hash"]);
    assert!(!project.canisters().await?.contains_key("frontend"));

    let said = project.deploy(&["--yes", "--breaking"]).await?;
    assert!(said.contains("backend is upgraded"), "{said}");
    project.network.stop().await
}
