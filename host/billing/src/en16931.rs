//! The business rules of EN 16931-1 that our documents can break, by their ids, without tolerance.
//!
//! Rule ids and meanings follow the validation artefacts of CEN/TC 434 for EN 16931-1:2017. Left
//! out are rules about terms that a canonical invoice does not carry (payees, tax
//! representatives, attachments, document-level allowances) or that its types make impossible to
//! break (BR-03, BR-04, BR-05: issue date, type and currency are not optional).

use std::collections::BTreeMap;

use quoin_canonical::{
    Decimal, Invalid, Invoice, InvoiceLine, InvoiceStatus, InvoiceType, Money, Problems, Rounding, TaxCategory,
    TaxSubtotal, TaxTreatment,
};

use crate::terms::buyer_country;

/// Checks a document before it is drafted, posted or sent.
///
/// # Errors
/// Every rule that is broken: its id as code, the path to the field, and what is wrong.
pub fn check(invoice: &Invoice) -> Result<(), Vec<Invalid>> {
    let mut problems = Problems::new();
    check_parties(invoice, &mut problems);
    check_head(invoice, &mut problems);
    for (at, line) in invoice.lines.iter().enumerate() {
        check_line(invoice, at, line, &mut problems);
        check_treatment(&format!("/lines/{at}/tax"), &line.tax, &mut problems);
    }
    check_breakdown(invoice, &mut problems);
    check_categories(invoice, &mut problems);
    check_totals(invoice, &mut problems);
    problems.into_result()
}

fn check_parties(invoice: &Invoice, problems: &mut Problems) {
    problems.require(!invoice.seller_name.trim().is_empty(), "/seller_name", "BR-06", "the seller's name is missing");
    problems.require(!invoice.buyer.name.trim().is_empty(), "/buyer/name", "BR-07", "the buyer's name is missing");
    problems.require(
        buyer_country(&invoice.buyer).is_some(),
        "/buyer/country",
        "BR-11",
        "the buyer's country is missing; it follows from the address, the VAT id or the country of tax residence",
    );
    let ids = [("/seller_vat_id", Some(&invoice.seller_vat_id)), ("/buyer/vat_id", invoice.buyer.vat_id.as_ref())];
    for (path, id) in ids {
        let Some(id) = id.filter(|id| !id.is_empty()) else { continue };
        problems.require(
            vat_prefix(id),
            path,
            "BR-CO-09",
            format!("VAT id '{id}' has no country prefix (ISO 3166-1, or EL)"),
        );
    }
}

/// A VAT id begins with an ISO 3166-1 country code, or EL for Greece.
fn vat_prefix(id: &str) -> bool {
    let prefix: String = id.chars().take(2).collect();
    id.len() > 2 && (prefix == "EL" || quoin_canonical::country::is_country(&prefix))
}

