//! Places for effects, so that who does not answer takes none from the others.
//!
//! A call waits for a place of its partner first, and for one of all places only then: calls that wait for a slow partner
//! hold nothing that another needs. What waits for a test to end holds no place; each exchange that it makes has its own on
//! the line to the partner ([`crate::lso::interlude`]).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use nffg::DomainId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::settings::Work;

/// Places for calls and for reservations.
#[derive(Debug)]
pub(super) struct Rooms {
    all: Semaphore,
    each: usize,
    of: Mutex<BTreeMap<DomainId, Arc<Semaphore>>>,
    reservations: Semaphore,
}

/// A place for a call; free when dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    _own: OwnedSemaphorePermit,
    _all: SemaphorePermit<'a>,
}

impl Rooms {
    pub(super) fn new(settings: &Work) -> Self {
        let places = |count: usize| count.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            all: Semaphore::new(places(settings.calls_at_once)),
            each: places(settings.calls_per_partner),
            of: Mutex::default(),
            reservations: Semaphore::new(places(settings.calls_at_once)),
        }
    }

    /// Waits for a place for a call to this domain. `None` after the end.
    pub(super) async fn call(&self, domain: &DomainId) -> Option<Place<'_>> {
        let own = self.of(domain).acquire_owned().await.ok()?;
        let all = self.all.acquire().await.ok()?;
        Some(Place {
            _own: own,
            _all: all,
        })
    }

    /// Waits for a place for a change of a reservation. `None` after the end.
    pub(super) async fn reserve(&self) -> Option<SemaphorePermit<'_>> {
        self.reservations.acquire().await.ok()
    }

    fn of(&self, domain: &DomainId) -> Arc<Semaphore> {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = of.get(domain) {
            return Arc::clone(known);
        }
        // Whoever has a place, or waits for one, has the room too: the others are empty.
        of.retain(|_, room| Arc::strong_count(room) > 1);
        let room = Arc::new(Semaphore::new(self.each));
        of.insert(domain.clone(), Arc::clone(&room));
        room
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rooms(all: usize, each: usize) -> Rooms {
        Rooms::new(&Work {
            calls_at_once: all,
            calls_per_partner: each,
            ..Work::default()
        })
    }

    fn domain(name: &str) -> DomainId {
        name.parse().unwrap()
    }

    async fn is_full(rooms: &Rooms, name: &str) -> bool {
        let name = domain(name);
        let place = rooms.call(&name);
        let soon = tokio::time::timeout(Duration::from_millis(20), place).await;
        soon.is_err()
    }

    #[tokio::test]
    async fn a_partner_takes_its_own_places_and_who_waits_for_them_no_others() {
        let rooms = rooms(4, 2);
        let (one, two) = (domain("AS1"), domain("AS2"));
        let held = [rooms.call(&one).await, rooms.call(&one).await];
        let mut waiting: Vec<_> = (0..8).map(|_| Box::pin(rooms.call(&one))).collect();
        for waiter in &mut waiting {
            let soon = tokio::time::timeout(Duration::from_millis(1), waiter.as_mut());
            assert!(soon.await.is_err());
        }
        let others = [rooms.call(&two).await, rooms.call(&two).await];
        assert!(others.iter().all(Option::is_some));
        // The bound of all holds, too.
        assert!(is_full(&rooms, "AS3").await);
        drop((waiting, held));
        assert!(!is_full(&rooms, "AS3").await);
    }

    #[tokio::test]
    async fn rooms_of_those_who_are_not_called_are_not_kept() {
        let rooms = rooms(8, 2);
        let held = rooms.call(&domain("held")).await;
        for at in 1..100 {
            drop(rooms.call(&domain(&format!("D{at}"))).await);
        }
        assert_eq!(rooms.of.lock().unwrap().len(), 2);
        drop(held);
    }
}
