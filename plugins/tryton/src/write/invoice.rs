//! Documents: a draft is made, its totals are compared with ours, and only then it is posted. A
//! posted document is never changed: a repeat finds it by its reference and answers with its number.

use std::collections::BTreeMap;

use quoin_sdk::{Fault, FaultKind, Invoice, Item, Outcome, Unit};
use serde_json::json;

use super::{DOCUMENT, after_write, number, party_of};
use crate::api::{Api, Context};
use crate::map::{figures, invoice as map, setup};
use crate::names;
use crate::wire::{AccountDefaults, Day, Document, Id, NewInvoice, NewLine, Party, Product, SoldLine, creating};

const MODEL: &str = "account.invoice";

/// Sale lines read of a contract at most: a contract has far fewer.
const MAX_SOLD_LINES: u32 = 1_000;

pub fn settle(api: &Api<'_>, item: &Item) -> Result<Outcome, Fault> {
    if item.delete {
        let message = "a posted document is not deleted; write a credit note that refers to it";
        return Ok(Outcome::rejected(item, Fault::new(FaultKind::Unsupported, "NO_DELETE", message)));
    }
    let invoice: Invoice = item.object()?;
    let company = names::company_of(api, &invoice.selling_entity)?;
    let context = Context::of(company);
    let draft = match existing(api, item, company)? {
        Some(found) if map::is_posted(&found) => {
            return answer(item, &invoice, &found, Outcome::unchanged(item, found.id.to_string()));
        }
        Some(found) if map::agree(&invoice, figures(&found)).is_ok() => found,
        other => {
            if let Some(stale) = other {
                api.press(MODEL, "delete", stale.id, context)?;
            }
            create(api, item, &invoice, company)?
        }
    };
    if let Err(fault) = map::agree(&invoice, figures(&draft)) {
        api.press(MODEL, "delete", draft.id, context)?;
        return Ok(Outcome::rejected(item, fault));
    }
    api.press(MODEL, "post", draft.id, context)?;
    let Some(posted) = read(api, draft.id, context).map_err(after_write)? else {
        return Err(Fault::unknown_outcome(format!("invoice {} was posted but cannot be read", draft.id)));
    };
    answer(item, &invoice, &posted, Outcome::created(item, posted.id.to_string()))
}

fn read(api: &Api<'_>, id: Id, context: Context) -> Result<Option<Document>, Fault> {
    api.find(MODEL, id, &DOCUMENT, context)
}

/// The document that an earlier attempt made, by its reference, or by its id when that is known.
fn existing(api: &Api<'_>, item: &Item, company: Id) -> Result<Option<Document>, Fault> {
    let domain = json!([
        ["reference", "=", item.id],
        ["type", "=", "out"],
        ["company", "=", company],
        ["state", "!=", "cancelled"],
    ]);
    let mut found: Vec<Document> = api.search(MODEL, domain, &DOCUMENT, 2, Context::of(company))?;
    if found.len() > 1 {
        let message = format!("Tryton has more than one invoice with the reference {}; cancel the copies", item.id);
        return Err(Fault::new(FaultKind::Conflict, "INVOICE_TWICE", message));
    }
    match (found.pop(), &item.external) {
        (None, Some(id)) => read(api, number(id, "/header/external")?, Context::of(company)),
        (found, _) => Ok(found),
    }
}

/// The outcome, with Tryton's number; rejected with both figures when the totals differ.
fn answer(item: &Item, invoice: &Invoice, found: &Document, done: Outcome) -> Result<Outcome, Fault> {
    if let Err(fault) = map::agree(invoice, figures(found)) {
        let mut refused = Outcome::rejected(item, fault);
        refused.external = Some(found.id.to_string());
        return Ok(refused);
    }
    let outcome = done.data(&map::posted(invoice, found))?;
    Ok(match &found.write_date {
        Some(version) => outcome.version(version.text()),
        None => outcome,
    })
}

