//! Markdown as renderers show it, where its notation stands within or between words: links and images without their
//! addresses, and long runs of marks. `[for](x)bidden` reads as "forbidden".
//!
//! Anything may be Markdown, so only paragraphs are read that have such a place in them, and nothing is understood of
//! blocks. Short runs of marks are left to the rules, which read through them anywhere. What is HTML in a paragraph is
//! read as such afterwards.
//!
//! Source: CommonMark 0.31.2, §2.4, §6.2 to §6.4.

use memchr::{memchr, memchr_iter, memchr3_iter, memrchr_iter};

use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;

use super::markup;
use super::writer::TextWriter;

/// Marks in a row that the rules do not read through.
const LONG_RUN: usize = 4;

/// Bytes of a paragraph around a place that are read.
const MOST_AROUND: usize = 4 << 10;

/// Links without an end that are looked for to the end of a paragraph; past them one ends at the next parenthesis.
const MAX_ENDLESS: usize = 16;

/// Shows what `text` says, if there is Markdown in it that parts words.
pub(super) fn show(text: &[u8], found: &mut Dissection<'_>) {
    let mut output: Option<TextWriter<'_>> = None;
    let (mut done, mut close) = (0, memchr(b')', text));
    for at in memchr3_iter(b']', b'*', b'~', text) {
        if at < done || !parts_words(text, at) {
            continue;
        }
        let paragraph = paragraph_around(text, at, done, &mut close);
        done = paragraph.end;
        let output = output.get_or_insert_with(|| TextWriter::new(text.len(), found));
        strip(&text[paragraph], output, found);
        output.end_line(found);
        if found.is_over() {
            break;
        }
    }
    if let Some(shown) = output.and_then(|output| output.finish(found)) {
        markup::show(&shown, found);
        found.show(Part::new(PartKind::Text, shown).named("markdown"), None);
    }
}

const fn is_mark(byte: u8) -> bool {
    matches!(byte, b'*' | b'_' | b'~' | b'`')
}

/// Whether a link or image ends at `at`, or a long run of marks begins there between letters.
fn parts_words(text: &[u8], at: usize) -> bool {
    if text[at] == b']' {
        return matches!(text.get(at + 1), Some(b'(' | b'['));
    }
    let before = text[..at].iter().rev().take_while(|byte| is_mark(**byte)).take(LONG_RUN).count();
    let run = before + text[at..].iter().take_while(|byte| is_mark(**byte)).take(LONG_RUN).count();
    let is_letter = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
    run >= LONG_RUN && is_letter(at.checked_sub(before + 1).and_then(|before| text.get(before)))
}

/// The paragraph around `at`, from `start` on; of a long one what is near, and near the end of a link there.
/// `close` is the next parenthesis that was found, so that each is looked for once.
fn paragraph_around(text: &[u8], at: usize, start: usize, close: &mut Option<usize>) -> std::ops::Range<usize> {
    let is_gap = |at: &usize| matches!(text[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..]);
    if close.is_some_and(|close| close < at) {
        *close = memchr(b')', &text[at..]).map(|end| at + end);
    }
    let end = close.unwrap_or(at);
    let first = at.saturating_sub(MOST_AROUND).max(start);
    let last = text.len().min(end + MOST_AROUND);
    let before = memrchr_iter(b'\n', &text[first..at]).map(|before| first + before).find(is_gap);
    let behind = memchr_iter(b'\n', &text[at..last]).map(|behind| at + behind).find(is_gap);
    before.unwrap_or(first)..behind.unwrap_or(last)
}

/// Adds what `paragraph` says.
fn strip<'a>(paragraph: &[u8], output: &mut TextWriter<'a>, found: &mut Dissection<'a>) {
    let (mut at, mut copied, mut endless, mut begins_line) = (0, 0, 0, true);
    while let Some(byte) = paragraph.get(at) {
        let of_block = if begins_line { block_mark(&paragraph[at..]) } else { None };
        begins_line = *byte == b'\n';
        match of_block.or_else(|| inline_mark(paragraph, at, &mut endless)) {
            None => at += 1,
            Some(length) => {
                output.push(&paragraph[copied..at], found);
                at += length;
                copied = at;
                // An escape says what follows it.
                if length == 1 && *byte == b'\\' {
                    at += 1;
                }
            }
        }
    }
    output.push(&paragraph[copied.min(paragraph.len())..], found);
}

