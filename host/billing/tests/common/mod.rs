//! What the tests of billing share: the cast of the acceptance scenario, and short ways to say
//! what happens to an account.
#![allow(dead_code)] // every test uses a part of it

pub mod laws;

use billing::policy::{BillingPolicy, Context};
use billing::{Account, AccountEvent, Derived, Posting, Refusal};
use quoin_canonical::*;

pub fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn eur() -> Currency {
    Currency::from_code("EUR").unwrap()
}

pub fn euros(text: &str) -> Money {
    Money::new(dec(text), eur())
}

pub fn id(text: &str) -> Id {
    Id::derived(&["test", text])
}

pub fn standard_tax() -> TaxTreatment {
    TaxTreatment { category: TaxCategory::S, rate_percent: Some(dec("19")), exemption_reason: None }
}

pub fn entity() -> LegalEntity {
    LegalEntity {
        code: "DE01".into(),
        name: "Advisory DE GmbH".into(),
        country: "DE".into(),
        currency: eur(),
        zone: "Europe/Berlin".into(),
        vat_id: "DE123456789".into(),
        address: Address { country: "DE".into(), ..Address::default() },
        rounding: Rounding::HalfUp,
        default_tax: standard_tax(),
        closed_through: Some(day("2026-02-28")),
    }
}

pub fn customer() -> Customer {
    Customer {
        details: None,
        header: Header::default(),
        name: "Helix GmbH".into(),
        parent_name: Some("Helix Group AG".into()),
        vat_id: Some("DE987654321".into()),
        country: Some("DE".into()),
        addresses: Vec::new(),
        payment_terms_days: Some(30),
        currency: Some(eur()),
        credit: None,
        status: CustomerStatus::Active,
    }
}

pub fn role(name: &str, rate: &str, resource: Option<&str>) -> RoleRate {
    RoleRate { role: name.into(), hourly_rate: dec(rate), resource: resource.map(str::to_owned), hours: None }
}

pub fn line(id: &str, description: &str, billing: BillingMethod) -> QuoteLine {
    QuoteLine {
        details: None,
        id: id.into(),
        description: description.into(),
        billing,
        tax: None,
        cost_estimate: None,
        terms: LineTerms::default(),
    }
}

pub fn hourly(roles: Vec<RoleRate>, limit: Option<&str>, mode: CapMode) -> BillingMethod {
    BillingMethod::TimeAndMaterials { roles, cap: limit.map(|limit| Cap { limit: euros(limit), mode }) }
}

pub fn fixed(price: &str, percents: &[&str]) -> BillingMethod {
    let term = |(at, percent): (usize, &&str)| MilestoneTerm {
        code: format!("M{}", at + 1),
        name: format!("Part {}", at + 1),
        percent: dec(percent),
        due_on: None,
    };
    BillingMethod::FixedFee { price: euros(price), milestones: percents.iter().enumerate().map(term).collect() }
}

pub fn retainer(hours: &str, rate: &str, overage: &str, starts_on: &str) -> BillingMethod {
    BillingMethod::Retainer(RetainerTerm {
        hours_per_month: dec(hours),
        hourly_rate: dec(rate),
        overage_rate: dec(overage),
        starts_on: day(starts_on),
    })
}

/// The quote of the acceptance scenario.
pub fn helix_quote() -> Quote {
    let roles = vec![
        role("Senior", "195.00", Some("ana@advisory.example")),
        role("Consultant", "150.00", Some("ben@advisory.example")),
    ];
    let mut build = line("L2", "Build", fixed("120000.00", &["30", "50", "20"]));
    build.cost_estimate = Some(euros("80000.00"));
    let mut quote = quote(vec![
        line("L1", "Discovery", hourly(roles, Some("40000.00"), CapMode::Fit)),
        build,
        line("L3", "Support retainer", retainer("40", "160.00", "185.00", "2026-04-01")),
    ]);
    quote.number = "Q-2026-0042".into();
    quote.version = 3;
    quote
}

