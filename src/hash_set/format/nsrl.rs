//! NSRL's reference data set as CSV: `"SHA-1","MD5","CRC32","FileName","FileSize","ProductCode",…` of RDS 2, and what
//! exports of RDS 3's table `FILE` have: `sha256,sha1,md5,crc32,file_name,file_size,package_id`.
//!
//! Each digest of a row is an entry. Source: NIST, "RDS CSV file format" and "RDSv3 schema".

use super::Input;
use super::digest::Digest;
use super::table::Table;
use super::tags::Tags;
use crate::content::Algorithm;
use crate::hash_set::entry::{About, RecordSink};
use crate::hash_set::problem::ReadError;

/// Names of the columns of digests, as [`Table::column`] wants them.
const DIGESTS: [(&str, Algorithm); 4] =
    [("sha256", Algorithm::Sha256), ("sha1", Algorithm::Sha1), ("md5", Algorithm::Md5), ("sha512", Algorithm::Sha512)];

/// Columns that become tags.
const TAGS: [(&str, &[&str]); 5] = [
    ("name", &["filename"]),
    ("size", &["filesize"]),
    ("product", &["productcode", "packageid"]),
    ("system", &["opsystemcode"]),
    ("special", &["specialcode"]),
];

/// Reads a list.
pub(super) fn read(input: &mut Input<'_>, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let table = Table::open(input, b',')?;
    let digests = DIGESTS.map(|(name, algorithm)| (table.column(&[name]), Digest::Matched(algorithm)));
    if digests.iter().all(|(column, _)| column.is_none()) {
        return Err(table.missing("SHA-1").into());
    }
    let columns = TAGS.map(|(tag, names)| (tag, table.column(names).unwrap_or(usize::MAX)));
    let mut tags = Tags::default();
    table.each(sink, |record, sink| {
        tags.clear();
        for (tag, column) in columns {
            tags.add_pair(tag, &record.text(column)?);
        }
        for (column, digest) in digests {
            let Some(column) = column else { continue };
            let text = record.text(column)?;
            if text.is_empty() {
                continue;
            }
            match digest.item(&text) {
                Ok(item) => sink.list(item, &About { tags: tags.text(), ..About::default() }),
                // The row's other hashes are worth having.
                Err(kind) => sink.reject(record.place(column).problem(kind)),
            }
        }
        Ok(())
    })
}
