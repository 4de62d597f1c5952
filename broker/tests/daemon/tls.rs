//! HTTPS, with a certificate made on the spot and a client that is not ours (reqwest over rustls).

use std::io::Write;

use super::{Daemon, settings};

fn write(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn https_is_served_with_the_certificate_of_the_settings_and_plain_http_is_not() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (
        write(&made.cert.pem()),
        write(&made.signing_key.serialize_pem()),
    );
    let daemon = Daemon::start(settings(&[
        ("tls.certificate", certificate.path().to_str().unwrap()),
        ("tls.key", key.path().to_str().unwrap()),
        ("limits.header_timeout", "500ms"),
    ]));
    let url = format!("https://localhost:{}/directory", daemon.address.port());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let status = runtime.block_on(async {
        let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
        let client = reqwest::Client::builder()
            .tls_certs_only([root])
            .no_proxy()
            .resolve("localhost", daemon.address)
            .build()
            .unwrap();
        client.get(url).send().await.unwrap().status()
    });
    assert_eq!(status, 200);

    let mut plain = daemon.connect();
    plain
        .write_all(b"GET /directory HTTP/1.1\r\nHost: b\r\n\r\n")
        .unwrap();
    let mut bytes = Vec::new();
    let _ = std::io::Read::read_to_end(&mut plain, &mut bytes);
    assert!(
        !bytes.starts_with(b"HTTP"),
        "answered plain HTTP on a TLS port"
    );
    // A client that connects and says nothing must not hold its place.
    let mut silent = daemon.connect();
    assert!(std::io::Read::read_to_end(&mut silent, &mut Vec::new()).is_ok());
}

#[test]
fn a_key_that_does_not_fit_is_an_error_at_start_that_names_the_file() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = write(&made.cert.pem());
    let no_key = write("not a key");
    let settings = settings(&[
        ("tls.certificate", certificate.path().to_str().unwrap()),
        ("tls.key", no_key.path().to_str().unwrap()),
    ]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let error = runtime
        .block_on(broker::daemon::run(settings, stop, |_, _| {}))
        .unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.contains(no_key.path().to_str().unwrap()) && text.contains("private key"),
        "{text}"
    );
}
