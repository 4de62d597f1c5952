//! The abstract network elements that last: domains, and the links between them (RFC 9275 §6.2.4).
//!
//! [`ANE_PROPERTIES`](uri::id::ANE_PROPERTIES) defines them, and names them in its own entity domain `.ane`.
//! Elsewhere they are `ane-properties.ane:AS1`, so also in the filtered map.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use bytes::Bytes;
use idt::net::{EdgeId, UNLIMITED};
use idt::search::{Budget, Spent};
use idt::{DomainIndex, Link};
use nffg::json::Cursor;
use serde_json::Value;

use super::request::{self, PID_RULE, is_pid_name};
use super::{ANE_DOMAIN, Property, dependent_vtags, key};
use crate::ane::link_name;
use crate::json::{self, Comma};
use crate::service::{Content, Refused, Service};
use crate::{AltoError, Tag, media, uri};

/// The entity domain of these elements where another resource speaks of them (RFC 9275 §6.2.4).
pub(crate) const LASTING_DOMAIN: &str = "ane-properties.ane";

/// A property of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AneProperty {
    /// Of a domain: a property that its PID has.
    Domain(Property),
    /// Of a link: bits per second (RFC 9275 §6.4.1), less what reservations hold.
    Bandwidth,
    /// Of a link: microseconds, one way.
    Delay,
}

impl AneProperty {
    fn all() -> impl Iterator<Item = Self> {
        let domain = Property::ALL.into_iter().map(Self::Domain);
        [Self::Bandwidth, Self::Delay].into_iter().chain(domain)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Domain(property) => property.name(),
            Self::Bandwidth => "max-reservable-bandwidth",
            Self::Delay => "priv:brokermdo-delay",
        }
    }
}

/// The names of all properties of elements.
pub(crate) fn property_names() -> Vec<&'static str> {
    AneProperty::all().map(AneProperty::name).collect()
}

/// What is made of one version when somebody asks.
#[derive(Default)]
pub(crate) struct Anes {
    tag: OnceLock<Tag>,
    full: OnceLock<Bytes>,
}

/// The elements of one version.
struct Elements<'a>(&'a Service);

