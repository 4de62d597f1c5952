use std::sync::atomic::AtomicBool;

use idr::reservation::{LinkKey, Offer, Shortage};
use serde_json::json;

use super::*;
use crate::clock;
use crate::placements::Version;
use crate::placements::problem::{Effort, link_capacity, solve};
use crate::placements::tests::{diamond, diamond_domains, request, with_policies};

const LIFETIME: Duration = Duration::from_secs(60);

fn member(n: u32) -> Principal {
    Principal::Member {
        name: format!("mdo-as{n}"),
        domain: format!("AS{n}").parse().unwrap(),
    }
}

fn operator() -> Principal {
    Principal::Operator {
        name: "ops".to_owned(),
    }
}

/// A moment on both clocks, so many seconds after the first.
fn at(start: Now, seconds: u64) -> Now {
    let later = Duration::from_secs(seconds);
    Now {
        instant: start.instant + later,
        timestamp: start.timestamp + later,
    }
}

struct World {
    version: Version,
    desk: Desk,
    start: Now,
}

impl World {
    fn new() -> Self {
        Self::over(diamond())
    }

    fn over(version: Version) -> Self {
        Self {
            version,
            desk: Desk::new(Limits::default()),
            start: clock::now(),
        }
    }

    /// What an NF of so many cores in AS3 and 400 Mbit/s to it take.
    fn hold(&self, cpu: u32, digest: u32) -> Hold {
        let request = request(json!({"constraints": {
            "nodes": {"A": {"allow": ["AS3"], "resources": {"cpu": cpu}}, "B": {"allow": ["AS3"]}},
            "links": {"1": {"bandwidth": 400}}}}));
        let effort = Effort {
            work: 1_000_000,
            cancelled: &Arc::new(AtomicBool::new(false)),
        };
        let solved = solve(&self.version, &request, &effort).unwrap();
        let placed = &solved.placements[0];
        Hold {
            lifetime: LIFETIME,
            claim: claim(&request, placed).unwrap(),
            placement: Ranked::new(1, &request.sg, placed),
            digest: Digest::of(&digest.into()),
        }
    }

    fn order(
        &mut self,
        seconds: u64,
        principal: &Principal,
        id: &str,
        command: Command,
    ) -> Result<Done, OrderError> {
        let maps = Arc::clone(&self.version.maps);
        let links = |key: &LinkKey| link_capacity(maps.idt().graph(), key);
        let offer = Offer {
            resources: maps.idr(),
            links,
        };
        let order = Order {
            principal: principal.clone(),
            id: id.parse().unwrap(),
            command,
        };
        self.desk.order(at(self.start, seconds), order, &offer)
    }

    fn happened(&mut self) -> Vec<&'static str> {
        let happened = self.desk.take_happened();
        happened.iter().map(|(_, what)| what.as_str()).collect()
    }

    fn counts(&self) -> [usize; 2] {
        self.desk.counts().map(|(_, count)| count)
    }
}

fn hold(hold: Hold) -> Command {
    Command::Hold(Box::new(hold))
}

#[test]
fn a_claim_is_what_the_nodes_and_the_links_between_domains_take() {
    let world = World::new();
    let claim = world.hold(3, 1).claim;
    let domains: Vec<String> = claim
        .domains()
        .map(|(domain, amounts)| format!("{domain} {amounts}"))
        .collect();
    assert_eq!(domains, ["AS1 nothing", "AS3 cpu 3.0", "AS4 nothing"]);
    let links: Vec<String> = claim
        .links()
        .map(|(key, bandwidth)| format!("{} {} {}", key.src, key.dst, bandwidth.bits_per_second()))
        .collect();
    assert_eq!(links, ["AS1 AS3 400000000"]);
}

