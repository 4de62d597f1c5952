//! Placements, drawings, the topology and reservations, as somebody types them.

use serde_json::{Value, json};

use super::{Broker, Folder, wait_for};

const GRAPH: &str = r#"{"node_nfs": [{"id": "A", "functional_type": "NF",
      "specification": {"resources": {"cpu": 3}}}],
  "node_saps": [{"id": "SAP1"}, {"id": "SAP2"}],
  "edge_sg_nexthops": [{"id": 1, "src_node": "SAP1", "dst_node": "A", "bandwidth": 10},
                       {"id": 2, "src_node": "A", "dst_node": "SAP2"}],
  "edge_reqs": [{"id": "r", "src_node": "SAP1", "dst_node": "SAP2", "sg_path": [1, 2]}]}"#;

/// AS1 - AS2 - AS4 and AS1 - AS3 - AS4.
fn members() -> Folder {
    Folder::of(&[
        (
            "AS1.yaml",
            "port: SAP1\nneighbours: [{domain: AS2, delay: 1}, {domain: AS3, delay: 5}]\n",
        ),
        ("AS2.yaml", "nf: NF\ncpu: 4\nneighbours: [AS1, AS4]\n"),
        ("AS3.yaml", "nf: NF\ncpu: 8\nneighbours: [AS1, AS4]\n"),
        (
            "AS4.yaml",
            "port: SAP2\nneighbours: [{domain: AS2, delay: 2}, {domain: AS3, delay: 5}]\n",
        ),
    ])
}

/// What is asked for.
fn files() -> Folder {
    Folder::of(&[
        ("sg.json", GRAPH),
        (
            "fast.json",
            r#"{"requirements": {"r": {"max-delay": "2 ms"}}}"#,
        ),
        ("list.json", "[]"),
    ])
}

fn start(members: &Folder) -> Broker {
    let broker = Broker::start(&format!("files.folder = {:?}\n", members.whole()));
    wait_for("all members are there", || {
        let topology = broker.ctl(&["topology", "--json"]).json();
        (topology["adjacencies"].as_array()?.len() == 4).then_some(())
    });
    broker
}

#[test]
fn placements_are_asked_for_by_rules_explained_and_drawn() {
    let (members, folder) = (members(), files());
    let broker = start(&members);
    let sg = folder.path("sg.json");
    let drawing = folder.path("placement.svg");
    let asked = ["placements", "--sg", &sg, "--draw", &drawing, "--rank", "2"];
    let text = broker.ctl(&asked).good();
    assert!(text.contains("2:{AS1:SAP1->AS3:A->AS4:SAP2}"), "{text}");
    assert!(text.ends_with(&format!("Drawn: {drawing}\n")), "{text}");
    let drawn = std::fs::read_to_string(&drawing).unwrap();
    let document = roxmltree::Document::parse(&drawn).unwrap();
    let is_title = |node: &roxmltree::Node<'_, '_>| node.has_tag_name("title");
    let title = document.descendants().find(is_title).unwrap().text();
    assert_eq!(title, Some("Placement 2: 2 hops, 10 ms"));

    let constraints = folder.path("fast.json");
    let asked = [
        "placements",
        "--sg",
        &sg,
        "--constraints",
        &constraints,
        "--explain",
    ];
    let ended = broker.ctl(&asked);
    assert_eq!(ended.code, Some(5), "{ended:?}");
    let without = "There would be one without the delay of requirement r.\n";
    assert!(ended.stdout.ends_with(without), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("A: 2 of 2 domains\n"),
        "{}",
        ended.stdout
    );

    // The graph's own order of hops, told with all costs.
    let asked = [
        "placements",
        "--sg",
        &sg,
        "--objective",
        "weights:hops=1",
        "-k",
        "1",
    ];
    let text = broker.ctl(&asked).good();
    assert!(
        text.contains("| Hops | Delay | Price | Placement"),
        "{text}"
    );
    assert!(
        text.contains("| 2    | 3 ms  | 0     | 1:{AS1:SAP1->AS2:A"),
        "{text}"
    );

    for (words, code) in [
        (&["--objective", "speed"][..], 1),
        (&["--objective", "weights:hops"], 2),
        (&["--disjoint", "nodes"], 2),
        (&["--rank", "2"], 2),
        (&["--draw", &drawing, "--rank", "9"], 2),
        (&["--draw", "/no/such/folder/x.svg"], 2),
        (&["--constraints", "/no/such/file"], 2),
        (&["--constraints", &folder.path("list.json")], 2),
    ] {
        let asked = [&["placements", "--sg", &sg], words].concat();
        broker.ctl(&asked).failed(code);
    }
}