fn check_head(invoice: &Invoice, problems: &mut Problems) {
    let posted = !matches!(invoice.status, InvoiceStatus::Draft | InvoiceStatus::Approved | InvoiceStatus::Void);
    problems.require(
        !posted || invoice.number.as_deref().is_some_and(|number| !number.is_empty()),
        "/number",
        "BR-02",
        "a posted document has a number",
    );
    problems.require(!invoice.lines.is_empty(), "/lines", "BR-16", "a document has at least one line");
    problems.require(!invoice.tax.is_empty(), "/tax", "BR-CO-18", "a document has at least one row of tax breakdown");
    problems.require(
        invoice.due_on >= invoice.issued_on,
        "/due_on",
        "BR-CO-25",
        "the due date lies before the issue date; correct the payment terms",
    );
    if let Some(period) = invoice.period {
        problems.require(period.to >= period.from, "/period", "BR-29", "the billing period ends before it begins");
    }
    let reference = invoice.preceding_invoice.as_deref().is_some_and(|number| !number.is_empty());
    problems.require(
        invoice.kind != InvoiceType::CreditNote || reference,
        "/preceding_invoice",
        "BR-55",
        "a credit note names the document it corrects",
    );
    let mut ids: Vec<&str> = invoice.lines.iter().map(|line| line.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    problems.require(ids.len() == invoice.lines.len(), "/lines", "BR-21", "two lines have the same id");
}

fn check_line(invoice: &Invoice, at: usize, line: &InvoiceLine, problems: &mut Problems) {
    let path = |field: &str| format!("/lines/{at}/{field}");
    problems.require(!line.id.is_empty(), path("id"), "BR-21", "the line has no id");
    problems.require(!line.description.trim().is_empty(), path("description"), "BR-25", "the line has no item name");
    problems.require(line.unit_price >= Decimal::ZERO, path("unit_price"), "BR-27", "the item price is negative");
    problems.require(
        line.net.currency == invoice.currency,
        path("net/currency"),
        "BR-24",
        format!("the line is in {}, the document in {}", line.net.currency, invoice.currency),
    );
    require_places(path("net"), line.net, "BR-DEC-23", problems);
    let exact = line.quantity.value * line.unit_price;
    problems.require(
        rounds_to(exact, line.net),
        path("net"),
        "LINE-EQUATION",
        format!("{} x {} is {exact}, not {}", line.quantity.value, line.unit_price, line.net.amount),
    );
    if let Some(period) = line.service_period {
        problems.require(
            period.to >= period.from,
            path("service_period"),
            "BR-30",
            "the line's period ends before it begins",
        );
        let inside = invoice.period.is_none_or(|whole| period.from >= whole.from && period.to <= whole.to);
        problems.require(
            inside,
            path("service_period"),
            "LINE-PERIOD",
            "the line's period lies outside the document's",
        );
    }
}

/// The rate and the reason that go with a category. Ids are those of the line rules; the rule for
/// a rate of zero and for exemption reasons has a number of its own per category.
fn check_treatment(path: &str, tax: &TaxTreatment, problems: &mut Problems) {
    let name = family(tax.category);
    let rate = tax.rate_percent;
    let (holds, wanted) = match tax.category {
        TaxCategory::S => (rate.is_some_and(|rate| rate > Decimal::ZERO), "above zero"),
        TaxCategory::L | TaxCategory::M => (rate.is_some_and(|rate| rate >= Decimal::ZERO), "zero or above"),
        TaxCategory::O => (rate.is_none(), "absent"),
        TaxCategory::Z | TaxCategory::E | TaxCategory::AE | TaxCategory::K | TaxCategory::G => {
            (rate.is_some_and(|rate| rate.is_zero()), "0")
        }
    };
    problems.require(
        holds,
        format!("{path}/rate_percent"),
        &format!("BR-{name}-05"),
        format!("the rate of category {:?} is {wanted}", tax.category),
    );
    let reason = tax.exemption_reason.as_deref().is_some_and(|reason| !reason.trim().is_empty());
    let (holds, wanted) = match tax.category {
        TaxCategory::S | TaxCategory::Z | TaxCategory::L | TaxCategory::M => (!reason, "has no exemption reason"),
        _ => (reason, "needs an exemption reason"),
    };
    problems.require(
        holds,
        format!("{path}/exemption_reason"),
        &format!("BR-{name}-10"),
        format!("category {:?} {wanted}", tax.category),
    );
}

/// How the rule ids name a category.
fn family(category: TaxCategory) -> &'static str {
    match category {
        TaxCategory::S => "S",
        TaxCategory::Z => "Z",
        TaxCategory::E => "E",
        TaxCategory::AE => "AE",
        TaxCategory::K => "IC",
        TaxCategory::G => "G",
        TaxCategory::O => "O",
        TaxCategory::L => "AF",
        TaxCategory::M => "AG",
    }
}

fn check_breakdown(invoice: &Invoice, problems: &mut Problems) {
    let mut nets: BTreeMap<(TaxCategory, Option<Decimal>), Decimal> = BTreeMap::new();
    for line in &invoice.lines {
        *nets.entry(key(line.tax.category, line.tax.rate_percent)).or_default() += line.net.amount;
    }
    for ((category, rate), net) in &nets {
        let rows: Vec<&TaxSubtotal> =
            invoice.tax.iter().filter(|row| key(row.category, row.rate_percent) == (*category, *rate)).collect();
        let name = family(*category);
        problems.require(
            rows.len() == 1,
            "/tax",
            &format!("BR-{name}-01"),
            format!("category {category:?} has {} rows in the breakdown; one is wanted", rows.len()),
        );
        let taxable: Decimal = rows.iter().map(|row| row.taxable.amount).sum();
        problems.require(
            taxable == *net,
            "/tax",
            &format!("BR-{name}-08"),
            format!("the lines of category {category:?} total {net}, the breakdown says {taxable}"),
        );
    }
    for (at, row) in invoice.tax.iter().enumerate() {
        let name = family(row.category);
        let known = nets.contains_key(&key(row.category, row.rate_percent));
        problems.require(known, format!("/tax/{at}"), &format!("BR-{name}-01"), "no line has this category and rate");
        let exact = row.taxable.amount * row.rate_percent.unwrap_or_default() / Decimal::ONE_HUNDRED;
        problems.require(
            rounds_to(exact, row.tax),
            format!("/tax/{at}/tax"),
            "BR-CO-17",
            format!("the tax is {exact} before rounding, not {}", row.tax.amount),
        );
        let untaxed = !matches!(row.category, TaxCategory::S | TaxCategory::L | TaxCategory::M);
        problems.require(
            !untaxed || row.tax.amount.is_zero(),
            format!("/tax/{at}/tax"),
            &format!("BR-{name}-09"),
            format!("category {:?} bears no tax", row.category),
        );
        require_places(format!("/tax/{at}/taxable"), row.taxable, "BR-DEC-19", problems);
        require_places(format!("/tax/{at}/tax"), row.tax, "BR-DEC-20", problems);
    }
}

