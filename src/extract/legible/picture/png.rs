//! Text chunks of PNG (W3C PNG §11.3.3), and EXIF in its own chunk or in those of ImageMagick.

use std::borrow::Cow;

use crate::body::{Coding, End};
use crate::content::{Part, PartKind};
use crate::extract::dissection::Dissection;
use crate::extract::encoded;
use crate::extract::percent::hex_pair;

use super::{EXIF, MAX_JOINED, exif, iptc, show_marked_up, show_text};

/// Keywords under which ImageMagick keeps metadata of other formats, in hexadecimal.
const RAW_PROFILE: &[u8] = b"Raw profile type ";

/// Shows the texts of every chunk.
pub(super) fn show(bytes: &[u8], found: &mut Dissection<'_>) {
    let mut at = 8;
    while let Some(&[a, b, c, d, ref kind @ ..]) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let end = (at + 8).saturating_add(length).min(bytes.len());
        let content = &bytes[at + 8..end];
        match kind {
            b"tEXt" => plain(content, found),
            b"zTXt" => compressed(content, found),
            b"iTXt" => international(content, found),
            b"eXIf" => exif::show(content, found),
            _ => {}
        }
        if found.is_over() {
            return;
        }
        at = end.saturating_add(4);
    }
}

/// What stands before the first zero, and what stands behind it.
fn split(content: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(0, content).unwrap_or(content.len());
    (&content[..end], content.get(end + 1..).unwrap_or_default())
}

fn plain(content: &[u8], found: &mut Dissection<'_>) {
    let (keyword, text) = split(content);
    show_entry(keyword, text, content.len(), found);
}

fn compressed(content: &[u8], found: &mut Dissection<'_>) {
    let (keyword, behind) = split(content);
    inflate(keyword, behind.get(1..).unwrap_or_default(), found);
}

/// Keyword, whether it is compressed and how, language, the keyword in that language, text.
fn international(content: &[u8], found: &mut Dissection<'_>) {
    let (keyword, behind) = split(content);
    let [flag, _, behind @ ..] = behind else {
        return show_text("png keyword", keyword, keyword.len(), found);
    };
    let (_, behind) = split(behind);
    let (translated, text) = split(behind);
    show_text("png keyword", translated, translated.len(), found);
    if *flag == 1 { inflate(keyword, text, found) } else { show_entry(keyword, text, content.len(), found) }
}

fn inflate(keyword: &[u8], packed: &[u8], found: &mut Dissection<'_>) {
    let mut output = found.output();
    let mut end = found.unpack(Coding::Zlib, packed, &mut output);
    if end == End::Broken && output.is_empty() {
        // As draw.io wrote drawings for some years.
        end = found.unpack(Coding::Deflate, packed, &mut output);
    }
    found.report_limit(end);
    if let Some(text) = found.take(output) {
        show_entry(keyword, &text, text.len(), found);
    }
}

fn show_entry(keyword: &[u8], text: &[u8], packed: usize, found: &mut Dissection<'_>) {
    if keyword.starts_with(RAW_PROFILE) {
        return raw_profile(text, found);
    }
    show_text("png keyword", keyword, keyword.len(), found);
    if keyword == b"XML:com.adobe.xmp" {
        show_marked_up("xmp", text, found);
    } else {
        show_text("png text", text, packed, found);
        hand_out_drawing(text, found);
    }
}

/// Hands out what `text` is, if a program keeps what it drew there: draw.io as markup, Excalidraw as JSON, in Latin-1.
fn hand_out_drawing(text: &[u8], found: &mut Dissection<'_>) {
    encoded::escaped_markup(text, found);
    if text.first() == Some(&b'{') {
        let of_latin_1 = || text.iter().copied().map(char::from).collect::<String>().into();
        let json: Cow<'_, str> = str::from_utf8(text).map_or_else(|_| of_latin_1(), Cow::from);
        if let Some(json) = found.keep(json.as_bytes(), text.len()) {
            found.add(Part { is_guess: true, ..Part::new(PartKind::Decoded, json) }, None);
        }
    }
}

/// A line with a name, one with a length, and lines of hexadecimal digits.
fn raw_profile(text: &[u8], found: &mut Dissection<'_>) {
    let text = &text[..text.len().min(MAX_JOINED)];
    let digits = text.trim_ascii_start().splitn(3, |byte| *byte == b'\n').nth(2).unwrap_or_default();
    let digits: Vec<u8> = digits.iter().copied().filter(u8::is_ascii_hexdigit).collect();
    let profile: Vec<u8> = digits.chunks_exact(2).filter_map(|pair| hex_pair(pair[0], pair[1])).collect();
    if let Some(tiff) = profile.strip_prefix(EXIF) {
        exif::show(tiff, found);
    } else if profile.starts_with(b"8BIM") {
        iptc::show_resources(&profile, found);
    } else {
        iptc::show(&profile, found);
        super::show_xmp(&profile, found);
    }
}
