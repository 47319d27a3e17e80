//! Reading quotes from the running simulator.

use crate::support::Vendor;
use plugin_salesforce::Salesforce;
use quoin_sdk::{FaultKind, ObjectKind, Op, Page, Quote, QuoteStatus, ReadRequest, Source};
use quoin_testkit::FakeHost;
use serde_json::{Value, json};
use simulator_salesforce::{SCENARIO_OPPORTUNITY, SCENARIO_QUOTE};

fn by_ids(host: &FakeHost, ids: &[&str]) -> Page {
    let ids = ids.iter().map(|id| (*id).to_owned()).collect();
    Salesforce::read(host, &ReadRequest { object: ObjectKind::Quote, cursor: None, ids, limit: 100 }).unwrap()
}

fn scenario_quote(host: &FakeHost) -> Quote {
    by_ids(host, &[SCENARIO_OPPORTUNITY]).changes[0].object().unwrap()
}

/// Reads pages until there is no more; returns the ids in order and the last cursor.
fn drain(host: &FakeHost, mut cursor: Option<Vec<u8>>, limit: u32) -> (Vec<String>, Option<Vec<u8>>) {
    let mut ids = Vec::new();
    for _ in 0..100 {
        let request = ReadRequest { object: ObjectKind::Quote, cursor, ids: Vec::new(), limit };
        let page = Salesforce::read(host, &request).unwrap();
        assert!(page.changes.len() <= limit as usize);
        ids.extend(page.changes.iter().map(|change| change.external.clone()));
        cursor = page.next;
        if !page.more {
            return (ids, cursor);
        }
    }
    panic!("reading never ends");
}

#[test]
fn the_scenarios_deal_is_read_whole() {
    let vendor = Vendor::start(&[]);
    vendor.act("close_won", json!({"quote": SCENARIO_QUOTE, "at": "2026-03-02T10:15:00Z"}));
    let page = by_ids(&vendor.host(), &[SCENARIO_OPPORTUNITY]);
    let mut quote: Value = serde_json::from_str(page.changes[0].json()).unwrap();
    assert_eq!(quote["header"]["external"], SCENARIO_OPPORTUNITY);
    assert_eq!(quote["header"]["version"].as_str(), page.changes[0].version.as_deref());
    quote.as_object_mut().unwrap().remove("header");
    let expected = json!({
        "number": "Q-2026-0042", "version": 3, "opportunity": {"external": SCENARIO_OPPORTUNITY}, "status": "accepted",
        "name": "Helix delivery platform", "accepted_at": "2026-03-02T10:15:00Z",
        "customer": {
            "header": {"external": "001000000000002AAA"}, "name": "Helix GmbH", "parent_name": "Helix Group AG",
            "vat_id": "DE811907980", "country": "DE",
            "addresses": [{"purpose": "billing", "lines": ["Lindenallee 12"], "city": "Hamburg", "postal_code": "20095", "country": "DE"}],
            "payment_terms_days": 30, "currency": "EUR", "credit": {"status": "ok"}, "status": "active",
        },
        "selling_entity": "DE01", "contract_type": "sow", "currency": "EUR",
        "template": {"id": "PT-CONSULT", "version": 7}, "starts_on": "2026-03-03", "target_margin_percent": "35.0",
        "lines": [
            {"id": "L1", "description": "Discovery", "tax": {"category": "S", "rate_percent": "19.0"},
             "billing": {"method": "time_and_materials",
                "roles": [
                    {"role": "Senior", "hourly_rate": "195.00", "resource": "ana@advisory.example", "hours": "120"},
                    {"role": "Consultant", "hourly_rate": "150.00", "resource": "ben@advisory.example", "hours": "110"}],
                "cap": {"limit": {"amount": "40000.0", "currency": "EUR"}, "mode": "fit"}}},
            {"id": "L2", "description": "Build", "tax": {"category": "S", "rate_percent": "19.0"},
             "billing": {"method": "fixed_fee", "price": {"amount": "120000.0", "currency": "EUR"},
                "milestones": [
                    {"code": "M1", "name": "Concept accepted", "percent": "30", "due_on": "2026-03-27"},
                    {"code": "M2", "name": "Build accepted", "percent": "50", "due_on": "2026-05-29"},
                    {"code": "M3", "name": "Go-live accepted", "percent": "20", "due_on": "2026-06-30"}]},
             "cost_estimate": {"amount": "80000.0", "currency": "EUR"}},
            {"id": "L3", "description": "Care retainer", "tax": {"category": "S", "rate_percent": "19.0"},
             "billing": {"method": "retainer", "hours_per_month": "40.0", "hourly_rate": "160.0", "overage_rate": "185.0",
                "starts_on": "2026-04-01"}},
        ],
    });
    assert_eq!(quote, expected);
}

