//! Which rules of the style sheets of a page may be about one of its drawings.
//!
//! Pages have hundreds of kilobytes of rules and dozens of icons, and each drawing gets a copy of what is about it. A
//! rule is left out only if nothing in the drawing has the names that it asks for: what is not of a form that is known
//! here stays.
//!
//! Sources: CSS Syntax 3 §5.4 (rules and blocks); Selectors 4 §3 (compound selectors); Nesting 1.

use std::collections::HashSet;

/// Groups of rules in groups that are looked into.
const MAX_DEPTH: usize = 8;

/// At-rules with rules in them.
const GROUPS: [&str; 6] = ["media", "supports", "layer", "container", "document", "starting-style"];

/// The style sheets of a page.
#[derive(Default)]
pub(super) struct Sheets(Vec<Piece>);

/// A statement of a style sheet.
enum Piece {
    /// A rule, and for each of its selectors the names that an element of the drawing has. None is needed where it is
    /// of an unknown form.
    Rule { needed: Vec<Vec<String>>, text: String },
    /// An animation.
    Frames { name: String, text: String },
    /// A group of rules, and what it begins with.
    Group { head: String, pieces: Vec<Piece> },
    /// Anything else.
    Other(String),
}

impl Sheets {
    /// Adds the style sheet `text`.
    pub(super) fn add(&mut self, text: &str) {
        self.0.extend(pieces(text, 0));
    }

    /// What of them may be about `drawing`, which is written as XML.
    pub(super) fn about(&self, drawing: &str) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let words: HashSet<String> = names(drawing).map(str::to_lowercase).collect();
        let mut rules = String::new();
        write(&self.0, &|piece| piece.is_about(&words), &mut rules);
        let used: HashSet<String> = names(&rules).map(str::to_lowercase).collect();
        let is_used = |piece: &Piece| match piece {
            Piece::Frames { name, .. } => used.contains(name) || words.contains(name),
            _ => false,
        };
        write(&self.0, &is_used, &mut rules);
        rules
    }
}

impl Piece {
    fn is_about(&self, words: &HashSet<String>) -> bool {
        match self {
            Self::Rule { needed, .. } => needed.iter().any(|names| names.iter().all(|name| words.contains(name))),
            Self::Other(_) => true,
            Self::Frames { .. } | Self::Group { .. } => false,
        }
    }
}

/// Adds those of `pieces` that `is_in` takes, and what they are grouped by.
fn write(pieces: &[Piece], is_in: &dyn Fn(&Piece) -> bool, text: &mut String) {
    for piece in pieces {
        match piece {
            Piece::Group { head, pieces } => {
                let start = text.len();
                text.push_str(head);
                let begun = text.len();
                write(pieces, is_in, text);
                if text.len() == begun {
                    text.truncate(start);
                } else {
                    text.push_str("}\n");
                }
            }
            Piece::Rule { text: own, .. } | Piece::Frames { text: own, .. } | Piece::Other(own) if is_in(piece) => {
                text.extend([own, "\n"]);
            }
            _ => {}
        }
    }
}

/// The names in `text`: classes, identifiers, elements and other words.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !is_of_name(c)).filter(|name| !name.is_empty())
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii()
}

/// The statements of `text`, which is in `depth` groups.
fn pieces(text: &str, depth: usize) -> Vec<Piece> {
    let (mut pieces, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        let head = end(rest, |byte| matches!(byte, b'{' | b';'));
        let (statement, behind) = match rest.as_bytes().get(head) {
            Some(b'{') => {
                let inside = &rest[head + 1..];
                let (length, is_closed) = block(inside);
                let behind = &inside[(length + usize::from(is_closed)).min(inside.len())..];
                (Some((&rest[..head], &inside[..length])), behind)
            }
            _ => (None, &rest[(head + 1).min(rest.len())..]),
        };
        match statement {
            Some((head, inside)) => pieces.extend(with_block(head, inside, depth)),
            None => pieces.push(Piece::Other(rest[..rest.len() - behind.len()].to_owned())),
        }
        rest = behind.trim_start();
    }
    pieces
}

/// The statement that begins with `head` and has `inside` in its block. None is about drawings if it is for fonts.
fn with_block(head: &str, inside: &str, depth: usize) -> Option<Piece> {
    let text = || format!("{head}{{{inside}}}");
    let Some(at_rule) = head.strip_prefix('@') else {
        // Rules in rules are about what is in another element.
        let is_plain = !inside.contains('{') && !head.contains("/*");
        let needed = if is_plain { head.split(',').map(needed).collect() } else { vec![Vec::new()] };
        return Some(Piece::Rule { needed, text: text() });
    };
    let name = &at_rule[..at_rule.find(|c| !is_of_name(c)).unwrap_or(at_rule.len())];
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "font-face" => None,
        _ if lower.ends_with("keyframes") && !head.contains(['\\', '"', '\'', '/']) => {
            Some(Piece::Frames { name: at_rule[name.len()..].trim().to_lowercase(), text: text() })
        }
        group if GROUPS.contains(&group) && depth < MAX_DEPTH => {
            Some(Piece::Group { head: format!("{head}{{"), pieces: pieces(inside, depth + 1) })
        }
        _ => Some(Piece::Other(text())),
    }
}

