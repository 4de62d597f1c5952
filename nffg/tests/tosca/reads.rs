//! What a service template means.

use nffg::PortKind;
use serde_json::{Value, json};

use super::{compute, decode, document, port, read, resources, supported, told, try_decode, vnf};

/// Size properties of a node as it is read.
fn sizes(properties: Value) -> nffg::Resources {
    read(&document(json!({"n": compute(properties)}))).nodes[0].resources
}

#[test]
fn tosca_3_3_6_4_sizes_have_units() {
    assert_eq!(
        sizes(json!({"num_cpus": 4, "mem_size": "4 GB", "disk_size": "1.5TiB"})),
        resources("4", "4 GB", "1.5 TiB")
    );
    assert_eq!(
        sizes(json!({"num_cpus": "8", "mem_size": "512 mib"})),
        resources("8", "512 MiB", "")
    );
    assert_eq!(sizes(json!({"mem_size": null})), resources("", "", ""));
}

#[test]
fn versions_1_0_to_1_3_and_the_profile_for_nfv() {
    for version in [
        "tosca_simple_yaml_1_0",
        "tosca_simple_yaml_1_0_0",
        "tosca_simple_yaml_1_1",
        "tosca_simple_yaml_1_2",
        "tosca_simple_yaml_1_3",
        "tosca_simple_profile_for_nfv_1_0",
        "tosca_simple_profile_for_nfv_1_0_0",
    ] {
        let mut document = document(json!({"n": compute(json!({}))}));
        document["tosca_definitions_version"] = json!(version);
        assert_eq!(read(&document).nodes.len(), 1, "{version}");
    }
}

#[test]
fn yaml_anchors_and_merge_keys_are_values() {
    let text = "
tosca_definitions_version: tosca_simple_yaml_1_2
dsl_definitions:
  small: &small
    num_cpus: 2
    mem_size: 4 GB
topology_template:
  node_templates:
    a:
      type: tosca.nodes.Compute
      capabilities: {host: {properties: *small}}
    b:
      type: tosca.nodes.Compute
      capabilities:
        host:
          properties:
            <<: *small
            mem_size: 8 GB
";
    let export = try_decode(text.as_bytes()).unwrap();
    let view = export.parts.resources.unwrap();
    assert_eq!(view.nodes[0].resources, resources("2", "4 GB", ""));
    assert_eq!(view.nodes[1].resources, resources("2", "8 GB", ""));
}

#[test]
fn names_of_types_may_be_short_or_qualified() {
    let view = read(&document(json!({
        "a": {"type": "Compute"},
        "b": {"type": "tosca:Compute"},
        "c": {"type": "tosca.nodes.Compute", "requirements": [{"local_storage": "s"}, {"local_storage": "t"}]},
        "s": {"type": "tosca:BlockStorage", "properties": {"size": "1 GB"}},
        "t": {"type": "BlockStorage", "properties": {"size": "2 GB"}},
    })));
    assert_eq!(view.nodes.len(), 3);
    assert_eq!(view.nodes[1].node_type.as_deref(), Some("tosca:Compute"));
    assert_eq!(view.nodes[2].resources, resources("", "", "3 GB"));
}

#[test]
fn types_derive_from_types_and_inherit_defaults() {
    let mut document = document(json!({
        "edge": {"type": "example.Edge", "capabilities": {"host": {"properties": {"mem_size": "1 GB"}}}},
        "fw": {"type": "example.Firewall2"},
        "lb": {"type": "example.Balancer"},
        "other": {"type": "example.Documented"},
    }));
    document["node_types"] = json!({
        "example.Edge": {
            "derived_from": "example.Pop",
            "capabilities": {"host": {"properties": {"disk_size": {"type": "scalar-unit.size"}}}},
        },
        "example.Pop": {
            "derived_from": "tosca.nodes.Compute",
            "capabilities": {"host": {"properties": {
                "num_cpus": {"type": "integer", "default": 16},
                "mem_size": {"type": "scalar-unit.size", "default": "64 GB"},
                "disk_size": {"type": "scalar-unit.size", "default": "1 TB"},
            }}},
        },
        "example.Firewall2": {"derived_from": "example.Firewall"},
        "example.Firewall": {
            "derived_from": "tosca.nodes.nfv.VNF",
            "properties": {"product_name": {"type": "string", "default": "firewall"}},
        },
        "example.Balancer": {"derived_from": "tosca.nodes.nfv.VNF"},
        "example.Documented": {"description": "derives from Root, as nothing is said"},
    });
    let view = read(&document);
    assert_eq!(view.nodes.len(), 1);
    assert_eq!(view.nodes[0].node_type.as_deref(), Some("example.Edge"));
    assert_eq!(view.nodes[0].resources, resources("16", "1 GB", "1 TB"));
    // Without a product name the declared type is the NF type.
    assert_eq!(supported(&view.nodes[0]), ["example.Balancer", "firewall"]);
}

