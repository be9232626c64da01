//! Bytes → text, as they arrive.
//!
//! No declared charset is asked for: senders choose it, and `extract` makes a text of its own of what it says. Where
//! the bytes leave more than one reading, all are scanned, since what stores the text may choose another than we would:
//! a byte order mark may be ignored, and bytes that are not UTF-8 may be some older charset or have faults replaced.
//! Otherwise a byte or two would hide everything.

mod legacy;

use std::sync::LazyLock;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

pub(super) use self::legacy::Legacy;
use super::source::{MOST_SHORT, Short, SourceText};
use super::utf8;
use crate::content::windows_1252;

/// One way to read bytes as characters.
#[derive(Clone, Copy, Debug)]
pub(super) enum Charset {
    /// UTF-8, and each byte that is not part of it as windows-1252. What takes more bytes than it should is read as
    /// what it would be: some decoders do so.
    Utf8,
    /// One of the charsets of the Encoding Standard that came before.
    Legacy(&'static Legacy),
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

/// Bytes of ASCII in a row that are taken over as they are and not one by one.
const LONG: usize = 32;

/// How many of the first bytes are looked at to tell UTF-16 without a byte order mark.
const SAMPLE: usize = 512;

impl Charset {
    /// How to read a text that begins with `start`, the likeliest first; UTF-8 always.
    pub(super) fn of_start(start: &[u8]) -> Vec<Self> {
        let mut charsets = match Encoding::for_bom(start) {
            Some((encoding, _)) if encoding == UTF_16LE => vec![Self::Utf16Le],
            Some((encoding, _)) if encoding == UTF_16BE => vec![Self::Utf16Be],
            _ => Self::without_mark(start),
        };
        charsets.push(Self::Utf8);
        charsets
    }

    /// UTF-16 that has no byte order mark: of its first characters most have the same high byte, or zero for ASCII.
    fn without_mark(start: &[u8]) -> Vec<Self> {
        let pairs = start[..start.len().min(SAMPLE)].as_chunks::<2>().0;
        let looks_like = |high: usize| {
            let mut counts = [0_usize; 256];
            pairs.iter().for_each(|pair| counts[usize::from(pair[high])] += 1);
            // Scripts that are written with more than two high bytes are told by the space between words.
            let most = counts.iter().max().copied().unwrap_or_default();
            let is_odd = counts[0] > 0 && pairs.iter().any(|pair| pair[high] == 0 && pair[1 - high] != 0);
            pairs.len() >= 4 && is_odd && 4 * (most + counts[0]) >= 3 * pairs.len()
        };
        match (looks_like(1), looks_like(0)) {
            (true, false) => vec![Self::Utf16Le],
            (false, true) => vec![Self::Utf16Be],
            (true, true) => vec![Self::Utf16Le, Self::Utf16Be],
            (false, false) => Vec::new(),
        }
    }

    /// How else to read a text in which `bytes` are not UTF-8: as its bytes look, and as windows-1252.
    pub(super) fn for_foreign(bytes: &[u8]) -> Vec<Self> {
        let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
        detector.feed(bytes, true);
        let guessed = detector.guess(None, chardetng::Utf8Detection::Deny);
        let usual = Some(WINDOWS_1252).filter(|usual| *usual != guessed);
        [Some(guessed), usual].into_iter().flatten().filter_map(Legacy::of).map(Self::Legacy).collect()
    }

    /// Every way to read `text`, the likeliest first. Where it is not UTF-8, no more than `sample` bytes around the
    /// first that are not are looked at.
    pub(super) fn all_of(text: &[u8], sample: usize) -> Vec<Self> {
        let mut charsets = Self::of_start(text);
        if let Some(foreign) = first_foreign(text) {
            let around = &text[foreign.saturating_sub(sample / 2)..];
            let last = charsets.len() - 1;
            charsets.splice(last..last, Self::for_foreign(&around[..around.len().min(sample)]));
        }
        charsets
    }

    /// Its name in the Encoding Standard.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Legacy(legacy) => legacy.name(),
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
        }
    }

    /// Whether it is the charset that texts are in which are not UTF-8 and look like nothing else.
    pub(super) fn is_usual(self) -> bool {
        matches!(self, Self::Legacy(legacy) if legacy.name() == WINDOWS_1252.name())
    }

