//! What is refused, and how it is told.

use serde_json::{Map, Value, json};

use super::{compute, document, faults, try_decode, vnf};

const TEMPLATES: &str = "/topology_template/node_templates";

/// The one fault of a document, below its node templates: pointer and rule.
fn fault(document: &Value) -> (String, String) {
    let mut faults = faults(document);
    assert_eq!(faults.len(), 1, "{faults:?}");
    let (path, _, rule) = faults.remove(0);
    let below = path.strip_prefix(TEMPLATES).map(str::to_owned);
    (below.unwrap_or(path), rule)
}

#[test]
fn other_versions_of_tosca() {
    for version in [json!("tosca_2_0"), json!("alien_dsl_3_0_0"), json!("")] {
        let mut document = document(json!({}));
        document["tosca_definitions_version"] = version;
        let (path, rule) = fault(&document);
        assert_eq!(path, "/tosca_definitions_version");
        assert!(
            rule.starts_with("the TOSCA Simple Profile in YAML is read"),
            "{rule}"
        );
    }
}

#[test]
fn every_fault_is_told_with_its_place() {
    let document = json!({
        "tosca_definitions_version": 1.3,
        "metadata": [],
        "node_types": {"a": {"derived_from": 7}, "b": []},
        "topology_template": {"node_templates": {
            "n1": compute(json!({"num_cpus": "many", "mem_size": "4 apples", "disk_size": [1], "name": {}})),
            "n2": {"type": "tosca.nodes.Compute", "capabilities": {"host": "big"}},
            "n3": {"type": "tosca.nodes.Compute", "requirements": {"local_storage": "s"}},
            "n4": {"type": "tosca.nodes.Compute", "requirements": ["x", {"local_storage": 1}, {"host": 1}]},
            "n5": {},
            "n6": "tosca.nodes.Compute",
            "s": {"type": "tosca.nodes.nfv.Sap", "metadata": {"inter_domain_sap": ""}},
            "v": {"type": "tosca.nodes.nfv.VNF", "properties": {"product_name": []}, "requirements": [{"host": "no"}]},
            "w": {"type": "tosca.nodes.nfv.VNF"},
        }},
    });
    let told = faults(&document);
    let told: Vec<(&str, Option<&str>)> = told
        .iter()
        .map(|(path, value, _)| {
            (
                path.strip_prefix(TEMPLATES).unwrap_or(path),
                value.as_deref(),
            )
        })
        .collect();
    let expected = [
        ("/metadata", Some("[]")),
        ("/node_types/a/derived_from", Some("7")),
        ("/node_types/b", Some("[]")),
        ("/n1/capabilities/host/properties/disk_size", Some("[1]")),
        (
            "/n1/capabilities/host/properties/mem_size",
            Some("4 apples"),
        ),
        ("/n1/capabilities/host/properties/name", Some("{}")),
        ("/n1/capabilities/host/properties/num_cpus", Some("many")),
        ("/n2/capabilities/host", Some("\"big\"")),
        ("/n3/requirements", Some("{\"local_storage\":\"s\"}")),
        ("/n4/requirements/0", Some("\"x\"")),
        ("/n4/requirements/1/local_storage", Some("1")),
        ("/n5/type", None),
        ("/n6", Some("\"tosca.nodes.Compute\"")),
        ("/s/metadata/inter_domain_sap", Some("")),
        ("/v/properties/product_name", Some("[]")),
        ("/v/requirements/0/host", Some("no")),
        ("/w/properties/product_name", None),
        ("/tosca_definitions_version", Some("1.3")),
    ];
    assert_eq!(told, expected);
}

#[test]
fn the_topology_template_is_required() {
    let document = json!({"tosca_definitions_version": "tosca_simple_yaml_1_3"});
    assert_eq!(
        fault(&document),
        (
            "/topology_template".to_owned(),
            "the field is missing".to_owned()
        )
    );
}

#[test]
fn references_to_templates_that_are_not_there() {
    let missing = |document: Value| {
        let (path, rule) = fault(&document);
        assert!(rule.contains("'x'"), "{rule}");
        path
    };
    let there = json!({"type": "tosca.nodes.Compute"});
    assert_eq!(
        missing(document(json!({"n": there, "v": vnf("nat", &["x"])}))),
        "/v/requirements/0/host"
    );
    let sap = json!({"type": "tosca.nodes.nfv.Sap", "requirements": [{"binding": {"node": "x"}}]});
    assert_eq!(
        missing(document(json!({"n": there, "s": sap}))),
        "/s/requirements/0/binding"
    );
    let attached = json!({"type": "tosca.nodes.Compute", "requirements": [{"local_storage": "x"}]});
    assert_eq!(
        missing(document(json!({"n": attached}))),
        "/n/requirements/0/local_storage"
    );
    let no_storage = json!({"n": attached, "x": {"type": "tosca.nodes.Compute"}});
    assert_eq!(
        missing(document(no_storage)),
        "/n/requirements/0/local_storage"
    );
}

