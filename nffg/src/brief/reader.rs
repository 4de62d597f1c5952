//! From JSON to the views of a domain.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use ipnet::IpNet;
use serde_json::{Map, Value};

use super::{
    BESIDE, ENTRY_POINT, MAX_ENTRIES, META, NEIGHBORS, NEIGHBOURS, NF, PORT, PREFIXES, PROPERTIES,
    PROPERTY_MAP, WINDOWS,
};
use crate::export::Parts;
use crate::fault::Report;
use crate::json::{Cursor, FieldError};
use crate::list::{self, Element, Read};
use crate::number::{self, BARE_BANDWIDTH, BARE_DELAY, Kind};
use crate::performance::members::{self, Bare};
use crate::srlg::srlgs;
use crate::{
    BisBis, DomainId, IdError, Measured, NfType, Performance, Port, PortId, PortKind, ResourceView,
    Resources, RouterId, RouterLink, RouterRef, SapId, Srlgs, TopologyNode, TopologyView, Window,
};

/// Reads the views of a document of `domain`.
pub(super) fn read(root: &Cursor<'_>, domain: &DomainId, report: &mut Report) -> Parts {
    let mut reader = Reader {
        report,
        domain,
        entry_point: None,
        resources: Resources::default(),
        ports: Vec::new(),
        by_sap: HashMap::new(),
        nf_types: Vec::new(),
        prefixes: None,
        links: None,
        windows: None,
    };
    let read = reader.document(root);
    reader.report.take(read);
    Parts {
        resources: reader.resources(),
        windows: reader.windows.take(),
        topology: reader.topology(),
    }
}

pub(super) struct Reader<'r> {
    pub(super) report: &'r mut Report,
    domain: &'r DomainId,
    entry_point: Option<String>,
    resources: Resources,
    ports: Vec<Port>,
    /// Where each port is in the list.
    by_sap: HashMap<SapId, usize>,
    nf_types: Vec<NfType>,
    prefixes: Option<Vec<IpNet>>,
    /// To the neighbours, if they are told.
    links: Option<Vec<RouterLink>>,
    /// What is announced, if that is told.
    pub(super) windows: Option<Vec<Window>>,
}

/// The members of a neighbour's entry.
const MEMBERS: [&str; 7] = [
    "domain",
    "delay",
    "bandwidth",
    "srlg",
    "router",
    "remote-router",
    "sap",
];

const BARE: Bare = Bare {
    delay: BARE_DELAY,
    bandwidth: BARE_BANDWIDTH,
};

