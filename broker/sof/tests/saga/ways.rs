//! Ways through the work, one rule each.

use jiff::Timestamp;
use sof::order::{Action, ItemState};
use sof::saga::{CallKind, Deployment, Effect, Event, Means, Phase, ReserveStep, Saga};
use sof::service::ServiceState;

use super::world::{LIMITS, Odds, World, domain, saga, segment};

/// The phases that the work has gone through, each once in a row.
fn phases(world: &World) -> Vec<String> {
    let events = world.events.iter();
    let mut phases: Vec<String> = events.map(|(_, phase, _)| format!("{phase:?}")).collect();
    phases.dedup();
    phases
}

fn added(world: &mut World, target: ServiceState) -> Saga {
    let new = saga(world, Action::Add, target, Deployment::default());
    world.run(new, None)
}

#[test]
fn add_goes_straight_to_an_active_service() {
    let mut world = World::new(1, Odds::default());
    let done = added(&mut world, ServiceState::Active);
    let way = [
        "Waiting",
        "Selecting",
        "Holding",
        "Ordering",
        "Activating",
        "Testing",
        "Confirming",
    ];
    assert_eq!(phases(&world), way);
    assert_eq!(
        (done.item_state(), done.service_state()),
        (ItemState::Completed, Some(ServiceState::Active))
    );
    let after = done.after.unwrap();
    assert!(after.active && !after.deployed.is_empty() && after.tries == 1);
}

#[test]
fn less_than_active_does_less() {
    let mut world = World::new(1, Odds::default());
    added(&mut world, ServiceState::Inactive);
    assert!(
        !phases(&world)
            .iter()
            .any(|phase| phase == "Activating" || phase == "Testing")
    );
    let mut world = World::new(1, Odds::default());
    let done = added(&mut world, ServiceState::Reserved);
    assert!(world.partners.is_empty() && world.reservations.len() == 1);
    assert_eq!(
        done.after.unwrap().segments.len(),
        done.plan.unwrap().segments.len()
    );
    let mut world = World::new(1, Odds::default());
    let done = added(&mut world, ServiceState::FeasibilityChecked);
    assert!(world.partners.is_empty() && world.reservations.is_empty());
    assert_eq!(done.after.unwrap().selection.as_deref(), Some("s"));
}

#[test]
fn a_partner_that_refuses_is_avoided_by_the_next_try() {
    let mut world = World::new(
        7,
        Odds {
            refuse: 1,
            ..Odds::default()
        },
    );
    let new = saga(
        &world,
        Action::Add,
        ServiceState::Active,
        Deployment::default(),
    );
    let plan = World::plan(&new, &[0], 10, false);
    world.choices.push_back(plan);
    // The first order is refused; then the world is good.
    let mut work = new;
    let effects = work.apply(Event::Begin(None), world.now, &LIMITS).unwrap();
    assert_eq!(effects.len(), 1);
    let done = world.run(
        saga(
            &world,
            Action::Add,
            ServiceState::Active,
            Deployment::default(),
        ),
        None,
    );
    assert!(
        done.reasons
            .iter()
            .any(|reason| reason.domain == Some(domain(0)) && reason.doing.contains("add"))
    );
    assert_eq!(done.phase, Phase::Failed);
    assert_eq!(done.attempts, 3);
    assert_eq!(done.termination_errors().len(), done.reasons.len());
    world.check(&done);
}

