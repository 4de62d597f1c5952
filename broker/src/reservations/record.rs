//! A reservation as the store keeps it.

use std::sync::Arc;
use std::time::Duration;

use idr::reservation::{
    Amount, Amounts, Claim, LinkKey, Moment, Reservation, ReservationId, ResourceKind, State,
};
use nffg::{Bandwidth, Unit};
use serde::{Deserialize, Serialize};

use super::{Digest, Kept};
use crate::placements::answer::Ranked;
use crate::store::{KeyRange, RecordFault, Store, StoreError, Table, TableName};

/// Reservations, by id.
pub(super) const RESERVATIONS: Table<String, Record> = Table::new(TableName::Reservations);

/// What is kept of a reservation. Amounts are whole millionths, so that nothing is lost in between.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    holder: String,
    /// Milliseconds since 1970, as all moments here.
    created: u64,
    lifetime: Duration,
    state: StateRecord,
    domains: Vec<DomainRecord>,
    links: Vec<LinkRecord>,
    placement: Arc<Ranked>,
    /// Of the request that made it.
    digest: String,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum StateRecord {
    Held { until: u64 },
    Confirmed { until: Option<u64> },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct DomainRecord {
    domain: String,
    amounts: Vec<AmountRecord>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct AmountRecord {
    kind: KindRecord,
    bytes: bool,
    /// A number that JSON's readers need not hold.
    millionths: String,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindRecord {
    Cpu,
    Mem,
    Storage,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinkRecord {
    src: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    src_router: Option<String>,
    dst: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dst_router: Option<String>,
    nth: u32,
    /// In bits per second.
    bandwidth: u64,
}

impl From<&Kept> for Record {
    fn from(kept: &Kept) -> Self {
        let reservation = &kept.reservation;
        let amount = |(kind, unit, amount): (ResourceKind, Unit, Amount)| AmountRecord {
            kind: match kind {
                ResourceKind::Cpu => KindRecord::Cpu,
                ResourceKind::Mem => KindRecord::Mem,
                ResourceKind::Storage => KindRecord::Storage,
            },
            bytes: unit == Unit::Byte,
            millionths: amount.as_millionths().to_string(),
        };
        let domains = reservation.claim.domains();
        let links = reservation.claim.links();
        Self {
            holder: reservation.holder.clone(),
            created: reservation.created.as_unix_millis(),
            lifetime: reservation.lifetime,
            state: match reservation.state {
                State::Held { until } => StateRecord::Held {
                    until: until.as_unix_millis(),
                },
                State::Confirmed { until } => StateRecord::Confirmed {
                    until: until.map(Moment::as_unix_millis),
                },
            },
            domains: domains
                .map(|(domain, amounts)| DomainRecord {
                    domain: domain.to_string(),
                    amounts: amounts.iter().map(amount).collect(),
                })
                .collect(),
            links: links
                .map(|(key, bandwidth)| LinkRecord {
                    src: key.src.to_string(),
                    src_router: key.src_router.as_ref().map(ToString::to_string),
                    dst: key.dst.to_string(),
                    dst_router: key.dst_router.as_ref().map(ToString::to_string),
                    nth: key.nth,
                    bandwidth: bandwidth.bits_per_second(),
                })
                .collect(),
            placement: Arc::clone(&kept.placement),
            digest: kept.digest.to_string(),
        }
    }
}

impl Record {
    /// The reservation; else what is wrong with the record.
    fn kept(self, id: &str) -> Result<Kept, String> {
        let id: ReservationId = id.parse().map_err(text)?;
        let claim = self.claim()?;
        let state = match self.state {
            StateRecord::Held { until } => State::Held {
                until: Moment::from_unix_millis(until),
            },
            StateRecord::Confirmed { until } => State::Confirmed {
                until: until.map(Moment::from_unix_millis),
            },
        };
        let reservation = Reservation {
            id,
            holder: self.holder,
            created: Moment::from_unix_millis(self.created),
            lifetime: self.lifetime,
            state,
            claim: Arc::new(claim),
        };
        Ok(Kept {
            reservation: Arc::new(reservation),
            placement: self.placement,
            digest: self.digest.parse::<Digest>().map_err(text)?,
        })
    }

    fn claim(&self) -> Result<Claim, String> {
        let mut claim = Claim::default();
        for of in &self.domains {
            let mut amounts = Amounts::default();
            for told in &of.amounts {
                let kind = match told.kind {
                    KindRecord::Cpu => ResourceKind::Cpu,
                    KindRecord::Mem => ResourceKind::Mem,
                    KindRecord::Storage => ResourceKind::Storage,
                };
                let unit = if told.bytes { Unit::Byte } else { Unit::Bare };
                let count = told.millionths.parse().map_err(text)?;
                amounts = amounts.with(kind, unit, Amount::from_millionths(count));
            }
            let domain = of.domain.parse().map_err(text)?;
            claim.add_amounts(domain, &amounts).map_err(text)?;
        }
        for link in &self.links {
            let router = |router: &Option<String>| {
                let router = router.as_deref().map(str::parse);
                router.transpose().map_err(text)
            };
            let key = LinkKey {
                src: link.src.parse().map_err(text)?,
                src_router: router(&link.src_router)?,
                dst: link.dst.parse().map_err(text)?,
                dst_router: router(&link.dst_router)?,
                nth: link.nth,
            };
            let bandwidth = Bandwidth::from_bits_per_second(link.bandwidth);
            claim.add_bandwidth(key, bandwidth).map_err(text)?;
        }
        Ok(claim)
    }
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

/// Every reservation that the store has, by id, be it over or not.
///
/// # Errors
/// The store cannot be read, or has a record that is no reservation: who left it out would promise its capacity twice.
pub async fn kept(store: &dyn Store) -> Result<Vec<Kept>, StoreError> {
    let snapshot = store.snapshot().await?;
    let mut all = Vec::new();
    let mut range = Some(KeyRange::all());
    while let Some(from) = range {
        let page = RESERVATIONS.scan(&*snapshot, &from, usize::MAX).await?;
        for (id, stored) in page.records {
            let kept = stored.value.kept(&id).map_err(|why| StoreError::Record {
                table: TableName::Reservations,
                key: id.escape_default().to_string(),
                fault: RecordFault::Decode(why),
            })?;
            all.push(kept);
        }
        range = page.next;
    }
    Ok(all)
}
