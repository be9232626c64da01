//! Rich text in JSON, as editors of sites send it: a word of which one letter is bold is in two strings, which pages
//! show as one.
//!
//! Which strings those are is told by what they and their list are called, or by what else is in the list: members for
//! the look of a text, or bare strings beside objects with a text. Lists of other texts, such as messages, stay apart.
//!
//! Sources: Quill, "Delta" (`ops`, `insert`); ProseMirror, TipTap and Atlassian's ADF (`content`, `text`); Contentful
//! (`content`, `value`); Slate, Lexical and Sanity (`children` or `leaves`, `text`); mdast and hast (`children`,
//! `value`); Notion, "Rich text" (`plain_text`, `text.content`); Google Docs and Slides (`textRun.content`); Lark
//! (`text_run.content`); Wix (`nodes`, `textData.text`); Slack, "Block Kit" (`elements`, `text`); Adaptive Cards
//! (`inlines`, `text`); Telegram Desktop (`text`, `text_entities`); Twitch (`fragments`); Gemini (`parts`); Minecraft,
//! "Text component format" (`text`, then `extra`).

use std::borrow::Cow;

use crate::content::PartKind;
use crate::extract::dissection::Dissection;
use crate::extract::json::escape;

use super::json::{MAX_DEPTH, string_end, unescaped};

/// What the strings are called that are read on from one object of a list to the next.
struct Leaf {
    key: &'static [u8],
    /// The member of the object in the list that it lies in; with none, it is a member of the object itself.
    within: &'static [&'static [u8]],
    /// Whether it is one whatever the list is.
    is_always: bool,
}

/// Each is read by itself: what stands beside it under another name is not shown between its pieces.
const LEAVES: [Leaf; 6] = [
    Leaf { key: b"insert", within: &[], is_always: true },
    Leaf { key: b"plain_text", within: &[], is_always: true },
    Leaf { key: b"content", within: &[b"text", b"textRun", b"text_run"], is_always: true },
    Leaf { key: b"text", within: &[b"textData"], is_always: true },
    Leaf { key: b"value", within: &[], is_always: false },
    Leaf { key: TEXT, within: &[], is_always: false },
];

/// The leaf that is a bare string in some formats.
const TEXT: &[u8] = b"text";

/// Lists whose objects are the pieces of one text.
const LISTS: [&[u8]; 11] = [
    b"children",
    b"content",
    b"elements",
    EXTRA,
    b"fragments",
    b"leaves",
    b"nodes",
    b"parts",
    b"runs",
    b"spans",
    b"text_entities",
];

/// The list in which an object's own text goes on.
const EXTRA: &[u8] = b"extra";

/// Lists of which bare strings are pieces, too.
const MIXED_LISTS: [&[u8]; 2] = [EXTRA, b"inlines"];

/// Members that say how a piece of text looks.
const LOOKS: [&[u8]; 7] = [b"annotations", b"bold", b"italic", b"marks", b"strikethrough", b"underline", b"underlined"];

/// Bytes before which a text is put that comes behind its `extra`. Those of chats are shorter.
const MAX_MOVED: usize = 4 << 10;

/// Ends a line that pages may show on the same line as the next: that of a list in a list.
const SOFT_END: u8 = 0x1f;

/// Shows the texts of `json` that are in several strings, a line each.
pub(in crate::extract) fn show(json: &[u8], found: &mut Dissection<'_>) {
    if json.len() as u64 > found.limits().max_escaped {
        return;
    }
    let has = |word: &[u8]| memchr::memmem::find(json, word).is_some();
    let has_key = |key: &[u8]| has(&[b"\"", key, b"\""].concat());
    let may_have =
        |leaf: &&Leaf| has_key(leaf.key) && (leaf.within.is_empty() || leaf.within.iter().any(|outer| has_key(outer)));
    // Of letters and of `_`.
    let has_escapes = [b"\\u005", b"\\u006", b"\\u007"].iter().any(|start| has(*start));
    let mut shown: Vec<Vec<u8>> = Vec::new();
    for leaf in LEAVES.iter().filter(|leaf| has_escapes || may_have(leaf)) {
        let text = Reader::new(leaf).read(json);
        if text.is_empty() || shown.contains(&text) || found.is_over() {
            continue;
        }
        let lines: Vec<u8> = text.iter().map(|byte| if *byte == SOFT_END { b'\n' } else { *byte }).collect();
        show_lines(&lines, found);
        if lines != text {
            let joined: Vec<u8> = text.iter().copied().filter(|byte| *byte != SOFT_END).collect();
            show_lines(&joined, found);
        }
        shown.push(text);
    }
}

