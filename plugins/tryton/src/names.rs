//! Names and codes of the configuration, as ids. A name that is not there, or there twice, is the
//! configuration's fault and says so.

use quoin_sdk::{Currency, Fault, FaultKind, TaxTreatment, Unit};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api::{Api, Context};
use crate::wire::{AccountDefaults, Category, Id, PartyAddress, Product, Row, Uom};

/// Levels of product categories followed upwards at most; Tryton's own trees are two deep.
const MAX_CATEGORY_LEVELS: usize = 10;

const PRODUCT: [&str; 4] = ["code", "sale_uom", "default_uom_category", "account_category"];

/// The one record that a name means.
fn only<T: DeserializeOwned>(
    api: &Api<'_>,
    model: &str,
    domain: Value,
    fields: &[&str],
    context: Context,
    what: &str,
) -> Result<T, Fault> {
    let mut found = api.search_kept::<T>(model, domain, fields, 2, context)?;
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => Err(unclear(format!(
            "Tryton has no {what}, or the user may not see it; make it or correct the configuration"
        ))),
        _ => Err(unclear(format!("Tryton has more than one {what}; names must be unique to be used here"))),
    }
}

fn unclear(message: String) -> Fault {
    Fault::new(FaultKind::Config, "NAME_UNKNOWN", message)
}

/// A company by its name.
pub fn company(api: &Api<'_>, name: &str) -> Result<Id, Fault> {
    let domain = json!([["party.name", "=", name]]);
    only::<Row>(api, "company.company", domain, &["id"], Context::PLAIN, &format!("company '{name}'")).map(|row| row.id)
}

/// The company of a selling entity.
pub fn company_of(api: &Api<'_>, entity: &str) -> Result<Id, Fault> {
    let name = api.config.company(entity)?;
    company(api, name).map_err(|fault| fault.at("/selling_entity"))
}

/// A currency by its ISO 4217 code.
pub fn currency(api: &Api<'_>, currency: Currency) -> Result<Id, Fault> {
    let domain = json!([["code", "=", currency.code()]]);
    let what = format!("currency {currency}");
    let found = only::<Row>(api, "currency.currency", domain, &["id"], Context::PLAIN, &what);
    found.map(|row| row.id).map_err(|fault| fault.at("/currency"))
}

/// A country by its ISO 3166-1 alpha-2 code.
pub fn country(api: &Api<'_>, code: &str, path: &str) -> Result<Id, Fault> {
    let what = format!("country {code} (trytond_import_countries loads them)");
    let found = only::<Row>(api, "country.country", json!([["code", "=", code]]), &["id"], Context::PLAIN, &what);
    found.map(|row| row.id).map_err(|fault| fault.at(path))
}

/// A payment term by its name.
pub fn payment_term(api: &Api<'_>, name: &str, path: &str) -> Result<Id, Fault> {
    let what = format!("payment term '{name}'");
    let domain = json!([["name", "=", name]]);
    let found = only::<Row>(api, "account.invoice.payment_term", domain, &["id"], Context::PLAIN, &what);
    found.map(|row| row.id).map_err(|fault| fault.at(path))
}

/// A tax of a company.
pub fn tax(api: &Api<'_>, treatment: &TaxTreatment, company: Id, path: &str) -> Result<Id, Fault> {
    let name = api.config.tax(treatment, path)?;
    let domain = json!([["name", "=", name], ["company", "=", company], ["parent", "=", null]]);
    let found = only::<Row>(api, "account.tax", domain, &["id"], Context::of(company), &format!("tax '{name}'"));
    found.map(|row| row.id).map_err(|fault| fault.at(path))
}

/// A product by its code.
pub fn product(api: &Api<'_>, code: &str, company: Id, path: &str) -> Result<Product, Fault> {
    let domain = json!([["code", "=", code]]);
    let found = only(api, "product.product", domain, &PRODUCT, Context::of(company), &format!("product '{code}'"));
    found.map_err(|fault| fault.at(path))
}

/// A product by id, as a sale line has it.
pub fn product_by_id(api: &Api<'_>, id: Id, company: Id) -> Result<Option<Product>, Fault> {
    let found = api.search_kept("product.product", json!([["id", "=", id]]), &PRODUCT, 1, Context::of(company))?;
    Ok(found.into_iter().next())
}

/// A unit of measure.
pub fn unit(api: &Api<'_>, unit: Unit, path: &str) -> Result<Uom, Fault> {
    let name = api.config.unit(unit, path)?;
    let domain = json!([["name", "=", name]]);
    let found = only(api, "product.uom", domain, &["category", "digits"], Context::PLAIN, &format!("unit '{name}'"));
    found.map_err(|fault| fault.at(path))
}

/// The revenue journal of a company.
pub fn revenue_journal(api: &Api<'_>, company: Id) -> Result<Id, Fault> {
    let domain = json!([["type", "=", "revenue"]]);
    only::<Row>(api, "account.journal", domain, &["id"], Context::of(company), "journal of type revenue")
        .map(|row| row.id)
}

/// Accounts used where nothing else says which.
pub fn defaults(api: &Api<'_>, company: Id) -> Result<AccountDefaults, Fault> {
    let fields = ["default_account_receivable", "default_category_account_revenue"];
    let found: Vec<AccountDefaults> =
        api.ask("model.account.configuration.read", ([1], fields, Context::of(company)))?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| unclear("Tryton has no accounting configuration; create the chart of accounts".into()))
}

/// The revenue account of a product: its category's, that of the category above when it says so,
/// else the company's default.
pub fn revenue_account(api: &Api<'_>, product: &Product, defaults: &AccountDefaults, company: Id) -> Result<Id, Fault> {
    let mut next = product.account_category;
    for _ in 0..MAX_CATEGORY_LEVELS {
        let Some(id) = next else { break };
        let fields = ["parent", "account_parent", "account_revenue"];
        let domain = json!([["id", "=", id]]);
        let found: Vec<Category> = api.search_kept("product.category", domain, &fields, 1, Context::of(company))?;
        let Some(category) = found.into_iter().next() else { break };
        if !category.account_parent {
            if let Some(account) = category.account_revenue {
                return Ok(account);
            }
            break;
        }
        next = category.parent;
    }
    defaults.default_category_account_revenue.ok_or_else(|| {
        let code = product.code.as_deref().unwrap_or("without code");
        unclear(format!("product {code} has no revenue account; set one on its accounting category"))
    })
}

/// Where a party's invoices go: its address for invoices, else its first.
pub fn invoice_address(api: &Api<'_>, party: Id) -> Result<Id, Fault> {
    let found: Vec<PartyAddress> =
        api.search("party.address", json!([["party", "=", party]]), &["invoice"], 100, Context::PLAIN)?;
    let chosen = found.iter().find(|address| address.invoice).or(found.first());
    chosen.map(|address| address.id).ok_or_else(|| {
        let message = format!("party {party} has no address in Tryton; add one for its invoices");
        Fault::new(FaultKind::InvalidData, "ADDRESS_MISSING", message).at("/customer")
    })
}
