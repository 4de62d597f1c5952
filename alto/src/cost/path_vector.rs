//! Path vectors to the letter of RFC 9275: the multipart filtered cost map (§7.2) and the multipart endpoint
//! cost service (§7.3).
//!
//! | module | does |
//! |---|---|
//! | [`request`] | what is asked |
//! | [`route`] | the path of each pair |
//! | [`element`] | the abstract network elements (ANEs) that paths are told in |
//! | [`vectors`] | path vectors of now, or of each interval of a calendar |
//! | [`write`] | the two parts of an answer |
//!
//! # The path
//!
//! A pair has one path: that with the least `routingcost`, so with the fewest borders; of several the first
//! by the names of its domains, as it is in `/costmap/pv`. Of parallel links between two domains it takes
//! that which tells the most bandwidth left, of equal ones the first by its routers. The path of a domain to
//! itself crosses no link: it is an empty array.
//!
//! # The elements
//!
//! What is told are links between domains, each in its direction, and nothing within domains. Links that the
//! very same pairs of the answer cross are one ANE: whatever traffic these pairs have, they carry the same,
//! so that only the narrowest of them can matter. Its `max-reservable-bandwidth` is the least of theirs. So
//! any set of flows between the pairs fits through the ANEs exactly if it fits through the links; and who
//! shares a bottleneck with whom is told, and no more of the topology than that (§11). What a link does not
//! tell is not made up: those that tell an amount that is asked for, and those that do not, are two ANEs.
//!
//! Only where `persistent-entity-id` is asked for each link is an ANE of its own, as each has an id of its
//! own ([`crate::ane`]).
//!
//! The names of ANEs are made of the request, and of the pairs that cross them or of the one link that they
//! are: another request has others (§11), and while a stream tells what changes (§9.3) an ANE has its name as
//! long as the same pairs cross it, or the link is there. In a calendar the amounts that are asked for are in
//! them, too: an element that tells others in another interval is another (§9.4).

mod element;
mod request;
mod route;
mod vectors;
mod write;

use idt::search::{Budget, Spent};
use nffg::json::Cursor;
use serde_json::Value;

use super::answer::{Costs, Pairs, has_calendars};
use super::calendar::Nets;
use super::tolerance;
use crate::service::{Ask, Content, LIGHT_DOMAINS, Refused, Service};
use crate::{AltoError, media, uri};
use element::{Names, Naming};
pub(crate) use request::AneProperty;
use request::Question;
use vectors::{Vectors, Wanted};

/// What is different between the two resources.
struct Form {
    resource: &'static str,
    media_type: &'static str,
    /// The part that has the costs, and the member of it.
    part: &'static str,
    member: &'static str,
    /// Whether costs are between PIDs of the network map.
    of_pids: bool,
}

/// Answers a `PVReqFilteredCostMap`.
pub(crate) fn multipart_cost_map(
    service: &Service,
    request: &[u8],
    ask: &Ask,
) -> Result<Content, Refused> {
    const FORM: Form = Form {
        resource: uri::id::MULTIPART_COST_MAP,
        media_type: media::COST_MAP,
        part: "costmap",
        member: "cost-map",
        of_pids: true,
    };
    answer(service, request, ask, &FORM)
}

/// Answers a `PVReqEndpointCostMap`.
pub(crate) fn multipart_endpoint_costs(
    service: &Service,
    request: &[u8],
    ask: &Ask,
) -> Result<Content, Refused> {
    const FORM: Form = Form {
        resource: uri::id::MULTIPART_ENDPOINT_COSTS,
        media_type: media::ENDPOINT_COSTS,
        part: "ecs",
        member: "endpoint-cost-map",
        of_pids: false,
    };
    answer(service, request, ask, &FORM)
}

/// All that an answer is written from.
struct Answer<'a> {
    service: &'a Service,
    form: &'a Form,
    question: &'a Question<'a>,
    pairs: Pairs,
    costs: Costs,
    /// Of each pair of domains, whether it passes the test.
    passes: Vec<bool>,
    /// If path vectors of now are asked for, and if calendars of them are.
    paths: Option<Vectors>,
    calendars: Option<Vectors>,
}

fn answer(service: &Service, request: &[u8], ask: &Ask, form: &Form) -> Result<Content, Refused> {
    let mut request: Value = serde_json::from_slice(request).map_err(AltoError::from)?;
    if !form.of_pids {
        request = tolerance::with_endpoints(request).map_err(AltoError::from)?;
    }
    let cursor = Cursor::root(&request);
    let question = Question::read(&cursor, has_calendars(service)).map_err(AltoError::from)?;
    let mut budget = Budget::new(ask.cost_work);
    let pairs = if form.of_pids {
        Pairs::of_pids(service, &cursor)?
    } else {
        Pairs::of_endpoints(service, &cursor, ask.client, &mut budget)?
    };
    let costs = pairs.costs(service, &question.query, ask, &mut budget)?;
    let passes: Vec<bool> = (0..pairs.from.points.len() * pairs.to.points.len())
        .map(|at| costs.pass(&question.query, at))
        .collect();
    let (mut paths, mut calendars) = (None, None);
    if question.tells_paths() || question.tells_calendars() {
        // As other searches for paths: there a source alone is more than a little work.
        if ask.light && service.maps().idt().graph().len() > LIGHT_DOMAINS {
            return Err(pairs.too_much(Refused::MoreWork(None)));
        }
        let wanted = Wanted {
            service,
            question: &question,
            naming: &Naming::new(&request),
            from: &pairs.from.points,
            to: &pairs.to.points,
        };
        let spent = |spent: Spent| pairs.too_much(spent.into());
        let mut names = Names::default();
        let mut path_budget = Budget::new(ask.path_work);
        if question.tells_paths() {
            let found = Vectors::now(&wanted, &passes, &mut names, &mut path_budget);
            paths = Some(found.map_err(spent)?);
        }
        if let Some(calendar) = service.maps().config().limits.calendar
            && question.tells_calendars()
        {
            let nets = Nets::find(service, &calendar, ask.now, &mut budget).map_err(spent)?;
            let found = Vectors::calendar(&wanted, nets, &mut names, &mut path_budget);
            let found = found.map_err(spent)?;
            pairs.check_calendars(service, found.values(pairs.cells()))?;
            calendars = Some(found);
        }
    }
    let answer = Answer {
        service,
        form,
        question: &question,
        pairs,
        costs,
        passes,
        paths,
        calendars,
    };
    answer.content(ask)
}
