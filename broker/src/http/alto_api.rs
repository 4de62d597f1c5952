//! The ALTO resources. All the protocol is in the crate `alto`; here is what HTTP adds to it.

use alto::media;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Request, StatusCode};

use super::App;
use super::answer::{alto_error, check_content_type, map, negotiate, read_body, typed};
use super::heavy::{LIGHT_DOMAINS, LIGHT_WORK};
use super::problem::Problem;

/// A GET resource that is encoded once per version.
fn cached(app: &App, headers: &HeaderMap, pick: fn(&alto::Maps) -> &alto::Body) -> Response {
    let maps = app.shared.published.maps();
    let body = pick(&maps);
    match negotiate(headers, &[body.media_type]) {
        Ok(_) => map(headers, body),
        Err(problem) => problem.into_response(),
    }
}

pub(super) async fn directory(State(app): State<App>, headers: HeaderMap) -> Response {
    cached(&app, &headers, alto::Maps::directory)
}

pub(super) async fn network_map(State(app): State<App>, headers: HeaderMap) -> Response {
    cached(&app, &headers, alto::Maps::network_map)
}

pub(super) async fn draft_property_map(State(app): State<App>, headers: HeaderMap) -> Response {
    cached(&app, &headers, alto::Maps::draft_property_map)
}

pub(super) async fn property_map(State(app): State<App>, headers: HeaderMap) -> Response {
    cached(&app, &headers, alto::Maps::property_map)
}

pub(super) async fn filtered_property_map(
    State(app): State<App>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    negotiate(request.headers(), &[media::PROPERTY_MAP])?;
    check_content_type(request.headers(), media::PROPERTY_MAP_PARAMS)?;
    let body = read_body(request, app.shared.settings.limits.body_bytes).await?;
    Ok(
        match app.shared.published.maps().filtered_property_map(&body) {
            Ok(bytes) => typed(StatusCode::OK, media::PROPERTY_MAP, bytes),
            Err(error) => alto_error(&error),
        },
    )
}

/// `POST /costmap/pv`: as multipart with the property map, or the cost map alone, by `Accept`.
pub(super) async fn path_vectors(
    State(app): State<App>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let offered = [media::PATH_VECTORS, media::COST_MAP];
    let wanted = negotiate(request.headers(), &offered)?;
    check_content_type(request.headers(), media::COST_MAP_FILTER)?;
    let body = read_body(request, app.shared.settings.limits.body_bytes).await?;
    let version = app.shared.published.version();
    let light = (version.maps.idt().graph().len() <= LIGHT_DOMAINS)
        .then(|| version.maps.path_vectors(&body, LIGHT_WORK));
    let answer = match light {
        Some(answer) if !answer.as_ref().is_ok_and(|answer| answer.cut_by_work) => answer,
        _ => {
            let work = app.shared.settings.paths.work;
            let heavy = &app.shared.heavy;
            heavy
                .run(move || {
                    let maps = &version.maps;
                    maps.path_vectors_with(version.distances(), &body, work)
                })
                .await?
        }
    };
    Ok(match answer {
        Err(error) => alto_error(&error),
        Ok(vectors) if wanted == media::COST_MAP => {
            typed(StatusCode::OK, media::COST_MAP, vectors.cost_map)
        }
        Ok(vectors) => {
            let (content_type, bytes) = vectors.multipart();
            typed(StatusCode::OK, &content_type, bytes)
        }
    })
}
