//! Reservations, as the work needs them.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use idr::reservation::{Amounts, Claim, ClaimError, LinkKey, ReservationId, ResourceKind};
use jiff::Timestamp;
use nffg::{Bandwidth, DomainId, Unit};
use sof::payload::Segment;
use sof::saga::{Event, ReserveStep, Saga};
use sof::selection::{Chain, Crossing};

use super::Shared;
use super::choose::NOT_READY;
use crate::auth::Principal;
use crate::placements::answer::Ranked;
use crate::placements::problem::{Cost, Placed, PlacedPath};
use crate::placements::request::PlacementRequest;
use crate::reservations::{Digest, Hold};

/// What comes of it, in time.
pub type Reserved<'a, T> = Pin<Box<dyn Future<Output = Result<T, ReserveError>> + Send + 'a>>;

/// Where capacity is held. Each answers when what it says is durable, and may be asked again with the same result.
pub trait Reservations: Debug + Send + Sync {
    /// Holds something; says until when.
    fn hold<'a>(
        &'a self,
        principal: &'a Principal,
        id: ReservationId,
        hold: Hold,
    ) -> Reserved<'a, Option<Timestamp>>;
    /// It lasts until it is released.
    fn confirm<'a>(&'a self, principal: &'a Principal, id: ReservationId) -> Reserved<'a, ()>;
    /// Holds it for so long from now; says until when.
    fn extend<'a>(
        &'a self,
        principal: &'a Principal,
        id: ReservationId,
        lifetime: Duration,
    ) -> Reserved<'a, Option<Timestamp>>;
    /// Has it take something else, or leaves it as it is. Its own counts as free.
    fn amend<'a>(
        &'a self,
        principal: &'a Principal,
        id: ReservationId,
        claim: Claim,
    ) -> Reserved<'a, ()>;
    /// Gives it back; that it is not there is fine.
    fn release<'a>(&'a self, principal: &'a Principal, id: ReservationId) -> Reserved<'a, ()>;
}

/// Why a reservation is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReserveError {
    /// It cannot be: not enough is left, or it is over.
    #[error("{0}")]
    Refused(String),
    /// It lasts as long as it may without being confirmed.
    #[error("a hold may not last longer")]
    TooLong,
    /// It cannot be kept for now.
    #[error("{0}")]
    Unavailable(String),
}

/// Who holds what a buyer's service takes ([`Principal::holder`]).
pub(super) fn principal(buyer: &str) -> Principal {
    let name = |prefix: &str| buyer.strip_prefix(prefix).map(str::to_owned);
    if let Some(name) = name("buyer ") {
        return Principal::Buyer { name };
    }
    if let Some(name) = name("operator ") {
        return Principal::Operator { name };
    }
    match buyer.parse::<DomainId>() {
        Ok(_) if buyer == "local" => Principal::Local,
        Ok(domain) => Principal::Member {
            name: buyer.to_owned(),
            domain,
        },
        Err(_) => Principal::Local,
    }
}

fn key(crossing: &Crossing) -> LinkKey {
    LinkKey {
        src: crossing.from.clone(),
        src_router: crossing.from_router.clone(),
        dst: crossing.to.clone(),
        dst_router: crossing.to_router.clone(),
        nth: crossing.nth,
    }
}

/// What a chain takes: of each host what its functions ask for, of each border what crosses there.
pub(super) fn claim(chain: &Chain, segments: &[Segment]) -> Result<Claim, ClaimError> {
    let mut claim = Claim::default();
    // A SAP's domain has to be there, too.
    for host in &chain.hosts {
        claim.add_amounts(host.domain.clone(), &Amounts::default())?;
    }
    for segment in segments {
        for function in &segment.functions {
            claim.add_demand(segment.domain.clone(), &function.resources)?;
        }
    }
    for way in &chain.ways {
        for crossing in &way.crossings {
            if let Some(bits) = way.bandwidth_bps {
                claim.add_bandwidth(key(crossing), Bandwidth::from_bits_per_second(bits))?;
            }
        }
    }
    Ok(claim)
}

/// What covers both claims: of each the larger.
pub(super) fn cover(a: &Claim, b: &Claim) -> Result<Claim, ClaimError> {
    let mut domains: BTreeMap<&DomainId, Amounts> = BTreeMap::new();
    for (domain, amounts) in a.domains().chain(b.domains()) {
        let known = domains.entry(domain).or_default();
        for kind in ResourceKind::ALL {
            for unit in [Unit::Bare, Unit::Byte] {
                let more = known.get(kind, unit).max(amounts.get(kind, unit));
                *known = known.with(kind, unit, more);
            }
        }
    }
    let mut links: BTreeMap<&LinkKey, Bandwidth> = BTreeMap::new();
    for (link, bandwidth) in a.links().chain(b.links()) {
        let known = links.entry(link).or_default();
        *known = (*known).max(bandwidth);
    }
    let mut claim = Claim::default();
    for (domain, amounts) in domains {
        claim.add_amounts(domain.clone(), &amounts)?;
    }
    for (link, bandwidth) in links {
        claim.add_bandwidth(link.clone(), bandwidth)?;
    }
    Ok(claim)
}

