//! Reservations: making them, looking at them, deciding for them, giving them back.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::args::{ReservationCommand, ReserveArgs};
use super::page::Page;
use super::request::{GraphFile, members};
use super::{Exit, shown, tables};
use crate::client::reservations::{Reservation, Reservations};
use crate::client::{Client, ClientError};

pub(super) async fn answer(
    client: &Client,
    command: ReservationCommand,
    json: bool,
) -> Result<(String, Exit), ClientError> {
    let reservation = match command {
        ReservationCommand::Reserve(args) => {
            let request = request(&args)?;
            client.reserve(request, args.key.as_deref()).await?.content
        }
        ReservationCommand::Reservations { after } => {
            let found = client.reservations(after.as_deref()).await?.content;
            let text = shown(json, &found.json, &|| list(&found));
            return Ok((text, Exit::Answered));
        }
        ReservationCommand::Reservation { id } => client.reservation(&id).await?.content,
        ReservationCommand::Confirm { id } => client.confirm(&id).await?.content,
        ReservationCommand::Extend { id, hold } => client.extend(&id, hold).await?.content,
        ReservationCommand::Release { id } => {
            client.release(&id).await?;
            let text = if json {
                String::new()
            } else {
                format!("{id} is given back\n")
            };
            return Ok((text, Exit::Answered));
        }
    };
    let text = shown(json, &reservation.json, &|| page(&reservation));
    Ok((text, Exit::Answered))
}

fn request(args: &ReserveArgs) -> Result<Vec<u8>, ClientError> {
    let graph = GraphFile::read(&args.sg)?;
    let mut asked = members(&args.rules)?;
    asked.extend(
        args.hold
            .map(|hold| ("hold".to_owned(), hold.as_secs().into())),
    );
    if !args.choice.is_empty() {
        let pairs = args.choice.iter();
        let choice: Map<String, Value> = pairs
            .map(|(node, domain)| (node.clone(), domain.as_str().into()))
            .collect();
        asked.insert("choice".to_owned(), Value::Object(choice));
    }
    Ok(graph.reservation_with(asked))
}

fn list(found: &Reservations) -> String {
    if found.reservations.is_empty() {
        return "no reservations\n".to_owned();
    }
    let mut text = format!("{}\n", tables::reservations(&found.reservations));
    if let (true, Some(last)) = (found.more, found.reservations.last()) {
        let _ = writeln!(
            text,
            "There are more: brokerctl reservations --after {}",
            last.id
        );
    }
    text
}

fn page(reservation: &Reservation) -> String {
    let mut page = Page::default();
    page.field("reservation", &reservation.id);
    page.field("state", &reservation.state);
    page.field("holder", &reservation.holder);
    if let Some(created) = reservation.created {
        page.field("created", format!("{created:.0}"));
    }
    match reservation.until {
        Some(until) => page.field("until", format!("{until:.0}")),
        None => page.field("until", "released"),
    }
    let nodes: Vec<String> = reservation
        .placement
        .nodes
        .iter()
        .map(|(node, domain)| format!("{node} in {domain}"))
        .collect();
    page.list("nodes", &nodes, 100);
    let domains: Vec<String> = reservation
        .domains
        .iter()
        .filter(|(_, held)| !held.is_empty())
        .map(|(domain, held)| {
            let amounts: Vec<String> = held
                .iter()
                .map(|(kind, amount)| match amount {
                    Value::String(text) => format!("{kind} {text}"),
                    other => format!("{kind} {other}"),
                })
                .collect();
            format!("{domain}: {}", amounts.join(" "))
        })
        .collect();
    page.list("held", &domains, 100);
    let links: Vec<String> = reservation
        .links
        .iter()
        .map(|link| format!("{} to {}: {}", link.from, link.to, link.bandwidth))
        .collect();
    page.list("links", &links, 100);
    page.into_text()
}
