//! `brokerctl alto`: a client of any ALTO server.

use std::io::IsTerminal;
use std::net::IpAddr;
use std::path::Path;

use serde_json::{Value, json};

use super::{Exit, input, output, shown};
use crate::client::alto::Alto;
use crate::client::alto::catalogue::{Catalogue, Resource};
use crate::client::alto::choose::Between;
use crate::client::alto::costs::Costs;
use crate::client::alto::maps::{NetworkMap, Properties, retain_entities, retain_pids};
use crate::client::alto::mirror::by_content_id;
use crate::client::alto::request::Wish;
use crate::client::error::Refusal;
use crate::client::{ClientError, Options};
use args::{AltoCommand, PathvectorArgs};

pub mod args;
mod show;
mod watch;

/// The largest `--input` taken.
const MOST_INPUT: usize = 16 << 20;

const PROPERTY_MAP: &str = "application/alto-propmap+json";

type Answered = Result<(String, Exit), ClientError>;

pub(super) async fn answer(mut options: Options, command: AltoCommand, json: bool) -> Answered {
    if let AltoCommand::Directory { url: Some(url) } = &command {
        options.directory.clone_from(url);
    }
    let alto = Alto::new(options)?;
    let catalogue = alto.catalogue().await?;
    for note in &catalogue.notes {
        output::complain(&format!("brokerctl: {note}"));
    }
    let asked = Asked {
        alto,
        catalogue,
        json,
    };
    match command {
        AltoCommand::Directory { .. } => Ok(asked.directory()),
        AltoCommand::Networkmap {
            id,
            pid,
            address_type,
        } => {
            let wish = Wish {
                pids: pid,
                address_types: address_type,
                ..Wish::default()
            };
            asked.network_map(id.as_deref(), wish).await
        }
        AltoCommand::Costmap { costs, src, dst } => {
            let wish = costs.wish(&src, &dst).map_err(ClientError::Input)?;
            asked.costs(Between::Pids, wish, costs.id.as_deref()).await
        }
        AltoCommand::Pid { addresses, id } => asked.pids(addresses, id.as_deref()).await,
        AltoCommand::Endpointprop {
            addresses,
            property,
        } => {
            let wish = Wish {
                entities: addresses,
                properties: property,
                ..Wish::default()
            };
            asked.endpoint_properties(wish).await
        }
        AltoCommand::Endpointcost { costs, from, to } => {
            let wish = costs.wish(&from, &to).map_err(ClientError::Input)?;
            asked
                .costs(Between::Endpoints, wish, costs.id.as_deref())
                .await
        }
        AltoCommand::Propmap {
            id,
            entity,
            property,
        } => {
            let wish = Wish {
                entities: entity,
                properties: property,
                ..Wish::default()
            };
            asked.property_map(id.as_deref(), wish).await
        }
        AltoCommand::Pathvector(args) => asked.path_vectors(&args).await,
        AltoCommand::Get { id, input, etag } => asked.get(&id, input, etag.as_deref()).await,
        AltoCommand::Watch(args) => watch::watch(&asked, *args).await,
    }
}

/// A server whose directory has been read.
struct Asked {
    alto: Alto,
    catalogue: Catalogue,
    json: bool,
}

/// What was looked for is not in the directory.
fn absent(detail: String) -> ClientError {
    ClientError::NotFound(Refusal {
        code: detail,
        ..Refusal::default()
    })
}

fn exit(is_empty: bool) -> Exit {
    if is_empty {
        Exit::Nothing
    } else {
        Exit::Answered
    }
}

impl Asked {
    fn directory(&self) -> (String, Exit) {
        let each = self.catalogue.directories.iter();
        let each = each.map(|one| (one.url.to_string(), one.json.clone()));
        let whole = Value::Object(each.collect());
        let text = shown(self.json, &whole, &|| show::directory(&self.catalogue));
        (text, Exit::Answered)
    }

    /// Asks a resource for what the wish is about; one that takes nothing, for all.
    async fn ask(
        &self,
        resource: &Resource,
        wish: &Wish,
        expected: &str,
    ) -> Result<Value, ClientError> {
        let body = match &resource.accepts {
            Some(_) => Some(wish.body(&taken(resource)).map_err(ClientError::Input)?),
            None => None,
        };
        let reply = self.alto.ask(resource, body.as_ref(), None).await?;
        reply.json(expected)
    }

