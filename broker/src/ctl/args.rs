//! The command line of `brokerctl`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand};
use jiff::Timestamp;
use nffg::export::Format;
use nffg::{DomainId, Syntax};
use secrecy::SecretString;
use serde_json::{Map, Value};
use sof::order::OrderState;
use sof::service::ServiceState;
use url::Url;

use super::alto::args::AltoCommand;
use super::dns::DnsArgs;
use crate::client::identity::Tls;
use crate::client::member::Condition;
use crate::ingest::Slot;
use crate::reservations::IdempotencyKey;

const AFTER_HELP: &str = "\
A service graph FILE is JSON in the draft's form (nfs, saps, sg_links, reqs) or ESCAPE's NFFG
(node_nfs, ...), alone or as the 'sg' of a whole request. An export FILE is in any format that the
broker takes. - is standard input.

Exit codes:
  0  answered; of 'validate': everything is good; of '--watch': the order is completed
  1  the broker refused the request; of 'validate': there are faults; of '--watch': the order failed
  2  the command line, or a file that it names, is wrong
  3  no broker answered, or not in time
  4  an answer that is not understood: no ALTO server, or not one that we know; of 'alto watch --check':
     the changes did not make what the server says
  5  nothing found: no placement, a link without a path, no such domain, nothing in the directory that
     answers; of 'alto get --etag': not changed";

/// Asks a broker who could deliver a service, and over which domains; orders it; speaks for a member
/// domain; checks exports.
#[derive(Debug, Parser)]
#[command(name = "brokerctl", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Args {
    /// The broker.
    #[arg(
        long, global = true, value_name = "URL", env = "BROKERCTL_SERVER",
        default_value = "http://127.0.0.1:8181", value_parser = server_url
    )]
    pub server: Url,
    /// Where the information resource directory is on it; of 'alto' it may be a whole URL, of any server.
    #[arg(long, global = true, value_name = "PATH", default_value = "/directory")]
    pub directory: String,
    /// A bearer token; better in the environment, where others cannot see it.
    #[arg(long, global = true, env = "BROKERCTL_TOKEN", hide_env_values = true)]
    pub token: Option<SecretString>,
    /// A user of HTTP Digest (RFC 7616), in place of a token.
    #[arg(long, global = true, value_name = "NAME", env = "BROKERCTL_USER")]
    pub user: Option<String>,
    /// The user's password; better in the environment, where others cannot see it.
    #[arg(
        long,
        global = true,
        env = "BROKERCTL_PASSWORD",
        hide_env_values = true
    )]
    pub password: Option<SecretString>,
    /// What is shown and believed over TLS.
    #[command(flatten)]
    pub tls: TlsArgs,
    /// How long to wait for an answer: 500ms, 10s, 2m.
    #[arg(
        long, global = true, value_name = "TIME", default_value = "30s",
        value_parser = humantime_serde::re::humantime::parse_duration
    )]
    pub timeout: Duration,
    /// Print JSON instead of words and tables: the broker's own, where the broker is asked.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What is shown and believed over TLS.
#[derive(Debug, clap::Args)]
pub struct TlsArgs {
    /// The client's certificate, with its chain: PEM.
    #[arg(long, global = true, value_name = "FILE", env = "BROKERCTL_CERT")]
    pub cert: Option<PathBuf>,
    /// Its key, if that is not in the same file: PEM.
    #[arg(long, global = true, value_name = "FILE", env = "BROKERCTL_CERT_KEY")]
    pub cert_key: Option<PathBuf>,
    /// Further certificate authorities that the server's certificate may be signed by: PEM.
    #[arg(long, global = true, value_name = "FILE", env = "BROKERCTL_CACERT")]
    pub cacert: Option<PathBuf>,
}

