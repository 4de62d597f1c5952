//! Looking for orders by our names for them. The API has no filter for names, so the partner's list is looked through; once
//! for all who look for something: after a restart there may be hundreds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::Method;
use jiff::{SignedDuration, Timestamp};
use sof::interlude::{CallError, PartnerOrder, decode_page};
use sof::mef::Api;
use sof::order::OrderState;
use sof::partner::Partner;
use tokio::sync::oneshot;
use tracing::warn;

use super::{Interlude, sense};

/// Orders on a page of a partner's list.
const PAGE: usize = 100;
/// Pages that are looked through. A partner that has more orders of ours since then is asked in vain.
const PAGES: usize = 200;
/// By how much a partner's clock may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What comes of looking for one order.
type Found = Result<Option<PartnerOrder>, CallError>;

/// Somebody who looks for an order.
#[derive(Debug)]
struct Looking {
    external_id: String,
    since: Timestamp,
    answer: oneshot::Sender<Found>,
}

/// Those who look for orders of one partner.
#[derive(Debug, Default)]
pub(super) struct Finder {
    waiting: Mutex<Vec<Looking>>,
    /// Who has it looks through the list.
    turn: tokio::sync::Mutex<()>,
}

impl Finder {
    fn waiting(&self) -> MutexGuard<'_, Vec<Looking>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was found so far, by name.
type ByName = BTreeMap<String, Vec<Result<PartnerOrder, CallError>>>;

impl Interlude {
    pub(super) async fn find_order(
        &self,
        partner: &Partner,
        external_id: &str,
        since: Timestamp,
    ) -> Found {
        let line = self.line(&partner.domain);
        let finder = line.finder();
        let (answer, mut told) = oneshot::channel();
        finder.waiting().push(Looking {
            external_id: external_id.to_owned(),
            since,
            answer,
        });
        let turn = finder.turn.lock().await;
        // Somebody may have looked for this one, too.
        if let Ok(found) = told.try_recv() {
            return found;
        }
        let all = std::mem::take(&mut *finder.waiting());
        let all: Vec<Looking> = all
            .into_iter()
            .filter(|looking| !looking.answer.is_closed())
            .collect();
        let earliest = all.iter().map(|looking| looking.since).min();
        let since = earliest.unwrap_or(since);
        let names: BTreeSet<&str> = all.iter().map(|of| of.external_id.as_str()).collect();
        let mut found = ByName::new();
        let ended = self.look_through(partner, &names, since, &mut found).await;
        drop(turn);
        for looking in all {
            let orders = found.get(&looking.external_id).cloned();
            let one = one_of(partner, &looking.external_id, orders.unwrap_or_default());
            let told = match (&ended, one) {
                // It may be on a later page, so that it is not there cannot be told; that it is can.
                (Err(error), Ok(None)) => Err(error.clone()),
                (_, one) => one,
            };
            // Who looks no more is told nothing.
            let _ = looking.answer.send(told);
        }
        let gone = || CallError::Unknown("nobody has looked".to_owned());
        told.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Looks through the list of orders, to its end.
    async fn look_through(
        &self,
        partner: &Partner,
        names: &BTreeSet<&str>,
        since: Timestamp,
        found: &mut ByName,
    ) -> Result<(), CallError> {
        let since = since.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
        let mut offset = 0;
        let mut last_first = None;
        for _ in 0..PAGES {
            let mut url = Self::url(partner, Api::ServiceOrdering, &["serviceOrder"])?;
            url.query_pairs_mut()
                .append_pair("orderDate.gt", &since.to_string())
                .append_pair("offset", &offset.to_string())
                .append_pair("limit", &PAGE.to_string());
            let ask = self.ask(partner, "find-order", Method::GET, url, None)?;
            let (page, total) = self
                .question(partner, &ask, |answer| {
                    let page = sense(&ask, answer, |root| {
                        decode_page(root, |name| names.contains(name))
                    })?;
                    Ok((page, answer.number("x-total-count")))
                })
                .await?;
            if page.orders > 0 && page.first.is_some() && page.first == last_first {
                let why = "the list of orders begins anew on each page: `offset` is not heeded";
                return Err(CallError::Nonsense(why.to_owned()));
            }
            last_first = page.first;
            for (name, order) in page.found {
                let order = order.map_err(|error| ask.nonsense(error));
                found.entry(name).or_default().push(order);
            }
            offset += page.orders;
            // A partner may put less on a page than was asked for, so only an empty one, or the total, tells the end.
            if page.orders == 0 || total.is_some_and(|total| offset >= total) {
                return Ok(());
            }
        }
        let why = format!("more than {offset} orders since {since}");
        Err(CallError::Unknown(why))
    }
}

/// The order of a name. Where there are several, something ordered twice: the one that does something counts.
fn one_of(
    partner: &Partner,
    external_id: &str,
    found: Vec<Result<PartnerOrder, CallError>>,
) -> Found {
    let mut orders: Vec<PartnerOrder> = found.into_iter().collect::<Result<_, _>>()?;
    // A list that grew while it was read shows an order on two pages.
    let mut seen = BTreeSet::new();
    orders.retain(|order| seen.insert(order.id.clone()));
    if orders.len() > 1 {
        warn!(partner = %partner.domain, external_id, orders = orders.len(), "several orders have one externalId");
    }
    let does =
        |order: &PartnerOrder| !matches!(order.state, OrderState::Failed | OrderState::Rejected);
    let at = orders.iter().position(does).unwrap_or(0);
    Ok((at < orders.len()).then(|| orders.swap_remove(at)))
}
