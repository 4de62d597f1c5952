//! Readers that are not ours.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::federation::{Federation, json, path_vectors};

/// Python's `email` package reads what a MIME reader has to; `json` reads the parts.
///
/// Its default policy is the one that the clients we know of use. The newer `policy.HTTP` takes
/// RFC 2045 §5.1 at its word and ends an unquoted `type` at the `/`; RFC 9275 §7.2.6 prints the type
/// unquoted all the same, and so do we.
const READER: &str = r#"
import email, json, sys
message = email.message_from_binary_file(sys.stdin.buffer)
print(json.dumps({
    "type": message.get_content_type(),
    "parameter": message.get_param("type"),
    "preamble": message.preamble,
    "epilogue": message.epilogue,
    "defects": [str(d) for part in message.walk() for d in part.defects],
    "parts": [{
        "type": part.get_content_type(),
        "id": part["Content-ID"],
        "body": json.loads(part.get_payload(decode=True)),
    } for part in message.get_payload()],
}))
"#;

#[test]
fn rfc2387_python_reads_the_multipart_message() {
    let Ok(mut python) = Command::new("python3")
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
    else {
        println!("skipped: python3 is not installed");
        return;
    };
    let maps = Federation::three().maps();
    let request = json(include_bytes!("../data/request-sg.json"));
    let answer = path_vectors(&maps, &request).unwrap();
    let (content_type, body) = answer.multipart();
    let mut input = python.stdin.take().unwrap();
    write!(input, "Content-Type: {content_type}\r\n\r\n").unwrap();
    input.write_all(&body).unwrap();
    drop(input);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let expected = json!({
        "type": "multipart/related",
        "parameter": "application/alto-costmap+json",
        "preamble": null,
        "epilogue": "",
        "defects": [],
        "parts": [
            {
                "type": "application/alto-costmap+json",
                "id": "<costmap@alto.example.com>",
                "body": json(&answer.cost_map),
            },
            {
                "type": "application/alto-propmap+json",
                "id": "<propmap@alto.example.com>",
                "body": json(&answer.property_map),
            },
        ],
    });
    assert_eq!(json(&output.stdout), expected);
}
