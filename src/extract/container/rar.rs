//! Archives of RAR, from version 1.5 to 7.
//!
//! Source: "RAR 5.0 archive format", rarlab.com, for the marks that they begin with. All else is in the crate `rars`.

use bytes::Bytes;

use crate::body::{RarEvent, RarFault, RarReader, ScratchWriter};
use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::{ProblemCode, legible};

use super::Coverage;

/// Up to version 4, and from 5 on.
const MARKS: [&[u8]; 2] = [b"Rar!\x1a\x07\0", b"Rar!\x1a\x07\x01\0"];

pub(in crate::extract) fn is_rar(bytes: &[u8]) -> bool {
    MARKS.iter().any(|mark| bytes.starts_with(mark))
}

/// Hands out the files.
pub(super) fn open(bytes: &Bytes, found: &mut Dissection<'_>) -> Coverage {
    let Some(mut reader) = RarReader::start(bytes.clone(), found.limits().max_parts) else {
        found.report(ProblemCode::NoRoomToUnpack, None);
        return Coverage::Some;
    };
    let mut member = None;
    while let Some(event) = found.next_of_rar(&mut reader) {
        match event {
            RarEvent::Comment(comment) => legible::show_comment(comment.into(), found),
            RarEvent::Member(name) => {
                hand_out(member.take(), found);
                legible::show_name(&name, found);
                member = Some((name, found.output()));
            }
            RarEvent::Content(piece) => {
                let Some((_, output)) = &mut member else { continue };
                if let Err(end) = found.write(&piece, bytes.len(), output) {
                    found.report_limit(end);
                    break;
                }
            }
            RarEvent::Fault(fault) => found.report(code(fault), None),
        }
        if found.is_over() {
            break;
        }
    }
    drop(reader);
    hand_out(member, found);
    Coverage::Some
}

fn hand_out(member: Option<(Vec<u8>, ScratchWriter<'_>)>, found: &mut Dissection<'_>) {
    let Some((name, output)) = member else { return };
    if let Some(content) = found.take(output).filter(|content| !content.is_empty()) {
        let name = String::from_utf8_lossy(&name).into_owned();
        found.add(Part::new(PartKind::Entry, content).named(name), None);
    }
}

const fn code(fault: RarFault) -> ProblemCode {
    match fault {
        RarFault::Broken => ProblemCode::ContainerBroken,
        RarFault::Encrypted => ProblemCode::ContainerEncrypted,
        RarFault::Incomplete => ProblemCode::ContainerIncomplete,
        RarFault::Unknown => ProblemCode::ContainerMethodUnknown,
        RarFault::TooLarge => ProblemCode::UnpackedTooLarge,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::container::testing::{codes, entries, fixture, listed, opened};

    #[test]
    fn archives_of_every_version_are_opened() {
        for name in ["rar15", "rar20", "rar29", "rar40-solid", "rar50", "rar50-solid", "rar50-stored", "rar70"] {
            let found = opened(fixture(&format!("{name}.rar")));
            assert_eq!((codes(&found), listed(&found)), (vec![], 1), "{name}");
            let entries = entries(&found);
            let numbers = entries.iter().find(|(name, _)| name.ends_with("numbers.txt")).expect("a second file");
            let expected: String = (1..=400).map(|number| format!("{number}\n")).collect();
            assert_eq!(numbers.1, expected.as_bytes(), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_apart() {
        for (name, code) in [
            ("rar50-encrypted", ProblemCode::ContainerEncrypted),
            ("rar50-encrypted-names", ProblemCode::ContainerEncrypted),
            ("rar29-encrypted", ProblemCode::ContainerEncrypted),
            ("rar50-volume", ProblemCode::ContainerIncomplete),
        ] {
            let found = opened(fixture(&format!("{name}.rar")));
            assert!(codes(&found).contains(&code), "{name}: {:?}", codes(&found));
        }
        let links = opened(fixture("rar50-hard-links.rar"));
        assert_eq!(codes(&links), []);
        // With a recovery record and an owner, by rar 2.
        assert_eq!(codes(&opened(fixture("rar20-owner.rar"))), [ProblemCode::ContainerMethodUnknown]);
        let whole = fixture("rar50.rar");
        let found = opened(whole[..whole.len() / 2].to_vec());
        assert_eq!(codes(&found), [ProblemCode::ContainerBroken]);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn no_archive_makes_it_hang(
            name in proptest::sample::select(vec!["rar15", "rar20", "rar29", "rar40-solid", "rar50", "rar70"]),
            flips in proptest::collection::vec((8..1200_usize, proptest::prelude::any::<u8>()), 0..6),
        ) {
            let mut bytes = fixture(&format!("{name}.rar")).to_vec();
            for (at, value) in flips {
                let at = at % bytes.len();
                bytes[at] = value;
            }
            opened(bytes);
        }
    }
}
