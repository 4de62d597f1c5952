//! NF types and SAPs, and the shapes in which descriptors come.

use serde_json::{Map, Value, json};

use super::{
    beside, decode, document, fault, faults, node, read, sap, supported, told, try_decode,
};

#[test]
fn without_capacity_the_domain_is_one_node() {
    let view = read(&beside(&["s"], json!({})));
    let mut expected = node("SingleBiSBiS");
    expected.supported = vec!["nat".parse().unwrap()];
    expected.ports = vec![sap("s")];
    assert_eq!(view.nodes, [expected]);
    assert_eq!(read(&json!({"nfv": {}})).nodes, []);
    assert_eq!(read(&document(json!(null), json!([]))).nodes, []);
}

#[test]
fn nf_types_are_products() {
    let view = read(&document(
        json!([
            {"id": "1", "product-name": "nat", "version": "1"},
            {"id": "2", "product-name": "nat", "version": "2"},
            {"id": "3", "product-name": " dpi "},
        ]),
        json!([]),
    ));
    assert_eq!(supported(&view.nodes[0]), ["dpi", "nat"]);
}

#[test]
fn a_vnfd_without_a_product_name_is_named_by_its_id() {
    let (view, warnings) = decode(&document(json!([{"id": "native_charm-vnf"}]), json!(null)));
    assert_eq!(supported(&view.nodes[0]), ["native_charm-vnf"]);
    let text = "no product-name, which SOL 006 requires; the NF type is named by the id, 'native_charm-vnf'";
    assert_eq!(
        told(&warnings),
        [("/etsi-nfv-descriptors:nfv/vnfd/0", text)]
    );
}

#[test]
fn saps_of_several_nsds_are_each_one() {
    let view = read(&document(
        json!([]),
        json!([
            {"id": "a", "sapd": [{"id": "in"}, {"id": "out"}]},
            {"id": "b", "sapd": [{"id": "out"}, {"id": 7}]},
        ]),
    ));
    assert_eq!(view.nodes[0].ports, [sap("in"), sap("out"), sap("7")]);
}

/// The roots of the modules `etsi-nfv-vnfd` and `etsi-nfv-nsd`, and what OSM makes of them.
#[test]
fn descriptors_of_single_packages() {
    let vnfd =
        json!({"id": "v", "product-name": "nat", "mgmt-cp": "eth0", "df": [{"id": "default-df"}]});
    for root in ["etsi-nfv-vnfd:vnfd", "vnfd"] {
        let view = read(&json!({root: vnfd}));
        assert_eq!(supported(&view.nodes[0]), ["nat"], "{root}");
        assert_eq!(read(&json!({root: [vnfd]})), view, "{root}");
    }
    // Its VNFDs are in packages of their own.
    let nsd = json!({"id": "n", "vnfd-id": ["v"], "sapd": [{"id": "s"}], "df": [{"vnf-profile": [{"vnfd-id": "v"}]}]});
    for document in [
        json!({"etsi-nfv-nsd:nsd": nsd}),
        json!({"nsd": {"nsd": [nsd]}}),
    ] {
        assert_eq!(read(&document).nodes[0].ports, [sap("s")], "{document}");
    }
}

#[test]
fn an_osm_package_in_yaml() {
    let text = "
vnfd:
  id: bridge-vnf
  product-name: bridge-vnf
  mgmt-cp: eth0-ext
  df:
  - id: default-df
    instantiation-level:
    - id: default
      vdu-level:
      - {number-of-instances: 1, vdu-id: bridge}
    vdu-profile:
    - {id: bridge, min-number-of-instances: 1}
    lcm-operations-configuration:
      operate-vnf-op-config:
        day1-2:
        - id: bridge-vnf
          execution-environment-list:
          - {id: configure, juju: {charm: bridge}}
  ext-cpd:
  - id: eth0-ext
    int-cpd: {cpd: eth0-int, vdu-id: bridge}
  sw-image-desc:
  - {id: debian, image: debian-12, name: debian-12}
  vdu:
  - id: bridge
    name: bridge
    cloud-init-file: cloud-init
    int-cpd:
    - id: eth0-int
      virtual-network-interface-requirement:
      - {name: eth0, virtual-interface: {type: PARAVIRT}}
    sw-image-desc: debian
    virtual-compute-desc: compute
    virtual-storage-desc: [disk]
  virtual-compute-desc:
  - id: compute
    virtual-cpu: {num-virtual-cpu: 2}
    virtual-memory: {size: 2.0}
  virtual-storage-desc:
  - {id: disk, size-of-storage: 10}
";
    let export = try_decode(text.as_bytes()).unwrap();
    assert_eq!(export.warnings, []);
    let view = export.parts.resources.unwrap();
    assert_eq!(supported(&view.nodes[0]), ["bridge-vnf"]);
}

