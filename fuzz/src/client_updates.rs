//! What an ALTO server may send to a client that watches a resource, or reads its directory.

use broker::client::alto::catalogue::Catalogue;
use broker::client::alto::mirror::{Mirror, Update};
use broker::client::alto::sse::{Event, Parser, SseError};
use broker::client::alto::stream::addressed;
use broker::client::alto::tips::Summary;
use broker::client::media_type::MediaType;
use serde_json::Value;
use url::Url;

/// Small, so that the bound is met.
const MOST: usize = 1 << 12;

fn read(pieces: &[&[u8]]) -> (Vec<Event>, Result<(), SseError>) {
    let mut parser = Parser::new(MOST);
    let mut events = Vec::new();
    let ended = pieces
        .iter()
        .try_for_each(|piece| parser.push(piece, &mut events));
    (events, ended)
}

/// A stream of events, whose first octet says where it is cut. Each event is applied to a resource that is kept.
pub fn client_updates(data: &[u8]) {
    let Some((cut, stream)) = data.split_first() else {
        return;
    };
    let (a, b) = stream.split_at(usize::from(*cut).min(stream.len()));
    let (events, ended) = read(&[stream]);
    let (cut_events, cut_ended) = read(&[a, b]);
    assert_eq!(events, cut_events, "pieces make no difference");
    assert_eq!(ended.is_ok(), cut_ended.is_ok());

    let mut mirror = Mirror::default();
    for event in events {
        assert!(event.data.len() <= MOST);
        let (kind, id) = addressed(&event.event);
        let update = Update {
            media_type: MediaType::parse(kind),
            content_id: id.and_then(|(_, content_id)| content_id.map(str::to_owned)),
            body: event.data.into_bytes(),
        };
        match mirror.apply(update) {
            Ok(change) => {
                assert!(!mirror.parts().is_empty());
                assert_eq!(mirror.tag(), change.tag.as_deref());
                assert!(mirror.says(mirror.parts()), "it says what it says");
            }
            Err(fault) => {
                assert!(!fault.to_string().is_empty());
                mirror.clear();
            }
        }
    }
    if let Ok(json) = serde_json::from_slice::<Value>(stream) {
        if let Ok(summary) = Summary::decode(&json) {
            assert!(summary.edge.i < summary.edge.j);
        }
        let base: Url = "http://alto.example/directory".parse().expect("a URL");
        let mut catalogue = Catalogue::default();
        if let Ok(linked) = catalogue.add(base.clone(), json) {
            assert!(linked.iter().all(|url| *url != base));
            let _ = catalogue.network_map(None);
        }
    }
}
