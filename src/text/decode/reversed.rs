//! Text that a mark of direction turns around: behind U+202E, letters are drawn from right to left.
//!
//! Source: Unicode Standard Annex #9, X5 and P1: up to the mark that ends it, or the end of the paragraph.

use memchr::memmem;

/// The right-to-left override.
const OVERRIDE: &str = "\u{202e}";

/// Its first byte.
pub(super) const FIRST: u8 = 0xe2;

/// Bytes that are turned around at once.
const MOST: usize = 1 << 10;

/// Whether something is turned around in `text`.
pub(super) fn is_in(text: &str) -> bool {
    memmem::find(text.as_bytes(), OVERRIDE.as_bytes()).is_some()
}

/// What `text` begins with, as it is drawn, and how many bytes that takes.
pub(super) fn read(text: &str) -> Option<(String, usize)> {
    let rest = text.strip_prefix(OVERRIDE)?;
    let (mut depth, mut end, mut closing) = (1, rest.len().min(MOST), 0);
    for (at, ch) in rest.char_indices() {
        depth = match ch {
            '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' => depth + 1,
            '\u{202c}' => depth - 1,
            _ => depth,
        };
        if depth == 0 || matches!(ch, '\n' | '\r' | '\u{2029}') || at + ch.len_utf8() > MOST {
            (end, closing) = (at, if depth == 0 { ch.len_utf8() } else { 0 });
            break;
        }
    }
    let is_mark = |ch: &char| matches!(ch, '\u{202a}'..='\u{202e}');
    let drawn: String = rest.get(..end)?.chars().rev().filter(|ch| !is_mark(ch)).collect();
    (!drawn.is_empty()).then_some((drawn, OVERRIDE.len() + end + closing))
}