#[test]
fn the_topology_is_told_and_drawn() {
    let (members, folder) = (members(), files());
    let broker = start(&members);
    let drawing = folder.path("topology.svg");
    let text = broker
        .ctl(&["topology", "--around", "AS1", "--draw", &drawing])
        .good();
    assert!(text.contains("| AS1 - AS2 | AS1 - AS2 | 1 ms"), "{text}");
    assert!(!text.contains("AS4"), "{text}");
    let drawn = std::fs::read_to_string(&drawing).unwrap();
    roxmltree::Document::parse(&drawn).unwrap();
    assert!(
        drawn.contains(">AS3</text>") && !drawn.contains("AS4"),
        "{drawn}"
    );
    broker.ctl(&["topology", "--around", "AS9"]).failed(1);
    broker.ctl(&["topology", "--radius", "2"]).failed(2);
}

#[test]
fn a_reservation_is_made_looked_at_confirmed_and_released() {
    let (members, folder) = (members(), files());
    let broker = start(&members);
    let sg = folder.path("sg.json");
    assert_eq!(broker.ctl(&["reservations"]).good(), "no reservations\n");
    let asked = [
        "reserve", "--sg", &sg, "--hold", "5m", "--key", "one", "--json",
    ];
    let made: Value = broker.ctl(&asked).json();
    assert_eq!(made, broker.ctl(&asked).json());
    assert_eq!(made["domains"]["AS2"], json!({"cpu": 3.0}));
    let id = made["id"].as_str().unwrap();
    let list = broker.ctl(&["reservations"]).good();
    assert!(
        list.contains(&format!("| {id} | held  | local  |")),
        "{list}"
    );
    let text = broker.ctl(&["extend", id, "--hold", "10m"]).good();
    assert!(text.contains("held          AS2: cpu 3.0\n"), "{text}");
    let text = broker.ctl(&["confirm", id]).good();
    assert!(text.contains("state         confirmed\n"), "{text}");
    // AS2 has a core left.
    broker
        .ctl(&["reserve", "--sg", &sg, "--choice", "A=AS2"])
        .failed(1);
    let other = broker
        .ctl(&["reserve", "--sg", &sg, "--choice", "A=AS3"])
        .good();
    assert!(other.contains("A in AS3"), "{other}");
    assert_eq!(
        broker.ctl(&["release", id]).good(),
        format!("{id} is given back\n")
    );
    for words in [
        ["release", id],
        ["reservation", id],
        ["confirm", id],
        ["extend", id],
    ] {
        broker.ctl(&words).failed(5);
    }
    for words in [
        ["--hold", "0s"],
        ["--hold", "1500ms"],
        ["--choice", "A"],
        ["--key", "a b"],
    ] {
        broker
            .ctl(&[&["reserve", "--sg", &sg], &words[..]].concat())
            .failed(2);
    }
}

#[test]
fn the_best_paths_are_asked_for_by_objective_and_rules() {
    let (members, folder) = (members(), files());
    let broker = start(&members);
    let sg = folder.path("sg.json");
    let asked = ["paths", "--sg", &sg, "-k", "2", "--objective", "delay"];
    let text = broker.ctl(&asked).good();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| !line.starts_with('+'))
        .map(|line| {
            line.split_whitespace()
                .filter(|word| *word != "|")
                .collect()
        })
        .collect();
    for (at, row) in [
        (0, vec!["Link", "1:", "SAP1", "->", "A"]),
        (1, vec!["Hops", "Delay", "Price", "Path"]),
        (2, vec!["1", "1", "ms", "0", "AS1", "AS2"]),
        (3, vec!["3", "12", "ms", "0", "AS1", "AS3", "AS4", "AS2"]),
    ] {
        assert_eq!(rows[at], row, "{text}");
    }
    let fast = folder.path("fast.json");
    let asked = ["paths", "--sg", &sg, "--constraints", &fast, "--json"];
    let answer = broker.ctl(&asked).json();
    let of = |link: usize| answer["links"][link]["paths"].as_array().unwrap().len();
    assert_eq!((of(0), of(1)), (1, 1));
    // Without an option it is the draft's question, whose answer has no costs.
    let text = broker.ctl(&["paths", "--sg", &sg]).good();
    assert!(text.starts_with("Requirement SAP1 -> SAP2"), "{text}");
    assert_eq!(broker.ctl(&["paths", "--sg", &sg, "-k", "0"]).code, Some(2));
}
