//! Writing to the simulated account: what is there afterwards, whatever went wrong on the way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use plugin_netsuite::NetSuite;
use quoin_sdk::{
    BillingMethod, BillingSetup, Customer, FaultKind, Invoice, InvoiceStatus, InvoiceType, ObjectKind, Outcome, Sink,
    Status,
};
use quoin_testkit::item;
use serde_json::{Value, json};
use support::*;

fn fault(outcome: &Outcome) -> (Option<&str>, Option<&str>) {
    let fault = outcome.fault.as_ref();
    (fault.map(|fault| fault.code.as_str()), fault.and_then(|fault| fault.field.as_deref()))
}

#[test]
fn a_billing_setup_is_a_job_a_schedule_and_an_order_and_a_repeat_changes_nothing() {
    let erp = Erp::open();
    let customer = erp.helix();
    let item = setup_item(&setup(), &customer);
    let first = erp.apply(ObjectKind::BillingSetup, &item);
    assert_eq!(first.status, Status::Created, "{:?}", first.fault);
    let once = json!({"customer": 1, "project": 1, "billing_schedule": 1, "billing_setup": 1});
    assert_eq!(erp.counts(), once);
    let project = first.references.first().unwrap();
    assert_eq!((project.object.as_str(), &project.id), ("project", &id("project").to_string()));

    let job = erp.record(&format!("job/{}", project.external));
    assert_eq!((&job["entityId"], &job["parent"]["id"]), (&json!("P-2026-0042"), &json!(customer)));
    let order = erp.record(&format!("salesOrder/{}", first.external.as_ref().unwrap()));
    let lines: Vec<Value> = order["item"]["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            json!([
                line["custcol_quoin_contract_line"],
                line["item"]["id"],
                line["quantity"],
                line["rate"],
                line["amount"],
                line["custcol_quoin_cap"]
            ])
        })
        .collect();
    assert_eq!(
        lines,
        [
            json!(["L1", "101", 1, 40000, 40000, "40000.00"]),
            json!(["L2", "102", 1, 120000, 120000, null]),
            json!(["L3", "103", 40, 160, 6400, null]),
        ]
    );
    assert!(order["item"]["items"][0]["custcol_quoin_terms"].as_str().unwrap().contains("195.00"), "rates per role");
    let schedule = erp
        .record(&format!("billingSchedule/{}", order["item"]["items"][1]["billingSchedule"]["id"].as_str().unwrap()));
    let milestones: Vec<Value> = schedule["milestone"]["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| json!([line["milestoneAmount"], line["comments"]]))
        .collect();
    assert_eq!(
        milestones,
        [
            json!([30, "M1: Milestone M1, EUR 36000.00"]),
            json!([50, "M2: Milestone M2, EUR 60000.00"]),
            json!([20, "M3: Milestone M3, EUR 24000.00"]),
        ]
    );

    let again = erp.apply(ObjectKind::BillingSetup, &item);
    assert_eq!(
        (again.status, &again.external, &again.references),
        (Status::Unchanged, &first.external, &first.references)
    );
    let found = erp.lookup(ObjectKind::BillingSetup, &item);
    assert_eq!(
        (found.status, &found.external, &found.references),
        (Status::Created, &first.external, &first.references)
    );
    assert_eq!(erp.counts(), once);
}

#[test]
fn figures_written_with_other_decimals_are_the_same_figures() {
    let erp = Erp::open();
    let customer = erp.helix();
    assert_eq!(erp.apply(ObjectKind::BillingSetup, &setup_item(&setup(), &customer)).status, Status::Created);
    let text = serde_json::to_string(&setup()).unwrap();
    let other = text.replace("\"40000.00\"", "\"40000\"").replace("\"195.00\"", "\"195.0\"");
    assert_ne!(text, other, "there are such figures");
    let item = setup_item(&serde_json::from_str(&other).unwrap(), &customer);
    assert_eq!(erp.apply(ObjectKind::BillingSetup, &item).status, Status::Unchanged);
}

