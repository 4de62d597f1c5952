//! What is deployed: flow entries as they are read, and edits that do what they say.

use std::collections::BTreeMap;

use nffg::virtualizer::deploy::{
    Edit, EntryEdit, FlowEnd, FlowEntry, NodeEdit, encode_edit, flow_entries,
};
use nffg::virtualizer::edit::{EditError, apply};
use nffg::{Bandwidth, Delay, Resources, RunningNf};
use proptest::prelude::*;

use super::*;

const NODE: &str = "n1";

fn base() -> String {
    document("<!-- stays --><ports><port><id>p1</id></port><port><id>p2</id></port></ports>")
}

fn any_end() -> impl Strategy<Value = FlowEnd> {
    prop_oneof![
        prop::sample::select(vec!["p1", "p2", "a b", "'quoted'"])
            .prop_map(|id| FlowEnd::Port(id.parse().unwrap())),
        ("[a-z:.<&]{1,8}", "[0-9]").prop_map(|(instance, port)| FlowEnd::Nf { instance, port }),
    ]
}

fn any_flow() -> impl Strategy<Value = FlowEntry> {
    let text = || prop::option::of("[a-z_=:;<>&0-9]{1,12}");
    let bits = prop::option::of((0_u64..1 << 40).prop_map(Bandwidth::from_bits_per_second));
    let delay = prop::option::of((0_u64..1 << 40).prop_map(Delay::from_nanos));
    (any_end(), text(), text(), any_end(), bits, delay).prop_map(
        |(port, matches, action, out, bandwidth, delay)| FlowEntry {
            id: String::new(),
            port,
            matches,
            action,
            out,
            bandwidth,
            delay,
        },
    )
}

fn any_nf() -> impl Strategy<Value = RunningNf> {
    let amount =
        || prop::option::of((0_u32..1000).prop_map(|n| format!("{}.5", n).parse().unwrap()));
    (amount(), amount(), amount()).prop_map(|(cpu, mem, storage)| RunningNf {
        id: String::new(),
        nf_type: Some("NF".parse().unwrap()),
        resources: Resources { cpu, mem, storage },
    })
}

fn named<T>(all: Vec<T>, name: impl Fn(&mut T, String)) -> Vec<T> {
    let named = all.into_iter().enumerate().map(|(at, mut one)| {
        name(&mut one, format!("sof:s:{at}"));
        one
    });
    named.collect()
}

fn edited(
    base: &str,
    nfs: Vec<EntryEdit<RunningNf>>,
    flows: Vec<EntryEdit<FlowEntry>>,
) -> Result<String, EditError> {
    let node = NodeEdit { nfs, flows };
    let nodes = BTreeMap::from([(NODE.parse().unwrap(), node)]);
    apply(base.as_bytes(), encode_edit(&Edit { nodes }).as_bytes())
}

fn there(text: &str) -> (Vec<RunningNf>, Vec<FlowEntry>) {
    let view = virtualizer::decode(text.as_bytes()).unwrap();
    let mut flows = flow_entries(text.as_bytes()).unwrap();
    let flows = flows.remove(NODE).unwrap_or_default();
    (view.nodes[0].running.clone(), flows)
}