    /// Whether `bytes` are the same text in it as in UTF-8, apart from a character that is not finished at the end.
    pub(super) fn reads_like_utf8(self, bytes: &[u8]) -> bool {
        match self {
            Self::Utf8 => true,
            Self::Legacy(legacy) => bytes.is_ascii() || legacy.is_western(bytes) && !has_wide(bytes),
            Self::Utf16Le | Self::Utf16Be => false,
        }
    }

    /// Adds the text of `bytes`, which stand at `at`, to `source`. Returns how many were read: all but an unfinished
    /// character at the end, and all when these are the last.
    pub(super) fn read(self, bytes: &[u8], at: usize, is_last: bool, source: &mut SourceText) -> usize {
        match self {
            Self::Utf8 => read_utf8(bytes, at, is_last, source),
            Self::Legacy(legacy) => legacy.read(bytes, at, is_last, source),
            Self::Utf16Le => read_utf16(bytes, at, is_last, u16::from_le_bytes, source),
            Self::Utf16Be => read_utf16(bytes, at, is_last, u16::from_be_bytes, source),
        }
    }
}

/// Where `bytes` stop to be UTF-8, apart from a character that is not finished at the end.
pub(super) fn first_foreign(bytes: &[u8]) -> Option<usize> {
    let error = simdutf8::compat::from_utf8(bytes).err()?;
    error.error_len().map(|_| error.valid_up_to())
}

/// Text that is UTF-8 is told many bytes at once. Behind a byte that is none, only ASCII is, until a character of
/// several bytes comes: in windows-1252 there are many such bytes, and looking again from each of them took most of the
/// time.
fn read_utf8(bytes: &[u8], at: usize, is_last: bool, source: &mut SourceText) -> usize {
    let mut done = push_valid(bytes, at, source);
    let western = &*WESTERN;
    while done < bytes.len() {
        let rest = &bytes[done..];
        let ascii = Encoding::ascii_valid_up_to(rest);
        if ascii >= LONG || ascii == rest.len() {
            source.push_str(utf8::valid_part(&rest[..ascii]), at + done);
            done += ascii;
            continue;
        }
        let singles = &rest[..singles(&rest[..rest.len().min(MOST_SHORT)])];
        if !singles.is_empty() {
            done += source.push_short(singles, at + done, |bytes| western[usize::from(bytes[0])]);
            continue;
        }
        match first_character(rest) {
            First::Whole => done += push_valid(rest, at + done, source),
            First::Unfinished if !is_last => break,
            First::Unfinished | First::Foreign => {
                let (ch, length) = overlong(rest).unwrap_or((windows_1252(rest[0]), 1));
                source.push_char(ch, at + done..at + done + length);
                done += length;
            }
        }
    }
    done
}

/// The characters of windows-1252.
static WESTERN: LazyLock<[Short; 256]> =
    LazyLock::new(|| std::array::from_fn(|byte| Short::of(windows_1252(byte as u8), 1)));

/// How many of `bytes` begin no character of several bytes, up to the first that may; not the last, whose next is
/// unknown.
fn singles(bytes: &[u8]) -> usize {
    const STEP: usize = 32;
    let next = bytes.get(1..).unwrap_or_default();
    let is_start = |(byte, next): (&u8, &u8)| u8::from(*byte >= 0xc0) & u8::from(next & 0xc0 == 0x80);
    // Without branches, so that the compiler does many bytes at once.
    let has_start =
        |(bytes, next): (&[u8], &[u8])| bytes.iter().zip(next).map(is_start).fold(0, |any, one| any | one) != 0;
    let steps = bytes.chunks(STEP).zip(next.chunks(STEP));
    let before = STEP * steps.take_while(|step| !has_start(*step)).count();
    let within = bytes.iter().zip(next).skip(before).position(|pair| is_start(pair) != 0);
    within.map_or(next.len(), |within| before + within)
}

/// Adds as much of `bytes`, which stand at `at`, as is UTF-8. Returns how much that is.
fn push_valid(bytes: &[u8], at: usize, source: &mut SourceText) -> usize {
    let text = utf8::valid_part(bytes);
    source.push_str(text, at);
    text.len()
}

/// What a text begins with, as UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Whole,
    /// It ends within a character.
    Unfinished,
    Foreign,
}

