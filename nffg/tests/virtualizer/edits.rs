//! Diffs of documents: what each operation does, what stays, what is refused and how it is told.

use nffg::MAX_BYTES;
use nffg::virtualizer::edit::{EditError, apply};

use super::*;

fn applied(base: &str, diff: &str) -> String {
    apply(base.as_bytes(), diff.as_bytes())
        .unwrap_or_else(|error| panic!("{error}\n{base}\n{diff}"))
}

/// A diff of the one node of [`document`].
fn diff(content: &str) -> String {
    document(content)
}

fn edited(base: &str, content: &str) -> String {
    applied(&document(base), &diff(content))
}

/// The document without the blanks between its elements.
fn dense(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.concat()
}

fn not_applied(base: &str, diff: &str) -> EditError {
    apply(base.as_bytes(), diff.as_bytes()).expect_err("the diff cannot be applied")
}

/// A fault's line, path and value.
type Told = (u32, String, Option<String>);

/// What an error is and where: its kind, then its faults.
fn told(error: &EditError) -> (&'static str, Vec<Told>) {
    let kind = match error {
        EditError::Base(_) => "base",
        EditError::Diff(_) => "diff",
        EditError::DataExists(_) => "data-exists",
        EditError::DataMissing(_) => "data-missing",
    };
    let faults = error.document_error().faults().iter();
    let faults = faults.map(|f| (f.position.unwrap().line, f.path.clone(), f.value.clone()));
    (kind, faults.collect())
}

const NODE: &str = "/virtualizer/nodes/node";

/// Per operation what becomes of `<name>old</name>` by a diff with `new`, and of a node without name.
#[test]
fn rfc6241_7_2_operations_on_a_leaf() {
    let new = |operation: &str| format!("<name {operation}>new</name>");
    for (operation, there, absent) in [
        ("", "new", Ok("new")),
        ("operation='merge'", "new", Ok("new")),
        ("operation='replace'", "new", Ok("new")),
        ("operation=' remove '", "", Ok("")),
        ("operation='delete'", "", Err("data-missing")),
    ] {
        let name = |text: String| decode(&text).nodes[0].name.clone().unwrap_or_default();
        assert_eq!(name(edited("<name>old</name>", &new(operation))), there);
        match absent {
            Ok(expected) => assert_eq!(name(edited("", &new(operation))), expected),
            Err(kind) => {
                let error = not_applied(&document(""), &diff(&new(operation)));
                let place = (2, format!("{NODE}/name"), None);
                assert_eq!(told(&error), (kind, vec![place]));
            }
        }
    }
    let create = new("operation='create'");
    assert_eq!(
        decode(&edited("", &create)).nodes[0].name.as_deref(),
        Some("new")
    );
    let error = not_applied(&document("<name>old</name>"), &diff(&create));
    assert_eq!(told(&error).0, "data-exists");
    assert_eq!(
        error.to_string(),
        "the diff does not fit: line 2, column 1: /virtualizer/nodes/node/name: data-exists: what is to \
         be created is there"
    );
}

#[test]
fn rfc6241_7_2_operations_on_a_container() {
    let base = "<resources><cpu>1</cpu><mem>2</mem></resources>";
    let resources = |operation: &str, content: &str| {
        let content = format!("<resources {operation}>{content}</resources>");
        decode(&edited(base, &content)).nodes[0].resources
    };
    let merged = resources("", "<cpu>8</cpu><storage>9</storage>");
    let values = [merged.cpu, merged.mem, merged.storage].map(|of| of.unwrap().value());
    assert_eq!(values, [8.0, 2.0, 9.0]);
    let replaced = resources("operation='replace'", "<cpu>8</cpu>");
    assert_eq!(replaced.cpu.unwrap().value(), 8.0);
    assert_eq!((replaced.mem, replaced.storage), (None, None));
    assert!(resources("operation='replace'", "").is_empty());
    for operation in ["delete", "remove"] {
        assert!(resources(&format!("operation='{operation}'"), "").is_empty());
    }
    let create = "<resources operation='create'><cpu>8</cpu></resources>";
    let error = not_applied(&document(base), &diff(create));
    assert_eq!(
        told(&error),
        ("data-exists", vec![(2, format!("{NODE}/resources"), None)])
    );
}

