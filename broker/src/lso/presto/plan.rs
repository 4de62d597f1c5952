//! From a segment to what an orchestrator is to have: NFs on nodes, and flow entries between ports.
//!
//! Ids are made of the service's, so whoever computes them anew finds what is there:
//!
//! * `sof:<service>:nf:<function>` is an NF, on a node that supports its type. One that is there already stays where it
//!   is, if the type is the same; a new one goes where most is left.
//! * `sof:<service>:flow:<n>.<hop>:<link>` is a flow entry of the n-th flow of the segment; a flow that passes several
//!   nodes has one at each, over the fewest links between them. Between two nodes, and at a border, its traffic is told
//!   from others' by a tag.
//!
//! A service that is provisioned only has its NFs, and no flow entries.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use nffg::virtualizer::deploy::{Edit, EntryEdit, FlowEnd, FlowEntry, NF_PORTS, NodeEdit};
use nffg::{
    BisBis, BisBisId, Delay, PortId, PortKind, Quantity, ResourceView, Resources, RunningNf, Unit,
    ViewLink,
};
use sof::payload::{Border, Flow, Function, Point, Segment};
use sof::service::ServiceId;

/// Which port leads to which neighbour: by `<domain>:<router of ours>` or `<domain>`, the tag (`sap`) or the id of the
/// port.
pub type Borders = BTreeMap<String, String>;

/// What an orchestrator told.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) view: ResourceView,
    pub(super) flows: BTreeMap<BisBisId, Vec<FlowEntry>>,
}

/// What is to be there for a service, by node.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wanted {
    nfs: Vec<(BisBisId, RunningNf)>,
    flows: Vec<(BisBisId, FlowEntry)>,
    /// The delay that the orchestrator tells of the way of each flow.
    pub(super) delays: Vec<Option<Delay>>,
}

/// The entries of a flow, a node each.
type Way = Vec<(BisBisId, FlowEntry)>;

/// A port, or an NF on a node.
type Place = (BisBisId, FlowEnd);

/// An id's part that neither ends a reference nor a part of ours.
fn part(text: &str) -> String {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if !text.is_empty() && text.len() <= 64 && text.bytes().all(legal) {
        return text.to_owned();
    }
    let hash = blake3::hash(text.as_bytes()).to_hex();
    format!("_{}", hash.as_str().get(..24).unwrap_or_default())
}

/// What all ids of a service begin with.
pub(super) fn prefix(service: &ServiceId) -> String {
    format!("sof:{}:", part(&service.0))
}

/// What is to be there so that the service does `segment`.
///
/// # Errors
/// It cannot be, in words.
pub(super) fn wanted(
    seen: &Seen,
    service: &ServiceId,
    segment: &Segment,
    active: bool,
    borders: &Borders,
) -> Result<Wanted, String> {
    let mut wanted = Wanted::default();
    let mut hosts: BTreeMap<&str, Place> = BTreeMap::new();
    for function in &segment.functions {
        let id = format!("{}nf:{}", prefix(service), part(function.id.as_str()));
        let node = host(seen, &id, function, &wanted)?;
        let nf = RunningNf {
            id: id.clone(),
            nf_type: Some(function.nf_type.clone()),
            resources: function.resources,
        };
        let place = FlowEnd::Nf {
            instance: id,
            port: String::new(),
        };
        hosts.insert(function.id.as_str(), (node.id.clone(), place));
        wanted.nfs.push((node.id.clone(), nf));
    }
    for (at, flow) in segment.flows.iter().enumerate() {
        let from = place(seen, &flow.from, &hosts, borders, NF_PORTS[1])?;
        let to = place(seen, &flow.to, &hosts, borders, NF_PORTS[0])?;
        let id = format!("{}flow:{at}", prefix(service));
        let (entries, delay) = entries(&seen.view, &id, flow, from, to)?;
        wanted.delays.push(delay);
        if active {
            wanted.flows.extend(entries);
        }
    }
    Ok(wanted)
}

/// The node that hosts a function.
fn host<'a>(
    seen: &'a Seen,
    id: &str,
    function: &Function,
    wanted: &Wanted,
) -> Result<&'a BisBis, String> {
    let supports = |node: &&BisBis| node.supported.contains(&function.nf_type);
    let mut nodes = seen.view.nodes.iter().filter(supports).peekable();
    if nodes.peek().is_none() {
        return Err(format!("no node supports NF type '{}'", function.nf_type));
    }
    let all: Vec<&BisBis> = nodes.collect();
    let is_there = |node: &&&BisBis| node.running.iter().any(|nf| nf.id == id);
    if let Some(there) = all.iter().find(is_there) {
        return Ok(there);
    }
    // What fits is the orchestrator's to say; this asks it where it most likely does.
    let planned = |node: &BisBis| {
        let of_node = wanted.nfs.iter().filter(|(at, _)| *at == node.id);
        of_node.map(|(_, nf)| nf.resources).collect::<Vec<_>>()
    };
    let room = |node: &BisBis| {
        let running = node.running.iter().map(|nf| nf.resources);
        let used = || running.clone().chain(planned(node));
        let of = |get: fn(&Resources) -> Option<Quantity>| {
            let asked = get(&function.resources)?;
            let has = get(&node.resources)?;
            let value = |quantity: Quantity| match quantity.unit() == has.unit() {
                true => quantity.value(),
                false => 0.0,
            };
            let taken: f64 = used().filter_map(|one| get(&one)).map(value).sum();
            let share = (has.value() - taken - value(asked)) / has.value().max(f64::MIN_POSITIVE);
            Some(share)
        };
        let shares = [of(|r| r.cpu), of(|r| r.mem), of(|r| r.storage)];
        shares.into_iter().flatten().fold(1.0, f64::min)
    };
    let best = all.into_iter().reduce(
        |best, node| {
            if room(node) > room(best) { node } else { best }
        },
    );
    best.ok_or_else(|| "there is no node".to_owned())
}

