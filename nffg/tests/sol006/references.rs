//! References within descriptors: one that leads nowhere is a fault with its place.

use serde_json::{Value, json};

use super::{fault, read};

/// A document in which every reference that is looked at occurs, and leads somewhere.
fn complete() -> Value {
    json!({"nfv": {
        "vnfd": [{
            "id": "v",
            "product-name": "nat",
            "vdu": [{
                "id": "vdu",
                "int-cpd": [{"id": "eth0"}, {"id": "eth1", "int-virtual-link-desc": "link"}],
                "virtual-compute-desc": "compute",
                "virtual-storage-desc": ["disk", "data"],
                "sw-image-desc": "image",
            }],
            "virtual-compute-desc": [{"id": "compute"}],
            "virtual-storage-desc": [{"id": "disk"}, {"id": "data"}],
            "sw-image-desc": [{"id": "image"}],
            "int-virtual-link-desc": [{"id": "link"}],
            "ext-cpd": [
                {"id": "outer", "int-cpd": {"vdu-id": "vdu", "cpd": "eth0"}},
                {"id": "inner", "int-virtual-link-desc": "link"},
            ],
            "df": [{
                "id": "df",
                "vdu-profile": [{"id": "vdu"}],
                "instantiation-level": [{"id": "one", "vdu-level": [{"vdu-id": "vdu"}]}],
            }],
        }],
        "pnfd": [{"id": "p"}],
        "nsd": [
            {
                "id": "n",
                "vnfd-id": ["v"],
                "virtual-link-desc": [{"id": "core"}],
                "sapd": [
                    {"id": "a", "associated-cpd": {"vnfd-id": "v", "vnf-ext-cpd": "outer"}},
                    {"id": "b", "virtual-link-desc": "core"},
                    {"id": "c", "associated-cpd": {"pnfd-id": "p"}},
                    {"id": "d", "associated-cpd": {"nsd-id": "m"}},
                ],
                "df": [{"id": "df", "vnf-profile": [{"id": "1", "vnfd-id": "v"}]}],
            },
            {"id": "m"},
        ],
    }})
}

#[test]
fn references_that_lead_somewhere() {
    assert_eq!(read(&complete()).nodes[0].ports.len(), 4);
}

#[test]
fn references_that_lead_nowhere() {
    for pointer in [
        "/nfv/vnfd/0/vdu/0/int-cpd/1/int-virtual-link-desc",
        "/nfv/vnfd/0/vdu/0/virtual-compute-desc",
        "/nfv/vnfd/0/vdu/0/virtual-storage-desc/1",
        "/nfv/vnfd/0/vdu/0/sw-image-desc",
        "/nfv/vnfd/0/ext-cpd/0/int-cpd/vdu-id",
        "/nfv/vnfd/0/ext-cpd/0/int-cpd/cpd",
        "/nfv/vnfd/0/ext-cpd/1/int-virtual-link-desc",
        "/nfv/vnfd/0/df/0/vdu-profile/0/id",
        "/nfv/vnfd/0/df/0/instantiation-level/0/vdu-level/0/vdu-id",
        "/nfv/nsd/0/vnfd-id/0",
        "/nfv/nsd/0/sapd/0/associated-cpd/vnfd-id",
        "/nfv/nsd/0/sapd/0/associated-cpd/vnf-ext-cpd",
        "/nfv/nsd/0/sapd/1/virtual-link-desc",
        "/nfv/nsd/0/sapd/2/associated-cpd/pnfd-id",
        "/nfv/nsd/0/sapd/3/associated-cpd/nsd-id",
        "/nfv/nsd/0/df/0/vnf-profile/0/vnfd-id",
    ] {
        let mut document = complete();
        *document.pointer_mut(pointer).unwrap() = json!("nowhere");
        let expected = (pointer.to_owned(), "there is nothing of this id".to_owned());
        assert_eq!(fault(&document), expected);
    }
}

#[test]
fn ids_are_text_whether_written_as_numbers_or_not() {
    let mut document = complete();
    document["nfv"]["vnfd"][0]["virtual-compute-desc"][0]["id"] = json!(7);
    document["nfv"]["vnfd"][0]["vdu"][0]["virtual-compute-desc"] = json!("7");
    assert_eq!(read(&document).nodes.len(), 1);
}
