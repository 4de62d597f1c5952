//! Schemas of what is not written from a type of its own: closed lists of words, and what is read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use idr::reservation::Phase;
use nffg::Syntax;
use nffg::export::Format;
use sof::partner::PartnerState;
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::ingest::Channel;
use crate::liveness::State;
use crate::lso::breaker::Circuit;
use crate::placements::objective::Objective;

/// A string that is one of a few.
fn one_of<'a>(description: &str, words: impl IntoIterator<Item = &'a str>) -> RefOr<Schema> {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(words));
    RefOr::T(schema.into())
}

macro_rules! words {
    ($(#[doc = $doc:literal] $type:ident, $name:literal, $words:expr;)+) => {$(
        #[doc = $doc]
        pub(in crate::http) enum $type {}

        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                one_of($doc.trim(), $words)
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    )+};
}

words! {
    /// `waiting`: never heard; `stale`: silent for its time, still served; `gone`: out of the maps.
    SourceStateWord, "State", State::ALL.map(State::as_str);
    /// A way on which a source's word comes.
    ChannelWord, "Channel", Channel::ALL.map(Channel::as_str);
    /// How a domain came to be known.
    KnownBy, "KnownBy", ["settings", "nobody"].into_iter().chain(Channel::ALL.map(Channel::as_str));
    /// A data model in which members export.
    FormatWord, "Format", Format::ALL.map(Format::as_str);
    /// What a document is written in.
    SyntaxWord, "Syntax", [Syntax::Xml, Syntax::Json, Syntax::Yaml].map(Syntax::as_str);
    /// `held` until a time, or `confirmed`.
    PhaseWord, "ReservationState", [Phase::Held, Phase::Confirmed].map(Phase::as_str);
    /// Whether a partner is ordered from: it is when it is `active`.
    PartnerStateWord, "PartnerState", PartnerState::ALL.map(PartnerState::as_str);
    /// Whether calls to a partner go through: all, none for a while, or one to see whether it answers.
    CircuitWord, "Circuit", Circuit::ALL.map(Circuit::as_str);
    /// Whether paths keep the domains' routing policies; `respect` if it is left out.
    PolicyWord, "Policy", ["respect", "ignore"];
    /// What alternatives do not share: domains, links, or risks (shared risk link groups).
    DisjointWord, "Disjoint", ["domains", "links", "srlg"];
}

/// What a member says of itself. All of it may be left out.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = RegistrationRequest)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct Registration {
    /// Where its orchestrator is reached: an `http` or `https` URL. The settings count before it.
    #[schema(format = "uri")]
    entry_point: Option<String>,
    /// Its AS number, if its id is none.
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 4_294_967_295u64)]
    asn: Option<u32>,
    /// For how many seconds its word is good without further word; without it, `liveness.hold`.
    #[schema(minimum = 1, maximum = 86_400)]
    lifetime: Option<u64>,
}

/// What may come with a heartbeat.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = HeartbeatRequest)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct Heartbeat {
    /// The lifetime from now on, in seconds.
    #[schema(minimum = 1, maximum = 86_400)]
    lifetime: Option<u64>,
}

/// A partner, as an operator tells it.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct PartnerRequest {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Its legal entity identifier (ISO 17442), with its checksum.
    #[schema(pattern = "^[0-9A-Z]{20}$")]
    legal_entity: Option<String>,
    /// Where its APIs are that have no URL of their own, without `/mefApi/...`: an `http` or `https` URL, with `credentials`
    /// the latter.
    #[schema(format = "uri")]
    base_url: Option<String>,
    /// Each API that it has.
    apis: PartnerApis,
    /// The name of its credentials in the settings; without it, none are sent.
    #[schema(min_length = 1, max_length = 200)]
    credentials: Option<String>,
    /// The URNs of the payloads that it takes.
    #[schema(min_items = 1, max_items = 100)]
    service_types: Vec<String>,
}

/// Each API that it has: the major version at `base-url`, the current one or the one before; or where it is.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct PartnerApis {
    /// Mplify 99.1.
    service_ordering: PartnerApiWord,
    /// Mplify 135.1.
    #[schema(required = false)]
    service_inventory: PartnerApiWord,
    /// Mplify 149.
    #[schema(required = false)]
    service_function_testing: PartnerApiWord,
}

/// A major version, or where an API is.
#[derive(ToSchema)]
#[serde(untagged)]
#[schema(as = PartnerApiVersionOrPlace)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) enum PartnerApiWord {
    /// The major version, at `base-url`: the current one, or the one before.
    Version(u32),
    /// Where it is.
    Place(PartnerApiPlace),
}

