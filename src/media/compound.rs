//! Which program a compound file is of, by the class of its root.
//!
//! Source: MS-CFB §2.2 (header) and §2.6.1 (directory entries).

/// How such a file begins.
const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// How the classes of programs of Microsoft end, all but PowerPoint's.
const OF_OFFICE: [u8; 12] = [0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];
const POWERPOINT: [u8; 16] =
    [0x10, 0x8d, 0x81, 0x64, 0x9b, 0x4f, 0xcf, 0x11, 0x86, 0xea, 0x00, 0xaa, 0x00, 0xb9, 0x29, 0xe8];

/// What files of that program are called, `ole` where it is none of those known here; `None` where `bytes` are no compound
/// file. Looks at two places only, whatever the file says of itself.
pub(super) fn name(bytes: &[u8]) -> Option<&'static str> {
    bytes.starts_with(MAGIC).then(|| root_class(bytes).and_then(name_of).unwrap_or("ole"))
}

fn root_class(bytes: &[u8]) -> Option<[u8; 16]> {
    let shift = u32::from(u16::from_le_bytes(*bytes.get(30..)?.first_chunk()?));
    let directory = u32::from_le_bytes(*bytes.get(48..)?.first_chunk()?) as usize;
    let size = 1_usize.checked_shl(shift)?;
    let root = directory.checked_add(1)?.checked_mul(size)?;
    bytes.get(root.checked_add(80)?..)?.first_chunk().copied()
}

fn name_of(class: [u8; 16]) -> Option<&'static str> {
    if class == POWERPOINT {
        return Some("ppt");
    }
    let (program, rest) = class.split_first_chunk()?;
    match u32::from_le_bytes(*program) {
        _ if rest != OF_OFFICE => None,
        0x0002_0900 | 0x0002_0906 => Some("doc"),
        0x0002_0810 | 0x0002_0820 => Some("xls"),
        0x0002_0d0b => Some("msg"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(class: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 2048];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[30] = 9;
        bytes[48] = 1;
        bytes[1024 + 80..1024 + 96].copy_from_slice(class);
        bytes
    }

    #[test]
    fn a_compound_file_is_of_the_program_whose_class_its_root_has() {
        let of_office = |program: u32| [&program.to_le_bytes()[..], &OF_OFFICE].concat();
        for (class, expected) in [
            (of_office(0x0002_0906), "doc"),
            (of_office(0x0002_0810), "xls"),
            (of_office(0x0002_0820), "xls"),
            (of_office(0x0002_0d0b), "msg"),
            (POWERPOINT.to_vec(), "ppt"),
            (vec![0; 16], "ole"),
        ] {
            assert_eq!(name(&file(&class)), Some(expected), "{class:?}");
        }
        assert_eq!(name(b"PK\x03\x04"), None);
    }

    #[test]
    fn whatever_the_header_says_only_the_name_is_lost() {
        let whole = file(&POWERPOINT);
        for place in [30, 31, 48, 49, 50, 51] {
            let mut broken = whole.clone();
            broken[place] = 0xff;
            assert_eq!(name(&broken), Some("ole"), "{place}");
        }
        assert!((8..whole.len()).all(|length| name(&whole[..length]).is_some()));
    }
}
