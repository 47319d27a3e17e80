//! Following the event stream: reads server-sent events, and goes on where it was after a break.

use std::time::Duration;

use process::Event;

use crate::client::Client;

/// Pause before connecting again, in milliseconds, doubling up to the longest.
const PAUSE_MS: u64 = 500;

/// Longest pause before connecting again, in milliseconds.
const PAUSE_MS_MAX: u64 = 15_000;

/// Bytes of one event at most: far above the largest invoice, and a limit on what a wrong address can
/// make us hold.
const EVENT_BYTES_MAX: usize = 16 << 20;

/// Hands each event to `told`, for as long as the host can be reached again.
///
/// # Errors
/// When the host refuses the stream, or cannot be reached at the first try.
pub async fn follow(
    client: &Client,
    path: &str,
    after: Option<u64>,
    mut told: impl FnMut(&Event),
) -> anyhow::Result<()> {
    let mut last = after;
    let mut pause = PAUSE_MS;
    let mut answer = client.stream(path, last).await?;
    loop {
        let mut parser = Parser::default();
        while let Ok(Some(bytes)) = answer.chunk().await {
            for event in parser.feed(&bytes)? {
                last = Some(event.seq);
                pause = PAUSE_MS;
                told(&event);
            }
        }
        eprintln!("the stream broke off; connecting again");
        answer = loop {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            pause = (pause * 2).min(PAUSE_MS_MAX);
            match client.stream(path, last).await {
                Ok(answer) => break answer,
                Err(error) if error.is::<api::Problem>() => return Err(error),
                Err(_) => {}
            }
        };
    }
}

/// Takes a stream of server-sent events apart.
#[derive(Default)]
struct Parser {
    held: Vec<u8>,
}

impl Parser {
    /// The events that are whole after these bytes.
    fn feed(&mut self, bytes: &[u8]) -> anyhow::Result<Vec<Event>> {
        self.held.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.held.windows(2).position(|pair| pair == b"\n\n") {
            let block: Vec<u8> = self.held.drain(..end + 2).collect();
            let text = String::from_utf8_lossy(&block);
            let data: Vec<&str> =
                text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim_start).collect();
            // A block without data is a comment that keeps the connection open.
            if !data.is_empty() {
                events.push(serde_json::from_str(&data.join("\n"))?);
            }
        }
        anyhow::ensure!(self.held.len() <= EVENT_BYTES_MAX, "an event is larger than {EVENT_BYTES_MAX} bytes");
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_whole_however_the_bytes_come() {
        let event = r#"{"seq":7,"id":"6f0c51a2-7c3e-4d0b-9a55-510f0a42c01e","kind":"a.b","key":"Q-1","at":"2026-03-02T10:15:00Z","cause":{},"body":{}}"#;
        let stream = format!(": keep-alive\n\nid: 7\nevent: a.b\ndata: {event}\n\nid: 8\n");
        for cut in 0..stream.len() {
            let mut parser = Parser::default();
            let mut events = parser.feed(&stream.as_bytes()[..cut]).unwrap();
            events.extend(parser.feed(&stream.as_bytes()[cut..]).unwrap());
            assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [7], "cut at {cut}");
        }
    }
}