/// Whatever happens to whichever of the three writes: the truth is found out, the repeat completes
/// what is missing, and every part is there once.
#[test]
fn a_billing_setup_survives_every_fault_at_every_write() {
    let faults = ["drop_answer_after_commit", "drop_request", "server_error_after_commit", "html", "throttle"];
    let writes = ["job", "billingSchedule", "salesOrder"];
    for kind in faults {
        for record in writes {
            let erp = Erp::open();
            let item = setup_item(&setup(), &erp.helix());
            erp.fault(json!({"route": format!("PUT /services/rest/record/v1/{record}"), "fault": kind}));
            let broken = erp.apply(ObjectKind::BillingSetup, &item);
            let expected = if kind == "throttle" { Status::Retry } else { Status::Unknown };
            assert_eq!(broken.status, expected, "{kind} at {record}: {:?}", broken.fault);
            let seen = erp.lookup(ObjectKind::BillingSetup, &item);
            let whole = record == "salesOrder" && kind.ends_with("after_commit");
            assert_eq!(seen.status, if whole { Status::Created } else { Status::Absent }, "{kind} at {record}");
            let repeated = erp.apply(ObjectKind::BillingSetup, &item);
            assert_eq!(
                repeated.status,
                if whole { Status::Unchanged } else { Status::Created },
                "{kind} at {record}: {:?}",
                repeated.fault
            );
            assert_eq!(
                erp.counts(),
                json!({"customer": 1, "project": 1, "billing_schedule": 1, "billing_setup": 1}),
                "{kind} at {record}"
            );
        }
    }
}

#[test]
fn a_missing_tax_code_is_named_and_the_repeat_goes_on_with_the_same_job() {
    let erp = Erp::open();
    let item = setup_item(&setup(), &erp.helix());
    erp.sim("act/set_missing_tax_code", json!({"tax_code": "5"}));
    let refused = erp.apply(ObjectKind::BillingSetup, &item);
    assert_eq!((refused.status, fault(&refused)), (Status::Rejected, (Some("INVALID_CONTENT"), Some("/lines/0/tax"))));
    assert!(refused.fault.as_ref().unwrap().message.contains("taxCode"), "{:?}", refused.fault);
    assert_eq!(erp.counts(), json!({"customer": 1, "project": 1, "billing_schedule": 1}));
    erp.sim("act/set_missing_tax_code", json!({"tax_code": "5", "missing": false}));
    assert_eq!(erp.apply(ObjectKind::BillingSetup, &item).status, Status::Created);
    assert_eq!(erp.counts(), json!({"customer": 1, "project": 1, "billing_schedule": 1, "billing_setup": 1}));
}

#[test]
fn a_changed_setup_changes_what_differs_and_an_ended_one_is_closed() {
    let erp = Erp::open();
    let customer = erp.helix();
    erp.apply(ObjectKind::BillingSetup, &setup_item(&setup(), &customer));
    let mut changed = setup();
    changed.lines[0].description = "Discovery, extended".into();
    let renamed = "L2 / phase 100%"; // its schedule gets a key of its own, whatever it is called
    let before = std::mem::replace(&mut changed.lines[1].id, renamed.into());
    changed.milestones.iter_mut().filter(|m| m.contract_line == before).for_each(|m| m.contract_line = renamed.into());
    let outcome = erp.apply(ObjectKind::BillingSetup, &setup_item(&changed, &customer));
    assert_eq!(outcome.status, Status::Updated);
    let order = format!("salesOrder/{}", outcome.external.as_ref().unwrap());
    let lines = erp.record(&order)["item"]["items"].clone();
    assert_eq!((lines.as_array().unwrap().len(), &lines[0]["description"]), (3, &json!("Discovery, extended")));
    assert_eq!(erp.apply(ObjectKind::BillingSetup, &setup_item(&changed, &customer)).status, Status::Unchanged);

    let mut ending = setup_item(&changed, &customer);
    ending.delete = true;
    for _ in 0..2 {
        assert_eq!(erp.apply(ObjectKind::BillingSetup, &ending).status, Status::Deleted);
    }
    assert_eq!(erp.record(&order)["status"]["id"], json!("H"));
    assert_eq!(erp.record(&format!("job/{}", outcome.references[0].external))["isInactive"], json!(true));
    assert_eq!(erp.counts()["billing_setup_update"], json!(2));
}

