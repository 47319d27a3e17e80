//! What the org pushes: a signed JSON callout (as an Apex trigger sends it) or an outbound message
//! (SOAP, unsigned, the vendor's own).

use std::time::Duration;

use futures::future::join_all;
use quoin_simulator::{Kit, Refusal, sign};
use serde_json::{Value, json};

use crate::Sim;
use crate::org::ORGANIZATION_ID;

/// Where changes are pushed to, and how.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Address.
    pub url: String,
    /// Proof.
    pub form: Form,
}

/// The two forms of a push.
#[derive(Debug, Clone)]
pub enum Form {
    /// JSON with an HMAC-SHA256 of the body in `X-Quoin-Signature`.
    SignedJson {
        /// Key of the HMAC.
        secret: String,
    },
    /// SOAP; what proof there is stands in the URL.
    OutboundMessage,
}

/// How a delivery is repeated.
#[derive(Debug, Clone, Copy)]
pub struct Repeats {
    /// How often the same delivery is sent.
    pub deliveries: u32,
    /// Milliseconds between the starts of two sends.
    pub gap_ms: u64,
}

/// Attempts at an outbound message that is not acknowledged. The vendor goes on for 24 hours; a
/// simulator's caller waits for the end.
const OUTBOUND_ATTEMPTS: u32 = 3;

/// Pushes a changed opportunity to every subscription; returns what each send was answered.
pub async fn changed(sim: &Sim, ids: &[String], repeats: Repeats) -> Vec<Value> {
    let subscriptions = sim.org().subscriptions.clone();
    let mut sends = Vec::new();
    for subscription in &subscriptions {
        for id in ids {
            let delivery = {
                let mut org = sim.org();
                org.deliveries += 1;
                org.deliveries
            };
            for repeat in 0..repeats.deliveries.max(1) {
                let wait = Duration::from_millis(repeats.gap_ms * u64::from(repeat));
                sends.push(send(&sim.kit, subscription, id, delivery, wait));
            }
        }
    }
    join_all(sends).await
}

async fn send(kit: &Kit, subscription: &Subscription, id: &str, delivery: u64, wait: Duration) -> Value {
    tokio::time::sleep(wait).await;
    let result = match &subscription.form {
        Form::SignedJson { secret } => signed_json(kit, &subscription.url, secret, id, delivery).await,
        Form::OutboundMessage => outbound_message(kit, &subscription.url, id, delivery).await,
    };
    match result {
        Ok((status, body)) => json!({"url": subscription.url, "id": id, "status": status, "body": body}),
        Err(refusal) => json!({"url": subscription.url, "id": id, "error": refusal.0}),
    }
}

async fn signed_json(kit: &Kit, url: &str, secret: &str, id: &str, delivery: u64) -> Result<(u16, String), Refusal> {
    let delivery = format!("{ORGANIZATION_ID}-{delivery:08}");
    let body = json!({
        "organizationId": ORGANIZATION_ID, "deliveryId": delivery,
        "records": [{"object": "Opportunity", "id": id}],
    })
    .to_string()
    .into_bytes();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("user-agent", "SFDC-Callout/66.0".to_owned()),
        ("x-quoin-signature", format!("sha256={}", sign::hmac_sha256_hex(secret.as_bytes(), &body))),
        ("x-quoin-delivery", delivery),
    ];
    kit.push(url, &headers, body).await
}

async fn outbound_message(kit: &Kit, url: &str, id: &str, delivery: u64) -> Result<(u16, String), Refusal> {
    let body = envelope(id, delivery);
    let headers = [("content-type", "text/xml; charset=utf-8".to_owned()), ("soapaction", "\"\"".to_owned())];
    let mut last = Err(Refusal::new("not sent"));
    for _ in 0..OUTBOUND_ATTEMPTS {
        last = kit.push(url, &headers, body.clone().into_bytes()).await;
        if matches!(&last, Ok((200, answer)) if answer.contains("<Ack>true</Ack>")) {
            break;
        }
    }
    last
}

/// The vendor's envelope with one notification.
fn envelope(id: &str, delivery: u64) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
   <OrganizationId>{ORGANIZATION_ID}</OrganizationId>
   <ActionId>04k000000000001AAA</ActionId>
   <SessionId xsi:nil="true"/>
   <EnterpriseUrl>https://advisory.my.salesforce.com/services/Soap/c/66.0/{short}</EnterpriseUrl>
   <PartnerUrl>https://advisory.my.salesforce.com/services/Soap/u/66.0/{short}</PartnerUrl>
   <Notification>
    <Id>04l{delivery:012}AAA</Id>
    <sObject xsi:type="sf:Opportunity" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
     <sf:Id>{id}</sf:Id>
    </sObject>
   </Notification>
  </notifications>
 </soapenv:Body>
</soapenv:Envelope>"#,
        short = &ORGANIZATION_ID[..15],
    )
}
