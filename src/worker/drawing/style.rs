//! Style sheets of drawings, as far as it takes to know what browsers do with them and the renderer does not.
//!
//! Sources: CSS Syntax 3 §5 (blocks, rules, escapes); Cascade 5; Nesting 1; SVG 2 §6 (what may be styled).

use crate::content::css_code;

/// Blocks in blocks that are looked into.
const MAX_DEPTH: usize = 16;

/// A declaration, and where it is in a style sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declaration {
    /// The selectors of its rule; empty in an attribute, and of what is in no rule.
    pub(super) selectors: String,
    /// In small letters, without escapes and prefixes of vendors.
    pub(super) name: String,
    /// Likewise, with its prefixes.
    pub(super) value: String,
    pub(super) place: Place,
}

/// Where a declaration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a rule, or in an attribute, whose form the renderer knows.
    Plain,
    /// Where the renderer does not look, or otherwise than browsers.
    Odd,
    /// Where colours are for the night, or for paper.
    Elsewhere,
    /// In a frame of an animation.
    Frame,
}

/// What a declaration does that the renderer leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It moves, adds or hides something.
    Moves,
    /// It gives another colour.
    Paints,
    /// Both by the animation of that name.
    Animates,
}

/// At-rules with blocks that show, hide and move nothing.
const HARMLESS: [&str; 8] = [
    "@font-face",
    "@counter-style",
    "@property",
    "@page",
    "@font-feature-values",
    "@font-palette-values",
    "@namespace",
    "@view-transition",
];

/// What the renderer does not know, and browsers do.
const MOVING: [&str; 34] = [
    "x",
    "y",
    "cx",
    "cy",
    "r",
    "rx",
    "ry",
    "d",
    "width",
    "height",
    "translate",
    "rotate",
    "scale",
    "offset",
    "offset-path",
    "offset-distance",
    "offset-position",
    "offset-anchor",
    "offset-rotate",
    "perspective",
    "zoom",
    "all",
    "mask-image",
    "mask-box-image",
    "mask-border",
    "mask-border-source",
    "content",
    "transform-box",
    "object-view-box",
    "mask-position",
    "mask-size",
    "mask-mode",
    "mask-composite",
    "mask-repeat",
];

/// What it knows, and hides or moves by it.
const KNOWN: [&str; 11] = [
    "transform",
    "transform-origin",
    "display",
    "visibility",
    "opacity",
    "clip-path",
    "mask",
    "filter",
    "overflow",
    "mix-blend-mode",
    "isolation",
];

/// What it knows, and colours by it.
const COLOURS: [&str; 6] = ["fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "color"];

/// Functions in values that the renderer resolves.
const FUNCTIONS: [&str; 18] = [
    "url",
    "rgb",
    "rgba",
    "hsl",
    "hsla",
    "matrix",
    "scale",
    "blur",
    "brightness",
    "contrast",
    "drop-shadow",
    "grayscale",
    "hue-rotate",
    "invert",
    "opacity",
    "saturate",
    "sepia",
    "icc-color",
];

impl Declaration {
    /// Whether it gives a colour to what is there.
    pub(super) fn is_of_colour(&self) -> bool {
        COLOURS.contains(&self.name.as_str())
    }

    /// What the renderer leaves out of it.
    pub(super) fn effect(&self) -> Option<Effect> {
        let (name, value) = (self.name.as_str(), self.value.as_str());
        let is_odd = self.place != Place::Plain;
        match name {
            "animation" | "animation-name" => Some(Effect::Animates),
            "background" | "background-image" | "border-image" | "border-image-source" | "list-style-image" => {
                ["url(", "image(", "image-set(", "element(", "cross-fade("]
                    .iter()
                    .any(|function| value.contains(function))
                    .then_some(Effect::Moves)
            }
            _ if MOVING.contains(&name) => Some(Effect::Moves),
            "transform" if !is_odd => (!is_known_transform(value)).then_some(Effect::Moves),
            "clip-path" | "mask" if !is_odd => {
                let is_known = value == "none" || value.is_empty() || value.replace(' ', "").starts_with("url(");
                (!is_known || value.contains("data:")).then_some(Effect::Moves)
            }
            _ if KNOWN.contains(&name) => (is_odd || has_unknown_function(value)).then_some(Effect::Moves),
            _ if self.is_of_colour() && self.place == Place::Elsewhere => None,
            _ if self.is_of_colour() => (is_odd || has_unknown_function(value)).then_some(Effect::Paints),
            _ => None,
        }
    }
}

/// Whether the renderer moves by `value` as browsers do: they take no lengths and angles without a unit in style
/// sheets, and it takes none with one.
fn is_known_transform(value: &str) -> bool {
    let mut rest = value.trim();
    if rest == "none" {
        return true;
    }
    while let Some((name, more)) = rest.split_once('(') {
        let Some((arguments, behind)) = more.split_once(')') else { return false };
        let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+' | 'e') || c.is_whitespace();
        if !matches!(name.trim(), "matrix" | "scale") || !arguments.chars().all(is_number) {
            return false;
        }
        rest = behind.trim_start();
    }
    rest.is_empty()
}

/// Whether there is a function in `value` that the renderer does not resolve.
fn has_unknown_function(value: &str) -> bool {
    let mut before = "";
    value.split('(').any(|next| {
        let name = before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next().unwrap_or_default();
        let is_unknown = !before.is_empty() && !name.is_empty() && !FUNCTIONS.contains(&name);
        before = next;
        // What comes first is a name of a function only when a bracket follows it.
        is_unknown
    })
}

/// The declarations of a style sheet, and the texts of rules without blocks in it, as `@import`.
pub(super) fn of_sheet(text: &str) -> (Vec<Declaration>, Vec<String>) {
    let text = without_comments(text);
    let mut reader = Reader { rest: &text, declarations: Vec::new(), statements: Vec::new() };
    reader.block("", Place::Plain, 0);
    (reader.declarations, reader.statements)
}

/// The declarations of an attribute `style`.
pub(super) fn of_attribute(text: &str) -> Vec<Declaration> {
    of_sheet(text).0
}

struct Reader<'t> {
    rest: &'t str,
    declarations: Vec<Declaration>,
    statements: Vec<String>,
}

