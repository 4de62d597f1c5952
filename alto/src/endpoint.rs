//! Endpoints: typed addresses (RFC 7285 §10.4), and the endpoint property service (§11.4).

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;
use idt::search::Budget;
use nffg::json::{Cursor, FieldError};
use serde_json::Value;

use crate::AltoError;
use crate::json::{self, Comma};
use crate::network_map::OUTSIDE;
use crate::resource::MapName;
use crate::service::{Refused, Service};

/// An address, and how it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) address: IpAddr,
    /// As the client wrote it: it will look for that. No character of it needs an escape in JSON.
    pub(crate) text: String,
}

impl Endpoint {
    /// The endpoint of an address, in the spelling of RFC 5952. An IPv4 address within IPv6 is the IPv4
    /// address: a listener on both families sees clients so.
    pub(crate) fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        let text = match address {
            IpAddr::V4(address) => format!("ipv4:{address}"),
            IpAddr::V6(address) => format!("ipv6:{address}"),
        };
        Self { address, text }
    }

    /// A list of at most `most` endpoints, each once: addresses are compared and not their spellings
    /// (§10.4).
    pub(crate) fn list(list: &Cursor<'_>, most: usize) -> Result<Vec<Self>, AltoError> {
        let elements = list.array()?;
        if elements.len() > most {
            let rule = format!("at most {most} endpoints in one request ('max-endpoints')");
            let field = list.path();
            return Err(AltoError::invalid(field, &elements.len().to_string(), rule));
        }
        let mut endpoints = Vec::with_capacity(elements.len());
        let mut seen = HashSet::with_capacity(elements.len());
        for element in elements {
            let endpoint = Self::read(&element)?;
            if seen.insert(endpoint.address) {
                endpoints.push(endpoint);
            }
        }
        Ok(endpoints)
    }

    fn read(element: &Cursor<'_>) -> Result<Self, FieldError> {
        let text = element.string()?;
        let address = match text.split_once(':') {
            Some(("ipv4", address)) => address.parse().map(Ipv4Addr::into).ok(),
            Some(("ipv6", address)) => address.parse().map(Ipv6Addr::into).ok(),
            _ => None,
        };
        let Some(address) = address else {
            return Err(element.invalid(
                "an endpoint is 'ipv4:' or 'ipv6:' and an address of that family (RFC 7285 10.4)",
            ));
        };
        let text = text.to_owned();
        Ok(Self { address, text })
    }
}

/// Answers a `ReqEndpointProp`: of each endpoint the PIDs that it is in, by network map.
pub(crate) fn properties(service: &Service, request: &[u8], work: u64) -> Result<Bytes, Refused> {
    let request: Value = serde_json::from_slice(request).map_err(AltoError::from)?;
    let request = Cursor::root(&request);
    let maps = wanted_maps(&request)?;
    let list = request.required("endpoints").map_err(AltoError::from)?;
    let endpoints = Endpoint::list(&list, service.maps().config().limits.endpoints)?;
    if endpoints.is_empty() {
        let rule = "at least one endpoint (RFC 7285 11.4.1.3)";
        return Err(AltoError::from(list.invalid(rule)).into());
    }
    let mut budget = Budget::new(work);
    let network = service.maps().network();
    let locator = network.locator(&mut budget)?;

    let mut out = b"{\"meta\":{\"dependent-vtags\":[".to_vec();
    let mut comma = Comma::default();
    for map in &maps {
        comma.write(&mut out);
        service
            .network_map(*map, &mut budget)?
            .tag
            .write(&mut out, map.id());
    }
    out.extend_from_slice(b"]},\"endpoint-properties\":{");
    let mut comma = Comma::default();
    for endpoint in endpoints {
        comma.write(&mut out);
        // No character of an address, an id or a PID needs an escape in JSON.
        out.push(b'"');
        out.extend_from_slice(endpoint.text.as_bytes());
        out.extend_from_slice(b"\":{");
        let member = locator.member(endpoint.address);
        let mut properties = Comma::default();
        for map in &maps {
            let pid = match (map, member) {
                (_, None) => OUTSIDE,
                (MapName::Domains, Some(member)) => {
                    network.member(member).map_or(OUTSIDE, |id| id.as_str())
                }
                (MapName::Roles, Some(member)) => service.maps().role(member).pid(),
            };
            properties.write(&mut out);
            json::string(&mut out, map.pid_property());
            out.push(b':');
            json::string(&mut out, pid);
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"}}");
    Ok(out.into())
}

/// The network maps whose `pid` is asked for, each once.
fn wanted_maps(request: &Cursor<'_>) -> Result<Vec<MapName>, AltoError> {
    let list = request.required("properties")?;
    let elements = list.array()?;
    if elements.len() == 0 {
        return Err(list
            .invalid("at least one property (RFC 7285 11.4.1.3)")
            .into());
    }
    let mut wanted = Vec::new();
    for element in elements {
        let name = element.string()?;
        let known = MapName::ALL.iter().find(|map| map.pid_property() == name);
        let Some(map) = known else {
            let names = MapName::ALL.map(MapName::pid_property).join(" and ");
            return Err(element
                .invalid(format_args!("the properties are {names}"))
                .into());
        };
        if !wanted.contains(map) {
            wanted.push(*map);
        }
    }
    Ok(wanted)
}

/// What the service says of itself in the directory: resource-specific properties only.
pub(crate) fn property_names() -> [&'static str; 2] {
    MapName::ALL.map(MapName::pid_property)
}