#[test]
fn rfc6241_7_2_operations_on_an_entry() {
    let base = "<ports><port><id>1</id><name>a</name></port><port><id>2</id></port></ports>";
    let ports = |entry: &str| {
        let node = decode(&edited(base, &format!("<ports>{entry}</ports>")))
            .nodes
            .remove(0);
        let ports = node.ports.iter();
        let told = ports.map(|of| (of.id.to_string(), of.name.clone().unwrap_or_default()));
        told.map(|(id, name)| id + &name).collect::<Vec<_>>()
    };
    let sap = "<sap>SAP1</sap>";
    assert_eq!(
        ports(&format!("<port>{sap}<id> 1 </id></port>")),
        ["1a", "2"]
    );
    assert_eq!(
        ports(&format!("<port operation='replace'><id>1</id>{sap}</port>")),
        ["1", "2"]
    );
    assert_eq!(
        ports("<port operation='create'><id>3</id><name>c</name></port>"),
        ["1a", "2", "3c"]
    );
    assert_eq!(ports("<port><id>3</id></port>"), ["1a", "2", "3"]);
    assert_eq!(ports("<port operation='delete'><id>1</id></port>"), ["2"]);
    assert_eq!(
        ports("<port operation='remove'><id>3</id></port>"),
        ["1a", "2"]
    );
    for (operation, id, kind) in [
        ("create", "1", "data-exists"),
        ("delete", "3", "data-missing"),
    ] {
        let entry = format!("<ports>\n<port operation='{operation}'><id>{id}</id></port></ports>");
        let error = not_applied(&document(base), &diff(&entry));
        let place = (3, format!("{NODE}/ports/port"), Some(id.to_owned()));
        assert_eq!(told(&error), (kind, vec![place]));
    }
}

/// One entry of each list of the YANG module goes, and one more comes.
#[test]
fn entries_are_found_by_the_keys_of_the_yang_module() {
    for (path, key) in [
        ("metadata", "key"),
        ("ports/port", "id"),
        ("ports/port/metadata", "key"),
        ("ports/port/addresses/l3", "id"),
        ("links/link", "id"),
        ("constraints/affinity", "id"),
        ("constraints/antiaffinity", "id"),
        ("constraints/variable", "id"),
        ("constraints/constraint", "id"),
        ("NF_instances/node", "id"),
        ("NF_instances/node/ports/port", "id"),
        ("NF_instances/node/links/link", "id"),
        ("capabilities/supported_NFs/node", "id"),
        ("flowtable/flowentry", "id"),
        ("flowtable/flowentry/constraints/affinity", "id"),
    ] {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let within = |content: String| {
            let steps = above.split('/').filter(|step| !step.is_empty()).rev();
            steps.fold(content, |content, step| {
                let id = match step {
                    "port" | "node" | "flowentry" => "<id>x</id>",
                    _ => "",
                };
                format!("<{step}>{id}{content}</{step}>")
            })
        };
        let entry = |of: &str, operation: &str, more: &str| {
            format!("<{name}{operation}><{key}>{of}</{key}>{more}</{name}>")
        };
        let base = within(entry("a", "", "<x>1</x>") + &entry("b", "", "<x>1</x>"));
        let changes = entry("c", " operation='create'", "<x>2</x>")
            + &entry("a", " operation='delete'", "")
            + &entry("b", "", "<x>2</x>");
        let result = within(entry("b", "", "<x>2</x>") + &entry("c", "", "<x>2</x>"));
        let text = edited(&base, &within(changes));
        assert_eq!(dense(&text), dense(&document(&result)), "{path}");
    }
}

/// A flow entry has a leaf `port`, which is no entry of a list.
#[test]
fn names_mean_what_their_place_says() {
    let entry = |port: &str| {
        format!("<flowtable><flowentry><id>f</id><port>{port}</port></flowentry></flowtable>")
    };
    assert_eq!(edited(&entry("1"), &entry("2")), document(&entry("2")));
}

