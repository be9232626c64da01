//! Documents of Office before 2007, and mails of Outlook, drawn by us: no more in them than their readers look at.

use super::compound::compound;

/// UTF-16, lowest byte first.
pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A stretch of text in a document of Word.
pub enum Piece<'t> {
    /// In windows-1252.
    Bytes(&'t [u8]),
    /// In UTF-16.
    Units(&'t str),
}

/// The stream with the text, and that with the table of its pieces. The pieces lie in the stream from last to first.
pub fn word_streams(pieces: &[Piece<'_>]) -> [Vec<u8>; 2] {
    let mut document = vec![0; 0x600];
    let mut places = vec![0; pieces.len()];
    let mut letters = vec![0; pieces.len()];
    for (index, piece) in pieces.iter().enumerate().rev() {
        let start = document.len() as u32;
        (places[index], letters[index]) = match piece {
            Piece::Bytes(bytes) => {
                document.extend_from_slice(bytes);
                ((start * 2) | 0x4000_0000, bytes.len() as u32)
            }
            Piece::Units(text) => {
                document.extend(utf16(text));
                (start, text.encode_utf16().count() as u32)
            }
        };
        document.resize(document.len().next_multiple_of(2), 0);
    }
    let mut list = vec![0; 4];
    let mut end: u32 = 0;
    for count in letters {
        end += count;
        list.extend(end.to_le_bytes());
    }
    for place in places {
        list.extend([&[0; 2][..], &u32::to_le_bytes(place), &[0; 2]].concat());
    }
    // Properties of paragraphs stand in front of the pieces.
    let clx = [&[1, 3, 0, 9, 9, 9, 2][..], &(list.len() as u32).to_le_bytes(), &list].concat();
    let table = [&[0xee; 40][..], &clx].concat();
    put(&mut document, 0, &[0xec, 0xa5, 0xc1, 0]);
    put(&mut document, 10, &0x0200_u16.to_le_bytes());
    put(&mut document, 0x1a2, &[40_u32.to_le_bytes(), (clx.len() as u32).to_le_bytes()].concat());
    [document, table]
}

pub fn put(bytes: &mut [u8], at: usize, piece: &[u8]) {
    bytes[at..at + piece.len()].copy_from_slice(piece);
}

/// A text in ASCII, in a piece of each notation.
fn halved(text: &str) -> [Piece<'_>; 2] {
    let (first, second) = text.split_at(text.len() / 2);
    [Piece::Bytes(first.as_bytes()), Piece::Units(second)]
}

/// A document of Word with one text in ASCII.
pub fn doc(text: &str) -> Vec<u8> {
    let [document, table] = word_streams(&halved(text));
    compound(&[("WordDocument", &document), ("1Table", &table)])
}

/// A document of Word with one text and a picture, in the stream where pictures between letters are.
pub fn doc_with_picture(text: &str, picture: &[u8]) -> Vec<u8> {
    let [document, table] = word_streams(&halved(text));
    let data = [&[0; 68][..], picture].concat();
    compound(&[("WordDocument", &document), ("1Table", &table), ("Data", &data)])
}

/// A record of a workbook.
pub fn biff(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(content.len() as u16).to_le_bytes(), content].concat()
}

/// What stands in front of the records of a workbook.
pub fn biff_start() -> Vec<u8> {
    biff(0x0809, &[0, 6, 5, 0])
}

/// A workbook with one text in its table of texts.
pub fn xls(text: &str) -> Vec<u8> {
    let units = utf16(text);
    let string = [&((units.len() / 2) as u16).to_le_bytes()[..], &[1], &units].concat();
    let table = biff(0x00fc, &[&[1, 0, 0, 0, 1, 0, 0, 0][..], &string].concat());
    compound(&[("Workbook", &[biff_start(), table, biff(0x000a, b"")].concat())])
}

/// A record of a presentation: `0xf` as version is one that holds others.
pub fn atom(version: u16, kind: u16, content: &[u8]) -> Vec<u8> {
    [&version.to_le_bytes()[..], &kind.to_le_bytes(), &(content.len() as u32).to_le_bytes(), content].concat()
}

/// A presentation with one text.
pub fn ppt(text: &str) -> Vec<u8> {
    let slide = atom(0xf, 0x03ee, &atom(0xf, 0xf00d, &atom(0, 0x0fa0, &utf16(text))));
    compound(&[("PowerPoint Document", &slide), ("Pictures", b"")])
}

/// A mail of Outlook with this body and one attachment.
pub fn msg(body: &str, name: &str, attached: &[u8]) -> Vec<u8> {
    compound(&[
        ("__properties_version1.0", &[0; 32]),
        ("__substg1.0_0037001F", &utf16("A subject")),
        ("__substg1.0_1000001F", &utf16(body)),
        ("__recip_version1.0_#00000000/__substg1.0_3001001F", &utf16("A name")),
        ("__attach_version1.0_#00000000/__substg1.0_3707001F", &utf16(name)),
        ("__attach_version1.0_#00000000/__substg1.0_37010102", attached),
    ])
}

/// A document that Office encrypted.
pub fn encrypted() -> Vec<u8> {
    compound(&[("EncryptionInfo", &[4, 0, 4, 0, 0x40, 0, 0, 0]), ("EncryptedPackage", &[0x5a; 5000])])
}
