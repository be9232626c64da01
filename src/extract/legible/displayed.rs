//! What documents display, where that is not all of their text: without what is deleted or hidden, without readings
//! beside characters, with symbols and with what fields say.
//!
//! All of the text is shown as well, since somebody may look at what was deleted.
//!
//! Sources: ECMA-376 part 1 §17.3.2 (runs), §17.3.3 (what is in them), §17.13.5 (revisions), §17.16 (fields), §18.4.6
//! (phonetic runs); OpenDocument 1.3 part 3 §5.5, §6.4, §7.7; WHATWG HTML §4.5.10 (`ruby`).

use memchr::memmem;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::content::{PartKind, ReferenceIn, character_reference};
use crate::extract::dissection::Dissection;

use super::elements::{Effect, effect};
use super::writer::TextWriter;

/// One of these is in every text that is not displayed as it stands.
const SIGNS: [&[u8]; 17] = [
    b"delText",
    b"moveFrom",
    b"instrText",
    b"fldSimple",
    b"anish",
    b"webHidden",
    b":sym",
    b"rt>",
    b"rPh",
    b"tracked-changes",
    b"hidden-",
    b"ruby-text",
    b"annotation",
    b"rStyle",
    b"display=\"none",
    b"headerFooter",
    b"<f>",
];

/// Local names of what Word does not display. Fields are displayed as what they say, which follows.
const NOT_IN_WORD: [&str; 6] = ["del", "delText", "moveFrom", "delInstrText", "rt", "fldData"];

/// The same of other documents: readings above characters, and in OpenDocument what was deleted or is hidden.
const NOT_ELSEWHERE: [&str; 8] =
    ["rt", "rp", "rPh", "ruby-text", "tracked-changes", "hidden-text", "hidden-paragraph", "annotation"];

/// Where fonts of symbols have their characters.
const SYMBOLS: u32 = 0xf000;

/// Events between two looks at the clock.
const PATIENCE: usize = 256;

/// Longest instruction of a field that is read.
const MAX_INSTRUCTION: usize = 64 << 10;

/// Elements of sheets whose text has codes in it.
const HEADERS: [&str; 6] = ["oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter"];

/// Styles that hide text which are known of one document.
const MAX_HIDDEN_STYLES: usize = 64;

/// Shows what the document `text` displays, if that is not all of its text.
pub(super) fn show(text: &[u8], found: &mut Dissection<'_>) {
    if !text.trim_ascii_start().starts_with(b"<") || SIGNS.iter().all(|sign| memmem::find(text, sign).is_none()) {
        return;
    }
    let Ok(text) = str::from_utf8(text) else { return };
    let is_word =
        [&b"wordprocessingml"[..], b"/wordml"].iter().any(|kind| memmem::find(text.as_bytes(), kind).is_some());
    // What styles with a name do is said in another file: they may hide what is of them.
    let has_styles = is_word && memmem::find(text.as_bytes(), b"rStyle").is_some();
    for hides_styled in [false, true].into_iter().take(1 + usize::from(has_styles)) {
        let mut display = Display {
            is_word,
            hides_styled,
            skipped: 0,
            is_hidden: false,
            is_text: !is_word,
            collected: None,
            instruction: String::new(),
            style: String::new(),
            hidden_styles: Vec::new(),
            differs: false,
            output: TextWriter::new(text.len(), found),
        };
        display.run(text, found);
        if display.differs {
            display.output.show(PartKind::Text, "displayed", found);
        }
    }
}

/// What an element says that is no text as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Collected {
    /// What makes the field of a text.
    Field,
    /// The header or footer of a sheet.
    Header,
    /// The formula of a cell.
    Formula,
}

struct Display<'a> {
    is_word: bool,
    /// Whether runs of styles with a name are not displayed.
    hides_styled: bool,
    /// Elements that are open, the outermost one not displayed.
    skipped: usize,
    /// Whether the run is hidden.
    is_hidden: bool,
    /// Whether text is displayed here.
    is_text: bool,
    /// Whether it is something else, and what it is so far.
    collected: Option<Collected>,
    instruction: String,
    /// The style that is being described, and those that hide what is of them.
    style: String,
    hidden_styles: Vec<String>,
    /// Whether anything was left out, or stands for something else.
    differs: bool,
    output: TextWriter<'a>,
}