#[test]
fn what_the_connection_lacks_is_said_before_anything_is_written() {
    let cases: [(&str, Value, &str, &str); 5] = [
        ("subsidiaries", json!({"FR01": "2"}), "CONFIG_MISSING", "/selling_entity"),
        ("currencies", json!({"USD": "2"}), "CONFIG_MISSING", "/currency"),
        ("items", json!({"time_and_materials": "101"}), "CONFIG_MISSING", "/lines/1/billing"),
        ("tax_codes", json!({"S": "5"}), "CONFIG_MISSING", "/lines/0/tax"),
        ("tax_codes", json!({"S:20": "5"}), "CONFIG_MISSING", "/lines/0/tax"),
    ];
    for (field, value, code, path) in cases {
        let mut erp = Erp::open();
        let customer = erp.helix();
        erp.configure(field, value);
        let outcome = erp.apply(ObjectKind::BillingSetup, &setup_item(&setup(), &customer));
        assert_eq!((outcome.status, fault(&outcome)), (Status::Rejected, (Some(code), Some(path))), "{field}");
        assert_eq!(erp.counts(), json!({"customer": 1}), "{field}");
    }
    let erp = Erp::open();
    let outcome = erp.apply(ObjectKind::BillingSetup, &item("k", &setup()));
    assert_eq!(fault(&outcome), (Some("MISSING_REFERENCE"), Some("/customer")));
}

#[test]
fn an_invoice_is_posted_once_and_numbered() {
    let erp = Erp::open();
    let (customer, job) = provisioned(&erp);
    let item = document_item(&march(), &customer, &job);
    assert_eq!(erp.lookup(ObjectKind::Invoice, &item).status, Status::Absent, "not there yet");
    let posted = erp.apply(ObjectKind::Invoice, &item);
    assert_eq!(posted.status, Status::Created, "{:?}", posted.fault);
    let held: Invoice = posted.object().unwrap().unwrap();
    assert_eq!(
        (held.number.as_deref(), held.status, &held.totals),
        (Some("INV-0001"), InvoiceStatus::Posted, &march().totals)
    );
    let again = erp.apply(ObjectKind::Invoice, &item);
    assert_eq!((again.status, &again.external), (Status::Unchanged, &posted.external));
    assert_eq!(again.object::<Invoice>().unwrap().unwrap().number.as_deref(), Some("INV-0001"));
    assert_eq!(erp.counts()["invoice"], json!(1));
    let record = erp.record(&format!("invoice/{}", posted.external.unwrap()));
    assert_eq!(
        (&record["total"], &record["dueDate"], &record["job"]["id"]),
        (&json!(69_972), &json!("2026-04-30"), &json!(job))
    );
    let items: Vec<&Value> =
        record["item"]["items"].as_array().unwrap().iter().map(|line| &line["item"]["id"]).collect();
    assert_eq!(items, [&json!("101"), &json!("101"), &json!("102")], "the items that the contract's order sells");
}

#[test]
fn a_lost_answer_to_a_posting_is_found_out_before_anything_is_repeated() {
    for (kind, there) in [
        ("drop_answer_after_commit", true),
        ("server_error_after_commit", true),
        ("drop_request", false),
        ("html", false),
    ] {
        let erp = Erp::open();
        let (customer, job) = provisioned(&erp);
        let item = document_item(&march(), &customer, &job);
        erp.fault(json!({"route": "PUT /services/rest/record/v1/invoice", "fault": kind}));
        assert_eq!(erp.apply(ObjectKind::Invoice, &item).status, Status::Unknown, "{kind}");
        let seen = erp.lookup(ObjectKind::Invoice, &item);
        assert_eq!(seen.status, if there { Status::Created } else { Status::Absent }, "{kind}");
        if there {
            assert_eq!(seen.object::<Invoice>().unwrap().unwrap().number.as_deref(), Some("INV-0001"), "{kind}");
        }
        erp.apply(ObjectKind::Invoice, &item);
        assert_eq!(erp.counts()["invoice"], json!(1), "{kind}");
    }
    // The posting itself was answered, the reading after it was not: still unknown, never "nothing happened".
    let erp = Erp::open();
    let (customer, job) = provisioned(&erp);
    let item = document_item(&march(), &customer, &job);
    erp.fault(json!({"route": "GET /services/rest/record/v1/invoice", "fault": "throttle", "after": 1}));
    assert_eq!(erp.apply(ObjectKind::Invoice, &item).status, Status::Unknown);
    assert_eq!(erp.lookup(ObjectKind::Invoice, &item).status, Status::Created);
}

