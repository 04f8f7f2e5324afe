//! What `icp.yaml` says of a network, as `icp` understands it: with what is implied, and what was overridden.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, Result, ensure};
use reqwest::Url;
use yaml_rust2::{Yaml, YamlLoader};

use crate::{deploy::GATEWAYS, files::read_json, icp::Icp};

/// An environment of the project.
#[derive(Debug)]
pub(super) struct Target {
    pub api_url: String,
    page_host: Option<String>,
    backend: Settings,
    frontend: Settings,
    /// Where `icp` keeps the ids of the canisters that it has created, should it be a network that it does not run itself.
    ids: PathBuf,
}

/// What is set for one canister.
#[derive(Debug)]
struct Settings {
    variables: BTreeMap<String, String>,
    controllers: Vec<String>,
    freezing_threshold: Option<String>,
    log_visibility: Option<String>,
}

impl Target {
    /// What the project says of the environment `name`.
    pub(super) fn read(icp: &Icp<'_>, name: &str) -> Result<Self> {
        Self::parse(&icp.run(&["project", "show"])?, name)
    }

    fn parse(project: &str, name: &str) -> Result<Self> {
        let project = YamlLoader::load_from_str(project).context("icp's project is not YAML")?;
        let project = project.first().context("icp shows no project")?;
        let environment = &project["environments"][name];
        ensure!(
            !environment.is_badvalue(),
            "icp.yaml has no environment {name}: it has {}",
            names(&project["environments"]).join(", ")
        );
        let network = &environment["network"]["configuration"];
        let text = |value: &Yaml| value.as_str().map(str::to_owned);
        let folder = text(&project["dir"]).context("icp does not say where the project is")?;
        Ok(Self {
            api_url: text(&network["api-url"]).with_context(|| {
                format!("the network of {name} is one that icp runs itself; for one to deploy to, icp.yaml has a URL")
            })?,
            page_host: text(&network["http-gateway-url"]),
            backend: Settings::of(environment, "backend")?,
            frontend: Settings::of(environment, "frontend")?,
            ids: PathBuf::from(folder).join(format!(".icp/data/mappings/{name}.ids.json")),
        })
    }

    /// Whether all is said that has to be.
    pub(super) fn check(&self) -> Result<()> {
        let urls = self.gateways();
        ensure!(
            !urls.is_empty(),
            "the page could connect to nothing: icp.yaml sets no {GATEWAYS} among the environment variables of \
             frontend, the URLs of the gateways with commas between"
        );
        for url in urls.split(',') {
            let parsed = Url::parse(url).with_context(|| format!("{GATEWAYS}: {url} is no URL"))?;
            let is_local = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
            ensure!(
                parsed.scheme() == "wss" || parsed.scheme() == "ws" && is_local,
                "{GATEWAYS}: {url} does not begin with wss://, and browsers allow a page no other connection"
            );
        }
        Ok(())
    }

    fn gateways(&self) -> &str {
        let urls = self.frontend.variables.get(GATEWAYS);
        urls.map(String::as_str).unwrap_or_default()
    }

    /// Says how the canisters are set, and what is better set in earnest.
    pub(super) fn tell(&self) {
        println!("  gateways: {}", self.gateways());
        for (name, settings) in [("backend", &self.backend), ("frontend", &self.frontend)] {
            let threshold = settings.freezing_threshold.as_deref();
            println!(
                "  {name}: freezing threshold {}, logs for {}, controllers {}",
                threshold.unwrap_or("30d"),
                settings.log_visibility.as_deref().unwrap_or("controllers"),
                [&["you".to_owned()][..], &settings.controllers]
                    .concat()
                    .join(", ")
            );
            if settings.controllers.is_empty() {
                println!("  warning: without a second controller, {name} is lost with your key");
            }
        }
    }

    /// Whether `icp` has created the canister, in this deployment or one before.
    pub(super) fn has_created(&self, name: &str) -> Result<bool> {
        let ids: Option<BTreeMap<String, String>> = read_json(&self.ids)?;
        Ok(ids.is_some_and(|ids| ids.contains_key(name)))
    }

