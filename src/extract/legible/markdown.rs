//! Markdown as renderers show it, where its notation stands within or between words: links and images without their
//! addresses, code with blanks at its ends, addresses in brackets, and runs of marks. `[for](x)bidden` reads as
//! "forbidden".
//!
//! Anything may be Markdown, so only paragraphs are read that have such a place in them, and nothing is understood of
//! blocks. Short runs of one mark are left to the rules, which read through them anywhere. What is HTML in a paragraph
//! is read as such afterwards. Where a link or code stands in what may be the title of a link, some renderers show the
//! inner one and some the outer one, so both are read.
//!
//! Source: CommonMark 0.31.2, §2.4, §6.1 to §6.5.

use memchr::{memchr, memchr_iter, memchr2, memchr2_iter, memchr3_iter, memrchr_iter};

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

/// Longest address in brackets that is looked for, and longest code with the marks around it.
const MAX_ADDRESS: usize = 1 << 10;
const MAX_CODE: usize = 1 << 8;

/// Which of two links is shown as one, where one stands in the address of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Links {
    /// The one around the other.
    Outer,
    Inner,
}

/// Shows what `text` says, if there is Markdown in it that parts words.
pub(super) fn show(text: &[u8], found: &mut Dissection<'_>) {
    let (mut outer, mut inner): (Option<TextWriter<'_>>, Option<TextWriter<'_>>) = (None, None);
    let (mut done, mut close) = (0, memchr(b')', text));
    let mut code_end = 0;
    for at in signs_in(text) {
        if text[at] == b'`' {
            if at < code_end {
                continue;
            }
            code_end = at + code(&text[at..]).map_or_else(|| ticks(&text[at..]), |code| code.length);
        }
        if at < done || !parts_words(text, at) {
            continue;
        }
        let paragraph = paragraph_around(text, at, done, &mut close);
        done = paragraph.end.max(at + 1);
        let lines = without_block_marks(&text[paragraph]);
        let outer = outer.get_or_insert_with(|| TextWriter::new(text.len(), found));
        let has_inner = strip(&lines, Links::Outer, outer, found);
        outer.end_line(found);
        if has_inner {
            let inner = inner.get_or_insert_with(|| TextWriter::new(text.len(), found));
            strip(&lines, Links::Inner, inner, found);
            inner.end_line(found);
        }
        if found.is_over() {
            break;
        }
    }
    for output in [outer, inner].into_iter().flatten() {
        if let Some(shown) = output.finish(found) {
            markup::show(&shown, found);
            found.show(Part::new(PartKind::Text, shown).named("markdown"), None);
        }
    }
}

/// Where something may stand in `text` that parts words, in order.
fn signs_in(text: &[u8]) -> impl Iterator<Item = usize> {
    let mut marks = memchr3_iter(b']', b'*', b'~', text).peekable();
    let mut others = memchr2_iter(b'`', b'<', text).peekable();
    std::iter::from_fn(move || match (marks.peek(), others.peek()) {
        (Some(mark), Some(other)) if mark > other => others.next(),
        (None, _) => others.next(),
        _ => marks.next(),
    })
}

const fn is_mark(byte: u8) -> bool {
    matches!(byte, b'*' | b'_' | b'~' | b'`')
}

/// Whether `byte` is part of a letter or digit.
fn is_letter(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
}

