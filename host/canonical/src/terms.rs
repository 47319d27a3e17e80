//! What makes billing terms, tax treatments and milestones valid, wherever they stand.

use rust_decimal::Decimal;

use crate::agreed;
use crate::commercial::{BillingMethod, Cap, ContractLine, MilestoneTerm, RetainerTerm, RoleRate};
use crate::delivery::{Milestone, MilestoneStatus};
use crate::money::Currency;
use crate::party::{Address, TaxCategory, TaxTreatment};
use crate::validate::{Path, Problems};

/// Most hours a retainer line promises a month: a hundred people around the clock. More is a slip
/// of the pen.
const RETAINER_LIMIT_HOURS: u32 = 100 * 31 * 24;

/// Checks how a line is billed. `complete` asks for what only a finished agreement must have.
pub(crate) fn billing(
    problems: &mut Problems,
    path: impl Path,
    billing: &BillingMethod,
    currency: Currency,
    complete: bool,
) {
    match billing {
        BillingMethod::TimeAndMaterials { roles, cap } => {
            for (at, role) in roles.iter().enumerate() {
                role_rate(problems, format_args!("{path}/roles/{at}"), role);
            }
            if let Some(Cap { limit, .. }) = cap {
                problems.price(format_args!("{path}/cap/limit"), *limit, currency);
            }
        }
        BillingMethod::FixedFee { price, milestones } => {
            problems.price(format_args!("{path}/price"), *price, currency);
            milestone_terms(problems, format_args!("{path}/milestones"), milestones, complete);
        }
        BillingMethod::Retainer(term) => retainer(problems, path, term),
    }
}

fn role_rate(problems: &mut Problems, path: impl Path, role: &RoleRate) {
    problems.text(format_args!("{path}/role"), &role.role, "ROLE_MISSING", "the role's name");
    problems.not_negative(format_args!("{path}/hourly_rate"), role.hourly_rate);
    problems.size(format_args!("{path}/hourly_rate"), role.hourly_rate);
    problems.optional_text(format_args!("{path}/resource"), role.resource.as_deref(), "the proposed person");
    if let Some(hours) = role.hours {
        problems.not_negative(format_args!("{path}/hours"), hours);
    }
}

fn milestone_terms(problems: &mut Problems, path: impl Path, milestones: &[MilestoneTerm], complete: bool) {
    for (at, milestone) in milestones.iter().enumerate() {
        problems.text(format_args!("{path}/{at}/code"), &milestone.code, "CODE_MISSING", "the milestone's code");
        problems.percent(format_args!("{path}/{at}/percent"), milestone.percent);
    }
    problems.unique(path, "code", milestones.iter().map(|milestone| milestone.code.as_str()));
    let total: Decimal = milestones.iter().map(|milestone| milestone.percent).sum();
    problems.require(
        !complete || total == Decimal::ONE_HUNDRED,
        path,
        "MILESTONES_NOT_100",
        format_args!("the milestones total {total} %; make them total 100 %"),
    );
}

fn retainer(problems: &mut Problems, path: impl Path, term: &RetainerTerm) {
    let values = [
        ("hours_per_month", term.hours_per_month),
        ("hourly_rate", term.hourly_rate),
        ("overage_rate", term.overage_rate),
    ];
    for (field, value) in values {
        problems.not_negative(format_args!("{path}/{field}"), value);
        problems.size(format_args!("{path}/{field}"), value);
    }
    let limit = Decimal::from(RETAINER_LIMIT_HOURS);
    problems.require(
        term.hours_per_month <= limit,
        format_args!("{path}/hours_per_month"),
        "TOO_LARGE",
        format_args!("{} hours a month are beyond {limit}", term.hours_per_month),
    );
}

/// Checks category, rate and reason against each other (UNTDID 5305 as EN 16931 uses it).
pub(crate) fn tax(problems: &mut Problems, path: impl Path, tax: &TaxTreatment) {
    let rate_path = format_args!("{path}/rate_percent");
    let rate = tax.rate_percent;
    if let Some(rate) = rate {
        problems.percent(rate_path, rate);
    }
    let category = tax.category;
    let (fits, wanted) = match category {
        TaxCategory::S => (rate.is_some_and(|rate| rate > Decimal::ZERO), "above zero"),
        TaxCategory::L | TaxCategory::M => (rate.is_some(), "stated"),
        TaxCategory::O => (rate.is_none(), "absent"),
        TaxCategory::Z | TaxCategory::E | TaxCategory::AE | TaxCategory::K | TaxCategory::G => {
            (rate.is_some_and(|rate| rate.is_zero()), "0")
        }
    };
    problems.require(fits, rate_path, "TAX_RATE", format_args!("the rate of category {category:?} must be {wanted}"));
    let reason = tax.exemption_reason.as_deref().is_some_and(|reason| !reason.trim().is_empty());
    let fits = match category {
        TaxCategory::S | TaxCategory::Z => tax.exemption_reason.is_none(),
        TaxCategory::E | TaxCategory::AE | TaxCategory::K | TaxCategory::G | TaxCategory::O => reason,
        TaxCategory::L | TaxCategory::M => true,
    };
    let wanted = if reason { "has no" } else { "needs an" };
    problems.require(
        fits,
        format_args!("{path}/exemption_reason"),
        "EXEMPTION_REASON",
        format_args!("category {category:?} {wanted} exemption reason"),
    );
}

