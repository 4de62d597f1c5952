//! Where members contradict each other. Each contradiction has an outcome by rule; people have to settle
//! it.

use std::collections::BTreeMap;

use nffg::DomainId;

/// Of all that claim one SAP, so many are told to each.
const OTHERS: usize = 8;

/// What two members say differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Both say that the prefix is reached in them. A network map must not have it twice (RFC 7285
    /// §11.2.2): the domain whose id comes first has it.
    Prefix,
    /// Both say that the service access point is theirs. A graph that names it gets candidates in both.
    Sap,
    /// One tells a link to the other, whose topology does not have it. It is not used.
    HalfUpLink,
}

impl Kind {
    /// The word for it in answers and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::Sap => "sap",
            Self::HalfUpLink => "half-up-link",
        }
    }
}

/// A contradiction, as one of the two domains sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// What it is about.
    pub kind: Kind,
    /// The prefix, the SAP, or the ends of the link.
    pub subject: String,
    /// The other domain.
    pub with: DomainId,
    /// What was made of it, for this domain.
    pub outcome: &'static str,
}

/// The contradictions in which `domain` is, in order.
#[must_use]
pub fn of_domain(maps: &alto::Maps, domain: &DomainId) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    each(maps, |of, conflict| {
        if of == domain {
            conflicts.push(conflict());
        }
    });
    conflicts.sort();
    conflicts
}

/// The same for every domain that is in any.
#[must_use]
pub fn by_domain(maps: &alto::Maps) -> BTreeMap<DomainId, Vec<Conflict>> {
    let mut conflicts: BTreeMap<DomainId, Vec<Conflict>> = BTreeMap::new();
    each(maps, |of, conflict| {
        conflicts.entry(of.clone()).or_default().push(conflict());
    });
    conflicts.values_mut().for_each(|list| list.sort());
    conflicts
}

/// How many contradictions of each kind there are, each counted once.
#[must_use]
pub fn count(maps: &alto::Maps) -> [(Kind, usize); 3] {
    let saps = maps.idr().shared_saps().len();
    [
        (Kind::Prefix, maps.prefix_conflicts().len()),
        (Kind::Sap, saps),
        (Kind::HalfUpLink, maps.idt().graph().half_up().len()),
    ]
}

