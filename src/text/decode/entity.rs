//! HTML character references, as browsers read them.

/// Names that hide letters, or stand between them. Those of other characters hide nothing.
const NAMES: [(&str, char); 42] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("shy", '\u{ad}'),
    ("zwnj", '\u{200c}'),
    ("zwj", '\u{200d}'),
    ("lrm", '\u{200e}'),
    ("rlm", '\u{200f}'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
    ("thinsp", '\u{2009}'),
    ("ZeroWidthSpace", '\u{200b}'),
    ("NoBreak", '\u{2060}'),
    ("agrave", 'à'),
    ("aacute", 'á'),
    ("acirc", 'â'),
    ("atilde", 'ã'),
    ("auml", 'ä'),
    ("aring", 'å'),
    ("aelig", 'æ'),
    ("ccedil", 'ç'),
    ("egrave", 'è'),
    ("eacute", 'é'),
    ("ecirc", 'ê'),
    ("euml", 'ë'),
    ("igrave", 'ì'),
    ("iacute", 'í'),
    ("icirc", 'î'),
    ("iuml", 'ï'),
    ("ntilde", 'ñ'),
    ("ograve", 'ò'),
    ("oacute", 'ó'),
    ("ocirc", 'ô'),
    ("ouml", 'ö'),
    ("oslash", 'ø'),
    ("ugrave", 'ù'),
    ("uacute", 'ú'),
    ("uuml", 'ü'),
    ("szlig", 'ß'),
];

/// Digits of a number, with zeros before it.
const MOST_DIGITS: usize = 12;

/// What the reference at the start of `text` stands for, and how many bytes it takes. A number needs no ";" behind it.
pub(super) fn read(text: &str) -> Option<(String, usize)> {
    let body = text.get(1..)?;
    let (ch, length) = match body.strip_prefix('#') {
        Some(number) => {
            let (radix, digits) = match number.strip_prefix(['x', 'X']) {
                Some(digits) => (16, digits),
                None => (10, number),
            };
            let count = digits.chars().take(MOST_DIGITS).take_while(|digit| digit.is_digit(radix)).count();
            let code = u32::from_str_radix(&digits[..count], radix).ok()?;
            (char::from_u32(code)?, text.len() - digits.len() + count)
        }
        None => {
            let (name, ch) = NAMES.iter().find(|(name, _)| {
                let named = body.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
                named && body.as_bytes().get(name.len()) == Some(&b';')
            })?;
            (*ch, 1 + name.len())
        }
    };
    let length = length + usize::from(text.as_bytes().get(length) == Some(&b';'));
    Some((ch.to_string(), length))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn references_are_read_by_number_and_by_name() {
        for (text, expected) in [
            ("&#102;x", Some(("f", 6))),
            ("&#102x", Some(("f", 5))),
            ("&#x0066;", Some(("f", 8))),
            ("&#X66", Some(("f", 5))),
            ("&eacute;s", Some(("é", 8))),
            ("&Eacute;", Some(("é", 8))),
            ("&eacutes", None),
            ("&#;", None),
            ("&#xd800;", None),
            ("&", None),
        ] {
            assert_eq!(read(text), expected.map(|(ch, length)| (ch.to_owned(), length)), "{text}");
        }
    }
}
