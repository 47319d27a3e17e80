//! From an accepted quote to everything that billing and delivery need.

use quoin_canonical::{
    Assignment, AssignmentStatus, BillingMethod, BillingSetup, BillingType, Contract, ContractLine, Currency, Customer,
    Decimal, Discount, Header, Id, LegalEntity, Link, Milestone, MilestoneStatus, MilestoneTerm, Money, Project,
    ProjectStatus, Quote, QuoteLine, RoleRate, Task,
};
use serde::{Deserialize, Serialize};

use crate::event::Opened;
use crate::fixed::{Retained, retain};
use crate::policy::{BillingPolicy, Refusal};
use crate::rates::{RateLevel, RateRow};
use crate::rounding::{EVENT_PLACES, cumulative};
use crate::tax;

/// Code of the milestone that holds what is retained of a line's others. A line with retention has
/// no milestone of that code itself.
pub const RETENTION_CODE: &str = "RETENTION";

/// What follows from a quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Derived {
    /// The contract.
    pub contract: Contract,
    /// The project with tasks and milestones.
    pub project: Project,
    /// What the ERP must hold.
    pub billing_setup: BillingSetup,
    /// The people proposed in the quote, as soft assignments.
    pub assignments: Vec<Assignment>,
    /// The buyer, as printed on documents.
    pub buyer: Customer,
    /// Rates agreed in the quote.
    pub rates: Vec<RateRow>,
}

impl Derived {
    /// The terms to open an account with.
    pub fn opening(&self) -> Opened {
        Opened {
            contract: self.contract.clone(),
            project: self.project.clone(),
            buyer: self.buyer.clone(),
            rates: self.rates.clone(),
            assignments: self.assignments.clone(),
        }
    }
}

/// Derives contract, project, billing set-up, assignments and rates from a quote. All ids follow
/// from the quote's number, so deriving again, or from a newer version, names the same objects.
/// The project's code is `P-` and the quote's number.
///
/// # Errors
/// The first thing in the quote that can't be billed, with the field's path and an owner.
pub fn derive(quote: &Quote, entity: &LegalEntity, customer: &Id, policy: &BillingPolicy) -> Result<Derived, Refusal> {
    check_agreement(quote, policy)?;
    let lines = contract_lines(quote, entity, policy)?;
    let ids = Ids { number: &quote.number };
    let code = format!("P-{}", quote.number);
    let terms_days = quote.customer.payment_terms_days.unwrap_or(policy.default_payment_terms_days);
    let milestones = milestones(&ids, quote, &lines, entity, policy)?;
    let contract = Contract {
        details: None,
        header: identified(ids.contract()),
        number: quote.number.clone(),
        quote_version: quote.version,
        contract_type: quote.contract_type.clone(),
        customer: Link::Id(customer.clone()),
        selling_entity: entity.code.clone(),
        currency: quote.currency,
        payment_terms_days: terms_days,
        lines: lines.clone(),
        agreement: quote.agreement.clone(),
    };
    let project = Project {
        details: None,
        header: identified(ids.project()),
        code: code.clone(),
        name: quote.name.clone(),
        customer: Link::Id(customer.clone()),
        contract_number: quote.number.clone(),
        template: quote.template.clone(),
        currency: quote.currency,
        starts_on: quote.starts_on,
        status: ProjectStatus::Requested,
        target_margin_percent: quote.target_margin_percent,
        budget: budget(&lines, quote.currency),
        time_entry_allowed: false,
        tasks: tasks(&ids, &lines, &code),
        milestones: milestones.clone(),
    };
    let billing_setup = BillingSetup {
        header: identified(ids.setup()),
        contract_number: quote.number.clone(),
        project_code: code,
        project_name: quote.name.clone(),
        project: Link::Id(ids.project()),
        customer: Link::Id(customer.clone()),
        selling_entity: entity.code.clone(),
        currency: quote.currency,
        payment_terms_days: terms_days,
        starts_on: quote.starts_on,
        lines: lines.clone(),
        milestones,
    };
    let buyer = Customer { header: identified(customer.clone()), ..quote.customer.clone() };
    let rates = rate_rows(quote, &lines);
    Ok(Derived { contract, project, billing_setup, assignments: assignments(&ids, quote, &lines), buyer, rates })
}

/// Canonical ids that follow from a quote's number.
struct Ids<'a> {
    number: &'a str,
}

