//! The cases of `maps` with GoBGP (3.10 of Debian 12): routes are put into its own table and taken out of
//! it, and the maps follow. Runs where `gobgpd` and `curl` are on the path, like `gobgp`.
//!
//! The command line of 3.10 knows no link-state routes, its gRPC interface does: curl speaks HTTP/2, and
//! the messages are short enough to be put together here.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::gobgp::{GoBgp, Neighbour, by_us, present};
use crate::maps::{Speaker, settings, told_and_withdrawn, told_by_two, until, until_states};
use crate::raw::{attribute, bandwidth, link, node, prefix, reach};
use crate::writer::Writer;
use crate::{PATIENCE, THEIR_AS};

/// Base 128, low digits first: how protocol buffers write numbers.
fn varint(mut number: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while number > 0x7f {
        out.push(0x80 | u8::try_from(number & 0x7f).unwrap());
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap());
    out
}

fn number(field: usize, value: usize) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn octets(field: usize, value: &[u8]) -> Vec<u8> {
    [&varint(field << 3 | 2)[..], &varint(value.len()), value].concat()
}

/// `apipb.Family` of link-state.
fn family() -> Vec<u8> {
    [number(1, 16_388), number(2, 71)].concat()
}

/// `apipb.Path` with NLRI and path attributes as octets.
fn path(nlri: &[u8], tlvs: &[u8]) -> Vec<u8> {
    let origin = attribute(0x40, 1, &[0]);
    let ls = attribute(0x80, 29, tlvs);
    let mut path = [octets(9, &family()), octets(20, nlri)].concat();
    for attribute in [origin, reach(&[nlri.to_vec()]), ls] {
        path.extend(octets(21, &attribute));
    }
    path
}

