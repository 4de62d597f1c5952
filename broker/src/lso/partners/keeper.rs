//! Keeps up what has to be so of each partner: who waits for its check is checked, who is ordered from notifies us, and who
//! is retired does not any more. Looks at the records alone, so it may be woken at any time and as often as one likes.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::json;
use sof::interlude::CallError;
use sof::mef::Api;
use sof::partner::{Partner, PartnerState};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use url::Url;

use super::book::{Book, BookError, hub_key};
use super::callbacks::Callbacks;
use crate::clock;
use crate::lso::interlude::call::shorten;
use crate::lso::interlude::{Interlude, sense, url_under};
use crate::lso::records::{HUB, HUBS, Hub, PARTNERS};
use crate::store::key::Writer;
use crate::store::{Batch, KeyRange, StoreError, Stored};

/// Partners that are looked after at once: one that is slow does not keep the others waiting.
const AT_ONCE: usize = 8;

/// Learns from the store which callbacks there are. Before connections are accepted, so that no notification is refused
/// after a restart.
///
/// # Errors
/// The store cannot be read.
pub async fn load(book: &Book) -> Result<(), StoreError> {
    let snapshot = book.lso().store.snapshot().await?;
    let mut key = Writer::default();
    key.text(HUB);
    let mut left = Some(KeyRange::prefix(key.done()));
    while let Some(range) = left {
        let page = HUBS.scan(&*snapshot, &range, 1_000).await?;
        for ((_, domain), hub) in page.records {
            if let Ok(domain) = domain.parse() {
                book.callbacks().expect(&domain, &hub.value.token);
            }
        }
        left = page.next;
    }
    Ok(())
}

/// Looks after all partners at once, when one was changed, and every `interval`, until `stop`.
pub async fn run(book: Arc<Book>, interval: Duration, stop: CancellationToken) {
    let mut changed = book.lso().store.watch(PARTNERS.name());
    let mut tick = tokio::time::interval(interval);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut is_told = true;
    loop {
        let is_time = tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => true,
            told = changed.changed(), if is_told => {
                // A store that tells no more leaves the timer.
                is_told = told.is_ok();
                false
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            swept = sweep(&book, is_time) => {
                if let Err(error) = swept {
                    warn!(%error, "cannot look after partners");
                }
            }
        }
    }
}

/// Looks after each partner once. `is_time` for what costs calls without a change.
///
/// # Errors
/// The store cannot be read.
pub async fn sweep(book: &Arc<Book>, is_time: bool) -> Result<(), BookError> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut tended = JoinSet::new();
    let mut after = String::new();
    loop {
        let page = book.partners(&after).await?;
        let Some(last) = page.records.last() else {
            break;
        };
        after = last.value.domain.to_string();
        for partner in page.records {
            let (book, places) = (Arc::clone(book), Arc::clone(&places));
            tended.spawn(async move {
                let _place = places.acquire().await;
                let domain = partner.value.domain.clone();
                if let Err(error) = tend(&book, partner.value, is_time).await {
                    debug!(partner = %domain, %error, "looked after");
                }
            });
        }
        if !page.more {
            break;
        }
    }
    while tended.join_next().await.is_some() {}
    Ok(())
}

async fn tend(book: &Book, partner: Partner, is_time: bool) -> Result<(), BookError> {
    let hub = book.hub(&partner.domain).await?;
    match partner.state {
        PartnerState::Candidate | PartnerState::Failing => {
            if is_time {
                let checked = book.check(&partner.domain).await?;
                let state = checked.record.value.state;
                if state != partner.state {
                    info!(partner = %partner.domain, ?state, "checked");
                }
            }
            Ok(())
        }
        PartnerState::Active | PartnerState::Suspended => match (book.public_url(), hub) {
            (Some(public_url), hub) => subscribe(book, &partner, public_url, hub, is_time).await,
            (None, _) => Ok(()),
        },
        PartnerState::Retired => match hub {
            Some(hub) => unsubscribe(book, &partner, hub, is_time).await,
            None => {
                book.interlude().forget(&partner.domain);
                Ok(())
            }
        },
    }
}

/// Has the partner notify us, once.
async fn subscribe(
    book: &Book,
    partner: &Partner,
    public_url: &str,
    known: Option<Stored<Hub>>,
    is_time: bool,
) -> Result<(), BookError> {
    let Some(api_url) = partner.api_url(Api::ServiceOrdering) else {
        return Ok(());
    };
    let mut known = known;
    if let Some(hub) = &known {
        let token = hub.value.token.clone();
        let is_same = hub.value.api_url == api_url
            && hub.value.callback == Callbacks::url(public_url, &token);
        if !is_same {
            // The partner has moved, or we have. What is there may stay until it is noticed that nobody listens.
            if let Some(id) = &hub.value.id {
                let _: Result<(), CallError> =
                    unregister(book.interlude(), partner, &hub.value.api_url, id).await;
            }
        } else if let Some(id) = &hub.value.id {
            if !is_time {
                return Ok(());
            }
            match is_registered(book.interlude(), partner, id).await {
                Ok(true) => return note(book, partner, hub, None).await,
                Err(error) => return note(book, partner, hub, Some(shorten(error))).await,
                Ok(false) => warn!(partner = %partner.domain, "lost our subscription"),
            }
        } else if hub.value.error.is_some() && !is_time {
            return Ok(());
        }
        if !is_same {
            known = Some(keep(book, partner, known, fresh(public_url, &api_url)).await?);
        }
    } else {
        known = Some(keep(book, partner, None, fresh(public_url, &api_url)).await?);
    }
    let Some(hub) = known else {
        return Ok(());
    };
    // Kept before it is sent: a notification may come before the answer.
    book.callbacks().expect(&partner.domain, &hub.value.token);
    let made = register(book.interlude(), partner, &hub.value.callback).await;
    let next = match made {
        Ok(id) => {
            info!(partner = %partner.domain, "subscribed");
            Hub {
                id: Some(id),
                registered: Some(clock::now().timestamp),
                error: None,
                ..hub.value.clone()
            }
        }
        Err(error) => Hub {
            id: None,
            registered: None,
            error: Some(shorten(error)),
            ..hub.value.clone()
        },
    };
    keep(book, partner, Some(hub), next).await?;
    Ok(())
}

