//! HTTPS to partners.

use std::path::Path;
use std::sync::Arc;

use broker::lso::partners::Partners;
use broker::settings::Sof;
use sof::interlude::CallError;
use sof::order::OrderId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::world::{client, details, settings};

/// A partner that speaks TLS and knows no order; its port, and its certificate (PEM).
async fn secure() -> (u16, String) {
    broker::http::tls::install_provider();
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let body = "{\"code\": \"notFound\", \"reason\": \"none\"}";
            let head = format!(
                "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (port, own.cert.pem())
}

async fn looked(settings: &Sof, url: &str) -> CallError {
    let partner = details(url).candidate("AS2".parse().unwrap());
    let id = OrderId("o".to_owned());
    client(settings).look(&partner, &id).await.unwrap_err()
}

fn trusting(path: &Path) -> Sof {
    let mut settings = settings();
    settings.interlude.ca_file = Some(path.to_owned());
    settings
}

#[tokio::test]
async fn a_partner_is_trusted_by_the_ca_file_and_by_its_name_alone() {
    let (port, certificate) = secure().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, certificate).unwrap();
    let right = format!("https://localhost:{port}");
    assert_eq!(looked(&trusting(&path), &right).await, CallError::NotFound);
    // Another name, or no trust: nothing is sent.
    let wrong = looked(&trusting(&path), &format!("https://127.0.0.1:{port}")).await;
    assert!(matches!(wrong, CallError::NotSent(_)), "{wrong}");
    let unknown = looked(&settings(), &right).await;
    assert!(matches!(unknown, CallError::NotSent(_)), "{unknown}");
}

#[test]
fn a_ca_file_that_cannot_be_used_names_itself() {
    let metrics = || Arc::new(broker::metrics::Metrics::new());
    let missing = trusting(Path::new("/no/such/ca.pem"));
    let error = broker::lso::interlude::Interlude::new(&missing, metrics()).unwrap_err();
    assert!(error.to_string().contains("/no/such/ca.pem"), "{error}");
}
