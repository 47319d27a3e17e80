//! What is charged and paid. Names follow EN 16931; the BT numbers are its business terms.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::details::{InvoiceDetails, PaymentDetails};
use crate::money::{Currency, Money, Quantity};
use crate::object::canonical;
use crate::party::{Address, Customer, TaxCategory, TaxTreatment};
use crate::validate::{Path, Problems};
use crate::{Date, Header, Link, terms};

/// An invoice or credit note. Canonical object `invoice`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Invoice {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// Number (BT-1); the ERP assigns it when it posts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Type (BT-3).
    pub kind: InvoiceType,
    /// Issue date (BT-2).
    pub issued_on: Date,
    /// Due date (BT-9).
    pub due_on: Date,
    /// Currency (BT-5).
    pub currency: Currency,
    /// Code of the seller.
    pub selling_entity: String,
    /// Seller's name (BT-27) and VAT id (BT-31), as printed.
    pub seller_name: String,
    /// Seller's VAT id (BT-31).
    pub seller_vat_id: String,
    /// Seller's postal address (BG-5), as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller_address: Option<Address>,
    /// Buyer, as printed (BG-7).
    pub buyer: Customer,
    /// The customer.
    pub customer: Link,
    /// The project (BT-11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<Link>,
    /// Project code, as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_code: Option<String>,
    /// Contract number (BT-12).
    pub contract_number: String,
    /// The invoice it corrects (BT-25), by its posted number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preceding_invoice: Option<String>,
    /// Billing period (BG-14).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// Lines (BG-25).
    pub lines: Vec<InvoiceLine>,
    /// Tax breakdown (BG-23), one row per category and rate.
    pub tax: Vec<TaxSubtotal>,
    /// Totals (BG-22).
    pub totals: Totals,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// Further facts, where anybody knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<InvoiceDetails>>,
}

canonical!(Invoice, Invoice, |this, problems| {
    problems.require(!this.lines.is_empty(), "/lines", "BR-16", "an invoice has at least one line");
    if let Some(details) = &this.details {
        details.check(&mut problems, "/details");
    }
    problems.optional_text("/number", this.number.as_deref(), "the invoice's number");
    problems.link("/customer", &this.customer);
    if let Some(address) = &this.seller_address {
        terms::address(&mut problems, "/seller_address", address);
    }
    problems.ordered("/due_on", this.issued_on, this.due_on);
    if let Some(period) = this.period {
        problems.ordered("/period/to", period.from, period.to);
    }
    problems.unique("/lines", "id", this.lines.iter().map(|line| line.id.as_str()));
    let named = this.lines.iter().filter(|line| line.contract_number.is_some()).count();
    problems.require(
        named == 0 || named == this.lines.len(),
        "/lines",
        "CONTRACT_MISSING",
        "where one line names its contract, every line does",
    );
    for (at, line) in this.lines.iter().enumerate() {
        problems.amount(format_args!("/lines/{at}/net"), line.net, this.currency);
        terms::tax(&mut problems, format_args!("/lines/{at}/tax"), &line.tax);
        if let Some(period) = line.service_period {
            problems.ordered(format_args!("/lines/{at}/service_period/to"), period.from, period.to);
        }
    }
    for (at, row) in this.tax.iter().enumerate() {
        problems.amount(format_args!("/tax/{at}/taxable"), row.taxable, this.currency);
        problems.amount(format_args!("/tax/{at}/tax"), row.tax, this.currency);
    }
    let Totals { net, tax, gross, prepaid, due } = &this.totals;
    for (field, money) in [("net", net), ("tax", tax), ("gross", gross), ("prepaid", prepaid), ("due", due)] {
        problems.amount(format_args!("/totals/{field}"), *money, this.currency);
    }
});

/// Document types (UNTDID 1001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum InvoiceType {
    /// Commercial invoice.
    #[serde(rename = "380")]
    Invoice,
    /// Credit note. Amounts on it are positive: the type turns the sign.
    #[serde(rename = "381")]
    CreditNote,
    /// Prepayment invoice.
    #[serde(rename = "386")]
    Prepayment,
}

