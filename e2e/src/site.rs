//! A small web site on loopback, served from memory: what a browser needs to run something other than the chat.

use std::{net::Ipv4Addr, path::Path};

use anyhow::Result;
use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use bytes::Bytes;
use tokio::{net::TcpListener, task::JoinHandle};
use xtask::media_type::MediaType;

/// A site. Ends when dropped.
pub struct Site {
    /// Where it is, without a path.
    pub origin: String,
    server: JoinHandle<()>,
}

impl Site {
    /// Serves each of the files at its path: as what the chat's page would be served as, or as a page.
    pub async fn start<'a>(files: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Result<Self> {
        let mut router = Router::new();
        for (path, content) in files {
            let media_type = MediaType::of(Path::new(path));
            let media_type = media_type.map_or("text/html", |it| it.content_type);
            let content = Bytes::from(content);
            let file = get(move || async move { ([(CONTENT_TYPE, media_type)], content) });
            router = router.route(path, file);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let server = tokio::spawn(async move {
            // Ends with this site; until then, axum goes on whatever happens.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { origin, server })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}
