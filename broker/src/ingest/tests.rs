use std::time::Duration;

use std::net::IpAddr;

use jiff::Timestamp;
use nffg::export::{Export, Format, Parts};
use nffg::{RouterLink, RouterRef, Syntax, TopologyNode, TopologyView};

use super::*;
use crate::settings::PullFrom;

const RESOURCES: SourceKind = SourceKind::Pull(Slot::Resources);
const TOPOLOGY: SourceKind = SourceKind::Pull(Slot::Topology);

fn rules() -> Rules {
    Rules {
        times: Times {
            timers: TIMERS,
            settle: Duration::from_secs(30),
            forget: Duration::from_secs(3600),
        },
        limits: MemberLimits::default(),
        members: 100,
    }
}

fn document(parts: Parts) -> News {
    let text = format!("{parts:?}");
    News::Document(Box::new(Document {
        export: Export {
            format: Format::Unify,
            syntax: Syntax::Json,
            parts,
            warnings: Vec::new(),
        },
        version: Version::of(text.as_bytes()),
        bytes: text.len(),
        by: None,
    }))
}

const TIMERS: Timers = Timers {
    hold: Duration::from_secs(30),
    expire: Duration::from_secs(90),
};

mod precedence;
mod propagator;
mod push;
mod windows;

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
    let url = || Some(PullFrom::url("http://127.0.0.1/".parse().unwrap()));
    let entry = |(id, kinds): &(&str, &str)| DomainEntry {
        id: domain(id),
        entry_point: None,
        resources: kinds.contains('r').then(url).flatten(),
        topology: kinds.contains('t').then(url).flatten(),
        files: Vec::new(),
        push: false,
        precedence: Vec::new(),
        asn: None,
        policy: None,
        bgp_ls: if kinds.contains('b') {
            vec![peer()]
        } else {
            Vec::new()
        },
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
        source: key(id, RESOURCES),
        news: document(view.into()),
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
        srlgs: nffg::Srlgs::default(),
        performance: nffg::Performance::default(),
    });
    let view = TopologyView {
        nodes: vec![node],
        links: links.collect(),
        ..Default::default()
    };
    Input {
        source: key(id, TOPOLOGY),
        news: document(view.into()),
    }
}

const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

fn peer() -> BgpPeer {
    toml::from_str(&format!("address = '{PEER}'")).unwrap()
}

fn source(ingest: &Ingest, key: &SourceKey) -> Option<SourceStatus> {
    let status = ingest.status(&key.domain)?;
    status
        .sources
        .into_iter()
        .find(|source| source.kind == key.kind)
}

fn failed(id: &str, kind: SourceKind) -> Input {
    Input {
        source: key(id, kind),
        news: News::Failed("silence".to_owned().into()),
    }
}

/// What came of an input or of time, and whether the databases are other than before.
#[derive(Debug, Default, PartialEq)]
struct Step {
    transitions: Vec<Transition>,
    refused: Option<Failure>,
    changed: bool,
}

fn step(ingest: &mut Ingest, outcome: Outcome) -> Step {
    let Outcome {
        transitions,
        refused,
        ..
    } = outcome;
    Step {
        transitions,
        refused,
        changed: ingest.commit().is_some(),
    }
}

fn on(ingest: &mut Ingest, now: Now, input: Input) -> Step {
    let outcome = ingest.on(now, input);
    step(ingest, outcome)
}

