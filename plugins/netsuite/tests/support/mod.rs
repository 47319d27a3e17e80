//! A host that really speaks to the simulated account, and the scenario's objects.

#![allow(dead_code)] // every test file uses its own part

use std::sync::atomic::{AtomicI64, Ordering};

use plugin_netsuite::NetSuite;
use quoin_sdk::{
    Algorithm, BillingMethod, BillingSetup, Cap, CapMode, ContractLine, Currency, Customer, Date, Decimal, Fault,
    FaultKind, Header, Host, Id, Invoice, InvoiceLine, InvoiceStatus, InvoiceType, Item, Level, LineTerms, Link,
    Milestone, MilestoneStatus, MilestoneTerm, Money, ObjectKind, Outcome, Period, Quantity, Request, Response,
    RetainerTerm, RoleRate, Sink, TaxCategory, TaxSubtotal, TaxTreatment, Timestamp, Totals, Unit, code,
};
use quoin_simulator::{Args, Running, start};
use quoin_testkit::item;
use serde_json::{Value, json};
use simulator_netsuite::{DEFAULT_ACCOUNT, TokenSecrets, authorization, build};

/// The account, in this process, with a client that signs as an integration does.
pub struct Erp {
    runtime: tokio::runtime::Runtime,
    running: Running,
    client: reqwest::Client,
    nonce: AtomicI64,
    config: Value,
}

impl Erp {
    pub fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let running = runtime.block_on(start("netsuite", Args::default(), build)).unwrap();
        let config = json!({
            "base_url": running.http, "account": DEFAULT_ACCOUNT,
            "subsidiaries": {"DE01": "2"}, "currencies": {"EUR": "1"}, "terms": {"30": "2"},
            "items": {"time_and_materials": "101", "fixed_fee": "102", "retainer": "103"},
            "tax_codes": {"S:19": "5", "S:7": "6", "AE": "8"},
        });
        Self { runtime, running, client: reqwest::Client::new(), nonce: AtomicI64::new(1_000_000), config }
    }

    /// Changes the connection's configuration.
    pub fn configure(&mut self, field: &str, value: Value) {
        self.config[field] = value;
    }

    /// A control route of the simulator.
    pub fn sim(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/_sim/{path}", self.running.http);
        self.runtime.block_on(async {
            let answer = self.client.post(url).json(&body).send().await.unwrap();
            let (status, text) = (answer.status(), answer.text().await.unwrap());
            assert!(status.is_success(), "{path}: {text}");
            serde_json::from_str(&text).unwrap_or(Value::Null)
        })
    }

    pub fn fault(&self, spec: Value) {
        self.sim("faults", spec);
    }

    pub fn mend(&self) {
        let url = format!("{}/_sim/faults", self.running.http);
        self.runtime.block_on(self.client.delete(url).send()).unwrap();
    }

    /// A control route that is read.
    pub fn look(&self, path: &str) -> Value {
        let url = format!("{}/_sim/{path}", self.running.http);
        self.runtime.block_on(async { self.client.get(url).send().await.unwrap().json().await.unwrap() })
    }

    /// How many of each there are.
    pub fn counts(&self) -> Value {
        self.look("ledger")["counts"].clone()
    }

    /// What was sent, as `METHOD /path`.
    pub fn sent(&self) -> Vec<String> {
        let log = self.look("requests?path=/services");
        let line = |entry: &Value| format!("{} {}", entry["method"].as_str().unwrap(), entry["path"].as_str().unwrap());
        log["requests"].as_array().unwrap().iter().map(line).collect()
    }

    /// A record, as the record service shows it.
    pub fn record(&self, path: &str) -> Value {
        let url = format!("{}/services/rest/record/v1/{path}?expandSubResources=true", self.running.http);
        let answer = self.send(Request::get(url).credential("api")).unwrap();
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Makes a record by hand; its id.
    pub fn make(&self, record: &str, body: Value) -> String {
        let url = format!("{}/services/rest/record/v1/{record}", self.running.http);
        let answer = self.send(Request::post(url).json(&body).unwrap().credential("api")).unwrap();
        assert_eq!(answer.status, 204, "{}", answer.text());
        answer.header("location").unwrap().rsplit('/').next().unwrap().to_owned()
    }

    pub fn apply(&self, object: ObjectKind, item: &Item) -> Outcome {
        NetSuite::apply(self, object, std::slice::from_ref(item)).unwrap().remove(0)
    }

    pub fn lookup(&self, object: ObjectKind, item: &Item) -> Outcome {
        NetSuite::lookup(self, object, std::slice::from_ref(item)).unwrap().remove(0)
    }

    /// The scenario's customer, written; its id.
    pub fn helix(&self) -> String {
        self.apply(ObjectKind::Customer, &item("k-customer", &helix())).external.unwrap()
    }
}

