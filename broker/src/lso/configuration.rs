//! Payloads of orders, checked whole: by their schema, and a service graph by the engine's rules for requests for
//! placements.

use nffg::json::{Cursor, FieldError, Problem};
use serde_json::Value;
use sof::mef::{Fault, FaultCode};
use sof::payload::{Configuration, Segment, decode};
use sof::schema::escaped;

use crate::placements::request::{PlacementRequest, decode_common};

/// A payload that can be worked on.
#[derive(Clone, Debug, PartialEq)]
pub enum Checked {
    /// A whole service.
    Graph(Box<PlacementRequest>),
    /// One domain's part.
    Segment(Segment),
}

/// Reads and checks a payload (`serviceConfiguration`).
///
/// # Errors
/// Every fault that the schema finds, or the first that the engine's rules find. Paths are JSON pointers into the payload.
pub fn check(value: &Value) -> Result<Checked, Vec<Fault>> {
    match decode(value)? {
        Configuration::Segment(segment) => Ok(Checked::Segment(segment)),
        Configuration::ServiceGraph(value) => {
            let request = decode_common(&Cursor::root(&value));
            let request = request.map_err(|error| vec![fault(&error)])?;
            let faults = unlike_units(&request);
            if faults.is_empty() {
                Ok(Checked::Graph(Box::new(request)))
            } else {
                Err(faults)
            }
        }
    }
}

/// A fault that the broker's own API would tell, as MEF's APIs tell it.
#[must_use]
pub fn fault(error: &FieldError) -> Fault {
    let code = match error.problem {
        Problem::Missing => FaultCode::MissingProperty,
        Problem::WrongType { .. } | Problem::Invalid { .. } => FaultCode::InvalidValue,
    };
    Fault::new(code, pointer(&error.field), error.problem.to_string())
}

/// `sg/sg_links[1]/id` as `/sg/sg_links/1/id`.
fn pointer(field: &str) -> String {
    let mut pointer = String::with_capacity(field.len() + 1);
    for part in field.split('/').filter(|part| !part.is_empty()) {
        let mut names = part.split('[');
        let name = names.next().unwrap_or_default();
        if !name.is_empty() {
            pointer.push('/');
            pointer.push_str(&escaped(name));
        }
        for index in names {
            pointer.push('/');
            pointer.push_str(index.trim_end_matches(']'));
        }
    }
    pointer
}

/// An order tells each amount once, or in one unit: a partner is told one number.
fn unlike_units(request: &PlacementRequest) -> Vec<Fault> {
    let nodes = request.sg.nodes().iter().zip(&request.constraints.nodes);
    let faults = nodes.filter_map(|(node, rule)| {
        let [told, added] = &rule.demands;
        let kinds = [
            ("cpu", told.cpu, added.cpu),
            ("mem", told.mem, added.mem),
            ("storage", told.storage, added.storage),
        ];
        let (kind, a, b) = kinds.into_iter().find_map(|(kind, a, b)| {
            let (a, b) = (a?, b?);
            (a.unit() != b.unit()).then_some((kind, a, b))
        })?;
        let path = format!(
            "/constraints/nodes/{}/resources/{kind}",
            escaped(node.id.as_str())
        );
        let reason = format!("{b} is not in the unit of the graph, which says {a}");
        Some(Fault::new(FaultCode::InvalidValue, path, reason))
    });
    faults.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sof::payload::{SEGMENT, SERVICE_GRAPH};

    use super::*;

    fn graph() -> Value {
        json!({
            "@type": SERVICE_GRAPH,
            "sg": {
                "node_nfs": [{"id": "NF1", "functional_type": "fw",
                              "specification": {"resources": {"cpu": 1, "mem": 2}}}],
                "node_saps": [{"id": "S1"}, {"id": "S2"}],
                "edge_sg_nexthops": [
                    {"id": 1, "src_node": "S1", "dst_node": "NF1"},
                    {"id": 2, "src_node": "NF1", "dst_node": "S2"},
                ],
            },
        })
    }

    fn first(value: &Value) -> (FaultCode, String) {
        let fault = check(value).expect_err("a fault").swap_remove(0);
        (fault.code, fault.property_path.unwrap_or_default())
    }

    #[test]
    fn a_graph_is_read_as_a_request_for_placements() {
        let Ok(Checked::Graph(request)) = check(&graph()) else {
            panic!("{:?}", check(&graph()));
        };
        assert_eq!(request.sg.links().len(), 2);
    }

    #[test]
    fn faults_of_the_graph_have_pointers() {
        let mut value = graph();
        value["sg"]["edge_sg_nexthops"][1]["dst_node"] = json!("S9");
        let (_, path) = first(&value);
        assert_eq!(path, "/sg/edge_sg_nexthops/1/dst_node");
        let mut value = graph();
        value["constraints"] = json!({"links": {"7": {"max-hops": 1}}});
        assert_eq!(first(&value).1, "/constraints/links/7");
        let mut value = graph();
        value["objective"] = json!("beauty");
        assert_eq!(
            first(&value),
            (FaultCode::InvalidValue, "/objective".to_owned())
        );
    }

    #[test]
    fn amounts_in_unlike_units_are_refused() {
        let mut value = graph();
        value["constraints"] = json!({"nodes": {"NF1": {"resources": {"mem": "4 GB"}}}});
        let expected = "/constraints/nodes/NF1/resources/mem".to_owned();
        assert_eq!(first(&value), (FaultCode::InvalidValue, expected));
    }

    #[test]
    fn a_segment_is_checked_by_its_own_rules() {
        let segment =
            json!({"@type": SEGMENT, "domain": "AS1", "functions": [{"id": "a", "type": "fw"}]});
        assert!(matches!(check(&segment), Ok(Checked::Segment(_))));
    }
}
