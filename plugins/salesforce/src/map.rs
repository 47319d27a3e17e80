//! Wire to canonical: what an opportunity, its account and its lines mean.

use quoin_sdk::{
    Address, AdvanceEnd, AdvanceTerm, Agreement, BillingMethod, Cap, CapMode, Credit, CreditStatus, Currency, Customer,
    Date, Decimal, Discount, Fault, FaultKind, Header, LineTerms, Link, MilestoneTerm, Money, OverBilled, Quote,
    QuoteLine, QuoteStatus, RetainerTerm, RoleRate, TaxCategory, TaxTreatment, TemplateRef, exact,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::config::Config;
use crate::wire::{ACCOUNT, LINE, Members, OPPORTUNITY, Row};

/// Billing models as an org without a mapping of its own spells them.
const BILLING_MODELS: &[(&str, &str)] =
    &[("Time and Materials", "time_and_materials"), ("Fixed Fee", "fixed_fee"), ("Retainer", "retainer")];

/// Open stages of the vendor's standard sales process at which the buyer has the quote.
const PRESENTED_STAGES: &[&str] = &["Proposal/Price Quote", "Negotiation/Review", "Negotiation"];

/// A required value, or the fault that names where it is missing.
fn required<T>(value: Option<T>, path: &str, field: &str) -> Result<T, Fault> {
    value.ok_or_else(|| Fault::invalid(path, format!("{field} is empty")))
}

/// A choice by its canonical word.
fn word<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

/// The quote that an opportunity with its lines is. `None` when it carries no quote number.
///
/// # Errors
/// Kind `invalid-data` with the canonical field.
pub fn quote(config: &Config, opportunity: &Members, lines: &[&Members]) -> Result<Option<Quote>, Fault> {
    let row = Row::new(OPPORTUNITY, config, opportunity);
    let Some(number) = row.text("Quote_Number__c")? else { return Ok(None) };
    let id = required(row.text("Id")?, "/header/external", "Id")?;
    let currency = currency(config, opportunity)?;
    let status = status(config, &row)?;
    let account = row.parent("Account")?;
    let account = required(account, "/customer", "AccountId")?;
    let template = match row.text("Project_Template__c")? {
        Some(id) => {
            let version = required(row.count("Template_Version__c")?, "/template/version", "Template_Version__c")?;
            Some(TemplateRef { id, version })
        }
        None => None,
    };
    let accepted_at = if status == QuoteStatus::Accepted { row.moment("LastStageChangeDate")? } else { None };
    Ok(Some(Quote {
        details: None,
        header: Header { external: Some(id.clone()), version: row.text("SystemModstamp")?, ..Header::default() },
        number,
        version: required(row.count("Quote_Version__c")?, "/version", "Quote_Version__c")?,
        opportunity: Link::External(id),
        status,
        name: required(row.text("Name")?, "/name", "Name")?,
        accepted_at,
        customer: customer(config, &row, &account, currency)?,
        selling_entity: required(row.text("Selling_Entity__c")?, "/selling_entity", "Selling_Entity__c")?,
        contract_type: required(row.text("Contract_Type__c")?, "/contract_type", "Contract_Type__c")?,
        currency,
        template,
        starts_on: row.date("Start_Date__c")?,
        target_margin_percent: row.number("Target_Margin__c")?,
        lines: quote_lines(config, lines, currency)?,
        agreement: Agreement {
            billed_with: row.text("Billed_With__c")?,
            advances: advances(&row, currency)?,
            ..Agreement::default()
        },
    }))
}

/// The org's currency, or the record's own.
fn currency(config: &Config, opportunity: &Members) -> Result<Currency, Fault> {
    if let Some(currency) = config.currency()? {
        return Ok(currency);
    }
    let code = Row::new(OPPORTUNITY, config, opportunity).text("CurrencyIsoCode")?;
    let code = required(code, "/currency", "CurrencyIsoCode")?;
    Currency::from_code(&code).ok_or_else(|| Fault::invalid("/currency", format!("'{code}' is no ISO 4217 code")))
}

/// A closed stage speaks for itself; an open one means what the org says, else a draft: a stage
/// nobody mapped is never taken for more than it is.
fn status(config: &Config, row: &Row<'_>) -> Result<QuoteStatus, Fault> {
    if row.flag("IsWon")? {
        return Ok(QuoteStatus::Accepted);
    }
    if row.flag("IsClosed")? {
        return Ok(QuoteStatus::Rejected);
    }
    let stage = row.text("StageName")?.unwrap_or_default();
    let Some(meaning) = config.stages.get(&stage) else {
        let presented = PRESENTED_STAGES.contains(&stage.as_str());
        return Ok(if presented { QuoteStatus::Presented } else { QuoteStatus::Draft });
    };
    match word(meaning) {
        Some(open @ (QuoteStatus::Draft | QuoteStatus::InReview | QuoteStatus::Approved | QuoteStatus::Presented)) => {
            Ok(open)
        }
        _ => {
            let message = format!("'{meaning}' in 'stages' is none of draft, in_review, approved, presented");
            Err(Fault::new(FaultKind::Config, "STAGES", message))
        }
    }
}

fn customer(config: &Config, opportunity: &Row<'_>, account: &Members, currency: Currency) -> Result<Customer, Fault> {
    let row = Row::new(ACCOUNT, config, account);
    let asked = config.field(ACCOUNT, "Parent.Name").is_some();
    let parent = if asked { row.parent("Parent")? } else { None };
    let parent_name = match &parent {
        Some(parent) => Row::new(ACCOUNT, config, parent).text("Name")?,
        None => None,
    };
    let country = country(&row)?;
    let address = Address {
        purpose: "billing".into(),
        lines: row
            .text("BillingStreet")?
            .map(|street| street.lines().map(|l| l.trim().to_owned()).collect())
            .unwrap_or_default(),
        city: row.text("BillingCity")?.unwrap_or_default(),
        postal_code: row.text("BillingPostalCode")?.unwrap_or_default(),
        country: country.clone().unwrap_or_default(),
    };
    let blank = address.lines.is_empty() && address.city.is_empty() && address.postal_code.is_empty();
    Ok(Customer {
        details: None,
        header: Header { external: opportunity.text("AccountId")?, ..Header::default() },
        name: required(row.text("Name")?, "/customer/name", "Account.Name")?,
        parent_name,
        vat_id: row.text("VAT_Id__c")?,
        country,
        addresses: if blank { Vec::new() } else { vec![address] },
        payment_terms_days: row
            .count("Payment_Terms_Days__c")
            .map_err(|fault| fault.at("/customer/payment_terms_days"))?,
        currency: Some(currency),
        credit: credit(&row)?,
        status: quoin_sdk::CustomerStatus::Active,
    })
}

fn country(account: &Row<'_>) -> Result<Option<String>, Fault> {
    let Some(code) = account.text("BillingCountryCode")? else { return Ok(None) };
    if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(Some(code));
    }
    let message = format!("'{code}' is no ISO 3166-1 code; map BillingCountryCode to a field with two-letter codes");
    Err(Fault::invalid("/customer/country", message))
}

