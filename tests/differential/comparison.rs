//! One request through Penstock, and on to every parser where it is released.

use std::fmt;

use data_encoding::BASE64;
use penstock::config::Ambiguity;
use penstock::content::ExtractLimits;
use penstock::extract::{Extraction, Source};

use super::client::{Client, SeenPart, seen_parts};
use super::servers::Parser;
use super::{EVIL, Request, TWIN};

/// One body of a run, and what it is put to.
#[derive(Clone, Copy)]
pub(super) struct Trial<'a> {
    pub(super) index: u64,
    pub(super) parsers: &'a [Parser],
    pub(super) ambiguity: Ambiguity,
}

/// Parsers that take a body for a form when they know nothing of its type, and return what is between `&` or `;` in it,
/// or a part with its head. Of what they return only the listed bytes themselves count.
const GENEROUS: [&str; 6] = ["bottle", "cherrypy", "rack", "webob", "cgi-pm", "plack"];

/// What became of the requests of one run.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) refused: usize,
    pub(super) blocked: usize,
    pub(super) released: usize,
    /// Blocked bodies that went to the parsers with harmless bytes in place of the listed ones.
    pub(super) twins: usize,
    /// Files and fields that parsers returned.
    pub(super) parts: usize,
    pub(super) bypasses: Vec<Finding>,
    pub(super) unseen: Vec<Finding>,
}

/// A part that a parser returned and Penstock did not inspect.
pub(super) struct Finding {
    index: u64,
    request: Request,
    parser: String,
    part: SeenPart,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, request, parser, part } = self;
        let kind = if part.is_file { "file" } else { "field" };
        let bytes = part.bytes.escape_ascii();
        write!(f, "body {index}: {parser} returned {kind} {} with \"{bytes}\"\n{request}", part.name)
    }
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.refused += other.refused;
        self.blocked += other.blocked;
        self.released += other.released;
        self.twins += other.twins;
        self.parts += other.parts;
        self.bypasses.extend(other.bypasses);
        self.unseen.extend(other.unseen);
    }

    /// Sends one body of the run the whole way.
    pub(super) fn try_request(&mut self, trial: &Trial<'_>, request: &Request, client: &mut Client) {
        match client.post("/record/x", request).status {
            200 => {
                self.released += 1;
                self.compare(trial, request, client);
            }
            451 => {
                self.blocked += 1;
                let twin = harmless_twin(request);
                if client.post("/record/x", &twin).status == 200 {
                    self.twins += 1;
                    self.compare(trial, &twin, client);
                }
            }
            400 | 413 | 422 => self.refused += 1,
            status => panic!("body {} got {status}\n{request}", trial.index),
        }
    }

    fn compare(&mut self, trial: &Trial<'_>, request: &Request, client: &mut Client) {
        let Trial { index, parsers, ambiguity } = *trial;
        let inspected = inspected_parts(request, ambiguity);
        let is_form = !request.content_type.to_ascii_lowercase().starts_with(b"multipart");
        for Parser { name, .. } in parsers {
            let response = client.post(&format!("/{name}/x"), request);
            assert_eq!(response.status, 200, "{name} answers to body {index}: {}\n{request}", response.text());
            for part in seen_parts(&response) {
                self.parts += 1;
                let is_evil = part.bytes == EVIL;
                let is_inspected = || inspected.iter().any(|bytes| reads_as(bytes, &part, is_form));
                let counts = is_evil || !part.bytes.is_empty() && !GENEROUS.contains(&name.as_str());
                if counts && (is_evil || !is_inspected()) {
                    let findings = if is_evil { &mut self.bypasses } else { &mut self.unseen };
                    findings.push(Finding { index, request: request.clone(), parser: name.clone(), part });
                }
            }
        }
    }
}

/// The same request with other bytes of the same length for the listed ones: it is read the same way and let through.
pub(super) fn harmless_twin(request: &Request) -> Request {
    let mut twin = request.clone();
    let encoded = |bytes| BASE64.encode(bytes).into_bytes();
    for (evil, good) in [(EVIL.to_vec(), TWIN.to_vec()), (encoded(EVIL), encoded(TWIN))] {
        for at in memchr::memmem::find_iter(&request.body, &evil) {
            twin.body[at..at + evil.len()].copy_from_slice(&good);
        }
    }
    twin
}

fn inspected_parts(Request { content_type, body }: &Request, ambiguity: Ambiguity) -> Vec<Vec<u8>> {
    let values = [&content_type[..]];
    let values = if content_type.is_empty() { &values[..0] } else { &values };
    let body = body.clone().into();
    let source = Source { ambiguity, ..Source::plain(&body, values) };
    let found = Extraction::of(&source, &ExtractLimits::default());
    let cuts = found.parts.iter().flat_map(|part| part.cuts.iter().map(|length| part.bytes[..*length].to_vec()));
    cuts.chain(found.parts.iter().map(|part| part.bytes.to_vec())).collect()
}

/// Whether a parser that read `inspected` may return `part`. Files come as they are; of a field it may give the text.
///
/// In URL-encoded forms, parsers guess a charset for the raw bytes and another for the escaped ones, so that only ASCII
/// is the same for all.
fn reads_as(inspected: &[u8], part: &SeenPart, is_form: bool) -> bool {
    let is_text_of = || texts(inspected).iter().any(|text| text.as_bytes() == part.bytes);
    // What busboy says of text in a charset that Node cannot decode: none of it was sent.
    let is_made_up = part.bytes == b"undefined";
    let has_ascii_of = || is_form && inspected.iter().filter(ascii).eq(part.bytes.iter().filter(ascii));
    inspected == part.bytes || !part.is_file && (is_made_up || is_text_of() || has_ascii_of())
}

fn ascii(byte: &&u8) -> bool {
    byte.is_ascii()
}

/// How parsers decode a field: as UTF-8, some as Latin-1 what is not UTF-8, and where ASCII is declared with every
/// other byte replaced. ASCII is the same in all.
fn texts(bytes: &[u8]) -> [String; 3] {
    let in_ascii = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
    let latin = bytes.iter().map(|byte| char::from(*byte)).collect();
    [String::from_utf8_lossy(bytes).into_owned(), latin, bytes.iter().map(in_ascii).collect()]
}
