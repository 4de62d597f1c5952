//! A client that we did not write: curl.

use std::process::Command;

use super::{Daemon, settings};

/// Runs curl; `None`, with a plain message, where it is not installed (which CI does not allow).
fn curl(args: &[&str]) -> Option<String> {
    let output = match Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "20"])
        .args(args)
        .output()
    {
        Ok(output) => output,
        Err(error) => {
            assert!(
                std::env::var_os("CI").is_none(),
                "curl must be there in CI: {error}"
            );
            println!("skipped: curl is not installed");
            return None;
        }
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn curl_reads_maps_keeps_the_connection_and_revalidates() {
    let daemon = Daemon::start(settings(&[]));
    let url = |path: &str| format!("http://{}{path}", daemon.address);
    let (map, directory) = (url("/networkmap"), url("/directory"));
    let Some(text) = curl(&[
        "--write-out",
        "\n%{http_code} %{num_connects}\n",
        &map,
        &directory,
    ]) else {
        return;
    };
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[1], lines[3]), ("200 1", "200 0"), "{text}");
    assert!(
        lines[0].starts_with('{') && lines[2].starts_with('{'),
        "{text}"
    );

    let head = curl(&["--head", &map]).unwrap();
    let etag = head
        .lines()
        .find_map(|line| line.strip_prefix("etag: "))
        .unwrap()
        .trim();
    let condition = format!("If-None-Match: {etag}");
    let again = curl(&["--header", &condition, "--write-out", "%{http_code}", &map]).unwrap();
    assert_eq!(again, "304");
}

#[test]
fn curl_posts_with_expect_continue_and_chunks() {
    let daemon = Daemon::start(settings(&[]));
    let url = format!("http://{}/costmap/pv", daemon.address);
    let body = r#"{"cost-type":{"cost-mode":"array","cost-metric":"ane-path"},"pids":{"srcs":[],"dsts":[]}}"#;
    let padded = format!("{body}{}", " ".repeat(100_000));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &padded).unwrap();
    let data = format!("@{}", file.path().display());
    let kind = "Content-Type: application/alto-costmapfilter+json";
    let accept = "Accept: application/alto-costmap+json";
    for extra in ["Expect: 100-continue", "Transfer-Encoding: chunked"] {
        let args = [
            "--header",
            kind,
            "--header",
            accept,
            "--header",
            extra,
            "--data-binary",
            &data,
            &url,
        ];
        let Some(text) = curl(&args) else { return };
        assert!(text.contains("\"cost-map\":{}"), "{extra}: {text}");
    }
}
