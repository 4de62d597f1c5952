//! From descriptors and capacity to a [`ResourceView`].

use std::collections::{BTreeSet, HashMap, HashSet};

use super::capacity::{self, Capacity, Endpoint};
use super::references::{References, id_at};
use super::{MAX_DESCRIPTORS, MAX_NF_TYPES, MAX_PORTS, list};
use crate::fault::Report;
use crate::json::{Cursor, FieldError};
use crate::list::Read;
use crate::place::Place;
use crate::view::SINGLE;
use crate::{BisBis, NfType, Port, PortId, PortKind, ResourceView, SapId};

/// Reads the view of a document.
pub(super) fn read(root: &Cursor<'_>, report: &mut Report) -> ResourceView {
    let root = Place::root(root);
    let mut view = ResourceView::default();
    let read = descriptors(&root, report);
    let descriptors = report.take(read).unwrap_or_default();
    let nf_types = nf_types(&descriptors.vnfds, report);
    let saps = saps(&descriptors, report);
    let capacity = capacity::read(&root, report);
    for node in &capacity.nodes {
        view.nodes.push(BisBis {
            name: node.name.clone(),
            resources: node.resources,
            ..BisBis::new(node.id.clone())
        });
    }
    let told = !(nf_types.is_empty() && saps.is_empty() && capacity.endpoints.is_empty());
    if view.nodes.is_empty()
        && told
        && let Ok(id) = SINGLE.parse()
    {
        view.nodes.push(BisBis::new(id));
    }
    let count = nf_types.len() * view.nodes.len();
    if count > MAX_NF_TYPES {
        let rule = format_args!(
            "the NF types at all nodes are {count}; at most {MAX_NF_TYPES} are allowed"
        );
        report.fault(0, || FieldError::invalid(root.path(), count, rule).into());
        return view;
    }
    for node in &mut view.nodes {
        node.supported = nf_types.iter().cloned().collect();
    }
    Ports::new(&mut view.nodes, report).put(&root, &saps, &capacity);
    view
}

/// The descriptors of a document.
#[derive(Default)]
struct Descriptors<'a> {
    vnfds: Vec<Place<'a>>,
    nsds: Vec<Place<'a>>,
    pnfds: Vec<Place<'a>>,
}

fn descriptors<'a>(root: &Place<'a>, report: &mut Report) -> Read<Descriptors<'a>> {
    let mut found = Descriptors::default();
    let mut there = false;
    for (name, value) in root.object()? {
        let place = root.below(name, value);
        let (_, local) = name.rsplit_once(':').unwrap_or(("", name));
        let members = match local {
            "nfv" => place.object().map(|members| {
                let members = members.iter();
                members
                    .map(|(name, value)| (name.as_str(), place.below(name, value)))
                    .collect()
            }),
            "vnfd" | "nsd" => Ok(vec![(local, place)]),
            _ => continue,
        };
        there = true;
        let members: Vec<(&str, Place<'a>)> = report.take(members).unwrap_or_default();
        for (name, place) in members {
            let known = match name {
                "vnfd" => &mut found.vnfds,
                "nsd" => &mut found.nsds,
                "pnfd" => &mut found.pnfds,
                _ => continue,
            };
            let list = report.take(list(&place, name));
            known.extend(list.into_iter().flatten());
            let count = known.len();
            if count > MAX_DESCRIPTORS {
                let rule =
                    format_args!("{count} descriptors; at most {MAX_DESCRIPTORS} are allowed");
                return Err(FieldError::invalid(place.path(), count, rule));
            }
        }
    }
    if there {
        Ok(found)
    } else {
        Err(FieldError::missing("nfv"))
    }
}