/// The names that an element has which the last compound of `selector` is about, in small letters; none where it may be
/// any.
fn needed(selector: &str) -> Vec<String> {
    let selector = selector.trim();
    if selector.contains(['\\', '(', '"', '\'', '&']) {
        return Vec::new();
    }
    let compound = selector.rsplit([' ', '\t', '\r', '\n', '\u{c}', '>', '+', '~']).next().unwrap_or_default();
    let named = &compound[..compound.find([':', '[']).unwrap_or(compound.len())];
    let is_known = named.chars().all(|c| is_of_name(c) || matches!(c, '.' | '#' | '*'));
    if !is_known {
        return Vec::new();
    }
    names(named).map(str::to_lowercase).collect()
}

/// Where the block ends whose inside `text` begins with, and whether it is closed there.
fn block(text: &str) -> (usize, bool) {
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        at += end(&text[at..], |byte| matches!(byte, b'{' | b'}'));
        match text.as_bytes().get(at) {
            None => return (text.len(), false),
            Some(b'}') if depth == 0 => return (at, true),
            Some(b'}') => depth -= 1,
            Some(_) => depth += 1,
        }
        at += 1;
    }
}

/// Where the first byte of `text` is that `is_end` takes, outside of comments, strings and parentheses.
fn end(text: &str, is_end: impl Fn(u8) -> bool) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut parentheses) = (0, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let comment = &text[at + 2..];
                at += 3 + comment.find("*/").unwrap_or(comment.len());
            }
            b'"' | b'\'' => at += string(&bytes[at + 1..], byte),
            b'(' => parentheses += 1,
            b')' => parentheses = parentheses.saturating_sub(1),
            _ if parentheses == 0 && is_end(byte) => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// The length of the string that `text` begins with, which ends with `quote`, or before the end of its line.
fn string(text: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\n' => return at,
            _ if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stay_that_may_be_about_a_drawing() {
        let drawing = "<svg xmlns='http://www.w3.org/2000/svg' id='Logo'><g class='dark icon'><path/></g></svg>";
        for (sheet, stays) in [
            (".icon{fill:red}", true),
            (".ICON.dark{fill:red}", true),
            (".icon.light{fill:red}", false),
            (".nav,.icon{fill:red}", true),
            ("#logo path{fill:red}", true),
            ("body .nav > a:hover{color:red}", false),
            ("body svg:hover>path[d]{color:red}", true),
            ("div{}", false),
            ("*{fill:red}", true),
            (":root{--a:1}", true),
            ("[fill]{fill:red}", true),
            (".nav:not(.icon){fill:red}", true),
            (".\\69 con{fill:red}", true),
            (".nav{a:b;.icon{fill:red}}", true),
            (".nav/**/.x{fill:red}", true),
            ("@media print{.nav{a:b}}", false),
            ("@media print{.nav{a:b}.icon{c:d}}", true),
            ("@font-face{src:url(data:font/woff2;base64,AAAA)}", false),
            ("@import url(data:text/css;charset=utf-8,a);", true),
            ("@keyframes turn{from{top:0}}", false),
            ("@keyframes turn{from{top:0}}.icon{animation:1s turn}", true),
            ("@keyframes turn{from{top:0}}.nav{animation:1s turn}", false),
            (".nav{content:'}'}.icon{fill:red}", true),
            (".nav{content:'.icon", false),
            ("/*}*/.icon{fill:red", true),
        ] {
            let mut sheets = Sheets::default();
            sheets.add(sheet);
            let about = sheets.about(drawing);
            assert_eq!(!about.is_empty(), stays, "{sheet} → {about}");
            let count = |sign| about.matches(sign).count();
            assert!(about.contains(['\'', '*']) || count('{') == count('}'), "{sheet} → {about}");
        }
    }

    #[test]
    fn no_style_sheet_is_too_odd() {
        for sheet in
            ["", "{", "}", "{}}", "@", "@{", "@media{{{", "'", "\"\\", "/*", "a{'\n}b", "\\", ";;", "é{", "a:\u{301}{"]
        {
            let mut sheets = Sheets::default();
            sheets.add(sheet);
            sheets.about("<svg/>");
        }
    }
}
