//! Billing: approved time rated, capped and put on invoices, by the pure core alone on one core.
//!
//! 500 projects, each with a capped and an uncapped line, priced by one of 40 rate cards. The same
//! projects take 10,000, 100,000 and 1,000,000 entries: the cost of one must not grow with them.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use billing::rates::{RateLevel, RateRow};
use billing::{Account, AccountEvent, BillingPolicy, Context};
use quoin_canonical::{
    Address, Agreement, Assignment, AssignmentStatus, BillingMethod, BillingType, Cap, CapMode, Currency, Customer,
    CustomerStatus, Date, Decimal, Header, Id, LegalEntity, LineTerms, Link, Money, Quote, QuoteLine, QuoteStatus,
    Rounding, TaxCategory, TaxTreatment, TimeEntry, TimeStatus,
};
use serde::{Deserialize, Serialize};

use crate::memory;

/// Projects of the firm.
const PROJECTS: u32 = 500;

/// Rate cards of the firm.
const CARDS: u32 = 40;

/// Roles on each card; each in two ranges of dates.
const ROLES: u32 = 12;

/// People on each project.
const PEOPLE: u32 = 10;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Billing {
    /// 100,000 entries, all accounts kept, seconds on one core.
    pub(crate) seconds: f64,
    /// Peak memory after them, MiB.
    pub(crate) peak_mib: f64,
    /// Invoices drafted.
    pub(crate) invoices: u32,
    /// Entries of each run.
    pub(crate) entries: Vec<u32>,
    /// Microseconds an entry on one core, of each run.
    pub(crate) us_per_entry: Vec<f64>,
}

/// Measures the three sizes.
///
/// # Errors
/// When an entry is not on an invoice or held, or memory can't be read.
pub(crate) fn measure() -> anyhow::Result<Billing> {
    let whole = firm(100_000, true)?;
    let peak_mib = memory::peak_mib()?;
    let mut entries = Vec::new();
    let mut us_per_entry = Vec::new();
    for count in [10_000, 100_000, 1_000_000] {
        let run = firm(count, false)?;
        entries.push(count);
        us_per_entry.push(run.took.as_secs_f64() * 1e6 / f64::from(count));
    }
    Ok(Billing { seconds: whole.took.as_secs_f64(), peak_mib, invoices: whole.invoices, entries, us_per_entry })
}

struct Run {
    took: Duration,
    invoices: u32,
}

/// Bills a firm's month. With `keep`, every account stays in memory to the end.
fn firm(entries: u32, keep: bool) -> anyhow::Result<Run> {
    let context = context()?;
    let cards: Vec<Vec<RateRow>> = (0..CARDS).map(card).collect::<anyhow::Result<_>>()?;
    let mut kept = Vec::new();
    let mut run = Run { took: Duration::ZERO, invoices: 0 };
    for number in 0..PROJECTS {
        let card = &cards[usize::try_from(number % CARDS)?];
        let mut account = open(number, card, &context)?;
        let times = times(&account, number, entries / PROJECTS)?;
        let began = on_processor()?;
        run.invoices += month(&mut account, &times, &context)?;
        run.took += on_processor()?.saturating_sub(began);
        ensure!(account.as_ref().is_some_and(|account| account.buckets(None).conserved()), "an hour is lost");
        if keep {
            kept.push(account);
        }
    }
    Ok(run)
}

/// What is measured: each entry rated and recorded, then the run over all of them.
fn month(account: &mut Option<Account>, times: &[TimeEntry], context: &Context) -> anyhow::Result<u32> {
    for time in times {
        let known = account.as_ref().context("no account")?;
        for event in billing::record_time(known, time, context)? {
            billing::evolve(account, &event);
        }
    }
    let known = account.as_ref().context("no account")?;
    let events = billing::run(known, date(31)?, context)?;
    let invoices = events.iter().filter(|event| matches!(event, AccountEvent::InvoiceDrafted(_))).count();
    for event in &events {
        billing::evolve(account, event);
    }
    Ok(u32::try_from(invoices)?)
}

/// Time this thread was on a processor: what others do on the machine does not count (the first
/// number of schedstat, in nanoseconds; Linux, Documentation/scheduler/sched-stats).
fn on_processor() -> anyhow::Result<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").context("no /proc/thread-self/schedstat")?;
    let nanoseconds = text.split_whitespace().next().context("an empty schedstat")?.parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}

fn date(day: i8) -> anyhow::Result<Date> {
    Ok(Date::new(2026, 3, day)?)
}

fn euro() -> anyhow::Result<Currency> {
    Currency::from_code("EUR").context("there is no euro")
}

