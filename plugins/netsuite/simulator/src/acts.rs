//! What people do in the account's own user interface: accountants who book and close, a customer
//! who pays, an administrator who sets up.

use std::sync::Arc;

use jiff::civil::Date;
use quoin_simulator::Refusal;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::Erp;
use crate::account::{Account, Journal, Record, TaxRounding, Write};
use crate::auth::read_public_key;
use crate::body::Strictness;
use crate::doc::{self, number};
use crate::routes::note;
use crate::schema::record_type;

type Done = Result<Value, Refusal>;

/// Name, help, and what it does.
type Act = (&'static str, &'static str, fn(&Erp, &Value) -> Done);

const ACTS: [Act; 11] = [
    (
        "record_payment",
        r#"{"invoice": tranId or id, "amount", "date"}: the customer pays an invoice, in part or whole"#,
        record_payment,
    ),
    (
        "write_invoice",
        r#"{"project": project code, name or job id, "description", "amount", "line"?, "date"}: somebody writes an invoice by hand"#,
        write_invoice,
    ),
    ("void_invoice", r#"{"invoice": tranId or id}: an invoice is voided"#, void_invoice),
    ("void_payment", r#"{"payment": tranId or id}: a payment bounces and is voided"#, void_payment),
    (
        "post_project_costs",
        r#"{"project": project code, name or job id, "line", "cost_to_date", "revenue_to_date"?, "as_of"}: a journal brings a contract line's cost and revenue to these totals"#,
        post_project_costs,
    ),
    (
        "close_period",
        r#"{"through": "2026-03-31" or null}: nothing posts on or before this day any more; null opens all"#,
        close_period,
    ),
    (
        "set_missing_tax_code",
        r#"{"tax_code": id or beginning of the name, default "5", "missing": default true}: takes a tax code out of use, or puts it back"#,
        set_missing_tax_code,
    ),
    ("set_tax_rounding", r#"{"per": "code" or "line"}: how tax is rounded on a document"#, set_tax_rounding),
    (
        "register_certificate",
        r#"{"id", "pem", "client_id"?}: registers a certificate or public key for machine-to-machine tokens"#,
        register_certificate,
    ),
    (
        "edit_order_line",
        r#"{"order": tranId or id, "line": its position from 1, "amount"}: somebody changes a sales order by hand"#,
        edit_order_line,
    ),
    ("set_concurrency", r#"{"limit"}: requests at once that the account may have"#, set_concurrency),
];

/// Puts the actions on the kit.
pub fn offer(erp: &Arc<Erp>) {
    for (name, help, act) in ACTS {
        let erp = erp.clone();
        erp.kit.clone().action(name, help, move |input| {
            let erp = erp.clone();
            async move { act(&erp, &input) }
        });
    }
}

fn given<'a>(input: &'a Value, name: &str) -> Result<&'a Value, Refusal> {
    input.get(name).filter(|value| !value.is_null()).ok_or_else(|| Refusal::new(format!("give '{name}'")))
}

fn word(input: &Value, name: &str) -> Result<String, Refusal> {
    let value = given(input, name)?;
    Ok(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn money(input: &Value, name: &str) -> Result<Decimal, Refusal> {
    doc::decimal(given(input, name)?).ok_or_else(|| Refusal::new(format!("'{name}' is no number")))
}

fn day(input: &Value, name: &str) -> Result<Date, Refusal> {
    word(input, name)?.parse().map_err(|_| Refusal::new(format!("'{name}' is no date such as 2026-03-31")))
}

/// A transaction by its number or id.
fn transaction<'a>(account: &'a Account, kind: &str, wanted: &str) -> Result<&'a Record, Refusal> {
    let by_id = || wanted.parse().ok().and_then(|id| account.record(kind, id));
    account.by_number(kind, wanted).or_else(by_id).ok_or_else(|| Refusal::new(format!("there is no {kind} '{wanted}'")))
}

fn record_payment(erp: &Erp, input: &Value) -> Done {
    let (wanted, amount, date) = (word(input, "invoice")?, money(input, "amount")?, day(input, "date")?);
    let mut account = erp.account();
    let invoice = transaction(&account, "invoice", &wanted)?;
    let reference = |name: &str| json!({"id": doc::reference(&invoice.fields, name).map(|id| id.to_string())});
    let body = json!({
        "customer": reference("entity"),
        "currency": reference("currency"),
        "payment": number(amount),
        "tranDate": date.to_string(),
        "apply": {"items": [{"doc": {"id": invoice.id.to_string()}, "apply": true, "amount": number(amount)}]},
    });
    let record_type = record_type("customerPayment").ok_or_else(|| Refusal::new("no payments in this account"))?;
    let write =
        Write { record_type, id: None, external_id: None, body: &body, replace: &[], strictness: Strictness::Error };
    let written = account.write(&write, erp.kit.now()).map_err(|refusal| Refusal::new(refusal.detail))?;
    let Some(payment) = account.record("customerPayment", written.id) else { return Ok(Value::Null) };
    note(erp, &account, "payment", payment);
    let open = transaction(&account, "invoice", &wanted).map(|invoice| number(account.open_amount(invoice)))?;
    Ok(json!({"id": payment.id.to_string(), "tranId": payment.name(), "open": open}))
}

/// A job by its id, code or name.
fn job_of<'a>(account: &'a Account, wanted: &str) -> Result<&'a Record, Refusal> {
    let named = |record: &&Record| {
        record.id.to_string() == wanted
            || ["entityId", "companyName"].iter().any(|name| doc::text(&record.fields, name) == Some(wanted))
    };
    account.records_of("job").find(named).ok_or_else(|| Refusal::new(format!("there is no project '{wanted}'")))
}