/// draft -> approved -> posted -> partially_paid -> paid; void before posting; credited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum InvoiceStatus {
    Draft,
    Approved,
    Posted,
    PartiallyPaid,
    Paid,
    Void,
    Disputed,
    Credited,
    WrittenOff,
}

/// From the first to the last day, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Period {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
}

/// One line (BG-25).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InvoiceLine {
    /// Line id (BT-126).
    pub id: String,
    /// What it is for (BT-153).
    pub description: String,
    /// Contract it bills, on a document that bills several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_number: Option<String>,
    /// Contract line it bills.
    pub contract_line: String,
    /// Quantity (BT-129, unit BT-130).
    pub quantity: Quantity,
    /// Net price per unit (BT-146).
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub unit_price: Decimal,
    /// Net amount (BT-131).
    pub net: Money,
    /// Tax (BG-30).
    pub tax: TaxTreatment,
    /// When the service was given (BG-26).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_period: Option<Period>,
    /// Ids of the billing events it sums: the way back to entries, rates and rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub billing_events: Vec<String>,
}

/// One row of the tax breakdown (BG-23).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaxSubtotal {
    /// Category (BT-118).
    pub category: TaxCategory,
    /// Rate in percent (BT-119).
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub rate_percent: Option<Decimal>,
    /// Sum of the line nets (BT-116).
    pub taxable: Money,
    /// Tax on it (BT-117).
    pub tax: Money,
}

/// Document totals (BG-22), sums of the rounded lines (BR-CO-10).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Total without tax (BT-109).
    pub net: Money,
    /// Total tax (BT-110).
    pub tax: Money,
    /// Total with tax (BT-112).
    pub gross: Money,
    /// Already paid in advance (BT-113).
    pub prepaid: Money,
    /// Due for payment (BT-115).
    pub due: Money,
}

/// Money received or returned. Canonical object `payment`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Payment {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// The invoice it settles.
    pub invoice: Link,
    /// How much of it.
    pub amount: Money,
    /// The day it counts.
    pub value_date: Date,
    /// The bank's exchange rate into the seller's own currency, where there is one (rule RD7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fx: Option<crate::FxRate>,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Further facts, where anybody knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<PaymentDetails>>,
}

canonical!(Payment, Payment, |this, problems| {
    if let Some(details) = &this.details {
        details.check(&mut problems, "/details", this.amount.currency);
    }
    problems.require(!this.amount.amount.is_zero(), "/amount", "ZERO_AMOUNT", "a payment moves money");
    problems.size("/amount/amount", this.amount.amount);
    problems.link("/invoice", &this.invoice);
});

/// pending -> settled | failed; settled -> reversed | refunded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum PaymentStatus {
    Pending,
    Settled,
    Failed,
    Reversed,
    Refunded,
}

/// Revenue of a contract line to date, as the platform computes it; the ERP's books win (rule RR6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RevenueIndicator {
    /// Contract line.
    pub contract_line: String,
    /// State at the end of this day.
    pub as_of: Date,
    /// How it was computed: `as_invoiceable`, `percent_of_cost`, `straight_line`, `on_acceptance`.
    pub method: String,
    /// Percent complete, where the method has one.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub percent: Option<Decimal>,
    /// Revenue from the start to then.
    pub revenue: Money,
    /// Billed from the start to then, net.
    pub billed: Money,
    /// Revenue earned but not yet billed.
    pub contract_asset: Money,
    /// Billed but not yet earned.
    pub contract_liability: Money,
}

impl RevenueIndicator {
    pub(crate) fn check(&self, problems: &mut Problems, path: impl Path) {
        problems.text(format_args!("{path}/contract_line"), &self.contract_line, "LINE_MISSING", "the contract line");
        let currency = self.revenue.currency;
        problems.currency(format_args!("{path}/billed/currency"), self.billed.currency, currency);
        problems.price(format_args!("{path}/contract_asset"), self.contract_asset, currency);
        problems.price(format_args!("{path}/contract_liability"), self.contract_liability, currency);
        if let Some(percent) = self.percent {
            problems.percent(format_args!("{path}/percent"), percent);
        }
    }
}