#[test]
fn links_between_nodes_and_the_roots_own_leaves() {
    let whole = |links: &str| {
        format!(
            "<virtualizer><id>v</id><nodes>\
             <node><id>a</id><ports><port><id>1</id></port></ports></node>\
             <node><id>b</id><ports><port><id>1</id></port></ports></node></nodes>{links}\
             <version>1</version></virtualizer>"
        )
    };
    let link = "<link operation='create'><id>l</id><src>/nodes/node[id=a]/ports/port[id=1]</src>\
                <dst>/nodes/node[id=b]/ports/port[id=1]</dst></link>";
    let diff = format!(
        "<virtualizer><links>{link}</links><name>n</name><version>2</version></virtualizer>"
    );
    let text = applied(&whole(""), &diff);
    let view = decode(&text);
    assert_eq!((view.links.len(), view.name.as_deref()), (1, Some("n")));
    assert!(text.contains("<version>2</version>"), "{text}");
    let back =
        "<virtualizer><links><link operation='delete'><id>l</id></link></links></virtualizer>";
    assert_eq!(decode(&applied(&text, back)).links, []);
}

/// What is created or replaced is new all through: nothing of it is there to be created or deleted.
#[test]
fn operations_are_inherited() {
    let port = "<ports><port operation='{}'><id>1</id></port></ports>";
    let create = |operation: &str| {
        let port = port.replace("{}", operation);
        format!(
            "<virtualizer><nodes><node operation='create'><id>b</id>{port}</node></nodes></virtualizer>"
        )
    };
    for operation in ["create", "merge", "replace"] {
        assert_eq!(
            decode(&applied(&document(""), &create(operation))).nodes[1]
                .ports
                .len(),
            1
        );
    }
    let text = applied(&document(""), &create("remove"));
    assert!(
        text.contains("<id>b</id>") && !text.contains("port"),
        "{text}"
    );
    let error = not_applied(&document(""), &create("delete"));
    let place = (1, format!("{NODE}/ports/port"), Some("1".to_owned()));
    assert_eq!(told(&error), ("data-missing", vec![place]));

    let base = document("<ports><port><id>1</id><name>a</name></port></ports>");
    let inner =
        diff("<ports operation='replace'><port operation='create'><id>1</id></port></ports>");
    let port = decode(&applied(&base, &inner)).nodes[0].ports[0].clone();
    assert_eq!((port.id.as_str(), port.name), ("1", None));
    // What goes goes whole, whatever is said within.
    let gone = diff("<ports operation='delete'><port operation='create'><id>9</id></port></ports>");
    assert_eq!(decode(&applied(&base, &gone)).nodes[0].ports, []);
}

#[test]
fn operations_of_netconfs_namespace_and_of_others() {
    let base = document("<name>a</name>");
    let name = |attributes: &str| {
        let root = "<virtualizer xmlns='urn:unify:virtualizer' \
                    xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0' xmlns:x='urn:x'>";
        let diff = diff(&format!("<name {attributes}>b</name>")).replace("<virtualizer>", root);
        decode(&applied(&base, &diff)).nodes[0].name.clone()
    };
    assert_eq!(name("nc:operation='delete'"), None);
    assert_eq!(name("nc:operation='remove' operation='remove'"), None);
    assert_eq!(name("x:operation='delete'").as_deref(), Some("b"));
    // Documents that are diffs of another kind are read as before.
    let marked = "<virtualizer xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0'><nodes>\
                  <node nc:operation='delete'><id>a</id></node></nodes></virtualizer>";
    let view = decode(marked);
    assert_eq!((view.nodes.len(), view.warnings.len()), (0, 1));
}

