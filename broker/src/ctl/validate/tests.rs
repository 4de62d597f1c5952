use std::path::PathBuf;

use clap::Parser;
use serde_json::Value;

use super::super::Exit;
use super::super::args::{Args, Command};
use super::validate;
use crate::client::ClientError;

/// A folder of files with these names and texts.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Runs the command with these files of the folder; the folder's own path is left out of the answer.
fn run(folder: &tempfile::TempDir, words: &[&str]) -> Result<(String, Exit), ClientError> {
    let path = |word: &&str| -> PathBuf {
        match word.strip_prefix('@') {
            Some(name) => folder.path().join(name),
            None => PathBuf::from(word),
        }
    };
    let before = ["brokerctl", "validate"].map(PathBuf::from);
    let words = before.into_iter().chain(words.iter().map(path));
    let args = Args::try_parse_from(words).unwrap();
    let Command::Validate(options) = &args.command else {
        panic!("not validate");
    };
    let prefix = format!("{}/", folder.path().display());
    validate(options, args.json).map(|(text, exit)| (text.replace(&prefix, ""), exit))
}

fn good(folder: &tempfile::TempDir, words: &[&str]) -> String {
    let (text, exit) = run(folder, words).unwrap();
    assert_eq!(exit, Exit::Answered, "{text}");
    text
}

fn faulty(folder: &tempfile::TempDir, words: &[&str]) -> String {
    let (text, exit) = run(folder, words).unwrap();
    assert_eq!(exit, Exit::Refused, "{text}");
    text
}

const BRIEF: &str = "\
entry-point: http://mdo.as7.example:8888/escape
cpu: 50
mem: 60 GB
nf: [NF1, NF3]
port: [SAP1]
prefixes: [198.51.100.1/24]
neighbours:
  - {domain: AS2, delay: 3 ms}
  - {domain: AS2, router: pe1}
  - {domain: AS3, sap: AS7-AS3}
";

const VIRTUALIZER: &str = "\
<virtualizer>
  <id>v</id>
  <nodes>
    <node>
      <id>pop</id>
      <resources><cpu>4</cpu></resources>
    </node>
  </nodes>
</virtualizer>
";

const UNIFY: &str = r#"{"nodes": {"node": [{"id": "AS7", "ports": {"port": [{"id": "r1"}]}}]}}"#;

#[test]
fn a_good_file_is_shown_as_it_was_understood() {
    let folder = folder(&[("AS7.yaml", BRIEF)]);
    let text = good(&folder, &["@AS7.yaml"]);
    let (page, warning) = text.split_once("AS7.yaml:").unwrap();
    assert!(page.is_empty(), "{text}");
    let (page, warning) = warning.split_once("AS7.yaml:").unwrap();
    assert!(
        warning.starts_with("6: warning: /prefixes/0: 198.51.100.1/24 has host bits"),
        "{text}"
    );
    assert_eq!(
        page,
        " good
  document    brief in YAML, 229 bytes
  domain      AS7, as the file's name says
  entry point http://mdo.as7.example:8888/escape
  nodes       1: AS7
  cpu         50.0
  memory      60.0 GB
  storage     not told
  NF types    NF1, NF3
  SAPs        SAP1
  border SAPs AS7-AS3
  routers     2
  links       0 within, 2 to AS2, 1 to AS3
  prefixes    1: 198.51.100.0/24
"
    );
}

