//! The two parts of an answer (RFC 9275 §7.2.6 and §7.3.6).

use std::collections::BTreeMap;

use idt::search::Budget;

use super::super::answer::{self, calendar_meta, meta};
use super::Answer;
use super::element::Amounts;
use super::request::{AneProperty, Told};
use super::vectors::Vectors;
use crate::ird::{COST_METRIC, COST_MODE, PATH_VECTOR};
use crate::json::{self, Comma};
use crate::property_map::anes::{self, LASTING_DOMAIN};
use crate::property_map::{ANE_DOMAIN, dependent_vtags, key};
use crate::pv::Multipart;
use crate::service::{Ask, Content, Refused};
use crate::{Tag, media, uri};

/// The part that has the properties.
const PROPERTY_MAP_PART: &str = "propmap";

/// What is told of each pair, by one of the cost types.
enum Column<'a> {
    Path(&'a Vectors),
    Cost(answer::Told<'a>),
}

impl Column<'_> {
    fn is_defined(&self, at: usize) -> bool {
        match self {
            Self::Path(vectors) => vectors.is_defined(at),
            Self::Cost(told) => told.is_defined(at),
        }
    }

    fn write(&self, out: &mut Vec<u8>, at: usize) {
        match self {
            Self::Path(vectors) => vectors.write(out, at),
            Self::Cost(told) => told.write(out, at),
        }
    }
}

impl Answer<'_> {
    /// Both parts in one body.
    pub(super) fn content(&self, ask: &Ask) -> Result<Content, Refused> {
        let network = &self.service.maps().network_map().tag;
        let (types, costs) = (self.cost_types(ask), self.costs());
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
    fn cost_types(&self, ask: &Ask) -> Vec<u8> {
        let mut out = Vec::new();
        match (self.question.query.multi, self.question.told.as_slice()) {
            (None, [Told::Path { .. }, ..]) => {
                out.extend_from_slice(b"\"cost-type\":{\"cost-mode\":");
                json::string(&mut out, COST_MODE);
                out.extend_from_slice(b",\"cost-metric\":");
                json::string(&mut out, COST_METRIC);
                out.push(b'}');
            }
            _ => meta(&mut out, &self.question.query),
        }
        let of_paths: &[&str] = if self.question.tells_calendars() {
            &[PATH_VECTOR]
        } else {
            &[]
        };
        calendar_meta(&mut out, of_paths, &self.question.query, self.service, ask);
        out
    }

    /// What is told, in the order in which it was asked for.
    fn columns(&self) -> Vec<Column<'_>> {
        let mut costs = self.costs.told(&self.question.query).into_iter();
        let column = |told: &Told| match told {
            Told::Path { is_calendar: false } => self.paths.as_ref().map(Column::Path),
            Told::Path { is_calendar: true } => self.calendars.as_ref().map(Column::Path),
            Told::Cost(_) => costs.next().map(Column::Cost),
        };
        self.question.told.iter().filter_map(column).collect()
    }

    /// The costs of all pairs. A pair that fails the test, or has nothing that is asked for, is left out, and
    /// so is a source without any pair.
    fn costs(&self) -> Vec<u8> {
        let (from, to) = (&self.pairs.from, &self.pairs.to);
        let columns = self.columns();
        let is_multi = self.question.query.multi.is_some();
        let mut out = b"{".to_vec();
        let mut rows = Comma::default();
        for (source, row) in from.keys.iter().zip(&from.cells) {
            let mut cells = Comma::default();
            for (target, column) in to.keys.iter().zip(&to.cells) {
                let at = row * to.points.len() + column;
                let passes = self.passes.get(at).copied().unwrap_or_default();
                if !passes || !columns.iter().any(|column| column.is_defined(at)) {
                    continue;
                }
                if !cells.is_written() {
                    rows.write(&mut out);
                    out.extend_from_slice(source.as_bytes());
                    out.push(b'{');
                }
                cells.write(&mut out);
                out.extend_from_slice(target.as_bytes());
                if is_multi {
                    out.push(b'[');
                }
                // One value, or an array with one for each cost type (RFC 8189 §4.1.3).
                let mut elements = Comma::default();
                for column in &columns {
                    elements.write(&mut out);
                    column.write(&mut out, at);
                }
                if is_multi {
                    out.push(b']');
                }
            }
            if cells.is_written() {
                out.push(b'}');
            }
        }
        out.push(b'}');
        out
    }

    /// One member for each element on a path that is told.
    fn properties(&self, out: &mut Vec<u8>) {
        let vectors = self.paths.iter().chain(&self.calendars);
        let elements: BTreeMap<&str, &Amounts> = vectors
            .flat_map(Vectors::elements)
            .map(|element| (element.name.as_str(), &element.amounts))
            .collect();
        out.push(b'{');
        let mut comma = Comma::default();
        for (name, amounts) in elements {
            comma.write(out);
            key(out, ANE_DOMAIN, name);
            write_amounts(out, amounts);
        }
        out.push(b'}');
    }
}

/// The properties that are asked for and that an element has.
fn write_amounts(out: &mut Vec<u8>, amounts: &Amounts) {
    out.push(b'{');
    let mut comma = Comma::default();
    let mut name = |out: &mut Vec<u8>, property: AneProperty| {
        comma.write(out);
        json::string(out, property.name());
        out.push(b':');
    };
    if let Some(least) = amounts.bandwidth {
        name(out, AneProperty::MaxReservableBandwidth);
        json::number(out, least);
    }
    if let Some(link) = &amounts.link {
        name(out, AneProperty::PersistentEntityId);
        json::string(out, &format!("{LASTING_DOMAIN}:{link}"));
    }
    if let Some(sum) = amounts.delay {
        name(out, AneProperty::Delay);
        // In microseconds, as delays between PIDs are.
        json::fraction(out, sum, 1000);
    }
    out.push(b'}');
}
