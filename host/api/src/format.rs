//! Figures and times as people read them: used by the summaries of a timeline and by the console.

use jiff::tz::TimeZone;
use quoin_canonical::{Date, Decimal, Money, Timestamp};

/// `EUR 69,972.00`: with the currency's own decimals, thousands parted by commas.
pub fn money(money: &Money) -> String {
    format!("{} {}", money.currency, amount(money))
}

/// `69,972.00`: the amount alone, with the currency's own decimals or more.
pub fn amount(money: &Money) -> String {
    let mut value = money.amount.normalize();
    if value.scale() < money.currency.minor_units() {
        value.rescale(money.currency.minor_units());
    }
    grouped(&value.to_string())
}

/// A number without needless zeros: `8`, `7.5`, `1,250`.
pub fn number(value: Decimal) -> String {
    grouped(&value.normalize().to_string())
}

/// A price: a number with two decimals at least: `150.00`, `41.3335`.
pub fn price(value: Decimal) -> String {
    let mut value = value.normalize();
    if value.scale() < 2 {
        value.rescale(2);
    }
    grouped(&value.to_string())
}

fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("\u{2212}", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut out = String::with_capacity(text.len() + 8);
    out.push_str(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// `140 ms`, `1.4 s`, `320 µs`: how long something took.
pub fn micros(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} \u{b5}s"),
        1_000..1_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

/// The day of an instant, in UTC: for forms, where the person sees and may change it.
pub fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// `2026-03-02 10:15:00 UTC`.
pub fn absolute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `3 days ago`, `in 2 hours`, `just now`: an instant as seen from `now`.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    let words = span_words(seconds.unsigned_abs());
    match seconds {
        -4..=4 => "just now".into(),
        5.. => format!("{words} ago"),
        _ => format!("in {words}"),
    }
}

/// `45 seconds`, `3 hours`, `12 days`: a span in its largest whole unit.
pub fn span_words(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        172_800..5_184_000 => (seconds / 86_400, "day"),
        _ => (seconds / 2_592_000, "month"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// `5.2 s`, `3 min`, `4 h`, `26 d`: a span in a few characters, for stages.
pub fn span_short(from: Timestamp, to: Timestamp) -> String {
    let millis = (to.as_millisecond() - from.as_millisecond()).max(0).unsigned_abs();
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        60_000..3_600_000 => format!("{} min", millis / 60_000),
        3_600_000..172_800_000 => format!("{} h", millis / 3_600_000),
        _ => format!("{} d", millis / 86_400_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quoin_canonical::Currency;

    #[test]
    fn amounts_read_as_written_on_paper() {
        for (value, currency, text) in [
            ("69972", "EUR", "EUR 69,972.00"),
            ("-357", "EUR", "EUR \u{2212}357.00"),
            ("122913", "JPY", "JPY 122,913"),
            ("299.668", "KWD", "KWD 299.668"),
            ("0.5", "EUR", "EUR 0.50"),
            ("1234567.891", "EUR", "EUR 1,234,567.891"),
        ] {
            let value = Money::new(value.parse().unwrap(), Currency::from_code(currency).unwrap());
            assert_eq!(money(&value), text);
        }
    }

    #[test]
    fn prices_have_two_decimals_at_least() {
        for (value, text) in
            [("150", "150.00"), ("1200.5", "1,200.50"), ("41.33350", "41.3335"), ("-300", "\u{2212}300.00")]
        {
            assert_eq!(price(value.parse().unwrap()), text);
        }
    }

    #[test]
    fn times_are_seen_from_now() {
        let now: Timestamp = "2026-04-01T12:00:00Z".parse().unwrap();
        for (at, text) in [
            ("2026-04-01T11:59:58Z", "just now"),
            ("2026-04-01T11:59:00Z", "1 minute ago"),
            ("2026-03-31T11:00:00Z", "25 hours ago"),
            ("2026-03-02T10:15:00Z", "30 days ago"),
            ("2026-04-01T14:00:00Z", "in 2 hours"),
        ] {
            assert_eq!(relative(at.parse().unwrap(), now), text, "{at}");
        }
    }

    #[test]
    fn spans_are_short() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(span_short(at("2026-03-02T10:15:00Z"), at("2026-03-02T10:15:00.4Z")), "400 ms");
        assert_eq!(span_short(at("2026-03-02T10:15:00Z"), at("2026-03-02T10:15:05.2Z")), "5.2 s");
        assert_eq!(span_short(at("2026-03-02T10:15:00Z"), at("2026-03-31T10:15:00Z")), "29 d");
        assert_eq!(micros(1_450_000), "1.4 s");
    }
}
