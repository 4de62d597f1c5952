//! Each rule of the ledger once, in words where it is told in words.

use std::sync::Arc;

use idr::reservation::{
    ChangeError, Claim, ClaimError, HoldError, Ledger, Limits, LinkCapacity, LinkKey, Phase,
    Reservation, ReservationId, RestoreError, State,
};
use nffg::{Quantity, Resources, Unit};

use crate::{World, at, bits, claim, id, link, ms, name, request, resources};

fn world() -> World {
    World::new(
        &[("AS1", "8 - 1TB"), ("AS2", "- 4GB -")],
        &[("AS1:r AS2:s", Some(10_000_000)), ("AS2 AS1", None)],
    )
}

/// A ledger in which `a` holds half of all until 1000.
fn half() -> Ledger {
    let mut ledger = Ledger::new(Limits {
        longest_hold: ms(1000),
        ..Limits::default()
    });
    let claim = claim(
        &[("AS1", "4 - 500GB"), ("AS2", "- 2GB -")],
        &[("AS1:r AS2:s", 5_000_000)],
    );
    let hold = request("half", "a", 1000, claim);
    ledger.hold(at(0), hold, &world()).unwrap();
    ledger
}

/// Holds for `b`; what is refused, in words.
fn refused(ledger: &mut Ledger, claim: Claim) -> String {
    let before = ledger.clone();
    let refused = ledger.hold(at(1), request("r", "b", 100, claim), &world());
    assert_eq!(*ledger, before);
    refused.unwrap_err().to_string()
}

#[test]
fn a_shortage_names_the_domain_the_kind_and_the_amounts() {
    let mut ledger = half();
    assert_eq!(
        refused(&mut ledger, claim(&[("AS1", "5 - -")], &[])),
        "not enough is left: AS1 has cpu 4.0 left of 8.0, asked for are 5.0"
    );
    assert_eq!(
        refused(&mut ledger, claim(&[("AS2", "- 2.5GB -")], &[])),
        "not enough is left: AS2 has mem 2.0 GB left of 4.0 GB, asked for are 2.5 GB"
    );
    assert_eq!(
        refused(&mut ledger, claim(&[], &[("AS1:r AS2:s", 5_000_001)])),
        "not enough is left: link AS1:r -> AS2:s has 5 Mbit/s left of 10 Mbit/s, \
         asked for are 5.000001 Mbit/s"
    );
}