fn credit(account: &Row<'_>) -> Result<Option<Credit>, Fault> {
    let Some(text) = account.text("Credit_Status__c")? else { return Ok(None) };
    let status = match text.to_lowercase().as_str() {
        "ok" => CreditStatus::Ok,
        "warn" | "warning" => CreditStatus::Warn,
        "hold" | "on hold" => CreditStatus::Hold,
        "blocked" => CreditStatus::Blocked,
        _ => return Err(Fault::invalid("/customer/credit/status", format!("credit status '{text}' is not known"))),
    };
    Ok(Some(Credit { status, limit: None, reason: account.text("Credit_Reason__c")? }))
}

fn quote_lines(config: &Config, lines: &[&Members], currency: Currency) -> Result<Vec<QuoteLine>, Fault> {
    let mut rows: Vec<Row<'_>> = lines.iter().map(|members| Row::new(LINE, config, members)).collect();
    let mut keyed = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        keyed.push((row.number("SortOrder")?, row.text("Line_Id__c")?, row));
    }
    keyed.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let mut mapped: Vec<QuoteLine> = Vec::with_capacity(keyed.len());
    for (index, (_, id, row)) in keyed.into_iter().enumerate() {
        let at = format!("/lines/{index}");
        let id = required(id, &format!("{at}/id"), "Line_Id__c")?;
        if mapped.iter().any(|line| line.id == id) {
            return Err(Fault::invalid(format!("{at}/id"), format!("two lines carry the id '{id}'")));
        }
        let line = quote_line(config, &row, id.clone(), currency, &at);
        mapped.push(line.map_err(|fault| Fault { message: format!("line {id}: {}", fault.message), ..fault })?);
    }
    Ok(mapped)
}

