use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::super::answer;
use super::super::tests::{args, json_of};
use super::super::{Exit, tables::WIDTH};

fn states() -> Value {
    json!({"domains": [
        {"id": "AS1", "asn": 1, "entry-point": "http://172.25.0.10:8888/escape", "state": "stale",
         "known-by": "settings",
         "sources": [
            {"kind": "bgp-ls 192.0.2.1", "channel": "bgp-ls", "url": "bgp://192.0.2.1", "state": "fresh",
             "last-heard": "2026-11-22T15:00:08Z", "last-error": null, "failures": 0,
             "used-for": ["topology"], "routes": 128},
            {"kind": "pull resources", "channel": "pull", "url": "http://127.0.0.11:8888/escape/get-config",
             "state": "stale", "last-heard": "2026-11-22T14:55:00Z",
             "last-error": "the document cannot be taken: line 3, column 6: /cpu: 'x' is not allowed (and 1 more fault)",
             "faults": ["line 3, column 6: /cpu: 'x' is not allowed", "line 9, column 1: /nff: there is no such member"],
             "failures": 3, "used-for": ["resources"],
             "document": {"format": "virtualizer", "syntax": "XML", "version": "0123", "bytes": 4213,
                "accepted": "2026-11-22T12:00:10Z", "nodes": 1, "links": 0, "prefixes": 0, "nfs": 2,
                "warnings": [{"line": 7, "path": "/virtualizer/links", "text": "a link to itself"}]}},
            {"kind": "file /etc/brokerd/members/AS1.yaml", "channel": "file",
             "url": "/etc/brokerd/members/AS1.yaml", "state": "fresh", "last-heard": "2026-11-22T15:00:09Z",
             "last-error": null, "failures": 0, "used-for": [],
             "document": {"format": "brief", "syntax": "YAML", "version": "4567", "bytes": 512,
                "accepted": "2026-11-22T15:00:00Z", "by": "ops", "nodes": 1, "links": 4, "prefixes": 1, "nfs": 2}}],
         "missing": ["entry-point"], "nodes": 1, "routers": 3, "links": 4, "prefixes": 1, "saps": ["SAP1"],
         "nf-types": ["NF1", "NF3"], "neighbours": ["AS2"],
         "conflicts": [{"kind": "half-up-link", "subject": "AS1 r1 to AS2 r2", "with": "AS2", "outcome": "not used"},
                       {"kind": "sap", "subject": "SAP1", "with": "AS3", "outcome": "both have it"}],
         "open-borders": ["AS1-AS9"]},
        {"id": "AS2", "entry-point": null, "state": "waiting", "known-by": "settings", "sources": [
            {"kind": "push registration", "channel": "push", "url": "mdo-as2", "state": "waiting",
             "last-heard": null, "last-error": null, "failures": 0, "used-for": []}],
         "registration": {"version": "89ab", "lifetime": 90, "by": "mdo-as2"},
         "missing": ["resources", "topology", "entry-point"], "nodes": 0, "routers": 0, "links": 0,
         "prefixes": 0, "saps": [], "nf-types": [], "neighbours": [], "conflicts": [], "open-borders": []},
        // What a member hears of another one.
        {"id": "AS3", "entry-point": null, "state": "fresh", "known-by": "push", "sources": [],
         "missing": [], "nodes": 2, "routers": 0, "links": 0, "prefixes": 3, "saps": [], "nf-types": [],
         "neighbours": [], "conflicts": [], "open-borders": []},
    ]})
}

async fn page_of(index: usize) -> String {
    let one = states()["domains"][index].clone();
    let path = "/broker/v1/domains/AS1";
    let router = Router::new().route(path, get(move || json_of(&one)));
    let (text, _) = answer(args(router, &["domain", "AS1"]).await)
        .await
        .unwrap();
    assert!(
        text.lines()
            .all(|line| line.chars().count() <= usize::from(WIDTH)),
        "{text}"
    );
    text
}

#[tokio::test]
async fn domains_have_a_row_for_each_source_with_its_age_by_the_servers_clock() {
    let router = Router::new().route("/broker/v1/domains", get(|| json_of(&states())));
    let (text, exit) = answer(args(router, &["domains"]).await).await.unwrap();
    assert_eq!(exit, Exit::Answered);
    assert_eq!(
        text,
        "\
+--------+---------+-------------------+---------+------------+----------+---------------------+
| Domain | State   | Source            | State   | Last heard | Failures | Tells               |
+--------+---------+-------------------+---------+------------+----------+---------------------+
| AS1    | stale   | bgp-ls 192.0.2.1  | fresh   | 2 s ago    | 0        | 128 routes          |
|        |         | pull resources    | stale   | 5 min ago  | 3        | 1 node, 2 NFs       |
|        |         | file AS1.yaml     | fresh   | 1 s ago    | 0        | 1 node, 4 links,    |
|        |         |                   |         |            |          | 1 prefix, 2 NFs     |
| AS2    | waiting | push registration | waiting | never      | 0        | -                   |
| AS3    | fresh   | -                 | -       | -          | -        | 2 nodes, 3 prefixes |
+--------+---------+-------------------+---------+------------+----------+---------------------+
AS1           pull resources: the document cannot be taken: line 3, column 6: /cpu: 'x' is not
              allowed (and 1 more fault)
AS1           nobody tells its entry point, 2 conflicts, 1 open border
"
    );
}