pub fn quote(lines: Vec<QuoteLine>) -> Quote {
    Quote {
        details: None,
        header: Header::default(),
        number: "Q-1".into(),
        version: 1,
        opportunity: Link::Id(id("opportunity")),
        status: QuoteStatus::Accepted,
        name: "Helix platform".into(),
        accepted_at: Some("2026-03-02T10:15:00Z".parse().unwrap()),
        customer: customer(),
        selling_entity: "DE01".into(),
        contract_type: "sow".into(),
        currency: eur(),
        template: Some(TemplateRef { id: "PT-CONSULT".into(), version: 7 }),
        starts_on: Some(day("2026-03-02")),
        target_margin_percent: None,
        lines,
        agreement: Agreement::default(),
    }
}

/// An account with its history: every decision is applied and kept.
pub struct Book {
    pub account: Option<Account>,
    pub events: Vec<AccountEvent>,
    pub ctx: Context,
    pub derived: Derived,
    posted: u32,
}

impl Book {
    pub fn open(quote: &Quote) -> Self {
        Self::open_with(quote, entity(), BillingPolicy::default())
    }

    pub fn open_with(quote: &Quote, entity: LegalEntity, policy: BillingPolicy) -> Self {
        let ctx = Context { now: "2026-03-02T10:15:01Z".parse().unwrap(), entity, policy };
        let derived = billing::derive(quote, &ctx.entity, &id("customer"), &ctx.policy).unwrap();
        let mut book = Self { account: None, events: Vec::new(), ctx, derived, posted: 0 };
        let events = billing::open(None, &book.derived, &book.ctx).unwrap();
        book.apply(events);
        book
    }

    pub fn account(&self) -> &Account {
        self.account.as_ref().unwrap()
    }

    pub fn at(&mut self, now: &str) -> &mut Self {
        self.ctx.now = now.parse().unwrap();
        self
    }

    pub fn apply(&mut self, events: Vec<AccountEvent>) -> Vec<AccountEvent> {
        for event in &events {
            billing::evolve(&mut self.account, event);
        }
        self.events.extend(events.iter().cloned());
        assert!(
            self.account().buckets(None).conserved(),
            "an hour is lost or doubled: {:?}",
            self.account().buckets(None)
        );
        events
    }

    /// Decides and applies; then decides again and finds nothing left to do.
    pub fn decide(
        &mut self,
        decide: impl Fn(&Account, &Context) -> Result<Vec<AccountEvent>, Refusal>,
    ) -> Vec<AccountEvent> {
        self.try_decide(decide).unwrap()
    }

    /// The same, where a refusal is expected.
    pub fn try_decide(
        &mut self,
        decide: impl Fn(&Account, &Context) -> Result<Vec<AccountEvent>, Refusal>,
    ) -> Result<Vec<AccountEvent>, Refusal> {
        let events = decide(self.account(), &self.ctx)?;
        let events = self.apply(events);
        let again = decide(self.account(), &self.ctx)?;
        assert!(again.is_empty(), "deciding twice has a second effect: {again:?}");
        Ok(events)
    }

    pub fn time(&mut self, entry: &TimeEntry) -> Vec<AccountEvent> {
        self.decide(|account, ctx| billing::record_time(account, entry, ctx))
    }

    pub fn run(&mut self, as_of: &str) -> Vec<AccountEvent> {
        self.decide(|account, ctx| billing::run(account, day(as_of), ctx))
    }

    /// Posts a document under the next number.
    pub fn post(&mut self, invoice: &Invoice) -> Vec<AccountEvent> {
        self.posted += 1;
        let posting = Posting {
            share: None,
            invoice: invoice.header.id.clone().unwrap(),
            number: format!("INV-{:04}", self.posted),
            on: invoice.issued_on,
        };
        self.decide(|account, ctx| billing::invoice_posted(account, &posting, ctx))
    }

