//! Looks at a partner's API before it is ordered from, and whenever an operator wants it. Nothing is ordered: the one order
//! that is sent cannot be taken, since it has no items.

use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use sof::interlude::{CallError, decode_faults};
use sof::mef::{Api, FaultCode};
use sof::partner::{Check, Conformance, Partner};

use url::{Origin, Url};

use super::callbacks::Callbacks;
use crate::clock;
use crate::lso::interlude::call::{Ask, Exchange, shorten};
use crate::lso::interlude::{Interlude, url_under};

/// What names things that are not there, and the order that cannot be taken.
const NAME: &str = "brokermdo-check";

/// A server of the partner gives no answer at all: the rest of the look at it would be as vain, and slow.
struct Silent;

struct Look<'a> {
    interlude: &'a Interlude,
    partner: &'a Partner,
    /// The URL of the API that is looked at.
    at: Option<String>,
    checks: Vec<Check>,
}

/// What an answer has to be: what was found, or what is wrong with it.
type Found<T> = Result<T, String>;

/// Looks at every API that the partner is said to have. It would notify us at `public_url`.
pub async fn look(
    interlude: &Interlude,
    partner: &Partner,
    public_url: Option<&str>,
) -> Conformance {
    let mut look = Look {
        interlude,
        partner,
        at: None,
        checks: Vec::new(),
    };
    look.all(public_url).await;
    Conformance {
        checked: clock::now().timestamp,
        checks: look.checks,
    }
}

