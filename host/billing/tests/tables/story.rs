//! Verbs about an account: what happens to a contract, and which documents follow.

use billing::account::DocumentStage;
use billing::policy::{BillingPolicy, CreditMode, DeletedAfterBilling, GroupBy, RetainerEnd};
use billing::rates::RateRow;
use billing::{Account, AccountEvent, CreditLine};
use quoin_canonical::*;

use crate::common::{self, Book, customer, day, dec, eur, euros, id, minutes, option};
use told::*;
use words::*;

#[path = "told.rs"]
mod told;
#[path = "words.rs"]
mod words;

#[derive(Default)]
pub struct Story {
    lines: Vec<QuoteLine>,
    version: u32,
    closed: Option<String>,
    policy: BillingPolicy,
    rows: Vec<RateRow>,
    agreement: Agreement,
    currency: Option<Currency>,
    book: Option<Book>,
    drafts: Vec<Invoice>,
    posted: Vec<Invoice>,
}

type Outcome = Result<String, String>;

impl Story {
    pub fn step(&mut self, verb: &str, words: &[&str]) -> Option<Outcome> {
        if let Some(done) = self.set_up(verb, words) {
            return Some(done);
        }
        self.input(verb, words).or_else(|| self.command(verb, words)).or_else(|| self.question(verb, words))
    }

    pub fn book(&self) -> Option<&Book> {
        self.book.as_ref()
    }

    pub fn check_laws(&self) -> Outcome {
        let book = self.book.as_ref().ok_or("the account is not open")?;
        common::laws::check(book.account());
        common::laws::survives(&book.events, book.account());
        common::laws::positions_balance(book.account(), day("2026-05-31"), &book.ctx);
        Ok("hold".into())
    }

    /// Accepts and reports everything, and runs and posts until nothing is left to do.
    pub fn complete(&mut self) {
        let Some(book) = &self.book else { return };
        let milestones: Vec<(String, String)> =
            book.derived.project.milestones.iter().map(|m| (m.contract_line.clone(), m.code.clone())).collect();
        let progress: Vec<String> =
            book.account().contract.lines.iter().filter(|l| l.terms.progress.is_some()).map(|l| l.id.clone()).collect();
        for (line, code) in milestones {
            self.step("accept", &[&line, &code, "2026-06-01"]);
        }
        for line in progress {
            self.step("progress", &[&line, "100", "2026-06-01"]);
        }
        for _ in 0..4 {
            self.step("run", &["2026-12-31"]);
            while self.out(DocumentStage::Draft).first().is_some_and(|_| self.step("release-out", &["0"]).is_some()) {}
            while self.out(DocumentStage::Released).first().is_some_and(|_| self.step("post-out", &["0"]).is_some()) {}
        }
    }

    /// Documents at a stage, in the order of their ids.
    fn out(&self, stage: DocumentStage) -> Vec<Invoice> {
        let states = self.book.iter().flat_map(|book| book.account().invoices.values());
        states.filter(|state| state.stage == stage).map(|state| state.invoice.clone()).collect()
    }

    /// The n-th document at a stage, counted round and round.
    fn nth_out(&self, stage: DocumentStage, which: &str) -> Option<Invoice> {
        let out = self.out(stage);
        let which: usize = which.parse().ok()?;
        out.get(which % out.len().max(1)).cloned()
    }

    pub fn survives_the_log(&self) {
        if let Some(book) = &self.book {
            common::survives_the_log(&book.events);
        }
    }

    fn set_up(&mut self, verb: &str, words: &[&str]) -> Option<Outcome> {
        Some(match (verb, words) {
            ("line", [id, what, rest @ ..]) => self.line(id, what, rest),
            ("policy", options) => self.set_policy(options),
            ("terms", [line, options @ ..]) => self.set_terms(line, options),
            ("agree", [what, rest @ ..]) => self.agree(what, rest),
            ("currency", [code]) => {
                self.currency = Currency::from_code(code);
                Ok(String::new())
            }
            ("closed", [date]) => {
                self.closed = Some((*date).into());
                if let Some(book) = &mut self.book {
                    book.ctx.entity.closed_through = Some(day(date));
                }
                Ok(String::new())
            }
            ("now", [instant]) => {
                self.book.as_mut()?.at(instant);
                Ok(String::new())
            }
            ("open", []) => self.open(),
            ("amend", []) => self.amend(),
            ("card", [level, id, rate, rest @ ..]) => self.card(level, id, rate, rest),
            _ => return None,
        })
    }

