//! The amounts over what links tell beside delay and bandwidth ([`nffg::Measured`]). A net is made for each
//! when somebody asks first, of the links that tell it.
//!
//! | measure | along a path | its net has, of each link |
//! |---|---|---|
//! | bounds and variation of the delay | the sum | the amount in place of the delay |
//! | loss | what is left of all packets is the product | the share that is kept, in place of the bandwidth |
//! | residual bandwidth | the least | the residual bandwidth where it is told, else the bandwidth |
//! | throughput | [`super::flow`] | delay, loss (in place of the price) and bandwidth |

use std::sync::{Arc, OnceLock};

use idt::net::{Edge, EdgeId, Net, NetBuilder, UNLIMITED};
use idt::search::{Budget, Distances, Metric, Spent};
use nffg::{Delay, Loss};

use super::best::Space;
use super::flow;
use super::measure::{Measure, NONE, Over};
use super::widest::Widest;

/// What tells these amounts of one version, made when somebody asks first.
#[derive(Default)]
pub(crate) struct Beside {
    delay_min: OnceLock<Distances>,
    delay_max: OnceLock<Distances>,
    variation: OnceLock<Distances>,
    losses: OnceLock<Arc<Net>>,
    /// `None` if no link tells another residual bandwidth than its bandwidth.
    residual: OnceLock<Option<Widest>>,
    flows: OnceLock<Arc<Net>>,
}

impl Beside {
    /// Distances by one of the bounds of the delay, or by its variation.
    pub(super) fn sums<'a>(
        &'a self,
        measure: Measure,
        over: &Over<'_>,
        budget: &mut Budget,
    ) -> Result<&'a Distances, Spent> {
        let cell = match measure {
            Measure::DelayMin | Measure::RoundTripMin => &self.delay_min,
            Measure::DelayMax | Measure::RoundTripMax => &self.delay_max,
            _ => &self.variation,
        };
        let told = |id: EdgeId, edge: Edge, link: &idt::Link| {
            let told = &link.performance;
            let nanos = |delay: Delay| u32::try_from(delay.as_nanos()).unwrap_or(u32::MAX);
            match measure {
                // What is announced of the delay is announced of its bounds.
                Measure::DelayMin | Measure::RoundTripMin => {
                    let delay = nanos(told.delay_min?);
                    over.at_time(id, Edge { delay, ..edge }, link.bandwidth)
                }
                Measure::DelayMax | Measure::RoundTripMax => {
                    let delay = nanos(told.delay_max?);
                    over.at_time(id, Edge { delay, ..edge }, link.bandwidth)
                }
                _ => {
                    let delay = nanos(told.delay_variation?);
                    let edge = over.at_time(id, edge, link.bandwidth)?;
                    Some(Edge { delay, ..edge })
                }
            }
        };
        made(cell, || Ok(Distances::new(net(over, budget, told)?)))
    }

    /// The losses from each of `from` to each of `to`, in billionths, as
    /// [`Measures::table`](super::measure::Measures::table) has them.
    pub(super) fn losses(
        &self,
        over: &Over<'_>,
        (from, to): (&[u32], &[u32]),
        budget: &mut Budget,
    ) -> Result<Vec<u64>, Spent> {
        let kept = |id: EdgeId, edge: Edge, link: &idt::Link| {
            let bandwidth = kept(link.performance.loss?);
            let edge = over.at_time(id, edge, link.bandwidth)?;
            Some(Edge { bandwidth, ..edge })
        };
        let net = made(&self.losses, || net(over, budget, kept))?;
        let mut space = Space::default();
        let mut table = Vec::with_capacity(from.len() * to.len());
        for source in from {
            let through = |left: u64, row: &idt::net::Row<'_>, nth: usize| {
                Some(part(left, *row.bandwidth.get(nth)?))
            };
            space.search(net, (*source, ALL), to, through, budget)?;
            table.extend(to.iter().map(|to| space.label(*to).map_or(NONE, lost)));
        }
        Ok(table)
    }

    /// What answers for residual bandwidth; `None` if [`Measure::Bandwidth`] says the same.
    pub(super) fn residual<'a>(
        &'a self,
        over: &Over<'_>,
        budget: &mut Budget,
    ) -> Result<Option<&'a Widest>, Spent> {
        let make = || {
            budget.spend(over.net().edges())?;
            let is_other = |link: &idt::Link| {
                let told = link.performance.residual_bandwidth;
                told.is_some() && told != link.bandwidth
            };
            if !over.links().any(|(_, link)| is_other(link)) {
                return Ok(None);
            }
            let residual = |id: EdgeId, edge: Edge, link: &idt::Link| {
                let Some(residual) = link.performance.residual_bandwidth else {
                    return over.at_time(id, edge, link.bandwidth);
                };
                // Reservations hold as much of it as of the bandwidth that is told.
                let held = match link.bandwidth {
                    Some(told) if edge.bandwidth != UNLIMITED => {
                        told.bits_per_second().saturating_sub(edge.bandwidth)
                    }
                    _ => 0,
                };
                let left = residual.bits_per_second().saturating_sub(held);
                let bandwidth = left.min(UNLIMITED - 1);
                over.at_time(id, Edge { bandwidth, ..edge }, Some(residual))
            };
            let net = net(over, budget, residual)?;
            Widest::build(&net, budget).map(Some)
        };
        made(&self.residual, make).map(Option::as_ref)
    }

    /// The throughputs of a TCP flow from each of `from` to each of `to`, in bits per second. `delays` are those
    /// by which acknowledgements come back.
    pub(super) fn throughputs(
        &self,
        over: &Over<'_>,
        delays: &Distances,
        (from, to): (&[u32], &[u32]),
        budget: &mut Budget,
    ) -> Result<Vec<u64>, Spent> {
        let told = |id: EdgeId, edge: Edge, link: &idt::Link| {
            let price = link.performance.loss?.billionths();
            let edge = over.at_time(id, edge, link.bandwidth)?;
            let told = edge.bandwidth != UNLIMITED && over.tells_delay(id, edge.delay);
            told.then_some(Edge { price, ..edge })
        };
        let net = made(&self.flows, || net(over, budget, told))?;
        let back = delays.table(Metric::Delay, to, from, budget)?;
        let mut space = Space::default();
        let mut table = Vec::with_capacity(from.len() * to.len());
        for (row, source) in from.iter().enumerate() {
            space.search(net, (*source, flow::START), to, flow::through, budget)?;
            for (column, target) in to.iter().enumerate() {
                let back = back[column * from.len() + row];
                let label = space.label(*target);
                // A domain sends nothing to itself.
                let label = label.filter(|_| target != source && back != NONE);
                table.push(label.map_or(NONE, |label| flow::throughput(label, back)));
            }
        }
        Ok(table)
    }
}