#[test]
fn stages_become_statuses_and_an_unknown_one_is_a_draft() {
    let vendor = Vendor::start(&[]);
    let mapped = json!({"stages": {"Qualification": "in_review"}});
    let cases = [
        ("Negotiation", QuoteStatus::Presented),
        ("Proposal/Price Quote", QuoteStatus::Presented),
        ("Qualification", QuoteStatus::InReview),
        ("Prospecting", QuoteStatus::Draft),
        ("Closed Lost", QuoteStatus::Rejected),
        ("Closed Won", QuoteStatus::Accepted),
    ];
    for (stage, status) in cases {
        vendor.act("set_stage", json!({"quote": SCENARIO_QUOTE, "stage": stage}));
        let quote = scenario_quote(&vendor.host_with(mapped.clone()));
        assert_eq!(quote.status, status, "{stage}");
        assert_eq!(quote.accepted_at.is_some(), status == QuoteStatus::Accepted, "{stage}");
    }
}

#[test]
fn pages_lose_nothing_though_every_stamp_is_the_same() {
    // The vendor cuts its answers at 7 rows, we at 10: neither border loses or doubles a record.
    let vendor = Vendor::start(&[("batch_size", "7")]);
    vendor.control("POST", "/clock", json!({"now": "2026-03-01T08:00:00Z"}));
    let made = vendor.act("seed_deals", json!({"count": 31, "prefix": "Q-T", "customers": 3}));
    let host = vendor.host();
    let (ids, cursor) = drain(&host, None, 10);
    let mut expected = vec![SCENARIO_OPPORTUNITY.to_owned()];
    expected.extend(made["deals"].as_array().unwrap().iter().map(|deal| deal["id"].as_str().unwrap().to_owned()));
    assert_eq!(ids, expected);

    // The next poll reads the overlap again, and a change behind it comes last.
    vendor.control("POST", "/clock", json!({"now": "2026-03-01T09:00:00Z"}));
    vendor.act("edit", json!({"quote": "Q-T-00007", "fields": {"Name": "Renamed"}}));
    let (again, cursor) = drain(&host, cursor, 10);
    assert_eq!(again.len(), 31);
    assert_eq!(again.last(), Some(&expected[7]));

    // An hour later the overlap holds only the last change.
    let (quiet, _) = drain(&host, cursor, 10);
    assert_eq!(quiet, [expected[7].clone()]);
}

#[test]
fn deletes_are_seen_by_cursor_and_by_id() {
    let vendor = Vendor::start(&[]);
    vendor.act("delete", json!({"quote": SCENARIO_QUOTE}));
    let host = vendor.host();
    let page = Salesforce::read(&host, &ReadRequest::first(ObjectKind::Quote, 10)).unwrap();
    for change in [&page.changes[0], &by_ids(&host, &[SCENARIO_OPPORTUNITY]).changes[0]] {
        assert_eq!((change.op, change.external.as_str()), (Op::Delete, SCENARIO_OPPORTUNITY));
    }
}