#[test]
fn an_empty_diff_changes_nothing() {
    let base = "<?xml version='1.0'?>\r\n<!-- dump --><virtualizer a='1'>\n<nodes >\n  <node><id>n1</id>\
                <name><![CDATA[a&b]]></name></node></nodes><x/></virtualizer>\n<!-- end -->";
    for diff in [
        "<virtualizer/>",
        "<virtualizer><nodes/></virtualizer>",
        "<virtualizer><nodes><node><id>n1</id></node></nodes></virtualizer>",
        "<virtualizer><nodes><node><id>n1</id><name>a&amp;b</name><ports/></node></nodes></virtualizer>",
        "<virtualizer><nodes><node operation='remove'><id>n2</id></node></nodes></virtualizer>",
        "<virtualizer><links><link operation='remove'><id>l</id></link></links></virtualizer>",
    ] {
        assert_eq!(applied(base, diff), base, "{diff}");
        assert_eq!(
            applied(&format!("\u{feff}{base}"), &format!("\u{feff}{diff}")),
            base
        );
    }
}

#[test]
fn what_the_diff_does_not_name_survives() {
    let base = "<?xml version='1.0'?>\n<v:virtualizer xmlns:v='urn:unify:virtualizer' v:x='1'>\n\
                \t<v:nodes><!-- all -->\n\t\t<v:node seen='today'>\n\t\t\t<v:id>a</v:id>\n\
                \t\t\t<vendor xmlns='urn:v'><rack>7</rack></vendor>\n\
                \t\t\t<v:ports/>\n\t\t</v:node>\n\t\t<v:node><v:id>b</v:id></v:node>\n\t</v:nodes>\n\
                </v:virtualizer>\n";
    let diff = "<virtualizer><nodes><node operation='delete'><id>b</id></node><node><id>a</id>\
                <name>x &lt; y</name><vendor><slot>3</slot></vendor><ports><port><id>1</id></port></ports>\
                <flowtable><flowentry><id>f</id></flowentry></flowtable></node></nodes></virtualizer>";
    let expected = "<?xml version='1.0'?>\n<v:virtualizer xmlns:v='urn:unify:virtualizer' v:x='1'>\n\
                \t<v:nodes><!-- all -->\n\t\t<v:node seen='today'>\n\t\t\t<v:id>a</v:id>\n\
                \t\t\t<vendor xmlns='urn:v'><rack>7</rack>\n\t\t\t\t<slot>3</slot></vendor>\n\
                \t\t\t<v:ports>\n\t\t\t\t<v:port>\n\t\t\t\t\t<v:id>1</v:id>\n\t\t\t\t</v:port>\n\t\t\t</v:ports>\n\
                \t\t\t<v:name>x &lt; y</v:name>\n\
                \t\t\t<v:flowtable>\n\t\t\t\t<v:flowentry>\n\t\t\t\t\t<v:id>f</v:id>\n\t\t\t\t</v:flowentry>\n\
                \t\t\t</v:flowtable>\n\t\t</v:node>\n\t</v:nodes>\n</v:virtualizer>\n";
    assert_eq!(applied(base, diff), expected);
    assert_eq!(decode(expected).nodes[0].ports.len(), 1);
}

#[test]
fn the_root_may_be_replaced_or_emptied() {
    let base = document("<name>a</name>");
    let replaced = applied(
        &base,
        "<virtualizer operation='replace'><name>n</name></virtualizer>",
    );
    assert_eq!(replaced, "<virtualizer>\n\t<name>n</name>\n</virtualizer>");
    for operation in ["delete", "remove"] {
        let diff = format!("<virtualizer operation='{operation}'/>");
        assert_eq!(applied(&base, &diff), "<virtualizer></virtualizer>");
        assert_eq!(applied("<virtualizer/>", &diff), "<virtualizer/>");
    }
    let create = "<virtualizer operation='create'><name>n</name></virtualizer>";
    assert_eq!(
        decode(&applied("<virtualizer />", create)).name.as_deref(),
        Some("n")
    );
    let error = not_applied(&base, create);
    assert_eq!(
        told(&error),
        ("data-exists", vec![(1, "/virtualizer".to_owned(), None)])
    );
}

