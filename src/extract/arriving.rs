//! Where the parts of a body lie while it still arrives, so that work on them can begin before its last byte is there.
//!
//! What is told is a guess that follows the canonical form of a body and never says that something is wrong with it:
//! [`dissect`](super::dissect) decides what the parts are. It is of use only for those that turn out to lie where it
//! said.

use std::ops::Range;

use memchr::memmem::Finder;

use super::content_type::{Declared, Multipart};

/// A body on its way.
#[derive(Clone, Debug)]
pub struct Arriving(Form);

#[derive(Clone, Debug)]
enum Form {
    /// One part, and whether rules look at it as a whole.
    Whole { is_for_rules: bool },
    /// As many as there are delimiters.
    Multipart(Box<Delimited>),
}

#[derive(Clone, Debug)]
struct Delimited {
    /// `CRLF "--" boundary`.
    delimiter: Finder<'static>,
    max_header: usize,
    place: Place,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Before everything.
    Start,
    /// Behind a boundary, which a line end or two hyphens follow.
    Boundary(usize),
    /// At the headers of a part.
    Headers(usize),
    /// In its content, up to some byte of which there is no delimiter.
    Content { start: usize, searched: usize },
    /// Where nothing more is to be told.
    Over,
}

/// A range of a body that is, or begins, the content of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The bytes that are surely of it.
    pub range: Range<usize>,
    /// Whether those are all of it.
    pub is_whole: bool,
    /// Whether rules may look at it.
    pub is_for_rules: bool,
}

impl Arriving {
    /// A body with these `Content-Type` and `Content-Encoding` headers; `None` where nothing can be told of its parts
    /// before it is whole. The headers of a part have at most `max_header` bytes.
    pub fn of<V: AsRef<[u8]>>(content_types: &[V], content_encodings: &[V], max_header: usize) -> Option<Self> {
        let value = match (content_types, content_encodings) {
            ([], []) => &b""[..],
            ([one], []) => one.as_ref(),
            _ => return None,
        };
        Some(Self(match Declared::parse(value).ok()? {
            Declared::Multipart(Multipart { boundary, .. }) => {
                let delimiter = Finder::new(&[b"\r\n--", boundary.as_bytes()].concat()).into_owned();
                Form::Multipart(Box::new(Delimited { delimiter, max_header, place: Place::Start }))
            }
            // Of these, rules look at what is taken out of them.
            Declared::Form(_) | Declared::Json(_) | Declared::Xml(_) | Declared::GrpcText(_) => {
                Form::Whole { is_for_rules: false }
            }
            Declared::JsonLike | Declared::Grpc(_) | Declared::Protobuf | Declared::Other => {
                Form::Whole { is_for_rules: true }
            }
        }))
    }

    /// The stretch that goes on in `body`, which is all that has come so far and never gets shorter. After one that is
    /// whole comes the next, behind one that is not the same with more bytes, when there are more; `None` when nothing
    /// is known of the bytes at the end.
    pub fn next(&mut self, body: &[u8]) -> Option<Stretch> {
        match &mut self.0 {
            Form::Whole { is_for_rules } => {
                Some(Stretch { range: 0..body.len(), is_whole: false, is_for_rules: *is_for_rules })
            }
            Form::Multipart(delimited) => delimited.next(body),
        }
    }
}

impl Delimited {
    fn next(&mut self, body: &[u8]) -> Option<Stretch> {
        loop {
            self.place = match self.place {
                Place::Start => self.first_boundary(body)?,
                Place::Boundary(end) => match body.get(end..end + 2)? {
                    b"\r\n" => Place::Headers(end + 2),
                    _ => Place::Over,
                },
                Place::Headers(start) => self.headers(body, start)?,
                Place::Content { start, searched } => return Some(self.content(body, start, searched)),
                Place::Over => return None,
            };
        }
    }

    /// At the start of a body the boundary has no line end before it.
    fn first_boundary(&self, body: &[u8]) -> Option<Place> {
        let expected = &self.delimiter.needle()[2..];
        let found = body.get(..expected.len())?;
        Some(if found == expected { Place::Boundary(expected.len()) } else { Place::Over })
    }

    fn headers(&self, body: &[u8], start: usize) -> Option<Place> {
        let content = |start| Place::Content { start, searched: start };
        let rest = &body[start..];
        if rest.starts_with(b"\r\n") {
            return Some(content(start + 2));
        }
        let window = rest.len().min(self.max_header.saturating_add(2));
        match memchr::memmem::find(&rest[..window], b"\r\n\r\n") {
            Some(at) => Some(content(start + at + 4)),
            None if window < rest.len() => Some(Place::Over),
            None => None,
        }
    }

