//! Billing set-ups: a project with a task per contract line, and a sale with a line per contract
//! line. The whole terms stand on the sale line, for people and for invoices that look their
//! contract line up.

use quoin_sdk::{BillingMethod, BillingSetup, ContractLine, Decimal, Fault, Rounding};

use crate::wire::{Day, Id, NewLine, NewSale, NewWork, Numeric, Product, adding, creating};

/// Decimals of a unit price, as Tryton is installed (`price_decimal`).
pub const PRICE_DECIMALS: u32 = 4;

/// The project.
pub fn project(setup: &BillingSetup, company: Id, party: Id) -> NewWork {
    NewWork {
        kind: "project",
        name: setup.project_name.clone(),
        company,
        number: Some(setup.project_code.clone()),
        party: Some(party),
        parent: None,
        timesheet_available: None,
        comment: Some(format!("Contract {}", setup.contract_number)),
    }
}

/// Name of a contract line's task.
pub fn task_name(line: &ContractLine) -> String {
    format!("{} {}", line.id, line.description)
}

/// A contract line's task.
pub fn task(line: &ContractLine, company: Id, project: Id) -> NewWork {
    NewWork {
        kind: "task",
        name: task_name(line),
        company,
        number: None,
        party: None,
        parent: Some(project),
        timesheet_available: Some(true),
        comment: None,
    }
}

/// Quantity and price of a line. Time and materials stand with their cap, without one with the
/// planned hours at their rates: the order's value, not what will be billed.
pub fn value(line: &ContractLine) -> (Decimal, Decimal) {
    match &line.billing {
        BillingMethod::TimeAndMaterials { cap: Some(cap), .. } => (Decimal::ONE, cap.limit.amount),
        BillingMethod::TimeAndMaterials { roles, cap: None } => {
            let planned = roles.iter().filter_map(|role| role.hours.map(|hours| hours * role.hourly_rate));
            (Decimal::ONE, planned.sum())
        }
        BillingMethod::FixedFee { price, .. } => (Decimal::ONE, price.amount),
        BillingMethod::Retainer(term) => (term.hours_per_month, term.hourly_rate),
    }
}

/// Net of the whole sale, rounded line by line as Tryton does.
pub fn net(setup: &BillingSetup) -> Decimal {
    let places = setup.currency.minor_units();
    let line = |line: &ContractLine| {
        let (quantity, price) = value(line);
        Rounding::HalfEven.round(quantity * Rounding::HalfUp.round(price, PRICE_DECIMALS), places)
    };
    setup.lines.iter().map(line).sum()
}

/// A line of the sale. Its note begins with the contract line's id.
pub fn sale_line(line: &ContractLine, at: usize, product: &Product, tax: Id) -> Result<NewLine, Fault> {
    let path = format!("/lines/{at}/billing");
    let unit = product.sale_uom.ok_or_else(|| {
        let code = product.code.as_deref().unwrap_or("without code");
        Fault::invalid(&path, format!("product {code} has no unit for sales; make it salable in Tryton"))
    })?;
    let terms = serde_json::to_string_pretty(&line.billing)
        .map_err(|error| Fault::invalid(&path, format!("the billing terms are not JSON: {error}")))?;
    let (quantity, price) = value(line);
    Ok(NewLine {
        kind: "line",
        product: product.id,
        quantity,
        unit,
        unit_price: Numeric::of(Rounding::HalfUp.round(price, PRICE_DECIMALS)),
        description: line.description.clone(),
        note: Some(format!("{}\n{terms}", line.id)),
        taxes: adding(vec![tax]),
        account: None,
        origin: None,
    })
}

/// The contract line that a sale line's note names.
pub fn contract_line(note: &str) -> &str {
    note.lines().next().unwrap_or_default().trim()
}

/// Ids that a sale needs.
#[derive(Debug, Clone, Copy)]
pub struct Targets {
    pub company: Id,
    pub party: Id,
    pub address: Id,
    pub currency: Id,
    pub payment_term: Id,
}

/// The sale: marked by our id in its reference, its contract in the description.
pub fn sale(setup: &BillingSetup, marker: &str, targets: Targets, lines: Vec<NewLine>) -> NewSale {
    NewSale {
        company: targets.company,
        party: targets.party,
        invoice_address: targets.address,
        shipment_address: targets.address,
        currency: targets.currency,
        payment_term: targets.payment_term,
        reference: marker.to_owned(),
        description: setup.contract_number.clone(),
        sale_date: setup.starts_on.map(Day::of),
        invoice_method: "manual",
        shipment_method: "manual",
        lines: creating(lines),
    }
}
