//! The machines, over all pairs of state and event.

use std::collections::BTreeSet;

use sof::saga::{CALL, CallEvent, CallStep, Phase, PhaseEvent, SAGA};

#[test]
fn every_pair_of_a_saga_is_in_the_table_once_or_refused() {
    let mut steps = 0;
    for phase in Phase::ALL {
        for event in PhaseEvent::ALL {
            let rows: Vec<Phase> = SAGA
                .table
                .iter()
                .filter(|(from, on, _)| (*from, *on) == (phase, event))
                .map(|(_, _, to)| *to)
                .collect();
            assert!(rows.len() <= 1, "{phase:?} {event:?}: {rows:?}");
            assert_eq!(SAGA.step(phase, event).ok(), rows.first().copied());
            steps += rows.len();
        }
    }
    assert_eq!(steps, SAGA.table.len());
}

#[test]
fn every_pair_of_a_call_is_in_the_table_once_or_refused() {
    let mut steps = 0;
    for step in CallStep::ALL {
        for event in CallEvent::ALL {
            let rows: Vec<CallStep> = CALL
                .table
                .iter()
                .filter(|(from, on, _)| (*from, *on) == (step, event))
                .map(|(_, _, to)| *to)
                .collect();
            assert!(rows.len() <= 1, "{step:?} {event:?}: {rows:?}");
            assert_eq!(CALL.step(step, event).ok(), rows.first().copied());
            steps += rows.len();
        }
    }
    assert_eq!(steps, CALL.table.len());
}

/// The phases that can be reached from some.
fn reached(from: &[Phase]) -> BTreeSet<String> {
    let mut seen: Vec<Phase> = from.to_vec();
    let mut at = 0;
    while at < seen.len() {
        let here = seen[at];
        let next = SAGA.table.iter().filter(|(from, _, _)| *from == here);
        for (_, _, to) in next {
            if !seen.contains(to) {
                seen.push(*to);
            }
        }
        at += 1;
    }
    seen.iter().map(|phase| format!("{phase:?}")).collect()
}

#[test]
fn every_phase_can_be_reached_and_each_leads_to_an_end() {
    assert_eq!(reached(&[Phase::Waiting]).len(), Phase::ALL.len());
    for phase in Phase::ALL {
        let reached = reached(&[phase]);
        assert!(reached.contains("Completed") || reached.contains("Failed"));
        let is_end = matches!(phase, Phase::Completed | Phase::Failed);
        assert_eq!(SAGA.is_final(phase), is_end, "{phase:?}");
    }
}

/// Once the new state is sure there is no way back, and nothing fails without being taken back.
#[test]
fn what_was_begun_is_taken_back_before_it_fails() {
    assert!(!reached(&[Phase::Retiring]).contains("Failed"));
    for begun in [
        Phase::Holding,
        Phase::Ordering,
        Phase::Activating,
        Phase::Testing,
        Phase::Confirming,
    ] {
        let fails = SAGA
            .table
            .iter()
            .any(|(from, _, to)| *from == begun && *to == Phase::Failed);
        assert!(!fails, "{begun:?}");
    }
}

#[test]
fn an_order_that_may_have_been_sent_is_not_sent_again_without_a_look() {
    // From doubt back to the intent leads only the partner's word that it has no such order.
    let ways: Vec<CallEvent> = CALL
        .table
        .iter()
        .filter(|(from, _, to)| (*from, *to) == (CallStep::Doubtful, CallStep::Intended))
        .map(|(_, event, _)| *event)
        .collect();
    assert_eq!(ways, [CallEvent::NotThere]);
    for open in [CallStep::Intended, CallStep::Doubtful, CallStep::Accepted] {
        assert!(open.is_open() && CALL.step(open, CallEvent::Intend).is_err());
    }
}
