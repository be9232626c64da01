//! How the file of a hash set is read: its format, and what the configuration adds to what it says.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::content::Algorithm;

/// A format that lists of hashes come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListFormat {
    /// Penstock's own CSV.
    Csv,
    /// Any other CSV, whose columns the configuration names.
    MappedCsv,
    /// One hash a line.
    Plain,
    /// `local_file` of the Python package `threatexchange`: one `type value` a line.
    PytxLines,
    /// CSV of the Python package `threatexchange`: `signal_type,signal_str,collab,category,tags`.
    PytxCsv,
    /// ThreatExchange, answers of `/threat_updates` in JSON.
    ThreatUpdates,
    /// ThreatExchange, JSON of the tag query tools: `td_raw_indicator` and its like.
    ThreatTags,
    /// ThreatExchange, legacy CSV without header: indicator, descriptor, date, labels.
    ThreatCsv,
    /// NCMEC hash sharing, XML, version 2.
    Ncmec,
    /// Project VIC, JSON, versions 1.3 and 2.0.
    Vics,
    /// StopNCII, JSON.
    Stopncii,
    /// Tech Against Terrorism, JSON.
    Tat,
    /// What `hashdeep` writes.
    Hashdeep,
    /// What `md5sum`, `sha1sum`, `sha256sum` and `sha512sum` write.
    Sums,
    /// NSRL's reference data set, CSV.
    Nsrl,
    /// ClamAV, `.hdb` and `.hsb`.
    Clamav,
    /// MISP attributes, JSON.
    MispJson,
    /// MISP attributes, CSV.
    MispCsv,
    /// STIX 2.1 bundle, JSON.
    Stix,
}

impl ListFormat {
    /// Every format.
    pub const ALL: [Self; 19] = [
        Self::Csv,
        Self::MappedCsv,
        Self::Plain,
        Self::PytxLines,
        Self::PytxCsv,
        Self::ThreatUpdates,
        Self::ThreatTags,
        Self::ThreatCsv,
        Self::Ncmec,
        Self::Vics,
        Self::Stopncii,
        Self::Tat,
        Self::Hashdeep,
        Self::Sums,
        Self::Nsrl,
        Self::Clamav,
        Self::MispJson,
        Self::MispCsv,
        Self::Stix,
    ];

    /// The name in configuration, on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::MappedCsv => "mapped-csv",
            Self::Plain => "plain",
            Self::PytxLines => "pytx-lines",
            Self::PytxCsv => "pytx-csv",
            Self::ThreatUpdates => "threat-updates",
            Self::ThreatTags => "threat-tags",
            Self::ThreatCsv => "threat-csv",
            Self::Ncmec => "ncmec",
            Self::Vics => "vics",
            Self::Stopncii => "stopncii",
            Self::Tat => "tat",
            Self::Hashdeep => "hashdeep",
            Self::Sums => "sums",
            Self::Nsrl => "nsrl",
            Self::Clamav => "clamav",
            Self::MispJson => "misp-json",
            Self::MispCsv => "misp-csv",
            Self::Stix => "stix",
        }
    }

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

impl fmt::Display for ListFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is done about a row that is not as its format says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnBadRow {
    /// The list is refused as a whole: a row that is lost is an upload that passes.
    #[default]
    Refuse,
    /// The row is left out, counted and reported.
    Skip,
}

/// Which column of a foreign CSV holds what. Columns are named as in the header, or counted from 1 where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ColumnMapping {
    /// Columns that hold hashes, each with its algorithm; several make several entries of one row.
    pub hashes: BTreeMap<String, Algorithm>,
    /// Columns that hold what is only kept, such as PhotoDNA, each with the name of its kind.
    pub kept: BTreeMap<String, String>,
    /// A column that holds hashes whose algorithm another column tells: (hash, algorithm).
    pub hash_and_algorithm: Option<(String, String)>,
    /// Columns of what is said about the hash, by the name of the field of an entry: `id`, `label`, `category`…
    pub about: BTreeMap<String, String>,
    /// A column, and the values in it that take the row's hashes off the list.
    pub removed_when: Option<(String, Vec<String>)>,
    /// What separates fields.
    pub delimiter: u8,
    /// Whether the first line names the columns.
    pub has_header: bool,
}

/// How the file of one set is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ListReading {
    /// The format; told from the content when absent.
    pub format: Option<ListFormat>,
    /// The algorithm of hashes that do not tell it, as in a plain list.
    pub algorithm: Option<Algorithm>,
    /// For [`ListFormat::MappedCsv`].
    pub columns: Option<ColumnMapping>,
    /// The label of entries whose list gives none.
    pub label: Option<String>,
    /// Default refuse.
    pub on_bad_row: OnBadRow,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_has_one_name_everywhere() {
        for (position, format) in ListFormat::ALL.into_iter().enumerate() {
            assert_eq!((format as usize, ListFormat::named(format.name())), (position, Some(format)));
            assert_eq!(serde_json::to_value(format).unwrap(), format.name());
        }
    }
}
