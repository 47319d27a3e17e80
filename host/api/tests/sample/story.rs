//! What happened, in order.

use billing::{Account, AccountEvent, Derived, Posting};
use ports::{CallTrace, Commit, Op, VendorCall};
use process::projection::{self, Deal};
use process::{Cause, Event, EventDraft, Exception, ExceptionStatus, Fault, FaultKind};
use quoin_canonical::*;
use reconcile::conservation::{ContractBook, EventRef, Kept, statement};
use serde_json::{Value, json};

use super::cast::{context, dec, euros, id, quote, stopped_quote};
use super::digest;

/// One deal being told.
struct Story {
    key: String,
    now: Timestamp,
    ops: Vec<Op>,
    count: u32,
    deal: Option<Deal>,
    account: Option<Account>,
    book: Option<ContractBook>,
}

/// Everything, as commits small enough for the store.
pub fn commits() -> Vec<Commit> {
    [helix(), stopped()]
        .into_iter()
        .flat_map(|ops| ops.chunks(20).map(<[Op]>::to_vec).collect::<Vec<_>>())
        .map(|ops| Commit { expect: Vec::new(), ops })
        .collect()
}

impl Story {
    fn new(key: &str, now: &str) -> Self {
        Self {
            key: key.into(),
            now: now.parse().unwrap(),
            ops: Vec::new(),
            count: 0,
            deal: None,
            account: None,
            book: None,
        }
    }

    fn at(&mut self, now: &str) {
        self.now = now.parse().unwrap();
    }

    fn later(&mut self, millis: i64) {
        self.now = Timestamp::from_millisecond(self.now.as_millisecond() + millis).unwrap();
    }

    fn tell(&mut self, kind: &str, body: Value, cause: Cause) {
        self.count += 1;
        let event = Event {
            seq: 0,
            id: id(&format!("{}/{}", self.key, self.count)),
            kind: kind.into(),
            key: self.key.clone(),
            at: self.now,
            cause: cause.clone(),
            body: body.clone(),
        };
        self.deal = projection::deal(self.deal.take(), &event);
        let Event { id, kind, key, at, .. } = event;
        self.ops.push(Op::Append(EventDraft { id, kind, key, at, cause, body }));
    }

    fn step(&mut self, kind: &str, body: Value, step: &str) {
        self.tell(kind, body, Cause { step: Some(step.into()), ..Cause::default() });
    }

    fn seen(&mut self, connection: &str, by: &str, object: &str, external: &str, changed: bool) {
        let cause = Cause { connection: Some(connection.into()), by: Some(by.into()), ..Cause::default() };
        let body = json!({ "object": object, "external": external, "version": "7", "by": by, "changed": changed });
        self.tell("record.sighted", body, cause);
    }

    fn decided(&mut self, events: Vec<AccountEvent>, step: &str) {
        for event in events {
            billing::evolve(&mut self.account, &event);
            let at = EventRef { seq: u64::from(self.count) + 1, kind: event.kind().into() };
            ContractBook::post(&mut self.book, at, &event);
            self.step(event.kind(), event.to_body().unwrap(), step);
        }
    }

    fn account(&self) -> &Account {
        self.account.as_ref().unwrap()
    }

    /// A command from decision to outcome, with its calls to the vendor.
    fn command(
        &mut self,
        step: &str,
        role: &str,
        connection: &str,
        object: &str,
        objects: &[(&str, &str)],
        calls: &[(&str, &str, u16, u64)],
    ) {
        let command = id(&format!("command/{}/{step}", self.key));
        let ids: Vec<Id> = objects.iter().map(|(name, _)| id(name)).collect();
        let decided = json!({ "command": command, "instance": id("instance"), "role": role, "connection": connection, "object": object, "ids": ids });
        self.step("command.decided", decided, step);
        self.later(40);
        let results: Vec<Value> = objects
            .iter()
            .map(|(name, external)| json!({ "id": id(name), "external": external, "status": "created", "data": null }))
            .collect();
        let body = json!({
            "instance": id("instance"), "command": command, "object": object, "role": role, "connection": connection,
            "attempts": 1, "objects": results, "trace": trace(role, calls),
        });
        self.step("command.done", body, step);
        self.later(15);
    }

