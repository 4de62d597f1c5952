//! Tests that a pair must pass to be in an answer (RFC 7285 §11.3.2.3, RFC 8189 §4.1.2).

use nffg::json::{Cursor, FieldError};

use super::CostType;

/// An OR of ANDs of predicates; no test at all if it is empty.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Test(Vec<Vec<Predicate>>);

/// `[index] operator value`
#[derive(Debug, PartialEq)]
struct Predicate {
    cost_type: &'static CostType,
    operator: Operator,
    value: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Greater,
    Less,
    AtLeast,
    AtMost,
    Equal,
}

impl Operator {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "gt" => Self::Greater,
            "lt" => Self::Less,
            "ge" => Self::AtLeast,
            "le" => Self::AtMost,
            "eq" => Self::Equal,
            _ => return None,
        })
    }
}

impl Test {
    /// The test of a request, whose predicates are about `tested` cost types, by position: `None` is one that
    /// cannot be tested.
    pub(super) fn read(
        request: &Cursor<'_>,
        tested: &[Option<&'static CostType>],
    ) -> Result<Self, FieldError> {
        let all = request.optional("constraints")?;
        let any = request.optional("or-constraints")?;
        match (all, any) {
            (Some(_), Some(any)) => {
                Err(any.invalid("'constraints' or 'or-constraints', not both (RFC 8189 4.1.2)"))
            }
            (Some(all), None) => {
                let all = predicates(&all, tested)?;
                // No constraint is one that every pair meets.
                Ok(Self(if all.is_empty() {
                    Vec::new()
                } else {
                    vec![all]
                }))
            }
            (None, Some(any)) => {
                let lists = any.array()?;
                if lists.len() == 0 {
                    return Err(any.invalid("at least one list of predicates (RFC 8189 4.1.2)"));
                }
                // Each list has at least one, and every pair meets all of them.
                let lengths = any
                    .array()?
                    .filter_map(|list| Some(list.value().as_array()?.len()));
                if lists.len() > MOST || lengths.sum::<usize>() > MOST {
                    return Err(any.invalid(format_args!("at most {MOST} predicates in all")));
                }
                let list = |list: Cursor<'_>| {
                    let predicates = predicates(&list, tested)?;
                    if predicates.is_empty() {
                        return Err(any.invalid_element(
                            &list,
                            "an empty list would always hold (RFC 8189 4.1.2)",
                        ));
                    }
                    Ok(predicates)
                };
                lists.map(list).collect::<Result<_, _>>().map(Self)
            }
            (None, None) => Ok(Self::default()),
        }
    }

    /// The cost types that predicates are about.
    pub(super) fn cost_types(&self) -> impl Iterator<Item = &'static CostType> {
        self.0.iter().flatten().map(|predicate| predicate.cost_type)
    }

    /// Whether a pair of which `cost` tells the costs passes. A cost that is not defined meets no
    /// predicate.
    pub(super) fn passes(&self, cost: impl Fn(&'static CostType) -> Option<f64>) -> bool {
        let holds = |predicate: &Predicate| {
            let Some(cost) = cost(predicate.cost_type) else {
                return false;
            };
            match predicate.operator {
                Operator::Greater => cost > predicate.value,
                Operator::Less => cost < predicate.value,
                Operator::AtLeast => cost >= predicate.value,
                Operator::AtMost => cost <= predicate.value,
                #[expect(clippy::float_cmp, reason = "what the client asks for")]
                Operator::Equal => cost == predicate.value,
            }
        };
        self.0.is_empty() || self.0.iter().any(|all| all.iter().all(holds))
    }
}

/// Predicates in one request, at most.
const MOST: usize = 64;

fn predicates(
    list: &Cursor<'_>,
    tested: &[Option<&'static CostType>],
) -> Result<Vec<Predicate>, FieldError> {
    let elements = list.array()?;
    if elements.len() > MOST {
        return Err(list.invalid(format_args!("at most {MOST} predicates")));
    }
    let read = |element: Cursor<'_>| {
        let text = element.string()?;
        predicate(text, tested).map_err(|rule| element.invalid(rule))
    };
    elements.map(read).collect()
}

