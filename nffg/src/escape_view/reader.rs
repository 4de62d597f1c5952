//! From JSON to a [`ResourceView`].

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use super::ports::{NodePort, Sap, Told};
use super::{MAX_LINKS, MAX_NFS, MAX_NODES, MAX_PORTS};
use crate::escape::INFRAS;
use crate::fault::Report;
use crate::json::{Cursor, FieldError};
use crate::list::{self, Element, Read};
use crate::number::{self, BARE_BANDWIDTH, BARE_DELAY, Kind};
use crate::view::usual_spelling;
use crate::{
    BisBis, BisBisId, Delay, IdError, NfType, PortId, ResourceView, Resources, RunningNf, ViewLink,
    ViewPortRef,
};

/// Reads the view of a document.
pub(super) fn read(root: &Cursor<'_>, report: &mut Report) -> ResourceView {
    let mut reader = Reader {
        report,
        view: ResourceView::default(),
        index: HashMap::new(),
        nodes: Vec::new(),
        saps: Vec::new(),
        nfs: Vec::new(),
        port_count: 0,
        delay_count: 0,
    };
    let read = reader.document(root);
    reader.report.take(read);
    reader.finish()
}

/// What an id in a link stands for, and where it is in its list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Node(usize),
    Sap(usize),
    Nf(usize),
}

/// A node, its ports not yet what they are.
pub(super) struct Node {
    pub(super) node: BisBis,
    pub(super) ports: Vec<NodePort>,
    pub(super) by_id: HashMap<PortId, usize>,
}

impl Node {
    /// The port of this id as links name it.
    fn end(&self, port: &str) -> Option<ViewPortRef> {
        let port: PortId = port.parse().ok()?;
        let node = self.node.id.clone();
        self.by_id
            .contains_key(&port)
            .then_some(ViewPortRef { node, port })
    }
}

pub(super) struct Reader<'r> {
    pub(super) report: &'r mut Report,
    pub(super) view: ResourceView,
    /// Nodes, SAPs and NFs share their ids.
    pub(super) index: HashMap<String, Place>,
    pub(super) nodes: Vec<Node>,
    pub(super) saps: Vec<Sap>,
    /// The NFs, until they run somewhere.
    pub(super) nfs: Vec<Option<RunningNf>>,
    port_count: usize,
    delay_count: usize,
}