impl Ids<'_> {
    fn contract(&self) -> Id {
        Id::derived(&["contract", self.number])
    }
    fn project(&self) -> Id {
        Id::derived(&["project", self.number])
    }
    fn setup(&self) -> Id {
        Id::derived(&["billing_setup", self.number])
    }
    fn task(&self, line: &str) -> Id {
        Id::derived(&["task", self.number, line])
    }
    fn milestone(&self, line: &str, code: &str) -> Id {
        Id::derived(&["milestone", self.number, line, code])
    }
    fn assignment(&self, line: &str, role: &str, resource: &str) -> Id {
        Id::derived(&["assignment", self.number, line, role, resource])
    }
}

fn identified(id: Id) -> Header {
    Header { id: Some(id), ..Header::default() }
}

fn contract_lines(quote: &Quote, entity: &LegalEntity, policy: &BillingPolicy) -> Result<Vec<ContractLine>, Refusal> {
    let mut lines = Vec::with_capacity(quote.lines.len());
    for (at, line) in quote.lines.iter().enumerate() {
        check_line(quote, line, at, policy)?;
        let tax = match &line.tax {
            Some(tax) => tax.clone(),
            None => {
                tax::determine(policy, entity, &quote.customer).map_err(|refusal| match refusal.field.is_empty() {
                    true => refusal.field(format!("/lines/{at}/tax")),
                    false => refusal,
                })?
            }
        };
        lines.push(ContractLine {
            id: line.id.clone(),
            description: line.description.clone(),
            billing: discounted(line, entity),
            tax,
            cost_estimate: line.cost_estimate,
            terms: line.terms.clone(),
        });
    }
    Ok(lines)
}

/// Country of tax residence: as stated, else from the VAT id (where Greece is EL), else from the
/// address.
pub fn buyer_country(customer: &Customer) -> Option<String> {
    let from_vat = || {
        let prefix: String = customer.vat_id.as_deref()?.chars().take(2).collect();
        let letters = prefix.len() == 2 && prefix.chars().all(|letter| letter.is_ascii_uppercase());
        letters.then(|| if prefix == "EL" { "GR".to_owned() } else { prefix })
    };
    let from_address =
        || customer.addresses.iter().map(|address| address.country.clone()).find(|country| !country.is_empty());
    customer.country.clone().filter(|country| !country.is_empty()).or_else(from_vat).or_else(from_address)
}

/// What must hold for a line to be billable.
fn check_line(quote: &Quote, line: &QuoteLine, at: usize, policy: &BillingPolicy) -> Result<(), Refusal> {
    let refuse = |field: String, code: &str, message: String| {
        Err(Refusal::new(code, message).field(format!("/lines/{at}{field}")).owner(&policy.owners.finance))
    };
    if quote.lines.iter().filter(|other| other.id == line.id).count() > 1 {
        return refuse("/id".into(), "LINE_DUPLICATE", format!("line id {} is used twice; make it unique", line.id));
    }
    match &line.billing {
        BillingMethod::TimeAndMaterials { roles, cap } => {
            if let Some(role) = roles.iter().find(|role| role.hourly_rate <= Decimal::ZERO) {
                let message = format!("role {} of line {} has no rate above zero", role.role, line.id);
                return refuse("/billing/roles".into(), "RATE_NOT_FOUND", message);
            }
            if let Some(cap) = cap.as_ref().filter(|cap| cap.limit.currency != quote.currency) {
                let message = format!("the cap is in {}, the quote in {}", cap.limit.currency, quote.currency);
                return refuse("/billing/cap/limit".into(), "CURRENCY_MISMATCH", message);
            }
        }
        BillingMethod::FixedFee { price, milestones } => {
            if price.currency != quote.currency {
                let message = format!("the price is in {}, the quote in {}", price.currency, quote.currency);
                return refuse("/billing/price".into(), "CURRENCY_MISMATCH", message);
            }
            if price.amount != price.rounded(quoin_canonical::Rounding::HalfUp).amount {
                let places = price.currency.minor_units();
                let message = format!("{price} can't be paid exactly; a price has at most {places} decimals");
                return refuse("/billing/price/amount".into(), "PRICE_PRECISION", message);
            }
            let sum: Decimal = milestones.iter().map(|milestone| milestone.percent).sum();
            if sum != Decimal::ONE_HUNDRED && line.terms.progress.is_none() {
                let message = format!("the milestones of line {} total {sum} %; make them total 100 %", line.id);
                return refuse("/billing/milestones".into(), "MILESTONES_NOT_100", message);
            }
        }
        BillingMethod::Retainer(term) => {
            if term.hours_per_month <= Decimal::ZERO
                || term.hourly_rate <= Decimal::ZERO
                || term.overage_rate <= Decimal::ZERO
            {
                let message = format!("the retainer of line {} needs hours and rates above zero", line.id);
                return refuse("/billing".into(), "RATE_NOT_FOUND", message);
            }
        }
    }
    Ok(())
}

