//! The broker before clients that are not ours: curl, and Python's `email` and `json`.

use crate::common::*;

/// Prints the JSON of every part of a `multipart/related` answer: `[[content type, JSON], ...]`.
const EMAIL: &str = r#"
import email, json, sys, urllib.request
request = urllib.request.Request(sys.argv[1], data=open(sys.argv[2], "rb").read(), headers={
    "Content-Type": "application/alto-costmapfilter+json",
    "Accept": "multipart/related, application/alto-costmap+json, application/alto-propmap+json, "
              "application/alto-error+json"})
with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
    head = "Content-Type: " + answer.headers["Content-Type"] + "\r\n\r\n"
    message = email.message_from_bytes(head.encode() + answer.read())
assert message.get_content_type() == "multipart/related", message.get_content_type()
assert not message.defects, message.defects
print(json.dumps([[part.get_content_type(), json.loads(part.get_payload(decode=True))]
                  for part in message.get_payload()]))
"#;

#[test]
fn pythons_email_reads_the_multipart_answer() {
    let running = Running::start(&["3as"]);
    let url = format!("{}/costmap/pv", running.server());
    for request in ["request-sg.json", "request-sg.nffg"] {
        let mut path = file("3as", request);
        let wrapped = tempfile::NamedTempFile::new().unwrap();
        if request.ends_with(".nffg") {
            let cost_type = serde_json::json!({"cost-mode": "array", "cost-metric": "ane-path"});
            let body = serde_json::json!({"cost-type": cost_type, "sg": json("3as", request)});
            std::fs::write(wrapped.path(), body.to_string()).unwrap();
            path = wrapped.path().to_str().unwrap().to_owned();
        }
        let Some(ended) = if_installed("python3", &["-c", EMAIL, &url, &path]) else {
            return;
        };
        assert_eq!(ended.code, Some(0), "{request}: {}", ended.stderr);
        let parts: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(parts[0][0], "application/alto-costmap+json");
        assert_eq!(
            parts[0][1]["cost-map"],
            json("3as", "expected-costmap.json")["cost-map"]
        );
        assert_eq!(parts[1][0], "application/alto-propmap+json");
        let entities = parts[1][1]["property-map"].as_object().unwrap();
        assert_eq!(entities.len(), 3, "the domains on the paths: {entities:?}");
    }
}

/// The command lines that `testbed 3as` shows, run as they are shown.
#[test]
fn the_curl_lines_work_as_shown() {
    if if_installed("curl", &["--version"]).is_none() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let mut process = testbed()
        .env("TMPDIR", scratch.path())
        .args(["3as", "--free-ports", "--listen", "127.0.0.1:0"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = process.stdout.take().unwrap();
    let _process = Killed(process);
    let mut commands: Vec<String> = Vec::new();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(stdout)).map(Result::unwrap);
    for line in lines.by_ref() {
        if line.starts_with("The broker serves on ") {
            break;
        }
        let goes_on = commands
            .last()
            .is_some_and(|command| command.ends_with('\\'));
        if line.starts_with("curl ") {
            commands.push(line);
        } else if let Some(command) = commands.last_mut().filter(|_| goes_on) {
            command.push('\n');
            command.push_str(&line);
        }
    }
    assert_eq!(commands.len(), 6, "{commands:#?}");
    let answers: Vec<String> = commands
        .iter()
        .map(|command| {
            let ended = if_installed("sh", &["-c", command]).unwrap();
            assert_eq!(ended.code, Some(0), "{command}: {}", ended.stderr);
            ended.stdout
        })
        .collect();
    let property_map: serde_json::Value = serde_json::from_str(&answers[0]).unwrap();
    assert_eq!(
        property_map["property-map"],
        json("3as", "expected-propmap.json")["property-map"]
    );
    assert!(
        answers[1].starts_with("--") && answers[1].contains(r#"[["AS1"],["AS1","AS2","AS3"]]"#)
    );
    assert!(answers[2].contains(r#""walk":["AS1:SAP1","AS1:NF1","AS2:NF2","AS3:NF3","AS3:SAP2"]"#));
    assert_eq!(answers[3], answers[1], "as NFFG");
    assert!(answers[4].contains("E_SYNTAX"), "{}", answers[4]);
    let refused: serde_json::Value = serde_json::from_str(&answers[5]).unwrap();
    assert_eq!(refused["meta"]["code"], "E_INVALID_FIELD_VALUE");
    assert_eq!(
        (&refused["meta"]["field"], &refused["meta"]["value"]),
        (&"sg/sg_links[1]/id".into(), &"2".into())
    );
}