impl Reader<'_> {
    fn document(&mut self, root: &Cursor<'_>) -> Read<()> {
        if let (None, Some(graph)) = (root.present(INFRAS)?, root.present("edge_sg_nexthops")?) {
            let elements = graph.array()?.len();
            let rule = "this is a service graph, not a resource view: there are no node_infras";
            return Err(FieldError::invalid(graph.path(), elements, rule));
        }
        if let Some(parameters) = self.present(root, "parameters") {
            self.view.id = self.text(&parameters, "id");
            self.view.name = self.text(&parameters, "name");
        }
        for node in self.objects(root, INFRAS, MAX_NODES) {
            self.node(&node);
        }
        for sap in self.objects(root, "node_saps", MAX_PORTS) {
            self.sap(&sap);
        }
        for nf in self.objects(root, "node_nfs", MAX_NFS) {
            self.nf(&nf.cursor());
        }
        for link in self.objects(root, "edge_links", MAX_LINKS) {
            let read = self.link(&link.cursor());
            self.report.take(read);
        }
        Ok(())
    }

    fn finish(mut self) -> ResourceView {
        for node in self.nodes {
            let Node {
                mut node, ports, ..
            } = node;
            for port in ports.into_iter().filter(|port| !port.of_nf) {
                let (port, lost) = port.finish(&self.saps);
                if let Some(path) = lost {
                    let text = "the port is marked as inter-domain, but nobody tells a sap; it is \
                                read as internal";
                    self.report.warn(0, || (path, text.to_owned()));
                }
                node.ports.push(port);
            }
            self.view.nodes.push(node);
        }
        for sap in self.saps.iter().filter(|sap| !sap.is_used) {
            let text = || format!("the SAP {} is at no port; it is left out", sap.id);
            self.report.warn(0, || (sap.path.clone(), text()));
        }
        self.view
    }

    /// A member that is there, if its container is one.
    fn present<'a>(&mut self, at: &Cursor<'a>, name: &'a str) -> Option<Cursor<'a>> {
        self.report.take(at.present(name)).flatten()
    }

    /// The objects of a list. Elements that are none are faults.
    fn objects<'a>(&mut self, at: &Cursor<'a>, name: &'a str, limit: usize) -> Vec<Element<'a>> {
        let Some(list) = self.present(at, name) else {
            return Vec::new();
        };
        let read = list::objects(self.report, &list, limit);
        self.report.take(read).unwrap_or_default()
    }

    pub(super) fn warn(&mut self, place: &Cursor<'_>, text: impl FnOnce() -> String) {
        list::warn(self.report, place, text);
    }

    /// A text or number that is there, without blanks around it.
    fn text<'a>(&mut self, at: &Cursor<'a>, name: &'a str) -> Option<String> {
        let member = self.present(at, name)?;
        let text = self.report.take(text(&member))?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// An id that is there, and is not an empty text.
    fn optional_id<'a, T>(&mut self, at: &Cursor<'a>, name: &'a str) -> Option<T>
    where
        T: FromStr<Err = IdError>,
    {
        let member = self.present(at, name)?;
        if member
            .value()
            .as_str()
            .is_some_and(|text| text.trim().is_empty())
        {
            return None;
        }
        self.report.take(parse_id(&member))
    }

    fn required_id<T: FromStr<Err = IdError>>(&mut self, at: &Cursor<'_>) -> Option<T> {
        let id = at.required("id").and_then(|id| parse_id(&id));
        self.report.take(id)
    }

    /// A value that may be left out if it is wrong.
    pub(super) fn or_warn<T>(&mut self, read: Read<Option<T>>) -> Option<T> {
        list::or_warn(self.report, read)
    }

    /// Takes an id for `place`, or says that it is taken.
    fn claim(&mut self, at: &Cursor<'_>, id: &str, place: Place) -> bool {
        if !self.index.contains_key(id) {
            self.index.insert(id.to_owned(), place);
            return true;
        }
        self.taken(at, "another node has the same id");
        false
    }

    /// Says that an id is taken.
    fn taken(&mut self, at: &Cursor<'_>, rule: &str) {
        let taken = at.required("id").and_then(|id| Err(id.invalid(rule)));
        self.report.take::<()>(taken);
    }

    fn node(&mut self, element: &Element<'_>) {
        let at = element.cursor();
        let id: Option<BisBisId> = self.required_id(&at);
        let place = Place::Node(self.nodes.len());
        let id = id.filter(|id| self.claim(&at, id.as_str(), place));
        let name = self.text(&at, "name");
        let node_type = self.text(&at, "type").map(usual_spelling);
        let resources = match self.present(&at, "resources") {
            Some(resources) => self.report.take(number::resources(&resources)),
            None => None,
        };
        let supported = self.supported(&at);
        let ports = self.ports(&at);
        let Some(id) = id else { return };
        let by_id = ports.iter().enumerate();
        let by_id = by_id
            .map(|(index, port)| (port.id.clone(), index))
            .collect();
        let mut node = Node {
            node: BisBis {
                id,
                name,
                node_type,
                resources: resources.unwrap_or_default(),
                supported,
                running: Vec::new(),
                ports: Vec::new(),
                links: Vec::new(),
            },
            ports,
            by_id,
        };
        self.delays(&at, &mut node);
        self.nodes.push(node);
    }

    fn supported(&mut self, node: &Cursor<'_>) -> Vec<NfType> {
        let mut types = Vec::new();
        let list = self.present(node, "supported");
        let list = list.and_then(|list| self.report.take(list::elements(&list, MAX_NFS)));
        for element in list.unwrap_or_default() {
            let nf_type = parse_id::<NfType>(&element.cursor());
            types.extend(self.report.take(nf_type));
        }
        types.sort_unstable();
        types.dedup();
        types
    }

    fn ports(&mut self, node: &Cursor<'_>) -> Vec<NodePort> {
        let elements = self.objects(node, "ports", MAX_PORTS.saturating_sub(self.port_count));
        self.port_count += elements.len();
        let mut ids = HashSet::with_capacity(elements.len());
        let mut ports = Vec::with_capacity(elements.len());
        for at in elements.iter().map(Element::cursor) {
            let id: Option<PortId> = self.required_id(&at);
            let told = self.told(&at);
            let Some(id) = id else { continue };
            if !ids.insert(id.clone()) {
                self.taken(&at, "another port of the node has the same id");
                continue;
            }
            ports.push(NodePort {
                id,
                told,
                sap: None,
                of_nf: false,
            });
        }
        ports
    }

    fn told(&mut self, port: &Cursor<'_>) -> Told {
        let mut told = Told {
            name: self.text(port, "name"),
            tag: self.optional_id(port, "sap"),
            ..Told::default()
        };
        // Versions of ESCAPE differ in where they put the name and the sap.
        let property = self
            .present(port, "property")
            .filter(|of| of.value().is_object());
        if let Some(property) = property {
            if told.name.is_none() {
                told.name = self.text(&property, "name");
            }
            if told.tag.is_none() {
                told.tag = self.optional_id(&property, "sap");
            }
            if self.text(&property, "type").as_deref() == Some("inter-domain") {
                told.marked = Some(port.path());
            }
        }
        let data = self.present(port, "sap_data");
        let data = data.and_then(|data| self.present(&data, "resources"));
        if let Some(data) = data {
            told.delay = self.or_warn(number::delay(&data, "delay", BARE_DELAY));
            told.bandwidth = self.or_warn(number::bandwidth(&data, "bandwidth", BARE_BANDWIDTH));
        }
        told
    }

    /// The links across a node: `{"1": {"2": 0.9}}` is 0.9 ms from port 1 to port 2.
    fn delays(&mut self, at: &Cursor<'_>, node: &mut Node) {
        let Some(matrix) = self.present(at, "delay_matrix") else {
            return;
        };
        let Some(rows) = self.report.take(matrix.object()) else {
            return;
        };
        let path = matrix.path();
        for (src, row) in rows {
            let path = format!("{path}/{src}");
            let row = Cursor::at(&path, row);
            let Some(cells) = self.report.take(row.object()) else {
                continue;
            };
            self.delay_count += cells.len();
            if self.delay_count > MAX_LINKS {
                let rule = format_args!("with these the view has more than {MAX_LINKS} delays");
                let error = FieldError::invalid(path.as_str(), cells.len(), rule);
                self.report.take::<()>(Err(error));
                return;
            }
            for (dst, delay) in cells {
                let path = format!("{path}/{dst}");
                let delay = Cursor::at(&path, delay);
                let (Some(src), Some(dst)) = (node.end(src), node.end(dst)) else {
                    self.warn(&delay, || {
                        "there is no such port; it is left out".to_owned()
                    });
                    continue;
                };
                let read = number::text(&delay).and_then(|text| {
                    let read = Delay::parse(&text, BARE_DELAY);
                    read.map(Some).map_err(|error| delay.invalid(error.rule))
                });
                let delay = self.or_warn(read);
                // From a port to itself ESCAPE writes zero.
                if delay.is_some() && src != dst {
                    node.node.links.push(ViewLink {
                        id: None,
                        src,
                        dst,
                        delay,
                        bandwidth: None,
                    });
                }
            }
        }
    }

    fn sap(&mut self, element: &Element<'_>) {
        let at = element.cursor();
        let id = self.required_id(&at);
        let elements = self.objects(&at, "ports", MAX_PORTS.saturating_sub(self.port_count));
        self.port_count += elements.len();
        let mut ports = Vec::with_capacity(elements.len());
        let mut by_id = HashMap::new();
        for at in elements.iter().map(Element::cursor) {
            let id = self.optional_id(&at, "id");
            by_id.extend(id.map(|id| (id, ports.len())));
            let told = self.told(&at);
            ports.push(told);
        }
        let sap = id.map(|id| Sap {
            id,
            path: at.path(),
            ports,
            by_id,
            is_used: false,
        });
        if let Some(sap) = sap
            && self.claim(&at, sap.id.as_str(), Place::Sap(self.saps.len()))
        {
            self.saps.push(sap);
        }
    }

    /// What runs is for people: what is wrong with it is warned of and left out.
    fn nf(&mut self, at: &Cursor<'_>) {
        let id = at
            .present("id")
            .and_then(|id| id.map(|id| text(&id)).transpose());
        let id = self.or_warn(id).map(|id| id.trim().to_owned());
        let Some(id) = id.filter(|id| !id.is_empty() && !self.index.contains_key(id)) else {
            self.warn(at, || {
                "the NF has no id of its own; it is left out".to_owned()
            });
            return;
        };
        let nf_type = at.present("functional_type");
        let nf_type = nf_type.and_then(|of| of.map(|of| parse_id(&of)).transpose());
        let nf_type = self.or_warn(nf_type);
        let resources = at.present("specification").and_then(|of| match of {
            Some(specification) => specification.present("resources"),
            None => Ok(None),
        });
        let mut used = Resources::default();
        if let Some(resources) = self.or_warn(resources) {
            for kind in Kind::ALL {
                let quantity = resources.present(kind.name()).and_then(|of| match of {
                    Some(of) => {
                        let quantity = kind.parse(&number::text(&of)?);
                        quantity.map(Some).map_err(|rule| of.invalid(rule))
                    }
                    None => Ok(None),
                });
                if let Some(quantity) = self.or_warn(quantity) {
                    kind.set(&mut used, quantity);
                }
            }
        }
        self.index.insert(id.clone(), Place::Nf(self.nfs.len()));
        self.nfs.push(Some(RunningNf {
            id,
            nf_type,
            resources: used,
        }));
    }
}

/// The text of a string or number, as ids are compared: `1.0` is `1`.
pub(super) fn text(member: &Cursor<'_>) -> Read<String> {
    member.parse_id::<String>()
}

fn parse_id<T: FromStr<Err = IdError>>(member: &Cursor<'_>) -> Read<T> {
    let text = text(member)?;
    text.parse()
        .map_err(|error: IdError| member.invalid(error.rule))
}
