//! `POST /broker/v1/placements`: where a service graph could go.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::Request;
use nffg::NodeKind;
use nffg::json::FieldError;

use super::App;
use super::answer::{check_content_type, json, negotiate, parse_json, read_body};
use super::heavy::LIGHT_WORK;
use super::problem::Problem;
use crate::placements::cancel::Waiting;
use crate::placements::problem::Effort;
use crate::placements::request::{self, PlacementRequest};
use crate::placements::{self, MoreWork, PlaceError, Version};

pub(super) const JSON: &str = "application/json";

/// What a client is told of a placement that cannot be searched for.
pub(super) fn place_problem(error: &PlaceError, request: &PlacementRequest) -> Problem {
    match error {
        PlaceError::Host(error) => host_problem(error, request),
        // Nobody reads it.
        PlaceError::Cancelled => Problem::Stopping,
    }
}

/// The field that names the node which nobody can host.
fn host_problem(error: &idr::HostError, request: &PlacementRequest) -> Problem {
    let (idr::HostError::UnknownNfType { node, .. } | idr::HostError::UnknownSap { node, .. }) =
        error;
    let value = match request.sg.nodes().get(*node).map(|node| &node.kind) {
        Some(NodeKind::Nf { nf_type, .. }) => nf_type.to_string(),
        Some(NodeKind::Sap { sap }) => sap.to_string(),
        None => String::new(),
    };
    let field = format!("sg/{}", request.form.host_field(&request.sg, *node));
    FieldError::invalid(field, value, error).into()
}

/// Runs a search: a little on this thread, and if that is not enough, again on one of its own. It ends
/// when the client leaves.
pub(super) async fn search<T: Send + 'static>(
    app: &App,
    version: Version,
    request: &Arc<PlacementRequest>,
    run: impl Fn(&Version, &PlacementRequest, &Effort<'_>) -> Result<T, PlaceError> + Send + 'static,
    more_work: impl Fn(&T) -> MoreWork,
) -> Result<T, Problem> {
    let waiting = Waiting::default();
    let cancelled = waiting.flag();
    let light = Effort {
        work: LIGHT_WORK,
        cancelled: &cancelled,
    };
    let found = run(&version, request, &light).map_err(|error| place_problem(&error, request))?;
    let more = more_work(&found);
    if more == MoreWork::Useless {
        return Ok(found);
    }
    let admission = match app.shared.heavy.admit() {
        // There is no room: what there is will do.
        Err(_) if more == MoreWork::Helpful => return Ok(found),
        admission => admission?,
    };
    let work = app.shared.settings.paths.work;
    let heavy = Arc::clone(request);
    let found = app.shared.heavy.run_admitted(admission, move || {
        let effort = Effort {
            work,
            cancelled: &cancelled,
        };
        run(&version, &heavy, &effort)
    });
    let found = found.await?;
    drop(waiting);
    found.map_err(|error| place_problem(&error, request))
}

pub(super) async fn placements(
    State(app): State<App>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    negotiate(request.headers(), &[JSON])?;
    check_content_type(request.headers(), JSON)?;
    let body = read_body(request, app.shared.settings.limits.body_bytes).await?;
    let value = parse_json(&body)?;
    let request = request::decode(&value, app.shared.settings.paths.max_placements)?;
    let request = Arc::new(request);
    let version = app.shared.published.version();
    let found = search(
        &app,
        version,
        &request,
        placements::answer,
        placements::answer::Answer::more_work,
    );
    json(&found.await?)
}
