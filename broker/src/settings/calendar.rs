//! Cost calendars (RFC 8896).

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The cost calendars that ALTO clients may ask for. The directory tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Calendar {
    /// Whether there are any.
    pub enabled: bool,
    /// How long an interval is: whole seconds.
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
    /// Intervals in a calendar, those that are over and that of now included.
    pub intervals: u32,
    /// How many of them are over.
    pub past_intervals: u32,
}

impl Default for Calendar {
    fn default() -> Self {
        let calendar = alto::Calendar::default();
        Self {
            enabled: true,
            interval: Duration::from_secs(calendar.interval.into()),
            intervals: calendar.intervals,
            past_intervals: calendar.past,
        }
    }
}

/// The longest interval: a week.
const LONGEST: u64 = 7 * 86_400;

/// The most intervals: an hour each, six weeks.
const MOST: u32 = 1_000;

impl Calendar {
    /// What the directory tells.
    #[must_use]
    pub fn calendar(&self) -> Option<alto::Calendar> {
        self.enabled.then(|| alto::Calendar {
            interval: u32::try_from(self.interval.as_secs()).unwrap_or(u32::MAX),
            intervals: self.intervals,
            past: self.past_intervals,
        })
    }

    /// What makes no sense: the key, its value and the rule.
    pub(super) fn fault(&self) -> Option<(&'static str, String, &'static str)> {
        let is_whole = self.interval.subsec_nanos() == 0;
        if !is_whole || !(1..=LONGEST).contains(&self.interval.as_secs()) {
            let interval = super::load::humantime(self.interval);
            let rule = "must be a whole number of seconds, from 1s to 7days";
            return Some(("alto.calendar.interval", interval, rule));
        }
        if !(1..=MOST).contains(&self.intervals) {
            let rule = "must be from 1 to 1000";
            return Some(("alto.calendar.intervals", self.intervals.to_string(), rule));
        }
        if self.past_intervals >= self.intervals {
            let rule = "must be less than alto.calendar.intervals: one interval is that of now";
            let past = self.past_intervals.to_string();
            return Some(("alto.calendar.past_intervals", past, rule));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_has_the_interval_of_now() {
        let good = Calendar::default();
        assert_eq!(good.fault(), None);
        assert_eq!(good.calendar(), Some(alto::Calendar::default()));
        let of = |interval, intervals, past_intervals| {
            let calendar = Calendar {
                enabled: true,
                interval: Duration::from_millis(interval),
                intervals,
                past_intervals,
            };
            calendar
                .fault()
                .map(|(key, value, _)| format!("{key} {value}"))
        };
        assert_eq!(of(1000, 1, 0), None);
        for (found, told) in [
            (of(0, 1, 0), "interval 0s"),
            (of(1500, 1, 0), "interval 1s 500ms"),
            (of(8 * 86_400_000, 1, 0), "interval 8days"),
            (of(1000, 0, 0), "intervals 0"),
            (of(1000, 1001, 0), "intervals 1001"),
            (of(1000, 4, 4), "past_intervals 4"),
        ] {
            assert_eq!(found.unwrap(), format!("alto.calendar.{told}"));
        }
        let off = Calendar {
            enabled: false,
            ..good
        };
        assert_eq!(off.calendar(), None);
    }
}
