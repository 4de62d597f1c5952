//! What calls to partners came to, and which partners are left alone. Labels are domains of records and words of
//! closed lists.

use nffg::DomainId;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Word;
use crate::lso::breaker::Circuit;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    partner: String,
    operation: Word,
    outcome: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CircuitLabels {
    partner: String,
    state: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    outcome: Word,
}

/// Metrics of the southbound side.
#[derive(Debug, Default)]
pub struct PartnerMetrics {
    calls: Family<CallLabels, Counter>,
    circuit: Family<CircuitLabels, Gauge>,
    events: Family<EventLabels, Counter>,
}

impl PartnerMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let new = Self::default();
        registry.register(
            "partner_calls",
            "Calls to partners, by what they came to",
            new.calls.clone(),
        );
        registry.register(
            "partner_circuit",
            "Whether calls to a partner go through; 1 for the state that it is in",
            new.circuit.clone(),
        );
        registry.register(
            "partner_events",
            "Notifications of partners, by what became of them",
            new.events.clone(),
        );
        new
    }

    /// A call ended.
    pub fn call(&self, partner: &DomainId, operation: &'static str, outcome: &'static str) {
        let labels = CallLabels {
            partner: partner.to_string(),
            operation: Word(operation),
            outcome: Word(outcome),
        };
        self.calls.get_or_create(&labels).inc();
    }

    /// A circuit is in a state.
    pub fn circuit(&self, partner: &DomainId, now: Circuit) {
        for each in Circuit::ALL {
            let labels = CircuitLabels {
                partner: partner.to_string(),
                state: Word(each.as_str()),
            };
            let gauge = self.circuit.get_or_create(&labels);
            gauge.set(i64::from(each == now));
        }
    }

    /// A notification came.
    pub fn event(&self, outcome: &'static str) {
        let labels = EventLabels {
            outcome: Word(outcome),
        };
        self.events.get_or_create(&labels).inc();
    }

    /// A partner is called no more.
    pub fn forget(&self, partner: &DomainId) {
        for each in Circuit::ALL {
            self.circuit.remove(&CircuitLabels {
                partner: partner.to_string(),
                state: Word(each.as_str()),
            });
        }
    }
}