fn place(
    seen: &Seen,
    point: &Point,
    hosts: &BTreeMap<&str, Place>,
    borders: &Borders,
    nf_port: &str,
) -> Result<Place, String> {
    let port = |wanted: &dyn Fn(&BisBis, &nffg::Port) -> bool| {
        let nodes = seen.view.nodes.iter();
        let mut ports = nodes.flat_map(|node| {
            let ports = node.ports.iter().filter(|port| wanted(node, port));
            ports.map(|port| (node.id.clone(), FlowEnd::Port(port.id.clone())))
        });
        (ports.next(), ports.next())
    };
    match point {
        Point::Function(id) => match hosts.get(id.as_str()) {
            Some((node, FlowEnd::Nf { instance, .. })) => Ok((
                node.clone(),
                FlowEnd::Nf {
                    instance: instance.clone(),
                    port: nf_port.to_owned(),
                },
            )),
            _ => Err(format!("no function '{id}' is hosted here")),
        },
        Point::Sap(sap) => {
            let (found, _) = port(&|_, port| matches!(&port.kind, PortKind::Sap(of) if of == sap));
            found.ok_or_else(|| format!("there is no service access point '{sap}'"))
        }
        Point::Border(border) => {
            let is_border = |port: &nffg::Port| matches!(port.kind, PortKind::InterDomain(_));
            let Some(name) = named(border, borders) else {
                return match port(&|_, port| is_border(port)) {
                    (Some(only), None) => Ok(only),
                    _ => Err(format!(
                        "it is not known which port leads to {}: sof.presto.borders may say",
                        border.neighbour
                    )),
                };
            };
            let (found, _) = port(&|_, port| match &port.kind {
                PortKind::InterDomain(tag) => tag.as_str() == name || port.id.as_str() == name,
                _ => port.id.as_str() == name,
            });
            found.ok_or_else(|| {
                let neighbour = &border.neighbour;
                format!("there is no port '{name}', which leads to {neighbour}")
            })
        }
    }
}

fn named<'a>(border: &Border, borders: &'a Borders) -> Option<&'a str> {
    let neighbour = border.neighbour.as_str();
    let of_router = border.router.as_ref();
    let of_router = of_router.and_then(|router| borders.get(&format!("{neighbour}:{router}")));
    of_router
        .or_else(|| borders.get(neighbour))
        .map(String::as_str)
}

/// The entries of one flow, and the delay that is told of its way.
fn entries(
    view: &ResourceView,
    id: &str,
    flow: &Flow,
    from: Place,
    to: Place,
) -> Result<(Way, Option<Delay>), String> {
    let (first, last) = (from.0.clone(), to.0.clone());
    let way = way(view, &first, &last)
        .ok_or_else(|| format!("no links lead from node '{first}' to node '{last}'"))?;
    let mut delay: Option<Delay> = None;
    let mut add = |told: Option<Delay>| {
        if let Some(told) = told {
            delay = Some(delay.unwrap_or(Delay::from_nanos(0)).saturating_add(told));
        }
    };
    let label = |point: &Point| match point {
        Point::Border(border) => Some(part(&border.label)),
        _ => None,
    };
    let own = part(id);
    let mut entries = Vec::new();
    let mut came: (FlowEnd, Option<String>) = (from.1, label(&flow.from));
    let mut node = first;
    for hop in 0..=way.len() {
        let link = way.get(hop);
        let (out, tag) = match link {
            Some(link) => (FlowEnd::Port(link.src.port.clone()), Some(own.clone())),
            None => (to.1.clone(), label(&flow.to)),
        };
        add(across(view, &node, &came.0, &out));
        entries.push((
            node.clone(),
            FlowEntry {
                id: format!("{id}.{hop}:{}", part(&flow.link)),
                port: came.0,
                matches: came.1.map(|tag| format!("dl_tag={tag}")),
                action: tag.map(|tag| format!("push_tag:{tag}")),
                out,
                bandwidth: flow.bandwidth,
                delay: flow.max_delay,
            },
        ));
        let Some(link) = link else {
            break;
        };
        add(link.delay);
        node = link.dst.node.clone();
        came = (FlowEnd::Port(link.dst.port.clone()), Some(own.clone()));
    }
    Ok((entries, delay))
}

