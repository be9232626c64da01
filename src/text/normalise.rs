//! Text → the form that is searched, with the way back.
//!
//! Runs are folded as `fold` says, and white space of any length becomes one space. A span of normalised text stands
//! for all of every unit it touches, so it always covers whole characters.

use std::collections::HashMap;
use std::ops::Range;

use super::fold::{ASCII_FOLD, Accents, DROPPED, FoldTable, LOW, PlainFold, Role, is_word_character};
use super::offsets::OffsetMap;
use super::source::SourceText;
use super::utf8;
use super::words;

/// Characters in one run; more begin a new one. Unicode's stream-safe format allows 30 marks on a letter, and sorting
/// marks is what makes endless runs expensive.
const MAX_RUN: usize = 32;

/// Bytes between a character and a mark that still joins it, invisible characters among them.
const MAX_REACH: usize = 4 << 10;

/// Foldings of runs that are remembered at most: bytes that are no text have the same few again and again.
const MOST_REMEMBERED: usize = 256;

/// Bytes of ASCII that are folded at once.
const CHUNK: usize = 32;

/// Bytes that are folded character by character before ASCII is looked for again.
const MOST_TRIED: usize = 8 * CHUNK;

/// Room for what plain characters fold to, and for their lengths.
struct Scratch {
    made: [u8; PlainFold::LONGEST * MOST_TRIED],
    lengths: [u8; MOST_TRIED],
}

/// How a span of normalised text stands among its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It takes part of an original character and leaves part, as "c" does of a "ç" that folded to "c" and a cedilla.
    CutsCharacter,
    /// A letter or digit touches it.
    InWord,
    /// Neither.
    Alone,
}

/// Where a span of normalised text came from.
pub(super) struct Place {
    /// All of every unit that it touches.
    pub(super) source: Range<usize>,
    /// Whether it takes a part of a unit only.
    is_cut: bool,
}

/// Normalised text, piece by piece, and where in the source each part of it came from.
#[derive(Clone, Debug)]
pub(super) struct Normalised {
    table: &'static FoldTable,
    text: String,
    /// What stands behind `text`. Not checked for being UTF-8 piece by piece, so only within [`Self::push`].
    fresh: Vec<u8>,
    map: OffsetMap,
    /// How much of the source is done.
    done: usize,
    /// Where the last run starts, in the source and here. None where nothing may join it.
    last_run: Option<(usize, usize)>,
    /// Letters and digits here that are none in the source, as a "|" that looks like an "l".
    impostors: Vec<usize>,
    /// Where a "1" beside a letter, or a look-alike of a capital I beside a Latin one, became an "l", and may have been
    /// meant for an "i".
    ones: Vec<usize>,
    /// Characters that are drawn like another letter than they fold to, and that letter; and letters whose marks went.
    drawn: Vec<(usize, u8)>,
    /// What runs of two characters fold to.
    pairs: HashMap<[char; 2], String>,
}

impl Normalised {
    /// Nothing yet.
    pub(super) fn new(accents: Accents) -> Self {
        Self {
            table: FoldTable::of(accents),
            text: String::new(),
            fresh: Vec::new(),
            map: OffsetMap::default(),
            done: 0,
            last_run: None,
            impostors: Vec::new(),
            ones: Vec::new(),
            drawn: Vec::new(),
            pairs: HashMap::new(),
        }
    }

    /// All of `source` normalised.
    pub(super) fn of(source: &SourceText, accents: Accents) -> Self {
        let start = source.range().start;
        let mut normalised = Self { map: OffsetMap::starting_at(start), done: start, ..Self::new(accents) };
        normalised.push(source, true);
        normalised
    }

    /// `text` normalised, accents kept.
    pub(super) fn text_of(text: &str) -> String {
        Self::of(&SourceText::whole(text), Accents::Kept).text
    }