    fn finish(mut self) -> Vec<Op> {
        let put = |collection: &str, key: &str, value: Value| Op::PutDocument {
            collection: collection.into(),
            key: key.into(),
            value: value.into(),
        };
        if let Some(deal) = &self.deal {
            self.ops.push(put("deal", &self.key, json!(deal)));
        }
        if let Some(book) = &self.book {
            let statement = Some(statement(book));
            let kept = Kept { book: Some(book.clone()), statement, ..Kept::default() };
            self.ops.push(put("conservation", &self.key, json!(kept)));
        }
        if let Some(account) = &self.account {
            self.ops.push(put("account", &self.key, json!(account)));
            for state in account.invoices.values() {
                let value = json!({ "key": self.key, "invoice": state.invoice, "open": state.open().amount, "status": state.status() });
                self.ops.extend(state.invoice.number.as_deref().map(|number| put("invoice", number, value)));
            }
        }
        self.ops
    }
}

fn trace(plugin: &str, calls: &[(&str, &str, u16, u64)]) -> CallTrace {
    let call = |(method, target, status, millis): &(&str, &str, u16, u64)| VendorCall {
        method: (*method).into(),
        target: (*target).into(),
        status: Some(*status),
        error: None,
        micros: millis * 1_000 + 417,
        sent_bytes: if *method == "GET" { 0 } else { 1_348 },
        received_bytes: 2_210,
    };
    CallTrace {
        call: String::new(),
        plugin: plugin.into(),
        version: "1.2.0".into(),
        digest: digest(plugin),
        micros: calls.iter().map(|call| call.3 * 1_000 + 730).sum(),
        calls: calls.iter().map(call).collect(),
        peak_memory_bytes: 3_407_872,
    }
}

fn gates(failing: Option<(&str, &str)>) -> Value {
    let names = [
        "customer_hierarchy",
        "credit",
        "legal_entity",
        "tax_jurisdiction",
        "contract_type",
        "billing_model",
        "rate_coverage",
    ];
    let gate = |name: &&str| {
        let failed = failing.filter(|(failing, _)| failing == name);
        json!({ "name": name, "passed": failed.is_none(), "message": failed.map(|(_, why)| why), "inputs": { "looked_at": name } })
    };
    json!({ "gates": names.iter().map(gate).collect::<Vec<_>>(), "passed": failing.is_none() })
}

const SETUP: &str = "quote-to-project@1/setup";

fn helix() -> Vec<Op> {
    let mut story = Story::new("Q-2026-0042", "2026-03-02T10:15:01Z");
    let quote = quote();
    let ctx = context(story.now);
    let derived = billing::derive(&quote, &ctx.entity, &id("customer"), &ctx.policy).unwrap();
    story.seen("crm-eu", "webhook", "quote", "0Q0-42", true);
    let cause = Cause { connection: Some("crm-eu".into()), by: Some("webhook".into()), ..Cause::default() };
    story.tell("quote.accepted", json!({ "quote": quote }), cause);
    story.later(12);
    story.step("gates.checked", gates(None), &format!("{SETUP}/gates"));
    let opened = billing::open(None, &derived, &ctx).unwrap();
    story.decided(opened, &format!("{SETUP}/terms"));
    set_up(&mut story, &derived);
    work(&mut story, &derived);
    invoice(&mut story);
    pay(&mut story);
    story.finish()
}

