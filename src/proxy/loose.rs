//! The way of a body that may be a piece of a file, though its request says so by no name that is known: whatever it
//! may make with others of its network is looked at before it goes on, and only matches count.

use std::time::Duration;

use bytes::Bytes;
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use http::header;
use pingora::http::RequestHeader;
use pingora::proxy::Session;

use super::assembling::Whole;
use super::judging::{Doubting, Subject};
use super::pieces::{CONTENT, Content};
use super::{Case, Gate, Passage};
use crate::extract::{Message, message_of, percent};
use crate::resumable::{Key, LoosePiece, Marks, plain_form};
use crate::verdict::Verdict;

/// Values of a text that are looked at.
const MAX_VALUES: usize = 256;

/// Pieces of one request that are looked at, and letters of those in a list.
const MAX_PIECES: usize = 16;
const MIN_OF_LIST: usize = 8;

/// Bytes of a message in a binary notation that is read.
const MAX_MESSAGE: usize = 16 << 20;

/// Letters of a name.
const MAX_NAME: usize = 64;

/// Headers without `x-` in front that say where a body belongs.
const RANGES: [&str; 2] = ["range", "content-range"];

impl Gate {
    /// The verdict on what `piece` may become with others; `None` where nothing matches.
    pub(super) async fn look_at_loose(
        &self,
        session: &Session,
        passage: &mut Passage,
        case: &Case<'_>,
        piece: LoosePiece,
    ) -> Option<Verdict> {
        let (key, terms) = (Key::loose(case.origin(), case.network()), case.terms());
        let readings = self.assemblies.change_loose(&key, case.network(), terms, piece.opens(), |kept| {
            if kept.wants(&piece) { Some(kept.readings(&piece)) } else { None }
        })??;
        let mut verdict = None;
        for pieces in readings {
            let whole = Whole { pieces, ..Whole::default() };
            // Where there is no room to put a guess together, it is none.
            let Ok(upload) = self.join(&whole, case).await else { continue };
            let (doubting, hold_time) = (Doubting::Nothing, Duration::ZERO);
            let subject = Subject { upload, is_spooled: None, hold_time, doubting, extra: None };
            let own = self.judge(session, passage, case, subject, None).await;
            verdict = [verdict, Some(own)].into_iter().flatten().reduce(Verdict::and);
        }
        let is_stopped = verdict.as_ref().is_some_and(Verdict::stops);
        if !is_stopped && self.assemblies.has_room_for_loose(piece.bytes.len() as u64, terms) {
            self.assemblies.change_loose(&key, case.network(), terms, false, |kept| kept.keep(piece));
        }
        verdict
    }
}

/// What a request with this body brings that may be pieces; `content` is how it was read.
pub(super) fn loose_in(request: &RequestHeader, body: &Bytes, content: &Content) -> Vec<LoosePiece> {
    let values = if !content.is_form && is_structured(request, body) { Some(values_in(body)) } else { None };
    let message = if content.is_form || values.is_some() { None } else { message_in(request, body) };
    let found: Vec<Bytes> = match &values {
        _ if message.is_some() => message.iter().map(|message| message.content.clone()).collect(),
        Some(values) => contents_among(values),
        None if content.is_form && content.files.is_empty() => {
            content.text.iter().filter_map(|text| decoded(text)).collect()
        }
        None if content.is_form => content.files.iter().take(MAX_PIECES).cloned().collect(),
        None => vec![body.clone()],
    };
    if found.iter().all(|bytes| LoosePiece::is_whole(bytes)) {
        return Vec::new();
    }
    let mut marks = Marks::default();
    for (name, value) in &content.named {
        marks.say(name, value);
    }
    // A word without a name is said only where it is a number.
    let is_said = |value: &&Value<'_>| !value.name.is_empty() || value.text.iter().all(u8::is_ascii_digit);
    for value in values.iter().flatten().filter(is_said) {
        marks.say(&value.name, &value.start());
    }
    if let Some(message) = &message {
        say_message(&mut marks, message);
    }
    marks.say(&content.file_field, "");
    say_all_else(&mut marks, request);
    if let Some(name) = &content.file_name {
        marks.say_file_name(name);
    }
    found.into_iter().filter_map(|bytes| LoosePiece::new(bytes, marks.clone())).collect()
}

/// What a body in a binary notation says, if it may be one piece of several.
fn message_in(request: &RequestHeader, body: &Bytes) -> Option<Message> {
    let declared = request.headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes()).unwrap_or_default();
    let message = if body.len() > MAX_MESSAGE { None } else { message_of(body, declared) };
    // Short pieces of any file may be such messages by chance.
    message.filter(|message| !message.numbers.is_empty() && 2 * message.content.len() >= body.len())
}