fn tick(ingest: &mut Ingest, now: Instant) -> Step {
    let outcome = ingest.tick(now);
    step(ingest, outcome)
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
    let mut ingest = Ingest::new(&entries(&[("AS1", "rt"), ("AS2", "rt")]), rules());
    let first = on(&mut ingest, clock.after(0), resources("AS1", "NF1"));
    assert!(first.changed);
    assert_eq!(first.transitions[0].to, State::Fresh);
    assert_eq!(
        on(&mut ingest, clock.after(1), resources("AS1", "NF1")),
        Step::default()
    );
    assert!(on(&mut ingest, clock.after(2), resources("AS1", "NF2")).changed);
    assert!(on(&mut ingest, clock.after(3), topology("AS1", &["AS2"])).changed);
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
    let mut ingest = Ingest::new(&entries(&[("AS1", "rt")]), rules());
    on(&mut ingest, clock.after(0), resources("AS1", "NF1"));
    on(&mut ingest, clock.after(20), topology("AS1", &[]));
    assert_eq!(ingest.next_deadline(), Some(clock.after(30).instant));

    let stale = tick(&mut ingest, clock.after(30).instant);
    assert_eq!(
        (stale.transitions.len(), stale.changed),
        (1, false),
        "stale is still served"
    );
    assert_eq!(
        tick(&mut ingest, clock.after(50).instant).transitions.len(),
        1
    );

    let gone = tick(&mut ingest, clock.after(90).instant);
    assert!(gone.changed);
    assert_eq!(members(&ingest), ["AS1"], "the topology is still served");
    let as1 = ingest.idr().domain(&domain("AS1")).cloned().unwrap();
    assert!(as1.nodes().is_empty() && as1.entry_point().is_some());

    assert!(tick(&mut ingest, clock.after(110).instant).changed);
    assert!(members(&ingest).is_empty());
    assert!(ingest.idr().domain(&domain("AS1")).is_none());
    assert_eq!(ingest.next_deadline(), None);
}

#[test]
fn a_domain_that_comes_back_with_the_same_document_is_the_same_again() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "rt"), ("AS2", "rt")]), rules());
    for input in [
        resources("AS1", "NF1"),
        topology("AS1", &["AS2"]),
        resources("AS2", "NF2"),
        topology("AS2", &["AS1"]),
    ] {
        on(&mut ingest, clock.after(0), input);
    }
    let before = ingest.idr();
    on(&mut ingest, clock.after(80), resources("AS2", "NF2"));
    on(&mut ingest, clock.after(80), topology("AS2", &["AS1"]));
    tick(&mut ingest, clock.after(95).instant);
    assert_eq!(members(&ingest), ["AS2"]);
    // The puller knows the documents by their hash and says only that they did not change.
    for kind in [RESOURCES, TOPOLOGY] {
        let back = Input {
            source: key("AS1", kind),
            news: News::Unchanged,
        };
        assert!(on(&mut ingest, clock.after(100), back).changed);
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
    let mut ingest = Ingest::new(&entries(&[("AS1", "rt")]), rules());
    on(&mut ingest, clock.after(0), resources("AS1", "NF1"));
    assert!(!on(&mut ingest, clock.after(1), failed("AS1", RESOURCES)).changed);
    assert!(!on(&mut ingest, clock.after(2), failed("AS1", RESOURCES)).changed);
    let status = source(&ingest, &key("AS1", RESOURCES)).unwrap();
    assert_eq!(
        (
            status.failures,
            status.last_failure.as_ref().map(|f| f.why.as_str())
        ),
        (2, Some("silence"))
    );
    assert_eq!(status.state, State::Fresh);
    on(&mut ingest, clock.after(3), resources("AS1", "NF1"));
    let status = source(&ingest, &key("AS1", RESOURCES)).unwrap();
    assert_eq!((status.failures, status.last_failure), (0, None));
}

#[test]
fn a_topology_of_somebody_else_counts_as_no_answer() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "rt")]), rules());
    let mut wrong = topology("AS9", &[]);
    wrong.source = key("AS1", TOPOLOGY);
    let outcome = on(&mut ingest, clock.after(0), wrong);
    assert!(outcome.refused.is_some() && !outcome.changed);
    assert_eq!(source(&ingest, &key("AS1", TOPOLOGY)).unwrap().failures, 1);
    assert!(members(&ingest).is_empty());
}

#[test]
fn a_topology_is_the_resource_source_of_a_domain_that_has_no_other() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "t"), ("AS2", "rt")]), rules());
    on(&mut ingest, clock.after(0), topology("AS1", &[]));
    on(&mut ingest, clock.after(0), topology("AS2", &[]));
    let nodes = |id| ingest.idr().domain(&domain(id)).unwrap().nodes().len();
    assert_eq!((nodes("AS1"), nodes("AS2")), (1, 0));
}

#[test]
fn a_declared_entry_point_wins() {
    let clock = Clock::new();
    let mut entries = entries(&[("AS1", "rt")]);
    entries[0].entry_point = Some("http://declared.example/".parse().unwrap());
    let mut ingest = Ingest::new(&entries, rules());
    on(&mut ingest, clock.after(0), topology("AS1", &[]));
    let as1 = ingest.idr().domain(&domain("AS1")).cloned().unwrap();
    assert_eq!(
        as1.entry_point().unwrap().to_string(),
        "http://declared.example/"
    );
}

