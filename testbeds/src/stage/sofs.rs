//! The domains' SOFs: each a `brokerd` in front of the domain's MdO, and a partner of the broker.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use broker::client::Client;
use broker::client::partners::Partner;
use humantime_serde::re::humantime::format_duration;
use nffg::{DomainId, PortKind};
use tokio::time::{sleep, timeout};

use super::settings::SofSettings;
use super::{Mdo, Progress, Sof, ourselves};
use crate::child::Child;
use crate::scenario::Scenario;

/// Starts a SOF for every MdO.
pub(super) async fn start(
    scenario: &Scenario,
    mdos: &[Mdo],
    folder: &Path,
    progress: &mut impl FnMut(Progress<'_>),
) -> anyhow::Result<Vec<Sof>> {
    let mut borders = borders(scenario)?;
    let mut sofs = Vec::with_capacity(mdos.len());
    for mdo in mdos {
        let domain = &mdo.domain;
        let settings = SofSettings::of(mdo, borders.remove(domain).unwrap_or_default())?;
        let text = toml::to_string(&settings).context("cannot write the settings of a SOF")?;
        let file = folder.join(format!("sof-{domain}.toml"));
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        let mut command = ourselves(["brokerd", "--tied", "--", "--config"].map(OsString::from))?;
        command.args.push(file.into());
        let log = folder.join(format!("sof-{domain}.log"));
        let child = Child::start(&format!("the SOF of {domain}"), &command, &log).await?;
        let domain = domain.clone();
        let sof = Sof { domain, child };
        progress(Progress::Sof { sof: &sof });
        sofs.push(sof);
    }
    Ok(sofs)
}

/// For each domain the tags of the ports that lead to its neighbours: two domains that tag a port alike are neighbours there.
fn borders(scenario: &Scenario) -> anyhow::Result<BTreeMap<DomainId, BTreeMap<String, String>>> {
    let mut by_tag: BTreeMap<String, BTreeSet<DomainId>> = BTreeMap::new();
    for domain in &scenario.manifest().domains {
        let view = nffg::virtualizer::decode(&scenario.read(&domain.resources)?)
            .with_context(|| domain.resources.clone())?;
        for port in view.nodes.iter().flat_map(|node| &node.ports) {
            if let PortKind::InterDomain(tag) = &port.kind {
                let known = by_tag.entry(tag.to_string()).or_default();
                known.insert(domain.id.clone());
            }
        }
    }
    let mut borders: BTreeMap<DomainId, BTreeMap<String, String>> = BTreeMap::new();
    for (tag, domains) in &by_tag {
        for domain in domains {
            let of_domain = borders.entry(domain.clone()).or_default();
            let others = domains.iter().filter(|other| *other != domain);
            // Of several ports to one neighbour, the first.
            others.for_each(|other| {
                let port = of_domain.entry(other.to_string());
                port.or_insert_with(|| tag.clone());
            });
        }
    }
    Ok(borders)
}

/// Asks the broker until it orders from every SOF.
pub(super) async fn wait_until_active(
    client: &Client,
    broker: &mut Child,
    sofs: &[Sof],
    patience: Duration,
    progress: &mut impl FnMut(Progress<'_>),
) -> anyhow::Result<()> {
    let mut told: BTreeSet<String> = BTreeSet::new();
    let mut partners: Vec<Partner> = Vec::new();
    let everybody = async {
        while told.len() < sofs.len() {
            if let Some(status) = broker.ended() {
                bail!("the broker ended ({status})");
            }
            if let Ok(answer) = client.partners(None).await {
                partners = answer.content.partners;
            }
            for partner in partners.iter().filter(|partner| partner.state == "active") {
                if told.insert(partner.domain.clone()) {
                    progress(Progress::Partner { partner });
                }
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    };
    let result = match timeout(patience, everybody).await {
        Ok(result) => result,
        Err(_) => {
            let others = partners.iter().filter(|one| !told.contains(&one.domain));
            let faults: Vec<String> = others.map(fault).collect();
            Err(anyhow!(
                "the broker does not order from every SOF within {}:{}",
                format_duration(patience),
                faults.concat()
            ))
        }
    };
    result.map_err(|error| anyhow!("{error}{}", broker.last_words()))
}

/// What is wrong with a partner, on lines of their own.
fn fault(partner: &Partner) -> String {
    let mut text = format!("\n  {} is {}", partner.domain, partner.state);
    let checks = partner.conformance.iter().flat_map(|of| &of.checks);
    for check in checks {
        if let Some(fault) = &check.fault {
            text.push_str(&format!("\n    {}: {fault}", check.what));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_are_found_by_their_tags() {
        let scenario = Scenario::open("3as").unwrap();
        let borders = borders(&scenario).unwrap();
        let told: Vec<(String, Vec<String>)> = borders
            .iter()
            .map(|(domain, of)| {
                let pairs = of
                    .iter()
                    .map(|(neighbour, tag)| format!("{neighbour}={tag}"));
                (domain.to_string(), pairs.collect())
            })
            .collect();
        let of = |domain: &str, pairs: &[&str]| {
            let pairs = pairs.iter().map(|pair| (*pair).to_owned()).collect();
            (domain.to_owned(), pairs)
        };
        assert_eq!(
            told,
            [
                of("AS1", &["AS2=SAP12"]),
                of("AS2", &["AS1=SAP12", "AS3=SAP23"]),
                of("AS3", &["AS2=SAP23"]),
            ]
        );
    }
}
