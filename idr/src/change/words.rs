//! Changes in words.

use std::fmt;

use nffg::{DomainId, QuantitySum};

use crate::{Border, Change, OpenBorder};

/// In words, on one line, for logs and events.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined(domain) => write!(f, "{domain} joined"),
            Self::Left(domain) => write!(f, "{domain} left"),
            Self::EntryPoint { domain, from, to } => {
                match to {
                    Some(to) => write!(f, "{domain}: the entry point is {to}")?,
                    None => write!(f, "{domain}: no entry point is known")?,
                }
                from.as_ref()
                    .map_or(Ok(()), |from| write!(f, " (was {from})"))
            }
            Self::Resources { domain, from, to } => {
                let sums = [
                    ("cpu", from.cpu, to.cpu),
                    ("mem", from.mem, to.mem),
                    ("storage", from.storage, to.storage),
                ];
                let different = sums.iter().filter(|(_, from, to)| from != to);
                let texts: Vec<String> = different
                    .map(|(name, from, to)| {
                        format!("{name} {} (was {})", amount(*to), amount(*from))
                    })
                    .collect();
                write!(f, "{domain}: {}", texts.join(", "))
            }
            Self::Held { domain, from, to } => {
                write!(f, "{domain}: reservations hold {to} (was {from})")
            }
            Self::Nodes {
                domain,
                added,
                removed,
                changed,
            } => {
                let counts = [added.len(), removed.len(), changed.len()];
                write!(f, "{domain}: {}", count("node", counts))
            }
            Self::NfTypes {
                domain,
                added,
                removed,
            } => {
                let counts = [added.len(), removed.len(), 0];
                write!(f, "{domain}: {}", count("NF type", counts))
            }
            Self::Saps {
                domain,
                added,
                removed,
            } => {
                let counts = [added.len(), removed.len(), 0];
                write!(f, "{domain}: {}", count("service access point", counts))
            }
            Self::InterDomainSaps {
                domain,
                added,
                removed,
                changed,
            } => {
                let counts = [added.len(), removed.len(), changed.len()];
                write!(f, "{domain}: {}", count("inter-domain SAP", counts))
            }
            Self::Warnings(domain) => write!(f, "{domain}: its view has other warnings"),
            Self::BorderUp(border) => {
                write!(f, "SAP '{}' is a border of {}", border.sap, met(border))
            }
            Self::BorderDown(border) => {
                let sap = &border.sap;
                write!(f, "SAP '{sap}' is no longer a border of {}", met(border))
            }
            Self::BorderChanged { from, to } if from.domains().eq(to.domains()) => {
                let (sap, domains) = (&to.sap, met(to));
                write!(
                    f,
                    "SAP '{sap}': the border of {domains} has another delay or bandwidth"
                )
            }
            Self::BorderChanged { from, to } => {
                let (sap, was, is) = (&to.sap, met(from), met(to));
                write!(f, "SAP '{sap}' is a border of {is} (was of {was})")
            }
            Self::OpenBorderAppeared(OpenBorder { sap, domain }) => {
                write!(f, "SAP '{sap}' is an open border of {domain}")
            }
            Self::OpenBorderGone(OpenBorder { sap, domain }) => {
                write!(f, "SAP '{sap}' is no longer an open border of {domain}")
            }
        }
    }
}

/// `2 nodes added, 1 node removed`, without those that are none.
fn count(noun: &str, counts: [usize; 3]) -> String {
    let texts: Vec<String> = counts
        .iter()
        .zip(["added", "removed", "changed"])
        .filter(|(count, _)| **count > 0)
        .map(|(count, verb)| match count {
            1 => format!("1 {noun} {verb}"),
            _ => format!("{count} {noun}s {verb}"),
        })
        .collect();
    texts.join(", ")
}

/// The amounts of a sum, unlike units side by side.
fn amount(sum: QuantitySum) -> String {
    let texts: Vec<String> = sum.quantities().map(|amount| amount.to_string()).collect();
    match texts.is_empty() {
        true => "unknown".to_owned(),
        false => texts.join(" and "),
    }
}

/// The domains that meet at a border, ten of them at most.
fn met(border: &Border) -> String {
    const SHOWN: usize = 10;
    let mut shown: Vec<&str> = border.domains().map(DomainId::as_str).take(SHOWN).collect();
    let more = border.ends.len().saturating_sub(SHOWN);
    let last = match more {
        0 => shown.pop().unwrap_or_default().to_owned(),
        _ => format!("{more} more"),
    };
    format!("{} and {last}", shown.join(", "))
}
