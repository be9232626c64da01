//! StopNCII, answers of `/v1/FetchHashes`.
//!
//! ```text
//! {"count": 1, "nextPageToken": "…", "nextSetTimestamp": 1, "hasMoreRecords": false, "hashRecords": [
//!   {"lastModtimestamp": 1700000000, "signalType": "ImagePDQ", "hashValue": "…", "hashStatus": "Active",
//!    "caseNumbers": {"17": "Active"}, "CSPFeedbacks": [{"source": "…", "feedbackValue": "Blocked", "tags": ["…"]}]}]}
//! ```
//!
//! `Withdrawn` and `Deleted` take the hash out: the person whose picture it is wants it so. The status is that of all
//! cases together, so a single withdrawn case among active ones changes nothing.
//!
//! Source: facebook/ThreatExchange at baefb4ed, `clients/stopncii/api.py` (which itself looks at the wrong field and
//! never deletes).

use serde::Deserialize;

use super::super::Input;
use super::super::row::{HashKind, Row, wrong_value};
use super::super::tags::Tags;
use super::value::{Names, Pairs, Scalar, Several, parse};
use super::walk::{self, Alone, ENTRY, Node};
use crate::content::Algorithm;
use crate::hash_set::entry::{About, KeptKind, RecordSink};
use crate::hash_set::problem::{ReadError, RowProblemKind};

const PAGE: Node = Node { leads: &[("hashRecords", &ENTRY)], marker: None, alone: Alone::Refused("hashRecords") };

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Record<'a> {
    #[serde(borrow, rename = "lastModtimestamp")]
    last_modified: Scalar<'a>,
    signal_type: Scalar<'a>,
    hash_value: Scalar<'a>,
    hash_status: Scalar<'a>,
    case_numbers: Pairs<'a>,
    #[serde(rename = "CSPFeedbacks")]
    feedbacks: Several<Feedback<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Feedback<'a> {
    #[serde(borrow)]
    source: Scalar<'a>,
    feedback_value: Scalar<'a>,
    tags: Names<'a>,
}

/// Reads a list. See the module for the format.
pub(in super::super) fn read(input: &mut Input<'_>, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let mut tags = Tags::default();
    walk::read(input, &PAGE, sink, &mut |bytes, row| read_record(&parse(bytes)?, &mut tags, row))
}

fn read_record(record: &Record<'_>, tags: &mut Tags, row: &mut Row<'_>) -> Result<(), RowProblemKind> {
    tags.clear();
    let kind = match record.signal_type.required("signalType")? {
        "ImagePDQ" => HashKind::Hashed(Algorithm::Pdq),
        "VideoMD5" => {
            tags.add("video");
            HashKind::Hashed(Algorithm::Md5)
        }
        "VideoTMK" => HashKind::Kept(KeptKind::Tmk),
        "Text" => HashKind::Kept(KeptKind::Text),
        "URL" => HashKind::Kept(KeptKind::Url),
        other => {
            row.ignore(other);
            return Ok(());
        }
    };
    let value = record.hash_value.required("hashValue")?;
    let status = record.hash_status.text("hashStatus")?;
    match status {
        Some("Withdrawn" | "Deleted") => {
            match kind.parse(value)? {
                Some(hash) => row.remove(None, Some(hash)),
                // What is only kept has nothing by which it could be taken out, and is never matched either.
                None => row.ignore("withdrawn"),
            }
            return Ok(());
        }
        None | Some("Received" | "Active" | "Unknown") => {}
        Some(other) => {
            let expected = "Received, Active, Withdrawn or Deleted";
            return Err(wrong_value("hashStatus", other, expected));
        }
    }
    tags.add_pair("status", status.unwrap_or_default());
    record.case_numbers.0.iter().for_each(|(case, _)| tags.add_pair("case", case));
    for feedback in &record.feedbacks.0 {
        tags.add_pair("feedback", feedback.feedback_value.text("feedbackValue")?.unwrap_or_default());
        tags.add_pair("feedback_source", feedback.source.text("source")?.unwrap_or_default());
        feedback.tags.0.iter().for_each(|tag| tags.add(tag));
    }
    let updated = record.last_modified.text("lastModtimestamp")?;
    row.list(kind, value, &About { tags: tags.text(), updated, ..About::default() });
    Ok(())
}