#[test]
fn what_the_profiles_say_of_their_types_stands() {
    let mut document = document(json!({
        "vdu": {"type": "tosca.nodes.nfv.VDU.Compute", "capabilities": {"host": {"properties": {"num_cpus": 2}}}},
        "n": {"type": "tosca.nodes.Compute"},
    }));
    document["node_types"] = json!({
        "tosca.nodes.nfv.VDU.Compute": {"derived_from": "tosca.nodes.Compute"},
        "tosca.nodes.Compute": {
            "derived_from": "tosca.nodes.Root",
            "capabilities": {"host": {"properties": {"num_cpus": {"default": 1}}}},
        },
    });
    let view = read(&document);
    assert_eq!(view.nodes.len(), 1);
    assert_eq!(view.nodes[0].resources, resources("1", "", ""));
}

#[test]
fn tosca_4_4_1_get_input_is_worth_its_default() {
    let mut document = document(json!({
        "n": compute(json!({
            "num_cpus": {"get_input": "cpus"},
            "mem_size": {"get_input": ["sizes", "big", 1]},
            "disk_size": {"get_input": ["fixed"]},
        })),
        "v": {"type": "tosca.nodes.nfv.VNF", "properties": {"product_name": {"get_input": "name"}}},
    }));
    document["topology_template"]["inputs"] = json!({
        "cpus": {"type": "integer", "default": {"get_input": "more"}},
        "more": {"type": "integer", "default": 12},
        "sizes": {"type": "map", "default": {"big": ["1 GB", "2 GB"]}},
        "fixed": {"type": "scalar-unit.size", "value": "3 GB"},
        "name": {"type": "string", "default": "nat"},
        "unused": {"type": "string"},
    });
    let view = read(&document);
    assert_eq!(view.nodes[0].resources, resources("12", "2 GB", "3 GB"));
    assert_eq!(supported(&view.nodes[0]), ["nat"]);
}

#[test]
fn vnfs_belong_to_their_hosts_or_to_every_node() {
    let mut document = document(json!({
        "a": {"type": "tosca.nodes.Compute"},
        "b": {"type": "example.Pop"},
        "runtime": {"type": "tosca.nodes.Container.Runtime", "requirements": [{"host": {"node": "b"}}]},
        "everywhere": vnf("everywhere", &[]),
        "at-a": vnf("at-a", &["a"]),
        "at-both": vnf("at-both", &["a", "b", "a"]),
        "in-a-container": vnf("in-a-container", &["runtime"]),
        "any-pop": vnf("any-pop", &["example.Pop"]),
        "any-compute": vnf("any-compute", &["tosca.nodes.Compute"]),
        "any-that-fits": {
            "type": "tosca.nodes.nfv.VNF",
            "properties": {"product_name": "any-that-fits"},
            "requirements": [{"host": {"node_filter": {"capabilities": []}}}, {"virtual_link": "net"}],
        },
        "net": {"type": "tosca.nodes.nfv.NsVirtualLink"},
        "twice": vnf("at-a", &["a"]),
    }));
    document["node_types"] = json!({"example.Pop": {"derived_from": "tosca.nodes.Compute"}});
    let view = read(&document);
    let domain = ["any-compute", "any-that-fits"];
    let at_a = ["at-a", "at-both", "everywhere"];
    assert_eq!(supported(&view.nodes[0]), [&domain[..], &at_a].concat());
    let at_b = [
        "any-compute",
        "any-pop",
        "any-that-fits",
        "at-both",
        "everywhere",
        "in-a-container",
    ];
    assert_eq!(supported(&view.nodes[1]), at_b);
}

