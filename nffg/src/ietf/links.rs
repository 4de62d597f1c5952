//! Links: between which routers, and which of them are one.

use std::collections::HashMap;

use super::MAX_LINKS;
use super::attributes::{self, groups};
use super::layers::Routers;
use super::member::{network, path, te, topology};
use super::networks::{Network, Told};
use crate::fault::Report;
use crate::json::Cursor;
use crate::list::{Element, Read, id, id_text, objects, warn};
use crate::{Performance, RouterId, RouterLink, RouterRef, Srlgs};

/// How many layers below a link are looked at for what it does not tell itself.
const MAX_LAYERS: usize = 8;

/// Reads the links of all networks, those of an underlay that are links of an overlay once.
pub(super) fn read(told: &Told<'_>, routers: &Routers, report: &mut Report) -> Vec<RouterLink> {
    let mut reader = Reader {
        told,
        routers,
        report,
        links: Vec::new(),
        index: HashMap::new(),
        count: 0,
    };
    for (at, network) in told.networks.iter().enumerate() {
        let read = reader.network(at, network);
        reader.report.take(read);
    }
    joined(reader.links, &reader.index)
}

/// Where a link stands in the document: its network and its id.
type Place = (usize, String);

struct Link {
    link: RouterLink,
    /// The only link that it rests on.
    under: Option<Place>,
}

struct Reader<'r, 'a> {
    told: &'r Told<'a>,
    routers: &'r Routers,
    report: &'r mut Report,
    links: Vec<Link>,
    /// Where the link of a place stands in the list.
    index: HashMap<Place, usize>,
    count: usize,
}

impl Reader<'_, '_> {
    fn network(&mut self, at: usize, network: &Network<'_>) -> Read<()> {
        let cursor = network.element.cursor();
        let Some(list) = topology("link").of(&cursor)? else {
            return Ok(());
        };
        let links = objects(self.report, &list, MAX_LINKS.saturating_sub(self.count))?;
        self.count += links.len();
        for link in links.iter().map(Element::cursor) {
            let read = self.link(&link, at, network);
            self.report.take(read);
        }
        Ok(())
    }

    fn link(&mut self, link: &Cursor<'_>, at: usize, network: &Network<'_>) -> Read<()> {
        let attributes = path(link, &[te("te"), te("te-link-attributes")])?;
        let source = end(link, "source", "source-node", "source-tp")?;
        let destination = end(link, "destination", "dest-node", "dest-tp")?;
        if is_down(link, attributes.as_ref())? {
            return Ok(());
        }
        let src = source
            .as_ref()
            .and_then(|end| self.routers.node(at, &end.node));
        let Some(src) = src.cloned() else {
            self.left_out(link, "no source that is a router of the document");
            return Ok(());
        };
        let external = match &attributes {
            Some(attributes) => self.external(attributes, &src)?,
            None => None,
        };
        let told = || self.routers.node(at, &destination.as_ref()?.node);
        let plugged = || {
            let End { node, point } = source.as_ref()?;
            let point = point.as_ref()?;
            self.routers.plugged(at, node, point, &src.domain)
        };
        let dst = external.or_else(|| told().or_else(plugged).cloned());
        let Some(dst) = dst else {
            let text = "no destination that is a router of the document or of another domain";
            self.left_out(link, text);
            return Ok(());
        };
        if src == dst {
            self.left_out(link, "one router at both ends");
            return Ok(());
        }
        let mut told_groups = Srlgs::default();
        let mut told = attributes::Told::default();
        if let Some(attributes) = &attributes {
            told = attributes::read(attributes, self.report);
            told_groups = groups(attributes, self.report);
        }
        let under = self.under(link)?;
        if let Some(name) = topology("link-id").of(link)? {
            let place = (at, id_text(&name)?);
            if self.index.contains_key(&place) {
                let text = || format!("the link {} of {} is told before", place.1, network.domain);
                warn(self.report, link, text);
            } else {
                self.index.insert(place, self.links.len());
            }
        }
        let link = RouterLink {
            src,
            dst,
            delay: told.delay,
            bandwidth: told.bandwidth,
            srlgs: told_groups,
            performance: told.measured.into(),
        };
        self.links.push(Link { link, under });
        Ok(())
    }

    fn left_out(&mut self, link: &Cursor<'_>, has: &'static str) {
        warn(self.report, link, || {
            format!("the link has {has}; it is left out")
        });
    }

