//! An update stream (RFC 8895): opened, read, opened again where it broke, closed by its control service.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use url::Url;

use super::mirror::Update;
use super::sse::{Event, Parser};
use super::updates::{Backoff, Signal, Watched, again, may_pass};
use super::{
    Alto, Call, ERROR_TYPE, EVENT_STREAM_TYPE, Head, MAX_ANSWER_BYTES, UPDATE_STREAM_CONTROL_TYPE,
    UPDATE_STREAM_PARAMS_TYPE, retry_after,
};
use crate::client::ClientError;
use crate::client::media_type::MediaType;

/// The only substream of a stream of ours.
const SUBSTREAM: &str = "watched";

/// A stream on which nothing at all comes for so long is dead: servers keep theirs alive (RFC 8895 §6.8).
const LONGEST_SILENCE: Duration = Duration::from_secs(600);

/// How long the end of a stream is waited for after it was asked for.
const FAREWELL: Duration = Duration::from_secs(2);

/// An update stream of one resource.
#[derive(Debug)]
pub struct UpdateStream {
    service: Url,
    watched: Watched,
    open: Option<Open>,
    control: Option<Url>,
    events: VecDeque<Event>,
    backoff: Backoff,
    /// Whether it was ever open: a server that was never there is not waited for.
    was_open: bool,
}

#[derive(Debug)]
struct Open {
    response: reqwest::Response,
    parser: Parser,
}

impl UpdateStream {
    pub(super) fn new(service: Url, watched: Watched) -> Self {
        Self {
            service,
            watched,
            open: None,
            control: None,
            events: VecDeque::new(),
            backoff: Backoff::default(),
            was_open: false,
        }
    }

    pub(super) async fn next(
        &mut self,
        alto: &Alto,
        tag: Option<&str>,
    ) -> Result<Signal, ClientError> {
        loop {
            if let Some(event) = self.events.pop_front() {
                match self.signal(event)? {
                    Some(signal) => return Ok(signal),
                    None => continue,
                }
            }
            let Some(open) = &mut self.open else {
                self.backoff.wait().await;
                if let Some(note) = self.reopen(alto, tag).await? {
                    return Ok(Signal::Note(note));
                }
                continue;
            };
            let broken = match timeout(LONGEST_SILENCE, open.response.chunk()).await {
                Ok(Ok(Some(octets))) => {
                    let mut events = Vec::new();
                    let read = open.parser.push(&octets, &mut events);
                    self.events.extend(events);
                    match read {
                        Ok(()) => continue,
                        Err(error) => {
                            self.useless(&error.to_string())?;
                            continue;
                        }
                    }
                }
                Ok(Ok(None)) => "the server closed the stream".to_owned(),
                Ok(Err(error)) => {
                    let error =
                        ClientError::from_transport(&self.service, alto.client.timeout, &error);
                    format!("the stream broke: {error}")
                }
                Err(_) => "the server has been silent for too long".to_owned(),
            };
            self.open = None;
            self.control = None;
            let pause = self.backoff.failed(None);
            return Ok(Signal::Note(format!("{broken}; {}", again(pause))));
        }
    }

    /// A note if it did not work and may work later.
    async fn reopen(
        &mut self,
        alto: &Alto,
        tag: Option<&str>,
    ) -> Result<Option<String>, ClientError> {
        let mut add = self.watched.request(tag);
        if !self.watched.incremental {
            // RFC 8895 §6.5: patches of a kind that is not known are not asked for.
            add["incremental-changes"] = false.into();
        }
        let body = json!({"add": {SUBSTREAM: add}});
        let accept = format!("{EVENT_STREAM_TYPE}, {ERROR_TYPE}");
        let call = Call::post(&self.service, &accept, UPDATE_STREAM_PARAMS_TYPE, &body);
        let late = |_| ClientError::Timeout {
            url: self.service.clone(),
            timeout: alto.client.timeout,
        };
        let opened = match timeout(alto.client.timeout, alto.open(call))
            .await
            .map_err(late)
        {
            Ok(Ok(response)) => taken(alto, response).await,
            Ok(Err(error)) | Err(error) => Err((error, None)),
        };
        match opened {
            Ok(response) => {
                self.was_open = true;
                self.open = Some(Open {
                    response,
                    parser: Parser::new(MAX_ANSWER_BYTES),
                });
                Ok(None)
            }
            Err((error, wish)) if self.was_open && (may_pass(&error) || wish.is_some()) => {
                let pause = self.backoff.failed(wish);
                Ok(Some(format!("{error}; {}", again(pause))))
            }
            Err((error, _)) => Err(error),
        }
    }

