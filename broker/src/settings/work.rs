//! How orders are carried out.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use sof::saga::Limits;
use sof::selection::{Rules, Weights};

use super::RulesEntry;

/// How orders are carried out.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Work {
    /// Chains that a choice is made from.
    pub candidates: usize,
    /// Chains that are tried for one order item.
    pub attempts: u32,
    /// How long a partner may take for one order.
    #[serde(with = "humantime_serde")]
    pub order_deadline: Duration,
    /// How long a test may take.
    #[serde(with = "humantime_serde")]
    pub test_deadline: Duration,
    /// How long an item waits for an agreement or a partner.
    #[serde(with = "humantime_serde")]
    pub patience: Duration,
    /// How often an item that waits looks again.
    #[serde(with = "humantime_serde")]
    pub look_again: Duration,
    /// The pause before an order at a partner is looked at first; doubled each time.
    #[serde(with = "humantime_serde")]
    pub poll_first: Duration,
    /// The longest such pause.
    #[serde(with = "humantime_serde")]
    pub poll_longest: Duration,
    /// How long a request whose answer was lost may still be under way at a partner.
    #[serde(with = "humantime_serde")]
    pub under_way: Duration,
    /// How long the end of an item waits for clean-up at partners.
    #[serde(with = "humantime_serde")]
    pub clean_up: Duration,
    /// How long capacity is held at a time.
    #[serde(with = "humantime_serde")]
    pub hold: Duration,
    /// Orders that are worked on at once.
    pub orders_at_once: usize,
    /// Calls to partners at once, those that wait for a test to end not counted; and as many changes of reservations.
    pub calls_at_once: usize,
    /// Calls to one partner at once; fewer than `calls_at_once`, so that no partner takes all places.
    pub calls_per_partner: usize,
    /// Searches for chains at once.
    pub searches_at_once: usize,
    /// Steps that one search may cost.
    pub search_work: u64,
    /// How long an order is claimed: after a crash nobody else takes it for so long.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// How often the store is looked at for orders of which nobody has told.
    #[serde(with = "humantime_serde")]
    pub look: Duration,
    /// At the end, for what partners are about to answer.
    #[serde(with = "humantime_serde")]
    pub grace: Duration,
    /// How long sagas and selections of a service are kept after its end.
    #[serde(with = "humantime_serde")]
    pub keep_for: Duration,
    /// Of how many services that have ended; the oldest make room.
    pub keep_ended: usize,
    /// What a partner did counts one half when it is so long ago.
    #[serde(with = "humantime_serde")]
    pub success_half_life: Duration,
    /// How much each measure of a chain counts.
    pub weights: Weights,
    /// The same for a kind of service, by the `serviceType` of the order.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub weights_of: BTreeMap<String, Weights>,
    /// What is ruled for services of which no other rules are.
    pub rules: RulesEntry,
    /// What is ruled for a kind of service, by the `serviceType` of the order, instead of `rules`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rules_of: BTreeMap<String, RulesEntry>,
}

impl Default for Work {
    fn default() -> Self {
        let limits = Limits::default();
        let of = |time: SignedDuration| Duration::try_from(time).unwrap_or_default();
        Self {
            candidates: 10,
            attempts: limits.attempts,
            order_deadline: of(limits.order),
            test_deadline: of(limits.test),
            patience: of(limits.patience),
            look_again: of(limits.look_again),
            poll_first: of(limits.poll_first),
            poll_longest: of(limits.poll_longest),
            under_way: of(limits.under_way),
            clean_up: of(limits.clean_up),
            hold: of(limits.hold),
            // A task is a saga in memory and a timer.
            orders_at_once: 1_024,
            calls_at_once: 256,
            // As many as there are on one line (sof.interlude.in_flight).
            calls_per_partner: 16,
            searches_at_once: 2,
            search_work: 10_000_000,
            lease: Duration::from_secs(10),
            // It reads all orders; wake-ups tell of new ones at once.
            look: Duration::from_secs(60),
            grace: Duration::from_secs(3),
            // Somebody asks why within a quarter, or not at all.
            keep_for: Duration::from_secs(90 * 86_400),
            keep_ended: 100_000,
            // A bad week is forgiven in a quarter, a bad day in a month.
            success_half_life: Duration::from_secs(30 * 86_400),
            weights: Weights::default(),
            weights_of: BTreeMap::new(),
            rules: RulesEntry::default(),
            rules_of: BTreeMap::new(),
        }
    }
}

