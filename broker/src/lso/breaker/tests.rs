use proptest::prelude::*;

use super::*;

const POLICY: Policy = Policy {
    failures: 3,
    open: Duration::from_secs(5),
    longest: Duration::from_secs(15),
};

fn start() -> Instant {
    crate::clock::instant()
}

fn after(start: Instant, seconds: u64) -> Instant {
    start + Duration::from_secs(seconds)
}

#[test]
fn every_pair_of_circuit_and_event_is_as_the_rules_say() {
    for circuit in Circuit::ALL {
        for event in CircuitEvent::ALL {
            let expected = match (circuit, event) {
                // Time passes where something waits for it.
                (Circuit::Open, CircuitEvent::Timer) => Some(Circuit::HalfOpen),
                (_, CircuitEvent::Timer) => None,
                // What is open stays open, whatever late calls bring.
                (Circuit::Open, _) => Some(Circuit::Open),
                (_, CircuitEvent::LastFailure) => Some(Circuit::Open),
                (Circuit::HalfOpen, CircuitEvent::Failure) => Some(Circuit::Open),
                (Circuit::Closed, CircuitEvent::Failure) | (_, CircuitEvent::Success) => {
                    Some(Circuit::Closed)
                }
            };
            assert_eq!(
                CIRCUIT.step(circuit, event).ok(),
                expected,
                "{circuit:?} {event:?}"
            );
        }
        assert!(!CIRCUIT.is_final(circuit));
    }
}

fn opened(now: Instant) -> Breaker {
    let mut breaker = Breaker::new(POLICY);
    for _ in 0..POLICY.failures {
        assert_eq!(breaker.circuit(), Circuit::Closed);
        let call = breaker.admit(now).unwrap();
        breaker.failed(call, now);
    }
    assert_eq!(breaker.circuit(), Circuit::Open);
    breaker
}

#[test]
fn so_many_failures_in_a_row_open_it_and_a_success_between_them_does_not() {
    let now = start();
    let mut breaker = Breaker::new(POLICY);
    for _ in 0..10 {
        for _ in 0..2 {
            let call = breaker.admit(now).unwrap();
            breaker.failed(call, now);
        }
        let call = breaker.admit(now).unwrap();
        breaker.succeeded(call, now);
    }
    assert_eq!(breaker.circuit(), Circuit::Closed);
    assert_eq!(opened(now).admit(now), Err(POLICY.open));
}

#[test]
fn after_its_time_one_call_is_let_through_and_closes_it() {
    let now = start();
    let mut breaker = opened(now);
    assert_eq!(breaker.admit(after(now, 4)), Err(Duration::from_secs(1)));
    let call = breaker.admit(after(now, 5)).unwrap();
    assert_eq!(breaker.circuit(), Circuit::HalfOpen);
    breaker.admit(after(now, 5)).unwrap_err();
    breaker.succeeded(call, after(now, 5));
    assert_eq!(breaker.circuit(), Circuit::Closed);
    breaker.admit(after(now, 5)).unwrap();
    let counts = breaker.counts();
    assert_eq!((counts.opened, counts.refused), (1, 2));
}

#[test]
fn a_call_that_fails_again_opens_it_for_twice_as_long_up_to_a_bound() {
    let mut now = start();
    let mut breaker = opened(now);
    for seconds in [5, 10, 15, 15] {
        breaker.admit(after(now, seconds - 1)).unwrap_err();
        now = after(now, seconds);
        let call = breaker.admit(now).unwrap();
        breaker.failed(call, now);
        assert_eq!(breaker.circuit(), Circuit::Open);
    }
    // Once it has been closed, it begins from the first time.
    now = after(now, 15);
    let call = breaker.admit(now).unwrap();
    breaker.succeeded(call, now);
    for _ in 0..3 {
        let call = breaker.admit(now).unwrap();
        breaker.failed(call, now);
    }
    assert_eq!(breaker.admit(now), Err(POLICY.open));
}

#[test]
fn a_late_answer_of_a_call_from_before_changes_nothing() {
    let now = start();
    let mut breaker = Breaker::new(POLICY);
    let early = breaker.admit(now).unwrap();
    for _ in 0..3 {
        let call = breaker.admit(now).unwrap();
        breaker.failed(call, now);
    }
    breaker.succeeded(early, now);
    assert_eq!(breaker.circuit(), Circuit::Open);
    let tried = breaker.admit(after(now, 5)).unwrap();
    breaker.failed(early, after(now, 5));
    assert_eq!(breaker.circuit(), Circuit::HalfOpen);
    breaker.succeeded(tried, after(now, 5));
    assert_eq!(breaker.circuit(), Circuit::Closed);
}

#[test]
fn a_trying_call_that_is_given_up_leaves_room_for_another() {
    let now = start();
    let mut breaker = opened(now);
    let tried = breaker.admit(after(now, 5)).unwrap();
    breaker.admit(after(now, 6)).unwrap_err();
    breaker.abandoned(tried);
    breaker.admit(after(now, 6)).unwrap();
}

proptest! {
    /// Whatever happens, a partner that answers again is called again in the end.
    #[test]
    fn a_partner_that_answers_again_is_called_again(steps in prop::collection::vec((0..4_u8, 0..20_u64), 0..60)) {
        let mut now = start();
        let mut breaker = Breaker::new(POLICY);
        let mut under_way = Vec::new();
        for (step, seconds) in steps {
            now = after(now, seconds);
            let call = (!under_way.is_empty()).then(|| under_way.remove(0));
            match (step, call) {
                (0, Some(call)) => breaker.succeeded(call, now),
                (1, Some(call)) => breaker.failed(call, now),
                (2, Some(call)) => breaker.abandoned(call),
                (_, call) => {
                    under_way.extend(call);
                    under_way.extend(breaker.admit(now).ok());
                }
            }
            prop_assert_eq!(breaker.until.is_some(), breaker.circuit() == Circuit::Open);
        }
        for call in under_way {
            breaker.abandoned(call);
        }
        let call = breaker.admit(after(now, 15));
        prop_assert!(call.is_ok());
        if let Ok(call) = call {
            breaker.succeeded(call, after(now, 15));
        }
        prop_assert_eq!(breaker.circuit(), Circuit::Closed);
    }
}
