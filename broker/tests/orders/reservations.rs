//! Reservations in memory, over the ledger that the broker has.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use broker::auth::Principal;
use broker::lso::orchestrator::{Reservations, ReserveError, Reserved};
use broker::reservations::Hold;
use idr::reservation::{Claim, ReservationId};
use jiff::Timestamp;

/// A reservation.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) holder: String,
    pub(crate) claim: Claim,
    pub(crate) confirmed: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Book {
    kept: Mutex<BTreeMap<String, Kept>>,
    /// Amendments that are refused, and holds.
    pub(crate) refuse_amend: std::sync::atomic::AtomicU32,
    pub(crate) refuse_hold: std::sync::atomic::AtomicU32,
    delay: Duration,
}

impl Book {
    pub(crate) fn slow(delay: Duration) -> Self {
        Self {
            delay,
            ..Self::default()
        }
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.kept.lock().unwrap()
    }
}

fn refuses(count: &std::sync::atomic::AtomicU32) -> bool {
    use std::sync::atomic::Ordering::SeqCst;
    count
        .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1))
        .is_ok()
}

fn until(lifetime: Duration) -> Option<Timestamp> {
    broker::clock::now().timestamp.checked_add(lifetime).ok()
}

impl Reservations for Book {
    fn hold<'a>(
        &'a self,
        principal: &'a Principal,
        id: ReservationId,
        hold: Hold,
    ) -> Reserved<'a, Option<Timestamp>> {
        Box::pin(async move {
            tokio::time::sleep(self.delay).await;
            if refuses(&self.refuse_hold) {
                return Err(ReserveError::Refused("not enough is left".to_owned()));
            }
            let kept = Kept {
                holder: principal.holder(),
                claim: hold.claim,
                confirmed: false,
            };
            self.kept().entry(id.to_string()).or_insert(kept);
            Ok(until(hold.lifetime))
        })
    }

    fn confirm<'a>(&'a self, _: &'a Principal, id: ReservationId) -> Reserved<'a, ()> {
        Box::pin(async move {
            tokio::time::sleep(self.delay).await;
            let mut kept = self.kept();
            let kept = kept.get_mut(id.as_str());
            kept.ok_or_else(|| ReserveError::Refused("it is over".to_owned()))?
                .confirmed = true;
            Ok(())
        })
    }

    fn extend<'a>(
        &'a self,
        _: &'a Principal,
        _: ReservationId,
        lifetime: Duration,
    ) -> Reserved<'a, Option<Timestamp>> {
        Box::pin(async move {
            tokio::time::sleep(self.delay).await;
            Ok(until(lifetime))
        })
    }

    fn amend<'a>(&'a self, _: &'a Principal, id: ReservationId, claim: Claim) -> Reserved<'a, ()> {
        Box::pin(async move {
            tokio::time::sleep(self.delay).await;
            if refuses(&self.refuse_amend) {
                return Err(ReserveError::Refused("not enough is left".to_owned()));
            }
            let mut kept = self.kept();
            let kept = kept.get_mut(id.as_str());
            kept.ok_or_else(|| ReserveError::Refused("it is over".to_owned()))?
                .claim = claim;
            Ok(())
        })
    }

    fn release<'a>(&'a self, _: &'a Principal, id: ReservationId) -> Reserved<'a, ()> {
        Box::pin(async move {
            tokio::time::sleep(self.delay).await;
            self.kept().remove(id.as_str());
            Ok(())
        })
    }
}
