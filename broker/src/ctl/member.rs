//! What a member without an orchestrator does from the command line: register, push, say that it is alive.

use std::path::Path;
use std::time::Duration;

use nffg::{DomainId, Syntax};
use serde_json::{Value, json};

use super::args::{MemberCommand, condition};
use super::domains::{document_counts, located};
use super::page::{Page, counted};
use super::{Exit, input, output};
use crate::client::answers::DocumentState;
use crate::client::error::Refusal;
use crate::client::member::{Change, Registration, Sent};
use crate::client::{Client, ClientError};
use crate::ingest::Slot;

/// The text for standard output, and how to end.
pub(super) async fn answer(
    client: &Client,
    command: MemberCommand,
    json: bool,
) -> Result<(String, Exit), ClientError> {
    let text = match command {
        MemberCommand::Register {
            domain,
            entry_point,
            asn,
            lifetime,
        } => {
            let registration = Registration {
                entry_point,
                asn,
                lifetime,
            };
            let change = client.register(&domain, &registration).await?.content;
            shown(&change.json, json, || registered(&domain, &change))
        }
        MemberCommand::Push {
            domain,
            document: slot,
            file,
            if_match,
            create,
            format,
        } => {
            let (body, syntax) = read(&file)?;
            let sent = Sent {
                body,
                syntax,
                format,
            };
            let condition = condition(if_match, create);
            let change = client.push(&domain, slot, sent, &condition).await;
            let change = change
                .map_err(|error| of_file(error, &domain, &file))?
                .content;
            shown(&change.json, json, || taken(&domain, slot, &change))
        }
        MemberCommand::Patch {
            domain,
            document: slot,
            file,
            if_match,
        } => {
            let (patch, syntax) = read(&file)?;
            let condition = condition(if_match, false);
            let change = client.patch(&domain, slot, patch, syntax, &condition).await;
            // Faults have their places in the document that the patch makes, which is in no file.
            let change = change.map_err(|error| told(error, &domain))?.content;
            shown(&change.json, json, || taken(&domain, slot, &change))
        }
        MemberCommand::Get { domain, document } => {
            let kept = client.pushed(&domain, document).await?.content;
            if !json {
                output::print_bytes(&kept.body).map_err(|error| unwritable(&error))?;
                return Ok((String::new(), Exit::Answered));
            }
            let value = json!({
                "domain": domain.as_str(),
                "media-type": kept.media_type,
                "version": kept.version,
                "document": String::from_utf8_lossy(&kept.body),
            });
            format!("{value:#}\n")
        }
        MemberCommand::Heartbeat { domain, every } => {
            let change = client.heartbeat(&domain, None).await;
            let change = change.map_err(|error| told(error, &domain))?.content;
            let text = shown(&change.json, json, || alive(&domain, &change, every));
            let Some(every) = every else {
                return Ok((text, Exit::Answered));
            };
            output::print(&text).map_err(|error| unwritable(&error))?;
            keep_alive(client, &domain, every).await?;
            String::new()
        }
        MemberCommand::Withdraw { domain, document } => {
            let done = client.withdraw(&domain, document).await;
            done.map_err(|error| told(error, &domain))?;
            let done = json!({"domain": domain.as_str(), "withdrawn": document.as_str()});
            shown(&done, json, || {
                format!("{domain} has withdrawn its {}\n", document.as_str())
            })
        }
        MemberCommand::Leave { domain } => {
            let done = client.leave(&domain).await;
            done.map_err(|error| told(error, &domain))?;
            let done = json!({"domain": domain.as_str(), "left": true});
            shown(&done, json, || {
                format!("{domain} has left: all that it pushed is forgotten\n")
            })
        }
    };
    Ok((text, Exit::Answered))
}

fn shown(value: &Value, json: bool, words: impl FnOnce() -> String) -> String {
    if json {
        format!("{value:#}\n")
    } else {
        words()
    }
}

/// A document and what it is written in.
fn read(file: &Path) -> Result<(Vec<u8>, Syntax), ClientError> {
    let body =
        input::read(file, nffg::MAX_BYTES).map_err(|error| input::unreadable(file, &error))?;
    let name = file.file_name().and_then(|name| name.to_str());
    let syntax = name.and_then(Syntax::of_file_name);
    let syntax = syntax.unwrap_or_else(|| Syntax::of_beginning(&body));
    Ok((body, syntax))
}