impl From<TlsArgs> for Tls {
    fn from(args: TlsArgs) -> Self {
        Self {
            authorities: args.cacert,
            certificate: args.cert,
            key: args.cert_key,
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Asks the broker.
    #[command(flatten)]
    Ask(Question),
    /// Checks exports as the broker would, without a broker.
    Validate(ValidateArgs),
    /// Asks any ALTO server: maps, costs, properties, path vectors, changes as they happen.
    #[command(subcommand)]
    Alto(AltoCommand),
    /// Prints the DNS records by which clients find a directory (RFC 7286, RFC 8686).
    Dns(DnsArgs),
    /// Holds capacity for placements.
    #[command(flatten)]
    Reservation(ReservationCommand),
    /// What a member does to its own entry.
    #[command(flatten)]
    Member(MemberCommand),
    /// What subscribers are told, and could not be told.
    #[command(flatten)]
    Notification(NotificationCommand),
    /// Services, and who they are ordered from.
    #[command(flatten)]
    Order(OrderCommand),
}

/// What to ask.
#[derive(Debug, Subcommand)]
pub enum Question {
    /// The broker's resources, as its information resource directory lists them.
    Directory,
    /// Every domain: where it is heard from, when last, and what went wrong.
    Domains,
    /// All that the broker says of one domain.
    Domain {
        /// The domain: AS2, or its name.
        id: String,
    },
    /// What every domain has: the draft's Table 1.
    Propmap {
        /// The RFC 9240 property map, with entities like networkmap.pid:AS1.
        #[arg(long)]
        rfc9240: bool,
    },
    /// The path vectors of every link of a service graph (draft 5.5.2); with any option, the best ones
    /// under these rules, for each two hosts.
    Paths(PathsArgs),
    /// The best placements of a service graph: the draft's Table 2.
    Placements(PlacementsArgs),
    /// Which domains are adjacent, over which links.
    Topology(TopologyArgs),
}

/// What paths are asked for.
#[derive(Debug, clap::Args)]
pub struct PathsArgs {
    /// The service graph.
    #[arg(long, value_name = "FILE")]
    pub sg: PathBuf,
    /// How many for each two hosts, at most [default: as the request says, or 10].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub k: Option<u32>,
    /// What they are ranked by: hops, delay or price; several, as price,delay; or weights, as
    /// weights:hops=1,delay=0.2 [default: as the request says, or hops].
    #[arg(long, value_name = "OBJECTIVE", value_parser = objective)]
    pub objective: Option<Value>,
    /// Further constraints: a JSON object, as the request's 'constraints'.
    #[arg(long, value_name = "FILE")]
    pub constraints: Option<PathBuf>,
    /// As if domains had no routing policies.
    #[arg(long)]
    pub ignore_policy: bool,
}

impl PathsArgs {
    /// Whether the best paths are asked for, and not all path vectors.
    #[must_use]
    pub fn wants_best(&self) -> bool {
        self.k.is_some()
            || self.objective.is_some()
            || self.constraints.is_some()
            || self.ignore_policy
    }
}

/// What placements are asked for.
#[derive(Debug, clap::Args)]
pub struct PlacementsArgs {
    /// The service graph.
    #[arg(long, value_name = "FILE")]
    pub sg: PathBuf,
    /// How many, at most [default: as the request says, or 10].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub k: Option<u32>,
    /// Under which rules.
    #[command(flatten)]
    pub rules: Rules,
    /// Say who could host each node, and what is in the way where there is no placement.
    #[arg(long)]
    pub explain: bool,
    /// Draw a placement into this file, as SVG.
    #[arg(long, value_name = "FILE")]
    pub draw: Option<PathBuf>,
    /// Which one is drawn.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "draw",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub rank: u32,
}

/// What placements have to keep.
#[derive(Debug, Default, clap::Args)]
pub struct Rules {
    /// What they are ranked by: hops, delay or price; several, as price,delay; or weights, as
    /// weights:hops=1,delay=0.2 [default: as the request says, or hops].
    #[arg(long, value_name = "OBJECTIVE", value_parser = objective)]
    pub objective: Option<Value>,
    /// Further constraints: a JSON object, as the request's 'constraints'.
    #[arg(long, value_name = "FILE")]
    pub constraints: Option<PathBuf>,
    /// What alternatives may not share: each placement is the best one that shares none of it with an
    /// earlier one.
    #[arg(long, value_parser = PossibleValuesParser::new(["domains", "links", "srlg"]))]
    pub disjoint: Option<String>,
    /// As if domains had no routing policies.
    #[arg(long)]
    pub ignore_policy: bool,
}

/// Which part of the topology.
#[derive(Debug, clap::Args)]
pub struct TopologyArgs {
    /// Around these domains [default: all of it].
    #[arg(long, value_name = "DOMAINS", value_delimiter = ',')]
    pub around: Vec<String>,
    /// How many borders around these [default: 1].
    #[arg(long, value_name = "N", requires = "around")]
    pub radius: Option<u32>,
    /// Draw it into this file, as SVG.
    #[arg(long, value_name = "FILE")]
    pub draw: Option<PathBuf>,
}

/// What to do with reservations.
#[derive(Debug, Subcommand)]
pub enum ReservationCommand {
    /// Holds the best placement of a service graph for what is left.
    Reserve(ReserveArgs),
    /// What is held: one's own; operators and auditors see all.
    Reservations {
        /// Only those after this one.
        #[arg(long, value_name = "ID")]
        after: Option<String>,
    },
    /// A reservation.
    Reservation {
        /// Its id.
        id: String,
    },
    /// Decides for a reservation: it lasts until it is released.
    Confirm {
        /// Its id.
        id: String,
    },
    /// Holds a reservation for longer.
    Extend {
        /// Its id.
        id: String,
        /// For how long from now [default: the broker's].
        #[arg(long, value_name = "TIME", value_parser = lifetime)]
        hold: Option<Duration>,
    },
    /// Gives a reservation back.
    Release {
        /// Its id.
        id: String,
    },
}

/// What is to be held.
#[derive(Debug, clap::Args)]
pub struct ReserveArgs {
    /// The service graph.
    #[arg(long, value_name = "FILE")]
    pub sg: PathBuf,
    /// For how long, unless it is confirmed [default: the broker's].
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    pub hold: Option<Duration>,
    /// Where a node goes; may be given more than once.
    #[arg(long, value_name = "NODE=DOMAIN", num_args = 1.., value_parser = choice)]
    pub choice: Vec<(String, DomainId)>,
    /// Under which rules.
    #[command(flatten)]
    pub rules: Rules,
    /// A name for this request: the same again under the same name is done once.
    #[arg(long, value_name = "KEY", value_parser = idempotency_key)]
    pub key: Option<String>,
}

/// What a member does to its own entry.
#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// Makes a domain a member, or says anew what it is.
    Register {
        /// The domain: AS7, or its name.
        domain: DomainId,
        /// The URL of its orchestrator.
        #[arg(long, value_name = "URL")]
        entry_point: Option<String>,
        /// Its AS number, if its name does not say.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        asn: Option<u32>,
        /// For how long its word is good without further word [default: the broker's].
        #[arg(long, value_name = "TIME", value_parser = lifetime)]
        lifetime: Option<Duration>,
    },
    /// Sends an export of a member.
    Push {
        /// The member.
        domain: DomainId,
        /// Which of its documents.
        #[arg(value_parser = slot_parser())]
        document: Slot,
        /// The export.
        file: PathBuf,
        /// Only if this version is in force; * is any.
        #[arg(long, value_name = "TAG", value_parser = tag, conflicts_with = "create")]
        if_match: Option<String>,
        /// Only if there is none yet.
        #[arg(long)]
        create: bool,
        /// Its format, if its first members do not tell.
        #[arg(long, value_name = "FORMAT")]
        format: Option<Format>,
    },
    /// Changes an export that was pushed: JSON by a merge patch, a Virtualizer by an edit-config.
    Patch {
        /// The member.
        domain: DomainId,
        /// Which of its documents.
        #[arg(value_parser = slot_parser())]
        document: Slot,
        /// The patch.
        file: PathBuf,
        /// Only if this version is in force; * is any.
        #[arg(long, value_name = "TAG", value_parser = tag)]
        if_match: Option<String>,
    },
    /// Prints an export that was pushed, as it was sent.
    Get {
        /// The member.
        domain: DomainId,
        /// Which of its documents.
        #[arg(value_parser = slot_parser())]
        document: Slot,
    },
    /// Says that a member is alive.
    Heartbeat {
        /// The member.
        domain: DomainId,
        /// Say it again every so often, until stopped.
        #[arg(long, value_name = "TIME", value_parser = pause)]
        every: Option<Duration>,
    },
    /// Takes an export back that was pushed.
    Withdraw {
        /// The member.
        domain: DomainId,
        /// Which of its documents.
        #[arg(value_parser = slot_parser())]
        document: Slot,
    },
    /// Takes back all that a member pushed, and its registration.
    Leave {
        /// The member.
        domain: DomainId,
    },
}

/// What to do about notifications.
#[derive(Debug, Subcommand)]
pub enum NotificationCommand {
    /// Who is notified of orders and services, what waits for whom, and why.
    Notifications {
        /// Only subscriptions after this one.
        #[arg(long, value_name = "ID")]
        after: Option<String>,
    },
    /// Notifications that were given up.
    #[command(args_conflicts_with_subcommands = true)]
    DeadLetters {
        /// Only those after this one.
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// What to do about one.
        #[command(subcommand)]
        command: Option<LetterCommand>,
    },
}

/// What to do about a dead letter.
#[derive(Debug, Subcommand)]
pub enum LetterCommand {
    /// Sends it again, before all that waits for the subscriber.
    Retry {
        /// Its id.
        id: String,
    },
    /// Forgets it.
    Forget {
        /// Its id.
        id: String,
    },
}

/// What to do about services, orders and partners.
#[derive(Debug, Subcommand)]
pub enum OrderCommand {
    /// Orders a service for a service graph; with an ID instead, shows an order.
    Order(OrderArgs),
    /// Orders, oldest first: one's own; operators and auditors see all.
    Orders {
        /// Only those in this state.
        #[arg(long, value_name = "STATE", value_parser = order_state())]
        state: Option<String>,
        /// Which part of the list.
        #[command(flatten)]
        part: ListPart,
    },
    /// Services, oldest first: one's own; operators and auditors see all.
    Services {
        /// Only those in this state.
        #[arg(long, value_name = "STATE", value_parser = service_state())]
        state: Option<String>,
        /// Which part of the list.
        #[command(flatten)]
        part: ListPart,
    },
    /// A service.
    Service {
        /// Its id.
        id: String,
    },
    /// Orders a service to be another, whole: what is left out is no more.
    Modify {
        /// The service.
        service: String,
        /// The service graph.
        #[arg(long, value_name = "FILE")]
        sg: PathBuf,
        /// What is to be.
        #[command(flatten)]
        wish: Wish,
        /// How it is ordered.
        #[command(flatten)]
        terms: Terms,
        /// Show the progress until the order is done.
        #[arg(long)]
        watch: bool,
    },
    /// Orders a service to end.
    Delete {
        /// The service.
        service: String,
        /// How it is ordered.
        #[command(flatten)]
        terms: Terms,
        /// Show the progress until the order is done.
        #[arg(long)]
        watch: bool,
    },
    /// Domains whose SOFs services are ordered from.
    Partners {
        /// Only those after this one.
        #[arg(long, value_name = "DOMAIN")]
        after: Option<String>,
    },
    /// A partner, and the agreements with it.
    Partner {
        /// Its domain.
        domain: String,
    },
    /// What holds when partners are chosen: filters, weights and rules, for each kind of service.
    Rules,
    /// Why the partners of a service were chosen.
    Selection {
        /// Its id, as 'brokerctl order' shows it.
        id: String,
    },
}

/// An order that is to be made, or shown.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["id", "sg"])))]
pub struct OrderArgs {
    /// An order that is there.
    #[arg(conflicts_with_all = [
        "objective", "constraints", "ignore_policy", "availability", "service_type", "state", "external_id", "start",
        "end"
    ])]
    pub id: Option<String>,
    /// The service graph.
    #[arg(long, value_name = "FILE")]
    pub sg: Option<PathBuf>,
    /// What is to be.
    #[command(flatten)]
    pub wish: Wish,
    /// How it is ordered.
    #[command(flatten)]
    pub terms: Terms,
    /// Show the progress until the order is done.
    #[arg(long)]
    pub watch: bool,
}