#[test]
fn saps_and_ports() {
    let sap = |more: Value| {
        let mut template = json!({"type": "tosca.nodes.nfv.Sap", "requirements": [{"internal_virtual_link": "x"}]});
        template
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        template
    };
    let view = read(&document(json!({
        "a": {"type": "tosca.nodes.Compute"},
        "b": {"type": "tosca.nodes.Compute"},
        "p1": sap(json!({})),
        "p2": sap(json!({"metadata": {"inter_domain_sap": 12}, "requirements": [{"binding": {"node": "b"}}]})),
        "p3": {"type": "tosca.nodes.network.Port", "requirements": [{"binding": "a"}, {"link": "net"}]},
        "p4": {
            "type": "tosca.nodes.network.Port",
            "metadata": {"inter_domain_sap": "X", "owner": "noc"},
            "requirements": [{"binding": "a"}],
        },
        "net": {"type": "tosca.nodes.network.Network"},
        "cp": {"type": "tosca.nodes.nfv.VnfExtCp"},
    })));
    let everywhere = port("p1", PortKind::Sap("p1".parse().unwrap()));
    let tagged = |id: &str, tag: &str| port(id, PortKind::InterDomain(tag.parse().unwrap()));
    assert_eq!(
        view.nodes[0].ports,
        [
            everywhere.clone(),
            port("p3", PortKind::Internal),
            tagged("p4", "X")
        ]
    );
    assert_eq!(view.nodes[1].ports, [everywhere, tagged("p2", "12")]);
}

#[test]
fn without_a_compute_the_domain_is_one_node() {
    let view = read(&document(json!({
        "v": vnf("nat", &[]),
        "s": {"type": "tosca.nodes.nfv.Sap"},
    })));
    assert_eq!(view.nodes.len(), 1);
    let node = &view.nodes[0];
    assert_eq!((node.id.as_str(), &node.node_type), ("SingleBiSBiS", &None));
    assert!(node.resources.is_empty());
    assert_eq!(supported(node), ["nat"]);
    assert_eq!(node.ports.len(), 1);
    assert_eq!(read(&document(json!({}))).nodes, []);
    let empty =
        json!({"tosca_definitions_version": "tosca_simple_yaml_1_3", "topology_template": {}});
    assert_eq!(read(&empty).nodes, []);
}

#[test]
fn storage_is_what_is_attached() {
    let view = read(&document(json!({
        "n": {
            "type": "tosca.nodes.Compute",
            "capabilities": {"host": {"properties": {"disk_size": "100 GB"}}},
            "requirements": [
                {"local_storage": "block"},
                {"local_storage": {"node": "object", "relationship": {"type": "tosca.relationships.AttachesTo"}}},
                {"local_storage": "small"},
            ],
        },
        "block": {"type": "tosca.nodes.Storage.BlockStorage", "properties": {"size": "1 TB"}},
        "object": {"type": "tosca.nodes.Storage.ObjectStorage", "properties": {"size": "1 GB", "maxsize": "2 TB"}},
        "small": {"type": "tosca.nodes.ObjectStorage", "properties": {"name": "s", "size": "1 GB"}},
    })));
    assert_eq!(view.nodes[0].resources, resources("", "", "3101 GB"));
}

#[test]
fn the_name_of_the_template() {
    let mut document = document(json!({}));
    document["metadata"] = json!({"template_name": " North ", "template_version": 1.0});
    assert_eq!(read(&document).name.as_deref(), Some("North"));
    document["metadata"] = json!({"template_author": "noc"});
    document["template_name"] = json!("old");
    assert_eq!(read(&document).name.as_deref(), Some("old"));
}

/// The shape of VNF descriptors in which each VNF's types are in a file of their own.
#[test]
fn a_descriptor_whose_types_are_imported() {
    let mut document = document(json!({
        "VNF": {"type": "example.provider.VNF", "properties": {"flavour_description": "simple"}},
        "VDU1": {"type": "tosca.nodes.nfv.Vdu.Compute"},
        "CP1": {"type": "tosca.nodes.nfv.VduCp", "requirements": [{"virtual_binding": "VDU1"}]},
    }));
    document["imports"] = json!(["etsi_nfv_sol001_vnfd_types.yaml", "types.yaml"]);
    let (view, warnings) = decode(&document);
    assert_eq!(view.nodes, []);
    let text = "the type 'example.provider.VNF' is not declared here, and imports are not fetched; \
                the template is left out";
    assert_eq!(
        told(&warnings),
        [("/topology_template/node_templates/VNF", text)]
    );
}
