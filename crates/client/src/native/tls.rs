//! Whom to believe that a gateway is who it says.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::CertificateDer};
use tokio_tungstenite::Connector;

use crate::config::Config;

/// TLS with the authorities that the system trusts, and those of `config`; none where no gateway needs it.
pub(super) fn connector(config: &Config) -> Result<Connector, String> {
    if !config.gateways.iter().any(|url| url.starts_with("wss:")) {
        return Ok(Connector::Plain);
    }
    let mut roots = RootCertStore::empty();
    // A system without authorities is no obstacle where the configuration has its own.
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    for certificate in &config.root_certificates {
        roots
            .add(CertificateDer::from_slice(certificate))
            .map_err(|e| format!("a root certificate of the configuration is of no use: {e}"))?;
    }
    if roots.is_empty() {
        return Err(
            "there is no certificate authority to trust, of the system or of the configuration"
                .into(),
        );
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Connector::Rustls(Arc::new(tls)))
}
