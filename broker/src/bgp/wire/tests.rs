use bytes::{BufMut, BytesMut};
use proptest::prelude::*;

use super::*;

fn message(kind: u8, body: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    put_header(&mut out, kind, body);
    out
}

fn fault(bytes: &[u8]) -> (u8, u8, Vec<u8>) {
    let mut buffer = BytesMut::from(bytes);
    let malformed = Codec::new().decode(&mut buffer).unwrap_err();
    let Notification {
        code,
        subcode,
        data,
    } = malformed.notification;
    assert!(!malformed.cause.is_empty());
    (code, subcode, data.to_vec())
}

#[test]
fn rfc4271_6_1_a_marker_that_is_not_all_ones() {
    let mut bytes = message(KEEPALIVE, &[]);
    bytes[7] = 0;
    assert_eq!(fault(&bytes), (1, 1, vec![]));
}

/// The Data field has the erroneous length.
#[test]
fn rfc4271_6_1_a_length_out_of_the_bounds_of_its_type() {
    for (kind, length) in [
        (OPEN, 28),
        (OPEN, 4097),
        (UPDATE, 22),
        (UPDATE, 4097),
        (NOTIFICATION, 20),
        (KEEPALIVE, 18),
        (KEEPALIVE, 20),
        (ROUTE_REFRESH, 22),
        (UPDATE, 0),
        (UPDATE, 65_535),
    ] {
        let mut bytes = message(kind, &[]);
        bytes[16..18].copy_from_slice(&u16::to_be_bytes(length));
        let expected = (1, 2, length.to_be_bytes().to_vec());
        assert_eq!(fault(&bytes), expected, "type {kind} length {length}");
    }
}

#[test]
fn rfc4271_6_1_an_unknown_message_type() {
    assert_eq!(fault(&message(6, &[])), (1, 3, vec![6]));
    assert_eq!(fault(&message(0, &[])), (1, 3, vec![0]));
}

#[test]
fn rfc4271_6_2_an_open_of_another_version_is_told_ours() {
    assert_eq!(
        fault(&message(OPEN, &[3, 0, 1, 0, 90, 1, 1, 1, 1, 0])),
        (2, 1, vec![0, 4])
    );
}

#[test]
fn rfc4271_6_3_fields_of_an_update_that_run_over_its_end() {
    assert_eq!(fault(&message(UPDATE, &[0, 9, 0, 0])), (3, 1, vec![]));
    assert_eq!(fault(&message(UPDATE, &[0, 0, 0, 9])), (3, 1, vec![]));
}

#[test]
fn rfc8654_4_long_updates_are_taken_once_the_open_has_come() {
    let mut body = vec![0, 0];
    body.put_u16(60_000);
    body.extend(std::iter::repeat_n(0, 60_000));
    let bytes = message(UPDATE, &body);
    assert_eq!(fault(&bytes).1, 2);
    let mut codec = Codec::new();
    codec.extend();
    let Some(Message::Update(update)) = codec.decode(&mut bytes.clone()).unwrap() else {
        panic!("not an UPDATE");
    };
    assert_eq!(update.attributes.len(), 60_000);
    let open = message(OPEN, &[0; 5_000]);
    assert!(codec.decode(&mut open.clone()).is_err(), "not an OPEN");
}

#[test]
fn messages_come_whole_however_the_stream_is_cut() {
    let mut stream = BytesMut::new();
    put_keepalive(&mut stream);
    put_end_of_rib(&mut stream);
    put_notification(&mut stream, &Notification::shutdown("bye"));
    for size in 1..stream.len() {
        let (mut buffer, mut kinds) = (BytesMut::new(), Vec::new());
        for piece in stream.chunks(size) {
            buffer.extend_from_slice(piece);
            while let Some(message) = Codec::new().decode(&mut buffer).unwrap() {
                kinds.push(message);
            }
        }
        assert!(buffer.is_empty());
        assert!(
            matches!(
                kinds.as_slice(),
                [
                    Message::Keepalive,
                    Message::Update(_),
                    Message::Notification(_)
                ]
            ),
            "{kinds:?}"
        );
    }
}

#[test]
fn a_notification_reads_back_with_its_words() {
    let mut buffer = BytesMut::new();
    put_notification(
        &mut buffer,
        &Notification::shutdown("the broker is stopping"),
    );
    let Some(Message::Notification(read)) = Codec::new().decode(&mut buffer).unwrap() else {
        panic!("not a NOTIFICATION");
    };
    assert_eq!(
        read.to_string(),
        "Administrative Shutdown (6/2) saying \"the broker is stopping\""
    );
}

/// RFC 9003 §3: what the peer's operator typed must not drive our operator's terminal.
#[test]
fn control_characters_in_a_shutdown_text_are_escaped() {
    let told = Notification::shutdown("\u{1b}[2J\nred").to_string();
    assert_eq!(
        told,
        "Administrative Shutdown (6/2) saying \"\\u{1b}[2J\\nred\""
    );
}

#[test]
fn too_much_notification_data_is_left_out() {
    let mut buffer = BytesMut::new();
    put_notification(
        &mut buffer,
        &Notification::new(3, 9, Bytes::from(vec![1; 9_000])),
    );
    assert_eq!(buffer.len(), 21);
    let mut buffer = BytesMut::new();
    put_notification(&mut buffer, &Notification::update(9, &[1; 9_000]));
    assert_eq!(buffer.len(), 4_096);
}

proptest! {
    #[test]
    fn no_bytes_make_the_codec_panic_or_stand_still(
        kind in 0_u8..8,
        body in prop::collection::vec(any::<u8>(), 0..300),
        cut in 0_usize..400,
    ) {
        let mut bytes = message(kind, &body);
        bytes.truncate(cut.max(1));
        let before = bytes.len();
        match Codec::new().decode(&mut bytes) {
            Ok(Some(_)) => prop_assert!(bytes.len() < before),
            Ok(None) => prop_assert_eq!(bytes.len(), before),
            Err(malformed) => prop_assert!((1..=3).contains(&malformed.notification.code)),
        }
    }
}
