//! Drawings in pages, read as browsers read HTML and written anew as documents of their own.
//!
//! Tags in any case, attributes without quotation marks, ends that are missing, references of HTML: whatever the page
//! has, what comes out is well-formed XML. What is in scripts and other texts of a page is none of it. Style sheets of
//! the page are about its drawings, too, so each gets what may be about it.
//!
//! This follows the tokenizer of HTML, and of building the tree what is about drawings: which elements end one, where
//! HTML begins in it, and how names are written. Time is linear in the page but for the depth, which is bounded.
//!
//! Source: WHATWG HTML §13.2.5 (tokenization), §13.2.6.5 (foreign content).

use std::collections::HashMap;

use memchr::{memchr, memmem};

use super::names::{RAW, attribute_name, element_name};
use super::sheet::Sheets;
use super::tag::{Tag, resolved};
use crate::content::ReferenceIn;
use crate::extract::html;

/// Elements in each other. The renderer gives up before.
const MAX_DEPTH: usize = 1100;

/// Prefixes of XHTML that are looked for.
const MAX_PREFIXES: usize = 16;

/// What a drawing begins with, but for the attributes of its own.
const HEAD: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"";

/// The space of names of drawings.
const SPACE: &[u8] = b"http://www.w3.org/2000/svg";

/// A page, up to where it was read.
pub(super) struct Page<'t> {
    text: &'t str,
    at: usize,
    /// The style sheets so far.
    styles: Sheets,
    /// What drawings are called by in XHTML.
    prefixes: Vec<String>,
    is_xml: bool,
    open: Option<Drawing>,
}

/// What comes next of a page.
pub(super) enum Next {
    /// A whole drawing.
    Drawing(String),
    /// A drawing that is too deep to be written.
    TooDeep,
    /// Something else; there may be more.
    Other,
    /// Nothing any more.
    End,
}

/// A drawing that is being written.
#[derive(Default)]
struct Drawing {
    xml: String,
    /// Where style sheets of the page belong.
    start: usize,
    stack: Vec<Element>,
    /// How many elements of each name are open.
    open: HashMap<String, usize>,
    is_too_deep: bool,
}

struct Element {
    name: String,
    /// As it is written.
    written: String,
    is_html: bool,
}

/// Whether a drawing may begin in `text`.
pub(super) fn has_drawing(text: &[u8]) -> bool {
    memchr::memchr_iter(b'<', text).any(|at| {
        let behind = &text[at + 1..];
        let is_svg = |name: &[u8]| {
            let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
            name.get(..3).is_some_and(|name| name.eq_ignore_ascii_case(b"svg")) && name.get(3).is_some_and(is_end)
        };
        is_svg(behind) || {
            let end = behind.iter().take(32).position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or_default();
            end > 0 && behind[end] == b':' && is_svg(&behind[end + 1..])
        }
    })
}

