//! Services ordered by hand: a broker, and a SOF of each domain, each a `brokerd` of its own.

use serde_json::Value;

use super::{Broker, Folder, Running, run, wait_for};

const GRAPH: &str = r#"{"nfs": ["NF"], "saps": ["SAP1", "SAP2"],
  "sg_links": [{"id": 1, "src-node": "SAP1", "dst-node": "NF"}, {"id": 2, "src-node": "NF", "dst-node": "SAP2"}],
  "reqs": [{"id": 1, "src-node": "SAP1", "dst-node": "SAP2", "sg-path": [1, 2]}]}"#;

const DOMAINS: [&str; 3] = ["AS1", "AS2", "AS3"];

/// AS1 - AS2 - AS3, each with a SOF, of which AS2's has so many cpus.
struct Federation {
    broker: Broker,
    _sofs: Vec<Broker>,
    _members: Folder,
    files: Folder,
}

impl Federation {
    fn start(cpus: u32) -> Self {
        let members = Folder::of(&[
            ("AS1.yaml", "port: SAP1\nneighbours: [AS2]\n"),
            ("AS2.yaml", "nf: NF\ncpu: 8\nneighbours: [AS1, AS3]\n"),
            ("AS3.yaml", "port: SAP2\nneighbours: [AS2]\n"),
        ]);
        let sofs: Vec<Broker> = DOMAINS
            .iter()
            .map(|_| {
                Broker::start(&format!(
                    "[sof.presto]\nkind = \"memory\"\ncpu = \"{cpus}\"\nnf = [\"NF\"]\n"
                ))
            })
            .collect();
        let mut settings = format!("files.folder = {:?}\n", members.whole());
        for (domain, sof) in DOMAINS.iter().zip(&sofs) {
            settings.push_str(&format!(
                "[[sof.partners]]\nid = \"{domain}\"\nname = \"Network {domain}\"\nbase_url = \"{}\"\n\
                 apis = {{ service_ordering = 1, service_inventory = 2, service_function_testing = 3 }}\n\
                 service_types = [\"urn:brokermdo:schema:segment:v1\"]\n\
                 [[sof.partners.agreements]]\nid = \"frame\"\nvalid_from = \"2026-01-01T00:00:00Z\"\n\
                 service_type = \"urn:brokermdo:schema:segment:v1\"\nprice = {{ segment = 1.5 }}\n",
                sof.url
            ));
        }
        let files = Folder::of(&[
            ("sg.json", GRAPH),
            (
                "wrong.json",
                &GRAPH.replace(
                    "\"dst-node\": \"SAP2\", \"sg-path\"",
                    "\"dst-node\": \"SAP9\", \"sg-path\"",
                ),
            ),
            (
                "more.json",
                r#"{"nodes": {"NF": {"resources": {"cpu": 3}}}}"#,
            ),
        ]);
        let broker = Broker::start(&settings);
        wait_for("all domains are partners", || {
            let partners = broker.ctl(&["partners", "--json"]).json();
            let partners = partners["partners"].as_array()?.clone();
            let active = partners.iter().filter(|of| of["state"] == "active");
            (active.count() == DOMAINS.len()).then_some(())
        });
        wait_for("all members are there", || {
            let topology = broker.ctl(&["topology", "--json"]).json();
            (topology["adjacencies"].as_array()?.len() == 2).then_some(())
        });
        Self {
            broker,
            _sofs: sofs,
            _members: members,
            files,
        }
    }
}

/// What follows a word at the start of a line.
fn after<'a>(text: &'a str, word: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(word));
    let rest = line.unwrap_or_else(|| panic!("no line with '{word}' in\n{text}"));
    rest.split_whitespace().next().unwrap()
}

