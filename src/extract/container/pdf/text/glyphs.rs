//! Characters of simple fonts: the predefined encodings, and glyphs by name.
//!
//! Sources: ISO 32000-1 annex D; Adobe Glyph List Specification §2.

use encoding_rs::{Encoding, MACINTOSH, WINDOWS_1252};

use unicode_normalization::char::compose;

/// Names of glyphs that are no letters with accents.
const NAMED: &[(&str, &str)] = &[
    ("space", " "),
    ("nbspace", " "),
    ("exclam", "!"),
    ("quotedbl", "\""),
    ("numbersign", "#"),
    ("dollar", "$"),
    ("percent", "%"),
    ("ampersand", "&"),
    ("quotesingle", "'"),
    ("parenleft", "("),
    ("parenright", ")"),
    ("asterisk", "*"),
    ("plus", "+"),
    ("comma", ","),
    ("hyphen", "-"),
    ("sfthyphen", "\u{ad}"),
    ("period", "."),
    ("slash", "/"),
    ("zero", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("colon", ":"),
    ("semicolon", ";"),
    ("less", "<"),
    ("equal", "="),
    ("greater", ">"),
    ("question", "?"),
    ("at", "@"),
    ("bracketleft", "["),
    ("backslash", "\\"),
    ("bracketright", "]"),
    ("asciicircum", "^"),
    ("underscore", "_"),
    ("grave", "`"),
    ("braceleft", "{"),
    ("bar", "|"),
    ("braceright", "}"),
    ("asciitilde", "~"),
    ("quoteleft", "‘"),
    ("quoteright", "’"),
    ("quotesinglbase", "‚"),
    ("quotedblleft", "“"),
    ("quotedblright", "”"),
    ("quotedblbase", "„"),
    ("guillemotleft", "«"),
    ("guillemotright", "»"),
    ("endash", "–"),
    ("emdash", "—"),
    ("minus", "−"),
    ("bullet", "•"),
    ("ellipsis", "…"),
    ("periodcentered", "·"),
    ("Euro", "€"),
    ("sterling", "£"),
    ("section", "§"),
    ("degree", "°"),
    ("germandbls", "ß"),
    ("ae", "æ"),
    ("AE", "Æ"),
    ("oe", "œ"),
    ("OE", "Œ"),
    ("oslash", "ø"),
    ("Oslash", "Ø"),
    ("lslash", "ł"),
    ("Lslash", "Ł"),
    ("dcroat", "đ"),
    ("Dcroat", "Đ"),
    ("eth", "ð"),
    ("Eth", "Ð"),
    ("thorn", "þ"),
    ("Thorn", "Þ"),
    ("dotlessi", "ı"),
    ("ff", "ff"),
    ("fi", "fi"),
    ("fl", "fl"),
    ("ffi", "ffi"),
    ("ffl", "ffl"),
];

/// Where Adobe's standard encoding differs from windows-1252 in letters and marks of texts.
const STANDARD: &[(u8, &str)] = &[
    (0x27, "’"),
    (0x60, "‘"),
    (0xa9, "'"),
    (0xaa, "“"),
    (0xab, "«"),
    (0xac, "‹"),
    (0xad, "›"),
    (0xae, "fi"),
    (0xaf, "fl"),
    (0xb1, "–"),
    (0xb4, "·"),
    (0xb7, "•"),
    (0xb8, "‚"),
    (0xb9, "„"),
    (0xba, "”"),
    (0xbc, "…"),
    (0xd0, "—"),
    (0xe1, "Æ"),
    (0xe8, "Ł"),
    (0xe9, "Ø"),
    (0xea, "Œ"),
    (0xf1, "æ"),
    (0xf5, "ı"),
    (0xf8, "ł"),
    (0xf9, "ø"),
    (0xfa, "œ"),
    (0xfb, "ß"),
];

/// Names of accents, and the marks that they are.
const ACCENTS: &[(&str, char)] = &[
    ("grave", '\u{300}'),
    ("acute", '\u{301}'),
    ("circumflex", '\u{302}'),
    ("tilde", '\u{303}'),
    ("macron", '\u{304}'),
    ("breve", '\u{306}'),
    ("dotaccent", '\u{307}'),
    ("dot", '\u{307}'),
    ("dieresis", '\u{308}'),
    ("ring", '\u{30a}'),
    ("hungarumlaut", '\u{30b}'),
    ("caron", '\u{30c}'),
    ("cedilla", '\u{327}'),
    ("commaaccent", '\u{326}'),
    ("ogonek", '\u{328}'),
];

/// In the order of Unicode, from U+03B1 on; the second sigma is the one at the end of words.
const GREEK: [&str; 25] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "omicron", "pi", "rho", "sigmaf", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
];

