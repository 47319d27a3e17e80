//! Webhooks that an administrator registered: signed with the secret, in order, and with an
//! identifier that stays the same when a delivery is repeated.

use std::collections::VecDeque;

use quoin_simulator::sign;
use serde_json::{Value, json};

use crate::site::{Site, State};

/// Address of the site, for links in what it pushes.
const SITE: &str = "https://advisory.atlassian.net";

/// Who is told what, and what was told.
#[derive(Debug, Default)]
pub struct Hooks {
    pub registered: Vec<Hook>,
    outbox: VecDeque<Delivery>,
    failed: Vec<Delivery>,
    log: Vec<Value>,
    last: u64,
}

/// A registration.
#[derive(Debug, Clone)]
pub struct Hook {
    pub url: String,
    /// Without one nothing is signed.
    pub secret: Option<String>,
    /// Beginnings of event names, such as `worklog_`; empty means all.
    pub events: Vec<String>,
    /// How often every delivery is sent.
    pub repeat: u32,
}

#[derive(Debug, Clone)]
struct Delivery {
    hook: Hook,
    identifier: String,
    flow: &'static str,
    retry: u32,
    body: Vec<u8>,
}

impl State {
    /// Tells of an issue.
    pub fn announce_issue(&mut self, event: &str, id: u64) {
        if self.hooks.registered.is_empty() {
            return;
        }
        let Some(issue) = self.issues.get(&id) else { return };
        let issue = self.show_issue(issue, &issue.current, &[], SITE);
        let kind = event.trim_start_matches("jira:");
        let body = json!({"timestamp": self.now().as_millisecond(), "webhookEvent": event, "issue_event_type_name": kind,
            "user": self.show_user(0, SITE), "issue": issue});
        self.announce(event, &body, "Primary");
    }

    /// Tells of a worklog.
    pub fn announce_worklog(&mut self, event: &str, id: u64, flow: &'static str) {
        if self.hooks.registered.is_empty() {
            return;
        }
        let Some(worklog) = self.worklogs.get(&id) else { return };
        let worklog = self.show_worklog(worklog, false, SITE);
        let body = json!({"timestamp": self.now().as_millisecond(), "webhookEvent": event, "worklog": worklog});
        self.announce(event, &body, flow);
    }

    fn announce(&mut self, event: &str, body: &Value, flow: &'static str) {
        let bytes = body.to_string().into_bytes();
        let wanted = |hook: &&Hook| {
            hook.events.is_empty() || hook.events.iter().any(|prefix| event.starts_with(prefix.as_str()))
        };
        for hook in self.hooks.registered.clone().iter().filter(wanted) {
            self.hooks.last += 1;
            let identifier = format!("0c9a5d6e-0000-4000-8000-{:012}", self.hooks.last);
            self.hooks.outbox.push_back(Delivery {
                hook: hook.clone(),
                identifier,
                flow,
                retry: 0,
                body: bytes.clone(),
            });
        }
    }
}

/// Sends what waits, in the background, if anything waits.
pub fn deliver_soon(site: &Site) {
    if !site.lock().hooks.outbox.is_empty() {
        let site = site.clone();
        tokio::spawn(async move { deliver(&site).await });
    }
}

/// Sends what waits and answers all that was ever sent.
pub async fn deliver(site: &Site) -> Value {
    let _in_order = site.delivering.lock().await;
    loop {
        // The state must not stay locked while somebody else answers.
        let next = site.lock().hooks.outbox.pop_front();
        let Some(delivery) = next else { break };
        for _ in 0..delivery.hook.repeat.max(1) {
            send(site, &delivery).await;
        }
    }
    json!({"deliveries": site.lock().hooks.log})
}

/// Sends again what was not taken, under the same identifiers. The vendor waits some minutes first.
pub async fn retry(site: &Site) -> Value {
    {
        let hooks = &mut site.lock().hooks;
        let again = std::mem::take(&mut hooks.failed);
        hooks.outbox.extend(again.into_iter().map(|delivery| Delivery { retry: delivery.retry + 1, ..delivery }));
    }
    deliver(site).await
}

async fn send(site: &Site, delivery: &Delivery) {
    let mut headers = vec![
        ("content-type", "application/json; charset=UTF-8".to_owned()),
        ("user-agent", "Atlassian HttpClient / JIRA-1001.0.0-SNAPSHOT".to_owned()),
        ("x-atlassian-webhook-identifier", delivery.identifier.clone()),
        ("x-atlassian-webhook-flow", delivery.flow.to_owned()),
    ];
    if delivery.retry > 0 {
        headers.push(("x-atlassian-webhook-retry", delivery.retry.to_string()));
    }
    if let Some(secret) = &delivery.hook.secret {
        let mac = sign::hmac_sha256_hex(secret.as_bytes(), &delivery.body);
        headers.push(("x-hub-signature", format!("sha256={mac}")));
    }
    let answer = site.kit.push(&delivery.hook.url, &headers, delivery.body.clone()).await;
    let hooks = &mut site.lock().hooks;
    let mut row = json!({"url": delivery.hook.url, "identifier": delivery.identifier, "retry": delivery.retry});
    match &answer {
        Ok((status, _)) => row["status"] = (*status).into(),
        Err(refusal) => row["error"] = refusal.0.clone().into(),
    }
    hooks.log.push(row);
    if !matches!(answer, Ok((200..300, _))) {
        hooks.failed.push(delivery.clone());
    }
}