    fn input(&mut self, verb: &str, words: &[&str]) -> Option<Outcome> {
        Some(match (verb, words) {
            ("time", [key, line, who, date, time, rest @ ..]) => {
                let entry = self.entry(key, line, who, date, time, rest);
                self.decide(|account, ctx| billing::record_time(account, &entry, ctx))
            }
            ("accept" | "withdraw", [line, code, date]) => {
                if !self.book.as_ref()?.has_milestone(line, code) {
                    return Some(Ok("there is none".into()));
                }
                let mut milestone = self.book.as_ref()?.milestone(line, code, date);
                if verb == "withdraw" {
                    milestone.status = MilestoneStatus::Withdrawn;
                    milestone.acceptance = None;
                }
                self.decide(|account, ctx| billing::accept_milestone(account, &milestone, ctx))
            }
            ("expense", [key, line, date, paid, rest @ ..]) => {
                let expense = expense(key, line, date, paid, rest);
                self.decide(|account, ctx| billing::record_expense(account, &expense, ctx))
            }
            ("progress", [line, percent, date]) => {
                let report =
                    billing::Progress { line: (*line).into(), percent: dec(percent), on: day(date), by: "lead".into() };
                self.decide(|account, ctx| billing::report_progress(account, &report, ctx))
            }
            ("pay", [key, amount, rest @ ..]) => {
                let invoice = self.posted.iter().find(|invoice| invoice.kind != InvoiceType::CreditNote)?.clone();
                let payment = Payment {
                    details: None,
                    header: Header { id: Some(id(key)), ..Header::default() },
                    invoice: Link::Id(invoice.header.id?),
                    amount: Money::new(dec(amount), invoice.currency),
                    value_date: day("2026-04-20"),
                    fx: option(rest, "at").map(|rate| FxRate {
                        from: invoice.currency,
                        to: eur(),
                        rate: dec(rate),
                        on: day("2026-04-20"),
                        source: "bank".into(),
                    }),
                    status: PaymentStatus::Settled,
                };
                self.decide(|account, ctx| billing::payment(account, &payment, ctx))
            }
            ("post-out", [which]) => match self.nth_out(DocumentStage::Released, which) {
                Some(document) => self.post_document(document),
                None => Ok("nothing is out".into()),
            },
            ("release-out", [which]) => {
                let Some(document) = self.nth_out(DocumentStage::Draft, which) else {
                    return Some(Ok("no draft".into()));
                };
                let draft = document.header.id?;
                self.decide(|account, ctx| billing::approve(account, &draft, &everybody(), ctx))
            }
            ("reject-out", []) => {
                let Some(document) = self.nth_out(DocumentStage::Draft, "0") else {
                    return Some(Ok("no draft".into()));
                };
                let draft = document.header.id?;
                self.decide(|account, ctx| billing::reject(account, &draft, &everybody(), "not agreed", ctx))
            }
            ("post", []) => self.post(),
            ("post", [number]) => self.post_draft(number),
            _ => return None,
        })
    }

