//! Parts between boundaries without their hyphens: Sanic splits a body at each, wherever it is.
//!
//! Where a boundary is nowhere but in its delimiters, those parts are the ones that everybody sees. Short boundaries
//! are in pictures by chance, so an occurrence elsewhere is no fault: what Sanic would make of it is one more reading.

use std::ops::Range;

use bytes::Bytes;
use memchr::memmem;

use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;

/// Bytes in which Sanic's headers may end.
const MAX_HEADERS: usize = 64 << 10;

/// Bytes before a boundary that Sanic takes for the line end and the hyphens.
const CUT: usize = 4;

/// Adds the contents between boundaries that are not both in delimiters.
pub(super) fn extract(body: &Bytes, boundary: &[u8], found: &mut Dissection<'_>) {
    let places: Vec<usize> = memmem::find_iter(body, boundary).collect();
    let is_delimiter = |at: usize| body[..at].ends_with(b"--");
    for pair in places.windows(2) {
        let (first, next) = (pair[0], pair[1]);
        if (is_delimiter(first) && is_delimiter(next)) || found.is_over() {
            continue;
        }
        if let Some(content) = content(body, first + boundary.len()..next) {
            // The start of a part that is inspected as a whole: that it is cut off is no doubt.
            let is_guess = is_delimiter(first);
            let part = Part { is_guess, ..Part::new(PartKind::Reading, body.slice(content)) };
            found.add(part, Some(first));
        }
    }
}

/// The content of the part in `piece`, if it has the header without which Sanic drops it.
fn content(body: &[u8], piece: Range<usize>) -> Option<Range<usize>> {
    let head = &body[piece.start..piece.end.min(piece.start + MAX_HEADERS)];
    let gap = memmem::find(head, b"\r\n\r\n")?;
    let is_named = memmem::find(&head[..gap].to_ascii_lowercase(), b"content-disposition").is_some();
    let content = piece.start + gap + 4..piece.end.checked_sub(CUT)?;
    (is_named && content.start <= content.end).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    #[test]
    fn what_is_between_bare_boundaries_is_a_reading() {
        const HEAD: &str = "\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n";
        for (body, expected) in [
            (format!("--bnd{HEAD}EVIL\r\n--bnd--"), &[][..]),
            (format!("--bnd{HEAD}x bnd{HEAD}EVIL\r\n--bnd--"), &["EVIL"]),
            (format!("--bnd{HEAD}EVIL1234bnd\r\n--bnd--"), &["EVIL"]),
            (format!("--bnd{HEAD}x bnd y bnd\r\n\r\nz\r\n--bnd--"), &[]),
        ] {
            let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| {
                extract(&body.clone().into(), b"bnd", found);
            });
            let parts: Vec<&[u8]> = found.parts.iter().map(|part| &part.bytes[..]).collect();
            let expected: Vec<&[u8]> = expected.iter().map(|text| text.as_bytes()).collect();
            assert_eq!(
                parts.iter().filter(|part| part.starts_with(b"EVIL")).collect::<Vec<_>>(),
                expected.iter().collect::<Vec<_>>(),
                "{body}"
            );
        }
    }
}
