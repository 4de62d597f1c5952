//! Laws: a view that was written is read, however it was written; an overlay changes nothing.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use nffg::{Bandwidth, Delay, DomainId, Resources, RouterId, RouterLink, RouterRef, TopologyView};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{clean, decoded, topologies};

/// How a document is written.
#[derive(Clone, Copy, Debug)]
struct Style {
    /// Names of modules before members (RFC 7951 §4).
    qualified: bool,
    /// `provider-id` and a network's name of its own, not an AS number for a name.
    provider: bool,
    /// The exporter's network, if it is AS1, says nothing.
    nameless: bool,
    /// Links to other domains by `external-domain`, where the router has a `te-node-id`.
    external: bool,
    /// Delays as measured, not as metrics.
    measured: bool,
    /// Bandwidths as hexadecimal floats.
    hexadecimal: bool,
}

fn style() -> impl Strategy<Value = Style> {
    any::<[bool; 6]>().prop_map(
        |[
            qualified,
            provider,
            nameless,
            external,
            measured,
            hexadecimal,
        ]| Style {
            qualified,
            provider,
            nameless,
            external,
            measured,
            hexadecimal,
        },
    )
}

/// A view as such a document can tell it: domains that are AS numbers, whole microseconds, prefixes only
/// where there are routers.
fn view() -> impl Strategy<Value = TopologyView> {
    topologies::view().prop_map(|mut view| {
        let domains: HashMap<DomainId, DomainId> = view
            .nodes
            .iter()
            .zip(1..)
            .map(|(node, asn)| (node.domain.clone(), DomainId::from_asn(asn).unwrap()))
            .collect();
        view.name = None;
        for node in &mut view.nodes {
            node.domain = domains[&node.domain].clone();
            node.entry_point = None;
            node.resources = Resources::default();
            if node.routers.is_empty() {
                node.prefixes.clear();
            }
        }
        let inner = view.nodes.iter_mut().flat_map(|node| &mut node.links);
        for link in inner.chain(&mut view.links) {
            link.src.domain = domains[&link.src.domain].clone();
            link.dst.domain = domains[&link.dst.domain].clone();
            let whole = |delay: &mut Option<Delay>| {
                let micros = delay.map(|delay| delay.as_nanos() / 1000);
                *delay = micros.map(|micros| Delay::from_nanos(micros % (1 << 32) * 1000));
            };
            let mut measured = *link.performance;
            whole(&mut measured.delay_min);
            whole(&mut measured.delay_max);
            whole(&mut measured.delay_variation);
            for bandwidth in [
                &mut measured.residual_bandwidth,
                &mut measured.available_bandwidth,
            ] {
                // Zero is the model's default for what is not told.
                *bandwidth = bandwidth.filter(|told| told.bits_per_second() > 0);
            }
            whole(&mut link.delay);
            link.delay = measured.delay(link.delay);
            link.bandwidth = measured.bandwidth(link.bandwidth);
            link.performance = measured.into();
        }
        view.links.sort_by_key(|link| link.src.domain.asn());
        view
    })
}

/// A name that can be a `te-node-id`.
fn te_id(router: &RouterId) -> Option<&str> {
    let address: Ipv4Addr = router.as_str().parse().ok()?;
    (!address.is_unspecified()).then(|| router.as_str())
}

fn float(bandwidth: Bandwidth, hexadecimal: bool) -> String {
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let bytes = bandwidth.bits_per_second() as f64 / 8.0;
    if !hexadecimal {
        return format!("{bytes:?}");
    }
    if bytes == 0.0 {
        return "0x0p0".to_owned();
    }
    let (exponent, mantissa) = (bytes.to_bits() >> 52, bytes.to_bits() & ((1 << 52) - 1));
    #[expect(clippy::cast_possible_wrap, reason = "a sign and eleven bits")]
    let exponent = exponent as i64 - 1023;
    format!("0x1.{mantissa:013x}p{exponent:+}")
}

impl Style {
    fn node_id(router: &RouterRef) -> String {
        match te_id(&router.router) {
            Some(te_id) => format!("urn:{}:{te_id}", router.domain),
            None => router.router.to_string(),
        }
    }

    /// The member's name, with its module's or not.
    fn name(self, module: &str, name: &str) -> String {
        if self.qualified {
            format!("{module}:{name}")
        } else {
            name.to_owned()
        }
    }

    fn te(self, name: &str) -> String {
        self.name("ietf-te-topology", name)
    }