/// What a service is to be, besides its graph.
#[derive(Debug, Default, clap::Args)]
pub struct Wish {
    /// What chains are ranked by: hops, delay or price; several, as price,delay; or weights, as
    /// weights:hops=1,delay=0.2 [default: as the request says, or hops].
    #[arg(long, value_name = "OBJECTIVE", value_parser = objective)]
    pub objective: Option<Value>,
    /// Further constraints: a JSON object, as the request's 'constraints'.
    #[arg(long, value_name = "FILE")]
    pub constraints: Option<PathBuf>,
    /// As if domains had no routing policies.
    #[arg(long)]
    pub ignore_policy: bool,
    /// The share of the time in which it has to work, as agreements promise it: 0.999.
    #[arg(long, value_name = "SHARE")]
    pub availability: Option<f64>,
    /// What kind of service it is: the rules and weights for it hold.
    #[arg(long, value_name = "NAME")]
    pub service_type: Option<String>,
    /// The state that the service is to have in the end [default: active; of 'modify': as it is].
    #[arg(long, value_name = "STATE", value_parser = service_state())]
    pub state: Option<String>,
}

/// How a service is ordered.
#[derive(Debug, Default, clap::Args)]
pub struct Terms {
    /// One's own name for the order.
    #[arg(long, value_name = "NAME")]
    pub external_id: Option<String>,
    /// When to begin: 2026-12-01T08:00:00Z, or so long from now: 10m [default: at once].
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub start: Option<Moment>,
    /// By when it is to be done [default: a day after the start].
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub end: Option<Moment>,
}

