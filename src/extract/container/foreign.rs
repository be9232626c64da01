//! Archives, compressed files, disk images and mailboxes that nothing here opens. They are told by how they begin, so
//! that nobody takes them for inspected.

use crate::content::number::{u16_at, u32_at};
use crate::content::reads_as_text;

/// What such files have at a place. Most have it at the start.
const SIGNATURES: &[(usize, &[u8])] = &[
    // Compressed files.
    (0, b"\x89LZO\0\r\n\x1a\n"),
    (0, b"LRZI\0"),
    (0, b"RZIP\x02"),
    (0, b"\x8f\xaf\xac\x84"),
    (0, b"bvx2"),
    (0, b"bvxn"),
    (0, b"pbzx\0\0\0\0"),
    (0, b"SZDD\x88\xf0\x27\x33"),
    (0, b"KWAJ\x88\xf0\x27\xd1"),
    // Archives.
    (0, b"ISc("),
    (0, b"StuffIt (c)"),
    (0, b"7kSt\xa0\x31\x83\xd3\x8c\xb2\x28\xb0\xd3"),
    (0, b"zPQ\x01"),
    (0, b"zPQ\x02"),
    (0, b"UC2\x1a"),
    (0, b"ArC\x01"),
    (0, b"MPQ\x1a"),
    (0, b"ALZ\x01\x0a\0\0\0"),
    (0, b"EGGA\0\x01"),
    (7, b"**ACE**"),
    (20, b"\xdc\xa7\xc4\xfd"),
    // Images of disks and of file systems.
    (0, b"MSWIM\0\0\0"),
    (0, b"WLPWM\0\0\0"),
    (0, b"hsqs"),
    (0, b"sqsh"),
    (0, b"-rom1fs-"),
    (0, b"\x45\x3d\xcd\x28"),
    (0, b"QFI\xfb\0\0\0"),
    (0, b"KDMV"),
    (0, b"<<< Oracle VM VirtualBox Disk Image >>>"),
    (0, b"WithouFreSpacExt"),
    (0, b"WithoutFreeSpace"),
    (0, b"vhdxfile"),
    (0, b"conectix"),
    (0, b"LUKS\xba\xbe"),
    (0, b"XFSB\0\0"),
    (0, b"\x3a\xff\x26\xed\x01\0\0\0"),
    (1024, b"\xe2\xe1\xf5\xe0"),
    (1024, b"\x10\x20\xf5\xf2"),
    (65_600, b"_BHRfS_M"),
    (0, b"EVF\x09\x0d\x0a\xff\0"),
    (0, b"encrcdsa"),
    (0, b"cdsaencr"),
    (3, b"NTFS    "),
    (3, b"EXFAT   "),
    (54, b"FAT12   "),
    (54, b"FAT16   "),
    (82, b"FAT32   "),
    (512, b"EFI PART\0\0\x01\0"),
    (1024, b"H+\0\x04"),
    (1024, b"HX\0\x05"),
    (32, b"NXSB"),
    // What SQLite is about to write into a database.
    (0, b"\x37\x7f\x06\x82"),
    (0, b"\x37\x7f\x06\x83"),
    // Mailboxes, notebooks and help.
    (0, b"!BDN"),
    (0, b"\xcf\xad\x12\xfe"),
    (0, b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3"),
    (0, b"ITSF\x03\0\0\0"),
    (0, b"ITOLITLS"),
];

/// What an image of a disk has in its last 512 bytes.
const TRAILERS: [&[u8]; 2] = [b"koly\0\0\0\x04", b"conectix"];

pub(super) fn is_foreign(bytes: &[u8]) -> bool {
    let is_at =
        |(at, signature): &&(usize, &[u8])| bytes.get(*at) == signature.first() && bytes[*at..].starts_with(signature);
    // What may be letters in a text is none there.
    let is_word = |signature: &[u8]| signature.iter().all(u8::is_ascii_graphic);
    let signature = SIGNATURES.iter().find(is_at);
    let is_trailed = || {
        let trailer = bytes.len().checked_sub(512).map(|at| &bytes[at..]);
        trailer.is_some_and(|trailer| TRAILERS.iter().any(|signature| trailer.starts_with(signature)))
    };
    signature.is_some_and(|(_, signature)| !is_word(signature) || !reads_as_text(bytes))
        || is_lha(bytes)
        || is_arj(bytes)
        || is_apple_archive(bytes)
        || is_trailed()
        || is_squashfs(bytes)
        || is_ext(bytes)
        || is_disk(bytes)
}

/// The superblock of squashfs 4.0, which may be before nothing but text if nothing is compressed.
fn is_squashfs(bytes: &[u8]) -> bool {
    bytes.starts_with(b"hsqs") && bytes.get(28..32) == Some(&[4, 0, 0, 0])
}

/// The superblock of a file system of Linux: its mark, a state, and what to do about errors.
fn is_ext(bytes: &[u8]) -> bool {
    let Some(block) = bytes.get(1024..2048) else {
        return false;
    };
    let number = |at| u16_at(block, at).unwrap_or_default();
    number(56) == 0xef53 && matches!(number(58), 0..=7) && matches!(number(60), 1..=3)
}

/// A table of partitions that lie behind it, all of them within the file, and nowhere in each other's place.
fn is_disk(bytes: &[u8]) -> bool {
    const SECTOR: u64 = 512;
    let Some((table, [0x55, 0xaa])) = bytes.get(446..512).map(|table| table.split_at(64)) else {
        return false;
    };
    let sectors = bytes.len() as u64 / SECTOR;
    let mut end = 1;
    let mut count = 0;
    for entry in table.as_chunks::<16>().0.iter().filter(|entry| entry[4] != 0) {
        let (Some(start), Some(length)) = (u32_at(entry, 8), u32_at(entry, 12)) else {
            return false;
        };
        let (start, length) = (u64::from(start), u64::from(length));
        if entry[0] & 0x7f != 0 || start < end || length == 0 || start + length > sectors {
            return false;
        }
        (end, count) = (start + length, count + 1);
    }
    count > 0
}

fn is_lha(bytes: &[u8]) -> bool {
    matches!(bytes, [size, _, b'-', b'l', b'h' | b'z', b'0'..=b'9' | b'd' | b's' | b'x', b'-', ..] if *size >= 20)
}

/// A header of a likely size, of an archive.
fn is_arj(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x60\xea") && matches!(u16_at(bytes, 2), Some(30..=2600)) && bytes.get(10) == Some(&2)
}

/// The length of a header, and its first field.
fn is_apple_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"AA01") && bytes.get(6..9) == Some(b"TYP")
}

