//! Project VIC, the Video Image Classification Standard, versions 1.x and 2.0: hash sets and case exports.
//!
//! ```text
//! {"@odata.context": "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#Media", "value": [
//!   {"MediaID": 1, "Category": 1, "MD5": "…", "SHA1": "…", "PhotoDNA": "…", "MediaSize": 1024, "Series": "…",
//!    "DateUpdated": "2024-05-01T10:00:00", "VictimIdentified": "true", "OffenderIdentified": "false",
//!    "IsDistributed": "true", "IsPrecategorized": "true", "Tags": "…", "Comments": "…",
//!    "AlternativeHashes": [{"HashName": "PhotoDNA", "HashValue": "…"}]}]}
//! ```
//!
//! Version 1 says `odata.metadata` instead. A case export has cases in `value`, whose `Media` are the same. What a
//! number in `Category` means differs by the country in the context, so it is kept as it is. Nothing is ever taken
//! back: each file is the whole list.
//!
//! Source: readers and writers by others, as the official schema is not public: sepinf-inc/IPED (`HashDBTool.java`,
//! `ProjectVicHashLookup.java`), osTriage's `VICS.cpp`, "gleapp" (`hashdb.py`).

use serde::Deserialize;

use super::super::Input;
use super::super::row::{HashKind, Row};
use super::super::tags::Tags;
use super::value::{Names, Scalar, Several, parse};
use super::walk::{self, Alone, ENTRY, Node};
use crate::content::Algorithm;
use crate::hash_set::entry::{About, KeptKind, RecordSink};
use crate::hash_set::problem::{ReadError, RowProblemKind};

const ROOT: Node = Node { leads: &[("value", &MEDIA_OR_CASE)], marker: None, alone: Alone::Refused("value") };
const MEDIA_OR_CASE: Node = Node { leads: &[("Media", &ENTRY)], marker: Some("MD5"), alone: Alone::Entry };

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Media<'a> {
    #[serde(borrow, rename = "MediaID")]
    media_id: Scalar<'a>,
    category: Scalar<'a>,
    #[serde(rename = "MD5")]
    md5: Scalar<'a>,
    #[serde(rename = "SHA1")]
    sha1: Scalar<'a>,
    #[serde(rename = "PhotoDNA")]
    photo_dna: Scalar<'a>,
    alternative_hashes: Several<AlternativeHash<'a>>,
    media_size: Scalar<'a>,
    mime_type: Scalar<'a>,
    date_updated: Scalar<'a>,
    series: Scalar<'a>,
    victim_identified: Scalar<'a>,
    offender_identified: Scalar<'a>,
    is_distributed: Scalar<'a>,
    is_precategorized: Scalar<'a>,
    precategorization_source: Scalar<'a>,
    is_suspected: Scalar<'a>,
    tags: Names<'a>,
    comments: Scalar<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct AlternativeHash<'a> {
    #[serde(borrow)]
    hash_name: Scalar<'a>,
    hash_value: Scalar<'a>,
}

/// Reads a list. See the module for the format.
pub(in super::super) fn read(input: &mut Input<'_>, sink: &mut dyn RecordSink) -> Result<(), ReadError> {
    let mut tags = Tags::default();
    walk::read(input, &ROOT, sink, &mut |bytes, row| read_media(&parse(bytes)?, &mut tags, row))
}

fn read_media(media: &Media<'_>, tags: &mut Tags, row: &mut Row<'_>) -> Result<(), RowProblemKind> {
    tag(media, tags)?;
    let about = About {
        id: media.media_id.text("MediaID")?,
        category: media.category.text("Category")?,
        source: media.precategorization_source.text("PrecategorizationSource")?,
        tags: tags.text(),
        updated: media.date_updated.text("DateUpdated")?,
        note: media.comments.text("Comments")?,
        ..About::default()
    };
    let (md5, sha1) = (media.md5.text("MD5")?, media.sha1.text("SHA1")?);
    let photo_dna = media.photo_dna.text("PhotoDNA")?;
    let known = [
        (HashKind::Hashed(Algorithm::Md5), md5),
        (HashKind::Hashed(Algorithm::Sha1), sha1),
        (HashKind::Kept(KeptKind::PhotoDna), photo_dna),
    ];
    let mut is_empty = true;
    for (kind, text) in known.into_iter().filter_map(|(kind, text)| Some((kind, text?))) {
        is_empty = false;
        row.list(kind, text, &about);
    }
    for hash in &media.alternative_hashes.0 {
        let (name, value) = (hash.hash_name.text("HashName")?, hash.hash_value.text("HashValue")?);
        // Exporters leave entries for hashes that they did not compute.
        let (Some(name), Some(value)) = (name, value) else {
            continue;
        };
        is_empty = false;
        match HashKind::named(name) {
            // Some writers give a value both ways.
            Some(_) if [md5, sha1, photo_dna].contains(&Some(value)) => {}
            Some(kind) => row.list(kind, value, &about),
            None => row.ignore(name),
        }
    }
    if is_empty { Err(RowProblemKind::MissingField("MD5")) } else { Ok(()) }
}

fn tag(media: &Media<'_>, tags: &mut Tags) -> Result<(), RowProblemKind> {
    tags.clear();
    let listed = media.tags.0.iter().flat_map(|tags| tags.split([',', ';', '|']));
    listed.for_each(|tag| tags.add(tag.trim()));
    let pairs = [
        ("size", media.media_size.text("MediaSize")?),
        ("mime", media.mime_type.text("MimeType")?),
        ("series", media.series.text("Series")?),
        ("victim_identified", flag(&media.victim_identified, "VictimIdentified")?),
        ("offender_identified", flag(&media.offender_identified, "OffenderIdentified")?),
        ("distributed", flag(&media.is_distributed, "IsDistributed")?),
        ("precategorized", flag(&media.is_precategorized, "IsPrecategorized")?),
        ("suspected", flag(&media.is_suspected, "IsSuspected")?),
    ];
    pairs.into_iter().for_each(|(name, value)| tags.add_pair(name, value.unwrap_or_default()));
    Ok(())
}

/// A boolean, spelled alike whatever its case; anything else as it is.
fn flag<'a>(value: &'a Scalar<'_>, field: &'static str) -> Result<Option<&'a str>, RowProblemKind> {
    Ok(value.text(field)?.map(|text| {
        let spelled = ["true", "false"].into_iter().find(|spelled| text.eq_ignore_ascii_case(spelled));
        spelled.unwrap_or(text)
    }))
}