#[test]
fn a_service_is_ordered_changed_looked_at_and_ended() {
    let federation = Federation::start(8);
    let (broker, files) = (&federation.broker, &federation.files);
    let (sg, more) = (files.path("sg.json"), files.path("more.json"));

    let text = broker
        .ctl(&["order", "--sg", &sg, "--external-id", "mine", "--watch"])
        .good();
    let (order, service) = (after(&text, "order "), after(&text, "service "));
    for line in [
        "AS1      add       ",
        "AS2      activate  ",
        "AS3      test      ",
        "order is completed\nWhy these partners: brokerctl selection ",
    ] {
        assert!(text.contains(line), "{line}\nnot in\n{text}");
    }
    let selection = after(&text, "Why these partners: brokerctl selection ");
    assert_eq!(selection, format!("{service}.1"));

    let text = broker.ctl(&["selection", selection]).good();
    assert!(text.contains("| * | NF:AS2 SAP1:AS1 SAP2:AS3"), "{text}");
    assert!(text.contains("| 4.5 "), "three segments at 1.5: {text}");
    let text = broker.ctl(&["order", order]).good();
    assert!(text.contains("external id   mine\n"), "{text}");
    assert!(text.contains("  test        AS2 passed\n"), "{text}");
    assert!(
        text.contains("item          1: add\n  state       completed\n"),
        "{text}"
    );
    let text = broker.ctl(&["orders"]).good();
    assert!(
        text.contains(&format!("| {order} | completed | ")),
        "{text}"
    );
    assert_eq!(
        broker.ctl(&["orders", "--state", "failed"]).good(),
        "no orders\n"
    );
    let text = broker.ctl(&["services", "--state", "active"]).good();
    assert!(text.contains(&format!("| {service} | active | ")), "{text}");
    let text = broker.ctl(&["service", service]).good();
    assert!(text.contains(&format!("orders        {order}\n")), "{text}");
    assert!(text.contains("\"nfs\": [\n"), "{text}");

    // Documents, a change each.
    let change = [
        "modify",
        service,
        "--sg",
        &sg,
        "--constraints",
        &more,
        "--watch",
        "--json",
    ];
    let text = broker.ctl(&change).good();
    let documents: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = documents.last().unwrap();
    assert_eq!(
        (&last["state"], &last["items"][0]["action"]),
        (&"completed".into(), &"modify".into())
    );
    assert!(documents.len() > 1, "{text}");
    let text = broker.ctl(&["reservation", &format!("{service}.1")]).good();
    assert!(text.contains("AS2: cpu 3"), "{text}");

    let text = broker.ctl(&["delete", service]).good();
    let ending = after(&text, "order ").to_owned();
    let text = broker.ctl(&["order", &ending, "--watch"]).good();
    assert!(text.ends_with("order is completed\n"), "{text}");
    let text = broker.ctl(&["services"]).good();
    assert!(
        text.contains(&format!("| {service} | terminated | ")),
        "{text}"
    );
    assert_eq!(broker.ctl(&["reservations"]).good(), "no reservations\n");
    let text = broker
        .ctl(&["orders", "--limit", "1", "--offset", "1"])
        .good();
    assert!(
        text.ends_with("There are more, 3 in all: brokerctl orders --offset 2\n"),
        "{text}"
    );
}

#[test]
fn partners_are_shown_with_their_agreements() {
    let federation = Federation::start(8);
    let broker = &federation.broker;
    let text = broker.ctl(&["partners"]).good();
    assert!(text.contains("| AS2     | active | closed  | "), "{text}");
    let text = broker.ctl(&["partners", "--after", "AS2"]).good();
    assert!(
        text.contains("| AS3 ") && !text.contains("| AS2 "),
        "{text}"
    );
    let text = broker.ctl(&["partner", "AS2"]).good();
    for line in [
        "partner       AS2\nname          Network AS2\nstate         active\n",
        "apis          service-function-testing v3 at interlude: http://127.0.0.1:",
        "\n              service-ordering v1 at interlude: http://127.0.0.1:",
        "check         passed at ",
        "agreement     frame\n",
        "  price       function 0.0, mbps 0.0, segment 1.5\n",
    ] {
        assert!(text.contains(line), "{line}\nnot in\n{text}");
    }
    let both = broker.ctl(&["partner", "AS2", "--json"]).json();
    assert_eq!(both["partner"]["domain"], "AS2");
    assert_eq!(both["agreements"][0]["id"], "frame");
    let told = broker.ctl(&["partner", "AS9"]).failed(5);
    assert!(told.contains("AS9"), "{told}");
}

