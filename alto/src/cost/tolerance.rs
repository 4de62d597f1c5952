//! What clients of another make do, taken where no rule is broken.
//!
//! OpenALTO's client names the endpoints of path vectors and throughput as a list of filters in a field of its
//! own, `endpoint-flows`, and reads a version tag in answers of the endpoint cost service, which
//! RFC 7285 §11.5.1.6 neither asks for nor forbids.

use bytes::Bytes;
use nffg::json::{Cursor, FieldError};
use serde_json::{Value, json};

use crate::Tag;

const FLOWS: &str = "endpoint-flows";

/// How many flows are read.
const MOST_FLOWS: usize = 64;

/// How an answer of costs begins.
const HEAD: &[u8] = b"{\"meta\":{";

/// A request whose endpoints are flows, with the same pairs as `endpoints`. With `endpoints` the field is one
/// that is not known, and ignored (RFC 7285 §8.3.7); without both `endpoints` is missing.
///
/// # Errors
/// The flows are no list of filters, or their pairs are not all those of some sources with some destinations.
pub(super) fn with_endpoints(mut request: Value) -> Result<Value, FieldError> {
    let has = |name: &str| request.get(name).is_some_and(|value| !value.is_null());
    if has("endpoints") || !has(FLOWS) {
        return Ok(request);
    }
    let endpoints = {
        let request = Cursor::root(&request);
        let flows = request.required(FLOWS)?;
        let filters: Vec<Cursor<'_>> = flows.array()?.collect();
        if !(1..=MOST_FLOWS).contains(&filters.len()) {
            return Err(flows.invalid(format_args!("1 to {MOST_FLOWS} flows")));
        }
        let mut sides = Vec::new();
        for filter in &filters {
            if !filter.value().is_object() {
                // A wrong type within an array is a wrong value of the array (RFC 7285 §8.5.2).
                return Err(filter.wrong_type("an object"));
            }
            let side = |name: &str| filter.value().get(name).cloned().unwrap_or(json!([]));
            sides.push([side("srcs"), side("dsts")]);
        }
        one_filter(sides).ok_or_else(|| {
            flows.invalid(
                "flows that share their sources or their destinations; ask for others one by one",
            )
        })?
    };
    if let Some(members) = request.as_object_mut() {
        members.insert("endpoints".to_owned(), endpoints);
    }
    Ok(request)
}

/// The filter that has the pairs of all of them, and no others: they share a side, and the other sides are put
/// together. An empty side is the client, and no list that anything could be put to.
fn one_filter(sides: Vec<[Value; 2]>) -> Option<Value> {
    let mut sides = sides.into_iter();
    let [mut from, mut to] = sides.next()?;
    let (mut shares_from, mut shares_to) = (true, true);
    for [more_from, more_to] in sides {
        let (same_from, same_to) = (more_from == from, more_to == to);
        match (same_from, same_to) {
            (true, true) => {}
            (true, false) if shares_from => {
                shares_to = false;
                extend(&mut to, more_to)?;
            }
            (false, true) if shares_to => {
                shares_from = false;
                extend(&mut from, more_from)?;
            }
            _ => return None,
        }
    }
    Some(json!({"srcs": from, "dsts": to}))
}

fn extend(side: &mut Value, more: Value) -> Option<()> {
    match (side, more) {
        (Value::Array(side), Value::Array(more)) if !side.is_empty() && !more.is_empty() => {
            side.extend(more);
            Some(())
        }
        _ => None,
    }
}

/// An answer of costs with the tag of its content as `meta.vtag`.
pub(super) fn with_vtag(answer: Vec<u8>, id: &str) -> Bytes {
    let Some(rest) = answer.strip_prefix(HEAD) else {
        return answer.into();
    };
    let mut out = Vec::with_capacity(answer.len() + 96);
    out.extend_from_slice(HEAD);
    out.extend_from_slice(b"\"vtag\":");
    Tag::of([answer.as_slice()]).write(&mut out, id);
    out.push(b',');
    out.extend_from_slice(rest);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(flows: Value) -> Result<Value, FieldError> {
        let request = with_endpoints(json!({"cost-type": {}, FLOWS: flows}))?;
        Ok(request["endpoints"].clone())
    }

    #[test]
    fn flows_that_share_a_side_are_one_filter() {
        let one = json!({"srcs": ["ipv4:192.0.2.1"], "dsts": ["ipv4:192.0.2.2"]});
        assert_eq!(endpoints(json!([one])).unwrap(), one);
        assert_eq!(endpoints(json!([one, one])).unwrap(), one);
        let more = json!({"srcs": ["ipv4:192.0.2.1"], "dsts": ["ipv4:192.0.2.3"]});
        let expected =
            json!({"srcs": ["ipv4:192.0.2.1"], "dsts": ["ipv4:192.0.2.2", "ipv4:192.0.2.3"]});
        assert_eq!(endpoints(json!([one, more])).unwrap(), expected);
        let back = json!({"srcs": ["ipv4:192.0.2.3"], "dsts": ["ipv4:192.0.2.2"]});
        let expected =
            json!({"srcs": ["ipv4:192.0.2.1", "ipv4:192.0.2.3"], "dsts": ["ipv4:192.0.2.2"]});
        assert_eq!(endpoints(json!([one, back])).unwrap(), expected);
        // Three corners of a square are no rectangle.
        assert!(endpoints(json!([one, more, back])).is_err());
        // Whose side is the client cannot be put together with another.
        let client = json!({"dsts": ["ipv4:192.0.2.2"]});
        assert_eq!(endpoints(json!([client])).unwrap()["srcs"], json!([]));
        assert!(endpoints(json!([one, client])).is_err());
    }

    #[test]
    fn what_is_no_list_of_flows_is_told() {
        for (flows, field) in [(json!({}), FLOWS), (json!([]), FLOWS), (json!([7]), FLOWS)] {
            let error = endpoints(flows).unwrap_err();
            assert!(error.to_string().contains(field), "{error}");
        }
        assert!(endpoints(Value::Array(vec![json!({}); 65])).is_err());
        // A field that is not known is ignored where the known one is there.
        let request = json!({"endpoints": {"srcs": []}, FLOWS: 7});
        assert_eq!(with_endpoints(request.clone()).unwrap(), request);
        let request = json!({FLOWS: null});
        assert_eq!(with_endpoints(request.clone()).unwrap(), request);
    }

    #[test]
    fn the_tag_of_an_answer_is_that_of_what_it_says() {
        let tagged = |text: &str| {
            let bytes = with_vtag(text.as_bytes().to_vec(), "e");
            serde_json::from_slice::<Value>(&bytes).unwrap()
        };
        let one = tagged("{\"meta\":{\"cost-type\":{}},\"endpoint-cost-map\":{}}");
        assert_eq!(one["meta"]["vtag"]["resource-id"], "e");
        assert_eq!(one["meta"]["cost-type"], json!({}));
        let same = tagged("{\"meta\":{\"cost-type\":{}},\"endpoint-cost-map\":{}}");
        let other = tagged("{\"meta\":{\"cost-type\":{}},\"endpoint-cost-map\":{\"a\":{}}}");
        assert_eq!(one, same);
        assert_ne!(one["meta"]["vtag"], other["meta"]["vtag"]);
    }
}
