//! A deal as the host would write it.

use ports::{Item, Reference};
use quoin_canonical::{Id, ObjectKind};
use serde_json::{Value, json};

/// Contract number: the quote's.
pub const CONTRACT: &str = "Q-2026-0042";
/// Project code.
pub const PROJECT: &str = "P-2026-0042";
/// The customer's VAT id, with good check digits: Tryton looks.
pub const VAT_ID: &str = "DE811907980";

/// The canonical id of a part of the deal.
pub fn id(of: &str) -> Id {
    Id::derived(&["deal", of])
}

fn item(of: &str, data: Value, references: &[(ObjectKind, &str, &str)]) -> Item {
    let references = references.iter().map(|(kind, of, external)| Reference {
        object: kind.to_string(),
        id: id(of).to_string(),
        external: (*external).to_owned(),
    });
    Item {
        key: format!("key-{of}"),
        id: id(of).to_string(),
        external: None,
        data,
        delete: false,
        references: references.collect(),
    }
}

fn euros(amount: &str) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

fn vat() -> Value {
    json!({"category": "S", "rate_percent": "19"})
}

/// Helix GmbH, under an id of its own.
pub fn customer(of: &str, name: &str, vat_id: &str) -> Item {
    item(
        of,
        json!({
            "header": {"id": id(of)}, "name": name, "parent_name": "Helix Group AG", "vat_id": vat_id, "country": "DE",
            "addresses": [{"purpose": "billing", "lines": ["Spitalerstrasse 9"], "city": "Hamburg", "postal_code": "20095", "country": "DE"}],
            "payment_terms_days": 30, "currency": "EUR", "status": "active",
        }),
        &[],
    )
}

/// The buyer as the scenario has it.
pub fn helix() -> Item {
    customer("customer", "Helix GmbH", VAT_ID)
}

/// The accepted quote's terms, for a customer known under this id.
pub fn setup(customer: &str) -> Item {
    let line = |id: &str, description: &str, billing: Value| json!({"id": id, "description": description, "billing": billing, "tax": vat()});
    let milestone = |code: &str, amount: &str| {
        json!({
            "header": {"id": id(code)}, "code": code, "name": code, "contract_line": "L2", "amount": euros(amount), "status": "planned",
        })
    };
    item(
        "setup",
        json!({
            "header": {"id": id("setup")}, "contract_number": CONTRACT, "project_code": PROJECT, "project_name": "Helix discovery and build",
            "project": {"id": id("project")}, "customer": {"id": id("customer")}, "selling_entity": "DE01", "currency": "EUR",
            "payment_terms_days": 30, "starts_on": "2026-03-02",
            "lines": [
                line("L1", "Discovery", json!({"method": "time_and_materials", "cap": {"limit": euros("40000.00"), "mode": "fit"},
                    "roles": [{"role": "Senior", "hourly_rate": "195.00"}, {"role": "Consultant", "hourly_rate": "150.00"}]})),
                line("L2", "Build", json!({"method": "fixed_fee", "price": euros("120000.00"), "milestones": [
                    {"code": "M1", "name": "Design", "percent": "30"}, {"code": "M2", "name": "Build", "percent": "50"},
                    {"code": "M3", "name": "Handover", "percent": "20"}]})),
                line("L3", "Care", json!({"method": "retainer", "hours_per_month": "40", "hourly_rate": "160.00",
                    "overage_rate": "185.00", "starts_on": "2026-04-01"})),
            ],
            "milestones": [milestone("M1", "36000.00"), milestone("M2", "60000.00"), milestone("M3", "24000.00")],
        }),
        &[(ObjectKind::Customer, "customer", customer)],
    )
}

/// One line: contract line, quantity, unit, unit price, net.
pub type Line<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

/// An invoice of these lines and totals (net, tax, gross).
pub fn document(of: &str, lines: &[Line<'_>], totals: [&str; 3], customer: &str, project: &str) -> Item {
    let rows: Vec<Value> = lines
        .iter()
        .enumerate()
        .map(|(at, (line, quantity, unit, price, net))| {
            json!({
                "id": (at + 1).to_string(), "description": format!("{line} March 2026"), "contract_line": line,
                "quantity": {"value": quantity, "unit": unit}, "unit_price": price, "net": euros(net), "tax": vat(),
                "service_period": {"from": "2026-03-01", "to": "2026-03-31"},
            })
        })
        .collect();
    let [net, tax, gross] = totals.map(euros);
    let buyer = helix().data;
    item(
        of,
        json!({
            "header": {"id": id(of)}, "kind": "380", "issued_on": "2026-03-31", "due_on": "2026-04-30", "currency": "EUR",
            "selling_entity": "DE01", "seller_name": "Advisory DE GmbH", "seller_vat_id": "DE123456789", "buyer": buyer,
            "customer": {"id": id("customer")}, "project": {"id": id("project")}, "project_code": PROJECT, "contract_number": CONTRACT,
            "period": {"from": "2026-03-01", "to": "2026-03-31"}, "lines": rows,
            "tax": [{"category": "S", "rate_percent": "19", "taxable": net, "tax": tax}],
            "totals": {"net": net, "tax": tax, "gross": gross, "prepaid": euros("0.00"), "due": gross}, "status": "approved",
        }),
        &[(ObjectKind::Customer, "customer", customer), (ObjectKind::Project, "project", project)],
    )
}
