//! `scripts/xtask pictures`: takes the pictures that `docs/` shows, of a chat among friends.

mod friend;
mod scene;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use e2e::{
    browser::{Browser, ColorScheme, Device, Window},
    stack::Stack,
};

/// What a picture may have at most: it is loaded by everybody who reads about the page.
const MAX_BYTES: usize = 250_000;

/// The size of the page on a desk.
const DESK: (u32, u32) = (1280, 800);

/// Takes the pictures of the page.
#[derive(Parser)]
struct Options {
    /// The folder that they are put in.
    folder: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Options { folder } = Options::parse();
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let desk = browser.window(&stack.page_url).await?;
    desk.resize(DESK.0, DESK.1).await?;
    let phone = browser.window_on(Device::Phone, &stack.page_url).await?;
    let take = async |window: &Window, name: &str| {
        window.look_away().await?;
        let picture = window.screenshot().await?;
        let bytes = picture.len();
        ensure!(bytes <= MAX_BYTES, "the picture {name} has {bytes} bytes");
        let path = folder.join(name).with_extension("png");
        fs::write(&path, picture).with_context(|| format!("cannot write {}", path.display()))
    };

    desk.type_name(scene::AT_THE_DESK).await?;
    take(&desk, "sign-in").await?;
    let _friends = scene::play(&stack, &desk, &phone).await?;
    desk.show_members().await?;
    desk.wait_for_person(scene::ON_THE_PHONE).await?;
    take(&desk, "chat").await?;
    desk.close_panel().await?;
    desk.prefer(ColorScheme::Dark).await?;
    take(&desk, "chat-dark").await?;
    desk.prefer(ColorScheme::Light).await?;
    desk.click(".connection-words").await?;
    desk.wait_for("svg.chart rect").await?;
    // To what happens, below what is so all the time.
    desk.execute("document.querySelector('.panel-content').scrollTop = 330")
        .await?;
    take(&desk, "connection").await?;
    take(&phone, "chat-phone").await?;

    desk.close().await?;
    phone.close().await?;
    stack.stop().await
}
