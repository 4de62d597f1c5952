//! One peer that speaks for many domains.

use idt::bgpls::{
    IgpRouterId, LinkDescriptors, LinkNlri, Nlri, NodeDescriptors, ProtocolId, Source,
};

use super::*;

/// The link from the router of one AS to that of another.
fn link(from: u32, to: u32) -> Vec<u8> {
    let node = |asn| NodeDescriptors {
        asn: Some(asn),
        igp_router_id: Some(IgpRouterId::V4(asn.into())),
        ..NodeDescriptors::default()
    };
    let nlri = Nlri::Link(LinkNlri {
        source: Source {
            protocol: ProtocolId::BGP,
            identifier: 0,
        },
        local: node(from),
        remote: node(to),
        link: LinkDescriptors::default(),
        other: Vec::new(),
    });
    nlri.encode().unwrap()
}

fn field(links: &[(u32, u32)]) -> crate::bgp::Nlris {
    let all: Vec<u8> = links.iter().flat_map(|(a, b)| link(*a, *b)).collect();
    crate::bgp::Nlris::new(all.into()).unwrap()
}

fn of(asn: u32, news: News) -> Input {
    Input {
        source: key(&format!("AS{asn}"), SourceKind::BgpLs(PEER)),
        news,
    }
}

fn announced(asn: u32, to: &[u32]) -> Input {
    let links: Vec<_> = to.iter().map(|to| (asn, *to)).collect();
    let update = LsUpdate {
        announced: field(&links),
        ..LsUpdate::default()
    };
    of(asn, News::Routes(update))
}

fn withdrawn(asn: u32, to: &[u32]) -> Input {
    let links: Vec<_> = to.iter().map(|to| (asn, *to)).collect();
    let update = LsUpdate {
        withdrawn: field(&links),
        ..LsUpdate::default()
    };
    of(asn, News::Routes(update))
}

fn ingest(domains: &[(&str, &str)], max_routes: usize) -> Ingest {
    let peer = BgpPeer {
        max_routes,
        ..peer()
    };
    Ingest::new(&entries(domains), rules()).with_propagators(&[peer])
}

/// Pairs of adjacent domains.
fn adjacencies(ingest: &Ingest) -> Vec<(String, String)> {
    let idt = ingest.idt();
    let graph = idt.graph();
    let name = |index| graph.id(index).to_string();
    graph
        .indices()
        .flat_map(|a| graph.neighbours(a).map(move |b| (name(a), name(b.to))))
        .filter(|(a, b)| a < b)
        .collect()
}

fn pair(a: &str, b: &str) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

#[test]
fn domains_become_members_by_their_routes_and_leave_with_the_last() {
    let clock = Clock::new();
    let mut ingest = ingest(&[], 100);
    ingest.on(clock.after(0), announced(1, &[2]));
    ingest.on(clock.after(0), announced(2, &[1, 3]));
    assert!(ingest.commit().is_some());
    assert_eq!(members(&ingest), ["AS1", "AS2"]);
    assert_eq!(adjacencies(&ingest), [pair("AS1", "AS2")]);
    // AS2 told its link to AS3 before AS3 was known: nothing need be told again.
    ingest.on(clock.after(1), announced(3, &[2]));
    assert!(ingest.commit().is_some());
    assert_eq!(
        adjacencies(&ingest),
        [pair("AS1", "AS2"), pair("AS2", "AS3")]
    );
    ingest.on(clock.after(2), withdrawn(1, &[2]));
    let outcome = ingest.tick(clock.after(2).instant);
    assert_eq!(outcome.forgotten, [domain("AS1")]);
    assert!(ingest.commit().is_some());
    assert_eq!(members(&ingest), ["AS2", "AS3"]);
}

#[test]
fn a_lost_session_ages_every_domain_and_its_return_saves_what_is_told_again() {
    let clock = Clock::new();
    let mut ingest = ingest(&[], 100);
    for (asn, to) in [(1, 2), (2, 1), (3, 2)] {
        ingest.on(clock.after(0), announced(asn, &[to]));
    }
    ingest.commit();
    let all = |ingest: &mut Ingest, at, news: &News| {
        for asn in 1..=3 {
            ingest.on(clock.after(at), of(asn, news.clone()));
        }
    };
    let down = News::SessionDown {
        why: "gone".to_owned(),
        restart_time: Some(Duration::from_secs(60)),
    };
    all(&mut ingest, 10, &down);
    assert_eq!(
        ingest.state(&key("AS1", SourceKind::BgpLs(PEER))),
        Some(State::Stale)
    );
    all(&mut ingest, 20, &News::SessionUp { forget: false });
    for (asn, to) in [(1, 2), (2, 1)] {
        ingest.on(clock.after(21), announced(asn, &[to]));
    }
    let end = LsUpdate {
        end_of_rib: true,
        ..LsUpdate::default()
    };
    all(&mut ingest, 22, &News::Routes(end));
    ingest.tick(clock.after(22).instant);
    ingest.commit();
    assert_eq!(members(&ingest), ["AS1", "AS2"], "AS3 was not told again");
    all(&mut ingest, 30, &down);
    ingest.tick(clock.after(91).instant);
    ingest.commit();
    assert!(members(&ingest).is_empty());
}

#[test]
fn a_domain_of_the_settings_has_it_as_one_source_more() {
    let clock = Clock::new();
    let mut ingest = ingest(&[("AS1", "r")], 100);
    ingest.on(clock.after(0), announced(1, &[2]));
    ingest.on(clock.after(0), announced(2, &[1]));
    ingest.commit();
    assert_eq!(adjacencies(&ingest), [pair("AS1", "AS2")]);
    ingest.on(clock.after(1), withdrawn(1, &[2]));
    ingest.tick(clock.after(1).instant);
    ingest.commit();
    assert!(ingest.domains().any(|known| *known == domain("AS1")));
    assert!(source(&ingest, &key("AS1", SourceKind::BgpLs(PEER))).is_none());
}

#[test]
fn the_limit_is_for_all_domains_together_and_takes_nothing_that_is_there() {
    let clock = Clock::new();
    let mut ingest = ingest(&[], 3);
    ingest.on(clock.after(0), announced(1, &[2, 3]));
    ingest.on(clock.after(0), announced(2, &[1, 3]));
    ingest.commit();
    let told = |ingest: &Ingest, id: &str| {
        let topology = ingest.idt().topology(&domain(id)).cloned();
        topology.map_or(0, |topology| topology.inter_links().len())
    };
    assert_eq!((told(&ingest, "AS1"), told(&ingest, "AS2")), (2, 1));
    let status = source(&ingest, &key("AS2", SourceKind::BgpLs(PEER))).unwrap();
    assert!(status.last_failure.unwrap().why.contains("over the limits"));
    // A withdrawal makes room again, for whichever domain.
    ingest.on(clock.after(1), withdrawn(1, &[3]));
    ingest.on(clock.after(1), announced(2, &[3]));
    ingest.commit();
    assert_eq!((told(&ingest, "AS1"), told(&ingest, "AS2")), (1, 2));
}

#[test]
fn what_is_no_route_makes_no_member() {
    let clock = Clock::new();
    let mut ingest = ingest(&[], 100);
    for news in [
        News::SessionUp { forget: false },
        News::Failed("refused".to_owned().into()),
        News::Routes(LsUpdate::default()),
    ] {
        ingest.on(clock.after(0), of(1, news));
    }
    ingest.on(clock.after(0), withdrawn(1, &[2]));
    assert_eq!(ingest.domains().count(), 0);
}
