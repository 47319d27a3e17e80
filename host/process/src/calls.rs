//! The pure functions a definition may call: deriving terms, billing decisions, what sales sees.
//! Each looks at the contract's account and its arguments and answers with events and a result.

use std::collections::BTreeMap;

use billing::group::GroupTerms;
use billing::{Account, AccountEvent, Context, Group, GroupEvent, Refusal};
use policy::book::PolicyBook;
use quoin_canonical::{
    BillingMethod, Date, DealStage, DealStatus, Header, Id, Invoice, InvoiceStatus, LegalEntity, Link, Milestone,
    Payment, ProjectFinancials, Quote, TimeEntry, Timestamp,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::dates;

mod asked;
mod grouped;

pub use asked::APPROVAL_NEEDED;

/// Names a definition may call.
pub const NAMES: [&str; 34] = [
    "terms.derive",
    "billing.record_time",
    "billing.milestone",
    "billing.run",
    "billing.retainer",
    "billing.posted",
    "billing.payment",
    "billing.revenue",
    "billing.approval",
    "billing.judge_discount",
    "billing.discount",
    "billing.decide_discount",
    "billing.approve",
    "billing.reject",
    "billing.write_off",
    "billing.progress",
    "billing.close_advance",
    "billing.foreign_invoice",
    "billing.no_double_billing",
    "billing.part_posted",
    "billing.part_returned",
    "group.join",
    "group.collect",
    "group.draft",
    "group.approval",
    "group.approve",
    "group.reject",
    "group.check",
    "group.posted",
    "group.credited",
    "group.payment",
    "invoice.check",
    "deal.status",
    "deal.project",
];

/// What a turn may depend on beside state and event: fixed by configuration.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    /// What expressions read as `config`.
    pub config: Value,
    /// Our legal entities, by code, with when their months close.
    pub entities: BTreeMap<String, EntityCalendar>,
    /// Billing rules through time.
    pub policy: PolicyBook,
    /// Which connection serves a role, first match wins.
    pub routes: Vec<RouteRow>,
}

/// A legal entity and when its months close.
#[derive(Debug, Clone)]
pub struct EntityCalendar {
    /// The entity; its `closed_through` is computed.
    pub entity: LegalEntity,
    /// A month closes on this day of the next month.
    pub close_day: i8,
    /// At this time, `HH:MM`, in the entity's zone.
    pub close_time: String,
}

impl EntityCalendar {
    /// The entity as it stands at an instant: with the periods that are closed by then.
    pub fn at(&self, now: Timestamp) -> LegalEntity {
        let mut entity = self.entity.clone();
        entity.closed_through = self.closed_through(now);
        entity
    }

    fn closed_through(&self, now: Timestamp) -> Option<Date> {
        let today = dates::date_in(now, &self.entity.zone).ok()?;
        let closing = today.with().day(self.close_day).build().ok()?;
        let closes = dates::at_time(&closing.to_string(), &self.close_time, &self.entity.zone).ok()?;
        let closes: Timestamp = closes.parse().ok()?;
        let last = today.first_of_month().yesterday().ok()?;
        if now >= closes { Some(last) } else { last.first_of_month().yesterday().ok() }
    }
}

/// One route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteRow {
    /// Role.
    pub role: String,
    /// Only for this legal entity, when given.
    pub entity: Option<String>,
    /// The connection.
    pub connection: String,
}

impl Parameters {
    /// The connection that serves a role for a legal entity.
    pub fn route(&self, role: &str, entity: Option<&str>) -> Option<&str> {
        let fits = |route: &&RouteRow| {
            route.role == role && route.entity.as_deref().is_none_or(|wanted| entity == Some(wanted))
        };
        self.routes.iter().find(fits).map(|route| route.connection.as_str())
    }
}

/// The moment of a turn and its parameters.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// When the event was recorded: the only "now" a decision knows.
    pub now: Timestamp,
    /// Configuration.
    pub parameters: &'a Parameters,
}

/// What calls look at: what is kept for the business key.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The contract's account.
    pub account: Option<&'a Account>,
    /// The group of contracts that are billed together.
    pub group: Option<&'a Group>,
}

/// What was decided, about a contract's account or about a group.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Decided {
    Account(AccountEvent),
    Group(GroupEvent),
}

