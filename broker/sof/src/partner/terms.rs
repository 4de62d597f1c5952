//! What a segment costs under an agreement, and what keeps it from being ordered.

use std::fmt;

use jiff::Timestamp;
use nffg::{Bandwidth, Delay, DomainId};

use super::{Agreement, Bounds, Price, Sls};
use crate::payload::Segment;

/// Something for which an agreement does not cover a segment.
#[derive(Clone, Debug, PartialEq)]
pub enum Breach {
    /// It is with another partner.
    Partner {
        /// With whom.
        partner: DomainId,
        /// Whose segment it is.
        wanted: DomainId,
    },
    /// It is not in force yet.
    NotYet {
        /// From when.
        from: Timestamp,
    },
    /// It is not in force any more.
    Over {
        /// Until when.
        until: Timestamp,
    },
    /// As many services as may be are there.
    Services {
        /// How many there may be.
        bound: u32,
    },
    /// A flow wants more than one may.
    Bandwidth {
        /// The flow's link.
        link: String,
        /// What it wants.
        wanted: Bandwidth,
        /// What it may.
        bound: Bandwidth,
    },
    /// The functions want more virtual processors than a service may have.
    Cpu {
        /// What they want.
        wanted: f64,
        /// What they may.
        bound: f64,
    },
    /// A flow must be faster than is promised.
    Delay {
        /// The flow's link.
        link: String,
        /// What it may take.
        wanted: Delay,
        /// What is promised.
        promised: Delay,
    },
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Partner { partner, wanted } => {
                write!(f, "it is with {partner}, and not with {wanted}")
            }
            Self::NotYet { from } => write!(f, "it is in force from {from} on"),
            Self::Over { until } => write!(f, "it was in force until {until}"),
            Self::Services { bound } => {
                write!(
                    f,
                    "{bound} services may be there at a time, and so many are"
                )
            }
            Self::Bandwidth {
                link,
                wanted,
                bound,
            } => write!(
                f,
                "the flow of {link} wants {wanted}, and may have {bound} at most"
            ),
            Self::Cpu { wanted, bound } => write!(
                f,
                "the functions want {wanted} cpu, and may have {bound} at most"
            ),
            Self::Delay {
                link,
                wanted,
                promised,
            } => write!(
                f,
                "the flow of {link} may take {wanted}, and {promised} is promised"
            ),
        }
    }
}

impl Agreement {
    /// Every reason for which it does not cover `segment` at `now`, where the partner does `running` of our services under
    /// it already (this one not among them).
    #[must_use]
    pub fn breaches(&self, segment: &Segment, running: u32, now: Timestamp) -> Vec<Breach> {
        let mut found = Vec::new();
        if self.partner != segment.domain {
            found.push(Breach::Partner {
                partner: self.partner.clone(),
                wanted: segment.domain.clone(),
            });
        }
        if now < self.valid_from {
            found.push(Breach::NotYet {
                from: self.valid_from,
            });
        }
        if let Some(until) = self.valid_until.filter(|until| *until <= now) {
            found.push(Breach::Over { until });
        }
        found.extend(self.bounds.breaches(segment, running));
        found.extend(self.sls.breaches(segment));
        found
    }
}

impl Bounds {
    /// Every bound that `segment` breaks, with `running` services there already. A flow that does not say what it carries
    /// keeps to every bound.
    #[must_use]
    pub fn breaches(&self, segment: &Segment, running: u32) -> Vec<Breach> {
        let mut found = Vec::new();
        if let Some(bound) = self.services.filter(|bound| running >= *bound) {
            found.push(Breach::Services { bound });
        }
        if let Some(bound) = self.max_bandwidth() {
            found.extend(segment.flows.iter().filter_map(|flow| {
                let wanted = flow.bandwidth.filter(|wanted| *wanted > bound)?;
                Some(Breach::Bandwidth {
                    link: flow.link.clone(),
                    wanted,
                    bound,
                })
            }));
        }
        let functions = segment.functions.iter();
        let wanted: f64 = functions
            .filter_map(|function| function.resources.cpu)
            .map(nffg::Quantity::value)
            .sum();
        if let Some(bound) = self.cpu.filter(|bound| wanted > *bound) {
            found.push(Breach::Cpu { wanted, bound });
        }
        found
    }
}

impl Sls {
    /// Every flow of `segment` that must be faster than is promised. Where nothing is promised, nothing is broken.
    #[must_use]
    pub fn breaches(&self, segment: &Segment) -> Vec<Breach> {
        let Some(promised) = self.max_delay() else {
            return Vec::new();
        };
        let flows = segment.flows.iter();
        flows
            .filter_map(|flow| {
                let wanted = flow.max_delay.filter(|wanted| *wanted < promised)?;
                Some(Breach::Delay {
                    link: flow.link.clone(),
                    wanted,
                    promised,
                })
            })
            .collect()
    }
}

impl Price {
    /// What `segment` costs, in thousandths of the unit of account; the largest number if it is more than that.
    #[must_use]
    pub fn of(&self, segment: &Segment) -> u64 {
        let functions = u64::try_from(segment.functions.len()).unwrap_or(u64::MAX);
        let flows = segment.flows.iter();
        let mbps = flows.fold(0_u64, |sum, flow| {
            let bits = flow.bandwidth.map_or(0, Bandwidth::bits_per_second);
            sum.saturating_add(bits.div_ceil(1_000_000))
        });
        self.segment
            .saturating_add(self.function.saturating_mul(functions))
            .saturating_add(self.mbps.saturating_mul(mbps))
    }
}
