//! The certificate for `wss://`, which is read anew when its files change: certificates live for weeks, gateways
//! for longer.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use thiserror::Error;
use tokio::{fs, net::TcpStream, sync::watch, time::sleep};
use tokio_rustls::{
    Accept, TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    },
};
use tracing::{info, warn};

use crate::config;

/// The files for TLS cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// One of them cannot be read.
    #[error("cannot read '{path}': {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// One of them is not PEM, or holds something else.
    #[error("'{path}' holds no {what} in PEM: {source}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
        /// Why it is not.
        source: pem::Error,
    },
    /// Certificate and key do not belong together, or are of a kind that is not known.
    #[error("the certificate in '{path}' cannot be used with its key: {source}")]
    Unusable {
        /// The file with the certificate.
        path: PathBuf,
        /// Why not.
        source: rustls::Error,
    },
}

/// Encrypts connections with the newest certificate.
#[derive(Debug, Clone)]
pub(crate) struct Tls(watch::Receiver<Arc<ServerConfig>>);

/// Keeps a [`Tls`] up to date.
#[derive(Debug)]
pub(crate) struct Reloader {
    files: Files,
    interval: Duration,
    contents: Contents,
    config: watch::Sender<Arc<ServerConfig>>,
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// Compared as a whole: a change of a symbolic link or within the resolution of file times is a change, too.
#[derive(PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contents(..)")
    }
}

/// What `settings` ask for; nothing if they name no files.
pub(crate) async fn load(settings: &config::Tls) -> Result<Option<(Tls, Reloader)>, TlsError> {
    let (Some(certificate), Some(key)) = (
        &settings.tls_certificate_pem_path,
        &settings.tls_certificate_key_pem_path,
    ) else {
        return Ok(None);
    };
    let files = Files {
        certificate: certificate.clone(),
        key: key.clone(),
    };
    let contents = files.read().await?;
    let (config, receiver) = watch::channel(files.parse(&contents)?);
    let reloader = Reloader {
        files,
        interval: settings.tls_reload_interval,
        contents,
        config,
    };
    Ok(Some((Tls(receiver), reloader)))
}

impl Tls {
    pub(crate) fn accept(&self, stream: TcpStream) -> Accept<TcpStream> {
        TlsAcceptor::from(self.0.borrow().clone()).accept(stream)
    }
}

impl Reloader {
    /// Looks for other files from time to time. Those that cannot be used are logged, and the old ones kept.
    pub(crate) async fn run(mut self) {
        loop {
            sleep(self.interval).await;
            if let Err(error) = self.reload().await {
                warn!(%error, "the certificate was not reloaded");
            }
        }
    }

    async fn reload(&mut self) -> Result<(), TlsError> {
        let contents = self.files.read().await?;
        if contents == self.contents {
            return Ok(());
        }
        let config = self.files.parse(&contents)?;
        self.contents = contents;
        self.config.send_replace(config);
        info!(certificate = %self.files.certificate.display(), "the certificate was reloaded");
        Ok(())
    }
}

impl Files {
    async fn read(&self) -> Result<Contents, TlsError> {
        let read = async |path: &PathBuf| {
            fs::read(path).await.map_err(|source| TlsError::Read {
                path: path.clone(),
                source,
            })
        };
        Ok(Contents {
            certificate: read(&self.certificate).await?,
            key: read(&self.key).await?,
        })
    }

    fn parse(&self, contents: &Contents) -> Result<Arc<ServerConfig>, TlsError> {
        let not_pem = |path: &PathBuf, what| {
            let path = path.clone();
            move |source| TlsError::Pem { path, what, source }
        };
        let chain = CertificateDer::pem_slice_iter(&contents.certificate)
            .collect::<Result<Vec<_>, _>>()
            .and_then(|chain| match chain.is_empty() {
                true => Err(pem::Error::NoItemsFound),
                false => Ok(chain),
            })
            .map_err(not_pem(&self.certificate, "certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(&contents.key)
            .map_err(not_pem(&self.key, "private key"))?;
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
                .map_err(|source| TlsError::Unusable {
                    path: self.certificate.clone(),
                    source,
                })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn what_is_no_certificate_changes_nothing() {
        let directory = TempDir::new().unwrap();
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = directory.path().join("cert.pem");
        let key = directory.path().join("key.pem");
        std::fs::write(&certificate, certified.cert.pem()).unwrap();
        std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
        let settings = config::Tls {
            tls_certificate_pem_path: Some(certificate.clone()),
            tls_certificate_key_pem_path: Some(key),
            tls_reload_interval: Duration::from_secs(60),
        };
        let (tls, mut reloader) = load(&settings).await.unwrap().unwrap();
        let first = tls.0.borrow().clone();

        std::fs::write(&certificate, "garbage").unwrap();
        assert!(matches!(reloader.reload().await, Err(TlsError::Pem { .. })));
        assert!(Arc::ptr_eq(&first, &tls.0.borrow()));

        std::fs::write(&certificate, certified.cert.pem() + "\n").unwrap();
        reloader.reload().await.unwrap();
        assert!(!Arc::ptr_eq(&first, &tls.0.borrow()));
    }
}
