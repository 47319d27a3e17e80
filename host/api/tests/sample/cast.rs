//! Who takes part.

use billing::policy::{BillingPolicy, Context};
use quoin_canonical::*;

pub fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub fn euros(text: &str) -> Money {
    Money::new(dec(text), Currency::from_code("EUR").unwrap())
}

pub fn id(text: &str) -> Id {
    Id::derived(&["sample", text])
}

fn header(text: &str) -> Header {
    Header { id: Some(id(text)), ..Header::default() }
}

pub fn context(now: Timestamp) -> Context {
    let tax = TaxTreatment { category: TaxCategory::S, rate_percent: Some(dec("19")), exemption_reason: None };
    let entity = LegalEntity {
        code: "DE01".into(),
        name: "Advisory DE GmbH".into(),
        country: "DE".into(),
        currency: Currency::from_code("EUR").unwrap(),
        zone: "Europe/Berlin".into(),
        vat_id: "DE123456789".into(),
        address: Address { country: "DE".into(), ..Address::default() },
        rounding: Rounding::HalfUp,
        default_tax: tax,
        closed_through: Some("2026-02-28".parse().unwrap()),
    };
    Context { now, entity, policy: BillingPolicy::default() }
}

fn helix() -> Customer {
    Customer {
        details: None,
        header: header("customer"),
        name: "Helix GmbH".into(),
        parent_name: Some("Helix Group AG".into()),
        vat_id: Some("DE987654321".into()),
        country: Some("DE".into()),
        addresses: vec![Address {
            purpose: "billing".into(),
            lines: vec!["Speicherstadt 12".into()],
            city: "Hamburg".into(),
            postal_code: "20457".into(),
            country: "DE".into(),
        }],
        payment_terms_days: Some(30),
        currency: Currency::from_code("EUR"),
        credit: None,
        status: CustomerStatus::Active,
    }
}

/// The quote of the acceptance scenario.
pub fn quote() -> Quote {
    let role = |role: &str, rate: &str, who: &str| RoleRate {
        role: role.into(),
        hourly_rate: dec(rate),
        resource: Some(who.into()),
        hours: None,
    };
    let milestone = |code: &str, name: &str, percent: &str| MilestoneTerm {
        code: code.into(),
        name: name.into(),
        percent: dec(percent),
        due_on: None,
    };
    let line = |id: &str, description: &str, billing: BillingMethod, cost: Option<&str>| QuoteLine {
        details: None,
        id: id.into(),
        description: description.into(),
        billing,
        tax: None,
        cost_estimate: cost.map(euros),
        terms: LineTerms::default(),
    };
    let discovery = BillingMethod::TimeAndMaterials {
        roles: vec![
            role("Senior", "195.00", "ana@advisory.example"),
            role("Consultant", "150.00", "ben@advisory.example"),
        ],
        cap: Some(Cap { limit: euros("40000.00"), mode: CapMode::Fit }),
    };
    let build = BillingMethod::FixedFee {
        price: euros("120000.00"),
        milestones: vec![
            milestone("M1", "Design accepted", "30"),
            milestone("M2", "System accepted", "50"),
            milestone("M3", "Handover", "20"),
        ],
    };
    let support = BillingMethod::Retainer(RetainerTerm {
        hours_per_month: dec("40"),
        hourly_rate: dec("160.00"),
        overage_rate: dec("185.00"),
        starts_on: "2026-04-01".parse().unwrap(),
    });
    Quote {
        details: None,
        header: Header { external: Some("0Q0-42".into()), ..header("quote") },
        number: "Q-2026-0042".into(),
        version: 3,
        opportunity: Link::Id(id("opportunity")),
        status: QuoteStatus::Accepted,
        name: "Order platform for Helix".into(),
        accepted_at: "2026-03-02T10:15:00Z".parse().ok(),
        customer: helix(),
        selling_entity: "DE01".into(),
        contract_type: "sow".into(),
        currency: Currency::from_code("EUR").unwrap(),
        template: Some(TemplateRef { id: "PT-CONSULT".into(), version: 7 }),
        starts_on: "2026-03-02".parse().ok(),
        target_margin_percent: None,
        lines: vec![
            line("L1", "Discovery", discovery, None),
            line("L2", "Build of the order platform", build, Some("80000.00")),
            line("L3", "Support retainer", support, None),
        ],
        agreement: Agreement::default(),
    }
}

/// A smaller quote that a gate stops.
pub fn stopped_quote() -> Quote {
    let mut quote = quote();
    quote.header = header("stopped");
    quote.number = "Q-2026-0057".into();
    quote.version = 1;
    quote.name = "Warehouse audit".into();
    quote.customer.name = "Nordlicht Logistik AG".into();
    quote.lines.truncate(1);
    quote
}