impl<'a> Elements<'a> {
    fn graph(&self) -> &'a idt::DomainGraph {
        self.0.maps().idt().graph()
    }

    /// The bandwidth of a link in bits per second that nobody holds; `None` if the link tells none.
    fn bandwidth(&self, edge: EdgeId, link: &Link) -> Option<u64> {
        let told = link.bandwidth?.bits_per_second();
        let left = self.0.distances().net().edge(edge);
        let left = left.map_or(told, |edge| edge.bandwidth);
        (left != UNLIMITED).then_some(left)
    }

    /// The links that start at a domain, in the order of the net.
    fn links(&self, from: DomainIndex) -> impl Iterator<Item = (EdgeId, DomainIndex, &'a Link)> {
        let neighbours = self.graph().neighbours(from);
        let links = neighbours.flat_map(|one| one.links.iter().map(move |link| (one.to, link)));
        // The graph numbers its domains by `u32`, the net its edges.
        let from = from.as_usize() as u32;
        let nth = 0_u32..;
        nth.zip(links)
            .map(move |(nth, (to, link))| (EdgeId { from, nth }, to, link))
    }

    /// How much work it is to look at all.
    fn len(&self) -> usize {
        self.graph().len() + self.graph().net().edges()
    }

    /// The hash of all that is known of all elements.
    fn tag(&self) -> Tag {
        let graph = self.graph();
        let mut octets = Vec::new();
        let text = |octets: &mut Vec<u8>, text: &str| {
            octets.extend_from_slice(&(text.len() as u64).to_le_bytes());
            octets.extend_from_slice(text.as_bytes());
        };
        let number = |octets: &mut Vec<u8>, number: Option<u64>| {
            octets.push(u8::from(number.is_some()));
            octets.extend_from_slice(&number.unwrap_or_default().to_le_bytes());
        };
        let mut hasher = blake3::Hasher::new();
        for from in graph.indices() {
            octets.clear();
            let id = graph.id(from).as_str();
            text(&mut octets, id);
            let entity = self.0.maps().entities().get(id);
            if let Some(entity) = entity.filter(|entity| !entity.is_empty()) {
                octets.extend_from_slice(entity.hash.as_bytes());
            }
            for (edge, to, link) in self.links(from) {
                octets.push(1);
                text(&mut octets, graph.id(to).as_str());
                for router in [&link.local, &link.remote] {
                    text(
                        &mut octets,
                        router.as_ref().map_or("", |router| router.as_str()),
                    );
                }
                number(&mut octets, self.bandwidth(edge, link));
                number(&mut octets, link.delay.map(nffg::Delay::as_nanos));
            }
            octets.push(0);
            hasher.update(&octets);
        }
        Tag::of([hasher.finalize().as_bytes().as_slice()])
    }

    fn write_domain(&self, out: &mut Vec<u8>, index: DomainIndex, wanted: &Wanted) {
        let id = self.graph().id(index).as_str();
        match self.0.maps().entities().get(id) {
            Some(entity) => entity.write(out, &wanted.domain),
            None => out.extend_from_slice(b"{}"),
        }
    }

    fn write_link(&self, out: &mut Vec<u8>, edge: EdgeId, link: &Link, wanted: &Wanted) {
        out.push(b'{');
        let mut comma = Comma::default();
        if let Some(bandwidth) = self.bandwidth(edge, link).filter(|_| wanted.bandwidth) {
            comma.write(out);
            json::string(out, AneProperty::Bandwidth.name());
            out.push(b':');
            json::number(out, bandwidth);
        }
        if let Some(delay) = link.delay.filter(|_| wanted.delay) {
            comma.write(out);
            json::string(out, AneProperty::Delay.name());
            out.push(b':');
            json::fraction(out, delay.as_nanos(), 1000);
        }
        out.push(b'}');
    }

    fn has_property(&self, edge: EdgeId, link: &Link) -> bool {
        link.delay.is_some() || self.bandwidth(edge, link).is_some()
    }

    /// Appends the members of all elements, or of those that have a property.
    fn write_all(&self, out: &mut Vec<u8>, domain: &str, wanted: &Wanted, with_empty: bool) {
        let graph = self.graph();
        let mut comma = Comma::default();
        for from in graph.indices() {
            if with_empty || self.is_known(graph.id(from).as_str()) {
                comma.write(out);
                key(out, domain, graph.id(from).as_str());
                self.write_domain(out, from, wanted);
            }
            for (edge, _, link) in self.links(from) {
                let name = link_name(graph, edge);
                if let Some(name) = name.filter(|_| with_empty || self.has_property(edge, link)) {
                    comma.write(out);
                    key(out, domain, &name);
                    self.write_link(out, edge, link, wanted);
                }
            }
        }
    }

    /// Whether something is known of a domain.
    fn is_known(&self, id: &str) -> bool {
        let entity = self.0.maps().entities().get(id);
        entity.is_some_and(|entity| !entity.is_empty())
    }

    /// The links with these names. A name that is no hash says where to look.
    fn find<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
        budget: &mut Budget,
    ) -> Result<BTreeMap<&'n str, EdgeId>, Spent> {
        let graph = self.graph();
        let mut found = BTreeMap::new();
        let mut hashed: BTreeMap<&str, &'n str> = BTreeMap::new();
        for name in names {
            if name.starts_with('@') {
                hashed.insert(name, name);
                continue;
            }
            let ends = name
                .rsplit_once(':')
                .and_then(|(ends, _)| ends.split_once(':'));
            let ends = ends.and_then(|(from, to)| {
                let index = |id: &str| graph.index(&id.parse().ok()?);
                Some((index(from)?, index(to)?.as_usize() as u32))
            });
            let Some((from, to)) = ends else {
                continue;
            };
            let from = from.as_usize() as u32;
            let range = graph.net().row(from).edges_to(to);
            budget.spend(range.len() + 1)?;
            let mut edges = range.map(|nth| EdgeId {
                from,
                nth: nth as u32,
            });
            if let Some(edge) = edges.find(|edge| link_name(graph, *edge).as_deref() == Some(name))
            {
                found.insert(name, edge);
            }
        }
        if !hashed.is_empty() {
            budget.spend(self.len())?;
            for (edge, _, _) in graph.indices().flat_map(|from| self.links(from)) {
                let name = link_name(graph, edge);
                if let Some(name) = name.and_then(|name| hashed.get(name.as_str())) {
                    found.insert(name, edge);
                }
            }
        }
        Ok(found)
    }
}

/// Which properties to tell, by the elements that can have them.
struct Wanted {
    domain: Vec<Property>,
    bandwidth: bool,
    delay: bool,
}

impl Wanted {
    /// `None` is none, the empty list is all (RFC 9240 §8.3).
    fn of(asked: Option<&[AneProperty]>) -> Self {
        let is_wanted = |property: &AneProperty| match asked {
            None => false,
            Some([]) => true,
            Some(asked) => asked.contains(property),
        };
        let mut wanted = Self {
            domain: Vec::new(),
            bandwidth: false,
            delay: false,
        };
        for property in AneProperty::all().filter(is_wanted) {
            match property {
                AneProperty::Domain(property) => wanted.domain.push(property),
                AneProperty::Bandwidth => wanted.bandwidth = true,
                AneProperty::Delay => wanted.delay = true,
            }
        }
        wanted
    }
}

/// The version tag of the map of these elements: also for answers that speak of them. The first who asks
/// for it spends a step for each.
pub(crate) fn tag<'a>(service: &'a Service, budget: &mut Budget) -> Result<&'a Tag, Spent> {
    let elements = Elements(service);
    let cell = &service.anes().tag;
    if cell.get().is_none() {
        budget.spend(elements.len())?;
    }
    Ok(cell.get_or_init(|| elements.tag()))
}

