//! Who is known by more than a token: HTTP Digest and certificates, to a client that is not ours (curl) and to
//! `brokerctl`.

use std::path::PathBuf;
use std::process::{Command, Output};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::{Daemon, settings};

const PASSWORD: &str = "correct horse";

/// Of nobody is anything let in without a word of who he is.
fn with_password() -> Daemon {
    let ha1 = broker::auth::digest::ha1("ops", "brokerd", PASSWORD);
    let principals = format!("[{{name = 'ops', role = 'operator', digest_ha1 = '{ha1}'}}]");
    Daemon::start(settings(&[
        ("auth.anonymous", "nobody"),
        ("auth.principals", &principals),
    ]))
}

/// Runs curl; `None`, with a plain message, where it is not installed (which CI does not allow).
fn curl(args: &[&str]) -> Option<String> {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "20"])
        .args(args)
        .output();
    match output {
        Ok(output) => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{complaint}");
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) => {
            assert!(
                std::env::var_os("CI").is_none(),
                "curl must be there in CI: {error}"
            );
            println!("skipped: curl is not installed");
            None
        }
    }
}

fn brokerctl(args: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_brokerctl"))
        .args(args)
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn rfc7285_8_3_5_a_client_is_known_by_http_digest() {
    let daemon = with_password();
    let refused = daemon.get("/directory", "");
    assert_eq!(refused.status, 401);
    let challenges: Vec<&str> = refused
        .headers
        .iter()
        .filter(|(name, _)| name == "www-authenticate")
        .map(|(_, value)| value.as_str())
        .collect();
    let [bearer, digest] = challenges.as_slice() else {
        panic!("{challenges:?}");
    };
    assert_eq!(*bearer, "Bearer");
    for part in [
        "Digest realm=\"brokerd\"",
        "qop=\"auth\"",
        "algorithm=SHA-256",
        "nonce=\"",
    ] {
        assert!(digest.contains(part), "{digest}");
    }
    let url = |path: &str| format!("http://{}{path}", daemon.address);
    let status = ["--output", "/dev/null", "--write-out", "%{http_code}"];
    let with = |user: &str, more: &[&str]| {
        let digest = ["--digest", "--user", user];
        curl(&[&status[..], &digest, more].concat())
    };
    let (directory, domains) = (url("/directory"), url("/broker/v1/domains?x=1"));
    let right = format!("ops:{PASSWORD}");
    let Some(code) = with(&right, &[&directory]) else {
        return;
    };
    assert_eq!(code, "200");
    assert_eq!(with(&right, &[&domains]).unwrap(), "200");
    // By POST, with a body.
    let costs = url("/costmap/filtered");
    let post = [
        "--header",
        "Content-Type: application/alto-costmapfilter+json",
        "--data",
        r#"{"cost-type":{"cost-mode":"numerical","cost-metric":"routingcost"}}"#,
        &costs,
    ];
    assert_eq!(with(&right, &post).unwrap(), "200");
    assert_eq!(with("ops:wrong horse", &[&directory]).unwrap(), "401");
    assert_eq!(
        with(&format!("root:{PASSWORD}"), &[&directory]).unwrap(),
        "401"
    );
}

#[test]
fn rfc7616_3_3_a_stale_nonce_gets_another_challenge() {
    let ha1 = broker::auth::digest::ha1("ops", "brokerd", PASSWORD);
    let principals = format!("[{{name = 'ops', role = 'operator', digest_ha1 = '{ha1}'}}]");
    let daemon = Daemon::start(settings(&[
        ("auth.anonymous", "nobody"),
        ("auth.nonce_lifetime", "1s"),
        ("auth.principals", &principals),
    ]));
    let challenge = |headers: &str| {
        let refused = daemon.get("/directory", headers);
        let found = refused
            .headers
            .into_iter()
            .find(|(_, value)| value.starts_with("Digest "));
        (refused.status, found.map(|(_, value)| value))
    };
    let first = challenge("").1.unwrap();
    let user = ("ops", PASSWORD);
    let answer = broker::auth::digest::answer(&first, user, ("GET", "/directory"), "c").unwrap();
    let header = format!("Authorization: {answer}\n");
    assert_eq!(challenge(&header), (200, None));
    // Until it is too old; then the client is told that its password is right.
    let stale = loop {
        std::thread::sleep(std::time::Duration::from_millis(100));
        if let (401, Some(challenge)) = challenge(&header) {
            break challenge;
        }
    };
    assert!(stale.ends_with("stale=true"), "{stale}");
}

#[test]
fn brokerctl_answers_a_challenge_of_http_digest() {
    let daemon = with_password();
    let server = format!("http://{}", daemon.address);
    let ask = |password| {
        let args = ["--server", &server, "--user", "ops", "directory"];
        brokerctl(&args, &[("BROKERCTL_PASSWORD", password)])
    };
    let good = ask(PASSWORD);
    assert!(good.status.success(), "{good:?}");
    assert_eq!(ask("wrong").status.code(), Some(1));
    // ALTO clients are others.
    let args = ["--server", &server, "--user", "ops", "alto", "networkmap"];
    let alto = brokerctl(&args, &[("BROKERCTL_PASSWORD", PASSWORD)]);
    assert!(alto.status.success(), "{alto:?}");
}

/// An authority, and what it has signed: files in a folder.
struct Authority {
    folder: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "an authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Self {
            folder,
            issuer: Issuer::new(params, key),
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn text(&self, file: &str) -> String {
        self.path(file).to_str().unwrap().to_owned()
    }

    /// A certificate with this name in `NAME.pem`, and its key in `NAME.key`.
    fn sign(&self, name: &str) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.path(&format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

#[test]
fn rfc7285_8_3_5_a_client_is_known_by_its_certificate() {
    let authority = Authority::new();
    for name in ["localhost", "ops.example.com", "nobody.example.com"] {
        authority.sign(name);
    }
    let ha1 = broker::auth::digest::ha1("ops", "brokerd", PASSWORD);
    let stranger = Authority::new();
    stranger.sign("ops.example.com");
    let principals = format!(
        "[{{name = 'ops', role = 'operator', certificate = 'ops.example.com', digest_ha1 = '{ha1}'}}]"
    );
    let daemon = Daemon::start(settings(&[
        ("tls.certificate", &authority.text("localhost.pem")),
        ("tls.key", &authority.text("localhost.key")),
        ("tls.client_ca", &authority.text("ca.pem")),
        ("auth.anonymous", "nobody"),
        ("auth.principals", &principals),
    ]));
    let url = format!("https://localhost:{}", daemon.address.port());
    let directory = format!("{url}/directory");
    let with = |of: Option<(&Authority, &str)>, more: &[&str]| {
        let ca = authority.text("ca.pem");
        let mut args = vec!["--cacert".to_owned(), ca];
        args.extend(["--output", "/dev/null", "--write-out", "%{http_code}"].map(str::to_owned));
        if let Some((of, name)) = of {
            args.extend(["--cert".to_owned(), of.text(&format!("{name}.pem"))]);
            args.extend(["--key".to_owned(), of.text(&format!("{name}.key"))]);
        }
        args.extend(more.iter().map(|one| (*one).to_owned()));
        args.push(directory.clone());
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        curl(&args)
    };
    let Some(code) = with(Some((&authority, "ops.example.com")), &[]) else {
        return;
    };
    assert_eq!(code, "200");
    let own = Some((&authority, "ops.example.com"));
    assert_eq!(with(own, &["--http1.1"]).unwrap(), "200");
    // A name that nobody has, and no certificate, are nobody in particular.
    assert_eq!(
        with(Some((&authority, "nobody.example.com")), &[]).unwrap(),
        "401"
    );
    assert_eq!(with(None, &[]).unwrap(), "401");
    // Over HTTP/2, which is agreed on in the handshake, a password is as good.
    let password = format!("ops:{PASSWORD}");
    let digest = ["--digest", "--user", &password];
    assert_eq!(with(None, &digest).unwrap(), "200");

    // Who shows one of another authority gets no connection.
    let ctl = |of: &Authority, name: &str| {
        let (cert, key) = (
            of.text(&format!("{name}.pem")),
            of.text(&format!("{name}.key")),
        );
        let ca = authority.text("ca.pem");
        let args = [
            "--server",
            &url,
            "--cacert",
            &ca,
            "--cert",
            &cert,
            "--cert-key",
            &key,
            "alto",
            "networkmap",
        ];
        brokerctl(&args, &[])
    };
    let good = ctl(&authority, "ops.example.com");
    assert!(good.status.success(), "{good:?}");
    assert_eq!(ctl(&stranger, "ops.example.com").status.code(), Some(3));
    assert_eq!(ctl(&authority, "nobody.example.com").status.code(), Some(1));
}
