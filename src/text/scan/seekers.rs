//! The keywords of all rules in one search, and who looks for each of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::{Term, TooManyKeywords};
use crate::text::fold::Accents;
use crate::text::literals::Literals;
use crate::text::loosen::{Hints, alike, collapsed, joined, paired, rot13, with_l, without_signs};
use crate::text::normalise::Normalised;
use crate::text::pattern::REACH;
use crate::text::rule::{Rule, Words};
use crate::text::source::SourceText;
use crate::text::switches::{LEAST_LETTERS, Switch, Switches};

/// Where there are more keywords than this, none is kept twice for the sake of memory: loosened text is searched once more
/// for all keywords, and phrases whose letters all stand alone, with nothing wider between their words, are not looked for.
const MOST_TWICE: usize = 100_000;

/// Keywords that are searched in text that is normalised in the same way.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) accents: Accents,
    /// As they are found in the text as it is.
    pub(super) written: Keywords,
    /// As they are found where a capital I is among small letters, or an "l" among capitals.
    alikes: Keywords,
    /// As they are found where its spelling was loosened. Where there are many, this leaves out those that are `written`.
    loosened: Keywords,
    /// Where it may be.
    pub(super) hints: Hints,
    is_small: bool,
    /// Bytes of normalised text within which all that is looked for stands.
    pub(super) reach: usize,
}

/// One keyword of one rule, as it is written or otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seeker {
    pub(super) term: Term,
    pub(super) words: Words,
    pub(super) switches: Switches,
    /// How many letters it has.
    pub(super) letters: usize,
    pub(super) spelling: Spelling,
}

impl Seeker {
    const fn spelled(self, spelling: Spelling) -> Self {
        Self { spelling, ..self }
    }

    /// Whether it is so short that all its letters have to be there, since "gir1.2" is no "girl", and no rule says
    /// otherwise.
    pub(super) const fn is_short(&self) -> bool {
        self.letters < LEAST_LETTERS && !self.switches.has(Switch::Leet)
    }
}

/// In what way a keyword is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As it is, once normalised.
    Itself,
    /// With some of its doubled letters single, as they are where letters that are repeated were taken out.
    Collapsed,
    /// Without spaces, as a phrase is read whose letters all stand alone.
    Joined,
    /// The same in text that is as it was written: as a hashtag, a host name or in camel case.
    Run,
    /// With two letters for one that they look like.
    Paired,
    /// With a capital I for an "l", or the other way round.
    Alike,
    /// With "l" for each "i", as it is read where one sign may be either.
    WithL,
    /// By ROT13.
    Rotated,
}

/// Adds what is looked for besides the keyword `text` where there is memory for it.
fn add_other_spellings(text: &str, seeker: Seeker, [written, loosened, alikes]: [&mut Collected; 3]) {
    let switches = seeker.switches;
    if switches.has(Switch::Spaced) {
        loosened.add_all(joined(text), seeker.spelled(Spelling::Joined));
    }
    if switches.has(Switch::Joined) {
        written.add_all(joined(text), seeker.spelled(Spelling::Run));
    }
    if switches.has(Switch::Punctuation) {
        loosened.add_all(without_signs(text), seeker);
    }
    if switches.has(Switch::Leet) || switches.has(Switch::Confusables) {
        loosened.add_all(with_l(text), seeker.spelled(Spelling::WithL));
    }
    if switches.has(Switch::Pairs) {
        written.add_all(paired(text), seeker.spelled(Spelling::Paired));
    }
    if switches.has(Switch::Confusables) {
        // A capital I begins many words, so that the others are looked for where there is a hint.
        let tail = |text: &str| text.chars().skip(1).collect::<String>();
        let (first, others): (Vec<_>, Vec<_>) = alike(text).into_iter().partition(|other| tail(other) == tail(text));
        written.add_all(first, seeker.spelled(Spelling::Alike));
        alikes.add_all(others, seeker.spelled(Spelling::Alike));
    }
}

