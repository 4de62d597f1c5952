//! What clients that watch send (RFC 8895, RFC 9569).

use alto::updates::{
    Bounds, Control, Edge, NextEdge, NoStream, NoView, Open, OpenSummaries, OpenView, Store,
    Stream, StreamLimits,
};
use alto::{Ask, Refused};

use crate::{SERVICE, alto_error};

const ASK: Ask = Ask {
    now: jiff::Timestamp::UNIX_EPOCH,
    client: None,
    path_work: 1_000,
    cost_work: 10_000,
    light: false,
};

fn refused(refused: &Refused) {
    match refused {
        Refused::Alto(error) | Refused::MoreWork(Some(error)) => alto_error(error),
        Refused::MoreWork(None) | Refused::NotOffered => {}
    }
}

/// Requests for streams and views, to control services and for the next edge, and the paths of edges. What is
/// opened tells all at first, and nothing of it stays in the store when it is closed.
pub fn alto_updates(data: &[u8]) {
    let client = Some([172, 16, 101, 7].into());
    let mut store = Store::new(8, Bounds::default());
    match Open::read(data, client) {
        Ok(open) => opened(&open, data, &mut store),
        Err(error) => alto_error(&error),
    }
    if let Err(error) = OpenSummaries::read(data, client) {
        alto_error(&error);
    }
    if let Err(error) = Control::read(data, client) {
        alto_error(&error);
    }
    match OpenView::read(data, client) {
        Ok(open) => {
            if let Err(error) = NextEdge::read(data, open.view.resource()) {
                alto_error(&error);
            }
            match store.watch(&open.view, &SERVICE, &ASK) {
                Ok(()) => {
                    let history = store.history(&open.view).expect("it is watched");
                    let edge = history.summary(open.tag.as_deref()).edge;
                    assert!(edge.i < edge.j, "{edge:?}");
                    store.release(&open.view);
                }
                Err(NoView::Refused(why)) => refused(&why),
                Err(NoView::TooMany(_)) => {}
            }
        }
        Err(error) => alto_error(&error),
    }
    if let Ok(text) = std::str::from_utf8(data)
        && let Some(edge) = Edge::from_path(text)
    {
        assert_eq!(
            Edge::from_path(&format!("{}/{}", edge.i, edge.j)),
            Some(edge)
        );
    }
    assert!(store.is_empty());
}

fn opened(open: &Open, data: &[u8], store: &mut Store) {
    let limits = StreamLimits { active: 4, ever: 6 };
    match Stream::open(open, None, limits, (&mut *store, &SERVICE, &ASK)) {
        Ok(mut stream) => {
            let told = stream.take(store);
            for message in &told {
                let wire = message.encode().concat();
                assert!(wire.starts_with(b"event: ") && wire.ends_with(b"\n\n"));
            }
            assert!(stream.take(store).is_empty(), "all was told");
            if let Ok(control) = Control::read(data, None) {
                // Each substream is there already.
                let done = stream.control(&control, (&mut *store, &SERVICE, &ASK));
                assert!(done.is_err() || control.add.is_empty());
            }
            stream.close(store);
        }
        Err(NoStream::View(NoView::Refused(why))) => refused(&why),
        Err(_) => {}
    }
    assert!(store.is_empty());
}
