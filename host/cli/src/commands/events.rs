//! `quoin events`

use api::read::Entry;
use process::Event;

use crate::arguments::EventArguments;
use crate::client::{Client, encode};
use crate::follow::follow;
use crate::output::{Output, Paint};

/// Reads the log, or follows it.
pub async fn events(client: &Client, wanted: &EventArguments, output: &Output) -> anyhow::Result<()> {
    let mut query = Vec::new();
    query.extend(wanted.key.as_deref().map(|key| format!("key={}", encode(key))));
    query.extend(wanted.kind.as_deref().map(|kind| format!("kind={}", encode(kind))));
    if wanted.follow {
        let path = format!("/api/v1/events/stream?{}", query.join("&"));
        return follow(client, &path, wanted.after, |event| print_event(event, output)).await;
    }
    query.extend(wanted.after.map(|after| format!("after={after}")));
    let events: Vec<Event> = client.all(&format!("/api/v1/events?{}", query.join("&")), wanted.limit).await?;
    events.iter().for_each(|event| print_event(event, output));
    Ok(())
}

/// One line per event: JSON for programs, the summary for people.
fn print_event(event: &Event, output: &Output) {
    if output.json {
        say!("{}", serde_json::json!(event));
        return;
    }
    let at = event.at.strftime("%Y-%m-%d %H:%M:%S").to_string();
    let summary = Entry::from(event.clone()).summary;
    let place = output.paint(Paint::Soft, &format!("{:>7}  {at}", event.seq));
    say!("{place}  {}  {:<30}  {summary}", event.key, output.paint(Paint::Strong, &event.kind));
}
