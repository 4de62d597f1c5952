//! The progress of an order as it happens: what is new since the last look, and a table of how things stand.

use std::collections::BTreeMap;

use crate::client::orders::{ItemProgress, PartProgress, Progress};
use crate::ctl::tables::{self, table};

/// What was seen of an order. A part of which nothing is told any more stays as it ended.
#[derive(Clone, Debug, Default)]
pub struct Board {
    order: String,
    state: String,
    items: BTreeMap<String, Item>,
}

#[derive(Clone, Debug, Default)]
struct Item {
    action: String,
    state: String,
    phase: String,
    waits_for: Option<String>,
    selection: Option<String>,
    attempts: u32,
    failures: Vec<String>,
    parts: BTreeMap<String, Part>,
    clean_up: BTreeMap<String, Part>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Part {
    doing: String,
    step: String,
    order: Option<String>,
    reason: Option<String>,
}

impl Part {
    fn of(told: &PartProgress) -> Self {
        // No call is at work on what stays as it is.
        let (doing, step) = match told.step.as_str() {
            "idle" => ("-", "unchanged"),
            step => (told.doing.as_str(), step),
        };
        Self {
            doing: doing.to_owned(),
            step: step.to_owned(),
            order: told.order.clone(),
            reason: told.reason.clone(),
        }
    }

    fn line(&self, domain: &str) -> String {
        let Self {
            doing,
            step,
            order,
            reason,
        } = self;
        let mut line = format!("  {domain:<8} {doing:<9} {step}");
        if let (Some(order), "accepted") = (order, step.as_str()) {
            line.push_str(&format!(" as order {order}"));
        }
        if let Some(reason) = reason {
            line.push_str(&format!(": {reason}"));
        }
        line
    }

    fn takes_back(&self) -> bool {
        ["delete", "restore"].contains(&self.doing.as_str())
    }
}

impl Board {
    /// Takes in how things stand; says what is new, a line each.
    pub fn update(&mut self, progress: &Progress) -> Vec<String> {
        let mut news = Vec::new();
        let are_many = progress.items.len() > 1;
        self.order.clone_from(&progress.order);
        for told in &progress.items {
            let item = self.items.entry(told.id.clone()).or_default();
            let prefix = match are_many {
                true => format!("item {}: ", told.id),
                false => String::new(),
            };
            let lines = item.update(told);
            news.extend(lines.into_iter().map(|line| format!("{prefix}{line}")));
        }
        if self.state != progress.state {
            self.state.clone_from(&progress.state);
            news.push(format!("order is {}", self.state));
        }
        news
    }

    /// How things stand.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!("order {}: {}\n", self.order, self.state);
        let mut drawn = table(
            tables::PLAIN,
            &["Item", "Phase", "Partner", "Doing", "Step", "Note"],
        );
        for (id, item) in &self.items {
            let phase = match item.phase.as_str() {
                "" => item.state.as_str(),
                phase => phase,
            };
            let mut names = [format!("{id} {}", item.action), phase.to_owned()];
            if item.attempts > 1 {
                names[1].push_str(&format!(", try {}", item.attempts));
            }
            let parts = item.parts.iter().map(|part| (part, ""));
            let clean_up = item.clean_up.iter().map(|part| (part, "clean-up "));
            let mut is_empty = true;
            for ((domain, part), kind) in parts.chain(clean_up) {
                let [item, phase] = std::mem::take(&mut names);
                drawn.add_row([
                    item,
                    phase,
                    domain.clone(),
                    format!("{kind}{}", part.doing),
                    part.step.clone(),
                    part.reason.clone().unwrap_or_default(),
                ]);
                is_empty = false;
            }
            if is_empty {
                let [item, phase] = names;
                drawn.add_row([item, phase]);
            }
        }
        text.push_str(&format!("{drawn}\n"));
        for item in self.items.values() {
            if let Some(why) = &item.waits_for {
                text.push_str(&format!("waits for {why}\n"));
            }
            for failure in &item.failures {
                text.push_str(&format!("{failure}\n"));
            }
        }
        text
    }
}