    /// Normalises what is new in `source`, but for a last run that marks may still follow, unless it `is_last`.
    pub(super) fn push(&mut self, source: &SourceText, is_last: bool) {
        let new = source.from(self.done);
        let mut end = new.len();
        // Marks that begin a text join what joins them, as those behind a letter do.
        let last_start = self.last_start(new).unwrap_or(0);
        if !is_last && end - last_start <= MAX_REACH {
            end = last_start;
        }
        let (start, mut at) = (self.done, 0);
        let mut scratch = Scratch { made: [0; PlainFold::LONGEST * MOST_TRIED], lengths: [0; MOST_TRIED] };
        while at < end {
            at = self.push_plain(new.as_bytes(), at..end, start);
            // Chunks that are not plain are not tried again from each of their bytes.
            let tried = end.min(at + chunks_of_characters(&new.as_bytes()[at..end]));
            while at < tried {
                at = self.push_simple(&new[..end], at..tried, start, &mut scratch);
                if let Some(ch) = new[at..end].chars().next().filter(|_| at < tried) {
                    at += self.push_char(ch, &new[at..end], source, start + at);
                }
            }
        }
        self.settle();
        self.done = start + end;
    }

    /// Adds what is fresh to the text.
    fn settle(&mut self) {
        self.text.push_str(utf8::valid_part(&self.fresh));
        self.fresh.clear();
    }

    /// Bytes made so far.
    fn made(&self) -> usize {
        self.text.len() + self.fresh.len()
    }

    fn is_after_space(&self) -> bool {
        self.fresh.last().or(self.text.as_bytes().last()) == Some(&b' ')
    }

    /// Where the last character is that starts a run.
    fn last_start(&self, text: &str) -> Option<usize> {
        let starts = |(_, ch): &(usize, char)| self.role(*ch) == Role::Starts;
        text.char_indices().rev().find(starts).map(|(at, _)| at)
    }

    fn role(&self, ch: char) -> Role {
        if !ch.is_ascii() {
            return self.table.get(ch).role();
        }
        if ASCII_FOLD[ch as usize] == DROPPED { Role::Invisible } else { Role::Starts }
    }

    /// Takes in chunks of ASCII `within` what is new in which every byte has a folding of its own. Returns where it
    /// goes on.
    fn push_plain(&mut self, new: &[u8], within: Range<usize>, start: usize) -> usize {
        let (at, mut done) = (within.start, within.start);
        while let Some(chunk) = new.get(done..within.end).and_then(<[u8]>::first_chunk::<CHUNK>) {
            let folded = chunk.is_ascii().then(|| fold_chunk(chunk, self.is_after_space())).flatten();
            let Some(FoldedChunk { folded, has_ones }) = folded else {
                break;
            };
            if has_ones {
                let is_letter = |at: Option<usize>| at.and_then(|at| new.get(at)).is_some_and(u8::is_ascii_alphabetic);
                let is_inside = |at: &usize| is_letter(at.checked_sub(1)) || is_letter(Some(at + 1));
                let ones = (done..done + CHUNK).filter(|at| new[*at] == b'1').filter(is_inside);
                let made = self.made();
                self.ones.extend(ones.map(|at| made + at - done));
            }
            self.fresh.extend_from_slice(&folded);
            done += CHUNK;
        }
        if done > at {
            self.map.push_bytes(start + at, done - at);
            self.last_run = Some((start + done - 1, self.made() - 1));
        }
        done
    }

    /// Takes in characters `within` what is new, no more than [`MOST_TRIED`] bytes, that are plain. Returns where it
    /// goes on.
    fn push_simple(&mut self, new: &str, within: Range<usize>, start: usize, scratch: &mut Scratch) -> usize {
        const LONGEST: usize = PlainFold::LONGEST;
        let Scratch { made, lengths } = scratch;
        let (mut at, mut end, mut count) = (within.start, 0, 0);
        let mut is_after_space = self.is_after_space();
        let low = self.table.low();
        while at < within.end && count < MOST_TRIED {
            let (fold, length) = self.plain_at(low, new, at);
            let is_space = fold.bytes[0] == b' ';
            if fold.lengths == 0 || (is_space && is_after_space) {
                break;
            }
            is_after_space = is_space;
            made[end..end + LONGEST].copy_from_slice(&fold.bytes);
            lengths[count] = fold.lengths;
            (end, count) = (end + usize::from(fold.lengths >> 4), count + 1);
            at += length;
        }
        if count > 0 {
            let last = lengths[count - 1];
            self.last_run = Some((start + at - usize::from(last & 0xf), self.made() + end - usize::from(last >> 4)));
            self.fresh.extend_from_slice(&made[..end]);
            self.map.push_short(start + within.start, &lengths[..count], end, at - within.start);
        }
        at
    }

