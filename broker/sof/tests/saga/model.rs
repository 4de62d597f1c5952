//! Whatever partners, the store and the process do: each item ends, nothing is ordered twice, and nothing stays behind.

use proptest::prelude::*;
use sof::order::Action;
use sof::saga::{Deployment, Phase};
use sof::service::ServiceState;

use super::world::{Odds, World, saga};

fn odds() -> impl Strategy<Value = Odds> {
    let bad = || prop_oneof![Just(0_u64), 3..20_u64];
    let calls = (bad(), bad(), bad(), bad(), bad(), bad());
    let others = (bad(), bad(), bad(), bad(), bad());
    (calls, others).prop_map(
        |(
            (not_sent, lost, refuse, fail, hang, test),
            (race, store, crash, repeat, no_agreement),
        )| Odds {
            not_sent,
            lost,
            refuse,
            fail,
            hang,
            mute: hang,
            test,
            race,
            store,
            crash,
            repeat,
            no_agreement,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_service_lives_and_ends_without_a_trace(seed in any::<u64>(), odds in odds(), targets in proptest::collection::vec(0..3_usize, 1..4)) {
        let states = [ServiceState::Active, ServiceState::Inactive, ServiceState::Reserved];
        let mut world = World::new(seed, odds);
        let mut before = Deployment::default();
        let mut action = Action::Add;
        for (at, target) in targets.into_iter().enumerate() {
            // What is provisioned is not only reserved any more.
            let target = match states[target] {
                ServiceState::Reserved if !before.deployed.is_empty() => ServiceState::Inactive,
                state => state,
            };
            (world.odds, world.mbps) = (odds, 10 * (at as u64 + 1));
            world.random.0 = world.random.0.wrapping_add(at as u64);
            let done = world.run(saga(&world, action, target, before.clone()), None);
            prop_assert!(done.is_done());
            world.check(&done);
            let after = done.after.clone().unwrap();
            match done.phase {
                Phase::Completed => {
                    prop_assert_eq!(after.active, target == ServiceState::Active);
                    prop_assert_eq!(after.deployed.is_empty(), target == ServiceState::Reserved);
                    action = Action::Modify;
                }
                Phase::Failed => {
                    prop_assert!(!done.reasons.is_empty());
                    let same = Deployment { tries: after.tries, ..before.clone() };
                    prop_assert_eq!(&after, &same, "as before");
                }
                other => prop_assert!(false, "{:?}", other),
            }
            prop_assert!(after.tries >= before.tries);
            before = after;
        }
        if action == Action::Modify {
            world.odds = odds;
            let done = world.run(saga(&world, Action::Delete, ServiceState::Terminated, before), None);
            prop_assert_eq!(done.phase, Phase::Completed);
            world.check(&done);
            prop_assert!(world.reservations.is_empty());
        }
    }
}