#[test]
fn what_is_empty_counts_as_absent() {
    let base = "<name> </name><ports>\n</ports>";
    let created = edited(
        base,
        "<name operation='create'>a</name><ports operation='create'><port><id>1</id></port></ports>",
    );
    assert_eq!(
        created.matches("<name>").count() + created.matches("<ports>").count(),
        2
    );
    assert_eq!(decode(&created).nodes[0].ports.len(), 1);
    let error = not_applied(&document(base), &diff("<ports operation='delete'/>"));
    assert_eq!(told(&error).0, "data-missing");
    assert!(!edited(base, "<ports operation='remove'/>").contains("ports"));
    // A leaf can be emptied; a container that says nothing of itself changes nothing.
    let emptied = edited(
        "<name>a</name><ports><port><id>1</id></port></ports>",
        "<name/><ports/>",
    );
    let node = decode(&emptied).nodes.remove(0);
    assert_eq!((node.name, node.ports.len()), (None, 1));
}

#[test]
fn what_the_base_has_doubled_counts_as_its_first() {
    let base = "<type>a</type>\n<type>b</type>";
    assert_eq!(
        edited(base, "<type>c</type>"),
        document("<type>c</type>\n<type>b</type>")
    );
    assert_eq!(
        edited(base, "<type operation='replace'>c</type>"),
        document("<type>c</type>")
    );
    assert_eq!(
        decode(&edited(base, "<type operation='delete'/>")).nodes[0].node_type,
        None
    );
}

#[test]
fn entries_marked_as_deleted_count_as_gone() {
    let base = "<ports><port operation='delete'><id>1</id></port></ports>";
    let create = "<ports><port operation='create'><id>1</id><name>new</name></port></ports>";
    let text = edited(base, create);
    assert_eq!(decode(&text).nodes[0].ports[0].name.as_deref(), Some("new"));
    let delete = "<ports><port operation='delete'><id>1</id></port></ports>";
    assert_eq!(
        told(&not_applied(&document(base), &diff(delete))).0,
        "data-missing"
    );
}

#[test]
fn two_entries_of_one_key_are_a_fault_of_the_base_if_the_diff_names_it() {
    let link = |id: &str| format!("<link><id>{id}</id></link>\n");
    let base = document(&format!(
        "<links>{}</links>",
        [link("1"), link("1"), link("2")].concat()
    ));
    let named = |id: &str| diff(&format!("<links>{}</links>", link(id)));
    let error = not_applied(&base, &named("1"));
    let place = (3, format!("{NODE}/links/link[2]"), Some("1".to_owned()));
    assert_eq!(told(&error), ("base", vec![place]));
    assert_eq!(applied(&base, &named("2")), base);
}

#[test]
fn every_fault_of_a_diff_is_told() {
    let text = diff(
        "<name operation='update'>x</name>\n\
         <ports>\n<port><name>p</name></port><port/>\n<port><id operation='delete'>1</id></port>\n\
         <port><id>2</id></port><port><id> 2 </id></port>here</ports>\n\
         <type>a</type><type>b</type>\n\
         <resources xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0' operation='create'\n\
         nc:operation='delete'/>",
    );
    let error = not_applied(&document(""), &text);
    let place = |line, path: &str, value: Option<&str>| {
        (line, format!("{NODE}/{path}"), value.map(str::to_owned))
    };
    assert_eq!(
        told(&error),
        (
            "diff",
            vec![
                place(2, "name", Some("update")),
                place(3, "ports", Some("here")),
                place(4, "ports/port[1]", None),
                place(4, "ports/port[2]", None),
                place(5, "ports/port[3]/id", None),
                place(6, "ports/port[5]", Some("2")),
                place(7, "type[2]", None),
                place(8, "resources", Some("delete")),
            ]
        )
    );
    // In what is new nothing has to be found: it is as any document.
    let new = "<node operation='create'><id>b</id><type>a</type><type>b</type>\
               <links><link><src>x</src></link></links></node>";
    let text = applied(
        &document(""),
        &format!("<virtualizer><nodes>{new}</nodes></virtualizer>"),
    );
    assert_eq!(decode(&text).nodes[1].node_type.as_deref(), Some("a"));
}

