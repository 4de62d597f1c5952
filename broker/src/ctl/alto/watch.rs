//! `brokerctl alto watch`: a resource as it changes, a line for each change.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::page::counted;
use super::args::WatchArgs;
use super::{Answered, Asked, absent, not_understood, output, read_input, taken};
use crate::client::ClientError;
use crate::client::alto::catalogue::Resource;
use crate::client::alto::mirror::{Change, Kind, Mirror, Update};
use crate::client::alto::updates::{Signal, Updates};
use crate::clock;
use crate::ctl::Exit;

/// How often the resource is fetched before it is said that the changes have made another one of it: the server
/// may be ahead of what it has told.
const MOST_LOOKS: u32 = 20;
/// From one look to the next.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// How many updates in a row may be of no use.
const MOST_FAULTS: u32 = 5;

/// A resource that is watched.
struct Watch<'a> {
    asked: &'a Asked,
    resource: &'a Resource,
    input: Option<Value>,
    mirror: Mirror,
    /// How many updates have been taken.
    updates: u64,
    /// How many in a row were of no use.
    faults: u32,
    /// How often it was looked whether the mirror is right, since it last changed; `None` if that is not to be
    /// seen.
    looks: Option<u32>,
}

/// Watches until it is enough, the server ends it, or somebody stops it.
pub(super) async fn watch(asked: &Asked, args: WatchArgs) -> Answered {
    let resource = asked.catalogue.resource(&args.id).map_err(absent)?;
    let input = match (&resource.accepts, &args.input) {
        (None, _) => None,
        (Some(_), Some(input)) => Some(read_input(input)?),
        (Some(_), None) => {
            let wish = args.wish(&resource.cost_types);
            Some(wish.body(&taken(resource)).map_err(ClientError::Input)?)
        }
    };
    let updates = Updates::of(&asked.catalogue, resource, input.clone(), args.transport);
    let mut updates = updates.map_err(absent)?;
    let mut watch = Watch {
        asked,
        resource,
        input,
        mirror: Mirror::default(),
        updates: 0,
        faults: 0,
        looks: None,
    };
    let ended = watch.run(&mut updates, &args).await;
    updates.close(&asked.alto).await;
    ended
}

impl Watch<'_> {
    async fn run(&mut self, updates: &mut Updates, args: &WatchArgs) -> Answered {
        let alto = &self.asked.alto;
        let mut stop = std::pin::pin!(stopped());
        loop {
            if self.looks.is_none() && args.once.is_some_and(|most| self.updates >= most) {
                return Ok((String::new(), Exit::Answered));
            }
            // Before another update is taken: it would be compared with what the server said later.
            if self.looks == Some(0) {
                match self.look().await? {
                    Some(ended) => return Ok(ended),
                    None => continue,
                }
            }
            let tag = self.mirror.tag().map(str::to_owned);
            tokio::select! {
                biased;
                () = &mut stop => return Ok((String::new(), Exit::Answered)),
                () = tokio::time::sleep(BETWEEN_LOOKS), if self.looks.is_some() => {
                    if let Some(ended) = self.look().await? {
                        return Ok(ended);
                    }
                }
                signal = updates.next(alto, tag.as_deref()) => match signal? {
                    Signal::Update(update) => match self.take(update) {
                        Ok(()) => self.looks = args.check.then_some(0),
                        Err(detail) => {
                            self.give_up(&detail)?;
                            updates.restart();
                        }
                    },
                    Signal::Note(note) => output::complain(&format!("brokerctl: {note}")),
                    Signal::Ended(why) => {
                        output::complain(&format!("brokerctl: {why}"));
                        return Ok((String::new(), Exit::Answered));
                    }
                },
            }
        }
    }

    /// Takes an update, and tells it.
    fn take(&mut self, update: Update) -> Result<(), String> {
        let event = update.media_type.to_string();
        let content_id = update.content_id.clone();
        let change = self
            .mirror
            .apply(update)
            .map_err(|fault| fault.to_string())?;
        self.updates += 1;
        // A whole one proves nothing: it may be followed by the same wrong patch again.
        if change.kind != Kind::Replacement {
            self.faults = 0;
        }
        let text = match self.asked.json {
            true => format!(
                "{}\n",
                json!({"event": event, "content-id": content_id, "tag": change.tag, "data": change.json})
            ),
            false => self.line(&change, content_id.as_deref()),
        };
        output::print(&text).map_err(|error| error.to_string())
    }

    /// `15:00:10 costmap: merge patch, 214 bytes, tag 3ee2, 3 pairs`.
    fn line(&self, change: &Change, content_id: Option<&str>) -> String {
        let part = content_id.map_or_else(String::new, |id| format!(" part {id}"));
        let tag = change
            .tag
            .as_ref()
            .map_or_else(String::new, |tag| format!(", tag {tag}"));
        let changed = match (change.changed as u64, change.unit) {
            (number, "entity") if number != 1 => format!("{number} entities"),
            (number, unit) => counted(number, unit),
        };
        format!(
            "{} {}{part}: {}, {} bytes{tag}, {changed} changed\n",
            clock::now().timestamp.strftime("%H:%M:%S"),
            self.resource.id,
            change.kind.as_str(),
            change.octets,
        )
    }

    /// What came is of no use: all is to be had anew, but not for ever.
    fn give_up(&mut self, detail: &str) -> Result<(), ClientError> {
        self.faults += 1;
        self.mirror.clear();
        self.looks = None;
        if self.faults >= MOST_FAULTS {
            return Err(not_understood(self.resource, detail.to_owned()));
        }
        output::complain(&format!(
            "brokerctl: {detail}; the whole is asked for again"
        ));
        Ok(())
    }

    /// Fetches the resource, and compares. The end, if it is another one for good.
    async fn look(&mut self) -> Result<Option<(String, Exit)>, ClientError> {
        let reply = self
            .asked
            .alto
            .ask(self.resource, self.input.as_ref(), None)
            .await?;
        let essence = self.resource.media_type.essence();
        let parts = reply.parts(&[essence])?;
        if self.mirror.says(&parts) {
            self.looks = None;
            return Ok(None);
        }
        let looks = self.looks.unwrap_or(0) + 1;
        self.looks = Some(looks);
        if looks < MOST_LOOKS {
            return Ok(None);
        }
        let tag = self
            .mirror
            .tag()
            .map_or_else(String::new, |tag| format!(" (tag {tag})"));
        let fetched = parts
            .first()
            .and_then(|part| part.json.pointer("/meta/vtag/tag"));
        let fetched = fetched
            .and_then(Value::as_str)
            .map_or_else(String::new, |tag| format!(" (tag {tag})"));
        output::complain(&format!(
            "brokerctl: {}: what the updates made{tag} is not what the server says{fetched}",
            self.resource.id
        ));
        Ok(Some((String::new(), Exit::NotUnderstood)))
    }
}

/// Resolves when somebody wants the program to end: Ctrl-C, or as a service manager says it.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                stopped = tokio::signal::ctrl_c() => if stopped.is_ok() { return },
            }
        }
    }
    // Without signals it ends as its process does.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
