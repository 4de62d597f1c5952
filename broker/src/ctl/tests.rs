use std::io::Write;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::{get, post};
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::client::answers;

pub(super) const NOW: &str = "Sun, 22 Nov 2026 15:00:10 GMT";

pub(super) type JsonResponse = ([(header::HeaderName, &'static str); 2], String);

pub(super) fn json_of(body: &Value) -> std::future::Ready<JsonResponse> {
    let head = [
        (header::CONTENT_TYPE, "application/json"),
        (header::DATE, NOW),
    ];
    std::future::ready((head, body.to_string()))
}

/// The arguments, with a server that answers the broker's own API.
pub(super) async fn args(router: Router, words: &[&str]) -> Args {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let words = ["brokerctl", "--server", &server]
        .into_iter()
        .chain(words.iter().copied());
    Args::try_parse_from(words).unwrap()
}

fn graph_file(graph: &Value) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(graph.to_string().as_bytes()).unwrap();
    file
}

#[tokio::test]
async fn an_answer_with_nothing_in_it_has_an_exit_code_of_its_own() {
    let none = json!({"meta": {"objective": "hops", "k": 10, "cut": true,
                               "not-told": ["delay", "price"]}, "placements": []});
    let router = Router::new().route("/broker/v1/placements", post(move || json_of(&none)));
    let file = graph_file(&json!({"nfs": []}));
    let words = ["placements", "--sg", file.path().to_str().unwrap()];
    let (text, exit) = answer(args(router, &words).await).await.unwrap();
    assert_eq!(exit, Exit::Nothing);
    assert_eq!(
        text,
        "no placement: no choice of domains carries this service graph\n\
         The search was cut short: better placements may exist.\n\
         Some links do not tell: delay; there it counts 0.\n"
    );
}

#[tokio::test]
async fn every_way_to_fail_has_its_exit_code() {
    let problem = (
        StatusCode::NOT_FOUND,
        [(header::CONTENT_TYPE, "application/problem+json")],
        json!({"title": "Not found", "detail": "no domain AS9"}).to_string(),
    );
    let router = Router::new()
        .route("/broker/v1/domains/AS9", get(async || problem))
        .route(
            "/broker/v1/placements",
            post(async || StatusCode::TOO_MANY_REQUESTS),
        )
        .route("/directory", get(async || "hello"));
    let file = graph_file(&json!({}));
    let text = tempfile::NamedTempFile::new().unwrap();
    let (graph, text) = (file.path().to_str().unwrap(), text.path().to_str().unwrap());
    for (words, exit) in [
        (vec!["domain", "AS9"], Exit::Nothing),
        (vec!["placements", "--sg", graph], Exit::Refused),
        (vec!["placements", "--sg", "/no/such/file"], Exit::Usage),
        (vec!["placements", "--sg", text], Exit::Usage),
        (vec!["directory"], Exit::NotUnderstood),
    ] {
        let error = answer(args(router.clone(), &words).await)
            .await
            .unwrap_err();
        assert_eq!(Exit::from(&error), exit, "{words:?}: {error}");
    }
    let nobody = ["brokerctl", "--server", "http://127.0.0.1:1", "domains"];
    let error = answer(Args::try_parse_from(nobody).unwrap())
        .await
        .unwrap_err();
    assert_eq!(Exit::from(&error), Exit::NoAnswer, "{error}");
    for words in [
        &["brokerctl"][..],
        &["brokerctl", "placements"],
        &["brokerctl", "--server", "x", "domains"],
    ] {
        assert_eq!(
            Args::try_parse_from(words).unwrap_err().exit_code(),
            2,
            "{words:?}"
        );
    }
}

#[test]
fn the_exit_codes_are_those_of_the_help() {
    use clap::CommandFactory;
    let help = Args::command().render_long_help().to_string();
    let exits = [
        Exit::Answered,
        Exit::Refused,
        Exit::Usage,
        Exit::NoAnswer,
        Exit::NotUnderstood,
        Exit::Nothing,
    ];
    for exit in exits {
        assert!(
            help.contains(&format!("\n  {}  ", exit as u8)),
            "{exit:?} in\n{help}"
        );
    }
}

#[test]
fn a_graph_may_stand_alone_or_in_a_request() {
    let body = |file: Value, k| {
        let file = request::GraphFile::parse(file.to_string().as_bytes()).unwrap();
        let json = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).unwrap();
        (
            json(file.path_vector_request()),
            json(file.placement_request(k)),
        )
    };
    let path_vector = json!({"cost-mode": "array", "cost-metric": "ane-path"});
    let (paths, placements) = body(json!({"nfs": []}), None);
    assert_eq!(paths, json!({"sg": {"nfs": []}, "cost-type": path_vector}));
    assert_eq!(placements, json!({"sg": {"nfs": []}}));

    let (paths, placements) = body(json!({"sg": 1, "k": 3, "objective": "hops"}), Some(5));
    assert_eq!(paths, json!({"sg": 1, "cost-type": path_vector}));
    assert_eq!(placements, json!({"sg": 1, "k": 5, "objective": "hops"}));

    let whole = json!({"sg": 1, "cost-type": {"cost-mode": "x"}, "constraints": []});
    let (paths, placements) = body(whole.clone(), None);
    assert_eq!((paths, placements), (whole, json!({"sg": 1})));
}

#[test]
fn an_answer_is_put_in_the_graphs_order() {
    let graph = json!({
        "nfs": ["B", "A"], "saps": ["Y", "X"],
        "sg_links": [{"id": 1, "src-node": "Y", "dst-node": "B"}, {"id": 2, "src-node": "B", "dst-node": "A"},
                     {"id": 3, "src-node": "A", "dst-node": "X"}, {"id": 4, "src-node": "X", "dst-node": "Y"}],
        "reqs": [{"id": "1", "src-node": "Y", "dst-node": "X", "sg-path": [1, 2, 3]},
                 {"id": "2", "src-node": "X", "dst-node": "Y", "sg-path": [4]}],
    });
    let link = |src: &str, dst: &str| answers::LinkPaths {
        src: src.to_owned(),
        dst: dst.to_owned(),
        vectors: vec![vec!["AS1".to_owned()]],
    };
    let entry = |src: &str, dst: &str, links| answers::RequirementPaths {
        src: src.to_owned(),
        dst: dst.to_owned(),
        links,
    };
    let mut paths = answers::PathVectors {
        json: Value::Null,
        requirements: vec![
            entry("X", "Y", vec![link("X", "Y")]),
            entry(
                "Y",
                "X",
                vec![link("A", "X"), link("B", "A"), link("Y", "B")],
            ),
        ],
        property_map: None,
    };
    let file = request::GraphFile::parse(graph.to_string().as_bytes()).unwrap();
    request::in_order_of(&file.decode().unwrap(), &mut paths);
    let order: Vec<&str> = paths
        .requirements
        .iter()
        .flat_map(|one| &one.links)
        .map(|link| link.src.as_str())
        .collect();
    assert_eq!(order, ["Y", "B", "A", "X"]);
    assert!(!paths.has_gap());
    paths.requirements[0].links[1].vectors.clear();
    assert!(paths.has_gap());
}

#[test]
fn draft_table_2_rows_are_broken_at_arrows_only() {
    let walk = |stops: &[&str]| answers::Placement {
        rank: 10,
        hops: 3,
        cost: answers::Cost::default(),
        nodes: std::collections::BTreeMap::new(),
        requirements: vec![answers::PlacedRequirement {
            id: None,
            src: "SAP1".into(),
            dst: "SAP2".into(),
            walk: stops.iter().map(|stop| (*stop).to_owned()).collect(),
            links: Vec::new(),
        }],
    };
    let short = walk(&["AS1:SAP1", "AS2", "AS3:SAP2"]);
    assert_eq!(
        tables::table_2(&[short]),
        "\
+------------+------------------------------+
| Service    | Path vector(s)               |
| graph (SG) |                              |
+------------+------------------------------+
| SAP1->SAP2 | 10:{AS1:SAP1->AS2->AS3:SAP2} |
+------------+------------------------------+"
    );
    let long: Vec<String> = (0..30)
        .map(|number| format!("AS{number}:NF{number}"))
        .collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    let table = tables::table_2(&[walk(&long)]);
    assert!(
        table
            .lines()
            .all(|line| line.chars().count() <= usize::from(tables::WIDTH)),
        "{table}"
    );
    let cells: Vec<&str> = table
        .lines()
        .filter_map(|line| line.split('|').nth(2))
        .map(str::trim)
        .skip(1)
        .collect();
    let rows: Vec<&str> = cells
        .into_iter()
        .filter(|cell| cell.contains("NF"))
        .collect();
    let (last, others) = rows.split_last().unwrap();
    assert!(
        last.ends_with('}') && others.iter().all(|cell| cell.ends_with("->")),
        "{table}"
    );
    assert!(!others.is_empty());
}

#[test]
fn draft_table_1_has_a_dash_where_a_domain_has_nothing() {
    let json = json!({"property-map": {
        "pid:AS1": {"cpu": ["50.0"], "nf": ["NF1", "NF3"], "extra": ["x"]},
        "networkmap.pid:AS2": {"port": "SAP2", "mem": null},
    }});
    let map = PropertyMap::decode(json).unwrap();
    let table = tables::property_map(&map);
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| AS"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let expected = [
        ["AS2", "-", "SAP2", "-", "-", "-", "-", "-"],
        ["AS1", "-", "-", "{NF1, NF3}", "50.0", "-", "-", "x"],
    ];
    assert_eq!(rows, expected);
}

/// clap does not see it: the value of one would be read as that of the other.
#[test]
fn no_command_has_an_option_by_the_name_of_one_that_all_have() {
    fn check(command: &clap::Command, of_all: &[&clap::Id]) {
        for one in command.get_subcommands() {
            for argument in one.get_arguments() {
                let id = argument.get_id();
                assert!(!of_all.contains(&id), "{} {id}", one.get_name());
            }
            check(one, of_all);
        }
    }
    let whole = <Args as clap::CommandFactory>::command();
    let of_all = whole.get_arguments().filter(|one| one.is_global_set());
    let of_all: Vec<&clap::Id> = of_all.map(clap::Arg::get_id).collect();
    assert!(of_all.len() > 5);
    check(&whole, &of_all);
}