impl Decided {
    /// The event's stable kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Decided::Account(event) => event.kind(),
            Decided::Group(event) => event.kind(),
        }
    }

    /// The event's content.
    ///
    /// # Errors
    /// Never for the events there are.
    pub fn to_body(&self) -> Result<Value, serde_json::Error> {
        match self {
            Decided::Account(event) => event.to_body(),
            Decided::Group(event) => event.to_body(),
        }
    }
}

/// What a call led to.
#[derive(Debug)]
pub struct Called {
    /// What happened.
    pub events: Vec<Decided>,
    /// The step's result.
    pub result: Value,
    /// Version of the billing policy that decided.
    pub policy_version: u32,
}

impl Called {
    fn new(events: Vec<AccountEvent>, result: Value) -> Self {
        Self { events: events.into_iter().map(Decided::Account).collect(), result, policy_version: 0 }
    }
}

/// Calls a function by name.
///
/// # Errors
/// Why nothing happens, and who can mend it.
pub fn call(name: &str, subject: Subject<'_>, arguments: &Value, setting: &Setting<'_>) -> Result<Called, Refusal> {
    if name == "terms.derive" {
        return derive_terms(subject.account, arguments, setting);
    }
    if let Some(function) = name.strip_prefix("group.") {
        return grouped::call(function, subject.group, arguments, setting);
    }
    let account = subject.account.ok_or_else(|| {
        Refusal::new("NO_CONTRACT", "there is no contract for this yet; its quote has not been accepted")
    })?;
    let context = context(&account.contract.selling_entity, setting)?;
    let called = on_account(name, account, arguments, &context)?;
    Ok(Called { policy_version: context.policy.version, ..called })
}

fn on_account(name: &str, account: &Account, arguments: &Value, context: &Context) -> Result<Called, Refusal> {
    match name {
        "billing.record_time" => {
            let entry: TimeEntry = argument(arguments, "entry")?;
            answer(billing::record_time(account, &entry, context)?)
        }
        "billing.milestone" => {
            let milestone: Milestone = argument(arguments, "milestone")?;
            answer(billing::accept_milestone(account, &milestone, context)?)
        }
        "billing.run" => {
            let events = billing::run(account, argument(arguments, "as_of")?, context)?;
            let report = grouped::report(account, &events);
            let mut called = answer(events)?;
            called.result["report"] = report;
            Ok(called)
        }
        "billing.retainer" => {
            let line: String = argument(arguments, "line")?;
            answer(billing::retainer_due(account, &line, argument(arguments, "period_start")?, context)?)
        }
        "billing.posted" => posted(account, arguments, context),
        "billing.payment" => {
            let payment: Payment = argument(arguments, "payment")?;
            let called = answer(billing::payment(account, &payment, context)?)?;
            Ok(with_all_paid(account, called))
        }
        "billing.revenue" => revenue(account, arguments, context),
        "billing.discount" => asked::discount(account),
        "billing.judge_discount" => answer(billing::judge_discount(account, context)),
        "billing.decide_discount" => asked::decide_discount(account, arguments, context),
        "billing.approval" => asked::standing(account, arguments, context),
        "billing.approve" => asked::approve(account, arguments, context),
        "billing.reject" => asked::reject(account, arguments, context),
        "billing.write_off" => asked::write_off(account, arguments, context),
        "billing.progress" => asked::progress(account, arguments, context),
        "billing.close_advance" => asked::close_advance(account, arguments, context),
        "billing.foreign_invoice" => {
            let (invoice, finding): (Invoice, String) =
                (argument(arguments, "invoice")?, argument(arguments, "finding")?);
            answer(billing::foreign_invoice(account, &invoice, &finding, context)?)
        }
        "billing.no_double_billing" => {
            let (invoice, finding): (Id, String) = (argument(arguments, "invoice")?, argument(arguments, "finding")?);
            billing::no_double_billing(account, &invoice, &finding, context)?;
            answer(Vec::new())
        }
        "billing.part_posted" => grouped::part_posted(account, arguments, context),
        "billing.part_returned" => grouped::part_returned(account, arguments, context),
        "invoice.check" => check(arguments, context),
        "deal.status" => deal_status(account, arguments),
        "deal.project" => deal_project(account, arguments),
        other => Err(Refusal::new("NO_FUNCTION", format!("there is no function '{other}'"))),
    }
}

