//! What goes wrong, in the documents' form.

use super::document::Document;
use super::sof::{A, JSON, ORDERS, SERVICES, add, ask, get, is, order, start};

/// Holds an answer of Legato against its document, where that has the status.
#[track_caller]
fn keeps(documents: &[Document], method: &str, path: &str, answer: &super::broker::Answer) {
    let api = if path.starts_with("/serviceOrder") {
        "/mefApi/legato/serviceOrdering"
    } else {
        "/mefApi/legato/serviceInventory"
    };
    for document in documents {
        if document.base.starts_with(api) {
            document.check(method, path, answer);
        }
    }
}

#[test]
fn error400_queries_that_mean_nothing() {
    let broker = start("");
    let documents = Document::all();
    let cases = [
        (ORDERS, "/serviceOrder", "colour=red", "invalidQuery"),
        (ORDERS, "/serviceOrder", "state=done", "invalidQuery"),
        (ORDERS, "/serviceOrder", "state=", "missingQueryValue"),
        (
            ORDERS,
            "/serviceOrder",
            "state=held&state=held",
            "invalidQuery",
        ),
        (
            ORDERS,
            "/serviceOrder",
            "orderDate.gt=yesterday",
            "invalidQuery",
        ),
        (
            ORDERS,
            "/serviceOrder",
            "orderDate.gt=2026-01-01T00:00:00+01:00",
            "invalidQuery",
        ),
        (ORDERS, "/serviceOrder", "limit=x", "invalidQuery"),
        (ORDERS, "/serviceOrder", "offset", "missingQueryValue"),
        (
            SERVICES,
            "/service",
            "serviceOrder.id=1",
            "missingQueryParameter",
        ),
        (
            SERVICES,
            "/service",
            "serviceOrderItem.id=1",
            "missingQueryParameter",
        ),
        (SERVICES, "/service", "startMode=6", "invalidQuery"),
        (SERVICES, "/service", "externalId=%FF", "invalidQuery"),
    ];
    for (path, template, query, code) in cases {
        let answer = is(get(&broker, &format!("{path}?{query}"), A), 400);
        assert_eq!(answer.json()["code"], code, "{query}: {answer}");
        keeps(&documents, "GET", template, &answer);
    }
    let plus = get(
        &broker,
        &format!("{ORDERS}?orderDate.gt=2026-01-01T00:00:00+01:00"),
        A,
    );
    assert!(plus.text().contains("%2B"), "{plus}");
    let negative = is(
        get(&broker, &format!("{ORDERS}?offset=-1&limit=-1"), A),
        422,
    );
    assert_eq!(negative.json().as_array().unwrap().len(), 2);
    keeps(&documents, "GET", "/serviceOrder", &negative);
}

#[test]
fn error400_bodies_that_are_no_json() {
    let broker = start("");
    let documents = Document::all();
    let deep = "[".repeat(100_000);
    for body in ["", "{", "order", "{\"a\": 1} 2", "\u{0}", &deep] {
        let answer = ask(&broker, "POST", ORDERS, A).body(JSON, body).send();
        let answer = is(answer, 400);
        assert_eq!(answer.json()["code"], "invalidBody", "{answer}");
        keeps(&documents, "POST", "/serviceOrder", &answer);
    }
    let answer = is(ask(&broker, "POST", ORDERS, A).send(), 400);
    assert_eq!(answer.json()["code"], "invalidBody");
}