    fn command(&mut self, verb: &str, words: &[&str]) -> Option<Outcome> {
        Some(match (verb, words) {
            ("run", [date]) => self.decide(|account, ctx| billing::run(account, day(date), ctx)),
            ("retainer", [line, date]) => {
                self.decide(|account, ctx| billing::retainer_due(account, line, day(date), ctx))
            }
            ("close", [line, date]) => {
                self.decide(|account, ctx| billing::close_retainer(account, line, day(date), ctx))
            }
            ("close-advance", [code, date]) => {
                self.decide(|account, ctx| billing::close_advance(account, code, day(date), ctx))
            }
            ("credit-all", []) => {
                let invoice = self.posted.first()?.header.id.clone()?;
                self.decide(|account, ctx| billing::credit_document(account, &invoice, "wrong buyer", ctx))
            }
            ("release", []) => return self.command("approve", &["finance", "operations"]),
            ("release", ["first"]) => {
                let draft =
                    self.book.as_ref()?.account().invoices.values().find(|s| s.stage == DocumentStage::Discarded)?;
                let draft = draft.invoice.header.id.clone()?;
                self.decide(|account, ctx| billing::approve(account, &draft, &everybody(), ctx))
            }
            ("approve", role) => {
                let draft = self.last_id()?;
                let approver = person(role);
                self.decide(|account, ctx| billing::approve(account, &draft, &approver, ctx))
            }
            ("reject", role) => {
                let draft = self.last_id()?;
                let approver = person(role);
                self.decide(|account, ctx| billing::reject(account, &draft, &approver, "not agreed", ctx))
            }
            ("recalculate", []) => {
                let draft = self.last_id()?;
                self.decide(|account, ctx| billing::recalculate(account, &draft, ctx))
            }
            ("reevaluate", [line]) => {
                self.decide(|account, ctx| billing::release_over_cap(account, line, "command", ctx))
            }
            ("write-off", [key, role @ ..]) => {
                let approver = if role.is_empty() { everybody() } else { person(role) };
                self.decide(|account, ctx| billing::write_off(account, &id(key), "agreed", &approver, ctx))
            }
            ("approve-credit", [key]) => {
                let book = self.book.as_mut()?;
                let events =
                    billing::approve_credit(book.account(), &id(key), &book.ctx).map_err(|refusal| said(&refusal));
                events.map(|events| self.note(events, true))
            }
            ("credit-line", [line, net]) => {
                let invoice = self.posted.first()?.header.id.clone()?;
                let wanted = CreditLine {
                    key: "k".into(),
                    invoice,
                    line: (*line).into(),
                    net: dec(net),
                    reason: "goodwill".into(),
                };
                self.decide(|account, ctx| billing::credit_line(account, &wanted, ctx))
            }
            ("goodwill", [key, net]) => {
                let Some(invoice) = self.posted.iter().find(|invoice| invoice.kind == InvoiceType::Invoice) else {
                    return Some(Ok("nothing is posted".into()));
                };
                let wanted = CreditLine {
                    key: (*key).into(),
                    invoice: invoice.header.id.clone()?,
                    line: "1".into(),
                    net: dec(net),
                    reason: "goodwill".into(),
                };
                self.decide(|account, ctx| billing::credit_line(account, &wanted, ctx))
            }
            ("hold", [line, code]) => {
                let milestone = self.book.as_ref()?.milestone(line, code, "2026-01-01").header.id?;
                self.decide(|account, ctx| {
                    billing::hold_milestone(account, &milestone, Some("found by hand in the books"), ctx)
                })
            }
            ("rates", []) => {
                let rows = self.rows.clone();
                self.decide(|account, ctx| billing::change_rates(account, &rows, ctx))
            }
            ("re-rate", [line]) => self.decide(|account, ctx| billing::re_rate(account, line, ctx)),
            ("rebill", [key]) => self.decide(|account, ctx| billing::rebill(account, &id(key), ctx)),
            _ => return None,
        })
    }

    fn question(&mut self, verb: &str, words: &[&str]) -> Option<Outcome> {
        let account = self.book.as_ref()?.account();
        Some(match (verb, words) {
            ("laws", []) => self.check_laws(),
            ("lines", [number]) => {
                let draft = self.drafts.get(number.parse::<usize>().unwrap() - 1)?;
                let printed: Vec<String> = draft.lines.iter().map(printed).collect();
                Ok(format!("{}: {}", draft.buyer.name, printed.join(" | ")))
            }
            ("due", []) => {
                let totals = &self.drafts.last()?.totals;
                Ok(format!("{:.2} - {:.2} = {:.2}", totals.gross.amount, totals.prepaid.amount, totals.due.amount))
            }
            ("advance-left", [code]) => {
                let ledger = &account.advances.get(*code)?.ledger;
                Ok(format!(
                    "invoiced {:.2} applied {:.2} refunded {:.2} expired {:.2} left {:.2}",
                    ledger.invoiced,
                    ledger.applied,
                    ledger.refunded,
                    ledger.expired,
                    ledger.available()
                ))
            }
            ("payers-of", [line, code]) => {
                let id = self.book.as_ref()?.milestone(line, code, "2026-01-01").header.id?;
                Ok(word(account.shared_milestone(&id)))
            }
            ("expense-stage", [key]) => Ok(word(account.expenses.get(&id(key))?.stage)),
            ("lines", []) => Ok(self.drafts.last()?.lines.iter().map(printed).collect::<Vec<_>>().join(" | ")),
            ("document", []) => {
                let draft = self.drafts.last()?;
                let service = draft.lines.first()?.service_period?;
                Ok(format!("issued {} due {} service {}..{}", draft.issued_on, draft.due_on, service.from, service.to))
            }
            ("corrects", []) => Ok(self.drafts.last()?.preceding_invoice.clone().unwrap_or_default()),
            ("shares", [line]) => {
                let events = account.explain(self.drafts.last()?.header.id.as_ref()?, line);
                Ok(events.iter().map(|event| format!("{:.2}", event.net)).collect::<Vec<_>>().join(" "))
            }
            ("bucket", [name]) => Ok(bucket(account, name)),
            ("balance", []) => {
                let state = account.invoice(self.posted.first()?.header.id.as_ref()?)?;
                Ok(format!("{:.2} {}", state.open().amount, word(state.status())))
            }
            ("left", [line]) => {
                let left: Decimal = account.retainers.get(*line)?.advances.values().map(|advance| advance.left()).sum();
                Ok(format!("{} h", left.normalize()))
            }
            ("milestone", [line, code]) => {
                let id = self.book.as_ref()?.milestone(line, code, "2026-01-01").header.id?;
                Ok(word(account.milestones.get(&id)?.stage))
            }
            ("revenue", [date, rest @ ..]) => return Some(self.revenue(date, rest)),
            _ => return None,
        })
    }