proptest! {
    /// What is created is there, what replaces it is there instead, and what is deleted is not; nothing else changes.
    #[test]
    fn an_edit_does_what_it_says(
        flows in prop::collection::vec(any_flow(), 0..4),
        nfs in prop::collection::vec(any_nf(), 0..4),
        other in any_flow(),
        other_nf in any_nf(),
    ) {
        let flows = named(flows, |of, id| of.id = id);
        let nfs = named(nfs, |of, id| of.id = id);
        let base = base();
        let create = |edit: &str| edited(
            edit,
            nfs.iter().cloned().map(EntryEdit::Create).collect(),
            flows.iter().cloned().map(EntryEdit::Create).collect(),
        );
        let made = create(&base).unwrap();
        prop_assert_eq!(there(&made), (nfs.clone(), flows.clone()));
        prop_assert!(made.contains("<!-- stays -->"));
        if !(flows.is_empty() && nfs.is_empty()) {
            prop_assert!(matches!(create(&made), Err(EditError::DataExists(_))));
        }
        let replaced = edited(
            &made,
            nfs.iter().map(|nf| EntryEdit::Replace(RunningNf { id: nf.id.clone(), ..other_nf.clone() })).collect(),
            flows.iter().map(|of| EntryEdit::Replace(FlowEntry { id: of.id.clone(), ..other.clone() })).collect(),
        ).unwrap();
        let (nfs_now, flows_now) = there(&replaced);
        prop_assert!(nfs_now.iter().all(|nf| nf.resources == other_nf.resources));
        prop_assert!(flows_now.iter().all(|of| (&of.port, &of.out) == (&other.port, &other.out)));
        prop_assert_eq!(flows_now.len(), flows.len());
        let delete = |text: &str| edited(
            text,
            nfs.iter().map(|nf| EntryEdit::Delete(nf.id.clone())).collect(),
            flows.iter().map(|of| EntryEdit::Delete(of.id.clone())).collect(),
        );
        let gone = delete(&replaced).unwrap();
        prop_assert_eq!(there(&gone), (vec![], vec![]));
        if !(flows.is_empty() && nfs.is_empty()) {
            prop_assert!(matches!(delete(&gone), Err(EditError::DataMissing(_))));
        }
        prop_assert_eq!(virtualizer::decode(gone.as_bytes()), virtualizer::decode(base.as_bytes()));
    }
}

#[test]
fn entries_without_an_id_or_an_end_are_left_out() {
    let entry = |content: &str| format!("<flowentry>{content}</flowentry>");
    let whole = "<id>1</id><port>../../../ports/port[id=p1]</port><out>elsewhere</out>";
    let table = [
        entry(whole),
        entry("<id>2</id><port>../../../ports/port[id=p1]</port>"),
        entry("<port>../../../ports/port[id=p1]</port><out>x</out>"),
        entry(whole).replace("<flowentry>", "<flowentry operation='delete'>"),
        entry(
            "<id>3</id><port>x</port><out>../../NF_instances/node[id=a]/ports/port[id=1]</out>\
               <resources><bandwidth>much</bandwidth><delay>2</delay></resources>",
        ),
    ];
    let text = base().replace(
        "</ports>",
        &format!("</ports><flowtable>{}</flowtable>", table.concat()),
    );
    let (_, flows) = there(&text);
    let ids: Vec<&str> = flows.iter().map(|of| of.id.as_str()).collect();
    assert_eq!(ids, ["1", "3"]);
    assert_eq!(flows[0].out, FlowEnd::Other("elsewhere".to_owned()));
    let nf = FlowEnd::Nf {
        instance: "a".to_owned(),
        port: "1".to_owned(),
    };
    assert_eq!((&flows[1].out, flows[1].bandwidth), (&nf, None));
    assert_eq!(flows[1].delay, Some(Delay::from_nanos(2_000_000)));
}

/// ESCAPE's own, read in place.
#[test]
fn flow_entries_of_escape_are_read() {
    let name = "third-party/escape/edit-config/edit-config-sg1-mininet.xml";
    let Some(text) = fixtures::fixture(name) else {
        return;
    };
    let flows = flow_entries(&text).unwrap();
    let all: Vec<&FlowEntry> = flows.values().flatten().collect();
    assert_eq!(all.len(), 4);
    assert_eq!(all[0].port, FlowEnd::Port("port-SAP1".parse().unwrap()));
    assert_eq!(
        all[1].matches.as_deref(),
        Some("dl_dst=00:00:00:00:00:01;dl_tag=0x000c")
    );
    assert_eq!(
        all[0].bandwidth,
        Some(Bandwidth::from_bits_per_second(1_000_000))
    );
}
