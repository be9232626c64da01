//! A word or phrase to look for, and how.

use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::Place;
use crate::text::fold::is_alphanumeric;
use crate::text::normalise::{Normalised, Standing};
use crate::text::original::CaseShape;
use crate::text::switches::{Switch, Switches};
use crate::text::words::is_of_unspaced_script;

/// A keyword that has something left once normalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyword {
    written: String,
    normalised: String,
    words: Words,
    switches: Switches,
    origin: Origin,
}

/// Where a keyword was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::text) struct Origin {
    /// A file beside the rule file, when it is not that one itself.
    pub(in crate::text) file: Option<Arc<Path>>,
    /// Where in it.
    pub(in crate::text) place: Place,
}

impl Keyword {
    /// A keyword as somebody wrote it, that counts as a whole word and is looked for with the usual switches; `None`
    /// when normalisation leaves nothing to look for.
    pub fn new(written: &str) -> Option<Self> {
        let normalised = Normalised::text_of(written).trim_matches(' ').to_owned();
        let letters = letters_of(&normalised);
        (!normalised.is_empty()).then(|| Self {
            written: written.to_owned(),
            normalised,
            words: Words::Whole,
            switches: Switches::default().for_letters(letters, Switches::NONE),
            origin: Origin { file: None, place: Place { line: 1, column: 1 } },
        })
    }

    /// The same keyword, looked for in this way.
    pub(in crate::text) fn looked_for(self, words: Words, switches: Switches) -> Self {
        Self { words, switches, ..self }
    }

    /// The same keyword, written there.
    pub(in crate::text) fn written_at(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// As in the rule file.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// Where in the text it counts.
    pub fn words(&self) -> Words {
        self.words
    }

    /// The steps of normalisation that it is looked for with.
    pub fn switches(&self) -> Switches {
        self.switches
    }

    /// Whether its upper and lower case count.
    pub fn is_case_sensitive(&self) -> bool {
        !self.switches.has(Switch::Case)
    }

    /// As it is looked for.
    pub(in crate::text) fn normalised(&self) -> &str {
        &self.normalised
    }

    /// How many letters and digits it has. A character of a script without spaces is worth several: it may be a word.
    pub(in crate::text) fn letters(&self) -> usize {
        letters_of(&self.normalised)
    }

    pub(in crate::text) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What makes two keywords find the same.
    pub(in crate::text) fn identity(&self) -> (String, Words, Switches, Option<CaseShape>) {
        let shape = self.is_case_sensitive().then(|| CaseShape::of(self.written.chars()));
        (self.normalised.clone(), self.words, self.switches, shape)
    }
}

/// What a character of a script without spaces counts for among letters.
const WORTH_OF_UNSPACED: usize = 3;

fn letters_of(text: &str) -> usize {
    let worth = |ch: char| if is_of_unspaced_script(ch) { WORTH_OF_UNSPACED } else { 1 };
    text.chars().filter(|ch| is_alphanumeric(*ch)).map(worth).sum()
}

/// Where in the text a keyword counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Words {
    /// Only where no letter or digit touches it.
    Whole,
    /// Inside longer words too; the choice for scripts that put no spaces between words.
    Anywhere,
}

impl Words {
    /// Whether a keyword that stands like this counts. One that takes part of a character never does.
    pub(in crate::text) fn allow(self, standing: Standing) -> bool {
        match standing {
            Standing::CutsCharacter => false,
            Standing::InWord => self == Self::Anywhere,
            Standing::Alone => true,
        }
    }
}
