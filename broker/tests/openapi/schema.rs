//! What the document says of an answer, and whether an answer keeps it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::broker::Answer;

/// The document, with what its answers have been held against.
pub(crate) struct Document {
    document: Value,
    /// Operations and statuses that were seen.
    seen: BTreeSet<(String, String, String)>,
}

impl Document {
    pub(crate) fn new(document: Value) -> Self {
        let seen = BTreeSet::new();
        Self { document, seen }
    }

    /// Every operation: path, method in upper case, and what it says.
    pub(crate) fn operations(&self) -> BTreeMap<(String, String), Value> {
        let paths = self.document["paths"].as_object().unwrap();
        let of = |(path, item): (&String, &Value)| {
            let path = path.clone();
            let item = item.as_object().unwrap().clone();
            item.into_iter().map(move |(method, operation)| {
                ((path.clone(), method.to_ascii_uppercase()), operation)
            })
        };
        paths.iter().flat_map(of).collect()
    }

    /// What a `$ref` stands for.
    fn resolve(&self, value: &Value) -> Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(to) => self
                .document
                .pointer(to.trim_start_matches('#'))
                .unwrap()
                .clone(),
            None => value.clone(),
        }
    }

    /// The template of a path: that with the fewest parameters.
    fn template(&self, path: &str) -> String {
        let path = path.split('?').next().unwrap();
        let fits = |template: &str| {
            let (of_path, of_template) = (path.split('/'), template.split('/'));
            of_path.clone().count() == of_template.clone().count()
                && of_path
                    .zip(of_template)
                    .all(|(name, part)| part.starts_with('{') || name == part)
        };
        let templates = self.document["paths"].as_object().unwrap().keys();
        let found = templates
            .filter(|t| fits(t))
            .min_by_key(|t| t.matches('{').count());
        found
            .unwrap_or_else(|| panic!("{path} is not in the document"))
            .clone()
    }

    /// Holds an answer against the document: its status, its type, its body, its headers.
    #[track_caller]
    pub(crate) fn check(&mut self, method: &str, path: &str, answer: &Answer) {
        let (template, method) = (self.template(path), method.to_ascii_lowercase());
        let operation = &self.document["paths"][&template][&method];
        let status = answer.status.to_string();
        let told = operation["responses"].get(&status);
        let told = told.unwrap_or_else(|| panic!("{method} {template} tells nothing of {answer}"));
        let told = self.resolve(told);
        for name in told["headers"]
            .as_object()
            .into_iter()
            .flat_map(|headers| headers.keys())
        {
            // Those that depend on the case are told where they are tested.
            let may_miss =
                ["accept-patch"].contains(&name.to_ascii_lowercase().as_str()) || status == "412";
            let found = answer.header(&name.to_ascii_lowercase());
            assert!(found.is_some() || may_miss, "{name} is missing: {answer}");
        }
        let kind = answer.header("content-type");
        match told.get("content") {
            None => assert_eq!(answer.text(), "", "{method} {template} {answer}"),
            Some(contents) => {
                let content = kind.and_then(|kind| contents.get(kind));
                let content =
                    content.unwrap_or_else(|| panic!("{method} {template}: the type of {answer}"));
                if let Some(schema) = content.get("schema") {
                    let is_json = kind.is_some_and(|kind| kind.contains("json"));
                    let body = if is_json {
                        answer.json()
                    } else {
                        answer.text().into()
                    };
                    self.check_body(schema, &body);
                }
            }
        }
        self.seen.insert((template, method, status));
    }

    /// Holds a body against a schema. Members that the schema does not have are faults here.
    #[track_caller]
    pub(crate) fn check_body(&self, schema: &Value, body: &Value) {
        let faults = self.faults(schema, body);
        assert!(faults.is_empty(), "{faults:#?}\n{body:#}");
    }

    pub(crate) fn faults(&self, schema: &Value, body: &Value) -> Vec<String> {
        let mut components = self.document["components"].clone();
        close(&mut components["schemas"]);
        let mut root = json!({"allOf": [schema], "components": components});
        root["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
        let options = jsonschema::options().should_validate_formats(true);
        let validator = options.build(&root).unwrap();
        let faults = validator.iter_errors(body);
        faults
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect()
    }

    /// The statuses of success that no answer of an operation had.
    pub(crate) fn unseen(&self) -> Vec<String> {
        let mut unseen = Vec::new();
        for ((path, method), operation) in self.operations() {
            for status in operation["responses"].as_object().unwrap().keys() {
                let key = (path.clone(), method.to_ascii_lowercase(), status.clone());
                if status.as_str() < "400" && !self.seen.contains(&key) {
                    unseen.push(format!("{method} {path} {status}"));
                }
            }
        }
        unseen
    }
}

/// Refuses what is not described, in every object that has members.
fn close(schemas: &mut Value) {
    for schema in schemas.as_object_mut().unwrap().values_mut() {
        if schema.get("properties").is_some() {
            schema["additionalProperties"] = false.into();
        }
    }
}
