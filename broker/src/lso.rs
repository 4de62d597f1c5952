//! The SOF at work: what it keeps, whom it talks to, what it serves. The rules are in the crate [`sof`].
//!
//! ```text
//!  http::mef ──order──▶ store ◀──saga──▶ orchestrator ──▶ partners (Interlude), own resources (Presto)
//!                         │                    ▲  engine, reservations
//!                         ▼                    └── notifications of partners: hints to look
//!                       outbox ──▶ subscribers
//! ```
//!
//! An order is taken when its batch is in the store. Everything else follows from what the store holds, so a restart
//! goes on where the work stood.
//!
//! | module | does |
//! |---|---|
//! | [`orders`] | taking orders |
//! | [`index`] | what lists of orders and services are found by |
//! | [`configuration`] | payloads, down to the rules of the engine |
//! | [`orchestrator`] | carries out what orders ask for |
//! | [`records`] | which record is in which table |
//! | [`partners`] | the partners' APIs, as the work needs them, and the partners' records |
//! | [`interlude`] | the client of partners' Interlude APIs |
//! | [`breaker`] | leaves alone who does not answer |
//! | [`presto`] | the domain's own resources |
//! | [`testing`] | tests of services that are done with them |
//! | [`subscriptions`] | who wants to be notified of what |
//! | [`outbox`] | notifications on their way, and those that were given up |
//! | [`callback`] | which addresses notifications may go to |

use std::sync::Arc;

use nffg::DomainId;
use sof::notification::Event;
use sof::order::OrderId;
use tokio::sync::mpsc;
use tracing::error;

use crate::store::queue::Queue;
use crate::store::{Batch, Store};
use index::{Indexed, Indexes};
use outbox::Notice;
use subscriptions::Subscriptions;

pub mod breaker;
pub mod callback;
pub mod configuration;
pub mod index;
pub mod interlude;
pub mod orchestrator;
pub mod orders;
pub mod outbox;
pub mod partners;
pub mod presto;
pub mod records;
pub mod subscriptions;
pub mod testing;

/// What the orchestrator is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wake {
    /// An order was taken.
    Order(OrderId),
    /// A partner says that something happened to an order of ours: worth a look, not more. The order is named as the
    /// partner names it.
    Hint {
        /// Who says so.
        partner: DomainId,
        /// Of which of its orders.
        order: OrderId,
    },
    /// A partner, or an agreement with it, changed: what waits for it may go on.
    Agreements(DomainId),
}

/// How many wakes may wait. What finds no room is not lost: the orchestrator looks at the store by itself, too.
const WAKES: usize = 1_024;

/// What the parts of the SOF share.
#[derive(Clone, Debug)]
pub struct Lso {
    /// What must not be lost. Orders and services are written through it, so that the index sees them.
    pub store: Arc<dyn Store>,
    /// Who wants to be notified.
    pub subscriptions: Arc<Subscriptions>,
    /// What lists are found by.
    pub index: Arc<Indexes>,
    wakes: mpsc::Sender<Wake>,
}

impl Lso {
    /// The shared part, and what the orchestrator listens to.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> (Self, mpsc::Receiver<Wake>) {
        let (wakes, received) = mpsc::channel(WAKES);
        let index = Arc::new(Indexes::default());
        let lso = Self {
            store: Arc::new(Indexed::new(store, Arc::clone(&index))),
            index,
            subscriptions: Arc::default(),
            wakes,
        };
        (lso, received)
    }

    /// Tells the orchestrator, if there is room.
    pub fn wake(&self, wake: Wake) {
        // Without room, or after the end, the store tells all the same.
        let _ = self.wakes.try_send(wake);
    }

    /// Adds to a batch that everybody who subscribed to an event is told of it: kept with what the batch does, or not at
    /// all. Costs no read; what it does not know of are subscriptions that are made while the batch is on its way
    /// ([`subscriptions`]).
    pub fn notify(&self, batch: &mut Batch, event: &Event) {
        for subscription in self.subscriptions.of(event) {
            let notice = Notice::new(event.clone());
            // A notice is texts and numbers, which JSON always takes.
            if let Err(error) = Queue::OUTBOX.append(batch, &subscription.id, &notice) {
                error!(event = event.id, subscription = subscription.id, %error, "cannot keep a notification");
            }
        }
    }
}