fn fresh(public_url: &str, api_url: &str) -> Hub {
    let token = Callbacks::token();
    Hub {
        callback: Callbacks::url(public_url, &token),
        token,
        api_url: api_url.to_owned(),
        id: None,
        registered: None,
        error: None,
    }
}

/// Ends the partner's notifications. One that does not answer is asked again at the next time; one that says that there
/// is none, or refuses, is believed.
async fn unsubscribe(
    book: &Book,
    partner: &Partner,
    hub: Stored<Hub>,
    is_time: bool,
) -> Result<(), BookError> {
    if let Some(id) = &hub.value.id {
        if hub.value.error.is_some() && !is_time {
            return Ok(());
        }
        let ended = unregister(book.interlude(), partner, &hub.value.api_url, id).await;
        if let Err(error @ (CallError::NotSent(_) | CallError::Unknown(_))) = ended {
            return note(book, partner, &hub, Some(shorten(error))).await;
        }
    }
    book.callbacks().forget(&partner.domain);
    let mut batch = Batch::new();
    HUBS.delete(&mut batch, &hub_key(&partner.domain), hub.version);
    book.lso().store.commit(batch).await?;
    book.interlude().forget(&partner.domain);
    info!(partner = %partner.domain, "unsubscribed");
    Ok(())
}

/// Keeps what is wrong with a subscription, if that is news.
async fn note(
    book: &Book,
    partner: &Partner,
    hub: &Stored<Hub>,
    error: Option<String>,
) -> Result<(), BookError> {
    if hub.value.error == error {
        return Ok(());
    }
    let next = Hub {
        error,
        ..hub.value.clone()
    };
    keep(book, partner, Some(hub.clone()), next).await?;
    Ok(())
}

async fn keep(
    book: &Book,
    partner: &Partner,
    known: Option<Stored<Hub>>,
    next: Hub,
) -> Result<Stored<Hub>, BookError> {
    let mut batch = Batch::new();
    let key = hub_key(&partner.domain);
    match known {
        Some(known) => HUBS.update(&mut batch, &key, known.version, &next)?,
        None => HUBS.create(&mut batch, &key, &next)?,
    }
    let receipt = book.lso().store.commit(batch).await?;
    Ok(Stored {
        version: receipt.version,
        value: next,
    })
}

async fn register(
    interlude: &Interlude,
    partner: &Partner,
    callback: &str,
) -> Result<String, CallError> {
    let url = Interlude::url(partner, Api::ServiceOrdering, &["hub"])?;
    let body = json!({"callback": callback});
    let ask = interlude.ask(partner, "subscribe", Method::POST, url, Some(&body))?;
    interlude
        .change(partner, &ask, |answer| {
            sense(&ask, answer, |root| {
                let id = root.required("id")?;
                match id.string()? {
                    "" | "." | ".." => Err(id.invalid("an identifier")),
                    text => Ok(text.to_owned()),
                }
            })
        })
        .await
}

async fn is_registered(
    interlude: &Interlude,
    partner: &Partner,
    id: &str,
) -> Result<bool, CallError> {
    let url = Interlude::url(partner, Api::ServiceOrdering, &["hub", id])?;
    let ask = interlude.ask(partner, "look-at-subscription", Method::GET, url, None)?;
    match interlude
        .question(partner, &ask, |answer| answer.done(&ask))
        .await
    {
        Ok(()) => Ok(true),
        Err(CallError::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn unregister(
    interlude: &Interlude,
    partner: &Partner,
    api_url: &str,
    id: &str,
) -> Result<(), CallError> {
    let url = url_under(api_url, &["hub", id])?;
    let mut ask = interlude.ask(partner, "unsubscribe", Method::DELETE, url, None)?;
    // Where the partner was before, somebody else may be now, or the way there may be open: its credentials stay here.
    let now = partner.api_url(Api::ServiceOrdering);
    let now = now.and_then(|now| Url::parse(&now).ok());
    if now.is_none_or(|now| now.origin() != ask.url.origin()) {
        ask.bearer = None;
    }
    interlude
        .change(partner, &ask, |answer| answer.done(&ask))
        .await
}
