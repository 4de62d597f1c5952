//! Schemas of what is not written from a type of its own: closed lists of words, and what is read.

use std::borrow::Cow;

use nffg::Syntax;
use nffg::export::Format;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::ingest::Channel;
use crate::liveness::State;

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

/// A service graph to be placed.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its shape is of use: it is read by hand")]
pub(super) struct PlacementsRequest {
    /// The graph, in the draft's form (`nfs`, `saps`, `sg_links`, `reqs`) or as an ESCAPE NFFG.
    #[schema(value_type = Object)]
    sg: (),
    /// How many placements; the settings bound it (`paths.max_placements`).
    #[schema(minimum = 1, default = 10, required = false)]
    k: u64,
    /// What they are ranked by.
    #[schema(pattern = "^hops$", default = "hops", required = false)]
    objective: String,
}
