//! A member that has nothing but `brokerctl`.

use super::{BRIEF, Broker, Folder, Running, virtualizer, wait_for};

const OPEN: &str = "[liveness]\nhold = '60s'\nexpire = '90s'\n";

#[test]
fn a_member_registers_pushes_changes_and_leaves() {
    let broker = Broker::start(OPEN);
    let folder = Folder::of(&[
        ("AS7.yaml", BRIEF),
        ("AS7.json", r#"{"cpu": 8, "nf": ["NF1"]}"#),
        ("patch.json", r#"{"cpu": 9, "nf": null}"#),
    ]);
    let (yaml, json, patch) = (
        folder.path("AS7.yaml"),
        folder.path("AS7.json"),
        folder.path("patch.json"),
    );

    let text = broker.ctl(&["push", "AS7", "resources", &yaml]).failed(5);
    assert!(
        text.contains("'brokerctl register AS7' comes first"),
        "{text}"
    );
    let text = broker.ctl(&["register", "AS7", "--lifetime", "2m"]).good();
    assert!(text.starts_with("AS7 is a member now\n"), "{text}");
    assert!(
        text.contains("  good for    120 s without further word\n"),
        "{text}"
    );
    let url = "http://other.example/";
    broker
        .ctl(&["register", "AS7", "--entry-point", url])
        .good();

    let text = broker.ctl(&["push", "AS7", "topology", &yaml]).good();
    assert!(
        text.starts_with("the topology of AS7 is in force\n"),
        "{text}"
    );
    let told = broker
        .ctl(&["push", "AS7", "resources", &json, "--json"])
        .json();
    assert_eq!(told["document"]["format"], "brief");
    let first = told["version"].as_str().unwrap().to_owned();

    let page = broker.ctl(&["domain", "AS7"]).good();
    for line in [
        "state         fresh\n",
        "known by      its registration\n",
        "entry point   http://other.example/\n  from        push registration\n",
        "NF types      NF1\nSAPs          -\nopen borders  -\n  from        push resources\n",
        "prefixes      1\n",
        "  document    brief in YAML, ",
    ] {
        assert!(page.contains(line), "{line} in\n{page}");
    }
    let table = broker.ctl(&["domains"]).good();
    assert!(
        table.contains("| AS7    | fresh | push registration | fresh |"),
        "{table}"
    );
    assert!(
        table.contains("|        |       | push topology     | fresh |"),
        "{table}"
    );

    let text = broker.ctl(&["patch", "AS7", "resources", &patch]).good();
    assert!(
        text.starts_with("the resources of AS7 are replaced\n"),
        "{text}"
    );
    assert_eq!(
        broker.ctl(&["get", "AS7", "resources"]).good(),
        r#"{"cpu":9}"#
    );
    assert_eq!(broker.ctl(&["get", "AS7", "topology"]).good(), BRIEF);
    let text = broker
        .ctl(&["push", "AS7", "resources", &json, "--if-match", &first])
        .failed(1);
    assert!(text.contains("Another version is in force"), "{text}");
    broker
        .ctl(&["push", "AS7", "resources", &json, "--create"])
        .failed(1);
    let now = broker.ctl(&["get", "AS7", "resources", "--json"]).json();
    let now = now["version"].as_str().unwrap();
    broker
        .ctl(&["push", "AS7", "resources", &json, "--if-match", now])
        .good();
    let text = broker.ctl(&["patch", "AS7", "topology", &patch]).failed(1);
    assert!(text.contains("PUT it whole"), "{text}");

    let text = broker.ctl(&["withdraw", "AS7", "resources"]).good();
    assert_eq!(text, "AS7 has withdrawn its resources\n");
    broker.ctl(&["get", "AS7", "resources"]).failed(5);
    broker.ctl(&["patch", "AS7", "resources", &patch]).failed(5);
    broker.ctl(&["leave", "AS7"]).good();
    broker.ctl(&["leave", "AS7"]).failed(5);
    broker.ctl(&["domain", "AS7"]).failed(5);
}

#[test]
fn a_virtualizer_is_changed_by_an_edit_config() {
    let broker = Broker::start(OPEN);
    let edit = "<virtualizer><nodes><node><id>pop</id><resources><cpu>9</cpu></resources></node>\
                </nodes></virtualizer>";
    let wrong = edit.replace("<node>", "<node operation='create'>");
    let folder = Folder::of(&[
        ("AS7.xml", &virtualizer(4)),
        ("edit.xml", edit),
        ("wrong.xml", &wrong),
    ]);
    broker.ctl(&["register", "AS7"]).good();
    broker
        .ctl(&["push", "AS7", "resources", &folder.path("AS7.xml")])
        .good();
    broker
        .ctl(&["patch", "AS7", "resources", &folder.path("edit.xml")])
        .good();
    assert_eq!(
        broker.ctl(&["get", "AS7", "resources"]).good(),
        virtualizer(9)
    );
    let text = broker
        .ctl(&["patch", "AS7", "resources", &folder.path("wrong.xml")])
        .failed(1);
    assert!(text.contains("data-exists"), "{text}");
}

#[test]
fn a_refused_document_is_told_whole_and_changes_nothing() {
    let broker = Broker::start(&format!("{OPEN}[limits.member]\nlinks = 2\nnfs = 1\n"));
    let folder = Folder::of(&[
        ("AS7.yaml", "cpu: many\nnff: [NF1]\n"),
        ("good.yaml", "cpu: 1\n"),
        ("rich.yaml", "nf: [NF1, NF2]\nneighbours: [AS1, AS2, AS3]\n"),
        ("bad.json", "{"),
    ]);
    broker.ctl(&["register", "AS7"]).good();
    broker
        .ctl(&["push", "AS7", "resources", &folder.path("good.yaml")])
        .good();
    let path = folder.path("AS7.yaml");
    let text = broker.ctl(&["push", "AS7", "resources", &path]).failed(1);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        format!(
            "brokerctl: {} refused the request: Document refused",
            broker.url
        )
    );
    assert!(
        lines[1].starts_with(&format!("{path}:1:6: error: /cpu: 'many' is not")),
        "{text}"
    );
    assert!(
        lines[2].starts_with(&format!("{path}:2:1: error: /nff: ")),
        "{text}"
    );
    let path = folder.path("bad.json");
    let text = broker.ctl(&["push", "AS7", "resources", &path]).failed(1);
    assert!(
        text.contains(&format!("{path}:1:1: error: not JSON")),
        "{text}"
    );
    // A limit of this broker, which 'validate' cannot know; more than one is told.
    let rich = folder.path("rich.yaml");
    let text = broker.ctl(&["push", "AS7", "resources", &rich]).failed(1);
    assert!(
        text.contains("limits.member.links") && text.contains("limits.member.nfs"),
        "{text}"
    );
    assert_eq!(broker.ctl(&["get", "AS7", "resources"]).good(), "cpu: 1\n");

    broker
        .ctl(&["push", "AS7", "resources", &folder.path("none.yaml")])
        .failed(2);
    broker
        .ctl(&["push", "AS7", "resources", folder.whole()])
        .failed(2);
    broker.ctl(&["push", "AS7", "nodes", &path]).failed(2);
}

#[test]
fn a_registration_that_cannot_be_is_refused_with_its_field() {
    let broker = Broker::start(OPEN);
    let text = broker.ctl(&["register", "AS7", "--asn", "8"]).failed(1);
    assert!(text.contains("field  asn"), "{text}");
    let text = broker
        .ctl(&["register", "AS7", "--entry-point", "mdo"])
        .failed(1);
    assert!(
        text.contains("field  entry-point") && text.contains("value  mdo"),
        "{text}"
    );
    let text = broker
        .ctl(&["register", "AS7", "--lifetime", "2days"])
        .failed(1);
    assert!(text.contains("field  lifetime"), "{text}");
    broker.ctl(&["domain", "AS7"]).failed(5);
}

#[test]
fn a_heartbeat_keeps_on_until_it_is_stopped() {
    let broker = Broker::start(OPEN);
    broker.ctl(&["register", "AS7"]).good();
    let once = broker.ctl(&["heartbeat", "AS7"]).good();
    assert_eq!(
        once,
        "AS7 is alive, and good for 60 s without further word\n"
    );

    let mut beating = Running::start(broker.command(&["heartbeat", "AS7", "--every", "100ms"]));
    assert!(
        beating
            .line()
            .ends_with("saying so every 100ms until stopped")
    );
    let heard = || {
        let page = broker.ctl(&["domain", "AS7", "--json"]).json();
        page["sources"][0]["last-heard"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    // The clock of an answer has whole seconds.
    let first = heard();
    wait_for("it is heard again", || (heard() != first).then_some(()));
    beating.terminate();
    assert_eq!(beating.ended(), Some(0));

    let mut beating = Running::start(broker.command(&["heartbeat", "AS7", "--every", "100ms"]));
    beating.line();
    broker.ctl(&["leave", "AS7"]).good();
    assert!(beating.complaint().contains("AS7 has not registered"));
    assert_eq!(beating.ended(), Some(5));
}

#[test]
fn a_heartbeat_waits_for_a_broker_that_is_away_and_ends_when_it_is_forgotten() {
    let mut broker = Broker::start(OPEN);
    broker.ctl(&["register", "AS7"]).good();
    let mut beating = Running::start(broker.command(&["heartbeat", "AS7", "--every", "100ms"]));
    beating.line();
    broker.kill();
    let complaint = beating.complaint();
    assert!(complaint.contains("does not answer"), "{complaint}");
    assert!(complaint.ends_with("; trying again"), "{complaint}");
    broker.again();
    assert!(
        beating
            .complaint()
            .contains("the broker has forgotten it since")
    );
    assert_eq!(beating.ended(), Some(5));
    // One that cannot begin does not go on.
    broker.kill();
    broker
        .ctl(&["heartbeat", "AS7", "--every", "100ms"])
        .failed(3);
}

#[test]
fn a_member_may_do_so_for_itself_only() {
    let broker = Broker::start(
        "[auth]\nanonymous = 'nobody'\n[[auth.principals]]\nname = 'mdo-as7'\nrole = 'member'\n\
         domain = 'AS7'\ntoken = 'member-token-as7'\n[[auth.principals]]\nname = 'ops'\n\
         role = 'operator'\ntoken = 'operator-token-1'\n[[domains]]\nid = 'AS8'\npush = true\n",
    );
    let without = [
        broker.ctl(&["register", "AS7"]),
        broker.ctl_as("", &["register", "AS7"]),
    ];
    for ended in without {
        let text = ended.failed(1);
        assert!(
            text.contains("Unauthorized: a bearer token is needed"),
            "{text}"
        );
    }
    broker
        .ctl_as("member-token-as7", &["register", "AS7"])
        .good();
    let text = broker
        .ctl_as("member-token-as7", &["register", "AS8"])
        .failed(1);
    assert!(
        text.contains("Forbidden: 'mdo-as7' may not do this"),
        "{text}"
    );
    broker
        .ctl_as("operator-token-1", &["register", "AS8"])
        .good();
    let page = broker.ctl_as("member-token-as7", &["domain", "AS7"]).good();
    assert!(page.contains("source        push registration"), "{page}");
    let page = broker.ctl_as("member-token-as7", &["domain", "AS8"]).good();
    assert!(!page.contains("\nsource  "), "{page}");
    assert!(
        page.contains("sources       told to the member itself and to operators only"),
        "{page}"
    );
    let page = broker.ctl_as("operator-token-1", &["domain", "AS8"]).good();
    assert!(
        page.contains("known by      the broker's settings"),
        "{page}"
    );
}
