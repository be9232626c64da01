//! What of a file reads as text.
//!
//! A photograph with a long history of edits in it begins like a text, and megabytes of samples follow, through which
//! rules would look for seconds; so do a PDF and PostScript with pictures. A text after a picture is looked at however
//! long either is.

use bytes::Bytes;

use crate::content::{Part, legible_stretches};
use crate::verdict::{Match, MatchSource};

/// Stretches of a part, as one text.
pub(super) struct Stretches {
    text: Bytes,
    /// Where each begins, in the text and in the part.
    starts: Vec<(usize, usize)>,
    is_whole: bool,
}

impl Stretches {
    /// Those of `bytes` that read as text, a line each; `None` when there are none.
    pub(super) fn of(bytes: &Bytes) -> Option<Self> {
        let found = legible_stretches(bytes);
        if let [only] = &found[..]
            && only.len() == bytes.len()
        {
            return Some(Self { text: bytes.clone(), starts: vec![(0, 0)], is_whole: true });
        }
        let (mut text, mut starts) = (Vec::new(), Vec::new());
        for stretch in found {
            starts.push((text.len(), stretch.start));
            text.extend_from_slice(&bytes[stretch]);
            text.push(b'\n');
        }
        (!text.is_empty()).then(|| Self { text: text.into(), starts, is_whole: false })
    }

    /// Whether they are the whole part.
    pub(super) fn are_all(&self) -> bool {
        self.is_whole
    }

    /// `part` with nothing but its stretches.
    pub(super) fn as_part(&self, part: &Part) -> Part {
        Part { bytes: self.text.clone(), ..part.clone() }
    }

    /// Makes of places in the text those in the part.
    pub(super) fn settle(&self, matches: &mut [Match]) {
        let settle = |(start, end): &mut (usize, usize)| (*start, *end) = (self.place(*start), self.place(*end));
        for found in matches {
            match &mut found.source {
                MatchSource::Rule { spans, .. } => spans.iter_mut().for_each(settle),
                MatchSource::Text { span, .. } => settle(span),
                MatchSource::Hash { .. } => {}
            }
        }
    }

    fn place(&self, at: usize) -> usize {
        let number = self.starts.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        self.starts.get(number).map_or(at, |(start, place)| at - start + place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_in_the_part() {
        let noise: Vec<u8> = (0..40_000_u32).map(|at| (at.wrapping_mul(at >> 3) >> 5) as u8).collect();
        let text = "turnips and other vegetables, ".repeat(60).into_bytes();
        let picture = Bytes::from([&text, &noise[..], &text, &noise, &text].concat());
        let stretches = Stretches::of(&picture).unwrap();
        assert_eq!(stretches.starts.len(), 3);
        for (at, _) in stretches.text.windows(7).enumerate().filter(|(_, word)| word == b"turnips") {
            let place = stretches.place(at);
            assert_eq!(&picture[place..place + 7], b"turnips");
        }
        assert!(Stretches::of(&Bytes::from(noise)).is_none());
        let all = Bytes::from(text);
        assert_eq!(Stretches::of(&all).unwrap().text, all);
    }
}