    /// Where a link to another domain ends (RFC 8795 `external-domain`).
    fn external(&self, attributes: &Cursor<'_>, src: &RouterRef) -> Read<Option<RouterRef>> {
        let Some(external) = te("external-domain").of(attributes)? else {
            return Ok(None);
        };
        let Some(node) = te("remote-te-node-id").of(&external)? else {
            return Ok(None);
        };
        let node: RouterId = id(&node, &id_text(&node)?)?;
        let domain = match te("network-ref").of(&external)? {
            Some(reference) => self.told.domain_of(&id_text(&reference)?),
            None => None,
        };
        if let Some(domain) = domain {
            let told = self.routers.of_te_id(&domain, &node);
            if told.is_some() {
                return Ok(told.cloned());
            }
            // A reference to its own network, which does not have the router, says nothing.
            if domain != src.domain {
                let router = node;
                return Ok(Some(RouterRef { domain, router }));
            }
        }
        Ok(self.routers.beyond(&src.domain, &node).cloned())
    }

    /// The link that a link rests on, if it is one.
    fn under(&mut self, link: &Cursor<'_>) -> Read<Option<Place>> {
        let Some(list) = topology("supporting-link").of(link)? else {
            return Ok(None);
        };
        let supporting = objects(self.report, &list, MAX_LINKS)?;
        let [only] = supporting.as_slice() else {
            return Ok(None);
        };
        let only = only.cursor();
        let of = id_text(&network("network-ref").required(&only)?)?;
        let name = id_text(&topology("link-ref").required(&only)?)?;
        Ok(self.told.index.get(&of).map(|of| (*of, name)))
    }
}

/// An end of a link: a node, and perhaps one of its termination points.
struct End {
    node: String,
    point: Option<String>,
}

fn end(
    link: &Cursor<'_>,
    name: &'static str,
    node: &'static str,
    point: &'static str,
) -> Read<Option<End>> {
    let Some(end) = topology(name).of(link)? else {
        return Ok(None);
    };
    let Some(node) = topology(node).of(&end)? else {
        return Ok(None);
    };
    let point = topology(point).of(&end)?;
    Ok(Some(End {
        node: id_text(&node)?,
        point: point.map(|point| id_text(&point)).transpose()?,
    }))
}

/// Whether a link is told to be down.
fn is_down(link: &Cursor<'_>, attributes: Option<&Cursor<'_>>) -> Read<bool> {
    let operational = path(link, &[te("te"), te("oper-status")])?;
    let admin = match attributes {
        Some(attributes) => te("admin-status").of(attributes)?,
        None => None,
    };
    let mut told = [operational, admin].into_iter().flatten();
    Ok(told.any(|status| status.value().as_str() == Some("down")))
}

/// The links, without those that links above them are.
fn joined(mut links: Vec<Link>, index: &HashMap<Place, usize>) -> Vec<RouterLink> {
    let mut is_under = vec![false; links.len()];
    for at in 0..links.len() {
        // It has been told already, with what lies below it.
        if is_under.get(at) == Some(&true) {
            continue;
        }
        let (mut found_delay, mut found_bandwidth) = (None, None);
        let mut found_groups = Vec::new();
        let mut found = Performance::default();
        let mut above = at;
        for _ in 0..MAX_LAYERS {
            let Some(next) = under(&links, index, above).filter(|under| *under != at) else {
                break;
            };
            let (Some(link), Some(is_under)) = (links.get(next), is_under.get_mut(next)) else {
                break;
            };
            *is_under = true;
            found = found.or(&link.link.performance, found_bandwidth.is_none());
            found_delay = found_delay.or(link.link.delay);
            found_bandwidth = found_bandwidth.or(link.link.bandwidth);
            // What it rests on fails with all that is below.
            found_groups.extend_from_slice(link.link.srlgs.as_slice());
            above = next;
        }
        if let Some(Link { link, .. }) = links.get_mut(at) {
            link.performance = link.performance.or(&found, link.bandwidth.is_none());
            link.delay = link.delay.or(found_delay);
            link.bandwidth = link.bandwidth.or(found_bandwidth);
            let own = link.srlgs.as_slice().iter();
            link.srlgs = own.copied().chain(found_groups).collect();
        }
    }
    let links = links.into_iter().zip(is_under);
    let links = links.filter(|(_, is_under)| !is_under);
    links.map(|(link, _)| link.link).collect()
}

/// The link below a link, if it joins the same routers.
fn under(links: &[Link], index: &HashMap<Place, usize>, at: usize) -> Option<usize> {
    let link = links.get(at)?;
    let under = *index.get(link.under.as_ref()?)?;
    let below = &links.get(under)?.link;
    let same = below.src == link.link.src && below.dst == link.link.dst;
    same.then_some(under)
}
