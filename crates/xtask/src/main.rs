//! The command line behind `scripts/`.

use std::{ffi::OsString, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::{
    app::App,
    bench,
    build::{self, Module},
    icp,
    layout::Layout,
    new, pictures, release, rollout, start, stop, test,
};

/// Builds, runs and tests the app in this workspace.
#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the canisters, the page, the local network and the gateway.
    Build {
        /// Only what is deployed: the canisters and the page.
        #[arg(long)]
        canisters: bool,
        /// The app: the one in backend/ and frontend/ unless given, else one of examples/.
        #[arg(long, value_name = "NAME")]
        app: Option<String>,
        /// Also says how large the page is to load, and which crates make it so.
        #[arg(long)]
        page_size: bool,
    },
    /// Brings up the local network, the canisters, the gateway and the page; Ctrl-C stops them all.
    Start(start::Options),
    /// Deploys the canisters and the page to any network.
    Deploy(rollout::Options),
    /// Builds what is given to others: programs, modules, checksums, bills of materials.
    Release,
    /// Stops what `start` has started.
    Stop,
    /// Runs every test, browser tests included.
    Test,
    /// Measures a part of the stack.
    #[command(disable_help_flag = true)]
    Bench {
        /// What the benchmarks are told; `--help` lists it.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Makes a project of its own from an example.
    New(new::Options),
    /// Takes the pictures of the page that `docs/` shows.
    Pictures,
    /// Uploads the page: a step of `icp deploy`.
    #[command(hide = true)]
    IcpSync,
    /// Runs the parts, already built. `start --background` detaches this.
    #[command(hide = true)]
    Supervise(start::Setup),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let command = Cli::parse().command;
    let layout = Layout::of_this_workspace();
    let outcome = match command {
        Command::Build {
            canisters,
            app,
            page_size,
        } => build(&layout, canisters, app.as_deref(), page_size),
        Command::Start(options) => start::run(&layout, options).await,
        Command::Deploy(options) => rollout::run(&layout, &options),
        Command::Release => release::run(&layout),
        Command::Stop => stop::run(&layout).await,
        Command::Test => test::run(&layout),
        Command::Bench { arguments } => bench::run(&layout, &arguments),
        Command::New(options) => new::run(&layout, options),
        Command::Pictures => pictures::run(&layout),
        Command::IcpSync => icp::sync(&layout).await,
        Command::Supervise(setup) => start::supervise_detached(&layout, setup).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn build(
    layout: &Layout,
    only_canisters: bool,
    app: Option<&str>,
    tell_page_size: bool,
) -> Result<()> {
    let app = App::named(layout, app)?;
    if only_canisters {
        build::canisters_and_page(layout, &app)?;
    } else {
        build::all(layout, &app)?;
    }
    // What `icp.yaml` deploys is of the app in the root.
    if app.is_main() {
        for module in Module::make_all(layout)? {
            println!("{module}");
        }
    }
    if tell_page_size {
        println!("{}", build::page_size(layout, &app)?);
    }
    Ok(())
}