    fn node(self, router: RouterRef, prefixes: &[ipnet::IpNet]) -> Value {
        let mut node = json!({"node-id": Self::node_id(&router)});
        if let Some(te_id) = te_id(&router.router) {
            node[self.te("te-node-id")] = te_id.into();
        }
        if !prefixes.is_empty() {
            let prefixes = prefixes.iter();
            let list: Value = prefixes
                .map(|prefix| json!({"prefix": prefix.to_string()}))
                .collect();
            let attributes = self.name("ietf-l3-unicast-topology", "l3-node-attributes");
            node[attributes] = json!({ "prefix": list });
        }
        node
    }

    fn link(self, id: usize, link: &RouterLink) -> Value {
        let mut attributes = Map::new();
        let mut metrics = Map::new();
        let mut metric = |name: &str, told: Option<Value>| {
            metrics.extend(told.map(|told| (name.to_owned(), told)));
        };
        let micros = |delay: Option<Delay>| Some(Value::from(delay?.as_nanos() / 1000));
        if self.measured {
            metric("one-way-delay", micros(link.delay));
        } else if let Some(delay) = micros(link.delay) {
            attributes.insert("te-delay-metric".to_owned(), delay);
        }
        let measured = &link.performance;
        metric("one-way-min-delay", micros(measured.delay_min));
        metric("one-way-max-delay", micros(measured.delay_max));
        metric("one-way-delay-variation", micros(measured.delay_variation));
        let percent = measured.loss.map(|loss| loss.percent().to_string().into());
        metric("one-way-packet-loss", percent);
        let bytes = |bandwidth| Some(Value::from(float(bandwidth?, self.hexadecimal)));
        let (residual, available) = (measured.residual_bandwidth, measured.available_bandwidth);
        metric("one-way-residual-bandwidth", bytes(residual));
        metric("one-way-available-bandwidth", bytes(available));
        if !metrics.is_empty() {
            let name = self.name("ietf-te-topology-packet", "performance-metrics-one-way");
            attributes.insert(name, metrics.into());
        }
        if let Some(bandwidth) = link.bandwidth {
            let text = float(bandwidth, self.hexadecimal);
            let told = json!({"te-bandwidth": {"generic": text}});
            attributes.insert("max-link-bandwidth".to_owned(), told);
        }
        let mut told = json!({
            "link-id": id.to_string(),
            "source": {"source-node": Self::node_id(&link.src), "source-tp": "1"},
        });
        match te_id(&link.dst.router) {
            Some(te_id) if self.external && link.src.domain != link.dst.domain => {
                let network = self.network_id(&link.dst.domain);
                let external = json!({"network-ref": network, "remote-te-node-id": te_id});
                attributes.insert("external-domain".to_owned(), external);
            }
            _ => told["destination"] = json!({"dest-node": Self::node_id(&link.dst)}),
        }
        told[self.te("te")] = json!({ "te-link-attributes": attributes });
        told
    }

    fn network_id(self, domain: &DomainId) -> String {
        if self.provider || self.is_nameless(domain) {
            format!("network of {domain}")
        } else {
            domain.to_string()
        }
    }

    fn is_nameless(self, domain: &DomainId) -> bool {
        self.nameless && domain.as_str() == "AS1"
    }

    fn networks(self, view: &TopologyView) -> Vec<Value> {
        let networks = view.nodes.iter().map(|node| {
            let domain = &node.domain;
            let routers = node.routers.iter().enumerate();
            let nodes: Value = routers
                .map(|(index, router)| {
                    let last = index + 1 == node.routers.len();
                    let prefixes = if last { node.prefixes.as_slice() } else { &[] };
                    let (domain, router) = (domain.clone(), router.clone());
                    self.node(RouterRef { domain, router }, prefixes)
                })
                .collect();
            let between = view.links.iter().filter(|link| link.src.domain == *domain);
            let links = node.links.iter().chain(between).enumerate();
            let links: Value = links.map(|(id, link)| self.link(id, link)).collect();
            let mut network = json!({"network-id": self.network_id(domain), "node": nodes});
            network[self.name("ietf-network-topology", "link")] = links;
            if self.provider && !self.is_nameless(domain) {
                let identifier = json!({"provider-id": domain.asn(), "topology-id": "x"});
                network[self.te("te-topology-identifier")] = identifier;
            }
            network
        });
        networks.collect()
    }