impl<'t> Page<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let is_xml = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace()).starts_with("<?xml");
        let spaces = memmem::find_iter(text.as_bytes(), SPACE).filter_map(|at| {
            let before = text[..at].strip_suffix(['"', '\''])?.trim_end().strip_suffix('=')?.trim_end();
            let prefix = &before[before.rfind("xmlns:")? + 6..];
            (!prefix.is_empty() && prefix.len() < 32 && !prefix.contains(char::is_whitespace))
                .then(|| prefix.to_owned())
        });
        let prefixes = spaces.take(MAX_PREFIXES).collect();
        Self { text, at: 0, styles: Sheets::default(), prefixes, is_xml, open: None }
    }

    /// Reads on up to the end of the next tag.
    pub(super) fn read_on(&mut self) -> Next {
        let rest = &self.text[self.at..];
        let Some(start) = memchr(b'<', rest.as_bytes()) else {
            self.at = self.text.len();
            return self.open.take().map_or(Next::End, |open| open.finish(&self.styles));
        };
        self.says(&rest[..start]);
        let markup = &rest[start..];
        self.at += start;
        let length = match markup.as_bytes() {
            [b'<', b'!', b'-', b'-', ..] => 4 + html::comment(&markup.as_bytes()[4..]).1,
            [b'<', b'!', b'[', ..] if self.is_foreign() && markup.starts_with("<![CDATA[") => {
                let end = markup.find("]]>").unwrap_or(markup.len());
                if let Some(open) = &mut self.open {
                    open.text(&markup[9.min(end)..end]);
                }
                (end + 3).min(markup.len())
            }
            [b'<', b'/', letter, ..] | [b'<', letter, ..] if letter.is_ascii_alphabetic() => return self.tag(markup),
            [b'<', b'!' | b'?' | b'/', ..] => markup.find('>').map_or(markup.len(), |end| end + 1),
            _ => {
                self.says("<");
                1
            }
        };
        self.at += length;
        Next::Other
    }

    fn is_foreign(&self) -> bool {
        self.is_xml || self.open.as_ref().is_some_and(|open| !open.is_in_html())
    }

    fn says(&mut self, text: &str) {
        if let Some(open) = self.open.as_mut().filter(|_| !text.is_empty()) {
            open.text(&resolved(text, ReferenceIn::Text));
        }
    }

    fn tag(&mut self, markup: &'t str) -> Next {
        let Some((tag, length)) = Tag::read(markup, &self.prefixes) else {
            // A tag that does not end is none.
            self.at = self.text.len();
            return self.open.take().map_or(Next::End, |open| open.finish(&self.styles));
        };
        let Some(open) = &mut self.open else {
            self.at += length;
            if tag.name == "svg" && !tag.is_end {
                let mut drawing = Drawing::default();
                drawing.begin(&tag);
                self.open = Some(drawing);
            } else if RAW.contains(&&*tag.name) && !tag.is_end && !(self.is_xml && tag.is_closed) {
                let content = self.raw(&tag.name);
                if tag.name == "style" {
                    self.styles.add(content);
                }
            }
            return self.ended();
        };
        if tag.is_end {
            open.end(&tag.name);
        } else if !open.is_in_html() && tag.breaks_out() {
            open.break_out();
            if !open.stack.is_empty() {
                open.start(&tag, self.is_xml);
            }
        } else {
            open.start(&tag, self.is_xml);
            let is_raw = open.stack.last().is_some_and(|element| element.is_html && RAW.contains(&&*element.name));
            if is_raw {
                self.at += length;
                let content = self.raw(&tag.name);
                if let Some(open) = self.open.as_mut().filter(|_| tag.name == "style") {
                    open.text(content);
                }
                return self.ended();
            }
        }
        self.at += length;
        self.ended()
    }

    /// The drawing, if it has just ended.
    fn ended(&mut self) -> Next {
        match self.open.take() {
            Some(open) if open.stack.is_empty() || open.is_too_deep => open.finish(&self.styles),
            open => {
                self.open = open;
                Next::Other
            }
        }
    }

    /// The text up to the end tag of the element `name`, which comes next.
    fn raw(&mut self, name: &str) -> &'t str {
        let rest = &self.text[self.at..];
        let is_end = |at: &usize| {
            let tag = &rest.as_bytes()[at + 2..];
            let behind = tag.get(name.len()).copied().unwrap_or(b'>');
            tag.get(..name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name.as_bytes()))
                && (behind.is_ascii_whitespace() || matches!(behind, b'/' | b'>'))
        };
        let end = memmem::find_iter(rest.as_bytes(), b"</").find(is_end).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }
}

impl Drawing {
    fn begin(&mut self, tag: &Tag<'_>) {
        self.xml.push_str(HEAD);
        self.attributes(tag, false);
        self.xml.push('>');
        self.push(Element { name: "svg".into(), written: "svg".into(), is_html: false });
        self.start = self.xml.len();
        if tag.is_closed {
            self.pop();
        }
    }