impl Look<'_> {
    async fn all(&mut self, public_url: Option<&str>) {
        let mut silent: Vec<Origin> = Vec::new();
        for api in Api::ALL {
            if let Some(origin) = self.turn_to(api, &silent)
                && self.api(api).await.is_err()
            {
                // That it fell silent is the last check's fault.
                silent.push(origin);
            }
        }
        if let Some(public_url) = public_url
            && self.turn_to(Api::ServiceOrdering, &silent).is_some()
        {
            // Nothing comes after it.
            let _: Result<(), Silent> = self.hub(public_url).await;
        }
    }

    /// The server of an API that is looked at now; `None` if the partner does not have it, or its server is silent.
    fn turn_to(&mut self, api: Api, silent: &[Origin]) -> Option<Origin> {
        let origin = self.partner.apis.get(&api)?.url.origin();
        self.at = self.partner.api_url(api);
        (!silent.contains(&origin)).then_some(origin)
    }

    async fn api(&mut self, api: Api) -> Result<(), Silent> {
        let of = match api {
            Api::ServiceOrdering => "serviceOrder",
            Api::ServiceInventory => "service",
            Api::ServiceFunctionTesting => "testJob",
        };
        self.list(api, of).await?;
        self.unknown(api, of).await?;
        if api == Api::ServiceOrdering {
            self.invalid_order().await?;
            self.other_version().await?;
        }
        self.older_versions(api, of).await
    }

    /// One request, and what is to be said of the answer. Without a version of the API, nothing is asked.
    async fn see<T>(
        &mut self,
        what: String,
        method: Method,
        url: Result<Url, CallError>,
        body: Option<&Value>,
        expect: impl FnOnce(&Exchange) -> Found<T>,
    ) -> Result<Option<T>, Silent> {
        let sent = match url {
            Ok(url) => match self.interlude.ask(self.partner, "check", method, url, body) {
                Ok(ask) => self.send(&ask).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        let (found, is_silent) = match sent {
            Ok(answer) => (expect(&answer), false),
            Err(error) => {
                let is_silent = matches!(error, CallError::NotSent(_) | CallError::Unknown(_));
                let rest = if is_silent {
                    "; the rest was not looked at"
                } else {
                    ""
                };
                (Err(format!("{error}{rest}")), is_silent)
            }
        };
        let (found, fault) = match found {
            Ok(found) => (Some(found), None),
            Err(fault) => (None, Some(shorten(fault))),
        };
        let at = self.at.clone();
        self.checks.push(Check { what, at, fault });
        if is_silent { Err(Silent) } else { Ok(found) }
    }

    async fn send(&self, ask: &Ask<'_>) -> Result<Exchange, CallError> {
        self.interlude.raw(self.partner, ask).await
    }

    fn url(&self, api: Api, path: &[&str]) -> Result<Url, CallError> {
        Interlude::url(self.partner, api, path)
    }

    async fn list(&mut self, api: Api, of: &str) -> Result<(), Silent> {
        self.list_at(self.url(api, &[of])).await
    }

    /// What is there beside the version that is spoken: a partner that says so has to have it.
    async fn older_versions(&mut self, api: Api, of: &str) -> Result<(), Silent> {
        let Some(endpoint) = self.partner.apis.get(&api) else {
            return Ok(());
        };
        for version in endpoint.spoken(api).skip(1) {
            let url = endpoint.url_of(api, version);
            let list = url_under(&url, &[of]);
            self.at = Some(url);
            self.list_at(list).await?;
        }
        Ok(())
    }

    async fn list_at(&mut self, url: Result<Url, CallError>) -> Result<(), Silent> {
        let of = url
            .as_ref()
            .ok()
            .and_then(|url| url.path_segments()?.next_back());
        let of = of.unwrap_or_default().to_owned();
        let url = url.map(|mut url| {
            url.query_pairs_mut().append_pair("limit", "1");
            url
        });
        let what =
            format!("GET {of}?limit=1: 200, an array of at most one, each with id and state");
        self.see(what, Method::GET, url, None, |answer| {
            let body = body_of(answer, StatusCode::OK)?;
            let elements = body.as_array().ok_or("the body is no array")?;
            if elements.len() > 1 {
                return Err(format!("limit is 1, the array has {}", elements.len()));
            }
            for name in ["id", "state"] {
                if elements.iter().any(|element| !element[name].is_string()) {
                    return Err(format!("an element has no '{name}'"));
                }
            }
            for name in ["x-total-count", "x-result-count"] {
                if answer.headers.contains_key(name) && answer.number(name).is_none() {
                    return Err(format!("the header {name} is no number"));
                }
            }
            Ok(())
        })
        .await?;
        Ok(())
    }

    async fn unknown(&mut self, api: Api, of: &str) -> Result<(), Silent> {
        let id = format!("{NAME}-{}", uuid::Uuid::new_v4());
        let url = self.url(api, &[of, &id]);
        let what = format!("GET {of}/{{id}} of one that is not there: 404, an Error404");
        self.see(what, Method::GET, url, None, not_found).await?;
        Ok(())
    }

    async fn invalid_order(&mut self) -> Result<(), Silent> {
        let id = format!("{NAME}-{}", uuid::Uuid::new_v4());
        let body = json!({"externalId": id, "serviceOrderItem": []});
        let url = self.url(Api::ServiceOrdering, &["serviceOrder"]);
        let what = "POST serviceOrder without items and dates: 422, an array of Error422 with code and propertyPath";
        self.see(what.to_owned(), Method::POST, url, Some(&body), |answer| {
            if answer.status.is_success() {
                return Err(format!(
                    "HTTP {}: it took an order without items",
                    answer.status.as_u16()
                ));
            }
            let body = body_of(answer, StatusCode::UNPROCESSABLE_ENTITY)?;
            let faults = body.as_array().ok_or("the body is no array")?;
            if faults.is_empty() {
                return Err("the array is empty".to_owned());
            }
            for fault in faults {
                let code = fault.get("code").cloned().unwrap_or_default();
                if serde_json::from_value::<FaultCode>(code.clone()).is_err() {
                    return Err(format!("{code} is no code of Error422"));
                }
                reason(fault)?;
            }
            if faults.iter().any(|fault| fault["propertyPath"].is_string()) {
                Ok(())
            } else {
                Err("no fault has a propertyPath".to_owned())
            }
        })
        .await?;
        Ok(())
    }

    async fn other_version(&mut self) -> Result<(), Silent> {
        let api = Api::ServiceOrdering;
        let Some(endpoint) = self.partner.apis.get(&api) else {
            return Ok(());
        };
        let newest = endpoint.versions.last().copied().unwrap_or_default();
        let version = newest.saturating_add(100);
        let url = url_under(&endpoint.url_of(api, version), &["serviceOrder"]);
        let what = "GET serviceOrder of a version that there is not: 404";
        self.see(
            what.to_owned(),
            Method::GET,
            url,
            None,
            |answer| match answer.status {
                StatusCode::NOT_FOUND => Ok(()),
                other => Err(format!(
                    "HTTP {}: the version in the path is not heeded",
                    other.as_u16()
                )),
            },
        )
        .await?;
        Ok(())
    }

    /// Registers a callback and takes it back. A partner that refuses the callback as such is polled, and that is no fault.
    async fn hub(&mut self, public_url: &str) -> Result<(), Silent> {
        let callback = Callbacks::url(public_url, &Callbacks::token());
        let body = json!({"callback": callback});
        let url = self.url(Api::ServiceOrdering, &["hub"]);
        let what =
            "POST hub: 201, an EventSubscription with our callback; or a refusal with reasons";
        let made = self
            .see(what.to_owned(), Method::POST, url, Some(&body), |answer| {
                let status = answer.status;
                if [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY].contains(&status) {
                    let faults = decode_faults(&body_of(answer, status)?);
                    return match faults.is_empty() {
                        true => Err("it refuses our callback, and does not say why".to_owned()),
                        false => Ok(None),
                    };
                }
                let body = body_of(answer, StatusCode::CREATED)?;
                if body["callback"] != callback.as_str() {
                    return Err(format!("the callback is {}", body["callback"]));
                }
                match body["id"].as_str() {
                    Some(id) if !id.is_empty() => Ok(Some(id.to_owned())),
                    _ => Err("it has no id".to_owned()),
                }
            })
            .await?;
        let Some(Some(id)) = made else {
            return Ok(());
        };
        let at = |look: &Self| look.url(Api::ServiceOrdering, &["hub", &id]);
        let (url, what) = (at(self), "GET hub/{id}: 200, the same".to_owned());
        self.see(what, Method::GET, url, None, |answer| {
            let body = body_of(answer, StatusCode::OK)?;
            if body["id"] == id.as_str() {
                Ok(())
            } else {
                Err(format!("its id is {}", body["id"]))
            }
        })
        .await?;
        let (url, what) = (at(self), "DELETE hub/{id}: 204".to_owned());
        self.see(what, Method::DELETE, url, None, |answer| {
            expect_status(answer, StatusCode::NO_CONTENT)
        })
        .await?;
        let (url, what) = (
            at(self),
            "GET hub/{id} after that: 404, an Error404".to_owned(),
        );
        self.see(what, Method::GET, url, None, not_found).await?;
        Ok(())
    }
}

fn expect_status(answer: &Exchange, status: StatusCode) -> Found<()> {
    if answer.status == status {
        return Ok(());
    }
    Err(format!(
        "HTTP {} instead of {}: {}",
        answer.status.as_u16(),
        status.as_u16(),
        answer.shown()
    ))
}

/// The JSON of an answer of this status.
fn body_of(answer: &Exchange, status: StatusCode) -> Found<Value> {
    expect_status(answer, status)?;
    let media_type = answer.headers.get(header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or_default();
    if !alto::media::is_content_type(Some(media_type), "application/json") {
        return Err(format!(
            "the Content-Type is '{media_type}', not application/json"
        ));
    }
    answer
        .json()
        .map_err(|error| format!("the body is not JSON: {error}"))
}

fn not_found(answer: &Exchange) -> Found<()> {
    let body = body_of(answer, StatusCode::NOT_FOUND)?;
    if body["code"] != "notFound" {
        return Err(format!("the code is {}, not notFound", body["code"]));
    }
    reason(&body)
}

/// Every error has a reason of at most 255 characters (`Error`).
fn reason(error: &Value) -> Found<()> {
    match error["reason"].as_str() {
        Some(reason) if reason.chars().count() <= 255 => Ok(()),
        Some(_) => Err("a reason has more than 255 characters".to_owned()),
        None => Err("an error has no reason".to_owned()),
    }
}