fn predicate(text: &str, tested: &[Option<&'static CostType>]) -> Result<Predicate, String> {
    const FORM: &str = "a predicate is '[index] operator value': an operator is one of gt, lt, ge, le, eq, \
                        a value is a number, the index may be left out (RFC 8189 4.1.2)";
    let mut words = text.split_ascii_whitespace().peekable();
    let index = words.next_if(|word| word.starts_with('['));
    let index = match index {
        None => 0,
        Some(word) => word
            .strip_prefix('[')
            .and_then(|word| word.strip_suffix(']'))
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|digits| digits.parse::<usize>().ok())
            .ok_or(FORM)?,
    };
    let operator = words.next().and_then(Operator::of).ok_or(FORM)?;
    let value = words.next().and_then(number);
    let (Some(value), None) = (value, words.next()) else {
        return Err(FORM.to_owned());
    };
    let cost_type = tested
        .get(index)
        .ok_or_else(|| format!("there are {} cost types to test", tested.len()))?
        .ok_or("a path vector cannot be tested (RFC 9275 7.2.4)")?;
    Ok(Predicate {
        cost_type,
        operator,
        value,
    })
}

/// A number as JSON writes it, to the nearest double: serde_json may miss that by one.
fn number(text: &str) -> Option<f64> {
    let is_number = serde_json::from_str::<serde_json::Number>(text).is_ok();
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::COST_TYPES;
    use super::*;

    #[test]
    fn rfc8189_4_1_2_a_predicate_has_an_index_an_operator_and_a_value() {
        let tested = [Some(&COST_TYPES[0]), Some(&COST_TYPES[2])];
        for (text, position, value) in [
            ("le 10", 0, 10.0),
            ("[0] le 10", 0, 10.0),
            ("  [1]\tle   1e1 ", 1, 10.0),
            ("le -0.5", 0, -0.5),
        ] {
            let read = predicate(text, &tested).unwrap();
            assert_eq!(Some(read.cost_type), tested[position], "{text}");
            assert_eq!(
                (read.operator, read.value),
                (Operator::AtMost, value),
                "{text}"
            );
        }
        for text in [
            "",
            "le",
            "le x",
            "ne 10",
            "10 le",
            "le 10 11",
            "le10",
            "[0]le 10",
            "[] le 10",
            "[-1] le 10",
            "[+1] le 10",
            "[2] le 10",
            "[0 ] le 10",
            "le NaN",
            "le inf",
            "le 0x1",
            "le +1",
            "le 1e999",
            "LE 10",
        ] {
            assert!(predicate(text, &tested).is_err(), "{text}");
        }
    }

    #[test]
    fn a_request_has_a_bounded_number_of_predicates() {
        let read = |request: serde_json::Value| {
            Test::read(&Cursor::root(&request), &[Some(&COST_TYPES[0])]).map(drop)
        };
        assert!(read(json!({"constraints": vec!["ge 0"; MOST]})).is_ok());
        assert!(read(json!({"constraints": vec!["ge 0"; MOST + 1]})).is_err());
        assert!(read(json!({"or-constraints": vec![vec!["ge 0"; MOST / 2]; 2]})).is_ok());
        let many = read(json!({"or-constraints": vec![vec!["ge 0"; MOST / 2]; 3]}));
        assert!(many.unwrap_err().to_string().contains("at most 64"));
        assert!(read(json!({"or-constraints": vec![json!([]); MOST + 1]})).is_err());
    }

    /// The implementation's choice: what is not known meets no test.
    #[test]
    fn rfc8189_4_1_2_a_cost_that_is_not_defined_meets_no_predicate() {
        let request = json!({"or-constraints": [["ge 0"], ["lt 0"]]});
        let test = Test::read(&Cursor::root(&request), &[Some(&COST_TYPES[0])]).unwrap();
        assert!(test.passes(|_| Some(1.0)));
        assert!(!test.passes(|_| None));
        assert!(Test::default().passes(|_| None));
    }
}
