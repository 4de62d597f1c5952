//! A search that is not ours: networkx, where a Python has it. On a machine with `CI` set it must be there.

#![expect(clippy::unwrap_used, reason = "a test ends at what it does not expect")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use idt::net::{Edge, Net, NetBuilder, Role, UNLIMITED};
use idt::search::{Budget, Distances, Metric, PathStream, Rules};

/// Reads nets and questions, a line each; answers each question with the costs of the k cheapest simple
/// paths, and all distances from its first domain.
const ORACLE: &str = r#"
import itertools, json, sys
import networkx as nx
for line in sys.stdin:
    asked = json.loads(line)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(asked["domains"]))
    graph.add_weighted_edges_from(asked["edges"])
    def cost(path):
        return sum(graph[a][b]["weight"] for a, b in zip(path, path[1:]))
    a, b, k = asked["from"], asked["to"], asked["k"]
    try:
        paths = nx.shortest_simple_paths(graph, a, b, weight="weight")
        costs = [cost(path) for path in itertools.islice(paths, k)]
    except nx.NetworkXNoPath:
        costs = []
    told = [cost(path) if nx.is_simple_path(graph, path) else -1 for path in asked["paths"]]
    far = nx.single_source_dijkstra_path_length(graph, a, weight="weight")
    print(json.dumps([costs, told, [far.get(n, -1) for n in range(asked["domains"])]]))
"#;

const K: usize = 12;

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) % u64::from(limit)).unwrap()
    }
}

/// A net without parallel edges, one way each: networkx has no k best paths with parallel ones.
fn net(random: &mut Random) -> (Net, Vec<(u32, u32, u32)>) {
    let domains = 4 + random.below(40);
    let mut edges = std::collections::BTreeMap::new();
    for _ in 0..domains * (1 + random.below(4)) {
        let (a, b) = (random.below(domains), random.below(domains));
        if a != b {
            edges.insert((a, b), random.below(5));
        }
    }
    let mut builder = NetBuilder::new(domains);
    for ((a, b), delay) in &edges {
        let edge = Edge {
            to: *b,
            delay: *delay,
            price: 0,
            bandwidth: UNLIMITED,
            role: Role::Unknown,
        };
        builder.edge(*a, edge);
    }
    let edges = edges.into_iter().map(|((a, b), delay)| (a, b, delay));
    (builder.build(), edges.collect())
}

/// A Python that has networkx.
#[expect(clippy::print_stdout, reason = "who runs the tests is to see it")]
fn python() -> Option<&'static str> {
    let has = |python: &&str| {
        let mut command = Command::new(python);
        command
            .args(["-c", "import networkx"])
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let found = ["python3", "/usr/bin/python3"].into_iter().find(has);
    if found.is_none() {
        println!("skipped: no python3 with networkx is installed");
        assert!(std::env::var_os("CI").is_none(), "networkx must be there");
    }
    found
}

#[test]
fn k_best_paths_and_distances_are_those_of_networkx() {
    let Some(python) = python() else { return };
    let mut random = Random(2025);
    let (mut questions, mut ours) = (String::new(), Vec::new());
    for _ in 0..150 {
        let (net, edges) = net(&mut random);
        let domains = u32::try_from(net.domains()).unwrap();
        let (from, to) = (random.below(domains), random.below(domains));
        if from == to {
            continue;
        }
        let rules = Rules::default();
        let budget = Budget::unlimited();
        let stream = PathStream::new(&net, Metric::Delay, &rules, (from, to), usize::MAX, budget);
        let found: Vec<_> = stream.take(K).map(Result::unwrap).collect();
        let paths: Vec<&[u32]> = found.iter().map(|(path, _)| &**path).collect();
        let costs: Vec<u64> = found.iter().map(|(_, cost)| *cost).collect();
        let asked = serde_json::json!({
            "domains": domains, "edges": edges, "from": from, "to": to, "k": K, "paths": paths,
        });
        writeln!(questions, "{asked}").unwrap();
        let labels = Distances::new(Arc::new(net));
        let labels = labels.with_labels(Metric::Delay, &mut Budget::unlimited());
        let labels = labels.unwrap();
        let far = (0..domains).map(|to| labels.distance(Metric::Delay, from, to));
        let far: Vec<i64> = far
            .map(|far| far.map_or(-1, |far| i64::try_from(far).unwrap()))
            .collect();
        ours.push(serde_json::json!([costs, costs, far]));
    }
    let mut oracle = Command::new(python)
        .args(["-c", ORACLE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = oracle.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(questions.as_bytes()));
    let output = oracle.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let theirs: Vec<serde_json::Value> = std::str::from_utf8(&output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(ours.len() > 100);
    assert_eq!(ours, theirs);
}
