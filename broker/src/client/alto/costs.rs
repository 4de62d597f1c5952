//! Cost maps and endpoint costs as they come, and what is left of one after a filter of our own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::constraint::Constraints;

/// The member of an answer that holds costs.
pub const COST_MAP: &str = "cost-map";
/// The same of endpoints.
pub const ENDPOINT_COST_MAP: &str = "endpoint-cost-map";

/// A source and a destination.
pub type Pair = (String, String);

/// Answers about the same pairs, side by side: each one cost, or several (RFC 8189 §4.1.3).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Costs {
    /// Of each pair its costs in the order that they were asked for in; `null` is not known.
    pub pairs: BTreeMap<Pair, Vec<Value>>,
    /// Of each cost when it is from, and for how long (RFC 8896 §5.1.2), where told.
    pub calendars: Vec<Calendar>,
}

/// `calendar-response-attributes` of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    /// The names of the cost types that it is of; none if it is of the only one.
    pub cost_types: Vec<String>,
    /// An HTTP date.
    pub start: String,
    /// Of an interval, in seconds.
    pub seconds: f64,
    /// How many intervals there are.
    pub intervals: u64,
    /// For how many rounds it is good, where told.
    pub repeated: Option<u64>,
}

impl Costs {
    /// Reads answers of which each has so many costs: one, or several at once.
    ///
    /// # Errors
    /// One is no cost map.
    pub fn decode(answers: &[(&Value, usize)]) -> Result<Self, String> {
        let mut costs = Self::default();
        let mut before = 0;
        for (answer, number) in answers {
            for (source, row) in members(map(answer)?)? {
                for (target, cost) in members(row)? {
                    let pair = (source.clone(), target.clone());
                    let all = costs.pairs.entry(pair).or_default();
                    all.resize(before, Value::Null);
                    match (number, cost) {
                        (1, cost) => all.push(cost.clone()),
                        (_, Value::Array(several)) => all.extend(several.iter().cloned()),
                        (_, Value::Null) => {}
                        _ => {
                            return Err(format!(
                                "the cost from {source} to {target} is no list of {number} costs"
                            ));
                        }
                    }
                    all.resize(before + number, Value::Null);
                }
            }
            costs.calendars.extend(calendars(answer));
            before += number;
        }
        for all in costs.pairs.values_mut() {
            all.resize(before, Value::Null);
        }
        Ok(costs)
    }

    /// Leaves out the pairs that are not asked for, and those that do not meet the constraints. Empty lists are
    /// all.
    pub fn retain(&mut self, from: &[String], to: &[String], constraints: &Constraints) {
        let is_asked = |list: &[String], name: &String| list.is_empty() || list.contains(name);
        self.pairs.retain(|(source, target), costs| {
            is_asked(from, source) && is_asked(to, target) && constraints.hold(costs)
        });
    }

    /// Leaves the pairs of an answer that are here; a source without any goes, too.
    pub fn cut(&self, answer: &mut Value) {
        let sources: BTreeSet<&str> = self
            .pairs
            .keys()
            .map(|(source, _)| source.as_str())
            .collect();
        for member in [COST_MAP, ENDPOINT_COST_MAP] {
            let Some(map) = answer.get_mut(member).and_then(Value::as_object_mut) else {
                continue;
            };
            map.retain(|source, row| {
                let Some(row) = row.as_object_mut() else {
                    return false;
                };
                row.retain(|target, _| self.pairs.contains_key(&(source.clone(), target.clone())));
                sources.contains(source.as_str()) && !row.is_empty()
            });
        }
    }
}

fn map(answer: &Value) -> Result<&Value, String> {
    answer
        .get(COST_MAP)
        .or_else(|| answer.get(ENDPOINT_COST_MAP))
        .ok_or_else(|| format!("it has neither '{COST_MAP}' nor '{ENDPOINT_COST_MAP}'"))
}

