//! Readers that are not ours.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::federation::{Federation, content, json, path_vectors};

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

/// What Python reads of a message; `None` where it is not installed.
fn read_by_python(content_type: &str, body: &[u8]) -> Option<Value> {
    let mut python = Command::new("python3")
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut input = python.stdin.take().unwrap();
    write!(input, "Content-Type: {content_type}\r\n\r\n").unwrap();
    input.write_all(body).unwrap();
    drop(input);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(json(&output.stdout))
}

#[test]
fn rfc2387_python_reads_path_vectors_of_endpoints() {
    let service = Federation::three().service();
    let request = json!({
        "multi-cost-types": [
            {"cost-mode": "array", "cost-metric": "ane-path"},
            {"cost-mode": "numerical", "cost-metric": "hopcount"},
        ],
        "endpoints": {"srcs": ["ipv4:172.16.101.1"], "dsts": ["ipv4:172.16.102.1", "ipv4:172.16.103.1"]},
        "ane-property-names": ["max-reservable-bandwidth"],
    });
    let id = "path-vector-endpointcost";
    let content = content(&service, id, request.to_string().as_bytes()).unwrap();
    let Some(read) = read_by_python(&content.media_type, &content.to_bytes()) else {
        println!("skipped: python3 is not installed");
        return;
    };
    assert_eq!(read["type"], "multipart/related");
    assert_eq!(read["parameter"], "application/alto-endpointcost+json");
    let around = (&read["preamble"], &read["epilogue"], &read["defects"]);
    assert_eq!(around, (&Value::Null, &json!(""), &json!([])));
    let [costs, properties] = read["parts"].as_array().unwrap().as_slice() else {
        panic!("{read}")
    };
    assert_eq!(costs["type"], "application/alto-endpointcost+json");
    assert_eq!(costs["id"], "<ecs@alto.example.com>");
    assert_eq!(properties["type"], "application/alto-propmap+json");
    assert_eq!(properties["id"], "<propmap@alto.example.com>");
    let row = &costs["body"]["endpoint-cost-map"]["ipv4:172.16.101.1"];
    let (near, far) = (&row["ipv4:172.16.102.1"], &row["ipv4:172.16.103.1"]);
    assert_eq!((&near[1], &far[1]), (&json!(1), &json!(2)));
    assert_eq!(
        near[0][0], far[0][0],
        "the way to the second leads through the first"
    );
    let anes = properties["body"]["property-map"].as_object().unwrap();
    assert_eq!(anes.len(), 2);
    assert!(anes.keys().all(|name| name.starts_with(".ane:")));
}

#[test]
fn rfc2387_python_reads_the_multipart_message() {
    let maps = Federation::three().maps();
    let request = json(include_bytes!("../data/request-sg.json"));
    let answer = path_vectors(&maps, &request).unwrap();
    let (content_type, body) = answer.multipart();
    let Some(read) = read_by_python(&content_type, &body) else {
        println!("skipped: python3 is not installed");
        return;
    };
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
    assert_eq!(read, expected);
}