/// A part of a list.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct ListPart {
    /// How many to leave out at the start.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: u32,
    /// How many at most [default: as many as the broker gives].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
}

/// A moment, as people say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// By the calendar.
    At(Timestamp),
    /// So long from now.
    In(Duration),
}

impl Moment {
    /// When it is.
    ///
    /// # Errors
    /// There is no such time.
    pub fn after(self, now: Timestamp) -> Result<Timestamp, String> {
        match self {
            Self::At(time) => Ok(time),
            Self::In(time) => now.checked_add(time).map_err(|error| error.to_string()),
        }
    }
}

/// What to check, and what is known of it.
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Exports, or folders of such.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Whose export it is [default: as the file's name says: AS7.yaml is AS7's].
    #[arg(long, value_name = "DOMAIN")]
    pub domain: Option<DomainId>,
    /// Its AS number, by which a domain that has a name may call itself.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub asn: Option<u32>,
    /// In which format it is [default: as its first members tell].
    #[arg(long)]
    pub format: Option<Format>,
    /// What it is written in [default: as the file's ending or its first character tells].
    #[arg(long, value_parser = syntax_parser())]
    pub syntax: Option<Syntax>,
    /// Check FILE, an edit-config or a JSON merge patch, applied to this export.
    #[arg(long, value_name = "BASE")]
    pub against: Option<PathBuf>,
}