/// The NF types of VNFDs.
fn nf_types(vnfds: &[Place<'_>], report: &mut Report) -> BTreeSet<NfType> {
    let mut nf_types = BTreeSet::new();
    for vnfd in vnfds {
        // What is no object, or has no id that is one, is told with the references.
        let name = vnfd.member("product-name").unwrap_or_default();
        let id = vnfd.member("id").unwrap_or_default();
        let Some(place) = name.clone().or(id) else {
            continue;
        };
        if name.is_none() && id_at(&place).is_err() {
            continue;
        }
        let nf_type: Option<NfType> = report.take(place.cursor().parse_id());
        if let (None, Some(nf_type)) = (name, &nf_type) {
            report.warn(0, || {
                let text = format!(
                    "no product-name, which SOL 006 requires; the NF type is named by the id, '{nf_type}'"
                );
                (vnfd.path(), text)
            });
        }
        nf_types.extend(nf_type);
    }
    nf_types
}

/// The SAPs of all NSDs, each once; all references of the descriptors are looked at.
fn saps(descriptors: &Descriptors<'_>, report: &mut Report) -> Vec<SapId> {
    let mut references = References::new(report);
    references.vnfds(&descriptors.vnfds);
    references.pnfds(&descriptors.pnfds);
    let sapds = references.nsds(&descriptors.nsds);
    let mut known = HashSet::new();
    let mut saps = Vec::new();
    for sapd in &sapds {
        let sap: Option<SapId> = report.take(sapd.cursor().parse_id());
        saps.extend(sap.filter(|sap| known.insert(sap.clone())));
    }
    saps
}

/// The ports of the nodes of a view.
struct Ports<'v> {
    nodes: &'v mut [BisBis],
    report: &'v mut Report,
    known: HashMap<(usize, PortId), PortKind>,
    /// How many there are, whether they could be put or not.
    count: usize,
}

impl<'v> Ports<'v> {
    fn new(nodes: &'v mut [BisBis], report: &'v mut Report) -> Self {
        Self {
            nodes,
            report,
            known: HashMap::new(),
            count: 0,
        }
    }

    /// Puts SAPs where endpoints say, and at every node if none does.
    fn put(&mut self, root: &Place<'_>, saps: &[SapId], capacity: &Capacity<'_>) {
        let told: HashSet<&SapId> = saps.iter().collect();
        let placed: HashSet<&SapId> = capacity.endpoints.iter().map(Endpoint::name).collect();
        let every: Vec<usize> = (0..self.nodes.len()).collect();
        for sap in saps.iter().filter(|sap| !placed.contains(sap)) {
            self.port(root, &every, sap, &PortKind::Sap(sap.clone()));
        }
        for endpoint in &capacity.endpoints {
            let at = &endpoint.place;
            if let Some(sapd) = endpoint.sapd.as_ref().filter(|sapd| !told.contains(sapd)) {
                let rule = format_args!("no NSD has a SAPD of the id '{sapd}'");
                self.report.fault(0, || at.invalid(rule).into());
                continue;
            }
            let name = endpoint.name();
            let kind = match &endpoint.tag {
                Some(tag) => PortKind::InterDomain(tag.clone()),
                None => PortKind::Sap(name.clone()),
            };
            let nodes = match &endpoint.pop {
                Some(pop) => capacity.pops.get(pop).map_or(&[][..], Vec::as_slice),
                None => &every,
            };
            self.port(at, nodes, name, &kind);
        }
    }

    fn port(&mut self, at: &Place<'_>, nodes: &[usize], name: &SapId, kind: &PortKind) {
        self.count = self.count.saturating_add(nodes.len());
        if self.count > MAX_PORTS {
            let rule = format_args!(
                "the ports, counted at each node that they belong to, are more than {MAX_PORTS}"
            );
            let error = FieldError::invalid(at.path(), name, rule);
            self.report.fault(0, || error.into());
            return;
        }
        let id: Read<PortId> = name.as_str().parse().map_err(|error| at.invalid(error));
        let Some(id) = self.report.take(id) else {
            return;
        };
        let mut twice = false;
        for node in nodes {
            match self.known.insert((*node, id.clone()), kind.clone()) {
                None => {}
                Some(first) if first == *kind => {
                    twice = true;
                    continue;
                }
                Some(_) => {
                    let rule = format_args!("the port '{id}' is another one at the same node");
                    self.report.fault(0, || at.invalid(rule).into());
                    return;
                }
            }
            if let Some(node) = self.nodes.get_mut(*node) {
                node.ports.push(Port::new(id.clone(), kind.clone()));
            }
        }
        if twice {
            let text = || format!("the port '{id}' is told before at the same node");
            self.report.warn(0, || (at.path(), text()));
        }
    }
}