impl Lane {
    /// The lane of the keywords for which accents count, or of those for which they do not; `None` when nothing is
    /// searched there.
    pub(super) fn of(rules: &[Rule], accents: Accents, has_patterns: bool) -> Result<Option<Self>, TooManyKeywords> {
        let has_patterns = has_patterns && accents == Accents::Kept;
        let is_small = rules.iter().map(|rule| rule.keywords.len()).sum::<usize>() <= MOST_TWICE;
        let [mut written, mut loosened, mut alikes] = <[Collected; 3]>::default();
        let mut texts = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            for (number, keyword) in rule.keywords.iter().enumerate() {
                let switches = keyword.switches();
                if switches.has(Switch::Accents) != (accents == Accents::Stripped) {
                    continue;
                }
                let text = match accents {
                    Accents::Kept => Cow::Borrowed(keyword.normalised()),
                    Accents::Stripped => {
                        let bare = Normalised::of(&SourceText::whole(keyword.as_written()), accents);
                        Cow::Owned(bare.as_str().trim_matches(' ').to_owned())
                    }
                };
                let letters = keyword.letters();
                let term = Term { rule: index, term: number };
                let seeker = Seeker { term, words: keyword.words(), switches, letters, spelling: Spelling::Itself };
                written.add(&text, seeker);
                if is_small {
                    loosened.add(&text, seeker);
                    add_other_spellings(&text, seeker, [&mut written, &mut loosened, &mut alikes]);
                }
                if switches.has(Switch::Repeated) {
                    loosened.add_all(collapsed(&text), seeker.spelled(Spelling::Collapsed));
                }
                if switches.has(Switch::Rot13) {
                    written.add(&rot13(&text), seeker.spelled(Spelling::Rotated));
                }
                texts.push((text, keyword.words()));
            }
        }
        if written.texts.is_empty() && !has_patterns {
            return Ok(None);
        }
        let hints = Hints::of(texts.iter().map(|(text, words)| (&**text, *words)));
        let (written, loosened, alikes) = (written.compile()?, loosened.compile()?, alikes.compile()?);
        let reach = written.literals.longest().max(if has_patterns { REACH } else { 0 });
        Ok(Some(Self { accents, written, alikes, loosened, hints, is_small, reach }))
    }

    /// What is looked for in `text` as it is written, if that has letters of the wrong case.
    pub(super) fn alikes(&self, text: &str) -> Option<&Keywords> {
        (!self.alikes.seekers.is_empty() && has_odd_case(text.as_bytes())).then_some(&self.alikes)
    }

    /// Everything that is looked for where spelling was loosened.
    pub(super) fn in_loosened(&self) -> impl Iterator<Item = &Keywords> {
        std::iter::once(&self.loosened).chain((!self.is_small).then_some(&self.written))
    }

    /// Bytes of the longest keyword.
    pub(super) fn longest(&self) -> usize {
        self.written.literals.longest()
    }
}

/// Whether a capital I is behind a small letter, or between a capital and a small letter, or an "l" is behind a capital
/// and before no small letter. By arithmetic, so that the compiler does many bytes at once.
fn has_odd_case(text: &[u8]) -> bool {
    let is_capital = |byte: u8| u8::from(byte.wrapping_sub(b'A') < 26);
    let is_small = |byte: u8| u8::from(byte.wrapping_sub(b'a') < 26) | u8::from(byte >= 0x80);
    let is_odd = |[before, at, behind]: [u8; 3]| {
        let odd_capital = is_small(before) | is_capital(before) & is_small(behind);
        let odd_small = is_capital(before) & (is_small(behind) ^ 1);
        u8::from(at == b'I') & odd_capital | u8::from(at == b'l') & odd_small
    };
    let length = text.len().saturating_sub(2);
    let (behind, at, before) = (text.get(2..).unwrap_or_default(), text.get(1..).unwrap_or_default(), text);
    let ends_odd = matches!(text, [.., before, at] if is_odd([*before, *at, b' ']) != 0);
    let chunks = (0..length).step_by(CHUNK).map(|start| start..length.min(start + CHUNK));
    ends_odd
        || chunks.into_iter().any(|chunk| {
            let (before, at, behind) = (&before[chunk.clone()], &at[chunk.clone()], &behind[chunk]);
            let odd = before.iter().zip(at).zip(behind).map(|((before, at), behind)| is_odd([*before, *at, *behind]));
            odd.fold(0, |any, odd| any | odd) != 0
        })
}

/// Bytes that are looked at in one go.
const CHUNK: usize = 512;

/// Texts to search for, and who looks for each.
#[derive(Debug)]
pub(super) struct Keywords {
    literals: Literals,
    /// For every one of the literals.
    seekers: Vec<Vec<Seeker>>,
}

impl Keywords {
    /// Hands out everything in `text` that ends behind the start of `new` and not behind its end.
    pub(super) fn search(&self, text: &str, new: Range<usize>, mut found: impl FnMut(&[Seeker], Range<usize>)) {
        self.literals.search_new(text.as_bytes(), new, |occurrence| {
            found(&self.seekers[occurrence.pattern], occurrence.start..occurrence.end);
        });
    }
}

/// Texts, each once, with those who look for them.
#[derive(Default)]
struct Collected {
    texts: Vec<String>,
    numbers: HashMap<String, usize>,
    seekers: Vec<Vec<Seeker>>,
}

impl Collected {
    fn compile(self) -> Result<Keywords, TooManyKeywords> {
        Ok(Keywords { literals: Literals::build(&self.texts)?, seekers: self.seekers })
    }

    fn add_all(&mut self, texts: impl IntoIterator<Item = String>, seeker: Seeker) {
        texts.into_iter().for_each(|text| self.add(&text, seeker));
    }

    fn add(&mut self, text: &str, seeker: Seeker) {
        if text.is_empty() {
            return;
        }
        let number = *self.numbers.entry(text.to_owned()).or_insert_with(|| {
            self.texts.push(text.to_owned());
            self.seekers.push(Vec::new());
            self.texts.len() - 1
        });
        self.seekers[number].push(seeker);
    }
}
