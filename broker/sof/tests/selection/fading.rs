//! Laws of counts that fade.

use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use sof::selection::Faded;

const HALF: SignedDuration = SignedDuration::from_hours(24);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn counted(times: &[i64]) -> Faded {
    let mut count = Faded::default();
    for time in times {
        count.add(at(*time), HALF);
    }
    count
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

#[test]
fn what_was_counted_a_half_life_ago_counts_one_half() {
    let day = HALF.as_secs();
    let count = counted(&[0]);
    for (days, left) in [(0, 1.0), (1, 0.5), (2, 0.25), (10, 1.0 / 1024.0)] {
        assert!(near(count.left(at(days * day), HALF), left));
    }
    assert!(near(
        counted(&[0, day, 2 * day]).left(at(2 * day), HALF),
        1.75
    ));
    assert!(near(Faded::default().left(at(0), HALF), 0.0));
    // A clock that goes back.
    assert!(near(count.left(at(-day), HALF), 1.0));
    // Nothing is remembered without a half-life.
    assert!(near(count.left(at(1), SignedDuration::ZERO), 0.0));
}

proptest! {
    #[test]
    fn law_the_count_is_the_sum_of_what_is_left_of_each(times in vec(0..10_000_000_i64, 0..40)) {
        let now = 10_000_000_i64;
        let each = times.iter().map(|time| (-((now - time) as f64) / HALF.as_secs_f64()).exp2());
        let sum: f64 = each.sum();
        prop_assert!(near(counted(&times).left(at(now), HALF), sum));
    }

    #[test]
    fn law_the_order_of_counting_does_not_matter(
        (times, shuffled) in vec(0..10_000_000_i64, 0..40).prop_flat_map(|times| {
            let shuffled = Just(times.clone()).prop_shuffle();
            (Just(times), shuffled)
        }),
    ) {
        let left = |times: &[i64]| counted(times).left(at(20_000_000), HALF);
        prop_assert!(near(left(&times), left(&shuffled)));
    }

    #[test]
    fn law_it_only_falls_while_nothing_is_counted(
        times in vec(0..10_000_000_i64, 0..40), (first, second) in (0..20_000_000_i64, 0..20_000_000_i64),
    ) {
        let count = counted(&times);
        let left = |time: i64| count.left(at(time), HALF);
        prop_assert!(left(first.max(second)) <= left(first.min(second)));
        prop_assert!(left(0) <= times.len() as f64 + 1e-9 && left(0) >= 0.0);
    }
}