fn quote_line(config: &Config, row: &Row<'_>, id: String, currency: Currency, at: &str) -> Result<QuoteLine, Fault> {
    let model = required(row.text("Billing_Model__c")?, &format!("{at}/billing"), "Billing_Model__c")?;
    let meaning = config.billing_models.get(&model).map(String::as_str);
    let meaning = meaning.or_else(|| BILLING_MODELS.iter().find(|(name, _)| *name == model).map(|(_, word)| *word));
    let terms = terms(row, at)?;
    let progress = terms.progress;
    let billing = match meaning {
        Some("time_and_materials") => time_and_materials(row, terms, currency, at)?,
        Some("fixed_fee") => fixed_fee(row, terms, currency, at)?,
        Some("retainer") => retainer(row, at)?,
        _ => {
            let message = format!("billing model '{model}' is not known; name it in 'billing_models'");
            return Err(Fault::invalid(format!("{at}/billing"), message));
        }
    };
    Ok(QuoteLine {
        details: None,
        description: row.text("Description")?.unwrap_or_else(|| id.clone()),
        id,
        billing,
        tax: tax(row, at)?,
        cost_estimate: row.number("Cost_Estimate__c")?.map(|amount| Money::new(amount, currency)),
        terms: LineTerms { discount: discount(row, at)?, progress, ..LineTerms::default() },
    })
}

/// The vendor's own discount in percent; why it was given is a field of the org's.
fn discount(row: &Row<'_>, at: &str) -> Result<Option<Discount>, Fault> {
    let Some(percent) = row.number("Discount")?.filter(|percent| !percent.is_zero()) else { return Ok(None) };
    let path = format!("{at}/terms/discount/reason");
    Ok(Some(Discount { percent, reason: required(row.text("Discount_Reason__c")?, &path, "Discount_Reason__c")? }))
}

/// What `Advances__c` holds: money paid before the work, as JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    code: String,
    line: String,
    #[serde(with = "exact")]
    amount: Decimal,
    due_on: Date,
    #[serde(default)]
    at_end: AdvanceEnd,
}

fn advances(row: &Row<'_>, currency: Currency) -> Result<Vec<AdvanceTerm>, Fault> {
    let Some(text) = row.text("Advances__c")? else { return Ok(Vec::new()) };
    let advances: Vec<Advance> = serde_json::from_str(&text)
        .map_err(|error| Fault::invalid("/agreement/advances", format!("Advances__c cannot be read: {error}")))?;
    let term = |advance: Advance| AdvanceTerm {
        code: advance.code,
        line: advance.line,
        amount: Money::new(advance.amount, currency),
        due_on: advance.due_on,
        at_end: advance.at_end,
    };
    Ok(advances.into_iter().map(term).collect())
}

