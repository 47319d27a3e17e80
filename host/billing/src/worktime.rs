//! When work counts: which business date, in the legal entity's zone (rule RT1).

use jiff::ToSpan;
use jiff::tz::TimeZoneDatabase;
use quoin_canonical::{Date, Timestamp};

use crate::policy::Refusal;

/// The dates of work of a stretch of time. With `split`, minutes past midnight count on the next
/// date (test RT-08); without, the date it began on decides.
///
/// # Errors
/// `ZONE_UNKNOWN`; `TIME_RANGE` when the stretch ends beyond the calendar.
pub fn dates_of_work(start: Timestamp, minutes: u32, zone: &str, split: bool) -> Result<Vec<(Date, u32)>, Refusal> {
    let tz = TimeZoneDatabase::bundled()
        .get(zone)
        .map_err(|_| Refusal::new("ZONE_UNKNOWN", format!("'{zone}' is no IANA time zone")).field("/zone"))?;
    let began = start.to_zoned(tz.clone());
    if !split {
        return Ok(vec![(began.date(), minutes)]);
    }
    let range = |_| Refusal::new("TIME_RANGE", "the stretch ends beyond the calendar").field("/minutes");
    let mut parts = Vec::new();
    let (mut at, mut left) = (start, i64::from(minutes));
    while left > 0 {
        let date = at.to_zoned(tz.clone()).date();
        let midnight = date.tomorrow().map_err(range)?.to_zoned(tz.clone()).map_err(range)?.timestamp();
        let until = midnight.duration_since(at).as_secs().div_euclid(60).max(1);
        let part = left.min(until);
        parts.push((date, u32::try_from(part).unwrap_or(u32::MAX)));
        left -= part;
        at = at.checked_add(part.minutes()).map_err(range)?;
    }
    Ok(parts)
}
