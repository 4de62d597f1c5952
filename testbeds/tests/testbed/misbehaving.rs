//! MdOs that do what they should not. The broker must say so of each, and lose nothing that it has.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use testbeds::mdo::{Emulator, Fallback, Misbehaviour, bind};
use testbeds::scenario::Scenario;

use crate::common::*;

/// A broker process over emulators in this process.
struct Federation {
    emulators: Vec<Emulator>,
    _broker: Killed,
    server: String,
    /// The emulators run on it.
    _runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

const DOMAINS: [&str; 3] = ["AS1", "AS2", "AS3"];

impl Federation {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        let emulators: Vec<Emulator> = runtime.block_on(async {
            let mut emulators = Vec::new();
            for domain in DOMAINS {
                let listener = bind("127.0.0.1:0".parse().unwrap(), Fallback::None)
                    .await
                    .unwrap();
                let scenario = Scenario::open("3as").unwrap();
                let emulator =
                    Emulator::start(scenario, &domain.parse().unwrap(), listener).unwrap();
                emulators.push(emulator);
            }
            emulators
        });
        // Nothing ages here: what is lost is lost to bad answers.
        let mut settings = "listen = \"127.0.0.1:0\"\n\
            [pull]\ninterval = \"100ms\"\ntimeout = \"1s\"\nretry_after = \"50ms\"\n\
            [liveness]\nhold = \"1h\"\nexpire = \"2h\"\n"
            .to_owned();
        for (domain, emulator) in DOMAINS.iter().zip(&emulators) {
            let base = format!("http://{}", emulator.address());
            settings.push_str(&format!(
                "[[domains]]\nid = \"{domain}\"\nresources = \"{base}/escape/get-config\"\n\
                 topology = \"{base}/restconf/data/topologyFromTADS/\"\n"
            ));
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("brokerd.toml");
        std::fs::write(&file, settings).unwrap();
        let mut broker = testbed()
            .args(["brokerd", "--", "--config", file.to_str().unwrap()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(broker.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let server = line
            .trim()
            .strip_prefix("listening on ")
            .expect("the broker's address")
            .to_owned();
        let federation = Self {
            emulators,
            _broker: Killed(broker),
            server,
            _runtime: runtime,
            _folder: folder,
        };
        wait_for("the whole federation", || {
            let domains = federation.ask(&["domains"]);
            let mut all = domains["domains"].as_array().unwrap().iter();
            all.all(|one| one["nodes"] == 1 && one["routers"] != 0)
                .then_some(())
        });
        federation
    }

    fn ask(&self, args: &[&str]) -> Value {
        let mut command = testbed();
        command
            .args(["brokerctl", "--json", "--server", &self.server])
            .args(args);
        let ended: Ended = command.output().unwrap().into();
        serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{args:?}: {}", ended.stderr))
    }

    /// Everything that the federation's members can ask for.
    fn answers(&self) -> [Value; 4] {
        let request = file("3as", "request-sg.json");
        [
            self.ask(&["propmap"]),
            self.ask(&["propmap", "--rfc9240"]),
            self.ask(&["paths", "--sg", &request]),
            self.ask(&["placements", "--sg", &request]),
        ]
    }

    /// The errors of both sources of AS2, once both have one.
    fn errors(&self) -> Option<Vec<String>> {
        let domain = self.ask(&["domain", "AS2"]);
        let sources = domain["sources"].as_array().unwrap();
        let failing = |source: &Value| source["failures"].as_u64() > Some(0);
        let errors = sources.iter().filter(|source| failing(source));
        let errors: Vec<String> = errors
            .filter_map(|source| source["last-error"].as_str().map(str::to_owned))
            .collect();
        (errors.len() == 2).then_some(errors)
    }
}

#[test]
fn what_an_mdo_does_wrong_is_told_and_nothing_is_lost() {
    let federation = Federation::start();
    let before = federation.answers();
    let mdo = &federation.emulators[1];
    // Words that each error must have one of.
    let cases: [(Misbehaviour, &[&str]); 9] = [
        (Misbehaviour::Html, &["HTML"]),
        (Misbehaviour::HtmlInDisguise, &["HTML"]),
        (Misbehaviour::Garbage, &["UTF-8", "XML", "JSON"]),
        (Misbehaviour::Huge { bytes: 40_000_000 }, &["larger than"]),
        (Misbehaviour::Silence, &["time"]),
        (
            Misbehaviour::Slow {
                pause: Duration::from_millis(100),
            },
            &["time"],
        ),
        (Misbehaviour::CutOff, &["connection"]),
        (Misbehaviour::ServerError, &["500"]),
        (Misbehaviour::Redirect, &["302"]),
    ];
    for (how, words) in cases {
        mdo.misbehave(Some(how.clone()));
        let errors = wait_for(&format!("the errors of {how:?}"), || federation.errors());
        for error in &errors {
            assert!(
                words.iter().any(|word| error.contains(word)),
                "{how:?}: {errors:?}"
            );
        }
        assert_eq!(federation.answers(), before, "{how:?}");
        mdo.misbehave(None);
        wait_for(&format!("AS2 to recover from {how:?}"), || {
            let domain = federation.ask(&["domain", "AS2"]);
            let sources = domain["sources"].as_array().unwrap();
            sources
                .iter()
                .all(|source| source["failures"] == 0)
                .then_some(())
        });
    }
    assert_eq!(federation.answers(), before);
}

#[test]
fn one_silent_mdo_does_not_hold_up_the_others() {
    let federation = Federation::start();
    federation.emulators[1].misbehave(Some(Misbehaviour::Silence));
    let before = federation.emulators[0].requests();
    wait_for("AS1 to be pulled on", || {
        (federation.emulators[0].requests() > before + 20).then_some(())
    });
}