/// The condition of a change.
#[must_use]
pub fn condition(if_match: Option<String>, create: bool) -> Condition {
    match if_match {
        Some(version) => Condition::Version(version),
        None if create => Condition::Absent,
        None => Condition::None,
    }
}

fn server_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{error}; expected http://HOST:PORT"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("expected http://HOST:PORT or https://HOST:PORT".to_owned());
    }
    Ok(url)
}

fn slot_parser() -> impl TypedValueParser<Value = Slot> {
    let known = Slot::ALL.map(Slot::as_str);
    PossibleValuesParser::new(known).map(|name| {
        let found = Slot::ALL.into_iter().find(|slot| slot.as_str() == name);
        found.unwrap_or(Slot::Resources)
    })
}

fn syntax_parser() -> impl TypedValueParser<Value = Syntax> {
    PossibleValuesParser::new(["xml", "json", "yaml"]).map(|name| match name.as_str() {
        "xml" => Syntax::Xml,
        "json" => Syntax::Json,
        _ => Syntax::Yaml,
    })
}

/// `delay`, `price,delay`, `weights:hops=1,delay=0.2`, as the request has it. Which words there are the
/// broker knows.
fn objective(text: &str) -> Result<Value, String> {
    let Some(weights) = text.strip_prefix("weights:") else {
        let words: Vec<&str> = text.split(',').map(str::trim).collect();
        return Ok(match words.as_slice() {
            [one] => (*one).into(),
            several => several.into(),
        });
    };
    let mut sum = Map::new();
    for pair in weights.split(',') {
        let number = pair.split_once('=').and_then(|(metric, weight)| {
            let weight: serde_json::Number = weight.trim().parse().ok()?;
            Some((metric.trim().to_owned(), weight))
        });
        let Some((metric, weight)) = number else {
            return Err("expected weights as weights:hops=1,delay=0.2".to_owned());
        };
        if sum.insert(metric.clone(), weight.into()).is_some() {
            return Err(format!("{metric} has two weights"));
        }
    }
    Ok(serde_json::json!({"weights": sum}))
}

