//! Character references of HTML, as browsers read them: `&eacute;`, `&#233;`, `&#xe9;`.
//!
//! Both those who read markup and those who look for hidden letters ask here, so that neither reads what the other misses.
//!
//! Source: WHATWG HTML §13.5 "Named character references" and §13.2.5.73 and on.

use std::sync::LazyLock;

/// Every name, sorted, with the code points that it stands for in hex. Behind those that need a semicolon stands one.
/// Written from Python's `html.entities.html5`, which is the list of the standard.
const NAMES: &str = include_str!("names.txt");

/// Letters of the longest name: `CounterClockwiseContourIntegral`.
const LONGEST_NAME: usize = 31;

/// Letters of the longest names that may stand without a semicolon, such as `Aacute`, and of the shortest, `lt`.
const OLD_NAMES: std::ops::RangeInclusive<usize> = 2..=6;

/// What bytes from 0x80 on stand for in windows-1252, whose others are those of Latin-1.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// What `byte` is in windows-1252.
///
/// Source: WHATWG Encoding, index windows-1252.
pub const fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252[byte as usize - 0x80],
        _ => byte as char,
    }
}

/// Where a reference stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceIn {
    /// Between tags, or in a text of any other sort.
    Text,
    /// In the value of an attribute. There, `&copy=` is the next value of a query and no sign.
    Attribute,
}

/// What the reference at the start of `text` stands for, and how many bytes it takes. `None` where browsers show the `&`.
pub fn character_reference(text: &[u8], place: ReferenceIn) -> Option<(String, usize)> {
    let rest = text.strip_prefix(b"&")?;
    match rest.strip_prefix(b"#") {
        Some(number) => numeric(number).map(|(character, length)| (character.to_string(), length + 2)),
        None => named(rest, place).map(|(characters, length)| (characters, length + 1)),
    }
}

/// The character of a decimal or hexadecimal number, and the length of the number with its semicolon, if there is one.
fn numeric(text: &[u8]) -> Option<(char, usize)> {
    let (radix, mark) = if matches!(text.first(), Some(b'x' | b'X')) { (16, 1) } else { (10, 0) };
    let digits = text[mark..].iter().map_while(|byte| char::from(*byte).to_digit(radix));
    let (value, count) =
        digits.fold((0_u32, 0), |(value, count), digit| (value.saturating_mul(radix).saturating_add(digit), count + 1));
    if count == 0 {
        return None;
    }
    let character = match value {
        0 => None,
        // Browsers take these for windows-1252.
        0x80..=0x9f => Some(windows_1252(value as u8)),
        _ => char::from_u32(value),
    };
    let end = mark + count;
    let length = end + usize::from(text.get(end) == Some(&b';'));
    Some((character.unwrap_or(char::REPLACEMENT_CHARACTER), length))
}

/// What the name at the start of `text` stands for: the longest one, and its length with its semicolon, if there is one.
fn named(text: &[u8], place: ReferenceIn) -> Option<(String, usize)> {
    let length = text.iter().take(LONGEST_NAME + 1).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let run = str::from_utf8(&text[..length]).ok()?;
    if text.get(length) == Some(&b';')
        && let Some(name) = Name::find(run)
    {
        return Some((name.characters(), length + 1));
    }
    let prefixes = OLD_NAMES.rev().filter_map(|length| run.get(..length));
    let name = prefixes.filter_map(Name::find).find(|name| name.is_old)?;
    let length = name.written.len();
    let goes_on = text.get(length).is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'=');
    (place == ReferenceIn::Text || !goes_on).then(|| (name.characters(), length))
}

/// One name of the table.
#[derive(Clone, Copy)]
struct Name {
    written: &'static str,
    /// Whether it may stand without a semicolon.
    is_old: bool,
    /// Code points in hex with commas between them.
    codes: &'static str,
}

