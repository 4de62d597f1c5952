use std::time::Duration;

use jiff::Timestamp;
use nffg::{RouterLink, RouterRef, TopologyNode};

use super::*;

const TIMERS: Timers = Timers {
    hold: Duration::from_secs(30),
    expire: Duration::from_secs(90),
};

fn domain(id: &str) -> DomainId {
    id.parse().unwrap()
}

fn key(id: &str, kind: SourceKind) -> SourceKey {
    SourceKey {
        domain: domain(id),
        kind,
    }
}

/// The settings of these domains, `rt` for both sources, `r` or `t` for one.
fn entries(domains: &[(&str, &str)]) -> Vec<DomainEntry> {
    let url = || Some("http://127.0.0.1/".parse().unwrap());
    let entry = |(id, kinds): &(&str, &str)| DomainEntry {
        id: domain(id),
        entry_point: None,
        resources: kinds.contains('r').then(url).flatten(),
        topology: kinds.contains('t').then(url).flatten(),
    };
    domains.iter().map(entry).collect()
}

fn resources(id: &str, nf: &str) -> Input {
    let text = format!(
        "<virtualizer><id>{id}</id><nodes><node><id>n</id><type>BiSBiS</type>\
         <ports><port><id>p</id><name>SAP-{id}</name><port_type>port-sap</port_type></port></ports>\
         <resources><cpu>1</cpu><mem>2</mem><storage>3</storage></resources>\
         <capabilities><supported_NFs><node><id>{nf}</id><type>{nf}</type></node></supported_NFs></capabilities>\
         </node></nodes></virtualizer>"
    );
    let view = nffg::virtualizer::decode(text.as_bytes()).unwrap();
    Input {
        source: key(id, SourceKind::Resources),
        news: News::Resources(view),
    }
}

/// A topology of one router, linked to one router of each neighbour.
fn topology(id: &str, neighbours: &[&str]) -> Input {
    let router = |id: &str| RouterRef {
        domain: domain(id),
        router: "r1".parse().unwrap(),
    };
    let node = TopologyNode {
        domain: domain(id),
        entry_point: Some(format!("http://{id}.example/escape")),
        prefixes: Vec::new(),
        routers: vec!["r1".parse().unwrap()],
        links: Vec::new(),
        resources: nffg::Resources {
            cpu: Some("7".parse().unwrap()),
            ..Default::default()
        },
    };
    let links = neighbours.iter().map(|to| RouterLink {
        src: router(id),
        dst: router(to),
        delay: None,
        bandwidth: None,
    });
    let view = TopologyView {
        nodes: vec![node],
        links: links.collect(),
        ..Default::default()
    };
    Input {
        source: key(id, SourceKind::Topology),
        news: News::Topology(view),
    }
}

fn failed(id: &str, kind: SourceKind) -> Input {
    Input {
        source: key(id, kind),
        news: News::Failed("silence".to_owned()),
    }
}

struct Clock(Now);

impl Clock {
    fn new() -> Self {
        Self(Now {
            instant: Instant::now(),
            timestamp: Timestamp::UNIX_EPOCH,
        })
    }

    fn after(&self, seconds: u64) -> Now {
        let instant = self.0.instant + Duration::from_secs(seconds);
        let timestamp =
            self.0.timestamp + jiff::SignedDuration::from_secs(seconds.try_into().unwrap());
        Now { instant, timestamp }
    }
}

fn members(ingest: &Ingest) -> Vec<String> {
    ingest.idt().domains().map(ToString::to_string).collect()
}

#[test]
fn what_is_heard_is_in_the_databases_and_the_same_again_is_no_change() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "rt"), ("AS2", "rt")]), TIMERS);
    let first = ingest.on(clock.after(0), resources("AS1", "NF1"));
    assert!(first.changed);
    assert_eq!(first.transitions[0].to, State::Fresh);
    assert_eq!(
        ingest.on(clock.after(1), resources("AS1", "NF1")),
        Outcome::default()
    );
    assert!(ingest.on(clock.after(2), resources("AS1", "NF2")).changed);
    assert!(ingest.on(clock.after(3), topology("AS1", &["AS2"])).changed);
    assert_eq!(
        members(&ingest),
        ["AS1"],
        "a neighbour that only AS1 speaks of is no member"
    );
    let as1 = ingest.idr().domain(&domain("AS1")).cloned().unwrap();
    assert_eq!(
        as1.entry_point().unwrap().to_string(),
        "http://AS1.example/escape"
    );
    assert_eq!(as1.nf_types()[0].as_str(), "NF2");
}

#[test]
fn a_source_ages_by_itself_and_the_domain_leaves_with_the_last() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "rt")]), TIMERS);
    ingest.on(clock.after(0), resources("AS1", "NF1"));
    ingest.on(clock.after(20), topology("AS1", &[]));
    assert_eq!(ingest.next_deadline(), Some(clock.after(30).instant));

    let stale = ingest.tick(clock.after(30).instant);
    assert_eq!(
        (stale.transitions.len(), stale.changed),
        (1, false),
        "stale is still served"
    );
    assert_eq!(ingest.tick(clock.after(50).instant).transitions.len(), 1);

    let gone = ingest.tick(clock.after(90).instant);
    assert!(gone.changed);
    assert_eq!(members(&ingest), ["AS1"], "the topology is still served");
    let as1 = ingest.idr().domain(&domain("AS1")).cloned().unwrap();
    assert!(as1.nodes().is_empty() && as1.entry_point().is_some());

    assert!(ingest.tick(clock.after(110).instant).changed);
    assert!(members(&ingest).is_empty());
    assert!(ingest.idr().domain(&domain("AS1")).is_none());
    assert_eq!(ingest.next_deadline(), None);
}

