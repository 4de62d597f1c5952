//! The emulated MdO as a BGP-LS speaker: it dials the broker and announces its domain's topology export
//! as nodes, links and prefixes (RFC 9552), anew where the export changes.
//!
//! What BGP-LS has no place for, the entry point and the resources, it leaves out, as routers do.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use idt::bgpls::{
    Attribute, IgpRouterId, LinkDelay, LinkDescriptors, LinkLoss, LinkNlri, MinMaxDelay, Nlri,
    NodeDescriptors, NodeNlri, PrefixNlri, ProtocolId, Source,
};
use nffg::{DomainId, RouterLink, RouterRef, TopologyView};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::sync::mpsc;
use tokio::time::{interval, sleep, timeout};

use crate::bgp::{
    KEEPALIVE, OPEN, UPDATE, announce, end_of_rib, message, open, read_messages, withdraw,
};
use crate::scenario::{Domain, Scenario};

/// Our hold time, in seconds; KEEPALIVEs go every third of it.
const HOLD: u16 = 9;
/// How often the export is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Between two attempts to dial.
const RETRY: Duration = Duration::from_millis(200);

/// All that a domain announces: each NLRI with its attribute.
type Routes = BTreeMap<Vec<u8>, Vec<u8>>;

/// Announces the domain's topology to the broker at `broker`, from `local`, for ever: a session that
/// ends, or does not come up, is tried again.
///
/// # Errors
/// The export cannot be read, or has no place in BGP-LS.
pub async fn export(
    scenario: &Scenario,
    domain: &Domain,
    broker: SocketAddr,
    local: IpAddr,
) -> anyhow::Result<()> {
    let asn = domain
        .id
        .asn()
        .context("a domain that speaks BGP needs an AS number for an id")?;
    loop {
        let routes = read(scenario, domain)?;
        // A broker that is not there yet, or not any more, is no fault of the MdO.
        let _ = session(scenario, domain, asn, broker, local, routes).await;
        sleep(RETRY).await;
    }
}

fn read(scenario: &Scenario, domain: &Domain) -> anyhow::Result<Routes> {
    let bytes = scenario.read(&domain.topology)?;
    let view = nffg::unify::decode(&bytes).with_context(|| domain.topology.clone())?;
    routes(&domain.id, &view)
}

/// What the domain tells of itself, as BGP-LS has it.
fn routes(domain: &DomainId, view: &TopologyView) -> anyhow::Result<Routes> {
    let node = view
        .nodes
        .iter()
        .find(|node| node.domain == *domain)
        .with_context(|| format!("the topology export does not tell of {domain}"))?;
    let source = Source {
        protocol: ProtocolId::STATIC,
        identifier: 0,
    };
    let mut routes = Routes::new();
    let mut add = |nlri: Nlri, attribute: Attribute| -> anyhow::Result<()> {
        routes.insert(nlri.encode()?, attribute.encode()?);
        Ok(())
    };
    for router in &node.routers {
        let local = descriptors(&RouterRef {
            domain: domain.clone(),
            router: router.clone(),
        })?;
        let name = Some(router.to_string());
        let attribute = Attribute {
            node_name: name,
            ..Attribute::default()
        };
        add(
            Nlri::Node(NodeNlri {
                source,
                local,
                other: Vec::new(),
            }),
            attribute,
        )?;
    }
    let own = |link: &&RouterLink| link.src.domain == *domain;
    for link in node.links.iter().chain(view.links.iter().filter(own)) {
        let nlri = LinkNlri {
            source,
            local: descriptors(&link.src)?,
            remote: descriptors(&link.dst)?,
            link: LinkDescriptors::default(),
            other: Vec::new(),
        };
        let attribute = measures(link);
        add(Nlri::Link(nlri), attribute)?;
    }
    for prefix in &node.prefixes {
        let router = node
            .routers
            .first()
            .context("a prefix needs a router that reaches it")?;
        let nlri = PrefixNlri {
            source,
            local: descriptors(&RouterRef {
                domain: domain.clone(),
                router: router.clone(),
            })?,
            topologies: Vec::new(),
            route_type: None,
            prefix: prefix.trunc(),
            other: Vec::new(),
        };
        add(Nlri::Prefix(nlri), Attribute::default())?;
    }
    Ok(routes)
}