/// Checks the lines of a contract or a billing set-up.
pub(crate) fn contract_lines(problems: &mut Problems, lines: &[ContractLine], currency: Currency) {
    problems.require(!lines.is_empty(), "/lines", "LINES_MISSING", "there must be at least one line");
    problems.unique("/lines", "id", lines.iter().map(|line| line.id.as_str()));
    for (at, line) in lines.iter().enumerate() {
        let path = format_args!("/lines/{at}");
        problems.text(format_args!("{path}/id"), &line.id, "LINE_ID_MISSING", "the line's id");
        let milestones = line.terms.progress.is_none();
        billing(problems, format_args!("{path}/billing"), &line.billing, currency, milestones);
        agreed::line_terms(problems, format_args!("{path}/terms"), &line.terms, &line.billing, currency);
        tax(problems, format_args!("{path}/tax"), &line.tax);
        if let Some(cost) = line.cost_estimate {
            problems.price(format_args!("{path}/cost_estimate"), cost, currency);
        }
    }
}

/// Checks one milestone; its amount, where there is one, is in that currency.
pub(crate) fn milestone(problems: &mut Problems, path: impl Path, milestone: &Milestone, currency: Option<Currency>) {
    if let Some(details) = &milestone.details {
        details.check(problems, format_args!("{path}/details"));
    }
    problems.text(format_args!("{path}/code"), &milestone.code, "CODE_MISSING", "the milestone's code");
    if let Some(amount) = milestone.amount {
        problems.price(format_args!("{path}/amount"), amount, currency.unwrap_or(amount.currency));
    }
    problems.require(
        milestone.status != MilestoneStatus::Accepted || milestone.acceptance.is_some(),
        format_args!("{path}/acceptance"),
        "ACCEPTANCE_MISSING",
        "an accepted milestone carries who accepted it, when, and the hash of the evidence (rule FM2)",
    );
    if let Some(acceptance) = &milestone.acceptance {
        problems.text(format_args!("{path}/acceptance/by"), &acceptance.by, "ACCEPTANCE_MISSING", "who accepted");
        let hash = &acceptance.evidence_sha256;
        problems.require(
            hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
            format_args!("{path}/acceptance/evidence_sha256"),
            "EVIDENCE_HASH",
            "the evidence is named by its SHA-256, 64 hex digits",
        );
    }
}

/// Checks the milestones of several lines: codes unique per line, amounts totalling each price.
pub(crate) fn milestones(
    problems: &mut Problems,
    path: impl Path,
    all: &[Milestone],
    lines: &[ContractLine],
    currency: Currency,
) {
    for (at, one) in all.iter().enumerate() {
        milestone(problems, format_args!("{path}/{at}"), one, Some(currency));
    }
    let keys: Vec<String> = all.iter().map(|one| format!("{}/{}", one.contract_line, one.code)).collect();
    problems.unique(path, "code", keys.iter().map(String::as_str));
    for line in lines {
        let BillingMethod::FixedFee { price, .. } = &line.billing else { continue };
        if line.terms.progress.is_some() {
            continue;
        }
        let amounts: Option<Vec<Decimal>> = all
            .iter()
            .filter(|one| one.contract_line == line.id)
            .map(|one| one.amount.map(|amount| amount.amount))
            .collect();
        let total: Decimal = amounts.unwrap_or_default().iter().sum();
        problems.require(
            total == price.amount,
            path,
            "MILESTONES_NOT_PRICE",
            format_args!("the milestones of line {} total {total}, its price is {} (rule FM1)", line.id, price.amount),
        );
    }
}

/// Checks an address; a country, where there is one, is a country.
pub(crate) fn address(problems: &mut Problems, path: impl Path, address: &Address) {
    if !address.country.is_empty() {
        problems.country(format_args!("{path}/country"), &address.country);
    }
}

/// A VAT id begins with a country's code, `EL` for Greece or `XI` for Northern Ireland.
pub(crate) fn vat_id(problems: &mut Problems, path: impl Path, id: &str) {
    let prefix: String = id.chars().take(2).collect();
    let known = crate::country::is_country(&prefix) || prefix == "EL" || prefix == "XI";
    problems.require(
        known && id.len() > 3,
        path,
        "VAT_ID",
        format_args!("'{id}' is no VAT id; it begins with the country's two letters (EL for Greece)"),
    );
}
