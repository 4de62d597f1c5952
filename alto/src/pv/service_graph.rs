//! Path vectors for the links of a service graph (draft-brokermdo-00 §5.4.2).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use idr::HostError;
use idt::search::{Candidates, Cuts, Distances, PathCaps, candidate_paths, candidate_paths_with};
use idt::{DomainGraph, DomainIndex};
use nffg::json::{Cursor, FieldError};
use nffg::{DomainId, GraphForm, ServiceGraph};
use serde_json::{Map, Value};

use super::{PathVectors, property_map};
use crate::json::{self, Comma};
use crate::property_map::{DRAFT_DOMAIN, Property};
use crate::{AltoError, Maps};

/// Answers for a service graph. The cost map nests requirement source, requirement destination, link
/// source and link destination, and has an array of path vectors there (§5.4.2.2). Keys are node ids,
/// in the order in which the requirements pass the nodes. Requirements between the same two nodes
/// share their rows, and links between the same two nodes their cell.
pub(super) fn answer(
    maps: &Maps,
    sg: &Cursor<'_>,
    properties: Option<Vec<Property>>,
    work: u64,
    distances: Option<&Distances>,
) -> Result<PathVectors, AltoError> {
    let service = nffg::decode_service_graph(sg)?;
    let hosts = maps
        .idr()
        .hosts(&service)
        .map_err(|error| name_field(sg, &service, &error))?;
    let graph = maps.idt().graph();
    let hosts = HostSets::new(graph, &hosts);

    let on_paths = service
        .requirements()
        .iter()
        .flat_map(|requirement| &requirement.path);
    let on_paths: BTreeSet<usize> = on_paths.copied().collect();
    let pair_of = |link: usize| {
        let link = &service.links()[link];
        (hosts.of_node[link.src], hosts.of_node[link.dst])
    };
    // Links between equal sets of hosts have equal candidates: each pair of sets is searched once.
    let pairs: BTreeSet<(usize, usize)> = on_paths.iter().map(|link| pair_of(*link)).collect();
    // An equal share of the work for each, so that a hard search leaves the later ones their part.
    let caps = PathCaps {
        work: work / (pairs.len() as u64).max(1),
        ..maps.config().caps
    };
    let mut passed = BTreeSet::new();
    let mut found: BTreeMap<(usize, usize), (Vec<u8>, Cuts)> = BTreeMap::new();
    for (src, dst) in pairs {
        let (src_hosts, dst_hosts) = (&hosts.sets[src], &hosts.sets[dst]);
        let answer = match distances {
            Some(known) => candidate_paths_with(graph, known, src_hosts, dst_hosts, &caps),
            None => candidate_paths(graph, src_hosts, dst_hosts, &caps),
        };
        passed.extend(answer.vectors.iter().flatten().copied());
        found.insert((src, dst), (vectors(graph, &answer), answer.cuts));
    }

    let mut cuts = CutLinks::default();
    for link in on_paths {
        if let Some((_, cut)) = found.get(&pair_of(link)) {
            cuts.note(service.links()[link].id.as_str(), *cut);
        }
    }
    let costs = cost_map(&service, |link| {
        found
            .get(&pair_of(link))
            .map_or(b"[]".as_slice(), |(vectors, _)| vectors)
    });
    // The entry points of the domains on the paths are what the answer is for (§5.5.2); a client that
    // names properties, as RFC 9275 lets it, gets these.
    let properties = properties.unwrap_or_else(|| vec![Property::EntryPoint]);
    let properties = property_map(maps, DRAFT_DOMAIN, passed, &properties);
    let caps = PathCaps { work, ..caps };
    let cut_by_work = !cuts.work.is_empty();
    Ok(PathVectors::new(
        maps,
        &costs,
        &properties,
        &cuts.told(&caps),
        cut_by_work,
    ))
}

/// The links whose candidates are not all there, by the cap that cut them.
#[derive(Default)]
struct CutLinks<'a> {
    per_pair: Vec<&'a str>,
    length: Vec<&'a str>,
    work: Vec<&'a str>,
}

impl<'a> CutLinks<'a> {
    fn note(&mut self, link: &'a str, cuts: Cuts) {
        let lists = [
            (cuts.per_pair, &mut self.per_pair),
            (cuts.length, &mut self.length),
            (cuts.work, &mut self.work),
        ];
        for (_, list) in lists.into_iter().filter(|(cut, _)| *cut) {
            list.push(link);
        }
    }