fn order_state() -> PossibleValuesParser {
    PossibleValuesParser::new(OrderState::ALL.map(OrderState::as_str))
}

fn service_state() -> PossibleValuesParser {
    PossibleValuesParser::new(ServiceState::ALL.map(ServiceState::as_str))
}

fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(time) = text.parse() {
        return Ok(Moment::At(time));
    }
    let expected = "expected 2026-12-01T08:00:00Z, or a time from now: 10m";
    time(text).map(Moment::In).map_err(|_| expected.to_owned())
}

fn choice(text: &str) -> Result<(String, DomainId), String> {
    let (node, domain) = text
        .split_once('=')
        .ok_or_else(|| "expected NODE=DOMAIN".to_owned())?;
    let domain = domain
        .parse()
        .map_err(|error: nffg::IdError| error.to_string())?;
    Ok((node.to_owned(), domain))
}

fn idempotency_key(text: &str) -> Result<String, String> {
    match text.parse::<IdempotencyKey>() {
        Ok(_) => Ok(text.trim_matches('"').to_owned()),
        Err(rule) => Err(rule.to_owned()),
    }
}

/// A lifetime as the broker takes it: whole seconds.
fn lifetime(text: &str) -> Result<Duration, String> {
    let time = time(text)?;
    if time.subsec_nanos() != 0 || time.is_zero() {
        return Err("expected whole seconds, at least one: 90s, 10m".to_owned());
    }
    Ok(time)
}

fn pause(text: &str) -> Result<Duration, String> {
    let time = time(text)?;
    if time < Duration::from_millis(100) {
        return Err("expected 100ms or more".to_owned());
    }
    Ok(time)
}

fn time(text: &str) -> Result<Duration, String> {
    humantime_serde::re::humantime::parse_duration(text).map_err(|error| error.to_string())
}

/// An entity tag (RFC 9110 §8.8.3), with or without its quotes.
fn tag(text: &str) -> Result<String, String> {
    let inner = text.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    let inner = inner.unwrap_or(text);
    if inner.is_empty() || !inner.bytes().all(|b| b.is_ascii_graphic() && b != b'"') {
        return Err(
            "expected the version of a document, as 'brokerctl domain' shows it".to_owned(),
        );
    }
    Ok(inner.to_owned())
}