#[test]
fn hosting_in_a_circle_or_too_deep() {
    let on = |host: &str| json!({"type": "tosca.nodes.SoftwareComponent", "requirements": [{"host": host}]});
    let circle = document(json!({"a": on("b"), "b": on("a"), "v": vnf("nat", &["a"])}));
    let (path, rule) = fault(&circle);
    assert_eq!(path, "/v/requirements/0/host");
    assert_eq!(
        rule,
        "it is hosted through more than 16 templates, or in a circle"
    );

    let stack = |depth: usize| {
        let mut templates = Map::from_iter([("0".to_owned(), compute(json!({})))]);
        templates
            .extend((1..=depth).map(|level| (level.to_string(), on(&(level - 1).to_string()))));
        templates.insert("v".to_owned(), vnf("nat", &[&depth.to_string()]));
        document(Value::Object(templates)).to_string()
    };
    assert!(try_decode(stack(16).as_bytes()).is_ok());
    assert!(try_decode(stack(17).as_bytes()).is_err());
}

#[test]
fn types_in_a_circle_or_too_deep() {
    let mut circle = document(json!({"n": {"type": "a"}}));
    circle["node_types"] = json!({"a": {"derived_from": "b"}, "b": {"derived_from": "a"}});
    let told = faults(&circle);
    let rule = |name| format!("'{name}' derives from itself, or from more than 32 types");
    let expected = [("a", "b"), ("b", "a")].map(|(name, from)| {
        (
            format!("/node_types/{name}/derived_from"),
            Some(from.to_owned()),
            rule(name),
        )
    });
    assert_eq!(told, expected);

    let chain = |depth: usize| {
        let mut document = document(json!({"n": {"type": depth.to_string()}}));
        let name = |level: usize| match level {
            0 => json!("tosca.nodes.Compute"),
            level => json!(level.to_string()),
        };
        let types =
            (1..=depth).map(|level| (level.to_string(), json!({"derived_from": name(level - 1)})));
        document["node_types"] = Value::Object(types.collect());
        document.to_string()
    };
    assert!(try_decode(chain(32).as_bytes()).is_ok());
    assert!(try_decode(chain(33).as_bytes()).is_err());
}

#[test]
fn functions_other_than_get_input() {
    for function in [
        "get_property",
        "get_attribute",
        "concat",
        "join",
        "token",
        "get_artifact",
    ] {
        let (path, rule) = fault(&document(
            json!({"n": compute(json!({"num_cpus": {function: ["SELF", "x"]}}))}),
        ));
        assert_eq!(path, "/n/capabilities/host/properties/num_cpus");
        assert_eq!(
            rule,
            format!("the function '{function}' is not worked out; only get_input is")
        );
    }
}

#[test]
fn inputs_that_are_worth_nothing() {
    let told = |argument: Value, inputs: Value| {
        let mut document =
            document(json!({"n": compute(json!({"num_cpus": {"get_input": argument}}))}));
        document["topology_template"]["inputs"] = inputs;
        let (path, rule) = fault(&document);
        (
            path.replace("/n/capabilities/host/properties/num_cpus", ""),
            rule,
        )
    };
    let at = |path: &str, rule: &str| (path.to_owned(), rule.to_owned());
    assert_eq!(
        told(json!("a"), Value::Null),
        at("/get_input", "there is no input of this name")
    );
    assert_eq!(
        told(json!("a"), json!({})),
        at("/get_input", "there is no input of this name")
    );
    let no_default = "the input has no default, so the document does not tell what it is worth";
    assert_eq!(
        told(json!("a"), json!({"a": {"type": "integer"}})),
        at("/get_input", no_default)
    );
    let circle =
        json!({"a": {"default": {"get_input": "b"}}, "b": {"default": {"get_input": "a"}}});
    assert_eq!(
        told(json!("a"), circle),
        at("", "it leads through more than 8 inputs, or in a circle")
    );
    let part = "the input's default has no such part";
    assert_eq!(
        told(json!(["a", "x"]), json!({"a": {"default": {"y": 1}}})),
        at("/get_input", part)
    );
    assert_eq!(
        told(json!(["a", 1]), json!({"a": {"default": [1]}})),
        at("/get_input", part)
    );
    assert_eq!(
        told(json!([1]), json!({})),
        at("/get_input", "a list starts with the input's name")
    );
    assert_eq!(
        told(json!({}), json!({})),
        at("/get_input", "the name of an input is expected")
    );
    // A wrong value is told where it stands.
    let (path, _) = told(json!("a"), json!({"a": {"default": "many"}}));
    assert_eq!(path, "/topology_template/inputs/a/default");

    let chain = |depth: usize| {
        let mut document =
            document(json!({"n": compute(json!({"num_cpus": {"get_input": depth.to_string()}}))}));
        let value = |level: usize| match level {
            1 => json!(4),
            level => json!({"get_input": (level - 1).to_string()}),
        };
        let inputs = (1..=depth).map(|level| (level.to_string(), json!({"default": value(level)})));
        document["topology_template"]["inputs"] = Value::Object(inputs.collect());
        document.to_string()
    };
    assert!(try_decode(chain(8).as_bytes()).is_ok());
    assert!(try_decode(chain(9).as_bytes()).is_err());
}

