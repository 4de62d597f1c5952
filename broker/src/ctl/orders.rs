//! Services: ordered, changed, ended and looked at, over MEF LSO Legato; and why their partners were chosen.

use std::io::IsTerminal;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value, json};

use super::args::{ListPart, Moment, OrderArgs, OrderCommand, Rules, Terms, Wish};
use super::request::{GraphFile, members};
use super::{Exit, output, partners, shown};
use crate::client::orders::{Progress, ServiceOrder};
use crate::client::{Client, ClientError};
use crate::clock;

pub mod board;
mod pages;
mod rules;
mod selection;

use board::Board;
use rules::rules;
pub use selection::selection;

/// From one look at the progress to the next: the shortest while there is news, the longest when there has been none for long.
const PAUSES: [Duration; 2] = [Duration::from_millis(30), Duration::from_secs(1)];

pub(super) async fn answer(
    client: &Client,
    command: OrderCommand,
    json: bool,
) -> Result<(String, Exit), ClientError> {
    let text = match command {
        OrderCommand::Order(args) => return order(client, args, json).await,
        OrderCommand::Modify {
            service,
            sg,
            wish,
            terms,
            watch,
        } => {
            let mut told = wanted(&GraphFile::read(&sg)?, &wish)?;
            told.insert("id".to_owned(), service.into());
            let order = send(client, "modify", told, &terms).await?;
            return ordered(client, &order, watch, json).await;
        }
        OrderCommand::Delete {
            service,
            terms,
            watch,
        } => {
            let told = Map::from_iter([("id".to_owned(), service.into())]);
            let order = send(client, "delete", told, &terms).await?;
            return ordered(client, &order, watch, json).await;
        }
        OrderCommand::Orders { state, part } => {
            let found = client.orders(&filters(state, part)).await?.content;
            shown(json, &found.json, &|| pages::orders(&found, part))
        }
        OrderCommand::Services { state, part } => {
            let found = client.services(&filters(state, part)).await?.content;
            shown(json, &found.json, &|| pages::services(&found, part))
        }
        OrderCommand::Service { id } => {
            let found = client.service(&id).await?.content;
            shown(json, &found.json, &|| pages::service(&found))
        }
        OrderCommand::Partners { after } => partners::list(client, after, json).await?,
        OrderCommand::Partner { domain } => partners::one(client, &domain, json).await?,
        OrderCommand::Rules => {
            let found = client.rules().await?.content;
            shown(json, &found.json, &|| rules(&found))
        }
        OrderCommand::Selection { id } => {
            let found = client.selection(&id).await?.content;
            shown(json, &found.json, &|| selection(&found))
        }
    };
    Ok((text, Exit::Answered))
}

async fn order(
    client: &Client,
    args: OrderArgs,
    json: bool,
) -> Result<(String, Exit), ClientError> {
    let OrderArgs {
        id,
        sg,
        wish,
        terms,
        watch,
    } = args;
    let Some(sg) = sg else {
        let found = client.service_order(&id.unwrap_or_default()).await?.content;
        if watch {
            return follow(client, &found.id, json).await;
        }
        let progress = client.progress(&found.id).await?.content;
        let text = shown(json, &found.json, &|| pages::order(&found, &progress));
        return Ok((text, Exit::Answered));
    };
    let mut told = wanted(&GraphFile::read(&sg)?, &wish)?;
    told.extend(terms.external_id.iter().map(|name| {
        // The service is found by it, too.
        ("externalId".to_owned(), name.as_str().into())
    }));
    let order = send(client, "add", told, &terms).await?;
    ordered(client, &order, watch, json).await
}

/// The service of an item, as it is to be.
fn wanted(graph: &GraphFile, wish: &Wish) -> Result<Map<String, Value>, ClientError> {
    let rules = Rules {
        objective: wish.objective.clone(),
        constraints: wish.constraints.clone(),
        ignore_policy: wish.ignore_policy,
        disjoint: None,
    };
    let mut members = members(&rules)?;
    let availability = wish.availability.iter();
    members.extend(availability.map(|share| {
        let sls = json!({"availability": share});
        ("sls".to_owned(), sls)
    }));
    let configuration = graph.configuration_with(members);
    let mut service = Map::from_iter([("serviceConfiguration".to_owned(), configuration)]);
    let told = [("state", &wish.state), ("serviceType", &wish.service_type)];
    service.extend(told.into_iter().filter_map(|(name, told)| {
        let told = told.as_deref()?;
        Some((name.to_owned(), Value::from(told)))
    }));
    Ok(service)
}

