//! What `testbed 3as --order` does: a service is ordered, changed and ended, and orders meet domains without room. Each step
//! is shown as it happens, and what is there at the end is compared with what must be.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use broker::client::Client;
use broker::client::orders::{Candidate, ItemProgress, Progress, Selection};
use broker::clock;
use broker::ctl::args::Terms;
use broker::ctl::orders::board::Board;
use broker::ctl::orders::{one_item, selection};
use broker::ctl::request::GraphFile;
use nffg::{NodeKind, ServiceGraph};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use crate::scenario::{Full, Ordering, Scenario};
use crate::stage::Stage;
use domain::{Deployed, Domain};

mod domain;
mod hand;

pub use hand::by_hand;

/// How long an order may take: a loaded machine may take its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// From one look at an order to the next.
const PAUSE: Duration = Duration::from_millis(30);

/// An order, and what came of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// What it shows.
    pub title: String,
    /// Whether all is as it must be.
    pub passed: bool,
    /// What is not.
    pub faults: Vec<String>,
    /// The order.
    pub order: String,
    /// Its state in the end.
    pub state: String,
    /// The service.
    pub service: String,
    /// What happened, a line for each step of each partner.
    pub progress: Vec<String>,
}

/// What was seen of an order until its end.
struct Seen {
    progress: Progress,
    lines: Vec<String>,
}

impl Seen {
    /// The only item.
    fn item(&self) -> anyhow::Result<&ItemProgress> {
        self.progress.items.first().context("the order has no item")
    }
}

/// Who orders.
pub struct Customer<'a, S> {
    client: &'a Client,
    domains: Vec<Domain>,
    scenario: &'a Scenario,
    ordering: &'a Ordering,
    graph: GraphFile,
    /// Is told each line.
    say: S,
}

impl<'a, S: FnMut(&str) -> anyhow::Result<()>> Customer<'a, S> {
    /// One at this stage, who wants the scenario's graph.
    ///
    /// # Errors
    /// The scenario says nothing of orders, or its graph cannot be read.
    pub fn new(stage: &'a Stage, scenario: &'a Scenario, say: S) -> anyhow::Result<Self> {
        let manifest = scenario.manifest();
        let ordering = manifest.order.as_ref().with_context(|| {
            let name = scenario.name();
            format!("scenario {name} says nothing of orders: its scenario.toml has no [order]")
        })?;
        Ok(Self {
            client: stage.client(),
            domains: Domain::all(stage)?,
            scenario,
            ordering,
            graph: graph(scenario, &manifest.request.draft)?,
            say,
        })
    }

    /// Orders, changes and ends a service, then meets domains without room.
    ///
    /// # Errors
    /// Somebody cannot be asked, or an order does not come to an end. What is not as it must be is no error.
    pub async fn run(&mut self) -> anyhow::Result<Vec<Step>> {
        let (service, added) = self.add().await?;
        let mut steps = vec![added];
        steps.push(self.modify(&service).await?);
        let title = "The service is ended: nothing is left of it";
        steps.push(self.delete(title, &service).await?);
        for full in &self.ordering.full {
            steps.extend(self.full(full).await?);
        }
        Ok(steps)
    }

