//! Secrets never turn up in what comes back.

use anyhow::ensure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::stage::{Stage, skip};

/// Parts of field names that belong to secrets: a configuration is shown, stored and recorded in the clear.
const SECRETIVE: [&str; 8] =
    ["password", "passwd", "secret", "token", "api_key", "apikey", "private_key", "credential"];
/// Parts of a credential that name it: a check may tell them.
const PUBLIC_PARTS: [&str; 3] = ["username", "client_id", "consumer_key"];
/// Shorter values are no secrets, and occur by chance.
const MIN_SECRET_BYTES: usize = 6;

/// Fails everything while the vendor echoes the credential, then searches all that ever came back.
pub async fn secret(stage: &Stage<'_>) -> anyhow::Result<()> {
    for field in &stage.bench.manifest.config {
        let name = field.field.to_lowercase();
        let secretive = SECRETIVE.iter().find(|part| name.contains(*part));
        ensure!(
            secretive.is_none(),
            "connector.toml, config.{}: this asks for a secret in the configuration, which is shown, stored and recorded in the clear; make it a [[credential]] slot",
            field.field
        );
    }
    if stage.bench.secrets.is_empty() {
        return skip("the plan has no secret that could turn up");
    }
    let objects: Vec<String> = stage.bench.manifest.objects.iter().map(|object| object.name.clone()).collect();
    for object in &objects {
        stage.fresh().await?;
        let item = if stage.plan(object).item.is_some() { stage.item(object, "secret").await.ok() } else { None };
        stage.plug("echo_credential", &json!({})).await?;
        // How these fail is told by other rules; here only their words count.
        let _failed = stage.page(object, None, 10).await;
        if let Some(item) = item {
            let _failed = stage.apply(object, &item).await;
            let _failed = stage.lookup(object, &item).await;
        }
    }
    let _failed = stage.bench.check().await;
    let _failed = stage.bench.discover().await;
    let public = |name: &str| name.rsplit('/').next().is_some_and(|part| PUBLIC_PARTS.contains(&part));
    let secrets = stage.bench.secrets.iter().filter(|(name, value)| !public(name) && value.len() >= MIN_SECRET_BYTES);
    for (name, value) in secrets {
        for heard in stage.bench.heard() {
            if let Some(notation) = shows(&heard, value) {
                let place: String = heard.chars().take(160).collect();
                anyhow::bail!(
                    "the secret '{name}' turned up ({notation}) in what came back: {}…",
                    place.replace(value, "***")
                );
            }
        }
    }
    Ok(())
}

/// In which notation a text shows a secret.
fn shows(text: &str, secret: &str) -> Option<&'static str> {
    let bytes = secret.as_bytes();
    let lower = text.to_lowercase();
    if text.contains(secret) {
        return Some("as it is");
    }
    if lower.contains(&hex::encode(bytes)) {
        return Some("hexadecimal");
    }
    if text.contains(&utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string()) {
        return Some("percent-encoded");
    }
    if text.contains(&secret.chars().rev().collect::<String>()) {
        return Some("backwards");
    }
    // Base64 depends on where the value stands: at each of three places, without the characters it shares.
    let shown = (0..3).any(|shift| {
        let mut padded = vec![0; shift];
        padded.extend_from_slice(bytes);
        let encoded = STANDARD_NO_PAD.encode(&padded);
        let (start, end) = ((shift * 8).div_ceil(6), padded.len() * 8 / 6);
        encoded.get(start..end).is_some_and(|core| core.len() >= MIN_SECRET_BYTES && text.contains(core))
    });
    shown.then_some("base64")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_seen_in_every_notation() {
        let secret = "s3cr3t/value+x";
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("user:{secret}"));
        let cases = [
            (format!("a {secret} b"), Some("as it is")),
            (hex::encode_upper(secret), Some("hexadecimal")),
            ("s3cr3t%2Fvalue%2Bx".to_owned(), Some("percent-encoded")),
            ("x+eulav/t3rc3s".to_owned(), Some("backwards")),
            (format!("Basic {basic}"), Some("base64")),
            ("nothing of it: s3cr3t".to_owned(), None),
        ];
        for (text, notation) in cases {
            assert_eq!(shows(&text, secret), notation, "{text}");
        }
    }
}