    fn push(&mut self, element: Element) {
        self.is_too_deep |= self.stack.len() >= MAX_DEPTH;
        *self.open.entry(element.name.clone()).or_default() += 1;
        self.stack.push(element);
    }

    fn pop(&mut self) {
        if let Some(element) = self.stack.pop() {
            self.xml.extend(["</", &element.written, ">"]);
            if let Some(count) = self.open.get_mut(&element.name) {
                *count -= 1;
            }
        }
    }

    /// Whether what begins now is read as HTML.
    fn is_in_html(&self) -> bool {
        self.stack.last().is_some_and(Element::holds_html)
    }

    fn start(&mut self, tag: &Tag<'_>, is_xml: bool) {
        let is_html = self.is_in_html() && tag.name != "svg";
        let name = if is_html && tag.name == "image" { "img" } else { element_name(&tag.name) };
        let written: String = name.chars().map(|c| if is_of_name(c) { c } else { '_' }).collect();
        self.xml.extend(["<", &written]);
        let is_outermost = self.stack.last().is_none_or(|outer| outer.is_html != is_html);
        if is_outermost {
            let space = if is_html { "http://www.w3.org/1999/xhtml" } else { "http://www.w3.org/2000/svg" };
            self.xml.extend([" xmlns=\"", space, "\""]);
        }
        self.attributes(tag, is_html);
        let is_empty = if is_html { html::VOID.contains(&name) || is_xml && tag.is_closed } else { tag.is_closed };
        self.xml.push_str(if is_empty { "/>" } else { ">" });
        if !is_empty {
            self.push(Element { name: tag.name.clone(), written, is_html });
        }
    }

    /// Ends the innermost element of this name, with all in it.
    fn end(&mut self, name: &str) {
        if matches!(name, "p" | "br") && !self.stack.last().is_some_and(|element| element.is_html) {
            return self.break_out();
        }
        if self.open.get(name).is_none_or(|count| *count == 0) {
            return;
        }
        let is_html = self.stack.last().is_some_and(|element| element.is_html);
        let above = self.stack.iter().rev().take_while(|element| !is_html || element.is_html);
        let Some(depth) = above.map(|element| element.name.as_str()).position(|open| open == name) else { return };
        (0..=depth).for_each(|_| self.pop());
    }

    /// Ends all up to what holds HTML.
    fn break_out(&mut self) {
        while !self.stack.is_empty() && !self.is_in_html() {
            self.pop();
        }
    }

    fn attributes(&mut self, tag: &Tag<'_>, is_html: bool) {
        let mut names: Vec<String> = Vec::new();
        for (name, value) in &tag.attributes {
            let lower = name.to_ascii_lowercase();
            let name = if is_html { lower.as_str() } else { attribute_name(&lower) };
            let is_known = lower == "xlink:href" || lower == "xml:space" || lower.chars().all(is_of_name);
            let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            // The first of two counts.
            if !is_known || !begins_well || lower == "xmlns" || names.contains(&lower) {
                continue;
            }
            self.xml.extend([" ", name, "=\""]);
            self.escaped(&resolved(value, ReferenceIn::Attribute));
            self.xml.push('"');
            names.push(lower);
        }
    }

    fn text(&mut self, text: &str) {
        self.escaped(text);
    }

    /// Adds `text` as XML has it in texts and values, without what it cannot have.
    fn escaped(&mut self, text: &str) {
        let is_special = |c: char| matches!(c, '&' | '<' | '>' | '"' | '\u{fffe}' | '\u{ffff}') || c < ' ';
        let mut rest = text;
        while let Some(at) = rest.find(is_special) {
            let (before, behind) = rest.split_at(at);
            let sign = behind.chars().next().unwrap_or_default();
            self.xml.push_str(before);
            self.xml.push_str(match sign {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\n' => "&#10;",
                '\t' => "&#9;",
                '\r' => "&#13;",
                _ => "",
            });
            rest = &behind[sign.len_utf8()..];
        }
        self.xml.push_str(rest);
    }