fn argument<T: DeserializeOwned>(arguments: &Value, name: &str) -> Result<T, Refusal> {
    let value = arguments.get(name).cloned().unwrap_or(Value::Null);
    serde_json::from_value(value).map_err(|error| {
        Refusal::new("BAD_ARGUMENT", format!("'{name}' cannot be read: {error}")).field(format!("/{name}"))
    })
}

fn context(entity: &str, setting: &Setting<'_>) -> Result<Context, Refusal> {
    let calendar = setting.parameters.entities.get(entity).ok_or_else(|| {
        Refusal::new("ENTITY_UNKNOWN", format!("no legal entity '{entity}' is configured; add [entity.{entity}]"))
            .field("/selling_entity")
    })?;
    let entity = calendar.at(setting.now);
    let today = dates::date_in(setting.now, &entity.zone).map_err(|message| {
        Refusal::new("ZONE_UNKNOWN", format!("{message}; correct [entity.{}]", entity.code)).field("/zone")
    })?;
    let book = &setting.parameters.policy;
    let version = book.at(today).ok_or_else(|| {
        let message = format!("no version of the billing policy '{}' is in force on {today}; add one", book.name);
        Refusal::new("POLICY_NOT_IN_FORCE", message).field("/policy").owner("finance operations")
    })?;
    let policy = version.billing.clone();
    Ok(Context { now: setting.now, entity: policy.entity(entity), policy })
}

fn answer(events: Vec<AccountEvent>) -> Result<Called, Refusal> {
    let kinds: Vec<&str> = events.iter().map(AccountEvent::kind).collect();
    Ok(Called::new(events, json!({"events": kinds})))
}

fn derive_terms(account: Option<&Account>, arguments: &Value, setting: &Setting<'_>) -> Result<Called, Refusal> {
    let quote: Quote = argument(arguments, "quote")?;
    let context = context(&quote.selling_entity, setting)?;
    let customer = quote.customer.header.id.clone().ok_or_else(|| {
        Refusal::new("CUSTOMER_UNKNOWN", "the quote's customer has no canonical id").field("/customer/header/id")
    })?;
    let derived = billing::derive(&quote, &context.entity, &customer, &context.policy)?;
    let events = billing::open(account, &derived, &context)?;
    let retainers: Vec<Value> = derived
        .contract
        .lines
        .iter()
        .filter_map(|line| match &line.billing {
            BillingMethod::Retainer(term) => Some(json!({"line": line.id, "starts_on": term.starts_on})),
            _ => None,
        })
        .collect();
    let group = GroupTerms::of(&derived.contract);
    let result = json!({
        "group": group, "project": derived.project, "billing_setup": derived.billing_setup, "assignments": derived.assignments,
        "retainers": retainers, "zone": context.entity.zone,
    });
    Ok(Called { policy_version: context.policy.version, ..Called::new(events, result) })
}

/// The ERP posted a document: its number comes from the ERP, its day is the document's.
fn posted(account: &Account, arguments: &Value, context: &Context) -> Result<Called, Refusal> {
    let invoice: Invoice = argument(arguments, "invoice")?;
    let outcome = arguments.get("posted").cloned().unwrap_or(Value::Null);
    let number = posted_number(&outcome)?;
    let id = invoice.header.id.clone().ok_or_else(|| Refusal::new("ID_MISSING", "the document has no id"))?;
    let posting =
        billing::decide::Posting { invoice: id.clone(), number: number.to_owned(), on: invoice.issued_on, share: None };
    let events = billing::invoice_posted(account, &posting, context)?;
    let mut document = invoice;
    document.number = Some(number.to_owned());
    document.status = InvoiceStatus::Posted;
    let result = json!({
        "invoice": document, "number": number, "external": outcome.get("external"),
        "credited": grouped::credited(account, &document),
    });
    Ok(with_all_paid(account, Called::new(events, result)))
}

/// The number that the ERP posted a document under.
fn posted_number(outcome: &Value) -> Result<&str, Refusal> {
    outcome.pointer("/data/number").and_then(Value::as_str).ok_or_else(|| {
        Refusal::new("NUMBER_MISSING", "the ERP did not say under which number it posted the document").field("/number")
    })
}

