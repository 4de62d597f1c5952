//! Room for the documents that are on their way in. A domain has a few places, so that whoever fills them holds up that domain alone.

use axum::body::Body;
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use nffg::DomainId;

use super::super::counts::{Counted, Counts};
use super::super::problem::Problem;
use super::super::room::{Held, Room};

/// Documents of one domain that may be under way at once.
pub(super) const PLACES: usize = 8;

/// Blocks for all documents together: half a gigabyte.
const BLOCKS: usize = 8192;

/// The room.
#[derive(Debug)]
pub(in crate::http) struct Intake {
    room: Room,
    /// Documents under way.
    under_way: Counts<DomainId>,
}

/// One document's place; given back, with the room for its octets, when dropped.
#[derive(Debug)]
pub(super) struct Place {
    held: Held,
    #[expect(dead_code, reason = "held, and given back when dropped")]
    counted: Counted<DomainId>,
}

impl Default for Intake {
    fn default() -> Self {
        Self::new(BLOCKS, PLACES)
    }
}

impl Intake {
    fn new(blocks: usize, places: usize) -> Self {
        Self {
            room: Room::new(blocks),
            under_way: Counts::new(places),
        }
    }

    /// Takes a place for a document of `domain`.
    ///
    /// # Errors
    /// [`Problem::Busy`] if the domain has taken all of its own.
    pub(super) fn enter(&self, domain: &DomainId) -> Result<Place, Problem> {
        Ok(Place {
            counted: self.under_way.one_more(domain.clone()).ok_or_else(busy)?,
            held: self.room.enter(),
        })
    }
}

fn busy() -> Problem {
    Problem::Busy { retry_after: 1 }
}

impl Place {
    /// Has room for `octets` in all from now on.
    ///
    /// # Errors
    /// [`Problem::Busy`] if all room is taken.
    pub(super) fn hold(&mut self, octets: usize) -> Result<(), Problem> {
        self.held.hold(octets)
    }

    /// Reads the whole body, at most `limit` octets of it, into memory of its own size: it may be kept
    /// for long.
    ///
    /// # Errors
    /// [`Problem::BodyTooLarge`], [`Problem::BodyBroken`], or [`Problem::Busy`] if all room is taken.
    pub(super) async fn read(
        &mut self,
        request: Request<Body>,
        limit: usize,
    ) -> Result<Bytes, Problem> {
        let mut body = request.into_body();
        // A body that says how large it is need not come first.
        if body.size_hint().lower() > limit as u64 {
            return Err(Problem::BodyTooLarge { limit });
        }
        let mut read = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Problem::BodyBroken)?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let octets = read.len().saturating_add(data.len());
            if octets > limit {
                return Err(Problem::BodyTooLarge { limit });
            }
            self.held.hold(octets)?;
            read.extend_from_slice(&data);
        }
        Ok(Bytes::from(read.into_boxed_slice()))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use hyper::body::Frame;

    use super::super::super::room::BLOCK;

    use super::*;

    fn domain(id: &str) -> DomainId {
        id.parse().unwrap()
    }

    fn request(octets: usize) -> Request<Body> {
        Request::new(Body::from(vec![b'x'; octets]))
    }

    #[test]
    fn a_domain_that_has_filled_its_places_holds_up_itself_alone() {
        let intake = Intake::new(4, 2);
        let (one, other) = (domain("AS1"), domain("AS2"));
        let first = intake.enter(&one).unwrap();
        let second = intake.enter(&one).unwrap();
        assert_eq!(intake.enter(&one).unwrap_err(), busy());
        drop(intake.enter(&other).unwrap());
        drop(first);
        drop(intake.enter(&one).unwrap());
        drop(second);
        assert!(intake.under_way.is_empty());
    }

    #[tokio::test]
    async fn a_body_holds_room_for_what_has_come_of_it() {
        let intake = Intake::new(4, 8);
        let mut first = intake.enter(&domain("AS1")).unwrap();
        let mut second = intake.enter(&domain("AS2")).unwrap();
        let body = first.read(request(BLOCK + 1), 3 * BLOCK).await.unwrap();
        assert_eq!((body.len(), intake.room.left()), (BLOCK + 1, 2));
        assert_eq!(
            second.read(request(3 * BLOCK), 3 * BLOCK).await,
            Err(busy())
        );
        assert_eq!(intake.room.left(), 2);
        drop(first);
        second.read(request(3 * BLOCK), 3 * BLOCK).await.unwrap();
        drop(second);
        assert_eq!(intake.room.left(), 4);
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_whether_it_says_so_or_not() {
        let intake = Intake::new(4, 8);
        let mut place = intake.enter(&domain("AS1")).unwrap();
        let limit = 10;
        assert!(place.read(request(limit), limit).await.is_ok());
        let told = place.read(request(limit + 1), limit).await;
        assert_eq!(told, Err(Problem::BodyTooLarge { limit }));
        let untold = |octets| Request::new(Body::new(Untold(octets)));
        assert_eq!(place.read(untold(limit), limit).await.unwrap().len(), limit);
        let too_large = place.read(untold(limit + 1), limit).await;
        assert_eq!(too_large, Err(Problem::BodyTooLarge { limit }));
    }

    /// So many octets, one at a time, without a word of how many.
    struct Untold(usize);

    impl hyper::body::Body for Untold {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            let next = self.0.checked_sub(1);
            self.0 = next.unwrap_or(0);
            Poll::Ready(next.map(|_| Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }
}
