//! From a [`ResourceView`] to the XML of `get-config`.

use super::reader::sap_name;
use crate::number::{self, Kind};
use crate::reference::id_text;
use crate::{
    Bandwidth, BisBis, Delay, Port, PortKind, ResourceView, Resources, ViewLink, ViewPortRef,
};

/// The whole document, indented by tabs as ESCAPE does.
pub(super) fn write(view: &ResourceView) -> String {
    let mut writer = Writer::new();
    writer.element("virtualizer", |w| {
        w.optional("id", view.id.as_deref());
        w.optional("name", view.name.as_deref());
        w.element("nodes", |w| view.nodes.iter().for_each(|node| w.node(node)));
        w.links(&view.links, |end| {
            let (node, port) = (id_text(end.node.as_str()), id_text(end.port.as_str()));
            format!("../../../nodes/node[id={node}]/ports/port[id={port}]")
        });
    });
    writer.out
}

/// Elements, a line each.
pub(super) struct Writer {
    pub(super) out: String,
    depth: usize,
}

impl Writer {
    /// With the declaration of XML.
    pub(super) fn new() -> Self {
        Self {
            out: "<?xml version=\"1.0\" ?>\n".to_owned(),
            depth: 0,
        }
    }

    fn line(&mut self, write: impl FnOnce(&mut String)) {
        self.out.extend(std::iter::repeat_n('\t', self.depth));
        write(&mut self.out);
        self.out.push('\n');
    }

    pub(super) fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.element_with(name, "", content);
    }

    /// With attributes, each with the blank before it.
    pub(super) fn element_with(
        &mut self,
        name: &str,
        attributes: &str,
        content: impl FnOnce(&mut Self),
    ) {
        self.line(|out| *out += &format!("<{name}{attributes}>"));
        self.depth += 1;
        content(self);
        self.depth -= 1;
        self.line(|out| *out += &format!("</{name}>"));
    }

    /// A container that would be empty is left out.
    pub(super) fn list<T>(&mut self, name: &str, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        if !items.is_empty() {
            self.element(name, |w| items.iter().for_each(|of| item(w, of)));
        }
    }

    pub(super) fn leaf(&mut self, name: &str, text: &str) {
        self.line(|out| {
            *out += &format!("<{name}>");
            escape(text, out);
            *out += &format!("</{name}>");
        });
    }

    pub(super) fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.leaf(name, text);
        }
    }

    fn node(&mut self, node: &BisBis) {
        self.element("node", |w| {
            w.leaf("id", node.id.as_str());
            w.optional("name", node.name.as_deref());
            w.optional("type", node.node_type.as_deref());
            w.list("ports", &node.ports, Self::port);
            w.links(&node.links, |end| {
                format!("../../../ports/port[id={}]", id_text(end.port.as_str()))
            });
            w.resources(&node.resources);
            w.list("NF_instances", &node.running, |w, nf| {
                w.element("node", |w| {
                    w.leaf("id", &nf.id);
                    w.optional("type", nf.nf_type.as_ref().map(AsRef::as_ref));
                    w.resources(&nf.resources);
                });
            });
            if !node.supported.is_empty() {
                w.element("capabilities", |w| {
                    w.list("supported_NFs", &node.supported, |w, nf_type| {
                        w.element("node", |w| {
                            w.leaf("id", nf_type.as_str());
                            w.leaf("type", nf_type.as_str());
                        });
                    });
                });
            }
        });
    }

    pub(super) fn resources(&mut self, resources: &Resources) {
        if resources.is_empty() {
            return;
        }
        self.element("resources", |w| {
            for kind in Kind::ALL {
                if let Some(quantity) = kind.get(resources) {
                    w.leaf(kind.name(), &number::quantity_text(quantity));
                }
            }
        });
    }

    fn port(&mut self, port: &Port) {
        let id = port.id.as_str();
        self.element("port", |w| {
            w.leaf("id", id);
            match &port.kind {
                PortKind::Sap(sap) if sap_name(id, port.name.as_deref()) != sap.as_str() => {
                    w.leaf("name", &format!("SAP:{sap}"));
                }
                _ => w.optional("name", port.name.as_deref()),
            }
            match &port.kind {
                PortKind::Sap(_) => w.leaf("port_type", "port-sap"),
                PortKind::InterDomain(sap) => {
                    w.leaf("port_type", "port-sap");
                    w.leaf("sap", sap.as_str());
                }
                PortKind::Internal => w.leaf("port_type", "port-abstract"),
            }
            if port.delay.is_some() || port.bandwidth.is_some() {
                w.element("sap_data", |w| w.link_resources(port.delay, port.bandwidth));
            }
        });
    }

    fn links(&mut self, links: &[ViewLink], reference: impl Fn(&ViewPortRef) -> String) {
        self.list("links", links, |w, link| {
            w.element("link", |w| {
                w.optional("id", link.id.as_deref());
                w.leaf("src", &reference(&link.src));
                w.leaf("dst", &reference(&link.dst));
                w.link_resources(link.delay, link.bandwidth);
            });
        });
    }

    pub(super) fn link_resources(&mut self, delay: Option<Delay>, bandwidth: Option<Bandwidth>) {
        if delay.is_none() && bandwidth.is_none() {
            return;
        }
        self.element("resources", |w| {
            if let Some(delay) = delay {
                w.leaf("delay", &format!("{:?}", number::bare_delay(delay)));
            }
            if let Some(bandwidth) = bandwidth {
                w.leaf(
                    "bandwidth",
                    &format!("{:?}", number::bare_bandwidth(bandwidth)),
                );
            }
        });
    }
}

/// XML 1.0 §2.2 has no control characters but three; a carriage return survives as a reference only.
pub(super) fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => {
                out.push(character);
            }
            _ => out.push('\u{fffd}'),
        }
    }
}
