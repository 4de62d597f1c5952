//! A TIPS view (RFC 9569): opened, its edges fetched one after the other, the next one waited for.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::timeout;
use url::Url;

use super::mirror::Update;
use super::updates::{Backoff, Signal, Watched, again, may_pass};
use super::{
    Alto, Call, ERROR_TYPE, Head, MAX_ANSWER_BYTES, MERGE_PATCH_TYPE, TIPS_PARAMS_TYPE, TIPS_TYPE,
    retry_after,
};
use crate::client::ClientError;

/// How long one request waits for an update that is not there yet; then it is sent anew.
const LONG_POLL: Duration = Duration::from_secs(600);

/// From one request to the next, where the server answers that there is nothing yet instead of waiting.
const SHORT_POLL: Duration = Duration::from_secs(1);

/// An edge of the updates graph: from version `i`, 0 for nothing, to version `j`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// `seq-i`.
    pub i: u64,
    /// `seq-j`.
    pub j: u64,
}

/// `updates-graph-summary` (RFC 9569 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// `end-seq`: the last version that there is.
    pub end: u64,
    /// `start-edge-rec`: the edge to begin with.
    pub edge: Edge,
}

impl Summary {
    /// Reads that of an answer: `AddTIPSResponse`, or a merge patch of one (RFC 9569 §7.4.2).
    ///
    /// # Errors
    /// A member is missing or no version, or the edge leads nowhere.
    pub fn decode(json: &Value) -> Result<Self, String> {
        let number = |name: &str| {
            let path = format!("/tips-view-summary/updates-graph-summary/{name}");
            let number = json.pointer(&path).and_then(Value::as_u64);
            number.ok_or_else(|| format!("its {} is no version", &path[1..]))
        };
        let edge = Edge {
            i: number("start-edge-rec/seq-i")?,
            j: number("start-edge-rec/seq-j")?,
        };
        if edge.i >= edge.j || edge.j == u64::MAX {
            return Err(format!(
                "its edge from {} to {} leads nowhere",
                edge.i, edge.j
            ));
        }
        Ok(Self {
            end: number("end-seq")?,
            edge,
        })
    }
}

/// A TIPS view of one resource.
#[derive(Debug)]
pub struct TipsView {
    service: Url,
    watched: Watched,
    view: Option<View>,
    backoff: Backoff,
    was_open: bool,
    /// What the client has is of no use.
    wants_whole: bool,
}

#[derive(Debug)]
struct View {
    uri: Url,
    edge: Edge,
}

impl View {
    /// `<view>/ug`, and with an edge `<view>/ug/<i>/<j>` (RFC 9569 §4.2).
    fn url(&self, edge: Option<Edge>) -> Url {
        let mut url = self.uri.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("ug");
            if let Some(Edge { i, j }) = edge {
                path.push(&i.to_string()).push(&j.to_string());
            }
        }
        url
    }
}

impl TipsView {
    pub(super) fn new(service: Url, watched: Watched) -> Self {
        Self {
            service,
            watched,
            view: None,
            backoff: Backoff::default(),
            was_open: false,
            wants_whole: false,
        }
    }

    pub(super) async fn next(
        &mut self,
        alto: &Alto,
        tag: Option<&str>,
    ) -> Result<Signal, ClientError> {
        let tag = tag.filter(|_| !self.wants_whole);
        loop {
            self.backoff.wait().await;
            let Some(view) = &mut self.view else {
                if let Some(note) = self.reopen(alto, tag).await? {
                    return Ok(Signal::Note(note));
                }
                continue;
            };
            let url = view.url(Some(view.edge));
            let accept = format!("{}, {ERROR_TYPE}", self.watched.accept);
            let response = match timeout(LONG_POLL, alto.open(Call::get(&url, &accept))).await {
                // Nothing has changed for so long.
                Err(_) => continue,
                Ok(Ok(response)) => response,
                Ok(Err(error)) if may_pass(&error) => {
                    let pause = self.backoff.failed(None);
                    return Ok(Signal::Note(format!("{error}; {}", again(pause))));
                }
                Ok(Err(error)) => return Err(error),
            };
            let status = Head::of(&response).status;
            match status {
                StatusCode::OK => {
                    match timeout(alto.client.timeout, alto.take(response, MAX_ANSWER_BYTES)).await
                    {
                        Ok(Ok(reply)) => {
                            view.edge = Edge {
                                i: view.edge.j,
                                j: view.edge.j.saturating_add(1),
                            };
                            self.backoff.worked();
                            self.wants_whole = false;
                            return Ok(Signal::Update(Update {
                                media_type: reply.media_type,
                                content_id: None,
                                body: reply.body,
                            }));
                        }
                        Ok(Err(error)) if !may_pass(&error) => return Err(error),
                        _ => {
                            let pause = self.backoff.failed(None);
                            return Ok(Signal::Note(format!(
                                "an update did not come whole; {}",
                                again(pause)
                            )));
                        }
                    }
                }
                // The edge or the view is no more, or not yet.
                StatusCode::NOT_FOUND | StatusCode::GONE => {
                    if let Some(note) = self.recommended(alto, tag).await? {
                        return Ok(Signal::Note(note));
                    }
                }
                // The server did not want to wait any longer; 425 is that it is too early (RFC 9569 §7.2).
                StatusCode::NO_CONTENT
                | StatusCode::REQUEST_TIMEOUT
                | StatusCode::TOO_EARLY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT => {
                    let pause = retry_after(response.headers()).unwrap_or(SHORT_POLL);
                    self.backoff.failed(Some(pause));
                }
                StatusCode::TOO_MANY_REQUESTS | StatusCode::BAD_GATEWAY => {
                    let pause = self.backoff.failed(retry_after(response.headers()));
                    return Ok(Signal::Note(format!(
                        "the server is busy ({status}); {}",
                        again(pause)
                    )));
                }
                _ => {
                    let detail = format!("status {status} for an update");
                    let taken =
                        timeout(alto.client.timeout, alto.take(response, MAX_ANSWER_BYTES)).await;
                    return Err(match taken {
                        Ok(Err(error)) => error,
                        _ => ClientError::NotUnderstood { url, detail },
                    });
                }
            }
        }
    }

