//! The broker's own reservations and circuits, as the work asks for them.

use std::time::Duration;

use idr::reservation::{ChangeError, Claim, ReservationId};
use jiff::Timestamp;
use nffg::DomainId;

use super::{Circuits, Reservations, ReserveError, Reserved};
use crate::auth::Principal;
use crate::lso::interlude::Interlude;
use crate::lso::partners::Partners;
use crate::reservations::durable::{Durable, DurableError};
use crate::reservations::{Done, Hold, OrderError};
use crate::store::StoreError;

impl Circuits for Interlude {
    fn is_open(&self, partner: &DomainId) -> bool {
        self.is_left_alone(partner)
    }
}

impl From<DurableError> for ReserveError {
    fn from(error: DurableError) -> Self {
        match error {
            DurableError::Order(OrderError::Change(ChangeError::TooLong { .. })) => Self::TooLong,
            DurableError::Order(error) => Self::Refused(error.to_string()),
            DurableError::Store(StoreError::Batch(error)) => Self::Refused(error.to_string()),
            DurableError::Store(error) => Self::Unavailable(error.to_string()),
            DurableError::Stopped => Self::Unavailable(error.to_string()),
        }
    }
}

/// Until when it lasts.
fn until(done: &Done) -> Option<Timestamp> {
    let millis = done.kept.reservation.state.until()?.as_unix_millis();
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    Some(Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX))
}

impl Reservations for Durable {
    fn hold<'a>(
        &'a self,
        principal: &'a Principal,
        id: ReservationId,
        hold: Hold,
    ) -> Reserved<'a, Option<Timestamp>> {
        Box::pin(async move {
            let done = Self::hold(self, principal, id, hold).await?;
            Ok(until(&done))
        })
    }

    fn confirm<'a>(&'a self, principal: &'a Principal, id: ReservationId) -> Reserved<'a, ()> {
        Box::pin(async move {
            Self::confirm(self, principal, id).await?;
            Ok(())
        })
    }

    fn extend<'a>(
        &'a self,
        principal: &'a Principal,
        id: ReservationId,
        lifetime: Duration,
    ) -> Reserved<'a, Option<Timestamp>> {
        Box::pin(async move {
            let done = Self::extend(self, principal, id, lifetime).await?;
            Ok(until(&done))
        })
    }

    fn amend<'a>(
        &'a self,
        principal: &'a Principal,
        id: ReservationId,
        claim: Claim,
    ) -> Reserved<'a, ()> {
        Box::pin(async move {
            Self::amend(self, principal, id, claim).await?;
            Ok(())
        })
    }

    fn release<'a>(&'a self, principal: &'a Principal, id: ReservationId) -> Reserved<'a, ()> {
        Box::pin(async move {
            Self::release(self, principal, id).await?;
            Ok(())
        })
    }
}
