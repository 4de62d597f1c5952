//! What stands beside the descriptors: zones, groups, points of presence.

use serde_json::{Value, json};

use super::{beside, border, decode, fault, faults, read, resources, sap, supported, told};

fn measurement(of_type: &str, name: &str, total: Value) -> Value {
    json!({
        "resourceType": of_type,
        "capacityMeasurementName": name,
        "totalCapacity": total,
        "allocatedCapacity": 1,
        "availableCapacity": 1,
    })
}

/// A document with one zone that has some measurements.
fn zone(measurements: Value) -> Value {
    let zone = json!({"resourceZoneId": "z", "capacityMeasurements": measurements});
    beside(
        &[],
        json!({"nfviCapacityInfos": [{"vimId": "vim", "capacityInfoPerZone": [zone]}]}),
    )
}

const MEASUREMENTS: &str = "/nfviCapacityInfos/0/capacityInfoPerZone/0/capacityMeasurements";

#[test]
fn sol005_10_5_2_6_measurements_by_the_names_of_ifa005() {
    for (cpu, mem, storage) in [
        ("numVCPUs", "virtualMemSize", "storageSize"),
        ("numVirtualCpu", "virtual_mem_size", "sizeOfStorage"),
        ("num-cpu-cores", "VirtualMemSize", "storage-size"),
    ] {
        let view = read(&zone(json!([
            measurement("VR_COMPUTE", cpu, json!(96)),
            measurement("VR_COMPUTE", mem, json!("1.5 TB")),
            measurement("VR_STORAGE", storage, json!("20 TiB")),
            measurement("VR_NETWORK", "numPublicIps", json!({})),
            measurement("HOST_COMPUTE", "numCpuCores", json!(48)),
        ])));
        assert_eq!(view.nodes[0].id.as_str(), "z");
        assert_eq!(
            view.nodes[0].resources,
            resources("96", "1.5 TB", "20 TiB"),
            "{cpu}"
        );
        assert_eq!(supported(&view.nodes[0]), ["nat"]);
    }
}

#[test]
fn bare_sizes_are_in_gb() {
    let view = read(&zone(json!([
        measurement("VR_COMPUTE", "virtualMemSize", json!(64)),
        measurement("VR_STORAGE", "storageSize", json!("0.5")),
    ])));
    assert_eq!(view.nodes[0].resources, resources("", "64 GB", "500 MB"));
}

#[test]
fn unknown_measurements_are_passed_over() {
    let (view, warnings) = decode(&zone(json!([
        measurement("VR_COMPUTE", "numGpus", json!(4)),
        measurement("VR_STORAGE", "numVCPUs", json!(4)),
    ])));
    assert!(view.nodes[0].resources.is_empty());
    let text = |of: &str| format!("no measurement of {of} that is known; it is passed over");
    let at = |index: usize| format!("{MEASUREMENTS}/{index}/capacityMeasurementName");
    assert_eq!(
        told(&warnings),
        [
            (&*at(0), &*text("VR_COMPUTE")),
            (&*at(1), &*text("VR_STORAGE"))
        ]
    );
}

#[test]
fn a_vim_without_zones_is_a_node() {
    let total = measurement("VR_COMPUTE", "numVCPUs", json!(8));
    for total in [json!([total]), total.clone()] {
        for zones in [Value::Null, json!([])] {
            let info =
                json!({"vimId": "vim", "capacityInfoPerZone": zones, "totalCapacityInfo": total});
            let view = read(&beside(&[], json!({"nfviCapacityInfos": info})));
            assert_eq!(view.nodes[0].id.as_str(), "vim");
            assert_eq!(view.nodes[0].resources, resources("8", "", ""));
        }
    }
    // A zone without an id is the VIM's only one.
    let info = json!({"vimId": "vim", "capacityInfoPerZone": [{"capacityMeasurements": []}]});
    assert_eq!(
        read(&beside(&[], json!({"nfviCapacityInfos": [info]}))).nodes[0]
            .id
            .as_str(),
        "vim"
    );
}

#[test]
fn ifa005_8_10_2_zones_have_names_and_need_no_capacity() {
    let view = read(&beside(
        &["s"],
        json!({"resourceZones": [{"zoneId": "a", "zoneName": " North "}, {"zoneId": 2, "zoneState": "up"}]}),
    ));
    let nodes: Vec<_> = view
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), node.name.as_deref()))
        .collect();
    assert_eq!(nodes, [("a", Some("North")), ("2", None)]);
    assert!(
        view.nodes
            .iter()
            .all(|node| node.resources.is_empty() && node.ports == [sap("s")])
    );
}