    /// The members of `path-vector-cuts`, named as the directory names the caps.
    fn told(&self, caps: &PathCaps) -> Map<String, Value> {
        let lists = [
            ("max-paths-per-pair", caps.per_pair as u64, &self.per_pair),
            (
                "max-domains-per-path",
                caps.max_domains as u64,
                &self.length,
            ),
            ("work", caps.work, &self.work),
        ];
        let cut = lists.into_iter().filter(|(_, _, links)| !links.is_empty());
        let member = |(name, cap, links): (&str, u64, &Vec<&str>)| {
            (
                name.to_owned(),
                serde_json::json!({ "cap": cap, "links": links }),
            )
        };
        cut.map(member).collect()
    }
}

/// The distinct sets of hosts of a graph's nodes, as positions in the domain graph.
struct HostSets {
    sets: Vec<Vec<DomainIndex>>,
    /// For each node its set.
    of_node: Vec<usize>,
}

impl HostSets {
    /// A domain that is no member of the topology has no path and drops out.
    fn new(graph: &DomainGraph, hosts: &[Vec<DomainId>]) -> Self {
        let mut known: HashMap<Vec<DomainIndex>, usize> = HashMap::new();
        let mut sets = Vec::new();
        let mut of_node = Vec::with_capacity(hosts.len());
        for hosts in hosts {
            let set: Vec<DomainIndex> = hosts.iter().filter_map(|id| graph.index(id)).collect();
            let place = *known.entry(set).or_insert_with_key(|set| {
                sets.push(set.clone());
                sets.len() - 1
            });
            of_node.push(place);
        }
        Self { sets, of_node }
    }
}

/// `[["AS1"],["AS1","AS2"]]`. A domain id needs no escape in JSON.
fn vectors(graph: &DomainGraph, found: &Candidates) -> Vec<u8> {
    let mut out = b"[".to_vec();
    let mut comma = Comma::default();
    for vector in &found.vectors {
        comma.write(&mut out);
        json::strings(
            &mut out,
            vector.iter().map(|domain| graph.id(*domain).as_str()),
        );
    }
    out.push(b']');
    out
}

/// The four-fold nest. Cells come sorted, so that a level is opened and closed as its key changes.
fn cost_map<'a>(service: &ServiceGraph, vectors: impl Fn(usize) -> &'a [u8]) -> Vec<u8> {
    let order = service.traversal_order();
    let mut rank = vec![0; order.len()];
    for (place, node) in order.iter().enumerate() {
        rank[*node] = place;
    }
    let mut cells: BTreeMap<[usize; 4], usize> = BTreeMap::new();
    for requirement in service.requirements() {
        for index in &requirement.path {
            let link = &service.links()[*index];
            let nodes = [requirement.src, requirement.dst, link.src, link.dst];
            cells.insert(nodes.map(|node| rank[node]), *index);
        }
    }
    let mut out = b"{".to_vec();
    let mut last: Option<[usize; 4]> = None;
    for (cell, link) in &cells {
        let first_new = match last {
            None => 0,
            Some(last) => {
                let level = cell
                    .iter()
                    .zip(&last)
                    .take_while(|(new, old)| new == old)
                    .count();
                (level..3).for_each(|_| out.push(b'}'));
                out.push(b',');
                level
            }
        };
        for (level, place) in cell.iter().enumerate().skip(first_new) {
            if level > first_new {
                out.push(b'{');
            }
            json::string(&mut out, service.nodes()[order[*place]].id.as_str());
            out.push(b':');
        }
        out.extend_from_slice(vectors(*link));
        last = Some(*cell);
    }
    if last.is_some() {
        out.extend_from_slice(b"}}}");
    }
    out.push(b'}');
    out
}

/// A node that nobody can host, in the terms of the form that the client used.
fn name_field(sg: &Cursor<'_>, service: &ServiceGraph, error: &HostError) -> AltoError {
    let (node, value) = match error {
        HostError::UnknownNfType { node, nf_type } => (*node, nf_type.as_str()),
        HostError::UnknownSap { node, sap } => (*node, sap.as_str()),
    };
    match GraphForm::of(sg) {
        Ok(form) => {
            let field = form.host_field(service, node);
            FieldError::invalid(field, value, error)
                .below(&sg.path())
                .into()
        }
        Err(error) => error.into(),
    }
}