    /// Orders the scenario's graph; the service, and what came of it.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn add(&mut self) -> anyhow::Result<(String, Step)> {
        let title = "A service is ordered for the service graph";
        let wanted = wanted(&self.graph, Map::new());
        let seen = self.order(title, "add", wanted).await?;
        let mut faults = Vec::new();
        let chosen = self.choice(&seen).await?;
        let graph = self.graph.decode();
        let graph = graph.context("the request has no service graph")?;
        self.is_active(&seen, &mut faults).await?;
        self.runs(&graph, chosen.as_ref(), None, &mut faults)
            .await?;
        let service = seen.item()?.service.clone();
        Ok((service, self.step(title, seen, faults)?))
    }

    /// Gives a link of the service a bandwidth.
    async fn modify(&mut self, service: &str) -> anyhow::Result<Step> {
        let change = &self.ordering.change;
        let title = format!(
            "The service is changed: link {} gets {} Mbit/s",
            change.link, change.mbps
        );
        let mut wanted = wanted(&self.graph, constraints(self.ordering));
        wanted.insert("id".to_owned(), service.into());
        let seen = self.order(&title, "modify", wanted).await?;
        let mut faults = Vec::new();
        let chosen = self.choice(&seen).await?;
        let graph = self.graph.decode();
        let graph = graph.context("the request has no service graph")?;
        self.is_active(&seen, &mut faults).await?;
        let change = Some((change.link.as_str(), change.mbps * 1_000_000));
        self.runs(&graph, chosen.as_ref(), change, &mut faults)
            .await?;
        self.step(&title, seen, faults)
    }

    async fn delete(&mut self, title: &str, service: &str) -> anyhow::Result<Step> {
        let wanted = Map::from_iter([("id".to_owned(), service.into())]);
        let seen = self.order(title, "delete", wanted).await?;
        let mut faults = Vec::new();
        expect(&mut faults, "the order", "completed", &seen.progress.state);
        self.nothing_is_left(&mut faults).await?;
        self.step(title, seen, faults)
    }

    /// An order that meets a domain without room.
    async fn full(&mut self, full: &Full) -> anyhow::Result<Vec<Step>> {
        let of = |domain: &&Domain| domain.id == full.domain;
        let domain = self.domains.iter().find(of).cloned();
        let domain = domain.with_context(|| format!("there is no domain {}", full.domain))?;
        domain.fill().await?;
        let graph = graph(self.scenario, &full.request)?;
        let seen = self
            .order(&full.title, "add", wanted(&graph, Map::new()))
            .await?;
        let mut faults = Vec::new();
        expect(
            &mut faults,
            "the order",
            full.ends.as_str(),
            &seen.progress.state,
        );
        let item = seen.item()?;
        let service = item.service.clone();
        let refused = |reason: &&broker::client::orders::FailureReason| {
            reason.domain.as_deref() == Some(full.domain.as_str())
        };
        if !item.reasons.iter().any(|reason| refused(&reason)) {
            faults.push(format!(
                "no failure of {} is told: {:?}",
                full.domain, item.reasons
            ));
        }
        let is_there = seen.progress.state == "completed";
        if is_there {
            let chosen = self.choice(&seen).await?;
            let graph = graph.decode();
            let graph = graph.context("the request has no service graph")?;
            self.is_active(&seen, &mut faults).await?;
            self.runs(&graph, chosen.as_ref(), None, &mut faults)
                .await?;
        } else {
            self.nothing_is_left(&mut faults).await?;
        }
        let mut steps = vec![self.step(&full.title, seen, faults)?];
        domain.clear().await?;
        if is_there {
            let title = "That service is ended, too";
            steps.push(self.delete(title, &service).await?);
        }
        Ok(steps)
    }

    /// Sends an order, and shows what becomes of it until it is done.
    async fn order(
        &mut self,
        title: &str,
        action: &str,
        service: Map<String, Value>,
    ) -> anyhow::Result<Seen> {
        (self.say)(title)?;
        let order = one_item(action, service, &Terms::default(), clock::now().timestamp)
            .map_err(anyhow::Error::msg)?;
        let begun = clock::instant();
        let taken = self.client.order(&order).await?.content;
        let mut board = Board::default();
        let mut lines = Vec::new();
        loop {
            let progress = self.client.progress(&taken.id).await?.content;
            for line in board.update(&progress) {
                let elapsed = begun.elapsed().as_secs_f64();
                (self.say)(&format!("{elapsed:7.2} s  {line}"))?;
                lines.push(line);
            }
            if progress.is_final() {
                return Ok(Seen { progress, lines });
            }
            if begun.elapsed() > PATIENCE {
                bail!(
                    "order {} is not done within {} s:\n{}",
                    taken.id,
                    PATIENCE.as_secs(),
                    board.table()
                );
            }
            sleep(PAUSE).await;
        }
    }

    /// The chain that an order was carried out by; says why it was chosen.
    async fn choice(&mut self, seen: &Seen) -> anyhow::Result<Option<Candidate>> {
        let Some(id) = &seen.item()?.selection else {
            return Ok(None);
        };
        let found: Selection = self.client.selection(id).await?.content;
        (self.say)(&format!("Selection {id}"))?;
        (self.say)(selection(&found).trim_end())?;
        Ok(found.candidates.into_iter().find(|one| one.chosen))
    }

    /// The order is completed, and the service active, with capacity that is held for it alone.
    async fn is_active(&mut self, seen: &Seen, faults: &mut Vec<String>) -> anyhow::Result<()> {
        expect(faults, "the order", "completed", &seen.progress.state);
        let id = &seen.item()?.service;
        let service = self.client.service(id).await?.content;
        expect(faults, "the service", "active", &service.state);
        let held = self.client.reservations(None).await?.content.reservations;
        let states: Vec<&str> = held.iter().map(|one| one.state.as_str()).collect();
        expect(faults, "reservations", "confirmed", &states.join(", "));
        Ok(())
    }

    /// What is at the MdOs is what the chain says; says what that is.
    async fn runs(
        &mut self,
        graph: &ServiceGraph,
        chosen: Option<&Candidate>,
        change: Option<(&str, u64)>,
        faults: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        let Some(chosen) = chosen else {
            faults.push("no chain is recorded as chosen".to_owned());
            return Ok(());
        };
        let mut wanted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for node in graph.nodes() {
            if let NodeKind::Nf { nf_type, .. } = &node.kind
                && let Some(domain) = chosen.nodes.get(node.id.as_str())
            {
                wanted.entry(domain).or_default().push(nf_type.as_str());
            }
        }
        let mut with_change = 0;
        for domain in &self.domains {
            let id = domain.id.as_str();
            let found = domain.deployed().await?;
            let mut types = wanted.remove(id).unwrap_or_default();
            types.sort_unstable();
            let flows: usize = chosen
                .links
                .values()
                .map(|way| way.iter().filter(|passed| *passed == id).count())
                .sum();
            expect(
                faults,
                &format!("NFs in {id}"),
                &types.join(", "),
                &found.types.join(", "),
            );
            if found.flows.len() < flows {
                let count = found.flows.len();
                faults.push(format!("{id} has {count} flow entries, not {flows}"));
            }
            if !found.is_empty() {
                (self.say)(&format!("  {id:<8} {found}"))?;
            }
            if let Some((link, bandwidth)) = change {
                let end = format!(":{link}");
                for flow in found.flows.iter().filter(|flow| flow.id.ends_with(&end)) {
                    with_change += 1;
                    let told = flow.bandwidth.map(nffg::Bandwidth::bits_per_second);
                    if told != Some(bandwidth) {
                        let id = &flow.id;
                        faults.push(format!(
                            "flow entry {id} has {told:?}, not {bandwidth} bit/s"
                        ));
                    }
                }
            }
        }
        if let (Some((link, _)), 0) = (change, with_change) {
            faults.push(format!("no flow entry is for link {link}"));
        }
        Ok(())
    }

    /// No domain has anything for services, nothing is held, and every service is terminated, here and at the SOFs.
    async fn nothing_is_left(&mut self, faults: &mut Vec<String>) -> anyhow::Result<()> {
        let mut everywhere = vec![("the broker".to_owned(), self.client.clone())];
        for domain in &self.domains {
            let found: Deployed = domain.deployed().await?;
            if !found.is_empty() {
                faults.push(format!("{} still has {found}", domain.id));
            }
            everywhere.push((format!("the SOF of {}", domain.id), domain.sof.clone()));
        }
        for (who, client) in everywhere {
            let services = client.services(&[]).await?.content;
            for service in services.entries {
                if service.state != "terminated" {
                    let (id, state) = (&service.id, &service.state);
                    faults.push(format!("service {id} of {who} is {state}"));
                }
            }
            let held = client.reservations(None).await?.content.reservations;
            for reservation in held {
                faults.push(format!(
                    "{who} still holds {} ({})",
                    reservation.id, reservation.state
                ));
            }
        }
        if faults.is_empty() {
            (self.say)(
                "  nothing is left at the MdOs, nothing is held, every service is terminated",
            )?;
        }
        Ok(())
    }

    fn step(&mut self, title: &str, seen: Seen, faults: Vec<String>) -> anyhow::Result<Step> {
        if faults.is_empty() {
            (self.say)("=> as it must be\n")?;
        } else {
            (self.say)("=> NOT as it must be:")?;
            for fault in &faults {
                (self.say)(&format!("   {fault}"))?;
            }
            (self.say)("")?;
        }
        Ok(Step {
            title: title.to_owned(),
            passed: faults.is_empty(),
            faults,
            order: seen.progress.order.clone(),
            state: seen.progress.state.clone(),
            service: seen.item()?.service.clone(),
            progress: seen.lines,
        })
    }
}

fn expect(faults: &mut Vec<String>, what: &str, wanted: &str, found: &str) {
    if wanted != found {
        faults.push(format!("{what}: '{found}', not '{wanted}'"));
    }
}

fn graph(scenario: &Scenario, file: &str) -> anyhow::Result<GraphFile> {
    let text = scenario.read(file)?;
    GraphFile::parse(&text).map_err(|fault| anyhow::anyhow!("{file} {fault}"))
}

/// The service of an item, as it is to be.
fn wanted(graph: &GraphFile, asked: Map<String, Value>) -> Map<String, Value> {
    let configuration = graph.configuration_with(asked);
    Map::from_iter([("serviceConfiguration".to_owned(), configuration)])
}

/// The change of the service, as a member of a request.
fn constraints(ordering: &Ordering) -> Map<String, Value> {
    let change = &ordering.change;
    let bandwidth = format!("{} Mbit/s", change.mbps);
    let links = json!({"links": {change.link.clone(): {"bandwidth": bandwidth}}});
    Map::from_iter([("constraints".to_owned(), links)])
}