#[test]
fn the_same_is_told_as_json() {
    let folder = folder(&[("AS7.yaml", BRIEF), ("AS8.yaml", "cpu: many\n")]);
    let text = faulty(&folder, &["--json", "@AS7.yaml", "@AS8.yaml"]);
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&told["good"], &told["faulty"]), (&1.into(), &1.into()));
    let first = &told["files"][0];
    assert_eq!(first["good"], true);
    for (pointer, value) in [
        ("/file", "AS7.yaml"),
        ("/domain", "AS7"),
        ("/format", "brief"),
        ("/syntax", "YAML"),
        ("/entry-point", "http://mdo.as7.example:8888/escape"),
        ("/resources/cpu/0", "50.0"),
        ("/resources/nf-types/1", "NF3"),
        ("/resources/inter-domain-saps/0", "AS7-AS3"),
        ("/topology/prefixes/0", "198.51.100.0/24"),
        ("/warnings/0/path", "/prefixes/0"),
    ] {
        assert_eq!(
            first.pointer(pointer).unwrap(),
            value,
            "{pointer} of {first:#}"
        );
    }
    assert_eq!(first["topology"]["links"]["to"]["AS2"], 2);
    let fault = &told["files"][1]["faults"][0];
    assert_eq!((&fault["line"], &fault["column"]), (&1.into(), &6.into()));
    assert_eq!(
        (&fault["path"], &fault["value"]),
        (&"/cpu".into(), &"many".into())
    );
    assert!(
        fault["rule"].as_str().unwrap().contains("a number"),
        "{fault}"
    );
}

#[test]
fn every_fault_is_told_with_its_place_element_value_and_rule() {
    let text = "cpu: many\nnff: [NF1]\nneighbours:\n  - domain: AS 3\n";
    let folder = folder(&[
        ("AS7.yaml", text),
        ("AS7.json", "{\"cpu\": [1,\n 2}"),
        ("AS7.xml", "<virtualizer>\n<nodes/>"),
        ("AS7.yml", "x: y\n"),
    ]);
    let text = faulty(&folder, &["@AS7.yaml"]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].starts_with("AS7.yaml:1:6: error: /cpu: 'many' is not allowed: a number"));
    assert!(lines[1].starts_with("AS7.yaml:2:1: error: /nff: 'nff' is not allowed: "));
    assert!(lines[2].starts_with("AS7.yaml:4:13: error: /neighbours/0/domain: 'AS 3' is not"));
    assert_eq!(lines[3], "AS7.yaml: 3 faults");

    assert!(faulty(&folder, &["@AS7.json"]).starts_with("AS7.json:2:3: error: not JSON"));
    assert!(faulty(&folder, &["@AS7.xml"]).contains("error: not well-formed XML"));
    assert!(faulty(&folder, &["@AS7.yml"]).contains("no format has these"));
}

#[test]
fn more_faults_than_are_told_are_counted() {
    let many: String = (0..150).map(|n| format!("x{n}: 1\n")).collect();
    let folder = folder(&[("AS7.yaml", &format!("cpu: 1\n{many}"))]);
    let text = faulty(&folder, &["@AS7.yaml"]);
    assert_eq!(text.lines().count(), 101, "{text}");
    assert!(
        text.ends_with("AS7.yaml: 150 faults, of which these are the first\n"),
        "{text}"
    );
}

/// What the broker asks beyond a document's format is asked here too.
#[test]
fn the_brokers_own_checks_are_made() {
    let url = "prefixes: []\nentry-point: mdo.as7.example:8888\n";
    let routers: Vec<String> = (0..10_001)
        .map(|n| format!("{{\"id\": \"r{n}\"}}"))
        .collect();
    let routers = UNIFY.replace("{\"id\": \"r1\"}", &routers.join(","));
    let folder = folder(&[
        ("AS7.yaml", url),
        ("AS9.json", UNIFY),
        ("AS7.json", &routers),
    ]);
    let text = faulty(&folder, &["@AS7.yaml"]);
    let place = "AS7.yaml:2:14: error: entry-point: 'mdo.as7.example:8888' is not allowed: ";
    assert!(text.starts_with(place), "{text}");

    let text = faulty(&folder, &["@AS9.json"]);
    assert!(
        text.contains("the topology has no node of domain 'AS9': it tells of AS7"),
        "{text}"
    );
    assert!(text.contains("--domain says otherwise"), "{text}");
    let text = faulty(&folder, &["--domain", "AS9", "@AS9.json"]);
    assert!(!text.contains("--domain"), "{text}");
    let text = good(&folder, &["--domain", "AS7", "@AS9.json"]);
    assert!(text.contains("  domain      AS7\n"), "{text}");
    let text = good(&folder, &["--domain", "north", "--asn", "7", "@AS9.json"]);
    assert!(text.contains("  routers     1\n"), "{text}");

    let text = faulty(&folder, &["@AS7.json"]);
    let rule = "the document has 10001 nodes; a member may have 10000 (limits.member.nodes)";
    assert!(text.contains(rule), "{text}");
}