    /// The folding of the character at `at`, and how long that is. One byte or two takes the same way, since which it
    /// is cannot be foreseen.
    #[inline]
    fn plain_at(&self, low: &[PlainFold; LOW], new: &str, at: usize) -> (PlainFold, usize) {
        match new.as_bytes()[at..] {
            [first @ ..0xe0, second, ..] => {
                let wide = usize::from(first & 0x1f) << 6 | usize::from(second & 0x3f);
                (low[if first < 0x80 { usize::from(first) } else { wide }], 1 + usize::from(first >= 0x80))
            }
            _ => new[at..].chars().next().map_or((PlainFold::NONE, 0), |ch| (self.table.plain(ch), ch.len_utf8())),
        }
    }

    /// Takes in the character `ch`, with which `rest` begins, at `at` in the source. Returns how many bytes are done.
    fn push_char(&mut self, ch: char, rest: &str, source: &SourceText, at: usize) -> usize {
        let length = ch.len_utf8();
        if ch.is_ascii() {
            let folded = ASCII_FOLD[ch as usize];
            if ch == '1' || ch == '|' {
                let neighbours = [source.up_to(at).chars().next_back(), source.from(at + 1).chars().next()];
                self.ones.extend(neighbours.into_iter().flatten().any(char::is_alphabetic).then_some(self.made()));
            }
            if folded != DROPPED {
                self.start_run(char::from(folded), ch == '|', at, length);
            }
            return length;
        }
        let fold = self.table.get(ch);
        let made = self.made();
        self.drawn.extend(fold.drawn().map(|letter| (made, letter)));
        match fold.role() {
            Role::Invisible => {}
            Role::Joins if let Some((first, made)) = self.last_run.filter(|(first, _)| at - first <= MAX_REACH) => {
                return self.join_run(rest, source, first..at, made);
            }
            Role::Joins | Role::Starts => match fold.folded() {
                Some(folded) => {
                    let is_either = fold.is_either() && self.is_beside_latin(source.from(at + length));
                    self.ones.extend(is_either.then_some(made));
                    self.start_run(folded, fold.is_impostor(), at, length);
                }
                None => {
                    self.last_run = Some((at, self.made()));
                    self.impostors.extend(fold.is_impostor().then_some(self.made()));
                    self.append(self.table.text(ch), at..at + length);
                }
            },
        }
        length
    }

    /// Whether what was made last, or `rest` begins with, looks like a Latin letter.
    fn is_beside_latin(&self, rest: &str) -> bool {
        let before = self.fresh.last().or(self.text.as_bytes().last());
        let is_latin = |ch: char| {
            let fold = self.table.get(ch);
            fold.drawn().is_some() || fold.folded().is_some_and(|folded| folded.is_ascii_alphabetic())
        };
        before.is_some_and(u8::is_ascii_alphabetic) || rest.chars().next().is_some_and(is_latin)
    }

    /// Begins a run with a character that takes `length` bytes at `at` and folds to one.
    fn start_run(&mut self, folded: char, is_impostor: bool, at: usize, length: usize) {
        self.last_run = Some((at, self.made()));
        if folded == ' ' && self.is_after_space() {
            return self.map.push_unit(at..at + length, 0);
        }
        if is_impostor {
            self.impostors.push(self.made());
        }
        self.fresh.extend_from_slice(folded.encode_utf8(&mut [0; 4]).as_bytes());
        self.map.push_unit(at..at + length, folded.len_utf8());
    }

