//! What is agreed in quotes and contracts beside lines, prices and billing terms.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{digest, ordered, percent};
use crate::agreement::FxRate;
use crate::delivery::BillingType;
use crate::money::{Currency, Money};
use crate::validate::{Path, Problems};
use crate::{Date, Link, Timestamp};

/// Further facts about a quote.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct QuoteDetails {
    /// Who is billed, where it is not the buyer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill_to: Option<Link>,
    /// Who sells: e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Last day on which it can be accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Date>,
    /// Price list it was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_list: Option<String>,
    /// Sum of its lines, net.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net: Option<Money>,
    /// Tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax: Option<Money>,
    /// Net and tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gross: Option<Money>,
    /// Net less estimated cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<Money>,
    /// The contract that it changes, for a change order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<String>,
    /// Statements of work and annexes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
    /// Who approved it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<QuoteApproval>,
    /// How it was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// How likely it is to be won, in percent.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub probability_percent: Option<Decimal>,
    /// Exchange rates as they were when it was made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fx: Vec<FxRate>,
}

impl QuoteDetails {
    pub(crate) fn check(&self, problems: &mut Problems, path: impl Path, currency: Currency) {
        percent(problems, format_args!("{path}/probability_percent"), self.probability_percent);
        for (field, money) in [("net", self.net), ("tax", self.tax), ("gross", self.gross), ("margin", self.margin)] {
            if let Some(money) = money {
                problems.amount(format_args!("{path}/{field}"), money, currency);
            }
        }
        if let (Some(net), Some(tax), Some(gross)) = (self.net, self.tax, self.gross) {
            let sum = net.amount + tax.amount;
            let message = format!("net and tax make {sum}, not {}", gross.amount);
            problems.require(sum == gross.amount, format!("{path}/gross"), "TOTALS", message);
        }
        documents(problems, path, &self.documents);
    }
}

/// Further facts about a quote's line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct QuoteLineDetails {
    /// The item sold, such as a product code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Target margin in percent.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub margin_percent: Option<Decimal>,
    /// First day of the work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_on: Option<Date>,
    /// Last day of the work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<Date>,
    /// Code of the company that delivers it, where it is not the one that sells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivering_entity: Option<String>,
    /// Tasks it breaks down into, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
}

impl QuoteLineDetails {
    pub(crate) fn check(&self, problems: &mut Problems, path: impl Path) {
        percent(problems, format_args!("{path}/margin_percent"), self.margin_percent);
        ordered(problems, format_args!("{path}/ends_on"), self.starts_on, self.ends_on);
    }
}

/// Further facts about a contract.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ContractDetails {
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ContractStatus>,
    /// How often it was amended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amendment: Option<u32>,
    /// The unit that contracts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contracting_unit: Option<String>,
    /// Codes of the companies that deliver.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delivering_entities: Vec<String>,
    /// First day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_on: Option<Date>,
    /// Last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<Date>,
    /// How it was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// What it is worth, net.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Money>,
    /// What of it is charged, given, or neither.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chargeable: Vec<Chargeable>,
    /// The customer's purchase orders (BT-13).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub purchase_orders: Vec<String>,
    /// How it goes on after its last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Renewal>,
    /// How it ended before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub termination: Option<Termination>,
    /// What is owed to the customer, for revenue (IFRS 15).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub obligations: Vec<Obligation>,
    /// How prices rise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
    /// Whose law governs it (ISO 3166-1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub governing_law: Option<String>,
    /// The contract itself and its annexes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
}

impl ContractDetails {
    pub(crate) fn check(&self, problems: &mut Problems, path: impl Path, lines: &[&str], currency: Currency) {
        ordered(problems, format_args!("{path}/ends_on"), self.starts_on, self.ends_on);
        if let Some(value) = self.value {
            problems.price(format_args!("{path}/value"), value, currency);
        }
        if let Some(country) = &self.governing_law {
            problems.country(format_args!("{path}/governing_law"), country);
        }
        if let Some(escalation) = &self.escalation {
            percent(problems, format_args!("{path}/escalation/percent"), escalation.percent);
        }
        problems.unique(
            format_args!("{path}/obligations"),
            "code",
            self.obligations.iter().map(|owed| owed.code.as_str()),
        );
        for (at, owed) in self.obligations.iter().enumerate() {
            problems.price(format_args!("{path}/obligations/{at}/standalone_price"), owed.standalone_price, currency);
            for line in owed.lines.iter().filter(|line| !lines.contains(&line.as_str())) {
                let path = &format!("{path}/obligations/{at}/lines");
                problems.require(false, path, "UNKNOWN", format!("there is no line '{line}'"));
            }
        }
        documents(problems, path, &self.documents);
    }
}

fn documents(problems: &mut Problems, path: impl Path, documents: &[Document]) {
    for (at, document) in documents.iter().enumerate() {
        let path = &format!("{path}/documents/{at}");
        problems.text(format_args!("{path}/name"), &document.name, "NAME_MISSING", "the document's name");
        digest(problems, format_args!("{path}/sha256"), &document.sha256);
    }
}

/// draft -> pending_signature -> active -> amended -> completed -> closed; suspended; cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ContractStatus {
    Draft,
    PendingSignature,
    Active,
    Amended,
    Suspended,
    Completed,
    Closed,
    Cancelled,
}

/// A document, by what it contains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// Name.
    pub name: String,
    /// SHA-256 of it, 64 hex digits.
    pub sha256: String,
}

/// An approval of a quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuoteApproval {
    /// Who.
    pub by: String,
    /// In which role.
    pub role: String,
    /// When.
    pub at: Timestamp,
}

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Signature {
    /// Who provides it.
    pub provider: String,
    /// The provider's id of what was signed.
    pub envelope: String,
    /// When it was signed, once it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<Timestamp>,
}

/// What some work is to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Chargeable {
    /// Which: `project`, `task`, `role` or `category`.
    pub of: String,
    /// Its code or name.
    pub name: String,
    /// Charged, given, or neither.
    pub billing_type: BillingType,
}

/// How a contract goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Renewal {
    /// By itself, unless somebody says otherwise.
    pub automatic: bool,
    /// For so many months.
    pub months: u16,
    /// Said otherwise so many days before.
    pub notice_days: u16,
}

/// How a contract ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Termination {
    /// Its last day.
    pub on: Date,
    /// By whom: `customer` or `seller`.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Something owed to the customer, for revenue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Obligation {
    /// Code, unique in the contract.
    pub code: String,
    /// What.
    pub description: String,
    /// Contract lines it is sold on.
    pub lines: Vec<String>,
    /// Price at which it would be sold alone (rule RR4).
    pub standalone_price: Money,
}

/// How prices rise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Escalation {
    /// By an index, such as `HICP`; absent for a fixed percentage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// By so many percent a year, or at most so many.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub percent: Option<Decimal>,
    /// First on this day.
    pub from: Date,
}