#[test]
fn whose_an_export_is_need_be_said_only_where_it_matters() {
    let folder = folder(&[
        ("a b.xml", VIRTUALIZER),
        ("a b.json", UNIFY),
        ("a b.yaml", "cpu: 1\n"),
        ("a c.yaml", "neighbours: [AS2]\n"),
        ("a d.yaml", "cpu: many\n"),
        ("0.0.0.7.yaml", "neighbours: [AS2]\n"),
        ("AS7.topology.yaml", "neighbours: [AS2]\n"),
    ]);
    let domain = |name: &str| {
        let text = good(&folder, &[name]);
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("  domain      "));
        line.unwrap().to_owned()
    };
    assert_eq!(domain("@a b.xml"), "not told, and of no importance");
    assert_eq!(domain("@a b.yaml"), "not told, and of no importance");
    assert_eq!(domain("@a b.json"), "AS7, as the document says");
    assert_eq!(domain("@0.0.0.7.yaml"), "AS7, as the file's name says");
    assert_eq!(domain("@AS7.topology.yaml"), "AS7, as the file's name says");
    assert_eq!(
        run(&folder, &["@a c.yaml"]).unwrap(),
        (String::new(), Exit::Usage)
    );
    let text = good(&folder, &["--domain", "7", "@a c.yaml"]);
    assert!(text.contains("  domain      AS7\n"), "{text}");
    // A fault is one whosever it is.
    faulty(&folder, &["@a d.yaml"]);
}

#[test]
fn syntax_and_format_may_be_said() {
    let folder = folder(&[
        ("AS7", "cpu: 1\n"),
        ("AS7.yaml", "{\"cpu\": 1}"),
        ("AS7.txt", UNIFY),
    ]);
    assert!(good(&folder, &["--domain", "AS7", "@AS7"]).contains("brief in YAML"));
    assert!(good(&folder, &["@AS7.yaml"]).contains("brief in YAML"));
    assert!(good(&folder, &["--syntax", "json", "@AS7.yaml"]).contains("brief in JSON"));
    assert!(good(&folder, &["@AS7.txt"]).contains("unify in JSON"));
    let text = faulty(&folder, &["--format", "virtualizer", "@AS7.yaml"]);
    assert!(text.contains("is written in XML, this is YAML"), "{text}");
    faulty(&folder, &["--format", "tosca", "@AS7.txt"]);
}

#[test]
fn several_files_and_folders_have_a_line_for_all() {
    let folder = folder(&[
        ("AS7.yaml", BRIEF),
        ("AS8.xml", VIRTUALIZER),
        ("README", "x"),
    ]);
    let whole = folder.path().to_str().unwrap();
    let text = good(&folder, &[whole]);
    assert!(text.ends_with("2 files: 2 good, 0 with faults\n"), "{text}");
    std::fs::write(folder.path().join("AS9.json"), "[").unwrap();
    let text = faulty(&folder, &[whole]);
    assert!(text.ends_with("3 files: 2 good, 1 with faults\n"), "{text}");
    let (text, exit) = run(&folder, &["@AS9.json", "@AS1.json", "@AS7.yaml"]).unwrap();
    assert_eq!(exit, Exit::Usage);
    assert!(
        text.ends_with("3 files: 1 good, 1 with faults, 1 not checked\n"),
        "{text}"
    );
    let empty = self::folder(&[]);
    let error = run(&empty, &[empty.path().to_str().unwrap()]).unwrap_err();
    assert_eq!(Exit::from(&error), Exit::Usage, "{error}");
}

