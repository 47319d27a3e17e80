//! What makes the wider terms of an agreement valid (`agreement.rs`).

use rust_decimal::Decimal;

use crate::agreement::{Agreement, BeyondCap, LineTerms, RevenueMethod};
use crate::commercial::{BillingMethod, CapMode};
use crate::money::Currency;
use crate::terms;
use crate::validate::{Path, Problems};

/// Hours in the longest month, for a hundred people around the clock: more is a slip of the pen.
const MONTH_LIMIT_HOURS: u32 = 100 * 31 * 24;

/// Checks the terms of one line against how it is billed.
pub(crate) fn line_terms(
    problems: &mut Problems,
    path: impl Path,
    line: &LineTerms,
    billing: &BillingMethod,
    currency: Currency,
) {
    if let Some(discount) = &line.discount {
        problems.percent(format_args!("{path}/discount/percent"), discount.percent);
        problems.text(
            format_args!("{path}/discount/reason"),
            &discount.reason,
            "REASON_MISSING",
            "the discount's reason",
        );
    }
    if let Some(percent) = line.retention_percent {
        problems.percent(format_args!("{path}/retention_percent"), percent);
    }
    if let Some(percent) = line.expense_markup_percent {
        problems.not_negative(format_args!("{path}/expense_markup_percent"), percent);
        problems.size(format_args!("{path}/expense_markup_percent"), percent);
    }
    problems.optional_text(format_args!("{path}/invoice_group"), line.invoice_group.as_deref(), "the invoice group");
    if let Some(price) = line.standalone_price {
        problems.price(format_args!("{path}/standalone_price"), price, currency);
    }
    hours(problems, path, line);
    beyond_cap(problems, path, line, billing);
    fixed_price_only(problems, path, line, billing);
    if let Some(RevenueMethod::StraightLine { from, to }) = line.revenue {
        problems.ordered(format_args!("{path}/revenue/to"), from, to);
    }
}

fn hours(problems: &mut Problems, path: impl Path, line: &LineTerms) {
    for (at, step) in line.monthly_hours.iter().enumerate() {
        let path = format_args!("{path}/monthly_hours/{at}");
        if let Some(hours) = step.up_to_hours {
            problems.not_negative(format_args!("{path}/up_to_hours"), hours);
            let fits = hours <= Decimal::from(MONTH_LIMIT_HOURS);
            problems.require(
                fits,
                format_args!("{path}/up_to_hours"),
                "TOO_LARGE",
                format_args!("{hours} hours a month?"),
            );
        }
        if let Some(rate) = step.hourly_rate {
            problems.not_negative(format_args!("{path}/hourly_rate"), rate);
            problems.size(format_args!("{path}/hourly_rate"), rate);
        }
        let last = at + 1 == line.monthly_hours.len();
        problems.require(
            step.up_to_hours.is_some() || last,
            format_args!("{path}/up_to_hours"),
            "STEP_UNREACHABLE",
            "a step without a limit takes all hours; put it last",
        );
    }
    if let Some(rollover) = &line.rollover {
        problems.not_negative(format_args!("{path}/rollover/cap_hours"), rollover.cap_hours);
        problems.size(format_args!("{path}/rollover/cap_hours"), rollover.cap_hours);
    }
}

fn beyond_cap(problems: &mut Problems, path: impl Path, line: &LineTerms, billing: &BillingMethod) {
    let spills =
        matches!(billing, BillingMethod::TimeAndMaterials { cap: Some(cap), .. } if cap.mode == CapMode::Spill);
    problems.require(
        spills || line.beyond_cap.is_none(),
        format_args!("{path}/beyond_cap"),
        "NO_SPILL",
        "only a line with a cap of mode spill says where work beyond it goes",
    );
    if let Some(BeyondCap::Rate { hourly_rate }) = &line.beyond_cap {
        problems.not_negative(format_args!("{path}/beyond_cap/hourly_rate"), *hourly_rate);
        problems.size(format_args!("{path}/beyond_cap/hourly_rate"), *hourly_rate);
    }
}

fn fixed_price_only(problems: &mut Problems, path: impl Path, line: &LineTerms, billing: &BillingMethod) {
    let BillingMethod::FixedFee { milestones, .. } = billing else {
        for (field, there) in
            [("retention_percent", line.retention_percent.is_some()), ("progress", line.progress.is_some())]
        {
            problems.require(
                !there,
                format_args!("{path}/{field}"),
                "NOT_FIXED_PRICE",
                "only a fixed price has this term",
            );
        }
        return;
    };
    problems.require(
        line.progress.is_none() || milestones.is_empty(),
        format_args!("{path}/progress"),
        "PROGRESS_AND_MILESTONES",
        "a price is billed by milestones or by percent complete, not by both",
    );
}

