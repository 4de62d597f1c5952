//! Lists and single things of an API: found by the index, shown from the store.

use axum::extract::{Extension, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde_json::Value;
use sof::mef::links::Links;

use super::error::MefError;
use super::query::{Between, Paging, Query};
use super::{Id, JSON, Served, check_accept, find, json};
use crate::auth::Principal;
use crate::http::App;
use crate::http::answer::typed;
use crate::http::problem::Problem;
use crate::lso::index::{Entry, Index, Indexes, Page};

/// A page ends behind the record with which it has so many bytes.
const MAX_BYTES: usize = 8 << 20;

/// What an API lists and shows.
pub(super) trait Listed: Entry {
    /// What it is called in errors.
    const WHAT: &'static str;
    /// The filters of the document.
    const FILTERS: &'static [&'static str];
    /// What is asked for.
    type Filter<'a>: Send + Sync;

    /// Reads what is asked for.
    fn filter(query: &Query) -> Result<Self::Filter<'_>, MefError>;
    /// The dates by which the list is sorted, as they are asked for.
    fn dates(filter: &Self::Filter<'_>) -> Between;
    /// Whether it is among what is asked for.
    fn matches(&self, filter: &Self::Filter<'_>) -> bool;
    /// Where it is found.
    fn index(indexes: &Indexes) -> &Index<Self>;
    /// What is shown of it.
    fn encode(record: &Self::Record, links: &Links) -> Value;
}

/// `GET` of a list.
pub(super) async fn list<E: Listed>(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(served): Extension<Served>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, MefError> {
    check_accept(&headers)?;
    let query = Query::of(&uri, E::FILTERS)?;
    let filter = E::filter(&query)?;
    let wanted = Wanted {
        principal: &principal,
        between: E::dates(&filter),
        paging: query.paging()?,
    };
    let index = E::index(&app.shared.lso.index);
    let encode = |record: &E::Record| E::encode(record, &served.links);
    one_page(
        &app,
        index,
        wanted,
        |entry: &E| entry.matches(&filter),
        encode,
    )
    .await
}

/// `GET` of one.
pub(super) async fn show<E: Listed>(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Extension(served): Extension<Served>,
    id: Id,
    headers: HeaderMap,
) -> Result<Response, MefError> {
    check_accept(&headers)?;
    let record = find::<E>(&app, &principal, E::WHAT, id).await?;
    json(StatusCode::OK, &E::encode(&record, &served.links))
}

/// What is asked for, beside the filter.
#[derive(Clone, Copy, Debug)]
struct Wanted<'a> {
    /// Who asks.
    principal: &'a Principal,
    /// The dates by which the list is sorted.
    between: Between,
    /// Which part.
    paging: Paging,
}

/// Answers what matches and may be seen.
async fn one_page<E: Entry>(
    app: &App,
    index: &Index<E>,
    wanted: Wanted<'_>,
    has: impl Fn(&E) -> bool + Send + Sync,
    encode: impl Fn(&E::Record) -> Value + Send,
) -> Result<Response, MefError> {
    let Paging { offset, limit } = wanted.paging;
    let most = app.shared.settings.sof.orders.listed;
    let holder = wanted.principal.holder();
    let page = Page {
        buyer: (!wanted.principal.sees_all()).then_some(&holder),
        after: wanted.between.after,
        before: wanted.between.before,
        offset,
        limit: limit.unwrap_or(most).min(most),
    };
    let store = &*app.shared.lso.store;
    let listing = index.list(store, page, &has).await?;
    let snapshot = store.snapshot().await?;
    let mut bytes = vec![b'['];
    let (mut looked_at, mut shown) = (0, 0_usize);
    for id in &listing.ids {
        if bytes.len() >= MAX_BYTES {
            break;
        }
        looked_at += 1;
        let stored = E::TABLE.get(&*snapshot, &id.to_string()).await?;
        let Some(record) = stored.map(|stored| stored.value) else {
            continue;
        };
        // It may have changed since the index was looked at.
        let entry = E::of(&record);
        if !has(&entry) || !wanted.principal.may_see(entry.buyer()) {
            continue;
        }
        if shown > 0 {
            bytes.push(b',');
        }
        serde_json::to_writer(&mut bytes, &encode(&record)).map_err(|_| Problem::Internal)?;
        shown += 1;
    }
    bytes.push(b']');
    let mut response = typed(StatusCode::OK, JSON, Bytes::from(bytes));
    describe(
        response.headers_mut(),
        wanted.paging,
        listing.total,
        looked_at,
        shown,
    );
    Ok(response)
}

/// The headers of a page: of `total` that match `looked_at` were looked at, and `shown` are there.
pub(super) fn describe(
    headers: &mut HeaderMap,
    paging: Paging,
    total: usize,
    looked_at: usize,
    shown: usize,
) {
    let is_throttled = is_throttled(paging, total, looked_at);
    let flag = if is_throttled { "true" } else { "false" };
    headers.insert("x-pagination-throttled", HeaderValue::from_static(flag));
    headers.insert("x-total-count", HeaderValue::from(total));
    headers.insert("x-result-count", HeaderValue::from(shown));
}

/// Whether the page ends where we end it, and not where it was asked to, or where the list ends.
fn is_throttled(paging: Paging, total: usize, looked_at: usize) -> bool {
    let left = total.saturating_sub(paging.offset);
    looked_at < paging.limit.map_or(left, |limit| limit.min(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_throttled_when_it_has_less_than_was_asked_for_and_is_there() {
        let throttled = |offset, limit, total, looked_at| {
            is_throttled(Paging { offset, limit }, total, looked_at)
        };
        assert!(throttled(0, None, 101, 100));
        assert!(throttled(0, Some(1_000), 101, 100));
        assert!(!throttled(0, Some(10), 101, 10));
        assert!(!throttled(100, Some(10), 101, 1));
        assert!(!throttled(200, None, 101, 0));
    }
}