#[test]
fn a_domain_that_comes_back_with_the_same_document_is_the_same_again() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "rt"), ("AS2", "rt")]), TIMERS);
    for input in [
        resources("AS1", "NF1"),
        topology("AS1", &["AS2"]),
        resources("AS2", "NF2"),
        topology("AS2", &["AS1"]),
    ] {
        ingest.on(clock.after(0), input);
    }
    let before = ingest.idr();
    ingest.on(clock.after(80), resources("AS2", "NF2"));
    ingest.on(clock.after(80), topology("AS2", &["AS1"]));
    ingest.tick(clock.after(95).instant);
    assert_eq!(members(&ingest), ["AS2"]);
    // The puller knows the documents by their hash and says only that they did not change.
    for kind in [SourceKind::Resources, SourceKind::Topology] {
        let back = Input {
            source: key("AS1", kind),
            news: News::Unchanged,
        };
        assert!(ingest.on(clock.after(100), back).changed);
    }
    assert_eq!(members(&ingest), ["AS1", "AS2"]);
    assert!(ingest.idr().domains().eq(before.domains()));
    assert_eq!(
        ingest
            .idt()
            .graph()
            .neighbours(idt_index(&ingest, "AS1"))
            .count(),
        1
    );
}

fn idt_index(ingest: &Ingest, id: &str) -> idt::DomainIndex {
    ingest.idt().graph().index(&domain(id)).unwrap()
}

#[test]
fn a_failure_keeps_what_was_said_and_is_told() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "rt")]), TIMERS);
    ingest.on(clock.after(0), resources("AS1", "NF1"));
    assert!(
        !ingest
            .on(clock.after(1), failed("AS1", SourceKind::Resources))
            .changed
    );
    assert!(
        !ingest
            .on(clock.after(2), failed("AS1", SourceKind::Resources))
            .changed
    );
    let status = ingest.status(&key("AS1", SourceKind::Resources)).unwrap();
    assert_eq!(
        (status.failures, status.last_error.as_deref()),
        (2, Some("silence"))
    );
    assert_eq!(status.state, State::Fresh);
    ingest.on(clock.after(3), resources("AS1", "NF1"));
    let status = ingest.status(&key("AS1", SourceKind::Resources)).unwrap();
    assert_eq!((status.failures, status.last_error), (0, None));
}

#[test]
fn a_topology_of_somebody_else_counts_as_no_answer() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "rt")]), TIMERS);
    let mut wrong = topology("AS9", &[]);
    wrong.source = key("AS1", SourceKind::Topology);
    let outcome = ingest.on(clock.after(0), wrong);
    assert!(outcome.refused.is_some() && !outcome.changed);
    assert_eq!(
        ingest
            .status(&key("AS1", SourceKind::Topology))
            .unwrap()
            .failures,
        1
    );
    assert!(members(&ingest).is_empty());
}

#[test]
fn a_topology_is_the_resource_source_of_a_domain_that_has_no_other() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "t"), ("AS2", "rt")]), TIMERS);
    ingest.on(clock.after(0), topology("AS1", &[]));
    ingest.on(clock.after(0), topology("AS2", &[]));
    let nodes = |id| ingest.idr().domain(&domain(id)).unwrap().nodes().len();
    assert_eq!((nodes("AS1"), nodes("AS2")), (1, 0));
}

#[test]
fn a_declared_entry_point_wins() {
    let clock = Clock::new();
    let mut entries = entries(&[("AS1", "rt")]);
    entries[0].entry_point = Some("http://declared.example/".parse().unwrap());
    let mut ingest = Ingest::new(&entries, TIMERS);
    ingest.on(clock.after(0), topology("AS1", &[]));
    let as1 = ingest.idr().domain(&domain("AS1")).cloned().unwrap();
    assert_eq!(
        as1.entry_point().unwrap().to_string(),
        "http://declared.example/"
    );
}

#[test]
fn a_stranger_is_nothing() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "r")]), TIMERS);
    assert_eq!(
        ingest.on(clock.after(0), resources("AS7", "NF1")),
        Outcome::default()
    );
    assert_eq!(
        ingest.on(clock.after(0), failed("AS1", SourceKind::Topology)),
        Outcome::default()
    );
}

#[test]
fn the_order_of_arrival_leaves_no_trace() {
    let clock = Clock::new();
    let all = [("AS1", "rt"), ("AS2", "rt"), ("AS3", "r")];
    let inputs = || {
        vec![
            resources("AS1", "NF1"),
            topology("AS1", &["AS2"]),
            resources("AS2", "NF2"),
            topology("AS2", &["AS1", "AS3"]),
            resources("AS3", "NF3"),
        ]
    };
    let mut forward = Ingest::new(&entries(&all), TIMERS);
    let mut backward = Ingest::new(&entries(&all), TIMERS);
    for input in inputs() {
        forward.on(clock.after(0), input);
    }
    for input in inputs().into_iter().rev() {
        backward.on(clock.after(0), input);
    }
    assert!(forward.idr().domains().eq(backward.idr().domains()));
    assert_eq!(members(&forward), members(&backward));
    for id in ["AS1", "AS2", "AS3"] {
        let of = |ingest: &Ingest| {
            let idt = ingest.idt();
            let graph = idt.graph();
            let index = graph.index(&domain(id)).unwrap();
            graph
                .neighbours(index)
                .map(|a| graph.id(a.to).to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&forward), of(&backward), "{id}");
    }
    assert_eq!(
        forward
            .idt()
            .graph()
            .neighbours(idt_index(&forward, "AS2"))
            .count(),
        2
    );
}
