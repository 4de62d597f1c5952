//! MEF's OpenAPI documents, and whether an answer keeps what they say.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::broker::Answer;

/// The folder of the documents; none where it is not at hand, which is said.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures/third-party/mef");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there", folder.display());
    None
}

/// Reference point, file, and the API's name in paths with its version, as the document's `servers` has them.
pub(crate) const SERVED: [(&str, &str, &str); 6] = [
    (
        "legato",
        "service-ordering-management",
        "serviceOrderingManagement/v6",
    ),
    (
        "legato",
        "service-inventory-management",
        "serviceInventory/v7",
    ),
    (
        "allegro",
        "service-ordering-management",
        "serviceOrderingManagement/v1",
    ),
    (
        "allegro",
        "service-inventory-management",
        "serviceInventory/v2",
    ),
    (
        "interlude",
        "service-ordering-management",
        "serviceOrderingManagement/v1",
    ),
    (
        "interlude",
        "service-inventory-management",
        "serviceInventory/v2",
    ),
];

pub(crate) fn path_of(folder: &Path, at: &str, file: &str) -> PathBuf {
    folder.join(at).join("kylie").join(format!("{file}.yaml"))
}

/// One of the documents.
pub(crate) struct Document {
    document: Value,
    /// `/mefApi/...`, without a slash at the end.
    pub(crate) base: String,
}

impl Document {
    /// All that are served; none where they are not at hand.
    pub(crate) fn all() -> Vec<Self> {
        let Some(folder) = folder() else {
            return Vec::new();
        };
        let read = |(at, file, _): &(&str, &str, &str)| {
            let text = std::fs::read_to_string(path_of(&folder, at, file)).unwrap();
            let mut document: Value = serde_saphyr::from_str(&text).unwrap();
            let url = document["servers"][0]["url"].as_str().unwrap();
            let base = url.strip_prefix("https://{serverBase}").unwrap();
            let base = base.trim_end_matches('/').to_owned();
            close(&mut document["components"]["schemas"]);
            Self { document, base }
        };
        SERVED.iter().map(read).collect()
    }

    /// Holds an answer against the document: status, type, headers, body. `path` is a template of the document.
    #[track_caller]
    pub(crate) fn check(&self, method: &str, path: &str, answer: &Answer) {
        let operation = &self.document["paths"][path][method.to_ascii_lowercase()];
        assert!(operation.is_object(), "{method} {path} is no operation");
        let told = &operation["responses"][answer.status.to_string()];
        assert!(told.is_object(), "{method} {path} says nothing of {answer}");
        for (name, header) in told["headers"].as_object().into_iter().flatten() {
            let value = answer.header(&name.to_ascii_lowercase());
            let value = value.unwrap_or_else(|| panic!("{name} is missing: {answer}"));
            let is_good = match header["schema"]["type"].as_str().unwrap() {
                "boolean" => value.parse::<bool>().is_ok(),
                "integer" => value.parse::<i64>().is_ok(),
                other => panic!("a header of type {other}"),
            };
            assert!(is_good, "{name}: {value}");
        }
        let kind = answer.header("content-type").unwrap();
        let schema = &told["content"][kind]["schema"];
        assert!(schema.is_object(), "{method} {path}: the type of {answer}");
        let faults = self.faults(schema, &answer.json());
        assert!(faults.is_empty(), "{method} {path} {faults:#?}\n{answer}");
    }

    /// What is wrong with a body. Members that the document does not have are faults here.
    pub(crate) fn faults(&self, schema: &Value, body: &Value) -> Vec<String> {
        let root = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [schema],
            "components": self.document["components"],
        });
        let options = jsonschema::options().should_validate_formats(true);
        let validator = options.build(&root).unwrap();
        let faults = validator.iter_errors(body);
        faults
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect()
    }

    /// Whether a body is one of this schema.
    pub(crate) fn is(&self, schema: &str, body: &Value) -> bool {
        let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
        self.faults(&schema, body).is_empty()
    }
}

/// Refuses members that are not described: in objects that stand for themselves, and in what several make together.
fn close(schemas: &mut Value) {
    let schemas = schemas.as_object_mut().unwrap();
    let in_others: Vec<String> = schemas
        .values()
        .flat_map(|schema| schema["allOf"].as_array().into_iter().flatten())
        .filter_map(|part| part["$ref"].as_str())
        .filter_map(|reference| Some(reference.rsplit_once('/')?.1.to_owned()))
        .collect();
    for (name, schema) in schemas {
        if name == "MefServiceConfiguration" || in_others.contains(name) {
            continue;
        }
        if schema.get("allOf").is_some() {
            schema["unevaluatedProperties"] = false.into();
        } else if schema.get("properties").is_some() {
            schema["additionalProperties"] = false.into();
        }
    }
}

#[test]
fn the_documents_find_what_is_wrong() {
    for document in Document::all() {
        let error = json!({"code": "notFound", "reason": "r"});
        assert!(document.is("Error404", &error));
        assert!(!document.is("Error404", &json!({"code": "nothing", "reason": "r"})));
        assert!(!document.is(
            "Error404",
            &json!({"code": "notFound", "reason": "r", "more": 1})
        ));
        assert!(!document.is("Error404", &json!({"code": "notFound"})));
    }
}