/// Takes over what a message says, in which numbers have no names: a number beside another one, or beside a text, may
/// be that of a piece.
fn say_message(marks: &mut Marks, message: &Message) {
    let texts = message.texts.iter().filter(|text| text.len() <= MAX_NAME);
    for (at, text) in texts.enumerate() {
        marks.say(&format!("text{at} id"), &String::from_utf8_lossy(text));
    }
    for (at, number) in message.numbers.iter().enumerate() {
        let name = match at {
            0 => "index".to_owned(),
            1 => "total".to_owned(),
            _ => format!("number{at}"),
        };
        marks.say(&name, &number.to_string());
    }
}

/// The value that is called content, or else the longest; where that is one of a list, all of its kind.
fn contents_among(values: &[Value<'_>]) -> Vec<Bytes> {
    let is_content = |value: &&Value<'_>| {
        let name = plain_form(&value.name);
        CONTENT.iter().any(|one| name.eq_ignore_ascii_case(one))
    };
    let called = values.iter().filter(is_content).max_by_key(|value| value.text.len());
    let Some(content) = called.or(values.iter().max_by_key(|value| value.text.len())) else {
        return Vec::new();
    };
    let is_of_list = |value: &&Value<'_>| value.name.is_empty() && value.text.len() >= MIN_OF_LIST;
    if content.name.is_empty() {
        let listed = values.iter().filter(is_of_list).take(MAX_PIECES);
        return listed.filter_map(|value| decoded(value.text)).collect();
    }
    decoded(content.text).into_iter().collect()
}

/// Takes over what is said in the URL without a value, in cookies and in headers of ranges, and the path.
fn say_all_else(marks: &mut Marks, request: &RequestHeader) {
    let query = request.uri.query().unwrap_or_default().split('&').take(MAX_VALUES);
    query.filter(|name| !name.contains('=')).for_each(|name| marks.say(name, ""));
    marks.say_path(&String::from_utf8_lossy(&percent::undo(request.uri.path().as_bytes(), b'%', None)));
    for value in RANGES.iter().filter_map(|name| request.headers.get(*name)) {
        marks.say("rangestart", value.to_str().unwrap_or_default());
    }
    let cookies = request.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    for (name, value) in cookies.flat_map(|line| line.split(';')).take(MAX_VALUES).filter_map(|one| one.split_once('='))
    {
        marks.say(name, value);
    }
}

/// Whether a body is a text of names and values.
fn is_structured(request: &RequestHeader, body: &[u8]) -> bool {
    let declared = request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let declared = declared.to_ascii_lowercase();
    let is_declared = ["json", "xml", "urlencoded", "text/plain"].iter().any(|one| declared.contains(one));
    is_declared && body.iter().take(64).all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}

/// A value of JSON, XML or a form, and what it is called.
struct Value<'b> {
    name: String,
    text: &'b [u8],
}

impl Value<'_> {
    fn start(&self) -> String {
        String::from_utf8_lossy(&self.text[..self.text.len().min(600)]).into_owned()
    }
}

/// The values of a text: what stands between marks, each with the word before it where they are name and value.
fn values_in(text: &[u8]) -> Vec<Value<'_>> {
    let is_mark = |byte: u8| byte.is_ascii_whitespace() || b"\"'<>=&:,;{}[]?".contains(&byte);
    let (mut values, mut last, mut at): (Vec<Value<'_>>, &[u8], usize) = (Vec::new(), b"", 0);
    while at < text.len() && values.len() < MAX_VALUES {
        let start = text[at..].iter().position(|byte| !is_mark(*byte)).map_or(text.len(), |length| at + length);
        let marks = &text[at..start];
        let end = text[start..].iter().position(|byte| is_mark(*byte)).map_or(text.len(), |length| start + length);
        let word = &text[start..end];
        let has = |any: &[u8]| marks.iter().any(|byte| any.contains(byte));
        let (is_pair, is_list) = (has(b":=>") && !has(b",{[<&"), has(b":") && has(b"{["));
        let before = if last.len() <= MAX_NAME { String::from_utf8_lossy(last).into_owned() } else { String::new() };
        if !word.is_empty() && (is_pair || is_list) {
            // The word before it is a name and no value.
            values.pop_if(|value| value.name.is_empty() && value.text.as_ptr() == last.as_ptr());
        }
        if is_list {
            values.push(Value { name: before.clone(), text: b"" });
        }
        let name = if is_pair { before } else { String::new() };
        if !word.is_empty() {
            values.push(Value { name, text: word });
        }
        (last, at) = (word, end);
    }
    values
}

/// What `text` is in base64, its escapes undone; `None` where it is none.
fn decoded(text: &[u8]) -> Option<Bytes> {
    let text = if text.starts_with(b"data:") { text.rsplit(|byte| *byte == b',').next()? } else { text };
    let undone = if text.contains(&b'%') { percent::undo(text, b'%', None) } else { text.to_vec() };
    let digits: Vec<u8> =
        undone.into_iter().filter(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'\\' | b'=')).collect();
    let bytes = BASE64_NOPAD.decode(&digits).or_else(|_| BASE64URL_NOPAD.decode(&digits)).ok()?;
    (!bytes.is_empty()).then(|| bytes.into())
}
