//! The registries whose logs are followed, reached through the same door as everything else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use egress::{ConnectionConfig, CredentialConfig, Egress};
use fleet::{Registry, RegistryLog};
use ports::{Access, CallContext, HttpRequest, Outbound};
use serde_json::json;

use crate::config::{self, Config};

/// Longest wait for a registry's log.
const WAIT: Duration = Duration::from_secs(30);

/// Largest answer, bytes: a line has a few hundred, and only what is new is asked for.
const LOG_BYTES_MAX: u64 = 16 << 20;

/// Opens the way to every registry of the configuration.
///
/// # Errors
/// What is wrong with one.
pub(crate) fn followed(config: &Config, egress: &Arc<Egress>) -> Result<Vec<Registry>, String> {
    config.registries.iter().map(|registry| followed_one(registry, egress)).collect()
}

fn followed_one(registry: &config::Registry, egress: &Arc<Egress>) -> Result<Registry, String> {
    let connection = format!("registry-{}", registry.name);
    let origins = vec![registry.url.trim_end_matches('/').to_owned()];
    let bearer = || serde_json::from_value::<CredentialConfig>(json!({"slot": "api", "scheme": "bearer"}));
    let at = |error: String| format!("registry '{}': {error}", registry.name);
    let credentials = match registry.token {
        true => vec![bearer().map_err(|error| at(error.to_string()))?],
        false => Vec::new(),
    };
    let door = ConnectionConfig {
        connection: connection.clone(),
        manifest_origins: origins.clone(),
        granted_origins: origins.clone(),
        allow_private: registry.allow_private.clone(),
        credentials,
        response_limit_bytes: LOG_BYTES_MAX,
        ..ConnectionConfig::default()
    };
    egress.install(&door).map_err(|error| at(error.to_string()))?;
    let url = origins.concat();
    let slot = registry.token.then(|| "api".to_owned());
    let log = Log { egress: Arc::clone(egress), connection, url: url.clone(), slot };
    Ok(Registry { url, log: Arc::new(log), every: Duration::from_millis(registry.follow_ms) })
}

struct Log {
    egress: Arc<Egress>,
    connection: String,
    url: String,
    slot: Option<String>,
}

#[async_trait]
impl RegistryLog for Log {
    async fn after(&self, number: u64) -> Result<String, String> {
        let call = CallContext {
            connection: self.connection.clone(),
            access: Access::Read,
            call: "registry-log".to_owned(),
            digest: String::new(),
            deadline: Instant::now() + WAIT,
        };
        let request = HttpRequest {
            method: "GET".to_owned(),
            url: format!("{}/api/v1/log?after={number}", self.url),
            credential: self.slot.clone(),
            cost: 1,
            ..HttpRequest::default()
        };
        let answer = self.egress.send(&call, request).await.map_err(|error| error.to_string())?;
        if answer.status != 200 {
            return Err(format!("it answers {} to the question for its log", answer.status));
        }
        String::from_utf8(answer.body.to_vec()).map_err(|_| "its log is no text".to_owned())
    }
}