#[test]
fn a_won_deal_that_cannot_be_understood_blocks_nobody_and_is_not_lost() {
    let vendor = Vendor::start(&[("session_seconds", "900000")]);
    vendor.control("POST", "/clock", json!({"now": "2026-03-01T08:00:00Z"}));
    vendor.act("seed_deals", json!({"count": 2, "prefix": "Q-T"}));
    let edit = json!({"quote": "Q-T-00001", "line": "L1", "fields": {"Terms__c": "see contract"}});
    let broken = vendor.act("edit_line", edit)["id"].as_str().unwrap().to_owned();
    let host = vendor.host();

    // An open deal may be incomplete: it is no matter for anybody yet.
    let (ids, _) = drain(&host, None, 10);
    assert_eq!(ids.len(), 2);
    assert_eq!(host.logs().len(), 1);

    vendor.act("close_won", json!({"quotes": ["Q-T-00001", "Q-T-00002"]}));
    let (ids, cursor) = drain(&host, None, 10);
    assert_eq!(ids.len(), 2, "the deal behind it comes through");

    vendor.control("POST", "/clock", json!({"now": "2026-03-02T08:00:00Z"}));
    let request = ReadRequest { object: ObjectKind::Quote, cursor: cursor.clone(), ids: Vec::new(), limit: 10 };
    let fault = Salesforce::read(&host, &request).unwrap_err();
    assert_eq!((fault.kind, fault.field.as_deref()), (FaultKind::InvalidData, Some("/lines/0/billing")));
    assert!(fault.message.contains("Q-T-00001") && fault.message.contains("line L1"), "{}", fault.message);

    let mended = json!({"Terms__c": r#"{"roles":[{"role":"Senior","hourly_rate":195}]}"#});
    vendor.act("edit_line", json!({"quote": "Q-T-00001", "line": "L1", "fields": mended}));
    let (ids, cursor) = drain(&host, cursor, 10);
    assert_eq!(ids.last(), Some(&broken), "the mended deal comes with its new stamp");
    drain(&host, cursor, 10);
}

#[test]
fn every_failure_of_the_vendor_has_its_kind() {
    let vendor = Vendor::start(&[]);
    let cases = [
        (json!({"fault": "throttle"}), FaultKind::RateLimited, "REQUEST_LIMIT_EXCEEDED"),
        (json!({"fault": "server_error"}), FaultKind::Transient, "UNKNOWN_EXCEPTION"),
        (json!({"fault": "server_error", "status": 503}), FaultKind::Unavailable, "SERVER_UNAVAILABLE"),
        (json!({"fault": "html"}), FaultKind::Transient, "HTTP_502"),
        (json!({"fault": "html", "status": 200}), FaultKind::Transient, "UNREADABLE_ANSWER"),
        (json!({"fault": "forbidden"}), FaultKind::Permission, "INSUFFICIENT_ACCESS_OR_READONLY"),
        (json!({"fault": "version_retired"}), FaultKind::Config, "UNSUPPORTED_API_VERSION"),
        (json!({"fault": "truncate"}), FaultKind::Transient, "UNKNOWN_OUTCOME"),
        (json!({"fault": "drop_request"}), FaultKind::Transient, "UNKNOWN_OUTCOME"),
        (json!({"fault": "field_removed", "field": "Quote_Number__c"}), FaultKind::Config, "FIELD_GONE"),
        (json!({"fault": "field_renamed", "field": "IsWon"}), FaultKind::Config, "FIELD_GONE"),
        (json!({"fault": "field_retyped", "field": "Quote_Number__c"}), FaultKind::InvalidData, "FIELD_TYPE"),
        // Last: the session stays expired.
        (json!({"fault": "expire_token"}), FaultKind::AuthExpired, "INVALID_SESSION_ID"),
    ];
    vendor.act("close_won", json!({"quote": SCENARIO_QUOTE}));
    let host = vendor.host();
    for (mut fault, kind, code) in cases {
        fault["route"] = json!("GET /services/data/*/queryAll");
        vendor.plug(fault.clone());
        let request =
            ReadRequest { object: ObjectKind::Quote, cursor: None, ids: vec![SCENARIO_OPPORTUNITY.into()], limit: 1 };
        let seen = Salesforce::read(&host, &request).unwrap_err();
        assert_eq!((seen.kind, seen.code.as_str()), (kind, code), "{fault}: {}", seen.message);
    }
}

#[test]
fn what_is_missing_is_named_by_its_canonical_field() {
    let line = |line: &str, field: &str, value: Value| ("edit_line", json!({"line": line, "fields": {field: value}}));
    let deal = |field: &str, value: Value| ("edit", json!({"fields": {field: value}}));
    let account = |field: &str, value: Value| ("edit", json!({"object": "Account", "fields": {field: value}}));
    let roles = r#"{"roles":[{"role":"Senior","rate":195}]}"#;
    let uneven = r#"{"milestones":[{"code":"M1","name":"All","percent":99.99}]}"#;
    let cases = [
        (deal("Quote_Version__c", Value::Null), "/version"),
        (deal("Selling_Entity__c", Value::Null), "/selling_entity"),
        (deal("Contract_Type__c", Value::Null), "/contract_type"),
        (deal("CurrencyIsoCode", json!("XXQ")), "/currency"),
        (deal("Template_Version__c", Value::Null), "/template/version"),
        (deal("AccountId", Value::Null), "/customer"),
        (account("BillingCountryCode", json!("Deutschland")), "/customer/country"),
        (account("Credit_Status__c", json!("Maybe")), "/customer/credit/status"),
        (account("Payment_Terms_Days__c", json!(-1)), "/customer/payment_terms_days"),
        (line("L1", "Line_Id__c", Value::Null), "/lines/0/id"),
        (line("L2", "Line_Id__c", json!("L1")), "/lines/1/id"),
        (line("L1", "Billing_Model__c", json!("Barter")), "/lines/0/billing"),
        (line("L1", "NTE_Mode__c", Value::Null), "/lines/0/billing/cap/mode"),
        (line("L1", "Terms__c", Value::Null), "/lines/0/billing/roles"),
        (line("L1", "Terms__c", json!(roles)), "/lines/0/billing"),
        (line("L2", "TotalPrice", Value::Null), "/lines/1/billing/price"),
        (line("L2", "Terms__c", json!(uneven)), "/lines/1/billing/milestones"),
        (line("L3", "Overage_Rate__c", Value::Null), "/lines/2/billing/overage_rate"),
        (line("L3", "ServiceDate", Value::Null), "/lines/2/billing/starts_on"),
        (line("L3", "Tax_Category__c", json!("Q")), "/lines/2/tax/category"),
    ];
    let vendor = Vendor::start(&[]);
    for ((action, mut edit), field) in cases {
        vendor.control("POST", "/reset", Value::Null);
        vendor.act("close_won", json!({"quote": SCENARIO_QUOTE}));
        edit["quote"] = json!(SCENARIO_QUOTE);
        vendor.act(action, edit.clone());
        let request =
            ReadRequest { object: ObjectKind::Quote, cursor: None, ids: vec![SCENARIO_OPPORTUNITY.into()], limit: 1 };
        let fault = Salesforce::read(&vendor.host(), &request).unwrap_err();
        assert_eq!(
            (fault.kind, fault.field.as_deref()),
            (FaultKind::InvalidData, Some(field)),
            "{edit}: {}",
            fault.message
        );
        assert!(fault.message.contains("quote Q-2026-0042"), "{}", fault.message);
    }
}

#[test]
fn rows_that_come_twice_are_harmless() {
    let vendor = Vendor::start(&[]);
    vendor.plug(json!({"route": "GET /services/data/*OpportunityLineItem", "fault": "duplicate_page"}));
    vendor.act("close_won", json!({"quote": SCENARIO_QUOTE}));
    let request =
        ReadRequest { object: ObjectKind::Quote, cursor: None, ids: vec![SCENARIO_OPPORTUNITY.into()], limit: 1 };
    // Lines that really carry one id twice are refused; the vendor's doubled row is one line.
    let page = Salesforce::read(&vendor.host(), &request).unwrap();
    assert_eq!(page.changes[0].object::<Quote>().unwrap().lines.len(), 3);
}

#[test]
fn an_org_may_call_its_fields_otherwise() {
    let vendor = Vendor::start(&[]);
    for (object, field, to) in [
        ("Opportunity", "Quote_Number__c", "QuoteNo__c"),
        ("Account", "VAT_Id__c", "UID__c"),
        ("OpportunityLineItem", "Billing_Model__c", "Model__c"),
    ] {
        vendor.act("rename_field", json!({"object": object, "field": field, "to": to}));
    }
    let request =
        ReadRequest { object: ObjectKind::Quote, cursor: None, ids: vec![SCENARIO_OPPORTUNITY.into()], limit: 1 };
    let fault = Salesforce::read(&vendor.host(), &request).unwrap_err();
    assert_eq!((fault.kind, fault.code.as_str()), (FaultKind::Config, "INVALID_FIELD"));
    assert!(fault.message.contains("No such column 'Quote_Number__c'"), "{}", fault.message);

    let names = json!({"currency": "EUR", "fields": {
        "Opportunity.Quote_Number__c": "QuoteNo__c", "Account.VAT_Id__c": "UID__c",
        "OpportunityLineItem.Billing_Model__c": "Model__c", "Account.Credit_Status__c": "",
    }});
    let quote = scenario_quote(&vendor.host_with(names));
    assert_eq!((quote.number.as_str(), quote.customer.vat_id.as_deref()), ("Q-2026-0042", Some("DE811907980")));
    assert_eq!(quote.customer.credit, None);
}

#[test]
fn ids_that_are_none_never_reach_the_vendor() {
    let vendor = Vendor::start(&[]);
    let host = vendor.host();
    for id in ["", "006", "006000000000004AA'", "x' OR Id != null OR Id = '"] {
        let request = ReadRequest { object: ObjectKind::Quote, cursor: None, ids: vec![id.into()], limit: 1 };
        assert_eq!(Salesforce::read(&host, &request).unwrap_err().kind, FaultKind::InvalidData, "{id}");
    }
    assert!(host.requests().is_empty());
}
