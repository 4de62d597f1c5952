//! What placements are ranked by.

use std::borrow::Cow;
use std::collections::BTreeSet;

use nffg::json::{Cursor, FieldError};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::request::{known, of_one};

/// What is added up along paths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Borders crossed.
    #[default]
    Hops,
    /// One-way delay.
    Delay,
    /// Price, in the federation's unit of account.
    Price,
}

impl Metric {
    /// All of them, in the order in which ties are broken.
    pub const ALL: [Self; 3] = [Self::Hops, Self::Delay, Self::Price];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hops => "hops",
            Self::Delay => "delay",
            Self::Price => "price",
        }
    }

    fn decode(word: &Cursor<'_>) -> Result<Self, FieldError> {
        of_one(word, &Self::ALL.map(|metric| (metric.as_str(), metric)))
    }
}

/// Factors of a weighted sum, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Of a border.
    pub hops: u32,
    /// Of a millisecond of delay.
    pub delay: u32,
    /// Of a unit of account.
    pub price: u32,
}

/// What placements are ranked by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objective {
    /// One metric.
    Metric(Metric),
    /// The first that is named, ties by the next; those that are not named follow in the usual order.
    Lexicographic(Vec<Metric>),
    /// A weighted sum.
    Sum(Weights),
}

impl Default for Objective {
    fn default() -> Self {
        Self::Metric(Metric::Hops)
    }
}

/// The largest weight.
const MAX_WEIGHT: f64 = 1000.0;

impl Objective {
    /// Reads `"hops"`, `["price", "delay"]` or `{"weights": {"hops": 1, "delay": 0.2}}`.
    ///
    /// # Errors
    /// It is none of these, names a metric twice, or has a weight that is out of range.
    pub fn decode(value: &Cursor<'_>) -> Result<Self, FieldError> {
        match value.value() {
            Value::String(_) => Metric::decode(value).map(Self::Metric),
            Value::Array(_) => {
                let metrics: Vec<Metric> = value
                    .array()?
                    .map(|word| Metric::decode(&word))
                    .collect::<Result<_, _>>()?;
                let distinct: BTreeSet<Metric> = metrics.iter().copied().collect();
                if metrics.is_empty() || distinct.len() < metrics.len() {
                    return Err(value.invalid("one to three metrics, each at most once"));
                }
                Ok(Self::Lexicographic(metrics))
            }
            Value::Object(_) => {
                known(value, &["weights"])?;
                Self::decode_weights(&value.required("weights")?)
            }
            _ => Err(value.wrong_type("a metric, a list of metrics, or an object with weights")),
        }
    }

    fn decode_weights(weights: &Cursor<'_>) -> Result<Self, FieldError> {
        known(weights, &Metric::ALL.map(Metric::as_str))?;
        let weight = |metric: Metric| {
            let Some(told) = weights.optional(metric.as_str())? else {
                return Ok(0);
            };
            let thousandths = told.number()? * 1000.0;
            let whole = thousandths.round();
            // A decimal fraction is not exact in binary.
            let is_exact = (thousandths - whole).abs() < 1e-6;
            if !(0.0..=MAX_WEIGHT * 1000.0).contains(&whole) || !is_exact || thousandths < 0.0 {
                let rule = "a number from 0 to 1000, to three decimals";
                return Err(told.invalid(rule));
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the range was checked"
            )]
            let weight = whole as u32;
            Ok(weight)
        };
        let sum = Weights {
            hops: weight(Metric::Hops)?,
            delay: weight(Metric::Delay)?,
            price: weight(Metric::Price)?,
        };
        if sum.hops == 0 && sum.delay == 0 && sum.price == 0 {
            return Err(weights.invalid("one weight at least is more than 0"));
        }
        Ok(Self::Sum(sum))
    }

    /// All three metrics in order, where it is an order.
    #[must_use]
    pub fn order(&self) -> Option<[Metric; 3]> {
        let Self::Lexicographic(named) = self else {
            return None;
        };
        let rest = Metric::ALL.into_iter().filter(|one| !named.contains(one));
        let mut order = named.iter().copied().chain(rest);
        Some(std::array::from_fn(|_| order.next().unwrap_or_default()))
    }

    /// As it is asked for.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Metric(metric) => metric.as_str().into(),
            Self::Lexicographic(named) => named.iter().map(|metric| metric.as_str()).collect(),
            Self::Sum(weights) => {
                let of = |thousandths: u32| {
                    if thousandths.is_multiple_of(1000) {
                        Value::from(thousandths / 1000)
                    } else {
                        Value::from(f64::from(thousandths) / 1000.0)
                    }
                };
                let Weights { hops, delay, price } = *weights;
                json!({"weights": {"hops": of(hops), "delay": of(delay), "price": of(price)}})
            }
        }
    }
}

impl Serialize for Objective {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

fn metric() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(Metric::ALL.map(Metric::as_str)))
}

impl PartialSchema for Metric {
    fn schema() -> RefOr<Schema> {
        let text = "What is added up along paths.";
        RefOr::T(metric().description(Some(text)).into())
    }
}

impl ToSchema for Metric {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Metric")
    }
}

impl PartialSchema for Objective {
    fn schema() -> RefOr<Schema> {
        let weight = || {
            ObjectBuilder::new()
                .schema_type(Type::Number)
                .minimum(Some(0))
                .maximum(Some(1000))
        };
        let weights = Metric::ALL.iter().fold(
            ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(false))),
            |weights, metric| weights.property(metric.as_str(), weight()),
        );
        let sum = ObjectBuilder::new()
            .property("weights", weights)
            .required("weights")
            .additional_properties(Some(AdditionalProperties::FreeForm(false)));
        let order = ArrayBuilder::new()
            .items(metric())
            .min_items(Some(1))
            .max_items(Some(3))
            .unique_items(true);
        let text = "A metric; several, the first counting first; or a weighted sum, delay per millisecond.";
        let one_of = OneOfBuilder::new()
            .item(metric())
            .item(order)
            .item(sum)
            .description(Some(text));
        RefOr::T(one_of.into())
    }
}

impl ToSchema for Objective {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Objective")
    }
}
