//! The JSON Schema of rule files.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::raw::RawFile;

/// The JSON Schema (draft 7, which editors for TOML read) of a rule file.
pub fn rule_schema() -> Value {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<RawFile>().to_value()
}