#[test]
fn a_stranger_is_nothing() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "r")]), rules());
    assert_eq!(
        on(&mut ingest, clock.after(0), resources("AS7", "NF1")),
        Step::default()
    );
    assert_eq!(
        on(&mut ingest, clock.after(0), failed("AS1", TOPOLOGY)),
        Step::default()
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
    let mut forward = Ingest::new(&entries(&all), rules());
    let mut backward = Ingest::new(&entries(&all), rules());
    for input in inputs() {
        on(&mut forward, clock.after(0), input);
    }
    for input in inputs().into_iter().rev() {
        on(&mut backward, clock.after(0), input);
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

// ---- BGP-LS

/// A router of AS1, and its link to AS2's router, as BGP-LS has them.
fn route(octet: u8) -> Vec<u8> {
    use idt::bgpls::{
        IgpRouterId, LinkDescriptors, LinkNlri, Nlri, NodeDescriptors, ProtocolId, Source,
    };
    let node = |asn, octet| NodeDescriptors {
        asn: Some(asn),
        igp_router_id: Some(IgpRouterId::V4(std::net::Ipv4Addr::new(10, 0, 0, octet))),
        ..NodeDescriptors::default()
    };
    let nlri = Nlri::Link(LinkNlri {
        source: Source {
            protocol: ProtocolId::STATIC,
            identifier: 0,
        },
        local: node(1, octet),
        remote: node(2, 200),
        link: LinkDescriptors::default(),
        other: Vec::new(),
    });
    nlri.encode().unwrap()
}

fn from_peer(news: News) -> Input {
    Input {
        source: key("AS1", SourceKind::BgpLs(PEER)),
        news,
    }
}

fn routes(announced: &[u8], withdrawn: &[u8], end_of_rib: bool) -> Input {
    let field = |octets: &[u8]| {
        let all: Vec<u8> = octets.iter().flat_map(|octet| route(*octet)).collect();
        crate::bgp::Nlris::new(all.into()).unwrap()
    };
    from_peer(News::Routes(LsUpdate {
        announced: field(announced),
        withdrawn: field(withdrawn),
        end_of_rib,
        ..LsUpdate::default()
    }))
}

fn up() -> Input {
    from_peer(News::SessionUp { forget: false })
}

fn down(restart_time: Option<Duration>) -> Input {
    from_peer(News::SessionDown {
        why: "the peer closed".to_owned(),
        restart_time,
    })
}

fn links(ingest: &Ingest) -> usize {
    ingest
        .idt()
        .topology(&domain("AS1"))
        .map_or(0, |topology| topology.inter_links().len())
}

#[test]
fn routes_are_taken_and_withdrawn_and_the_session_holds_them() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "b"), ("AS2", "r")]), rules());
    assert_eq!(
        on(&mut ingest, clock.after(0), up()).transitions[0].to,
        State::Fresh
    );
    assert!(on(&mut ingest, clock.after(0), routes(&[1, 2], &[], true)).changed);
    assert_eq!(links(&ingest), 2);
    assert!(
        !on(&mut ingest, clock.after(1), routes(&[2], &[], false)).changed,
        "the same again"
    );
    assert!(on(&mut ingest, clock.after(1), routes(&[], &[2], false)).changed);
    assert_eq!(links(&ingest), 1);
    let later = clock.after(100_000);
    assert_eq!(tick(&mut ingest, later.instant), Step::default());
    assert_eq!(ingest.next_deadline(), None, "a session does not age");
}

#[test]
fn a_flood_of_routes_is_one_commit() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "b"), ("AS2", "r")]), rules());
    ingest.on(clock.after(0), up());
    for octet in 1..100 {
        ingest.on(clock.after(0), routes(&[octet], &[], false));
    }
    let before = ingest.idt().generation();
    assert!(ingest.is_touched() && ingest.commit().is_some() && !ingest.is_touched());
    assert_eq!(links(&ingest), 99);
    assert_eq!(ingest.idt().generation(), before + 1);
}