#[test]
fn ifa005_8_11_quotas_are_of_resource_groups() {
    let view = read(&beside(
        &["s"],
        json!({
            "virtualComputeQuotas": [
                {"resourceGroupId": "g", "numVCPUs": 16, "numVcInstances": 4, "virtualMemSize": 64},
                {"resourceGroupId": "h", "numVCPUs": 8},
            ],
            "virtualStorageQuotas": [
                {"resourceGroupId": "i", "storageSize": "1 TiB", "numVolumes": 9},
                {"resourceGroupId": "g", "storageSize": 500},
            ],
        }),
    ));
    let nodes: Vec<_> = view
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), node.resources))
        .collect();
    let expected = [
        ("g", resources("16", "64 GB", "500 GB")),
        ("h", resources("8", "", "")),
        ("i", resources("", "", "1 TiB")),
    ];
    assert_eq!(nodes, expected);
    assert!(
        view.nodes
            .iter()
            .all(|node| node.ports == [sap("s")] && supported(node) == ["nat"])
    );
}

#[test]
fn quotas_beside_zones_would_count_twice() {
    let quotas = json!([{"resourceGroupId": "g", "numVCPUs": 1}, {"resourceGroupId": "h"}]);
    let (path, rule) = fault(&beside(
        &[],
        json!({"resourceZones": [{"zoneId": "z"}], "virtualComputeQuotas": quotas}),
    ));
    assert_eq!(path, "/virtualComputeQuotas/0");
    assert!(
        rule.starts_with("quotas stand beside nfviCapacityInfos or resourceZones"),
        "{rule}"
    );
}

/// Zone `a` in PoP 1, `b` and `c` in PoP 2, with endpoints of both.
fn pops(first: Value, second: Value) -> Value {
    json!({
        "resourceZones": [
            {"zoneId": "a", "nfviPopId": 1}, {"zoneId": "b", "nfviPopId": "2"}, {"zoneId": "c", "nfviPopId": "2"},
        ],
        "nfviPops": [
            {"nfviPopId": "1", "networkConnectivityEndpoint": first},
            {"nfviPopId": "2", "networkConnectivityEndpoint": second},
        ],
    })
}

#[test]
fn ifa005_8_10_3_endpoints_are_at_the_zones_of_their_pop() {
    let view = read(&beside(
        &["everywhere", "here", "out", "AS1-AS3"],
        pops(
            json!([{"sapdId": "here"}, {"sapdId": "out", "interDomainSap": "AS1-AS2"}, {"netGwIpAddress": "192.0.2.1"}]),
            json!([{"interDomainSap": "AS1-AS3"}, {"interDomainSap": "AS1-AS4"}]),
        ),
    ));
    let ports: Vec<_> = view.nodes.iter().map(|node| node.ports.clone()).collect();
    let first = vec![sap("everywhere"), sap("here"), border("out", "AS1-AS2")];
    let second = vec![
        sap("everywhere"),
        border("AS1-AS3", "AS1-AS3"),
        border("AS1-AS4", "AS1-AS4"),
    ];
    assert_eq!(ports, [first, second.clone(), second]);
}

#[test]
fn endpoints_of_pops_without_zones_are_everywhere() {
    let endpoint =
        json!({"nfviPopId": "p", "networkConnectivityEndpoint": {"interDomainSap": "X"}});
    let view = read(&beside(&["s"], json!({"nfviPops": [endpoint]})));
    assert_eq!(view.nodes.len(), 1);
    assert_eq!(view.nodes[0].ports, [sap("s"), border("X", "X")]);
    let quotas = json!([{"resourceGroupId": "g"}, {"resourceGroupId": "h"}]);
    let view = read(&beside(
        &[],
        json!({"virtualComputeQuotas": quotas, "nfviPops": [endpoint]}),
    ));
    assert!(
        view.nodes
            .iter()
            .all(|node| node.ports == [border("X", "X")])
    );
    // The format is open: a text tells nothing.
    let text = json!({"nfviPopId": "p", "networkConnectivityEndpoint": "see the wiki"});
    assert_eq!(
        read(&beside(&[], json!({"nfviPops": [text]}))).nodes[0].ports,
        []
    );
}

#[test]
fn ports_told_twice() {
    let (view, warnings) = decode(&beside(
        &[],
        pops(
            json!([]),
            json!([{"interDomainSap": "X"}, {"interDomainSap": "X"}]),
        ),
    ));
    assert_eq!(view.nodes[2].ports, [border("X", "X")]);
    let at = "/nfviPops/1/networkConnectivityEndpoint/1";
    assert_eq!(
        told(&warnings),
        [(at, "the port 'X' is told before at the same node")]
    );
    let (path, rule) = fault(&beside(
        &["s"],
        pops(
            json!([]),
            json!([{"sapdId": "s"}, {"sapdId": "s", "interDomainSap": "X"}]),
        ),
    ));
    assert_eq!(
        (path.as_str(), rule.as_str()),
        (at, "the port 's' is another one at the same node")
    );
}

