//! From JSON to a [`TopologyView`].

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde_json::Value;

use super::{
    IPV4_ADDRESS, IPV6_ADDRESS, MAX_LINKS, MAX_METADATA, MAX_NODES, MAX_ROUTERS, PREFIX_LENGTH,
    SLOR,
};
use crate::fault::Report;
use crate::json::{Cursor, cut};
use crate::list::{Element, Read, id, id_text, objects, or_warn, plain, warn};
use crate::performance::members::{self, Bare};
use crate::{
    DomainId, Measured, Resources, RouterId, RouterLink, RouterRef, Srlgs, TopologyNode,
    TopologyView,
};
use crate::{number, reference};

/// A bare delay: RFC 7471 §4.1 counts microseconds.
const BARE_DELAY: Duration = Duration::from_micros(1);

/// A bare bandwidth: RFC 3630 §2.5.6 counts bytes per second.
const BARE_BANDWIDTH: f64 = 8.0;

const BARE: Bare = Bare {
    delay: BARE_DELAY,
    bandwidth: BARE_BANDWIDTH,
};

/// Reads the view of a document.
pub(super) fn read(root: &Cursor<'_>, report: &mut Report) -> TopologyView {
    let mut reader = Reader {
        report,
        view: TopologyView::default(),
        index: HashMap::new(),
        routers: Vec::new(),
        router_count: 0,
        link_count: 0,
    };
    let read = reader.document(root);
    reader.report.take(read);
    reader.view
}

struct Reader<'r> {
    report: &'r mut Report,
    view: TopologyView,
    /// Where each domain stands in the view.
    index: HashMap<DomainId, usize>,
    /// The routers that each node of the view has, to find those that only links name.
    routers: Vec<HashSet<RouterId>>,
    router_count: usize,
    link_count: usize,
}