    fn decide(
        &mut self,
        decide: impl Fn(&Account, &billing::Context) -> Result<Vec<AccountEvent>, billing::Refusal>,
    ) -> Outcome {
        let book = self.book.as_mut().ok_or("the account is not open")?;
        let events = book.try_decide(decide).map_err(|refusal| said(&refusal))?;
        Ok(self.note(events, false))
    }

    /// Keeps the drafted documents, and says what happened.
    fn note(&mut self, events: Vec<AccountEvent>, apply: bool) -> String {
        let events = if apply { self.book.as_mut().unwrap().apply(events) } else { events };
        for event in &events {
            match event {
                AccountEvent::InvoiceDrafted(drafted) => self.drafts.push(drafted.invoice.clone()),
                AccountEvent::CreditDrafted(drafted) => self.drafts.push(drafted.credit.clone()),
                _ => {}
            }
        }
        if events.is_empty() { "nothing".into() } else { events.iter().map(told).collect::<Vec<_>>().join("; ") }
    }

    fn last_id(&self) -> Option<Id> {
        self.drafts.last()?.header.id.clone()
    }

    /// Posts the document that was drafted as the n-th.
    fn post_draft(&mut self, number: &str) -> Outcome {
        let at: usize = number.parse().map_err(|_| "which document?")?;
        let document = self.drafts.get(at - 1).cloned().ok_or("so many are not drafted")?;
        self.post_document(document)
    }

    fn post(&mut self) -> Outcome {
        let document = self.drafts.last().cloned().ok_or("nothing is drafted")?;
        self.post_document(document)
    }

    fn post_document(&mut self, document: Invoice) -> Outcome {
        let events = self.book.as_mut().ok_or("not open")?.post(&document);
        let number = self
            .book
            .as_ref()
            .and_then(|book| book.account().invoice(document.header.id.as_ref()?)?.invoice.number.clone());
        self.posted.push(Invoice { number, ..document });
        Ok(self.note(events, false))
    }

    fn line(&mut self, id: &str, what: &str, rest: &[&str]) -> Outcome {
        let billing = match (what, rest) {
            ("time", roles) => {
                let named = roles.iter().filter(|word| !word.starts_with("cap=") && !word.starts_with("tax="));
                let roles_of =
                    named.filter_map(|word| word.split_once('=')).map(|(name, rate)| match rate.split_once(':') {
                        Some((rate, who)) => common::role(name, rate, Some(&format!("{who}@x"))),
                        None => common::role(name, rate, None),
                    });
                let cap = option(rest, "cap").and_then(|cap| cap.split_once(':'));
                let mode = cap.map_or(CapMode::Fit, |(_, mode)| serde_json::from_value(mode.into()).unwrap());
                common::hourly(roles_of.collect(), cap.map(|(limit, _)| limit), mode)
            }
            ("fixed", [price, "progress", ..]) => {
                BillingMethod::FixedFee { price: euros(price), milestones: Vec::new() }
            }
            ("fixed", [price, shares, ..]) => common::fixed(price, &shares.split('/').collect::<Vec<_>>()),
            ("retainer", [hours, rate, overage, starts, ..]) => common::retainer(hours, rate, overage, starts),
            _ => return Err(format!("a line of {what}?")),
        };
        let mut line = common::line(id, &format!("Work {id}"), billing);
        line.cost_estimate = option(rest, "cost").map(euros);
        line.tax =
            option(rest, "tax").map(|rate| TaxTreatment { rate_percent: Some(dec(rate)), ..common::standard_tax() });
        line.billing = in_currency(line.billing, self.currency.unwrap_or(eur()));
        if let Some(known) = self.lines.iter().find(|known| known.id == id) {
            line.terms = known.terms.clone();
        }
        self.lines.retain(|known| known.id != id);
        self.lines.push(line);
        Ok(String::new())
    }

