//! What a document says of networks and nodes, before it is known which nodes are one router.

use std::collections::HashMap;

use ipnet::IpNet;

use super::member::{l3, network, path, te, topology};
use super::{MAX_NETWORKS, MAX_NODES, MAX_PREFIXES, MAX_TERMINATION_POINTS};
use crate::cop::MULTIDOMAIN;
use crate::fault::Report;
use crate::json::Cursor;
use crate::list::{Element, Read, id, id_text, objects, or_warn, plain, warn};
use crate::{DomainId, RouterId};

/// What a document says.
#[derive(Debug, Default)]
pub(super) struct Told<'a> {
    pub(super) networks: Vec<Network<'a>>,
    /// The nodes of all networks, one network after the other.
    pub(super) nodes: Vec<Node<'a>>,
    /// Where the network of an id stands.
    pub(super) index: HashMap<String, usize>,
}

/// A network.
#[derive(Debug)]
pub(super) struct Network<'a> {
    pub(super) element: &'a Element<'a>,
    /// The domain that it is a part of.
    pub(super) domain: DomainId,
    /// It says itself which domain that is.
    pub(super) is_named: bool,
    /// It is netphony's, who writes `networkId`.
    is_netphony: bool,
    has_links: bool,
}

/// A node.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) element: Element<'a>,
    /// Where its network stands.
    pub(super) network: usize,
    pub(super) id: RouterId,
    pub(super) te_id: Option<RouterId>,
    pub(super) router_id: Option<RouterId>,
    /// The domain that it belongs to.
    pub(super) domain: DomainId,
    /// The nodes that it rests on: their networks' ids and their own.
    pub(super) supporting: Vec<(String, String)>,
    pub(super) prefixes: Vec<IpNet>,
    /// Its termination points that have an `inter-domain-plug-id`, and that.
    pub(super) plugs: Vec<(String, String)>,
}

impl Told<'_> {
    /// Whether the document's exporter is one that knows no links: stock netphony.
    pub(super) fn knows_no_links(&self) -> bool {
        let mut networks = self.networks.iter();
        !self.networks.is_empty() && networks.all(|told| told.is_netphony && !told.has_links)
    }

    /// The domain of the network that `reference` names, in the document or by an AS number.
    pub(super) fn domain_of(&self, reference: &str) -> Option<DomainId> {
        match self.index.get(reference) {
            Some(at) => Some(self.networks.get(*at)?.domain.clone()),
            None => as_number(reference),
        }
    }
}

/// A domain that is named by an AS number.
fn as_number(text: &str) -> Option<DomainId> {
    let domain: DomainId = text.parse().ok()?;
    domain.asn().map(|_| domain)
}

/// The document's list of networks.
pub(super) fn list<'a>(root: &Cursor<'a>, report: &mut Report) -> Read<Vec<Element<'a>>> {
    let container = network("networks").of(root)?;
    let list = match &container {
        Some(networks) => network("network").of(networks)?,
        None => network("network").of(root)?,
    };
    match (list, container) {
        (Some(list), _) => objects(report, &list, MAX_NETWORKS),
        (None, Some(_)) => Ok(Vec::new()),
        (None, None) => network("networks").required(root).map(|_| Vec::new()),
    }
}

/// Reads networks and nodes.
pub(super) fn read<'a>(
    list: &'a [Element<'a>],
    exporter: &DomainId,
    report: &mut Report,
) -> Told<'a> {
    let mut reader = Reader {
        report,
        told: Told::default(),
        domain_ids: Vec::new(),
        point_count: 0,
        prefix_count: 0,
    };
    for element in list {
        let read = reader.network(element, exporter);
        reader.report.take(read);
    }
    reader.apply_domain_ids(exporter);
    reader.told
}

struct Reader<'r, 'a> {
    report: &'r mut Report,
    told: Told<'a>,
    /// Nodes that tell a `domain-id`, and which.
    domain_ids: Vec<(usize, DomainId)>,
    point_count: usize,
    prefix_count: usize,
}