#[test]
fn totals_that_differ_are_a_case_with_both_figures() {
    let erp = Erp::open();
    let (customer, job) = provisioned(&erp);
    erp.sim("act/set_tax_rounding", json!({"per": "line"}));
    // 19 % of 0.03 is 0.01 on each of three lines, but 0.02 on their sum.
    let lines = [("L1", "1", "0.03", "0.03"), ("L1", "1", "0.03", "0.03"), ("L1", "1", "0.03", "0.03")];
    let invoice = document("cents", InvoiceType::Invoice, "2026-03-31", &lines, "0.02");
    let item = document_item(&invoice, &customer, &job);
    for call in [
        erp.apply(ObjectKind::Invoice, &item),
        erp.apply(ObjectKind::Invoice, &item),
        erp.lookup(ObjectKind::Invoice, &item),
    ] {
        assert_eq!((call.status, fault(&call)), (Status::Rejected, (Some("TOTALS_DIFFER"), Some("/totals/tax"))));
        let message = &call.fault.as_ref().unwrap().message;
        assert!(
            message.contains("EUR 0.03") && message.contains("EUR 0.02") && message.contains("INV-0001"),
            "{message}"
        );
        assert!(call.external.is_some(), "the document is there");
    }
    assert_eq!(erp.counts()["invoice"], json!(1));
}

#[test]
fn refusals_of_documents_name_the_canonical_field() {
    let erp = Erp::open();
    let (customer, job) = provisioned(&erp);
    erp.sim("act/close_period", json!({"through": "2026-03-31"}));
    let closed = erp.apply(ObjectKind::Invoice, &document_item(&march(), &customer, &job));
    assert_eq!((closed.status, fault(&closed)), (Status::Rejected, (Some("USER_ERROR"), Some("/issued_on"))));
    let mut unsold = march();
    unsold.lines[1].contract_line = "L9".into();
    let unsold = erp.apply(ObjectKind::Invoice, &document_item(&unsold, &customer, &job));
    assert_eq!(fault(&unsold), (Some("CONTRACT_LINE_UNKNOWN"), Some("/lines/1/contract_line")));
    let mut wrong = march();
    wrong.issued_on = day("2026-04-01");
    wrong.lines[0].net = euros("11701.00");
    let wrong = erp.apply(ObjectKind::Invoice, &document_item(&wrong, &customer, &job));
    assert_eq!(fault(&wrong), (Some("USER_ERROR"), Some("/lines/0/net")));
    assert_eq!(erp.counts()["invoice"], Value::Null);
}

#[test]
fn credit_notes_settle_their_invoice_and_prepayments_are_marked() {
    let erp = Erp::open();
    let (customer, job) = provisioned(&erp);
    let invoice = erp.apply(ObjectKind::Invoice, &document_item(&march(), &customer, &job));
    erp.sim("act/record_payment", json!({"invoice": "INV-0001", "amount": "40000.00", "date": "2026-04-20"}));

    let lines = [("L1", "2", "150.00", "300.00")];
    let mut credit = document("credit", InvoiceType::CreditNote, "2026-04-22", &lines, "57.00");
    let nameless = erp.apply(ObjectKind::Invoice, &document_item(&credit, &customer, &job));
    assert_eq!(fault(&nameless), (Some("ORIGINAL_UNKNOWN"), Some("/preceding_invoice")));
    credit.preceding_invoice = Some("INV-0001".into());
    let item = document_item(&credit, &customer, &job);
    let posted = erp.apply(ObjectKind::Invoice, &item);
    assert_eq!(posted.status, Status::Created, "{:?}", posted.fault);
    assert_eq!(posted.object::<Invoice>().unwrap().unwrap().number.as_deref(), Some("CM-0001"));
    assert_eq!(erp.apply(ObjectKind::Invoice, &item).status, Status::Unchanged);
    let open = erp.record(&format!("invoice/{}", invoice.external.unwrap()))["amountRemaining"].clone();
    assert_eq!(open, json!(29_615), "the scenario's FB6");

    let prepaid =
        document("april", InvoiceType::Prepayment, "2026-04-01", &[("L3", "40", "160.00", "6400.00")], "1216.00");
    let posted = erp.apply(ObjectKind::Invoice, &document_item(&prepaid, &customer, &job));
    assert_eq!(posted.status, Status::Created, "{:?}", posted.fault);
    let record = erp.record(&format!("invoice/{}", posted.external.unwrap()));
    assert_eq!(
        (&record["total"], &record["custbody_quoin_document_type"], &record["item"]["items"][0]["item"]["id"]),
        (&json!(7_616), &json!("386"), &json!("103"))
    );
    assert_eq!((erp.counts()["invoice"].clone(), erp.counts()["credit_note"].clone()), (json!(2), json!(1)));
}

