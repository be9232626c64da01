//! Files in patches of git: what `git diff --binary` and `git format-patch` write of files that are no text.
//!
//! Each is compressed, and in base 85. Where it is told as changes to a file that only the receiver has, nobody here
//! can say what comes out.
//!
//! Source: git, `apply.c`, `parse_binary_hunk`, and `base85.c`.

use bytes::Bytes;
use memchr::memmem;

use super::spelled::{BASE_85, values};
use crate::body::Coding;
use crate::content::{Part, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;

const FIRST_LINE: &[u8] = b"GIT binary patch";
const WHOLE: &[u8] = b"literal ";
const CHANGES: &[u8] = b"delta ";

/// Decoded bytes handed on at a time.
const BLOCK: usize = 32 << 10;

/// Hands out every file in `text`. Time is linear in the text.
pub(super) fn extract(text: &Bytes, found: &mut Dissection<'_>) {
    let mut end = 0;
    for start in memmem::find_iter(text, FIRST_LINE) {
        if start < end || start > 0 && text[start - 1] != b'\n' {
            continue;
        }
        end = start;
        let mut rest = behind_line(&text[start..]);
        // What the file becomes, and what it was.
        while let Some(length) = hunk(rest, found) {
            rest = &rest[length..];
            end = text.len() - rest.len();
        }
        if found.is_over() {
            return;
        }
    }
}

fn behind_line(text: &[u8]) -> &[u8] {
    memchr::memchr(b'\n', text).map_or(&[], |end| &text[end + 1..])
}

/// Hands out the file at the start of `text`, if one is there. How long its lines are with the empty one behind them.
fn hunk(text: &[u8], found: &mut Dissection<'_>) -> Option<usize> {
    let is_whole = text.starts_with(WHOLE);
    if !is_whole && !text.starts_with(CHANGES) {
        return None;
    }
    let first = text.len() - behind_line(text).len();
    let mut lines = Lines { rest: &text[first..] };
    if is_whole {
        unpack(&mut lines, found);
    } else {
        found.report(ProblemCode::ContainerIncomplete, None);
    }
    // Those that are left, and the empty one.
    lines.by_ref().for_each(drop);
    let rest = lines.rest;
    let behind = if rest.starts_with(b"\n") || rest.starts_with(b"\r\n") { behind_line(rest) } else { rest };
    Some(text.len() - behind.len())
}

/// The lines of a file: how many bytes each has, and its digits.
struct Lines<'t> {
    rest: &'t [u8],
}

impl<'t> Iterator for Lines<'t> {
    type Item = (usize, &'t [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (line, behind) = self.rest.split_at(self.rest.len() - behind_line(self.rest).len());
        let (letter, digits) = line.trim_ascii_end().split_first()?;
        let count = length_of(*letter)?;
        self.rest = behind;
        Some((count, digits))
    }
}

/// How many bytes a line has that begins with `letter`.
fn length_of(letter: u8) -> Option<usize> {
    match letter {
        b'A'..=b'Z' => Some(usize::from(letter - b'A') + 1),
        b'a'..=b'z' => Some(usize::from(letter - b'a') + 27),
        _ => None,
    }
}

/// What is no digit counts as 0: what comes out then does not unpack.
fn four_bytes(digits: &[u8; 5], values: &[Option<u8>; 256]) -> [u8; 4] {
    let number = digits
        .iter()
        .fold(0_u64, |number, digit| number * 85 + u64::from(values[usize::from(*digit)].unwrap_or_default()));
    (number as u32).to_be_bytes()
}

/// Hands out what `lines` are.
fn unpack(lines: &mut Lines<'_>, found: &mut Dissection<'_>) {
    let length = lines.rest.len();
    let values = values(BASE_85);
    let mut packed = found.output();
    let mut block = Vec::new();
    for (count, digits) in lines {
        let bytes = digits.as_chunks::<5>().0.iter().flat_map(|digits| four_bytes(digits, &values));
        block.extend(bytes.take(count));
        if let Err(end) = found.flush(&mut block, BLOCK, length, &mut packed) {
            return found.report_limit(end);
        }
    }
    if let Err(end) = found.flush(&mut block, 1, length, &mut packed) {
        return found.report_limit(end);
    }
    let Some(packed) = found.take(packed) else {
        return;
    };
    let mut output = found.output();
    let end = found.unpack(Coding::Zlib, &packed, &mut output);
    found.report_limit(end);
    if let Some(content) = found.take(output).filter(|content| !content.is_empty()) {
        found.add(Part { is_guess: true, ..Part::new(PartKind::Entry, content) }, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::Extraction;
    use crate::extract::dissection::testing::gathered;

    fn opened(text: &str) -> Extraction {
        let part = Part::new(PartKind::Body, Bytes::copy_from_slice(text.as_bytes()));
        gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| found.add(part, None))
    }

    /// By git 2.39, of a file with the listed bytes and a zero.
    const PATCH: &str = "diff --git a/e.bin b/e.bin\nnew file mode 100644\nGIT binary patch\nliteral 16\n\
        XcmZ<_^Yqbm^Yn4mb&3pe4Q2oUC0PVA\n\nliteral 0\nHcmV?d00001\n\n";

    #[test]
    fn files_in_patches_are_found() {
        for patch in [PATCH.to_owned(), PATCH.replace('\n', "\r\n"), format!("{PATCH}{PATCH}")] {
            let found = opened(&patch);
            assert_eq!(found.problems, []);
            assert!(found.parts.iter().any(|part| *part.bytes == b"EVIL-FILE-BYTES\0"[..]), "{patch}");
        }
    }

    #[test]
    fn changes_to_what_only_the_receiver_has_are_incomplete() {
        let changes = PATCH.replace("literal 16", "delta 16");
        let codes: Vec<ProblemCode> = opened(&changes).problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, [ProblemCode::ContainerIncomplete]);
    }

    #[test]
    fn texts_that_begin_so_hold_nothing() {
        for text in ["GIT binary patch", "GIT binary patch\nliteral 3\nzzz\n\n", "GIT binary patch\nliteral 1\n~\n"] {
            let found = opened(text);
            assert_eq!(found.problems, [], "{text}");
            assert!(found.parts.iter().all(|part| part.kind != PartKind::Entry), "{text}");
        }
    }
}
