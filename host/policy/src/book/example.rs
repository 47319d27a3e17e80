//! What a policy decides, as cases inside it.

use billing::policy::Deed;
use billing::rates::{RateLevel, RateQuery, RateRow, resolve};
use billing::rounding::billed_minutes;
use billing::{BillingPolicy, tax};
use quoin_canonical::{CapMode, Currency, Decimal, TaxCategory};
use serde::{Deserialize, Serialize};

/// One case: what is given, and what must follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Example {
    /// Tax that an entity charges a buyer by the policy's table; no `category` means that no row fits.
    Tax {
        /// Legal entity's code.
        entity: String,
        /// Its country.
        country: String,
        /// The buyer's country.
        buyer: String,
        /// The buyer has a VAT id.
        #[serde(default)]
        vat_id: bool,
        /// Category that must follow.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<TaxCategory>,
        /// Rate that must follow, in percent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rate_percent: Option<Decimal>,
    },
    /// An amount as an entity rounds it.
    Rounding {
        /// Legal entity's code.
        entity: String,
        /// Exact amount.
        amount: Decimal,
        /// Currency.
        currency: Currency,
        /// What must follow.
        rounded: Decimal,
    },
    /// Worked minutes as billed.
    Increment {
        /// Worked.
        worked: u32,
        /// What must follow.
        billed: u32,
    },
    /// Which of some levels' rates wins.
    Rate {
        /// Levels that have a rate.
        levels: Vec<RateLevel>,
        /// The one that must win; absent: none may.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wins: Option<RateLevel>,
    },
    /// Who approves.
    Approval {
        /// What.
        deed: Deed,
        /// How much.
        amount: Decimal,
        /// Who must be asked; absent: nobody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<String>,
    },
    /// What happens at a cap that the contract wants otherwise.
    Cap {
        /// As the contract has it.
        contract: CapMode,
        /// As it must happen.
        happens: CapMode,
    },
    /// How posted documents are corrected.
    Correction {
        /// What must be.
        mode: billing::policy::CreditMode,
    },
}

/// What became of an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Version of the policy.
    pub version: u32,
    /// The case in words.
    pub case: String,
    /// What must follow.
    pub wanted: String,
    /// What does.
    pub found: String,
    /// Whether they are the same.
    pub holds: bool,
}

impl Example {
    /// Decides the case by the policy.
    pub fn play(&self, version: u32, policy: &BillingPolicy) -> Outcome {
        let (case, wanted, found) = self.decided(policy);
        Outcome { version, holds: wanted == found, case, wanted, found }
    }

    fn decided(&self, policy: &BillingPolicy) -> (String, String, String) {
        match self {
            Example::Tax { entity, country, buyer, vat_id, category, rate_percent } => {
                let id = if *vat_id { "with a VAT id" } else { "without VAT id" };
                let case = format!("{entity} ({country}) sells to {buyer}, {id}");
                let wanted = category.map_or("no row fits".into(), |category| charged(category, *rate_percent));
                let rule = tax::rule_for(policy, entity, country, buyer, *vat_id);
                let found = rule.map_or("no row fits".into(), |rule| charged(rule.tax.category, rule.tax.rate_percent));
                (case, wanted, found)
            }
            Example::Rounding { entity, amount, currency, rounded } => {
                let rounding = policy.rounding.get(entity).copied().unwrap_or_default();
                let found = rounding.round(*amount, currency.minor_units());
                let case = format!("{entity} rounds {currency} {amount}");
                (case, rounded.normalize().to_string(), found.normalize().to_string())
            }
            Example::Increment { worked, billed } => {
                let found = billed_minutes(*worked, policy.increment);
                (format!("{worked} min worked"), format!("{billed} min"), format!("{found} min"))
            }
            Example::Rate { levels, wins } => {
                let name = |level: Option<RateLevel>| level.map_or("none".into(), |level| format!("{level:?}"));
                let names: Vec<String> = levels.iter().map(|level| name(Some(*level))).collect();
                (format!("rates on {}", names.join(", ")), name(*wins), name(winner(levels, policy)))
            }
            Example::Approval { deed, amount, role } => {
                let found = match policy.approver(*deed, *amount) {
                    Ok(found) => found.unwrap_or("nobody is asked").to_owned(),
                    Err(refusal) => refusal.code,
                };
                let wanted = role.clone().unwrap_or_else(|| "nobody is asked".into());
                (format!("{deed:?} of {amount}"), wanted, found)
            }
            Example::Cap { contract, happens } => {
                let found = policy.cap_mode.unwrap_or(*contract);
                (format!("a cap of mode {contract:?}"), format!("{happens:?}"), format!("{found:?}"))
            }
            Example::Correction { mode } => {
                let found = policy.credit_mode;
                ("a correction of a posted document".into(), format!("{mode:?}"), format!("{found:?}"))
            }
        }
    }
}

fn charged(category: TaxCategory, rate: Option<Decimal>) -> String {
    let rate = rate.map_or(String::new(), |rate| format!(" {} %", rate.normalize()));
    format!("{category:?}{rate}")
}

/// The level whose rate is taken when each of some levels has one.
fn winner(levels: &[RateLevel], policy: &BillingPolicy) -> Option<RateLevel> {
    let currency = Currency::from_code("EUR")?;
    let named = || Some("x".to_owned());
    let row = |level: &RateLevel| RateRow {
        scope: named(),
        role: named(),
        person: named(),
        ..RateRow::new(format!("{level:?}"), 1, *level, currency, Decimal::ONE)
    };
    let mut rows: Vec<RateRow> = levels.iter().map(row).collect();
    for row in &mut rows {
        // Levels below the contract line are about no single thing.
        if matches!(
            row.level,
            RateLevel::ContractPerson
                | RateLevel::ContractRole
                | RateLevel::ProjectCardPerson
                | RateLevel::ProjectCardRole
                | RateLevel::DefaultCard
        ) {
            row.scope = None;
        }
    }
    let query = RateQuery {
        entry: named(),
        assignment: named(),
        task: named(),
        line: named(),
        account: named(),
        role: named(),
        person: named(),
        region: named(),
        practice: named(),
        group: named(),
        ..RateQuery::default()
    };
    resolve(&rows, &query, currency, &policy.rate_levels).ok().map(|found| found.level)
}
