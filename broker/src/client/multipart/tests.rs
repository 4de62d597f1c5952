use super::*;

/// RFC 9275 §8.3 with the close delimiter that its examples lack.
const ANSWER: &str = "--example-1\r\n\
    Content-ID: <costmap@alto.example.com>\r\n\
    Content-Type: application/alto-costmap+json\r\n\
    \r\n\
    {\"cost-map\": {}}\r\n\
    --example-1\r\n\
    Content-ID: <propmap@alto.example.com>\r\n\
    Content-Type: application/alto-propmap+json; charset=utf-8\r\n\
    \r\n\
    {\"property-map\": {}}\r\n\
    --example-1--\r\n";

#[test]
fn the_parts_come_with_their_headers() {
    let parts = parse(ANSWER.as_bytes(), "example-1").unwrap();
    assert_eq!(parts.len(), 2);
    assert_eq!(
        parts[0].header("content-id"),
        Some("<costmap@alto.example.com>")
    );
    assert_eq!(parts[0].body, b"{\"cost-map\": {}}");
    assert_eq!(
        parts[1].media_type().unwrap().essence(),
        "application/alto-propmap+json"
    );
    assert_eq!(parts[1].body, b"{\"property-map\": {}}");
}

#[test]
fn line_ends_may_be_bare() {
    let bare = ANSWER.replace("\r\n", "\n");
    let parts = parse(bare.as_bytes(), "example-1").unwrap();
    assert_eq!(parts[0].body, b"{\"cost-map\": {}}");
    assert_eq!(
        parts[0].headers,
        parse(ANSWER.as_bytes(), "example-1").unwrap()[0].headers
    );
}

#[test]
fn rfc2046_5_1_1_preamble_epilogue_and_padding_are_ignored() {
    let padded = format!(
        "preamble\r\n--example-10\r\n{}epilogue\r\n--example-1\r\n",
        ANSWER
            .replace("--example-1\r\n", "--example-1 \t\r\n")
            .replace("-1--\r\n", "-1-- \r\n")
    );
    assert_eq!(
        parse(padded.as_bytes(), "example-1").unwrap(),
        parse(ANSWER.as_bytes(), "example-1").unwrap()
    );
}

#[test]
fn rfc2046_5_1_1_only_a_whole_line_is_a_delimiter() {
    let body = "--b\r\n\r\nx --b\r\n--bb\r\n--b.\r\n\r\n--b--";
    let parts = parse(body.as_bytes(), "b").unwrap();
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].body, b"x --b\r\n--bb\r\n--b.\r\n");
}

#[test]
fn rfc2046_5_1_1_the_line_end_before_a_delimiter_belongs_to_it() {
    for (body, expected) in [
        ("", ""),
        ("\r\n", "\r\n"),
        ("x\r\n", "x\r\n"),
        ("\u{0}\r", "\u{0}\r"),
    ] {
        let message = format!("--b\r\n\r\n{body}\r\n--b--\r\n");
        assert_eq!(
            parse(message.as_bytes(), "b").unwrap()[0].body,
            expected.as_bytes(),
            "{body:?}"
        );
    }
}

#[test]
fn folded_headers_are_unfolded_and_an_empty_body_is_a_body() {
    let parts = parse(b"--b\r\nX-A: one\r\n\t two\r\n--b--", "b").unwrap();
    assert_eq!(parts[0].header("x-a"), Some("one two"));
    assert_eq!(parts[0].body, b"");
}

#[test]
fn half_an_answer_is_no_answer() {
    let close = ANSWER.rfind("--\r\n").unwrap() + 2;
    for length in 0..close {
        let error = parse(&ANSWER.as_bytes()[..length], "example-1").unwrap_err();
        assert!(
            matches!(
                error,
                MultipartError::NoDelimiter | MultipartError::NotClosed(_)
            ),
            "{length}: {error}"
        );
    }
    assert!(parse(&ANSWER.as_bytes()[..close], "example-1").is_ok());
}

#[test]
fn what_is_not_multipart_is_refused() {
    assert_eq!(parse(b"<html>", "b"), Err(MultipartError::NoDelimiter));
    assert_eq!(parse(b"--b--\r\n", "b"), Err(MultipartError::NoDelimiter));
    assert_eq!(parse(b"--b\r\n", ""), Err(MultipartError::Boundary));
    assert_eq!(
        parse(b"--b\r\n", &"b".repeat(71)),
        Err(MultipartError::Boundary)
    );
    assert_eq!(
        parse(b"--b\r\nno header\r\n\r\nx\r\n--b--", "b"),
        Err(MultipartError::Header(1))
    );
    assert_eq!(
        parse(b"--b\r\n folded\r\n\r\nx\r\n--b--", "b"),
        Err(MultipartError::Header(1))
    );
    assert_eq!(
        parse(b"--b\r\nA B: c\r\n\r\nx\r\n--b--", "b"),
        Err(MultipartError::Header(1))
    );
}
