//! Files in the middle of other bytes, and bytes that only look like files.

use super::*;
use crate::config::Ambiguity;
use crate::content::ExtractLimits;
use crate::extract::Extraction;
use crate::extract::dissection::testing::gathered;

/// The structure of a tiny picture of each format; none of them is decoded here.
fn files() -> Vec<Vec<u8>> {
    let jpeg = b"\xff\xd8\xff\xe0\0\x04JF\xff\xc0\0\x05abc\xff\xda\0\x02data\xff\0more\xff\xd0x\xff\xd9".to_vec();
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\x02IHDRab----\0\0\0\0IEND----".to_vec();
    let gif = b"GIF89a\x01\0\x01\0\x80\0\0abcdef,\0\0\0\0\x01\0\x01\0\0\x02\x02ab\0;".to_vec();
    let webp = b"RIFF\x0e\0\0\0WEBPVP8 \x02\0\0\0ab".to_vec();
    let film = b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x0emdatabcdef".to_vec();
    vec![jpeg, png, gif, webp, film]
}

fn carved(bytes: &[u8], limits: ExtractLimits) -> Extraction {
    gathered(&limits, Ambiguity::Refuse, |found| extract(&Bytes::copy_from_slice(bytes), found))
}

#[test]
fn a_file_is_found_anywhere_but_at_the_start_and_ends_where_it_ends() {
    for file in files() {
        let shown = String::from_utf8_lossy(&file).into_owned();
        let message = [b"\0\x01message ", &file[..], b"behind it \xff\xd9 IEND;"].concat();
        let found = carved(&message, ExtractLimits::default());
        assert_eq!(found.parts.iter().map(|part| &part.bytes[..]).collect::<Vec<_>>(), [&file[..]], "{shown}");
        assert_eq!(found.parts[0].kind, PartKind::Carved);
        assert_eq!(carved(&file, ExtractLimits::default()).parts, [], "{shown}");
    }
}

#[test]
fn a_picture_that_is_cut_off_goes_on_to_the_end() {
    for (file, cut) in files().into_iter().zip([6, 5, 4, 2, 3]) {
        let message = [b"x", &file[..file.len() - cut]].concat();
        let found = carved(&message, ExtractLimits::default());
        assert_eq!(found.parts.len(), 1, "{}", String::from_utf8_lossy(&file));
        assert_eq!(found.parts[0].bytes, message[1..]);
    }
}

#[test]
fn signatures_without_a_structure_behind_them_are_chance() {
    for chance in [
        &b"x\xff\xd8\xff\xe0 no marker here at all, only text"[..],
        b"x\xff\xd8\xff\xd9",
        b"x\x89PNG\r\n\x1a\nnot a header",
        b"xGIF89a is how GIFs begin",
        b"WEBPVP8 without RIFF in front",
        b"xPK\x03\x04 and no directory",
        b"x\xff\xd8\xff",
    ] {
        let found = carved(chance, ExtractLimits::default());
        assert_eq!((found.parts.len(), found.problems.len()), (0, 0), "{}", String::from_utf8_lossy(chance));
    }
}

#[test]
fn files_inside_each_other_are_all_found_within_the_limits() {
    let jpeg = &files()[0];
    let outer = [b"x\xff\xd8\xff\xe1", &(jpeg.len() as u16 + 2).to_be_bytes()[..], jpeg, &jpeg[8..]].concat();
    assert_eq!(carved(&outer, ExtractLimits::default()).parts.len(), 2);

    let many = [&b"x"[..], &jpeg.repeat(5)].concat();
    for (max_carved, parts, problems) in [(5, 5, 0), (4, 4, 1)] {
        let found = carved(&many, ExtractLimits { max_carved, ..ExtractLimits::default() });
        assert_eq!((found.parts.len(), found.problems.len()), (parts, problems), "{max_carved}");
    }
}

#[test]
fn an_archive_is_carved_once_and_not_again_from_each_of_its_entries() {
    let entry = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0ab";
    let archive = [&entry.repeat(100), &b"PK\x05\x06"[..], &[0; 18]].concat();
    let behind = [&b"x"[..], &archive, b"between", &archive].concat();
    let lengths: Vec<usize> = carved(&behind, ExtractLimits::default())
        .parts
        .iter()
        .filter(|part| part.kind == PartKind::Carved)
        .map(|part| part.bytes.len())
        .collect();
    assert_eq!(lengths, [archive.len(), archive.len()]);
    for open in [entry.repeat(3), [entry.to_vec(), b"PK\x05\x06cut".to_vec()].concat()] {
        let found = carved(&[b"x", &open[..]].concat(), ExtractLimits::default());
        assert_eq!(found.parts[0].bytes, open);
        assert_eq!(found.problems, []);
    }
}

#[test]
fn hundreds_of_files_that_never_end_are_too_many() {
    let open = b"\x89PNG\r\n\x1a\n\0\0\0\x02IHDRab----".repeat(500);
    let found = carved(&[b"x", &open[..]].concat(), ExtractLimits::default());
    assert_eq!(found.problems[0].code, ProblemCode::TooManyCandidates);
    assert!(found.parts.len() < 40);
}

#[test]
fn an_archive_of_7_zip_ends_where_its_header_ends() {
    let place = [7_u64.to_le_bytes(), 3_u64.to_le_bytes(), [1; 8]].concat();
    let place = &place[..20];
    let archive =
        [b"7z\xbc\xaf\x27\x1c\0\x04", &crc32fast::hash(place).to_le_bytes()[..], place, b"content", b"end"].concat();
    let found = carved(&[b"x", &archive[..], b"behind"].concat(), ExtractLimits::default());
    assert_eq!(found.parts[0].bytes, archive);
    let cut = carved(&[b"x", &archive[..35]].concat(), ExtractLimits::default());
    assert_eq!(cut.parts[0].bytes, archive[..35]);
    let chance = carved(b"x7z\xbc\xaf\x27\x1c\0\x04 is how such archives begin, and no more", ExtractLimits::default());
    assert_eq!(chance.parts, []);
}
