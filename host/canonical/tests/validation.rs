//! What makes each object invalid: a valid one, changed in one place, and the code and path that
//! follow. The cases are the table at the end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use quoin_canonical::*;
use serde_json::{Value, json};

fn money(amount: &str) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

fn tax() -> Value {
    json!({"category": "S", "rate_percent": "19"})
}

fn lines() -> Value {
    json!([
        {"id": "L1", "description": "Discovery", "tax": tax(), "billing": {"method": "time_and_materials",
            "roles": [{"role": "Senior", "hourly_rate": "195.00", "resource": "ana@x", "hours": "100"}],
            "cap": {"limit": money("40000.00"), "mode": "fit"}}},
        {"id": "L2", "description": "Build", "tax": tax(), "cost_estimate": money("80000.00"), "billing": {"method": "fixed_fee",
            "price": money("120000.00"),
            "milestones": [{"code": "M1", "name": "A", "percent": "30"}, {"code": "M2", "name": "B", "percent": "70"}]}},
        {"id": "L3", "description": "Support", "tax": tax(), "billing": {"method": "retainer", "hours_per_month": "40",
            "hourly_rate": "160.00", "overage_rate": "185.00", "starts_on": "2026-04-01"}},
    ])
}

fn customer() -> Value {
    json!({"name": "Helix GmbH", "vat_id": "DE987654321", "country": "DE", "payment_terms_days": 30, "currency": "EUR",
        "addresses": [{"purpose": "billing", "lines": ["Weg 1"], "city": "Berlin", "postal_code": "10115", "country": "DE"}],
        "credit": {"status": "ok", "limit": money("100000.00")}, "status": "active"})
}

fn milestone(code: &str, amount: &str) -> Value {
    json!({"code": code, "name": code, "contract_line": "L2", "amount": money(amount), "status": "accepted",
        "acceptance": {"by": "Helix", "on": "2026-03-27", "evidence_sha256": "ab".repeat(32)}})
}

