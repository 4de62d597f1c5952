//! What tests measured, beside what was ordered.

use nffg::{Bandwidth, Delay};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sof::interlude::{MeasuredFlow, TestOutcome};
use sof::order::{Action, ItemState};
use sof::payload::Segment;
use sof::saga::{Deployment, Event, Plan, Saga, SegmentTest};
use sof::selection::{Crossing, DelayBound, Way};
use sof::service::ServiceState;

use super::world::{Odds, World, domain, saga, segment};

const MS: u64 = 1_000_000;

fn flow(link: &str, delay: Option<u64>, bandwidth: Option<u64>) -> MeasuredFlow {
    MeasuredFlow {
        link: link.to_owned(),
        delay,
        bandwidth,
    }
}

fn passed(delay: Option<u64>, flows: Vec<MeasuredFlow>) -> TestOutcome {
    TestOutcome {
        passed: true,
        delay,
        flows,
        detail: "all is well".to_owned(),
    }
}

/// Flows of links "1", "2", ... of 10 Mbit/s, which may take so long.
fn of(at: usize, bounds: &[Option<u64>]) -> Segment {
    let mut made = segment(at, 10);
    let first = made.flows.remove(0);
    made.flows = bounds
        .iter()
        .enumerate()
        .map(|(at, bound)| sof::payload::Flow {
            link: (at + 1).to_string(),
            max_delay: bound.map(Delay::from_nanos),
            ..first.clone()
        })
        .collect();
    made
}

fn failure(segment: &Segment, outcome: &TestOutcome) -> Option<String> {
    SegmentTest::new(segment, outcome).failure()
}