    fn content(&mut self, body: &[u8], start: usize, searched: usize) -> Stretch {
        let length = self.delimiter.needle().len();
        let found = self.delimiter.find(&body[searched..]);
        let end = match found {
            Some(at) => searched + at,
            None => (body.len() + 1).saturating_sub(length).max(searched),
        };
        self.place = match found {
            Some(_) => Place::Boundary(end + length),
            None => Place::Content { start, searched: end },
        };
        Stretch { range: start..end, is_whole: found.is_some(), is_for_rules: true }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::content::{ExtractLimits, PartKind};
    use crate::extract::{Extraction, Source};

    const TYPE: &[u8] = b"multipart/form-data; boundary=xYx";

    fn arriving(content_type: &[u8]) -> Option<Arriving> {
        Arriving::of(&[content_type], &[], ExtractLimits::default().max_part_header)
    }

    /// The whole stretches of `body`, told while it grows to each of `lengths`.
    fn told(body: &[u8], lengths: &[usize]) -> Vec<Range<usize>> {
        let mut arriving = arriving(TYPE).unwrap();
        let (mut whole, mut last) = (Vec::new(), 0..0);
        for length in lengths {
            while let Some(stretch) = arriving.next(&body[..*length]) {
                assert!(stretch.range.end <= *length && stretch.range.start <= stretch.range.end);
                assert!(
                    stretch.range.start != last.start || stretch.range.end >= last.end,
                    "{stretch:?} after {last:?}"
                );
                last = stretch.range.clone();
                if !stretch.is_whole {
                    break;
                }
                whole.push(stretch.range);
            }
        }
        whole
    }

    proptest! {
        #[test]
        fn the_parts_of_a_canonical_body_are_told_however_it_comes(
            contents in prop::collection::vec("(\r\n|--|xYx|xY|[a-z\r\n-]){0,12}", 0..5),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let part = |content: &String| format!(
                "--xYx\r\nContent-Disposition: form-data; name=\"n\"; filename=\"f\"\r\nContent-Type: a/b\r\n\r\n{content}\r\n"
            );
            let body = Bytes::from(contents.iter().map(part).collect::<String>() + "--xYx--\r\n");
            let extraction = Extraction::of(&Source::plain(&body, &[TYPE]), &ExtractLimits::default());
            prop_assume!(extraction.problems.is_empty());
            let files = extraction.parts.iter().filter(|part| part.kind == PartKind::File && part.inside.is_none());
            // Contents may have parts in them themselves.
            prop_assume!(files.clone().count() == contents.len());
            let expected: Vec<Range<usize>> = files
                .map(|part| part.bytes.as_ptr().addr() - body.as_ptr().addr())
                .zip(&contents)
                .map(|(start, content)| start..start + content.len())
                .collect();
            let mut lengths: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
            lengths.sort_unstable();
            lengths.push(body.len());
            prop_assert_eq!(told(&body, &lengths), expected);
        }

        #[test]
        fn whatever_comes_no_stretch_lies_outside_of_it(
            body in prop::collection::vec(prop::sample::select(vec!["\r\n", "--xYx", "--", ":", "a", "\r\n\r\n"]), 0..40),
        ) {
            let body = body.concat();
            told(body.as_bytes(), &(0..=body.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn other_bodies_are_one_stretch_that_goes_on() {
        for (content_type, is_for_rules) in
            [(&b""[..], true), (b"text/plain", true), (b"image/png", true), (b"application/json", false)]
        {
            let mut arriving = arriving(content_type).unwrap();
            for length in [3, 5] {
                let expected = Stretch { range: 0..length, is_whole: false, is_for_rules };
                assert_eq!(arriving.next(&b"bytes"[..length]), Some(expected));
            }
        }
    }

    #[test]
    fn nothing_is_told_of_what_may_be_read_in_several_ways() {
        let none = |types: &[&[u8]], encodings: &[&[u8]]| Arriving::of(types, encodings, 100).is_none();
        assert!(none(&[b"text/plain", b"text/html"], &[]) && none(&[b"text/plain"], &[b"gzip"]));
        assert!(none(&[b"multipart/mixed; boundary=x; boundary=y"], &[]));
    }
}