fn set_up(story: &mut Story, derived: &Derived) {
    story.command(
        &format!("{SETUP}/customer/psa"),
        "psa",
        "psa-eu",
        "customer",
        &[("customer", "C-311")],
        &[("GET", "psa.example/api/accounts", 200, 88), ("POST", "psa.example/api/accounts", 201, 131)],
    );
    story.command(
        &format!("{SETUP}/customer/erp"),
        "erp",
        "erp-de",
        "customer",
        &[("customer", "9021")],
        &[("POST", "erp.example/rest/query", 200, 96), ("PUT", "erp.example/rest/customer/eid:Q-2026-0042", 204, 210)],
    );
    story.seen("crm-eu", "poll", "quote", "0Q0-42", false);
    story.command(
        &format!("{SETUP}/shell/project"),
        "psa",
        "psa-eu",
        "project",
        &[("project", "P-7788")],
        &[("POST", "psa.example/api/projects", 201, 402)],
    );
    story.step("project.shell_created", json!({ "project": derived.project }), &format!("{SETUP}/shell_created"));
    let retried = json!({
        "command": id("billing"), "instance": id("instance"), "object": "billing_setup", "role": "erp", "connection": "erp-de", "attempts": 1,
        "fault": Fault::new(FaultKind::RateLimited, "CONCURRENCY", "five requests are already under way; this is the sixth"),
        "trace": trace("erp", &[("PUT", "erp.example/rest/job/eid:P-Q-2026-0042", 429, 31)]),
    });
    story.step("command.retried", retried, &format!("{SETUP}/billing/billing_setup"));
    story.later(640);
    story.command(
        &format!("{SETUP}/billing/billing_setup"),
        "erp",
        "erp-de",
        "billing_setup",
        &[("billing", "5510")],
        &[
            ("PUT", "erp.example/rest/job/eid:P-Q-2026-0042", 204, 284),
            ("PUT", "erp.example/rest/schedule/eid:P-Q-2026-0042", 204, 190),
        ],
    );
    story.step(
        "project.billing_provisioned",
        json!({ "billing_setup": derived.billing_setup }),
        &format!("{SETUP}/billing_provisioned"),
    );
    story.step(
        "project.activated",
        json!({ "project": derived.project, "assignments": derived.assignments }),
        &format!("{SETUP}/activated"),
    );
    story.command(
        "quote-to-project@1/open_for_time/tasks",
        "time",
        "time-eu",
        "task",
        &[("t1", "HLX-1"), ("t2", "HLX-2"), ("t3", "HLX-3")],
        &[("POST", "time.example/rest/api/3/issue/bulk", 201, 355)],
    );
    story.command(
        "quote-to-project@1/tell_sales/crm",
        "crm",
        "crm-eu",
        "deal_status",
        &[("status", "006-17")],
        &[("PATCH", "crm.example/data/v66.0/opportunity/006-17", 204, 142)],
    );
    let people = json!({ "assignments": derived.assignments });
    story.step("project.staffed", people, "quote-to-project@1/staff/staffed");
}

