//! What partners do wrong, in proportions of a thousand, from a seed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

/// What becomes of a request for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum OnOrder {
    /// It is taken, and done.
    Nothing,
    /// 422.
    Refuses,
    /// It is taken, and fails.
    Fails,
    /// It is taken, and nothing more comes of it while times are bad.
    FallsSilent,
    /// The connection is reset, and nothing is taken.
    ResetsBefore,
    /// It is taken, and the connection is reset.
    ResetsAfter,
    /// It is taken, and half of the answer comes.
    HalfAnswers,
    /// It is not taken, and no answer comes.
    NeverAnswersBefore,
    /// It is taken, and no answer comes.
    NeverAnswersAfter,
    /// The answer comes twice.
    AnswersTwice,
    /// It is taken, and the answer is 500.
    ErrorAfter,
    /// 503, and nothing is taken.
    ErrorBefore,
    /// 429.
    TooMany,
    /// It is taken, and the answer is nonsense.
    Babbles,
    /// It is taken late.
    TakesItsTime,
}

const ON_ORDER: [(OnOrder, u32); 14] = [
    (OnOrder::Refuses, 15),
    (OnOrder::Fails, 15),
    (OnOrder::FallsSilent, 10),
    (OnOrder::ResetsBefore, 20),
    (OnOrder::ResetsAfter, 20),
    (OnOrder::HalfAnswers, 15),
    (OnOrder::NeverAnswersBefore, 10),
    (OnOrder::NeverAnswersAfter, 10),
    (OnOrder::AnswersTwice, 15),
    (OnOrder::ErrorAfter, 10),
    (OnOrder::ErrorBefore, 10),
    (OnOrder::TooMany, 10),
    (OnOrder::Babbles, 10),
    (OnOrder::TakesItsTime, 80),
];

/// What becomes of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum OnQuestion {
    /// It is answered.
    Nothing,
    /// The connection is reset.
    Resets,
    /// 500.
    Error,
    /// Something that is no JSON.
    Babbles,
    /// The answer comes twice.
    AnswersTwice,
    /// The answer comes late.
    TakesItsTime,
}

const ON_QUESTION: [(OnQuestion, u32); 5] = [
    (OnQuestion::Resets, 15),
    (OnQuestion::Error, 10),
    (OnQuestion::Babbles, 5),
    (OnQuestion::AnswersTwice, 10),
    (OnQuestion::TakesItsTime, 20),
];

/// What becomes of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum OnEvent {
    /// It is sent.
    Nothing,
    /// It is sent twice.
    Twice,
    /// It is sent late.
    Late,
    /// One of an earlier state comes behind it.
    OutOfOrder,
    /// It is lost.
    Lost,
    /// One of an order that there is not comes instead.
    OfNothing,
}

const ON_EVENT: [(OnEvent, u32); 5] = [
    (OnEvent::Twice, 100),
    (OnEvent::Late, 100),
    (OnEvent::OutOfOrder, 100),
    (OnEvent::Lost, 50),
    (OnEvent::OfNothing, 30),
];

/// Of a thousand tests that many do not pass.
const TESTS_FAIL: u32 = 10;

/// What was done wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Injected(Mutex<BTreeMap<String, usize>>);

impl Injected {
    fn counts(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.0.lock().unwrap()
    }

    pub(crate) fn count(&self, what: impl Into<String>) {
        *self.counts().entry(what.into()).or_default() += 1;
    }

    pub(crate) fn all(&self) -> BTreeMap<String, usize> {
        self.counts().clone()
    }

    /// What there is to be done wrong, and was not.
    pub(crate) fn missing(&self) -> Vec<String> {
        let orders = ON_ORDER.iter().map(|(fault, _)| order_name(*fault));
        let questions = ON_QUESTION.iter().map(|(fault, _)| question_name(*fault));
        let events = ON_EVENT.iter().map(|(fault, _)| event_name(*fault));
        let all = orders.chain(questions).chain(events);
        let counts = self.counts();
        all.filter(|name| !counts.contains_key(name)).collect()
    }
}

fn order_name(fault: OnOrder) -> String {
    format!("order: {fault:?}")
}

fn question_name(fault: OnQuestion) -> String {
    format!("question: {fault:?}")
}

fn event_name(fault: OnEvent) -> String {
    format!("event: {fault:?}")
}

/// One of these in its proportion, or none.
fn draw<T: Copy>(random: &mut fastrand::Rng, of: &[(T, u32)]) -> Option<T> {
    let mut at = random.u32(0..1_000);
    for (fault, share) in of {
        if at < *share {
            return Some(*fault);
        }
        at -= share;
    }
    None
}

/// Chance, until times are good.
#[derive(Debug)]
pub(crate) struct Chance {
    pub(crate) random: fastrand::Rng,
    pub(crate) is_bad: bool,
}

impl Chance {
    fn draw<T: Copy>(&mut self, of: &[(T, u32)]) -> Option<T> {
        if self.is_bad {
            draw(&mut self.random, of)
        } else {
            None
        }
    }

    pub(crate) fn on_order(&mut self, injected: &Injected) -> OnOrder {
        let fault = self.draw(&ON_ORDER);
        if let Some(fault) = fault {
            injected.count(order_name(fault));
        }
        fault.unwrap_or(OnOrder::Nothing)
    }

    pub(crate) fn on_question(&mut self, injected: &Injected) -> OnQuestion {
        let fault = self.draw(&ON_QUESTION);
        if let Some(fault) = fault {
            injected.count(question_name(fault));
        }
        fault.unwrap_or(OnQuestion::Nothing)
    }

    pub(crate) fn on_event(&mut self, injected: &Injected) -> OnEvent {
        let fault = self.draw(&ON_EVENT);
        if let Some(fault) = fault {
            injected.count(event_name(fault));
        }
        fault.unwrap_or(OnEvent::Nothing)
    }

    pub(crate) fn test_fails(&mut self, injected: &Injected) -> bool {
        let fails = self.draw(&[((), TESTS_FAIL)]).is_some();
        if fails {
            injected.count("test: fails");
        }
        fails
    }

    /// So many milliseconds.
    pub(crate) fn pause(&mut self, from: u64, to: u64) -> std::time::Duration {
        std::time::Duration::from_millis(self.random.u64(from..to))
    }
}
