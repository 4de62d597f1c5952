//! Federations to ask, and how to ask them.

use std::sync::Arc;

use std::net::{IpAddr, Ipv4Addr};

use alto::{
    AltoError, Ask, Config, Content, Limits, Maps, PathVectors, Refused, Service, resource,
};
use idr::{Domain, Idr};
use idt::search::{Distances, PathCaps};
use idt::{DomainTopology, InterLink, Ted, TopologyParts};
use jiff::Timestamp;
use nffg::{BisBis, DomainId, Measured, Port, PortKind, Resources, RouterRef};
use serde_json::Value;

/// Enough for every question of these tests.
pub(crate) const WORK: u64 = 1_000_000;

pub(crate) const CAPS: PathCaps = PathCaps {
    per_pair: 1000,
    max_domains: 16,
    work: 0,
};

/// Both databases, and the settings.
pub(crate) struct Federation {
    pub(crate) idr: Idr,
    pub(crate) ted: Ted,
    pub(crate) config: Arc<Config>,
}

pub(crate) fn id(text: &str) -> DomainId {
    text.parse().unwrap()
}

/// One domain of Table 1. A port is `X` for a service access point, `+X` for a border.
pub(crate) struct Row<'a> {
    pub(crate) name: &'static str,
    pub(crate) entry_point: Option<&'static str>,
    /// Cpu, mem, storage; empty is not told.
    pub(crate) resources: [&'static str; 3],
    pub(crate) ports: &'a [&'static str],
    pub(crate) nfs: &'a [&'static str],
    pub(crate) prefixes: &'a [&'static str],
    pub(crate) neighbours: &'a [&'static str],
}

impl Row<'_> {
    pub(crate) const NONE: Self = Self {
        name: "",
        entry_point: None,
        resources: [""; 3],
        ports: &[],
        nfs: &[],
        prefixes: &[],
        neighbours: &[],
    };

    pub(crate) fn domain(&self) -> Domain {
        let told = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        let port = |spec: &&str| Port {
            id: spec.parse().unwrap(),
            name: None,
            kind: match spec.strip_prefix('+') {
                Some(tag) => PortKind::InterDomain(tag.parse().unwrap()),
                None => PortKind::Sap(spec.parse().unwrap()),
            },
            delay: None,
            bandwidth: None,
        };
        let [cpu, mem, storage] = self.resources.map(told);
        let node = BisBis {
            id: "SingleBiSBiS".parse().unwrap(),
            name: None,
            node_type: None,
            resources: Resources { cpu, mem, storage },
            supported: self.nfs.iter().map(|nf| nf.parse().unwrap()).collect(),
            running: Vec::new(),
            ports: self.ports.iter().map(port).collect(),
            links: Vec::new(),
        };
        let view = nffg::ResourceView {
            nodes: vec![node],
            ..nffg::ResourceView::default()
        };
        let entry_point = self.entry_point.map(|url| url.parse().unwrap());
        Domain::from_view(id(self.name), entry_point, view).unwrap()
    }

    pub(crate) fn topology(&self) -> DomainTopology {
        let router = |of: &str| format!("router-to-{of}").parse().unwrap();
        let inter_links = self.neighbours.iter().map(|neighbour| InterLink {
            router: router(neighbour),
            remote: RouterRef {
                domain: id(neighbour),
                router: router(self.name),
            },
            delay: None,
            bandwidth: None,
            srlgs: nffg::Srlgs::default(),
            performance: nffg::Performance::default(),
        });
        let parts = TopologyParts {
            inter_links: inter_links.collect(),
            prefixes: self
                .prefixes
                .iter()
                .map(|prefix| prefix.parse().unwrap())
                .collect(),
            ..TopologyParts::default()
        };
        DomainTopology::new(id(self.name), parts)
    }
}