    fn set_terms(&mut self, id: &str, options: &[&str]) -> Outcome {
        let line = self.lines.iter_mut().find(|line| line.id == id).ok_or("no such line")?;
        let terms = &mut line.terms;
        for option in options {
            let (name, value) = option.split_once('=').ok_or("terms are name=value")?;
            match name {
                "discount" => terms.discount = Some(Discount { percent: dec(value), reason: "framework".into() }),
                "retention" => terms.retention_percent = Some(dec(value)),
                "progress" => terms.progress = Some(json(value)),
                "beyond" => terms.beyond_cap = Some(beyond(value)),
                "hours" => terms.monthly_hours = value.split(',').map(step).collect(),
                "markup" => terms.expense_markup_percent = Some(dec(value)),
                "group" => terms.invoice_group = Some(value.into()),
                "rollover" => {
                    let (cap_hours, periods) = value.split_once(':').ok_or("hours:periods")?;
                    terms.rollover = Some(Rollover { cap_hours: dec(cap_hours), periods: periods.parse().unwrap() });
                }
                "alone" => terms.standalone_price = Some(euros(value)),
                "hours-planned" => {
                    terms.revenue = Some(RevenueMethod::PercentOfHours { planned_hours: dec(value) });
                }
                "straight-line" => {
                    let (from, to) = value.split_once("..").ok_or("from..to")?;
                    terms.revenue = Some(RevenueMethod::StraightLine { from: day(from), to: day(to) });
                }
                other => return Err(format!("terms {other}?")),
            }
        }
        Ok(String::new())
    }

    fn agree(&mut self, what: &str, rest: &[&str]) -> Outcome {
        let agreed = &mut self.agreement;
        match (what, rest) {
            ("cap", [limit, options @ ..]) => {
                let (limit, mode) = limit.split_once(':').ok_or("limit:mode")?;
                agreed.caps.push(LevelCap {
                    line: option(options, "line").map(str::to_owned),
                    payer: option(options, "payer").map(str::to_owned),
                    limit: Money::new(dec(limit), self.currency.unwrap_or(eur())),
                    mode: json(mode),
                });
            }
            ("expenses-count", []) => agreed.expenses_count = true,
            ("payer", [code, percent, options @ ..]) => agreed.payers.push(Payer {
                code: (*code).into(),
                customer: Customer {
                    header: Header { id: Some(id(&format!("payer {code}"))), ..Header::default() },
                    name: format!("Payer {code}"),
                    ..customer()
                },
                percent: dec(percent),
                takes_remainder: options.contains(&"remainder"),
                tax: option(options, "tax")
                    .map(|rate| TaxTreatment { rate_percent: Some(dec(rate)), ..common::standard_tax() }),
            }),
            ("advance", [code, line, amount, due, options @ ..]) => agreed.advances.push(AdvanceTerm {
                code: (*code).into(),
                line: (*line).into(),
                amount: Money::new(dec(amount), self.currency.unwrap_or(eur())),
                due_on: day(due),
                at_end: if options.contains(&"expire") { AdvanceEnd::Expire } else { AdvanceEnd::Refund },
            }),
            ("fx", [from, to, rate, on]) => agreed.fx.push(FxRate {
                from: Currency::from_code(from).unwrap(),
                to: Currency::from_code(to).unwrap(),
                rate: dec(rate),
                on: day(on),
                source: "ECB".into(),
            }),
            _ => return Err(format!("agree {what}?")),
        }
        Ok(String::new())
    }

