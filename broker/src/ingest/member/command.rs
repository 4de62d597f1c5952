//! What the member itself sends, over REST.

use std::sync::Arc;

use nffg::DomainId;

use super::{Heard, Member};
use crate::clock::Now;
use crate::ingest::Rules;
use crate::ingest::push::{Accepted, Command, Precondition, PushError, Pushed};
use crate::ingest::source::{Channel, Slot, Source, SourceKind};

impl Member {
    /// Carries out what the member wants; `Err` if that cannot be, and nothing has changed then.
    pub(in crate::ingest) fn command(
        &mut self,
        now: Now,
        domain: &DomainId,
        command: Command,
        precondition: &Precondition,
        rules: &Rules,
    ) -> Result<(Accepted, Heard), PushError> {
        let registered = self.registration.as_ref().map(|told| &told.version);
        if registered.is_none() && !matches!(command, Command::Register(_)) {
            return Err(PushError::NotRegistered(domain.clone()));
        }
        let current = match &command {
            Command::Put { slot, .. } | Command::Withdraw(slot) => {
                self.pushed.get(slot).map(|pushed| &pushed.status.version)
            }
            Command::Register(_) | Command::Heartbeat { .. } | Command::Leave => registered,
        };
        if !precondition.holds(current) {
            return Err(PushError::Precondition {
                current: current.cloned(),
            });
        }
        let created = current.is_none();
        let mut heard = Heard::default();
        let mut accepted = Accepted::default();
        match command {
            Command::Register(registration) => {
                heard.touched = self.registration.as_ref() != Some(&registration);
                accepted.created = created;
                accepted.version = Some(registration.version.clone());
                let timers = rules.times.of_lifetime(registration.lifetime);
                self.sources
                    .entry(SourceKind::Registration)
                    .or_insert_with(|| Source::new(registration.by.clone(), timers));
                self.registration = Some(registration);
            }
            Command::Put {
                slot,
                body,
                document,
            } => {
                accepted.created = created;
                let kind = SourceKind::Push(slot);
                let is_same = self.pushed.get(&slot).is_some_and(|pushed| {
                    let export = &document.export;
                    pushed.status.version == document.version
                        && (pushed.syntax, pushed.status.format) == (export.syntax, export.format)
                });
                let place = document.by.clone().unwrap_or_default();
                let syntax = document.export.syntax;
                if !is_same {
                    self.take(now, domain, &kind, *document, rules)
                        .map_err(PushError::Refused)?;
                    heard.touched = true;
                    if let Some(told) = self.documents.get(&kind) {
                        let status = Arc::clone(&told.status);
                        let pushed = Pushed {
                            body,
                            syntax,
                            status,
                        };
                        self.pushed.insert(slot, Arc::new(pushed));
                    }
                }
                let timers = rules.times.timers;
                self.sources
                    .entry(kind)
                    .or_insert_with(|| Source::new(place, timers));
                accepted.document = self.pushed.get(&slot).map(|p| Arc::clone(&p.status));
                accepted.version = accepted.document.as_ref().map(|d| d.version.clone());
            }
            Command::Withdraw(slot) => {
                if self.pushed.remove(&slot).is_none() {
                    let domain = domain.clone();
                    return Err(PushError::NoDocument { domain, slot });
                }
                heard.touched = self.drop_source(&SourceKind::Push(slot));
            }
            Command::Heartbeat { lifetime } => {
                if let (Some(told), Some(lifetime)) = (&mut self.registration, lifetime) {
                    told.lifetime = lifetime;
                }
            }
            Command::Leave => {
                self.registration = None;
                self.pushed.clear();
                for kind in [SourceKind::Registration]
                    .into_iter()
                    .chain(Slot::ALL.map(SourceKind::Push))
                {
                    heard.touched |= self.drop_source(&kind);
                }
            }
        }
        accepted.lifetime = self.registration.as_ref().map(|told| told.lifetime);
        self.heard_from_member(now, rules, &mut heard);
        Ok((accepted, heard))
    }

    /// Whatever the member sends says that it is alive, for all that it has pushed.
    fn heard_from_member(&mut self, now: Now, rules: &Rules, heard: &mut Heard) {
        let Some(registration) = &self.registration else {
            return;
        };
        let timers = rules.times.of_lifetime(registration.lifetime);
        for (kind, source) in &mut self.sources {
            if kind.channel() == Channel::Push {
                source.timers = timers;
                source.good(now);
                let step = source.step(|liveness| liveness.heard(now.instant));
                heard.touched |= step.is_some();
                heard.transition(kind, step);
            }
        }
    }

    /// A document that the member pushed, as it was sent.
    pub(in crate::ingest) fn pushed(&self) -> impl Iterator<Item = (Slot, &Arc<Pushed>)> {
        self.pushed.iter().map(|(slot, pushed)| (*slot, pushed))
    }
}
