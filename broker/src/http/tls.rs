//! TLS of our own listener: one crypto provider for the whole process, files read once at start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::auth::Certificate;
use crate::settings::Tls;

/// HTTP/2 over TLS (RFC 9113 §3.1).
const HTTP2: &[u8] = b"h2";

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
    /// Authorities that no client's certificate can be checked by.
    #[error("tls: {path} holds no authorities that clients' certificates can be checked by")]
    Clients {
        /// The file.
        path: PathBuf,
        /// Why.
        source: VerifierBuilderError,
    },
}

/// Chooses the crypto provider of the process. Harmless when called again.
pub fn install_provider() {
    // An error says that it is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// An acceptor for HTTP/2 and HTTP/1.1 over TLS 1.2 and 1.3.
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
    let config = ServerConfig::builder();
    let config = match &settings.client_ca {
        None => config.with_no_client_auth(),
        Some(path) => {
            // Who has no certificate may have a token.
            let verifier = WebPkiClientVerifier::builder(Arc::new(authorities(path)?))
                .allow_unauthenticated()
                .build();
            let verifier = verifier.map_err(|source| TlsError::Clients {
                path: path.clone(),
                source,
            })?;
            config.with_client_cert_verifier(verifier)
        }
    };
    let mut config = config
        .with_single_cert(chain, key)
        .map_err(TlsError::Rustls)?;
    // RFC 7301 §3.2: the first of them that the client speaks.
    config.alpn_protocols = vec![HTTP2.to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let what = "certificates of authorities";
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|source| wrong(path, what, source))?;
    let mut roots = RootCertStore::empty();
    for certificate in found {
        roots.add(certificate).map_err(TlsError::Rustls)?;
    }
    Ok(roots)
}

/// The names of the certificate that the client has shown, if it has. Its chain and its signature are checked.
pub(super) fn certificate<S>(stream: &TlsStream<S>) -> Option<Certificate> {
    let shown = stream.get_ref().1.peer_certificates()?.first()?;
    let shown = webpki::EndEntityCert::try_from(shown).ok()?;
    Some(Certificate::new(
        shown.valid_dns_names().chain(shown.valid_uri_names()),
    ))
}

/// Whether client and server have agreed on HTTP/2.
pub(super) fn is_http2<S>(stream: &TlsStream<S>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(HTTP2)
}

fn wrong(path: &Path, what: &'static str, source: pem::Error) -> TlsError {
    TlsError::Pem {
        path: path.to_owned(),
        what,
        source,
    }
}