fn show_lines(lines: &[u8], found: &mut Dissection<'_>) {
    if let Some(text) = unescaped(lines, found) {
        super::show(PartKind::Text, "rich text", text, found);
    }
}

/// A list or an object that has begun.
enum Frame<'t> {
    Object(Object<'t>),
    List(List),
}

#[derive(Default)]
struct Object<'t> {
    /// The member that is read.
    key: Cow<'t, [u8]>,
    /// The text of the object, unless it is a piece of the list around already.
    text: Option<&'t [u8]>,
    /// Where the text of its `extra` begins, which has ended.
    extra: Option<usize>,
}

#[derive(Default)]
struct List {
    is_rich: bool,
    takes_strings: bool,
    /// Where its text begins, and where it would if it had none.
    start: usize,
    before: usize,
    pieces: usize,
    /// Whether strings of its own objects are among the pieces, so that lists in it are read on, too.
    is_line: bool,
    loose: Loose,
}

/// Strings of a list that is not called rich.
#[derive(Default)]
struct Loose {
    text: Vec<u8>,
    strings: usize,
    leaves: usize,
    has_looks: bool,
}

impl Loose {
    /// Whether it turned out to be the pieces of a text.
    const fn is_text(&self) -> bool {
        let is_mixed = self.strings > 0 && self.leaves > 0;
        is_mixed || self.has_looks && self.leaves > 1
    }
}

struct Reader<'t> {
    leaf: &'static Leaf,
    frames: Vec<Frame<'t>>,
    /// Lists and objects that are too deep for frames.
    deeper: usize,
    /// What was put together, with its escapes.
    text: Vec<u8>,
    /// The same of lists that are not called rich.
    lines: Vec<u8>,
}

impl<'t> Reader<'t> {
    /// Everything is read as if it were in a list.
    fn new(leaf: &'static Leaf) -> Self {
        let frames = vec![Frame::List(List::default())];
        Self { leaf, frames, deeper: 0, text: Vec::new(), lines: Vec::new() }
    }

    /// The texts in `json`, with their escapes.
    fn read(mut self, json: &'t [u8]) -> Vec<u8> {
        let mut at = 0;
        while let Some(next) = json[at..].iter().position(|byte| matches!(byte, b'"' | b'[' | b']' | b'{' | b'}')) {
            at += next + 1;
            match json[at - 1] {
                b'"' => {
                    let end = at + string_end(&json[at..]);
                    let string = &json[at..end.max(at + 1) - 1];
                    let is_key = json[end..].trim_ascii_start().starts_with(b":");
                    match self.deeper {
                        0 if is_key => self.enter(string),
                        0 => self.add(string),
                        _ => {}
                    }
                    at = end;
                }
                b'{' => self.begin(Frame::Object(Object::default())),
                b'[' => {
                    let list = self.next_list();
                    self.begin(Frame::List(list));
                }
                _ if self.deeper > 0 => self.deeper -= 1,
                _ => self.end(),
            }
        }
        while self.frames.len() > 1 {
            self.end();
        }
        if let Some(Frame::List(all)) = self.frames.pop() {
            self.end_loose(&all.loose);
            self.text.truncate(if all.pieces > 1 { self.text.len() } else { 0 });
        }
        if !self.text.is_empty() && !self.lines.is_empty() {
            self.text.push(b'\n');
        }
        self.text.append(&mut self.lines);
        self.text
    }

    fn begin(&mut self, frame: Frame<'t>) {
        if self.frames.len() < MAX_DEPTH {
            self.frames.push(frame);
        } else {
            self.deeper += 1;
        }
    }

    /// Takes in a key.
    fn enter(&mut self, key: &'t [u8]) {
        let [.., before, Frame::Object(object)] = &mut self.frames[..] else {
            return;
        };
        object.key = if key.contains(&b'\\') { Cow::Owned(without_escapes(key)) } else { Cow::Borrowed(key) };
        if let Frame::List(list) = before {
            list.loose.has_looks |= LOOKS.contains(&&*object.key);
        }
    }

