//! Figures, and what share of the whole they are.

use api::read::Figure;
use quoin_canonical::Decimal;

use super::Amount;

/// A group of figures that are parts of one whole.
pub struct Group {
    /// What the group is about.
    pub title: &'static str,
    /// The whole.
    pub whole: FigureView,
    /// Its parts.
    pub parts: Vec<FigureView>,
    /// The bar in words, for people who cannot see it.
    pub words: String,
}

/// One figure.
pub struct FigureView {
    /// Stable name, also its colour class.
    pub code: String,
    /// What it is called.
    pub label: String,
    /// The amount.
    pub amount: Amount,
    /// Where it comes from.
    pub source: String,
    /// Where its bar begins, in percent of the whole.
    pub from: String,
    /// How long its bar is, in percent of the whole.
    pub width: String,
}

/// Net figures against what was sold, gross figures against what was billed.
pub fn groups(figures: &[Figure]) -> Vec<Group> {
    [
        group("Net of tax", figures, "sold", &["billed", "drafted", "unbilled", "over_cap"]),
        group("With tax", figures, "billed_gross", &["paid", "open"]),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn group(title: &'static str, figures: &[Figure], whole: &str, parts: &[&str]) -> Option<Group> {
    let find = |code: &str| figures.iter().find(|figure| figure.code == code);
    let whole = find(whole)?;
    let of = whole.value.amount;
    let mut from = Decimal::ZERO;
    let mut views = Vec::new();
    for figure in parts.iter().filter_map(|code| find(code)) {
        let width = share(figure.value.amount, of).min(Decimal::ONE_HUNDRED - from);
        views.push(view(figure, from, width));
        from += width;
    }
    let told: Vec<String> = views.iter().map(|part| format!("{} {} %", part.label, part.width)).collect();
    Some(Group {
        title,
        words: format!("Of {}: {}", whole.label, told.join(", ")),
        whole: view(whole, Decimal::ZERO, Decimal::ONE_HUNDRED),
        parts: views,
    })
}

fn view(figure: &Figure, from: Decimal, width: Decimal) -> FigureView {
    FigureView {
        code: figure.code.clone(),
        label: figure.label.clone(),
        amount: Amount::from(&figure.value),
        source: figure.source.clone(),
        from: from.to_string(),
        width: width.to_string(),
    }
}

/// Percent of the whole, one decimal, between 0 and 100.
fn share(part: Decimal, whole: Decimal) -> Decimal {
    if whole <= Decimal::ZERO {
        return Decimal::ZERO;
    }
    (part / whole * Decimal::ONE_HUNDRED).round_dp(1).clamp(Decimal::ZERO, Decimal::ONE_HUNDRED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quoin_canonical::{Currency, Money};

    fn figure(code: &str, amount: i64) -> Figure {
        let value = Money::new(Decimal::from(amount), Currency::from_code("EUR").unwrap());
        Figure { code: code.into(), label: code.into(), value, source: "test".into() }
    }

    #[test]
    fn parts_stand_beside_each_other_and_never_pass_the_whole() {
        let groups =
            groups(&[figure("sold", 100), figure("billed", 60), figure("unbilled", 25), figure("over_cap", 40)]);
        let bars: Vec<(&str, &str)> =
            groups[0].parts.iter().map(|part| (part.from.as_str(), part.width.as_str())).collect();
        assert_eq!(bars, [("0", "60.0"), ("60.0", "25.0"), ("85.0", "15.0")]);
    }

    #[test]
    fn a_whole_of_nothing_has_no_bar() {
        let groups = groups(&[figure("billed_gross", 0), figure("paid", 0)]);
        assert_eq!(groups[0].parts[0].width, "0");
    }
}