#[test]
fn storage_with_and_without_unit_is_not_added_up() {
    let document = document(json!({
        "n": {
            "type": "tosca.nodes.Compute",
            "capabilities": {"host": {"properties": {"disk_size": 100}}},
            "requirements": [{"local_storage": "s"}],
        },
        "s": {"type": "tosca.nodes.BlockStorage", "properties": {"size": "1 GB"}},
    }));
    let (path, rule) = fault(&document);
    assert_eq!(path, "/n/requirements/0/local_storage");
    assert!(rule.starts_with("sizes with and without a unit"), "{rule}");
}

#[test]
fn names_that_are_one_but_for_blanks() {
    let compute = json!({"type": "tosca.nodes.Compute"});
    let (path, rule) = fault(&document(json!({" n": compute, "n": compute})));
    assert_eq!(
        (path.as_str(), rule.as_str()),
        ("/n", "another node has this name, but for blanks around it")
    );
    let sap = json!({"type": "tosca.nodes.nfv.Sap"});
    let (path, rule) = fault(&document(json!({" s": sap, "s": sap})));
    assert_eq!(
        (path.as_str(), rule.as_str()),
        ("/s", "another port has this name, but for blanks around it")
    );
    let (_, rule) = fault(&document(json!({" ": compute})));
    assert!(rule.starts_with("1 to 256 bytes"), "{rule}");
}

#[test]
fn too_many() {
    let many = |count: usize, template: Value| {
        let templates = (0..count).map(|index| (format!("t{index}"), template.clone()));
        templates.collect::<Map<String, Value>>()
    };
    let passes = |templates: Map<String, Value>| {
        let document = document(Value::Object(templates)).to_string();
        try_decode(document.as_bytes()).map_err(|error| error.faults()[0].rule.clone())
    };
    use nffg::tosca::{MAX_NF_TYPES, MAX_NODES, MAX_PORTS, MAX_TEMPLATES};
    let root = json!({"type": "Root"});
    assert!(passes(many(MAX_TEMPLATES, root.clone())).is_ok());
    let rule = passes(many(MAX_TEMPLATES + 1, root)).unwrap_err();
    assert_eq!(rule, "100001 node templates; at most 100000 are allowed");

    let compute = json!({"type": "Compute"});
    assert!(passes(many(MAX_NODES, compute.clone())).is_ok());
    let rule = passes(many(MAX_NODES + 1, compute.clone())).unwrap_err();
    assert_eq!(rule, "there are more than 10000 nodes");

    let with = |extra: usize, template: Value| {
        let mut templates = many(MAX_NODES, compute.clone());
        templates.extend((0..extra).map(|index| (format!("v{index}"), template.clone())));
        passes(templates)
    };
    let vnf = vnf("nat", &[]);
    assert!(with(MAX_NF_TYPES / MAX_NODES, vnf.clone()).is_ok());
    let rule = with(MAX_NF_TYPES / MAX_NODES + 1, vnf).unwrap_err();
    assert!(rule.ends_with("are more than 1000000"), "{rule}");
    let sap = json!({"type": "tosca.nodes.nfv.Sap"});
    assert!(with(MAX_PORTS / MAX_NODES, sap.clone()).is_ok());
    let rule = with(MAX_PORTS / MAX_NODES + 1, sap).unwrap_err();
    assert!(rule.ends_with("are more than 100000"), "{rule}");
}

/// Telling a fault must not cost a walk through the document: this one has a fault in each of very many templates.
#[test]
fn very_many_faults_are_counted() {
    let templates = (0..90_000).map(|index| (index.to_string(), compute(json!({"num_cpus": "x"}))));
    let document = document(Value::Object(templates.collect())).to_string();
    let error = try_decode(document.as_bytes()).unwrap_err();
    assert_eq!((error.faults().len(), error.total()), (100, 170_000));
}