#[cfg(test)]
mod tests {
    use super::SIGNATURES;
    use crate::extract::ProblemCode;
    use crate::extract::container::testing::{codes, opened};

    /// How archives of real tools begin.
    const BEGINNINGS: [&str; 4] =
        ["894c5a4f000d0a1a0a1040", "60ea2a00220b01021000025a", "23782d6c68352d2a0000", "4d5357494d000000d0000000"];

    #[test]
    fn what_nothing_opens_is_unsupported_wherever_it_lies() {
        for beginning in BEGINNINGS {
            let archive = [data_encoding::HEXLOWER.decode(beginning.as_bytes()).unwrap(), vec![0xa5; 40]].concat();
            assert_eq!(codes(&opened(archive.clone())), [ProblemCode::ContainerUnsupported], "{beginning}");
        }
        for (at, signature) in SIGNATURES {
            let file = [&vec![1; *at][..], signature, &[1; 600]].concat();
            assert_eq!(codes(&opened(file)), [ProblemCode::ContainerUnsupported], "{signature:?}");
        }
        let text = b"a file that is not compressed, ".repeat(200);
        let squashed = [&b"hsqs"[..], &[b' '; 24], &[4, 0, 0, 0], &text].concat();
        assert_eq!(codes(&opened(squashed)), [ProblemCode::ContainerUnsupported]);
        let image = [&[7; 5000][..], b"koly\0\0\0\x04", &[0; 504]].concat();
        assert_eq!(codes(&opened(image)), [ProblemCode::ContainerUnsupported]);
        let mut disk = vec![0; 4096];
        disk[446..462].copy_from_slice(b"\x80\0\0\0\x83\0\0\0\x02\0\0\0\x06\0\0\0");
        disk[510..512].copy_from_slice(b"\x55\xaa");
        assert_eq!(codes(&opened(disk.clone())), [ProblemCode::ContainerUnsupported]);
        // Its partition would end behind the end of the file.
        assert_eq!(codes(&opened(disk[..2048].to_vec())), []);
        let mut linux = vec![0; 4096];
        linux[1080..1086].copy_from_slice(b"\x53\xef\x01\0\x01\0");
        assert_eq!(codes(&opened(linux)), [ProblemCode::ContainerUnsupported]);
    }

    #[test]
    fn everyday_bytes_are_no_archives() {
        for bytes in [
            &b"Rar! said the lion"[..],
            b"\x1f\x9d\x00",
            b"`\xea",
            b"hsqs is no word, and this is a text",
            b"]\0\0text behind it and on",
            b"x -lh5",
            b"",
        ] {
            assert_eq!(codes(&opened(bytes.to_vec())), [], "{bytes:?}");
        }
    }
}