impl Name {
    fn find(written: &str) -> Option<Self> {
        static ALL: LazyLock<Vec<Name>> =
            LazyLock::new(|| NAMES.split_ascii_whitespace().filter_map(Name::parse).collect());
        let index = ALL.binary_search_by(|name| name.written.cmp(written)).ok()?;
        Some(ALL[index])
    }

    fn parse(entry: &'static str) -> Option<Self> {
        let (name, codes) = entry.split_once('=')?;
        let written = name.trim_end_matches(';');
        Some(Self { written, is_old: written.len() == name.len(), codes })
    }

    fn characters(&self) -> String {
        self.codes.split(',').filter_map(|code| char::from_u32(u32::from_str_radix(code, 16).ok()?)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_reads(cases: &[(&str, Option<(&str, usize)>)], place: ReferenceIn) {
        for (text, expected) in cases {
            let expected = expected.map(|(characters, length)| (characters.to_owned(), length));
            assert_eq!(character_reference(text.as_bytes(), place), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_with_and_without_a_semicolon() {
        let cases = [
            ("&#102;x", Some(("f", 6))),
            ("&#102x", Some(("f", 5))),
            ("&#x0066;", Some(("f", 8))),
            ("&#X66", Some(("f", 5))),
            ("&#000000000000000000000000102;", Some(("f", 30))),
            ("&#150;", Some(("–", 6))),
            ("&#x80;", Some(("€", 6))),
            ("&#x81;", Some(("\u{81}", 6))),
            ("&#0;", Some(("\u{fffd}", 4))),
            ("&#xd800;", Some(("\u{fffd}", 8))),
            ("&#xffffffffff;", Some(("\u{fffd}", 14))),
            ("&#;", None),
            ("&#x;", None),
            ("&#", None),
            ("&", None),
            ("x", None),
        ];
        assert_reads(&cases, ReferenceIn::Text);
        assert_reads(&cases, ReferenceIn::Attribute);
    }

    #[test]
    fn names_have_their_case_and_the_oldest_no_need_of_a_semicolon() {
        let cases = [
            ("&eacute;s", Some(("é", 8))),
            ("&Eacute;", Some(("É", 8))),
            ("&EACUTE;", None),
            ("&AMP;", Some(("&", 5))),
            ("&nbsp;", Some(("\u{a0}", 6))),
            ("&afr;", Some(("𝔞", 5))),
            ("&NotEqualTilde;", Some(("≂\u{338}", 15))),
            ("&CounterClockwiseContourIntegral;", Some(("∳", 33))),
            ("&notin;", Some(("∉", 7))),
            ("&alpha ", None),
            ("&nothing;", Some(("¬", 4))),
            ("&nonsense;", None),
            ("& amp;", None),
        ];
        assert_reads(&cases, ReferenceIn::Text);
        assert_reads(
            &[("&eacutes", Some(("é", 7))), ("&copy=1", Some(("©", 5))), ("&lt", Some(("<", 3)))],
            ReferenceIn::Text,
        );
        assert_reads(
            &[("&eacutes", None), ("&copy=1", None), ("&copy;=1", Some(("©", 6))), ("&lt", Some(("<", 3)))],
            ReferenceIn::Attribute,
        );
    }

    #[test]
    fn the_table_is_whole_and_in_order() {
        let names: Vec<Name> = NAMES.split_ascii_whitespace().filter_map(Name::parse).collect();
        assert_eq!(names.len() + names.iter().filter(|name| name.is_old).count(), 2_231);
        assert!(names.is_sorted_by(|one, next| one.written < next.written));
        let length = |name: &Name| name.written.len();
        assert_eq!(names.iter().map(length).max(), Some(LONGEST_NAME));
        let old = || names.iter().filter(|name| name.is_old).map(length);
        assert_eq!((old().min(), old().max()), (Some(*OLD_NAMES.start()), Some(*OLD_NAMES.end())));
        assert!(names.iter().all(|name| (1..=2).contains(&name.characters().chars().count())));
    }
}
