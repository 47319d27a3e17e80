//! `quoin clock`

use api::act::clock::ClockView;
use serde_json::json;

use crate::arguments::ClockCommand;
use crate::client::Client;
use crate::output::Output;

/// Shows the business clock, or sets it forward.
pub async fn clock(client: &Client, command: Option<ClockCommand>, output: &Output) -> anyhow::Result<()> {
    let view: ClockView = match command {
        None => client.get("/api/v1/clock").await?,
        Some(ClockCommand::Advance { to }) => {
            serde_json::from_value(client.post("/api/v1/clock/advance", &json!({ "to": to })).await?)?
        }
    };
    if output.json {
        return output.print_json(&view);
    }
    say!("{}", view.now);
    if view.settable {
        eprintln!("this clock is set by hand; `quoin clock advance <instant>` sets it forward");
    }
    Ok(())
}
