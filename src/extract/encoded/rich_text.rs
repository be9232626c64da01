//! Files in documents of RTF: pictures, and objects of other programs.
//!
//! They are in hexadecimal, in whatever pieces: between control words, in groups of their own, or as bytes whose number
//! is told. What is in a group that readers may leave out is none of it.
//!
//! Sources: Rich Text Format (RTF) Specification 1.9.1, "Pictures" and "Objects"; MS-OLEDS §2.2.4 and §2.2.5.

use bytes::Bytes;

use crate::body::{End, ScratchWriter};
use crate::content::number::u32_at;
use crate::content::{Part, PartKind};
use crate::extract::container::ole;
use crate::extract::dissection::Dissection;

/// How documents begin.
const BEGIN: &[u8] = b"{\\rt";

/// The words of groups that hold a file.
const PICTURE: &[u8] = b"pict";
const OBJECT: &[u8] = b"objdata";

/// Decoded bytes handed on at a time.
const BLOCK: usize = 32 << 10;

/// What an object is that holds a file in itself.
const EMBEDDED: u32 = 2;

/// Hands out every picture and object in `text`, if it is a document. Time is linear in the text.
pub(super) fn extract(text: &Bytes, found: &mut Dissection<'_>) {
    if !text.trim_ascii_start().starts_with(BEGIN) {
        return;
    }
    Reader { rest: text, length: text.len(), depth: 0, left_out: None, file: None }.read(found);
}

/// A file of which some has been read.
struct File<'a> {
    is_object: bool,
    /// The depth of its group.
    depth: usize,
    /// The first digit of a byte.
    high: Option<u32>,
    block: Vec<u8>,
    output: ScratchWriter<'a>,
}

struct Reader<'t, 'a> {
    rest: &'t [u8],
    length: usize,
    depth: usize,
    /// The depth of the group in a file that readers may leave out.
    left_out: Option<usize>,
    file: Option<File<'a>>,
}

