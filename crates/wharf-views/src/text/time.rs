//! Durations and clock times for people: `12s`, `5m`, `3h`, `2d`; `2026-11-23 14:02:11`. Not here: a clock.

use jiff::tz::TimeZone;
use wharf_model::timestamp::Timestamp;

/// Returns how long `since` is ago in its largest unit, rounded down; `0s` if it lies ahead.
pub(crate) fn ago(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.ms_since(since).max(0) / 1000;
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        86_400..31_536_000 => format!("{}d", seconds / 86_400),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// Returns date and time of day in `zone`.
pub(crate) fn date_time(at: Timestamp, zone: &TimeZone) -> String {
    format_in(at, zone, "%Y-%m-%d %H:%M:%S")
}

/// Returns the time of day in `zone`.
pub(crate) fn clock(at: Timestamp, zone: &TimeZone) -> String {
    format_in(at, zone, "%H:%M:%S")
}

fn format_in(at: Timestamp, zone: &TimeZone, format: &str) -> String {
    match jiff::Timestamp::from_millisecond(at.unix_ms()) {
        Ok(instant) => instant.to_zoned_datetime(zone.clone()).strftime(format).to_string(),
        // Not reachable: a `Timestamp` keeps to the same years. Better odd than a panic.
        Err(_) => at.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use wharf_model::timestamp::Timestamp;

    use super::ago;

    #[track_caller]
    fn check(seconds: i64, expect: &str) {
        let at = |ms| Timestamp::from_unix_ms(ms).unwrap();
        assert_eq!(ago(at(0), at(seconds * 1000)), expect);
    }

    #[test]
    fn the_largest_unit_is_told_and_rounded_down() {
        check(0, "0s");
        check(59, "59s");
        check(60, "1m");
        check(3599, "59m");
        check(7200, "2h");
        check(86_400 * 2 - 1, "1d");
        check(86_400 * 364, "364d");
        check(86_400 * 800, "2y");
    }

    #[test]
    fn a_start_ahead_of_the_clock_is_now() {
        check(-5, "0s");
    }
}