impl Reader<'_> {
    /// Reads up to the end of a block whose rule has `selectors`.
    fn block(&mut self, selectors: &str, place: Place, depth: usize) {
        loop {
            let length = item_length(self.rest);
            let item = &self.rest[..length];
            let end = self.rest[length..].bytes().next();
            self.rest = &self.rest[(length + usize::from(end.is_some())).min(self.rest.len())..];
            match end {
                Some(b'{') => self.rule(item.trim(), selectors, place, depth),
                end => {
                    self.item(item.trim(), selectors, place);
                    // A bracket too many is skipped at the top.
                    if end.is_none() || end == Some(b'}') && depth > 0 {
                        return;
                    }
                }
            }
        }
    }

    /// A rule, behind its bracket.
    fn rule(&mut self, prelude: &str, outer: &str, place: Place, depth: usize) {
        let plain = plain(prelude);
        let name = plain.split(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
        let is_frames = name.starts_with('@') && name.ends_with("keyframes");
        let before = self.declarations.len();
        let (selectors, place) = match name {
            _ if is_frames => ("", Place::Frame),
            _ if place == Place::Frame => ("", place),
            "@media" if is_elsewhere(&plain) => (outer, Place::Elsewhere),
            _ if name.starts_with('@') => (outer, Place::Odd),
            // Selectors in selectors are not resolved.
            _ if depth > 0 && place == Place::Plain => ("*", Place::Odd),
            _ => (prelude, place),
        };
        if depth < MAX_DEPTH {
            self.block(selectors, place, depth + 1);
        } else {
            self.declarations.push(everything());
            self.rest = "";
        }
        if HARMLESS.contains(&name) {
            self.declarations.truncate(before);
        }
    }

    fn item(&mut self, item: &str, selectors: &str, place: Place) {
        if item.starts_with('@') {
            self.statements.push(plain(item));
        } else if let Some((written, value)) = item.split_once(':') {
            let name = plain(written.trim());
            // The renderer tells names by their letters.
            let place = if place == Place::Plain && name != written.trim() { Place::Odd } else { place };
            let name = ["-webkit-", "-moz-", "-ms-", "-o-"].iter().find_map(|vendor| name.strip_prefix(vendor));
            let name = name.map_or_else(|| plain(written.trim()), str::to_owned);
            let value = plain(value);
            let value = value.trim().trim_end_matches("important").trim_end().trim_end_matches('!').trim_end();
            self.declarations.push(Declaration { selectors: selectors.into(), name, value: value.into(), place });
        }
    }
}

