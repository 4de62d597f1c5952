//! A law of the client's `multipart/related` reader.

use broker::client::multipart::{MultipartError, parse};
use proptest::collection::vec;
use proptest::prelude::*;

/// Bodies made of what could be taken for a delimiter, as well as of anything.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\r\n".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"--".to_vec()),
        Just(b"--b".to_vec()),
        Just(b"\r\n--b-".to_vec()),
        vec(any::<u8>(), 0..4),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn encode(parts: &[Vec<u8>], boundary: &str) -> Vec<u8> {
    let mut message = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        message.extend(format!("--{boundary}\r\nContent-ID: <{number}>\r\n\r\n").bytes());
        message.extend(part);
        message.extend(b"\r\n");
    }
    message.extend(format!("--{boundary}--\r\n").bytes());
    message
}

proptest! {
    #[test]
    fn what_is_put_together_comes_apart_again(parts in vec(body(), 1..5)) {
        // Longer than any body, so that it cannot occur in one.
        let boundary = "b".repeat(50);
        let message = encode(&parts, &boundary);
        let found = parse(&message, &boundary).unwrap();
        prop_assert_eq!(found.len(), parts.len());
        for (number, (found, part)) in found.iter().zip(&parts).enumerate() {
            let id = format!("<{number}>");
            prop_assert_eq!(found.header("content-id"), Some(id.as_str()));
            prop_assert_eq!(found.body, part.as_slice());
        }
    }

    #[test]
    fn what_is_cut_off_is_refused(parts in vec(body(), 1..4), cut in any::<prop::sample::Index>()) {
        let boundary = "b".repeat(50);
        let message = encode(&parts, &boundary);
        // Up to the last character of the close delimiter, without which it is none.
        let length = cut.index(message.len() - 2);
        let error = parse(&message[..length], &boundary).unwrap_err();
        prop_assert!(matches!(error, MultipartError::NoDelimiter | MultipartError::NotClosed(_)));
    }

    #[test]
    fn anything_at_all_does_no_harm(message in body(), boundary in "[-b]{0,3}") {
        let _ = parse(&message, &boundary);
    }
}
