//! Dumps of bytes, as tools print them for people: `xxd`, `hexdump`, `hexdump -C`, `od` in octal and in hexadecimal.
//!
//! Each line says where its bytes belong and what they are, and `xxd -r` and others turn it back. How the numbers are
//! meant follows from the places: the bytes of a line reach to the place of the next one.
//!
//! Source: the manuals of `xxd(1)`, `hexdump(1)`, and of `od` by POSIX.1-2017.

use bytes::Bytes;
use memchr::memmem;

use crate::body::End;
use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;

/// The place that a dump begins with; some have more digits.
const FIRST: &[u8] = b"000000";

/// Digits of a place.
const MAX_PLACE: usize = 16;

/// Numbers in a line.
const MAX_NUMBERS: usize = 64;

/// Fewest bytes of a dump.
const MIN_BYTES: usize = 16;

/// Decoded bytes handed on at a time.
const BLOCK: usize = 32 << 10;

/// Hands out what each dump in `text` is of. Time is linear in the text.
pub(super) fn extract(text: &Bytes, found: &mut Dissection<'_>) {
    let mut end = 0;
    for start in memmem::find_iter(text, FIRST) {
        if start < end || start > 0 && text[start - 1] != b'\n' {
            continue;
        }
        let mut lines = Lines { rest: &text[start..] };
        let ahead = Lines { rest: lines.rest };
        if let Some(form) = Form::of(ahead)
            && let Err(limit) = hand_out(&mut lines, form, text.len(), found)
        {
            return found.report_limit(limit);
        }
        end = text.len() - lines.rest.len();
        if found.is_over() {
            return;
        }
    }
}

/// One line of a dump.
enum Line<'t> {
    /// Bytes that belong to a place; none in the last line, which says where the dump ends.
    Bytes { place: &'t [u8], numbers: Vec<&'t [u8]>, has_colon: bool },
    /// The line before it is repeated up to the next place.
    Repeated,
}

/// Lines of a dump, up to the first that is none.
struct Lines<'t> {
    rest: &'t [u8],
}

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Self::Item> {
        let length = memchr::memchr(b'\n', self.rest).map_or(self.rest.len(), |end| end + 1);
        let (line, rest) = self.rest.split_at(length);
        let line = read(line.trim_ascii_end())?;
        self.rest = rest;
        Some(line)
    }
}

fn read(line: &[u8]) -> Option<Line<'_>> {
    if line == b"*" {
        return Some(Line::Repeated);
    }
    let count = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (place, mut rest) = line.split_at(count);
    let has_colon = rest.first() == Some(&b':');
    rest = &rest[usize::from(has_colon)..];
    if !(FIRST.len()..=MAX_PLACE).contains(&count) || !(rest.is_empty() || rest[0] == b' ') {
        return None;
    }
    let (mut numbers, mut width): (Vec<&[u8]>, usize) = (Vec::new(), 0);
    while numbers.len() < MAX_NUMBERS {
        let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
        let digits = rest[blanks..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let ends = rest.get(blanks + digits).is_none_or(|byte| *byte == b' ');
        // Behind two blanks `xxd` writes the letters.
        let is_letters = has_colon && blanks > 1 && !numbers.is_empty();
        if digits == 0 || !ends || is_letters || width > 0 && digits > width {
            break;
        }
        (width, rest) = (digits, &rest[blanks..]);
        numbers.push(&rest[..digits]);
        rest = &rest[digits..];
    }
    Some(Line::Bytes { place, numbers, has_colon })
}

/// How the numbers of a dump are meant.
#[derive(Clone, Copy)]
struct Form {
    radix_of_places: u32,
    radix: u32,
    /// Bytes of a number whose lowest is the first; none where bytes are in the order of their digits.
    word: Option<usize>,
}

impl Form {
    const ALL: [Self; 7] = [
        Self { radix_of_places: 16, radix: 16, word: None },
        Self { radix_of_places: 8, radix: 16, word: None },
        Self { radix_of_places: 16, radix: 16, word: Some(2) },
        Self { radix_of_places: 8, radix: 16, word: Some(2) },
        Self { radix_of_places: 8, radix: 8, word: Some(1) },
        Self { radix_of_places: 8, radix: 8, word: Some(2) },
        Self { radix_of_places: 16, radix: 8, word: Some(1) },
    ];