    fn finish(mut self, styles: &Sheets) -> Next {
        while !self.stack.is_empty() {
            self.pop();
        }
        let about = styles.about(&self.xml);
        if !about.is_empty() {
            let behind = self.xml.split_off(self.start);
            self.xml.push_str("<style media=\"page\">");
            self.text(&about);
            self.xml.push_str("</style>");
            self.xml.push_str(&behind);
        }
        if self.is_too_deep { Next::TooDeep } else { Next::Drawing(self.xml) }
    }
}

impl Element {
    fn holds_html(&self) -> bool {
        self.is_html || matches!(self.name.as_str(), "foreignobject" | "desc" | "title")
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The drawings of `page`, without their heads.
    fn drawings(page: &str) -> Vec<String> {
        let mut page = Page::new(page);
        let mut drawings = Vec::new();
        loop {
            match page.read_on() {
                Next::End => return drawings,
                Next::Other => {}
                Next::TooDeep => drawings.push("too deep".to_owned()),
                Next::Drawing(svg) => drawings.push(svg[HEAD.len()..].to_owned()),
            }
        }
    }

    #[test]
    fn drawings_of_pages_come_out_as_browsers_read_them() {
        let plain = " width=\"9\"><g><image href=\"a\"/></g></svg>";
        for page in [
            "<p>a<svg width='9'><g><image href=\"a\"/></g></svg>b",
            "<SVG width=9><G><IMAGE href=a /></G></Svg >",
            "<svg width=9 WIDTH='5' inkscape:x='1'><g><image href=&#97;></image></svg>",
            "<svg width=9><!-- a -- <g> --!><!x><?y?><g><image href='a'/>",
            "<p title='<svg>'><script>'<svg>'</script><!--<svg>--><svg width=9><g><image href='a'/></g><p>c</svg>",
        ] {
            let found = drawings(page).concat().replace("></image>", "/>");
            assert_eq!(found, plain, "{page}");
        }
        for (page, expected) in [
            ("<svg><g a=b/><g/></svg>", "><g a=\"b/\"><g/></g></svg>"),
            ("<svg><svg></svg><g/></svg>", "><svg></svg><g/></svg>"),
            (
                "<svg><desc>a & b &nbsp;<br></desc><g/></svg>",
                "><desc>a &amp; b \u{a0}<br xmlns=\"http://www.w3.org/1999/xhtml\"/></desc><g/></svg>",
            ),
            ("<svg><style>a>b{}<![CDATA[<]]></style></svg>", "><style>a&gt;b{}&lt;</style></svg>"),
            ("<svg viewbox='0 0 1 1'><lineargradient/></svg>", " viewBox=\"0 0 1 1\"><linearGradient/></svg>"),
            ("<style>p{}*{}</style><svg><p:g/></svg>", "><style media=\"page\">*{}&#10;</style><p_g/></svg>"),
            (
                "<svg><foreignobject><div>a<img src=b></span><svg/></div></foreignobject></svg>",
                "><foreignObject><div xmlns=\"http://www.w3.org/1999/xhtml\">a<img src=\"b\"/>\
                 <svg xmlns=\"http://www.w3.org/2000/svg\"/></div></foreignObject></svg>",
            ),
            (
                "<?xml version='1.0'?><html xmlns:s='http://www.w3.org/2000/svg'><s:svg><s:g/></s:svg></html>",
                "><g/></svg>",
            ),
        ] {
            assert_eq!(drawings(page), [expected], "{page}");
        }
        assert_eq!(drawings("<svg/><svg></svg><svg"), ["></svg>", "></svg>"]);
        assert_eq!(drawings(&format!("<svg>{}", "<g>".repeat(5000)))[0], "too deep");
    }
}