/// Where an API is.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = PartnerApiRequest)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct PartnerApiPlace {
    /// Its URL without `/mefApi/...`, if it is another than `base-url`.
    #[schema(format = "uri")]
    url: Option<String>,
    /// The reference point at which it is spoken: `interlude`, also if it is left out.
    reference_point: Option<String>,
    /// The major versions that are there; one of them is the current one or the one before. The newest of these is spoken.
    #[schema(min_items = 1, max_items = 10)]
    versions: Vec<u32>,
}

/// An agreement, as an operator tells it.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct AgreementRequest {
    /// The URN of the payload that it is about.
    #[schema(max_length = 200)]
    service_type: String,
    /// From when.
    #[schema(format = DateTime)]
    valid_from: String,
    /// Until when; without it, it is open.
    #[schema(format = DateTime)]
    valid_until: Option<String>,
    /// What may be ordered; what is left out is not bounded.
    #[schema(required = false)]
    bounds: BoundsTold,
    /// What it costs, in units of account to three decimals.
    #[schema(required = false)]
    price: PriceTold,
    /// What is promised.
    #[schema(required = false)]
    sls: SlsTold,
}

/// What may be ordered.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = AgreementBoundsRequest)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct BoundsTold {
    /// Services at a time.
    services: Option<u32>,
    /// Bandwidth of one flow: a text with a unit, as `10 Gbit/s`, or bit/s.
    #[schema(required = false)]
    bandwidth: AmountWord,
    /// Virtual processors of one service.
    #[schema(minimum = 0)]
    cpu: Option<f64>,
}

/// Prices.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = AgreementPriceRequest)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct PriceTold {
    /// Each segment.
    #[schema(minimum = 0, maximum = 4_294_967.295)]
    segment: Option<f64>,
    /// Each function.
    #[schema(minimum = 0, maximum = 4_294_967.295)]
    function: Option<f64>,
    /// Each begun Mbit/s of each flow.
    #[schema(minimum = 0, maximum = 4_294_967.295)]
    mbps: Option<f64>,
}

/// The promised service level.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = AgreementSlsRequest)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct SlsTold {
    /// One-way delay of a flow: a text with a unit, as `5 ms`, or nanoseconds.
    #[schema(required = false)]
    delay: AmountWord,
    /// Share of the time in which it works.
    #[schema(minimum = 0, maximum = 1)]
    availability: Option<f64>,
}

/// An event of a service order (Mplify 99.1). Members that are not named here are of no interest.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartnerNotification)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct NotificationWord {
    /// Given by the partner.
    event_id: String,
    /// When.
    #[schema(format = DateTime)]
    event_time: String,
    /// As in the path.
    event_type: String,
    /// `id` is the order, as the partner names it; with a change of state there is `state`, and of an item
    /// `orderItemId`.
    #[schema(value_type = Object)]
    event: (),
}

/// A service graph to be placed.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct PlacementsRequest {
    /// The graph, in the draft's form (`nfs`, `saps`, `sg_links`, `reqs`) or as an ESCAPE NFFG.
    #[schema(value_type = Object)]
    sg: (),
    /// How many placements; the settings bound it (`paths.max_placements`).
    #[schema(minimum = 1, default = 10, required = false)]
    k: u64,
    /// What they are ranked by; `hops` if it is left out.
    #[schema(required = false)]
    objective: Objective,
    /// What they have to keep, besides what the graph itself says; the stricter counts.
    #[schema(required = false)]
    constraints: Constraints,
    /// What becomes of the domains' routing policies.
    #[schema(required = false)]
    policy: PolicyWord,
    /// Each placement shares none of these with an earlier one.
    #[schema(required = false)]
    disjoint: DisjointWord,
    /// Say how the answer came about.
    #[schema(default = false, required = false)]
    explain: bool,
}

/// A service graph of which one asks who could do it.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct DecompositionRequest {
    /// The graph, in the draft's form (`nfs`, `saps`, `sg_links`, `reqs`) or as an ESCAPE NFFG.
    #[schema(value_type = Object)]
    sg: (),
    /// How many chains; the settings bound it (`paths.max_placements`).
    #[schema(minimum = 1, default = 10, required = false)]
    k: u64,
    /// What they are ranked by before they are scored; `hops` if it is left out.
    #[schema(required = false)]
    objective: Objective,
    /// What they have to keep, besides what the graph itself says; the stricter counts.
    #[schema(required = false)]
    constraints: Constraints,
    /// The service level of the whole.
    #[schema(required = false)]
    sls: SlsWanted,
    /// What becomes of the domains' routing policies.
    #[schema(required = false)]
    policy: PolicyWord,
    /// Each chain shares none of these with an earlier one.
    #[schema(required = false)]
    disjoint: DisjointWord,
    /// Means nothing here.
    #[schema(default = false, required = false)]
    explain: bool,
}