/// The full map. The first who asks for it spends a step for each element.
pub(crate) fn full(service: &Service, budget: &mut Budget) -> Result<Content, Spent> {
    let tag = tag(service, budget)?;
    let elements = Elements(service);
    let cell = &service.anes().full;
    if cell.get().is_none() {
        budget.spend(elements.len())?;
    }
    let bytes = cell.get_or_init(|| {
        let mut out = b"{\"meta\":{\"vtag\":".to_vec();
        tag.write(&mut out, uri::id::ANE_PROPERTIES);
        out.extend_from_slice(b"},\"property-map\":{");
        elements.write_all(&mut out, ANE_DOMAIN, &Wanted::of(Some(&[])), true);
        out.extend_from_slice(b"}}");
        out.into()
    });
    Ok(Content {
        media_type: media::PROPERTY_MAP.into(),
        tag: Some(tag.clone()),
        pieces: vec![bytes.clone()],
    })
}

/// Answers `request`, a `ReqFilteredPropertyMap`. A step of work is an element looked at.
pub(crate) fn filter(service: &Service, request: &[u8], work: u64) -> Result<Bytes, Refused> {
    let request: Value = serde_json::from_slice(request).map_err(AltoError::from)?;
    let request = Cursor::root(&request);
    let names = names(&request, service.maps().config().limits.endpoints)?;
    let known = |name: &str| AneProperty::all().find(|property| property.name() == name);
    let asked = request::properties(&request, known, || property_names().join(", "))?;
    let wanted = Wanted::of(asked.as_deref());

    let told = tell(service, names.as_ref(), asked.is_some(), &wanted, work);
    told.map_err(|spent| {
        let rule = "it is more work than this server allows: ask for the elements by name";
        Refused::from(spent).or_error("entities", "all", rule)
    })
}

/// The answer for these names, or for all elements: for those that have no property only if `with_empty`.
fn tell(
    service: &Service,
    names: Option<&BTreeSet<&str>>,
    with_empty: bool,
    wanted: &Wanted,
    work: u64,
) -> Result<Bytes, Spent> {
    let mut budget = Budget::new(work);
    let elements = Elements(service);
    let graph = elements.graph();
    let mut out = b"{\"meta\":{".to_vec();
    let tag = tag(service, &mut budget)?;
    dependent_vtags(&mut out, uri::id::ANE_PROPERTIES, tag);
    out.extend_from_slice(b"},\"property-map\":{");
    match names {
        None => {
            budget.spend(elements.len())?;
            elements.write_all(&mut out, LASTING_DOMAIN, wanted, with_empty);
        }
        Some(names) => {
            budget.spend(names.len())?;
            let is_link = |name: &&str| name.contains([':', '@']);
            let links = elements.find(names.iter().copied().filter(is_link), &mut budget)?;
            let mut comma = Comma::default();
            for name in names {
                let index = name.parse().ok().and_then(|id| graph.index(&id));
                let link = links
                    .get(*name)
                    .and_then(|edge| Some((*edge, graph.link(*edge)?)));
                // Another spelling of a domain's name is no name of an element.
                let index = index.filter(|index| graph.id(*index).as_str() == *name);
                match (index, link) {
                    (Some(index), _) if with_empty || elements.is_known(name) => {
                        comma.write(&mut out);
                        key(&mut out, LASTING_DOMAIN, name);
                        elements.write_domain(&mut out, index, wanted);
                    }
                    (None, Some((edge, link)))
                        if with_empty || elements.has_property(edge, link) =>
                    {
                        comma.write(&mut out);
                        key(&mut out, LASTING_DOMAIN, name);
                        elements.write_link(&mut out, edge, link, wanted);
                    }
                    _ => {}
                }
            }
        }
    }
    out.extend_from_slice(b"}}");
    Ok(out.into())
}

/// The names of the elements that are asked for, each once; `None` if all are.
fn names<'a>(request: &Cursor<'a>, most: usize) -> Result<Option<BTreeSet<&'a str>>, AltoError> {
    let list = request::entities(request, most)?;
    let name = |(element, text): (Cursor<'a>, &'a str)| match text.split_once(':') {
        Some((LASTING_DOMAIN, name)) if is_pid_name(name) => Ok(name),
        Some((LASTING_DOMAIN, _)) => Err(element.invalid(PID_RULE).into()),
        _ => {
            let rule = format_args!("an entity of this map is '{LASTING_DOMAIN}:' and a name");
            Err(element.invalid(rule).into())
        }
    };
    let is_all = list.is_empty();
    let names = list
        .into_iter()
        .map(name)
        .collect::<Result<_, AltoError>>()?;
    Ok((!is_all).then_some(names))
}
