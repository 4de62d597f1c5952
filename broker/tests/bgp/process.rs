//! A real `brokerd`, and what can be seen of it from outside: HTTP and the memory that it takes.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::{PATIENCE, free_port};

/// A running daemon, killed when dropped.
pub(crate) struct Brokerd {
    process: Child,
    folder: tempfile::TempDir,
    /// Where BGP peers connect to.
    pub(crate) bgp: SocketAddr,
    url: String,
    client: reqwest::Client,
}

impl Brokerd {
    /// A daemon that takes sessions at `address`. `settings` come after the general ones: domains, and
    /// whatever else the test is about.
    pub(crate) fn start(address: &str, settings: &str) -> Self {
        let bgp = SocketAddr::new(address.parse().unwrap(), free_port(address));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("brokerd.toml");
        // The tests ask more often than any one client should.
        let text = format!(
            "listen = '127.0.0.1:0'\n[log]\nfilter = 'warn'\n\
             [limits]\nrequests_per_second = 100000\nburst = 100000\n\
             [bgp]\nlisten = '{bgp}'\nlocal_as = {}\nrouter_id = '10.255.255.1'\n{settings}",
            crate::OUR_AS
        );
        std::fs::write(&file, text).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_brokerd"))
            .arg("--config")
            .arg(&file)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ");
        let url = url.map(ToOwned::to_owned).unwrap_or_else(|| {
            let log = std::fs::read_to_string(folder.path().join("log"));
            panic!("it does not listen: {line:?} {log:?}")
        });
        Self {
            process,
            folder,
            bgp,
            url,
            client: broker::egress::client(PATIENCE, false, None).unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        let request = self.client.get(format!("{}{path}", self.url));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    pub(crate) async fn get_json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).await).unwrap()
    }

    /// What a resource answers to a request.
    pub(crate) async fn post_json(&self, path: &str, media_type: &str, body: &Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header("content-type", media_type);
        let answer = request.body(body.to_string()).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// How a domain is doing.
    pub(crate) async fn domain(&self, id: &str) -> Value {
        self.get_json(&format!("/broker/v1/domains/{id}")).await
    }

    /// Makes a domain a member that tells no topology: its neighbours speak for it.
    pub(crate) async fn register(&self, id: &str) {
        let url = format!("{}/broker/v1/domains/{id}", self.url);
        let body = json!({ "lifetime": 86_400 });
        let request = self.client.put(url).json(&body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// The path vectors from one domain to others, as `multipart/related`.
    pub(crate) async fn path_vectors(&self, from: &str, to: &[&str]) -> String {
        let body = json!({
            "cost-type": { "cost-mode": "array", "cost-metric": "ane-path" },
            "pids": { "srcs": [from], "dsts": to },
        });
        let request = self
            .client
            .post(format!("{}/costmap/pv", self.url))
            .header("content-type", "application/alto-costmapfilter+json")
            .header("accept", "multipart/related, application/alto-error+json")
            .body(body.to_string());
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!(status, 200, "{text}");
        text
    }

    /// How many versions of the maps there have been.
    pub(crate) async fn versions(&self) -> usize {
        let metrics = self.get("/metrics").await;
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix("brokerd_map_publications_total "));
        line.unwrap().parse().unwrap()
    }

    /// How many versions were counted after `before`: one at least, which is counted after it is served.
    pub(crate) async fn versions_after(&self, before: usize) -> usize {
        let counted = async {
            loop {
                match self.versions().await - before {
                    0 => tokio::time::sleep(Duration::from_millis(20)).await,
                    versions => return versions,
                }
            }
        };
        let patience = Duration::from_secs(30);
        tokio::time::timeout(patience, counted).await.unwrap()
    }

    /// Waits until `so` of a domain; says how long that took.
    pub(crate) async fn until(&self, id: &str, what: &str, so: impl Fn(&Value) -> bool) {
        let waiting = async {
            while !so(&self.domain(id).await) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(4 * PATIENCE, waiting).await;
        assert!(waited.is_ok(), "{what}: {:#}", self.domain(id).await);
    }

    /// Waits until a prefix is in the network map: then all that was told before it is in the maps.
    pub(crate) async fn until_prefix(&self, prefix: &str) {
        let quoted = format!("\"{prefix}\"");
        let waiting = async {
            while !self.get("/networkmap").await.contains(&quoted) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(4 * PATIENCE, waiting).await;
        assert!(waited.is_ok(), "{prefix} is not in the network map");
    }

    /// Resident memory in octets; `None`, with a word, where the system does not tell.
    pub(crate) fn resident(&self) -> Option<u64> {
        let path = format!("/proc/{}/status", self.process.id());
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        if kilobytes.is_none() {
            println!("SKIPPED: memory, for {path} does not tell it");
        }
        Some(kilobytes? * 1024)
    }

    /// Whether it runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }
}

impl Drop for Brokerd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.path().join("log"));
            println!("brokerd said:\n{}", log.unwrap_or_default());
        }
    }
}

/// Resident memory that stays the same is never quite the same: the allocator keeps pages that were
/// needed at a busier moment, and hash tables grow by doubling. A leak of a few octets for each of the
/// messages of a test is more than this.
pub(crate) fn assert_flat(what: &str, early: Option<u64>, late: Option<u64>) {
    /// Pages that the allocator and the runtime hold on to.
    const SLACK: u64 = 16 << 20;
    let (Some(early), Some(late)) = (early, late) else {
        return;
    };
    println!("{what}: {} kB early, {} kB late", early >> 10, late >> 10);
    let most = early + early * 3 / 10 + SLACK;
    assert!(late <= most, "{what}: {early} octets early, {late} late");
}

/// The JSON texts of a `multipart/related` answer, in order.
pub(crate) fn parts(text: &str) -> Vec<Value> {
    let bodies = text.split("\r\n\r\n").skip(1);
    bodies
        .map(|body| {
            let (json, _) = body.split_once("\r\n--").unwrap();
            serde_json::from_str(json).unwrap()
        })
        .collect()
}