    /// Opens the view. A note if that did not work and may work later.
    async fn reopen(
        &mut self,
        alto: &Alto,
        tag: Option<&str>,
    ) -> Result<Option<String>, ClientError> {
        let body = self.watched.request(tag);
        let accept = format!("{TIPS_TYPE}, {ERROR_TYPE}");
        let call = Call::post(&self.service, &accept, TIPS_PARAMS_TYPE, &body);
        let reply = match alto.send(call, MAX_ANSWER_BYTES).await {
            Ok(reply) => reply,
            Err(error) if self.was_open && may_pass(&error) => {
                let pause = self.backoff.failed(None);
                return Ok(Some(format!("{error}; {}", again(pause))));
            }
            Err(error) => return Err(error),
        };
        let json = reply.json(TIPS_TYPE)?;
        let opened = || {
            let uri = json.get("tips-view-uri").and_then(Value::as_str);
            let uri = uri.ok_or("its tips-view-uri is missing")?;
            let uri = self
                .service
                .join(uri)
                .map_err(|error| format!("its tips-view-uri is none: {error}"))?;
            if !matches!(uri.scheme(), "http" | "https") {
                return Err("its tips-view-uri is neither http nor https".to_owned());
            }
            let edge = Summary::decode(&json)?.edge;
            Ok(View { uri, edge })
        };
        self.view = Some(opened().map_err(|detail: String| reply.not_understood(detail))?);
        self.was_open = true;
        Ok(None)
    }

    /// Asks which edge to take now (RFC 9569 §7.4). A view that is closed is opened anew.
    async fn recommended(
        &mut self,
        alto: &Alto,
        tag: Option<&str>,
    ) -> Result<Option<String>, ClientError> {
        let Some(view) = &mut self.view else {
            return Ok(None);
        };
        let url = view.url(None);
        let body = Watched {
            input: None,
            ..self.watched.clone()
        }
        .request(tag);
        let accept = format!("{MERGE_PATCH_TYPE}, {ERROR_TYPE}");
        let call = Call::post(&url, &accept, TIPS_PARAMS_TYPE, &body);
        match alto.send(call, MAX_ANSWER_BYTES).await {
            Ok(reply) => {
                let json = reply.json(MERGE_PATCH_TYPE)?;
                let summary = Summary::decode(&json);
                let Summary { end, edge } =
                    summary.map_err(|detail| reply.not_understood(detail))?;
                if end < view.edge.j || edge == view.edge {
                    // There is nothing new: the server does not let its clients wait.
                    self.backoff.failed(Some(SHORT_POLL));
                    return Ok(None);
                }
                view.edge = edge;
                Ok(Some(format!(
                    "the server no longer has the update; on from version {}",
                    edge.i
                )))
            }
            Err(error) if may_pass(&error) => {
                let pause = self.backoff.failed(None);
                Ok(Some(format!("{error}; {}", again(pause))))
            }
            // The view is closed.
            Err(ClientError::NotFound(_) | ClientError::NotUnderstood { .. }) => {
                let why = "the server closed the view";
                self.view = None;
                self.backoff.useless(&self.service, why)?;
                Ok(Some(format!("{why}; it is opened again")))
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn restart(&mut self) {
        self.view = None;
        self.wants_whole = true;
        self.backoff.failed(None);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn summary(edge: Value) -> Value {
        json!({"tips-view-summary": {"updates-graph-summary": {"start-seq": 101, "end-seq": 106, "start-edge-rec": edge}}})
    }

    #[test]
    fn client_rfc9569_6_2_a_summary_names_the_first_edge() {
        let found = Summary::decode(&summary(json!({"seq-i": 0, "seq-j": 105}))).unwrap();
        assert_eq!((found.end, found.edge), (106, Edge { i: 0, j: 105 }));
        for edge in [
            json!({"seq-i": 5, "seq-j": 5}),
            json!({"seq-i": 0}),
            json!({"seq-i": -1, "seq-j": 2}),
            json!({"seq-i": 0, "seq-j": u64::MAX}),
            json!("x"),
        ] {
            assert!(Summary::decode(&summary(edge)).is_err());
        }
    }

    #[test]
    fn client_rfc9569_7_1_edges_are_below_the_view() {
        for uri in [
            "http://alto.example/tips/27",
            "http://alto.example/tips/27/",
        ] {
            let view = View {
                uri: uri.parse().unwrap(),
                edge: Edge { i: 0, j: 1 },
            };
            assert_eq!(
                view.url(Some(view.edge)).as_str(),
                "http://alto.example/tips/27/ug/0/1"
            );
            assert_eq!(view.url(None).as_str(), "http://alto.example/tips/27/ug");
        }
    }
}
