//! Which tax a legal entity charges whom: a table of the policy, first row that fits.

use quoin_canonical::{Customer, LegalEntity, TaxTreatment};
use serde::{Deserialize, Serialize};

use crate::policy::{BillingPolicy, Refusal};
use crate::terms::buyer_country;

/// Members of the EU's common VAT area, as VAT law counts them (Council Directive 2006/112/EC,
/// article 5); Northern Ireland is in it for goods only.
const EU: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// One row of a legal entity's tax table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxRule {
    /// Where the buyer is: `domestic`, `eu` (another member state), `abroad` (neither), or a country.
    pub buyer: String,
    /// Only buyers with a VAT id (`true`), or without one (`false`); absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat_id: Option<bool>,
    /// What is charged.
    pub tax: TaxTreatment,
}

impl TaxRule {
    fn fits(&self, seller: &str, country: &str, has_vat_id: bool) -> bool {
        let domestic = seller == country;
        let eu = EU.contains(&country);
        let place = match self.buyer.as_str() {
            "domestic" => domestic,
            "eu" => eu && !domestic,
            "abroad" => !eu && !domestic,
            code => code == country,
        };
        place && self.vat_id.is_none_or(|wanted| wanted == has_vat_id)
    }
}

/// The row of an entity's table that fits a buyer of some country.
pub fn rule_for<'a>(
    policy: &'a BillingPolicy,
    entity: &str,
    seller_country: &str,
    buyer_country: &str,
    has_vat_id: bool,
) -> Option<&'a TaxRule> {
    let rules = policy.tax.get(entity)?;
    rules.iter().find(|rule| rule.fits(seller_country, buyer_country, has_vat_id))
}

/// The tax for a buyer: the policy's table for the entity, else the entity's default for buyers of
/// its own country. Any other case needs a treatment that somebody determined: a guess would be
/// wrong in both directions.
///
/// # Errors
/// `TAX_JURISDICTION_UNKNOWN` for a buyer without country; `TAX_NOT_DETERMINED`.
pub fn determine(policy: &BillingPolicy, entity: &LegalEntity, buyer: &Customer) -> Result<TaxTreatment, Refusal> {
    let country = buyer_country(buyer).ok_or_else(|| {
        Refusal::new(
            "TAX_JURISDICTION_UNKNOWN",
            format!("customer {} has neither country nor VAT id; add one", buyer.name),
        )
        .field("/customer/country")
        .owner(&policy.owners.tax)
    })?;
    if let Some(rule) = rule_for(policy, &entity.code, &entity.country, &country, buyer.vat_id.is_some()) {
        return Ok(rule.tax.clone());
    }
    if country == entity.country {
        return Ok(entity.default_tax.clone());
    }
    let message =
        format!("{} sells to {country}: the line needs a tax treatment of its own, or the policy a row", entity.code);
    Err(Refusal::new("TAX_NOT_DETERMINED", message).owner(&policy.owners.tax))
}
