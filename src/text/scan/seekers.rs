//! The keywords of all rules in one search, and who looks for each of them.

use std::collections::HashMap;
use std::ops::Range;

use super::{Term, TooManyKeywords};
use crate::text::fold::Accents;
use crate::text::literals::Literals;
use crate::text::loosen::{collapsed, joined, rot13};
use crate::text::normalise::Normalised;
use crate::text::pattern::REACH;
use crate::text::rule::{Rule, Words};
use crate::text::source::SourceText;
use crate::text::switches::{Switch, Switches};

/// Where there are more keywords than this, none is kept twice for the sake of memory: loosened text is searched once more
/// for all keywords, and phrases whose letters all stand alone, with nothing wider between their words, are not looked for.
const MOST_TWICE: usize = 100_000;

/// Keywords that are searched in text that is normalised in the same way.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) accents: Accents,
    /// As they are found in the text as it is.
    pub(super) written: Keywords,
    /// As they are found where its spelling was loosened. Where there are many, this leaves out those that are `written`.
    loosened: Keywords,
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
    pub(super) spelling: Spelling,
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
    /// By ROT13.
    Rotated,
}

impl Lane {
    /// The lane of the keywords for which accents count, or of those for which they do not; `None` when nothing is
    /// searched there.
    pub(super) fn of(rules: &[Rule], accents: Accents, has_patterns: bool) -> Result<Option<Self>, TooManyKeywords> {
        let has_patterns = has_patterns && accents == Accents::Kept;
        let is_small = rules.iter().map(|rule| rule.keywords.len()).sum::<usize>() <= MOST_TWICE;
        let (mut written, mut loosened) = (Collected::default(), Collected::default());
        for (index, rule) in rules.iter().enumerate() {
            for (number, keyword) in rule.keywords.iter().enumerate() {
                let switches = keyword.switches();
                if switches.has(Switch::Accents) != (accents == Accents::Stripped) {
                    continue;
                }
                let bare;
                let text = match accents {
                    Accents::Kept => keyword.normalised(),
                    Accents::Stripped => {
                        bare = Normalised::of(&SourceText::whole(keyword.as_written()), accents);
                        bare.as_str().trim_matches(' ')
                    }
                };
                let seeker = |spelling| Seeker {
                    term: Term { rule: index, term: number },
                    words: keyword.words(),
                    switches,
                    spelling,
                };
                written.add(text, seeker(Spelling::Itself));
                if is_small {
                    loosened.add(text, seeker(Spelling::Itself));
                }
                if switches.has(Switch::Repeated) {
                    collapsed(text).iter().for_each(|text| loosened.add(text, seeker(Spelling::Collapsed)));
                }
                if switches.has(Switch::Spaced) && is_small {
                    joined(text).iter().for_each(|text| loosened.add(text, seeker(Spelling::Joined)));
                }
                if switches.has(Switch::Rot13) {
                    written.add(&rot13(text), seeker(Spelling::Rotated));
                }
            }
        }
        if written.texts.is_empty() && !has_patterns {
            return Ok(None);
        }
        let (written, loosened) = (written.compile()?, loosened.compile()?);
        let reach = written.literals.longest().max(if has_patterns { REACH } else { 0 });
        Ok(Some(Self { accents, written, loosened, is_small, reach }))
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