    /// Folds the last run, of which `begun` is known, again, with what joins it at the start of `rest`.
    fn join_run(&mut self, rest: &str, source: &SourceText, begun: Range<usize>, made: usize) -> usize {
        let is_visible = |ch: &char| self.role(*ch) != Role::Invisible;
        let Some(first) = source.from(begun.start).chars().next() else {
            return rest.chars().next().map_or(1, char::len_utf8);
        };
        let mut run = vec![first];
        let mut length = 0;
        let mut joining = rest.chars().take_while(|ch| self.role(*ch) != Role::Starts);
        while run.len() < MAX_RUN
            && length <= MAX_REACH
            && let Some(ch) = joining.next()
        {
            length += ch.len_utf8();
            run.extend(Some(ch).filter(is_visible));
        }
        self.settle();
        self.text.truncate(made);
        self.map.truncate(made, begun.start);
        self.impostors.retain(|impostor| *impostor < made);
        self.ones.retain(|one| *one < made);
        self.drawn.retain(|(at, _)| *at < made);
        let at = begun.start..begun.end + length;
        let is_decorated = first.is_ascii_alphabetic() && run.len() > 1;
        match <[char; 2]>::try_from(&*run) {
            Ok(pair) => {
                let folded = self.pairs.remove(&pair).unwrap_or_else(|| self.table.fold_run(&pair));
                self.append(&folded, at);
                if self.pairs.len() >= MOST_REMEMBERED {
                    self.pairs.clear();
                }
                self.pairs.insert(pair, folded);
            }
            Err(_) => self.append(&self.table.fold_run(&run), at),
        }
        // Only the letter is left: its marks count where the others of its word have some.
        if let [letter] = self.fresh[..]
            && is_decorated
        {
            self.drawn.push((made, letter));
        }
        self.last_run = None;
        length
    }

    /// Adds what `at` in the source folded to; white space after white space adds nothing.
    fn append(&mut self, folded: &str, at: Range<usize>) {
        let folded = if self.is_after_space() { folded.trim_start_matches(' ') } else { folded };
        self.fresh.extend_from_slice(folded.as_bytes());
        self.map.push_unit(at, folded.len());
    }

    /// The normalised text.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// How much of the source is normalised.
    pub(super) const fn done(&self) -> usize {
        self.done
    }

    /// The source of `span`.
    pub(super) fn source(&self, span: &Range<usize>) -> Range<usize> {
        self.map.original(span)
    }

    /// Where the first unit starts that came from something at `source` or behind.
    pub(super) fn made_from(&self, source: usize) -> usize {
        self.map.made_from(source)
    }

    /// Where a "1" or "|" beside a letter, or a look-alike of a capital I, became an "l".
    pub(super) fn ones(&self) -> &[usize] {
        &self.ones
    }

    /// Where characters are that became letters though they are none, in order.
    pub(super) fn impostors(&self) -> &[usize] {
        &self.impostors
    }

    /// Where characters are that are drawn like another Latin letter than they fold to, and that letter, in order; and
    /// letters whose marks went, with themselves.
    pub(super) fn drawn(&self) -> &[(usize, u8)] {
        &self.drawn
    }

    /// Where the last unit starts: what ends there has all its neighbours.
    pub(super) fn last_unit(&self) -> usize {
        self.text.len().checked_sub(1).map_or(0, |last| self.map.unit_at(last).made.start)
    }

    /// Forgets what is before `offset`, or a little less, so that no unit is cut. Returns how much that was.
    pub(super) fn forget_before(&mut self, offset: usize) -> usize {
        let start = self.map.unit_at(offset).made.start;
        self.map.forget_before(start);
        self.text.drain(..start);
        self.last_run = self.last_run.and_then(|(first, made)| Some((first, made.checked_sub(start)?)));
        for places in [&mut self.impostors, &mut self.ones] {
            places.retain_mut(|place| {
                let stays = *place >= start;
                *place = place.saturating_sub(start);
                stays
            });
        }
        self.drawn.retain_mut(|(place, _)| {
            let stays = *place >= start;
            *place = place.saturating_sub(start);
            stays
        });
        start
    }