    /// Where the network serves the page of the canister `id`; `None` if the project does not say.
    pub(super) fn page_url(&self, id: &str) -> Option<String> {
        let (scheme, host) = self.page_host.as_ref()?.split_once("://")?;
        Some(format!("{scheme}://{id}.{host}"))
    }
}

impl Settings {
    fn of(environment: &Yaml, canister: &str) -> Result<Self> {
        // Its folder comes first.
        let settings = &environment["canisters"][canister][1]["settings"];
        ensure!(
            !settings.is_badvalue(),
            "icp.yaml has no canister {canister}"
        );
        let variables = settings["environment_variables"].as_hash();
        let variables = variables.into_iter().flatten();
        let controllers = settings["controllers"]
            .as_vec()
            .map_or(&[][..], Vec::as_slice);
        Ok(Self {
            variables: variables
                .map(|(name, value)| (text(name), text(value)))
                .collect(),
            controllers: controllers.iter().map(text).collect(),
            freezing_threshold: given(&settings["freezing_threshold"]),
            log_visibility: given(&settings["log_visibility"]),
        })
    }
}

fn names(map: &Yaml) -> Vec<String> {
    map.as_hash()
        .into_iter()
        .flat_map(|map| map.keys().map(text))
        .collect()
}

fn given(value: &Yaml) -> Option<String> {
    (!value.is_badvalue() && !value.is_null()).then(|| text(value))
}

/// A scalar, or some principals.
fn text(value: &Yaml) -> String {
    match value {
        Yaml::String(text) | Yaml::Real(text) => text.clone(),
        Yaml::Integer(number) => number.to_string(),
        _ => "some".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The project as `icp` shows it, with these environment variables of the page's canister.
    fn target(variables: &str) -> Result<Target> {
        let project = format!(
            "
dir: /project
environments:
  ic:
    network:
      configuration: {{ api-url: https://api.example/, http-gateway-url: https://pages.example/ }}
    canisters:
      backend:
      - /project
      - {{ name: backend, settings: {{ freezing_threshold: 90d, controllers: null }} }}
      frontend:
      - /project
      - {{ name: frontend, settings: {{ environment_variables: {variables}, controllers: [aaaaa-aa] }} }}
"
        );
        Target::parse(&project, "ic")
    }

    #[test]
    fn what_is_set_is_understood() {
        let target =
            target("{ PUBLIC_GATEWAY_URLS: 'wss://one.example,wss://two.example' }").unwrap();
        target.check().unwrap();
        assert_eq!(target.api_url, "https://api.example/");
        assert_eq!(
            target.page_url("aaaaa-aa").unwrap(),
            "https://aaaaa-aa.pages.example/"
        );
        assert_eq!(target.backend.freezing_threshold.as_deref(), Some("90d"));
        assert!(target.backend.controllers.is_empty());
        assert_eq!(target.frontend.controllers, ["aaaaa-aa"]);
    }

    #[test]
    fn a_page_without_a_gateway_that_it_may_reach_is_refused() {
        let refusal = |variables| target(variables).unwrap().check().unwrap_err().to_string();
        assert!(refusal("{}").contains("sets no PUBLIC_GATEWAY_URLS"));
        assert!(refusal("{ PUBLIC_GATEWAY_URLS: gateway.example }").contains("is no URL"));
        assert!(refusal("{ PUBLIC_GATEWAY_URLS: 'ws://gateway.example' }").contains("wss://"));
        let local = target("{ PUBLIC_GATEWAY_URLS: 'ws://127.0.0.1:8080' }").unwrap();
        local.check().unwrap();
    }

    #[test]
    fn an_unknown_environment_is_refused_with_those_there_are() {
        let error = Target::parse("environments: { ic: {}, staging: {} }", "live").unwrap_err();
        assert_eq!(
            error.to_string(),
            "icp.yaml has no environment live: it has ic, staging"
        );
    }
}
