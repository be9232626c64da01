//! Archives and compressed files that nothing here opens. They are told by how they begin, so that nobody takes them
//! for inspected.

use crate::content::number::{u16_at, u32_at, u64_at};

const STARTS: [&[u8]; 17] = [
    // RAR, from version 1.5 on.
    b"Rar!\x1a\x07",
    // lz4, and what the Linux kernel has of it.
    b"\x04\x22\x4d\x18",
    b"\x02\x21\x4c\x18",
    b"LZIP\x01",
    b"\x89LZO\0\r\n\x1a\n",
    b"LRZI\0",
    b"\x8f\xaf\xac\x84",
    // Cabinets of Windows, of InstallShield, and its images.
    b"MSCF\0\0\0\0",
    b"ISc(",
    b"MSWIM\0\0\0",
    b"xar!\0\x1c",
    b"StuffIt (c)",
    b"7kSt\xa0\x31\x83\xd3\x8c\xb2\x28\xb0\xd3",
    b"zPQ\x01",
    b"zPQ\x02",
    b"hsqs",
    b"UC2\x1a",
];

pub(super) fn is_foreign(bytes: &[u8]) -> bool {
    STARTS.iter().any(|start| bytes.starts_with(start))
        || is_compress(bytes)
        || is_lzma(bytes)
        || is_lha(bytes)
        || is_arj(bytes)
        || bytes.get(7..14) == Some(b"**ACE**")
}

/// What `compress` writes: 9 to 16 bits, and two that are never set.
fn is_compress(bytes: &[u8]) -> bool {
    matches!(bytes, [0x1f, 0x9d, flags, ..] if flags & 0x60 == 0 && matches!(flags & 0x1f, 9..=16))
}

/// The usual properties, a dictionary of a size that writers choose, and a length that is unknown or likely.
fn is_lzma(bytes: &[u8]) -> bool {
    let (Some(dictionary), Some(length)) = (u32_at(bytes, 1), u64_at(bytes, 5)) else {
        return false;
    };
    let is_usual =
        dictionary >= 1 << 12 && (dictionary & (dictionary - 1)).count_ones() <= 1 && dictionary & 0xfff == 0;
    bytes.starts_with(&[0x5d, 0, 0]) && bytes.len() > 13 && is_usual && (length == u64::MAX || length < 1 << 38)
}

fn is_lha(bytes: &[u8]) -> bool {
    matches!(bytes, [size, _, b'-', b'l', b'h' | b'z', b'0'..=b'9' | b'd' | b's', b'-', ..] if *size >= 20)
}

/// A header of a likely size, of an archive.
fn is_arj(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x60\xea") && matches!(u16_at(bytes, 2), Some(30..=2600)) && bytes.get(10) == Some(&2)
}

#[cfg(test)]
mod tests {
    use crate::extract::ProblemCode;
    use crate::extract::container::testing::{codes, opened};

    /// How archives of real tools begin.
    const BEGINNINGS: [&str; 12] = [
        "526172211a0700cf907300000d000000",
        "526172211a07010033925be5",
        "1f9d9031626000000000",
        "04224d186440a7",
        "02214c1800000000",
        "4c5a495001140031",
        "894c5a4f000d0a1a0a1040",
        "5d00008000ffffffffffffffff0018",
        "4d53434600000000d2000000",
        "60ea2a00220b01021000025a",
        "23782d6c68352d2a0000",
        "4d5357494d000000d0000000",
    ];

    #[test]
    fn what_nothing_opens_is_unsupported_wherever_it_lies() {
        for beginning in BEGINNINGS {
            let archive = [data_encoding::HEXLOWER.decode(beginning.as_bytes()).unwrap(), vec![0xa5; 40]].concat();
            assert_eq!(codes(&opened(archive.clone())), [ProblemCode::ContainerMethodUnknown], "{beginning}");
        }
    }

    #[test]
    fn everyday_bytes_are_no_archives() {
        for bytes in
            [&b"Rar! said the lion"[..], b"\x1f\x9d\x00", b"`\xea", b"]\0\0text behind it and on", b"x -lh5", b""]
        {
            assert_eq!(codes(&opened(bytes.to_vec())), [], "{bytes:?}");
        }
    }
}
