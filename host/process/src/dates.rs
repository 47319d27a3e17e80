//! Calendar arithmetic for definitions: business dates in, business dates or instants out.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("'{text}' is no date; write YYYY-MM-DD"))
}

/// The last day of that date's month.
pub fn end_of_month(text: &str) -> Result<String, String> {
    Ok(date(text)?.last_of_month().to_string())
}

/// The first day of the month after that date's.
pub fn start_of_next_month(text: &str) -> Result<String, String> {
    let next = date(text)?.last_of_month().tomorrow().map_err(|error| error.to_string())?;
    Ok(next.to_string())
}

/// The calendar date of an RFC 3339 instant in a zone.
pub fn date_of(instant: &str, zone: &str) -> Result<String, String> {
    let instant = instant.parse().map_err(|_| format!("'{instant}' is no RFC 3339 instant"))?;
    date_in(instant, zone).map(|date| date.to_string())
}

/// So many days of 24 hours after an RFC 3339 instant.
pub fn plus_days(instant: &str, days: i64) -> Result<String, String> {
    let from: jiff::Timestamp = instant.parse().map_err(|_| format!("'{instant}' is no RFC 3339 instant"))?;
    let later = days.checked_mul(24).and_then(|hours| from.checked_add(jiff::SignedDuration::from_hours(hours)).ok());
    later.map(|later| later.to_string()).ok_or_else(|| format!("{days} days after {instant} is out of range"))
}

/// The instant at which clocks in `zone` show that date and time, as RFC 3339 in UTC.
pub fn at_time(text: &str, time: &str, zone: &str) -> Result<String, String> {
    let time: Time = time.parse().map_err(|_| format!("'{time}' is no time; write HH:MM"))?;
    let zone = TimeZone::get(zone).map_err(|_| format!("'{zone}' is no IANA time zone"))?;
    let instant = zone.to_timestamp(date(text)?.to_datetime(time)).map_err(|error| error.to_string())?;
    Ok(instant.to_string())
}

/// The calendar date of an instant in a zone.
pub fn date_in(instant: jiff::Timestamp, zone: &str) -> Result<Date, String> {
    let zone = TimeZone::get(zone).map_err(|_| format!("'{zone}' is no IANA time zone"))?;
    Ok(instant.to_zoned(zone).date())
}