/// One task per line; the work breakdown code is the line's position.
fn tasks(ids: &Ids<'_>, lines: &[ContractLine], project_code: &str) -> Vec<Task> {
    lines
        .iter()
        .enumerate()
        .map(|(at, line)| Task {
            details: None,
            header: identified(ids.task(&line.id)),
            project: Some(Link::Id(ids.project())),
            project_code: Some(project_code.to_owned()),
            code: (at + 1).to_string(),
            name: line.description.clone(),
            contract_line: line.id.clone(),
            billing_type: BillingType::Chargeable,
            planned_hours: planned_hours(&line.billing),
        })
        .collect()
}

fn planned_hours(billing: &BillingMethod) -> Option<Decimal> {
    match billing {
        BillingMethod::TimeAndMaterials { roles, .. } => {
            let hours: Vec<Decimal> = roles.iter().filter_map(|role| role.hours).collect();
            (!hours.is_empty()).then(|| hours.iter().sum())
        }
        BillingMethod::FixedFee { .. } | BillingMethod::Retainer(_) => None,
    }
}

/// The milestones of all fixed-fee lines, with amounts that total the price (rules FM1 and RD6).
fn milestones(
    ids: &Ids<'_>,
    quote: &Quote,
    lines: &[ContractLine],
    entity: &LegalEntity,
    policy: &BillingPolicy,
) -> Result<Vec<Milestone>, Refusal> {
    let mut all: Vec<Milestone> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let BillingMethod::FixedFee { price, milestones } = &line.billing else { continue };
        for (term, amount) in with_retention(line, *price, milestones, entity) {
            let id = ids.milestone(&line.id, &term.code);
            if all.iter().any(|known| known.header.id.as_ref() == Some(&id)) {
                let message =
                    format!("milestone {} of line {} is there twice; make its code unique", term.code, line.id);
                return Err(Refusal::new("MILESTONE_DUPLICATE", message)
                    .field(format!("/lines/{at}/billing/milestones"))
                    .owner(&policy.owners.finance));
            }
            all.push(Milestone {
                details: None,
                header: identified(id),
                project: Some(Link::Id(Id::derived(&["project", &quote.number]))),
                code: term.code.clone(),
                name: term.name.clone(),
                contract_line: line.id.clone(),
                amount: Some(amount),
                due_on: term.due_on,
                status: MilestoneStatus::Planned,
                acceptance: None,
            });
        }
    }
    Ok(all)
}

/// Milestones and their amounts. What is retained of each is one milestone more, accepted at the
/// end; all of them total the price (rules FM1, FM3 and RD6).
fn with_retention(
    line: &ContractLine,
    price: Money,
    milestones: &[MilestoneTerm],
    entity: &LegalEntity,
) -> Vec<(MilestoneTerm, Money)> {
    let percents: Vec<Decimal> = milestones.iter().map(|term| term.percent).collect();
    let amounts = cumulative(price, &percents, entity.rounding);
    let Some(percent) = line.terms.retention_percent.filter(|percent| !percent.is_zero()) else {
        return milestones.iter().cloned().zip(amounts).collect();
    };
    let parts: Vec<Retained> = amounts.iter().map(|amount| retain(*amount, percent, entity.rounding)).collect();
    let later: Decimal = parts.iter().map(|part| part.later.amount).sum();
    let mut all: Vec<(MilestoneTerm, Money)> =
        milestones.iter().cloned().zip(parts.iter().map(|part| part.now)).collect();
    if !later.is_zero() {
        let term = MilestoneTerm {
            code: RETENTION_CODE.into(),
            name: format!("Retention of {} %, at final acceptance", percent.normalize()),
            percent,
            due_on: milestones.iter().filter_map(|term| term.due_on).max(),
        };
        all.push((term, Money::new(later, price.currency)));
    }
    all
}

/// How a line is billed with its discount taken off fixed prices and retainers; hourly rates are
/// discounted when they are resolved, since not all of them stand in the quote (rule RT6).
fn discounted(line: &QuoteLine, entity: &LegalEntity) -> BillingMethod {
    let mut billing = line.billing.clone();
    let discount = line.terms.discount.as_ref();
    match &mut billing {
        BillingMethod::FixedFee { price, .. } if discount.is_some() => {
            *price = Money::new(less(price.amount, discount), price.currency).rounded(entity.rounding);
        }
        BillingMethod::Retainer(term) => {
            term.hourly_rate = less(term.hourly_rate, discount);
            term.overage_rate = less(term.overage_rate, discount);
        }
        BillingMethod::FixedFee { .. } | BillingMethod::TimeAndMaterials { .. } => {}
    }
    billing
}