fn create(api: &Api<'_>, item: &Item, invoice: &Invoice, company: Id) -> Result<Document, Fault> {
    let party = party_of(item, &invoice.customer)?;
    let context = Context::of(company);
    let days = invoice.issued_on.until(invoice.due_on).map(|span| i64::from(span.get_days())).unwrap_or_default();
    // Days that no term is mapped to, such as those of a credit note that is due at once, stand as
    // the due date itself.
    let term = api.config.payment_term(days, "/due_on").ok();
    let term = term.map(|name| names::payment_term(api, name, "/due_on")).transpose()?;
    let defaults = names::defaults(api, company)?;
    let body = NewInvoice {
        kind: "out",
        company,
        party,
        invoice_address: names::invoice_address(api, party)?,
        currency: names::currency(api, invoice.currency)?,
        account: receivable(api, party, &defaults, context)?,
        journal: names::revenue_journal(api, company)?,
        payment_term: term,
        payment_term_date: term.is_none().then(|| Day::of(invoice.due_on)),
        reference: item.id.clone(),
        description: map::description(invoice),
        invoice_date: Day::of(invoice.issued_on),
        lines: creating(lines(api, invoice, company, &defaults)?),
    };
    let id = api.create_one(MODEL, &body, context)?;
    let made = read(api, id, context).map_err(after_write)?;
    made.ok_or_else(|| Fault::unknown_outcome(format!("invoice {id} was accepted but cannot be read")))
}

/// What the party owes is booked here: its own account, else the company's default.
fn receivable(api: &Api<'_>, party: Id, defaults: &AccountDefaults, context: Context) -> Result<Id, Fault> {
    let fields = ["name", "code", "active", "customer_payment_term", "account_receivable", "write_date"];
    let own = api.find::<Party>("party.party", party, &fields, context)?.and_then(|party| party.account_receivable);
    own.or(defaults.default_account_receivable).ok_or_else(|| {
        let message = format!("party {party} has no receivable account, and the company no default; set one");
        Fault::new(FaultKind::Config, "ACCOUNT_MISSING", message).at("/customer")
    })
}

fn lines(api: &Api<'_>, invoice: &Invoice, company: Id, defaults: &AccountDefaults) -> Result<Vec<NewLine>, Fault> {
    let mut sold_by: BTreeMap<&str, BTreeMap<String, (Id, Product)>> = BTreeMap::new();
    let mut lines = Vec::with_capacity(invoice.lines.len());
    for (at, line) in invoice.lines.iter().enumerate() {
        let path = format!("/lines/{at}");
        let contract = line.contract_number.as_deref().unwrap_or(&invoice.contract_number);
        if !sold_by.contains_key(contract) {
            sold_by.insert(contract, sold(api, contract, company)?);
        }
        let sold = sold_by.get(contract);
        let place = format!("{path}/quantity");
        let measured = names::unit(api, line.quantity.unit, &place)?;
        // Hours have two digits in Tryton; what a cap cuts off may have more.
        let whole = line.quantity.value.normalize().scale() > measured.digits;
        let wanted = if whole { Unit::LumpSum } else { line.quantity.unit };
        let unit = if whole { names::unit(api, wanted, &place)? } else { measured };
        let from_sale = sold
            .and_then(|sold| sold.get(&line.contract_line))
            .filter(|(_, product)| product.default_uom_category == unit.category);
        // A lump sum on the sale may be billed by the hour: that takes the product of the unit.
        let (product, sale_line) = match (from_sale, api.config.product_of_unit(wanted)) {
            (Some((id, product)), _) => (product.clone(), Some(*id)),
            (None, Some(code)) => (names::product(api, code, company, &place)?, None),
            (None, None) => return Err(unsold(contract, &line.contract_line, &path)),
        };
        let targets = map::Targets {
            product: product.id,
            unit: unit.id,
            account: names::revenue_account(api, &product, defaults, company)?,
            tax: names::tax(api, &line.tax, company, &format!("{path}/tax"))?,
            sale_line,
            whole,
        };
        lines.push(map::line(line, invoice.kind, targets));
    }
    Ok(lines)
}

/// What the contract's sale sells, by contract line.
fn sold(api: &Api<'_>, contract: &str, company: Id) -> Result<BTreeMap<String, (Id, Product)>, Fault> {
    let domain = json!([
        ["sale.description", "=", contract],
        ["sale.company", "=", company],
        ["sale.state", "in", ["confirmed", "processing", "done"]],
        ["type", "=", "line"],
    ]);
    let rows: Vec<SoldLine> =
        api.search("sale.line", domain, &["product", "note"], MAX_SOLD_LINES, Context::of(company))?;
    let mut sold = BTreeMap::new();
    for row in rows {
        let (Some(product), Some(note)) = (row.product, row.note) else { continue };
        if let Some(product) = names::product_by_id(api, product, company)? {
            sold.insert(setup::contract_line(&note).to_owned(), (row.id, product));
        }
    }
    Ok(sold)
}

fn unsold(contract: &str, line: &str, path: &str) -> Fault {
    let message = format!(
        "no confirmed sale of contract {contract} sells line {line} in this unit, and products maps no product to the unit"
    );
    Fault::new(FaultKind::NotFound, "CONTRACT_LINE_UNKNOWN", message).at(format!("{path}/contract_line"))
}