/// Length of the marks of quotations, headings and items at the start of `line`, with the blanks around them.
fn block_mark(line: &[u8]) -> Option<usize> {
    let is_of_block = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'>' | b'#' | b'-' | b'+' | b'*' | b'|' | b':');
    let length = line.iter().take_while(is_of_block).count();
    (length > 0 && line[length - 1] != b'*').then_some(length)
}

/// Length of what is not shown at `at`; `None` for what is.
fn inline_mark(text: &[u8], at: usize, endless: &mut usize) -> Option<usize> {
    let next = text.get(at + 1);
    match text[at] {
        b'\\' => next.is_some_and(|next| next.is_ascii_punctuation() || *next == b'\n').then_some(1),
        b'!' => (next == Some(&b'[')).then_some(2),
        b'[' | b'*' | b'~' | b'`' => Some(1),
        b'_' => {
            let is_letter = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
            let is_within = is_letter(at.checked_sub(1).and_then(|before| text.get(before))) && is_letter(next);
            (!is_within).then_some(1)
        }
        b']' => Some(1 + target(&text[at + 1..], endless)),
        _ => None,
    }
}

/// Length of the address, or of the name of one, that `text` begins with.
fn target(text: &[u8], endless: &mut usize) -> usize {
    match text.first() {
        Some(b'(') => {
            let whole = if *endless < MAX_ENDLESS { address(text) } else { None };
            if whole.is_some() || *endless > MAX_ENDLESS {
                return whole.unwrap_or_default();
            }
            let end = memchr(b')', text);
            *endless = if end.is_some() { MAX_ENDLESS.min(*endless + 1) } else { usize::MAX };
            end.map_or(0, |end| end + 1)
        }
        Some(b'[') => {
            let end = text[1..].iter().position(|byte| matches!(byte, b'[' | b']' | b'\n')).map(|at| at + 1);
            end.filter(|end| text[*end] == b']').map_or(0, |end| end + 1)
        }
        _ => 0,
    }
}

/// Length of the address with its title and the parentheses around both, which `text` begins with.
fn address(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    let mut before = b'(';
    while let Some(&byte) = text.get(at) {
        at += match byte {
            b'\\' => 2,
            b'(' => {
                depth += 1;
                1
            }
            b')' if depth == 1 => return Some(at + 1),
            b')' => {
                depth -= 1;
                1
            }
            // An address in brackets, or a title.
            b'<' if before == b'(' && depth == 1 => memchr(b'>', &text[at..]).map_or(1, |length| length + 1),
            b'"' | b'\'' if before.is_ascii_whitespace() => {
                memchr(byte, &text[at + 1..]).map_or(1, |length| length + 2)
            }
            _ => 1,
        };
        before = byte;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::{ExtractLimits, assert_linear};
    use crate::extract::dissection::testing::gathered;

    fn shown(text: &str) -> Option<String> {
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| show(text.as_bytes(), found));
        let shown = found.parts.iter().rfind(|part| matches!(part.name.as_deref(), Some("markdown")));
        shown.map(|part| String::from_utf8(part.bytes.to_vec()).unwrap().trim().to_owned())
    }

    #[test]
    fn links_and_long_runs_of_marks_part_no_words() {
        for (text, expected) in [
            ("for[bid](http://x.example/a_(b))den [turnip](<a b> 'x) y')", "forbidden turnip"),
            ("x\n\n[forbidden][r] ![tur](x)nip[](y)\n\nz", "forbidden turnip"),
            ("**_f_****_o_****_r_**bidden tur\\*nip", "forbidden tur*nip"),
            ("> a [forbidden](x\n> 'y')\n> - turnip", "a forbidden\nturnip"),
            ("[x](", "x("),
            ("snake_case [a]( _b_", "snake_case a( b"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["plain [x] text", "a ** b **** c", "f**o**r", "x[1]; ", "\n****\n"] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn links_without_an_end_take_time_that_is_linear() {
        for piece in ["](", "[](", "](((", "](x 'y ", "](<", "a****b\n\n", "][", "](\n\n"] {
            assert_linear(20_000, |count| drop(shown(&piece.repeat(count))));
        }
    }
}
