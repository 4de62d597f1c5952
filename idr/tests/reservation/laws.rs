//! What holds under any interleaving.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use idr::reservation::{
    Answer, ChangeError, Claim, HoldError, Input, Ledger, Limits, LinkCapacity, Moment,
    Reservation, Used,
};
use proptest::prelude::*;

use crate::model::{Model, bound, excess, parts, told};
use crate::{World, at, bits, claim, id, link, ms, name, request, resources};

const LIMITS: Limits = Limits {
    longest_hold: std::time::Duration::from_millis(60),
    holds_per_holder: 3,
    holds: 4,
    reservations_per_holder: 4,
    reservations: 5,
    entries: 3,
};

/// AS1 tells everything, AS2 only memory in bytes, AS3 nothing; `AS3 AS1` tells no bandwidth.
fn world() -> World {
    World::new(
        &[
            ("AS1", "1.2 1.5GB 12"),
            ("AS2", "- 1GB -"),
            ("AS3", "- - -"),
        ],
        &[
            ("AS1:r AS2:s", Some(10)),
            ("AS2:s AS1:r", Some(5)),
            ("AS3 AS1", None),
        ],
    )
}

/// Tenths, which no binary fraction is.
fn any_claim() -> impl Strategy<Value = Claim> {
    let domain = prop_oneof![
        6 => Just("AS1"), 3 => Just("AS2"), 2 => Just("AS3"), 1 => Just("AS9")
    ];
    let key = prop_oneof![
        6 => Just("AS1:r AS2:s"), 3 => Just("AS2:s AS1:r"), 2 => Just("AS3 AS1"),
        1 => Just("AS2 AS1")
    ];
    let kind = prop::sample::select(vec![
        "0.T - -",
        "- 0.TGB -",
        "- 0.T -",
        "- - T",
        "0.T 0.TGB -",
        "- - -",
    ]);
    let demand = (domain, kind, 0_u8..10);
    let demands = prop::collection::vec(demand, 0..3);
    let carried = prop::collection::vec((key, 0_u64..6), 0..3);
    (demands, carried).prop_map(|(demands, carried)| {
        let mut claim = claim(&[], &carried);
        for (domain, kind, tenths) in demands {
            let text = kind.replace('T', &tenths.to_string());
            claim.add_demand(id(domain), &resources(&text)).unwrap();
        }
        claim
    })
}

fn any_input() -> impl Strategy<Value = Input> {
    let id = || (0_u8..8).prop_map(|n| name(&format!("r{n}")));
    // A reservation is mostly asked about by whom it belongs to.
    let holder = || prop::sample::select(vec!["a", "b"]).prop_map(str::to_owned);
    let lifetime = || prop_oneof![1 => Just(ms(0)), 9 => (1_u64..70).prop_map(ms)];
    let until = prop::option::of((0_u64..200).prop_map(at));
    let hold =
        (id(), holder(), lifetime(), any_claim()).prop_map(|(id, holder, lifetime, claim)| {
            request(
                id.as_str(),
                &holder,
                u64::try_from(lifetime.as_millis()).unwrap(),
                claim,
            )
        });
    let confirm = (id(), holder(), until);
    prop_oneof![
        8 => hold.prop_map(Input::Hold),
        4 => confirm.prop_map(|(id, holder, until)| Input::Confirm { id, holder, until }),
        2 => (id(), holder(), lifetime())
            .prop_map(|(id, holder, lifetime)| Input::Extend { id, holder, lifetime }),
        4 => (id(), holder(), any_claim())
            .prop_map(|(id, holder, claim)| Input::Amend { id, holder, claim }),
        2 => (id(), holder()).prop_map(|(id, holder)| Input::Release { id, holder }),
        1 => Just(Input::Expire),
    ]
}