#[test]
fn every_shortage_is_told_and_the_line_stays_short() {
    let all = claim(
        &[("AS1", "5 - 2TB"), ("AS2", "- 2.5GB -")],
        &[("AS1:r AS2:s", 6_000_000)],
    );
    let mut ledger = half();
    assert_eq!(
        refused(&mut ledger, all.clone()),
        "not enough is left: AS1 has cpu 4.0 left of 8.0, asked for are 5.0; \
         AS1 has storage 500.0 GB left of 1.0 TB, asked for are 2.0 TB; \
         AS2 has mem 2.0 GB left of 4.0 GB, asked for are 2.5 GB; and 1 more"
    );
    let error = ledger.hold(at(1), request("r", "b", 1, all), &world());
    let Err(HoldError::Short(list)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(list.as_slice().len(), 4);
}

#[test]
fn exactly_what_is_left_fits_and_then_nothing_does() {
    let mut ledger = half();
    let rest = claim(
        &[("AS1", "4 - 500GB"), ("AS2", "- 2GB -")],
        &[("AS1:r AS2:s", 5_000_000)],
    );
    let rest = request("rest", "b", 1, rest);
    ledger.hold(at(0), rest, &world()).unwrap();
    for too_much in [
        claim(&[("AS1", "0.000001 - -")], &[]),
        claim(&[("AS1", "- - 0.000001B")], &[]),
        claim(&[], &[("AS1:r AS2:s", 1)]),
    ] {
        let hold = request("more", "b", 1, too_much);
        assert!(matches!(
            ledger.hold(at(0), hold, &world()),
            Err(HoldError::Short(_))
        ));
    }
    // Nothing is always left.
    let nothing = claim(&[("AS1", "0 - -")], &[("AS1:r AS2:s", 0)]);
    let before = ledger.snapshot();
    ledger
        .hold(at(0), request("none", "b", 1, nothing), &world())
        .unwrap();
    assert_eq!(ledger.snapshot(), before);
}

#[test]
fn what_is_not_told_or_told_in_another_unit_has_no_bound() {
    let mut ledger = half();
    let untold = claim(
        &[("AS1", "4 1EB 1000000"), ("AS2", "1000000 4000000 1EB")],
        &[("AS2 AS1", u64::MAX)],
    );
    ledger
        .hold(at(0), request("big", "b", 1, untold.clone()), &world())
        .unwrap();
    // Of a link without a bound even more may be held than a bandwidth can say.
    ledger
        .release(at(0), &name("half"), "a")
        .expect("it is live");
    ledger
        .hold(at(0), request("again", "b", 1, untold), &world())
        .unwrap();
    let used = ledger.snapshot();
    assert_eq!(used.of_link(&link("AS2 AS1")), bits(u64::MAX));
    assert_eq!(
        used.of_domain(&id("AS1")).to_string(),
        "cpu 8.0, mem 2.0 EB, storage 2000000.0"
    );
    assert_eq!(used.overcommitted(&world()), []);
    ledger.release(at(0), &name("big"), "b").unwrap();
    ledger.release(at(0), &name("again"), "b").unwrap();
    assert!(ledger.snapshot().is_empty());
}

#[test]
fn a_domain_that_is_no_member_and_a_link_that_is_not_there_are_refused() {
    let mut ledger = half();
    // An NF that asks for nothing is placed there all the same.
    assert_eq!(
        refused(&mut ledger, claim(&[("AS9", "- - -")], &[])),
        "AS9 is no member of the federation"
    );
    let parallel = LinkKey {
        nth: 1,
        ..link("AS1:r AS2:s")
    };
    let mut second = Claim::default();
    second.add_bandwidth(parallel, bits(1)).unwrap();
    assert_eq!(
        refused(&mut ledger, second),
        "there is no link AS1:r -> AS2:s #1"
    );
}

#[test]
fn a_request_that_is_repeated_is_answered_with_the_same_reservation() {
    let mut ledger = half();
    let hold = request("r", "b", 500, claim(&[("AS1", "4 - -")], &[]));
    let first = ledger.hold(at(0), hold.clone(), &world()).unwrap();
    // Nothing is left, and it counts once.
    let again = ledger.hold(at(9), hold.clone(), &world()).unwrap();
    assert_eq!(first, again);
    assert_eq!(first.state, State::Held { until: at(500) });
    let extended = ledger.extend(at(9), &name("r"), "b", ms(600)).unwrap();
    let again = ledger.hold(at(10), hold.clone(), &world()).unwrap();
    assert_eq!(extended, again);
    let confirmed = ledger.confirm(at(11), &name("r"), "b", None).unwrap();
    let again = ledger.hold(at(12), hold.clone(), &world()).unwrap();
    assert_eq!(confirmed, again);
    assert_eq!(again.created, at(0));
    // Once it is over, the name is free.
    ledger.release(at(13), &name("r"), "b").unwrap();
    let new = ledger.hold(at(14), hold, &world()).unwrap();
    assert_eq!(new.created, at(14));
}

#[test]
fn a_name_is_for_one_request() {
    let mut ledger = half();
    let known = request("r", "b", 100, claim(&[("AS1", "1 - -")], &[]));
    ledger.hold(at(0), known.clone(), &world()).unwrap();
    let mut others = vec![known.clone(), known.clone(), known.clone()];
    others[0].holder = "c".to_owned();
    others[1].lifetime = ms(101);
    others[2].claim = claim(&[("AS1", "2 - -")], &[]);
    let before = ledger.clone();
    for other in others {
        let conflict = HoldError::Conflict { id: name("r") };
        assert_eq!(ledger.hold(at(1), other, &world()), Err(conflict));
    }
    assert_eq!(ledger, before);
    // The same content put together in another order is the same content.
    let parts = |order: &[&str]| {
        let domains: Vec<_> = order.iter().map(|demand| ("AS1", *demand)).collect();
        claim(&domains, &[])
    };
    assert_eq!(parts(&["0.1 - -", "0.2 - -"]), parts(&["0.3 - -"]));
    assert_eq!(parts(&["0.1 - -", "- 1 -"]), parts(&["- 1 -", "0.1 - -"]));
}

#[test]
fn what_is_over_blocks_nobody_though_expire_was_not_called() {
    let mut ledger = half();
    let all = claim(&[("AS1", "8 - -")], &[]);
    let hold = request("all", "b", 100, all);
    let short = ledger.hold(at(999), hold.clone(), &world());
    assert!(matches!(short, Err(HoldError::Short(_))));
    ledger.hold(at(1000), hold, &world()).unwrap();
    // What lapsed on the way is still told, once, and there is a reason to ask.
    assert_eq!(ledger.next_deadline(), Some(at(1000)));
    let lapsed = ledger.expire(at(1000));
    assert_eq!(
        lapsed.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
        ["half"]
    );
    assert_eq!(lapsed[0].state.phase(), Phase::Held);
    assert_eq!(ledger.expire(at(1000)), []);
    assert_eq!(ledger.next_deadline(), Some(at(1100)));
}

#[test]
fn who_reads_sees_what_is_live_at_that_moment() {
    let ledger = half();
    let half = name("half");
    assert!(ledger.reservation(at(999), &half).is_some());
    assert!(ledger.reservation(at(1000), &half).is_none());
    assert_eq!(ledger.reservations(at(999)).count(), 1);
    assert_eq!(ledger.reservations(at(1000)).count(), 0);
}

#[test]
fn a_confirmed_reservation_lasts_to_its_end_or_until_it_is_released() {
    let mut ledger = half();
    let half = name("half");
    let confirm =
        |ledger: &mut Ledger, now, until| ledger.confirm(at(now), &half, "a", until).map(drop);
    assert_eq!(
        confirm(&mut ledger, 5, Some(at(5)))
            .unwrap_err()
            .to_string(),
        "reservation 'half' cannot end at 0.005: it is 0.005"
    );
    // A confirmed one may last longer than any hold.
    confirm(&mut ledger, 5, Some(at(9000))).unwrap();
    confirm(&mut ledger, 6, Some(at(9000))).unwrap();
    assert_eq!(
        confirm(&mut ledger, 6, None),
        Err(ChangeError::OtherEnd {
            id: half.clone(),
            until: Some(at(9000))
        })
    );
    assert_eq!(
        ledger
            .extend(at(7), &half, "a", ms(1))
            .unwrap_err()
            .to_string(),
        "reservation 'half' is confirmed: extend is not possible"
    );
    assert_eq!(ledger.expire(at(8999)), []);
    assert_eq!(ledger.expire(at(9000)).len(), 1);
    assert!(ledger.snapshot().is_empty());
    assert_eq!(
        confirm(&mut ledger, 9000, Some(at(9000)))
            .unwrap_err()
            .to_string(),
        "there is no reservation 'half'; it may have lapsed"
    );
}

#[test]
fn a_hold_that_is_over_is_not_confirmed_any_more() {
    for over in [1000, 1001] {
        let mut ledger = half();
        let half = name("half");
        let unknown = Err(ChangeError::Unknown { id: half.clone() });
        assert_eq!(ledger.confirm(at(over), &half, "a", None), unknown);
        assert_eq!(ledger.extend(at(over), &half, "a", ms(1)), unknown);
        assert_eq!(ledger.release(at(over), &half, "a"), unknown);
    }
}

#[test]
fn a_hold_is_extended_to_the_longest_and_never_shortened() {
    let mut ledger = Ledger::new(Limits {
        longest_hold: ms(1000),
        ..Limits::default()
    });
    let r = name("r");
    ledger
        .hold(at(100), request("r", "a", 10, Claim::default()), &world())
        .unwrap();
    let mut extend = |now, millis| {
        let extended = ledger.extend(at(now), &r, "a", ms(millis));
        extended.map(|one| one.state.until().unwrap())
    };
    assert_eq!(extend(105, 100), Ok(at(205)));
    assert_eq!(extend(106, 1), Ok(at(205)));
    assert_eq!(extend(200, 900), Ok(at(1100)));
    assert_eq!(
        extend(201, 900).unwrap_err().to_string(),
        "hold 'r' cannot last until 1.101: until 1.100 is possible"
    );
    assert_eq!(extend(1099, 1), Ok(at(1100)));
    assert_eq!(extend(1100, 0), Err(ChangeError::Unknown { id: name("r") }));
}

#[test]
fn only_the_holder_changes_a_reservation() {
    let mut ledger = half();
    let before = ledger.clone();
    let half = name("half");
    let not = Err(ChangeError::NotHolder { id: half.clone() });
    assert_eq!(ledger.confirm(at(1), &half, "b", None), not);
    assert_eq!(ledger.extend(at(1), &half, "b", ms(1)), not);
    assert_eq!(ledger.release(at(1), &half, "b"), not);
    assert_eq!(ledger, before);
    let given_back = ledger.release(at(1), &half, "a").unwrap();
    assert_eq!(given_back.state, State::Held { until: at(1000) });
    let unknown = Err(ChangeError::Unknown { id: half.clone() });
    assert_eq!(ledger.release(at(1), &half, "a"), unknown);
}

#[test]
fn the_limits_are_kept_and_confirming_makes_room_for_holds() {
    let limits = Limits {
        longest_hold: ms(100),
        holds_per_holder: 2,
        holds: 3,
        reservations_per_holder: 3,
        reservations: 4,
        entries: 1,
    };
    let mut ledger = Ledger::new(limits);
    let mut hold = |text: &str| {
        let (id, holder) = text.split_once(' ').unwrap();
        match holder.strip_prefix("confirms ") {
            Some(holder) => {
                let confirmed = ledger.confirm(at(0), &name(id), holder, None);
                confirmed.map(drop).map_err(|error| error.to_string())
            }
            None => {
                let hold = request(id, holder, 100, Claim::default());
                let held = ledger.hold(at(0), hold, &world());
                held.map(drop).map_err(|error| error.to_string())
            }
        }
    };
    let refused = |text: &str| Err(text.to_owned());
    assert_eq!([hold("1 a"), hold("2 a")], [Ok(()), Ok(())]);
    assert_eq!(
        hold("3 a"),
        refused("'a' has 2 holds, and may have no more: confirm or release one")
    );
    assert_eq!(hold("2 a"), Ok(()), "it is there already");
    assert_eq!(hold("3 b"), Ok(()));
    assert_eq!(
        hold("4 b"),
        refused("there are 3 holds, and may be no more: ask again later")
    );
    assert_eq!([hold("1 confirms a"), hold("4 a")], [Ok(()), Ok(())]);
    assert_eq!(hold("4 confirms a"), Ok(()));
    assert_eq!(
        hold("5 a"),
        refused("'a' has 3 reservations, and may have no more: release one")
    );
    assert_eq!(
        hold("5 b"),
        refused("there are 4 reservations, and may be no more")
    );

    let mut ledger = Ledger::new(limits);
    let two = claim(&[("AS1", "- - -")], &[("AS2 AS1", 1)]);
    assert_eq!(
        refused_by(&mut ledger, 100, two),
        "the claim has 2 domains and links, allowed are 1"
    );
    for millis in [0, 101] {
        let asked = ms(millis);
        assert_eq!(
            refused_by(&mut ledger, millis, Claim::default()),
            format!("a hold for {asked:?} is not possible: it lasts from 1 ms to 100ms")
        );
    }
}

fn refused_by(ledger: &mut Ledger, millis: u64, claim: Claim) -> String {
    let hold = request("x", "a", millis, claim);
    let refused = ledger.hold(at(0), hold, &world());
    refused.unwrap_err().to_string()
}

#[test]
fn a_clock_that_goes_back_brings_nothing_to_life_and_takes_nothing_away() {
    let mut ledger = half();
    let hold = request("r", "b", 100, claim(&[("AS1", "1 - -")], &[]));
    ledger.hold(at(500), hold.clone(), &world()).unwrap();
    // Back before it was made: it is there, can be asked for again, and confirmed.
    assert_eq!(
        ledger.hold(at(100), hold, &world()).unwrap().created,
        at(500)
    );
    assert!(ledger.reservation(at(0), &name("r")).is_some());
    assert_eq!(ledger.expire(at(700)).len(), 1, "half goes on to 1000");
    assert!(ledger.reservation(at(100), &name("r")).is_none());
    // Far ahead and back: what lapsed stays so, and the next hold lasts as long as any.
    assert_eq!(ledger.expire(at(u64::MAX)).len(), 1);
    let hold = request("new", "b", 100, claim(&[("AS1", "8 - -")], &[]));
    let new = ledger.hold(at(800), hold, &world()).unwrap();
    assert_eq!(new.state, State::Held { until: at(900) });
    assert_eq!(ledger.next_deadline(), Some(at(900)));
}

#[test]
fn at_the_end_of_time_nothing_is_held() {
    let mut ledger = Ledger::new(Limits::default());
    let hold = request("r", "a", 1, Claim::default());
    let refused = ledger.hold(at(u64::MAX), hold.clone(), &world());
    assert!(matches!(refused, Err(HoldError::Lifetime { .. })));
    ledger.hold(at(u64::MAX - 1), hold, &world()).unwrap();
}

#[test]
fn what_is_held_and_gone_or_less_than_before_is_told_to_operators() {
    let ledger = half();
    let mut now = World::new(&[("AS1", "3 - 500GB")], &[("AS2 AS1", None)]);
    let told = |now: &World| -> Vec<String> {
        let over = ledger.snapshot().overcommitted(now);
        over.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        told(&now),
        [
            "AS1 has cpu 3.0, held are 4.0",
            "AS2 has mem 0.0 B, held are 2.0 GB",
            "link AS1:r -> AS2:s has 0 bit/s, held are 5 Mbit/s",
        ]
    );
    let less = LinkCapacity::Told(bits(4_000_000));
    now.links.insert(link("AS1:r AS2:s"), less);
    assert_eq!(
        told(&now)[2],
        "link AS1:r -> AS2:s has 4 Mbit/s, held are 5 Mbit/s"
    );
    assert_eq!(told(&world()), [""; 0]);
    // Nothing of it is left.
    let mut ledger = ledger.clone();
    let hold = request("r", "b", 1, claim(&[("AS1", "1 - -")], &[]));
    assert_eq!(
        ledger.hold(at(0), hold, &now).unwrap_err().to_string(),
        "not enough is left: AS1 has cpu 0.0 left of 3.0, asked for are 1.0"
    );
}

#[test]
fn a_claim_is_bounded_and_stays_as_it_was_when_it_is_too_much() {
    let mut wish = claim(&[("AS1", "1 - -")], &[("AS2 AS1", 1)]);
    let before = wish.clone();
    let most = Resources {
        cpu: Some(Quantity::new(7.9e22, Unit::Bare).unwrap()),
        ..Resources::default()
    };
    let beyond = resources("1e23 - -");
    let error = wish.add_demand(id("AS1"), &beyond).unwrap_err();
    assert!(matches!(error, ClaimError::Resource { .. }));
    wish.add_demand(id("AS2"), &most).unwrap();
    assert_eq!(
        wish.add_demand(id("AS2"), &most).unwrap_err().to_string(),
        "cpu 1.58e23 at AS2 is too much: all that is asked of a domain adds up to less than 2^96 \
         millionths"
    );
    assert_eq!(
        wish.add_bandwidth(link("AS2 AS1"), bits(u64::MAX))
            .unwrap_err()
            .to_string(),
        "the bandwidths on link AS2 -> AS1 add up to 2^64 bit/s or more"
    );
    let kept: Vec<_> = wish.domains().filter(|(at, _)| **at == id("AS1")).collect();
    assert_eq!(kept, before.domains().collect::<Vec<_>>());
    assert!(wish.links().eq(before.links()));
    assert_eq!((wish.len(), before.len()), (3, 2));
}

#[test]
fn a_name_is_checked() {
    for good in ["a", "018f3c1e-7d2a-7b4e-9c5d-0123456789ab", "A_1.b"] {
        assert_eq!(good.parse::<ReservationId>().unwrap().as_str(), good);
    }
    let long = "x".repeat(65);
    for bad in ["", " ", "a b", "a/b", "é", "a\n", &long] {
        assert!(bad.parse::<ReservationId>().is_err(), "{bad}");
    }
    assert_eq!(
        "a/b".parse::<ReservationId>().unwrap_err().to_string(),
        "'a/b' is not a valid reservation id: 1 to 64 letters, digits, '-', '_' and '.'"
    );
}

#[test]
fn what_a_store_kept_is_taken_whatever_the_limits_and_the_capacity() {
    let ledger = half();
    let kept: Vec<Arc<Reservation>> = ledger.reservations(at(0)).cloned().collect();
    let none = Limits {
        longest_hold: ms(0),
        holds_per_holder: 0,
        holds: 0,
        reservations_per_holder: 0,
        reservations: 0,
        entries: 0,
    };
    let mut restored = Ledger::restore(none, kept.clone()).unwrap();
    assert_eq!(restored.snapshot(), ledger.snapshot());
    assert_eq!(restored.expire(at(1000)), kept);
    let twice = kept.iter().chain(&kept).cloned();
    assert_eq!(
        Ledger::restore(none, twice),
        Err(RestoreError::Duplicate { id: name("half") })
    );
}

#[test]
fn an_amended_reservation_takes_something_else_in_one_step() {
    let mut ledger = half();
    let world = world();
    let (wish, name) = (claim(&[("AS1", "1 - -")], &[]), name("r"));
    let hold = request("r", "b", 100, wish);
    let made = ledger.hold(at(0), hold, &world).unwrap();
    // All that half leaves, of which it has a part already.
    let all_but_half = claim(&[("AS1", "4 - -")], &[("AS2 AS1", 7)]);
    let amended = ledger.amend(at(1), &name, "b", &all_but_half, &world);
    let amended = amended.unwrap();
    assert_eq!((amended.state, amended.created), (made.state, made.created));
    assert_eq!(*amended.claim, all_but_half);
    let before = ledger.clone();
    let more = claim(&[("AS1", "5 - -")], &[]);
    assert_eq!(
        ledger
            .amend(at(2), &name, "b", &more, &world)
            .unwrap_err()
            .to_string(),
        "not enough is left: AS1 has cpu 4.0 left of 8.0, asked for are 5.0"
    );
    let others = ledger.amend(at(2), &name, "a", &more, &world);
    assert_eq!(
        others.unwrap_err().to_string(),
        "reservation 'r' is somebody else's"
    );
    assert_eq!(ledger, before);
    // A confirmed one, too; and what it asks no more of may be gone.
    ledger.confirm(at(2), &name, "b", None).unwrap();
    let gone = World::new(&[("AS2", "- 4GB -")], &[]);
    let less = claim(&[("AS1", "3 - -"), ("AS2", "- 1GB -")], &[]);
    let amended = ledger.amend(at(3), &name, "b", &less, &gone).unwrap();
    assert_eq!(amended.state, State::Confirmed { until: None });
    let more = claim(&[("AS1", "3.5 - -")], &[]);
    assert_eq!(
        ledger.amend(at(4), &name, "b", &more, &gone).unwrap_err(),
        idr::reservation::Refusal::Hold(HoldError::UnknownDomain { domain: id("AS1") })
    );
}