impl Item {
    fn update(&mut self, told: &ItemProgress) -> Vec<String> {
        let mut news = Vec::new();
        self.action.clone_from(&told.action);
        // What went wrong comes before what is done about it.
        for failure in told.reasons.iter().skip(self.failures.len()) {
            let whom = failure.domain.as_deref();
            let whom = whom.map_or_else(String::new, |domain| format!("{domain}, "));
            let line = format!(
                "failure in try {}: {whom}{}: {}",
                failure.attempt, failure.doing, failure.reason
            );
            news.push(format!("  {line}"));
            self.failures.push(line);
        }
        // One that began and ended between two looks is not seen here.
        let left = self.part_with(told);
        news.extend(left);
        let phase = told.phase.clone().unwrap_or_default();
        let is_new_try = told.selection.is_some() && told.selection != self.selection;
        if is_new_try || phase != self.phase {
            let mut line = match phase.as_str() {
                "" => told.state.clone(),
                phase => phase.to_owned(),
            };
            if is_new_try && let Some(selection) = &told.selection {
                line.push_str(&format!(" (selection {selection})"));
            }
            news.push(line);
        }
        if told.waits_for != self.waits_for
            && let Some(why) = &told.waits_for
        {
            news.push(format!("  waits for {why}"));
        }
        self.state.clone_from(&told.state);
        self.attempts = told.attempts;
        self.phase = phase;
        self.waits_for.clone_from(&told.waits_for);
        self.selection.clone_from(&told.selection);
        for (told, known) in [
            (&told.partners, &mut self.parts),
            (&told.clean_up, &mut self.clean_up),
        ] {
            for one in told {
                let part = Part::of(one);
                if known.get(&one.domain) != Some(&part) {
                    news.push(part.line(&one.domain));
                    known.insert(one.domain.clone(), part);
                }
            }
        }
        news
    }

    /// Of parts that are not told any more: what was taken back is done, and so is all of an item that is completed; of the
    /// others the failures tell.
    fn part_with(&mut self, told: &ItemProgress) -> Vec<String> {
        let mut news = Vec::new();
        let is_completed = told.state == "completed";
        for (told, known) in [
            (&told.partners, &mut self.parts),
            (&told.clean_up, &mut self.clean_up),
        ] {
            known.retain(|domain, part| {
                if told.iter().any(|one| one.domain == *domain) {
                    return true;
                }
                let is_done = part.takes_back() || is_completed;
                if is_done && !["done", "unchanged"].contains(&part.step.as_str()) {
                    "done".clone_into(&mut part.step);
                    part.reason = None;
                    news.push(part.line(domain));
                }
                is_done
            });
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn progress(state: &str, item: Value) -> Progress {
        let mut all = json!({"id": "1", "action": "add", "state": state});
        let members = all.as_object_mut().unwrap();
        members.extend(item.as_object().unwrap().clone());
        serde_json::from_value(json!({"order": "o", "state": state, "items": [all]})).unwrap()
    }

    #[test]
    fn each_step_is_told_once() {
        let mut board = Board::default();
        assert_eq!(
            board.update(&progress("acknowledged", json!({}))),
            ["order is acknowledged"]
        );
        let ordering = json!({
            "phase": "ordering", "attempts": 1, "selection": "s.1",
            "partners": [
                {"domain": "AS1", "doing": "add", "step": "intended"},
                {"domain": "AS2", "doing": "add", "step": "accepted", "order": "77"},
                {"domain": "AS3", "doing": "add", "step": "idle"},
            ],
        });
        let ordering = progress("inProgress", ordering);
        assert_eq!(
            board.update(&ordering),
            [
                "ordering (selection s.1)",
                "  AS1      add       intended",
                "  AS2      add       accepted as order 77",
                "  AS3      -         unchanged",
                "order is inProgress",
            ]
        );
        assert!(board.update(&ordering).is_empty());
        let completed = json!({"phase": "completed", "attempts": 1, "selection": "s.1"});
        assert_eq!(
            board.update(&progress("completed", completed)),
            [
                "  AS1      add       done",
                "  AS2      add       done",
                "completed",
                "order is completed",
            ]
        );
        // The table still has them.
        let table = board.table();
        assert!(table.starts_with("order o: completed\n"), "{table}");
        assert!(table.contains("| AS2     | add   | done"), "{table}");
    }

    #[test]
    fn a_try_that_breaks_is_told_with_what_is_taken_back() {
        let mut board = Board::default();
        let part = |domain: &str, doing: &str, step: &str| json!({"domain": domain, "doing": doing, "step": step});
        let ordering = json!({
            "phase": "ordering", "attempts": 1,
            "partners": [part("AS1", "add", "done"), part("AS2", "add", "accepted")],
        });
        board.update(&progress("inProgress", ordering));
        let reasons = json!([{"attempt": 1, "domain": "AS2", "doing": "to add its segment",
                              "reason": "refused: no room"}]);
        let compensating = json!({
            "phase": "compensating", "attempts": 1, "reasons": reasons,
            "partners": [part("AS1", "delete", "intended")],
        });
        assert_eq!(
            board.update(&progress("inProgress", compensating)),
            [
                "  failure in try 1: AS2, to add its segment: refused: no room",
                "compensating",
                "  AS1      delete    intended",
            ]
        );
        let failed = json!({"phase": "failed", "attempts": 1, "reasons": reasons});
        assert_eq!(
            board.update(&progress("failed", failed)),
            ["  AS1      delete    done", "failed", "order is failed"]
        );
        let table = board.table();
        assert!(!table.contains("| AS2"), "{table}");
        assert!(table.ends_with("refused: no room\n"), "{table}");
    }
}