/// Whether a link or image ends at `at`, or something begins there that is not shown and stands between letters: a run
/// of marks that is long or of several kinds, code with blanks at its ends, an address in brackets.
fn parts_words(text: &[u8], at: usize) -> bool {
    let before = |at: usize| at.checked_sub(1).and_then(|before| text.get(before));
    match text[at] {
        b']' => return matches!(text.get(at + 1), Some(b'(' | b'[')),
        b'<' => {
            return autolink(&text[at..])
                .is_some_and(|length| is_letter(before(at)) || is_letter(text.get(at + length)));
        }
        b'`' if before(at) != Some(&b'`') => {
            let is_near = |byte: Option<&u8>| is_letter(byte) || byte.is_some_and(|byte| is_mark(*byte));
            let is_joined = |code: &Code| {
                is_letter(before(at)) || code.is_padded && (is_near(before(at)) || is_near(text.get(at + code.length)))
            };
            if code(&text[at..]).is_some_and(|code| is_joined(&code)) {
                return true;
            }
        }
        _ => {}
    }
    let back = text[..at].iter().rev().take_while(|byte| is_mark(**byte)).take(LONG_RUN).count();
    let ahead = text[at..].iter().take_while(|byte| is_mark(**byte)).take(LONG_RUN).count();
    let run = &text[at - back..at + ahead];
    let goes_on = || is_letter(text.get(at + ahead)) || text.get(at + ahead) == Some(&b'<');
    let is_mixed = || run.iter().any(|mark| *mark != run[0]) && goes_on();
    (is_letter(before(at - back)) || before(at - back) == Some(&b'>')) && (run.len() >= LONG_RUN || is_mixed())
}

/// Length of the address in brackets that `text` begins with (CommonMark §6.5).
fn autolink(text: &[u8]) -> Option<usize> {
    let length = text.iter().take(MAX_ADDRESS).skip(1).position(|byte| *byte <= b' ' || matches!(byte, b'<' | b'>'))?;
    let address = &text[1..=length];
    let scheme = memchr(b':', address).map(|at| &address[..at]);
    let is_scheme = |scheme: &[u8]| {
        (2..=32).contains(&scheme.len())
            && scheme[0].is_ascii_alphabetic()
            && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-'))
    };
    let is_mail = || memchr(b'@', address).is_some_and(|at| at > 0) && !matches!(address[0], b'/' | b'!' | b'?');
    (text.get(length + 1) == Some(&b'>') && (scheme.is_some_and(is_scheme) || is_mail())).then_some(length + 2)
}

/// Code, with the marks around it.
struct Code {
    length: usize,
    marks: usize,
    /// Whether it begins and ends with a blank, of which neither is shown.
    is_padded: bool,
}

/// Marks of code that `text` begins with.
fn ticks(text: &[u8]) -> usize {
    text.iter().take(MAX_CODE).take_while(|byte| **byte == b'`').count()
}

/// The code that `text` begins with (CommonMark §6.1).
fn code(text: &[u8]) -> Option<Code> {
    let text = &text[..text.len().min(MAX_CODE)];
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'>');
    let marks = ticks(text);
    let mut at = marks;
    loop {
        at += memchr(b'`', text.get(at..)?)?;
        let run = ticks(&text[at..]);
        if run == marks {
            let content = &text[marks..at];
            let has_words = content.iter().any(|byte| !is_blank(byte));
            let is_padded = has_words && content.first().is_some_and(is_blank) && content.last().is_some_and(is_blank);
            return Some(Code { length: at + marks, marks, is_padded });
        }
        at += run;
    }
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

/// The lines of `paragraph` without the marks of quotations, headings and items before them.
fn without_block_marks(paragraph: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(paragraph.len());
    for line in paragraph.split_inclusive(|byte| *byte == b'\n') {
        kept.extend_from_slice(&line[block_mark(line)..]);
    }
    kept
}