/// A chain as a placement, for who looks at reservations.
fn placed(chain: &Chain) -> Placed {
    let paths = chain.ways.iter().map(|way| PlacedPath {
        domains: way.domains.clone(),
        borders: way.crossings.iter().map(key).collect(),
        cost: Cost {
            hops: way.crossings.len() as u64,
            delay: way.delay_ns,
            price: 0,
        },
    });
    Placed {
        hosts: chain.hosts.iter().map(|host| host.domain.clone()).collect(),
        paths: paths.collect(),
        cost: Cost {
            hops: chain.cost.hops,
            delay: chain.cost.delay_ns,
            price: chain.cost.price,
        },
    }
}

impl Shared {
    /// Has a reservation be as a step wants it.
    pub(super) async fn reserve(
        &self,
        saga: &Saga,
        request: Option<&PlacementRequest>,
        buyer: &str,
        (id, step): (String, ReserveStep),
    ) -> Event {
        let outcome = self.reserve_now(saga, request, buyer, &id, step).await;
        let word = match &outcome {
            Ok(_) => "done",
            Err(ReserveError::Refused(_) | ReserveError::TooLong) => "refused",
            Err(ReserveError::Unavailable(_)) => "unavailable",
        };
        self.tools.metrics.work_step("reserve", word);
        match outcome {
            Ok(until) => Event::Reserved { id, step, until },
            Err(ReserveError::Unavailable(why)) => Event::TryAgain(why),
            Err(error) => Event::NotReserved {
                id,
                step,
                why: error.to_string(),
            },
        }
    }

    async fn reserve_now(
        &self,
        saga: &Saga,
        request: Option<&PlacementRequest>,
        buyer: &str,
        id: &str,
        step: ReserveStep,
    ) -> Result<Option<Timestamp>, ReserveError> {
        let refused = |error: &dyn std::fmt::Display| ReserveError::Refused(error.to_string());
        let principal = &principal(buyer);
        let reservation: ReservationId = id.parse().map_err(|error| refused(&error))?;
        let nothing = || ReserveError::Refused("there is nothing to hold".to_owned());
        let new = || {
            let plan = saga.plan.as_ref().ok_or_else(nothing)?;
            let chain = plan.chain.as_ref().ok_or_else(nothing)?;
            let claim = claim(chain, &plan.segments).map_err(|error| refused(&error))?;
            Ok::<_, ReserveError>((chain, claim))
        };
        let old = || {
            let chain = saga.before.chain.as_ref().ok_or_else(nothing)?;
            claim(chain, &saga.before.segments).map_err(|error| refused(&error))
        };
        let place = &self.tools.reservations;
        let is_claim = !matches!(
            step,
            ReserveStep::Extend | ReserveStep::Confirm | ReserveStep::Release
        );
        if is_claim && !self.tools.published.is_ready() {
            return Err(ReserveError::Unavailable(NOT_READY.to_owned()));
        }
        match step {
            ReserveStep::Hold => {
                let (chain, claim) = new()?;
                let request = request.ok_or_else(nothing)?;
                let hold = Hold {
                    lifetime: self.settings.hold,
                    claim,
                    placement: Ranked::new(1, &request.sg, &placed(chain)),
                    digest: Digest::of(&serde_json::json!(chain)),
                };
                place.hold(principal, reservation, hold).await
            }
            ReserveStep::CoverBoth => {
                let both = cover(&old()?, &new()?.1).map_err(|error| refused(&error))?;
                place
                    .amend(principal, reservation, both)
                    .await
                    .map(|()| None)
            }
            ReserveStep::Settle => {
                let claim = new()?.1;
                place
                    .amend(principal, reservation, claim)
                    .await
                    .map(|()| None)
            }
            ReserveStep::Restore => place
                .amend(principal, reservation, old()?)
                .await
                .map(|()| None),
            ReserveStep::Extend => {
                let longer = place
                    .extend(principal, reservation.clone(), self.settings.hold)
                    .await;
                match longer {
                    // The work takes longer than a hold may: what is taken back is released all the same.
                    Err(ReserveError::TooLong) => {
                        place.confirm(principal, reservation).await.map(|()| None)
                    }
                    longer => longer,
                }
            }
            ReserveStep::Confirm => place.confirm(principal, reservation).await.map(|()| None),
            ReserveStep::Release => place.release(principal, reservation).await.map(|()| None),
        }
    }
}