fn first_character(bytes: &[u8]) -> First {
    match std::str::from_utf8(&bytes[..bytes.len().min(4)]) {
        Ok(_) => First::Whole,
        Err(error) if error.valid_up_to() > 0 => First::Whole,
        Err(error) if error.error_len().is_none() || may_get_overlong(bytes) => First::Unfinished,
        Err(_) => First::Foreign,
    }
}

/// Whether `bytes` end within what [`overlong`] may be about.
fn may_get_overlong(bytes: &[u8]) -> bool {
    let length = match bytes[0] {
        0xc0..=0xc1 => 2,
        0xe0 => 3,
        0xf0 => 4,
        _ => return false,
    };
    bytes.len() < length && bytes[1..].iter().all(|byte| byte & 0xc0 == 0x80)
}

/// Whether `bytes` have a whole character of several bytes, be it one that takes fewer.
fn has_wide(bytes: &[u8]) -> bool {
    let is_start = |at: usize| bytes[at] >= 0xc0 && bytes.get(at + 1).is_some_and(|next| next & 0xc0 == 0x80);
    let is_whole = |at: usize| first_character(&bytes[at..]) == First::Whole || overlong(&bytes[at..]).is_some();
    // Without branches, so that the compiler does many bytes at once.
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    let is_any = pairs.fold(0, |any, (byte, next)| any | (u8::from(*byte >= 0xc0) & u8::from(next & 0xc0 == 0x80)));
    is_any != 0 && (0..bytes.len()).any(|at| is_start(at) && is_whole(at))
}

/// A character in more bytes than it takes, which UTF-8 forbids, and how many those are.
fn overlong(bytes: &[u8]) -> Option<(char, usize)> {
    let (length, first, most) = match bytes[0] {
        first @ 0xc0..=0xc1 => (2, first & 0x1f, 0x80),
        0xe0 => (3, 0, 0x800),
        0xf0 => (4, 0, 0x1_0000),
        _ => return None,
    };
    let following = bytes.get(1..length)?;
    let is_following = |byte: &u8| byte & 0xc0 == 0x80;
    let bits = |bits: u32, byte: &u8| bits << 6 | u32::from(byte & 0x3f);
    let code = following.iter().fold(u32::from(first), bits);
    let is_overlong = following.iter().all(is_following) && code < most;
    char::from_u32(code).filter(|_| is_overlong).map(|ch| (ch, length))
}

fn read_utf16(bytes: &[u8], at: usize, is_last: bool, unit: fn([u8; 2]) -> u16, source: &mut SourceText) -> usize {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        let mut units = rest.chunks_exact(2).take(2).map(|pair| unit([pair[0], pair[1]]));
        let is_unfinished = rest.len() < 4 && units.clone().next().is_none_or(|unit| (0xd800..0xdc00).contains(&unit));
        if is_unfinished && !is_last {
            break;
        }
        let (ch, length) = match char::decode_utf16(units.by_ref()).next() {
            Some(Ok(ch)) => (ch, ch.len_utf16() * 2),
            Some(Err(_)) => (char::REPLACEMENT_CHARACTER, 2),
            None => (char::REPLACEMENT_CHARACTER, rest.len()),
        };
        source.push_char(ch, at + done..at + done + length);
        done += length;
    }
    done
}

#[cfg(test)]
mod tests {
    use proptest::strategy::Strategy;

    use super::*;

    fn characters(charset: Charset, bytes: &[u8]) -> Vec<(usize, char)> {
        let mut source = SourceText::default();
        assert_eq!(charset.read(bytes, 0, true, &mut source), bytes.len());
        source.from(0).char_indices().map(|(at, ch)| (source.original(&(at..at + ch.len_utf8())).start, ch)).collect()
    }

    #[test]
    fn windows_1252_is_that_of_the_encoding_standard() {
        for byte in 0..=0xff {
            assert_eq!(
                windows_1252(byte).to_string(),
                WINDOWS_1252.decode_without_bom_handling(&[byte]).0,
                "{byte:#x}"
            );
        }
    }

