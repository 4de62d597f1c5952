//! From elements to a [`ResourceView`].

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use super::xml::{Element, Leaf};
use super::{MAX_LINKS, MAX_NODES, MAX_PORTS};
use crate::fault::Report;
use crate::number::{BARE_BANDWIDTH, BARE_DELAY, Kind};
use crate::reference;
use crate::view::usual_spelling;
use crate::{
    Bandwidth, BisBis, BisBisId, Delay, IdError, NfType, Port, PortId, PortKind, ResourceView,
    Resources, RunningNf, SapId, ViewLink, ViewPortRef,
};

/// Reads the view below the root element.
pub(super) fn read(root: roxmltree::Node<'_, '_>, report: &mut Report) -> ResourceView {
    let root = Element(root);
    if !root.is_virtualizer(report) {
        return ResourceView::default();
    }
    Reader {
        report,
        ports: HashMap::new(),
        port_count: 0,
        link_count: 0,
    }
    .view(root)
}

struct Reader<'r> {
    report: &'r mut Report,
    /// The ports by node, for links to end at.
    ports: HashMap<BisBisId, HashSet<PortId>>,
    port_count: usize,
    link_count: usize,
}

impl Reader<'_> {
    fn view(mut self, root: Element<'_>) -> ResourceView {
        let nodes = root.list("nodes", "node", self.report);
        let mut view = ResourceView {
            id: self.text(root, "id"),
            name: self.text(root, "name"),
            ..ResourceView::default()
        };
        if nodes.len() > MAX_NODES {
            let rule = format!("{} nodes; at most {MAX_NODES} are allowed", nodes.len());
            root.fault(self.report, None, rule);
            return view;
        }
        view.nodes = nodes
            .into_iter()
            .filter_map(|node| self.node(node))
            .collect();
        view.links = self.links(root, None);
        view
    }

    fn text(&mut self, parent: Element<'_>, name: &'static str) -> Option<String> {
        parent
            .leaf(name, self.report)
            .map(|leaf| leaf.text.into_owned())
    }

    /// `None` only with a fault.
    fn node(&mut self, element: Element<'_>) -> Option<BisBis> {
        let id: Option<BisBisId> = self.required_id(element);
        let taken = id.as_ref().is_some_and(|id| self.ports.contains_key(id));
        if let (true, Some(id)) = (taken, &id) {
            element.fault(
                self.report,
                Some(id.as_str()),
                "another node has the same id",
            );
        }
        let ports = self.ports(element);
        if let (false, Some(id)) = (taken, &id) {
            let ids = ports.iter().map(|port| port.id.clone()).collect();
            self.ports.insert(id.clone(), ids);
        }
        let name = self.text(element, "name");
        let node_type = self.text(element, "type").map(usual_spelling);
        let resources = self.resources(element);
        let supported = self.supported(element);
        let running = self.running(element);
        let links = id
            .as_ref()
            .map(|id| self.links(element, Some(id)))
            .unwrap_or_default();
        (!taken).then_some(BisBis {
            id: id?,
            name,
            node_type,
            resources,
            supported,
            running,
            ports,
            links,
        })
    }

    fn parse<T: FromStr<Err = IdError>>(&mut self, leaf: &Leaf<'_>) -> Option<T> {
        leaf.text
            .parse()
            .map_err(|error: IdError| leaf.fault(self.report, error.rule))
            .ok()
    }

    fn required_id<T: FromStr<Err = IdError>>(&mut self, element: Element<'_>) -> Option<T> {
        let Some(leaf) = element.leaf("id", self.report) else {
            let rule = format!("the {} has no id", element.name());
            element.fault(self.report, None, rule);
            return None;
        };
        self.parse(&leaf)
    }

    fn resources(&mut self, element: Element<'_>) -> Resources {
        let mut resources = Resources::default();
        let Some(element) = element.child("resources", self.report) else {
            return resources;
        };
        for kind in Kind::ALL {
            let Some(leaf) = element.leaf(kind.name(), self.report) else {
                continue;
            };
            match kind.parse(&leaf.text) {
                Ok(quantity) => kind.set(&mut resources, quantity),
                Err(rule) => leaf.fault(self.report, rule),
            }
        }
        resources
    }

    fn supported(&mut self, element: Element<'_>) -> Vec<NfType> {
        let Some(element) = element.child("capabilities", self.report) else {
            return Vec::new();
        };
        let nfs = element.list("supported_NFs", "node", self.report);
        let mut types: Vec<NfType> = nfs
            .into_iter()
            .filter_map(|nf| self.supported_type(nf))
            .collect();
        types.sort_unstable();
        types.dedup();
        types
    }

    fn supported_type(&mut self, nf: Element<'_>) -> Option<NfType> {
        if let Some(leaf) = nf.leaf("type", self.report) {
            return self.parse(&leaf);
        }
        let Some(leaf) = nf.leaf("id", self.report) else {
            nf.warn(
                self.report,
                "the NF has neither type nor id; it is left out",
            );
            return None;
        };
        nf.warn(self.report, "the NF has no type; its id is taken for one");
        self.parse(&leaf)
    }

    /// What already runs is for people: what is wrong with it is warned of and left out.
    fn running(&mut self, element: Element<'_>) -> Vec<RunningNf> {
        let nfs = element.list("NF_instances", "node", self.report);
        nfs.into_iter()
            .filter_map(|nf| self.running_nf(nf))
            .collect()
    }

    fn running_nf(&mut self, nf: Element<'_>) -> Option<RunningNf> {
        let Some(id) = self.text(nf, "id") else {
            nf.warn(self.report, "the NF has no id; it is left out");
            return None;
        };
        let nf_type = self.lenient(nf, "type", |text| text.parse().map_err(|e: IdError| e.rule));
        let mut resources = Resources::default();
        if let Some(element) = nf.child("resources", self.report) {
            for kind in Kind::ALL {
                if let Some(quantity) = self.lenient(element, kind.name(), |t| kind.parse(t)) {
                    kind.set(&mut resources, quantity);
                }
            }
        }
        Some(RunningNf {
            id,
            nf_type,
            resources,
        })
    }

    /// A value that may be left out if it is wrong.
    fn lenient<T>(
        &mut self,
        parent: Element<'_>,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        let leaf = parent.leaf(name, self.report)?;
        let warn = |rule| {
            let text = format_args!("'{}' is left out: {rule}", crate::json::cut(&leaf.text));
            leaf.element.warn(self.report, text);
        };
        parse(&leaf.text).map_err(warn).ok()
    }

    fn delay(&mut self, resources: Element<'_>) -> Option<Delay> {
        self.lenient(resources, "delay", |t| {
            Delay::parse(t, BARE_DELAY).map_err(|e| e.rule)
        })
    }

    fn bandwidth(&mut self, resources: Element<'_>) -> Option<Bandwidth> {
        let parse = |t: &str| Bandwidth::parse(t, BARE_BANDWIDTH).map_err(|e| e.rule);
        self.lenient(resources, "bandwidth", parse)
    }

    fn ports(&mut self, element: Element<'_>) -> Vec<Port> {
        let elements = element.list("ports", "port", self.report);
        let before = self.port_count;
        self.port_count += elements.len();
        if self.port_count > MAX_PORTS {
            if before <= MAX_PORTS {
                let rule = format!("with this node the view has more than {MAX_PORTS} ports");
                element.fault(self.report, None, rule);
            }
            return Vec::new();
        }
        let mut ids = HashSet::with_capacity(elements.len());
        let mut ports = Vec::with_capacity(elements.len());
        for element in elements {
            let Some(port) = self.port(element) else {
                continue;
            };
            if ids.insert(port.id.clone()) {
                ports.push(port);
            } else {
                let rule = "another port of the node has the same id";
                element.fault(self.report, Some(port.id.as_str()), rule);
            }
        }
        ports
    }

    /// `None` only with a fault.
    fn port(&mut self, element: Element<'_>) -> Option<Port> {
        let id: Option<PortId> = self.required_id(element);
        let name = self.text(element, "name");
        let port_type = element.leaf("port_type", self.report);
        let sap = element.leaf("sap", self.report);
        let data = element.child("sap_data", self.report);
        let data = data.and_then(|data| data.child("resources", self.report));
        let delay = data.and_then(|data| self.delay(data));
        let bandwidth = data.and_then(|data| self.bandwidth(data));
        let id = id?;
        let kind = match (sap, port_type) {
            (Some(sap), _) => PortKind::InterDomain(self.parse(&sap)?),
            (None, Some(of)) if of.text.eq_ignore_ascii_case("port-sap") => {
                let sap = sap_name(id.as_str(), name.as_deref());
                let fault = |error: IdError| element.fault(self.report, Some(sap), error.rule);
                PortKind::Sap(sap.parse::<SapId>().map_err(fault).ok()?)
            }
            (None, _) => PortKind::Internal,
        };
        Some(Port {
            id,
            name,
            kind,
            delay,
            bandwidth,
        })
    }

    /// The links of a node, or with `owner` `None` those between nodes.
    fn links(&mut self, element: Element<'_>, owner: Option<&BisBisId>) -> Vec<ViewLink> {
        let elements = element.list("links", "link", self.report);
        let before = self.link_count;
        self.link_count += elements.len();
        if self.link_count > MAX_LINKS {
            if before <= MAX_LINKS {
                let rule = format!("with these the view has more than {MAX_LINKS} links");
                element.fault(self.report, None, rule);
            }
            return Vec::new();
        }
        elements
            .into_iter()
            .filter_map(|link| self.link(link, owner))
            .collect()
    }

    fn link(&mut self, element: Element<'_>, owner: Option<&BisBisId>) -> Option<ViewLink> {
        let src = self.link_end(element, "src", owner)?;
        let dst = self.link_end(element, "dst", owner)?;
        if src == dst {
            element.warn(self.report, "the link ends where it starts; it is left out");
            return None;
        }
        let id = self.text(element, "id");
        let resources = element.child("resources", self.report);
        let delay = resources.and_then(|resources| self.delay(resources));
        let bandwidth = resources.and_then(|resources| self.bandwidth(resources));
        Some(ViewLink {
            id,
            src,
            dst,
            delay,
            bandwidth,
        })
    }

    fn link_end(
        &mut self,
        link: Element<'_>,
        name: &'static str,
        owner: Option<&BisBisId>,
    ) -> Option<ViewPortRef> {
        let Some(leaf) = link.leaf(name, self.report) else {
            link.warn(
                self.report,
                format_args!("the link has no {name}; it is left out"),
            );
            return None;
        };
        let end = self.resolve(&leaf.text, owner);
        if end.is_none() {
            let what = if owner.is_some() {
                "of this node"
            } else {
                "of a node of this view"
            };
            let text = crate::json::cut(&leaf.text);
            let text = format_args!("'{text}' is no port {what}; the link is left out");
            leaf.element.warn(self.report, text);
        }
        end
    }

    fn resolve(&self, text: &str, owner: Option<&BisBisId>) -> Option<ViewPortRef> {
        let reference = reference::port(text)?;
        let node = match (reference.node, owner) {
            (Some(node), Some(owner)) if node.trim() == owner.as_str() => owner.clone(),
            (Some(node), None) => node.parse().ok()?,
            (None, Some(owner)) => owner.clone(),
            _ => return None,
        };
        let port = reference.port.parse().ok()?;
        self.ports
            .get(&node)?
            .contains(&port)
            .then_some(ViewPortRef { node, port })
    }
}

/// The name of a SAP as ESCAPE finds it.
pub(super) fn sap_name<'a>(id: &'a str, name: Option<&'a str>) -> &'a str {
    if id.starts_with("SAP") {
        return id;
    }
    match name.map(|name| (name, name.strip_prefix("SAP:").map(str::trim))) {
        Some((_, Some(sap))) if !sap.is_empty() => sap,
        Some((name, None)) if name.starts_with("SAP") => name,
        _ => id,
    }
}