    async fn network_map(&self, id: Option<&str>, wish: Wish) -> Answered {
        let map = self.catalogue.network_map(id).map_err(absent)?;
        let wants_part = !wish.pids.is_empty() || !wish.address_types.is_empty();
        let filter = self
            .catalogue
            .network_map_filter(map)
            .filter(|_| wants_part);
        let resource = filter.unwrap_or(map);
        let mut answer = self
            .ask(resource, &wish, resource.media_type.essence())
            .await?;
        if filter.is_none() {
            retain_pids(&mut answer, &wish.pids, &wish.address_types);
        }
        let found =
            NetworkMap::decode(&answer).map_err(|detail| not_understood(resource, detail))?;
        let text = shown(self.json, &answer, &|| show::network_map(&found, &answer));
        Ok((text, exit(found.pids.is_empty())))
    }

    async fn costs(&self, between: Between, wish: Wish, id: Option<&str>) -> Answered {
        let calls = self.catalogue.costs(between, &wish, id).map_err(absent)?;
        let mut answers = Vec::new();
        for call in &calls {
            let answer = self
                .ask(call.resource, &call.wish, between.answer())
                .await?;
            answers.push((answer, call.wish.costs.len()));
        }
        let told: Vec<(&Value, usize)> = answers
            .iter()
            .map(|(answer, number)| (answer, *number))
            .collect();
        let at_fault = calls.first().map(|call| call.resource);
        let wrong = |detail| match at_fault {
            Some(resource) => not_understood(resource, detail),
            None => ClientError::Input(detail),
        };
        let mut costs = Costs::decode(&told).map_err(wrong)?;
        let is_whole = calls.iter().any(|call| call.resource.accepts.is_none());
        let is_untested = calls
            .iter()
            .any(|call| call.wish.constraints != wish.constraints);
        if is_whole || is_untested {
            let (from, to) = match is_whole {
                true => (wish.from.as_slice(), wish.to.as_slice()),
                // The server has chosen them, and may spell an address in another way.
                false => (&[][..], &[][..]),
            };
            costs.retain(from, to, &wish.constraints);
            answers.iter_mut().for_each(|(answer, _)| costs.cut(answer));
        }
        let mut answers: Vec<Value> = answers.into_iter().map(|(answer, _)| answer).collect();
        let json = match answers.len() {
            1 => answers.remove(0),
            _ => answers.into(),
        };
        let names: Vec<String> = wish.costs.iter().map(ToString::to_string).collect();
        let text = shown(self.json, &json, &|| show::costs(&costs, &names));
        Ok((text, exit(costs.pairs.is_empty())))
    }

    /// By the endpoint property service if it knows PIDs of the map, else by the map itself.
    async fn pids(&self, addresses: Vec<String>, id: Option<&str>) -> Answered {
        let map = self.catalogue.network_map(id).map_err(absent)?;
        let property = format!("{}.pid", map.id);
        let wish = Wish {
            entities: addresses,
            properties: vec![property.clone()],
            ..Wish::default()
        };
        let answer = match self.catalogue.endpoint_properties(&wish.properties) {
            Ok(service) => {
                self.ask(service, &wish, service.media_type.essence())
                    .await?
            }
            Err(_) => {
                let answer = self.ask(map, &wish, map.media_type.essence()).await?;
                let map =
                    NetworkMap::decode(&answer).map_err(|detail| not_understood(map, detail))?;
                let bare = |text: &String| text.split_once(':')?.1.parse::<IpAddr>().ok();
                let parsed: Vec<IpAddr> = wish.entities.iter().filter_map(bare).collect();
                let found = wish.entities.iter().zip(map.locate(&parsed));
                let found =
                    found.filter_map(|(name, pid)| Some((name.clone(), json!({&property: pid?}))));
                json!({"meta": {}, "endpoint-properties": Value::Object(found.collect())})
            }
        };
        let found = Properties::decode(&answer).map_err(|detail| not_understood(map, detail))?;
        let text = shown(self.json, &answer, &|| {
            show::pids(&wish.entities, &found, &property)
        });
        Ok((text, exit(found.entities.is_empty())))
    }

    async fn endpoint_properties(&self, mut wish: Wish) -> Answered {
        let service = self
            .catalogue
            .endpoint_properties(&wish.properties)
            .map_err(absent)?;
        if wish.properties.is_empty() {
            wish.properties
                .extend(service.listed("prop-types").map(str::to_owned));
        }
        let answer = self
            .ask(service, &wish, service.media_type.essence())
            .await?;
        self.properties(service, &answer)
    }

