//! The operations: what can be asked, with what, and what comes back.

use utoipa::ToSchema;
use utoipa::openapi::path::{
    OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItemBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{
    Content, ContentBuilder, HttpMethod, ObjectBuilder, Paths, PathsBuilder, Ref, Required,
    ResponseBuilder, SecurityRequirement, Type,
};

use super::super::placements::JSON;
use super::super::push::{self, EDIT, MERGE_PATCH};
use super::super::{
    domains, events, notifications, ops, progress as progresses, reservations, rules as policies,
    selections,
};
use super::words::{
    DecompositionRequest, ExtendRequest, FormatWord, Heartbeat, PathsRequest, PlacementsRequest,
    Registration, ReservationRequest,
};
use super::{of, text_header};
use crate::placements::answer::Answer as Placements;
use crate::placements::paths::Paths as LinkPaths;
use crate::topology::Topology;

mod partners;

/// What any guarded operation may answer.
const ALWAYS: [&str; 5] = ["401", "403", "408", "429", "500"];

/// One operation.
struct Operation {
    method: HttpMethod,
    builder: OperationBuilder,
}

fn operation(method: HttpMethod, id: &str, tag: &str, summary: &str) -> Operation {
    let builder = OperationBuilder::new()
        .operation_id(Some(id))
        .tag(tag)
        .summary(Some(summary));
    Operation { method, builder }
}

impl Operation {
    fn with(self, change: impl FnOnce(OperationBuilder) -> OperationBuilder) -> Self {
        Self {
            method: self.method,
            builder: change(self.builder),
        }
    }

    fn described(self, text: &str) -> Self {
        self.with(|builder| builder.description(Some(text)))
    }

    fn parameters(self, names: &[&str]) -> Self {
        let refs = names
            .iter()
            .map(|name| Ref::new(format!("#/components/parameters/{name}")));
        self.with(|builder| refs.fold(builder, OperationBuilder::parameter_ref))
    }

    fn body(
        self,
        required: Required,
        contents: impl IntoIterator<Item = (&'static str, Content)>,
    ) -> Self {
        let body = RequestBodyBuilder::new().required(Some(required));
        let body = contents
            .into_iter()
            .fold(body, |body, (media_type, content)| {
                body.content(media_type, content)
            });
        self.with(|builder| builder.request_body(Some(body.build())))
    }

    fn answer(self, status: &str, answer: ResponseBuilder) -> Self {
        self.with(|builder| builder.response(status, answer.build()))
    }

    /// The problems that it may answer, besides those that any may.
    fn problems(self, statuses: &[&str]) -> Self {
        let refer = |status: &&str| {
            let name = format!("problem-{status}");
            ((*status).to_owned(), Ref::from_response_name(name))
        };
        let all = statuses.iter().chain(&ALWAYS).map(refer);
        self.with(|builder| {
            all.fold(builder, |builder, (status, to)| {
                builder.response(status, to)
            })
        })
    }

    /// Everybody may.
    fn open(self) -> Self {
        self.with(|builder| builder.security(SecurityRequirement::default()))
    }
}

fn says(description: &str) -> ResponseBuilder {
    ResponseBuilder::new().description(description)
}

fn json<T: ToSchema>(description: &str) -> ResponseBuilder {
    says(description).content(JSON, of::<T>())
}

/// An answer with the version of what was put.
fn versioned(answer: ResponseBuilder) -> ResponseBuilder {
    answer.header(
        "ETag",
        text_header("The version in force: a hash of what was put."),
    )
}

fn text() -> Content {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    ContentBuilder::new().schema(Some(schema)).build()
}

/// A body that its own format describes.
fn any() -> Content {
    ContentBuilder::new().build()
}

fn documents() -> [(&'static str, Content); 3] {
    ["application/json", "application/xml", "application/yaml"]
        .map(|media_type| (media_type, any()))
}

fn written(answer: ResponseBuilder) -> ResponseBuilder {
    documents()
        .into_iter()
        .fold(answer, |answer, (media_type, content)| {
            answer.content(media_type, content)
        })
}

/// What several operations take.
pub(super) fn parameters() -> impl Iterator<Item = (&'static str, Parameter)> {
    let parameter = |name, place, required, description| {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        ParameterBuilder::new()
            .name(name)
            .parameter_in(place)
            .required(required)
            .description(Some(description))
            .schema(Some(schema))
    };
    let domain = "An AS number, in any spelling (`7`, `AS7`), or a name.";
    let if_match = "`*`, or entity tags: the version in force must be one of them.";
    let if_none_match =
        "`*`: there must be none in force. With GET, also versions that need not be sent again.";
    let kind = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(["resources", "topology", "windows"]));
    let since = "The id of an event: only what came after it.";
    let around = "Domains, with commas between them; without it all of them, up to a thousand.";
    let radius = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(8));
    let after = "The id of one: only those after it.";
    let format = "The data model, where the document's root does not tell.";
    [
        (
            "domain",
            parameter("domain", ParameterIn::Path, Required::True, domain).build(),
        ),
        (
            "document",
            parameter(
                "document",
                ParameterIn::Path,
                Required::True,
                "Which document.",
            )
            .schema(Some(kind))
            .build(),
        ),
        (
            "format",
            parameter("format", ParameterIn::Query, Required::False, format)
                .schema(Some(Ref::from_schema_name(FormatWord::name())))
                .build(),
        ),
        (
            "if-match",
            parameter("If-Match", ParameterIn::Header, Required::False, if_match).build(),
        ),
        (
            "if-none-match",
            parameter(
                "If-None-Match",
                ParameterIn::Header,
                Required::False,
                if_none_match,
            )
            .build(),
        ),
        (
            "since",
            parameter("since", ParameterIn::Query, Required::False, since).build(),
        ),
        (
            "around",
            parameter("around", ParameterIn::Query, Required::False, around).build(),
        ),
        (
            "radius",
            parameter(
                "radius",
                ParameterIn::Query,
                Required::False,
                "How many borders away from these; 1 if it is left out.",
            )
            .schema(Some(radius))
            .build(),
        ),
        (
            "order",
            parameter("order", ParameterIn::Path, Required::True, "Its id.").build(),
        ),
        (
            "selection",
            parameter("selection", ParameterIn::Path, Required::True, "Its id.").build(),
        ),
        (
            "reservation",
            parameter("reservation", ParameterIn::Path, Required::True, "Its id.").build(),
        ),
        (
            "after",
            parameter("after", ParameterIn::Query, Required::False, after).build(),
        ),
        (
            "letter",
            parameter("letter", ParameterIn::Path, Required::True, "Its id.").build(),
        ),
        (
            "idempotency-key",
            parameter(
                reservations::IDEMPOTENCY_KEY,
                ParameterIn::Header,
                Required::False,
                "The same key with the same body is the same reservation, as long as that lives.",
            )
            .build(),
        ),
    ]
    .into_iter()
    .chain(partners::parameters())
}

pub(super) fn paths() -> Paths {
    let paths: [(&str, Vec<Operation>); 25] = [
        ("/broker/v1/dead-letters", vec![list_dead_letters()]),
        (
            "/broker/v1/dead-letters/{letter}",
            vec![forget_dead_letter()],
        ),
        (
            "/broker/v1/dead-letters/{letter}/retry",
            vec![retry_dead_letter()],
        ),
        ("/broker/v1/decomposition", vec![decomposition()]),
        ("/broker/v1/domains", vec![list()]),
        (
            "/broker/v1/domains/{domain}",
            vec![show(), register(), leave()],
        ),
        ("/broker/v1/domains/{domain}/heartbeat", vec![heartbeat()]),
        (
            "/broker/v1/domains/{domain}/{document}",
            vec![
                read_document(),
                put_document(),
                patch_document(),
                delete_document(),
            ],
        ),
        ("/broker/v1/events", vec![changes()]),
        ("/broker/v1/paths", vec![link_paths()]),
        ("/broker/v1/notifications", vec![list_notifications()]),
        ("/broker/v1/orders/{order}/progress", vec![progress()]),
        ("/broker/v1/placements", vec![place()]),
        (
            "/broker/v1/reservations",
            vec![list_reservations(), reserve()],
        ),
        (
            "/broker/v1/reservations/{reservation}",
            vec![show_reservation(), release()],
        ),
        (
            "/broker/v1/reservations/{reservation}/confirm",
            vec![confirm()],
        ),
        (
            "/broker/v1/reservations/{reservation}/extend",
            vec![extend()],
        ),
        ("/broker/v1/rules", vec![rules()]),
        ("/broker/v1/selections/{selection}", vec![selection()]),
        ("/broker/v1/topology", vec![topology()]),
        ("/directory", vec![directory()]),
        ("/healthz", vec![healthz()]),
        ("/metrics", vec![metrics()]),
        ("/openapi.json", vec![openapi()]),
        ("/readyz", vec![readyz()]),
    ];
    let item = |operations: Vec<Operation>| {
        operations
            .into_iter()
            .fold(PathItemBuilder::new(), |item, operation| {
                item.operation(operation.method, operation.builder.build())
            })
            .build()
    };
    paths
        .into_iter()
        .chain(partners::paths())
        .fold(PathsBuilder::new(), |paths, (path, operations)| {
            paths.path(path, item(operations))
        })
        .build()
}

fn list() -> Operation {
    operation(
        HttpMethod::Get,
        "listDomains",
        "domains",
        "Every domain that is known",
    )
    .answer("200", json::<domains::Domains>("The domains, in order."))
    .problems(&["406"])
}

fn show() -> Operation {
    operation(
        HttpMethod::Get,
        "showDomain",
        "domains",
        "How a domain and its sources are doing",
    )
    .parameters(&["domain"])
    .answer("200", json::<domains::Domain>("What is known of it."))
    .problems(&["400", "404", "406"])
}

fn register() -> Operation {
    operation(HttpMethod::Put, "register", "members", "Register, or say it anew")
        .described(
            "All that the domain pushes is good for its lifetime from its last word, whatever that was; \
             then stale, and then gone. A domain that has been gone for `liveness.forget`, or that the \
             broker does not know since it started, registers again.",
        )
        .parameters(&["domain", "if-match", "if-none-match"])
        .body(Required::True, [(JSON, of::<Registration>())])
        .answer("200", versioned(json::<push::Done>("Registered as before, or anew.")))
        .answer("201", versioned(json::<push::Done>("Registered for the first time.")))
        .problems(&["400", "409", "412", "413", "415", "503", "507"])
}

fn leave() -> Operation {
    operation(
        HttpMethod::Delete,
        "leave",
        "members",
        "Leave, and take along all that was pushed",
    )
    .parameters(&["domain", "if-match", "if-none-match"])
    .answer("204", says("Left."))
    .problems(&["400", "404", "412", "503"])
}

fn heartbeat() -> Operation {
    operation(HttpMethod::Post, "heartbeat", "members", "Still alive")
        .parameters(&["domain", "if-match", "if-none-match"])
        .body(Required::False, [(JSON, of::<Heartbeat>())])
        .answer("200", json::<push::Done>("Heard."))
        .problems(&["400", "404", "412", "413", "415", "503"])
}

fn read_document() -> Operation {
    let accept_patch = text_header("The type of patches that it takes, if it takes any.");
    let sent = written(versioned(says("The document as it was sent.")));
    operation(
        HttpMethod::Get,
        "readDocument",
        "members",
        "The document in force",
    )
    .parameters(&["domain", "document", "if-none-match"])
    .answer("200", sent.header("Accept-Patch", accept_patch))
    .answer("304", versioned(says("It is one that the client has.")))
    .problems(&["400", "404", "406"])
}

fn put_document() -> Operation {
    operation(
        HttpMethod::Put,
        "putDocument",
        "members",
        "Tell what there is",
    )
    .described("The maps tell it before the answer comes. The same again changes nothing.")
    .parameters(&["domain", "document", "format", "if-match", "if-none-match"])
    .body(Required::True, documents())
    .answer(
        "200",
        versioned(json::<push::Done>("In force instead of the one before.")),
    )
    .answer(
        "201",
        versioned(json::<push::Done>("In force, the first of its kind.")),
    )
    .problems(&["400", "404", "412", "413", "415", "422", "503"])
}

fn patch_document() -> Operation {
    operation(
        HttpMethod::Patch,
        "patchDocument",
        "members",
        "Tell what has changed",
    )
    .described(
        "A JSON document takes a merge patch (RFC 7396), a Virtualizer an `edit-config` with \
             operations of NETCONF (RFC 6241 §7.2). One in YAML is put whole.",
    )
    .parameters(&["domain", "document", "if-match", "if-none-match"])
    .body(Required::True, [(MERGE_PATCH, any()), (EDIT, any())])
    .answer(
        "200",
        versioned(json::<push::Done>("The changed document is in force.")),
    )
    .problems(&["400", "404", "409", "412", "413", "415", "422", "503"])
}

fn delete_document() -> Operation {
    operation(
        HttpMethod::Delete,
        "withdrawDocument",
        "members",
        "Tell it no more",
    )
    .parameters(&["domain", "document", "if-match", "if-none-match"])
    .answer(
        "204",
        says("Withdrawn. Other sources of the domain count again."),
    )
    .problems(&["400", "404", "412", "503"])
}

fn changes() -> Operation {
    operation(
        HttpMethod::Get,
        "listEvents",
        "domains",
        "What changed from version to version",
    )
    .parameters(&["since"])
    .answer(
        "200",
        json::<events::Events>("What came after the event that the client has seen."),
    )
    .problems(&["400", "406"])
}

fn place() -> Operation {
    operation(
        HttpMethod::Post,
        "place",
        "placements",
        "The best placements of a service graph",
    )
    .body(Required::True, [(JSON, of::<PlacementsRequest>())])
    .answer(
        "200",
        json::<Placements>("Best first; none is an empty list."),
    )
    .problems(&["400", "406", "413", "415", "503"])
}

fn link_paths() -> Operation {
    operation(
        HttpMethod::Post,
        "listPaths",
        "placements",
        "The best paths that the links of a service graph could take",
    )
    .described(
        "For each link, between each two domains that could host its ends. A long answer is sent while it is \
         found; one that cannot be sent to its end is broken off.",
    )
    .body(Required::True, [(JSON, of::<PathsRequest>())])
    .answer(
        "200",
        json::<LinkPaths>("The links, in the order of the graph."),
    )
    .problems(&["400", "406", "413", "415", "503"])
}

fn located(answer: ResponseBuilder) -> ResponseBuilder {
    answer.header("Location", text_header("Where the reservation is."))
}

fn reserve() -> Operation {
    operation(
        HttpMethod::Post,
        "reserve",
        "reservations",
        "Hold the best placement for what is left",
    )
    .described(
        "Placements of others, and what the maps tell of domains, are then without what is held. A hold \
         lapses by itself, unless it is confirmed.",
    )
    .parameters(&["idempotency-key"])
    .body(Required::True, [(JSON, of::<ReservationRequest>())])
    .answer(
        "200",
        located(json::<reservations::ReservationBody>(
            "It was held before, by the same request with the same key.",
        )),
    )
    .answer(
        "201",
        located(json::<reservations::ReservationBody>("Held.")),
    )
    .problems(&["400", "406", "409", "413", "415", "503", "507"])
}

fn list_reservations() -> Operation {
    operation(
        HttpMethod::Get,
        "listReservations",
        "reservations",
        "What is held: one's own; operators and auditors see all",
    )
    .parameters(&["after"])
    .answer("200", json::<reservations::Reservations>("By id."))
    .problems(&["400", "406"])
}

fn show_reservation() -> Operation {
    operation(
        HttpMethod::Get,
        "showReservation",
        "reservations",
        "A reservation",
    )
    .parameters(&["reservation"])
    .answer(
        "200",
        json::<reservations::ReservationBody>("As it is now."),
    )
    .problems(&["400", "404", "406"])
}

fn release() -> Operation {
    operation(
        HttpMethod::Delete,
        "release",
        "reservations",
        "Give it back",
    )
    .parameters(&["reservation"])
    .answer("204", says("It is no more."))
    .problems(&["400", "404", "503"])
}

fn confirm() -> Operation {
    operation(
        HttpMethod::Post,
        "confirm",
        "reservations",
        "Decide for it: it lasts until it is released",
    )
    .parameters(&["reservation"])
    .answer("200", json::<reservations::ReservationBody>("Confirmed."))
    .problems(&["400", "404", "413", "415", "503"])
}

fn extend() -> Operation {
    operation(
        HttpMethod::Post,
        "extend",
        "reservations",
        "Hold it for longer, counted from now",
    )
    .parameters(&["reservation"])
    .body(Required::False, [(JSON, of::<ExtendRequest>())])
    .answer(
        "200",
        json::<reservations::ReservationBody>("Held for as long, or for longer already."),
    )
    .problems(&["400", "404", "409", "413", "415", "503"])
}

fn decomposition() -> Operation {
    operation(
        HttpMethod::Post,
        "decompose",
        "orders",
        "Which chains of partners could do a service graph, as agreements are",
    )
    .described("`k` candidates are judged as for an order; nothing is held, ordered or recorded.")
    .body(Required::True, [(JSON, of::<DecompositionRequest>())])
    .answer("200", json::<selections::Decomposition>("Best first."))
    .problems(&["400", "404", "406", "413", "415", "503"])
}

fn progress() -> Operation {
    operation(
        HttpMethod::Get,
        "showProgress",
        "orders",
        "How far the work on an order is, at each partner",
    )
    .described("One's own orders; operators and auditors see all.")
    .parameters(&["order"])
    .answer("200", json::<progresses::Progress>("As it is now."))
    .problems(&["400", "404", "406"])
}

fn rules() -> Operation {
    operation(
        HttpMethod::Get,
        "showRules",
        "orders",
        "What holds when partners are chosen, for each kind of service",
    )
    .answer(
        "200",
        json::<policies::PolicyBody>("As the settings say it."),
    )
    .problems(&["406"])
}

fn selection() -> Operation {
    operation(
        HttpMethod::Get,
        "showSelection",
        "orders",
        "Which partners were chosen for a service, and why",
    )
    .parameters(&["selection"])
    .answer("200", json::<selections::SelectionBody>("As it was made."))
    .problems(&["400", "404", "406"])
}

fn topology() -> Operation {
    operation(
        HttpMethod::Get,
        "topology",
        "placements",
        "Which domains are adjacent, over which links",
    )
    .parameters(&["around", "radius"])
    .answer("200", json::<Topology>("The domain graph, or a part."))
    .problems(&["400", "406"])
}

fn list_notifications() -> Operation {
    operation(
        HttpMethod::Get,
        "listNotifications",
        "notifications",
        "Subscriptions, and how their notifications are doing",
    )
    .parameters(&["after"])
    .answer(
        "200",
        json::<notifications::Notifications>("By the subscription's id."),
    )
    .problems(&["400", "406", "503"])
}

fn list_dead_letters() -> Operation {
    operation(
        HttpMethod::Get,
        "listDeadLetters",
        "notifications",
        "Notifications that were given up",
    )
    .parameters(&["after"])
    .answer(
        "200",
        json::<notifications::DeadLetters>("By subscription, each one's in order."),
    )
    .problems(&["400", "404", "406", "503"])
}

fn retry_dead_letter() -> Operation {
    operation(
        HttpMethod::Post,
        "retryDeadLetter",
        "notifications",
        "Send it again, before all that waits for the subscriber",
    )
    .parameters(&["letter"])
    .answer("204", says("It waits again, and is tried at once."))
    .problems(&["400", "404", "503"])
}

fn forget_dead_letter() -> Operation {
    operation(
        HttpMethod::Delete,
        "forgetDeadLetter",
        "notifications",
        "Forget it",
    )
    .parameters(&["letter"])
    .answer("204", says("It is no more."))
    .problems(&["400", "404", "503"])
}

fn directory() -> Operation {
    let map = says("RFC 7285 §9.2.").content(alto::media::DIRECTORY, any());
    operation(
        HttpMethod::Get,
        "directory",
        "operation",
        "The ALTO resources, described by ALTO itself",
    )
    .answer("200", map.header("ETag", text_header("Its version.")))
    .answer("304", says("The client has it."))
    .problems(&["406"])
}

fn healthz() -> Operation {
    operation(
        HttpMethod::Get,
        "healthz",
        "operation",
        "Whether the process answers",
    )
    .open()
    .answer(
        "200",
        says("It does.").content("text/plain; charset=utf-8", text()),
    )
}

fn readyz() -> Operation {
    let plain = |description| says(description).content("text/plain; charset=utf-8", text());
    operation(
        HttpMethod::Get,
        "readyz",
        "operation",
        "Whether the maps can be relied on",
    )
    .open()
    .answer(
        "200",
        plain("Every source of the settings has been asked, with whatever result."),
    )
    .answer("503", plain("Not yet."))
}

fn metrics() -> Operation {
    operation(
        HttpMethod::Get,
        "metrics",
        "operation",
        "Counters and gauges",
    )
    .answer(
        "200",
        says("OpenMetrics text.").content(ops::OPEN_METRICS, text()),
    )
    .problems(&[])
}

fn openapi() -> Operation {
    operation(HttpMethod::Get, "openapi", "operation", "This document")
        .open()
        .answer("200", versioned(says("OpenAPI 3.1.")).content(JSON, any()))
        .answer("304", says("The client has it."))
}