/// As the user interface does it: no external id, and of the columns only what a person fills in.
fn write_invoice(erp: &Erp, input: &Value) -> Done {
    let (wanted, amount, date) = (word(input, "project")?, money(input, "amount")?, day(input, "date")?);
    let mut account = erp.account();
    let job = job_of(&account, &wanted)?;
    let customer = doc::reference(&job.fields, "parent").map(|id| id.to_string());
    let mut line = json!({
        "item": {"id": "102"}, "description": word(input, "description")?, "quantity": 1, "rate": number(amount),
        "amount": number(amount), "taxCode": {"id": "5"},
    });
    if input.get("line").is_some() {
        line["custcol_quoin_contract_line"] = json!(word(input, "line")?);
    }
    let body = json!({
        "entity": {"id": customer}, "job": {"id": job.id.to_string()}, "tranDate": date.to_string(),
        "item": {"items": [line]},
    });
    let record_type = record_type("invoice").ok_or_else(|| Refusal::new("no invoices in this account"))?;
    let write =
        Write { record_type, id: None, external_id: None, body: &body, replace: &[], strictness: Strictness::Error };
    let written = account.write(&write, erp.kit.now()).map_err(|refusal| Refusal::new(refusal.detail))?;
    let Some(invoice) = account.record("invoice", written.id) else { return Ok(Value::Null) };
    note(erp, &account, "invoice_by_hand", invoice);
    Ok(json!({"id": invoice.id.to_string(), "tranId": invoice.name()}))
}

fn void_invoice(erp: &Erp, input: &Value) -> Done {
    let wanted = word(input, "invoice")?;
    let mut account = erp.account();
    let id = transaction(&account, "invoice", &wanted)?.id;
    account.set_field(id, "voided", true.into(), erp.kit.now());
    if let Some(invoice) = account.record("invoice", id) {
        note(erp, &account, "invoice_voided", invoice);
    }
    Ok(json!({"id": id.to_string()}))
}

fn void_payment(erp: &Erp, input: &Value) -> Done {
    let wanted = word(input, "payment")?;
    let mut account = erp.account();
    let payment = transaction(&account, "customerPayment", &wanted)?;
    let (id, now) = (payment.id, erp.kit.now());
    let invoices: Vec<u64> =
        doc::lines(&payment.fields, "apply").filter_map(|line| doc::reference(line, "doc")).collect();
    account.set_field(id, "voided", true.into(), now);
    account.set_field(id, "status", json!({"id": "V", "refName": "Voided"}), now);
    for invoice in invoices {
        account.touch(invoice, now);
    }
    if let Some(payment) = account.record("customerPayment", id) {
        note(erp, &account, "payment_update", payment);
    }
    Ok(json!({"id": id.to_string()}))
}

