//! What all who read HTML know of it: elements without content, and where comments end.
//!
//! Source: WHATWG HTML §13.1.2 and §13.2.6.4.7 (void elements), §13.2.5.43 and on (comments).

use memchr::memmem;

/// Elements that have no content, in small letters.
pub(super) const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// Bytes of the comment whose content `text`, which comes behind `<!--`, begins with, and of that with its end.
pub(super) fn comment(text: &[u8]) -> (usize, usize) {
    for whole in [&b">"[..], b"->"] {
        if text.starts_with(whole) {
            return (0, whole.len());
        }
    }
    let dashes = memmem::find_iter(text, b"--").flat_map(|at| [at, at + 1]);
    let mut ends = dashes.filter_map(|at| match text.get(at..)? {
        [b'-', b'-', b'>', ..] => Some((at, at + 3)),
        [b'-', b'-', b'!', b'>', ..] => Some((at, at + 4)),
        _ => None,
    });
    ends.next().unwrap_or((text.len(), text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_end_as_browsers_end_them() {
        for (text, expected) in [
            (&b">a"[..], (0, 1)),
            (b"->a", (0, 2)),
            (b"a-->b", (1, 4)),
            (b"a--->b", (2, 5)),
            (b"a---->b", (3, 6)),
            (b"a--!>b", (1, 5)),
            (b"a-- >b-->", (6, 9)),
            (b"a--", (3, 3)),
            (b"", (0, 0)),
        ] {
            assert_eq!(comment(text), expected, "{}", String::from_utf8_lossy(text));
        }
    }
}
