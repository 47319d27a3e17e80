//! The accountant: company, chart of accounts, fiscal year, tax, terms and products, made over RPC
//! before anything of ours is connected; later the payments that come in, and what stands in the
//! books.

use anyhow::{Context, bail};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::database::{LOGIN, NAME, PASSWORD};
use crate::server::Tryton;

/// Name of the company.
pub const COMPANY: &str = "Advisory DE GmbH";
/// Name of the tax.
pub const TAX: &str = "VAT 19 %";
/// Name of the payment term.
pub const TERM: &str = "Net 30";

/// Name of the way payments come in.
const BANK: &str = "Bank transfer";

/// Account numbers of Tryton's universal chart.
const CASH: &str = "1.1.1";
const RECEIVABLE: &str = "1.2.1";
const PAYABLE: &str = "2.1.1";
const TAXES_OWED: &str = "2.2.3";
const SERVICES_SOLD: &str = "4.2.2";
const SERVICES_BOUGHT: &str = "5.1.3";

/// Products: code, name, unit.
const PRODUCTS: [(&str, &str, &str); 4] = [
    ("PS-TM", "Time and materials", "Unit"),
    ("PS-HOUR", "Consulting hour", "Hour"),
    ("PS-FIXED", "Fixed fee", "Unit"),
    ("PS-RETAINER", "Retainer hour", "Hour"),
];

/// A decimal as Tryton writes it.
fn decimal(digits: &str) -> Value {
    json!({"__class__": "Decimal", "decimal": digits})
}

/// A date from its ISO text.
fn date(text: &str) -> anyhow::Result<Value> {
    let parts: Vec<i16> = text.split('-').filter_map(|part| part.parse().ok()).collect();
    let [year, month, of_month] = parts.as_slice() else { bail!("'{text}' is no date") };
    Ok(json!({"__class__": "date", "year": year, "month": month, "day": of_month}))
}

fn day(year: i16, month: i8, day: i8) -> Value {
    json!({"__class__": "date", "year": year, "month": month, "day": day})
}

/// A running Tryton with its set-up company.
pub struct Books {
    /// The server.
    pub tryton: Tryton,
    context: Value,
    company: i64,
}

/// A posted document, as the database holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its number.
    pub number: String,
    /// `posted` or `paid`.
    pub state: String,
    /// Net, negative on a credit note.
    pub net: Decimal,
    /// Tax.
    pub tax: Decimal,
    /// Gross.
    pub gross: Decimal,
    /// What its payments left open.
    pub open: Decimal,
}

impl Books {
    /// Starts a Tryton and sets everything up.
    ///
    /// # Errors
    /// When it does not start, or what it refused; with the end of its log.
    pub async fn open() -> anyhow::Result<Self> {
        let mut books = Self { tryton: Tryton::start().await?, context: json!({"language": "en"}), company: 0 };
        match books.set_up().await {
            Ok(()) => Ok(books),
            Err(error) => Err(error.context(books.tryton.log())),
        }
    }

    async fn set_up(&mut self) -> anyhow::Result<()> {
        let books = self;
        let currency = books
            .create(
                "currency.currency",
                json!({"name": "Euro", "code": "EUR", "symbol": "€", "digits": 2, "rounding": decimal("0.01"),
                "rates": [["create", [{"date": day(2026, 1, 1), "rate": decimal("1")}]]]}),
            )
            .await?;
        books
            .create("country.country", json!({"name": "Germany", "code": "DE", "code3": "DEU", "code_numeric": "276"}))
            .await?;
        let party = books.create("party.party", json!({"name": COMPANY, "code": "DE01"})).await?;
        let company = books
            .create("company.company", json!({"party": party, "currency": currency, "timezone": "Europe/Berlin"}))
            .await?;
        let user = books.only("res.user", json!([["login", "=", "admin"]])).await?;
        books
            .call("res.user", "write", json!([[user], {"companies": [["add", [company]]], "company": company}]))
            .await?;
        books.company = company;
        books.context = json!({"language": "en", "company": company});
        books.chart().await?;
        books.year().await?;
        books.catalogue().await?;
        books.bank().await
    }