impl Reader<'_> {
    fn document(&mut self, root: &Cursor<'_>) -> Read<()> {
        let nodes = root.required("nodes")?;
        let name = root
            .present("name")
            .and_then(|name| name.map(|n| n.string()).transpose());
        self.view.name = self
            .report
            .take(name)
            .flatten()
            .map(|name| name.trim().to_owned());

        let nodes = self.elements(&nodes, "node", MAX_NODES)?;
        let mut links = Vec::with_capacity(nodes.len() + 1);
        for node in nodes.iter().map(Element::cursor) {
            let domain = self.node(&node);
            if let Some(lists) = self.report.take(node.present("links")).flatten() {
                links.push((lists, domain));
            }
        }
        links.extend(root.present("links")?.map(|lists| (lists, None)));
        for (lists, owner) in &links {
            let read = self.links(lists, owner.as_ref());
            self.report.take(read);
        }
        Ok(())
    }

    /// The objects of the list `name` in a container. Elements that are none are faults.
    fn elements<'a>(
        &mut self,
        container: &Cursor<'a>,
        name: &'a str,
        limit: usize,
    ) -> Read<Vec<Element<'a>>> {
        match container.present(name)? {
            Some(list) => objects(self.report, &list, limit),
            None => Ok(Vec::new()),
        }
    }

    /// The node's domain, if it has got into the view.
    fn node(&mut self, node: &Cursor<'_>) -> Option<DomainId> {
        let domain = self.domain(node);
        let domain = self.report.take(domain);
        let ports = self.ports(node);
        let (routers, known) = self.report.take(ports).unwrap_or_default();
        let resources = node
            .present("resources")
            .and_then(|resources| match resources {
                Some(resources) => number::resources(&resources),
                None => Ok(Resources::default()),
            });
        let resources = self.report.take(resources).unwrap_or_default();
        let mut metadata = Metadata::default();
        let read = self.metadata(node, &mut metadata);
        self.report.take(read);

        let domain = domain?;
        self.index.insert(domain.clone(), self.view.nodes.len());
        self.routers.push(known);
        self.view.nodes.push(TopologyNode {
            domain: domain.clone(),
            entry_point: metadata.entry_point,
            prefixes: metadata.prefixes,
            routers,
            links: Vec::new(),
            resources,
        });
        Some(domain)
    }

    fn domain(&self, node: &Cursor<'_>) -> Read<DomainId> {
        let member = node.required("id")?;
        let domain: DomainId = id(&member, plain(&id_text(&member)?))?;
        match self.index.get(&domain) {
            None => Ok(domain),
            Some(first) => Err(member.invalid(format_args!(
                "it is {domain}, which node {first} (counted from 0) is too"
            ))),
        }
    }

    fn ports(&mut self, node: &Cursor<'_>) -> Read<(Vec<RouterId>, HashSet<RouterId>)> {
        let mut routers = Vec::new();
        let mut known = HashSet::new();
        let Some(ports) = node.present("ports")? else {
            return Ok((routers, known));
        };
        let ports = self.elements(
            &ports,
            "port",
            MAX_ROUTERS.saturating_sub(self.router_count),
        )?;
        self.router_count += ports.len();
        for port in ports.iter().map(Element::cursor) {
            let router = port.required("id");
            let router = router.and_then(|member| id(&member, plain(&id_text(&member)?)));
            let Some(router) = self.report.take::<RouterId>(router) else {
                continue;
            };
            if known.insert(router.clone()) {
                routers.push(router);
            } else {
                warn(self.report, &port, || {
                    format!("the router {router} is listed before")
                });
            }
        }
        Ok((routers, known))
    }

    fn metadata(&mut self, node: &Cursor<'_>, metadata: &mut Metadata) -> Read<()> {
        let Some(list) = node.present("metadata")? else {
            return Ok(());
        };
        let mut seen = HashSet::new();
        let mut address: Option<(IpAddr, Cursor<'_>)> = None;
        let entries = objects(self.report, &list, MAX_METADATA)?;
        for entry in entries.iter().map(Element::cursor) {
            let key = entry
                .present("key")
                .and_then(|key| key.map(|k| k.string()).transpose());
            let Some(key) = self.report.take(key).flatten() else {
                continue;
            };
            if ![SLOR, IPV4_ADDRESS, IPV6_ADDRESS, PREFIX_LENGTH].contains(&key) {
                continue;
            }
            let value = entry
                .present("value")
                .map(|value| match value.map(|v| v.value()) {
                    Some(Value::String(text)) => text.trim().to_owned(),
                    Some(Value::Number(number)) => number.to_string(),
                    _ => String::new(),
                });
            let Some(value) = self.report.take(value) else {
                continue;
            };
            let prefix = match key {
                SLOR if value.is_empty() || metadata.entry_point.is_some() => {
                    warn(self.report, &entry, || {
                        format!("{SLOR} '{}' is left out", cut(&value))
                    });
                    continue;
                }
                SLOR => {
                    metadata.entry_point = Some(value);
                    continue;
                }
                PREFIX_LENGTH => match (address.take(), value.parse::<u8>()) {
                    (Some((address, _)), Ok(length)) => IpNet::new(address, length).ok(),
                    _ => None,
                },
                _ => match address_of(&value) {
                    Some(Address::Prefix(prefix)) => Some(prefix),
                    Some(Address::Bare(next)) => {
                        if let Some((_, lonely)) = address.replace((next, entry)) {
                            warn(self.report, &lonely, || {
                                format!("no {PREFIX_LENGTH} follows the address")
                            });
                        }
                        continue;
                    }
                    None => None,
                },
            };
            match prefix {
                Some(prefix) => {
                    if prefix.trunc() != prefix {
                        let text = || format!("{prefix} has host bits; {} is read", prefix.trunc());
                        warn(self.report, &entry, text);
                    }
                    if seen.insert(prefix.trunc()) {
                        metadata.prefixes.push(prefix.trunc());
                    }
                }
                None => warn(self.report, &entry, || {
                    format!("{key} '{}' makes no prefix; it is left out", cut(&value))
                }),
            }
        }
        if let Some((_, lonely)) = address {
            warn(self.report, &lonely, || {
                format!("no {PREFIX_LENGTH} follows the address")
            });
        }
        Ok(())
    }

    fn links(&mut self, lists: &Cursor<'_>, owner: Option<&DomainId>) -> Read<()> {
        let links = self.elements(lists, "link", MAX_LINKS.saturating_sub(self.link_count))?;
        self.link_count += links.len();
        for link in links.iter().map(Element::cursor) {
            let read = self.link(&link, owner);
            self.report.take(read);
        }
        Ok(())
    }

    fn link(&mut self, link: &Cursor<'_>, owner: Option<&DomainId>) -> Read<()> {
        let Some((src_node, src)) = self.end(link, "src", owner)? else {
            return Ok(());
        };
        let Some((dst_node, dst)) = self.end(link, "dst", owner)? else {
            return Ok(());
        };
        if src == dst {
            warn(self.report, link, || {
                "the link ends where it starts; it is left out".to_owned()
            });
            return Ok(());
        }
        self.add_router(src_node, &src.router);
        self.add_router(dst_node, &dst.router);
        let (mut delay, mut bandwidth) = (None, None);
        let mut measured = Measured::default();
        if let Some(resources) = link.present("resources")? {
            let read = number::delay(&resources, "delay", BARE_DELAY);
            delay = or_warn(self.report, read);
            let read = number::bandwidth(&resources, "bandwidth", BARE_BANDWIDTH);
            bandwidth = or_warn(self.report, read);
            for name in members::MEMBERS {
                let read = members::read(&resources, name, BARE, &mut measured);
                or_warn(self.report, read.map(Some));
            }
        }
        let link = RouterLink {
            src,
            dst,
            delay: measured.delay(delay),
            bandwidth: measured.bandwidth(bandwidth),
            srlgs: Srlgs::default(),
            performance: measured.into(),
        };
        match self.view.nodes.get_mut(src_node) {
            Some(node) if src_node == dst_node => node.links.push(link),
            _ => self.view.links.push(link),
        }
        Ok(())
    }

    /// An end of a link and the index of its node; `None` with a warning if there is no such node.
    fn end<'a>(
        &mut self,
        link: &Cursor<'a>,
        name: &'a str,
        owner: Option<&DomainId>,
    ) -> Read<Option<(usize, RouterRef)>> {
        let member = link.required(name)?;
        let text = member.string()?;
        let end = reference::port(text).and_then(|reference| {
            let domain = match (reference.node, owner) {
                (Some(node), _) => plain(node).parse().ok()?,
                (None, owner) => owner?.clone(),
            };
            let node = *self.index.get(&domain)?;
            Some((
                node,
                RouterRef {
                    domain,
                    router: plain(reference.port).parse().ok()?,
                },
            ))
        });
        if end.is_none() {
            warn(self.report, &member, || {
                let text = cut(text);
                format!("'{text}' is no router of a domain that is told; the link is left out")
            });
        }
        Ok(end)
    }

    /// A router that a link names is there, whether its domain lists it or not.
    fn add_router(&mut self, node: usize, router: &RouterId) {
        let (Some(known), Some(node)) = (self.routers.get_mut(node), self.view.nodes.get_mut(node))
        else {
            return;
        };
        if known.insert(router.clone()) {
            node.routers.push(router.clone());
        }
    }
}

#[derive(Default)]
struct Metadata {
    entry_point: Option<String>,
    prefixes: Vec<IpNet>,
}

enum Address {
    Bare(IpAddr),
    Prefix(IpNet),
}

fn address_of(text: &str) -> Option<Address> {
    let bare = plain(text).parse().map(Address::Bare);
    bare.or_else(|_| text.parse().map(Address::Prefix)).ok()
}