    fn document(self, networks: Vec<Value>) -> Value {
        json!({ self.name("ietf-network", "networks"): {"network": networks} })
    }
}

/// Whether no router that is known by its name only could be another in another network.
fn is_certain(view: &TopologyView) -> bool {
    let routers = view.nodes.iter().flat_map(|node| &node.routers);
    let mut names: Vec<&RouterId> = routers.filter(|router| te_id(router).is_none()).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    names.len() == count
}

/// A nameless network that has no nodes brings no domain.
fn without_what_nobody_names(mut view: TopologyView, style: Style) -> TopologyView {
    view.nodes
        .retain(|node| !(style.is_nameless(&node.domain) && node.routers.is_empty()));
    view
}

proptest! {
    // A failure that is found becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read(view in view(), style in style()) {
        prop_assume!(is_certain(&view));
        let document = style.document(style.networks(&view));
        let expected = without_what_nobody_names(view, style);
        prop_assert_eq!(clean(&document), expected, "{}", document);
    }

    /// An overlay that shows all of AS1 again, with names of its own.
    #[test]
    fn an_overlay_changes_nothing(view in view(), style in style(), comes_first: bool) {
        prop_assume!(is_certain(&view));
        let mut networks = style.networks(&view);
        let Some(mut overlay) = networks.first().cloned() else {
            return Ok(());
        };
        let under = overlay["network-id"].take();
        let expected = clean(&style.document(networks.clone()));
        overlay["network-id"] = json!("overlay");
        for node in overlay["node"].as_array_mut().unwrap() {
            let id = node["node-id"].take();
            *node = json!({
                "node-id": format!("over {}", id.as_str().unwrap()),
                "supporting-node": [{"network-ref": under, "node-ref": id}],
            });
        }
        let over = |node: &mut Value| {
            if let Some(id) = node.as_str() {
                *node = format!("over {id}").into();
            }
        };
        let name = style.name("ietf-network-topology", "link");
        let own = view.nodes[0].links.len();
        let links = overlay[&name].as_array_mut().unwrap();
        // Those to other domains stay out: their ends are not in the overlay.
        links.truncate(own);
        for link in links {
            let id = link["link-id"].clone();
            over(&mut link["source"]["source-node"]);
            over(&mut link["destination"]["dest-node"]);
            link.as_object_mut().unwrap().remove(&style.te("te"));
            link["supporting-link"] = json!([{"network-ref": under, "link-ref": id}]);
        }
        overlay[style.te("te-topology-identifier")] = json!({"provider-id": 1});
        networks.insert(if comes_first { 0 } else { networks.len() }, overlay);
        let mut found = clean(&style.document(networks));
        // Names: the overlay's are first where none is better, so routers are told by their names in it.
        let renamed = |router: &RouterId| -> RouterId {
            router.as_str().trim_start_matches("over ").parse().unwrap()
        };
        for node in &mut found.nodes {
            node.routers.iter_mut().for_each(|router| *router = renamed(router));
        }
        let inner = found.nodes.iter_mut().flat_map(|node| &mut node.links);
        for link in inner.chain(&mut found.links) {
            link.src.router = renamed(&link.src.router);
            link.dst.router = renamed(&link.dst.router);
        }
        prop_assert_eq!(sorted(found), sorted(expected));
    }

    #[test]
    fn damaged_documents_do_no_harm(
        view in view(),
        style in style(),
        from in any::<prop::sample::Index>(),
        length in 0..40_usize,
    ) {
        let document = style.document(style.networks(&view));
        let mut bytes = document.to_string().into_bytes();
        let from = from.index(bytes.len());
        bytes.drain(from..(from + length).min(bytes.len()));
        if let Err(error) = decoded(&bytes, "AS1") {
            prop_assert!(!error.faults().is_empty());
        }
    }
}

/// A view whose lists are in an order that tells nothing.
fn sorted(mut view: TopologyView) -> TopologyView {
    let key = |link: &RouterLink| {
        (
            link.src.clone(),
            link.dst.clone(),
            link.delay,
            link.bandwidth,
        )
    };
    for node in &mut view.nodes {
        node.routers.sort_unstable();
        node.prefixes.sort_unstable();
        node.links.sort_by_key(key);
    }
    view.nodes.retain(|node| !node.routers.is_empty());
    view.nodes.sort_by(|a, b| a.domain.cmp(&b.domain));
    view.links.sort_by_key(key);
    view
}