    /// The chart of accounts, by Tryton's own wizard.
    async fn chart(&self) -> anyhow::Result<()> {
        let template = self.only("account.account.template", json!([["parent", "=", null]])).await?;
        let wizard = "wizard.account.create_chart";
        let started = self.tryton.rpc(&format!("{wizard}.create"), json!([self.context])).await?;
        let session = started[0].as_i64().context("the wizard has no session")?;
        let chosen = json!({"account": {"company": self.company, "account_template": template}});
        self.tryton.rpc(&format!("{wizard}.execute"), json!([session, {}, "account", self.context])).await?;
        self.tryton.rpc(&format!("{wizard}.execute"), json!([session, chosen, "create_account", self.context])).await?;
        let properties = json!({"properties": {
            "company": self.company,
            "account_receivable": self.account(RECEIVABLE).await?, "account_payable": self.account(PAYABLE).await?,
            "category_account_revenue": self.account(SERVICES_SOLD).await?,
            "category_account_expense": self.account(SERVICES_BOUGHT).await?,
        }});
        self.tryton
            .rpc(&format!("{wizard}.execute"), json!([session, properties, "create_properties", self.context]))
            .await?;
        self.tryton.rpc(&format!("{wizard}.delete"), json!([session, self.context])).await?;
        Ok(())
    }

    /// The fiscal year 2026 with its sequences and periods.
    async fn year(&self) -> anyhow::Result<()> {
        let kind = |name: &str| json!([["name", "=", name]]);
        let invoices = self.only("ir.sequence.type", kind("Invoice")).await?;
        let moves = self.only("ir.sequence.type", kind("Account Move")).await?;
        let invoices = self
            .create(
                "ir.sequence.strict",
                json!({"name": "Invoices 2026", "sequence_type": invoices, "prefix": "INV-",
            "padding": 5, "company": self.company}),
            )
            .await?;
        let moves = self
            .create(
                "ir.sequence.strict",
                json!({"name": "Moves 2026", "sequence_type": moves, "company": self.company}),
            )
            .await?;
        let year = self.create("account.fiscalyear", json!({
            "name": "2026", "start_date": day(2026, 1, 1), "end_date": day(2026, 12, 31), "company": self.company, "move_sequence": moves,
            "invoice_sequences": [["create", [{"company": self.company, "in_invoice_sequence": invoices,
                "in_credit_note_sequence": invoices, "out_invoice_sequence": invoices, "out_credit_note_sequence": invoices}]]],
        })).await?;
        self.call("account.fiscalyear", "create_period", json!([[year]])).await?;
        Ok(())
    }

    /// The bank that customers pay to.
    async fn bank(&self) -> anyhow::Result<()> {
        let journal = self.only("account.journal", json!([["type", "=", "cash"]])).await?;
        let cash = self.account(CASH).await?;
        let method = json!({"name": BANK, "company": self.company, "journal": journal, "credit_account": cash, "debit_account": cash});
        self.create("account.invoice.payment.method", method).await.map(drop)
    }

    /// A customer pays an invoice, in part or whole, by Tryton's own wizard.
    ///
    /// # Errors
    /// When there is no such invoice, or what Tryton refused.
    pub async fn pay(&self, number: &str, amount: &str, on: &str) -> anyhow::Result<()> {
        let found =
            self.read("account.invoice", json!([["number", "=", number]]), &["party", "currency", "account"]).await?;
        let [invoice] = found.as_slice() else { bail!("{} invoices have the number {number}", found.len()) };
        let method = self.only("account.invoice.payment.method", json!([["name", "=", BANK]])).await?;
        let start = json!({
            "payee": invoice["party"], "payees": [invoice["party"]], "amount": decimal(amount), "currency": invoice["currency"],
            "company": self.company, "invoice_account": invoice["account"], "payment_method": method, "date": date(on)?,
        });
        let wizard = "wizard.account.invoice.pay";
        let mut context = self.context.clone();
        context["active_model"] = json!("account.invoice");
        context["active_id"] = invoice["id"].clone();
        context["active_ids"] = json!([invoice["id"]]);
        let started = self.tryton.rpc(&format!("{wizard}.create"), json!([context])).await?;
        let session = started[0].as_i64().context("the wizard has no session")?;
        let mut view = json!({"start": start});
        let asked = self.tryton.rpc(&format!("{wizard}.execute"), json!([session, view, "choice", context])).await?;
        // A part of what is open: the wizard asks whether the rest stays open.
        if !asked["view"].is_null() {
            view["ask"] = json!({"type": "partial"});
            self.tryton.rpc(&format!("{wizard}.execute"), json!([session, view, "pay", context])).await?;
        }
        self.tryton.rpc(&format!("{wizard}.delete"), json!([session, context])).await.map(drop)
    }

