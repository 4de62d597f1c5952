//! `brokerctl`, the broker's client for people and scripts: a command line, tables or JSON on
//! standard output, errors in plain words on standard error, and exit codes that scripts can use.
//!
//! | module | does |
//! |---|---|
//! | [`args`] | the command line |
//! | [`request`] | service graphs from files to request bodies |
//! | `validate` | exports checked as the broker would, without one |
//! | `member` | what a member does to its own entry |
//! | `placements`, `reserve` | placements and the topology; capacity held for them |
//! | [`orders`] | services ordered, changed and ended; the progress of an order as it happens |
//! | `partners` | who services are ordered from |
//! | `notifications` | what subscribers are told, and could not be told |
//! | [`alto`] | any ALTO server: maps, costs, properties, path vectors, updates as they come |
//! | [`dns`] | the records by which clients find a directory |
//! | [`draw`] | both as drawings |
//! | [`tables`], `domains`, `page` | answers as tables, which the testbed prints too, and as pages |
//! | `input`, [`output`] | files of bounded size; standard output that survives a closed pipe |

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

pub mod alto;
pub mod args;
pub mod dns;
mod domains;
pub mod draw;
mod input;
mod member;
mod notifications;
pub mod orders;
pub mod output;
mod page;
mod partners;
mod paths;
mod placements;
pub mod request;
mod reserve;
pub mod tables;
mod validate;

use crate::client::answers::PropertyMap;
use crate::client::directory::PropertyMapForm;
use crate::client::identity::{Credentials, User};
use crate::client::{Client, ClientError, Options};
use args::{Args, Command, Question};

/// How `brokerctl` ends; `--help` says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The question is answered.
    Answered = 0,
    /// The broker refused the request, or would refuse the export.
    Refused = 1,
    /// The command line, or a file that it names, is wrong.
    Usage = 2,
    /// No broker answered, or not in time.
    NoAnswer = 3,
    /// What answered is not understood.
    NotUnderstood = 4,
    /// The answer is that there is nothing: no placement, no path, no such domain.
    Nothing = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&ClientError> for Exit {
    fn from(error: &ClientError) -> Self {
        match error {
            ClientError::Input(_) => Self::Usage,
            ClientError::NoAnswer { .. } | ClientError::Timeout { .. } => Self::NoAnswer,
            ClientError::Refused(_) | ClientError::TooManyRequests { .. } => Self::Refused,
            ClientError::NotFound(_) => Self::Nothing,
            ClientError::NotABroker { .. } | ClientError::NotUnderstood { .. } => {
                Self::NotUnderstood
            }
        }
    }
}

/// Runs `brokerctl` with these arguments, the first of which is the program's name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // clap's own: help and version on standard output, all else on standard error. A closed
            // pipe is no fault of ours.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Answered
            }
            .into();
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            output::complain(&format!("brokerctl: cannot start: {error}"));
            return Exit::NoAnswer.into();
        }
    };
    match runtime.block_on(answer(args)) {
        Ok((text, exit)) => output::print(&text).map_or_else(
            |error| {
                output::complain(&format!("brokerctl: cannot write the answer: {error}"));
                Exit::Usage.into()
            },
            |()| exit.into(),
        ),
        Err(error) => {
            output::complain(&format!("brokerctl: {error}"));
            Exit::from(&error).into()
        }
    }
}

/// The text for standard output, and how to end.
async fn answer(args: Args) -> Result<(String, Exit), ClientError> {
    let Args {
        server,
        directory,
        token,
        user,
        password,
        tls,
        timeout,
        json,
        command,
    } = args;
    // A variable that is set to nothing is not set.
    let is_set = |secret: &SecretString| !secret.expose_secret().is_empty();
    let token = token.filter(is_set);
    let user = user.map(|name| User {
        name,
        password: password.unwrap_or_else(|| String::new().into()),
    });
    let options = Options {
        server,
        directory,
        credentials: Credentials { token, user },
        tls: tls.into(),
        timeout,
    };
    let client = Client::new;
    match command {
        Command::Ask(question) => ask(&client(options)?, question, json).await,
        Command::Alto(command) => alto::answer(options, command, json).await,
        Command::Dns(args) => dns::answer(&args, json),
        Command::Validate(args) => validate::validate(&args, json),
        Command::Reservation(command) => reserve::answer(&client(options)?, command, json).await,
        Command::Member(command) => member::answer(&client(options)?, command, json).await,
        Command::Notification(command) => {
            notifications::answer(&client(options)?, command, json).await
        }
        Command::Order(command) => orders::answer(&client(options)?, command, json).await,
    }
}

async fn ask(
    client: &Client,
    question: Question,
    json: bool,
) -> Result<(String, Exit), ClientError> {
    let shown = |value: &Value, table: &dyn Fn() -> String| shown(json, value, table);
    match question {
        Question::Directory => {
            let directory = client.directory().await?;
            let table = || tables::directory(&directory.content, client.server());
            Ok((shown(&directory.content.json, &table), Exit::Answered))
        }
        Question::Domains => {
            let answer = client.domains().await?;
            let table = || domains::domains(&answer.content.domains, answer.date);
            Ok((shown(&answer.content.json, &table), Exit::Answered))
        }
        Question::Domain { id } => {
            let answer = client.domain(&id).await?;
            let table = || domains::domain(&answer.content.state, answer.date);
            Ok((shown(&answer.content.json, &table), Exit::Answered))
        }
        Question::Propmap { rfc9240 } => {
            let form = if rfc9240 {
                PropertyMapForm::Rfc9240
            } else {
                PropertyMapForm::Draft
            };
            let directory = client.directory().await?.content;
            let map = client.property_map(&directory, form).await?.content;
            let table = || property_map(&map);
            Ok((shown(&map.json, &table), Exit::Answered))
        }
        Question::Paths(args) if args.wants_best() => paths::best(client, args, json).await,
        Question::Paths(args) => {
            let graph = request::GraphFile::read(&args.sg)?;
            let directory = client.directory().await?.content;
            let body = graph.path_vector_request();
            let mut paths = if json {
                client.path_vector_cost_map(&directory, body).await?.content
            } else {
                client.path_vectors(&directory, body).await?.content
            };
            if let Some(graph) = graph.decode() {
                request::in_order_of(&graph, &mut paths);
            }
            let exit = if paths.has_gap() {
                Exit::Nothing
            } else {
                Exit::Answered
            };
            Ok((shown(&paths.json, &|| tables::path_vectors(&paths)), exit))
        }
        Question::Placements(args) => placements::placements(client, args, json).await,
        Question::Topology(args) => placements::topology(client, args, json).await,
    }
}

fn property_map(map: &PropertyMap) -> String {
    format!("{}\n", tables::property_map(map))
}

/// The answer as JSON, as it came, or in words.
fn shown(json: bool, value: &Value, table: &dyn Fn() -> String) -> String {
    if json {
        format!("{value:#}\n")
    } else {
        table()
    }
}

#[cfg(test)]
mod tests;
