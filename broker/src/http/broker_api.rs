//! The broker's own API, `/broker/v1/`: what neither ALTO nor MEF defines.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::Request;
use nffg::json::{Cursor, FieldError};
use nffg::{GraphForm, NodeKind, ServiceGraph};

use super::App;
use super::answer::{check_content_type, json, negotiate, parse_json, read_body};
use super::heavy::LIGHT_WORK;
use super::problem::Problem;
use crate::placements;
use crate::settings::Paths;

pub(super) const JSON: &str = "application/json";

struct PlacementRequest {
    sg: ServiceGraph,
    form: GraphForm,
    k: usize,
}

/// Placements that a request gets when it does not say how many.
const DEFAULT_K: usize = 10;

fn placement_request(body: &[u8], paths: &Paths) -> Result<PlacementRequest, Problem> {
    let value = parse_json(body)?;
    let root = Cursor::root(&value);
    if let Some(objective) = root.optional("objective")?
        && objective.string()? != "hops"
    {
        return Err(objective.invalid("the only objective is 'hops'").into());
    }
    let k = match root.optional("k")? {
        Some(k) => k.integer(1, paths.max_placements as u64)?,
        None => DEFAULT_K.min(paths.max_placements) as u64,
    };
    let graph = root.required("sg")?;
    let (form, sg) = (GraphForm::of(&graph)?, nffg::decode_service_graph(&graph)?);
    let k = usize::try_from(k).unwrap_or(paths.max_placements);
    Ok(PlacementRequest { sg, form, k })
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

pub(super) async fn placements(
    State(app): State<App>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    negotiate(request.headers(), &[JSON])?;
    check_content_type(request.headers(), JSON)?;
    let body = read_body(request, app.shared.settings.limits.body_bytes).await?;
    let request = placement_request(&body, &app.shared.settings.paths)?;
    let maps = app.shared.published.maps();
    let light = placements::place(&maps, &request.sg, request.k, LIGHT_WORK)
        .map_err(|error| host_problem(&error, &request))?;
    if !light.is_cut_by_work() {
        return json(&light);
    }
    let work = app.shared.settings.paths.work;
    let (maps, sg, k) = (Arc::clone(&maps), request.sg.clone(), request.k);
    let answer = app
        .shared
        .heavy
        .run(move || placements::place(&maps, &sg, k, work))
        .await?;
    json(&answer.map_err(|error| host_problem(&error, &request))?)
}