/// What a cell has; made if it has nothing yet. Another thread may be quicker: both find the same.
fn made<T>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T, Spent>) -> Result<&T, Spent> {
    match cell.get() {
        Some(made) => Ok(made),
        None => {
            let made = make()?;
            Ok(cell.get_or_init(|| made))
        }
    }
}

/// The net of those edges that `told` makes of the edges of now and the links that they stand for. A step is an
/// edge looked at.
fn net(
    over: &Over<'_>,
    budget: &mut Budget,
    told: impl Fn(EdgeId, Edge, &idt::Link) -> Option<Edge>,
) -> Result<Arc<Net>, Spent> {
    budget.spend(over.net().edges())?;
    let now = over.net();
    // The net numbers its points by `u32`.
    let mut builder = NetBuilder::new(now.len() as u32);
    for (id, link) in over.links() {
        let edge = now.edge(id).and_then(|edge| told(id, edge, link));
        if let Some(edge) = edge {
            builder.edge(id.from, edge);
        }
    }
    Ok(Arc::new(builder.build()))
}

/// All packets, in parts of 2^64.
const ALL: u64 = u64::MAX;

/// The share of packets that is kept where so many are lost, in parts of 2^64, rounded down; less than
/// [`UNLIMITED`], which would be a link that tells nothing.
fn kept(loss: Loss) -> u64 {
    let kept = u128::from(Loss::WHOLE - loss.billionths());
    let parts = (kept << 64) / u128::from(Loss::WHOLE);
    u64::try_from(parts).map_or(UNLIMITED - 1, |parts| parts.min(UNLIMITED - 1))
}

/// A share of a share, rounded down. Each link of a path costs two parts of 2^64 that way, so that no path that
/// there is loses a billionth to it.
fn part(of: u64, share: u64) -> u64 {
    let parts = (u128::from(of) * u128::from(share)) >> 64;
    u64::try_from(parts).unwrap_or(ALL)
}

/// What is lost of all packets where so many are left, to the nearest billionth.
fn lost(left: u64) -> u64 {
    let lost = u128::from(ALL - left) * u128::from(Loss::WHOLE);
    let rounded = (lost + (1 << 63)) >> 64;
    u64::try_from(rounded).unwrap_or(ALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is lost along links that lose so many billionths each.
    fn along(losses: &[u32]) -> u64 {
        let kept = losses.iter().map(|loss| kept(Loss::from_billionths(*loss)));
        lost(kept.fold(ALL, part))
    }

    #[test]
    fn a_loss_is_exact_to_a_billionth() {
        for loss in [0, 1, 2, 29, 30, 31, 500_000_000, 999_999_999, 1_000_000_000] {
            assert_eq!(along(&[loss]), u64::from(loss));
            assert_eq!(along(&[0, loss, 0]), u64::from(loss));
        }
        assert_eq!(along(&[]), 0);
        assert_eq!(along(&[100_000_000, 100_000_000]), 190_000_000);
        assert_eq!(along(&[100_000_000; 3]), 271_000_000);
        assert_eq!(along(&[1_000_000_000, 1_000_000_000]), 1_000_000_000);
        // Too little to matter together.
        assert_eq!(along(&[1, 1]), 2);
        assert_eq!(along(&[0; 100_000]), 0);
        assert_eq!(along(&[1_000; 100_000]), 95_162_627);
    }
}