/// What is measured of a link, as RFC 8571 has it. The two bounds of the delay are told together or not at all.
fn measures(link: &RouterLink) -> Attribute {
    let told = &link.performance;
    let anomalous = false;
    Attribute {
        delay: link.delay.map(|delay| LinkDelay { delay, anomalous }),
        min_max_delay: (told.delay_min.zip(told.delay_max)).map(|(min, max)| MinMaxDelay {
            min,
            max,
            anomalous,
        }),
        delay_variation: told.delay_variation,
        loss: told.loss.map(LinkLoss::of),
        max_bandwidth: link.bandwidth,
        residual_bandwidth: told.residual_bandwidth,
        available_bandwidth: told.available_bandwidth,
        ..Attribute::default()
    }
}

fn descriptors(router: &RouterRef) -> anyhow::Result<NodeDescriptors> {
    let id: Ipv4Addr =
        router.router.as_str().parse().with_context(|| {
            format!("router '{}' is not named by an IPv4 address", router.router)
        })?;
    Ok(NodeDescriptors {
        asn: router.domain.asn(),
        igp_router_id: Some(IgpRouterId::V4(id)),
        ..NodeDescriptors::default()
    })
}

async fn session(
    scenario: &Scenario,
    domain: &Domain,
    asn: u32,
    broker: SocketAddr,
    local: IpAddr,
    mut told: Routes,
) -> anyhow::Result<()> {
    let socket = if local.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.bind(SocketAddr::new(local, 0))?;
    let stream = socket.connect(broker).await?;
    let (reader, mut writer) = stream.into_split();
    let router_id = match local {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => Ipv4Addr::new(192, 0, 2, 1),
    };
    writer.write_all(&open(asn, HOLD, router_id)).await?;
    let (kinds, mut heard) = mpsc::channel(64);
    let reading = tokio::spawn(read_messages(reader, kinds));
    let patience = Duration::from_secs(u64::from(HOLD));
    for expected in [OPEN, KEEPALIVE] {
        let kind = timeout(patience, heard.recv())
            .await?
            .context("the session ended")?;
        anyhow::ensure!(kind == expected, "message {kind}, expected {expected}");
        if kind == OPEN {
            writer.write_all(&message(KEEPALIVE, &[])).await?;
        }
    }
    for (nlri, attribute) in &told {
        writer.write_all(&announce(asn, nlri, attribute)).await?;
    }
    writer.write_all(&end_of_rib()).await?;
    let mut keepalive = interval(patience / 3);
    let mut look = interval(LOOK);
    loop {
        tokio::select! {
            kind = heard.recv() => {
                anyhow::ensure!(matches!(kind, Some(KEEPALIVE | UPDATE)), "the session ended");
            }
            _ = keepalive.tick() => writer.write_all(&message(KEEPALIVE, &[])).await?,
            _ = look.tick() => {
                // A file that is being written is read whole the next time.
                let Ok(now) = read(scenario, domain) else { continue };
                for nlri in told.keys().filter(|nlri| !now.contains_key(*nlri)) {
                    writer.write_all(&withdraw(nlri)).await?;
                }
                for (nlri, attribute) in now.iter().filter(|(nlri, a)| told.get(*nlri) != Some(*a)) {
                    writer.write_all(&announce(asn, nlri, attribute)).await?;
                }
                told = now;
            }
        }
        if reading.is_finished() && heard.is_empty() {
            anyhow::bail!("the broker closed the session");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_draft_s_domain_two_is_two_routers_two_links_and_a_prefix() {
        let scenario = Scenario::open("3as").unwrap();
        let domain = scenario.domain(&"AS2".parse().unwrap()).unwrap().clone();
        let routes = read(&scenario, &domain).unwrap();
        let kinds: Vec<u8> = routes.keys().map(|nlri| nlri[1]).collect();
        assert_eq!(kinds, [1, 1, 2, 2, 3]);
    }

    #[test]
    fn what_is_measured_of_a_link_is_announced() {
        let scenario = Scenario::open("7as").unwrap();
        let domain = scenario.domain(&"AS121".parse().unwrap()).unwrap().clone();
        let bytes = scenario.read(&domain.topology).unwrap();
        let view = nffg::unify::decode(&bytes).unwrap();
        let routes = read(&scenario, &domain).unwrap();
        for link in view
            .links
            .iter()
            .filter(|link| link.src.domain == domain.id)
        {
            let heard = routes
                .values()
                .map(|value| Attribute::decode(value, 100).attribute);
            let heard = heard
                .into_iter()
                .find(|told| told.measured() == *link.performance);
            let told = heard.unwrap();
            assert!(!link.performance.is_empty());
            assert_eq!(told.path_bandwidth(), link.bandwidth);
            assert_eq!(told.path_delay(), link.delay);
        }
    }
}
