//! Notifications: how each subscriber's are doing, and those that were given up.

use std::fmt::Write;

use comfy_table::ColumnConstraint;

use super::args::{LetterCommand, NotificationCommand};
use super::{Exit, shown, tables};
use crate::client::notifications::{DeadLetters, Notifications};
use crate::client::{Client, ClientError};

pub(super) async fn answer(
    client: &Client,
    command: NotificationCommand,
    json: bool,
) -> Result<(String, Exit), ClientError> {
    let text = match command {
        NotificationCommand::Notifications { after } => {
            let found = client.notifications(after.as_deref()).await?.content;
            shown(json, &found.json, &|| subscriptions(&found))
        }
        NotificationCommand::DeadLetters {
            after,
            command: None,
        } => {
            let found = client.dead_letters(after.as_deref()).await?.content;
            shown(json, &found.json, &|| letters(&found))
        }
        NotificationCommand::DeadLetters {
            command: Some(command),
            ..
        } => {
            let done = match command {
                LetterCommand::Retry { id } => {
                    client.retry_dead_letter(&id).await?;
                    format!("{id} is sent again\n")
                }
                LetterCommand::Forget { id } => {
                    client.forget_dead_letter(&id).await?;
                    format!("{id} is forgotten\n")
                }
            };
            if json { String::new() } else { done }
        }
    };
    Ok((text, Exit::Answered))
}

fn subscriptions(found: &Notifications) -> String {
    if found.subscriptions.is_empty() {
        return "no subscriptions\n".to_owned();
    }
    let header = [
        "Subscription",
        "Buyer",
        "Callback",
        "Waiting",
        "Oldest",
        "Missed",
        "Dead",
        "Last error",
    ];
    let mut table = tables::table(tables::PLAIN, &header);
    // An id is there to be copied whole.
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    for one in &found.subscriptions {
        let oldest = one.oldest.map(|oldest| format!("{oldest:.0}"));
        table.add_row([
            one.id.clone(),
            one.buyer.clone(),
            one.callback.clone(),
            one.waiting.to_string(),
            oldest.unwrap_or_else(|| "-".to_owned()),
            one.missed.to_string(),
            one.dead.to_string(),
            one.last_error.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    let mut text = format!("{table}\n");
    if let (true, Some(last)) = (found.more, found.subscriptions.last()) {
        let _ = writeln!(
            text,
            "There are more: brokerctl notifications --after {}",
            last.id
        );
    }
    text
}

fn letters(found: &DeadLetters) -> String {
    if found.dead_letters.is_empty() {
        return "no dead letters\n".to_owned();
    }
    let header = ["Dead letter", "Event", "Happened", "Tries", "Last error"];
    let mut table = tables::table(tables::PLAIN, &header);
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    for letter in &found.dead_letters {
        let time = letter.time.map(|time| format!("{time:.0}"));
        table.add_row([
            letter.id.clone(),
            letter.event_type.clone(),
            time.unwrap_or_else(|| "-".to_owned()),
            letter.tries.to_string(),
            letter.last_error.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    let mut text = format!("{table}\n");
    if let (true, Some(last)) = (found.more, found.dead_letters.last()) {
        let _ = writeln!(
            text,
            "There are more: brokerctl dead-letters --after {}",
            last.id
        );
    }
    text
}
