//! Who we are at Tryton, and whether everything that the configuration names is there.

use quoin_sdk::{Fault, FaultKind, Report};
use serde::Deserialize;
use serde_json::json;

use crate::api::{Api, Context};
use crate::names;

/// Modules without which this connector cannot work; the README tells what each is for.
const MODULES: [&str; 4] = ["account_invoice", "account_product", "project", "sale"];

#[derive(Deserialize)]
struct Preferences {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Module {
    name: String,
}

/// Signs in, then looks for every configured name.
///
/// # Errors
/// When Tryton cannot be asked or refuses the credential.
pub fn check(api: &Api<'_>) -> Result<Report, Fault> {
    let user: Preferences = api.ask("model.res.user.get_preferences", (false, Context::PLAIN))?;
    let mut report = Report { account: user.name, ..Report::default() };
    let domain = json!([["state", "=", "activated"], ["name", "in", MODULES]]);
    let active: Vec<Module> = api.search("ir.module", domain, &["name"], 100, Context::PLAIN)?;
    for wanted in MODULES {
        match active.iter().any(|module| module.name == wanted) {
            true => report.scopes.push(format!("module {wanted}")),
            false => report.warnings.push(format!("module {wanted} is not activated: run trytond-admin -u {wanted}")),
        }
    }
    if report.warnings.is_empty() {
        named(api, &mut report)?;
    }
    Ok(report)
}

fn named(api: &Api<'_>, report: &mut Report) -> Result<(), Fault> {
    for name in api.config.payment_terms.values() {
        note(report, names::payment_term(api, name, "").map(drop))?;
    }
    for name in api.config.companies.values() {
        let company = match names::company(api, name) {
            Ok(company) => company,
            Err(fault) => {
                note(report, Err(fault))?;
                continue;
            }
        };
        for code in api.config.products.values() {
            note(report, names::product(api, code, company, "").map(drop))?;
        }
        for tax in api.config.taxes.values() {
            let domain = json!([["name", "=", tax], ["company", "=", company]]);
            let found: Vec<crate::wire::Row> = api.search("account.tax", domain, &["id"], 1, Context::of(company))?;
            if found.is_empty() {
                report.warnings.push(format!("company '{name}' has no tax '{tax}'"));
            }
        }
        note(report, names::revenue_journal(api, company).map(drop))?;
    }
    Ok(())
}

/// A wrong name is something to mend; anything else ends the check.
fn note(report: &mut Report, result: Result<(), Fault>) -> Result<(), Fault> {
    match result {
        Err(fault) if fault.kind == FaultKind::Config => report.warnings.push(fault.message),
        other => return other,
    }
    Ok(())
}