/// Table 1 of the draft, with the prefixes and links of its testbed.
pub(crate) const TABLE_1: [Row<'static>; 3] = [
    Row {
        name: "AS1",
        entry_point: Some("http://172.25.0.10:8888/escape"),
        resources: ["50.0", "60.0", "70.0"],
        ports: &["SAP1", "+SAP12"],
        nfs: &["NF1", "NF3"],
        prefixes: &["172.16.101.0/24"],
        neighbours: &["AS2"],
    },
    Row {
        name: "AS2",
        entry_point: Some("http://172.26.0.10:8888/escape"),
        resources: ["10.0", "20.0", "30.0"],
        ports: &["+SAP12", "+SAP23"],
        nfs: &["NF2"],
        prefixes: &["172.16.102.0/24", "2001:db8:102::/48"],
        neighbours: &["AS1", "AS3"],
    },
    Row {
        name: "AS3",
        entry_point: Some("http://172.27.0.10:8888/escape"),
        resources: ["80.0", "90.0", "100.0"],
        ports: &["SAP2", "+SAP23"],
        nfs: &["NF1", "NF3"],
        prefixes: &["172.16.103.0/24"],
        neighbours: &["AS2"],
    },
];

impl Federation {
    pub(crate) fn new(caps: PathCaps) -> Self {
        let server_name = "alto.example.com".parse().unwrap();
        let limits = Limits::default();
        let config = Arc::new(Config {
            server_name,
            caps,
            limits,
        });
        Self {
            idr: Idr::new(),
            ted: Ted::new(),
            config,
        }
    }

    pub(crate) fn of(rows: &[Row<'_>]) -> Self {
        let mut federation = Self::new(CAPS);
        rows.iter().for_each(|row| federation.put(row));
        federation
    }

    /// The draft's three domains.
    pub(crate) fn three() -> Self {
        Self::of(&TABLE_1)
    }

    pub(crate) fn with_caps(mut self, caps: PathCaps) -> Self {
        self.config = Arc::new(Config {
            caps,
            ..(*self.config).clone()
        });
        self
    }

    pub(crate) fn put(&mut self, row: &Row<'_>) {
        self.idr.apply([idr::Update::Put(row.domain())]);
        self.ted.apply([idt::Update::Topology(row.topology())]);
    }

    pub(crate) fn maps(&self) -> Maps {
        self.maps_after(None)
    }

    pub(crate) fn maps_after(&self, previous: Option<&Maps>) -> Maps {
        let (idr, idt) = (self.idr.snapshot(), self.ted.snapshot());
        Maps::build(Arc::clone(&self.config), idr, idt, previous)
    }
}

pub(crate) fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

pub(crate) fn path_vectors(maps: &Maps, request: &Value) -> Result<PathVectors, AltoError> {
    maps.path_vectors(request.to_string().as_bytes(), WORK)
}

pub(crate) fn filtered(maps: &Maps, request: &Value) -> Result<Value, AltoError> {
    maps.filtered_property_map(request.to_string().as_bytes())
        .map(|bytes| json(&bytes))
}

/// The error's body, as `[code, field, value]`, checked for what holds of all of them.
pub(crate) fn told<T: std::fmt::Debug>(result: Result<T, AltoError>) -> [String; 3] {
    let error = result.unwrap_err();
    let body = json(&error.to_json());
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    let meta = body["meta"].as_object().unwrap();
    assert!(
        meta.values().all(Value::is_string),
        "RFC 7285 8.5.2: {body}"
    );
    assert!(
        !meta.contains_key("value") || meta.contains_key("field"),
        "RFC 7285 8.5.2: {body}"
    );
    let known = ["code", "field", "value", "reason", "syntax-error"];
    assert!(
        meta.keys().all(|name| known.contains(&name.as_str())),
        "{body}"
    );
    assert_eq!(meta["code"], error.code());
    ["code", "field", "value"].map(|name| {
        meta.get(name)
            .and_then(Value::as_str)
            .unwrap_or("-")
            .to_owned()
    })
}

/// A link between two domains, both ways: microseconds of delay and bits per second, where told.
pub(crate) type Link = (&'static str, &'static str, Option<u64>, Option<u64>);

/// What a link is like in one direction.
pub(crate) type OneWay = (DomainId, Option<u64>, Option<u64>);

/// A domain's topology with links to others and prefixes.
pub(crate) fn linked(name: &str, links: &[OneWay], prefixes: &[&str]) -> DomainTopology {
    let links: Vec<_> = links
        .iter()
        .map(|link| (link.clone(), Measured::default()))
        .collect();
    measured(name, &links, prefixes)
}

/// The same, with what else is measured of the links.
pub(crate) fn measured(
    name: &str,
    links: &[(OneWay, Measured)],
    prefixes: &[&str],
) -> DomainTopology {
    let router = |of: &DomainId| format!("router-to-{of}").parse().unwrap();
    let inter_links = links
        .iter()
        .map(|((to, delay, bandwidth), measured)| InterLink {
            router: router(to),
            remote: RouterRef {
                domain: to.clone(),
                router: router(&id(name)),
            },
            delay: delay.map(|micros| nffg::Delay::from_nanos(micros * 1000)),
            bandwidth: bandwidth.map(nffg::Bandwidth::from_bits_per_second),
            srlgs: Default::default(),
            performance: (*measured).into(),
        });
    let parts = TopologyParts {
        inter_links: inter_links.collect(),
        prefixes: prefixes
            .iter()
            .map(|prefix| prefix.parse().unwrap())
            .collect(),
        ..TopologyParts::default()
    };
    DomainTopology::new(id(name), parts)
}

impl Federation {
    /// Domains with these links, each of them alike in both directions. Domain number `n`, by name, has
    /// the prefixes 10.n.0.0/16 and 2001:db8:n::/48.
    pub(crate) fn with_links(links: &[Link]) -> Self {
        let mut names: Vec<&str> = links.iter().flat_map(|link| [link.0, link.1]).collect();
        names.sort_unstable();
        names.dedup();
        let mut federation = Self::new(CAPS);
        for (number, name) in names.iter().enumerate() {
            let ways = links.iter().filter_map(|(a, b, delay, bandwidth)| {
                let other = match (a == name, b == name) {
                    (true, false) => b,
                    (false, true) => a,
                    _ => return None,
                };
                Some((id(other), *delay, *bandwidth))
            });
            let prefixes = [
                format!("10.{number}.0.0/16"),
                format!("2001:db8:{number}::/48"),
            ];
            let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
            let topology = linked(name, &ways.collect::<Vec<_>>(), &prefixes);
            federation.ted.apply([idt::Update::Topology(topology)]);
        }
        federation
    }