#[test]
fn an_edit_is_checked_on_what_it_is_made_to() {
    let edit = |inner: &str| {
        format!("<virtualizer><nodes><node>\n<id>pop</id>{inner}</node></nodes></virtualizer>")
    };
    let cpu = |cpu: &str| edit(&format!("<resources><cpu>{cpu}</cpu></resources>"));
    let folder = folder(&[
        ("AS7.xml", VIRTUALIZER),
        ("good.xml", &cpu("9")),
        ("result.xml", &cpu("many")),
        (
            "missing.xml",
            &edit("<ports><port operation='delete'><id>1</id></port></ports>"),
        ),
        ("broken.xml", "<virtualizer>"),
        ("AS7.json", "{\"cpu\": 1, \"mem\": 2}"),
        ("good.json", "{\"cpu\": 9, \"mem\": null}"),
        ("result.json", "{\"nff\": 9}"),
        ("bad.json", "{"),
        ("AS7.yaml", BRIEF),
    ]);
    let text = good(&folder, &["--against", "@AS7.xml", "@good.xml"]);
    assert!(text.contains("AS7, as the file's name says") && text.contains("cpu         9.0\n"));
    let text = faulty(&folder, &["--against", "@AS7.xml", "@result.xml"]);
    let place = "result.xml: error: /virtualizer/nodes/node/resources/cpu: 'many' is not allowed: ";
    assert!(text.starts_with(place), "{text}");
    assert!(
        text.contains("(in what the edit makes, line 6, column "),
        "{text}"
    );
    let text = faulty(&folder, &["--against", "@AS7.xml", "@missing.xml"]);
    assert!(text.starts_with("missing.xml:2:"), "{text}");
    assert!(text.contains("data-missing"), "{text}");
    let text = faulty(&folder, &["--against", "@AS7.xml", "@broken.xml"]);
    assert!(text.starts_with("broken.xml:1:"), "{text}");
    let text = faulty(&folder, &["--against", "@broken.xml", "@good.xml"]);
    assert!(text.starts_with("broken.xml:1:"), "{text}");
    assert!(text.ends_with("good.xml: not applied: 1 fault\n"), "{text}");

    let text = good(&folder, &["--against", "@AS7.json", "@good.json"]);
    assert!(text.contains("cpu         9.0\n") && text.contains("memory      not told\n"));
    let text = faulty(&folder, &["--against", "@AS7.json", "@result.json"]);
    assert!(
        text.starts_with("result.json: error: /nff: 'nff' is not allowed: "),
        "{text}"
    );
    assert!(text.contains("(in what the edit makes)"), "{text}");
    faulty(&folder, &["--against", "@AS7.json", "@bad.json"]);

    for (base, edit) in [
        ("@AS7.yaml", "@good.json"),
        ("@AS7.json", "@good.xml"),
        ("@AS7.xml", "@good.json"),
    ] {
        let (text, exit) = run(&folder, &["--against", base, edit]).unwrap();
        assert_eq!((text.as_str(), exit), ("", Exit::Usage), "{base} {edit}");
    }
    let error = run(&folder, &["--against", "@none.xml", "@good.xml"]).unwrap_err();
    assert_eq!(Exit::from(&error), Exit::Usage, "{error}");
}

#[test]
fn standard_input_is_read_once() {
    let folder = folder(&[]);
    for words in [&["-", "-"][..], &["-", "--against", "-"]] {
        let error = run(&folder, words).unwrap_err();
        assert_eq!(Exit::from(&error), Exit::Usage, "{error}");
    }
}