    /// Gives back memory that is not needed now.
    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.fresh = Vec::new();
        self.map.shrink();
        self.impostors.shrink_to_fit();
        self.ones.shrink_to_fit();
        self.drawn.shrink_to_fit();
        self.pairs = HashMap::new();
    }

    /// Where `span`, which is not empty, came from. Looks each of its ends up once.
    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        let (first, last) = (self.map.unit_at(span.start), self.map.unit_at(span.end - 1));
        let is_cut = first.made.start < span.start || last.made.end > span.end;
        Place { source: first.original.start..last.original.end, is_cut }
    }

    /// How `span`, which is at `place`, stands among its neighbours.
    pub(super) fn standing(&self, span: &Range<usize>, place: &Place, source: &SourceText) -> Standing {
        if place.is_cut {
            return Standing::CutsCharacter;
        }
        let touches_before = self.text[..span.start].chars().next_back().is_some_and(is_word_character)
            && !self.is_impostor(span.start - 1);
        let touches_after =
            self.text[span.end..].chars().next().is_some_and(is_word_character) && !self.is_impostor(span.end);
        if touches_before && !words::end_between(source, place.source.start)
            || touches_after && !words::end_between(source, place.source.end)
        {
            return Standing::InWord;
        }
        Standing::Alone
    }

    fn is_impostor(&self, offset: usize) -> bool {
        !self.impostors.is_empty() && self.impostors.binary_search(&self.map.unit_at(offset).made.start).is_ok()
    }
}

/// Bytes of the first chunk and of those behind it that are not all ASCII, [`MOST_TRIED`] at most.
fn chunks_of_characters(bytes: &[u8]) -> usize {
    let others = bytes.chunks(CHUNK).take(MOST_TRIED / CHUNK).skip(1);
    CHUNK * (1 + others.take_while(|chunk| !chunk.is_ascii()).count())
}

/// A chunk of ASCII, folded.
struct FoldedChunk {
    folded: [u8; CHUNK],
    /// Whether it had a "1".
    has_ones: bool,
}