impl<'t, 'a> Reader<'t, 'a> {
    fn read(mut self, found: &mut Dissection<'a>) {
        while let Some((byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            match byte {
                b'{' => self.depth += 1,
                b'}' => self.end_group(found),
                b'\\' => self.control(found),
                _ => {
                    if self.digit(*byte, found).is_err() {
                        return;
                    }
                }
            }
            // Between files, only marks count.
            if self.file.is_none() {
                let is_mark = |byte: &u8| matches!(byte, b'{' | b'}' | b'\\');
                self.rest = &self.rest[self.rest.iter().position(is_mark).unwrap_or(self.rest.len())..];
            }
            if found.is_over() {
                return;
            }
        }
        self.hand_out(found);
    }

    fn end_group(&mut self, found: &mut Dissection<'a>) {
        if self.left_out == Some(self.depth) {
            self.left_out = None;
        }
        if self.file.as_ref().is_some_and(|file| file.depth == self.depth) {
            self.hand_out(found);
        }
        self.depth = self.depth.saturating_sub(1);
    }

    /// Reads what is behind a backslash: a symbol, or a word with its number and the blank behind it.
    fn control(&mut self, found: &mut Dissection<'a>) {
        let letters = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        if letters == 0 {
            // A group of another sort in a file.
            if self.rest.first() == Some(&b'*') && self.file.as_ref().is_some_and(|file| file.depth < self.depth) {
                self.left_out.get_or_insert(self.depth);
            }
            let length = if self.rest.first() == Some(&b'\'') { 3 } else { 1 };
            self.rest = self.rest.get(length..).unwrap_or_default();
            return;
        }
        let (name, behind) = self.rest.split_at(letters);
        let sign = usize::from(behind.first() == Some(&b'-'));
        let digits = sign + behind[sign..].iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
        let number = str::from_utf8(&behind[..digits]).ok().and_then(|number| number.parse::<usize>().ok());
        let behind = &behind[if digits > sign { digits } else { 0 }..];
        self.rest = behind.strip_prefix(b" ").unwrap_or(behind);
        match name {
            b"bin" => self.bytes(number.unwrap_or_default(), found),
            PICTURE | OBJECT if self.left_out.is_none() => {
                self.hand_out(found);
                let (is_object, depth) = (name == OBJECT, self.depth);
                self.file = Some(File { is_object, depth, high: None, block: Vec::new(), output: found.output() });
            }
            _ => {}
        }
    }

    /// Takes so many bytes as they are.
    fn bytes(&mut self, count: usize, found: &mut Dissection<'a>) {
        let (bytes, behind) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = behind;
        if let Some(file) = self.file.as_mut().filter(|_| self.left_out.is_none()) {
            let end = found.flush(&mut file.block, 1, self.length, &mut file.output);
            if let Err(end) = end.and_then(|()| found.write(bytes, self.length, &mut file.output)) {
                found.report_limit(end);
            }
        }
    }

    /// Takes a digit of hexadecimal, if the byte is one and in a file.
    fn digit(&mut self, byte: u8, found: &mut Dissection<'a>) -> Result<(), End> {
        let (Some(file), None) = (&mut self.file, self.left_out) else {
            return Ok(());
        };
        let Some(digit) = char::from(byte).to_digit(16) else {
            return Ok(());
        };
        match file.high.take() {
            None => file.high = Some(digit),
            Some(high) => file.block.push((high << 4 | digit) as u8),
        }
        found.flush(&mut file.block, BLOCK, self.length, &mut file.output).inspect_err(|end| found.report_limit(*end))
    }

    /// Hands out the file that has been read, if there is one.
    fn hand_out(&mut self, found: &mut Dissection<'a>) {
        let Some(File { is_object, mut block, mut output, .. }) = self.file.take() else {
            return;
        };
        if let Err(end) = found.flush(&mut block, 1, self.length, &mut output) {
            found.report_limit(end);
        }
        let Some(content) = found.take(output).filter(|content| !content.is_empty()) else {
            return;
        };
        match place_of_file(&content).filter(|_| is_object) {
            Some(at) => ole::hand_out_embedded(&content.slice(at..), found),
            None => found.add(Part::new(PartKind::Entry, content), None),
        }
    }
}

/// Where the length of the file in an object is, behind what program it is of: three strings with their lengths.
fn place_of_file(object: &[u8]) -> Option<usize> {
    u32_at(object, 4).filter(|kind| *kind == EMBEDDED)?;
    let mut at = 8_usize;
    for _ in 0..3 {
        at = at.checked_add(4)?.checked_add(u32_at(object, at)? as usize)?;
    }
    (at < object.len()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::Extraction;
    use crate::extract::dissection::testing::gathered;

    const FILE: &[u8] = b"EVIL-FILE-BYTES-{}\\";

    fn opened(document: &[u8]) -> Extraction {
        let part = Part::new(PartKind::Body, Bytes::copy_from_slice(document));
        gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| found.add(part, None))
    }

    fn has_file(document: &[u8]) -> bool {
        let found = opened(document);
        assert_eq!(found.problems, []);
        found.parts.iter().any(|part| part.bytes == FILE)
    }

    #[test]
    fn pictures_come_out_in_whatever_pieces_they_are() {
        let hex = data_encoding::HEXLOWER.encode(FILE);
        let (one, two) = hex.split_at(9);
        let (some, rest) = FILE.split_at(7);
        for picture in [
            hex.clone(),
            format!("{one}\r\n{two}"),
            format!("{one} \\foo12 {two}"),
            format!("{{\\*\\blipuid 0123456789abcdef}}{one}{{\\*\\a {{b}} c}}\n{two}"),
            format!("{{{one}}}{{{two}}}"),
            hex.to_uppercase().chars().map(|digit| format!("{digit} ")).collect(),
        ] {
            let document = format!("{{\\rtf1 a {{\\*\\shppict{{\\pict\\pngblip\\picw1 {picture}}}}}\\par b}}");
            assert!(has_file(document.as_bytes()), "{document}");
        }
        let counted = [b"{\\rtf1{\\pict\\bin19 ", FILE, b"}}"].concat();
        let mixed =
            [&b"{\\rtf1{\\pict "[..], data_encoding::HEXLOWER.encode(some).as_bytes(), b"\\bin12 ", rest, b"}}"]
                .concat();
        assert!(has_file(&counted) && has_file(&mixed));
    }

    #[test]
    fn objects_of_other_programs_are_files() {
        let string = |text: &[u8]| [&(text.len() as u32 + 1).to_le_bytes()[..], text, b"\0"].concat();
        let length = (FILE.len() as u32).to_le_bytes();
        let head = [&[1, 5, 0, 0, 2, 0, 0, 0][..], &string(b"PBrush"), &[0; 8], &length].concat();
        let object = data_encoding::HEXLOWER.encode(&[&head, FILE, b"more"].concat());
        let (one, two) = object.split_at(21);
        let document = format!("{{\\rtf1{{\\object{{\\*\\objdata {one}\\foo {two}}}}}}}");
        assert!(opened(document.as_bytes()).parts.iter().any(|part| part.bytes.starts_with(FILE)));
    }

    #[test]
    fn other_groups_hold_no_files() {
        for document in
            ["{\\rtf1{\\*\\blipuid 4556494c2d}}", "{\\rtf1\\bin9999 ab", "{\\rtf1{\\pict", "{\\rtf1{\\pict}\\"]
        {
            assert_eq!(opened(document.as_bytes()).problems, [], "{document}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_document_makes_it_panic(rest in "[{}\\\\*a-f0-9 ']{0,60}") {
            opened(format!("{{\\rtf1{{\\pict {rest}").as_bytes());
        }
    }
}
