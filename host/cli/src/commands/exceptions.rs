//! `quoin exceptions`

use api::page::Page;
use api::read::ExceptionView;
use serde_json::{Value, json};

use crate::arguments::ExceptionCommand;
use crate::client::{Client, encode};
use crate::output::{Output, Paint};

/// Lists what waits for a person, or retries it.
pub async fn exceptions(
    client: &Client,
    all: bool,
    command: Option<ExceptionCommand>,
    output: &Output,
) -> anyhow::Result<()> {
    match command {
        Some(ExceptionCommand::Retry { id: Some(id), .. }) => return retry(client, &id, output).await,
        Some(ExceptionCommand::Retry { code, step, .. }) => {
            return retry_all(client, &json!({"code": code, "step": step}), output).await;
        }
        None => {}
    }
    let path = format!("/api/v1/exceptions?all={all}");
    if output.json {
        return output.print_json(&client.get::<Value>(&path).await?["items"]);
    }
    let page: Page<ExceptionView> = client.get(&path).await?;
    if page.items.is_empty() {
        eprintln!("nothing waits for a person");
    }
    for exception in &page.items {
        print_exception(exception, output);
    }
    Ok(())
}

async fn retry(client: &Client, id: &str, output: &Output) -> anyhow::Result<()> {
    let answer = client.post(&format!("/api/v1/exceptions/{}/retry", encode(id)), &json!({})).await?;
    if output.json {
        return output.print_json(&answer);
    }
    let key = answer["key"].as_str().unwrap_or_default();
    say!("asked for another try of {id}; `quoin timeline {key}` shows what becomes of it");
    Ok(())
}

async fn retry_all(client: &Client, cause: &Value, output: &Output) -> anyhow::Result<()> {
    let answer = client.post("/api/v1/exceptions/retry", cause).await?;
    if output.json {
        return output.print_json(&answer);
    }
    let retried = answer["retried"].as_array().map(Vec::as_slice).unwrap_or_default();
    for one in retried {
        let text = |field: &str| one[field].as_str().unwrap_or_default().to_owned();
        say!("{}  {}", text("exception"), text("key"));
    }
    say!("asked for another try of {}; `quoin exceptions` shows what comes back", retried.len());
    if answer["left"].as_u64().is_some_and(|left| left > 0) {
        say!("{} more have the same cause: say it again", answer["left"]);
    }
    Ok(())
}

fn print_exception(exception: &ExceptionView, output: &Output) {
    let (paint, word) = if exception.is_open() { (Paint::Bad, "open") } else { (Paint::Good, "resolved") };
    let amount = exception.amount.as_deref().map_or(String::new(), |amount| format!(", {amount} at risk"));
    say!("{}  {}", output.paint(Paint::Strong, &exception.id), output.paint(paint, word));
    say!("  {} {}{amount}", exception.key, exception.customer);
    say!(
        "  {} ({}{})",
        exception.message,
        exception.code,
        exception.field.as_deref().map_or(String::new(), |field| format!(" at {field}"))
    );
    say!("  {}", exception.suggestion);
    say!(
        "  {}",
        output
            .paint(Paint::Soft, &format!("owner {}, due {}, step {}", exception.owner, exception.due, exception.step))
    );
}