fn work(story: &mut Story, derived: &Derived) {
    let task = derived.project.tasks.iter().find(|task| task.contract_line == "L1").unwrap().header.id.clone().unwrap();
    let mut entries = Vec::new();
    for (who, hours) in [("ana@advisory.example", 60_u32), ("ben@advisory.example", 74)] {
        let mut left = hours * 60;
        let mut date: Date = "2026-03-03".parse().unwrap();
        while left > 0 {
            if date.weekday().to_monday_zero_offset() < 5 {
                entries.push((who, date, left.min(480), BillingType::Chargeable));
                left -= left.min(480);
            }
            date = date.tomorrow().unwrap();
        }
    }
    entries.push(("ben@advisory.example", "2026-03-20".parse().unwrap(), 360, BillingType::NonChargeable));
    entries.sort_by_key(|entry| (entry.1, entry.0));
    for (who, date, minutes, billing_type) in entries {
        story.at(&format!("{date}T17:{:02}:00Z", minutes % 60 + u32::from(who.starts_with("ben")) * 6 + 10));
        let entry = TimeEntry {
            details: None,
            header: Header {
                id: Some(id(&format!("{who}{date}{minutes}"))),
                version: Some("1".into()),
                ..Header::default()
            },
            task: Link::Id(task.clone()),
            resource: who.into(),
            date,
            minutes,
            billing_type,
            status: TimeStatus::Approved,
            approved_by: Some("lead@advisory.example".into()),
            approved_at: None,
            note: None,
        };
        let cause = Cause { connection: Some("time-eu".into()), by: Some("poll".into()), ..Cause::default() };
        story.tell("time.recorded", json!({ "entry": entry }), cause);
        let events = billing::record_time(story.account(), &entry, &context(story.now)).unwrap();
        story.decided(events, "time-to-invoice@1/rate/recorded");
    }
    story.at("2026-03-27T14:02:11Z");
    let sold = derived.project.milestones.iter().find(|milestone| milestone.code == "M1").unwrap();
    let accepted = Milestone {
        status: MilestoneStatus::Accepted,
        acceptance: Some(Acceptance {
            by: "J. Vogt, Helix".into(),
            on: "2026-03-27".parse().unwrap(),
            evidence_sha256: "9f2c".repeat(16),
        }),
        ..sold.clone()
    };
    let cause = Cause { connection: Some("psa-eu".into()), by: Some("webhook".into()), ..Cause::default() };
    story.tell("milestone.accepted", json!({ "milestone": accepted }), cause);
    let events = billing::accept_milestone(story.account(), &accepted, &context(story.now)).unwrap();
    story.decided(events, "milestone-to-invoice@1/accepted/ready");
}

fn post(story: &mut Story, invoice: &Invoice, number: &str) {
    let step = "invoice-posting@1/invoice";
    story.step(
        "invoice.checked",
        json!({ "invoice": invoice.header.id, "rules": "EN 16931", "passed": true }),
        &format!("{step}/checked"),
    );
    story.command(
        &format!("{step}/posting/{number}"),
        "erp",
        "erp-de",
        "invoice",
        &[(number, "71001")],
        &[("GET", "erp.example/rest/invoice", 200, 77), ("PUT", "erp.example/rest/invoice/eid:0a7f", 204, 466)],
    );
    let posting = Posting {
        invoice: invoice.header.id.clone().unwrap(),
        number: number.into(),
        on: invoice.issued_on,
        share: None,
    };
    let events = billing::invoice_posted(story.account(), &posting, &context(story.now)).unwrap();
    story.decided(events, &format!("{step}/booked"));
    let posted = Invoice { number: Some(number.into()), status: InvoiceStatus::Posted, ..invoice.clone() };
    story.step(
        "invoice.posted",
        json!({ "invoice": posted, "number": number, "external": "71001" }),
        &format!("{step}/posted"),
    );
    story.command(
        &format!("invoice-to-crm@1/posted/crm/{number}"),
        "crm",
        "crm-eu",
        "deal_status",
        &[("status", "006-17")],
        &[("PATCH", "crm.example/data/v66.0/opportunity/006-17", 204, 120)],
    );
}

fn drafted(events: &[AccountEvent]) -> Invoice {
    let draft = events.iter().find_map(|event| match event {
        AccountEvent::InvoiceDrafted(drafted) => Some(drafted.invoice.clone()),
        _ => None,
    });
    draft.unwrap()
}

