//! Pushes as the simulator sends them, checks, drift, and the manifest.

use std::sync::{Arc, Mutex};

use crate::support::Vendor;
use axum::body::Bytes;
use axum::extract::OriginalUri;
use axum::http::{HeaderMap, StatusCode};
use plugin_salesforce::Salesforce;
use quoin_package::{ConfigKind, Manifest};
use quoin_sdk::{Check, Discover, FaultKind, Inbound, ObjectKind, Webhook};
use quoin_testkit::inbound;
use serde_json::{Value, json};
use simulator_salesforce::{ORGANIZATION_ID, SCENARIO_OPPORTUNITY, SCENARIO_QUOTE};

/// An address that takes pushes and keeps them, answering like the connector would.
fn listener(vendor: &Vendor) -> (String, Arc<Mutex<Vec<Inbound>>>) {
    let kept: Arc<Mutex<Vec<Inbound>>> = Arc::default();
    let keeping = kept.clone();
    let take = async move |uri: OriginalUri, headers: HeaderMap, body: Bytes| {
        let headers: Vec<(String, String)> =
            headers.iter().map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned())).collect();
        let inbound = Inbound {
            method: "POST".into(),
            url: format!("https://hooks.example{}", uri.0),
            headers,
            body: body.to_vec(),
        };
        keeping.lock().unwrap().push(inbound);
        (StatusCode::OK, "<Ack>true</Ack>")
    };
    let address = vendor.runtime.block_on(async {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let app = axum::Router::new().fallback(take);
        tokio::spawn(async move { axum::serve(socket, app).await });
        address
    });
    (format!("http://{address}"), kept)
}

#[test]
fn a_signed_push_names_the_opportunity_and_repeats_have_one_id() {
    let vendor = Vendor::start(&[]);
    let (url, kept) = listener(&vendor);
    vendor.act("register_webhook", json!({"url": format!("{url}/hook"), "secret": "s3cret"}));
    let sent = vendor.act("close_won", json!({"quote": SCENARIO_QUOTE, "deliveries": 3, "gap_ms": 1}));
    assert_eq!(sent["pushed"].as_array().unwrap().len(), 3);

    let host = vendor.host();
    let pushes = kept.lock().unwrap().clone();
    let replies: Vec<_> = pushes.iter().map(|push| Salesforce::handle(&host, push).unwrap()).collect();
    assert_eq!(replies.len(), 3);
    for reply in &replies {
        assert_eq!(reply.touched, [(ObjectKind::Quote, SCENARIO_OPPORTUNITY.to_owned())]);
        assert_eq!((reply.status, &reply.delivery), (200, &replies[0].delivery));
    }
    assert!(replies[0].delivery.is_some());

    // Whatever is changed on the way breaks the proof.
    let mut forged = pushes[0].clone();
    forged.body.push(b' ');
    assert_eq!(Salesforce::handle(&host, &forged).unwrap_err().kind, FaultKind::Permission);
    let other = vendor.host().secret("webhook", "other");
    assert_eq!(Salesforce::handle(&other, &pushes[0]).unwrap_err().kind, FaultKind::Permission);
}

