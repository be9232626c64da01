//! Until when a rule matches.

use std::fmt;

use toml::value::{Date, Datetime, Offset, Time};

use crate::content::UnixTime;

/// The moment from which a rule matches no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    written: String,
    at: UnixTime,
}

impl Expiry {
    /// The end of a date, or a date with a time, both in UTC unless an offset is given; `None` for a time alone.
    pub(in crate::text) fn of(written: &Datetime) -> Option<Self> {
        let date = written.date?;
        let at = match written.time {
            Some(time) => start_of(date).plus(seconds(time) - offset_seconds(written.offset)),
            None => start_of(date).plus(24 * 60 * 60),
        };
        Some(Self { written: written.to_string(), at })
    }

    /// Whether it is over at `now`.
    pub fn has_passed(&self, now: UnixTime) -> bool {
        now >= self.at
    }
}

fn start_of(date: Date) -> UnixTime {
    UnixTime::of_date(i64::from(date.year), date.month, date.day)
}

fn seconds(time: Time) -> i64 {
    i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(time.second.unwrap_or_default())
}

fn offset_seconds(offset: Option<Offset>) -> i64 {
    match offset {
        Some(Offset::Custom { minutes }) => i64::from(minutes) * 60,
        Some(Offset::Z) | None => 0,
    }
}

/// As in the rule file.
impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_lasts_to_its_end_and_a_time_to_its_moment() {
        let midnight = UnixTime::of_date(2027, 1, 1);
        for (written, at) in [
            ("2026-12-31", midnight),
            ("2026-12-31T23:00:00Z", midnight.plus(-3600)),
            ("2027-01-01T01:30:00+01:00", midnight.plus(1800)),
            ("2027-01-01 00:00:05", midnight.plus(5)),
        ] {
            let expiry = Expiry::of(&written.parse().unwrap()).unwrap();
            assert!(!expiry.has_passed(at.plus(-1)) && expiry.has_passed(at), "{written}");
        }
        assert_eq!(Expiry::of(&"07:30:00".parse().unwrap()), None);
    }
}
