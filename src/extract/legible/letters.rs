//! Characters by name: the references of HTML, and what the names of glyphs have in common with them.
//!
//! Letters with accents are put together from the name of the accent, so that a short table covers what texts are
//! written with: Latin and Greek letters, punctuation, and what ASCII has names for. Of the rest of HTML's 2,231 names,
//! letters in other shapes (`&afr;`, `&aopf;`) give the plain letter; drawings and mathematics stay as they are.
//!
//! Source: WHATWG HTML §13.5, "Named character references"; Adobe Glyph List 2.0.

use unicode_normalization::char::compose;

/// Longest reference: `&CounterClockwiseContourIntegral;` has 33.
const MAX_REFERENCE: usize = 34;

/// Names that are no letters. Some of the oldest may stand without a semicolon.
const NAMED: &[(&str, &str)] = &[
    ("amp", "&"),
    ("AMP", "&"),
    ("lt", "<"),
    ("LT", "<"),
    ("gt", ">"),
    ("GT", ">"),
    ("quot", "\""),
    ("QUOT", "\""),
    ("apos", "'"),
    ("nbsp", " "),
    ("ensp", " "),
    ("emsp", " "),
    ("thinsp", " "),
    ("hairsp", " "),
    ("puncsp", " "),
    ("numsp", " "),
    ("NewLine", "\n"),
    ("Tab", "\t"),
    ("shy", "\u{ad}"),
    ("zwnj", "\u{200c}"),
    ("zwj", "\u{200d}"),
    ("lrm", "\u{200e}"),
    ("rlm", "\u{200f}"),
    ("ZeroWidthSpace", "\u{200b}"),
    ("NoBreak", "\u{2060}"),
    ("hyphen", "-"),
    ("dash", "-"),
    ("ndash", "–"),
    ("mdash", "—"),
    ("minus", "−"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("sbquo", "‚"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("bdquo", "„"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("hellip", "…"),
    ("mldr", "…"),
    ("bull", "•"),
    ("middot", "·"),
    ("excl", "!"),
    ("num", "#"),
    ("dollar", "$"),
    ("percnt", "%"),
    ("lpar", "("),
    ("rpar", ")"),
    ("ast", "*"),
    ("plus", "+"),
    ("comma", ","),
    ("period", "."),
    ("sol", "/"),
    ("colon", ":"),
    ("semi", ";"),
    ("equals", "="),
    ("quest", "?"),
    ("commat", "@"),
    ("lsqb", "["),
    ("lbrack", "["),
    ("bsol", "\\"),
    ("rsqb", "]"),
    ("rbrack", "]"),
    ("Hat", "^"),
    ("lowbar", "_"),
    ("grave", "`"),
    ("lcub", "{"),
    ("lbrace", "{"),
    ("verbar", "|"),
    ("vert", "|"),
    ("rcub", "}"),
    ("rbrace", "}"),
    ("euro", "€"),
    ("pound", "£"),
    ("yen", "¥"),
    ("cent", "¢"),
    ("sect", "§"),
    ("para", "¶"),
    ("copy", "©"),
    ("reg", "®"),
    ("trade", "™"),
    ("deg", "°"),
    ("times", "×"),
    ("iexcl", "¡"),
    ("iquest", "¿"),
    ("szlig", "ß"),
    ("aelig", "æ"),
    ("AElig", "Æ"),
    ("oelig", "œ"),
    ("OElig", "Œ"),
    ("oslash", "ø"),
    ("Oslash", "Ø"),
    ("eth", "ð"),
    ("ETH", "Ð"),
    ("thorn", "þ"),
    ("THORN", "Þ"),
    ("lstrok", "ł"),
    ("Lstrok", "Ł"),
    ("dstrok", "đ"),
    ("Dstrok", "Đ"),
    ("inodot", "ı"),
    ("imath", "ı"),
    ("fflig", "ff"),
    ("filig", "fi"),
    ("fllig", "fl"),
    ("ffilig", "ffi"),
    ("ffllig", "ffl"),
    ("fjlig", "fj"),
];

/// Names of accents, HTML's and Adobe's, and the marks that they are.
const ACCENTS: &[(&str, char)] = &[
    ("grave", '\u{300}'),
    ("acute", '\u{301}'),
    ("circumflex", '\u{302}'),
    ("circ", '\u{302}'),
    ("tilde", '\u{303}'),
    ("macron", '\u{304}'),
    ("macr", '\u{304}'),
    ("breve", '\u{306}'),
    ("dotaccent", '\u{307}'),
    ("dot", '\u{307}'),
    ("dieresis", '\u{308}'),
    ("uml", '\u{308}'),
    ("ring", '\u{30a}'),
    ("hungarumlaut", '\u{30b}'),
    ("dblac", '\u{30b}'),
    ("caron", '\u{30c}'),
    ("cedilla", '\u{327}'),
    ("cedil", '\u{327}'),
    ("commaaccent", '\u{326}'),
    ("ogonek", '\u{328}'),
    ("ogon", '\u{328}'),
];

/// In the order of Unicode, from U+03B1 on; the second sigma is the one at the end of words.
const GREEK: [&str; 25] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "omicron", "pi", "rho", "sigmaf", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
];

/// The character that the reference at the start of `text` stands for, and the length of the reference. Numbers and the
/// oldest names may stand without a semicolon.
pub(super) fn reference(text: &[u8]) -> Option<(String, usize)> {
    let rest = text.strip_prefix(b"&")?;
    if let Some(number) = rest.strip_prefix(b"#") {
        return numeric(number).map(|(character, length)| (character.to_string(), length + 2));
    }
    let window = &rest[..rest.len().min(MAX_REFERENCE)];
    let length = window.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = str::from_utf8(&window[..length]).ok()?;
    if window.get(length) == Some(&b';') {
        return named(name).map(|character| (character, length + 2));
    }
    let old = ["amp", "AMP", "lt", "LT", "gt", "GT", "quot", "QUOT", "nbsp", "shy"];
    let old = old.into_iter().find(|old| name.starts_with(old))?;
    named(old).map(|character| (character, old.len() + 1))
}

/// `text` with its references resolved; `None` when it has none.
pub(super) fn resolved(text: &[u8]) -> Option<Vec<u8>> {
    let mut resolved = Vec::new();
    let mut copied = 0;
    for at in memchr::memchr_iter(b'&', text) {
        if let Some((character, length)) = reference(&text[at..]).filter(|_| at >= copied) {
            resolved.extend_from_slice(&text[copied..at]);
            resolved.extend_from_slice(character.as_bytes());
            copied = at + length;
        }
    }
    resolved.extend_from_slice(&text[copied..]);
    (copied > 0).then_some(resolved)
}

/// The character of a decimal or hexadecimal number, and the length of the number with its semicolon.
fn numeric(text: &[u8]) -> Option<(char, usize)> {
    let (radix, mark) = if matches!(text.first(), Some(b'x' | b'X')) { (16, 1) } else { (10, 0) };
    let digits = text[mark..].iter().take_while(|byte| char::from(**byte).is_digit(radix)).count();
    if digits == 0 {
        return None;
    }
    let value = text[mark..mark + digits].iter().filter_map(|digit| char::from(*digit).to_digit(radix));
    let value = value.fold(0_u32, |value, digit| value.saturating_mul(radix).saturating_add(digit));
    let character = match value {
        // Browsers take these for windows-1252.
        0x80..=0x9f => encoding_rs::WINDOWS_1252.decode(&[value as u8]).0.chars().next(),
        _ => char::from_u32(value),
    };
    let end = mark + digits;
    let length = if text.get(end) == Some(&b';') { end + 1 } else { end };
    Some((character.unwrap_or(char::REPLACEMENT_CHARACTER), length))
}

fn named(name: &str) -> Option<String> {
    let plain = || NAMED.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
    let shaped = || {
        let letter = ["fr", "scr", "opf"].into_iter().find_map(|shape| name.strip_suffix(shape))?;
        (letter.len() == 1 && letter.as_bytes()[0].is_ascii_alphabetic()).then(|| letter.to_owned())
    };
    plain()
        .or_else(|| composed_letter(name).map(String::from))
        .or_else(|| greek_letter(name).map(String::from))
        .or_else(shaped)
}

/// The letter that a name gives with its accent, such as `eacute`.
pub(in crate::extract) fn composed_letter(name: &str) -> Option<char> {
    let letter = name.chars().next().filter(char::is_ascii_alphabetic)?;
    let (_, mark) = ACCENTS.iter().find(|(accent, _)| *accent == &name[1..])?;
    compose(letter, *mark)
}

/// The Greek letter of that name, a capital when the name begins with one.
pub(in crate::extract) fn greek_letter(name: &str) -> Option<char> {
    let place = GREEK.iter().position(|letter| letter.eq_ignore_ascii_case(name))?;
    let small = char::from_u32(0x3b1 + u32::try_from(place).ok()?)?;
    if name.starts_with(|first: char| first.is_ascii_uppercase()) { small.to_uppercase().next() } else { Some(small) }
}
