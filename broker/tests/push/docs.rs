//! The commands of docs/broker-api.md, as one would type them.

use std::path::Path;
use std::process::Command;

use super::broker::Broker;
use super::testbed::{join, members};

#[test]
fn every_command_of_the_page_works() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: curl is not installed");
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = std::fs::read_to_string(folder.join("docs/broker-api.md")).unwrap();
    // Between fences; of the opening one, what it says is left.
    let blocks = page.split("\n```").skip(1).step_by(2);
    let commands: Vec<&str> = blocks.filter(|block| block.contains("curl ")).collect();
    assert!(commands.len() >= 7, "{commands:#?}");
    let broker = Broker::start("");
    for domain in ["AS1", "AS2", "AS3"] {
        join(&broker, domain);
    }
    for block in commands {
        let address = broker.address.to_string();
        let block = block.replace("127.0.0.1:8181", &address);
        let script = format!("curl() {{ command curl -sS --fail-with-body \"$@\"; }}\n{block}");
        let output = Command::new("sh")
            .args(["-e", "-c", &script])
            .current_dir(folder.join("testbeds/3as"))
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        let wrong = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{block}\n{told}\n{wrong}");
    }
    assert_eq!(members(&broker), ["AS2", "AS3"], "the last one is to leave");
}