/// An error about a document, whose faults have their places in `file`.
fn of_file(error: ClientError, domain: &DomainId, file: &Path) -> ClientError {
    match told(error, domain) {
        ClientError::Refused(refusal) => {
            ClientError::Refused(refusal.of_file(&super::validate::place_name(file)))
        }
        other => other,
    }
}

/// An error that says what the caller can do here.
fn told(error: ClientError, domain: &DomainId) -> ClientError {
    match error {
        ClientError::NotFound(refusal) if refusal.code == "Not registered" => {
            ClientError::NotFound(Refusal {
                detail: Some(format!(
                    "{domain} has not registered, or the broker has forgotten it since; \
                     'brokerctl register {domain}' comes first, then what it has to tell"
                )),
                ..refusal
            })
        }
        other => other,
    }
}

fn unwritable(error: &std::io::Error) -> ClientError {
    ClientError::Input(format!("cannot write the answer: {error}"))
}

// ---- what came of it, in words

fn registered(domain: &DomainId, change: &Change) -> String {
    let mut page = Page::default();
    let is = if change.created {
        "is a member now"
    } else {
        "was a member already, and is as told"
    };
    page.line(format_args!("{domain} {is}"));
    version_on(&mut page, change);
    page.into_text()
}

fn version_on(page: &mut Page, change: &Change) {
    if let Some(version) = &change.version {
        page.field("  version", version);
    }
    if let Some(lifetime) = change.lifetime {
        page.field(
            "  good for",
            format_args!("{lifetime} s without further word"),
        );
    }
}

fn taken(domain: &DomainId, slot: Slot, change: &Change) -> String {
    let mut page = Page::default();
    let (slot, is) = match slot {
        Slot::Resources => ("resources", "are"),
        Slot::Topology => ("topology", "is"),
        Slot::Windows => ("windows", "are"),
    };
    let what = if change.created {
        "in force"
    } else {
        "replaced"
    };
    page.line(format_args!("the {slot} of {domain} {is} {what}"));
    if let Some(document) = &change.document {
        let DocumentState { format, syntax, .. } = document;
        let bytes = counted(document.bytes, "byte");
        page.field("  document", format_args!("{format} in {syntax}, {bytes}"));
        page.field("  tells", document_counts(document));
    }
    version_on(&mut page, change);
    for warning in change
        .document
        .iter()
        .flat_map(|document| &document.warnings)
    {
        page.field(
            "  warning",
            located(warning.line, &warning.path, &warning.text),
        );
    }
    page.into_text()
}

fn alive(domain: &DomainId, change: &Change, every: Option<Duration>) -> String {
    let mut text = format!("{domain} is alive");
    if let Some(lifetime) = change.lifetime {
        text.push_str(&format!(", and good for {lifetime} s without further word"));
    }
    if let Some(every) = every {
        let every_text = humantime_serde::re::humantime::format_duration(every);
        text.push_str(&format!("; saying so every {every_text} until stopped"));
        if change
            .lifetime
            .is_some_and(|lifetime| every.as_secs() >= lifetime)
        {
            text.push_str(&format!(
                "\n{domain} will be stale in between: say it more often, or register with a longer --lifetime"
            ));
        }
    }
    text.push('\n');
    text
}

/// Says that the member is alive until the program is told to stop, or the broker will not hear of it any
/// more. A broker that is away for a while is waited for.
async fn keep_alive(
    client: &Client,
    domain: &DomainId,
    every: Duration,
) -> Result<(), ClientError> {
    let mut stop = std::pin::pin!(stopped());
    let mut is_failing = false;
    loop {
        let beat = async {
            tokio::time::sleep(every).await;
            client.heartbeat(domain, None).await
        };
        let answer = tokio::select! {
            () = &mut stop => return Ok(()),
            answer = beat => answer,
        };
        match answer {
            Ok(_) if is_failing => {
                is_failing = false;
                output::complain(&format!("brokerctl: {domain} is heard again"));
            }
            Ok(_) => {}
            Err(error) if is_passing(&error) => {
                // Once for each time that it is away.
                if !std::mem::replace(&mut is_failing, true) {
                    output::complain(&format!("brokerctl: {error}; trying again"));
                }
            }
            Err(error) => return Err(told(error, domain)),
        }
    }
}

/// Whether the same request may be answered later.
fn is_passing(error: &ClientError) -> bool {
    match error {
        ClientError::Refused(refusal) => refusal.status.is_server_error(),
        ClientError::Input(_) | ClientError::NotFound(_) => false,
        _ => true,
    }
}

/// Until SIGINT or SIGTERM.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

#[cfg(test)]
mod tests;
