//! Requests made of what parsers are known to disagree about: mostly canonical, with an oddity here and there.

use super::Request;
use super::oddities::{
    BOUNDARIES, CLOSINGS, CONTENT_TYPES, CONTENTS, DISPOSITIONS, EPILOGUES, HARMLESS, LINE_ENDS, OTHER_BOUNDARIES,
    OTHER_LINES, PADDINGS, PREAMBLES,
};
use super::random::Random;

/// A request with a file or field that is, or that some parser turns into, the listed bytes.
pub(super) fn request(random: &mut Random) -> Request {
    // One table in so many strays from its first entry: from bodies that are almost canonical to heaps of oddities.
    let odds = *random.pick(&[3, 8, 15, 30, 60]);
    let boundary = random.mostly_first(BOUNDARIES, odds.min(8)).to_vec();
    let content_type = filled(random.mostly_first(CONTENT_TYPES, odds.min(15)), &boundary);
    let in_body = filled(random.mostly_first(OTHER_BOUNDARIES, odds), &boundary);
    let mut body = filled(random.mostly_first(PREAMBLES, odds), &in_body);
    let count = 1 + random.below(3);
    let evil = random.below(count);
    for index in 0..count {
        let line_end = random.mostly_first(LINE_ENDS, odds);
        let padding = random.mostly_first(PADDINGS, odds);
        body.extend([b"--", &in_body[..], padding, line_end].concat());
        add_headers(&mut body, line_end, odds, &in_body, random);
        body.extend(random.mostly_first(LINE_ENDS, odds));
        let contents = if index == evil { CONTENTS } else { HARMLESS };
        body.extend(filled(random.mostly_first(contents, odds.min(4)), &in_body));
        body.extend(random.mostly_first(LINE_ENDS, odds));
    }
    if !random.once_in(odds) {
        body.extend([b"--", &in_body[..], random.mostly_first(CLOSINGS, odds)].concat());
        body.extend(filled(random.mostly_first(EPILOGUES, odds), &in_body));
    }
    Request { content_type, body }
}

fn add_headers(body: &mut Vec<u8>, line_end: &[u8], odds: usize, boundary: &[u8], random: &mut Random) {
    // The first six are what ordinary clients send.
    let disposition =
        if random.once_in(odds) { random.pick_bytes(DISPOSITIONS) } else { random.pick_bytes(&DISPOSITIONS[..6]) };
    let mut lines = vec![disposition];
    for _ in 0..random.below(3) {
        let line = if random.once_in(odds.min(8)) {
            random.pick_bytes(OTHER_LINES)
        } else {
            random.pick_bytes(&OTHER_LINES[..5])
        };
        lines.insert(random.below(lines.len() + 1), line);
    }
    for line in lines {
        body.extend([&filled(line, boundary), line_end].concat());
    }
}

/// `template` with the boundary in its place.
pub(super) fn filled(template: &[u8], boundary: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = template;
    while let Some(at) = memchr::memmem::find(rest, b"{b}") {
        text.extend([&rest[..at], boundary].concat());
        rest = &rest[at + 3..];
    }
    text.extend(rest);
    text
}
