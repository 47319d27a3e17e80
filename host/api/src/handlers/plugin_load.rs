//! `POST /api/v1/plugins`

use axum::Extension;
use axum::extract::{FromRequest, Multipart, Request, State};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::extract::Query;
use crate::act::plugin::{self, LoadOptions, Upload};
use crate::guard::{Answer, Caller, IdempotencyKey};
use crate::read::PluginView;
use crate::{ApiState, Problem};

/// Bytes of an upload at most: several times the largest component a build of ours gives.
pub const PLUGIN_UPLOAD_BYTES_MAX: usize = 32 << 20;

/// Bytes of a manifest at most: one is written by hand.
const MANIFEST_BYTES_MAX: usize = 256 << 10;

/// The two parts of an upload.
#[derive(ToSchema)]
#[allow(dead_code)] // only its schema is used
struct PluginUpload {
    /// The component (.wasm).
    #[schema(format = Binary, content_media_type = "application/wasm")]
    component: String,
    /// `connector.toml`.
    manifest: String,
}

/// What to do with the upload.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LoadQuery {
    /// Only make it ready: nothing is routed to it before `POST /rollouts/{plugin}` says so.
    #[serde(default)]
    stage: bool,
    /// Take a version that asks for more than the one that serves.
    #[serde(default)]
    accept: bool,
}

/// Load a plugin, or a new version of one: it is promoted at once, new calls go to it, calls in flight finish.
#[utoipa::path(
    post, path = "/plugins", tag = "platform", operation_id = "loadPlugin",
    request_body(content = PluginUpload, content_type = "multipart/form-data"),
    params(LoadQuery, ("Idempotency-Key" = String, Header, description = "A fresh UUID; the same one for a repeat")),
    responses(
        (status = 202, description = "Loaded and serving", body = PluginView),
        (status = 400, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)
    )
)]
pub async fn plugin_load(
    State(state): State<ApiState>,
    Extension(by): Caller,
    key: IdempotencyKey,
    Query(query): Query<LoadQuery>,
    request: Request,
) -> Result<Answer, Problem> {
    let parts = Multipart::from_request(request, &()).await.map_err(|rejection| {
        Problem::invalid(
            "",
            rejection.body_text(),
            "send multipart/form-data with the parts `component` and `manifest`",
        )
    })?;
    let options = LoadOptions { stage: query.stage, accept: query.accept };
    plugin::load(&state, &by, &key, upload(parts).await?, options).await
}

async fn upload(mut parts: Multipart) -> Result<Upload, Problem> {
    let (mut component, mut manifest) = (None, None);
    while let Some(part) = parts.next_field().await? {
        match part.name() {
            Some("component") => component = Some(part.bytes().await?.to_vec()),
            Some("manifest") => manifest = Some(part.text().await?),
            other => {
                let detail = format!("there is no part '{}'", other.unwrap_or(""));
                return Err(Problem::invalid("", detail, "send the parts `component` and `manifest`"));
            }
        }
    }
    let missing = |name: &str| {
        Problem::invalid(
            &format!("/{name}"),
            format!("the part '{name}' is missing"),
            "send the parts `component` and `manifest`",
        )
    };
    let manifest = manifest.ok_or_else(|| missing("manifest"))?;
    if manifest.len() > MANIFEST_BYTES_MAX {
        return Err(Problem::too_large("the manifest", MANIFEST_BYTES_MAX as u64));
    }
    Ok(Upload { component: component.ok_or_else(|| missing("component"))?, manifest })
}
