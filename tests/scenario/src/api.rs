//! The host's public API as the script uses it, and the log followed live.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

/// Longest story that is followed.
const STORY: Duration = Duration::from_secs(3_600);

/// A client with a token.
#[derive(Clone)]
pub struct Api {
    /// The host's address.
    pub url: String,
    token: String,
    client: reqwest::Client,
}

impl Api {
    /// A client of the host at `url`.
    pub fn new(url: &str, token: &str, client: &reqwest::Client) -> Self {
        Self { url: url.to_owned(), token: token.to_owned(), client: client.clone() }
    }

    /// Reads.
    ///
    /// # Errors
    /// What the host answered.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.client.get(format!("{}/api/v1{path}", self.url)).bearer_auth(&self.token).send().await?;
        read(path, answer).await
    }

    /// A page of the console, as its text.
    ///
    /// # Errors
    /// What the host answered.
    pub async fn page(&self, path: &str) -> anyhow::Result<String> {
        let cookie = format!("quoin_token={}", self.token);
        let answer = self.client.get(format!("{}/console{path}", self.url)).header("cookie", cookie).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("/console{path}: {status}");
        }
        Ok(text)
    }

    /// Starts something, once per key.
    ///
    /// # Errors
    /// What the host answered.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.client.post(format!("{}/api/v1{path}", self.url)).bearer_auth(&self.token);
        let answer = request.header("idempotency-key", key).json(body).send().await?;
        read(path, answer).await
    }

    /// Follows the log from an event on.
    ///
    /// # Errors
    /// When the stream cannot be opened.
    pub async fn follow(&self, after: u64) -> anyhow::Result<Follower> {
        let request = self.client.get(format!("{}/api/v1/events/stream", self.url)).bearer_auth(&self.token);
        // As long as the story: the patience is per event.
        let request = request.timeout(STORY).header("last-event-id", after.to_string());
        let answer = request.send().await?;
        if !answer.status().is_success() {
            bail!("the event stream answered {}", answer.status());
        }
        Ok(Follower { answer, buffer: String::new() })
    }
}

async fn read(path: &str, answer: reqwest::Response) -> anyhow::Result<Value> {
    let status = answer.status();
    let text = answer.text().await?;
    if !status.is_success() {
        bail!("{path}: {status} {text}");
    }
    serde_json::from_str(&text).with_context(|| format!("{path} answered {text}"))
}

/// The log, as server-sent events.
pub struct Follower {
    answer: reqwest::Response,
    buffer: String,
}

impl Follower {
    /// The next event, or `None` when the host ended the stream.
    ///
    /// # Errors
    /// When nothing comes within `patience`, or the stream breaks.
    pub async fn next(&mut self, patience: Duration) -> anyhow::Result<Option<Value>> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let block: String = self.buffer.drain(..end + 2).collect();
                let data: Vec<&str> =
                    block.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim_start).collect();
                if !data.is_empty() {
                    return Ok(Some(serde_json::from_str(&data.join("\n"))?));
                }
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let chunk = tokio::time::timeout(left, self.answer.chunk()).await.context("no event came in time")??;
            let Some(chunk) = chunk else { return Ok(None) };
            self.buffer.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
}
