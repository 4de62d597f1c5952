//! Partners, agreements, and what partners notify.

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{HttpMethod, ObjectBuilder, Required, ResponseBuilder, Type};

use super::super::super::partners::{AgreementBody, Agreements, MefError, PartnerBody, Partners};
use super::super::words::{AgreementRequest, NotificationWord, PartnerRequest};
use super::super::{of, text_header};
use super::{JSON, Operation, json, operation, says};
use crate::lso::interlude::call::JSON_UTF8;

const TAG: &str = "partners";

pub(super) fn paths() -> [(&'static str, Vec<Operation>); 9] {
    [
        ("/broker/v1/partners", vec![list()]),
        (
            "/broker/v1/partners/{domain}",
            vec![show(), put(), delete()],
        ),
        (
            "/broker/v1/partners/{domain}/check",
            vec![step("checkPartner", "Look at its API now")],
        ),
        (
            "/broker/v1/partners/{domain}/suspend",
            vec![step("suspendPartner", "Order nothing from it for now")],
        ),
        (
            "/broker/v1/partners/{domain}/resume",
            vec![step("resumePartner", "Order from it again")],
        ),
        (
            "/broker/v1/partners/{domain}/retire",
            vec![step("retirePartner", "Order nothing from it any more")],
        ),
        (
            "/broker/v1/partners/{domain}/agreements",
            vec![list_agreements()],
        ),
        (
            "/broker/v1/partners/{domain}/agreements/{agreement}",
            vec![show_agreement(), put_agreement(), delete_agreement()],
        ),
        (
            "/broker/v1/callbacks/{token}/mefApi/interlude/{api}/{version}/listener/{event}",
            vec![notified()],
        ),
    ]
}

pub(super) fn parameters() -> [(&'static str, Parameter); 6] {
    let parameter = |name, place, required, description| {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        ParameterBuilder::new()
            .name(name)
            .parameter_in(place)
            .required(required)
            .description(Some(description))
            .schema(Some(schema))
            .build()
    };
    let in_path =
        |name, description| parameter(name, ParameterIn::Path, Required::True, description);
    [
        (
            "agreement",
            in_path("agreement", "Its name among those with the partner."),
        ),
        (
            "after-domain",
            parameter(
                "after",
                ParameterIn::Query,
                Required::False,
                "A domain: only partners after it.",
            ),
        ),
        ("token", in_path("token", "What the partner was told.")),
        (
            "api",
            in_path(
                "api",
                "`serviceOrderingNotification`; `serviceOrderingManagement` is taken, too.",
            ),
        ),
        ("version", in_path("version", "`v1`.")),
        ("event", in_path("event", "The type of the event.")),
    ]
}

/// An answer with a record, and its version.
fn recorded(answer: ResponseBuilder) -> ResponseBuilder {
    answer.header("ETag", text_header("The version of the record."))
}

fn partner(description: &str) -> ResponseBuilder {
    recorded(json::<PartnerBody>(description))
}

fn agreement(description: &str) -> ResponseBuilder {
    recorded(json::<AgreementBody>(description))
}

fn list() -> Operation {
    operation(HttpMethod::Get, "listPartners", TAG, "Every partner")
        .parameters(&["after-domain"])
        .answer("200", json::<Partners>("By domain."))
        .problems(&["400", "406", "503"])
}

fn show() -> Operation {
    operation(HttpMethod::Get, "showPartner", TAG, "A partner")
        .parameters(&["domain"])
        .answer("200", partner("As it stands."))
        .problems(&["400", "404", "406", "503"])
}

fn put() -> Operation {
    operation(HttpMethod::Put, "putPartner", TAG, "Tell of a partner, and look at its API")
        .described(
            "Its state stays as it was; one that was retired begins anew. It is ordered from once a look at its \
             API found no fault.",
        )
        .parameters(&["domain", "if-match", "if-none-match"])
        .body(Required::True, [(JSON, of::<PartnerRequest>())])
        .answer("200", partner("It was known; this is it now."))
        .answer("201", partner("It was not known."))
        .problems(&["400", "412", "413", "415", "503", "507"])
}

fn step(id: &str, summary: &str) -> Operation {
    operation(HttpMethod::Post, id, TAG, summary)
        .parameters(&["domain", "if-match"])
        .answer("200", partner("What has become of it."))
        .problems(&["400", "404", "409", "412", "503", "507"])
}

fn delete() -> Operation {
    operation(HttpMethod::Delete, "deletePartner", TAG, "Retire it")
        .described("The record stays, so that what it does for services can be ended.")
        .parameters(&["domain", "if-match"])
        .answer("200", partner("It is retired."))
        .problems(&["400", "404", "409", "412", "503", "507"])
}

fn list_agreements() -> Operation {
    operation(
        HttpMethod::Get,
        "listAgreements",
        TAG,
        "The agreements with a partner",
    )
    .parameters(&["domain"])
    .answer("200", json::<Agreements>("By id."))
    .problems(&["400", "404", "406", "503"])
}

fn show_agreement() -> Operation {
    operation(HttpMethod::Get, "showAgreement", TAG, "An agreement")
        .parameters(&["domain", "agreement", "if-none-match"])
        .answer("200", agreement("As it is kept."))
        .answer("304", recorded(says("The client has it.")))
        .problems(&["400", "404", "406", "503"])
}

fn put_agreement() -> Operation {
    operation(
        HttpMethod::Put,
        "putAgreement",
        TAG,
        "Agree on something, or otherwise",
    )
    .parameters(&["domain", "agreement", "if-match", "if-none-match"])
    .body(Required::True, [(JSON, of::<AgreementRequest>())])
    .answer("200", agreement("It was known; this is it now."))
    .answer("201", agreement("It was not known."))
    .problems(&["400", "404", "409", "412", "413", "415", "503", "507"])
}

fn delete_agreement() -> Operation {
    operation(
        HttpMethod::Delete,
        "deleteAgreement",
        TAG,
        "Order nothing under it any more",
    )
    .parameters(&["domain", "agreement", "if-match"])
    .answer("204", says("It is no more."))
    .problems(&["400", "404", "412", "503", "507"])
}

fn notified() -> Operation {
    let refused = |description| says(description).content(JSON_UTF8, of::<MefError>());
    operation(
        HttpMethod::Post,
        "notify",
        TAG,
        "A partner tells that something happened to an order (Mplify 99.1)",
    )
    .described("The event is a hint to look: nothing of it is believed.")
    .open()
    .parameters(&["token", "api", "version", "event"])
    .body(Required::True, [(JSON, of::<NotificationWord>())])
    .answer("204", says("Taken."))
    .answer("400", refused("It is no event of this type."))
    .answer(
        "404",
        refused("There is no listener for this token, or not for this API."),
    )
    .answer("408", refused("It did not come whole in time."))
    .answer("413", refused("It is over the limit."))
    .answer("415", refused("It is not JSON by its type."))
    .answer("429", refused("More requests than one client may make."))
}
