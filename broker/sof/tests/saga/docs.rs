//! The tables of docs/sof.md are those of the code. After a change that is meant: `RENEW=1 cargo test -p sof --test saga`.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;
use sof::saga::{CALL, SAGA};
use sof::selection::Filter;

/// A name as it is written: `inProgress` for `InProgress`.
fn word(value: impl Serialize) -> String {
    let json = serde_json::to_value(value).unwrap();
    json.as_str().unwrap().to_owned()
}

/// An event as words: `lost race` for `LostRace`.
fn words(debug: &str) -> String {
    let mut words = String::new();
    for (at, letter) in debug.char_indices() {
        if letter.is_uppercase() && at > 0 {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

fn generated(name: &str) -> String {
    let mut table = String::new();
    match name {
        "rules" => {
            table.push_str("| rule | what it asks | what may help |\n|---|---|---|\n");
            for filter in Filter::ALL {
                let help = match (filter.is_commercial(), filter.is_passing()) {
                    (true, _) => "an agreement",
                    (_, true) => "time",
                    _ => "",
                };
                writeln!(table, "| `{}` | {} | {help} |", word(filter), filter.asks()).unwrap();
            }
        }
        "saga" => {
            table.push_str("| phase | when | next |\n|---|---|---|\n");
            for (from, on, to) in SAGA.table {
                let on = words(&format!("{on:?}"));
                writeln!(table, "| `{}` | {on} | `{}` |", word(from), word(to)).unwrap();
            }
        }
        "call" => {
            table.push_str("| step | when | next |\n|---|---|---|\n");
            for (from, on, to) in CALL.table {
                let on = words(&format!("{on:?}"));
                writeln!(table, "| `{}` | {on} | `{}` |", word(from), word(to)).unwrap();
            }
        }
        other => panic!("no table is called {other}"),
    }
    table
}

#[test]
fn the_tables_of_the_page_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sof.md");
    let mut page = std::fs::read_to_string(&path).unwrap();
    for name in ["rules", "saga", "call"] {
        let begin = format!("<!-- generated: {name} -->\n");
        let (before, rest) = page.split_once(&begin).unwrap();
        let (table, after) = rest.split_once("<!-- end -->").unwrap();
        let fresh = generated(name);
        if std::env::var_os("RENEW").is_none() {
            assert_eq!(table, fresh, "RENEW=1 cargo test -p sof --test saga");
        }
        page = format!("{before}{begin}{fresh}<!-- end -->{after}");
    }
    if std::env::var_os("RENEW").is_some() {
        std::fs::write(&path, page).unwrap();
    }
}