#[test]
fn the_rules_are_shown_and_an_availability_is_asked_for() {
    let federation = Federation::start(8);
    let broker = &federation.broker;
    let text = broker.ctl(&["rules"]).good();
    for line in [
        "service type  any other\n",
        "  weights     delay 2, load 1, price 4, sls-margin 2, success 4\n",
        "  attempts    3\n",
        "half-life     30 days, of what partners did\n",
        "filter        the domain is a partner (may help: agreement)\n",
    ] {
        assert!(text.contains(line), "{line}\nnot in\n{text}");
    }
    let told = broker.ctl(&["rules", "--json"]).json();
    assert_eq!(told["default"]["rules"]["candidates"], 10);
    // No agreement promises any: the order waits, and the selection says for what.
    let sg = federation.files.path("sg.json");
    let ordered = [
        "order",
        "--sg",
        &sg,
        "--availability",
        "0.999",
        "--service-type",
        "gold",
    ];
    let text = broker.ctl(&ordered).good();
    let (order, service) = (after(&text, "order "), after(&text, "service "));
    wait_for("the order waits for agreements", || {
        let told = broker.ctl(&["order", order]).good();
        told.contains("  state       pending\n").then_some(())
    });
    let text = broker.ctl(&["selection", &format!("{service}.1")]).good();
    for line in [
        "closed: AS1: no agreement promises an availability, and 0.999 is asked for;",
        "asked for: to work for 0.999 of the time\n",
        "waits for: AS1, AS2, AS3\n",
    ] {
        assert!(text.contains(line), "{line}\nnot in\n{text}");
    }
    let text = broker.ctl(&["service", service]).good();
    assert!(text.contains("\"availability\": 0.999"), "{text}");
}

#[test]
fn an_order_that_fails_says_why_and_ends_with_1() {
    // AS2 tells more than its SOF has.
    let federation = Federation::start(2);
    let (broker, files) = (&federation.broker, &federation.files);
    let (sg, more) = (files.path("sg.json"), files.path("more.json"));
    let ended = broker.ctl(&["order", "--sg", &sg, "--constraints", &more, "--watch"]);
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    for line in [
        "failure in try 1: AS2, to add its segment: ",
        "order is failed\n",
    ] {
        assert!(
            ended.stdout.contains(line),
            "{line}\nnot in\n{}",
            ended.stdout
        );
    }
    let text = broker
        .ctl(&["order", after(&ended.stdout, "order ")])
        .good();
    assert!(
        text.contains("failed      attempt 1: AS2, to add its segment: "),
        "{text}"
    );
    assert!(text.contains("no chain is left"), "{text}");
}

#[test]
fn what_is_wrong_is_told_by_path_and_reason() {
    let federation = Federation::start(8);
    let (broker, files) = (&federation.broker, &federation.files);
    let told = broker
        .ctl(&["order", "--sg", &files.path("wrong.json")])
        .failed(1);
    for line in [
        " refused the request: the order has faults\n",
        "  field  /serviceOrderItem/0/service/serviceConfiguration/sg/reqs/0/dst-node\n",
        "  rule   'SAP9' is not allowed: ",
    ] {
        assert!(told.contains(line), "{line}\nnot in\n{told}");
    }
    let sg = files.path("sg.json");
    let told = broker
        .ctl(&["order", "--sg", &sg, "--end", "2020-01-01T00:00:00Z"])
        .failed(1);
    assert!(told.contains("/requestedCompletionDate\n"), "{told}");
    // What is not there, and what no id could be.
    let nobody = "00000000-0000-4000-8000-000000000000";
    for args in [
        ["order", nobody].as_slice(),
        &["service", nobody],
        &["selection", "x"],
        &["order", "../x"],
        &["order", nobody, "--watch"],
    ] {
        let told = broker.ctl(args).failed(5);
        assert!(told.starts_with("brokerctl: "), "{told}");
    }
    for args in [
        ["modify", nobody, "--sg", &sg].as_slice(),
        &["delete", nobody],
    ] {
        let told = broker.ctl(args).failed(1);
        assert!(told.contains("/serviceOrderItem/0/service/id\n"), "{told}");
    }
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused_before_anybody_is_asked() {
    for args in [
        &["order"][..],
        &["order", "an-id", "--sg", "x.json"],
        &["order", "an-id", "--objective", "delay"],
        &["order", "an-id", "--start", "10m"],
        &["order", "--sg", "x.json", "--state", "asleep"],
        &["order", "--sg", "x.json", "--start", "soon"],
        &["modify", "a-service"],
        &["orders", "--state", "active"],
        &["orders", "--limit", "0"],
        &["order", "--sg", "there-is-no-such-file.json"],
    ] {
        run(args).failed(2);
    }
}

#[test]
fn who_watches_may_go_away() {
    let federation = Federation::start(8);
    let sg = federation.files.path("sg.json");
    let command = federation
        .broker
        .command(&["order", "--sg", &sg, "--watch"]);
    let mut watching = Running::start(command);
    assert!(watching.line().starts_with("order "));
    drop(watching);
    wait_for("the order is completed all the same", || {
        let orders = federation.broker.ctl(&["orders", "--json"]).json();
        (orders[0]["state"] == "completed").then_some(())
    });
}