    pub(crate) fn with_limits(mut self, limits: Limits) -> Self {
        self.config = Arc::new(Config {
            limits,
            ..(*self.config).clone()
        });
        self
    }

    pub(crate) fn service(&self) -> Service {
        self.service_after(None)
    }

    pub(crate) fn service_after(&self, previous: Option<&Service>) -> Service {
        let before = previous.map(|previous| previous.maps().as_ref());
        let maps = Arc::new(self.maps_after(before));
        let distances = Distances::new(Arc::clone(maps.idt().graph().net()));
        Service::new(maps, distances, previous)
    }
}

/// As much work as it takes, for a client at 10.0.0.7.
pub(crate) const ASK: Ask = Ask {
    client: Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7))),
    now: Timestamp::UNIX_EPOCH,
    path_work: WORK,
    cost_work: WORK,
    light: false,
};

/// The resources that are asked by POST and have content of their own.
pub(crate) fn posted_to() -> impl Iterator<Item = &'static alto::Resource> {
    let all = alto::resources().iter().copied();
    all.filter(|resource| resource.accepts.is_some() && !resource.is_of_updates())
}

/// What a resource answers, by its id.
pub(crate) fn content(service: &Service, id: &str, request: &[u8]) -> Result<Content, AltoError> {
    match service.content(resource(id).unwrap(), request, &ASK) {
        Ok(content) => Ok(content),
        Err(Refused::Alto(error) | Refused::MoreWork(Some(error))) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

/// A GET resource.
pub(crate) fn got(service: &Service, id: &str) -> Value {
    json(&content(service, id, b"").unwrap().to_bytes())
}

/// A POST resource.
pub(crate) fn posted(service: &Service, id: &str, request: &Value) -> Result<Value, AltoError> {
    let content = content(service, id, request.to_string().as_bytes())?;
    Ok(json(&content.to_bytes()))
}
