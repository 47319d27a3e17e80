//! The API, spoken to over HTTP.

use std::time::Duration;

use anyhow::{Context, anyhow};
use api::Problem;
use api::page::Page;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ports::Ids;
use reqwest::multipart::Form;
use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::target::Target;

/// Longest wait for a connection: a host that is there answers at once.
const CONNECT_SECONDS: u64 = 5;

/// Longest wait for an answer: loading a plugin compiles it first.
const ANSWER_SECONDS: u64 = 120;

/// Items asked for at once.
const PAGE_ITEMS: usize = 500;

/// A host, and who asks it.
pub struct Client {
    http: reqwest::Client,
    target: Target,
}

impl Client {
    /// A client of a host.
    ///
    /// # Errors
    /// When this machine cannot speak HTTPS.
    pub fn new(target: Target) -> anyhow::Result<Self> {
        let agent = concat!("quoin/", env!("CARGO_PKG_VERSION"));
        let http =
            reqwest::Client::builder().connect_timeout(Duration::from_secs(CONNECT_SECONDS)).user_agent(agent).build();
        Ok(Self { http: http.context("this machine cannot make an HTTP client")?, target })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.target.url
    }

    /// An answer to a GET, read as `T`.
    ///
    /// # Errors
    /// A [`Problem`] when the host says no; otherwise what went wrong on the way.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let request = self.request(Method::GET, path).timeout(Duration::from_secs(ANSWER_SECONDS));
        read(self.send(request).await?).await
    }

    /// An answer to a GET as it is, for files.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn bytes(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let request = self.request(Method::GET, path).timeout(Duration::from_secs(ANSWER_SECONDS));
        Ok(self.send(request).await?.bytes().await.context("the answer broke off")?.to_vec())
    }

    /// An answer in text, with its status; for the routes that machines watch.
    ///
    /// # Errors
    /// When the host does not answer.
    pub async fn text(&self, path: &str) -> anyhow::Result<(u16, String)> {
        let request = self.request(Method::GET, path).timeout(Duration::from_secs(CONNECT_SECONDS));
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = answer.status().as_u16();
        Ok((status, answer.text().await.context("the answer broke off")?))
    }

    /// Every page of a list, or the first `limit` items of it. `path` may have a query.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn all<T: DeserializeOwned>(&self, path: &str, limit: Option<usize>) -> anyhow::Result<Vec<T>> {
        let mut items: Vec<T> = Vec::new();
        let mut cursor: Option<String> = None;
        let join = if path.contains('?') { '&' } else { '?' };
        loop {
            let wanted = limit.map_or(PAGE_ITEMS, |limit| (limit - items.len()).min(PAGE_ITEMS));
            if wanted == 0 {
                return Ok(items);
            }
            let from = cursor.as_deref().map_or(String::new(), |cursor| format!("&cursor={}", encode(cursor)));
            let page: Page<T> = self.get(&format!("{path}{join}limit={wanted}{from}")).await?;
            items.extend(page.items);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(items),
            }
        }
    }

    /// Asks for something with a JSON body, under a fresh Idempotency-Key.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.start(path).json(body);
        read(self.send(request).await?).await
    }

    /// Sends files, under a fresh Idempotency-Key.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn upload(&self, path: &str, form: Form) -> anyhow::Result<Value> {
        read(self.send(self.start(path).multipart(form)).await?).await
    }

    /// Opens an event stream after an event, or at the end of the log.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn stream(&self, path: &str, after: Option<u64>) -> anyhow::Result<Response> {
        let mut request = self.request(Method::GET, path).header("accept", "text/event-stream");
        if let Some(after) = after {
            request = request.header("last-event-id", after.to_string());
        }
        self.send(request).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.target.url));
        match &self.target.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    fn start(&self, path: &str) -> RequestBuilder {
        let key = daemon::TimeOrderedIds.next().to_string();
        self.request(Method::POST, path).header("idempotency-key", key).timeout(Duration::from_secs(ANSWER_SECONDS))
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        match serde_json::from_str::<Problem>(&text) {
            Ok(problem) => Err(problem.into()),
            Err(_) => Err(anyhow!("{} answers {status}, and not as a Quoin host would; check --url", self.target.url)),
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        let why = if error.is_timeout() { "did not answer in time" } else { "cannot be reached" };
        anyhow!(
            "the host at {} {why}; start it with `quoin serve`, or name another with --url or QUOIN_URL",
            self.target.url
        )
    }
}

async fn read<T: DeserializeOwned>(answer: Response) -> anyhow::Result<T> {
    let text = answer.text().await.context("the answer broke off")?;
    serde_json::from_str(&text).context(
        "the answer is not what this version of quoin understands; compare `quoin --version` with the host's /version",
    )
}

/// A value in a path or a query.
pub fn encode(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}