/// `chunk` folded, if each of its bytes is ASCII that folds alone. Arithmetic without branches, so that the compiler
/// does all bytes at once.
#[inline]
fn fold_chunk(chunk: &[u8; CHUNK], is_after_space: bool) -> Option<FoldedChunk> {
    let is_space = |byte: u8| u8::from(byte == b' ') | u8::from(byte.wrapping_sub(b'\t') < 5);
    let mut before = [0; CHUNK];
    before[1..].copy_from_slice(&chunk[..CHUNK - 1]);
    before[0] = u8::from(is_after_space) * b' ';
    let (mut folded, mut is_odd, mut has_ones) = ([0; CHUNK], 0_u8, 0_u8);
    for i in 0..CHUNK {
        let (byte, space) = (chunk[i], is_space(chunk[i]));
        // "|" looks like a letter and is none, which has to be noted.
        let odd = u8::from(byte >= 0x7f) | u8::from(byte == b'|') | (u8::from(byte < b' ') & (space ^ 1));
        is_odd |= odd | (space & is_space(before[i]));
        has_ones |= u8::from(byte == b'1');
        let lower = byte | (u8::from(byte.wrapping_sub(b'A') < 26) << 5);
        let letter = lower
            .wrapping_add(u8::from(byte == b'0') * (b'o' - b'0'))
            .wrapping_add(u8::from(byte == b'1') * (b'l' - b'1'))
            .wrapping_sub(u8::from(byte == b'`') * (b'`' - b'\''));
        let keep = space.wrapping_sub(1);
        folded[i] = (letter & keep) | (b' ' & !keep);
    }
    (is_odd == 0).then_some(FoldedChunk { folded, has_ones: has_ones != 0 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normalised(text: &str) -> Normalised {
        Normalised::of(&SourceText::whole(text), Accents::Kept)
    }

    #[test]
    fn runs_fold_as_wholes_and_white_space_to_one_space() {
        for (text, expected) in [
            ("", ""),
            ("Plain ASCII", "plain ascii"),
            ("a \r\n\t\u{a0}\u{200b} b", "a b"),
            ("a\0\u{8}b", "ab"),
            ("cafe\u{301}s", "cafés"),
            ("cafe\u{200d}\0\u{301}s", "cafés"),
            ("f\u{336}o\u{336}r", "for"),
            ("\u{301}a", "a"),
        ] {
            assert_eq!(normalised(text).as_str(), expected, "{text:?}");
        }
    }

    #[test]
    fn endless_marks_fold_in_runs_of_limited_length() {
        let text = format!("a{}b", "\u{336}".repeat(100_000));
        let normalised = normalised(&text);
        assert_eq!(normalised.as_str(), "ab");
        assert_eq!(normalised.source(&(0..1)), 0..1 + 31 * 2);
        assert_eq!(normalised.source(&(1..2)), text.len() - 1..text.len());
    }

    #[test]
    fn a_run_stretched_by_invisible_characters_keeps_its_offsets() {
        let text = format!("xe{}\u{301}y", "\u{200b}".repeat(30_000));
        let normalised = normalised(&text);
        assert_eq!(normalised.as_str(), "xey");
        assert_eq!(normalised.source(&(1..2)), 1..2);
        assert_eq!(normalised.source(&(2..3)), text.len() - 1..text.len());
    }

    #[test]
    fn a_span_covers_every_unit_it_touches() {
        let text = "ﬁ ﬂ";
        let normalised = normalised(text);
        assert_eq!(normalised.as_str(), "fi fl");
        for (span, original) in [(0..1, 0..3), (1..2, 0..3), (1..3, 0..4), (1..4, 0..7), (3..5, 4..7)] {
            assert_eq!(normalised.source(&span), original, "{span:?}");
        }
    }

    #[test]
    fn marks_at_the_start_of_a_text_fold_as_one_run_wherever_it_is_cut() {
        let text = "\u{300}\u{300}ￚa aaA";
        let whole = normalised(text);
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let (mut source, mut pieces) = (SourceText::default(), Normalised::new(Accents::Kept));
            source.push_str(&text[..cut], 0);
            pieces.push(&source, false);
            source.push_str(&text[cut..], cut);
            pieces.push(&source, true);
            let sources =
                |of: &Normalised| (0..of.as_str().len()).map(|at| of.source(&(at..at + 1))).collect::<Vec<_>>();
            assert_eq!((pieces.as_str(), sources(&pieces)), (whole.as_str(), sources(&whole)), "{cut}");
        }
    }

    /// Text of the sorts that take different ways through the normaliser.
    fn text() -> impl Strategy<Value = String> {
        let sorts =
            ["[ -~]{1,12}", "\\PC{1,6}", "[\u{300}-\u{340}\u{200b}-\u{200f}\0\n ]{1,5}", "[а-яА-ЯΑ-Ωα-ωﬀ-ﬆ가-갿]{1,6}"];
        prop::collection::vec(prop::sample::select(sorts.to_vec()).prop_flat_map(|sort| sort), 0..20)
            .prop_map(|pieces| pieces.concat())
    }

    fn check_map(text: &str) -> Result<(), TestCaseError> {
        let normalised = normalised(text);
        let mut last = 0..0;
        for offset in 0..normalised.as_str().len() {
            let source = normalised.source(&(offset..offset + 1));
            prop_assert!(source.start < source.end && source.end <= text.len(), "{:?}", source);
            prop_assert!(source == last || source.start >= last.end, "{:?} after {:?}", source, last);
            last = source;
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn the_map_is_monotone_and_in_bounds(text in text()) {
            check_map(&text)?;
        }

        #[test]
        fn a_text_in_pieces_is_normalised_as_a_whole(text in text(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5)) {
            let whole = normalised(&text);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
            cuts.sort_unstable();
            let (mut source, mut pieces) = (SourceText::default(), Normalised::new(Accents::Kept));
            let mut start = 0;
            for cut in cuts.into_iter().chain([text.len()]) {
                source.push_str(&text[start..cut], start);
                pieces.push(&source, cut == text.len());
                start = cut;
            }
            pieces.push(&source, true);
            prop_assert_eq!(pieces.as_str(), whole.as_str());
            for offset in 0..whole.as_str().len() {
                prop_assert_eq!(pieces.source(&(offset..offset + 1)), whole.source(&(offset..offset + 1)));
            }
            prop_assert_eq!(pieces.impostors, whole.impostors);
            prop_assert_eq!(pieces.ones, whole.ones);
            prop_assert_eq!(pieces.drawn, whole.drawn);
        }

        #[test]
        fn ascii_folds_like_the_naive_twin(text in "[ -~\\t\\n\\r]{0,80}") {
            let folded: String = text.bytes().map(|byte| char::from(ASCII_FOLD[usize::from(byte)])).collect();
            let mut expected = String::new();
            for ch in folded.chars().filter(|ch| *ch != '\0') {
                if ch != ' ' || !expected.ends_with(' ') {
                    expected.push(ch);
                }
            }
            let normalised = normalised(&text);
            prop_assert_eq!(normalised.as_str(), expected);
        }
    }
}
