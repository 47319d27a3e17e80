//! Billing set-ups: a job, a billing schedule per milestone line, and a sales order with one line
//! per contract line.

use quoin_sdk::{BillingMethod, BillingSetup, ContractLine, Decimal, Fault, Milestone, MilestoneTerm, Money};

use super::{custom_fits, cut, fits, lines_fit, product, put};
use crate::config::{Config, Custom, method};
use crate::wire::{BillingSchedule, CustomFields, Document, Job, Line, MilestoneLine, Ref, Sublist};

/// Characters that a long text column holds in NetSuite.
const LONG_TEXT_CHARS: usize = 4_000;

/// Characters that a name or comment holds.
const TEXT_CHARS: usize = 300;

/// The project record.
pub fn job(setup: &BillingSetup, config: &Config, customer: &str) -> Result<Job, Fault> {
    let mut custom = CustomFields::new();
    put(&mut custom, config.field(Custom::JobContract), &setup.contract_number);
    Ok(Job {
        entity_id: Some(setup.project_code.clone()),
        company_name: Some(setup.project_name.clone()),
        parent: Some(Ref::to(customer)),
        subsidiary: Some(config.subsidiary(&setup.selling_entity)?),
        currency: Some(config.currency(setup.currency)?),
        start_date: setup.starts_on,
        is_inactive: None,
        custom,
    })
}

/// Whether the project record is as wanted.
pub fn job_fits(want: &Job, have: &Job) -> bool {
    fits(want.entity_id.as_ref(), have.entity_id.as_ref())
        && fits(want.company_name.as_ref(), have.company_name.as_ref())
        && fits(want.parent.as_ref(), have.parent.as_ref())
        && fits(want.subsidiary.as_ref(), have.subsidiary.as_ref())
        && fits(want.currency.as_ref(), have.currency.as_ref())
        && fits(want.start_date.as_ref(), have.start_date.as_ref())
        && custom_fits(&want.custom, &have.custom)
}

/// The milestones of a line that is billed by them.
pub fn milestones_of(line: &ContractLine) -> &[MilestoneTerm] {
    match &line.billing {
        BillingMethod::FixedFee { milestones, .. } => milestones,
        _ => &[],
    }
}

/// The billing schedule of a line: percentages, because that is what NetSuite's schedule holds; the
/// exact amounts stand in the comments.
pub fn schedule(setup: &BillingSetup, line: &ContractLine, job: &str) -> BillingSchedule {
    let terms = milestones_of(line).iter().map(|term| {
        let known = |milestone: &&Milestone| milestone.contract_line == line.id && milestone.code == term.code;
        let amount = setup.milestones.iter().find(known).and_then(|milestone| milestone.amount);
        let amount = amount.map(|amount| format!(", {amount}")).unwrap_or_default();
        MilestoneLine {
            milestone_amount: term.percent,
            milestone_date: term.due_on,
            comments: Some(cut(&format!("{}: {}{amount}", term.code, term.name), TEXT_CHARS)),
        }
    });
    BillingSchedule {
        name: Some(cut(&format!("{} {} {}", setup.contract_number, line.id, line.description), TEXT_CHARS)),
        schedule_type: Some(Ref::to("FBM")),
        project: Some(Ref::to(job)),
        milestone: Some(Sublist::of(terms.collect())),
    }
}

/// Whether a billing schedule is as wanted.
pub fn schedule_fits(want: &BillingSchedule, have: &BillingSchedule) -> bool {
    fits(want.name.as_ref(), have.name.as_ref())
        && fits(want.schedule_type.as_ref(), have.schedule_type.as_ref())
        && fits(want.project.as_ref(), have.project.as_ref())
        && fits(want.milestone.as_ref(), have.milestone.as_ref())
}

/// The sales order; `schedules` holds the billing schedule of each line that has one.
pub fn order(
    setup: &BillingSetup,
    config: &Config,
    customer: &str,
    job: &str,
    schedules: &[Option<String>],
) -> Result<Document, Fault> {
    let mut lines = Vec::with_capacity(setup.lines.len());
    for (at, line) in setup.lines.iter().enumerate() {
        let schedule = schedules.get(at).and_then(Option::as_ref);
        lines.push(Line { billing_schedule: schedule.map(Ref::to), ..order_line(setup, line, at, config)? });
    }
    let mut custom = CustomFields::new();
    put(&mut custom, config.field(Custom::Contract), &setup.contract_number);
    Ok(Document {
        entity: Some(Ref::to(customer)),
        job: Some(Ref::to(job)),
        subsidiary: Some(config.subsidiary(&setup.selling_entity)?),
        currency: Some(config.currency(setup.currency)?),
        terms: config.terms(setup.payment_terms_days),
        other_ref_num: Some(setup.contract_number.clone()),
        memo: Some(cut(&setup.project_name, TEXT_CHARS)),
        item: Sublist::of(lines),
        custom,
        ..Document::default()
    })
}

/// Whether the sales order is as wanted.
pub fn order_fits(want: &Document, have: &Document) -> bool {
    fits(want.entity.as_ref(), have.entity.as_ref())
        && fits(want.job.as_ref(), have.job.as_ref())
        && fits(want.subsidiary.as_ref(), have.subsidiary.as_ref())
        && fits(want.currency.as_ref(), have.currency.as_ref())
        && fits(want.terms.as_ref(), have.terms.as_ref())
        && fits(want.other_ref_num.as_ref(), have.other_ref_num.as_ref())
        && custom_fits(&want.custom, &have.custom)
        && lines_fit(&want.item.items, &have.item.items)
}