impl<'a> Reader<'_, 'a> {
    fn network(&mut self, element: &'a Element<'a>, exporter: &DomainId) -> Read<()> {
        let cursor = element.cursor();
        let at = self.told.networks.len();
        let plain_id = network("network-id").of(&cursor)?;
        let is_netphony = plain_id.is_none() && cursor.present("networkId")?.is_some();
        let id = if is_netphony {
            cursor.required("networkId")
        } else {
            network("network-id").required(&cursor)
        };
        let text = id.and_then(|id| {
            let text = id_text(&id)?;
            match self.told.index.get(&text) {
                None => Ok(text),
                Some(first) => Err(id.invalid(format_args!(
                    "network {first} (counted from 0) has this id too"
                ))),
            }
        });
        let text = self.report.take(text);
        let provider = provider(&cursor);
        let mut named = self.report.take(provider).flatten();
        if let Some(text) = text {
            named = named.or_else(|| {
                if is_netphony {
                    let text = Some(plain(&text)).filter(|text| *text != MULTIDOMAIN);
                    text?.parse().ok()
                } else {
                    as_number(&text)
                }
            });
            self.told.index.insert(text, at);
        }
        self.told.networks.push(Network {
            element,
            is_named: named.is_some(),
            domain: named.unwrap_or_else(|| exporter.clone()),
            is_netphony,
            has_links: topology("link").of(&cursor)?.is_some(),
        });
        let Some(list) = network("node").of(&cursor)? else {
            return Ok(());
        };
        let left = MAX_NODES.saturating_sub(self.told.nodes.len());
        for node in objects(self.report, &list, left)? {
            self.node(node, at);
        }
        Ok(())
    }

    fn node(&mut self, element: Element<'a>, network: usize) {
        let Some(of) = self.told.networks.get(network) else {
            return;
        };
        let (domain, is_netphony) = (of.domain.clone(), of.is_netphony);
        let cursor = element.cursor();
        let told_id = node_id(&cursor, is_netphony);
        let told_id = self.report.take(told_id);
        let te_id = te("te-node-id").of(&cursor);
        let te_id = te_id.and_then(|member| member.map_or(Ok(None), |member| address(&member)));
        let te_id = self.report.take(te_id).flatten();
        let router_id = path(&cursor, &[l3("l3-node-attributes"), l3("router-id")]);
        let router_id = router_id.and_then(|member| member.map_or(Ok(None), |m| first(&m)));
        let router_id = self.report.take(router_id).flatten();
        let domain_id = domain_id(&cursor);
        let domain_id = self.report.take(domain_id).flatten();
        let supporting = self.supporting(&cursor);
        let supporting = self.report.take(supporting).unwrap_or_default();
        let plugs = self.plugs(&cursor);
        let plugs = self.report.take(plugs).unwrap_or_default();
        let prefixes = self.prefixes(&cursor);

        let Some(id) = told_id else {
            return;
        };
        let at = self.told.nodes.len();
        self.domain_ids.extend(domain_id.map(|told| (at, told)));
        self.told.nodes.push(Node {
            network,
            id,
            te_id,
            router_id,
            domain,
            supporting,
            prefixes,
            plugs,
            element,
        });
    }

    /// The nodes that a node rests on.
    fn supporting(&mut self, node: &Cursor<'_>) -> Read<Vec<(String, String)>> {
        let Some(list) = network("supporting-node").of(node)? else {
            return Ok(Vec::new());
        };
        let elements = objects(self.report, &list, MAX_NODES)?;
        let pairs = elements.iter().map(Element::cursor).map(|element| {
            let of = id_text(&network("network-ref").required(&element)?)?;
            Ok((of, id_text(&network("node-ref").required(&element)?)?))
        });
        let pairs: Vec<Read<_>> = pairs.collect();
        let report = &mut *self.report;
        Ok(pairs
            .into_iter()
            .filter_map(|pair| report.take(pair))
            .collect())
    }

    /// The termination points that have an `inter-domain-plug-id`.
    fn plugs(&mut self, node: &Cursor<'_>) -> Read<Vec<(String, String)>> {
        let Some(list) = topology("termination-point").of(node)? else {
            return Ok(Vec::new());
        };
        let left = MAX_TERMINATION_POINTS.saturating_sub(self.point_count);
        let points = objects(self.report, &list, left)?;
        self.point_count += points.len();
        let mut plugs = Vec::new();
        for point in points.iter().map(Element::cursor) {
            let plug = path(&point, &[te("te"), te("inter-domain-plug-id")]);
            let plug = plug.and_then(|plug| {
                let Some(plug) = plug else { return Ok(None) };
                let point = id_text(&topology("tp-id").required(&point)?)?;
                Ok(Some((point, id_text(&plug)?)))
            });
            plugs.extend(self.report.take(plug).flatten());
        }
        Ok(plugs)
    }

    /// A node's prefixes. What is none is left out.
    fn prefixes(&mut self, node: &Cursor<'_>) -> Vec<IpNet> {
        let mut prefixes = Vec::new();
        let list = path(node, &[l3("l3-node-attributes"), l3("prefix")]);
        let Some(list) = or_warn(self.report, list) else {
            return prefixes;
        };
        let Some(entries) = or_warn(self.report, list.array().map(Some)) else {
            return prefixes;
        };
        let base = list.path();
        self.prefix_count += entries.len();
        if self.prefix_count > MAX_PREFIXES {
            let rule = format_args!("at most {MAX_PREFIXES} prefixes are allowed");
            self.report.take::<()>(Err(list.invalid(rule)));
            return prefixes;
        }
        for (index, entry) in entries.enumerate() {
            let path = format!("{base}[{index}]");
            let entry = Cursor::at(&path, entry.value());
            let prefix = prefix(&entry);
            let Some(prefix) = or_warn(self.report, prefix) else {
                continue;
            };
            if prefix.trunc() != prefix {
                let text = || format!("{prefix} has host bits; {} is read", prefix.trunc());
                warn(self.report, &entry, text);
            }
            prefixes.push(prefix.trunc());
        }
        prefixes
    }

    /// Moves the nodes that tell a domain into it, unless the exporter is left without any node so: then
    /// the numbers count something else, such as areas.
    fn apply_domain_ids(&mut self, exporter: &DomainId) {
        let has_nodes = |nodes: &[Node<'_>]| nodes.iter().any(|node| node.domain == *exporter);
        let before: Vec<DomainId> = self.told.nodes.iter().map(|n| n.domain.clone()).collect();
        let had_nodes = has_nodes(&self.told.nodes);
        for (at, domain) in &self.domain_ids {
            if let Some(node) = self.told.nodes.get_mut(*at) {
                node.domain = domain.clone();
            }
        }
        if !had_nodes || has_nodes(&self.told.nodes) {
            return;
        }
        for (node, domain) in self.told.nodes.iter_mut().zip(before) {
            node.domain = domain;
        }
        let first = self.domain_ids.first();
        let first = first.and_then(|(at, _)| self.told.nodes.get(*at));
        if let Some(node) = first {
            let text = || format!("no domain-id is that of {exporter}; they are ignored");
            warn(self.report, &node.element.cursor(), text);
        }
    }
}