impl Work {
    /// The limits for the sagas.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let of = |time: Duration| SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        Limits {
            attempts: self.attempts,
            order: of(self.order_deadline),
            test: of(self.test_deadline),
            patience: of(self.patience),
            look_again: of(self.look_again),
            poll_first: of(self.poll_first),
            poll_longest: of(self.poll_longest),
            under_way: of(self.under_way),
            clean_up: of(self.clean_up),
            hold: of(self.hold),
        }
    }

    /// How much each measure counts for a kind of service.
    #[must_use]
    pub fn weights(&self, service_type: Option<&str>) -> Weights {
        let own = service_type.and_then(|kind| self.weights_of.get(kind));
        own.copied().unwrap_or(self.weights)
    }

    /// What is ruled for a kind of service.
    #[must_use]
    pub fn rules(&self, service_type: Option<&str>) -> Rules {
        let own = service_type.and_then(|kind| self.rules_of.get(kind));
        own.unwrap_or(&self.rules).rules()
    }

    /// The limits for the sagas of a kind of service.
    #[must_use]
    pub fn limits_of(&self, service_type: Option<&str>) -> Limits {
        let own = service_type.and_then(|kind| self.rules_of.get(kind));
        let attempts = own.unwrap_or(&self.rules).attempts;
        Limits {
            attempts: attempts.unwrap_or(self.attempts),
            ..self.limits()
        }
    }

    /// What makes no sense: the key, its value and the rule.
    pub(super) fn fault(&self) -> Option<(String, String, &'static str)> {
        let own = self
            .own_fault()
            .map(|(key, value, rule)| (key.to_owned(), value, rule));
        own.or_else(|| self.weights_fault()).or_else(|| {
            let of = self.rules_of.iter();
            let of = of.map(|(kind, rules)| (format!("sof.work.rules_of.{kind}"), rules));
            let mut all = of.chain([("sof.work.rules".to_owned(), &self.rules)]);
            all.find_map(|(section, rules)| {
                let (key, value, rule) = rules.fault()?;
                Some((format!("{section}.{key}"), value, rule))
            })
        })
    }

    fn own_fault(&self) -> Option<(&'static str, String, &'static str)> {
        let counts = [
            ("sof.work.candidates", self.candidates),
            ("sof.work.attempts", self.attempts as usize),
            ("sof.work.orders_at_once", self.orders_at_once),
            ("sof.work.calls_at_once", self.calls_at_once),
            ("sof.work.calls_per_partner", self.calls_per_partner),
            ("sof.work.searches_at_once", self.searches_at_once),
        ];
        if let Some((key, count)) = counts
            .into_iter()
            .find(|(_, count)| !(1..=100_000).contains(count))
        {
            return Some((key, count.to_string(), "must be from 1 to 100000"));
        }
        if self.calls_per_partner >= self.calls_at_once {
            return Some((
                "sof.work.calls_per_partner",
                self.calls_per_partner.to_string(),
                "must be less than sof.work.calls_at_once: one slow partner would take all places",
            ));
        }
        let times = [
            ("sof.work.poll_first", self.poll_first),
            ("sof.work.hold", self.hold),
            ("sof.work.lease", self.lease),
            ("sof.work.look", self.look),
            ("sof.work.look_again", self.look_again),
            ("sof.work.success_half_life", self.success_half_life),
        ];
        if let Some((key, time)) = times
            .into_iter()
            .find(|(_, time)| *time < Duration::from_millis(10))
        {
            return Some((key, format!("{time:?}"), "must be 10ms at least"));
        }
        None
    }

    fn weights_fault(&self) -> Option<(String, String, &'static str)> {
        let of = self.weights_of.iter();
        let of = of.map(|(kind, weights)| (format!("sof.work.weights_of.{kind}"), weights));
        let mut all = of.chain([("sof.work.weights".to_owned(), &self.weights)]);
        all.find_map(|(section, of)| {
            let is_odd = |weight: f64| !(0.0..=1e6).contains(&weight);
            let (name, odd) = of.named().into_iter().find(|(_, weight)| is_odd(*weight))?;
            let key = format!("{section}.{name}");
            Some((key, odd.to_string(), "must be from 0 to 1000000"))
        })
    }
}