#[test]
fn a_test_that_passed_and_measured_more_than_was_ordered_has_not_passed_and_both_numbers_are_told()
{
    let ordered = of(1, &[Some(5 * MS), Some(8 * MS)]);
    let told = |first, second| passed(None, vec![flow("1", first, None), flow("2", second, None)]);
    assert_eq!(failure(&ordered, &told(Some(5 * MS), Some(8 * MS))), None);
    assert_eq!(failure(&ordered, &told(Some(5 * MS), None)), None);
    let why = failure(&ordered, &told(Some(5 * MS + 1), Some(9 * MS))).unwrap();
    for part in [
        "link 1",
        "5.000001 ms was measured",
        "5 ms was ordered",
        "link 2",
        "9 ms was measured",
        "8 ms was ordered",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
    // Of links that the segment does not have, nothing is believed.
    assert_eq!(
        failure(
            &ordered,
            &passed(None, vec![flow("9", Some(99 * MS), None)])
        ),
        None
    );
}

#[test]
fn too_little_bandwidth_has_not_passed() {
    let ordered = of(1, &[None]);
    let told = |bits| passed(None, vec![flow("1", None, Some(bits))]);
    assert_eq!(failure(&ordered, &told(10_000_000)), None);
    let why = failure(&ordered, &told(9_999_999)).unwrap();
    assert!(
        why.contains("10 Mbit/s was ordered") && why.contains("was measured"),
        "{why}"
    );
}

#[test]
fn without_the_delay_of_each_flow_the_sum_is_held_against_the_sum() {
    let ordered = of(1, &[Some(5 * MS), Some(8 * MS)]);
    assert_eq!(failure(&ordered, &passed(Some(13 * MS), Vec::new())), None);
    let why = failure(&ordered, &passed(Some(14 * MS), Vec::new())).unwrap();
    assert!(
        why.contains("14 ms was measured") && why.contains("13 ms was ordered"),
        "{why}"
    );
    // Where one of them may take any time, the sum says nothing; nor where nothing flows.
    let open = of(1, &[Some(5 * MS), None]);
    assert_eq!(failure(&open, &passed(Some(99 * MS), Vec::new())), None);
    assert_eq!(
        failure(&of(1, &[]), &passed(Some(99 * MS), Vec::new())),
        None
    );
}

#[test]
fn what_failed_keeps_its_own_reason_and_gets_the_numbers_beside() {
    let ordered = of(1, &[Some(MS)]);
    let mut outcome = passed(Some(2 * MS), Vec::new());
    outcome.passed = false;
    outcome.detail = "one in ten is lost".to_owned();
    let why = failure(&ordered, &outcome).unwrap();
    assert!(
        why.starts_with("one in ten is lost; ") && why.contains("2 ms was measured"),
        "{why}"
    );
    // Who says nothing of why has failed all the same, and that is said.
    outcome.detail.clear();
    outcome.delay = None;
    assert_eq!(
        failure(&ordered, &outcome).as_deref(),
        Some("it says that the test did not pass, and not why")
    );
}

proptest! {
    /// Passed is what says so and keeps each bound of which something was measured.
    #[test]
    fn law_a_segment_passes_if_and_only_if_it_says_so_and_keeps_what_was_ordered(
        each in vec((option::of(0..20_u64), option::of(0..20_u64), option::of(0..20_u64)), 1..5),
        says in any::<bool>(),
    ) {
        let bounds: Vec<Option<u64>> = each.iter().map(|(bound, _, _)| *bound).collect();
        let mut ordered = of(1, &bounds);
        for flow in &mut ordered.flows {
            flow.bandwidth = Some(Bandwidth::from_bits_per_second(10));
        }
        let flows = each.iter().enumerate().map(|(at, (_, delay, bits))| flow(&(at + 1).to_string(), *delay, *bits));
        let mut outcome = passed(None, flows.collect());
        outcome.passed = says;
        let keeps = each.iter().all(|(bound, delay, bits)| {
            delay.zip(*bound).is_none_or(|(delay, bound)| delay <= bound) && bits.is_none_or(|bits| bits >= 10)
        });
        prop_assert_eq!(failure(&ordered, &outcome).is_none(), says && keeps);
    }
}

/// Work on a service over D0 and D1 by links "1" and "2", with a border of 1 ms on the first, which together may take 10 ms.
fn two(world: &World) -> (Saga, Event) {
    let new = saga(
        world,
        Action::Add,
        ServiceState::Active,
        Deployment::default(),
    );
    let Event::Chosen(plan) = World::plan(&new, &[0, 1], 10, false) else {
        panic!("a plan");
    };
    let mut chain = plan.chain.clone().unwrap();
    let way = |link: &str, domains: &[usize], crossings: Vec<Crossing>| Way {
        link: link.to_owned(),
        domains: domains.iter().map(|at| domain(*at)).collect(),
        crossings,
        bandwidth_bps: None,
        delay_ns: 0,
    };
    let border = Crossing {
        from: domain(0),
        from_router: None,
        to: domain(1),
        to_router: None,
        nth: 0,
        delay_ns: MS,
    };
    chain.ways = vec![way("1", &[0, 1], vec![border]), way("2", &[1], Vec::new())];
    // Each part may take any time by itself.
    let plan = Plan {
        chain: Some(chain),
        segments: vec![of(0, &[None]), of(1, &[None, None])],
        bounds: vec![DelayBound {
            links: vec!["1".to_owned(), "2".to_owned()],
            max_delay_ns: 10 * MS,
        }],
        ..*plan
    };
    (new, Event::Chosen(Box::new(plan)))
}

fn worked(first: TestOutcome, second: TestOutcome) -> (World, Saga) {
    let mut world = World::new(1, Odds::default());
    let (new, plan) = two(&world);
    world.choices.push_back(plan);
    world.measured = [(domain(0), first), (domain(1), second)].into();
    let nothing = || Event::NothingFits {
        reason: "no other chain".to_owned(),
        selection: None,
    };
    world.choices.push_back(nothing());
    let done = world.run(new, None);
    (world, done)
}

#[test]
fn the_whole_is_held_against_the_end_to_end_bound_and_both_are_kept() {
    // 3 + 1 of the border + 6 are just what it may take.
    let each = |second| {
        let flows = vec![flow("1", Some(second), None), flow("2", Some(4 * MS), None)];
        worked(passed(Some(3 * MS), Vec::new()), passed(None, flows))
    };
    let (world, done) = each(2 * MS);
    assert_eq!(done.item_state(), ItemState::Completed);
    let tests = done.tests.clone().unwrap();
    assert_eq!((tests.attempt, tests.segments.len()), (1, 2));
    let [path] = tests.end_to_end.as_slice() else {
        panic!("{tests:?}");
    };
    assert_eq!((path.delay_ns, path.max_delay_ns), (Some(10 * MS), 10 * MS));
    world.check(&done);

    let (world, done) = each(2 * MS + 1);
    assert_eq!(done.item_state(), ItemState::Failed);
    let reason = &done.reasons[0];
    // D1 takes most of it.
    assert_eq!(reason.domain, Some(domain(1)));
    assert_eq!(reason.doing, "to test the service");
    for part in [
        "links 1, 2",
        "10.000001 ms was measured",
        "10 ms was ordered",
    ] {
        assert!(reason.reason.contains(part), "{part}: {}", reason.reason);
    }
    assert!(done.avoided.contains_key(&domain(1)));
    let path = &done.tests.as_ref().unwrap().end_to_end[0];
    assert_eq!(path.delay_ns, Some(10 * MS + 1));
    // All is taken back.
    world.check(&done);
}

#[test]
fn a_domain_that_measures_nothing_leaves_the_whole_unknown_and_does_not_fail_it() {
    let (_, done) = worked(passed(Some(99 * MS), Vec::new()), passed(None, Vec::new()));
    assert_eq!(done.item_state(), ItemState::Completed);
    let path = &done.tests.as_ref().unwrap().end_to_end[0];
    assert_eq!(path.delay_ns, None);
}

#[test]
fn a_part_that_measured_too_much_is_avoided_by_the_next_try_and_told_in_the_order() {
    let mut world = World::new(1, Odds::default());
    let new = saga(
        &world,
        Action::Add,
        ServiceState::Active,
        Deployment::default(),
    );
    let Event::Chosen(plan) = World::plan(&new, &[0], 10, false) else {
        panic!("a plan");
    };
    let slow = Plan {
        segments: vec![of(0, &[Some(5 * MS)])],
        ..*plan
    };
    world.choices.push_back(Event::Chosen(Box::new(slow)));
    world.measured = [(domain(0), passed(Some(6 * MS), Vec::new()))].into();
    let done = world.run(new, None);
    assert_eq!(
        done.item_state(),
        ItemState::Completed,
        "{:?}",
        done.reasons
    );
    assert_eq!(done.attempts, 2);
    let told = &done.termination_errors()[0].value;
    assert!(
        told.contains("D0, to test its segment")
            && told.contains("6 ms was measured, and 5 ms was ordered"),
        "{told}"
    );
    assert!(done.avoided.contains_key(&domain(0)));
    // What is kept is of the try that went well.
    assert_eq!(done.tests.as_ref().unwrap().attempt, 2);
    world.check(&done);
}