    /// The one by which the first of `lines` reaches to the place of the next.
    fn of(mut lines: Lines<'_>) -> Option<Self> {
        let Line::Bytes { numbers, has_colon, .. } = lines.next()? else { return None };
        let (next, is_repeated) = match lines.next()? {
            Line::Bytes { place, .. } => (place, false),
            Line::Repeated => match lines.next()? {
                Line::Bytes { place, .. } => (place, true),
                Line::Repeated => return None,
            },
        };
        Self::ALL.into_iter().find(|form| {
            let bytes = form.bytes(&numbers);
            let digits = numbers.first().map_or(0, |first| first.len());
            // `xxd` alone puts bytes in order into longer numbers.
            let is_usual = if form.word.is_none() { has_colon || digits == 2 } else { !has_colon && digits == 4 };
            let is_octal = numbers.iter().all(|number| number.len() % 3 == 0);
            let is_of_radix = form.radix == 16 && is_usual || form.radix == 8 && is_octal;
            let length = bytes.len() as u64;
            let reaches = |next: u64| next == length || is_repeated && length > 0 && next.is_multiple_of(length);
            is_of_radix && bytes.len() >= MIN_BYTES && form.place(next).is_some_and(reaches)
        })
    }

    fn place(self, digits: &[u8]) -> Option<u64> {
        u64::from_str_radix(str::from_utf8(digits).ok()?, self.radix_of_places).ok()
    }

    /// The bytes that `numbers` are.
    fn bytes(self, numbers: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in numbers {
            let read = |digits: &[u8]| u64::from_str_radix(str::from_utf8(digits).ok()?, self.radix).ok();
            match self.word {
                None => bytes.extend(number.chunks_exact(2).filter_map(|two| Some(read(two)? as u8))),
                Some(length) => {
                    bytes.extend(read(number).iter().flat_map(|value| value.to_le_bytes().into_iter().take(length)))
                }
            }
        }
        bytes
    }
}

