//! The machine of partners, over all pairs.

use sof::partner::PartnerEvent::{self, CheckFailed, CheckPassed, Resume, Retire, Suspend};
use sof::partner::PartnerState::{self, Active, Candidate, Failing, Retired, Suspended};
use sof::partner::{Check, Conformance, PARTNER};

/// What MEF 55.0.1 §10.1 and docs/sof.md want of every pair, told a second time and otherwise: by rules.
fn expected(state: PartnerState, event: PartnerEvent) -> Option<PartnerState> {
    match (state, event) {
        (Retired, _) => None,
        (_, Retire) => Some(Retired),
        (Candidate | Failing, CheckPassed) => Some(Active),
        (Candidate | Failing, CheckFailed) => Some(Failing),
        (Active | Suspended, CheckPassed | CheckFailed) => Some(state),
        (Active, Suspend) => Some(Suspended),
        (Suspended, Resume) => Some(Active),
        _ => None,
    }
}

#[test]
fn every_pair_of_state_and_event_is_as_the_rules_say() {
    for state in PartnerState::ALL {
        for event in PartnerEvent::ALL {
            let stepped = PARTNER.step(state, event);
            assert_eq!(stepped.ok(), expected(state, event), "{state:?} {event:?}");
            if let Err(illegal) = stepped {
                let text = illegal.to_string();
                assert!(
                    text.contains("partner") && text.contains(&format!("{state:?}")),
                    "{text}"
                );
            }
        }
        assert_eq!(PARTNER.is_final(state), state == Retired);
    }
    // No pair twice: the second would never be taken.
    for (at, (from, on, _)) in PARTNER.table.iter().enumerate() {
        let later = &PARTNER.table[at + 1..];
        assert!(
            !later
                .iter()
                .any(|(state, event, _)| (state, event) == (from, on)),
            "{from:?} {on:?}"
        );
    }
}

#[test]
fn a_partner_is_ordered_from_only_after_its_api_was_looked_at() {
    // From where it begins, without a check that passed, no way leads to where it is ordered from.
    let mut reached = vec![Candidate];
    let mut at = 0;
    while let Some(state) = reached.get(at).copied() {
        for event in PartnerEvent::ALL {
            if let Ok(next) = PARTNER.step(state, event)
                && event != CheckPassed
                && !reached.contains(&next)
            {
                reached.push(next);
            }
        }
        at += 1;
    }
    assert!(!reached.contains(&Active), "{reached:?}");
}

#[test]
fn one_fault_makes_a_look_a_failure() {
    let check = |fault: Option<&str>| Check {
        at: None,
        what: "GET".to_owned(),
        fault: fault.map(str::to_owned),
    };
    let mut seen = Conformance {
        checked: jiff::Timestamp::UNIX_EPOCH,
        checks: vec![check(None), check(None)],
    };
    assert_eq!(seen.event(), CheckPassed);
    seen.checks.push(check(Some("no")));
    assert_eq!(seen.event(), CheckFailed);
}