#[test]
fn all_that_does_not_fit_is_told_and_nothing_is_applied() {
    let base = document("<ports><port><id>1</id></port></ports>");
    let port =
        |operation: &str, id: &str| format!("<port operation='{operation}'><id>{id}</id></port>\n");
    let ports = [
        port("delete", "2"),
        port("create", "1"),
        port("create", "3"),
        port("delete", "4"),
    ];
    let error = not_applied(
        &base,
        &diff(&format!("<ports>\n{}</ports>", ports.concat())),
    );
    let place = |line, index, value: &str| {
        (
            line,
            format!("{NODE}/ports/port[{index}]"),
            Some(value.to_owned()),
        )
    };
    let places = vec![place(3, 1, "2"), place(4, 2, "1"), place(6, 4, "4")];
    assert_eq!(told(&error), ("data-missing", places));
    let rules = error.document_error().faults().iter();
    let tags: Vec<&str> = rules
        .map(|fault| fault.rule.split(':').next().unwrap())
        .collect();
    assert_eq!(tags, ["data-missing", "data-exists", "data-missing"]);

    let many: String = (0..300).map(|n| port("delete", &format!("x{n}"))).collect();
    let error = not_applied(&base, &diff(&format!("<ports>{many}</ports>")));
    assert_eq!(error.document_error().faults().len(), 100);
    assert_eq!(error.document_error().total(), 300);
}

#[test]
fn both_documents_are_checked_before() {
    let empty = "<virtualizer/>";
    let large = format!("<virtualizer/>{}", " ".repeat(MAX_BYTES));
    let deep = format!(
        "{}{}",
        "<virtualizer>".repeat(65),
        "</virtualizer>".repeat(65)
    );
    let doctype = "<!DOCTYPE virtualizer><virtualizer/>";
    let wide = format!("<virtualizer>{}</virtualizer>", "<a/>".repeat(1_000_000));
    let cases = [
        ("", "not well-formed XML"),
        ("{}", "not well-formed XML"),
        ("<nodes/>", "the root element must be 'virtualizer'"),
        (doctype, "a document type (DTD) is not allowed"),
        (&deep, "elements may be nested at most 64 deep"),
        (&wide, "the document has more than 1000000 XML nodes"),
        (&large, "bytes; at most 16777216 are allowed"),
    ];
    for (text, rule) in cases {
        let told = not_applied(text, empty);
        assert!(matches!(told, EditError::Base(_)), "{told}");
        assert!(
            told.to_string()
                .starts_with("the document that the diff is for: "),
            "{told}"
        );
        assert!(told.to_string().contains(rule), "{told}");
        let told = not_applied(empty, text);
        assert!(matches!(told, EditError::Diff(_)), "{told}");
        assert!(told.to_string().starts_with("the diff: "), "{told}");
        assert!(told.to_string().contains(rule), "{told}");
    }
    assert!(matches!(
        apply(b"\xff", b"<virtualizer/>"),
        Err(EditError::Base(_))
    ));
    assert!(matches!(
        apply(b"<virtualizer/>", b"\xff"),
        Err(EditError::Diff(_))
    ));
}

#[test]
fn a_document_that_becomes_too_large() {
    let half = |name: &str| {
        let text = "x".repeat(MAX_BYTES / 2);
        format!("<virtualizer><{name}>{text}</{name}></virtualizer>")
    };
    let error = not_applied(&half("id"), &half("name"));
    assert!(matches!(error, EditError::Diff(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("with it the document would have 16777"),
        "{error}"
    );
}

/// Every other one of many entries goes, and as many come: far more than searching each would allow.
#[test]
fn large_lists() {
    let port = |n: usize, operation: &str| format!("<port{operation}><id>{n}</id></port>");
    let count = 80_000;
    let base: String = (0..count).map(|n| port(n, "")).collect();
    let changes: String = (0..count)
        .map(|n| match n % 2 {
            0 => port(n, " operation='delete'"),
            _ => port(n + count, " operation='create'"),
        })
        .collect();
    let text = edited(
        &format!("<ports>{base}</ports>"),
        &format!("<ports>{changes}</ports>"),
    );
    let ports = decode(&text).nodes.remove(0).ports;
    let ids: Vec<usize> = ports
        .iter()
        .map(|port| port.id.as_str().parse().unwrap())
        .collect();
    let odd = |from: usize| (from..from + count).filter(|n| n % 2 == 1);
    assert!(ids.into_iter().eq(odd(0).chain(odd(count))));
}
