//! Payloads of orders, checked whole: by their schema, and a service graph by the engine's rules for requests for
//! placements.

use nffg::json::{Cursor, FieldError, Problem};
use serde_json::Value;
use sof::mef::{Fault, FaultCode};
use sof::payload::{Configuration, Segment, decode};
use sof::schema::escaped;

use crate::placements::request::{PlacementRequest, decode_order};

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
/// Every fault that the schema finds; else those that the engine's rules find: of the graph itself the first, of the other
/// members each. Paths are JSON pointers into the payload.
pub fn check(value: &Value) -> Result<Checked, Vec<Fault>> {
    match decode(value)? {
        Configuration::Segment(segment) => Ok(Checked::Segment(segment)),
        Configuration::ServiceGraph(value) => {
            let request = decode_order(&Cursor::root(&value));
            let request = request.map_err(|errors| errors.iter().map(fault).collect::<Vec<_>>())?;
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
    fn every_member_that_is_wrong_is_told_at_once() {
        let mut value = graph();
        value["objective"] = json!("beauty");
        value["sls"] = json!({"availability": 1});
        value["constraints"] = json!({
            "nodes": {"NF1": {"allow": ["not a domain"]}, "NF9": {}, "S1": {"resources": {"cpu": 1}}},
            "links": {"1": {"max-hops": -1}, "2": {"max-hops": 3}, "7": {}},
            "anti-affinity": [["NF1", "NF8"]],
        });
        let faults = check(&value).unwrap_err();
        let paths: Vec<&str> = faults.iter().map(Fault::path).collect();
        let expected = [
            "/objective",
            "/constraints/anti-affinity/0/1",
            "/constraints/links/1/max-hops",
            "/constraints/links/7",
            "/constraints/nodes/NF1/allow/0",
            "/constraints/nodes/NF9",
            "/constraints/nodes/S1/resources",
        ];
        assert_eq!(paths, expected, "{faults:#?}");
        // Members that are right each, and not together.
        let mut value = graph();
        value["constraints"] =
            json!({"nodes": {"NF1": {"allow": ["AS1"]}}, "forbid-domains": ["AS1"]});
        let faults = check(&value).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert_eq!(faults[0].path(), "/constraints/nodes/NF1/allow");
        // Without a graph that can be read there is nothing to hold constraints against.
        value["sg"]["node_saps"] = json!(7);
        value["policy"] = json!("ignore");
        value["objective"] = json!("beauty");
        assert_eq!(check(&value).unwrap_err().len(), 2);
    }

    #[test]
    fn an_availability_is_read_with_the_request() {
        let mut value = graph();
        value["sls"] = json!({"availability": 0.999});
        let Ok(Checked::Graph(request)) = check(&value) else {
            panic!("{:?}", check(&value));
        };
        assert_eq!(request.availability.unwrap().billionths(), 999_000_000);
        for (wrong, path) in [
            (json!({"availability": 1.5}), "/sls/availability"),
            (json!({"availability": "high"}), "/sls/availability"),
            (json!({"loss": 0}), "/sls/loss"),
            (json!(0.999), "/sls"),
        ] {
            value["sls"] = wrong;
            assert_eq!(first(&value).1, path);
        }
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