/// Inputs with their moments. Mostly the clock goes on; now and then it goes back, or jumps.
fn any_history(steps: std::ops::Range<i64>) -> impl Strategy<Value = Vec<(Moment, Input)>> {
    let history = prop::collection::vec((steps, any_input(), any::<bool>()), 0..60);
    history.prop_map(|inputs| {
        let mut now = 1_i64;
        let mut history: Vec<(Moment, Input)> = Vec::new();
        for (step, input, again) in inputs {
            now = (now + step).max(0);
            let moment = at(u64::try_from(now).unwrap());
            // An answer is lost now and then, and the same is said again.
            match history.last().cloned() {
                Some((_, last)) if again && step % 5 == 0 => history.push((moment, last)),
                _ => history.push((moment, input)),
            }
        }
        history
    })
}

fn backwards() -> std::ops::Range<i64> {
    -6..10
}

fn forwards() -> std::ops::Range<i64> {
    0..10
}

fn play(history: &[(Moment, Input)], world: &World) -> Ledger {
    let mut ledger = Ledger::new(LIMITS);
    for (now, input) in history {
        let _ = ledger.apply(*now, input.clone(), world);
    }
    ledger
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_ledger_says_what_a_list_of_reservations_says(history in any_history(backwards())) {
        let world = world();
        let mut ledger = Ledger::new(LIMITS);
        let mut model = Model { limits: LIMITS, ..Model::default() };
        for (now, input) in history {
            let before = ledger.snapshot();
            let answer = ledger.apply(now, input.clone(), &world);
            let expected = model.apply(now, input, &world);
            prop_assert_eq!(&answer, &expected);
            let sums = model.used();
            prop_assert_eq!(&told(&ledger), &sums);
            for (what, held) in &sums {
                let bound = bound(&world, what).unwrap();
                prop_assert!(bound.is_none_or(|bound| *held <= bound), "{:?}", what);
            }
            prop_assert_eq!(ledger.snapshot().overcommitted(&world), []);
            let mut live = model.live.clone();
            live.sort_by(|a, b| a.id.cmp(&b.id));
            let listed: Vec<_> = ledger.reservations(now).map(|one| (**one).clone()).collect();
            prop_assert_eq!(&listed, &live);
            let ends = live.iter().chain(&model.lapsed).filter_map(|one| one.state.until());
            prop_assert_eq!(ledger.next_deadline(), ends.min());
            // What a reader is told of a difference is the difference.
            let after = ledger.snapshot();
            let links = before.links().chain(after.links()).map(|(link, _)| link.clone());
            let other = links.filter(|link| before.of_link(link) != after.of_link(link));
            let other: BTreeSet<_> = other.collect();
            prop_assert_eq!(after.links_since(&before), other.into_iter().collect::<Vec<_>>());
        }
    }

    /// What there is changes at any time: what is held stays, and what is too much is told.
    #[test]
    fn what_was_promised_stays_when_capacity_goes(
        history in any_history(backwards()),
        shrink in prop::collection::vec((0_usize..60, 0_u8..4), 0..6),
    ) {
        let mut world = world();
        let mut ledger = Ledger::new(LIMITS);
        let mut model = Model { limits: LIMITS, ..Model::default() };
        for (step, (now, input)) in history.into_iter().enumerate() {
            for (_, how) in shrink.iter().filter(|(when, _)| *when == step) {
                match how {
                    0 => drop(world.domains.remove(&id("AS1"))),
                    1 => world.domains.extend(World::new(&[("AS1", "0.3 100MB 3")], &[]).domains),
                    2 => drop(world.links.remove(&link("AS1:r AS2:s"))),
                    _ => drop(world.links.insert(link("AS3 AS1"), LinkCapacity::Told(bits(1)))),
                }
            }
            let answer = ledger.apply(now, input.clone(), &world);
            prop_assert_eq!(answer, model.apply(now, input, &world));
            prop_assert_eq!(&told(&ledger), &model.used());
            let over: Vec<_> = ledger.snapshot().overcommitted(&world).iter().map(excess).collect();
            let expected: Vec<_> = model.overcommitted(&world).into_iter().collect();
            prop_assert_eq!(over, expected);
        }
    }

    #[test]
    fn releasing_all_leaves_nothing(history in any_history(backwards())) {
        let world = world();
        let mut ledger = play(&history, &world);
        ledger.expire(at(0));
        let all: Vec<Arc<Reservation>> = ledger.reservations(at(0)).cloned().collect();
        for one in all {
            ledger.release(at(0), &one.id, &one.holder).unwrap();
        }
        prop_assert_eq!(ledger, Ledger::new(LIMITS));
    }

    #[test]
    fn a_refusal_changes_nothing(history in any_history(forwards()), input in any_input()) {
        let world = world();
        let mut ledger = play(&history, &world);
        let now = history.last().map_or_else(|| at(0), |last| last.0);
        let (before, used) = (ledger.clone(), ledger.snapshot());
        if ledger.apply(now, input, &world).is_err() {
            prop_assert_eq!(&ledger, &before);
            prop_assert!(Arc::ptr_eq(&used, &ledger.snapshot()));
        }
    }

    /// As long as the clock goes on it does not matter when, how often and whether `expire` is called.
    #[test]
    fn expiring_early_or_late_gives_the_same_answers(
        history in any_history(forwards()),
        calls in prop::collection::vec((0_usize..60, 0_u64..10), 0..20),
    ) {
        let world = world();
        let (mut rare, mut often) = (Ledger::new(LIMITS), Ledger::new(LIMITS));
        let (mut rarely, mut oftentimes) = (Vec::new(), Vec::new());
        let mut last = at(0);
        for (step, (now, input)) in history.into_iter().enumerate() {
            for (_, early) in calls.iter().filter(|(when, _)| *when == step) {
                // At any moment between the last input and this.
                let between = now.as_unix_millis().saturating_sub(*early);
                oftentimes.extend(often.expire(at(between).max(last)));
            }
            last = now;
            match input {
                Input::Expire => oftentimes.extend(often.expire(now)),
                input => {
                    let answer = rare.apply(now, input.clone(), &world);
                    prop_assert_eq!(answer, often.apply(now, input, &world));
                    prop_assert_eq!(rare.snapshot(), often.snapshot());
                }
            }
        }
        rarely.extend(rare.expire(last));
        oftentimes.extend(often.expire(last));
        let key = |one: &Arc<Reservation>| (one.created, one.id.clone());
        rarely.sort_by_key(key);
        oftentimes.sort_by_key(key);
        prop_assert_eq!(rarely, oftentimes);
        prop_assert_eq!(rare, often);
    }

    /// Being woken exactly at the deadlines misses nothing: what lapses does so when it is over.
    #[test]
    fn the_deadlines_are_those_at_which_something_lapses(history in any_history(forwards())) {
        let world = world();
        let mut ledger = play(&history, &world);
        ledger.expire(history.last().map_or_else(|| at(0), |last| last.0));
        while let Some(deadline) = ledger.next_deadline() {
            let just_before = at(deadline.as_unix_millis() - 1);
            prop_assert_eq!(ledger.clone().expire(just_before), []);
            let lapsed = ledger.expire(deadline);
            prop_assert!(!lapsed.is_empty());
            prop_assert!(lapsed.iter().all(|one| one.state.until() == Some(deadline)));
            prop_assert!(lapsed.is_sorted_by(|a, b| a.id < b.id));
        }
        prop_assert!(ledger.reservations(at(u64::MAX)).all(|one| one.state.until().is_none()));
    }

    /// Holds that all fit, and what is done with each of them, commute: tenths added and taken in any
    /// order are the same sums.
    #[test]
    fn the_order_of_what_fits_does_not_matter(
        (claims, first, second) in prop::collection::vec((any_claim(), 0_u8..3), 1..8).prop_flat_map(
            |claims| {
                let order: Vec<usize> = (0..claims.len()).collect();
                (Just(claims), Just(order.clone()).prop_shuffle(), Just(order).prop_shuffle())
            },
        ),
    ) {
        let mut world = World::new(
            &[("AS1", "10 10GB 100"), ("AS2", "- 10GB -"), ("AS3", "- - -"), ("AS9", "- - -")],
            &[("AS1:r AS2:s", Some(100)), ("AS2:s AS1:r", Some(100)), ("AS3 AS1", None)],
        );
        world.links.insert(link("AS2 AS1"), LinkCapacity::Untold);
        let limits = Limits { longest_hold: LIMITS.longest_hold, ..Limits::default() };
        let run = |order: &[usize]| {
            let mut ledger = Ledger::new(limits);
            let hold = |at: usize| request(&format!("r{at}"), "a", 50, claims[at].0.clone());
            for one in order {
                ledger.hold(at(1), hold(*one), &world).unwrap();
            }
            for one in order {
                let id = name(&format!("r{one}"));
                match claims[*one].1 {
                    0 => drop(ledger.release(at(2), &id, "a").unwrap()),
                    1 => drop(ledger.confirm(at(2), &id, "a", None).unwrap()),
                    _ => drop(ledger.extend(at(2), &id, "a", ms(52)).unwrap()),
                }
            }
            ledger
        };
        let ledger = run(&first);
        prop_assert_eq!(&ledger, &run(&second));
        // As if what was given back had never been.
        let mut direct = Ledger::new(limits);
        for (place, (claim, what)) in claims.iter().enumerate() {
            if *what != 0 {
                let hold = request(&format!("r{place}"), "a", 50, claim.clone());
                direct.hold(at(1), hold, &world).unwrap();
            }
        }
        prop_assert_eq!(ledger.snapshot(), direct.snapshot());
    }

    #[test]
    fn a_ledger_comes_back_from_its_reservations(history in any_history(backwards())) {
        let world = world();
        let mut ledger = play(&history, &world);
        ledger.expire(at(0));
        let kept: Vec<_> = ledger.reservations(at(0)).rev_by_id();
        let restored = Ledger::restore(LIMITS, kept).unwrap();
        prop_assert_eq!(restored, ledger);
    }

    /// Through the wider claim one comes to the new one as an amendment does, and back to where it was.
    #[test]
    fn an_amendment_in_two_steps_is_one_or_none(
        history in any_history(forwards()),
        shrunk in any::<bool>(),
        which in 0_usize..5,
        claim in any_claim(),
    ) {
        let mut world = world();
        let mut ledger = play(&history, &world);
        let now = history.last().map_or_else(|| at(0), |last| last.0);
        if shrunk {
            world.domains.extend(World::new(&[("AS1", "0.3 100MB 3")], &[]).domains);
        }
        ledger.expire(now);
        let Some(known) = ledger.reservations(now).nth(which).cloned() else { return Ok(()) };
        let (id, holder) = (&known.id, known.holder.as_str());
        let (before, mut amended) = (ledger.clone(), ledger.clone());
        let answer = amended.amend(now, id, holder, &claim, &world);
        let widened = ledger.widen(now, id, holder, &claim, &world);
        match (answer, widened) {
            (Ok(_), Ok(both)) => {
                prop_assert!(both.claim.covers(&known.claim) && both.claim.covers(&claim));
                let mut undone = ledger.clone();
                undone.narrow(now, id, holder, Arc::clone(&known.claim), known.state).unwrap();
                prop_assert_eq!(undone, before);
                let new = Arc::new(claim.clone());
                ledger.narrow(now, id, holder, new, known.state).unwrap();
                prop_assert_eq!(&ledger, &amended);
                let beyond = Arc::new(known.claim.union(&claim));
                if *beyond != claim {
                    let wider = ledger.narrow(now, id, holder, beyond, known.state);
                    prop_assert_eq!(wider, Err(ChangeError::Wider { id: id.clone() }));
                    prop_assert_eq!(ledger, amended);
                }
            }
            (Err(answer), Err(widened)) => {
                prop_assert_eq!(answer, widened);
                prop_assert_eq!(ledger, before);
            }
            (answer, widened) => prop_assert!(false, "{:?} and {:?}", answer, widened),
        }
    }

    /// A reader keeps what it read.
    #[test]
    fn a_version_does_not_change(history in any_history(backwards())) {
        let world = world();
        let mut ledger = Ledger::new(LIMITS);
        let mut versions: Vec<(Arc<Used>, Used)> = Vec::new();
        for (now, input) in history {
            let _ = ledger.apply(now, input, &world);
            let version = ledger.snapshot();
            versions.push((Arc::clone(&version), (*version).clone()));
        }
        for (version, copy) in versions {
            prop_assert_eq!(&*version, &copy);
        }
    }
}