#[test]
fn customers_are_recognised_before_they_are_made() {
    let by_hand = |name: &str, vat: Value| json!({"companyName": name, "subsidiary": {"id": "2"}, "vatRegNumber": vat});
    // What is there, and what becomes of writing Helix GmbH with VAT id DE123456789: status, records afterwards.
    let cases: [(&str, Vec<Value>, Status, usize); 8] = [
        ("nobody", vec![], Status::Created, 1),
        (
            "the VAT id, written otherwise",
            vec![by_hand("Helix Gesellschaft", json!("de 123.456-789"))],
            Status::Updated,
            1,
        ),
        ("the name, without VAT id", vec![by_hand("HELIX GmbH ", Value::Null)], Status::Updated, 1),
        ("somebody else", vec![by_hand("Other GmbH", json!("DE111111111"))], Status::Created, 2),
        (
            "the VAT id twice",
            vec![by_hand("A", json!("DE123456789")), by_hand("B", json!("DE123456789"))],
            Status::Conflict,
            2,
        ),
        (
            "the name twice",
            vec![by_hand("Helix GmbH", Value::Null), by_hand("Helix GmbH", Value::Null)],
            Status::Conflict,
            2,
        ),
        ("the name under another VAT id", vec![by_hand("Helix GmbH", json!("DE999999999"))], Status::Conflict, 1),
        (
            "the VAT id before the name",
            vec![by_hand("Helix GmbH", json!("DE999999999")), by_hand("X", json!("DE123456789"))],
            Status::Updated,
            2,
        ),
    ];
    for (there, records, status, afterwards) in cases {
        let erp = Erp::open();
        let made: Vec<String> = records.into_iter().map(|record| erp.make("customer", record)).collect();
        let item = item("k", &helix());
        let outcome = erp.apply(ObjectKind::Customer, &item);
        assert_eq!(outcome.status, status, "{there}: {:?}", outcome.fault);
        assert_eq!(erp.counts()["customer"], json!(afterwards), "{there}");
        if status == Status::Conflict {
            let fault = outcome.fault.unwrap();
            assert!(made.iter().all(|id| fault.message.contains(id)), "{there}: {}", fault.message);
            assert_eq!(fault.kind, FaultKind::Conflict);
        } else {
            let again = erp.apply(ObjectKind::Customer, &item);
            assert_eq!((again.status, &again.external), (Status::Unchanged, &outcome.external), "{there}");
            assert_eq!(erp.lookup(ObjectKind::Customer, &item).status, Status::Created, "{there}");
        }
    }
}

#[test]
fn an_inactive_customer_is_never_taken_silently() {
    let erp = Erp::open();
    let body = json!({"companyName": "Helix GmbH", "subsidiary": {"id": "2"}, "vatRegNumber": "DE123456789", "isInactive": true});
    erp.make("customer", body);
    let outcome = erp.apply(ObjectKind::Customer, &item("k", &helix()));
    assert_eq!((outcome.status, fault(&outcome)), (Status::Conflict, (Some("AMBIGUOUS_CUSTOMER"), Some("/vat_id"))));
    assert!(outcome.fault.unwrap().message.contains("inactive"));
}