#[test]
fn every_fault_is_told_with_its_place() {
    let document = json!({
        "etsi-nfv-descriptors:nfv": {
            "vnfd": [
                {"product-name": "no id"},
                "vnfd",
                {"id": "v", "product-name": []},
                {"id": "v", "product-name": "twice"},
                {"id": {}},
                {"id": "w", "product-name": "w", "vdu": [7, {}], "df": "x"},
            ],
            "nsd": [{"id": "n", "sapd": [{"id": "s"}, {"id": "s"}, {}, {"id": ""}]}, {"id": "n"}, 9],
        },
        "vnfd": 5,
    });
    let told = faults(&document);
    let told: Vec<(&str, Option<&str>, &str)> = told
        .iter()
        .map(|(path, value, rule)| {
            let path = path
                .strip_prefix("/etsi-nfv-descriptors:nfv")
                .unwrap_or(path);
            (path, value.as_deref(), rule.as_str())
        })
        .collect();
    let expected = [
        (
            "/nsd/0/sapd/1",
            Some("s"),
            "another SAPD of this NSD has this id",
        ),
        ("/nsd/0/sapd/2/id", None, "the field is missing"),
        ("/nsd/0/sapd/3/id", Some(""), told[2].2),
        ("/nsd/1", Some("n"), "another NSD has this id"),
        ("/nsd/2", Some("9"), "an object is expected"),
        ("/vnfd/0/id", None, "the field is missing"),
        ("/vnfd/1", Some("\"vnfd\""), "an object is expected"),
        (
            "/vnfd/2/product-name",
            Some("[]"),
            "a string or a number is expected",
        ),
        ("/vnfd/3", Some("v"), "another VNFD has this id"),
        ("/vnfd/4/id", Some("{}"), "a string or a number is expected"),
        ("/vnfd/5/df", Some("\"x\""), "an array is expected"),
        ("/vnfd/5/vdu/0", Some("7"), "an object is expected"),
        ("/vnfd/5/vdu/1/id", None, "the field is missing"),
        ("/vnfd", Some("5"), "an array is expected"),
    ];
    assert_eq!(told, expected);
    assert!(told[2].2.contains("1 to 256 bytes"), "{}", told[2].2);
}

#[test]
fn what_is_no_descriptor() {
    assert_eq!(
        fault(&json!({"nfviPops": []})),
        ("/nfv".to_owned(), "the field is missing".to_owned())
    );
    assert_eq!(
        fault(&json!({"nfv": []})),
        ("/nfv".to_owned(), "an object is expected".to_owned())
    );
    assert_eq!(
        fault(&json!({"nfv": {"vnfd": 1}})),
        ("/nfv/vnfd".to_owned(), "an array is expected".to_owned())
    );
    assert!(try_decode(b"[]").is_err());
}

#[test]
fn too_many() {
    use nffg::sol006::{MAX_DESCRIPTORS, MAX_NF_TYPES, MAX_NODES, MAX_PORTS};
    let vnfds = |count: usize| -> Value {
        (0..count)
            .map(|n| json!({"id": n, "product-name": n.to_string()}))
            .collect()
    };
    let zones = |count: usize| -> Value { (0..count).map(|n| json!({"zoneId": n})).collect() };
    let sapds = |count: usize| -> Value { (0..count).map(|n| json!({"id": n})).collect() };
    let passes = |vnfd: Value, sapd: Value, zones: Value| {
        let document = json!({
            "nfv": {"vnfd": vnfd, "nsd": [{"id": "n", "sapd": sapd}]},
            "resourceZones": zones,
        });
        let decoded = try_decode(document.to_string().as_bytes());
        decoded.map_err(|error| error.faults()[0].rule.clone())
    };
    let none = Value::Null;
    assert!(passes(vnfds(MAX_DESCRIPTORS), none.clone(), none.clone()).is_ok());
    let rule = passes(vnfds(MAX_DESCRIPTORS + 1), none.clone(), none.clone()).unwrap_err();
    assert_eq!(rule, "100001 descriptors; at most 100000 are allowed");
    assert!(passes(none.clone(), none.clone(), zones(MAX_NODES)).is_ok());
    let rule = passes(none.clone(), none.clone(), zones(MAX_NODES + 1)).unwrap_err();
    assert_eq!(rule, "there are more than 10000 zones or groups");
    let most = MAX_NF_TYPES / MAX_NODES;
    assert!(passes(vnfds(most), none.clone(), zones(MAX_NODES)).is_ok());
    let rule = passes(vnfds(most + 1), none.clone(), zones(MAX_NODES)).unwrap_err();
    assert_eq!(
        rule,
        "the NF types at all nodes are 1010000; at most 1000000 are allowed"
    );
    let most = MAX_PORTS / MAX_NODES;
    assert!(passes(none.clone(), sapds(most), zones(MAX_NODES)).is_ok());
    let rule = passes(none, sapds(most + 1), zones(MAX_NODES)).unwrap_err();
    assert!(rule.ends_with("are more than 100000"), "{rule}");
}

/// Telling a fault must not cost a walk through the document: this one has a fault in each of very many VNFDs.
#[test]
fn very_many_faults_are_counted() {
    let vnfds = (0..90_000).map(|n| json!({"id": n, "product-name": []}));
    let document = document(vnfds.collect(), Value::Object(Map::new()));
    let error = try_decode(document.to_string().as_bytes()).unwrap_err();
    assert_eq!((error.faults().len(), error.total()), (100, 90_001));
}