/// Books the difference to what is already booked, so that the same act twice books nothing more.
fn post_project_costs(erp: &Erp, input: &Value) -> Done {
    let wanted = word(input, "project").or_else(|_| word(input, "job"))?;
    let (line, as_of) = (word(input, "line")?, day(input, "as_of")?);
    let mut account = erp.account();
    let job = job_of(&account, &wanted)?.id;
    let booked = |part: fn(&Journal) -> Decimal| -> Decimal {
        account.journals.iter().filter(|journal| journal.job == job && journal.line == line).map(part).sum()
    };
    let cost = money(input, "cost_to_date")? - booked(|journal| journal.cost);
    let revenue = match input.get("revenue_to_date") {
        None | Some(Value::Null) => Decimal::ZERO,
        Some(_) => money(input, "revenue_to_date")? - booked(|journal| journal.revenue),
    };
    let (id, number) = (account.next_id(), account.next_number("JE-"));
    let modified = erp.kit.now();
    let answer =
        json!({"id": id.to_string(), "tranId": number, "cost": cost.to_string(), "revenue": revenue.to_string()});
    account.journals.push(Journal { id, number, date: as_of, job, line, cost, revenue, modified });
    erp.kit.ledger.commit("project_financials", &id.to_string(), None, answer.clone());
    Ok(answer)
}

fn close_period(erp: &Erp, input: &Value) -> Done {
    let through = match input.get("through") {
        None | Some(Value::Null) => None,
        Some(_) => Some(day(input, "through")?),
    };
    erp.account().closed_through = through;
    Ok(json!({"closed_through": through.map(|day| day.to_string())}))
}

fn set_missing_tax_code(erp: &Erp, input: &Value) -> Done {
    let wanted = if input.get("tax_code").is_some() { word(input, "tax_code")? } else { "5".to_owned() };
    let missing = input.get("missing").and_then(Value::as_bool).unwrap_or(true);
    let mut account = erp.account();
    let code =
        account.lists.tax_code_mut(&wanted).ok_or_else(|| Refusal::new(format!("there is no tax code '{wanted}'")))?;
    code.active = !missing;
    Ok(json!({"id": code.id.to_string(), "name": code.name, "active": code.active}))
}

fn set_tax_rounding(erp: &Erp, input: &Value) -> Done {
    let rounding = match word(input, "per")?.as_str() {
        "code" => TaxRounding::PerCode,
        "line" => TaxRounding::PerLine,
        other => return Err(Refusal::new(format!("'{other}' is neither code nor line"))),
    };
    erp.account().tax_rounding = rounding;
    Ok(json!({"per": word(input, "per")?}))
}

fn register_certificate(erp: &Erp, input: &Value) -> Done {
    let (id, pem) = (word(input, "id")?, word(input, "pem")?);
    let key = read_public_key(&pem).map_err(Refusal::new)?;
    let mut doors = erp.doors();
    if input.get("client_id").is_some() {
        doors.client_id = word(input, "client_id")?;
    }
    doors.register(&id, key);
    Ok(json!({"id": id, "client_id": doors.client_id}))
}

/// No rule is asked: in the user interface an administrator may do this.
fn edit_order_line(erp: &Erp, input: &Value) -> Done {
    let (wanted, amount) = (word(input, "order")?, money(input, "amount")?);
    let at = given(input, "line")?.as_u64().and_then(|at| usize::try_from(at).ok()?.checked_sub(1));
    let at = at.ok_or_else(|| Refusal::new("'line' is a position from 1"))?;
    let mut account = erp.account();
    let order = transaction(&account, "salesOrder", &wanted)?;
    let (id, mut fields) = (order.id, order.fields.clone());
    let line = doc::lines_mut(&mut fields, "item").nth(at).ok_or_else(|| Refusal::new("the order has no such line"))?;
    line.insert("amount".into(), number(amount));
    line.insert("rate".into(), number(amount));
    let items = fields.get("item").cloned().unwrap_or(Value::Null);
    account.set_field(id, "item", items, erp.kit.now());
    Ok(json!({"id": id.to_string()}))
}

fn set_concurrency(erp: &Erp, input: &Value) -> Done {
    let limit = given(input, "limit")?.as_u64().and_then(|limit| usize::try_from(limit).ok());
    let limit = limit.filter(|limit| *limit > 0).ok_or_else(|| Refusal::new("'limit' is a number above 0"))?;
    erp.allow_at_once(limit);
    Ok(json!({"limit": limit}))
}