trait ReverseById {
    /// All of them, last name first.
    fn rev_by_id(self) -> Vec<Arc<Reservation>>;
}

impl<'a, I: Iterator<Item = &'a Arc<Reservation>>> ReverseById for I {
    fn rev_by_id(self) -> Vec<Arc<Reservation>> {
        let mut all: Vec<_> = self.cloned().collect();
        all.reverse();
        all
    }
}

/// Threads that ask at once: together they get what there is, and not one more.
#[test]
fn requests_at_once_never_overbook() {
    let world = World::new(&[("AS1", "10 - -")], &[("AS1:r AS2:s", Some(1000))]);
    let limits = Limits {
        holds_per_holder: 1000,
        ..Limits::default()
    };
    let ledger = Mutex::new(Ledger::new(limits));
    let granted = |thread: usize| {
        let mut granted = 0;
        for n in 0..60 {
            let wish = claim(&[("AS1", "0.1 - -")], &[("AS1:r AS2:s", 1)]);
            let hold = request(&format!("{thread}.{n}"), "a", 1000, wish);
            match ledger.lock().unwrap().hold(at(0), hold, &world) {
                Ok(_) => granted += 1,
                Err(HoldError::Short(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        granted
    };
    let sum: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|n| scope.spawn(move || granted(n))).collect();
        threads.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(sum, 100);
    let ledger = ledger.into_inner().unwrap();
    let whole = parts(&claim(&[("AS1", "10 - -")], &[("AS1:r AS2:s", 100)]));
    assert_eq!(told(&ledger), whole);
}

/// The answers of the law above are of every kind, or it would prove little.
#[test]
fn a_history_has_every_kind_of_answer() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let (mut runner, world) = (TestRunner::deterministic(), world());
    let mut kinds = BTreeSet::new();
    for _ in 0..200 {
        let tree = any_history(backwards()).new_tree(&mut runner).unwrap();
        let mut ledger = Ledger::new(LIMITS);
        for (now, input) in tree.current() {
            let text = match ledger.apply(now, input, &world) {
                Ok(Answer::Lapsed(lapsed)) if lapsed.is_empty() => "None lapsed".to_owned(),
                Ok(answer) => format!("{answer:?}"),
                Err(refusal) => format!("{refusal:?}")
                    .replace("Hold(", "")
                    .replace("Change(", ""),
            };
            let end = text.find([' ', '(', '{']).unwrap_or(text.len());
            kinds.insert(text[..end].to_owned());
        }
    }
    let all = [
        "Conflict",
        "EndIsPast",
        "Entries",
        "Holds",
        "HoldsOfHolder",
        "Illegal",
        "Lapsed",
        "Lifetime",
        "None",
        "NotHolder",
        "OtherEnd",
        "Released",
        "Reservation",
        "Reservations",
        "ReservationsOfHolder",
        "Short",
        "TooLong",
        "Unknown",
        "UnknownDomain",
        "UnknownLink",
    ];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), all);
}