#[test]
fn rfc4724_4_2_what_a_lost_session_told_is_stale_then_gone_after_the_restart_time() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "b"), ("AS2", "r")]), rules());
    on(&mut ingest, clock.after(0), up());
    on(&mut ingest, clock.after(0), routes(&[1], &[], true));
    let lost = on(
        &mut ingest,
        clock.after(50),
        down(Some(Duration::from_secs(7))),
    );
    assert_eq!(
        (lost.transitions[0].to, lost.changed),
        (State::Stale, false)
    );
    assert_eq!(links(&ingest), 1, "stale is still served");
    let status = source(&ingest, &key("AS1", SourceKind::BgpLs(PEER))).unwrap();
    assert_eq!(
        status.last_failure.as_ref().map(|f| f.why.as_str()),
        Some("the peer closed")
    );
    assert_eq!(ingest.next_deadline(), Some(clock.after(57).instant));
    assert!(tick(&mut ingest, clock.after(57).instant).changed);
    assert!(members(&ingest).is_empty());
    // Without a restart time the settings' expiry decides.
    on(&mut ingest, clock.after(60), up());
    on(&mut ingest, clock.after(60), routes(&[1], &[], true));
    on(&mut ingest, clock.after(60), down(None));
    assert_eq!(ingest.next_deadline(), Some(clock.after(150).instant));
}

#[test]
fn rfc4724_4_2_on_return_the_differences_alone_are_applied() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "b"), ("AS2", "r")]), rules());
    on(&mut ingest, clock.after(0), up());
    on(&mut ingest, clock.after(0), routes(&[1, 2], &[], true));
    on(&mut ingest, clock.after(10), down(None));
    assert!(!on(&mut ingest, clock.after(20), up()).changed);
    assert!(
        !on(&mut ingest, clock.after(20), routes(&[1], &[], false)).changed,
        "told again"
    );
    assert_eq!(links(&ingest), 2, "the other may still come");
    assert!(
        on(&mut ingest, clock.after(21), routes(&[], &[], true)).changed,
        "it did not"
    );
    assert_eq!(links(&ingest), 1);
}

#[test]
fn a_peer_that_never_says_that_it_told_all_has_the_settle_time() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "b"), ("AS2", "r")]), rules());
    on(&mut ingest, clock.after(0), up());
    on(&mut ingest, clock.after(0), routes(&[1, 2], &[], false));
    on(&mut ingest, clock.after(10), down(None));
    on(&mut ingest, clock.after(20), up());
    on(&mut ingest, clock.after(20), routes(&[2], &[], false));
    assert_eq!(ingest.next_deadline(), Some(clock.after(50).instant));
    assert!(tick(&mut ingest, clock.after(50).instant).changed);
    assert_eq!(links(&ingest), 1);
}

#[test]
fn rfc4724_4_2_a_peer_that_restarted_without_its_state_is_forgotten_at_once() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "b"), ("AS2", "r")]), rules());
    on(&mut ingest, clock.after(0), up());
    on(&mut ingest, clock.after(0), routes(&[1], &[], true));
    on(&mut ingest, clock.after(10), down(None));
    assert!(
        on(
            &mut ingest,
            clock.after(20),
            from_peer(News::SessionUp { forget: true })
        )
        .changed
    );
    assert_eq!(links(&ingest), 0);
}

#[test]
fn bgp_ls_tells_the_topology_and_the_export_the_rest() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&entries(&[("AS1", "tb"), ("AS2", "r")]), rules());
    on(
        &mut ingest,
        clock.after(0),
        topology("AS1", &["AS2", "AS3"]),
    );
    assert_eq!(links(&ingest), 2);
    on(&mut ingest, clock.after(1), up());
    assert_eq!(
        links(&ingest),
        2,
        "a session that told nothing yet takes nothing away"
    );
    on(&mut ingest, clock.after(1), routes(&[1], &[], true));
    assert_eq!(links(&ingest), 1);
    let as1 = ingest.idr().domain(&domain("AS1")).cloned().unwrap();
    assert!(as1.entry_point().is_some() && as1.nodes().len() == 1);
    on(&mut ingest, clock.after(2), routes(&[], &[1], false));
    assert_eq!(
        links(&ingest),
        2,
        "back to the export when all is withdrawn"
    );
}