fn context() -> anyhow::Result<Context> {
    let entity = LegalEntity {
        code: "DE01".into(),
        name: "Advisory DE GmbH".into(),
        country: "DE".into(),
        currency: euro()?,
        zone: "Europe/Berlin".into(),
        vat_id: "DE123456789".into(),
        address: Address { country: "DE".into(), ..Address::default() },
        rounding: Rounding::HalfUp,
        default_tax: TaxTreatment {
            category: TaxCategory::S,
            rate_percent: Some(Decimal::from(19)),
            exemption_reason: None,
        },
        closed_through: None,
    };
    Ok(Context { now: "2026-03-31T22:00:00Z".parse()?, entity, policy: BillingPolicy::default() })
}

/// One account card: each role until the middle of the month, and after.
fn card(number: u32) -> anyhow::Result<Vec<RateRow>> {
    let mut rows = Vec::new();
    for role in 0..ROLES {
        for (half, from, to) in [(0, None, Some(date(15)?)), (1, Some(date(16)?), None)] {
            let rate = Decimal::new(i64::from(9_050 + 175 * role + 10 * number + 300 * half), 2);
            let id = format!("card {number}, role {role}, {half}");
            let row = RateRow::new(id, 1, RateLevel::AccountCard, euro()?, rate);
            rows.push(RateRow { role: Some(format!("Role {role}")), from, to, ..row });
        }
    }
    Ok(rows)
}

fn open(number: u32, card: &[RateRow], context: &Context) -> anyhow::Result<Option<Account>> {
    let customer = Id::derived(&["bench customer", &number.to_string()]);
    let derived = billing::derive(&quote(number)?, &context.entity, &customer, &context.policy)?;
    let mut account = None;
    for event in billing::open(None, &derived, context)? {
        billing::evolve(&mut account, &event);
    }
    let project = derived.project.header.id.context("no project")?;
    for person in 0..PEOPLE {
        let assignment = Assignment {
            details: None,
            header: Header {
                id: Some(Id::derived(&["bench", &number.to_string(), &person.to_string()])),
                ..Header::default()
            },
            project: Link::Id(project.clone()),
            task: None,
            resource: format!("person{person}@advisory.example"),
            role: format!("Role {}", (person + number) % ROLES),
            status: AssignmentStatus::Hard,
            bill_rate: None,
            rate_source: None,
            hours: None,
        };
        let known = account.as_ref().context("no account")?;
        for event in billing::decide::assign(known, &assignment, context)? {
            billing::evolve(&mut account, &event);
        }
    }
    let known = account.as_ref().context("no account")?;
    for event in billing::change_rates(known, card, context)? {
        billing::evolve(&mut account, &event);
    }
    Ok(account)
}

fn quote(number: u32) -> anyhow::Result<Quote> {
    // A cap that most projects reach before the month is over.
    let cap = Cap { limit: Money::new(Decimal::from(9_000), euro()?), mode: CapMode::Fit };
    let line = |id: &str, cap: Option<Cap>| QuoteLine {
        details: None,
        id: id.into(),
        description: format!("Work {id}"),
        billing: BillingMethod::TimeAndMaterials { roles: Vec::new(), cap },
        tax: None,
        cost_estimate: None,
        terms: LineTerms::default(),
    };
    Ok(Quote {
        details: None,
        header: Header::default(),
        number: format!("Q-{number}"),
        version: 1,
        opportunity: Link::External("bench".into()),
        status: QuoteStatus::Accepted,
        name: format!("Project {number}"),
        accepted_at: None,
        customer: Customer {
            details: None,
            header: Header::default(),
            name: format!("Customer {number}"),
            parent_name: None,
            vat_id: None,
            country: Some("DE".into()),
            addresses: Vec::new(),
            payment_terms_days: Some(30),
            currency: None,
            credit: None,
            status: CustomerStatus::Active,
        },
        selling_entity: "DE01".into(),
        contract_type: "sow".into(),
        currency: euro()?,
        template: None,
        starts_on: None,
        target_margin_percent: None,
        lines: vec![line("L1", Some(cap)), line("L2", None)],
        agreement: Agreement::default(),
    })
}

fn times(account: &Option<Account>, project: u32, count: u32) -> anyhow::Result<Vec<TimeEntry>> {
    let account = account.as_ref().context("no account")?;
    let tasks: Vec<Id> = account.tasks.keys().cloned().collect();
    let one = |at: u32| -> anyhow::Result<TimeEntry> {
        let task = tasks.get(usize::try_from(at)? % tasks.len().max(1)).context("no task")?;
        Ok(TimeEntry {
            details: None,
            header: Header {
                id: Some(Id::derived(&["bench time", &project.to_string(), &at.to_string()])),
                version: Some("1".into()),
                ..Header::default()
            },
            task: Link::Id(task.clone()),
            resource: format!("person{}@advisory.example", at % PEOPLE),
            date: date(i8::try_from(at % 31)? + 1)?,
            minutes: 15 + (at * 7) % 240,
            billing_type: BillingType::Chargeable,
            status: TimeStatus::Approved,
            approved_by: Some("lead@advisory.example".into()),
            approved_at: None,
            note: None,
        })
    };
    (0..count).map(one).collect()
}