    async fn property_map(&self, id: Option<&str>, wish: Wish) -> Answered {
        let map = self.catalogue.property_map(&wish, id).map_err(absent)?;
        let mut answer = self.ask(map, &wish, PROPERTY_MAP).await?;
        if map.accepts.is_none() {
            retain_entities(&mut answer, &wish.entities, &wish.properties);
        }
        self.properties(map, &answer)
    }

    fn properties(&self, resource: &Resource, answer: &Value) -> Answered {
        let found =
            Properties::decode(answer).map_err(|detail| not_understood(resource, detail))?;
        let text = shown(self.json, answer, &|| show::properties(&found));
        Ok((text, exit(found.entities.is_empty())))
    }

    async fn path_vectors(&self, args: &PathvectorArgs) -> Answered {
        let between = match args.is_between_endpoints() {
            true => Between::Endpoints,
            false => Between::Pids,
        };
        let wish = args.wish();
        let resource = self
            .catalogue
            .path_vectors(between, &wish, args.id.as_deref())
            .map_err(absent)?;
        let body = wish.body(between.request()).map_err(ClientError::Input)?;
        let reply = self.alto.ask(resource, Some(&body), None).await?;
        // A server may know no better than to answer the plain costs.
        let parts = reply.parts(&["multipart/related", between.answer()])?;
        let wrong = |detail| reply.not_understood(detail);
        let root = parts
            .iter()
            .find(|part| part.media_type == between.answer());
        let root = root.ok_or_else(|| wrong(format!("it has no part {}", between.answer())))?;
        let costs = Costs::decode(&[(&root.json, 1)]).map_err(wrong)?;
        let elements = parts.iter().find(|part| part.media_type == PROPERTY_MAP);
        let elements = elements
            .map(|part| Properties::decode(&part.json))
            .transpose()
            .map_err(wrong)?;
        let elements = elements.unwrap_or_default();
        let text = shown(self.json, &by_content_id(&parts), &|| {
            show::path_vectors(&costs, &elements)
        });
        Ok((text, exit(costs.pairs.is_empty())))
    }

    async fn get(&self, id: &str, input: Option<String>, etag: Option<&str>) -> Answered {
        let resource = self.catalogue.resource(id).map_err(absent)?;
        let body = input.map(|input| read_input(&input)).transpose()?;
        let etag = etag.map(|tag| match tag.starts_with('"') || tag.starts_with("W/") {
            true => tag.to_owned(),
            false => format!("\"{tag}\""),
        });
        let reply = self
            .alto
            .ask(resource, body.as_ref(), etag.as_deref())
            .await?;
        if reply.is_unchanged {
            output::complain(&format!("brokerctl: {id} is still this version"));
            return Ok((String::new(), Exit::Nothing));
        }
        if self.json {
            let content = match serde_json::from_slice::<Value>(&reply.body) {
                Ok(content) => content,
                Err(_) => String::from_utf8_lossy(&reply.body).into(),
            };
            let whole = json!({"url": reply.url, "media-type": reply.media_type.to_string(),
                               "etag": reply.etag, "content": content});
            return Ok((format!("{whole:#}\n"), Exit::Answered));
        }
        if std::io::stdout().is_terminal() {
            // A terminal would obey what a server sends.
            return Ok((
                String::from_utf8_lossy(&reply.body).into_owned(),
                Exit::Answered,
            ));
        }
        output::print_bytes(&reply.body).map_err(unwritten)?;
        Ok((String::new(), Exit::Answered))
    }
}

/// The first media type that a resource takes, without parameters.
fn taken(resource: &Resource) -> String {
    let first = resource
        .accepts
        .as_deref()
        .unwrap_or_default()
        .split([',', ';'])
        .next();
    first.unwrap_or_default().trim().to_ascii_lowercase()
}

fn not_understood(resource: &Resource, detail: String) -> ClientError {
    ClientError::NotUnderstood {
        url: resource.uri.clone(),
        detail,
    }
}

fn unwritten(error: std::io::Error) -> ClientError {
    ClientError::Input(format!("cannot write the answer: {error}"))
}

/// What is asked of a resource: JSON itself, or a file of it.
fn read_input(text: &str) -> Result<Value, ClientError> {
    let bytes = if text.trim_start().starts_with('{') {
        text.as_bytes().to_vec()
    } else {
        let path = Path::new(text);
        input::read(path, MOST_INPUT).map_err(|error| input::unreadable(path, &error))?
    };
    serde_json::from_slice(&bytes)
        .map_err(|error| ClientError::Input(format!("--input is not JSON: {error}")))
}