/// The characters of all codes in the encoding of this name; in the standard one, if nobody knows it.
pub(super) fn encoding(name: Option<&str>) -> Vec<String> {
    let of = |encoding: &'static Encoding| {
        let decode = |code: u8| encoding.decode_without_bom_handling(&[code]).0.into_owned();
        (0..=255).map(decode).collect::<Vec<String>>()
    };
    match name {
        Some("WinAnsiEncoding") => of(WINDOWS_1252),
        Some("MacRomanEncoding") => of(MACINTOSH),
        _ => {
            let mut table = of(WINDOWS_1252);
            for (code, text) in STANDARD {
                (*text).clone_into(&mut table[usize::from(*code)]);
            }
            table
        }
    }
}

/// The characters of the glyph called `name`; `None` when the name says nothing.
pub(super) fn named(name: &str) -> Option<String> {
    // What follows the first full stop is a variant: small capitals, old style figures.
    let base = name.split('.').next().filter(|base| !base.is_empty())?;
    let parts: Vec<String> = base.split('_').map_while(component).collect();
    (!parts.is_empty()).then(|| parts.concat())
}

/// Whether `name`, which says a character, is not what fonts call it: a variant, or a name by its number.
pub(super) fn is_odd(name: &str) -> bool {
    name.contains('.') || by_number(name).is_some()
}

fn component(name: &str) -> Option<String> {
    if name.len() == 1 {
        return Some(name.to_owned());
    }
    if let Some((_, text)) = NAMED.iter().find(|(known, _)| *known == name) {
        return Some((*text).to_owned());
    }
    let letter = composed_letter(name).or_else(|| greek_letter(name)).or_else(|| cyrillic(name));
    letter.map(String::from).or_else(|| by_number(name))
}

/// `uni0416`, `u1F600`.
fn by_number(name: &str) -> Option<String> {
    let is_hex = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let character = |digits: &str| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    if let Some(digits) = name.strip_prefix("uni").filter(|digits| is_hex(digits) && digits.len() >= 4) {
        return digits.as_bytes().chunks_exact(4).map(|four| character(str::from_utf8(four).ok()?)).collect();
    }
    let digits = name.strip_prefix('u').filter(|digits| is_hex(digits) && (4..=6).contains(&digits.len()))?;
    character(digits).map(String::from)
}

/// The letter that a name gives with its accent, such as `eacute`.
fn composed_letter(name: &str) -> Option<char> {
    let letter = name.chars().next().filter(char::is_ascii_alphabetic)?;
    let (_, mark) = ACCENTS.iter().find(|(accent, _)| *accent == &name[1..])?;
    compose(letter, *mark)
}

/// The Greek letter of that name, a capital when the name begins with one.
fn greek_letter(name: &str) -> Option<char> {
    let place = GREEK.iter().position(|letter| letter.eq_ignore_ascii_case(name))?;
    let small = char::from_u32(0x3b1 + u32::try_from(place).ok()?)?;
    if name.starts_with(|first: char| first.is_ascii_uppercase()) { small.to_uppercase().next() } else { Some(small) }
}

/// `afii10017` and so on: the letters of Russian.
fn cyrillic(name: &str) -> Option<char> {
    let number: u32 = name.strip_prefix("afii")?.parse().ok()?;
    let code = match number {
        10_023 => 0x401,
        10_071 => 0x451,
        10_017..=10_022 => 0x410 + number - 10_017,
        10_024..=10_049 => 0x416 + number - 10_024,
        10_065..=10_070 => 0x430 + number - 10_065,
        10_072..=10_097 => 0x436 + number - 10_072,
        _ => return None,
    };
    char::from_u32(code)
}