/// The delay across a node between two of its ports, where it is told.
fn across(view: &ResourceView, node: &BisBisId, from: &FlowEnd, to: &FlowEnd) -> Option<Delay> {
    let (FlowEnd::Port(from), FlowEnd::Port(to)) = (from, to) else {
        return None;
    };
    let node = view.nodes.iter().find(|of| of.id == *node)?;
    let is_it = |link: &&ViewLink| is_between(link, from, to);
    node.links.iter().find(is_it)?.delay
}

fn is_between(link: &ViewLink, from: &PortId, to: &PortId) -> bool {
    link.src.port == *from && link.dst.port == *to
}

/// Links from a node to another, as few as may be; none from a node to itself.
fn way<'a>(view: &'a ResourceView, from: &BisBisId, to: &BisBisId) -> Option<Vec<&'a ViewLink>> {
    let mut leaving: BTreeMap<&BisBisId, Vec<&ViewLink>> = BTreeMap::new();
    for link in &view.links {
        leaving.entry(&link.src.node).or_default().push(link);
    }
    let mut came: BTreeMap<&BisBisId, &ViewLink> = BTreeMap::new();
    let mut waiting = VecDeque::from([from]);
    let mut met = BTreeSet::from([from]);
    while let Some(node) = waiting.pop_front() {
        if node == to {
            let mut way = Vec::new();
            let mut at = node;
            while let Some(link) = came.get(at) {
                way.push(*link);
                at = &link.src.node;
            }
            way.reverse();
            return Some(way);
        }
        for link in leaving.get(node).into_iter().flatten() {
            if met.insert(&link.dst.node) {
                came.insert(&link.dst.node, link);
                waiting.push_back(&link.dst.node);
            }
        }
    }
    None
}

/// What leads from what is there to what is wanted.
pub(super) fn edit(seen: &Seen, service: &ServiceId, wanted: &Wanted) -> Edit {
    let prefix = prefix(service);
    let mut edit = Edit::default();
    for node in &seen.view.nodes {
        let is_ours = |id: &str| id.starts_with(&prefix);
        let flows = seen.flows.get(&node.id).into_iter().flatten();
        let there = flows.filter(|flow| is_ours(&flow.id));
        let of_node = wanted.flows.iter().filter(|(at, _)| *at == node.id);
        let flows = compared(
            there,
            of_node.map(|(_, flow)| flow),
            |flow| &flow.id,
            |a, b| a == b,
        );
        let there = node.running.iter().filter(|nf| is_ours(&nf.id));
        let of_node = wanted.nfs.iter().filter(|(at, _)| *at == node.id);
        let nfs = compared(there, of_node.map(|(_, nf)| nf), |nf| &nf.id, is_same);
        if !nfs.is_empty() || !flows.is_empty() {
            edit.nodes.insert(node.id.clone(), NodeEdit { nfs, flows });
        }
    }
    edit
}

/// An NF that asks for nothing of a kind may be told as asking for none of it.
fn is_same(a: &RunningNf, b: &RunningNf) -> bool {
    let told = |of: Option<Quantity>| of.filter(|of| of.value() > 0.0 || of.unit() != Unit::Bare);
    let all = |of: &RunningNf| {
        let Resources { cpu, mem, storage } = of.resources;
        [told(cpu), told(mem), told(storage)]
    };
    a.nf_type == b.nf_type && all(a) == all(b)
}

fn compared<'a, T: Clone + 'a>(
    there: impl Iterator<Item = &'a T>,
    wanted: impl Iterator<Item = &'a T>,
    id: fn(&T) -> &String,
    is_same: impl Fn(&T, &T) -> bool,
) -> Vec<EntryEdit<T>> {
    let mut there: BTreeMap<&String, &T> = there.map(|one| (id(one), one)).collect();
    let mut edits = Vec::new();
    for one in wanted {
        match there.remove(id(one)) {
            None => edits.push(EntryEdit::Create(one.clone())),
            Some(known) if is_same(known, one) => {}
            Some(_) => edits.push(EntryEdit::Replace(one.clone())),
        }
    }
    let gone = there.into_keys().cloned().map(EntryEdit::Delete);
    edits.extend(gone);
    edits
}

/// The sum of what is told of the flows' ways, and the flows that take longer than they may.
pub(super) fn delays<'a>(segment: &'a Segment, wanted: &Wanted) -> (Option<Delay>, Vec<&'a str>) {
    let told = segment.flows.iter().zip(&wanted.delays);
    let late = told.clone().filter(|(flow, told)| {
        let most = flow.max_delay.map(Delay::as_nanos);
        most.zip(told.map(Delay::as_nanos))
            .is_some_and(|(most, told)| told > most)
    });
    let late = late.map(|(flow, _)| flow.link.as_str()).collect();
    let sum = told.filter_map(|(_, told)| *told);
    (sum.reduce(Delay::saturating_add), late)
}

#[cfg(test)]
mod tests;
