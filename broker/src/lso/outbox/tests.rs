use super::*;

fn rules() -> Rules {
    Rules {
        first_backoff: Duration::from_secs(1),
        longest_backoff: Duration::from_secs(300),
        ..Rules::of(&Settings::default())
    }
}

#[test]
fn pauses_double_up_to_the_longest_and_a_random_half_is_left_out() {
    let rules = rules();
    for (failures, seconds) in [
        (0, 1),
        (1, 1),
        (2, 2),
        (3, 4),
        (9, 256),
        (10, 300),
        (40, 300),
        (u32::MAX, 300),
    ] {
        let longest = Duration::from_secs(seconds);
        assert_eq!(rules.backoff(failures, 0.0), longest, "{failures}");
        assert_eq!(rules.backoff(failures, 1.0), longest / 2, "{failures}");
        assert_eq!(
            rules.backoff(failures, f64::NAN.max(7.0)),
            longest / 2,
            "{failures}"
        );
    }
}

#[test]
fn a_failure_is_counted_from_the_first_and_says_when_to_try_again() {
    let rules = rules();
    let mut delivery = Delivery::default();
    let first: Timestamp = "2026-11-29T20:00:00Z".parse().unwrap();
    let later: Timestamp = "2026-11-29T20:10:00Z".parse().unwrap();
    delivery.failed(first, "one".to_owned(), &rules);
    delivery.failed(later, "two".to_owned(), &rules);
    assert_eq!(delivery.failures, 2);
    assert_eq!(delivery.failing_since, Some(first));
    assert_eq!(delivery.last_error.as_deref(), Some("two"));
    let pause = later.duration_until(delivery.next_try.unwrap());
    assert!((SignedDuration::from_secs(1)..=SignedDuration::from_secs(2)).contains(&pause));
    delivery.failed(Timestamp::MAX, "at the end of time".to_owned(), &rules);
    assert_eq!(delivery.next_try, Some(Timestamp::MAX));
}

#[test]
fn the_name_of_a_dead_letter_is_read_as_it_is_written() {
    let id = LetterId {
        lane: "5f0c-9".to_owned(),
        place: Place {
            version: u64::MAX,
            position: 7,
        },
    };
    assert_eq!(id.to_string(), "5f0c-9-ffffffffffffffff00000007");
    assert_eq!(LetterId::parse(&id.to_string()), Some(id));
    for text in [
        "",
        "-",
        "a",
        "-ffffffffffffffff00000007",
        "a-ffffffffffffffff0000007",
        "a-FFFFFFFFFFFFFFFF00000007",
        "a-+fffffffffffffff00000007",
        "a-\u{e9}ffffffffffffff00000007",
    ] {
        assert_eq!(LetterId::parse(text), None, "{text}");
    }
}