fn members(value: &Value) -> Result<&Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| "a row of costs is no object".to_owned())
}

fn calendars(answer: &Value) -> Vec<Calendar> {
    let told = answer.pointer("/meta/calendar-response-attributes");
    let told = told.and_then(Value::as_array).into_iter().flatten();
    told.filter_map(|one| {
        let names = one.get("cost-type-names").and_then(Value::as_array);
        let names = names.into_iter().flatten().filter_map(Value::as_str);
        Some(Calendar {
            cost_types: names.map(str::to_owned).collect(),
            start: one.get("calendar-start-time")?.as_str()?.to_owned(),
            seconds: one.get("time-interval-size")?.as_f64()?,
            intervals: one.get("number-of-intervals")?.as_u64()?,
            repeated: one.get("repeated").and_then(Value::as_u64),
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pair(source: &str, target: &str) -> Pair {
        (source.to_owned(), target.to_owned())
    }

    #[test]
    fn client_rfc8189_4_1_3_one_cost_or_several_stand_side_by_side() {
        let one = json!({"cost-map": {"A": {"A": 1, "B": 2}}});
        let two = json!({"cost-map": {"A": {"B": [3, null]}, "B": {"B": [4, 5]}}});
        let costs = Costs::decode(&[(&one, 1), (&two, 2)]).unwrap();
        assert_eq!(
            costs.pairs[&pair("A", "A")],
            [json!(1), Value::Null, Value::Null]
        );
        assert_eq!(
            costs.pairs[&pair("A", "B")],
            [json!(2), json!(3), Value::Null]
        );
        assert_eq!(
            costs.pairs[&pair("B", "B")],
            [Value::Null, json!(4), json!(5)]
        );
        assert!(Costs::decode(&[(&one, 2)]).is_err() && Costs::decode(&[(&json!({}), 1)]).is_err());
        assert!(Costs::decode(&[(&json!({"cost-map": {"A": 1}}), 1)]).is_err());
    }

    #[test]
    fn what_a_server_does_not_filter_is_filtered_here() {
        let mut answer = json!({"meta": {}, "cost-map": {"A": {"A": 1, "B": 20}, "B": {"A": 30}, "C": {"B": 4}}});
        let mut costs = Costs::decode(&[(&answer, 1)]).unwrap();
        let constraints = Constraints {
            all: vec!["le 20".parse().unwrap()],
            any: Vec::new(),
        };
        costs.retain(&["A".into(), "B".into()], &[], &constraints);
        costs.cut(&mut answer);
        assert_eq!(
            answer,
            json!({"meta": {}, "cost-map": {"A": {"A": 1, "B": 20}}})
        );
        costs.retain(&[], &["B".into()], &Constraints::default());
        costs.cut(&mut answer);
        assert_eq!(answer, json!({"meta": {}, "cost-map": {"A": {"B": 20}}}));
    }

    #[test]
    fn client_rfc8896_5_1_2_calendars_are_read() {
        let answer = json!({"meta": {"calendar-response-attributes": [
            {"cost-type-names": ["x"], "calendar-start-time": "Tue, 1 Jul 2019 13:00:00 GMT",
             "time-interval-size": 300, "number-of-intervals": 2, "repeated": 4},
            {"calendar-start-time": 7},
        ]}, "endpoint-cost-map": {"ipv4:192.0.2.1": {"ipv4:192.0.2.2": [1, 2]}}});
        let costs = Costs::decode(&[(&answer, 1)]).unwrap();
        let [calendar] = costs.calendars.as_slice() else {
            panic!("{:?}", costs.calendars);
        };
        assert_eq!(
            (calendar.seconds, calendar.intervals, calendar.repeated),
            (300.0, 2, Some(4))
        );
        assert_eq!(
            costs.pairs[&pair("ipv4:192.0.2.1", "ipv4:192.0.2.2")],
            [json!([1, 2])]
        );
    }
}