impl Host for Erp {
    fn send(&self, request: Request) -> Result<Response, Fault> {
        let nonce = self.nonce.fetch_add(1, Ordering::SeqCst).to_string();
        let now = Timestamp::now().as_second();
        let signed =
            authorization(&request.method, &request.url, DEFAULT_ACCOUNT, &TokenSecrets::default(), now, &nonce);
        let method = reqwest::Method::from_bytes(request.method.as_bytes()).unwrap();
        let mut call = self.client.request(method, &request.url);
        assert_eq!(request.credential.as_deref(), Some("api"), "every request names its credential");
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        if let Some(body) = request.body {
            call = call.body(body);
        }
        let lost = |error: reqwest::Error| Fault::new(FaultKind::Transient, code::UNKNOWN_OUTCOME, error.to_string());
        self.runtime.block_on(async {
            let answer = call.header("authorization", signed).send().await.map_err(lost)?;
            let headers =
                answer.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
            let (status, headers) = (answer.status().as_u16(), headers.collect());
            Ok(Response { status, headers, body: answer.bytes().await.map_err(lost)?.to_vec() })
        })
    }

    fn send_all(&self, requests: Vec<Request>, _: u32) -> Vec<Result<Response, Fault>> {
        requests.into_iter().map(|request| self.send(request)).collect()
    }