/// Checks the terms of a contract; `lines` are the ids of its lines.
pub(crate) fn agreement(problems: &mut Problems, agreed: &Agreement, lines: &[&str], currency: Currency) {
    payers(problems, agreed, lines.len());
    billed_with(problems, agreed);
    let codes: Vec<&str> = agreed.payers.iter().map(|payer| payer.code.as_str()).collect();
    for (at, cap) in agreed.caps.iter().enumerate() {
        let path = format_args!("/agreement/caps/{at}");
        problems.price(format_args!("{path}/limit"), cap.limit, currency);
        known(problems, format_args!("{path}/line"), cap.line.as_deref(), lines, "line");
        known(problems, format_args!("{path}/payer"), cap.payer.as_deref(), &codes, "payer");
    }
    problems.unique("/agreement/advances", "code", agreed.advances.iter().map(|advance| advance.code.as_str()));
    for (at, advance) in agreed.advances.iter().enumerate() {
        let path = format_args!("/agreement/advances/{at}");
        problems.text(format_args!("{path}/code"), &advance.code, "CODE_MISSING", "the advance's code");
        problems.price(format_args!("{path}/amount"), advance.amount, currency);
        problems.require(
            !advance.amount.amount.is_zero(),
            format_args!("{path}/amount"),
            "ZERO_AMOUNT",
            "an advance is some money",
        );
        known(problems, format_args!("{path}/line"), Some(&advance.line), lines, "line");
    }
    for (at, rate) in agreed.fx.iter().enumerate() {
        let path = format_args!("/agreement/fx/{at}");
        problems.require(rate.rate > Decimal::ZERO, format_args!("{path}/rate"), "FX_RATE", "a rate is above zero");
        problems.size(format_args!("{path}/rate"), rate.rate);
        problems.require(
            rate.from != rate.to,
            format_args!("{path}/to"),
            "FX_PAIR",
            "a rate is between two currencies",
        );
        problems.text(format_args!("{path}/source"), &rate.source, "SOURCE_MISSING", "who published the rate");
    }
}

/// Most characters of the key of contracts that are billed together: it is part of ids and paths.
const GROUP_LIMIT_CHARS: usize = 60;

fn billed_with(problems: &mut Problems, agreed: &Agreement) {
    let Some(key) = agreed.billed_with.as_deref() else { return };
    let path = "/agreement/billed_with";
    problems.text(path, key, "BLANK_TEXT", "the key of contracts that are billed together");
    let short = key.chars().count() <= GROUP_LIMIT_CHARS;
    problems.require(short, path, "TEXT_TOO_LONG", format!("the key has more than {GROUP_LIMIT_CHARS} characters"));
    problems.require(
        agreed.payers.is_empty(),
        path,
        "BILLED_WITH_SHARED",
        "contracts billed together have one payer; bill a contract that several share on its own",
    );
}

fn payers(problems: &mut Problems, agreed: &Agreement, lines: usize) {
    if agreed.payers.is_empty() {
        return;
    }
    problems.unique("/agreement/payers", "code", agreed.payers.iter().map(|payer| payer.code.as_str()));
    for (at, payer) in agreed.payers.iter().enumerate() {
        let path = format_args!("/agreement/payers/{at}");
        problems.text(format_args!("{path}/code"), &payer.code, "CODE_MISSING", "the payer's code");
        problems.percent(format_args!("{path}/percent"), payer.percent);
        payer.customer.check(problems, format_args!("{path}/customer"));
        if let Some(tax) = &payer.tax {
            terms::tax(problems, format_args!("{path}/tax"), tax);
        }
    }
    let total: Decimal = agreed.payers.iter().map(|payer| payer.percent).sum();
    problems.require(
        total == Decimal::ONE_HUNDRED,
        "/agreement/payers",
        "SPLIT_NOT_100",
        format_args!("the shares of all {lines} lines total {total} %; make them total 100 %"),
    );
    let remainders = agreed.payers.iter().filter(|payer| payer.takes_remainder).count();
    problems.require(
        remainders == 1,
        "/agreement/payers",
        "ROUNDING_PARTY",
        format_args!("{remainders} payers take the remainder of roundings; exactly one must"),
    );
}

fn known(problems: &mut Problems, path: impl Path, code: Option<&str>, codes: &[&str], what: &str) {
    if let Some(code) = code {
        problems.require(codes.contains(&code), path, "UNKNOWN", format_args!("there is no {what} '{code}'"));
    }
}