    #[test]
    fn bytes_are_utf8_and_what_is_not_is_windows_1252() {
        for (bytes, expected) in [
            (&b"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xa3"[..], &[(0, 'a'), (1, 'é'), (3, '€'), (6, '💣')][..]),
            (b"caf\xe9", &[(0, 'c'), (1, 'a'), (2, 'f'), (3, 'é')]),
            (b"\x80\x93", &[(0, '€'), (1, '“')]),
            (b"\xff\xc3\xa9", &[(0, 'ÿ'), (1, 'é')]),
            (b"\xe2\x82", &[(0, 'â'), (1, '‚')]),
            (b"\xed\xa0\x80", &[(0, 'í'), (1, '\u{a0}'), (2, '€')]),
            (b"\xc1\xa1b", &[(0, 'a'), (2, 'b')]),
            (b"\xe0\x81\xa1\xf0\x80\x81\xa1", &[(0, 'a'), (3, 'a')]),
        ] {
            assert_eq!(characters(Charset::Utf8, bytes), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn utf16_is_read_in_both_byte_orders_with_its_faults() {
        let le = b"a\0\x3d\xd8\xa3\xdc\x3d\xd8b\0c";
        let expected =
            [(0, 'a'), (2, '💣'), (6, char::REPLACEMENT_CHARACTER), (8, 'b'), (10, char::REPLACEMENT_CHARACTER)];
        assert_eq!(characters(Charset::Utf16Le, le), expected);
        assert_eq!(characters(Charset::Utf16Be, b"\0a\x20\xac"), [(0, 'a'), (2, '€')]);
    }

    #[test]
    fn older_charsets_are_read_by_their_tables() {
        let of = |label: &str| Charset::Legacy(Legacy::of(Encoding::for_label(label.as_bytes()).unwrap()).unwrap());
        for (label, bytes, expected) in [
            ("windows-1251", &b"\xec\xe8\xf0"[..], &[(0, 'м'), (1, 'и'), (2, 'р')][..]),
            ("koi8-r", b"\xcd\xc9\xd2", &[(0, 'м'), (1, 'и'), (2, 'р')]),
            ("shift_jis", b"a\x93\xfa\x96{", &[(0, 'a'), (1, '日'), (3, '本')]),
            ("gbk", b"\xd6\xd0a", &[(0, '中'), (2, 'a')]),
            ("big5", b"\xa4\xa4", &[(0, '中')]),
            ("euc-kr", b"\xc7\xd1", &[(0, '한')]),
            ("euc-jp", b"\xc6\xfc", &[(0, '日')]),
            ("gbk", b"\xd6", &[(0, '\u{fffd}')]),
        ] {
            assert_eq!(characters(of(label), bytes), expected, "{label} {bytes:x?}");
        }
    }

    #[test]
    fn charsets_that_read_alike_are_told() {
        let of = |label: &str| Charset::Legacy(Legacy::of(Encoding::for_label(label.as_bytes()).unwrap()).unwrap());
        let pieces = [
            &b"plain"[..],
            b"caf\xe9 \x80",
            b"\xc3\xa9",
            b"\xe2\x82\xac",
            b"\xc1\xa1",
            b"\xf0\x9f\x92",
            b"\xff\xfe",
            b"\xa4",
        ];
        for charset in ["windows-1252", "iso-8859-15", "windows-1254", "koi8-r", "shift_jis"].map(of) {
            for (one, two) in pieces.iter().flat_map(|one| pieces.iter().map(move |two| (one, two))) {
                let bytes = [one, &b" "[..], two, b" "].concat();
                let is_same = characters(charset, &bytes) == characters(Charset::Utf8, &bytes);
                assert_eq!(charset.reads_like_utf8(&bytes), is_same, "{charset:?} {bytes:x?}");
            }
        }
    }

    #[test]
    fn doubtful_bytes_get_more_than_one_reading() {
        for (bytes, count) in
            [(&b"\xff\xfea\0"[..], 2), (b"\xfe\xff\0a", 2), (b"\xef\xbb\xbfa", 1), (b"cut \xe2\x82", 1), (b"", 1)]
        {
            let charsets = Charset::of_start(bytes);
            assert_eq!(charsets.len(), count, "{bytes:x?}");
            assert!(matches!(charsets.last(), Some(Charset::Utf8)));
        }
        let marked = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        for text in ["plain text", "запрещённая репа", "απαγορευμένο γογγύλι"] {
            assert!(matches!(Charset::of_start(&marked(text))[..], [Charset::Utf16Le, Charset::Utf8]), "{text}");
        }
        assert_eq!(first_foreign(b"caf\xe9s"), Some(3));
        assert_eq!(first_foreign(b"caf\xc3"), None);
        assert!(!Charset::for_foreign(b"caf\xe9s").is_empty());
        let (russian, _, _) =
            encoding_rs::WINDOWS_1251.encode("Съешь же ещё этих мягких французских булок, да выпей чаю");
        assert_eq!(Charset::for_foreign(&russian).len(), 2);
    }

    /// As the documentation of [`Charset::Utf8`] has it, byte by byte.
    fn naive_utf8(bytes: &[u8]) -> Vec<(usize, char)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let whole = |length: usize| std::str::from_utf8(bytes.get(at..at + length)?).ok()?.chars().next();
            let valid = (1..=4).find_map(|length| Some((whole(length)?, length)));
            let (ch, length) = valid.or_else(|| overlong(&bytes[at..])).unwrap_or_else(|| (windows_1252(bytes[at]), 1));
            found.push((at, ch));
            at += length;
        }
        found
    }

    /// One character after the other, as the library decodes a byte or two.
    fn naive_legacy(encoding: &'static Encoding, bytes: &[u8]) -> Vec<(usize, char)> {
        let (mut found, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let one = |length: usize| {
                let text = encoding.decode_without_bom_handling_and_without_replacement(bytes.get(at..at + length)?)?;
                Some((text.chars().next().filter(|_| text.chars().count() == 1)?, length))
            };
            let (ch, length) = one(1).or_else(|| one(2)).unwrap_or((char::REPLACEMENT_CHARACTER, 1));
            found.push((at, ch));
            at += length;
        }
        found
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_in_older_charsets_as_the_naive_twin_reads_them(
            label in proptest::sample::select(vec!["windows-1251", "gbk", "shift_jis", "big5", "euc-jp"]),
            pieces in proptest::collection::vec(
                proptest::prop_oneof![
                    proptest::collection::vec(proptest::prelude::any::<u8>(), 1..4),
                    "[a-z ]{1,40}".prop_map(String::into_bytes),
                    proptest::collection::vec(0xb0..0xf7_u8, 300..600),
                ],
                0..8,
            ),
            cut in proptest::prelude::any::<proptest::sample::Index>(),
        ) {
            let bytes = pieces.concat();
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let charset = Charset::Legacy(Legacy::of(encoding).unwrap());
            let expected = naive_legacy(encoding, &bytes);
            proptest::prop_assert_eq!(&characters(charset, &bytes), &expected);
            let (mut source, cut) = (SourceText::default(), cut.index(bytes.len() + 1));
            let read = charset.read(&bytes[..cut], 0, false, &mut source);
            charset.read(&bytes[read..], read, true, &mut source);
            let text: String = expected.into_iter().map(|(_, ch)| ch).collect();
            proptest::prop_assert_eq!(source.from(0), text);
        }

        #[test]
        fn any_bytes_are_read_as_the_naive_twin_reads_them(
            pieces in proptest::collection::vec(
                proptest::prop_oneof![
                    proptest::collection::vec(proptest::prelude::any::<u8>(), 1..4),
                    "[a-z ]{1,40}|[é€💣ß]{1,3}".prop_map(String::into_bytes),
                    proptest::sample::select(vec![b"\xc1\xa1".to_vec(), b"\xe0\x81\xa1".to_vec(), vec![0xff; 70]]),
                ],
                0..12,
            ),
            cut in proptest::prelude::any::<proptest::sample::Index>(),
        ) {
            let bytes = pieces.concat();
            let expected = naive_utf8(&bytes);
            proptest::prop_assert_eq!(&characters(Charset::Utf8, &bytes), &expected);
            let (mut source, cut) = (SourceText::default(), cut.index(bytes.len() + 1));
            let read = Charset::Utf8.read(&bytes[..cut], 0, false, &mut source);
            Charset::Utf8.read(&bytes[read..], read, true, &mut source);
            let text: String = expected.into_iter().map(|(_, ch)| ch).collect();
            proptest::prop_assert_eq!(source.from(0), text);
        }
    }

    #[test]
    fn what_is_cut_off_is_read_when_the_rest_has_come() {
        let bytes = "aé€💣".as_bytes();
        for cut in 0..=bytes.len() {
            let mut source = SourceText::default();
            let read = Charset::Utf8.read(&bytes[..cut], 0, false, &mut source);
            assert_eq!(Charset::Utf8.read(&bytes[read..], read, true, &mut source), bytes.len() - read);
            assert_eq!(source.from(0), "aé€💣", "{cut}");
        }
    }
}
