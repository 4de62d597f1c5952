//! Constraints on costs (RFC 7285 §11.3.2.3, RFC 8189 §4.1.2): `le 10`, `[1] gt 2.5`. They are sent to a
//! server that tests them, and tested here where it does not.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// A predicate on one of the costs of a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    /// Which cost, counted from 0; `None` as it was not said, which is the first.
    index: Option<usize>,
    operator: Operator,
    /// As it was written, and what that is.
    text: String,
    value: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Gt,
    Lt,
    Ge,
    Le,
    Eq,
}

impl Operator {
    const ALL: [(&'static str, Self); 5] = [
        ("gt", Self::Gt),
        ("lt", Self::Lt),
        ("ge", Self::Ge),
        ("le", Self::Le),
        ("eq", Self::Eq),
    ];

    fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(_, operator)| *operator == self)
            .map_or("eq", |(name, _)| name)
    }
}

impl FromStr for Predicate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected an operator (gt, lt, ge, le, eq) and a number, as 'le 10', or of several costs '[1] le 10'";
        let read = || {
            let text = text.trim();
            let (index, rest) = match text.strip_prefix('[') {
                Some(rest) => {
                    let (index, rest) = rest.split_once(']')?;
                    (Some(index.parse().ok()?), rest)
                }
                None => (None, text),
            };
            let mut words = rest.split_whitespace();
            let name = words.next()?;
            let (_, operator) = *Operator::ALL.iter().find(|(known, _)| *known == name)?;
            let number = words.next()?;
            // A number of JSON, which has no "inf".
            let value = number.parse::<serde_json::Number>().ok()?.as_f64()?;
            words.next().is_none().then(|| Self {
                index,
                operator,
                text: number.to_owned(),
                value,
            })
        };
        read().ok_or_else(|| expected.to_owned())
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.index {
            write!(f, "[{index}] ")?;
        }
        write!(f, "{} {}", self.operator.name(), self.text)
    }
}

impl Predicate {
    /// Which cost it is about, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index.unwrap_or(0)
    }

    /// Whether these costs of a pair meet it. A cost that is not known meets nothing.
    #[must_use]
    pub fn holds(&self, costs: &[Value]) -> bool {
        let Some(cost) = costs.get(self.index()).and_then(Value::as_f64) else {
            return false;
        };
        match self.operator {
            Operator::Gt => cost > self.value,
            Operator::Lt => cost < self.value,
            Operator::Ge => cost >= self.value,
            Operator::Le => cost <= self.value,
            #[expect(clippy::float_cmp, reason = "RFC 7285 11.3.2.3 asks for equality")]
            Operator::Eq => cost == self.value,
        }
    }
}

/// What a pair must meet: all of `all` (`constraints`), and of `any` all of one list at least
/// (`or-constraints`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constraints {
    /// All of these.
    pub all: Vec<Predicate>,
    /// All of one of these, where there are any. A server takes the one or the other.
    pub any: Vec<Vec<Predicate>>,
}

impl Constraints {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.any.is_empty()
    }

    /// Whether these costs of a pair meet them.
    #[must_use]
    pub fn hold(&self, costs: &[Value]) -> bool {
        let all = |predicates: &Vec<Predicate>| predicates.iter().all(|one| one.holds(costs));
        all(&self.all) && (self.any.is_empty() || self.any.iter().any(all))
    }

    /// Of the costs that they are about the greatest index.
    #[must_use]
    pub fn greatest_index(&self) -> usize {
        let any = self.any.iter().flatten();
        let indices = self.all.iter().chain(any).map(Predicate::index);
        indices.max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn predicate(text: &str) -> Predicate {
        text.parse().unwrap()
    }

    #[test]
    fn client_rfc7285_11_3_2_3_every_operator_is_tested() {
        for (text, meet) in [
            ("gt 5", [false, false, true]),
            ("ge 5", [false, true, true]),
            ("eq 5.0", [false, true, false]),
            ("le 5", [true, true, false]),
            ("lt  5e0 ", [true, false, false]),
        ] {
            let costs = [4, 5, 6].map(|cost| predicate(text).holds(&[json!(cost)]));
            assert_eq!(costs, meet, "{text}");
        }
        assert!(!predicate("le 5").holds(&[Value::Null]));
        assert!(!predicate("[1] le 5").holds(&[json!(1)]));
    }

    #[test]
    fn client_rfc8189_4_1_2_costs_are_named_by_their_index() {
        let both = Constraints {
            all: vec![predicate("[1] gt 2")],
            any: vec![
                vec![predicate("le 1")],
                vec![predicate("[0] ge 9"), predicate("[1] lt 4")],
            ],
        };
        let meet = |costs: [i32; 2]| both.hold(&costs.map(Value::from));
        assert!(meet([1, 3]) && meet([9, 3]));
        assert!(!meet([1, 2]) && !meet([5, 3]) && !meet([9, 5]));
        assert_eq!(both.greatest_index(), 1);
        assert_eq!(predicate("[1] gt 2.50").to_string(), "[1] gt 2.50");
    }

    #[test]
    fn what_is_no_predicate_is_refused() {
        for text in [
            "",
            "le",
            "le x",
            "le inf",
            "le NaN",
            "almost 5",
            "le 5 6",
            "[x] le 5",
            "[0 le 5",
            "[-1] le 5",
        ] {
            assert!(text.parse::<Predicate>().is_err(), "{text}");
        }
    }
}
