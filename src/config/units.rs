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
                text.parse::<bytesize::ByteSize>()
                    .map(|size| ByteSize(size.0))
                    .map_err(|_| E::custom(format!("\"{text}\" is not a size, expected for example \"64 KiB\"")))
            }

            fn visit_i64<E: serde::de::Error>(self, bytes: i64) -> Result<ByteSize, E> {
                u64::try_from(bytes).map(ByteSize).map_err(|_| E::custom("a size cannot be negative"))
            }
        }
        deserializer.deserialize_any(SizeVisitor)
    }
}

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
                humantime::parse_duration(text)
                    .map(Span)
                    .map_err(|_| E::custom(format!("\"{text}\" is not a length of time, expected for example \"10s\"")))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Span, E> {
                Err(E::custom(format!("{number} of what? Expected a length of time, for example \"{number}s\"")))
            }
        }
        deserializer.deserialize_any(SpanVisitor)
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