impl GoBgp {
    /// One call; tried again until the daemon is up.
    async fn call(&self, method: &str, message: &[u8]) {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        let frame = [&[0][..], &length, message].concat();
        let calling = async {
            loop {
                let headers = self.post(method, &frame);
                if headers.contains("grpc-status: 0") {
                    return;
                }
                println!("{method}: {headers:?}");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::time::timeout(PATIENCE, calling).await.unwrap();
    }

    fn post(&self, method: &str, frame: &[u8]) -> String {
        let mut curl = Command::new("curl")
            .args(["--silent", "--http2-prior-knowledge", "--max-time", "10"])
            .args(["--dump-header", "-", "--output", "/dev/null"])
            .args(["--header", "content-type: application/grpc"])
            .args(["--header", "te: trailers", "--data-binary", "@-"])
            .arg(format!(
                "http://{}/apipb.GobgpApi/{method}",
                self.api_address()
            ))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        curl.stdin.take().unwrap().write_all(frame).unwrap();
        let output = curl.wait_with_output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Stops the process in its tracks.
    fn freeze(&self) {
        let sent = Command::new("kill")
            .args(["-STOP", &self.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }
}

impl Speaker for GoBgp {
    // 3.10 leaves out every TLV that it does not know, and knows none of RFC 8571.
    const TELLS_DELAY: bool = false;

    async fn announce(&mut self, nlri: &[u8], tlvs: &[u8]) {
        self.call("AddPath", &octets(3, &path(nlri, tlvs))).await;
    }

    async fn withdraw(&mut self, nlri: &[u8]) {
        let message = [octets(3, &family()), octets(4, &path(nlri, &[]))].concat();
        self.call("DeletePath", &message).await;
    }
}

fn curl_present() -> bool {
    let version = Command::new("curl").arg("--version").output();
    let found = version.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains("HTTP2"));
    assert!(
        found || std::env::var_os("CI").is_none(),
        "CI is set and no curl with HTTP/2 is on the path"
    );
    if !found {
        println!("SKIPPED: no curl with HTTP/2 is on the path");
    }
    found
}

fn peer(address: &str, ours: &str) -> String {
    format!(
        "address = '{address}'\nlocal_address = '{ours}'\nhold_time = '3s'\nremote_as = {THEIR_AS}"
    )
}

/// A GoBGP that waits for us, and the settings to dial it: it takes its time to dial by itself.
fn dialled(address: &'static str, ours: &'static str) -> (GoBgp, String) {
    let gobgp = GoBgp::start(address, &[by_us(ours)]);
    let (peer, port) = (peer(address, ours), gobgp.port());
    (
        gobgp,
        format!("{peer}\nport = {port}\nconnect_retry = '200ms'"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_gobgp_tells_when_it_dials_us() {
    if !present() || !curl_present() {
        return;
    }
    let peer = peer("127.0.0.131", "127.0.0.141");
    let writer = Writer::start("127.0.0.141", &settings("", &[&peer])).await;
    let neighbour = Neighbour {
        port: Some(writer.bgp.port()),
        ..by_us("127.0.0.141")
    };
    let mut gobgp = GoBgp::start("127.0.0.131", &[neighbour]);
    until_states(&writer, &["fresh"]).await;
    told_and_withdrawn(&writer, &mut gobgp).await;
}

/// Routes that were in its table before the session came up are told as well.
#[tokio::test(flavor = "multi_thread")]
async fn what_gobgp_tells_when_we_dial_it() {
    if !present() || !curl_present() {
        return;
    }
    let (mut gobgp, peer) = dialled("127.0.0.132", "127.0.0.142");
    gobgp.announce(&node(7), &[]).await;
    let writer = Writer::start("127.0.0.142", &settings("", &[&peer])).await;
    until(&writer, "what was there before", &["7"], &[], &[]).await;
    gobgp.withdraw(&node(7)).await;
    until(&writer, "is gone", &[], &[], &[]).await;
    told_and_withdrawn(&writer, &mut gobgp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_gobgps_tell_of_one_topology() {
    if !present() || !curl_present() {
        return;
    }
    let (mut first, one) = dialled("127.0.0.133", "127.0.0.143");
    let (mut second, other) = dialled("127.0.0.134", "127.0.0.143");
    let writer = Writer::start("127.0.0.143", &settings("", &[&one, &other])).await;
    until_states(&writer, &["fresh", "fresh"]).await;
    told_by_two(&writer, &mut first, &mut second).await;
}

/// Killed, it comes back with an empty table.
#[tokio::test(flavor = "multi_thread")]
async fn what_gobgp_told_that_is_killed_and_restarts() {
    if !present() || !curl_present() {
        return;
    }
    let (mut gobgp, peer) = dialled("127.0.0.135", "127.0.0.145");
    let writer = Writer::start("127.0.0.145", &settings("settle = '1s'\n", &[&peer])).await;
    gobgp
        .announce(&link(1, THEIR_AS, 2), &bandwidth(1.25e9))
        .await;
    gobgp.announce(&prefix(1, [10, 1, 0]), &[]).await;
    let (routers, links, prefixes) = (["1", "2"], ["1>2 10000M"], ["10.1.0.0/24"]);
    until(&writer, "told", &routers, &links, &prefixes).await;
    gobgp.kill();
    until_states(&writer, &["stale"]).await;
    until(&writer, "still served", &routers, &links, &prefixes).await;
    gobgp.again();
    until_states(&writer, &["fresh"]).await;
    until(&writer, "what it did not tell again is gone", &[], &[], &[]).await;
    gobgp
        .announce(&link(1, THEIR_AS, 2), &bandwidth(1.25e8))
        .await;
    until(&writer, "told anew", &routers, &["1>2 1000M"], &[]).await;
}

/// It is stopped in its tracks, as by a debugger: nothing is said and nothing closed.
#[tokio::test(flavor = "multi_thread")]
async fn what_gobgp_told_that_falls_silent() {
    if !present() || !curl_present() {
        return;
    }
    let general = "[pull]\ninterval = '500ms'\n[liveness]\nhold = '1s'\nexpire = '2s'\n";
    let (mut gobgp, peer) = dialled("127.0.0.136", "127.0.0.146");
    let writer = Writer::start("127.0.0.146", &settings(general, &[&peer])).await;
    gobgp
        .announce(&link(1, THEIR_AS, 2), &bandwidth(1.25e9))
        .await;
    let (routers, links) = (["1", "2"], ["1>2 10000M"]);
    until(&writer, "told", &routers, &links, &[]).await;
    gobgp.freeze();
    until_states(&writer, &["stale"]).await;
    until(&writer, "still served", &routers, &links, &[]).await;
    until_states(&writer, &["gone"]).await;
    until(&writer, "out of the maps", &[], &[], &[]).await;
}