/// Whether screens by day have no use for rules under `condition`.
fn is_elsewhere(condition: &str) -> bool {
    let words = condition.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|word| !word.is_empty());
    words.skip(1).all(|word| matches!(word, "print" | "prefers-color-scheme" | "dark"))
}

/// What stands for all that is not looked into.
fn everything() -> Declaration {
    Declaration { selectors: "*".into(), name: "all".into(), value: String::new(), place: Place::Odd }
}

/// How long the item at the start of `text` is, up to a bracket or a semicolon.
fn item_length(text: &str) -> usize {
    let (mut quote, mut depth, mut is_escaped) = (None, 0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        if is_escaped {
            is_escaped = false;
            continue;
        }
        match (quote, byte) {
            (_, b'\\') => is_escaped = true,
            (Some(open), _) if byte == open || byte == b'\n' => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.saturating_sub(1),
            (None, b'{' | b'}' | b';') if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// `text` with blanks for its comments.
fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let (mut rest, mut quote) = (text, None);
    while let Some(at) = rest.find(['"', '\'', '/', '\\', '\n']) {
        let (before, behind) = rest.split_at(at);
        plain.push_str(before);
        let sign = behind.chars().next();
        if quote.is_none() && behind.starts_with("/*") {
            plain.push(' ');
            rest = behind[2..].find("*/").map_or("", |end| &behind[end + 4..]);
            continue;
        }
        let taken = if sign == Some('\\') { behind.chars().take(2).map(char::len_utf8).sum() } else { 1 };
        quote = match (quote, sign) {
            (None, Some('"' | '\'')) => sign,
            (Some(_), Some('\n')) => None,
            (open, sign) if open == sign => None,
            (open, _) => open,
        };
        plain.push_str(&behind[..taken]);
        rest = &behind[taken..];
    }
    plain + rest
}

/// `text` in small letters, without escapes.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        plain.push_str(before);
        rest = behind;
        if let Some((character, length)) = css_code(behind.as_bytes()) {
            plain.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
            rest = &behind[length..];
        }
    }
    plain.push_str(rest);
    plain.make_ascii_lowercase();
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_renderer_leaves_out_of_a_style_sheet_is_told() {
        for (sheet, effects) in [
            ("a{fill:red;opacity:.5} .b{transform:matrix(1,0,0,1,5,6) scale(2)} c{clip-path:url(#a)}", "".to_owned()),
            ("@font-face{font-family:x;src:url(data:,a)} text{font:10px x;text-anchor:end}", String::new()),
            ("a{transform:translate(1px,2px)}", "M".into()),
            ("a{transform:translate(1,2)}", "M".into()),
            ("a{/*;*/x:5px;font-family:'a;b{';Y:2px}", "MM".into()),
            ("@media screen{a{display:none;font-size:2px;fill:red}}", "MP".into()),
            ("@media (prefers-color-scheme: dark){a{fill:red;opacity:0}}@media not print{a{fill:red}}", "MP".into()),
            ("g{a{opacity:0}}", "M".into()),
            ("a{tr\\61nsform:scale(2);\\78:4px}", "MM".into()),
            ("a{-webkit-clip-path:circle(4px);mask:url(#m);mask-image:none}", "MM".into()),
            ("a{opacity:var(--a);fill:light-dark(red, blue);stroke:rgb(1,2,3)}", "MP".into()),
            ("svg{background:#fff}g{background:url(data:,a) 1px 1px}", "M".into()),
            ("a{animation:k 1s}@keyframes k{from{opacity:0}to{stroke-dashoffset:2}}", "AM".into()),
            ("}a{x:1px}", "M".into()),
        ] {
            let told: String = of_sheet(sheet)
                .0
                .iter()
                .filter_map(Declaration::effect)
                .map(|effect| match effect {
                    Effect::Moves => 'M',
                    Effect::Paints => 'P',
                    Effect::Animates => 'A',
                })
                .collect();
            assert_eq!(told, effects, "{sheet}");
        }
        assert_eq!(of_sheet("@IMPORT url(data:text/css,a);").1, ["@import url(data:text/css,a)"]);
        assert_eq!(of_attribute("x : 5px ; y:calc(2px)").len(), 2);
        let deep = "a{".repeat(100_000);
        assert!(of_sheet(&deep).0.iter().any(|declaration| declaration.effect() == Some(Effect::Moves)));
    }
}
