use std::io::Read;

use proptest::prelude::*;

use super::*;

const IDENTITY: Option<Coding> = None;
const ZSTD: Option<Coding> = Some(Coding::Zstd);
const GZIP: Option<Coding> = Some(Coding::Gzip);

fn ranked(lines: &[&str]) -> Vec<Option<Coding>> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(
            header::ACCEPT_ENCODING,
            HeaderValue::from_str(line).unwrap(),
        );
    }
    Acceptable::of(&headers).iter().collect()
}

#[test]
fn rfc9110_12_5_3_the_examples() {
    for (line, expected) in [
        ("compress, gzip", vec![GZIP, IDENTITY]),
        ("", vec![IDENTITY]),
        ("*", vec![ZSTD, GZIP, IDENTITY]),
        ("compress;q=0.5, gzip;q=1.0", vec![GZIP, IDENTITY]),
        ("gzip;q=1.0, identity; q=0.5, *;q=0", vec![GZIP, IDENTITY]),
    ] {
        assert_eq!(ranked(&[line]), expected, "{line}");
    }
}

#[test]
fn rfc9110_12_5_3_weights_decide_and_the_server_among_equals() {
    for (line, expected) in [
        ("gzip, deflate, br, zstd", vec![ZSTD, GZIP, IDENTITY]),
        ("gzip;q=1, zstd;q=0.9", vec![GZIP, ZSTD, IDENTITY]),
        ("identity, gzip;q=0.5", vec![IDENTITY, GZIP]),
        ("identity;q=0.2, *;q=0.1", vec![IDENTITY, ZSTD, GZIP]),
        ("gzip;q=0", vec![IDENTITY]),
        ("gzip;q=0, *", vec![ZSTD, IDENTITY]),
        ("X-GZIP", vec![GZIP, IDENTITY]),
        ("GZip ; Q=0.001", vec![GZIP, IDENTITY]),
        ("zstd;q=0.000", vec![IDENTITY]),
    ] {
        assert_eq!(ranked(&[line]), expected, "{line}");
    }
    assert_eq!(ranked(&["gzip", "zstd"]), [ZSTD, GZIP, IDENTITY]);
    assert_eq!(ranked(&[]), [IDENTITY]);
}

#[test]
fn rfc9110_12_5_3_the_text_as_it_is_can_be_refused() {
    for (line, expected) in [
        ("identity;q=0", vec![]),
        ("*;q=0", vec![]),
        ("gzip, *;q=0", vec![GZIP]),
        ("gzip, identity;q=0", vec![GZIP]),
        ("*;q=0, identity", vec![IDENTITY]),
    ] {
        assert_eq!(ranked(&[line]), expected, "{line}");
    }
}

#[test]
fn an_element_that_is_malformed_says_nothing() {
    for line in [
        "gzip;q=2",
        "gzip;q=0.0001",
        "gzip;q=",
        "gzip;level=9",
        "gzip;q=-1",
        "gzip;q=0.5;q=1",
        ";q=1",
        ",,,",
    ] {
        assert_eq!(ranked(&[line]), [IDENTITY], "{line}");
    }
    assert_eq!(ranked(&["gzip;q=9, zstd;q=0.5"]), [ZSTD, IDENTITY]);
}

fn decoded(coding: Coding, bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    match coding {
        Coding::Zstd => zstd::stream::read::Decoder::new(bytes)
            .unwrap()
            .read_to_end(&mut text),
        Coding::Gzip => flate2::read::GzDecoder::new(bytes).read_to_end(&mut text),
    }
    .unwrap();
    text
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded_to_the_same(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 0..8),
    ) {
        let pieces: Vec<Bytes> = pieces.into_iter().map(Bytes::from).collect();
        for coding in Coding::ALL {
            for effort in [Effort::Kept, Effort::Once] {
                let made = coding.encode(&pieces, effort).unwrap();
                prop_assert_eq!(decoded(coding, &made), pieces.concat());
                prop_assert_eq!(&coding.encode(&pieces, effort).unwrap(), &made);
            }
        }
    }

    #[test]
    fn any_header_is_read(line in "[ -~]{0,60}", other in "(gzip|zstd|identity|\\*|br)(;q=[01](\\.[0-9]{0,4})?)?") {
        let all = ranked(&[&line, &other]);
        let mut once = all.clone();
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(once.len(), all.len());
    }
}

#[test]
fn rfc9659_a_window_is_no_larger_than_eight_megabytes() {
    // Twenty megabytes that hardly repeat: the encoder would like a large window.
    let mut state = 1_u64;
    let text: Vec<u8> = (0..20 << 20)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            b'a' + (state >> 60) as u8
        })
        .collect();
    let made = Coding::Zstd.encode(&[text.into()], Effort::Kept).unwrap();
    // RFC 8878 §3.1.1.1: descriptor, then the window if it is no single segment.
    let descriptor = made[4];
    assert_eq!(
        descriptor & 0x20,
        0,
        "a single segment has the window of its content"
    );
    let (exponent, mantissa) = (u64::from(made[5] >> 3), u64::from(made[5] & 7));
    let base = 1_u64 << (10 + exponent);
    let window = base + base / 8 * mantissa;
    assert!(window <= 8 << 20, "{window}");
}