#[test]
fn error401_and_403_who_is_not_known_and_who_may_not() {
    let broker = start("[auth]\nanonymous = 'nobody'\n");
    let documents = Document::all();
    let none = is(broker.get(ORDERS), 401);
    assert_eq!(none.json()["code"], "missingCredentials");
    assert_eq!(none.header("www-authenticate"), Some("Bearer"));
    keeps(&documents, "GET", "/serviceOrder", &none);
    let wrong = is(get(&broker, ORDERS, "a-token-that-nobody-has"), 401);
    assert_eq!(wrong.json()["code"], "invalidCredentials");
    keeps(&documents, "GET", "/serviceOrder", &wrong);
    let tests = "/mefApi/interlude/serviceFunctionTesting/v3/testJob";
    let none = is(broker.get(tests), 401);
    assert_eq!(none.json()["code"], "missingCredentials");
    // Also of what is not there.
    is(broker.get("/mefApi/legato/nothing"), 401);

    let broker = start("");
    let anonymous = is(broker.get(SERVICES), 403);
    assert_eq!(anonymous.json()["code"], "accessDenied");
    keeps(&documents, "GET", "/service", &anonymous);
}

#[test]
fn error404_what_is_not_there() {
    let broker = start("");
    let documents = Document::all();
    let long = "x".repeat(5_000);
    for id in [
        "nothing",
        "%FF",
        "a%2Fb",
        "00000000-0000-0000-0000-000000000000",
        &long,
    ] {
        for (path, template) in [(ORDERS, "/serviceOrder/{id}"), (SERVICES, "/service/{id}")] {
            let answer = is(get(&broker, &format!("{path}/{id}"), A), 404);
            assert_eq!(answer.json()["code"], "notFound");
            keeps(&documents, "GET", template, &answer);
        }
    }
    for path in [
        "/mefApi",
        "/mefApi/",
        "/mefApi/legato/",
        &format!("{ORDERS}/"),
        &format!("{ORDERS}/1/2"),
        "/mefApi/legato/serviceOrderingManagement/v7/serviceOrder",
        "/mefApi/legato/serviceOrderingManagement/v4/serviceOrder",
        "/mefApi/sonata/serviceOrderingManagement/v6/serviceOrder",
        "/mefApi/interlude/serviceInventory/v3/service",
        "//mefApi",
    ] {
        let answer = get(&broker, path, A);
        assert_eq!(answer.status, 404, "{path}");
        if !path.starts_with("//") {
            assert_eq!(is(answer, 404).json()["code"], "notFound", "{path}");
        }
    }
}

#[test]
fn statuses_that_the_documents_do_not_have_keep_the_form_of_their_errors() {
    let broker = start("[limits]\nbody_bytes = 2000\nrequests_per_second = 10000\nburst = 10000\n");
    let body = order(&[add("1")]).to_string();
    for (path, allowed) in [
        (ORDERS.to_owned(), "GET HEAD POST"),
        (format!("{ORDERS}/1"), "GET HEAD"),
        (SERVICES.to_owned(), "GET HEAD"),
        (format!("{SERVICES}/1"), "GET HEAD"),
    ] {
        for method in ["DELETE", "PATCH", "TRACE", "BREW"] {
            let answer = is(ask(&broker, method, &path, A).send(), 405);
            let allow = answer.header("allow").unwrap().split(',').map(str::trim);
            let mut allow: Vec<&str> = allow.collect();
            allow.sort_unstable();
            assert_eq!(allow.join(" "), allowed, "{method} {path}");
            assert!(answer.json()["reason"].as_str().unwrap().contains(method));
        }
    }
    let picky = ask(&broker, "GET", ORDERS, A).header("Accept", "application/xml");
    is(picky.send(), 406);
    for accept in ["application/json", JSON, "*/*", "application/*;q=0.1"] {
        let one = ask(&broker, "GET", ORDERS, A).header("Accept", accept);
        is(one.send(), 200);
    }
    for kind in ["text/plain", "application/merge-patch+json", "application"] {
        let answer = ask(&broker, "POST", ORDERS, A).body(kind, &body).send();
        assert_eq!(is(answer, 415).json()["code"], "invalidBody", "{kind}");
    }
    let answer = ask(&broker, "POST", ORDERS, A).body(JSON, &body).send();
    is(answer, 201);
    let large = format!("{body}{}", " ".repeat(2_000));
    let answer = ask(&broker, "POST", ORDERS, A).body(JSON, large).send();
    assert_eq!(is(answer, 413).json()["code"], "invalidBody");
}