/// What a node is called in its network.
fn node_id(node: &Cursor<'_>, is_netphony: bool) -> Read<RouterId> {
    if is_netphony {
        let member = node.required("nodeId")?;
        return id(&member, plain(&id_text(&member)?));
    }
    let member = network("node-id").required(node)?;
    id(&member, &id_text(&member)?)
}

/// The domain that a network's provider is (RFC 8776 `te-topology-identifier`).
fn provider(network: &Cursor<'_>) -> Read<Option<DomainId>> {
    let names = [te("te-topology-identifier"), te("provider-id")];
    path(network, &names)?.map_or(Ok(None), |member| asn(&member))
}

/// The domain that a node says it belongs to (RFC 8795 `te-node-info-attributes`).
fn domain_id(node: &Cursor<'_>) -> Read<Option<DomainId>> {
    let names = [te("te"), te("te-node-attributes"), te("domain-id")];
    path(node, &names)?.map_or(Ok(None), |member| asn(&member))
}

/// An AS number; 0 is none.
fn asn(member: &Cursor<'_>) -> Read<Option<DomainId>> {
    let text = id_text(member)?;
    if text == "0" {
        return Ok(None);
    }
    let domain = as_number(&text);
    domain
        .map(Some)
        .ok_or_else(|| member.invalid("an AS number, or 0 for none"))
}

/// A name of a router; `0.0.0.0` is none.
fn address(member: &Cursor<'_>) -> Read<Option<RouterId>> {
    let router: RouterId = id(member, &id_text(member)?)?;
    Ok(Some(router).filter(|router| router.as_str() != "0.0.0.0"))
}

/// The first of a router's ids: a list, or one.
fn first(member: &Cursor<'_>) -> Read<Option<RouterId>> {
    if !member.value().is_array() {
        return address(member);
    }
    match member.array()?.next() {
        Some(router) => address(&router),
        None => Ok(None),
    }
}

/// A prefix, as an entry of a list with attributes or bare.
fn prefix(entry: &Cursor<'_>) -> Read<Option<IpNet>> {
    let member = if entry.value().is_string() {
        *entry
    } else {
        l3("prefix").required(entry)?
    };
    let text = member.string()?;
    let prefix = text.trim().parse();
    prefix
        .map(Some)
        .map_err(|_| member.invalid("an IP prefix (RFC 6991)"))
}