fn valid(kind: ObjectKind) -> Value {
    let link = json!({"external": "1"});
    match kind {
        ObjectKind::Customer => customer(),
        ObjectKind::Quote => {
            json!({"number": "Q-1", "version": 3, "opportunity": link, "status": "accepted", "name": "Deal",
            "customer": customer(), "selling_entity": "DE01", "contract_type": "sow", "currency": "EUR",
            "target_margin_percent": "35", "lines": lines()})
        }
        ObjectKind::Contract => json!({"number": "Q-1", "quote_version": 3, "contract_type": "sow", "customer": link,
            "selling_entity": "DE01", "currency": "EUR", "payment_terms_days": 30, "lines": lines()}),
        ObjectKind::BillingSetup => {
            json!({"contract_number": "Q-1", "project_code": "P-1", "project_name": "Deal", "project": link,
            "customer": link, "selling_entity": "DE01", "currency": "EUR", "payment_terms_days": 30, "lines": lines(),
            "milestones": [milestone("M1", "36000.00"), milestone("M2", "84000.00")]})
        }
        ObjectKind::Project => {
            json!({"code": "P-1", "name": "Deal", "customer": link, "contract_number": "Q-1", "currency": "EUR",
            "status": "requested", "target_margin_percent": "35", "budget": money("160000.00"),
            "tasks": [valid(ObjectKind::Task)], "milestones": [milestone("M1", "36000.00")]})
        }
        ObjectKind::Task => {
            json!({"code": "1", "name": "Discovery", "contract_line": "L1", "billing_type": "chargeable",
            "project": link, "planned_hours": "100"})
        }
        ObjectKind::Milestone => milestone("M1", "36000.00"),
        ObjectKind::Assignment => {
            json!({"project": link, "task": link, "resource": "ana@x", "role": "Senior", "status": "soft",
            "bill_rate": money("195.00"), "hours": "100"})
        }
        ObjectKind::TimeEntry => json!({"task": link, "resource": "ana@x", "date": "2026-03-02", "minutes": 480,
            "billing_type": "chargeable", "status": "approved"}),
        ObjectKind::Invoice => {
            json!({"kind": "380", "issued_on": "2026-03-31", "due_on": "2026-04-30", "currency": "EUR",
            "selling_entity": "DE01", "seller_name": "Advisory", "seller_vat_id": "DE123456789", "buyer": customer(),
            "customer": link, "contract_number": "Q-1", "number": "INV-1", "status": "posted",
            "period": {"from": "2026-03-01", "to": "2026-03-31"},
            "lines": [{"id": "1", "description": "Work", "contract_line": "L1", "quantity": {"value": "8", "unit": "HUR"},
                "unit_price": "195.00", "net": money("1560.00"), "tax": tax(),
                "service_period": {"from": "2026-03-01", "to": "2026-03-31"}}],
            "tax": [{"category": "S", "rate_percent": "19", "taxable": money("1560.00"), "tax": money("296.40")}],
            "totals": {"net": money("1560.00"), "tax": money("296.40"), "gross": money("1856.40"), "prepaid": money("0"),
                "due": money("1856.40")}})
        }
        ObjectKind::Payment => {
            json!({"invoice": link, "amount": money("40000.00"), "value_date": "2026-04-20", "status": "settled"})
        }
        ObjectKind::ProjectFinancials => json!({"project": link, "contract_line": "L2", "as_of": "2026-03-31",
            "cost_to_date": money("20000.00"), "revenue_to_date": money("30000.00")}),
        ObjectKind::DealStatus => json!({"opportunity": link, "quote_number": "Q-1", "stage": "invoiced",
            "invoice": {"number": "INV-1", "net": money("1"), "gross": money("1"), "open": money("1"), "due_on": "2026-04-30", "status": "posted"},
            "revenue": [{"contract_line": "L1", "as_of": "2026-03-31", "method": "as_invoiceable", "revenue": money("1"),
                "billed": money("1"), "contract_asset": money("0"), "contract_liability": money("0")}]}),
        ObjectKind::LegalEntity => json!({"status": "active", "reporting_currency": "EUR",
            "entity": {"code": "DE01", "name": "Advisory", "country": "DE", "currency": "EUR", "zone": "Europe/Berlin",
                "vat_id": "DE123456789", "address": {"country": "DE"}, "default_tax": tax()},
            "periods": [{"from": "2026-03-01", "to": "2026-03-31", "closed": true}, {"from": "2026-04-01", "to": "2026-04-30", "closed": false}],
            "registrations": [{"country": "FR", "id": "FR40303265045", "regime": "vat"}],
            "number_series": [{"kind": "380", "prefix": "INV-"}, {"kind": "381", "prefix": "CRN-"}],
            "bank_accounts": [{"iban": "DE89 3704 0044 0532 0130 00", "currency": "EUR"}],
            "e_addresses": [{"scheme": "0088", "address": "4012345678901"}]}),
        ObjectKind::RateCard => {
            json!({"code": "DE-2026", "name": "Germany 2026", "version": 2, "scope": "region", "scope_of": "DE",
            "currency": "EUR", "from": "2026-01-01", "to": "2026-12-31", "status": "published", "increment_minutes": 15,
            "lines": [{"id": "1", "role": "Senior", "unit": "HUR", "bill_rate": "195.00", "cost_rate": "90.00", "min": "150.00", "max": "250.00"},
                {"id": "2", "role": "Senior", "work_type": "overtime", "unit": "HUR", "bill_rate": "195.00", "multiplier": "1.5", "discount_percent": "5"}]})
        }
        ObjectKind::BillingSchedule => {
            json!({"contract_number": "Q-1", "contract_line": "L3", "method": "in_advance", "frequency": "monthly",
            "bill_day": 1, "first_on": "2026-04-01", "next_on": "2026-05-01", "billed_through": "2026-04-30", "currency": "EUR",
            "period_amount": money("6400.00"), "total": money("76800.00"), "billed": money("6400.00"), "pending": money("0"),
            "tax": tax(), "group_key": "main", "status": "in_progress",
            "entries": [{"id": "2026-04", "due_on": "2026-04-01", "period": {"from": "2026-04-01", "to": "2026-04-30"},
                "amount": money("6400.00"), "status": "posted"},
                {"id": "2026-05", "due_on": "2026-05-01", "amount": money("6400.00"), "status": "planned"}]})
        }
        ObjectKind::ProjectTemplate => {
            json!({"id": "PT-CONSULT", "version": 7, "name": "Consulting", "status": "published",
            "tasks": [{"code": "1", "name": "Discovery", "billing_type": "chargeable", "hours": "100"}],
            "roles": [{"role": "Senior", "hours": "60"}], "billing_method": "fixed_fee",
            "milestones": [{"code": "M1", "name": "Design", "percent": "30"}, {"code": "M2", "name": "Live", "percent": "70"}]})
        }
        ObjectKind::Resource => {
            json!({"kind": "employee", "name": "Ana", "email": "ana@x", "employer": "DE01", "roles": ["Senior"],
            "cost_rates": [{"from": "2025-01-01", "hourly": money("85.00")}, {"from": "2026-01-01", "hourly": money("90.00")}],
            "weekly_hours": "40", "starts_on": "2020-01-01", "ends_on": "2026-12-31", "active": true})
        }
        ObjectKind::Timesheet => {
            json!({"resource": "ana@x", "from": "2026-03-02", "to": "2026-03-08", "status": "approved",
            "approved_by": "lead@x", "minutes": 2400, "entries": ["00000000-0000-0000-0000-000000000001"]})
        }
        ObjectKind::Expense => {
            json!({"project": link, "contract_line": "L1", "resource": "ana@x", "date": "2026-03-05", "category": "travel",
            "description": "Train to Hamburg", "amount": money("119.00"), "reclaimable_tax": money("19.00"), "billable": true,
            "markup_percent": "10", "receipt_sha256": "ab".repeat(32), "policy": "within", "status": "approved", "approved_by": "lead@x"})
        }
        ObjectKind::BillingEvent => {
            json!({"contract_number": "Q-1", "contract_line": "L1", "project": link, "source": "time",
            "source_id": "00000000-0000-0000-0000-000000000001", "source_revision": "1", "rule": "contract_line:L1:role:Senior v3",
            "quantity": {"value": "8", "unit": "HUR"}, "rate": "195.00", "currency": "EUR", "gross": "1560.00", "discount": "0",
            "net": "1560.00", "tax": tax(), "service": {"from": "2026-03-02", "to": "2026-03-02"}, "stage": "ready",
            "cap": "committed", "status": "generated"})
        }
        ObjectKind::RevenueRecognition => json!({"contract_number": "Q-1", "contract_line": "L2", "project": link,
            "method": {"method": "percent_of_cost"}, "currency": "EUR", "transaction_price": money("120000.00"), "percent": "25",
            "period": {"from": "2026-03-01", "to": "2026-03-31"}, "period_revenue": money("30000.00"),
            "revenue_to_date": money("30000.00"), "billed_to_date": money("36000.00"), "contract_asset": money("0"),
            "contract_liability": money("6000.00"), "status": "calculated"}),
    }
}