    /// Every posted document, in the order they were made.
    ///
    /// # Errors
    /// What Tryton refused.
    pub async fn posted(&self) -> anyhow::Result<Vec<Posted>> {
        let fields = ["number", "state", "untaxed_amount", "tax_amount", "total_amount", "amount_to_pay"];
        let domain = json!([["state", "in", ["posted", "paid"]]]);
        let figure = |row: &Value, field: &str| -> anyhow::Result<Decimal> {
            let digits = row[field]["decimal"].as_str();
            digits.and_then(|digits| digits.parse().ok()).with_context(|| format!("{field} is no decimal: {row}"))
        };
        let found = self.read("account.invoice", domain, &fields).await?;
        let posted = found.iter().map(|row| {
            Ok(Posted {
                number: row["number"].as_str().unwrap_or_default().to_owned(),
                state: row["state"].as_str().unwrap_or_default().to_owned(),
                net: figure(row, "untaxed_amount")?,
                tax: figure(row, "tax_amount")?,
                gross: figure(row, "total_amount")?,
                open: figure(row, "amount_to_pay")?,
            })
        });
        posted.collect()
    }

    /// What an operator writes under `[connection.config]` to connect these books.
    pub fn connection_config(&self) -> String {
        format!(
            r#"base_url = "{}"
database = "{NAME}"
companies = {{ DE01 = "{COMPANY}" }}
products = {{ time_and_materials = "PS-TM", fixed_fee = "PS-FIXED", retainer = "PS-RETAINER", HUR = "PS-HOUR" }}
taxes = {{ "S:19" = "{TAX}" }}
payment_terms = {{ "30" = "{TERM}" }}
"#,
            self.tryton.url
        )
    }

    /// Login and password of the integration's user.
    pub fn credential(&self) -> (&'static str, &'static str) {
        (LOGIN, PASSWORD)
    }

    /// Payment term, tax, accounting category and products.
    async fn catalogue(&self) -> anyhow::Result<()> {
        self.create(
            "account.invoice.payment_term",
            json!({"name": TERM, "lines": [["create", [
            {"type": "remainder", "relativedeltas": [["create", [{"days": 30}]]]}]]]}),
        )
        .await?;
        let owed = self.account(TAXES_OWED).await?;
        let tax = self
            .create(
                "account.tax",
                json!({"name": TAX, "description": TAX, "type": "percentage", "rate": decimal("0.19"),
            "company": self.company, "invoice_account": owed, "credit_note_account": owed}),
            )
            .await?;
        let category = self.create("product.category", json!({"name": "Services", "accounting": true,
            "account_revenue": self.account(SERVICES_SOLD).await?, "account_expense": self.account(SERVICES_BOUGHT).await?,
            "customer_taxes": [["add", [tax]]]})).await?;
        for (code, name, unit) in PRODUCTS {
            let unit = self.only("product.uom", json!([["name", "=", unit]])).await?;
            self.create("product.template", json!({"code": code, "name": name, "type": "service", "default_uom": unit, "sale_uom": unit,
                "salable": true, "account_category": category, "list_price": decimal("0"), "products": [["create", [{}]]]})).await?;
        }
        Ok(())
    }

    async fn account(&self, code: &str) -> anyhow::Result<i64> {
        self.only("account.account", json!([["company", "=", self.company], ["code", "=", code]])).await
    }

    /// Makes a record; its id.
    ///
    /// # Errors
    /// What Tryton refused.
    pub async fn create(&self, model: &str, values: Value) -> anyhow::Result<i64> {
        let ids = self.call(model, "create", json!([[values]])).await?;
        ids[0].as_i64().with_context(|| format!("{model} has no id"))
    }

    /// The one record that fits.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub async fn only(&self, model: &str, domain: Value) -> anyhow::Result<i64> {
        let ids = self.call(model, "search", json!([domain, 0, 2, null])).await?;
        match ids.as_array().map(Vec::as_slice) {
            Some([id]) => id.as_i64().context("an id is a number"),
            _ => bail!("{model} with {domain}: {ids}"),
        }
    }

    /// Records that fit.
    ///
    /// # Errors
    /// What Tryton refused.
    pub async fn read(&self, model: &str, domain: Value, fields: &[&str]) -> anyhow::Result<Vec<Value>> {
        let found = self.call(model, "search_read", json!([domain, 0, null, [["id", "ASC"]], fields])).await?;
        Ok(found.as_array().cloned().unwrap_or_default())
    }

    /// How many records fit.
    ///
    /// # Errors
    /// What Tryton refused.
    pub async fn count(&self, model: &str, domain: Value) -> anyhow::Result<usize> {
        self.read(model, domain, &["id"]).await.map(|found| found.len())
    }

    /// Any method of a model.
    ///
    /// # Errors
    /// What Tryton refused.
    pub async fn call(&self, model: &str, method: &str, params: Value) -> anyhow::Result<Value> {
        let mut params = params;
        if let Some(list) = params.as_array_mut() {
            list.push(self.context.clone());
        }
        self.tryton.rpc(&format!("model.{model}.{method}"), params).await
    }
}
