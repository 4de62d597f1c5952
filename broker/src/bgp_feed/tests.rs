use idt::bgpls::{IgpRouterId, Nlri, NodeDescriptors, NodeNlri, ProtocolId, Source};

use super::*;

fn node(asn: Option<u32>) -> Vec<u8> {
    let nlri = Nlri::Node(NodeNlri {
        source: Source {
            protocol: ProtocolId::BGP,
            identifier: 0,
        },
        local: NodeDescriptors {
            asn,
            igp_router_id: Some(IgpRouterId::V4(asn.unwrap_or(9).into())),
            ..NodeDescriptors::default()
        },
        other: Vec::new(),
    });
    nlri.encode().unwrap()
}

fn nlris(asns: &[Option<u32>]) -> Nlris {
    let all: Vec<u8> = asns.iter().flat_map(|asn| node(*asn)).collect();
    Nlris::new(all.into()).unwrap()
}

fn told(inputs: &[Input]) -> Vec<(&str, usize, usize, bool)> {
    let of = |input: &'_ Input| match &input.news {
        News::Routes(update) => (
            update.announced.count(),
            update.withdrawn.count(),
            update.end_of_rib,
        ),
        _ => (0, 0, false),
    };
    inputs
        .iter()
        .map(|input| {
            let (announced, withdrawn, end) = of(input);
            (input.source.domain.as_str(), announced, withdrawn, end)
        })
        .collect()
}

#[test]
fn each_route_goes_to_the_domain_of_its_local_node() {
    let mut many = Speaks::many("192.0.2.1".parse().unwrap());
    let update = LsUpdate {
        announced: nlris(&[Some(2), Some(1), None, Some(2)]),
        withdrawn: nlris(&[Some(3)]),
        attribute: Some(bytes::Bytes::from_static(b"x")),
        ..LsUpdate::default()
    };
    let inputs = many.inputs(News::Routes(update));
    assert_eq!(
        told(&inputs),
        [
            ("AS1", 1, 0, false),
            ("AS2", 2, 0, false),
            ("AS3", 0, 1, false)
        ]
    );
    let end = LsUpdate {
        end_of_rib: true,
        ..LsUpdate::default()
    };
    let inputs = many.inputs(News::Routes(end));
    assert_eq!(
        told(&inputs),
        [
            ("AS1", 0, 0, true),
            ("AS2", 0, 0, true),
            ("AS3", 0, 0, true)
        ],
        "the end is everybody's"
    );
    let up = many.inputs(News::SessionUp { forget: false });
    assert_eq!(up.len(), 3);
}

#[test]
fn an_update_of_one_domain_is_not_copied() {
    let mut many = Speaks::many("192.0.2.1".parse().unwrap());
    let update = LsUpdate {
        announced: nlris(&[Some(7), Some(7)]),
        ..LsUpdate::default()
    };
    let start = update.announced.iter().next().unwrap().as_ptr();
    let inputs = many.inputs(News::Routes(update));
    let [
        Input {
            news: News::Routes(update),
            ..
        },
    ] = &inputs[..]
    else {
        panic!("one input")
    };
    assert_eq!(update.announced.iter().next().unwrap().as_ptr(), start);
}
