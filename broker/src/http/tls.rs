//! TLS of our own listener: one crypto provider for the whole process, files read once at start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use tokio_rustls::TlsAcceptor;

use crate::settings::Tls;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is no PEM of the wanted kind.
    #[error("tls: {path} holds no usable {what}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// What was wanted of it.
        what: &'static str,
        /// Why.
        source: pem::Error,
    },
    /// Certificate and key do not fit.
    #[error("tls: the certificate and the key do not make a server")]
    Rustls(#[source] rustls::Error),
}

/// Chooses the crypto provider of the process. Harmless when called again.
pub fn install_provider() {
    // An error says that it is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// An acceptor for HTTP/1.1 over TLS 1.2 and 1.3.
///
/// # Errors
/// The files are unreadable or do not fit together.
pub fn acceptor(settings: &Tls) -> Result<TlsAcceptor, TlsError> {
    install_provider();
    let chain = CertificateDer::pem_file_iter(&settings.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|source| wrong(&settings.certificate, "certificate chain", source))?;
    let key = PrivateKeyDer::from_pem_file(&settings.key)
        .map_err(|source| wrong(&settings.key, "private key", source))?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsError::Rustls)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn wrong(path: &Path, what: &'static str, source: pem::Error) -> TlsError {
    TlsError::Pem {
        path: path.to_owned(),
        what,
        source,
    }
}
