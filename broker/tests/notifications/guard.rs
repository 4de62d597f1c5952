//! Callbacks that lead where nothing may be sent.

use std::sync::Arc;

use broker::http::tls;
use broker::lso::callback::AddressGuard;
use broker::settings::Tls;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::post::{Name, Post, event, listener, loopback, rules, until};

/// What delivery says of a callback, and whether anything came to the listener.
async fn fate(callback: &str, port: u16, names: &[&str], guard: AddressGuard) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut post = Post::open(folder.path()).await;
    let lane = post
        .subscribe(&callback.replace("PORT", &port.to_string()), "")
        .await;
    let names = names.iter().map(|name| name.parse().unwrap()).collect();
    post.run_with(rules(), guard, Arc::new(Name(names)));
    post.tell([event(1)]).await;
    until("a try", || async {
        post.subscriber(&lane).await.delivery.failures > 0
    })
    .await;
    post.stop().await;
    post.subscriber(&lane).await.delivery.last_error.unwrap()
}

fn port(url: &str) -> u16 {
    url.rsplit_once(':')
        .unwrap()
        .1
        .trim_matches('/')
        .parse()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_this_machine_or_within_unless_it_is_listed() {
    let listener = listener(204);
    let port = port(&listener.url(""));
    let strict = AddressGuard::default;
    for (callback, names, why) in [
        ("https://127.0.0.1:PORT", &[][..], "127.0.0.1 is loopback"),
        (
            "https://[::ffff:127.0.0.1]:PORT",
            &[],
            "127.0.0.1 is loopback",
        ),
        ("http://127.0.0.1:PORT", &[], "127.0.0.1 is loopback"),
        (
            "https://inside.example:PORT",
            &["127.0.0.1"],
            "127.0.0.1 is loopback",
        ),
        (
            "https://inside.example:PORT",
            &["10.0.0.1", "::1"],
            "is loopback",
        ),
        (
            "https://metadata.example:PORT",
            &["169.254.169.254"],
            "169.254.169.254 is link-local",
        ),
        (
            "http://inside.example:PORT",
            &["127.0.0.1"],
            "the scheme must be https",
        ),
        ("https://nobody.example:PORT", &[], "no address"),
    ] {
        let error = fate(callback, port, names, strict()).await;
        assert!(error.contains(why), "{callback} {names:?}: {error}");
    }
    let elsewhere = AddressGuard::new(vec!["10.0.0.0/8".parse().unwrap()]);
    let error = fate(
        "http://inside.example:PORT",
        port,
        &["127.0.0.1"],
        elsewhere,
    )
    .await;
    assert!(error.contains("127.0.0.1 is loopback"), "{error}");
    // Plain http does not go to the public, whatever is listed.
    let error = fate(
        "http://outside.example:PORT",
        port,
        &["1.1.1.1"],
        loopback(),
    )
    .await;
    assert!(error.contains("plain http to 1.1.1.1"), "{error}");
    assert_eq!(listener.asked().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_leads_to_the_address_that_was_checked() {
    let listener = listener(204);
    let folder = tempfile::tempdir().unwrap();
    let mut post = Post::open(folder.path()).await;
    let callback = format!("http://client.example:{}", port(&listener.url("")));
    let lane = post.subscribe(&callback, "").await;
    // Of several addresses, only the ones that pass are tried.
    let names = ["10.255.255.1", "127.0.0.1"].map(|name| name.parse().unwrap());
    post.run_with(rules(), loopback(), Arc::new(Name(names.into())));
    post.tell([event(1)]).await;
    until("it is told", || async { post.waiting(&lane).await == 0 }).await;
    post.stop().await;
    let asked = listener.asked();
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0]
            .header("host")
            .unwrap()
            .starts_with("client.example:")
    );
}

/// Takes notifications over TLS, with a certificate of this name; gives its port and the certificate.
async fn tls_listener(name: &str) -> (u16, tempfile::NamedTempFile) {
    let write = |text: &str| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    };
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let certificate = write(&made.cert.pem());
    let key = write(&made.signing_key.serialize_pem());
    tls::install_provider();
    let acceptor = tls::acceptor(&Tls {
        certificate: certificate.path().to_owned(),
        key: key.path().to_owned(),
        client_ca: None,
    });
    let acceptor = acceptor.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                stream.read_buf(&mut request).await.unwrap();
            }
            let answer = b"HTTP/1.1 204 x\r\nConnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            let _ = stream.shutdown().await;
        }
    });
    (port, certificate)
}

#[tokio::test(flavor = "multi_thread")]
async fn by_https_only_the_certificate_of_the_subscribed_name_will_do() {
    for (name, is_good) in [("client.example", true), ("other.example", false)] {
        let (port, certificate) = tls_listener(name).await;
        let folder = tempfile::tempdir().unwrap();
        let mut post = Post::open(folder.path()).await;
        post.ca_file = Some(certificate.path().to_owned());
        let callback = format!("https://client.example:{port}");
        let lane = post.subscribe(&callback, "").await;
        let here = "127.0.0.1".parse().unwrap();
        post.run_with(rules(), loopback(), Arc::new(Name(vec![here])));
        post.tell([event(1)]).await;
        if is_good {
            until("it is told", || async { post.waiting(&lane).await == 0 }).await;
        } else {
            until("a try", || async {
                post.subscriber(&lane).await.delivery.failures > 0
            })
            .await;
            let error = post.subscriber(&lane).await.delivery.last_error.unwrap();
            assert!(error.contains("certificate"), "{error}");
        }
        post.stop().await;
    }
}
