//! Documents as NetSuite holds them: what somebody wrote there by hand, or changed of ours.

use quoin_sdk::{
    Change, Currency, Customer, CustomerStatus, Decimal, Fault, FaultKind, Header, Invoice, InvoiceLine, InvoiceStatus,
    InvoiceType, Link, Money, Period, Quantity, TaxCategory, TaxTreatment, Totals, Unit, exact,
};
use serde_json::Value;

use crate::api::Found;
use crate::config::{Config, Custom};
use crate::wire::{CustomFields, Document, Line, Ref};

/// An invoice or prepayment invoice.
pub fn invoice(config: &Config, found: &Found<Document>) -> Result<Change, Fault> {
    document(config, found, false)
}

/// Any document. What NetSuite leaves to the customer's record (address, VAT id) stays empty.
pub fn document(config: &Config, found: &Found<Document>, credit: bool) -> Result<Change, Fault> {
    let (id, have) = (&found.identity.id, &found.fields);
    let currency = currency(config, have.currency.as_ref())?;
    let entity = have.entity.as_ref().ok_or_else(|| lacks(id, "customer", "/customer"))?;
    let issued_on = have.tran_date.ok_or_else(|| lacks(id, "date", "/issued_on"))?;
    let custom = |field: Custom| text(&have.custom, config.field(field));
    let kind = match (credit, custom(Custom::DocumentType).as_deref()) {
        (true, _) => InvoiceType::CreditNote,
        (false, Some("386")) => InvoiceType::Prepayment,
        (false, _) => InvoiceType::Invoice,
    };
    let money = |amount: Option<Decimal>| Money::new(amount.unwrap_or_default(), currency);
    let lines = have.item.items.iter().enumerate().map(|(at, have)| line(config, have, at, currency));
    let invoice = Invoice {
        details: None,
        header: Header::default(),
        number: have.tran_id.clone(),
        kind,
        issued_on,
        due_on: have.due_date.unwrap_or(issued_on),
        currency,
        selling_entity: entity_code(config, have.subsidiary.as_ref())?,
        seller_name: String::new(),
        seller_vat_id: String::new(),
        seller_address: None,
        buyer: buyer(entity, currency),
        customer: Link::External(entity.id.clone()),
        project: have.job.as_ref().map(|job| Link::External(job.id.clone())),
        project_code: None,
        contract_number: custom(Custom::Contract).or_else(|| have.other_ref_num.clone()).unwrap_or_default(),
        preceding_invoice: None,
        period: have.start_date.zip(have.end_date).map(|(from, to)| Period { from, to }),
        lines: lines.collect(),
        tax: Vec::new(),
        totals: Totals {
            net: money(have.subtotal),
            tax: money(have.tax_total),
            gross: money(have.total),
            prepaid: money(None),
            due: money(have.total),
        },
        status: if have.voided { InvoiceStatus::Void } else { InvoiceStatus::Posted },
    };
    Change::upsert(id.clone(), found.identity.last_modified_date.clone(), &invoice)
}

fn buyer(entity: &Ref, currency: Currency) -> Customer {
    Customer {
        details: None,
        header: Header::default(),
        name: format!("NetSuite customer {}", entity.id),
        parent_name: None,
        vat_id: None,
        country: None,
        addresses: Vec::new(),
        payment_terms_days: None,
        currency: Some(currency),
        credit: None,
        status: CustomerStatus::Active,
    }
}

fn line(config: &Config, have: &Line, at: usize, currency: Currency) -> InvoiceLine {
    let custom = |field: Custom| text(&have.custom, config.field(field));
    let unit = custom(Custom::Unit).and_then(|code| serde_json::from_value::<Unit>(Value::String(code)).ok());
    let day = |field: Custom| custom(field).and_then(|text| text.parse().ok());
    let net = have.amount.unwrap_or_default();
    InvoiceLine {
        id: custom(Custom::LineId).unwrap_or_else(|| (at + 1).to_string()),
        description: have.description.clone().unwrap_or_default(),
        contract_number: None,
        contract_line: custom(Custom::ContractLine).unwrap_or_default(),
        quantity: Quantity { value: have.quantity.unwrap_or(Decimal::ONE), unit: unit.unwrap_or(Unit::One) },
        unit_price: have.rate.unwrap_or(net),
        net: Money::new(net, currency),
        tax: tax(config, have.tax_code.as_ref()),
        service_period: day(Custom::ServiceFrom).zip(day(Custom::ServiceTo)).map(|(from, to)| Period { from, to }),
        billing_events: Vec::new(),
    }
}

/// The category and rate that the configuration maps to a tax code. A code that nobody mapped is told
/// as outside the scope, with its id: nothing is guessed.
fn tax(config: &Config, code: Option<&Ref>) -> TaxTreatment {
    let key = code.and_then(|code| config.tax_codes.iter().find(|(_, id)| **id == code.id)).map(|(key, _)| key);
    let treatment = key.and_then(|key| {
        let (category, rate) =
            key.split_once(':').map_or((key.as_str(), None), |(name, rate)| (name, exact::parse(rate)));
        let category: TaxCategory = serde_json::from_value(Value::String(category.to_owned())).ok()?;
        let reason = !matches!(category, TaxCategory::S | TaxCategory::Z | TaxCategory::L | TaxCategory::M);
        let rate_percent = if category == TaxCategory::O { None } else { rate.or(Some(Decimal::ZERO)) };
        let exemption_reason = reason.then(|| "as NetSuite has it".to_owned());
        Some(TaxTreatment { category, rate_percent, exemption_reason })
    });
    treatment.unwrap_or_else(|| TaxTreatment {
        category: TaxCategory::O,
        rate_percent: None,
        exemption_reason: Some(match code {
            Some(code) => format!("tax code {} is not mapped", code.id),
            None => "no tax code".to_owned(),
        }),
    })
}

fn currency(config: &Config, have: Option<&Ref>) -> Result<Currency, Fault> {
    let code = have.and_then(|have| config.currencies.iter().find(|(_, id)| **id == have.id)).map(|(code, _)| code);
    code.and_then(|code| Currency::from_code(code)).ok_or_else(|| unmapped("currencies", have, "/currency"))
}

fn entity_code(config: &Config, have: Option<&Ref>) -> Result<String, Fault> {
    let code = have.and_then(|have| config.subsidiaries.iter().find(|(_, id)| **id == have.id)).map(|(code, _)| code);
    code.cloned().ok_or_else(|| unmapped("subsidiaries", have, "/selling_entity"))
}

fn text(fields: &CustomFields, name: &str) -> Option<String> {
    match fields.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

fn unmapped(setting: &str, have: Option<&Ref>, path: &str) -> Fault {
    let id = have.map_or("none", |have| have.id.as_str());
    let message = format!("a document names id {id}, which '{setting}' maps to nothing; add it");
    Fault::new(FaultKind::Config, "CONFIG_MISSING", message).at(path)
}

fn lacks(id: &str, what: &str, path: &str) -> Fault {
    Fault::new(FaultKind::Other, "UNREADABLE_VALUE", format!("document {id} has no {what}")).at(path)
}
