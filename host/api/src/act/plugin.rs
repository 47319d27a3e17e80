//! Load or replace a plugin.

use axum::http::StatusCode;
use policy::access::Permission;
use ports::{Package, RolloutError};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::guard::{Answer, Effect, IdempotencyKey, Once, once, permit};
use crate::read::PluginView;
use crate::{ApiState, Principal, Problem};

/// A component and its manifest, as uploaded.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The component's bytes.
    pub component: Vec<u8>,
    /// `connector.toml`.
    pub manifest: String,
}

/// What to do with an upload.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadOptions {
    /// Only make it ready: nothing is routed to it before somebody decides so.
    pub stage: bool,
    /// Take a version that asks for more than the one that serves.
    pub accept: bool,
}

/// Loads a plugin and records `plugin.loaded`. A repeat under the same key answers from the record and
/// does not load again.
///
/// # Errors
/// 422 with the reason when the host refuses it; nothing changed then.
pub async fn load(
    state: &ApiState,
    by: &Principal,
    key: &IdempotencyKey,
    upload: Upload,
    options: LoadOptions,
) -> Result<Answer, Problem> {
    permit(by, Permission::LoadPlugin)?;
    let component = sha256(&upload.component);
    let payload = json!({ "component": component, "manifest": upload.manifest, "options": options });
    let scope = Once { principal: by, route: "plugins", key, payload: &payload };
    once(state, &scope, async || {
        let view = loaded(state, by, upload, options).await?;
        let stream = format!("plugin/{}", view.id);
        let answer = json!(view);
        let op = super::asked(scope.id(&["loaded"]), "plugin.loaded", &stream, state.clock.now(), by, answer.clone());
        Ok(Effect { ops: vec![op], answer })
    })
    .await
}

async fn loaded(state: &ApiState, by: &Principal, upload: Upload, options: LoadOptions) -> Result<PluginView, Problem> {
    let Upload { component, manifest } = upload;
    let Some(rollouts) = &state.rollouts else {
        return state.plugins.load(component, manifest).await.map(PluginView::from).map_err(refused);
    };
    let package = Package { component, manifest, source: format!("uploaded by {}", by.name) };
    let staged = match options.stage {
        true => rollouts.stage(package, &by.name).await,
        false => rollouts.load(package, options.accept, &by.name).await,
    };
    let staged = staged.map_err(|error| match error {
        RolloutError::Refused(reason) => refused(reason),
        other => super::rollout::problem(other),
    })?;
    let now = state.plugins.plugins().into_iter().find(|info| info.digest == staged.info.digest);
    let mut view = PluginView::from(now.unwrap_or(staged.info));
    view.steps = staged.steps.into_iter().map(Into::into).collect();
    Ok(view)
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes))
}

fn refused(reason: String) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "plugin-refused",
        reason,
        "nothing changed: the plugin that served before still serves; mend what is named and upload again",
    )
}