    pub fn accept(&mut self, line: &str, code: &str, on: &str) -> Vec<AccountEvent> {
        let milestone = self.milestone(line, code, on);
        self.decide(|account, ctx| billing::accept_milestone(account, &milestone, ctx))
    }

    pub fn has_milestone(&self, line: &str, code: &str) -> bool {
        self.derived.project.milestones.iter().any(|m| m.contract_line == line && m.code == code)
    }

    pub fn milestone(&self, line: &str, code: &str, on: &str) -> Milestone {
        let found = self.derived.project.milestones.iter().find(|m| m.contract_line == line && m.code == code).unwrap();
        Milestone {
            status: MilestoneStatus::Accepted,
            acceptance: Some(Acceptance { by: "Helix".into(), on: day(on), evidence_sha256: "a".repeat(64) }),
            amount: None,
            ..found.clone()
        }
    }

    pub fn task(&self, line: &str) -> Id {
        self.derived.project.tasks.iter().find(|task| task.contract_line == line).unwrap().header.id.clone().unwrap()
    }

    /// An approved, chargeable entry of time.
    pub fn entry(&self, key: &str, line: &str, who: &str, date: &str, minutes: u32) -> TimeEntry {
        TimeEntry {
            details: None,
            header: Header { id: Some(id(key)), version: Some("1".into()), ..Header::default() },
            task: Link::Id(self.task(line)),
            resource: who.into(),
            date: day(date),
            minutes,
            billing_type: BillingType::Chargeable,
            status: TimeStatus::Approved,
            approved_by: Some("lead@advisory.example".into()),
            approved_at: None,
            note: None,
        }
    }

    pub fn pay(&mut self, key: &str, invoice: &Invoice, amount: &str, on: &str) -> Vec<AccountEvent> {
        let payment = Payment {
            details: None,
            header: Header { id: Some(id(key)), ..Header::default() },
            invoice: Link::Id(invoice.header.id.clone().unwrap()),
            amount: euros(amount),
            value_date: day(on),
            fx: None,
            status: PaymentStatus::Settled,
        };
        self.decide(|account, ctx| billing::payment(account, &payment, ctx))
    }
}

/// The document that some events draft.
pub fn drafted(events: &[AccountEvent]) -> Option<Invoice> {
    events.iter().find_map(|event| match event {
        AccountEvent::InvoiceDrafted(drafted) => Some(drafted.invoice.clone()),
        _ => None,
    })
}

/// The credit note that some events draft.
pub fn credited(events: &[AccountEvent]) -> Option<Invoice> {
    events.iter().find_map(|event| match event {
        AccountEvent::CreditDrafted(drafted) => Some(drafted.credit.clone()),
        _ => None,
    })
}

/// What is stored is what is read back: kind and body.
pub fn survives_the_log(events: &[AccountEvent]) {
    for event in events {
        let body = event.to_body().unwrap();
        let back = AccountEvent::from_kind_and_body(event.kind(), &body).unwrap().unwrap();
        assert_eq!(&back, event);
    }
}

pub fn kinds(events: &[AccountEvent]) -> Vec<&'static str> {
    events.iter().map(AccountEvent::kind).collect()
}

pub fn totals(invoice: &Invoice) -> (String, String, String) {
    let print = |money: Money| format!("{:.2}", money.amount);
    (print(invoice.totals.net), print(invoice.totals.tax), print(invoice.totals.gross))
}

/// The value of `name=value` among the words.
pub fn option<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

/// Hours such as `8h`, or minutes such as `20min`, as minutes.
pub fn minutes(text: &str) -> u32 {
    let value = |text: &str| dec(text);
    let minutes = match text.strip_suffix('h') {
        Some(hours) => value(hours) * dec("60"),
        None => value(text.strip_suffix("min").unwrap_or(text)),
    };
    minutes.normalize().to_string().parse().expect("whole minutes")
}