/// Hands out what `lines`, of a text of so many bytes, are a dump of.
fn hand_out(lines: &mut Lines<'_>, form: Form, length: usize, found: &mut Dissection<'_>) -> Result<(), End> {
    let (mut output, mut block) = (found.output(), Vec::new());
    let (mut done, mut last, mut is_repeated) = (0_u64, Vec::new(), false);
    for line in lines.by_ref() {
        let Line::Bytes { place, numbers, .. } = line else {
            is_repeated = true;
            continue;
        };
        let Some(place) = form.place(place).filter(|place| *place >= done || *place + last.len() as u64 > done) else {
            break;
        };
        // The last number of a dump may have more bytes than were left.
        block.truncate(block.len().saturating_sub(done.saturating_sub(place) as usize));
        while is_repeated && done < place && !last.is_empty() {
            let count = last.len().min((place - done) as usize);
            block.extend_from_slice(&last[..count]);
            done += count as u64;
            found.flush(&mut block, BLOCK, length, &mut output)?;
        }
        if place > done {
            break;
        }
        (last, is_repeated) = (form.bytes(&numbers), false);
        // What comes next may take some of the last line back.
        found.flush(&mut block, BLOCK, length, &mut output)?;
        block.extend_from_slice(&last);
        done = place + last.len() as u64;
    }
    found.flush(&mut block, 1, length, &mut output)?;
    if let Some(content) = found.take(output).filter(|content| content.len() >= MIN_BYTES) {
        found.add(Part { is_guess: true, ..Part::new(PartKind::Decoded, content) }, None);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::{ExtractLimits, assert_linear};
    use crate::extract::ProblemCode;
    use crate::extract::dissection::testing::gathered;

    /// The file that is dumped: 100 bytes, the half of them equal.
    fn file() -> Vec<u8> {
        (0..50_u8).chain([7; 50]).collect()
    }

    fn decoded(text: &str) -> (Vec<Vec<u8>>, Vec<ProblemCode>) {
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| {
            extract(&Bytes::copy_from_slice(text.as_bytes()), found);
        });
        let codes = found.problems.iter().map(|problem| problem.code).collect();
        (found.parts.iter().map(|part| part.bytes.to_vec()).collect(), codes)
    }

    /// Lines of 16 bytes as a tool writes them.
    fn dump(place: impl Fn(usize) -> String, line: impl Fn(&[u8]) -> String) -> String {
        let file = file();
        file.chunks(16).enumerate().map(|(at, bytes)| format!("{}{}\n", place(16 * at), line(bytes))).collect()
    }

    fn letters(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect()
    }

    fn joined(bytes: &[u8], size: usize, write: impl Fn(&[u8]) -> String) -> String {
        bytes.chunks(size).map(|piece| format!(" {}", write(piece))).collect()
    }

    #[test]
    fn dumps_of_each_tool_are_turned_back() {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let word = |bytes: &[u8]| u16::from_le_bytes([bytes[0], bytes.get(1).copied().unwrap_or_default()]);
        let octal_words = |bytes: &[u8]| joined(bytes, 2, |two| format!("{:06o}", word(two)));
        let ends = |text: String, end: &str| format!("$ dump a.bin\n{text}{end}\nand more\n");
        for (tool, text) in [
            ("xxd", dump(|at| format!("{at:08x}:"), |bytes| joined(bytes, 2, hex) + "  " + &letters(bytes))),
            ("xxd -g1", dump(|at| format!("{at:08x}:"), |bytes| joined(bytes, 1, hex) + "  " + &letters(bytes))),
            (
                "hexdump -C",
                ends(
                    dump(
                        |at| format!("{at:08x} "),
                        |bytes| {
                            joined(&bytes[..bytes.len().min(8)], 1, hex)
                                + " "
                                + &joined(&bytes[bytes.len().min(8)..], 1, hex)
                                + "  |"
                                + &letters(bytes)
                                + "|"
                        },
                    ),
                    "00000064",
                ),
            ),
            (
                "hexdump",
                ends(
                    dump(|at| format!("{at:07x}"), |bytes| joined(bytes, 2, |two| format!("{:04x}", word(two)))),
                    "0000064",
                ),
            ),
            ("od", ends(dump(|at| format!("{at:07o}"), octal_words), "0000144")),
            (
                "od -b",
                ends(
                    dump(|at| format!("{at:07o}"), |bytes| joined(bytes, 1, |one| format!("{:03o}", one[0]))),
                    "0000144",
                ),
            ),
            ("od -tx1", ends(dump(|at| format!("{at:07o}"), |bytes| joined(bytes, 1, hex)), "0000144")),
            (
                "od -A x -t x1z",
                ends(
                    dump(|at| format!("{at:06x}"), |bytes| joined(bytes, 1, hex) + "  >" + &letters(bytes) + "<"),
                    "000064",
                ),
            ),
            (
                "od -x",
                ends(
                    dump(|at| format!("{at:07o}"), |bytes| joined(bytes, 2, |two| format!("{:04x}", word(two)))),
                    "0000144",
                ),
            ),
        ] {
            assert_eq!(decoded(&text), (vec![file()], vec![]), "{tool}:\n{text}");
        }
    }

    #[test]
    fn lines_that_are_left_out_are_put_back_within_limits() {
        let line = "00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|";
        let repeated = format!("00000000  {line}\n*\n00000040  {}\n00000050\n", line.replace("00 01", "ff 01"));
        let first: Vec<u8> = (0..16).collect();
        let last = [&[0xff][..], &first[1..]].concat();
        assert_eq!(decoded(&repeated), (vec![[first.repeat(4), last].concat()], vec![]));
        let (parts, codes) = decoded(&format!("00000000  {line}\n*\nffffffffff0\n"));
        assert!(parts.iter().all(|part| part.len() < 64 << 20) && !codes.is_empty(), "{codes:?}");
    }

    #[test]
    fn tables_of_numbers_are_no_dumps() {
        for text in
            ["0000000 1 2 3\n0000001 4 5 6\n", "0000000\n", "00000000: deadbeef\n", "0000000 words\n0000010 more\n"]
        {
            assert_eq!(decoded(text), (vec![], vec![]), "{text}");
        }
        assert_linear(20_000, |count| drop(decoded(&"0000000 00\n".repeat(count))));
    }
}
