//! Deploys to a real local network, and looks at the outcome through its public interface.

use std::{fs, net::SocketAddr, path::Path};

use anyhow::Result;
use candid::Principal;
use ic_agent::{Agent, identity::BasicIdentity};
use ic_localnet::Localnet;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use xtask::{
    build::Artifacts,
    deploy::{Deployment, deploy},
    layout::Layout,
};

const GATEWAY: &str = "ws://127.0.0.1:8080";

struct Site {
    network: Localnet,
    folder: TempDir,
    artifacts: Artifacts,
}

impl Site {
    /// An empty network, the canisters as `scripts/test` has built them, and a page of two files.
    async fn new() -> Result<Self> {
        let config = ic_localnet::Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..Default::default()
        };
        let network = Localnet::start(config).await?;
        let folder = tempfile::tempdir()?;
        let page = folder.path().join("page");
        fs::create_dir(&page)?;
        fs::write(
            page.join("index.html"),
            "<!doctype html><title>Page</title>",
        )?;
        fs::write(page.join("style.css"), "body { margin: 0 }".repeat(100))?;
        let artifacts = Artifacts {
            page,
            ..Artifacts::of(&Layout::of_this_workspace())
        };
        Ok(Self {
            network,
            folder,
            artifacts,
        })
    }

    async fn deploy(&self, gateway: &str, before: Option<&Deployment>) -> Result<Deployment> {
        let known = before.map(Deployment::canisters).unwrap_or_default();
        let identity = BasicIdentity::from_raw_key(&[7; 32]);
        deploy(
            &self.network.url(),
            identity,
            &self.artifacts,
            gateway,
            &known,
        )
        .await
    }

    async fn get(&self, frontend: Principal, file: &str) -> Result<reqwest::Response> {
        let host = format!("{frontend}.localhost");
        let client = reqwest::Client::builder()
            .no_proxy()
            .resolve(&host, self.network.addr())
            .build()?;
        let url = format!("http://{host}:{}/{file}", self.network.addr().port());
        Ok(client.get(url).send().await?)
    }

    async fn module_hash(&self, canister: Principal) -> Result<Vec<u8>> {
        let agent = Agent::builder().with_url(self.network.url()).build()?;
        agent.fetch_root_key().await?;
        Ok(agent.read_state_canister_module_hash(canister).await?)
    }

    /// What the asset canister tells the page of its network and its environment variables.
    fn cookie(&self, deployment: &Deployment, gateway_port: &str) -> String {
        let Deployment {
            backend,
            frontend,
            identity,
            root_key,
        } = deployment;
        format!(
            "ic_env=ic_root_key%3D{}%26PUBLIC_CANISTER_ID%3Abackend%3D{backend}\
             %26PUBLIC_CANISTER_ID%3Afrontend%3D{frontend}%26PUBLIC_CANISTER_ID%3Aidentity%3D{identity}\
             %26PUBLIC_GATEWAY_URLS%3Dws%3A%2F%2F127.0.0.1%3A{gateway_port}\
             %26PUBLIC_IDENTITY_PROVIDER_URL%3Dhttp%3A%2F%2F{identity}.localhost%3A{}%2Fauthorize; SameSite=Lax",
            hex::encode(root_key),
            self.network.addr().port(),
        )
    }
}

#[tokio::test]
async fn a_second_deployment_changes_only_what_differs() -> Result<()> {
    let mut site = Site::new().await?;
    let first = site.deploy(GATEWAY, None).await?;
    let page = site.get(first.frontend, "").await?;
    assert_eq!(page.headers()["set-cookie"], site.cookie(&first, "8080"));
    assert!(page.text().await?.contains("<title>Page"));
    let style = site.get(first.frontend, "style.css").await?;
    assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
    assert!(!style.headers().contains_key("set-cookie"));

    fs::write(
        site.artifacts.page.join("index.html"),
        "<!doctype html><title>Another</title>",
    )?;
    fs::remove_file(site.artifacts.page.join("style.css"))?;
    site.artifacts.backend_wasm = padded(&site.artifacts.backend_wasm, 1, site.folder.path())?;
    let second = site.deploy("ws://127.0.0.1:9090", Some(&first)).await?;

    assert_eq!(second, first);
    let page = site.get(first.frontend, "").await?;
    assert_eq!(page.headers()["set-cookie"], site.cookie(&first, "9090"));
    assert!(page.text().await?.contains("<title>Another"));
    let gone = site.get(first.frontend, "style.css").await?;
    assert!(
        !gone.headers()["content-type"]
            .to_str()?
            .starts_with("text/css")
    );
    let upgraded = Sha256::digest(fs::read(&site.artifacts.backend_wasm)?).to_vec();
    assert_eq!(site.module_hash(first.backend).await?, upgraded);
    site.network.shutdown().await?;
    Ok(())
}

#[tokio::test]
async fn a_module_too_large_for_one_call_goes_in_chunks() -> Result<()> {
    let mut site = Site::new().await?;
    let three_mib = 3 * 1024 * 1024;
    site.artifacts.backend_wasm =
        padded(&site.artifacts.backend_wasm, three_mib, site.folder.path())?;
    let deployment = site.deploy(GATEWAY, None).await?;
    let expected = Sha256::digest(fs::read(&site.artifacts.backend_wasm)?).to_vec();
    assert_eq!(site.module_hash(deployment.backend).await?, expected);
    site.network.shutdown().await?;
    Ok(())
}

/// Copies the module to `folder` and makes it longer, by a custom section of this many bytes.
fn padded(module: &Path, bytes: u32, folder: &Path) -> Result<std::path::PathBuf> {
    let mut module = fs::read(module)?;
    let name = [3, b'p', b'a', b'd'];
    let size = bytes + u32::try_from(name.len())?;
    // A custom section has the id 0; its size is a LEB128 number, here in its longest form.
    module.push(0);
    module.extend((0..5).map(|group| {
        let more = if group < 4 { 0x80 } else { 0 };
        more | ((size >> (7 * group)) & 0x7f) as u8
    }));
    module.extend(name);
    module.extend(vec![0; bytes as usize]);
    let path = folder.join("padded.wasm");
    fs::write(&path, module)?;
    Ok(path)
}