/// The same set-up with the order's own figures on the lines that it has: what `figures` puts there,
/// read back.
pub fn held(mut setup: BillingSetup, order: &Document, config: &Config) -> BillingSetup {
    for line in &mut setup.lines {
        let id = serde_json::Value::from(line.id.clone());
        let known = |have: &&Line| have.custom.get(config.field(Custom::ContractLine)) == Some(&id);
        let Some(have) = order.item.items.iter().find(known) else { continue };
        match &mut line.billing {
            BillingMethod::TimeAndMaterials { cap: Some(cap), .. } => {
                cap.limit.amount = have.amount.unwrap_or(cap.limit.amount);
            }
            BillingMethod::TimeAndMaterials { cap: None, .. } => {}
            BillingMethod::FixedFee { price, milestones } => {
                price.amount = have.amount.unwrap_or(price.amount);
                let own = setup.milestones.iter_mut().filter(|milestone| milestone.contract_line == line.id);
                by_percent(*price, milestones, own.collect());
            }
            BillingMethod::Retainer(term) => {
                term.hours_per_month = have.quantity.unwrap_or(term.hours_per_month);
                term.hourly_rate = have.rate.unwrap_or(term.hourly_rate);
            }
        }
    }
    setup
}

/// Milestones as NetSuite's schedule holds them: shares of the order's amount; the last takes the rest.
fn by_percent(price: Money, terms: &[MilestoneTerm], mut milestones: Vec<&mut Milestone>) {
    let mut left = price.amount;
    let count = milestones.len();
    for (at, milestone) in milestones.iter_mut().enumerate() {
        let percent = terms.iter().find(|term| term.code == milestone.code).map_or(Decimal::ZERO, |term| term.percent);
        let share = product(price.amount, percent / Decimal::ONE_HUNDRED, price.currency.minor_units());
        let share = if at + 1 == count { left } else { share };
        left -= share;
        milestone.amount = Some(Money::new(share, price.currency));
    }
}

fn order_line(setup: &BillingSetup, line: &ContractLine, at: usize, config: &Config) -> Result<Line, Fault> {
    let (quantity, rate, amount) = figures(line, setup.currency.minor_units());
    let mut custom = CustomFields::new();
    put(&mut custom, config.field(Custom::ContractLine), &line.id);
    put(&mut custom, config.field(Custom::Method), method(&line.billing));
    put(&mut custom, config.field(Custom::Terms), terms(line, at)?);
    if let BillingMethod::TimeAndMaterials { cap: Some(cap), .. } = &line.billing {
        let mut limit = cap.limit.amount;
        // The same text for the same sum, however it was written.
        limit.rescale(setup.currency.minor_units());
        put(&mut custom, config.field(Custom::Cap), limit.to_string());
        put(&mut custom, config.field(Custom::CapMode), format!("{:?}", cap.mode).to_lowercase());
    }
    Ok(Line {
        item: Some(config.item(&line.billing, &format!("/lines/{at}/billing"))?),
        description: Some(cut(&line.description, LONG_TEXT_CHARS)),
        quantity: Some(quantity),
        rate: Some(rate),
        amount: Some(amount),
        tax_code: Some(config.tax_code(&line.tax, &format!("/lines/{at}/tax"))?),
        custom,
        ..Line::default()
    })
}

/// The whole billing terms, rates per role included, in the canonical words: what a person in
/// NetSuite can read and what a look-up compares.
fn terms(line: &ContractLine, at: usize) -> Result<String, Fault> {
    let path = format!("/lines/{at}/billing");
    let text = serde_json::to_string(&line.billing)
        .map_err(|error| Fault::invalid(&path, format!("the billing terms are not JSON: {error}")))?;
    if text.chars().count() > LONG_TEXT_CHARS {
        let message = format!(
            "the billing terms take more than the {LONG_TEXT_CHARS} characters that a NetSuite column holds; split the line"
        );
        return Err(Fault::invalid(path, message));
    }
    Ok(text)
}

/// Quantity, rate and amount of a line. Time and materials stand with their cap, without one with
/// the planned hours at their rates: the order's value, not what will be billed.
fn figures(line: &ContractLine, minor_units: u32) -> (Decimal, Decimal, Decimal) {
    match &line.billing {
        BillingMethod::TimeAndMaterials { cap: Some(cap), .. } => (Decimal::ONE, cap.limit.amount, cap.limit.amount),
        BillingMethod::TimeAndMaterials { roles, cap: None } => {
            let planned =
                roles.iter().filter_map(|role| role.hours.map(|hours| product(hours, role.hourly_rate, minor_units)));
            let value: Decimal = planned.sum();
            (Decimal::ONE, value, value)
        }
        BillingMethod::FixedFee { price, .. } => (Decimal::ONE, price.amount, price.amount),
        BillingMethod::Retainer(term) => {
            (term.hours_per_month, term.hourly_rate, product(term.hours_per_month, term.hourly_rate, minor_units))
        }
    }
}