/// What `Terms__c` holds: rates and roles, or milestones, as JSON; `progress` in place of milestones
/// where the price is billed by percent complete.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Terms {
    roles: Vec<RoleTerms>,
    milestones: Vec<MilestoneTerms>,
    progress: Option<OverBilled>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleTerms {
    role: String,
    #[serde(with = "exact")]
    hourly_rate: Decimal,
    #[serde(default)]
    resource: Option<String>,
    #[serde(default, with = "exact")]
    hours: Option<Decimal>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MilestoneTerms {
    code: String,
    name: String,
    #[serde(with = "exact")]
    percent: Decimal,
    #[serde(default)]
    due_on: Option<Date>,
}

fn terms(row: &Row<'_>, at: &str) -> Result<Terms, Fault> {
    let Some(text) = row.text("Terms__c")? else { return Ok(Terms::default()) };
    serde_json::from_str(&text)
        .map_err(|error| Fault::invalid(format!("{at}/billing"), format!("Terms__c cannot be read: {error}")))
}

fn time_and_materials(row: &Row<'_>, terms: Terms, currency: Currency, at: &str) -> Result<BillingMethod, Fault> {
    let cap = match row.number("NTE_Limit__c")? {
        Some(limit) => {
            let path = format!("{at}/billing/cap/mode");
            let text = required(row.text("NTE_Mode__c")?, &path, "NTE_Mode__c")?;
            let mode: Option<CapMode> = word(&text.to_lowercase());
            let mode =
                mode.ok_or_else(|| Fault::invalid(path, format!("'{text}' is none of block, fit, spill, warn")))?;
            Some(Cap { limit: Money::new(limit, currency), mode })
        }
        None => None,
    };
    if terms.roles.is_empty() {
        return Err(Fault::invalid(format!("{at}/billing/roles"), "Terms__c names no roles and rates"));
    }
    let roles = terms.roles.into_iter().map(|role| RoleRate {
        role: role.role,
        hourly_rate: role.hourly_rate,
        resource: role.resource,
        hours: role.hours,
    });
    Ok(BillingMethod::TimeAndMaterials { roles: roles.collect(), cap })
}

fn fixed_fee(row: &Row<'_>, terms: Terms, currency: Currency, at: &str) -> Result<BillingMethod, Fault> {
    let price = list_price(row, &format!("{at}/billing/price"))?;
    let total: Decimal = terms.milestones.iter().map(|milestone| milestone.percent).sum();
    if terms.progress.is_none() && total != Decimal::ONE_HUNDRED {
        let message = format!("the milestones in Terms__c make {total} percent; they must make 100");
        return Err(Fault::invalid(format!("{at}/billing/milestones"), message));
    }
    let milestones = terms.milestones.into_iter().map(|m| MilestoneTerm {
        code: m.code,
        name: m.name,
        percent: m.percent,
        due_on: m.due_on,
    });
    Ok(BillingMethod::FixedFee { price: Money::new(price, currency), milestones: milestones.collect() })
}

/// The price before the discount: `TotalPrice` has it taken off already.
fn list_price(row: &Row<'_>, path: &str) -> Result<Decimal, Fault> {
    if row.number("Discount")?.is_none_or(|percent| percent.is_zero()) {
        return required(row.number("TotalPrice")?, path, "TotalPrice");
    }
    let price = required(row.number("UnitPrice")?, path, "UnitPrice")?;
    Ok(price * required(row.number("Quantity")?, path, "Quantity")?)
}

/// Quantity is hours per month, the unit price their rate, the service date the first day.
fn retainer(row: &Row<'_>, at: &str) -> Result<BillingMethod, Fault> {
    let path = |field: &str| format!("{at}/billing/{field}");
    Ok(BillingMethod::Retainer(RetainerTerm {
        hours_per_month: required(row.number("Quantity")?, &path("hours_per_month"), "Quantity")?,
        hourly_rate: required(row.number("UnitPrice")?, &path("hourly_rate"), "UnitPrice")?,
        overage_rate: required(row.number("Overage_Rate__c")?, &path("overage_rate"), "Overage_Rate__c")?,
        starts_on: required(row.date("ServiceDate")?, &path("starts_on"), "ServiceDate")?,
    }))
}

fn tax(row: &Row<'_>, at: &str) -> Result<Option<TaxTreatment>, Fault> {
    let Some(text) = row.text("Tax_Category__c")? else { return Ok(None) };
    let category: Option<TaxCategory> = word(&text);
    let category = category.ok_or_else(|| {
        Fault::invalid(format!("{at}/tax/category"), format!("'{text}' is no VAT category of EN 16931"))
    })?;
    let exemption_reason = row.text("Tax_Exemption_Reason__c")?;
    Ok(Some(TaxTreatment { category, rate_percent: row.number("Tax_Rate__c")?, exemption_reason }))
}
