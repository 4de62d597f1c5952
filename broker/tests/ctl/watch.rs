//! `brokerctl alto watch` against the real broker, while what its members tell changes.

use super::{Broker, Folder, Running, brokerctl, wait_for};

const FIRST: &str = "prefixes: [192.0.2.0/25]\nneighbours: [{domain: AS2, delay: 3}]\n";

fn members() -> Folder {
    Folder::of(&[
        ("AS1.yaml", FIRST),
        (
            "AS2.yaml",
            "prefixes: [192.0.2.128/25]\nneighbours: [{domain: AS1, delay: 3}]\n",
        ),
    ])
}

fn start(members: &Folder) -> Broker {
    let broker = Broker::start(&format!("files.folder = {:?}\n", members.whole()));
    wait_for("both members are there", || {
        let topology = broker.ctl(&["topology", "--json"]).json();
        (topology["adjacencies"].as_array()?.len() == 1).then_some(())
    });
    broker
}

/// Another export of AS1, put in place whole.
fn change(members: &Folder, number: u32) {
    let text = format!(
        "prefixes: [192.0.2.0/25, 198.51.{number}.0/24]\nneighbours: [{{domain: AS2, delay: {number}}}]\n"
    );
    let new = members.path("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, members.path("AS1.yaml")).unwrap();
}

/// Changes the export after each line that is told, until the command ends: of itself, and well.
fn follow(members: &Folder, broker: &Broker, args: &[&str]) -> Vec<String> {
    let mut all = vec!["alto", "watch"];
    all.extend(args);
    all.extend(["--check", "--once", "4"]);
    let mut watching = Running::start(broker.command(&all));
    let mut lines = Vec::new();
    for number in 1..=4 {
        let line = watching.line();
        assert!(!line.is_empty(), "{lines:?}: {}", watching.complaint());
        lines.push(line);
        change(members, number);
    }
    assert_eq!(watching.ended(), Some(0), "{lines:?}");
    lines
}

#[test]
fn what_the_updates_make_is_what_the_server_says_over_either_transport() {
    let members = members();
    let broker = start(&members);
    for transport in ["sse", "tips"] {
        for watched in [
            &["networkmap"][..],
            &["costmap-filtered", "--metric", "delay-ow:cur"],
            &["costmap-routingcost"],
        ] {
            // Hop counts do not change with an export of these.
            if watched == ["costmap-routingcost"] {
                let args = [
                    "alto",
                    "watch",
                    "costmap-routingcost",
                    "--check",
                    "--once",
                    "1",
                    "--transport",
                    transport,
                ];
                assert!(broker.ctl(&args).good().contains("replacement"));
                continue;
            }
            let mut args = watched.to_vec();
            args.extend(["--transport", transport]);
            let lines = follow(&members, &broker, &args);
            assert!(lines[0].contains(": replacement, "), "{lines:?}");
            let patches = lines
                .iter()
                .filter(|line| line.contains(" patch, "))
                .count();
            assert!(patches >= 1, "{lines:?}");
        }
    }
}

#[test]
fn a_watch_that_is_stopped_closes_its_stream_and_one_that_broke_goes_on() {
    let members = members();
    let mut broker = start(&members);
    let args = [
        "alto",
        "watch",
        "networkmap",
        "--transport",
        "sse",
        "--json",
    ];
    let mut watching = Running::start(broker.command(&args));
    assert!(
        watching
            .line()
            .contains("\"event\":\"application/alto-networkmap+json\"")
    );
    broker.kill();
    assert!(watching.complaint().contains("again in"));
    broker.again();
    // The broker reads the same files: what changes next is told on the new stream.
    change(&members, 9);
    wait_for("the change is told", || {
        watching.line().contains("198.51.9.0").then_some(())
    });
    watching.terminate();
    assert_eq!(watching.ended(), Some(0));
    let refused = brokerctl(&[
        "alto",
        "watch",
        "networkmap",
        "--server",
        "http://127.0.0.1:1",
    ]);
    assert_eq!(Running::start(refused).ended(), Some(3));
}

/// What a calendar and path vectors are asked by, without writing the request.
#[test]
fn a_watch_says_what_it_wants_of_calendars_and_of_elements() {
    let members = members();
    let broker = start(&members);
    let watch = |args: &[&str]| {
        let all = [
            &["alto", "watch"],
            args,
            &["--check", "--once", "1", "--json"],
        ]
        .concat();
        broker.ctl(&all).good()
    };
    let costs = watch(&["costmap-filtered", "--metric", "hopcount", "--calendar"]);
    assert!(costs.contains("calendar-response-attributes"), "{costs}");
    let paths = [
        "path-vector-costmap",
        "--from",
        "AS1",
        "--to",
        "AS2",
        "--ane-property",
        "persistent-entity-id",
        "--transport",
        "sse",
    ];
    let told = watch(&paths);
    assert!(told.contains("ane-properties.ane:AS1:AS2:"), "{told}");
    let told = watch(&[&paths[..], &["--calendar"]].concat());
    assert!(told.contains("calendar-response-attributes"), "{told}");
    let text = broker
        .ctl(&[
            "alto",
            "pathvector",
            "--src",
            "AS1",
            "--dst",
            "AS2",
            "--calendar",
        ])
        .good();
    assert!(
        text.contains("Interval") && text.contains("Calendar"),
        "{text}"
    );
    // The summaries of TIPS views are a stream, too.
    let input = r#"{"resource-id":"networkmap"}"#;
    let tips = watch(&["tips", "--input", input]);
    assert!(tips.contains("tips-view-uri"), "{tips}");
}
