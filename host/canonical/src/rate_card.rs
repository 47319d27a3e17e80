//! Rate cards: what an hour, a day or a kilometre is charged at, for whom, from when.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::money::{Currency, Unit};
use crate::object::canonical;
use crate::validate::{Path, Problems};
use crate::{Date, Header};

/// A price list of work. Canonical object `rate_card`. A published card never changes: a change is a
/// new version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RateCard {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// Code, unique in the firm.
    pub code: String,
    /// Name.
    pub name: String,
    /// Version of this card.
    pub version: u32,
    /// What it holds for.
    pub scope: RateScope,
    /// Which account, region, practice, group, contract or project: its code or canonical id; absent
    /// for the default card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_of: Option<String>,
    /// Currency of its rates.
    pub currency: Currency,
    /// First day it holds.
    pub from: Date,
    /// Last day; absent is for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// Of two cards with the same scope the one with the smaller number is asked first.
    #[serde(default)]
    pub priority: u32,
    /// Minutes that time is rounded to; absent: as worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub increment_minutes: Option<u32>,
    /// Where it stands.
    pub status: RateCardStatus,
    /// Rates.
    pub lines: Vec<RateCardLine>,
}

canonical!(RateCard, RateCard, |this, problems| {
    problems.text("/code", &this.code, "CODE_MISSING", "the card's code");
    problems.text("/name", &this.name, "NAME_MISSING", "the card's name");
    problems.require(this.version > 0, "/version", "VERSION_MISSING", "versions count from 1");
    problems.require(
        (this.scope == RateScope::Default) == this.scope_of.is_none(),
        "/scope_of",
        "SCOPE",
        "the default card is about nothing else; every other card says what it is about",
    );
    if let Some(to) = this.to {
        problems.ordered("/to", this.from, to);
    }
    problems.require(this.increment_minutes != Some(0), "/increment_minutes", "INCREMENT", "leave it out for none");
    problems.require(!this.lines.is_empty(), "/lines", "LINES_MISSING", "a card has at least one rate");
    problems.unique("/lines", "id", this.lines.iter().map(|line| line.id.as_str()));
    for (at, line) in this.lines.iter().enumerate() {
        line.check(&mut problems, format_args!("/lines/{at}"), this);
    }
});

/// What a card holds for, the narrowest first (rule C.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum RateScope {
    Contract,
    Project,
    Account,
    Region,
    Practice,
    Group,
    Default,
}

/// draft -> published -> superseded -> retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum RateCardStatus {
    Draft,
    Published,
    Superseded,
    Retired,
}

/// One rate. A dimension that is absent matches everything; the more a line names, the more specific
/// it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RateCardLine {
    /// Id, unique in the card.
    pub id: String,
    /// Role or job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Seniority or grade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seniority: Option<String>,
    /// Person: e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Where it is delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// `normal`, `overtime`, `weekend`, `travel`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_type: Option<String>,
    /// What one of is charged: hour, day, month or piece.
    pub unit: Unit,
    /// Price per unit.
    #[serde(with = "crate::exact")]
    #[schemars(with = "crate::exact::Digits")]
    pub bill_rate: Decimal,
    /// Cost per unit.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub cost_rate: Option<Decimal>,
    /// Lowest price.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub min: Option<Decimal>,
    /// Highest price.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub max: Option<Decimal>,
    /// Factor of the work type, such as 1.5.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub multiplier: Option<Decimal>,
    /// Discount in percent, after the multiplier.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub discount_percent: Option<Decimal>,
    /// Least quantity that is charged.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub minimum_charge: Option<Decimal>,
    /// Yearly rise in percent.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub escalation_percent: Option<Decimal>,
}

impl RateCardLine {
    fn key(&self) -> [Option<&str>; 6] {
        [&self.role, &self.seniority, &self.resource, &self.region, &self.location, &self.work_type]
            .map(|dimension| dimension.as_deref())
    }

    fn check(&self, problems: &mut Problems, path: impl Path, card: &RateCard) {
        problems.text(format_args!("{path}/id"), &self.id, "LINE_ID_MISSING", "the line's id");
        let timed = matches!(self.unit, Unit::Hour | Unit::Day | Unit::WorkingDay | Unit::Month | Unit::One);
        problems.require(timed, format_args!("{path}/unit"), "UNIT", "a rate is per hour, day, month or piece");
        let figures = [
            ("bill_rate", Some(self.bill_rate)),
            ("cost_rate", self.cost_rate),
            ("min", self.min),
            ("max", self.max),
            ("multiplier", self.multiplier),
            ("minimum_charge", self.minimum_charge),
        ];
        for (field, value) in figures.into_iter().filter_map(|(field, value)| Some((field, value?))) {
            problems.not_negative(format_args!("{path}/{field}"), value);
            problems.size(format_args!("{path}/{field}"), value);
        }
        if let Some(discount) = self.discount_percent {
            problems.percent(format_args!("{path}/discount_percent"), discount);
        }
        if let (Some(min), Some(max)) = (self.min, self.max) {
            problems.require(
                min <= max,
                format_args!("{path}/max"),
                "LIMITS_REVERSED",
                format_args!("{max} is below {min}"),
            );
        }
        let twin =
            card.lines.iter().find(|other| other.id != self.id && other.key() == self.key() && other.unit == self.unit);
        if let Some(twin) = twin {
            let message = format_args!("line {} names the same work: two rates for one hour (RT3)", twin.id);
            problems.require(self.id < twin.id, path.to_owned(), "AMBIGUOUS_RATE", message);
        }
    }
}