/// Adds what the lines of a paragraph say. Whether a link may stand in the address of another one.
fn strip<'a>(paragraph: &[u8], links: Links, output: &mut TextWriter<'a>, found: &mut Dissection<'a>) -> bool {
    let (mut at, mut copied, mut endless, mut has_inner) = (0, 0, 0, false);
    while let Some(byte) = paragraph.get(at) {
        if *byte == b'`'
            && let Some(code) = code(&paragraph[at..])
        {
            let ends = code.marks + usize::from(code.is_padded);
            output.push(&paragraph[copied..at], found);
            output.push(&paragraph[at + ends..at + code.length - ends], found);
            at += code.length;
            copied = at;
            continue;
        }
        if *byte == b'<'
            && let Some(length) = autolink(&paragraph[at..])
        {
            output.push(&paragraph[copied..at], found);
            output.push(&paragraph[at + 1..at + length - 1], found);
            at += length;
            copied = at;
            continue;
        }
        match inline_mark(paragraph, at, links, &mut endless) {
            None => at += 1,
            Some(length) => {
                has_inner |= length > 2 && memchr2(b'[', b'`', &paragraph[at + 2..at + length]).is_some();
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
    has_inner
}

/// Length of the marks of quotations, headings and items at the start of `line`, with the blanks around them.
fn block_mark(line: &[u8]) -> usize {
    let is_of_block = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'>' | b'#' | b'-' | b'+' | b'*' | b'|' | b':');
    let length = line.iter().take_while(is_of_block).count();
    if length > 0 && line[length - 1] != b'*' { length } else { 0 }
}

/// Length of what is not shown at `at`; `None` for what is.
fn inline_mark(text: &[u8], at: usize, links: Links, endless: &mut usize) -> Option<usize> {
    let next = text.get(at + 1);
    match text[at] {
        b'\\' => next.is_some_and(|next| next.is_ascii_punctuation() || *next == b'\n').then_some(1),
        b'!' => (next == Some(&b'[')).then_some(2),
        b'[' | b'*' | b'~' | b'`' => Some(1),
        b'_' => {
            let is_plain = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
            let is_within = is_plain(at.checked_sub(1).and_then(|before| text.get(before))) && is_plain(next);
            (!is_within).then_some(1)
        }
        b']' => Some(1 + target(&text[at + 1..], links, endless)),
        _ => None,
    }
}

/// Length of the address, or of the name of one, that `text` begins with.
fn target(text: &[u8], links: Links, endless: &mut usize) -> usize {
    match text.first() {
        Some(b'(') if links == Links::Inner => {
            let end = text.iter().position(|byte| matches!(byte, b')' | b'[' | b'`'));
            end.filter(|end| text[*end] == b')').map_or(0, |end| end + 1)
        }
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
        let shown = found.parts.iter().find(|part| matches!(part.name.as_deref(), Some("markdown")));
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
            ("x\nfor**_bidden_** tur", "x\nforbidden tur"),
            ("`for`bid z~de~**n** ", "forbid zden"),
            ("> <b>for</b>``\n> bid\n> ``den", "<b>for</b>bidden"),
            ("| `` for ``***bid***den |", "forbidden |"),
            ("- [ ] http://x.example/forbid<den@x.example>", "http://x.example/forbidden@x.example"),
            ("<ab:for>bidden", "ab:forbidden"),
            ("forbidde`n` <!-- x --> t`u`rnip", "forbidden <!-- x --> turnip"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "plain [x] text",
            "a ** b **** c",
            "f**o**r",
            "x[1]; ",
            "\n****\n",
            "the `code` and `more` of it",
            "see <http://x.example> and <a@b.example>",
            "int **_p; a_b <b>c</b> <w:t>d</w:t>",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn links_in_the_titles_of_links_are_read_by_themselves() {
        let text = "[x](y 'for[bid](mailto:a@b.example)den [turn][r]ip')";
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| show(text.as_bytes(), found));
        let shown: Vec<_> = found.parts.iter().filter(|part| part.name.as_deref() == Some("markdown")).collect();
        assert_eq!(shown.len(), 2, "{shown:?}");
        assert_eq!(&shown[0].bytes[..], b"x\n");
        assert_eq!(&shown[1].bytes[..], b"x(y 'forbidden turnip')\n");
    }

    #[test]
    fn links_without_an_end_take_time_that_is_linear() {
        for piece in [
            "](",
            "[](",
            "](((",
            "](x 'y ",
            "](<",
            "a****b\n\n",
            "][",
            "](\n\n",
            "` ",
            "a` `` ",
            "<a@",
            "a<ab:",
            "](x[",
        ] {
            assert_linear(20_000, |count| drop(shown(&piece.repeat(count))));
        }
    }
}