#[test]
fn what_does_not_fit_is_refused_and_told_where() {
    let mut world = World::new();
    let first = world
        .order(0, &member(1), "a", hold(world.hold(5, 1)))
        .unwrap();
    assert!(first.created);
    let again = world.order(1, &member(2), "b", hold(world.hold(4, 2)));
    let error = again.unwrap_err();
    assert!(error.is_lost_race());
    let OrderError::Hold(HoldError::Short(short)) = error else {
        panic!("{error}");
    };
    assert!(
        matches!(&short.as_slice()[0], Shortage::Domain { domain, .. } if domain.as_str() == "AS3")
    );
    assert_eq!(world.happened(), ["held", "refused"]);
    assert_eq!(world.counts(), [1, 0]);
    // What was refused is not there.
    let missing = world
        .order(1, &member(2), "b", Command::Confirm)
        .unwrap_err();
    assert!(matches!(
        missing,
        OrderError::Change(ChangeError::Unknown { .. })
    ));
}

#[test]
fn the_same_request_is_one_reservation_and_another_is_refused() {
    let mut world = World::new();
    let first = world
        .order(0, &member(1), "a", hold(world.hold(1, 1)))
        .unwrap();
    let again = world
        .order(1, &member(1), "a", hold(world.hold(1, 1)))
        .unwrap();
    assert!(first.created && !again.created);
    assert!(Arc::ptr_eq(&first.kept, &again.kept));
    for (principal, digest) in [(member(1), 2), (member(2), 1)] {
        let other = world.order(1, &principal, "a", hold(world.hold(1, digest)));
        assert!(matches!(
            other.unwrap_err(),
            OrderError::Hold(HoldError::Conflict { .. })
        ));
    }
    // Once it is over, the name is free.
    world.order(2, &member(1), "a", Command::Release).unwrap();
    let new = world
        .order(3, &member(1), "a", hold(world.hold(1, 2)))
        .unwrap();
    assert!(new.created);
    assert_eq!(world.counts(), [1, 0]);
}

#[test]
fn a_reservation_is_its_holders_and_the_operators() {
    let mut world = World::new();
    world
        .order(0, &member(1), "a", hold(world.hold(1, 1)))
        .unwrap();
    let auditor = Principal::Auditor {
        name: "x".to_owned(),
    };
    for other in [member(2), auditor, Principal::Anonymous] {
        for command in [
            Command::Confirm,
            Command::Extend(LIFETIME),
            Command::Release,
        ] {
            let error = world.order(1, &other, "a", command).unwrap_err();
            assert!(matches!(
                error,
                OrderError::Change(ChangeError::Unknown { .. })
            ));
        }
    }
    world.order(1, &operator(), "a", Command::Confirm).unwrap();
    // Another token of the same member.
    let same = Principal::Member {
        name: "other".to_owned(),
        domain: "AS1".parse().unwrap(),
    };
    world.order(1, &same, "a", Command::Release).unwrap();
    assert_eq!(world.counts(), [0, 0]);
}

#[test]
fn a_hold_lapses_by_time_and_a_confirmed_one_does_not() {
    let mut world = World::new();
    world
        .order(0, &member(1), "a", hold(world.hold(1, 1)))
        .unwrap();
    world
        .order(0, &member(1), "b", hold(world.hold(1, 2)))
        .unwrap();
    world.order(10, &member(1), "b", Command::Confirm).unwrap();
    assert_eq!(world.counts(), [1, 1]);
    world
        .order(20, &member(1), "a", Command::Extend(LIFETIME))
        .unwrap();
    let start = world.start;
    assert_eq!(world.desk.rest(at(start, 20)), Some(LIFETIME));
    let _ = (world.desk.take_touched(), world.desk.take_updates());
    assert!(!world.desk.is_touched());
    world.desk.tick(at(start, 79));
    assert!(!world.desk.is_touched());
    world.desk.tick(at(start, 80));
    assert!(world.desk.is_touched());
    let touched = world.desk.take_touched();
    assert_eq!(touched.len(), 1);
    assert!(touched[0].0.as_str() == "a" && touched[0].1.is_none());
    assert_eq!(world.counts(), [0, 1]);
    assert_eq!(world.desk.rest(at(start, 80)), None);
    assert_eq!(
        world.happened(),
        ["held", "held", "confirmed", "extended", "lapsed"]
    );
}

