//! Which parts rules look at: texts, and the words of what nobody takes apart.

use crate::content::{MediaType, Part, PartKind, reads_as_text};

/// Formats whose words are handed out, or are in what is handed out.
const TAKEN_APART: [&str; 19] = [
    "pdf", "zip", "docx", "xlsx", "pptx", "odt", "ods", "odp", "epub", "doc", "xls", "ppt", "msg", "ole", "tar", "ar",
    "deb", "cpio", "sqlite",
];

/// Whether rules look at a part: values whatever they hold, other parts when they read as text, even where they begin
/// with a small picture, or are called text and are no picture. A body that was taken apart is not read again as a
/// whole.
pub(super) fn is_text(part: &Part, media_type: MediaType) -> bool {
    match part.kind {
        PartKind::Field | PartKind::JsonString | PartKind::XmlText => true,
        PartKind::Name | PartKind::Text | PartKind::Metadata => true,
        PartKind::Envelope | PartKind::Samples | PartKind::Drawing => false,
        _ if media_type.is_picture() => reads_as_text(&part.bytes),
        _ => media_type == MediaType::Text || part.is_called_text(),
    }
}

/// Whether rules look at `part` because of what its bytes are, and not whatever they are: something else may be in it.
pub(super) fn may_be_mixed(part: &Part) -> bool {
    let is_text = matches!(part.kind, PartKind::Field | PartKind::JsonString | PartKind::XmlText)
        || matches!(part.kind, PartKind::Name | PartKind::Text | PartKind::Metadata);
    !is_text && !part.is_called_text()
}

/// Whether nobody takes `part` apart, so that its words are found nowhere else.
pub(super) fn is_opaque(part: &Part, media_type: MediaType) -> bool {
    let is_of_others =
        matches!(part.kind, PartKind::Carved | PartKind::Reading | PartKind::Envelope | PartKind::Samples);
    !is_of_others
        && match media_type {
            MediaType::Opaque => true,
            MediaType::Known(name) => !TAKEN_APART.contains(&name),
            _ => false,
        }
}
