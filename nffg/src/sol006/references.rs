//! Ids of descriptors and references to them: YANG's keys and leafrefs, as far as they matter here.

use std::collections::{HashMap, HashSet};

use super::list;
use crate::fault::Report;
use crate::json::FieldError;
use crate::list::Read;
use crate::list::id_text;
use crate::place::Place;

type Ids = HashSet<String>;

/// The descriptors that there are.
#[derive(Default)]
struct Known {
    /// The VNFDs, and the external connection points of each.
    vnfds: HashMap<String, Ids>,
    pnfds: Ids,
    nsds: Ids,
}

/// Looks at references, and tells of those that lead nowhere.
pub(super) struct References<'r> {
    report: &'r mut Report,
    known: Known,
}

impl<'r> References<'r> {
    pub(super) fn new(report: &'r mut Report) -> Self {
        Self {
            report,
            known: Known::default(),
        }
    }

    pub(super) fn vnfds(&mut self, vnfds: &[Place<'_>]) {
        for vnfd in vnfds {
            if self.report.take(vnfd.object()).is_some() {
                self.vnfd(vnfd);
            }
        }
    }

    pub(super) fn pnfds(&mut self, pnfds: &[Place<'_>]) {
        for pnfd in pnfds {
            let id = self.key(pnfd);
            self.known.pnfds.extend(id);
        }
    }

    /// Looks at NSDs, and gives the ids of their SAPDs.
    pub(super) fn nsds<'a>(&mut self, nsds: &[Place<'a>]) -> Vec<Place<'a>> {
        for nsd in nsds {
            let Some(id) = self.key(nsd) else {
                continue;
            };
            if !self.known.nsds.insert(id.clone()) {
                self.twice(nsd, &id, "NSD");
            }
        }
        let known = std::mem::take(&mut self.known);
        let mut sapds = Vec::new();
        for nsd in nsds.iter().filter(|nsd| nsd.value().is_object()) {
            self.nsd(nsd, &known, &mut sapds);
        }
        sapds
    }

    fn vnfd(&mut self, vnfd: &Place<'_>) {
        let computes = self.ids(vnfd, "virtual-compute-desc");
        let storages = self.ids(vnfd, "virtual-storage-desc");
        let images = self.ids(vnfd, "sw-image-desc");
        let links = self.ids(vnfd, "int-virtual-link-desc");
        let mut vdus: HashMap<String, Ids> = HashMap::new();
        for vdu in self.elements(vnfd, "vdu") {
            self.leaf(&vdu, "virtual-compute-desc", &computes);
            self.leaf(&vdu, "virtual-storage-desc", &storages);
            self.leaf(&vdu, "sw-image-desc", &images);
            let cpds = self.elements(&vdu, "int-cpd");
            for cpd in &cpds {
                self.leaf(cpd, "int-virtual-link-desc", &links);
            }
            let cpds = self.keys(&cpds);
            if let Some(id) = self.key(&vdu) {
                vdus.insert(id, cpds);
            }
        }
        let cpds = self.elements(vnfd, "ext-cpd");
        for cpd in &cpds {
            self.leaf(cpd, "int-virtual-link-desc", &links);
            for internal in self.elements(cpd, "int-cpd") {
                let vdu = self.refers(&internal, "vdu-id", |id| vdus.contains_key(id));
                if let Some(cpds) = vdu.and_then(|vdu| vdus.get(&vdu)) {
                    self.leaf(&internal, "cpd", cpds);
                }
            }
        }
        for flavour in self.elements(vnfd, "df") {
            for profile in self.elements(&flavour, "vdu-profile") {
                self.refers(&profile, "id", |id| vdus.contains_key(id));
            }
            for level in self.elements(&flavour, "instantiation-level") {
                for vdu in self.elements(&level, "vdu-level") {
                    self.refers(&vdu, "vdu-id", |id| vdus.contains_key(id));
                }
            }
        }
        let cpds = self.keys(&cpds);
        if let Some(id) = self.key(vnfd)
            && self.known.vnfds.insert(id.clone(), cpds).is_some()
        {
            self.twice(vnfd, &id, "VNFD");
        }
    }

    fn nsd<'a>(&mut self, nsd: &Place<'a>, known: &Known, sapds: &mut Vec<Place<'a>>) {
        self.vnfd_leaf(nsd, known);
        let links = self.ids(nsd, "virtual-link-desc");
        let mut ids = Ids::new();
        for sapd in self.elements(nsd, "sapd") {
            self.leaf(&sapd, "virtual-link-desc", &links);
            for cpd in self.elements(&sapd, "associated-cpd") {
                let vnfd = self.vnfd_leaf(&cpd, known);
                if let Some(cpds) = vnfd.and_then(|vnfd| known.vnfds.get(&vnfd)) {
                    self.leaf(&cpd, "vnf-ext-cpd", cpds);
                }
                self.leaf(&cpd, "pnfd-id", &known.pnfds);
                self.leaf(&cpd, "nsd-id", &known.nsds);
            }
            let Some(id) = self.key(&sapd) else {
                continue;
            };
            if !ids.insert(id.clone()) {
                self.twice(&sapd, &id, "SAPD of this NSD");
            }
            sapds.extend(sapd.member("id").ok().flatten());
        }
        for flavour in self.elements(nsd, "df") {
            for profile in self.elements(&flavour, "vnf-profile") {
                self.vnfd_leaf(&profile, known);
            }
        }
    }

    /// A reference to a VNFD. The VNFDs of an NSD that comes alone are in packages of their own.
    fn vnfd_leaf(&mut self, of: &Place<'_>, known: &Known) -> Option<String> {
        if known.vnfds.is_empty() {
            return None;
        }
        self.refers(of, "vnfd-id", |id| known.vnfds.contains_key(id))
    }

    /// A leaf, or leaf-list, that refers to one of `ids`.
    fn leaf(&mut self, of: &Place<'_>, name: &str, ids: &Ids) {
        self.refers(of, name, |id| ids.contains(id));
    }

    /// A leaf, or leaf-list, that refers to something; the last of its values that does.
    fn refers(
        &mut self,
        of: &Place<'_>,
        name: &str,
        is_there: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let mut found = None;
        for leaf in self.values(of, name) {
            let Some(id) = self.report.take(id_at(&leaf)) else {
                continue;
            };
            if is_there(&id) {
                found = Some(id);
            } else {
                self.report
                    .fault(0, || leaf.invalid("there is nothing of this id").into());
            }
        }
        found
    }

    /// The values of a leaf-list, or of a leaf.
    fn values<'a>(&mut self, of: &Place<'a>, name: &str) -> Vec<Place<'a>> {
        let Some(place) = self.report.take(of.member(name)).flatten() else {
            return Vec::new();
        };
        match place.elements() {
            Ok(elements) => elements.collect(),
            Err(_) => vec![place],
        }
    }

    /// The objects of a list.
    fn elements<'a>(&mut self, of: &Place<'a>, name: &str) -> Vec<Place<'a>> {
        let place = self.report.take(of.member(name)).flatten();
        let list = place.and_then(|place| self.report.take(list(&place, name)));
        let mut elements = list.unwrap_or_default();
        elements.retain(|element| self.report.take(element.object()).is_some());
        elements
    }

    fn ids(&mut self, of: &Place<'_>, name: &str) -> Ids {
        let elements = self.elements(of, name);
        self.keys(&elements)
    }

    fn keys(&mut self, entries: &[Place<'_>]) -> Ids {
        entries.iter().filter_map(|entry| self.key(entry)).collect()
    }

    /// The key of an entry of a list.
    fn key(&mut self, entry: &Place<'_>) -> Option<String> {
        let id = entry.required("id").and_then(|id| id_at(&id));
        self.report.take(id)
    }

    fn twice(&mut self, entry: &Place<'_>, id: &str, what: &str) {
        self.report.fault(0, || {
            FieldError::invalid(entry.path(), id, format_args!("another {what} has this id")).into()
        });
    }
}

/// An id: a string, without blanks around it, or a number.
pub(super) fn id_at(place: &Place<'_>) -> Read<String> {
    id_text(&place.cursor())
}