    fn set_policy(&mut self, options: &[&str]) -> Outcome {
        for option in options {
            match option.split_once('=').unwrap_or((option, "")) {
                ("review", _) => self.policy.review_drafts = true,
                ("limit", row) => self.policy.approvals.push(limit(row)),
                ("by", "person") => self.policy.group_by = GroupBy::Person,
                ("credit", "full") => self.policy.credit_mode = CreditMode::FullAndRebill,
                ("deleted", "credit") => self.policy.deleted_after_billing = DeletedAfterBilling::Credit,
                ("rollover", hours) => self.policy.retainer.rollover_cap_hours = dec(hours),
                ("end", "expire") => self.policy.retainer.at_end = RetainerEnd::Expire,
                ("usable", "paid") => self.policy.retainer.usable = billing::policy::AdvanceUsable::AfterPayment,
                (role, factor) if !factor.is_empty() => {
                    self.policy.retainer.role_multipliers.insert(role.into(), dec(factor));
                }
                (other, _) => return Err(format!("policy {other}?")),
            }
        }
        Ok(String::new())
    }

    fn quote(&self) -> Quote {
        Quote {
            version: self.version,
            customer: customer(),
            currency: self.currency.unwrap_or(eur()),
            agreement: self.agreement.clone(),
            ..common::quote(self.lines.clone())
        }
    }

    fn open(&mut self) -> Outcome {
        self.version = 1;
        let mut entity = common::entity();
        entity.closed_through = Some(self.closed.as_deref().map_or(day("2025-12-31"), day));
        billing::derive(&self.quote(), &entity, &id("customer"), &self.policy).map_err(|refusal| said(&refusal))?;
        let mut book = Book::open_with(&self.quote(), entity, self.policy.clone());
        if !self.rows.is_empty() {
            let rows = self.rows.clone();
            book.decide(|account, ctx| billing::change_rates(account, &rows, ctx));
        }
        self.book = Some(book);
        Ok("opened".into())
    }

    fn amend(&mut self) -> Outcome {
        self.version += 1;
        let quote = self.quote();
        let book = self.book.as_mut().ok_or("not open")?;
        let derived =
            billing::derive(&quote, &book.ctx.entity, &id("customer"), &book.ctx.policy).map_err(|r| said(&r))?;
        book.derived = derived.clone();
        self.decide(|account, ctx| billing::open(Some(account), &derived, ctx))
    }

    fn card(&mut self, level: &str, row: &str, rate: &str, rest: &[&str]) -> Outcome {
        let level = serde_json::from_value(level.into()).map_err(|error| error.to_string())?;
        self.rows.retain(|known| known.id != row);
        self.rows.push(RateRow {
            role: option(rest, "role").map(str::to_owned),
            person: option(rest, "person").map(str::to_owned),
            from: option(rest, "from").map(day),
            to: option(rest, "to").map(day),
            ..RateRow::new(
                row,
                1,
                level,
                option(rest, "currency")
                    .map_or(self.currency.unwrap_or(eur()), |code| Currency::from_code(code).unwrap()),
                dec(rate),
            )
        });
        Ok(String::new())
    }

    fn entry(&self, key: &str, line: &str, who: &str, date: &str, time: &str, rest: &[&str]) -> TimeEntry {
        let book = self.book.as_ref().expect("open first");
        let mut entry = book.entry(key, line, &format!("{who}@x"), date, minutes(time));
        entry.header.version = Some(option(rest, "rev").unwrap_or("1").into());
        for word in rest {
            match *word {
                "free" => entry.billing_type = BillingType::NonChargeable,
                "complimentary" => entry.billing_type = BillingType::Complimentary,
                "submitted" => entry.status = TimeStatus::Submitted,
                "rejected" => entry.status = TimeStatus::Rejected,
                "deleted" => entry.status = TimeStatus::Deleted,
                _ => {}
            }
        }
        entry
    }

    fn revenue(&mut self, date: &str, rest: &[&str]) -> Outcome {
        let cost = |word: &&str| {
            let (line, amounts) = word.split_once('=')?;
            let (cost, books) = amounts.split_once(':').map_or((amounts, None), |(cost, books)| (cost, Some(books)));
            Some(ProjectFinancials {
                header: Header::default(),
                project: Link::Id(id("project")),
                contract_line: line.into(),
                as_of: day(date),
                cost_to_date: euros(cost),
                revenue_to_date: books.map(euros),
            })
        };
        let rows: Vec<ProjectFinancials> = rest.iter().filter_map(cost).collect();
        self.decide(|account, ctx| billing::compute_revenue(account, day(date), &rows, ctx))
    }
}
