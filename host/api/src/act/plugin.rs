//! Load or replace a plugin.

use axum::http::StatusCode;
use policy::access::Permission;
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

/// Loads a plugin and records `plugin.loaded`. A repeat under the same key answers from the record and
/// does not load again.
///
/// # Errors
/// 422 with the reason when the host refuses it; nothing changed then.
pub async fn load(state: &ApiState, by: &Principal, key: &IdempotencyKey, upload: Upload) -> Result<Answer, Problem> {
    permit(by, Permission::LoadPlugin)?;
    let payload = json!({ "component": sha256(&upload.component), "manifest": upload.manifest });
    let scope = Once { principal: by, route: "plugins", key, payload: &payload };
    let Upload { component, manifest } = upload;
    once(state, &scope, async || {
        let info = state.plugins.load(component, manifest).await.map_err(refused)?;
        let stream = format!("plugin/{}", info.id);
        let answer = json!(PluginView::from(info));
        let op = super::asked(scope.id(&["loaded"]), "plugin.loaded", &stream, state.clock.now(), by, answer.clone());
        Ok(Effect { ops: vec![op], answer })
    })
    .await
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
