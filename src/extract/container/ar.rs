//! Archives of `ar`: packages of Debian, libraries.
//!
//! Sources: ar(5) of FreeBSD; deb(5).

use bytes::Bytes;

use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, legible};

use super::Coverage;
use crate::content::number::clamped;

const MAGIC: &[u8] = b"!<arch>\n";

const HEADER: usize = 60;

pub(super) fn is_ar(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Hands out the members, each a slice.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let mut at = MAGIC.len();
    let mut long_names = Bytes::new();
    while at < bytes.len() && !found.is_over() {
        let Some((name, size)) = header(bytes, at) else {
            found.report(ProblemCode::ContainerBroken, Some(at));
            return Coverage::Some;
        };
        let start = at + HEADER;
        let end = start.saturating_add(clamped(size));
        if end > bytes.len() {
            found.report(ProblemCode::ContainerBroken, Some(at));
        }
        let content = bytes.slice(start..end.min(bytes.len()));
        if name == b"//" {
            long_names = content.clone();
        }
        let (name, content) = named(name, content, &long_names);
        legible::show_name(name.as_bytes(), found);
        if !content.is_empty() {
            found.add(Part::new(PartKind::Entry, content).named(name), Some(at));
        }
        at = end.saturating_add(end % 2);
    }
    Coverage::Entries
}

/// The name and the size in the header at `at`.
fn header(bytes: &[u8], at: usize) -> Option<(&[u8], u64)> {
    let header = bytes.get(at..)?.get(..HEADER)?;
    let size = str::from_utf8(&header[48..58]).ok()?.trim_end_matches(' ');
    let size = size.bytes().all(|digit| digit.is_ascii_digit()).then(|| size.parse().ok()).flatten()?;
    (&header[58..] == b"`\n").then_some((header[..16].trim_ascii_end(), size))
}

/// Bytes of a name. Members may share a long one, so that a few bytes would ask for all of it again.
const MAX_NAME: usize = 4 << 10;

/// The whole name, and the content after it. Names that are too long for a header are in a member of their own, or
/// in front of the content.
fn named(name: &[u8], content: Bytes, long_names: &[u8]) -> (String, Bytes) {
    let number = |digits: &[u8]| str::from_utf8(digits).ok()?.parse::<usize>().ok();
    if let Some(length) = name.strip_prefix(b"#1/").and_then(number).filter(|length| *length <= content.len()) {
        let name = content[..length.min(MAX_NAME)].split(|byte| *byte == 0).next().unwrap_or_default();
        return (String::from_utf8_lossy(name).into_owned(), content.slice(length..));
    }
    let long = name.strip_prefix(b"/").and_then(number).and_then(|at| long_names.get(at..));
    let long = long.map(|long| &long[..long.len().min(MAX_NAME)]);
    let name = match long {
        Some(long) => long.split(|byte| *byte == b'\n').next().unwrap_or_default(),
        None => name,
    };
    (String::from_utf8_lossy(name.strip_suffix(b"/").unwrap_or(name)).into_owned(), content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::container::testing::{LISTED, codes, entries, fixture, opened};

    fn member(name: &str, content: &[u8]) -> Vec<u8> {
        let header = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, content.len());
        [header.as_bytes(), content, &b"\n"[..content.len() % 2]].concat()
    }

    #[test]
    fn members_are_entries_under_their_whole_names() {
        let long = b"a long name of more than sixteen.o/\n";
        let archive = [
            MAGIC.to_vec(),
            member("//", long),
            member("one.o/", LISTED),
            member("/0", b"two"),
            member("#1/8", b"three.o\0three"),
            member("debian-binary", b"2.0\n"),
        ]
        .concat();
        let found = opened(archive.clone());
        assert_eq!(codes(&found), []);
        let expected = [
            ("one.o", LISTED),
            ("a long name of more than sixteen.o", b"two"),
            ("three.o", b"three"),
            ("debian-binary", b"2.0\n"),
        ];
        assert_eq!(entries(&found)[1..], expected);
        let endless = [MAGIC.to_vec(), member("//", &[b'x'; 2 * MAX_NAME]), member("/0", LISTED)].concat();
        assert_eq!(
            entries(&opened(endless)).last().map(|(name, content)| (name.len(), *content)),
            Some((MAX_NAME, LISTED))
        );
        assert_eq!(codes(&opened(archive[..archive.len() - 2].to_vec())), [ProblemCode::ContainerBroken]);
        assert_eq!(codes(&opened([&archive[..], b"junk"].concat())), [ProblemCode::ContainerBroken]);
    }

    #[test]
    fn packages_of_debian_are_opened_to_their_files() {
        let found = opened(fixture("package.deb"));
        assert_eq!(codes(&found), []);
        assert!(found.parts.iter().any(|part| part.bytes == LISTED));
    }
}
