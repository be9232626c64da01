//! Metafiles of Windows, EMF and WMF: the bitmaps that they draw, and what they say.

use bytes::Bytes;
use encoding_rs::{UTF_16LE, WINDOWS_1252};

use crate::content::number::{u16_at, u32_at};
use crate::content::{MetaBitmap, MetaRecord, Metafile, PartKind};
use crate::extract::ProblemCode;
use crate::extract::dissection::Dissection;
use crate::extract::legible::TextWriter;

use super::Coverage;
use super::ole::hand_out_bitmap;

/// Hands out what is in the metafile `bytes`.
pub(super) fn open(format: Metafile, bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    for MetaBitmap { header, samples } in format.bitmaps(bytes) {
        if found.is_over() {
            break;
        }
        if !found.may_carve() {
            found.report(ProblemCode::TooManyCandidates, Some(samples.start));
            break;
        }
        match format {
            Metafile::Emf => hand_out_bitmap(&[&bytes[header], &bytes[samples]].concat(), found),
            Metafile::Wmf => hand_out_bitmap(&bytes[header], found),
        }
    }
    let mut texts = TextWriter::new(bytes.len(), found);
    for record in format.records(bytes) {
        if texts.is_full() {
            break;
        }
        if let Some(text) = text(format, &bytes[record.range.clone()], &record) {
            texts.push(text.as_bytes(), found);
            texts.end_line(found);
        }
    }
    texts.show(PartKind::Text, "drawing", found);
    Coverage::Some
}

/// What a record draws as text (MS-EMF §2.3.5.7 and §2.3.5.8, MS-WMF §2.3.3.5 and §2.3.3.20).
fn text(format: Metafile, record: &[u8], MetaRecord { kind, .. }: &MetaRecord) -> Option<String> {
    let string = |at: usize, length: usize| record.get(at..at.checked_add(length)?);
    let (bytes, charset) = match (format, kind) {
        (Metafile::Emf, 83 | 84) => {
            let (count, at) = (u32_at(record, 44)? as usize, u32_at(record, 48)? as usize);
            if *kind == 84 {
                (string(at, count.checked_mul(2)?)?, UTF_16LE)
            } else {
                (string(at, count)?, WINDOWS_1252)
            }
        }
        (Metafile::Wmf, 0x0521) => (string(8, usize::from(u16_at(record, 6)?))?, WINDOWS_1252),
        (Metafile::Wmf, 0x0a32) => {
            let clips = u16_at(record, 12)? & 6 != 0;
            (string(if clips { 22 } else { 14 }, usize::from(u16_at(record, 10)?))?, WINDOWS_1252)
        }
        _ => return None,
    };
    Some(charset.decode_without_bom_handling(bytes).0.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Part;
    use crate::extract::container::testing::{codes, opened};

    fn emf_record(kind: u32, fields: &[(usize, u32)], length: usize, rest: &[u8]) -> Vec<u8> {
        let mut record = vec![0; length];
        let whole = (length + rest.len()).next_multiple_of(4);
        for (at, number) in [(0, kind), (4, whole as u32)].iter().chain(fields) {
            record[*at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        record.extend_from_slice(rest);
        record.resize(whole, 0);
        record
    }

    fn dib(side: u32) -> (Vec<u8>, Vec<u8>) {
        let numbers = [40, side, side, 1 | 24 << 16, 0, 0, 0, 0, 0, 0];
        let header: Vec<u8> = numbers.iter().flat_map(|number: &u32| number.to_le_bytes()).collect();
        (header, (0..side * side * 3).map(|at| 0x80 | at as u8).collect())
    }

    fn emf() -> Vec<u8> {
        let mut header = emf_record(1, &[], 88, b"");
        header[40..44].copy_from_slice(b" EMF");
        let (dib, samples) = dib(16);
        let fields = [(48, 80), (52, 40), (56, 120), (60, samples.len() as u32)];
        let stretch = emf_record(81, &fields, 80, &[dib, samples].concat());
        let wide: Vec<u8> = "forbidden turnip".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let says = emf_record(84, &[(44, 16), (48, 76)], 76, &wide);
        [header, stretch, says, emf_record(14, &[], 20, b"")].concat()
    }

    fn wmf() -> Vec<u8> {
        let (dib, samples) = dib(16);
        let record = |kind: u16, rest: &[u8]| {
            let words = (6 + rest.len()).div_ceil(2) as u32;
            let mut record = [&words.to_le_bytes()[..], &kind.to_le_bytes(), rest].concat();
            record.resize(2 * words as usize, 0);
            record
        };
        let stretch = record(0x0f43, &[vec![0; 22], dib, samples].concat());
        let says = record(0x0521, b"\x10\0forbidden turnip\0\0\0\0");
        [b"\x01\0\x09\0\0\x03".to_vec(), vec![0; 12], stretch, says, record(0, b"")].concat()
    }

    #[test]
    fn bitmaps_and_texts_come_out_of_both_formats() {
        let (header, samples) = dib(16);
        for (what, file) in [("EMF", emf()), ("WMF", wmf())] {
            let found = opened(file);
            assert_eq!(codes(&found), [], "{what}");
            let picture = found.parts.iter().find(|part| part.bytes.starts_with(b"BM")).expect("a bitmap");
            assert_eq!(picture.bytes[14..], [&header[..], &samples].concat(), "{what}");
            let says = |part: &Part| part.kind == PartKind::Text && part.bytes.starts_with(b"forbidden turnip");
            assert!(found.parts.iter().any(says), "{what}");
        }
    }
}
