//! Rich text in JSON, as editors of sites send it: a word of which one letter is bold is in two strings, which pages
//! show as one.
//!
//! Sources: Quill, "Delta" (`ops`, `insert`); ProseMirror and TipTap (`content`, `text`); Slate (`children` or
//! `leaves`, `text`); Lexical (`children`, `text`); Notion, "Rich text" (`plain_text`); mdast and hast (`children`,
//! `value`).

use crate::content::PartKind;
use crate::extract::dissection::Dissection;

use super::json::{MAX_DEPTH, string_end, unescaped};

/// Members whose strings are read on from one object of a list to the next, whatever the list is.
const ALWAYS_PIECES: [&[u8]; 2] = [b"insert", b"plain_text"];

/// The same in lists that are called so.
const PIECES: [&[u8]; 2] = [b"text", b"value"];
const LISTS: [&[u8]; 6] = [b"children", b"content", b"leaves", b"nodes", b"runs", b"spans"];

/// A list or an object that has begun.
enum Frame<'t> {
    Object {
        /// The member that is read.
        key: &'t [u8],
    },
    List {
        is_rich: bool,
        text: Vec<u8>,
        pieces: usize,
        /// Whether strings of its own objects are among the pieces, so that lists in it are read on, too.
        is_line: bool,
    },
}

/// Shows the texts of `json` that are in several strings, a line each.
pub(in crate::extract) fn show(json: &[u8], found: &mut Dissection<'_>) {
    let has = |word: &&[u8]| memchr::memmem::find(json, word).is_some();
    let may_be_rich = ALWAYS_PIECES.iter().any(has) || PIECES.iter().any(has) && LISTS.iter().any(has);
    if !may_be_rich || json.len() as u64 > found.limits().max_escaped {
        return;
    }
    let mut reader = Reader { frames: Vec::new(), last: b"", lines: Vec::new() };
    reader.read(json);
    if reader.lines.is_empty() {
        return;
    }
    if let Some(text) = unescaped(&reader.lines, found) {
        super::show(PartKind::Text, "rich text", text, found);
    }
}

struct Reader<'t> {
    frames: Vec<Frame<'t>>,
    /// The string before, which may be a key.
    last: &'t [u8],
    /// What was put together, with its escapes.
    lines: Vec<u8>,
}

impl<'t> Reader<'t> {
    fn read(&mut self, json: &'t [u8]) {
        let mut at = 0;
        while let Some(next) = json[at..].iter().position(|byte| b"\"[]{}:".contains(byte)) {
            at += next + 1;
            match json[at - 1] {
                b'"' => {
                    let end = at + string_end(&json[at..]);
                    let string = &json[at..end.max(at + 1) - 1];
                    let is_key = json[end..].trim_ascii_start().starts_with(b":");
                    if is_key {
                        self.last = string
                    } else {
                        self.add(string)
                    }
                    at = end;
                }
                b':' => {
                    if let Some(Frame::Object { key }) = self.frames.last_mut() {
                        *key = self.last;
                    }
                }
                b'{' => self.begin(Frame::Object { key: b"" }),
                b'[' => {
                    let name = match self.frames.last() {
                        Some(Frame::Object { key }) => *key,
                        _ => b"",
                    };
                    let is_rich = LISTS.contains(&name);
                    self.begin(Frame::List { is_rich, text: Vec::new(), pieces: 0, is_line: false });
                }
                _ => self.end(),
            }
        }
        while !self.frames.is_empty() {
            self.end();
        }
    }

    fn begin(&mut self, frame: Frame<'t>) {
        if self.frames.len() < MAX_DEPTH {
            self.frames.push(frame);
        }
    }

    /// Takes in the value of a member.
    fn add(&mut self, string: &[u8]) {
        let [.., Frame::List { is_rich, text, pieces, is_line }, Frame::Object { key }] = &mut self.frames[..] else {
            return;
        };
        if ALWAYS_PIECES.contains(key) || *is_rich && PIECES.contains(key) {
            text.extend_from_slice(string);
            (*pieces, *is_line) = (*pieces + 1, true);
        }
    }

    /// Ends a list or an object. What a list says belongs to the list around it.
    fn end(&mut self) {
        let Some(Frame::List { text: inner, pieces: count, .. }) = self.frames.pop() else {
            return;
        };
        let around = self.frames.iter_mut().rev().find_map(|frame| match frame {
            Frame::List { text, pieces, is_line, .. } => Some((text, pieces, is_line)),
            Frame::Object { .. } => None,
        });
        match around {
            Some((text, pieces, is_line)) => {
                if !*is_line && count > 0 && !text.is_empty() {
                    text.push(b'\n');
                }
                if text.is_empty() {
                    *text = inner;
                } else {
                    text.extend_from_slice(&inner);
                }
                *pieces += count;
            }
            None if count > 1 => {
                self.lines.extend_from_slice(&inner);
                self.lines.push(b'\n');
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ambiguity;
    use crate::content::ExtractLimits;
    use crate::extract::dissection::testing::gathered;

    fn shown(json: &str) -> Vec<String> {
        let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| show(json.as_bytes(), found));
        found.parts.iter().map(|part| String::from_utf8_lossy(&part.bytes).trim().to_owned()).collect()
    }

    #[test]
    fn words_in_several_strings_are_put_together() {
        let quill = r#"{"ops":[{"insert":"for"},{"attributes":{"bold":true},"insert":"bid\u0064en"},{"insert":" x"}]}"#;
        let paragraphs = r#"{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"for"},
            {"type":"text","marks":[{"type":"bold"}],"text":"bidden"}]},{"type":"paragraph","content":[
            {"text":"tur"},{"text":"nip"}]}]}"#;
        let link = r#"[{"children":[{"text":"for"},{"type":"a","children":[{"text":"bid"}]},{"text":"den"}]}]"#;
        for (json, expected) in [
            (quill, "forbidden x"),
            (paragraphs, "forbidden\nturnip"),
            (link, "forbidden"),
            (r#"{"rich_text":[{"plain_text":"for"},{"plain_text":"bidden"}]}"#, "forbidden"),
            (r#"[{"children":[{"text":"for"},{"text":"bidden"}"#, "forbidden"),
        ] {
            assert_eq!(shown(json), [expected], "{json}");
        }
    }

    #[test]
    fn lists_of_other_things_are_none() {
        for json in [
            r#"{"messages":[{"text":"for"},{"text":"bidden"}]}"#,
            r#"{"options":[{"value":"for"},{"value":"bidden"}]}"#,
            r#"{"children":[{"text":"alone"}]}"#,
            r#"{"content":"text","children":["text","value"]}"#,
            "]}]\"text\" children",
        ] {
            assert_eq!(shown(json), [""; 0], "{json}");
        }
    }
}
