//! Sizes, durations and sets of policies as people write them in a configuration.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

/// A number of bytes, written as `"64 KiB"`, `"1 MB"` or a plain number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// `n` × 1,024 bytes.
    pub const fn kib(n: u64) -> Self {
        Self(n << 10)
    }

    /// `n` × 1,048,576 bytes.
    pub const fn mib(n: u64) -> Self {
        Self(n << 20)
    }

    /// `n` × 1,073,741,824 bytes.
    pub const fn gib(n: u64) -> Self {
        Self(n << 30)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        bytesize::ByteSize(self.0).display().iec().fmt(f)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SizeVisitor;
        impl Visitor<'_> for SizeVisitor {
            type Value = ByteSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as \"64 KiB\" or a number of bytes")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ByteSize, E> {
                text.trim().parse::<bytesize::ByteSize>().map(|size| ByteSize(size.0)).map_err(|_| {
                    let hint = if text.ends_with("/s") { ": leave out \"/s\"" } else { "" };
                    E::custom(format!("\"{text}\" is not a size, expected for example \"64 KiB\"{hint}"))
                })
            }

            fn visit_i64<E: serde::de::Error>(self, bytes: i64) -> Result<ByteSize, E> {
                u64::try_from(bytes).map(ByteSize).map_err(|_| E::custom("a size cannot be negative"))
            }
        }
        deserializer.deserialize_any(SizeVisitor)
    }
}

/// Longer times overflow the clock when they are added to it.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

/// A length of time, written as `"10s"`, `"500ms"` or `"2m 30s"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(pub(crate) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpanVisitor;
        impl Visitor<'_> for SpanVisitor {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time such as \"10s\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Span, E> {
                let Ok(length) = humantime::parse_duration(text) else {
                    let hint = if text.trim().parse::<f64>().is_ok_and(|number| number >= 0.0) {
                        format!("\"{text}\" of what? Expected a length of time, for example \"{}s\"", text.trim())
                    } else {
                        format!("\"{text}\" is not a length of time, expected for example \"10s\" or \"1h 30m\"")
                    };
                    return Err(E::custom(hint));
                };
                // Where other programs mean minutes.
                if text.trim_end().ends_with('M') {
                    return Err(E::custom(format!("\"{text}\" would be months, expected minutes as in \"5m\"")));
                }
                if length > LONGEST {
                    return Err(E::custom(format!("\"{text}\" is too long, expected at most \"100 years\"")));
                }
                Ok(Span(length))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Span, E> {
                if number < 0 {
                    return Err(E::custom(format!("{number} is negative, expected a length of time such as \"10s\"")));
                }
                Err(E::custom(format!("{number} of what? Expected a length of time, for example \"{number}s\"")))
            }
        }
        deserializer.deserialize_any(SpanVisitor)
    }
}

/// A length of time in which something has to happen, so that it cannot be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Patience(pub(crate) Duration);

impl<'de> Deserialize<'de> for Patience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Span(length) = Span::deserialize(deserializer)?;
        if length.is_zero() {
            return Err(serde::de::Error::custom("expected more than \"0s\": nothing is done in no time"));
        }
        Ok(Self(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Units {
        size: ByteSize,
        time: Span,
    }

    #[derive(Debug, Deserialize)]
    struct Deadline {
        #[expect(dead_code, reason = "only whether it can be read")]
        time: Patience,
    }

    #[test]
    fn a_length_of_time_that_is_hardly_meant_is_refused_with_what_to_write() {
        for (written, expected) in [
            ("\"60\"", "\"60\" of what? Expected a length of time, for example \"60s\""),
            ("60", "60 of what? Expected a length of time, for example \"60s\""),
            ("\"5M\"", "\"5M\" would be months, expected minutes as in \"5m\""),
            ("\"1h30\"", "\"1h30\" is not a length of time, expected for example \"10s\" or \"1h 30m\""),
            ("\"1000 years\"", "\"1000 years\" is too long, expected at most \"100 years\""),
            ("\"0s\"", "expected more than \"0s\": nothing is done in no time"),
        ] {
            let error = toml::from_str::<Deadline>(&format!("time = {written}")).unwrap_err();
            assert_eq!(error.message(), expected);
        }
    }

    #[test]
    fn sizes_and_times_read_as_people_write_them() {
        let units: Units = toml::from_str("size = \"64 KiB\"\ntime = \"2m 30s\"").unwrap();
        assert_eq!((units.size, units.time.0), (ByteSize::kib(64), Duration::from_secs(150)));
        let units: Units = toml::from_str("size = 10\ntime = \"500ms\"").unwrap();
        assert_eq!((units.size, units.time.0), (ByteSize(10), Duration::from_millis(500)));
        for wrong in ["size = -1\ntime = \"1s\"", "size = \"lots\"\ntime = \"1s\"", "size = 1\ntime = \"soon\""] {
            assert!(toml::from_str::<Units>(wrong).is_err(), "{wrong}");
        }
    }
}
