//! Calls to partners, and to the domain's own resources.

use jiff::SignedDuration;
use nffg::DomainId;
use sof::interlude::CallError;
use sof::partner::{Partner, PartnerState};
use sof::saga::{Answer, CallKind, Event, Part, Saga, Verb, body};
use sof::service::ServiceId;
use tracing::debug;

use super::Shared;
use crate::clock;
use crate::lso::presto::PrestoError;
use crate::lso::records::PARTNERS;

/// How much earlier than we noted it a partner's clock may say that it took an order.
const CLOCKS: SignedDuration = SignedDuration::from_mins(5);

impl Shared {
    /// Makes a call.
    pub(super) async fn call(
        &self,
        saga: &Saga,
        domain: &DomainId,
        call: String,
        what: CallKind,
    ) -> Event {
        let parts = saga.parts.iter().chain(&saga.cleanup);
        let mut parts =
            parts.filter(|part| part.domain == *domain && part.external_id(&saga.service) == call);
        let Some(part) = parts.next() else {
            return Event::Tick;
        };
        let answer = match what {
            CallKind::Apply => self.apply(&saga.service, part).await,
            CallKind::Test if part.means == sof::saga::Means::Own => {
                self.test_own(&saga.service, part).await
            }
            _ => match self.partner(domain).await {
                Ok(Some(partner)) => {
                    let is_left = saga.cleanup.iter().any(|left| std::ptr::eq(left, part));
                    if is_left && partner.state == PartnerState::Retired {
                        return Event::Gone(domain.clone());
                    }
                    self.ask(&partner, saga, part, &call, what).await
                }
                Ok(None) if saga.cleanup.iter().any(|left| std::ptr::eq(left, part)) => {
                    return Event::Gone(domain.clone());
                }
                Ok(None) => not_sent("it is no partner any more"),
                Err(why) => not_sent(&why),
            },
        };
        let word = match &answer {
            Answer::Order(_) | Answer::NoSuchOrder | Answer::Test(_) | Answer::Applied => {
                "answered"
            }
            Answer::Error(CallError::NotSent(_)) => "not-sent",
            Answer::Error(CallError::Unknown(_)) => "no-answer",
            Answer::Error(CallError::Refused { .. } | CallError::NotFound) => "refused",
            Answer::Error(CallError::Nonsense(_)) => "nonsense",
        };
        let kind = match what {
            CallKind::Order => "order",
            CallKind::Find => "find",
            CallKind::Look => "look",
            CallKind::Test => "test",
            CallKind::Apply => "apply",
        };
        self.tools.metrics.work_step(kind, word);
        debug!(order = %saga.order, item = %saga.item, %domain, call, what = kind, outcome = word, "sof: a call");
        Event::Answer {
            domain: domain.clone(),
            call,
            answer,
        }
    }

    async fn partner(&self, domain: &DomainId) -> Result<Option<Partner>, String> {
        let read = async {
            let snapshot = self.tools.lso.store.snapshot().await?;
            PARTNERS.get(snapshot.as_ref(), &domain.to_string()).await
        };
        match read.await {
            Ok(found) => Ok(found.map(|found| found.value)),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn ask(
        &self,
        partner: &Partner,
        saga: &Saga,
        part: &Part,
        call: &str,
        what: CallKind,
    ) -> Answer {
        let partners = &self.tools.partners;
        let now = clock::now().timestamp;
        let within = SignedDuration::try_from(self.settings.order_deadline);
        let outcome = match what {
            CallKind::Order => {
                let body = body(
                    &saga.service,
                    part,
                    now,
                    within.unwrap_or(SignedDuration::MAX),
                );
                partners.order(partner, &body).await.map(Answer::Order)
            }
            CallKind::Find => {
                let since = part.since.unwrap_or(now);
                let since = since.saturating_sub(CLOCKS).unwrap_or(since);
                let found = partners.find(partner, call, since).await;
                found.map(|found| found.map_or(Answer::NoSuchOrder, Answer::Order))
            }
            CallKind::Look => match &part.order {
                Some(order) => partners.look(partner, order).await.map(Answer::Order),
                None => Err(CallError::NotFound),
            },
            CallKind::Test | CallKind::Apply => match &part.service {
                Some(service) => partners.test(partner, service).await.map(Answer::Test),
                None => Err(CallError::NotFound),
            },
        };
        outcome.unwrap_or_else(Answer::Error)
    }

    async fn apply(&self, service: &ServiceId, part: &Part) -> Answer {
        let Some(presto) = &self.tools.presto else {
            return refused("this broker has no resources of its own (sof.presto)");
        };
        let (segment, active) = match part.verb {
            Verb::Delete => (None, false),
            Verb::Add => (Some(&part.segment), false),
            Verb::Restore => (part.previous.as_ref(), part.was_active),
            Verb::Modify | Verb::Activate | Verb::Test => (Some(&part.segment), part.active),
        };
        match presto.apply(service, segment, active).await {
            Ok(()) => Answer::Applied,
            Err(error) => of_presto(&error),
        }
    }

    async fn test_own(&self, service: &ServiceId, part: &Part) -> Answer {
        let Some(presto) = &self.tools.presto else {
            return refused("this broker has no resources of its own (sof.presto)");
        };
        match presto.test(service, &part.segment).await {
            Ok(outcome) => Answer::Test(outcome),
            Err(error) => of_presto(&error),
        }
    }
}

fn of_presto(error: &PrestoError) -> Answer {
    match error {
        PrestoError::Refused(why) => refused(why),
        PrestoError::Unavailable(why) => not_sent(why),
    }
}

fn not_sent(why: &str) -> Answer {
    Answer::Error(CallError::NotSent(why.to_owned()))
}

fn refused(why: &str) -> Answer {
    let fault = sof::mef::Fault {
        code: sof::mef::FaultCode::OtherIssue,
        property_path: None,
        reason: why.chars().take(sof::mef::Fault::MAX_REASON).collect(),
    };
    Answer::Error(CallError::Refused {
        status: 422,
        faults: vec![fault],
    })
}