/// The service level of the whole; delays are bounds of the graph and the constraints.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = ServiceLevel)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct SlsWanted {
    /// The share of the time in which it has to work, to nine decimals.
    #[schema(minimum = 0, maximum = 1)]
    availability: Option<f64>,
}

/// A service graph whose links could take paths.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct PathsRequest {
    /// The graph, in the draft's form (`nfs`, `saps`, `sg_links`, `reqs`) or as an ESCAPE NFFG.
    #[schema(value_type = Object)]
    sg: (),
    /// How many paths for each link and each two hosts of its nodes; the settings bound it
    /// (`paths.per_pair`).
    #[schema(minimum = 1, default = 10, required = false)]
    k: u64,
    /// What they are ranked by; `hops` if it is left out.
    #[schema(required = false)]
    objective: Objective,
    /// What they have to keep, besides what the graph itself says; the stricter counts.
    #[schema(required = false)]
    constraints: Constraints,
    /// What becomes of the domains' routing policies.
    #[schema(required = false)]
    policy: PolicyWord,
}

/// A service graph to be placed and held: one placement.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct ReservationRequest {
    /// The graph, in the draft's form (`nfs`, `saps`, `sg_links`, `reqs`) or as an ESCAPE NFFG.
    #[schema(value_type = Object)]
    sg: (),
    /// For how long, in seconds or as `5m`; the settings say what is meant if it is left out, and bound
    /// it (`reservations.max_hold`).
    #[schema(required = false)]
    hold: AmountWord,
    /// Where nodes go, by their ids: domains.
    #[schema(required = false)]
    choice: BTreeMap<String, String>,
    /// What the placement is chosen by; `hops` if it is left out.
    #[schema(required = false)]
    objective: Objective,
    /// What it has to keep, besides what the graph itself says; the stricter counts.
    #[schema(required = false)]
    constraints: Constraints,
    /// What becomes of the domains' routing policies.
    #[schema(required = false)]
    policy: PolicyWord,
    /// Each placement shares none of these with an earlier one.
    #[schema(required = false)]
    disjoint: DisjointWord,
}

/// For how much longer.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct ExtendRequest {
    /// From now on, in seconds or as `5m`.
    #[schema(required = false)]
    hold: AmountWord,
}

/// What a placement has to keep.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct Constraints {
    /// By the id of a node of the graph.
    #[schema(required = false)]
    nodes: BTreeMap<String, NodeRule>,
    /// By the id of a link of the graph.
    #[schema(required = false)]
    links: BTreeMap<String, Bounds>,
    /// By the id of a requirement of the graph.
    #[schema(required = false)]
    requirements: BTreeMap<String, Bounds>,
    /// Groups of nodes that go to one domain.
    #[schema(required = false, max_items = 64)]
    affinity: Vec<Vec<String>>,
    /// Groups of nodes of which no two go to one domain.
    #[schema(required = false, max_items = 64)]
    anti_affinity: Vec<Vec<String>>,
    /// Domains that host nothing and that no path crosses.
    #[schema(required = false, min_items = 1, max_items = 1000)]
    forbid_domains: Vec<String>,
}

/// Where a node may go, and what it takes there.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct NodeRule {
    /// Only to one of these domains.
    #[schema(required = false, min_items = 1, max_items = 1000)]
    allow: Vec<String>,
    /// To none of these domains.
    #[schema(required = false, min_items = 1, max_items = 1000)]
    forbid: Vec<String>,
    /// What it takes of its domain; not of a SAP.
    #[schema(required = false)]
    resources: ResourcesWanted,
}

/// Amounts, each a number or a text with a unit, as `4 GB`.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct ResourcesWanted {
    /// A number.
    #[schema(required = false)]
    cpu: AmountWord,
    /// Perhaps with a unit of bytes.
    #[schema(required = false)]
    mem: AmountWord,
    /// Perhaps with a unit of bytes.
    #[schema(required = false)]
    storage: AmountWord,
}

/// What a path has to keep.
#[derive(ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct Bounds {
    /// At least so much on every link: `100 Mbit/s`; a bare number is in Mbit/s.
    #[schema(required = false)]
    bandwidth: AmountWord,
    /// At most so long, one way: `10 ms`; a bare number is in milliseconds.
    #[schema(required = false)]
    max_delay: AmountWord,
    /// At most so many borders.
    #[schema(required = false, maximum = 255)]
    max_hops: u32,
}

/// A number, or a text of a number and a unit.
pub(in crate::http) enum AmountWord {}

impl PartialSchema for AmountWord {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new()
            .schema_type(Type::Number)
            .minimum(Some(0));
        let text = ObjectBuilder::new().schema_type(Type::String);
        let one_of = OneOfBuilder::new().item(number).item(text);
        let what = "A number, or a text of a number and a unit.";
        RefOr::T(one_of.description(Some(what)).into())
    }
}

impl ToSchema for AmountWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Amount")
    }
}
