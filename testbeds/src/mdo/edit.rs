//! `edit-config` and `status` of the emulator: the configuration changes, if it can, and is served as changed.
//!
//! As ESCAPE, an edit that can be read is accepted with 202, and `status?message-id=` tells what came of it: 200 when
//! it is carried out, 500 with the reason when not. An empty body is 400, one that is not XML 415; so is, with 400, what
//! is XML and no diff. The domain refuses what does not fit (operations of RFC 6241 §7.2), NFs of a type that a node does
//! not support, more cpu, memory or storage than a node has, more bandwidth than a port has, and flow entries whose
//! ends are not there. What a node `has` stays as the file says it, whatever runs there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use nffg::virtualizer::deploy::{FlowEnd, FlowEntry, flow_entries};
use nffg::virtualizer::edit::{EditError, apply};
use nffg::{BisBis, Quantity, Resources, virtualizer};

/// How many outcomes are remembered.
const OUTCOMES: usize = 1_000;

/// The configuration, from the first edit on.
#[derive(Debug, Default)]
pub(super) struct Config {
    edited: Mutex<Option<String>>,
    outcomes: Mutex<VecDeque<(String, Result<(), String>)>>,
    carried_out: AtomicU64,
    refused: AtomicU64,
}

/// The diff cannot be read.
#[derive(Debug)]
pub(super) struct Unreadable(pub(super) String);

impl Config {
    /// As it is; `None` while it is as in the file.
    pub(super) fn text(&self) -> Option<String> {
        let edited = self.edited.lock();
        edited.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many edits were carried out, and how many refused.
    pub(super) fn counts(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.carried_out), read(&self.refused))
    }

    /// Carries an edit out, or notes why not.
    pub(super) fn edit(
        &self,
        file: impl FnOnce() -> Result<Vec<u8>, String>,
        diff: &[u8],
        id: &str,
    ) -> Result<(), Unreadable> {
        let mut edited = self.edited.lock().unwrap_or_else(PoisonError::into_inner);
        let base = match &*edited {
            Some(text) => Ok(text.clone().into_bytes()),
            None => file(),
        };
        let next = match base.map(|base| apply(&base, diff)) {
            Ok(Err(EditError::Diff(error))) => return Err(Unreadable(error.to_string())),
            Ok(Err(error)) => Err(error.to_string()),
            Ok(Ok(next)) => fits(next.as_bytes()).map(|()| next),
            Err(why) => Err(why),
        };
        let outcome = next.map(|next| *edited = Some(next));
        drop(edited);
        let count = match outcome {
            Ok(()) => &self.carried_out,
            Err(_) => &self.refused,
        };
        count.fetch_add(1, Ordering::Relaxed);
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        if outcomes.len() == OUTCOMES {
            outcomes.pop_front();
        }
        outcomes.push_back((id.to_owned(), outcome));
        Ok(())
    }

    /// What came of an edit.
    pub(super) fn outcome(&self, id: &str) -> Option<Result<(), String>> {
        let outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut latest_first = outcomes.iter().rev();
        let found = latest_first.find(|(of, _)| of == id)?;
        Some(found.1.clone())
    }
}

/// Whether the domain can do what the document says.
fn fits(document: &[u8]) -> Result<(), String> {
    let view = virtualizer::decode(document).map_err(|error| error.to_string())?;
    let flows = flow_entries(document).map_err(|error| error.to_string())?;
    for node in &view.nodes {
        let flows = flows.get(&node.id).map_or(&[][..], Vec::as_slice);
        of_node(node, flows).map_err(|why| format!("node '{}': {why}", node.id))?;
    }
    Ok(())
}

fn of_node(node: &BisBis, flows: &[FlowEntry]) -> Result<(), String> {
    for nf in &node.running {
        let supported = (nf.nf_type.as_ref()).is_some_and(|of| node.supported.contains(of));
        if !supported {
            let of = nf.nf_type.as_ref().map_or("", |of| of.as_str());
            return Err(format!(
                "NF '{}' is of type '{of}', which is not supported",
                nf.id
            ));
        }
    }
    type Get = fn(&Resources) -> Option<Quantity>;
    let kinds: [(&str, Get); 3] = [
        ("cpu", |of| of.cpu),
        ("mem", |of| of.mem),
        ("storage", |of| of.storage),
    ];
    for (kind, get) in kinds {
        let Some(has) = get(&node.resources) else {
            continue;
        };
        let asked = node.running.iter().filter_map(|nf| get(&nf.resources));
        // Unlike units are not compared.
        let asked = asked.filter(|asked| asked.unit() == has.unit());
        let sum: f64 = asked.map(Quantity::value).sum();
        // Sums of decimals are a little beside.
        if sum > has.value() * (1.0 + 1e-9) {
            let has = has.value();
            return Err(format!("no room: it has {kind} {has}, NFs ask for {sum}"));
        }
    }
    let instances: BTreeSet<&str> = node.running.iter().map(|nf| nf.id.as_str()).collect();
    let mut carried: BTreeMap<(&FlowEnd, bool), u128> = BTreeMap::new();
    for flow in flows {
        for (end, is_out) in [(&flow.port, false), (&flow.out, true)] {
            let is_there = match end {
                FlowEnd::Port(port) => node.ports.iter().any(|of| of.id == *port),
                FlowEnd::Nf { instance, .. } => instances.contains(instance.as_str()),
                FlowEnd::Other(_) => false,
            };
            if !is_there {
                return Err(format!("an end of flow entry '{}' is not there", flow.id));
            }
            let bits = flow.bandwidth.map_or(0, |of| of.bits_per_second());
            *carried.entry((end, is_out)).or_default() += u128::from(bits);
        }
    }
    for port in &node.ports {
        let Some(has) = port.bandwidth else {
            continue;
        };
        let end = FlowEnd::Port(port.id.clone());
        for is_out in [false, true] {
            let sum = carried.get(&(&end, is_out)).copied().unwrap_or_default();
            if sum > u128::from(has.bits_per_second()) {
                let id = &port.id;
                return Err(format!(
                    "no room: port '{id}' carries {has}, flows ask for {sum} bit/s"
                ));
            }
        }
    }
    Ok(())
}