#[test]
fn what_stands_beside_has_faults_with_places() {
    let document = beside(
        &["s"],
        json!({
            "nfviCapacityInfos": [
                {"vimId": "v", "capacityInfoPerZone": [
                    {"resourceZoneId": "z", "capacityMeasurements": [
                        {"capacityMeasurementName": "numVCPUs", "totalCapacity": 1},
                        {"resourceType": "VR_COMPUTE", "totalCapacity": 1},
                        {"resourceType": "VR_COMPUTE", "capacityMeasurementName": "numVCPUs"},
                        measurement("VR_COMPUTE", "numVCPUs", json!("4 GB")),
                        measurement("VR_COMPUTE", "numVCPUs", json!(4)),
                        measurement("VR_COMPUTE", "num_vcpus", json!(4)),
                        measurement("VR_GPU", "numVCPUs", json!(4)),
                        measurement("VR_STORAGE", "storageSize", json!({})),
                        measurement("VR_STORAGE", "sizeOfStorage", json!(1e308)),
                        5,
                    ]},
                    {"resourceZoneId": "z", "capacityMeasurements": []},
                    {"resourceZoneId": "y", "capacityMeasurements": 3},
                ]},
                {"capacityInfoPerZone": [{}]},
                {"totalCapacityInfo": []},
            ],
            "resourceZones": [
                {}, {"zoneId": "x", "zoneName": []}, {"zoneId": "z", "nfviPopId": "p"}, {"zoneId": "z"},
            ],
            "nfviPops": [
                {"nfviPopId": "p", "networkConnectivityEndpoint": [{"sapdId": "t"}, {"interDomainSap": ""}, 1]},
                {"nfviPopId": "p"},
                {"networkConnectivityEndpoint": []},
                {"nfviPopId": "q", "networkConnectivityEndpoint": [{"sapdId": "s"}]},
            ],
        }),
    );
    let told = faults(&document);
    let told: Vec<(&str, Option<&str>)> = told
        .iter()
        .map(|(path, value, _)| (path.as_str(), value.as_deref()))
        .collect();
    let at = |path: &str| format!("{MEASUREMENTS}/{path}");
    let zones = "/nfviCapacityInfos/0/capacityInfoPerZone";
    let endpoints = "/nfviPops/0/networkConnectivityEndpoint";
    let expected = [
        (at("0/resourceType"), None),
        (at("1/capacityMeasurementName"), None),
        (at("2/totalCapacity"), None),
        (at("3/totalCapacity"), Some("4 GB")),
        (at("5/capacityMeasurementName"), Some("num_vcpus")),
        (at("6/resourceType"), Some("VR_GPU")),
        (at("7/totalCapacity"), Some("{}")),
        (at("8/totalCapacity"), Some("1e+308")),
        (at("9"), Some("5")),
        (format!("{zones}/1/resourceZoneId"), Some("z")),
        (format!("{zones}/2/capacityMeasurements"), Some("3")),
        ("/nfviCapacityInfos/1/vimId".to_owned(), None),
        ("/nfviCapacityInfos/2/vimId".to_owned(), None),
        (format!("{endpoints}/0"), Some("{\"sapdId\":\"t\"}")),
        (format!("{endpoints}/1/interDomainSap"), Some("")),
        (format!("{endpoints}/2"), Some("1")),
        ("/nfviPops/1/nfviPopId".to_owned(), Some("p")),
        ("/nfviPops/2/nfviPopId".to_owned(), None),
        ("/nfviPops/3/nfviPopId".to_owned(), Some("q")),
        ("/resourceZones/0/zoneId".to_owned(), None),
        ("/resourceZones/1/zoneName".to_owned(), Some("[]")),
        ("/resourceZones/3/zoneId".to_owned(), Some("z")),
    ];
    let expected: Vec<(&str, Option<&str>)> =
        expected.iter().map(|(at, value)| (&**at, *value)).collect();
    assert_eq!(told, expected);

    let quotas = json!({
        "virtualComputeQuotas": [
            {}, {"resourceGroupId": "g", "numVCPUs": -1, "virtualMemSize": "x"}, {"resourceGroupId": "g"},
        ],
        "virtualStorageQuotas": {"resourceGroupId": "g", "storageSize": true},
    });
    let told = faults(&beside(&[], quotas));
    let told: Vec<&str> = told.iter().map(|(path, ..)| path.as_str()).collect();
    let expected = [
        "/virtualComputeQuotas/0/resourceGroupId",
        "/virtualComputeQuotas/1/numVCPUs",
        "/virtualComputeQuotas/1/virtualMemSize",
        "/virtualComputeQuotas/2/resourceGroupId",
        "/virtualStorageQuotas/storageSize",
    ];
    assert_eq!(told, expected);
}