#[test]
fn readers_and_the_database_are_told_each_change_once() {
    let mut world = World::new();
    world
        .order(0, &member(1), "a", hold(world.hold(3, 1)))
        .unwrap();
    assert!(world.desk.is_touched());
    let (used, updates) = world.desk.take_updates();
    let as3 = "AS3".parse().unwrap();
    assert_eq!(used.of_domain(&as3).to_string(), "cpu 3.0");
    assert!(matches!(&updates[..], [idr::Update::Held { domain, .. }] if *domain == as3));
    assert_eq!(world.desk.take_touched().len(), 1);
    assert!(!world.desk.is_touched());
    assert!(world.desk.take_updates().1.is_empty());
    world.order(1, &member(1), "a", Command::Release).unwrap();
    let (used, updates) = world.desk.take_updates();
    assert!(used.is_empty());
    assert_eq!(updates.len(), 1);
    // Confirming again is nothing new.
    world
        .order(2, &member(1), "b", hold(world.hold(3, 1)))
        .unwrap();
    world.order(2, &member(1), "b", Command::Confirm).unwrap();
    let _ = (world.desk.take_touched(), world.desk.take_updates());
    world.order(3, &member(1), "b", Command::Confirm).unwrap();
    assert!(!world.desk.is_touched());
}

/// What is held is missing from the net of what crossing costs, too, and an index tells the same.
#[test]
fn held_bandwidth_is_not_there_whichever_net_is_searched() {
    let told = [
        ("AS3", "otherwise = {price = 1}"),
        ("AS2", "otherwise = {delay = '1ms'}"),
    ];
    let mut world = World::over(with_policies(&diamond_domains(), &told));
    let wide = request(json!({"k": 1, "objective": "delay", "constraints": {
        "nodes": {"A": {"allow": ["AS4"]}, "B": {"allow": ["AS4"]}},
        "links": {"1": {"bandwidth": 60}}}}));
    let best = |version: &Version| {
        let effort = Effort {
            work: 1_000_000,
            cancelled: &Arc::new(AtomicBool::new(false)),
        };
        solve(version, &wide, &effort).unwrap().placements.remove(0)
    };
    let through = |placed: &Placed| {
        let path = &placed.paths[0];
        let crossed = path.borders.iter().map(|key| key.dst.to_string());
        (crossed.collect::<Vec<_>>().join(" "), path.cost)
    };
    let first = best(&world.version);
    let (path, cost) = through(&first);
    assert_eq!(
        (path.as_str(), cost.delay, cost.price),
        ("AS2 AS4", 4_000_000, 0)
    );
    let hold = Hold {
        lifetime: LIFETIME,
        claim: claim(&wide, &first).unwrap(),
        placement: Ranked::new(1, &wide.sg, &first),
        digest: Digest::of(&json!(1)),
    };
    let command = Command::Hold(Box::new(hold));
    world.order(0, &member(1), "a", command).unwrap();
    let used = world.desk.ledger.snapshot();
    let maps = Arc::clone(&world.version.maps);
    let held = Version::new(maps, used, Some(&world.version));
    let second = best(&held);
    let (path, cost) = through(&second);
    assert_eq!(
        (path.as_str(), cost.delay, cost.price),
        ("AS3 AS4", 10_000_000, 1000)
    );
    let indexed = held.indexed(&mut idt::search::Budget::unlimited()).unwrap();
    assert!(held.lacks_index());
    let with_index = held.with_index(&indexed, &held).unwrap();
    assert!(!with_index.lacks_index());
    assert_eq!(best(&with_index), second);
}
