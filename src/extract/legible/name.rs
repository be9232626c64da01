//! Names of files and entries, each a text of its own, in every notation in which a name may be sent.

use bytes::Bytes;

use crate::content::{PartKind, ReferenceIn};
use crate::extract::dissection::Dissection;
use crate::extract::percent;

use super::{encoded_words, references};

/// Most bytes of a name that are looked at. File systems end at 255 and paths at 4,096; pax allows any length.
const MAX_NAME: usize = 64 << 10;

/// Shows `name` as it was sent, and where that differs as RFC 2047 (Outlook, .NET), RFC 3986 (`filename*`, tus) and HTML
/// (browsers, for what a form's charset lacks) read it.
pub(in crate::extract) fn show(name: &[u8], found: &mut Dissection<'_>) {
    let name = &name[..name.len().min(MAX_NAME)];
    let others = [
        encoded_words::decode(name),
        unescaped(name).map(|name| name.to_vec()),
        references::resolved(name, ReferenceIn::Text),
    ];
    for text in std::iter::once(name.to_vec()).chain(others.into_iter().flatten()) {
        let is_empty = text.iter().all(super::is_blank);
        if let Some(text) = (!is_empty).then(|| found.keep(&text, name.len())).flatten() {
            super::show(PartKind::Name, "name", text, found);
        }
    }
}

/// `text` without percent escapes; `None` when it has none.
fn unescaped(text: &[u8]) -> Option<Bytes> {
    has_escapes(text).then(|| percent::undo(text, b'%', None).into())
}

/// Whether there are percent escapes in `text`.
pub(super) fn has_escapes(text: &[u8]) -> bool {
    text.windows(3).any(|three| three[0] == b'%' && percent::hex_pair(three[1], three[2]).is_some())
}
