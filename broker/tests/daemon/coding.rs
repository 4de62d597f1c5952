//! Content codings, entity tags, and how long answers may be kept.

use std::io::{Read, Write};
use std::time::Duration;

use super::process::run;
use super::{Daemon, settings};

/// An answer whose body need not be text.
struct Raw {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Raw {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let (_, value) = lines.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// The text, whatever it is coded in, by decoders that are those of the tests.
    fn text(&self) -> String {
        let mut text = String::new();
        let body = self.body.as_slice();
        match self.header("content-encoding") {
            None => return String::from_utf8(self.body.clone()).unwrap(),
            Some("gzip") => flate2::read::GzDecoder::new(body).read_to_string(&mut text),
            Some("zstd") => zstd::stream::read::Decoder::new(body)
                .unwrap()
                .read_to_string(&mut text),
            Some(other) => panic!("{other}"),
        }
        .unwrap();
        text
    }
}

fn ask(daemon: &Daemon, method: &str, path: &str, headers: &str, body: &str) -> Raw {
    let mut stream = daemon.connect();
    let length = match body {
        "" => String::new(),
        body => format!("Content-Length: {}\n", body.len()),
    };
    let head = format!("{method} {path} HTTP/1.1\nHost: b\nConnection: close\n{headers}{length}\n");
    stream
        .write_all(head.replace('\n', "\r\n").as_bytes())
        .unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    Raw {
        status: head[9..12].parse().unwrap(),
        head,
        body: bytes[end + 4..].to_vec(),
    }
}

fn get(daemon: &Daemon, path: &str, headers: &str) -> Raw {
    ask(daemon, "GET", path, headers, "")
}

/// A daemon over a folder of files: `AS1` to `ASn` in a ring.
struct Ring {
    daemon: Daemon,
    folder: tempfile::TempDir,
}

impl Ring {
    fn start(members: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for n in 1..=members {
            Self::write(&folder, n, members, 3);
        }
        let path = folder.path().to_str().unwrap().to_owned();
        let ring = Self {
            daemon: Daemon::start(settings(&[
                ("files.folder", &path),
                ("files.interval", "20ms"),
                ("limits.requests_per_second", "1000000"),
                ("limits.burst", "1000000"),
            ])),
            folder,
        };
        ring.wait(|map| (1..=members).all(|n| map["network-map"][format!("AS{n}")].is_object()));
        ring
    }

    fn write(folder: &tempfile::TempDir, n: usize, members: usize, delay: u32) {
        // Each end of a link names the other.
        let (next, last) = (n % members + 1, (n + members - 2) % members + 1);
        let text = format!(
            "entry-point: https://mdo{n}.example/escape\nprefixes: [10.{}.{}.0/24]\nneighbours:\n\
             - {{domain: AS{next}, delay: {delay} ms, bandwidth: 10 Gbit/s}}\n\
             - {{domain: AS{last}, delay: 3 ms, bandwidth: 10 Gbit/s}}\n",
            n / 256,
            n % 256
        );
        std::fs::write(folder.path().join(format!("AS{n}.yaml")), text).unwrap();
    }

