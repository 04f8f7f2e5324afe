//! `scripts/deploy`: brings the canisters and the page to any network, as `icp.yaml` says.
//!
//! `icp deploy` does the work, and can be repeated after it was interrupted. What comes around it: everything that can be
//! known to be wrong is said before anything is done, and nothing is done that was not announced.

mod canister;
mod interface;
mod project;

use std::io::{IsTerminal, Write, stdin, stdout};

use anyhow::{Context, Result, bail, ensure};
use candid::Principal;
use clap::Args;

use self::{
    canister::{Deployed, Step},
    project::Target,
};
use crate::{
    app::App,
    build::{self, Commit, Module},
    icp::Icp,
    layout::Layout,
};

/// What the creation of a canister takes from the deployer's balance.
const CREATION_CYCLES: u128 = 2_000_000_000_000;
/// Below this, a canister's cycles are worth a word.
const ENOUGH_DAYS: u128 = 30;

/// The command line's options.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where to: an environment of icp.yaml. `ic` is the mainnet.
    #[arg(long, value_name = "NAME")]
    network: String,
    /// Does not ask.
    #[arg(long)]
    yes: bool,
    /// Upgrades canisters also if those who call them as they are now would fail.
    #[arg(long)]
    breaking: bool,
}

/// Deploys.
pub fn run(layout: &Layout, options: &Options) -> Result<()> {
    let icp = Icp::new(layout.root(), &options.network);
    let deployer = deployer(&icp)?;
    let target = Target::read(&icp, &options.network)?;
    target.check()?;
    icp.run_there(&["network", "ping"])
        .with_context(|| format!("{} cannot be reached", target.api_url))?;

    build::canisters_and_page(layout, &App::main(layout))?;
    let modules = Module::make_all(layout)?.into_iter();
    let steps: Vec<_> = modules
        .map(|module| {
            let deployed = Deployed::find(&icp, &target, module.name)?;
            Ok(Step { module, deployed })
        })
        .collect::<Result<_>>()?;

    println!("To {}, {}, as {deployer}:", options.network, target.api_url);
    announce(&steps);
    target.tell();
    warn_of_source(layout);
    check_balance(&icp, &steps)?;
    check_interfaces(&icp, &steps, options)?;
    ask(options)?;

    icp.deploy()?;
    let page = verify(&icp, &target, &steps)?;
    println!("\nThe page: {page}");
    Ok(())
}

/// Who deploys; says which tool does.
fn deployer(icp: &Icp<'_>) -> Result<Principal> {
    println!("With icp {}", icp.version()?);
    let principal = icp.run(&["identity", "principal"])?;
    let principal = Principal::from_text(principal.trim())?;
    ensure!(
        principal != Principal::anonymous(),
        "icp has no identity selected, and what nobody has deployed everybody controls: \
         icp identity new NAME, then icp identity default NAME"
    );
    Ok(principal)
}

fn announce(steps: &[Step]) {
    for step in steps {
        println!("  {step}");
        let days_left = step.deployed.as_ref().and_then(Deployed::days_left);
        if let Some(days) = days_left.filter(|days| *days < ENOUGH_DAYS) {
            println!(
                "  warning: the cycles of {} last for {days} days: icp canister top-up",
                step.module.name
            );
        }
    }
    println!("  the page is uploaded");
}

fn warn_of_source(layout: &Layout) {
    match Commit::of(layout.root()) {
        None => println!(
            "  warning: the source is in no Git repository, so the modules do not say where they are from"
        ),
        Some(commit) if commit.is_dirty() => {
            println!(
                "  warning: with changes that are not committed, nobody else can build these modules"
            );
        }
        Some(_) => {}
    }
}

/// Canisters that are there pay for themselves; new ones, the deployer pays for.
fn check_balance(icp: &Icp<'_>, steps: &[Step]) -> Result<()> {
    let new = steps.iter().filter(|step| step.creates()).count();
    if new == 0 {
        return Ok(());
    }
    let needed = new as u128 * CREATION_CYCLES;
    let balance = icp.run_there(&["cycles", "balance", "--quiet"])?;
    // `2_000_000 cycles`
    let number = balance.split_whitespace().next().and_then(canister::number);
    let balance =
        number.with_context(|| format!("icp has told an unexpected balance: {balance}"))?;
    ensure!(
        balance > needed,
        "creating {new} canisters takes {needed} cycles and a fee, the balance is {balance}: icp cycles mint"
    );
    Ok(())
}

fn check_interfaces(icp: &Icp<'_>, steps: &[Step], options: &Options) -> Result<()> {
    if options.breaking {
        return Ok(());
    }
    let mut broken = Vec::new();
    for step in steps.iter().filter(|step| step.replaces_module()) {
        let name = step.module.name;
        let Some(new) = interface::of_module(&step.module.path)? else {
            continue;
        };
        let old = icp.run_there(&["canister", "metadata", name, interface::SECTION]);
        let old = old.with_context(|| {
            format!("the interface of {name} as it is now cannot be read; --breaking goes without")
        })?;
        let problems = interface::incompatibilities(&new, &old)?;
        broken.extend(problems.into_iter().map(|it| format!("\n  {name}: {it}")));
    }
    ensure!(
        broken.is_empty(),
        "this would break those who call the canisters as they are now:{}\n\
         If nobody does, --breaking upgrades nevertheless.",
        broken.concat()
    );
    Ok(())
}

fn ask(options: &Options) -> Result<()> {
    if options.yes {
        return Ok(());
    }
    ensure!(
        stdin().is_terminal(),
        "there is nobody to ask: --yes goes ahead without"
    );
    print!("Go ahead? [y/N] ");
    stdout().flush()?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => bail!("nothing was done"),
    }
}

/// Looks whether the network has what was built; gives the page's address.
fn verify(icp: &Icp<'_>, target: &Target, steps: &[Step]) -> Result<String> {
    let mut page = None;
    for Step { module, .. } in steps {
        let name = module.name;
        let deployed = Deployed::find(icp, target, name)?;
        let deployed = deployed.with_context(|| format!("icp has not created {name}"))?;
        ensure!(
            deployed.module_hash() == Some(&module.hash),
            "{name} is not the module that was built here: it has the hash {}",
            deployed.module_hash().unwrap_or("of none")
        );
        println!("{name:10} {}  {}", deployed.id, module.hash);
        if name == "frontend" {
            page = target.page_url(&deployed.id);
        }
    }
    page.context("icp.yaml does not say where this network serves pages (http-gateway-url)")
}