fn check<T: Canonical>(value: &Value) -> Vec<Invalid> {
    let object: T = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
    let back = serde_json::to_value(&object).unwrap();
    let again: T = serde_json::from_value(back.clone()).unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), back, "a round trip keeps everything");
    object.validate().err().unwrap_or_default()
}

fn problems(kind: ObjectKind, value: &Value) -> Vec<Invalid> {
    match kind {
        ObjectKind::Customer => check::<Customer>(value),
        ObjectKind::Quote => check::<Quote>(value),
        ObjectKind::Contract => check::<Contract>(value),
        ObjectKind::Project => check::<Project>(value),
        ObjectKind::Task => check::<Task>(value),
        ObjectKind::Milestone => check::<Milestone>(value),
        ObjectKind::Assignment => check::<Assignment>(value),
        ObjectKind::TimeEntry => check::<TimeEntry>(value),
        ObjectKind::BillingSetup => check::<BillingSetup>(value),
        ObjectKind::Invoice => check::<Invoice>(value),
        ObjectKind::Payment => check::<Payment>(value),
        ObjectKind::ProjectFinancials => check::<ProjectFinancials>(value),
        ObjectKind::DealStatus => check::<DealStatus>(value),
        ObjectKind::LegalEntity => check::<Company>(value),
        ObjectKind::RateCard => check::<RateCard>(value),
        ObjectKind::BillingSchedule => check::<BillingSchedule>(value),
        ObjectKind::ProjectTemplate => check::<ProjectTemplate>(value),
        ObjectKind::Resource => check::<Resource>(value),
        ObjectKind::Timesheet => check::<Timesheet>(value),
        ObjectKind::Expense => check::<ExpenseItem>(value),
        ObjectKind::BillingEvent => check::<Charge>(value),
        ObjectKind::RevenueRecognition => check::<RevenueRecognition>(value),
    }
}

fn set(value: &mut Value, path: &str, new: Value) {
    let (parent, name) = path.rsplit_once('/').unwrap();
    match value.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")) {
        Value::Object(map) => {
            map.insert(name.into(), new);
        }
        Value::Array(list) => list[name.parse::<usize>().unwrap()] = new,
        other => panic!("{other} has no {name}"),
    }
}

#[test]
fn every_example_is_valid() {
    for kind in ObjectKind::ALL {
        assert_eq!(problems(kind, &valid(kind)), [], "{kind}");
    }
}

#[test]
fn every_change_is_found() {
    let mut count = 0;
    for line in include_str!("validation.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (left, wanted) = line.split_once("=>").unwrap();
        let mut words = left.split_whitespace();
        let kind = ObjectKind::parse(words.next().unwrap()).unwrap();
        let path = words.next().unwrap();
        let text = words.collect::<Vec<_>>().join(" ");
        let mut value = valid(kind);
        set(&mut value, path, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{line}: {error}")));
        let found: Vec<String> =
            problems(kind, &value).iter().map(|problem| format!("{} {}", problem.code, problem.path)).collect();
        let wanted = wanted.trim();
        if wanted == "valid" {
            assert!(found.is_empty(), "{line}\n found: {found:?}");
        } else {
            assert_eq!(found, [wanted], "{line}");
        }
        count += 1;
    }
    assert!(count > 60, "the table is read");
}

#[test]
fn entities_are_checked_as_configured() {
    let mut entity: LegalEntity = serde_json::from_value(json!({"code": "DE01", "name": "Advisory", "country": "DE",
        "currency": "EUR", "zone": "Europe/Berlin", "vat_id": "DE123456789",
        "address": {"country": "DE"}, "default_tax": tax()}))
    .unwrap();
    assert_eq!(entity.validate(), Ok(()));
    entity.country = "Germany".into();
    entity.default_tax.rate_percent = None;
    let codes: Vec<String> = entity.validate().unwrap_err().into_iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["COUNTRY_UNKNOWN", "TAX_RATE"]);
}

#[test]
fn units_are_named_by_their_codes() {
    for unit in Unit::ALL {
        assert_eq!(serde_json::to_value(unit).unwrap(), json!(unit.code()));
        assert_eq!(Unit::from_code(unit.code()), Some(unit));
    }
    assert_eq!(Unit::from_code("hour"), None);
}
