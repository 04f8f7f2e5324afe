//! The list of rooms: making them, finding them, and what it says about each.

use anyhow::Result;

use super::member;
use crate::{browser::Window, wait::until};

impl Window {
    /// Makes a room, which everybody finds, and goes in.
    pub async fn make_room(&self, name: &str) -> Result<()> {
        self.make(name, false).await
    }

    /// Makes a room for those who are invited only, and goes in.
    pub async fn make_private_room(&self, name: &str) -> Result<()> {
        self.make(name, true).await
    }

    async fn make(&self, name: &str, is_private: bool) -> Result<()> {
        self.press("New room").await?;
        self.fill_in("Name", name).await?;
        if is_private {
            self.click("dialog [type=checkbox]").await?;
        }
        self.press("Make the room").await?;
        self.wait_for_room(name).await
    }

    /// Finds a room among the public ones, and joins it.
    pub async fn find_and_join_room(&self, name: &str) -> Result<()> {
        self.press("Find rooms").await?;
        self.fill_in("Find a public room", name).await?;
        self.join_room(name).await
    }

    /// Waits until the list says this about a room: how much is unread there, that it is muted.
    pub async fn wait_for_room_label(&self, room: &str, label: &str) -> Result<()> {
        let labelled = format!("[data-room='{room}'] [aria-label='{label}']");
        self.wait_for(&labelled).await.map(|_| ())
    }

    /// Waits until the canister knows that everything in a room has been read.
    pub async fn wait_until_read(&self, room: &str) -> Result<()> {
        self.wait_for_none(&format!("[data-room='{room}'] .badges"))
            .await
    }

    /// Waits for this title of the page, which tells how many conversations want attention.
    pub async fn wait_for_title(&self, title: &str) -> Result<()> {
        until(&format!("the title '{title}'"), || async {
            let shown: String = self.ask("return document.title", []).await?;
            Ok((shown == title).then_some(()))
        })
        .await
    }

    /// Opens what can be done about somebody in the open list of members.
    pub async fn show_person(&self, name: &str) -> Result<()> {
        self.click(&format!("{} .name", member(name))).await
    }

    /// Waits until the open list of members says that somebody is this.
    pub async fn wait_for_role(&self, name: &str, role: &str) -> Result<()> {
        self.wait_for_text(&member(name), role).await
    }

    /// Closes what stands beside the conversation, or lies over everything.
    pub async fn close_panel(&self) -> Result<()> {
        self.press("Close").await
    }
}