fn less(value: Decimal, discount: Option<&Discount>) -> Decimal {
    discount.map_or(value, |discount| (value - value * discount.percent / Decimal::ONE_HUNDRED).round_dp(EVENT_PLACES))
}

/// What must hold for the terms beside the lines, so that they can be billed together.
fn check_agreement(quote: &Quote, policy: &BillingPolicy) -> Result<(), Refusal> {
    let agreed = &quote.agreement;
    let refuse = |field: &str, code: &str, message: &str| {
        Err(Refusal::new(code, message).field(field).owner(&policy.owners.finance))
    };
    if agreed.payers.is_empty() {
        return Ok(());
    }
    let total: Decimal = agreed.payers.iter().map(|payer| payer.percent).sum();
    if total != Decimal::ONE_HUNDRED {
        let message = format!("the payers' shares total {total} %; make them total 100 %");
        return refuse("/agreement/payers", "SPLIT_NOT_100", &message);
    }
    if agreed.payers.iter().filter(|payer| payer.takes_remainder).count() != 1 {
        return refuse("/agreement/payers", "ROUNDING_PARTY", "exactly one payer takes the remainder of roundings");
    }
    if !agreed.advances.is_empty() {
        let message = "an advance is set off against one payer's invoices: agree it in a contract of that payer's own";
        return refuse("/agreement/advances", "ADVANCE_SHARED", message);
    }
    if quote.lines.iter().any(|line| matches!(line.billing, BillingMethod::Retainer(_))) {
        let message = "a retainer's hours belong to one payer: agree it in a contract of that payer's own";
        return refuse("/agreement/payers", "RETAINER_SHARED", message);
    }
    Ok(())
}

/// The people that the quote proposes for roles.
fn assignments(ids: &Ids<'_>, quote: &Quote, lines: &[ContractLine]) -> Vec<Assignment> {
    let mut all = Vec::new();
    for line in lines {
        let BillingMethod::TimeAndMaterials { roles, .. } = &line.billing else { continue };
        for role in roles {
            let Some(resource) = &role.resource else { continue };
            all.push(Assignment {
                details: None,
                header: identified(ids.assignment(&line.id, &role.role, resource)),
                project: Link::Id(ids.project()),
                task: Some(Link::Id(ids.task(&line.id))),
                resource: resource.clone(),
                role: role.role.clone(),
                status: AssignmentStatus::Soft,
                bill_rate: Some(Money::new(less(role.hourly_rate, line.terms.discount.as_ref()), quote.currency)),
                rate_source: Some(row_id(&line.id, role, roles)),
                hours: role.hours,
            });
        }
    }
    all
}

/// The rates agreed in the quote. A role that stands there once is a rate for the role; one that
/// stands there for several people has a rate for each.
fn rate_rows(quote: &Quote, lines: &[ContractLine]) -> Vec<RateRow> {
    let mut rows = Vec::new();
    for line in lines {
        let BillingMethod::TimeAndMaterials { roles, .. } = &line.billing else { continue };
        for role in roles {
            let personal = is_personal(role, roles);
            let level = if personal { RateLevel::ContractLinePerson } else { RateLevel::ContractLineRole };
            let row =
                RateRow::new(row_id(&line.id, role, roles), quote.version, level, quote.currency, role.hourly_rate);
            rows.push(RateRow {
                scope: Some(line.id.clone()),
                role: Some(role.role.clone()),
                person: if personal { role.resource.clone() } else { None },
                ..row
            });
        }
    }
    rows
}

fn is_personal(role: &RoleRate, roles: &[RoleRate]) -> bool {
    role.resource.is_some() && roles.iter().filter(|other| other.role == role.role).count() > 1
}

fn row_id(line: &str, role: &RoleRate, roles: &[RoleRate]) -> String {
    match &role.resource {
        Some(person) if is_personal(role, roles) => format!("contract_line:{line}:person:{person}"),
        _ => format!("contract_line:{line}:role:{}", role.role),
    }
}

/// Net value of the contract as far as it is known: caps and prices, discounts taken off. A retainer
/// runs open-ended.
fn budget(lines: &[ContractLine], currency: Currency) -> Option<Money> {
    let known: Vec<Decimal> = lines
        .iter()
        .filter_map(|line| match &line.billing {
            BillingMethod::TimeAndMaterials { cap, .. } => cap.as_ref().map(|cap| cap.limit.amount),
            BillingMethod::FixedFee { price, .. } => Some(price.amount),
            BillingMethod::Retainer(_) => None,
        })
        .collect();
    (!known.is_empty()).then(|| Money::new(known.iter().sum(), currency))
}
