//! Resources that are only counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use idr::reservation::{Amounts, Claim, DomainCapacity};
use nffg::{DomainId, Resources};
use sof::interlude::TestOutcome;
use sof::payload::{Point, Segment};
use sof::service::ServiceId;

use super::{Applied, Presto, PrestoError};
use crate::settings::MemoryPresto;

/// A domain that has so much of everything, and forgets with its process what runs on it, until it is told again. It may be
/// slow and it may fail, for tests.
#[derive(Debug)]
pub struct Memory {
    settings: MemoryPresto,
    capacity: DomainCapacity,
    running: Mutex<BTreeMap<ServiceId, Running>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Running {
    segment: Segment,
    active: bool,
}

impl Memory {
    /// Nothing runs yet.
    #[must_use]
    pub fn new(settings: &MemoryPresto) -> Self {
        let MemoryPresto {
            cpu, mem, storage, ..
        } = *settings;
        let all = Resources { cpu, mem, storage };
        Self {
            capacity: DomainCapacity::of_nodes([&all]),
            settings: settings.clone(),
            running: Mutex::default(),
        }
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<ServiceId, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a back end may take and how it may fail.
    async fn stumble(&self) -> Result<(), PrestoError> {
        if !self.settings.delay.is_zero() {
            tokio::time::sleep(self.settings.delay).await;
        }
        if fastrand::f64() < self.settings.failure_rate {
            let why = "it fails now and then, as its settings say";
            return Err(PrestoError::Unavailable(why.to_owned()));
        }
        Ok(())
    }

    fn put(&self, service: &ServiceId, segment: &Segment, active: bool) -> Result<(), PrestoError> {
        let refused = |why: String| PrestoError::Refused(why);
        for function in &segment.functions {
            let is_known = self.settings.nf.is_empty()
                || (self.settings.nf.iter()).any(|known| known == function.nf_type.as_str());
            if !is_known {
                let (domain, of) = (&segment.domain, &function.nf_type);
                return Err(refused(format!("{domain} has no NF type '{of}'")));
            }
        }
        if let Some(name) = dangling(segment) {
            return Err(refused(format!("no function '{name}' is hosted here")));
        }
        let mut running = self.running();
        let others = running.iter().filter(|(id, _)| *id != service);
        let segments = others.map(|(_, one)| &one.segment).chain([segment]);
        let sum = demand(&segment.domain, segments).map_err(refused)?;
        for (kind, unit, asked) in sum.iter() {
            if let Some(has) = self.capacity.get(kind, unit).filter(|has| asked > *has) {
                let [asked, has] = [asked, has].map(|amount| amount.in_unit(unit));
                let domain = &segment.domain;
                let why = format!("{domain} has {kind} {has}, and {asked} would be in use");
                return Err(refused(why));
            }
        }
        let one = Running {
            segment: segment.clone(),
            active,
        };
        running.insert(service.clone(), one);
        Ok(())
    }
}

/// A function that a flow begins or ends at, and that is not there.
fn dangling(segment: &Segment) -> Option<&str> {
    let ends = segment.flows.iter().flat_map(|flow| [&flow.from, &flow.to]);
    let mut functions = ends.filter_map(|end| match end {
        Point::Function(id) => Some(id),
        Point::Sap(_) | Point::Border(_) => None,
    });
    let missing = functions.find(|id| segment.functions.iter().all(|of| of.id != **id));
    missing.map(nffg::NodeId::as_str)
}

/// What segments take together.
fn demand<'a>(
    domain: &DomainId,
    segments: impl Iterator<Item = &'a Segment>,
) -> Result<Amounts, String> {
    let mut claim = Claim::default();
    for function in segments.flat_map(|segment| &segment.functions) {
        let added = claim.add_demand(domain.clone(), &function.resources);
        added.map_err(|error| error.to_string())?;
    }
    Ok(claim.of_domain(domain).copied().unwrap_or_default())
}

impl Presto for Memory {
    fn apply<'a>(
        &'a self,
        service: &'a ServiceId,
        segment: Option<&'a Segment>,
        active: bool,
    ) -> Applied<'a, ()> {
        Box::pin(async move {
            self.stumble().await?;
            match segment {
                Some(segment) => self.put(service, segment, active),
                None => {
                    self.running().remove(service);
                    Ok(())
                }
            }
        })
    }

    fn test<'a>(
        &'a self,
        service: &'a ServiceId,
        segment: &'a Segment,
    ) -> Applied<'a, TestOutcome> {
        Box::pin(async move {
            self.stumble().await?;
            let running = self.running();
            let one = running.get(service);
            let (passed, detail) = match one {
                None => (false, "nothing of the service is here"),
                Some(one) if one.segment != *segment => (false, "something else is here"),
                Some(one) if !one.active => (false, "it is provisioned, and does not work"),
                Some(_) => (true, "it is here, and works"),
            };
            Ok(TestOutcome {
                passed,
                delay: None,
                flows: Vec::new(),
                detail: detail.to_owned(),
            })
        })
    }

    fn forgets(&self) -> bool {
        true
    }

    fn put_back(&self, service: &ServiceId, segment: &Segment, active: bool) {
        let one = Running {
            segment: segment.clone(),
            active,
        };
        self.running().insert(service.clone(), one);
    }
}

#[cfg(test)]
mod tests;