impl<'a> Display<'a> {
    fn run(&mut self, text: &str, found: &mut Dissection<'a>) {
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_end_names = false;
        for count in 1_usize.. {
            if count.is_multiple_of(PATIENCE) && found.is_over() {
                return;
            }
            match reader.read_event() {
                Ok(Event::Start(tag)) => self.start(&tag, true, found),
                Ok(Event::Empty(tag)) => self.start(&tag, false, found),
                Ok(Event::End(tag)) => self.end(tag.local_name().as_ref(), found),
                Ok(Event::Text(text)) => self.push(&text, found),
                Ok(Event::CData(text)) => self.push(&text, found),
                Ok(Event::GeneralRef(name)) => {
                    let reference = format!("&{};", &*name);
                    if let Some((characters, _)) = character_reference(reference.as_bytes(), ReferenceIn::Text) {
                        self.push(&characters, found);
                    }
                }
                Ok(Event::Eof) | Err(_) => return self.say_field(found),
                Ok(_) => {}
            }
        }
    }

    fn push(&mut self, text: &str, found: &mut Dissection<'a>) {
        if self.skipped > 0 {
            return;
        }
        if self.collected.is_some() {
            let room = MAX_INSTRUCTION.saturating_sub(self.instruction.len());
            self.instruction.extend(text.chars().take(room));
        } else if self.is_text && !self.is_hidden {
            self.output.push(text.as_bytes(), found);
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>, is_open: bool, found: &mut Dissection<'a>) {
        let name = tag.local_name();
        let name: &str = name.as_ref();
        let left_out: &[&str] = if self.is_word { &NOT_IN_WORD } else { &NOT_ELSEWHERE };
        if self.skipped > 0 || left_out.contains(&name) {
            self.differs = true;
            self.skipped += usize::from(is_open);
            return;
        }
        if !self.is_word {
            return self.start_elsewhere(name, tag, is_open, found);
        }
        match name {
            "rStyle" if self.hides_styled => (self.is_hidden, self.differs) = (true, true),
            "t" => self.is_text = is_open,
            "instrText" => (self.collected, self.differs) = (is_open.then_some(Collected::Field), true),
            "r" => self.is_hidden = false,
            "vanish" | "specVanish" | "webHidden" if !is_off(tag) => (self.is_hidden, self.differs) = (true, true),
            "fldChar" => self.say_field(found),
            "fldSimple" => {
                self.instruction = attribute(tag, "instr").unwrap_or_default();
                self.say_field(found);
            }
            "sym" if !self.is_hidden => self.symbol(tag, found),
            "tab" | "ptab" if !self.is_hidden => self.output.push(b" ", found),
            "br" | "cr" => self.output.end_line(found),
            "noBreakHyphen" => self.output.push(b"-", found),
            _ => {}
        }
    }

    /// The same of what is not Word's.
    fn start_elsewhere(&mut self, name: &str, tag: &BytesStart<'_>, is_open: bool, found: &mut Dissection<'a>) {
        match name {
            "style" => self.style = attribute(tag, "name").unwrap_or_default(),
            "text-properties"
                if attribute(tag, "display").is_some_and(|display| display == "none")
                    && self.hidden_styles.len() < MAX_HIDDEN_STYLES =>
            {
                self.hidden_styles.push(std::mem::take(&mut self.style));
            }
            "f" if is_open => self.collected = Some(Collected::Formula),
            _ if is_open && HEADERS.contains(&name) => self.collected = Some(Collected::Header),
            _ if is_open && attribute(tag, "style-name").is_some_and(|style| self.hidden_styles.contains(&style)) => {
                self.differs = true;
                self.skipped += 1;
                return;
            }
            _ => {}
        }
        match effect(tag.name().as_ref().as_bytes()) {
            Effect::Separates => self.output.end_line(found),
            Effect::Is(text) => self.output.push(text.as_bytes(), found),
            Effect::Joins | Effect::Unknown => {}
        }
    }

    /// Adds a header without its codes, or the texts in a formula behind each other.
    fn end_collected(&mut self, found: &mut Dissection<'a>) {
        let text = std::mem::take(&mut self.instruction);
        let said = match self.collected.take() {
            Some(Collected::Header) => without_codes(&text),
            Some(Collected::Formula) => texts_of_formula(&text),
            _ => return,
        };
        if said != text && !said.trim().is_empty() {
            self.differs = true;
            self.output.end_line(found);
            self.output.push(said.as_bytes(), found);
            self.output.end_line(found);
        }
    }

    fn end(&mut self, name: &str, found: &mut Dissection<'a>) {
        if self.skipped > 0 {
            self.skipped -= 1;
        } else if !self.is_word {
            if matches!(self.collected, Some(Collected::Header | Collected::Formula)) {
                self.end_collected(found);
            }
            if effect(name.as_bytes()) == Effect::Separates {
                self.output.end_line(found);
            }
        } else {
            match name {
                "t" => self.is_text = false,
                "instrText" => self.collected = None,
                "p" => {
                    self.say_field(found);
                    self.output.end_line(found);
                }
                _ => {}
            }
        }
    }

    /// A character by its number, which fonts of symbols have at another place.
    fn symbol(&mut self, tag: &BytesStart<'_>, found: &mut Dissection<'a>) {
        let code = attribute(tag, "char").and_then(|code| u32::from_str_radix(&code, 16).ok());
        let code = code.map(|code| if code & 0xff00 == SYMBOLS { code & 0xff } else { code });
        if let Some(character) = code.and_then(char::from_u32) {
            self.differs = true;
            self.output.push(character.encode_utf8(&mut [0; 4]).as_bytes(), found);
        }
    }

    /// Adds what the field says by itself: `QUOTE`, with texts in quotation marks or the numbers of characters.
    fn say_field(&mut self, found: &mut Dissection<'a>) {
        let instruction = std::mem::take(&mut self.instruction);
        let Some(words) = instruction.trim_start().strip_prefix("QUOTE") else {
            return;
        };
        self.differs = true;
        for (index, piece) in words.split('"').enumerate() {
            if index % 2 == 1 {
                self.output.push(piece.as_bytes(), found);
                continue;
            }
            let numbers = piece.split_ascii_whitespace().filter_map(|word| word.parse().ok().and_then(char::from_u32));
            let said: String = numbers.filter(|character| *character >= ' ').collect();
            self.output.push(said.as_bytes(), found);
        }
    }
}

/// The header of a sheet without what says where and how it is written (ECMA-376 part 1 §18.3.1.46).
fn without_codes(header: &str) -> String {
    let mut said = String::with_capacity(header.len());
    let mut rest = header;
    while let Some(at) = rest.find('&') {
        said.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let mut chars = rest.chars();
        let length = match chars.next() {
            Some('&') => {
                said.push('&');
                1
            }
            Some('"') => rest[1..].find('"').map_or(1, |end| end + 2),
            // A colour is six digits, a size one or more.
            Some('K') => 1 + rest[1..].chars().take(6).take_while(char::is_ascii_hexdigit).count(),
            Some('0'..='9') => rest.chars().take_while(char::is_ascii_digit).count(),
            Some(code) => {
                if matches!(code, 'L' | 'C' | 'R') {
                    said.push('\n');
                }
                code.len_utf8()
            }
            None => 0,
        };
        rest = &rest[length..];
    }
    said + rest
}

/// The texts in quotation marks in a formula, and the characters that it makes of numbers, as they are put together.
fn texts_of_formula(formula: &str) -> String {
    let mut said = String::new();
    for (index, piece) in formula.split('"').enumerate() {
        if index % 2 == 1 {
            said.push_str(piece);
            continue;
        }
        for (at, _) in piece.match_indices("CHAR(") {
            let number = piece[at + 5..].split(')').next().and_then(|number| number.trim().parse().ok());
            said.extend(number.and_then(char::from_u32));
        }
    }
    said
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.attributes();
    let named =
        attributes.with_checks(false).flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    Some(named.value.into_owned())
}

/// Whether a property that is there by its name alone is switched off.
fn is_off(tag: &BytesStart<'_>) -> bool {
    attribute(tag, "val").is_some_and(|value| matches!(value.as_str(), "0" | "false" | "off" | "none"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    fn displayed(text: &str) -> Option<String> {
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| show(text.as_bytes(), found));
        let displayed = found.parts.iter().find(|part| part.name.as_deref() == Some("displayed"));
        displayed.map(|part| String::from_utf8(part.bytes.to_vec()).unwrap().trim_end().to_owned())
    }

    #[test]
    fn word_displays_neither_what_is_deleted_nor_what_is_hidden() {
        let run = |text: &str| format!("<w:r><w:t>{text}</w:t></w:r>");
        let (forbid, den) = (run("forbid"), run("den"));
        for (between, expected) in [
            ("<w:del w:id=\"1\"><w:r><w:delText>xyz</w:delText></w:r></w:del>", "forbidden"),
            ("<w:moveFrom><w:r><w:t>xyz</w:t></w:r></w:moveFrom>", "forbidden"),
            ("<w:r><w:rPr><w:vanish/></w:rPr><w:t>xyz</w:t></w:r>", "forbidden"),
            ("<w:r><w:rPr><w:vanish w:val=\"0\"/></w:rPr><w:t>xyz</w:t><w:sym w:char=\"21\"/></w:r>", "forbidxyz!den"),
            ("<w:r><w:rPr><w:webHidden/></w:rPr><w:t>xyz</w:t></w:r>", "forbidden"),
            ("<w:r><w:fldChar/><w:instrText>PAGE xyz</w:instrText><w:fldChar/></w:r>", "forbidden"),
            ("<w:r><w:ruby><w:rt><w:r><w:t>xyz</w:t></w:r></w:rt><w:rubyBase/></w:ruby></w:r>", "forbidden"),
            ("<w:r><w:sym w:font=\"Symbol\" w:char=\"F041\"/><w:sym w:char=\"0042\"/></w:r>", "forbidABden"),
            (
                "<w:r><w:instrText>QUO</w:instrText></w:r><w:r><w:instrText>TE 65 \"b\" 67</w:instrText></w:r>\
              <w:r><w:fldChar w:fldCharType=\"end\"/></w:r>",
                "forbidAbCden",
            ),
            ("<w:fldSimple w:instr=\" QUOTE 65 \"/>", "forbidAden"),
            ("<w:r><w:delText/><w:noBreakHyphen/><w:tab/><w:t>&amp;&#65;</w:t></w:r>", "forbid- &Aden"),
        ] {
            let text =
                format!("<w:document xmlns:w=\"…wordprocessingml…\"><w:p>{forbid}{between}{den}</w:p></w:document>");
            assert_eq!(displayed(&text).as_deref(), Some(expected), "{between}");
        }
        let styled = "<w:document xmlns:w=\"…wordprocessingml…\"><w:p><w:r><w:t>for</w:t></w:r><w:r><w:rPr>\
                      <w:rStyle w:val=\"H\"/></w:rPr><w:t>x</w:t></w:r><w:r><w:t>bidden</w:t></w:r></w:p></w:document>";
        assert_eq!(displayed(styled).as_deref(), Some("forbidden"), "a style may hide it");
        let plain = format!("<w:document xmlns:w=\"…wordprocessingml…\"><w:p>{forbid}{den}</w:p></w:document>");
        assert_eq!(displayed(&plain), None, "it is displayed as it stands");
    }

    #[test]
    fn readings_beside_characters_are_no_part_of_words_anywhere() {
        for (text, expected) in [
            ("<p><ruby>for<rp>(</rp><rt>x</rt><rp>)</rp>bidden</ruby> turnip</p>", "forbidden turnip"),
            ("<sst><si><r><t>for</t></r><rPh sb=\"0\"><t>x</t></rPh><r><t>bidden</t></r></si></sst>", "forbidden"),
            (
                "<w><oddHeader>&amp;C&amp;\"Arial,Bold\"&amp;12for&amp;Bbidden</oddHeader></w><headerFooter/>",
                "forbidden",
            ),
            ("<c><f>\"for\"&amp;CHAR(98)&amp;\"idden\"</f></c>", "forbidden"),
            (
                "<text:p>for<office:annotation><text:p>x</text:p></office:annotation>bidden<text:s/>turnip</text:p>",
                "forbidden turnip",
            ),
            (
                "<style:style style:name=\"H\"><style:text-properties text:display=\"none\"/></style:style>\
                 <text:p>for<text:span text:style-name=\"H\">x</text:span>bidden</text:p>",
                "forbidden",
            ),
            (
                "<text:p>for<text:ruby-text>x</text:ruby-text>bid<text:hidden-text>y</text:hidden-text>den</text:p>",
                "forbidden",
            ),
        ] {
            assert_eq!(displayed(text).as_deref().map(str::trim), Some(expected), "{text}");
        }
    }
}
