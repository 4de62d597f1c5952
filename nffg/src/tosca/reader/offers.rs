//! What belongs to nodes: NF types and ports.

use std::collections::BTreeSet;

use super::{Reader, Template};
use crate::json::FieldError;
use crate::list::Read;
use crate::place::Place;
use crate::tosca::types::{Kind, Known};
use crate::tosca::{MAX_HOSTING, MAX_NF_TYPES, MAX_PORTS};
use crate::{IdError, NfType, Port, PortId, PortKind, SapId};

/// The metadata that makes a port an inter-domain one.
const INTER_DOMAIN_SAP: &str = "inter_domain_sap";

/// What a requirement leads to.
enum Host<'a> {
    Every,
    Node(usize),
    /// Each node of a declared type.
    Type(&'a str),
}

impl<'a> Reader<'a, '_> {
    /// A VNF is an NF type on offer.
    pub(super) fn vnf(&mut self, kind: Kind, template: &Template<'a>) -> Read<()> {
        let nf_type = self.nf_type(template);
        let nf_type = self.report.take(nf_type);
        let nodes = self.belongs_to(kind, template, &["host"])?;
        for node in nodes {
            if let (Some(offers), Some(nf_type)) = (self.offers.get_mut(node), &nf_type) {
                offers.insert(nf_type.clone());
            }
        }
        Ok(())
    }

    fn nf_type(&mut self, template: &Template<'a>) -> Read<NfType> {
        let properties = self.properties(template, &["properties"]);
        if let Some(product) = self.property(&properties, "product_name")? {
            return product.cursor().parse_id();
        }
        if self.types.is_of_profiles(template.type_name) {
            let path = format!("{}/properties/product_name", template.place.path());
            return Err(FieldError::missing(path));
        }
        let nf_type = template.type_name.parse();
        nf_type.map_err(|error: IdError| template.place.invalid(error.rule))
    }

    pub(super) fn port(&mut self, kind: Kind, template: &Template<'a>) -> Read<()> {
        let nodes = self.belongs_to(kind, template, &["binding", "virtual_binding"])?;
        let id: PortId = template.id()?;
        let tag = template.place.at(&["metadata", INTER_DOMAIN_SAP])?;
        let tag: Option<SapId> = tag.map(|tag| tag.cursor().parse_id()).transpose()?;
        let kind = match tag {
            Some(tag) => PortKind::InterDomain(tag),
            None if kind == Kind::Sap => PortKind::Sap(template.id()?),
            None => PortKind::Internal,
        };
        if !self.ports.insert(id.clone()) {
            let rule = "another port has this name, but for blanks around it";
            return Err(template.wrong_name(rule));
        }
        for node in nodes {
            if let Some(node) = self.view.nodes.get_mut(node) {
                node.ports.push(Port::new(id.clone(), kind.clone()));
            }
        }
        Ok(())
    }

    /// The nodes that the requirements of some names lead to; every node if there are none.
    fn belongs_to(
        &mut self,
        kind: Kind,
        template: &Template<'a>,
        names: &[&str],
    ) -> Read<BTreeSet<usize>> {
        let targets = self.targets(&template.place, names);
        let mut every = targets.is_empty();
        let mut nodes = BTreeSet::new();
        let mut types = BTreeSet::new();
        for (place, target) in &targets {
            match target.map_or(Some(Host::Every), |target| self.host(place, target)) {
                Some(Host::Every) => every = true,
                Some(Host::Node(node)) => {
                    nodes.insert(node);
                }
                Some(Host::Type(name)) => {
                    types.insert(name);
                }
                None => {}
            }
        }
        let of_types = types.iter().filter_map(|name| self.of_type.get(name));
        let count = if every {
            self.view.nodes.len()
        } else {
            nodes.len() + of_types.clone().map(Vec::len).sum::<usize>()
        };
        let (so_far, most, what) = match kind {
            Kind::Vnf => (&mut self.offer_count, MAX_NF_TYPES, "NF types"),
            _ => (&mut self.port_count, MAX_PORTS, "ports"),
        };
        // Counted before anything is made, and also of what is refused.
        if *so_far + count > most {
            let rule = format_args!(
                "the {what}, counted at each node that they belong to, are more than {most}"
            );
            return Err(template.wrong_name(rule));
        }
        *so_far += count;
        if every {
            return Ok((0..count).collect());
        }
        nodes.extend(of_types.flatten());
        Ok(nodes)
    }

    /// What a requirement's target stands for: a Compute, the one that it is hosted on, or a type; `None`, which is
    /// told, if none of these.
    fn host(&mut self, place: &Place<'a>, target: &'a str) -> Option<Host<'a>> {
        let mut at = target;
        for _ in 0..=MAX_HOSTING {
            if let Some(node) = self.nodes.get(at) {
                return Some(Host::Node(*node));
            }
            let template = self.templates.get(at);
            match template.map(|template| (template.known, template.host)) {
                // It was refused.
                Some((Known::Kind(Kind::Compute), _)) => return None,
                Some((Known::Kind(_), Some(host))) => at = host,
                Some((Known::Kind(_), None)) => {
                    self.warn(place, || {
                        format!("'{at}' is no Compute and is hosted on none; it belongs to no node")
                    });
                    return None;
                }
                None if self.types.of(at) == Known::Kind(Kind::Compute) => {
                    return self.host_of_type(place, at);
                }
                _ => {
                    self.absent(place, at, "Compute");
                    return None;
                }
            }
        }
        let rule =
            format_args!("it is hosted through more than {MAX_HOSTING} templates, or in a circle");
        self.report.fault(0, || place.invalid(rule).into());
        None
    }

    fn host_of_type(&mut self, place: &Place<'a>, name: &'a str) -> Option<Host<'a>> {
        if self.types.is_of_profiles(name) {
            return Some(Host::Every);
        }
        if self.of_type.contains_key(name) {
            return Some(Host::Type(name));
        }
        self.warn(place, || {
            format!("no node is of the type '{name}'; it belongs to no node")
        });
        None
    }
}
