//! Waiting until the broker has heard from everybody, and saying of whom it has not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use broker::client::Client;
use broker::client::answers::DomainState;
use humantime_serde::re::humantime::format_duration;
use nffg::DomainId;
use tokio::time::{sleep, timeout};

use super::{Mdo, Plan, Progress};
use crate::child::Child;
use crate::scenario::Scenario;

/// Asks the broker until it is fresh on every domain.
pub(super) async fn wait_until_fresh(
    client: &Client,
    broker: &mut Child,
    scenario: &Scenario,
    mdos: &[Mdo],
    plan: Plan,
    progress: &mut impl FnMut(Progress<'_>),
) -> anyhow::Result<()> {
    let patience = plan.patience;
    let sources = plan.feed.sources();
    let mut expected = BTreeMap::new();
    for domain in &scenario.manifest().domains {
        let (neighbours, _) = topology_of(scenario, &domain.id)?;
        expected.insert(domain.id.to_string(), neighbours.len());
    }
    let mut told: BTreeSet<String> = BTreeSet::new();
    let mut domains: Vec<DomainState> = Vec::new();
    let everybody = async {
        while told.len() < expected.len() {
            if let Some(status) = broker.ended() {
                bail!("the broker ended ({status})");
            }
            if let Ok(answer) = client.domains().await {
                domains = answer.content.domains;
            }
            let served = |domain: &&DomainState| is_served(domain, sources, &expected);
            for domain in domains.iter().filter(served) {
                if told.insert(domain.id.clone()) {
                    progress(Progress::Fresh { domain });
                }
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    };
    let result = match timeout(patience, everybody).await {
        Ok(result) => result,
        Err(_) => Err(anyhow!(
            "the broker has not heard from everybody within {}:{}",
            format_duration(patience),
            faults(mdos, &told, &domains)
        )),
    };
    result.map_err(|error| anyhow!("{error}{}", broker.last_words()))
}

/// The neighbours that a domain's export tells of, and its entry point.
pub(super) fn topology_of(
    scenario: &Scenario,
    id: &DomainId,
) -> anyhow::Result<(BTreeSet<DomainId>, Option<String>)> {
    let domain = scenario.domain(id)?;
    let view = nffg::unify::decode(&scenario.read(&domain.topology)?)
        .with_context(|| domain.topology.clone())?;
    let own = view.links.iter().filter(|link| link.src.domain == *id);
    let neighbours = own.map(|link| link.dst.domain.clone()).collect();
    let node = view.nodes.into_iter().find(|node| node.domain == *id);
    Ok((neighbours, node.and_then(|node| node.entry_point)))
}

/// Whether the broker has all that a domain exports. A BGP-LS session that is up has not told all yet,
/// a member that registered has pushed nothing yet, and a link to a neighbour is up when both have told it.
fn is_served(domain: &DomainState, sources: usize, expected: &BTreeMap<String, usize>) -> bool {
    let neighbours = expected.get(&domain.id).copied().unwrap_or(usize::MAX);
    domain.state == "fresh"
        && domain.sources.len() >= sources
        && domain.nodes > 0
        && domain.routers > 0
        && domain.neighbours.len() >= neighbours
}

/// What is wrong with the domains that were not heard of: a line for each source that the broker complains
/// of; without any, what the MdO said last.
fn faults(mdos: &[Mdo], told: &BTreeSet<String>, domains: &[DomainState]) -> String {
    let mut text = String::new();
    for mdo in mdos
        .iter()
        .filter(|mdo| !told.contains(mdo.domain.as_str()))
    {
        let id = mdo.domain.as_str();
        let Some(domain) = domains.iter().find(|domain| domain.id == id) else {
            let _ = write!(
                text,
                "\n  {id}: the broker does not know it{}",
                mdo.child.last_words()
            );
            continue;
        };
        let mut is_explained = false;
        for source in domain
            .sources
            .iter()
            .filter(|source| source.state != "fresh")
        {
            let fault = source.last_error.as_deref().unwrap_or("no answer yet");
            let _ = write!(
                text,
                "\n  {id}, {} from {}: {fault}",
                source.kind, source.url
            );
            is_explained = true;
        }
        if !is_explained {
            let _ = write!(text, "\n  {id} has not told all{}", mdo.child.last_words());
        }
    }
    text
}
