//! Files in articles of newsgroups and in mails, as yEnc writes them: nearly every byte as it is, 42 larger.
//!
//! Files are mostly cut into parts, each an article. Parts that follow each other here are put together.
//!
//! Source: yEnc Working Draft 1.3.

use bytes::Bytes;
use memchr::{memchr, memmem};

use crate::body::{End, ScratchWriter};
use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;
use crate::extract::legible;

const BEGIN: &[u8] = b"=ybegin ";
const PART: &[u8] = b"=ypart ";
const END: &[u8] = b"\n=yend";

/// Longest line that says what follows.
const MAX_LINE: usize = 1 << 10;

/// Decoded bytes handed on at a time.
const BLOCK: usize = 32 << 10;

/// What the lines in front of a part say.
struct Head<'t> {
    name: &'t [u8],
    /// Of the whole file.
    size: u64,
    /// The place of its first byte in the file, from 1; `None` where it is all of that.
    begin: Option<u64>,
    length: usize,
}

impl<'t> Head<'t> {
    fn read(text: &'t [u8]) -> Option<Self> {
        let first = line(text);
        let name = memmem::find(first, b" name=").map_or(&[][..], |at| first[at + 6..].trim_ascii());
        let second = Some(line(&text[first.len()..])).filter(|second| second.starts_with(PART));
        let begin = second.and_then(|second| number(second, b" begin="));
        let length = first.len() + second.map_or(0, <[u8]>::len);
        Some(Self { name, size: number(first, b" size=")?, begin, length })
    }
}

/// A file of which parts have come.
struct Open<'t, 'a> {
    name: &'t [u8],
    size: u64,
    output: ScratchWriter<'a>,
}

/// Hands out every file in `text`.
pub(super) fn extract<'a>(text: &Bytes, found: &mut Dissection<'a>) {
    let mut open: Option<Open<'_, 'a>> = None;
    let mut end = 0;
    for start in memmem::find_iter(text, BEGIN) {
        if start < end || start > 0 && text[start - 1] != b'\n' || found.is_over() {
            continue;
        }
        let Some(head) = Head::read(&text[start..]) else { continue };
        let goes_on = |open: &Open<'_, '_>| open.name == head.name && head.begin == Some(open.output.len() + 1);
        if !open.as_ref().is_some_and(goes_on) {
            hand_out(open.take(), found);
            if head.begin.is_some_and(|begin| begin > 1) {
                found.report(ProblemCode::ContainerIncomplete, Some(start));
            }
        }
        let file = open.get_or_insert_with(|| Open { name: head.name, size: head.size, output: found.output() });
        let body = &text[start + head.length..];
        let length = memmem::find(body, END).unwrap_or(body.len());
        end = start + head.length + length;
        if let Err(limit) = decode(&body[..length], &mut file.output, found) {
            found.report_limit(limit);
        }
    }
    hand_out(open, found);
}

/// The line at the start of `text`, with its end.
fn line(text: &[u8]) -> &[u8] {
    &text[..memchr(b'\n', &text[..text.len().min(MAX_LINE)]).map_or(0, |end| end + 1)]
}

/// The number behind `name` in `line`.
fn number(line: &[u8], name: &[u8]) -> Option<u64> {
    let rest = &line[memmem::find(line, name)? + name.len()..];
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

/// A byte that would end a line, or an equals sign, is another one behind an equals sign.
fn decode(body: &[u8], output: &mut ScratchWriter, found: &mut Dissection<'_>) -> Result<(), End> {
    let mut block = Vec::with_capacity(BLOCK.min(body.len()));
    let mut is_escaped = false;
    for byte in body.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        match byte {
            b'=' if !is_escaped => is_escaped = true,
            byte => {
                block.push(byte.wrapping_sub(if is_escaped { 64 + 42 } else { 42 }));
                is_escaped = false;
            }
        }
        found.flush(&mut block, BLOCK, body.len(), output)?;
    }
    found.flush(&mut block, 1, body.len(), output)
}

/// Hands out a file; one of several parts that are not all there is reported.
fn hand_out(file: Option<Open<'_, '_>>, found: &mut Dissection<'_>) {
    let Some(Open { name, size, output }) = file else {
        return;
    };
    if output.len() < size {
        found.report(ProblemCode::ContainerIncomplete, None);
    }
    if let Some(content) = found.take(output).filter(|content| !content.is_empty()) {
        legible::show_name(name, found);
        let name = String::from_utf8_lossy(name).into_owned();
        found.add(Part { is_guess: true, ..Part::new(PartKind::Entry, content).named(name) }, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::Extraction;
    use crate::extract::dissection::testing::gathered;

    /// Every byte three times.
    fn content() -> Vec<u8> {
        (0..=255).flat_map(|byte| [byte; 3]).collect()
    }

    fn lines(content: &[u8]) -> Vec<u8> {
        let encoded = content.iter().map(|byte| byte.wrapping_add(42));
        let escaped = encoded.flat_map(|byte| match byte {
            0 | b'\n' | b'\r' | b'=' => vec![b'=', byte.wrapping_add(64)],
            byte => vec![byte],
        });
        let escaped: Vec<u8> = escaped.collect();
        escaped.chunks(100).flat_map(|line| [line, b"\r\n"].concat()).collect()
    }

    fn part(begin: usize, end: usize) -> Vec<u8> {
        let head = format!(
            "=ybegin part=1 total=2 line=100 size=768 name=a b.bin\r\n=ypart begin={} end={end}\r\n",
            begin + 1
        );
        [head.as_bytes(), &lines(&content()[begin..end]), b"=yend size=1\r\n"].concat()
    }

    fn opened(text: Vec<u8>) -> Extraction {
        let part = Part::new(PartKind::Body, text.into());
        gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| found.add(part, None))
    }

    #[test]
    fn files_come_out_whole_and_of_parts() {
        let whole =
            [b"=ybegin line=100 size=768 name=a b.bin\r\n", &lines(&content())[..], b"=yend size=768\r\n"].concat();
        let mail = [b"From: a\nTo: b\nSubject: c\n\nHello\n", &whole[..]].concat();
        for text in [whole, mail, [part(0, 300), b"--\r\n\r\n".to_vec(), part(300, 768)].concat()] {
            let found = opened(text);
            assert_eq!(found.problems, []);
            let file = found.parts.iter().find(|part| part.bytes == content()).expect("the file");
            assert_eq!(file.name.as_deref(), Some("a b.bin"));
        }
    }

    #[test]
    fn parts_that_are_missing_are_incomplete() {
        for text in [part(0, 300), part(300, 768), [part(300, 768), part(0, 300)].concat()] {
            let codes: Vec<ProblemCode> = opened(text).problems.iter().map(|problem| problem.code).collect();
            assert!(codes.contains(&ProblemCode::ContainerIncomplete));
        }
    }

    #[test]
    fn words_that_begin_so_are_no_file() {
        for text in ["=ybegin line", "so =ybegin line=1 size=3 name=a\n", "=ybegin size=x\nabc"] {
            assert_eq!(opened(text.into()).problems, [], "{text}");
        }
    }
}