fn invoice(story: &mut Story) {
    story.at("2026-03-31T16:00:00Z");
    story.step(
        "billing.run_requested",
        json!({ "as_of": "2026-03-31", "zone": "Europe/Berlin", "scheduled": true }),
        "time-to-invoice@1/schedule/month_end",
    );
    let events = billing::run(story.account(), "2026-03-31".parse().unwrap(), &context(story.now)).unwrap();
    let first = drafted(&events);
    story.decided(events, "time-to-invoice@1/run/run");
    post(story, &first, "INV-1001");
    let cost = ProjectFinancials {
        header: Header::default(),
        project: Link::Id(id("project")),
        contract_line: "L2".into(),
        as_of: "2026-03-31".parse().unwrap(),
        cost_to_date: euros("20000.00"),
        revenue_to_date: Some(euros("30000.00")),
    };
    story.later(90_000);
    let cause = Cause { connection: Some("erp-de".into()), by: Some("poll".into()), ..Cause::default() };
    story.tell("financials.reported", json!({ "financials": cost }), cause);
    let events =
        billing::compute_revenue(story.account(), cost.as_of, std::slice::from_ref(&cost), &context(story.now))
            .unwrap();
    story.decided(events, "invoice-to-crm@1/revenue/revenue");
    story.at("2026-04-01T04:00:00Z");
    story.tell(
        "retainer.due",
        json!({ "line": "L3", "period_start": "2026-04-01", "zone": "Europe/Berlin" }),
        Cause::default(),
    );
    let events =
        billing::retainer_due(story.account(), "L3", "2026-04-01".parse().unwrap(), &context(story.now)).unwrap();
    let retainer = drafted(&events);
    story.decided(events, "retainer-to-invoice@1/invoice/drafted");
    post(story, &retainer, "INV-1002");
}

fn pay(story: &mut Story) {
    story.at("2026-04-20T09:00:00Z");
    let invoice = story.account().invoice_by_number("INV-1001").unwrap().invoice.header.id.clone().unwrap();
    let payment = Payment {
        details: None,
        header: Header { id: Some(id("payment")), ..Header::default() },
        invoice: Link::Id(invoice),
        amount: euros("40000.00"),
        value_date: "2026-04-20".parse().unwrap(),
        fx: None,
        status: PaymentStatus::Settled,
    };
    assert_eq!(payment.amount.amount, dec("40000"));
    let cause = Cause { connection: Some("erp-de".into()), by: Some("poll".into()), ..Cause::default() };
    story.tell("payment.received", json!({ "payment": payment }), cause);
    let events = billing::payment(story.account(), &payment, &context(story.now)).unwrap();
    story.decided(events, "invoice-to-crm@1/paid/applied");
    story.tell("weather.changed", json!({ "from": "rain", "to": "sun" }), Cause::default());
}

fn stopped() -> Vec<Op> {
    let mut story = Story::new("Q-2026-0057", "2026-04-20T07:42:10Z");
    story.seen("crm-eu", "poll", "quote", "0Q0-57", true);
    let cause = Cause { connection: Some("crm-eu".into()), by: Some("poll".into()), ..Cause::default() };
    story.tell("quote.accepted", json!({ "quote": stopped_quote() }), cause);
    let why = "the customer is on credit hold";
    story.step("gates.checked", gates(Some(("credit", why))), &format!("{SETUP}/gates"));
    let exception = exception("Q-2026-0057", why);
    story.step("exception.opened", json!({ "exception": exception }), &format!("{SETUP}/gates"));
    story.ops.push(Op::PutException(exception));
    story.finish()
}

/// The exception of the stopped deal.
pub fn exception(key: &str, why: &str) -> Exception {
    let mut fault = Fault::new(FaultKind::InvalidData, "GATE", why);
    fault.field = Some("/customer/credit/status".into());
    Exception {
        id: id("exception"),
        key: key.into(),
        customer: "Nordlicht Logistik AG".into(),
        instance: id("stopped-instance"),
        step: format!("{SETUP}/gates"),
        fault,
        amount: Some("EUR 40000.00".into()),
        owner: "sales-operations".into(),
        due: "2026-04-20T15:42:10Z".parse().unwrap(),
        suggestion: "Clear the hold with finance in the CRM, then retry.".into(),
        opened_at: "2026-04-20T07:42:10Z".parse().unwrap(),
        status: ExceptionStatus::Open,
    }
}