    /// The list that begins here.
    fn next_list(&mut self) -> List {
        let before = self.text.len();
        let around = self.around().map(|list| (list.is_line, list.is_rich, list.start < before));
        if let Some((false, is_rich, true)) = around {
            self.text.push(if is_rich { SOFT_END } else { b'\n' });
        }
        let mut list = List { start: self.text.len(), before, ..List::default() };
        if let Some(Frame::Object(object)) = self.frames.last_mut() {
            list.is_rich = LISTS.contains(&&*object.key) || MIXED_LISTS.contains(&&*object.key);
            list.takes_strings = self.leaf.is_text() && MIXED_LISTS.contains(&&*object.key);
            if *object.key == *EXTRA
                && let Some(text) = object.text.take()
            {
                self.text.extend_from_slice(text);
                (list.pieces, list.is_line) = (1, true);
            }
        }
        list
    }

    /// The innermost list.
    fn around(&mut self) -> Option<&mut List> {
        self.frames.iter_mut().rev().find_map(|frame| match frame {
            Frame::List(list) => Some(list),
            Frame::Object(_) => None,
        })
    }

    /// Takes in the value of a member or of a list.
    fn add(&mut self, string: &'t [u8]) {
        let leaf = self.leaf;
        if self.put_before_extra(string) {
            return;
        }
        let list = match &mut self.frames[..] {
            [.., Frame::List(list)] if leaf.is_text() => {
                if !list.takes_strings {
                    list.loose.strings += 1;
                    return list.loose.text.extend_from_slice(string);
                }
                list
            }
            [.., Frame::List(list), Frame::Object(object)] if leaf.is_at(&[&object.key]) => {
                if !leaf.is_always && !list.is_rich {
                    object.text = Some(string);
                    list.loose.leaves += 1;
                    return list.loose.text.extend_from_slice(string);
                }
                list
            }
            [.., Frame::List(list), Frame::Object(outer), Frame::Object(object)]
                if leaf.is_at(&[&outer.key, &object.key]) =>
            {
                list
            }
            [.., Frame::Object(object)] if leaf.is_text() && *object.key == *TEXT => {
                return object.text = Some(string);
            }
            _ => return,
        };
        list.pieces += 1;
        list.is_line = true;
        self.text.extend_from_slice(string);
    }

    /// Puts the text of an object before that of its `extra`, if that came first.
    fn put_before_extra(&mut self, string: &[u8]) -> bool {
        let Some(Frame::Object(Object { key, extra: Some(at), .. })) = self.frames.last() else {
            return false;
        };
        let at = *at;
        let is_moved = self.leaf.is_text() && **key == *TEXT && self.text.len() - at <= MAX_MOVED;
        if is_moved {
            self.text.splice(at..at, string.iter().copied());
            self.around().into_iter().for_each(|list| list.pieces += 1);
        }
        is_moved
    }

    /// Ends a list or an object. What a list says belongs to the list around it.
    fn end(&mut self) {
        let ended = if self.frames.len() > 1 { self.frames.pop() } else { None };
        let Some(Frame::List(list)) = ended else {
            return;
        };
        self.end_loose(&list.loose);
        if list.pieces == 0 {
            self.text.truncate(list.before);
            return;
        }
        if let Some(Frame::Object(object)) = self.frames.last_mut()
            && *object.key == *EXTRA
        {
            object.extra = Some(list.start);
        }
        if let Some(around) = self.around() {
            around.pieces += list.pieces;
        }
    }

    fn end_loose(&mut self, loose: &Loose) {
        if loose.is_text() {
            self.lines.extend_from_slice(&loose.text);
            self.lines.push(b'\n');
        }
    }
}

impl Leaf {
    fn is_text(&self) -> bool {
        self.key == TEXT && self.within.is_empty()
    }

    /// Whether it lies in an object of a list at `path`.
    fn is_at(&self, path: &[&[u8]]) -> bool {
        match path {
            [key] => self.within.is_empty() && *key == self.key,
            [outer, key] => self.within.contains(outer) && *key == self.key,
            _ => false,
        }
    }
}

