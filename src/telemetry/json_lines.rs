//! Log lines for machines: one JSON object a line.

use std::fmt;
use std::time::SystemTime;

use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Marks a field that holds JSON text, because `tracing` knows no lists: `json.matches` becomes `matches`.
const JSON: &str = "json.";

/// What comes from the `log` crate brings these, which name places in somebody else's source.
const FOREIGN: &str = "log.";

/// Formats an event as `timestamp`, `level`, `target` and its fields. Spans are not used.
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Vec::with_capacity(512);
        write_line(&mut line, event).map_err(|_| fmt::Error)?;
        writeln!(writer, "{}", String::from_utf8_lossy(&line))
    }
}

fn write_line(line: &mut Vec<u8>, event: &Event<'_>) -> serde_json::Result<()> {
    let normalized = event.normalized_metadata();
    let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
    let mut serializer = serde_json::Serializer::new(line);
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("timestamp", &humantime::format_rfc3339_micros(SystemTime::now()).to_string())?;
    map.serialize_entry("level", metadata.level().as_str())?;
    map.serialize_entry("target", metadata.target())?;
    let mut fields = Fields { map, result: Ok(()) };
    event.record(&mut fields);
    fields.result?;
    fields.map.end()
}

/// Writes fields as they are visited. After a failure nothing more is written.
struct Fields<M: SerializeMap> {
    map: M,
    result: Result<(), M::Error>,
}

impl<M: SerializeMap> Fields<M> {
    fn write<T: serde::Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        if self.result.is_ok() && !name.starts_with(FOREIGN) {
            self.result = self.map.serialize_entry(name, value);
        }
    }
}

impl<M: SerializeMap> Visit for Fields<M> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write(field.name(), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field.name(), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field.name(), &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field.name(), &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name().strip_prefix(JSON).zip(serde_json::from_str::<Value>(value).ok()) {
            Some((name, json)) => self.write(name, &json),
            None => self.write(field.name(), value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write(field.name(), &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_with_its_fields_in_their_order_and_lists_as_lists() {
        let written = Shared::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt().event_format(JsonLines).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let none: Option<String> = None;
            tracing::info!(event = "e", text = "a \"b\"\n", count = 7, path = %"x/y", json.list = "[1,{}]", none, "said");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let (_, rest) = text.split_once(",\"level\":").unwrap();
        let expected = "\"INFO\",\"target\":\"penstock::telemetry::json_lines::tests\",\"message\":\"said\",\
                        \"event\":\"e\",\"text\":\"a \\\"b\\\"\\n\",\"count\":7,\"path\":\"x/y\",\"list\":[1,{}]}\n";
        assert_eq!(rest, expected);
    }
}