#[test]
fn what_is_not_proven_is_not_heard() {
    let host = Vendor::start(&[]).host();
    let no_hex = "sha256=".to_owned() + &"z".repeat(64);
    let cases: [&[(&str, &str)]; 5] = [
        &[],
        &[("content-type", "application/json")],
        &[("x-quoin-signature", "")],
        &[("x-quoin-signature", "sha256=00")],
        &[("x-quoin-signature", &no_hex)],
    ];
    for headers in cases {
        let push = inbound("https://hooks.example/hook", headers, r#"{"records":[]}"#);
        assert_eq!(Salesforce::handle(&host, &push).unwrap_err().kind, FaultKind::Permission, "{headers:?}");
    }
}

#[test]
fn an_outbound_message_is_proven_by_token_and_organization() {
    let vendor = Vendor::start(&[]);
    let (url, kept) = listener(&vendor);
    let registered = json!({"url": format!("{url}/hook?token=s3cret"), "form": "outbound_message"});
    vendor.act("register_webhook", registered);
    vendor.act("set_stage", json!({"quote": SCENARIO_QUOTE, "stage": "Closed Won"}));
    let push = kept.lock().unwrap().remove(0);

    let ours = json!({"organization_id": ORGANIZATION_ID});
    let reply = Salesforce::handle(&vendor.host_with(ours.clone()), &push).unwrap();
    assert_eq!(reply.touched, [(ObjectKind::Quote, SCENARIO_OPPORTUNITY.to_owned())]);
    assert_eq!(reply.delivery.as_deref(), Some("04l000000000001AAA"));
    assert!(String::from_utf8(reply.body).unwrap().contains("<Ack>true</Ack>"));

    let without_token = Inbound { url: "https://hooks.example/hook".into(), ..push.clone() };
    let wrong_token = Inbound { url: "https://hooks.example/hook?token=guess".into(), ..push.clone() };
    let cases = [
        (ours.clone(), without_token, FaultKind::Permission),
        (ours, wrong_token, FaultKind::Permission),
        (json!({"organization_id": "00D000000000009EAA"}), push.clone(), FaultKind::Permission),
        (json!({}), push, FaultKind::Config),
    ];
    for (config, push, kind) in cases {
        assert_eq!(Salesforce::handle(&vendor.host_with(config), &push).unwrap_err().kind, kind);
    }
}

#[test]
fn a_check_names_the_org_and_what_it_lacks() {
    let vendor = Vendor::start(&[]);
    let report = Salesforce::check(&vendor.host()).unwrap();
    assert!(report.account.unwrap().contains(ORGANIZATION_ID));
    assert_eq!(
        report.scopes,
        ["read Opportunity", "write Opportunity.Quoin_*", "read Account", "read OpportunityLineItem"]
    );
    assert_eq!(report.warnings, Vec::<String>::new());

    vendor.act("rename_field", json!({"object": "OpportunityLineItem", "field": "Billing_Model__c", "to": "Model__c"}));
    vendor.act("rename_field", json!({"object": "Opportunity", "field": "Quoin_Stage__c", "to": "Stage2__c"}));
    let report = Salesforce::check(&vendor.host_with(json!({"organization_id": "00D000000000009EAA"}))).unwrap();
    assert_eq!(report.warnings.len(), 3, "{:?}", report.warnings);
    for text in ["'organization_id'", "Opportunity.Quoin_Stage__c", "OpportunityLineItem.Billing_Model__c"] {
        assert!(report.warnings.iter().any(|warning| warning.contains(text)), "{text}: {:?}", report.warnings);
    }
}

#[test]
fn drift_shows_in_the_schema_and_only_in_what_is_mapped() {
    let vendor = Vendor::start(&[]);
    let host = vendor.host();
    let before = Salesforce::discover(&host).unwrap();
    assert_eq!(before["quote"]["OpportunityLineItem"]["fields"]["Billing_Model__c"]["type"], "picklist");
    assert_eq!(before["deal_status"]["Opportunity"]["fields"]["Quoin_Key__c"]["length"], 255);

    vendor.act("add_field", json!({"object": "Opportunity", "field": "Colour__c", "type": "string"}));
    assert_eq!(Salesforce::discover(&host).unwrap(), before, "a new optional field is no drift");

    let changes = [
        ("rename_field", json!({"object": "OpportunityLineItem", "field": "Billing_Model__c", "to": "Model__c"})),
        ("change_field", json!({"object": "Opportunity", "field": "Quote_Number__c", "type": "double"})),
        ("add_field", json!({"object": "Opportunity", "field": "Region__c", "type": "string", "required": true})),
    ];
    let mut last = before;
    for (action, change) in changes {
        vendor.act(action, change.clone());
        let now = Salesforce::discover(&host).unwrap();
        assert_ne!(now, last, "{action} {change}");
        last = now;
    }
    assert_eq!(last["quote"]["OpportunityLineItem"]["fields"]["Billing_Model__c"], Value::Null);
}

#[test]
fn the_manifest_says_what_the_code_does() {
    let manifest = Manifest::parse(include_str!("../../connector.toml")).unwrap();
    let cursor = manifest.object("quote").unwrap().cursor.clone().unwrap();
    assert_eq!((cursor.field.as_str(), cursor.overlap_seconds, cursor.deletes), ("SystemModstamp", 300, true));
    let base_url = manifest.config.iter().find(|field| field.field == "base_url").unwrap();
    assert!(base_url.required && base_url.kind == ConfigKind::Url);
    assert_eq!(manifest.webhook.unwrap().secret_slot, "webhook");
}