#[test]
fn without_an_agreement_the_item_waits_and_resumes() {
    let mut world = World::new(1, Odds::default());
    let mut work = saga(
        &world,
        Action::Add,
        ServiceState::Active,
        Deployment::default(),
    );
    let limits = &LIMITS;
    work.apply(Event::Begin(None), world.now, limits).unwrap();
    work.apply(Event::NoAgreement("D3".to_owned()), world.now, limits)
        .unwrap();
    assert_eq!(work.item_state(), ItemState::Pending);
    assert!(
        work.clone()
            .apply(Event::Tick, world.now, limits)
            .unwrap()
            .is_empty()
    );
    let effects = work.apply(Event::Agreements, world.now, limits).unwrap();
    assert_eq!(effects, [Effect::Choose]);
    // Patience has an end, counted from the first wait.
    work.apply(Event::NoPartner("D3".to_owned()), world.now, limits)
        .unwrap();
    assert_eq!(work.item_state(), ItemState::Held);
    world.now = world.now.saturating_add(limits.patience).unwrap();
    work.apply(Event::Tick, world.now, limits).unwrap();
    assert_eq!(work.item_state(), ItemState::Failed);
    assert!(work.reasons[0].reason.contains("D3"));
}

#[test]
fn a_modification_stays_on_its_chain_and_keeps_its_services() {
    let mut world = World::new(3, Odds::default());
    let before = added(&mut world, ServiceState::Active).after.unwrap();
    world.mbps = 20;
    let done = world.run(
        saga(&world, Action::Modify, ServiceState::Active, before.clone()),
        None,
    );
    let after = done.after.clone().unwrap();
    assert_eq!(after.reservation, before.reservation);
    for (old, new) in before.deployed.iter().zip(&after.deployed) {
        assert_eq!((&old.domain, &old.service), (&new.domain, &new.service));
        assert_ne!(old.segment, new.segment);
    }
    world.check(&done);
}

#[test]
fn what_a_modification_does_not_change_is_tested_and_not_ordered() {
    let mut world = World::new(3, Odds::default());
    let before = added(&mut world, ServiceState::Active).after.unwrap();
    let orders =
        |world: &World| -> usize { world.partners.values().map(|of| of.orders.len()).sum() };
    let ordered = orders(&world);
    world.events.clear();
    let done = world.run(
        saga(&world, Action::Modify, ServiceState::Active, before.clone()),
        None,
    );
    assert_eq!(orders(&world), ordered, "{:#?}", world.log());
    assert!(world.log().iter().any(|line| line.contains("/test")));
    assert_eq!(done.after.as_ref().unwrap().deployed, before.deployed);
    world.check(&done);
}

#[test]
fn a_modification_that_has_no_room_makes_the_new_chain_before_the_old_one_ends() {
    let mut world = World::new(3, Odds::default());
    let before = added(&mut world, ServiceState::Active).after.unwrap();
    world.odds.race = 1;
    let mut work = saga(&world, Action::Modify, ServiceState::Active, before.clone());
    work.not_in_place = true;
    world.odds.race = 0;
    world.mbps = 30;
    world.events.clear();
    let done = world.run(work, None);
    let after = done.after.clone().unwrap();
    assert_ne!(after.reservation, before.reservation);
    assert!(
        after
            .deployed
            .iter()
            .all(|new| before.deployed.iter().all(|old| old.service != new.service))
    );
    // No delete before the test was passed.
    let log = world.log();
    let at = |word: &str| log.iter().position(|line| line.contains(word));
    assert!(at("/delete") > at("/test"), "{log:#?}");
    world.check(&done);
}

#[test]
fn a_modification_that_fails_leaves_the_service_as_it_was() {
    let mut world = World::new(3, Odds::default());
    let before = added(&mut world, ServiceState::Active).after.unwrap();
    // Every test fails, the first time after the segments are modified already.
    (world.odds.test, world.mbps) = (1, 40);
    let done = world.run(
        saga(&world, Action::Modify, ServiceState::Active, before.clone()),
        None,
    );
    assert_eq!(done.phase, Phase::Failed);
    assert_eq!(done.service_state(), None);
    let after = done.after.clone().unwrap();
    assert_eq!(
        after,
        Deployment {
            tries: after.tries,
            ..before
        }
    );
    assert!(world.log().iter().any(|line| line.contains("/restore")));
    world.check(&done);
}