fn without_escapes(key: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(key.len());
    escape::resolve(key, |piece| plain.extend_from_slice(piece));
    plain
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
        for json in [
            r#"{"ops":[{"insert":"for"},{"attributes":{"bold":true},"insert":"bid\u0064en"}]}"#,
            r#"[{"children":[{"text":"for"},{"type":"a","children":[{"text":"bid"}]},{"text":"den"}]}]"#,
            r#"{"rich_text":[{"plain_text":"for"},{"plain_text":"bidden"}]}"#,
            r#"[{"children":[{"text":"for"},{"text":"bidden"}"#,
            r#"{"title":[{"text":{"content":"for"},"plain_text":"for"},
                {"text":{"content":"bidden"},"plain_text":"bidden"}]}"#,
            r#"{"elements":[{"elements":[{"type":"text","text":"for"},{"type":"text","text":"bidden","style":{}}]}]}"#,
            r#"[{"paragraph":{"elements":[{"textRun":{"content":"for"}},{"textRun":{"content":"bidden"}}]}}]"#,
            r#"{"inlines":["for",{"type":"TextRun","text":"bid"},"den"]}"#,
            r#"{"text":["for",{"type":"bold","text":"bidden"}]}"#,
            r#"{"text_entities":[{"type":"plain","text":"for"},{"type":"bold","text":"bidden"}]}"#,
            r#"{"text":"for","extra":[{"text":"bid","bold":true,"extra":["d"]},"en"]}"#,
            r#"{"extra":[{"extra":["d"],"text":"bid"},"en"],"text":"for"}"#,
            r#"{"a":{"extra":["bidden"],"text":"for"}}"#,
            r#"["",{"text":"for"},{"text":"bidden"}]"#,
            r#"{"nodes":[{"nodes":[{"textData":{"text":"for"}},{"textData":{"text":"bidden"}}]}]}"#,
            r#"{"content":[{"nodeType":"text","value":"for"},{"nodeType":"text","value":"bidden"}]}"#,
            r#"{"unknown":[{"text":"for","bold":true},{"text":"bidden"}]}"#,
            r#"{"ops":[{"\u0069nsert":"for"},{"i\u006esert":"bidden"}]}"#,
            r#"{"message":{"fragments":[{"text":"for"},{"text":"bidden"}]}}"#,
        ] {
            assert_eq!(shown(json), ["forbidden"], "{json}");
        }
    }

    #[test]
    fn lines_stay_apart_unless_pages_may_show_them_as_one() {
        let paragraphs = r#"{"content":[{"type":"paragraph","content":[{"text":"for"},{"text":"bidden"}]},
            {"type":"paragraph","content":[{"text":"tur"},{"text":"nip"}]}]}"#;
        assert_eq!(shown(paragraphs), ["forbidden\nturnip", "forbiddenturnip"]);
        let inline = r#"{"children":[{"type":"strong","children":[{"value":"for"}]},
            {"type":"emphasis","children":[{"value":"bidden"}]}]}"#;
        assert_eq!(shown(inline), ["for\nbidden", "forbidden"]);
        let messages = r#"{"messages":[{"content":[{"text":"for"},{"text":"m"}]},{"content":[{"text":"other"}]}]}"#;
        assert_eq!(shown(messages), ["form\nother"]);
    }

    #[test]
    fn what_stands_beside_a_text_under_another_name_hides_nothing() {
        let json = r#"{"rich_text":[{"text":{"content":"for"},"plain_text":"x"},
            {"plain_text":"y","text":{"content":"bidden"}}]}"#;
        assert_eq!(shown(json), ["xy", "forbidden"]);
    }

    #[test]
    fn lists_of_other_things_are_none() {
        for json in [
            r#"{"messages":[{"text":"for"},{"text":"bidden"}]}"#,
            r#"{"options":[{"value":"for"},{"value":"bidden"}]}"#,
            r#"{"children":[{"text":"alone"}]}"#,
            r#"{"content":"text","children":["text","value"]}"#,
            r#"{"names":["for","bidden"],"tags":[{"name":"for"},{"name":"bidden"}],"text":["for","bidden"]}"#,
            r#"{"text":"for","title":"bidden","items":[{"title":"for","text":"x"},{"title":"bidden","text":"y"}]}"#,
            r#"{"extra":{"text":"for"},"text":"bidden"}"#,
            "]}]\"text\" children",
        ] {
            assert_eq!(shown(json), [""; 0], "{json}");
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_left_out() {
        let deep = "[".repeat(MAX_DEPTH) + r#"{"insert":"x"}"# + &"]".repeat(MAX_DEPTH);
        let json = format!(r#"{{"ops":[{{"insert":"for"}},{deep},{{"insert":"bidden"}}]}}"#);
        assert_eq!(shown(&json), ["forbidden"]);
    }
}