impl Reader<'_> {
    fn document(&mut self, root: &Cursor<'_>) -> Read<()> {
        let members = root.object()?;
        if let Some(map) = root.optional(PROPERTY_MAP)? {
            self.known("", members, [PROPERTY_MAP, META].iter().chain(&BESIDE));
            if let Some(entry) = self.entry(&map)? {
                let entry = entry.cursor();
                self.known(&entry.path(), entry.object()?, PROPERTIES.iter());
                self.properties(&entry);
            }
        } else {
            self.known("", members, PROPERTIES.iter().chain(&BESIDE));
            self.properties(root);
        }
        if let Some(prefixes) = self.list(root, PREFIXES) {
            self.prefixes(&prefixes);
        }
        let neighbours = self.list(root, NEIGHBOURS);
        let neighbors = self.list(root, NEIGHBORS);
        if let (Some(_), Some(_)) = (&neighbours, &neighbors) {
            let rule = "neighbours are told already, under their other name";
            return Err(FieldError::invalid(NEIGHBORS, NEIGHBORS, rule));
        }
        if let Some(neighbours) = neighbours.or(neighbors) {
            self.neighbours(&neighbours);
        }
        if let Some(windows) = self.list(root, WINDOWS) {
            self.windows(&windows);
        }
        Ok(())
    }

    /// The entry of this domain in a property map.
    fn entry<'a>(&mut self, map: &Cursor<'a>) -> Read<Option<Element<'a>>> {
        let path = map.path();
        let mut found: Option<Element<'_>> = None;
        for (key, value) in map.object()? {
            let pid = match key.rsplit_once(':') {
                None => key,
                Some((kind, pid)) if kind == "pid" || kind.ends_with(".pid") => pid,
                Some(_) => continue,
            };
            if pid.parse().as_ref() != Ok(self.domain) {
                continue;
            }
            let path = format!("{path}/{key}");
            if found.is_some() {
                let rule = format_args!("{} has an entry already", self.domain);
                return Err(FieldError::invalid(path, key, rule));
            }
            found = Some(Element::new(path, value));
        }
        if found.is_none() {
            let rule = format!("the exporting domain has no entry, pid:{}", self.domain);
            let keys: Vec<&str> = map.object()?.keys().take(5).map(String::as_str).collect();
            return Err(FieldError::invalid(path, keys.join(", "), rule));
        }
        Ok(found)
    }

    /// Members of other names are faults.
    pub(super) fn known<'n>(
        &mut self,
        path: &str,
        members: &Map<String, Value>,
        known: impl Iterator<Item = &'n &'static str> + Clone,
    ) {
        for name in members.keys() {
            if !known.clone().any(|known| known == name) {
                let names: Vec<&str> = known.clone().copied().collect();
                let rule = format!("there is no such member; there are {}", names.join(", "));
                let slash = if path.is_empty() { "" } else { "/" };
                let error = FieldError::invalid(format!("{path}{slash}{name}"), name, rule);
                self.report.take::<()>(Err(error));
            }
        }
    }

    fn properties(&mut self, of: &Cursor<'_>) {
        let entry_point = one(of, ENTRY_POINT).and_then(|member| {
            let text = member.map(|member| member.string()).transpose()?;
            Ok(text.map(|text| text.trim().to_owned()))
        });
        let entry_point = self.report.take(entry_point).flatten();
        self.entry_point = entry_point.filter(|text| !text.is_empty());
        for kind in Kind::ALL {
            let quantity = one(of, kind.name()).and_then(|member| {
                let Some(member) = member else {
                    return Ok(None);
                };
                let quantity = kind.parse(&number::text(&member)?);
                quantity.map(Some).map_err(|rule| member.invalid(rule))
            });
            if let Some(quantity) = self.report.take(quantity).flatten() {
                kind.set(&mut self.resources, quantity);
            }
        }
        for element in self.list(of, PORT).unwrap_or_default() {
            self.port(&element.cursor());
        }
        for element in self.list(of, NF).unwrap_or_default() {
            let nf_type = parse_id::<NfType>(&element.cursor());
            self.nf_types.extend(self.report.take(nf_type));
        }
        self.nf_types.sort_unstable();
        self.nf_types.dedup();
    }

    /// The elements of a list that is there; a value that is none is a list of one.
    fn list<'a>(&mut self, of: &Cursor<'a>, name: &'a str) -> Option<Vec<Element<'a>>> {
        let list = self.report.take(of.present(name)).flatten()?;
        if !list.value().is_array() {
            return Some(vec![Element::new(list.path(), list.value())]);
        }
        let elements = list::elements(&list, MAX_ENTRIES);
        Some(self.report.take(elements).unwrap_or_default())
    }

    fn warn(&mut self, place: &Cursor<'_>, text: impl FnOnce() -> String) {
        list::warn(self.report, place, text);
    }

    fn port(&mut self, element: &Cursor<'_>) {
        let Some(sap) = self.report.take(parse_id::<SapId>(element)) else {
            return;
        };
        if self.by_sap.contains_key(&sap) {
            self.warn(element, || format!("the port {sap} is told before"));
        } else {
            let kind = PortKind::Sap(sap.clone());
            self.add_port(&sap, kind);
        }
    }

    fn add_port(&mut self, sap: &SapId, kind: PortKind) {
        // Whatever names a SAP can name a port.
        let Ok(id) = sap.as_str().parse::<PortId>() else {
            return;
        };
        self.by_sap.insert(sap.clone(), self.ports.len());
        self.ports.push(Port::new(id, kind));
    }

    fn prefixes(&mut self, elements: &[Element<'_>]) {
        let mut seen = HashSet::new();
        let mut prefixes = Vec::new();
        for element in elements.iter().map(Element::cursor) {
            let prefix = element.string().and_then(|text| {
                let rule = "a prefix, as 198.51.100.0/24 or 2001:db8::/32";
                text.trim()
                    .parse::<IpNet>()
                    .map_err(|_| element.invalid(rule))
            });
            let Some(prefix) = self.report.take(prefix) else {
                continue;
            };
            if prefix.trunc() != prefix {
                self.warn(&element, || {
                    format!("{prefix} has host bits; {} is read", prefix.trunc())
                });
            }
            if seen.insert(prefix.trunc()) {
                prefixes.push(prefix.trunc());
            }
        }
        self.prefixes = Some(prefixes);
    }

    fn neighbours(&mut self, elements: &[Element<'_>]) {
        let mut links = Vec::with_capacity(elements.len());
        for element in elements.iter().map(Element::cursor) {
            let read = self.neighbour(&element);
            links.extend(self.report.take(read).flatten());
        }
        self.links = Some(links);
    }

    /// The link to a neighbour. `None` only with a fault.
    fn neighbour(&mut self, entry: &Cursor<'_>) -> Read<Option<RouterLink>> {
        if !entry.value().is_object() {
            let domain = self.neighbour_domain(entry)?;
            return self.link(entry, domain).map(Some);
        }
        let members = MEMBERS.iter().chain(&members::MEMBERS);
        self.known(&entry.path(), entry.object()?, members);
        let domain = entry.required("domain");
        let domain = domain.and_then(|member| self.neighbour_domain(&member));
        let domain = self.report.take(domain);
        let delay = self.report.take(number::delay(entry, "delay", BARE_DELAY));
        let bandwidth = number::bandwidth(entry, "bandwidth", BARE_BANDWIDTH);
        let bandwidth = self.report.take(bandwidth);
        let groups = entry.present("srlg");
        let groups = groups.and_then(|told| told.as_ref().map(srlgs).transpose());
        let groups = self.report.take(groups);
        let mut measured = Measured::default();
        for name in members::MEMBERS {
            let read = members::read(entry, name, BARE, &mut measured);
            self.report.take(read);
        }
        let checked = members::check(entry, delay.flatten(), &measured);
        self.report.take(checked);
        let router: Option<RouterId> = self.optional_id(entry, "router");
        let remote: Option<RouterId> = self.optional_id(entry, "remote-router");
        let sap: Option<SapId> = self.optional_id(entry, "sap");
        let Some(domain) = domain else {
            return Ok(None);
        };
        let mut link = self.link(entry, domain)?;
        link.delay = measured.delay(delay.flatten());
        link.bandwidth = measured.bandwidth(bandwidth.flatten());
        link.srlgs = groups.flatten().unwrap_or_default();
        link.performance = measured.into();
        link.src.router = router.unwrap_or(link.src.router);
        link.dst.router = remote.unwrap_or(link.dst.router);
        if let Some(sap) = sap {
            self.border(entry, &sap, &link)?;
        }
        Ok(Some(link))
    }

    fn optional_id<'a, T>(&mut self, of: &Cursor<'a>, name: &'a str) -> Option<T>
    where
        T: FromStr<Err = IdError>,
    {
        let read = of.present(name);
        let read = read.and_then(|member| member.map(|of| parse_id(&of)).transpose());
        self.report.take(read).flatten()
    }

    pub(super) fn neighbour_domain(&self, member: &Cursor<'_>) -> Read<DomainId> {
        let domain: DomainId = parse_id(member)?;
        if domain == *self.domain {
            return Err(member.invalid("a neighbour is another domain"));
        }
        Ok(domain)
    }

    /// A link from here to `domain`, routers named as their domains are.
    fn link(&self, entry: &Cursor<'_>, domain: DomainId) -> Read<RouterLink> {
        let end = |domain: DomainId| {
            let router = domain.as_str().parse();
            let router = router.map_err(|error: IdError| entry.invalid(error.rule))?;
            Ok(RouterRef { domain, router })
        };
        Ok(RouterLink {
            src: end(self.domain.clone())?,
            dst: end(domain)?,
            delay: None,
            bandwidth: None,
            srlgs: Srlgs::default(),
            performance: Performance::default(),
        })
    }

    /// A border port, which may be told among the ports already.
    fn border(&mut self, entry: &Cursor<'_>, sap: &SapId, link: &RouterLink) -> Read<()> {
        if !self.by_sap.contains_key(sap) {
            self.add_port(sap, PortKind::InterDomain(sap.clone()));
        } else {
            let of = self.by_sap.get(sap).and_then(|at| self.ports.get(*at));
            if matches!(of, Some(of) if of.kind == PortKind::InterDomain(sap.clone())) {
                let sap = entry.required("sap")?;
                return Err(sap.invalid("another neighbour has the same sap"));
            }
            self.warn(entry, || {
                format!("{sap} is among the ports too; it is read as a border, not as a SAP")
            });
        }
        let port = self.by_sap.get(sap).and_then(|at| self.ports.get_mut(*at));
        if let Some(port) = port {
            port.kind = PortKind::InterDomain(sap.clone());
            port.delay = link.delay;
            port.bandwidth = link.bandwidth;
        }
        Ok(())
    }

    /// The domain as one node, if something is told of what it has.
    fn resources(&mut self) -> Option<ResourceView> {
        if self.resources.is_empty() && self.ports.is_empty() && self.nf_types.is_empty() {
            return None;
        }
        // A domain id is always a BiS-BiS id too.
        let id = self.domain.as_str().parse().ok()?;
        let node = BisBis {
            resources: self.resources,
            supported: std::mem::take(&mut self.nf_types),
            ports: std::mem::take(&mut self.ports),
            ..BisBis::new(id)
        };
        Some(ResourceView {
            nodes: vec![node],
            ..ResourceView::default()
        })
    }

    /// The domain, its neighbours as far as they are told, and the links to them.
    fn topology(self) -> Option<TopologyView> {
        if self.entry_point.is_none() && self.prefixes.is_none() && self.links.is_none() {
            return None;
        }
        let silent_on_links = self.links.is_none();
        let links = self.links.unwrap_or_default();
        let mut nodes = vec![TopologyNode::new(self.domain.clone())];
        let mut index = HashMap::from([(self.domain.clone(), 0)]);
        let mut seen = HashSet::new();
        for end in links.iter().flat_map(|link| [&link.src, &link.dst]) {
            if !seen.insert(end) {
                continue;
            }
            let at = *index.entry(end.domain.clone()).or_insert_with(|| {
                nodes.push(TopologyNode::new(end.domain.clone()));
                nodes.len() - 1
            });
            if let Some(node) = nodes.get_mut(at) {
                node.routers.push(end.router.clone());
            }
        }
        if let Some(own) = nodes.first_mut() {
            own.entry_point = self.entry_point;
            own.prefixes = self.prefixes.unwrap_or_default();
        }
        Some(TopologyView {
            nodes,
            links,
            silent_on_links,
            ..TopologyView::default()
        })
    }
}

/// The member `name`, be it a value or a list of one.
fn one<'a>(of: &Cursor<'a>, name: &'a str) -> Read<Option<Cursor<'a>>> {
    let Some(member) = of.present(name)? else {
        return Ok(None);
    };
    if !member.value().is_array() {
        return Ok(Some(member));
    }
    let mut elements = member.array()?;
    match (elements.next(), elements.next()) {
        (Some(only), None) => Ok(Some(only)),
        _ => Err(member.invalid("one value is expected")),
    }
}

/// YAML takes a text that looks like a number for one, and `1.10` for `1.1`.
pub(super) fn parse_id<T: FromStr<Err = IdError>>(member: &Cursor<'_>) -> Read<T> {
    let text = match member.value() {
        Value::Number(number) if !number.is_u64() => {
            return Err(
                member.invalid("a text is expected: one that looks like a number is quoted")
            );
        }
        Value::Number(number) => number.to_string(),
        _ => member.string()?.to_owned(),
    };
    text.trim()
        .parse()
        .map_err(|error: IdError| member.invalid(error.rule))
}