#[test]
fn a_silent_partner_does_not_hold_up_the_end_for_ever_and_is_cleaned_up_later() {
    let mut world = World::new(
        5,
        Odds {
            hang: 1,
            ..Odds::default()
        },
    );
    let done = added(&mut world, ServiceState::Active);
    assert_eq!(done.phase, Phase::Failed);
    assert!(
        done.reasons
            .iter()
            .all(|reason| reason.reason.contains("not done in time"))
    );
    // What hung came to its end when the world got better, and was deleted then.
    world.check(&done);
}

#[test]
fn what_was_done_while_nobody_listened_is_not_silent() {
    let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    let late = now.saturating_add(LIMITS.order * 2).unwrap();
    let world = World::new(1, Odds::default());
    let mut work = saga(
        &world,
        Action::Add,
        ServiceState::Active,
        Deployment::default(),
    );
    work.apply(Event::Begin(None), now, &LIMITS).unwrap();
    let plan = World::plan(&work, &[1], 10, false);
    work.apply(plan, now, &LIMITS).unwrap();
    let held = Event::Reserved {
        id: "svc.1".to_owned(),
        step: ReserveStep::Hold,
        until: None,
    };
    work.apply(held, now, &LIMITS).unwrap();
    assert_eq!(work.phase, Phase::Ordering);
    // The process ends, and begins again when the order's time is over.
    let mut again = work.clone();
    let effects = again.resume(late, &LIMITS);
    assert_eq!(again.phase, Phase::Ordering);
    let finds =
        |effect: &Effect| matches!(effect, Effect::Call { what, .. } if *what == CallKind::Find);
    assert!(effects.iter().any(finds), "{effects:?}");
    let later = late.saturating_add(LIMITS.under_way * 2).unwrap();
    again.apply(Event::Tick, later, &LIMITS).unwrap();
    assert_eq!(again.phase, Phase::Compensating);
}

#[test]
fn what_is_activated_and_whose_test_is_never_answered_is_taken_back() {
    let mut world = World::new(
        5,
        Odds {
            mute: 1,
            ..Odds::default()
        },
    );
    let done = added(&mut world, ServiceState::Active);
    assert_eq!(done.phase, Phase::Failed);
    assert!(done.reasons.iter().all(|of| of.doing.contains("test")));
    assert!(world.log().iter().any(|line| line.contains("/delete")));
    world.check(&done);
}

#[test]
fn a_segment_is_done_on_the_own_resources() {
    let mut world = World::new(1, Odds::default());
    let own = |target, action, before| {
        let mut work = saga(&World::new(1, Odds::default()), action, target, before);
        work.means = Means::Own;
        work
    };
    let done = world.run(
        own(ServiceState::Active, Action::Add, Deployment::default()),
        Some(segment(0, 10)),
    );
    assert_eq!(done.phase, Phase::Completed);
    let after = done.after.unwrap();
    assert_eq!(world.partners[&domain(0)].services.len(), 1);
    let done = world.run(own(ServiceState::Terminated, Action::Delete, after), None);
    assert_eq!(done.phase, Phase::Completed);
    assert!(world.partners[&domain(0)].services.is_empty() && world.reservations.is_empty());
    let done = world.run(
        own(ServiceState::Reserved, Action::Add, Deployment::default()),
        Some(segment(0, 10)),
    );
    assert_eq!(done.item_state(), ItemState::Failed);
    // Who ordered it is told no number of an attempt, since there is one.
    let errors = done.termination_errors();
    assert!(errors[0].value.starts_with("beginning: a segment is"));
}

#[test]
fn the_end_of_a_service_that_was_only_designed_needs_nobody() {
    let mut world = World::new(1, Odds::default());
    let done = world.run(
        saga(
            &world,
            Action::Delete,
            ServiceState::Terminated,
            Deployment::default(),
        ),
        None,
    );
    assert_eq!(done.service_state(), Some(ServiceState::Terminated));
    assert_eq!(world.events.len(), 1);
}
