//! The two parts of an answer (RFC 9275 §7.2.6 and §7.3.6).

use idt::search::Budget;

use super::super::answer::meta;
use super::Answer;
use super::element::{Element, bandwidth, delay};
use super::request::{AneProperty, Told};
use crate::ane::link_name;
use crate::ird::{COST_METRIC, COST_MODE};
use crate::json::{self, Comma};
use crate::property_map::anes::{self, LASTING_DOMAIN};
use crate::property_map::{ANE_DOMAIN, dependent_vtags, key};
use crate::pv::Multipart;
use crate::service::{Ask, Content, Refused};
use crate::{Tag, media, uri};

/// The part that has the properties.
const PROPERTY_MAP_PART: &str = "propmap";

impl Answer<'_> {
    /// Both parts in one body.
    pub(super) fn content(&self, ask: &Ask) -> Result<Content, Refused> {
        let network = &self.service.maps().network_map().tag;
        let (types, costs) = (self.cost_types(), self.costs());
        let tag = if self.form.of_pids {
            Tag::of([network.as_str().as_bytes(), &types, &costs])
        } else {
            Tag::of([types.as_slice(), &costs])
        };
        let vtag_id = format!("{}.{}", self.form.resource, self.form.part);

        let mut cost_map = Vec::with_capacity(costs.len() + types.len() + 512);
        cost_map.extend_from_slice(b"{\"meta\":{\"vtag\":");
        tag.write(&mut cost_map, &vtag_id);
        if self.form.of_pids {
            cost_map.push(b',');
            dependent_vtags(&mut cost_map, uri::id::NETWORK_MAP, network);
        }
        cost_map.push(b',');
        cost_map.extend_from_slice(&types);
        cost_map.extend_from_slice(b"},");
        json::string(&mut cost_map, self.form.member);
        cost_map.push(b':');
        cost_map.extend_from_slice(&costs);
        cost_map.push(b'}');

        let mut property_map = b"{\"meta\":{\"dependent-vtags\":[".to_vec();
        tag.write(&mut property_map, &vtag_id);
        if let Some(defining) = self.defining_tag(ask)? {
            property_map.push(b',');
            defining.write(&mut property_map, uri::id::ANE_PROPERTIES);
        }
        property_map.extend_from_slice(b"]},\"property-map\":");
        self.properties(&mut property_map);
        property_map.push(b'}');

        let message = Multipart {
            server_name: &self.service.maps().config().server_name,
            tag: &tag,
            root: (self.form.part, self.form.media_type, &cost_map),
            other: (PROPERTY_MAP_PART, media::PROPERTY_MAP, &property_map),
        };
        let (media_type, bytes) = message.encode();
        Ok(Content::made(media_type, bytes))
    }

    /// The version of the property map that defines the elements that last, if these are asked for.
    fn defining_tag(&self, ask: &Ask) -> Result<Option<&Tag>, Refused> {
        if !self.question.wants(AneProperty::PersistentEntityId) {
            return Ok(None);
        }
        let tag = anes::tag(self.service, &mut Budget::new(ask.path_work));
        tag.map(Some)
            .map_err(|spent| self.pairs.too_much(spent.into()))
    }

    /// The members of `meta` that say what is told of pairs.
    fn cost_types(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match (self.question.query.multi, self.question.told.as_slice()) {
            (None, [Told::Path, ..]) => {
                out.extend_from_slice(b"\"cost-type\":{\"cost-mode\":");
                json::string(&mut out, COST_MODE);
                out.extend_from_slice(b",\"cost-metric\":");
                json::string(&mut out, COST_METRIC);
                out.push(b'}');
            }
            _ => meta(&mut out, &self.question.query),
        }
        out
    }

    /// The costs of all pairs. A pair that fails the test, or has nothing that is asked for, is left out, and
    /// so is a source without any pair.
    fn costs(&self) -> Vec<u8> {
        let (from, to) = (&self.pairs.from, &self.pairs.to);
        let mut out = b"{".to_vec();
        let mut rows = Comma::default();
        for (source, row) in from.keys.iter().zip(&from.cells) {
            let mut cells = Comma::default();
            for (target, column) in to.keys.iter().zip(&to.cells) {
                let at = row * to.points.len() + column;
                if !self.is_told(at) {
                    continue;
                }
                if !cells.is_written() {
                    rows.write(&mut out);
                    out.extend_from_slice(source.as_bytes());
                    out.push(b'{');
                }
                cells.write(&mut out);
                out.extend_from_slice(target.as_bytes());
                self.value(&mut out, at);
            }
            if cells.is_written() {
                out.push(b'}');
            }
        }
        out.push(b'}');
        out
    }

    fn is_told(&self, at: usize) -> bool {
        let has = |told: &Told| match told {
            Told::Path => self.vector(at).is_some(),
            Told::Cost(cost_type) => self.costs.amount(cost_type, at).is_some(),
        };
        self.passes.get(at).copied().unwrap_or_default() && self.question.told.iter().any(has)
    }

    fn vector(&self, at: usize) -> Option<impl Iterator<Item = &str>> {
        self.elements.as_ref()?.vector(at)
    }

    /// What is told of one pair: one value, or an array with one for each cost type (RFC 8189 §4.1.3).
    fn value(&self, out: &mut Vec<u8>, at: usize) {
        let is_multi = self.question.query.multi.is_some();
        if is_multi {
            out.push(b'[');
        }
        let mut elements = Comma::default();
        for told in &self.question.told {
            elements.write(out);
            let is_there = match told {
                Told::Path => self.vector(at).map(|names| json::strings(out, names)),
                Told::Cost(cost_type) => self.costs.write(out, cost_type, at),
            };
            if is_there.is_none() {
                out.extend_from_slice(b"null");
            }
        }
        if is_multi {
            out.push(b']');
        }
    }

    /// One member for each element on a path that is told.
    fn properties(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut comma = Comma::default();
        let elements = self.elements.iter().flat_map(|elements| elements.sorted());
        for element in elements {
            comma.write(out);
            key(out, ANE_DOMAIN, &element.name);
            self.properties_of(out, element);
        }
        out.push(b'}');
    }

    /// The properties that are asked for and that the element has.
    fn properties_of(&self, out: &mut Vec<u8>, element: &Element) {
        let links = || element.links.iter().copied();
        out.push(b'{');
        let mut comma = Comma::default();
        let mut name = |out: &mut Vec<u8>, property: AneProperty| {
            comma.write(out);
            json::string(out, property.name());
            out.push(b':');
        };
        for property in &self.question.properties {
            match property {
                AneProperty::MaxReservableBandwidth => {
                    let told = links().map(|link| bandwidth(self.service, link));
                    // All tell it or none does.
                    if let Some(least) = told.flatten().min() {
                        name(out, *property);
                        json::number(out, least);
                    }
                }
                AneProperty::PersistentEntityId => {
                    let graph = self.service.maps().idt().graph();
                    if let Some(link) = links().next().and_then(|link| link_name(graph, link)) {
                        name(out, *property);
                        json::string(out, &format!("{LASTING_DOMAIN}:{link}"));
                    }
                }
                AneProperty::Delay => {
                    let told = links().map(|link| delay(self.service, link));
                    if let Some(sum) = told.sum::<Option<u64>>() {
                        name(out, *property);
                        // In microseconds, as delays between PIDs are.
                        json::fraction(out, sum, 1000);
                    }
                }
            }
        }
        out.push(b'}');
    }
}