#[tokio::test]
async fn no_domain_is_told_in_words() {
    let none = json!({"domains": []});
    let router = Router::new().route("/broker/v1/domains", get(move || json_of(&none)));
    let (text, _) = answer(args(router, &["domains"]).await).await.unwrap();
    assert!(text.starts_with("The broker has no domains"), "{text}");
}

#[tokio::test]
async fn one_domain_is_read_from_top_to_bottom() {
    assert_eq!(
        page_of(0).await,
        "\
domain        AS1
AS number     1
state         stale: a source is silent or never came; what was told is still in the maps
known by      the broker's settings

entry point   http://172.25.0.10:8888/escape
  from        the broker's settings, or BGP-LS

nodes         1
NF types      NF1, NF3
SAPs          SAP1
open borders  AS1-AS9
  from        pull resources

routers       3
links         4
prefixes      1
neighbours    AS2
  from        bgp-ls 192.0.2.1

missing       nobody tells its entry point

conflict      half-up link AS1 r1 to AS2 r2: not used
conflict      SAP SAP1 with AS3: both have it

source        bgp-ls 192.0.2.1
  at          bgp://192.0.2.1
  state       fresh
  last heard  2 s ago
  tells       128 routes
  used for    topology
  last error  -

source        pull resources
  at          http://127.0.0.11:8888/escape/get-config
  state       stale, 3 failures in a row
  last heard  5 min ago
  document    virtualizer in XML, 4213 bytes
  tells       1 node, 2 NFs
  accepted    3 h ago, version 0123
  warning     line 7: /virtualizer/links: a link to itself
  used for    resources
  last error  the document cannot be taken: line 3, column 6: /cpu: 'x' is not allowed (and 1 more
              fault)
  fault       line 3, column 6: /cpu: 'x' is not allowed
  fault       line 9, column 1: /nff: there is no such member

source        file /etc/brokerd/members/AS1.yaml
  at          /etc/brokerd/members/AS1.yaml
  state       fresh
  last heard  1 s ago
  document    brief in YAML, 512 bytes
  tells       1 node, 4 links, 1 prefix, 2 NFs
  accepted    10 s ago by ops, version 4567
  used for    nothing: other sources come first
  last error  -
"
    );
}

#[tokio::test]
async fn a_registration_alone_is_shown_as_what_it_is() {
    let page = page_of(1).await;
    for line in [
        "registered    by mdo-as2, good for 90 s without further word, version 89ab\n",
        "missing       nobody tells its resources, topology and entry point\n",
        "  by          mdo-as2\n",
        "  used for    keeping it a member\n",
    ] {
        assert!(page.contains(line), "{line} in\n{page}");
    }
}

/// A member is not told where another one's word comes from.
#[tokio::test]
async fn another_members_page_has_no_sources() {
    let page = page_of(2).await;
    assert!(page.contains("nodes         2\n"), "{page}");
    assert!(
        !page.contains("\nsource  ") && !page.contains("from"),
        "{page}"
    );
    assert!(page.ends_with("sources       told to the member itself and to operators only\n"));
}

/// What an older broker does not tell is nothing, not an error.
#[tokio::test]
async fn an_older_brokers_answer_is_understood() {
    let old = json!({"id": "AS1", "entry-point": null, "state": "fresh", "sources": [
        {"kind": "topology", "url": "http://x/", "state": "fresh", "last-heard": null,
         "last-error": null, "failures": 1}]});
    let router = Router::new().route("/broker/v1/domains/AS1", get(move || json_of(&old)));
    let (text, _) = answer(args(router, &["domain", "AS1"]).await)
        .await
        .unwrap();
    assert!(text.contains("  state       fresh, 1 failure\n"), "{text}");
}

#[tokio::test]
async fn json_is_the_brokers_own() {
    let router = Router::new().route("/broker/v1/domains", get(|| json_of(&states())));
    let (text, _) = answer(args(router, &["--json", "domains"]).await)
        .await
        .unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), states());
}
