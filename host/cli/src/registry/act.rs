//! `quoin registry yank`, `restore`, `deprecate`, `revoke`

use anyhow::Context;
use serde_json::json;

use super::arguments::ActArguments;
use super::client::{Client, coordinate};
use crate::output::{Output, Paint};

/// Does it to a version.
pub async fn act(action: &str, wanted: &ActArguments, output: &Output) -> anyhow::Result<()> {
    let (plugin, version) = coordinate(&wanted.release)?;
    let version = version.with_context(|| format!("name the version: {plugin}@1.4.0"))?;
    let client = Client::new(&wanted.from)?;
    let path = format!("/api/v1/plugins/{plugin}/{version}/{action}");
    let answer = client.post(&path, &json!({ "reason": wanted.reason })).await?;
    if output.json {
        return output.print_json(&answer);
    }
    let done = match action {
        "yank" => "is yanked: hidden from whoever looks for a version",
        "restore" => "is offered again",
        "deprecate" => "is deprecated: whoever takes it is warned",
        _ => "is revoked: it is handed out no more",
    };
    say!("{} {plugin} {version} {done}", output.paint(Paint::Good, "ok"));
    Ok(())
}