#[test]
fn a_lost_answer_to_a_customer_is_found_out_and_a_known_one_is_kept_in_step() {
    let erp = Erp::open();
    let first = item("k", &helix());
    erp.fault(json!({"route": "PUT /services/rest/record/v1/customer", "fault": "drop_answer_after_commit"}));
    assert_eq!(erp.apply(ObjectKind::Customer, &first).status, Status::Unknown);
    let found = erp.lookup(ObjectKind::Customer, &first);
    assert_eq!((found.status, erp.counts()["customer"].clone()), (Status::Created, json!(1)));

    let mut held: Customer = helix();
    held.name = "Helix SE".into();
    held.credit =
        Some(quoin_sdk::Credit { status: quoin_sdk::CreditStatus::Hold, limit: Some(euros("50000.10")), reason: None });
    let known = item("k2", &held).known_as(found.external.unwrap());
    assert_eq!(erp.apply(ObjectKind::Customer, &known).status, Status::Updated);
    let record = erp.record(&format!("customer/{}", known.external.as_ref().unwrap()));
    assert_eq!(
        (&record["companyName"], &record["creditLimit"], &record["creditHoldOverride"]["id"]),
        (&json!("Helix SE"), &json!(50_000.10), &json!("ON"))
    );
    assert_eq!(erp.apply(ObjectKind::Customer, &known).status, Status::Unchanged);
}

#[test]
fn throttling_and_sign_in_are_told_apart() {
    for (kind, status, code) in [
        ("throttle", Status::Retry, "CONCURRENCY_LIMIT_EXCEEDED"),
        ("forbidden", Status::Rejected, "INSUFFICIENT_PERMISSION"),
        ("expire_token", Status::Rejected, "INVALID_LOGIN"),
        ("server_error", Status::Retry, "UNEXPECTED_ERROR"),
    ] {
        let erp = Erp::open();
        erp.fault(json!({"route": "POST /services/rest/query", "fault": kind, "times": 1}));
        let outcome = erp.apply(ObjectKind::Customer, &item("k", &helix()));
        assert_eq!((outcome.status, fault(&outcome).0), (status, Some(code)), "{kind}");
        if kind == "throttle" {
            assert_eq!(outcome.fault.unwrap().retry_after_ms, Some(1_000));
        }
        assert_eq!(erp.counts(), json!({}), "{kind}: nothing is made when nobody could be looked for");
    }
}

#[test]
fn a_look_up_that_cannot_ask_knows_nothing() {
    let erp = Erp::open();
    let (customer, job) = provisioned(&erp);
    let item = document_item(&march(), &customer, &job);
    erp.apply(ObjectKind::Invoice, &item);
    for kind in ["throttle", "server_error", "forbidden", "html", "drop_request", "truncate"] {
        erp.fault(json!({"route": "GET /services/rest/record/v1/invoice", "fault": kind}));
        let seen = erp.lookup(ObjectKind::Invoice, &item);
        assert_eq!(seen.status, Status::Unknown, "{kind}: {:?}", seen.fault);
    }
    erp.fault(json!({"route": "GET /services/rest/record/v1/invoice", "fault": "expire_token"}));
    let refused = NetSuite::lookup(&erp, ObjectKind::Invoice, std::slice::from_ref(&item)).unwrap_err();
    assert_eq!(refused.kind, FaultKind::AuthExpired);
    assert_eq!(erp.lookup(ObjectKind::Invoice, &item).status, Status::Created);
}

/// What a look-up says of an order that somebody changed by hand: not as wanted, and what it holds.
#[test]
fn an_edited_order_is_told_with_its_figures_and_put_right_by_the_next_write() {
    let erp = Erp::open();
    let item = setup_item(&setup(), &erp.helix());
    let written = erp.apply(ObjectKind::BillingSetup, &item);
    let order = written.external.clone().unwrap();
    erp.sim("act/edit_order_line", json!({"order": order, "line": 2, "amount": "100000.00"}));
    let seen = erp.lookup(ObjectKind::BillingSetup, &item);
    assert_eq!(seen.status, Status::Absent, "{:?}", seen.fault);
    let held: BillingSetup = seen.object().unwrap().expect("what the ERP holds");
    let price = |setup: &BillingSetup| match &setup.lines[1].billing {
        BillingMethod::FixedFee { price, .. } => price.amount,
        other => panic!("{other:?}"),
    };
    assert_eq!((price(&setup()), price(&held)), (dec("120000.00"), dec("100000")));
    assert_eq!(erp.apply(ObjectKind::BillingSetup, &item).status, Status::Updated);
    assert_eq!(erp.lookup(ObjectKind::BillingSetup, &item).status, Status::Created);
}
