//! Header fields that say what a client takes (RFC 9110 §12.5) and who it is (RFC 7616). A field is text; each
//! line of the data is one.

use alto::media;
use broker::auth::digest::{self, Credentials};
use broker::http::coding::Acceptable;
use http::{HeaderMap, HeaderValue, header};

/// `Accept`, `Accept-Encoding`, `Content-Type` and weights.
pub fn accept(data: &[u8]) {
    let lines: Vec<&[u8]> = data.split(|octet| *octet == b'\n').collect();
    for line in &lines {
        let Ok(text) = std::str::from_utf8(line) else {
            continue;
        };
        negotiated(text);
        content_type(text);
        quality(text);
    }
    codings(&lines);
}

/// What is chosen of several is acceptable alone, and what is not is neither.
fn negotiated(text: &str) {
    let offered = [
        media::PATH_VECTORS,
        media::COST_MAP,
        media::UPDATE_STREAM,
        "text/html",
    ];
    let is_alone = |offer: &&&str| media::negotiate(Some(text), &[offer]) == Some(0);
    let alone: Vec<&&str> = offered.iter().filter(is_alone).collect();
    match media::negotiate(Some(text), &offered) {
        Some(chosen) => assert!(alone.contains(&&offered[chosen]), "{text}"),
        None => assert!(alone.is_empty(), "{text}"),
    }
    // An empty element of a list says nothing, where the list says something.
    if !text.trim().is_empty() && !text.contains('"') {
        let more = format!(" , {text},,");
        assert_eq!(
            media::negotiate(Some(&more), &offered),
            media::negotiate(Some(text), &offered),
            "{text}"
        );
    }
}

fn content_type(text: &str) {
    let wanted = media::COST_MAP_FILTER;
    if media::is_content_type(Some(text), wanted) {
        let start = text
            .trim()
            .trim_start_matches([',', ' ', '\t'])
            .get(..wanted.len());
        assert!(
            start.is_some_and(|start| start.eq_ignore_ascii_case(wanted)),
            "{text}"
        );
    }
}

/// A weight is from 0 to 1, and means what it says.
fn quality(text: &str) {
    let Some(thousandths) = media::quality(text) else {
        return;
    };
    assert!(thousandths <= 1000, "{text}");
    let number: f64 = text.parse().expect("a weight is a number");
    assert!(
        (number * 1000.0 - f64::from(thousandths)).abs() < 1e-6,
        "{text}"
    );
}

/// Codings are told each once; several lines say what one says with commas between.
fn codings(lines: &[&[u8]]) {
    let with = |values: &mut dyn Iterator<Item = Vec<u8>>| {
        let mut headers = HeaderMap::new();
        for value in values {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(header::ACCEPT_ENCODING, value);
            }
        }
        headers
    };
    let headers = with(&mut lines.iter().map(|line| line.to_vec()));
    let acceptable = Acceptable::of(&headers);
    let all: Vec<_> = acceptable.iter().collect();
    assert!(all.len() <= 3);
    for (at, one) in all.iter().enumerate() {
        assert!(!all[..at].contains(one), "{headers:?}");
    }
    assert_eq!(acceptable.takes_identity(), all.contains(&None));
    let texts: Vec<&[u8]> = headers
        .values()
        .filter(|value| value.to_str().is_ok())
        .map(HeaderValue::as_bytes)
        .collect();
    if texts.len() == headers.len() && !texts.is_empty() {
        let joined = with(&mut [texts.join(&b',')].into_iter());
        assert_eq!(Acceptable::of(&joined), acceptable, "{headers:?}");
    }
}

/// Credentials, and challenges: what answers a challenge is read as credentials.
pub fn authorization(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = Credentials::parse(text);
    let answer = digest::answer(text, ("user", "password"), ("GET", "/directory"), "c");
    if let Some(answer) = answer {
        let (_, parameters) = answer.split_once(' ').expect("a scheme and parameters");
        assert!(Credentials::parse(parameters).is_some(), "{answer}");
    }
}