/// Tells every contradiction once for each domain in it.
fn each(maps: &alto::Maps, mut told: impl FnMut(&DomainId, &dyn Fn() -> Conflict)) {
    for conflict in maps.prefix_conflicts() {
        let (kept, lost) = (&conflict.kept_by, &conflict.lost_by);
        let sides = [
            (kept, lost, "it is this domain's in the network map"),
            (lost, kept, "it is the other domain's in the network map"),
        ];
        for (of, with, outcome) in sides {
            told(of, &|| Conflict {
                kind: Kind::Prefix,
                subject: conflict.prefix.to_string(),
                with: with.clone(),
                outcome,
            });
        }
    }
    for shared in maps.idr().shared_saps() {
        for of in shared.domains {
            for with in shared
                .domains
                .iter()
                .filter(|with| *with != of)
                .take(OTHERS)
            {
                told(of, &|| Conflict {
                    kind: Kind::Sap,
                    subject: shared.sap.to_string(),
                    with: with.clone(),
                    outcome: "services may start and end in either domain",
                });
            }
        }
    }
    for half in maps.idt().graph().half_up() {
        let (src, dst) = (&half.src, &half.dst);
        let sides = [
            (src, dst, "not used: the other domain does not tell it"),
            (dst, src, "not used: this domain does not tell it"),
        ];
        for (of, with, outcome) in sides {
            told(&of.domain, &|| Conflict {
                kind: Kind::HalfUpLink,
                subject: format!(
                    "{} {} to {} {}",
                    src.domain, src.router, dst.domain, dst.router
                ),
                with: with.domain.clone(),
                outcome,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nffg::export::Expected;

    use super::*;

    /// A topology of AS`n` with a prefix that all claim, and a link to its neighbour's router.
    fn topology(n: u32, neighbour: u32) -> idt::Update {
        let text = format!(
            r#"{{"nodes": {{"node": [{{"id": "AS{n}", "ports": {{"port": [{{"id": "r{n}"}}]}},
                 "metadata": [{{"key": "reachability_ipv4_address", "value": "10.0.0.0"}},
                              {{"key": "reachability_prefix", "value": "8"}}]}},
                 {{"id": "AS{neighbour}", "ports": {{"port": [{{"id": "r{neighbour}"}}]}}}}]}},
                "links": {{"link": [{{"id": "l",
                 "src": "/nodes/node[id=AS{n}]/ports/port[id=r{n}]",
                 "dst": "/nodes/node[id=AS{neighbour}]/ports/port[id=r{neighbour}]"}}]}}}}"#
        );
        let domain: DomainId = format!("AS{n}").parse().unwrap();
        let export = nffg::export::decode(text.as_bytes(), Expected::of(&domain)).unwrap();
        let view = export.parts.topology.unwrap();
        idt::Update::Topology(idt::DomainTopology::from_view(&domain, &view).unwrap())
    }

    fn resources(n: u32) -> idr::Update {
        let text = "<virtualizer><id>v</id><nodes><node><id>n</id><type>BiSBiS</type><ports><port>\
             <id>SAP1</id><port_type>port-sap</port_type></port></ports></node></nodes></virtualizer>";
        let view = nffg::virtualizer::decode(text.as_bytes()).unwrap();
        let domain = format!("AS{n}").parse().unwrap();
        idr::Update::Put(idr::Domain::from_view(domain, None, view).unwrap())
    }

    #[test]
    fn each_domain_sees_its_side() {
        let (mut idr, mut ted) = (idr::Idr::new(), idt::Ted::new());
        idr.apply([resources(1), resources(2)]);
        // AS1 tells a link to AS2; AS2 tells one to AS3 only.
        ted.apply([topology(1, 2), topology(2, 3)]);
        let settings = crate::settings::Settings::default();
        let config = Arc::new(alto::Config {
            server_name: settings.server_name,
            caps: settings.paths.caps(),
            limits: settings.alto.limits(),
        });
        let maps = alto::Maps::build(config, idr.snapshot(), ted.snapshot(), None);
        let of = |n: u32| {
            let domain = format!("AS{n}").parse().unwrap();
            of_domain(&maps, &domain)
                .into_iter()
                .map(|c| (c.kind.as_str(), c.subject, c.with.to_string(), c.outcome))
                .collect::<Vec<_>>()
        };
        let (prefix, sap, link) = ("10.0.0.0/8", "SAP1", "AS1 r1 to AS2 r2");
        let either = "services may start and end in either domain";
        let told = |kind, subject: &str, with: &str, outcome| {
            (kind, subject.to_owned(), with.to_owned(), outcome)
        };
        assert_eq!(
            of(1),
            [
                told(
                    "prefix",
                    prefix,
                    "AS2",
                    "it is this domain's in the network map"
                ),
                told("sap", sap, "AS2", either),
                told(
                    "half-up-link",
                    link,
                    "AS2",
                    "not used: the other domain does not tell it"
                ),
            ]
        );
        assert_eq!(
            of(2),
            [
                told(
                    "prefix",
                    prefix,
                    "AS1",
                    "it is the other domain's in the network map"
                ),
                told("sap", sap, "AS1", either),
                told(
                    "half-up-link",
                    link,
                    "AS1",
                    "not used: this domain does not tell it"
                ),
            ]
        );
        assert!(of(3).is_empty());
        let all = by_domain(&maps);
        assert_eq!(all.len(), 2);
        assert_eq!(all["AS1"].len(), 3);
        assert_eq!(count(&maps).map(|(_, n)| n), [1, 1, 1]);
    }
}