/// Adds to the result whether nothing is open any more on any posted document, now that this
/// happened, and something was.
fn with_all_paid(account: &Account, mut called: Called) -> Called {
    let mut after = Some(account.clone());
    for event in &called.events {
        if let Decided::Account(event) = event {
            billing::evolve(&mut after, event);
        }
    }
    let settled = |account: &Account| {
        let mut invoices = account
            .invoices
            .values()
            .filter(|state| state.posted_on.is_some() && state.invoice.kind != quoin_canonical::InvoiceType::CreditNote)
            .peekable();
        invoices.peek().is_some() && invoices.all(|state| state.open().amount <= rust_decimal::Decimal::ZERO)
    };
    called.result["all_paid"] = json!(!settled(account) && after.as_ref().is_some_and(settled));
    called
}

fn revenue(account: &Account, arguments: &Value, context: &Context) -> Result<Called, Refusal> {
    let financials: ProjectFinancials = argument(arguments, "financials")?;
    let events = billing::compute_revenue(account, financials.as_of, std::slice::from_ref(&financials), context)?;
    let differs = events.iter().any(|event| matches!(event, AccountEvent::RevenueDiffers(_)));
    let difference: Vec<Value> = events
        .iter()
        .filter(|event| matches!(event, AccountEvent::RevenueDiffers(_)))
        .filter_map(|event| event.to_body().ok())
        .collect();
    let result = json!({"differs": differs, "difference": difference, "line": financials.contract_line, "as_of": financials.as_of});
    Ok(Called::new(events, result))
}

/// Checks a document against EN 16931 before it goes out.
fn check(arguments: &Value, context: &Context) -> Result<Called, Refusal> {
    let invoice: Invoice = argument(arguments, "invoice")?;
    let broken = billing::en16931::check(&invoice).err().unwrap_or_default();
    if let Some(first) = broken.first() {
        let all: Vec<String> = broken.iter().map(ToString::to_string).collect();
        return Err(Refusal::new("EN16931", all.join("; "))
            .field(first.path.clone())
            .owner(&context.policy.owners.finance));
    }
    Ok(Called::new(Vec::new(), json!({"invoice": invoice.header.id, "rules": "EN 16931", "passed": true})))
}

/// The deal's project as agreed, with the status it shall have; closed for time unless it is active.
fn deal_project(account: &Account, arguments: &Value) -> Result<Called, Refusal> {
    let mut project = account.project.clone();
    project.status = argument(arguments, "status")?;
    project.time_entry_allowed = project.status == quoin_canonical::ProjectStatus::Active;
    let result = serde_json::to_value(project).map_err(|error| Refusal::new("PROJECT", error.to_string()))?;
    Ok(Called::new(Vec::new(), result))
}

/// What sales sees: how far the deal is, its last invoice, its revenue.
fn deal_status(account: &Account, arguments: &Value) -> Result<Called, Refusal> {
    let opportunity: Link = argument(arguments, "opportunity")?;
    let wished = arguments.get("stage").cloned().and_then(|stage| serde_json::from_value::<DealStage>(stage).ok());
    let last = account.invoices.values().filter(|invoice| invoice.invoice.number.is_some()).max_by_key(|invoice| {
        (
            invoice.invoice.kind == quoin_canonical::InvoiceType::Invoice,
            invoice.posted_on,
            invoice.invoice.number.clone(),
        )
    });
    let summary = last.and_then(billing::account::InvoiceState::summary);
    let stage = match (&summary, wished) {
        (None, wished) => wished.unwrap_or(DealStage::ImplementationStarted),
        (Some(invoice), _) => match invoice.status {
            InvoiceStatus::Paid => DealStage::Paid,
            InvoiceStatus::PartiallyPaid => DealStage::PartiallyPaid,
            _ => DealStage::Invoiced,
        },
    };
    let status = DealStatus {
        header: Header { id: Some(Id::derived(&["deal_status", &account.contract.number])), ..Header::default() },
        opportunity,
        quote_number: account.contract.number.clone(),
        stage,
        reason: arguments.get("reason").and_then(Value::as_str).map(str::to_owned),
        project_code: Some(account.project.code.clone()),
        invoice: summary,
        revenue: account.revenue.values().map(|position| position.indicator.clone()).collect(),
    };
    let result = serde_json::to_value(status).map_err(|error| Refusal::new("STATUS", error.to_string()))?;
    Ok(Called::new(Vec::new(), result))
}