    fn wait(&self, is_there: impl Fn(&serde_json::Value) -> bool) {
        for _ in 0..2000 {
            if is_there(&self.daemon.get("/networkmap", "").json()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the members are not there");
    }
}

#[test]
fn rfc9110_8_8_3_each_coding_of_a_map_has_a_tag_of_its_own() {
    let Ring { daemon, .. } = &Ring::start(60);
    for path in ["/networkmap", "/costmap/full/hopcount", "/directory"] {
        let plain = get(daemon, path, "");
        assert_eq!(plain.header("content-encoding"), None);
        let tag = plain.header("etag").unwrap().trim_matches('"').to_owned();
        for (accepted, coding) in [
            ("gzip", "gzip"),
            ("zstd", "zstd"),
            ("gzip, deflate, br, zstd", "zstd"),
            ("gzip;q=1, zstd;q=0.9", "gzip"),
        ] {
            let accepted = format!("Accept-Encoding: {accepted}\n");
            let coded = get(daemon, path, &accepted);
            assert_eq!(coded.header("content-encoding"), Some(coding), "{path}");
            assert_eq!(coded.header("etag"), Some(&*format!("\"{tag}-{coding}\"")));
            assert_eq!(coded.header("vary"), Some("accept-encoding"));
            assert_eq!(coded.header("content-type"), plain.header("content-type"));
            assert_eq!(
                coded.header("content-length"),
                Some(&*coded.body.len().to_string())
            );
            assert!(coded.body.len() < plain.body.len());
            assert_eq!(coded.text(), plain.text());
            // Once made, it is the same again, and HEAD tells the same of it.
            assert_eq!(get(daemon, path, &accepted).body, coded.body);
            let head = ask(daemon, "HEAD", path, &accepted, "");
            assert!(head.body.is_empty());
            for name in [
                "etag",
                "content-encoding",
                "content-length",
                "vary",
                "cache-control",
            ] {
                assert_eq!(head.header(name), coded.header(name), "{path} {name}");
            }
        }
        // The text as it is varies as well.
        assert_eq!(plain.header("vary"), Some("accept-encoding"));
    }
}

#[test]
fn rfc9110_13_1_2_what_a_client_has_is_not_sent_again_in_whatever_coding_it_has_it() {
    let Ring { daemon, .. } = &Ring::start(60);
    let status = |coding: &str, held: &str| {
        let headers = format!("Accept-Encoding: {coding}\nIf-None-Match: {held}\n");
        let answer = get(daemon, "/networkmap", &headers);
        if answer.status == 304 {
            assert!(answer.body.is_empty());
            // RFC 9110 §15.4.5: as the 200 would have them.
            assert_eq!(answer.header("vary"), Some("accept-encoding"));
            assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
            return answer.header("etag").unwrap().to_owned();
        }
        answer.status.to_string()
    };
    let tag = get(daemon, "/networkmap", "")
        .header("etag")
        .unwrap()
        .to_owned();
    let tag = tag.trim_matches('"');
    let (plain, gzip, zstd) = (
        format!("\"{tag}\""),
        format!("\"{tag}-gzip\""),
        format!("\"{tag}-zstd\""),
    );
    for held in [&plain, &gzip, &zstd] {
        assert_eq!(status("gzip, zstd", held), *held);
        assert_eq!(status("gzip, zstd", &format!("\"other\", W/{held}")), *held);
        assert_eq!(status("gzip, zstd", &format!("\"a,b\", {held},")), *held);
    }
    // A cache that many share asks with all that it has, for a client that takes no coding.
    assert_eq!(status("identity", &format!("{gzip}, {plain}")), plain);
    assert_eq!(status("identity", &format!("{gzip}, {zstd}")), "200");
    assert_eq!(status("gzip, identity;q=0", &plain), "200");
    assert_eq!(status("gzip", "\"other\", \"\", gzip"), "200");
    assert_eq!(status("identity", "*"), plain);
    // RFC 9110 §13.1.3: there is no date of a change to compare it with.
    let since = "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\n";
    assert_eq!(get(daemon, "/networkmap", since).status, 200);
    assert_eq!(get(daemon, "/networkmap", "Range: bytes=0-9\n").status, 200);
}

#[test]
fn rfc9110_12_5_3_short_answers_are_not_coded_and_what_cannot_be_had_is_406() {
    let daemon = Daemon::start(settings(&[]));
    let short = get(&daemon, "/networkmap", "Accept-Encoding: gzip\n");
    assert_eq!(
        (short.status, short.header("content-encoding")),
        (200, None)
    );
    assert!(short.body.len() < 1000);
    let only = get(
        &daemon,
        "/networkmap",
        "Accept-Encoding: gzip, identity;q=0\n",
    );
    assert_eq!(only.header("content-encoding"), Some("gzip"));
    assert_eq!(only.text(), short.text());
    for refused in ["identity;q=0", "*;q=0", "br, *;q=0"] {
        let refused = get(
            &daemon,
            "/networkmap",
            &format!("Accept-Encoding: {refused}\n"),
        );
        assert_eq!(refused.status, 406);
        assert_eq!(refused.header("cache-control"), Some("no-store"));
    }
    // What is not known is not taken; the text as it is may always be.
    let other = get(&daemon, "/networkmap", "Accept-Encoding: br, compress\n");
    assert_eq!(
        (other.status, other.header("content-encoding")),
        (200, None)
    );
}

#[test]
fn a_new_version_is_coded_anew() {
    let ring = Ring::start(60);
    let accepted = "Accept-Encoding: zstd\n";
    let path = "/costmap/full/delay-ow";
    let before = get(&ring.daemon, path, accepted);
    Ring::write(&ring.folder, 7, 60, 9);
    let changed = (0..2000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        let now = get(&ring.daemon, path, accepted);
        (now.header("etag") != before.header("etag")).then_some(now)
    });
    let now = changed.expect("a new version");
    let plain = get(&ring.daemon, path, "");
    let tag = plain.header("etag").unwrap().trim_matches('"');
    assert_eq!(now.header("etag"), Some(&*format!("\"{tag}-zstd\"")));
    assert_eq!(now.text(), plain.text());
    assert_ne!(now.text(), before.text());
}

#[test]
fn a_map_that_is_asked_for_again_is_the_same_and_after_a_change_never_the_old_one() {
    let ring = Ring::start(60);
    let path = "/costmap/full/delay-ow";
    let ask = || {
        let answer = get(&ring.daemon, path, "");
        // The pieces of the map first, then the whole of it: nobody can tell.
        let names = [
            "etag",
            "content-type",
            "content-length",
            "vary",
            "cache-control",
        ];
        let fields = names.map(|name| answer.header(name).map(str::to_owned));
        (answer.status, fields, answer.body)
    };
    let tag = |answer: &(u16, [Option<String>; 5], Vec<u8>)| answer.1[0].clone().unwrap();
    let before = ask();
    for _ in 0..3 {
        assert_eq!(ask(), before);
    }
    Ring::write(&ring.folder, 7, 60, 9);
    let changed = (0..2000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        let now = ask();
        assert!(now == before || tag(&now) != tag(&before));
        (now != before).then_some(now)
    });
    let after = changed.expect("a new version");
    assert_ne!(after.2, before.2);
    for _ in 0..3 {
        assert_eq!(ask(), after);
        let with = |tag: &str| get(&ring.daemon, path, &format!("If-None-Match: {tag}\n")).status;
        assert_eq!((with(&tag(&before)), with(&tag(&after))), (200, 304));
    }
}

#[test]
fn answers_to_questions_are_coded_too_and_kept_by_nobody() {
    let Ring { daemon, .. } = &Ring::start(60);
    let question = r#"{"cost-type":{"cost-mode":"numerical","cost-metric":"hopcount"},"pids":{"srcs":[],"dsts":[]}}"#;
    let kind = "Content-Type: application/alto-costmapfilter+json\n";
    let post = |more: &str| {
        let headers = format!("{kind}{more}");
        ask(daemon, "POST", "/costmap/filtered", &headers, question)
    };
    let plain = post("");
    assert_eq!(
        (plain.status, plain.header("cache-control")),
        (200, Some("no-store"))
    );
    assert_eq!((plain.header("etag"), plain.header("vary")), (None, None));
    for coding in ["gzip", "zstd"] {
        let coded = post(&format!("Accept-Encoding: {coding}\n"));
        assert_eq!(coded.header("content-encoding"), Some(coding));
        assert!(coded.body.len() < plain.body.len() / 2);
        assert_eq!(coded.text(), plain.text());
    }
    // An error is short, and no cache may keep it either.
    let wrong = ask(daemon, "POST", "/costmap/filtered", kind, "{");
    assert_eq!(
        (wrong.status, wrong.header("cache-control")),
        (400, Some("no-store"))
    );
}

#[test]
fn who_may_keep_an_answer_is_told() {
    let kept = |daemon: &Daemon, path: &str, headers: &str| {
        let answer = get(daemon, path, headers);
        answer.header("cache-control").unwrap().to_owned()
    };
    let daemon = Daemon::start(settings(&[]));
    assert_eq!(kept(&daemon, "/networkmap", ""), "private, no-cache");
    assert_eq!(kept(&daemon, "/openapi.json", ""), "no-cache");
    for passing in [
        "/no/such/path",
        "/healthz",
        "/metrics",
        "/broker/v1/domains",
    ] {
        assert_eq!(kept(&daemon, passing, ""), "no-store", "{passing}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "listen = '127.0.0.1:0'\n[auth]\nanonymous = 'everyone'\n\
        [[auth.principals]]\nname = 'ops'\nrole = 'operator'\ntoken = 'operator-token-1'\n";
    std::fs::write(file.path(), text).unwrap();
    let settings =
        broker::settings::load(Some(file.path()), &broker::settings::Overrides::default());
    let daemon = Daemon::start(settings.unwrap());
    assert_eq!(kept(&daemon, "/networkmap", ""), "no-cache");
    let token = "Authorization: Bearer operator-token-1\n";
    assert_eq!(kept(&daemon, "/networkmap", token), "private, no-cache");
}

#[test]
fn a_large_map_comes_whole_in_either_version_and_coding() {
    // 90,000 pairs: about a megabyte.
    let Ring { daemon, .. } = &Ring::start(300);
    let path = "/costmap/full/hopcount";
    let plain = get(daemon, path, "");
    assert!(plain.body.len() > 500_000, "{}", plain.body.len());
    assert_eq!(
        plain.header("content-length"),
        Some(&*plain.body.len().to_string())
    );
    assert_eq!(plain.header("transfer-encoding"), None);
    let url = format!("http://{}{path}", daemon.address);
    for how in [
        &["--http1.1"][..],
        &["--http1.1", "--compressed"],
        &["--http2-prior-knowledge"],
        &["--http2-prior-knowledge", "--compressed"],
        &[
            "--http2-prior-knowledge",
            "--compressed",
            "--limit-rate",
            "400k",
        ],
    ] {
        let args = [
            &["--silent", "--show-error", "--max-time", "60"],
            how,
            &[&url],
        ]
        .concat();
        let Some(body) = run("curl", &args) else {
            return;
        };
        assert_eq!(body, plain.body, "{how:?}");
    }
}

#[test]
fn rfc2046_5_1_1_a_multipart_answer_is_the_same_octets_however_it_is_sent() {
    let Ring { daemon, .. } = &Ring::start(12);
    let question = r#"{"cost-type":{"cost-mode":"array","cost-metric":"ane-path"},"pids":{"srcs":[],"dsts":[]}}"#;
    let kind = "Content-Type: application/alto-costmapfilter+json";
    let accept = "Accept: multipart/related";
    let headers = format!("{kind}\n{accept}\n");
    let plain = ask(daemon, "POST", "/costmap/pv", &headers, question);
    assert_eq!(
        plain.header("content-length"),
        Some(&*plain.body.len().to_string())
    );
    let media_type = plain.header("content-type").unwrap();
    let boundary = media_type.split("boundary=").nth(1).unwrap();
    let boundary = boundary.split(';').next().unwrap();
    let text = plain.text();
    let parts = text
        .strip_prefix(&format!("--{boundary}\r\nContent-Type: "))
        .unwrap();
    let parts = parts
        .strip_suffix(&format!("\r\n--{boundary}--\r\n"))
        .unwrap();
    let (first, second) = parts.split_once(&format!("\r\n--{boundary}\r\n")).unwrap();
    for part in [first, second] {
        let (head, content) = part.split_once("\r\n\r\n").unwrap();
        assert_eq!(head.matches('\n').count(), head.matches("\r\n").count());
        assert!(serde_json::from_str::<serde_json::Value>(content).is_ok());
        assert!(!content.contains(boundary));
    }
    for coding in ["gzip", "zstd"] {
        let headers = format!("{headers}Accept-Encoding: {coding}\n");
        let coded = ask(daemon, "POST", "/costmap/pv", &headers, question);
        assert_eq!(coded.header("content-encoding"), Some(coding));
        assert_eq!(coded.header("content-type"), Some(media_type));
        assert_eq!(coded.text(), text);
    }
    let url = format!("http://{}/costmap/pv", daemon.address);
    for how in ["--http1.1", "--http2-prior-knowledge"] {
        let args = [
            "--silent",
            "--show-error",
            "--max-time",
            "60",
            how,
            "--compressed",
        ];
        let post = [
            "--header", kind, "--header", accept, "--data", question, &url,
        ];
        let Some(body) = run("curl", &[&args[..], &post].concat()) else {
            return;
        };
        assert_eq!(body, plain.body, "{how}");
    }
}

/// An edge to the last version of a map is coded as the map is, and may be kept where that may.
#[test]
fn the_whole_of_a_tips_view_is_coded_as_the_map_is() {
    let Ring { daemon, .. } = &Ring::start(60);
    let kind = "Content-Type: application/alto-tipsparams+json\n";
    let opened = ask(
        daemon,
        "POST",
        "/tips",
        kind,
        r#"{"resource-id":"networkmap"}"#,
    );
    let opened: serde_json::Value = serde_json::from_slice(&opened.body).unwrap();
    let uri = opened["tips-view-uri"].as_str().unwrap();
    let (_, name) = uri.rsplit_once('/').unwrap();
    let edge = &opened["tips-view-summary"]["updates-graph-summary"]["start-edge-rec"];
    let path = format!("/tips/{name}/ug/{}/{}", edge["seq-i"], edge["seq-j"]);
    for coding in ["gzip", "zstd"] {
        let accept = format!("Accept-Encoding: {coding}\n");
        let whole = get(daemon, &path, &accept);
        let map = get(daemon, "/networkmap", &accept);
        assert_eq!(whole.header("content-encoding"), Some(coding));
        assert_eq!(whole.header("etag"), map.header("etag"));
        assert_eq!(whole.header("vary"), Some("accept-encoding"));
        assert_eq!(whole.text(), map.text());
        let caching = whole.header("cache-control");
        assert_eq!(caching, Some("private, max-age=3600, immutable"));
        let held = format!("{accept}If-None-Match: {}\n", whole.header("etag").unwrap());
        let again = get(daemon, &path, &held);
        assert_eq!(
            (again.status, again.header("cache-control")),
            (304, caching)
        );
    }
}