    fn config_json(&self) -> String {
        self.config.to_string()
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn remaining_ms(&self) -> u64 {
        30_000
    }

    fn log(&self, _: Level, _: &str, _: &[(&str, &str)]) {}

    fn verify_hmac(&self, _: &str, _: Algorithm, _: &[u8], _: &[u8]) -> Result<bool, Fault> {
        Ok(false)
    }

    fn verify_equals(&self, _: &str, _: &[u8]) -> Result<bool, Fault> {
        Ok(false)
    }
}

pub fn eur() -> Currency {
    Currency::from_code("EUR").unwrap()
}

pub fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub fn euros(text: &str) -> Money {
    Money::new(dec(text), eur())
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn vat19() -> TaxTreatment {
    TaxTreatment { category: TaxCategory::S, rate_percent: Some(dec("19")), exemption_reason: None }
}

pub fn id(of: &str) -> Id {
    Id::derived(&["test", of])
}

fn header(of: &str) -> Header {
    Header { id: Some(id(of)), ..Header::default() }
}

pub fn helix() -> Customer {
    let address = quoin_sdk::Address {
        purpose: "billing".into(),
        lines: vec!["Werkstrasse 1".into()],
        city: "Berlin".into(),
        postal_code: "10115".into(),
        country: "DE".into(),
    };
    Customer {
        details: None,
        header: header("customer"),
        name: "Helix GmbH".into(),
        parent_name: Some("Helix Group AG".into()),
        vat_id: Some("DE123456789".into()),
        country: Some("DE".into()),
        addresses: vec![address],
        payment_terms_days: Some(30),
        currency: Some(eur()),
        credit: None,
        status: quoin_sdk::CustomerStatus::Active,
    }
}

fn contract_line(id: &str, description: &str, billing: BillingMethod) -> ContractLine {
    ContractLine {
        id: id.into(),
        description: description.into(),
        billing,
        tax: vat19(),
        cost_estimate: None,
        terms: LineTerms::default(),
    }
}

/// The scenario's contract: L1 time and materials under a cap, L2 fixed with milestones, L3 retainer.
pub fn setup() -> BillingSetup {
    let role = |role: &str, rate: &str, person: &str| RoleRate {
        role: role.into(),
        hourly_rate: dec(rate),
        resource: Some(format!("{person}@advisory.example")),
        hours: None,
    };
    let term = |code: &str, percent: &str| MilestoneTerm {
        code: code.into(),
        name: format!("Milestone {code}"),
        percent: dec(percent),
        due_on: Some(day("2026-03-27")),
    };
    let milestone = |code: &str, amount: &str| Milestone {
        details: None,
        header: header(code),
        project: None,
        code: code.into(),
        name: format!("Milestone {code}"),
        contract_line: "L2".into(),
        amount: Some(euros(amount)),
        due_on: Some(day("2026-03-27")),
        status: MilestoneStatus::Planned,
        acceptance: None,
    };
    let discovery = BillingMethod::TimeAndMaterials {
        roles: vec![role("Senior", "195.00", "ana"), role("Consultant", "150.00", "ben")],
        cap: Some(Cap { limit: euros("40000.00"), mode: CapMode::Fit }),
    };
    let build = BillingMethod::FixedFee {
        price: euros("120000.00"),
        milestones: vec![term("M1", "30"), term("M2", "50"), term("M3", "20")],
    };
    let retainer = BillingMethod::Retainer(RetainerTerm {
        hours_per_month: dec("40"),
        hourly_rate: dec("160.00"),
        overage_rate: dec("185.00"),
        starts_on: day("2026-04-01"),
    });
    BillingSetup {
        header: header("setup"),
        contract_number: "Q-2026-0042".into(),
        project_code: "P-2026-0042".into(),
        project_name: "Helix discovery and build".into(),
        project: Link::Id(id("project")),
        customer: Link::Id(id("customer")),
        selling_entity: "DE01".into(),
        currency: eur(),
        payment_terms_days: 30,
        starts_on: Some(day("2026-03-02")),
        lines: vec![
            contract_line("L1", "Discovery", discovery),
            contract_line("L2", "Build", build),
            contract_line("L3", "Care", retainer),
        ],
        milestones: vec![milestone("M1", "36000.00"), milestone("M2", "60000.00"), milestone("M3", "24000.00")],
    }
}

/// The set-up as an item, with its customer known.
pub fn setup_item(setup: &BillingSetup, customer: &str) -> Item {
    item("k-setup", setup).reference(ObjectKind::Customer, id("customer"), customer)
}

/// One line: contract line, hours (or pieces), unit price, net.
pub type Figures = (&'static str, &'static str, &'static str, &'static str);

/// A document of these lines with the tax on their sum.
pub fn document(of: &str, kind: InvoiceType, issued: &str, lines: &[Figures], tax: &str) -> Invoice {
    let net: Decimal = lines.iter().map(|line| dec(line.3)).sum();
    let tax = euros(tax);
    let gross = Money::new(net + tax.amount, eur());
    let line = |(at, (contract_line, quantity, price, net)): (usize, &Figures)| InvoiceLine {
        contract_number: None,
        id: (at + 1).to_string(),
        description: format!("{contract_line} service"),
        contract_line: (*contract_line).into(),
        quantity: Quantity {
            value: dec(quantity),
            unit: if *contract_line == "L2" { Unit::LumpSum } else { Unit::Hour },
        },
        unit_price: dec(price),
        net: euros(net),
        tax: vat19(),
        service_period: Some(Period { from: day("2026-03-01"), to: day("2026-03-31") }),
        billing_events: Vec::new(),
    };
    Invoice {
        details: None,
        header: header(of),
        number: None,
        kind,
        issued_on: day(issued),
        due_on: day(issued).checked_add(quoin_sdk::jiff::ToSpan::days(30)).unwrap(),
        currency: eur(),
        selling_entity: "DE01".into(),
        seller_name: "Advisory DE GmbH".into(),
        seller_vat_id: "DE987654321".into(),
        seller_address: None,
        buyer: helix(),
        customer: Link::Id(id("customer")),
        project: Some(Link::Id(id("project"))),
        project_code: Some("P-2026-0042".into()),
        contract_number: "Q-2026-0042".into(),
        preceding_invoice: None,
        period: Some(Period { from: day("2026-03-01"), to: day("2026-03-31") }),
        lines: lines.iter().enumerate().map(line).collect(),
        tax: vec![TaxSubtotal {
            category: TaxCategory::S,
            rate_percent: Some(dec("19")),
            taxable: Money::new(net, eur()),
            tax,
        }],
        totals: Totals { net: Money::new(net, eur()), tax, gross, prepaid: euros("0"), due: gross },
        status: InvoiceStatus::Approved,
    }
}

/// The scenario's invoice of March.
pub fn march() -> Invoice {
    let lines =
        [("L1", "60", "195.00", "11700.00"), ("L1", "74", "150.00", "11100.00"), ("L2", "1", "36000.00", "36000.00")];
    document("march", InvoiceType::Invoice, "2026-03-31", &lines, "11172.00")
}

/// A document as an item, with customer and project known.
pub fn document_item(invoice: &Invoice, customer: &str, job: &str) -> Item {
    item(&format!("k-{}", invoice.header.id.as_ref().unwrap()), invoice)
        .reference(ObjectKind::Customer, id("customer"), customer)
        .reference(ObjectKind::Project, id("project"), job)
}

/// An account with customer and billing set-up; their ids: customer, job.
pub fn provisioned(erp: &Erp) -> (String, String) {
    let customer = erp.helix();
    let outcome = erp.apply(ObjectKind::BillingSetup, &setup_item(&setup(), &customer));
    let job = outcome.references.first().unwrap_or_else(|| panic!("{:?}", outcome.fault)).external.clone();
    (customer, job)
}