fn key(category: TaxCategory, rate: Option<Decimal>) -> (TaxCategory, Option<Decimal>) {
    (category, rate.map(|rate| rate.normalize()))
}

/// What a category asks of the parties.
fn check_categories(invoice: &Invoice, problems: &mut Problems) {
    let seller = !invoice.seller_vat_id.is_empty();
    let buyer = invoice.buyer.vat_id.as_deref().is_some_and(|id| !id.is_empty());
    let mut categories: Vec<TaxCategory> = invoice.lines.iter().map(|line| line.tax.category).collect();
    categories.sort_unstable();
    categories.dedup();
    for category in &categories {
        let name = family(*category);
        let code = format!("BR-{name}-02");
        if *category == TaxCategory::O {
            problems.require(
                !seller && !buyer,
                "/seller_vat_id",
                &code,
                "a document outside the scope of VAT names no VAT id",
            );
            problems.require(
                categories.len() == 1,
                "/lines",
                "BR-O-11",
                "category O does not go with another on one document",
            );
            continue;
        }
        problems.require(seller, "/seller_vat_id", &code, format!("category {category:?} needs the seller's VAT id"));
        if matches!(category, TaxCategory::AE | TaxCategory::K) {
            problems.require(buyer, "/buyer/vat_id", &code, format!("category {category:?} needs the buyer's VAT id"));
        }
        if *category == TaxCategory::K {
            problems.require(
                invoice.period.is_some(),
                "/period",
                "BR-IC-11",
                "an intra-community supply needs its period",
            );
        }
    }
}

fn check_totals(invoice: &Invoice, problems: &mut Problems) {
    let totals = &invoice.totals;
    let lines: Decimal = invoice.lines.iter().map(|line| line.net.amount).sum();
    let tax: Decimal = invoice.tax.iter().map(|row| row.tax.amount).sum();
    let equal = [
        ("/totals/net", "BR-CO-10", totals.net.amount, lines, "the sum of the line nets"),
        ("/totals/net", "BR-CO-13", totals.net.amount, lines, "the sum of the lines, as there are no allowances"),
        ("/totals/tax", "BR-CO-14", totals.tax.amount, tax, "the sum of the breakdown's tax"),
        ("/totals/gross", "BR-CO-15", totals.gross.amount, totals.net.amount + totals.tax.amount, "net plus tax"),
        (
            "/totals/due",
            "BR-CO-16",
            totals.due.amount,
            totals.gross.amount - totals.prepaid.amount,
            "gross less what was prepaid",
        ),
    ];
    for (path, code, found, wanted, meaning) in equal {
        problems.require(found == wanted, path, code, format!("{found} is not {wanted}, {meaning}"));
    }
    let amounts = [
        ("/totals/net", totals.net, "BR-DEC-12"),
        ("/totals/tax", totals.tax, "BR-DEC-13"),
        ("/totals/gross", totals.gross, "BR-DEC-14"),
        ("/totals/prepaid", totals.prepaid, "BR-DEC-16"),
        ("/totals/due", totals.due, "BR-DEC-18"),
    ];
    for (path, amount, code) in amounts {
        require_places(path, amount, code, problems);
        problems.require(
            amount.currency == invoice.currency,
            path,
            "CURRENCY-MISMATCH",
            format!("the total is in {}, the document in {}", amount.currency, invoice.currency),
        );
    }
}

/// The standard allows two decimals; we allow those of the currency, which are two for the euro.
fn require_places(path: impl std::fmt::Display, amount: Money, code: &str, problems: &mut Problems) {
    let places = amount.currency.minor_units();
    problems.require(
        amount.amount.normalize().scale() <= places,
        path,
        code,
        format!("{} has more than {places} decimals", amount.amount),
    );
}

/// Whether an exact amount rounds to a printed one, by either mode that an entity may choose.
fn rounds_to(exact: Decimal, printed: Money) -> bool {
    let places = printed.currency.minor_units();
    [Rounding::HalfUp, Rounding::HalfEven].iter().any(|mode| mode.round(exact, places) == printed.amount)
}