async fn send(
    client: &Client,
    action: &str,
    service: Map<String, Value>,
    terms: &Terms,
) -> Result<ServiceOrder, ClientError> {
    let order =
        one_item(action, service, terms, clock::now().timestamp).map_err(ClientError::Input)?;
    Ok(client.order(&order).await?.content)
}

/// An order of one item, ready to be sent.
///
/// # Errors
/// The terms name a time that there is not.
pub fn one_item(
    action: &str,
    service: Map<String, Value>,
    terms: &Terms,
    now: Timestamp,
) -> Result<Value, String> {
    let moment = |given: Option<Moment>, usual: Timestamp| match given {
        Some(moment) => moment.after(now),
        None => Ok(usual),
    };
    let start = moment(terms.start, now)?;
    let day = start.checked_add(24.hours()).unwrap_or(Timestamp::MAX);
    let end = moment(terms.end, day)?;
    let mut order = json!({
        "requestedStartDate": start,
        "requestedCompletionDate": end,
        "serviceOrderItem": [{"id": "1", "action": action, "service": service}],
    });
    if let Some(name) = &terms.external_id {
        order["externalId"] = name.as_str().into();
    }
    Ok(order)
}

/// What is said of an order that was taken.
async fn ordered(
    client: &Client,
    order: &ServiceOrder,
    watch: bool,
    json: bool,
) -> Result<(String, Exit), ClientError> {
    if !watch {
        let text = shown(json, &order.json, &|| pages::taken(order));
        return Ok((text, Exit::Answered));
    }
    if !json {
        say(&pages::taken(order))?;
    }
    follow(client, &order.id, json).await
}

fn say(text: &str) -> Result<(), ClientError> {
    output::print(text).map_err(unwritten)
}

fn unwritten(error: std::io::Error) -> ClientError {
    ClientError::Input(format!("cannot write the answer: {error}"))
}

/// Shows the progress of an order until it is done: a table that is drawn anew, where that can be, else a line for each step.
/// As JSON each change is a document of its own, on one line.
async fn follow(client: &Client, id: &str, json: bool) -> Result<(String, Exit), ClientError> {
    let redraws = !json && std::io::stdout().is_terminal();
    let mut board = Board::default();
    let mut drawn = 0;
    let mut last: Option<Progress> = None;
    let [shortest, longest] = PAUSES;
    let mut pause = shortest;
    loop {
        let answer = client.progress(id).await?;
        let progress = answer.content;
        if last.as_ref() != Some(&progress) {
            pause = shortest;
            let news = board.update(&progress);
            if json {
                say(&format!("{}\n", progress.json))?;
            } else if redraws {
                let table = board.table();
                output::redraw(&table, drawn).map_err(unwritten)?;
                drawn = table.lines().count();
            } else {
                let time = answer.date.map(|date| date.strftime("%H:%M:%S "));
                let time = time.map_or_else(String::new, |time| time.to_string());
                for line in news {
                    say(&format!("{time}{line}\n"))?;
                }
            }
        }
        if progress.is_final() {
            let exit = match progress.state.as_str() {
                "completed" => Exit::Answered,
                _ => Exit::Refused,
            };
            let end = match json {
                true => String::new(),
                false => pages::ended(&progress),
            };
            return Ok((end, exit));
        }
        last = Some(progress);
        tokio::time::sleep(pause).await;
        pause = pause.mul_f64(1.2).min(longest);
    }
}

fn filters(state: Option<String>, part: ListPart) -> Vec<(&'static str, String)> {
    let mut filters = Vec::new();
    filters.extend(state.map(|state| ("state", state)));
    filters.extend((part.offset > 0).then(|| ("offset", part.offset.to_string())));
    filters.extend(part.limit.map(|limit| ("limit", limit.to_string())));
    filters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_order_begins_at_once_and_has_a_day_unless_something_else_is_said() {
        let now = time("2026-03-01T12:00:00Z");
        let dates = |start, end| {
            let terms = Terms {
                start,
                end,
                ..Terms::default()
            };
            let order = one_item("add", Map::new(), &terms, now).unwrap();
            ["requestedStartDate", "requestedCompletionDate"]
                .map(|name| order[name].as_str().unwrap().to_owned())
        };
        let minutes = |n: u64| Some(Moment::In(Duration::from_secs(60 * n)));
        assert_eq!(
            dates(None, None),
            ["2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z"]
        );
        assert_eq!(
            dates(minutes(10), None),
            ["2026-03-01T12:10:00Z", "2026-03-02T12:10:00Z"]
        );
        let end = Some(Moment::At(time("2026-04-01T00:00:00Z")));
        assert_eq!(
            dates(minutes(1), end),
            ["2026-03-01T12:01:00Z", "2026-04-01T00:00:00Z"]
        );
    }
}