    /// What an event says; nothing, if it is not about us.
    fn signal(&mut self, event: Event) -> Result<Option<Signal>, ClientError> {
        let (kind, data_id) = addressed(&event.event);
        let kind = MediaType::parse(kind);
        if kind.essence() == UPDATE_STREAM_CONTROL_TYPE {
            return self.controlled(&event.data);
        }
        let Some((substream, content_id)) = data_id else {
            return Ok(None);
        };
        if substream != SUBSTREAM {
            return Ok(None);
        }
        self.backoff.worked();
        Ok(Some(Signal::Update(Update {
            media_type: kind,
            content_id: content_id.map(str::to_owned),
            body: event.data.into_bytes(),
        })))
    }

    /// A control message (RFC 8895 §5.3).
    fn controlled(&mut self, data: &str) -> Result<Option<Signal>, ClientError> {
        let Ok(told) = serde_json::from_str::<Value>(data) else {
            self.useless("a control message is not JSON")?;
            return Ok(None);
        };
        if let Some(uri) = told.get("control-uri").and_then(Value::as_str) {
            self.control = self.service.join(uri).ok();
        }
        let stopped = told.get("stopped").and_then(Value::as_array);
        let is_ours = |id: &Value| id.as_str() == Some(SUBSTREAM);
        let description = told.get("description").and_then(Value::as_str);
        if stopped.into_iter().flatten().any(is_ours) {
            let why = description.unwrap_or("the server sends no more updates");
            return Ok(Some(Signal::Ended(why.to_owned())));
        }
        Ok(description.map(|text| Signal::Note(text.to_owned())))
    }

    pub(super) fn restart(&mut self) {
        self.open = None;
        self.control = None;
        self.events.clear();
        self.backoff.failed(None);
    }

    /// What came is of no use. What came before it is.
    fn useless(&mut self, why: &str) -> Result<(), ClientError> {
        self.open = None;
        self.control = None;
        self.backoff.useless(&self.service, why)
    }

    /// Stops everything (RFC 8895 §7.6: an empty `remove`), and waits a moment for the server's last word.
    pub(super) async fn close(&mut self, alto: &Alto) {
        let (Some(control), Some(mut open)) = (self.control.take(), self.open.take()) else {
            return;
        };
        let accept = format!("text/plain, {ERROR_TYPE}");
        let call = Call::post(
            &control,
            &accept,
            UPDATE_STREAM_PARAMS_TYPE,
            &json!({"remove": []}),
        );
        let ended = async {
            // That the server has forgotten the stream is as good.
            if alto.send(call, MAX_ANSWER_BYTES).await.is_ok() {
                while let Ok(Some(_)) = open.response.chunk().await {}
            }
        };
        let _ = timeout(FAREWELL, ended).await;
    }
}

/// The response, if it is a stream; else the error in it, and how long the server wants to be left alone where
/// it is only busy.
async fn taken(
    alto: &Alto,
    response: reqwest::Response,
) -> Result<reqwest::Response, (ClientError, Option<Duration>)> {
    let Head {
        status, media_type, ..
    } = Head::of(&response);
    if status.is_success() && media_type.essence() == EVENT_STREAM_TYPE {
        return Ok(response);
    }
    let is_busy = matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504);
    let wish = is_busy.then(|| retry_after(response.headers()).unwrap_or(Duration::from_secs(2)));
    let late = ClientError::Timeout {
        url: response.url().clone(),
        timeout: alto.client.timeout,
    };
    let reply = timeout(alto.client.timeout, alto.take(response, MAX_ANSWER_BYTES)).await;
    let error = match reply.map_err(|_| late) {
        Ok(Ok(reply)) => {
            reply.not_understood(format!("its type is {media_type}, not {EVENT_STREAM_TYPE}"))
        }
        Ok(Err(error)) | Err(error) => error,
    };
    Err((error, wish))
}

/// The media type of an event, and its data-id: the substream, and the Content-ID of a part
/// (RFC 8895 §5.2). A media type may have parameters but no comma outside of them, and ids have none.
#[must_use]
pub fn addressed(event: &str) -> (&str, Option<(&str, Option<&str>)>) {
    let Some((kind, data_id)) = event.rsplit_once(',') else {
        return (event, None);
    };
    let data_id = data_id.trim();
    let id = match data_id.split_once('.') {
        Some((substream, content_id)) => (substream, Some(content_id)),
        None => (data_id, None),
    };
    (kind, Some(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_rfc8895_5_2_a_data_id_names_a_substream_and_a_part() {
        let kind = "multipart/related;boundary=example-pv;type=application/alto-endpointcost+json";
        let event = format!("{kind},watched");
        assert_eq!(addressed(&event), (kind, Some(("watched", None))));
        let (_, id) = addressed("application/merge-patch+json,watched.ecsmap@alto.example.com");
        assert_eq!(id, Some(("watched", Some("ecsmap@alto.example.com"))));
        assert_eq!(
            addressed(UPDATE_STREAM_CONTROL_TYPE),
            (UPDATE_STREAM_CONTROL_TYPE, None)
        );
    }
}
