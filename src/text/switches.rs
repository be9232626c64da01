//! Which steps of normalisation a keyword is looked for with.

use std::fmt;

/// One step of normalisation that a rule can switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Switch {
    /// Full-width letters, ligatures and other compatibility forms are their plain letters.
    Compatibility,
    /// Upper and lower case are the same.
    Case,
    /// Zero-width and other invisible characters do not count.
    Invisible,
    /// Strokes and other marks drawn over letters do not count.
    Marks,
    /// Accents that belong to a letter do not count: "schön" is "schon".
    Accents,
    /// Look-alikes are what they look like.
    Confusables,
    /// Hiragana and katakana are the same.
    Kana,
    /// Traditional and simplified characters are the same.
    Chinese,
    /// Forms and vowel marks of Arabic letters do not count.
    Arabic,
    /// Points of Hebrew letters do not count.
    Hebrew,
    /// Digits and signs in place of letters are those letters.
    Leet,
    /// Letters with spaces or signs between them are a word.
    Spaced,
    /// A letter repeated many times is that letter.
    Repeated,
    /// HTML entities are what they stand for.
    Entities,
    /// Percent escapes are what they stand for.
    Percent,
    /// Base64 within text is what it encodes.
    Base64,
    /// Text is read by ROT13 too.
    Rot13,
    /// Strokes and accents on most letters of a word do not count.
    Strokes,
    /// A word that is divided at the end of a line is that word.
    Hyphens,
    /// Two letters that look like one are that one: rn is m, vv is w.
    Pairs,
    /// Signs between the words of a phrase do not count.
    Punctuation,
    /// A phrase may be one word: a hashtag, a host name, in camel case.
    Joined,
    /// Backslash escapes of programs and of CSS are what they stand for.
    Escapes,
    /// What a direction mark turns around is read as it is drawn.
    Reversed,
}

impl Switch {
    /// Every switch, in the order of their declaration.
    pub const ALL: [Self; 24] = [
        Self::Compatibility,
        Self::Case,
        Self::Invisible,
        Self::Marks,
        Self::Accents,
        Self::Confusables,
        Self::Kana,
        Self::Chinese,
        Self::Arabic,
        Self::Hebrew,
        Self::Leet,
        Self::Spaced,
        Self::Repeated,
        Self::Entities,
        Self::Percent,
        Self::Base64,
        Self::Rot13,
        Self::Strokes,
        Self::Hyphens,
        Self::Pairs,
        Self::Punctuation,
        Self::Joined,
        Self::Escapes,
        Self::Reversed,
    ];

    /// Name in rule files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compatibility => "compatibility",
            Self::Case => "case",
            Self::Invisible => "invisible",
            Self::Marks => "marks",
            Self::Accents => "accents",
            Self::Confusables => "confusables",
            Self::Kana => "kana",
            Self::Chinese => "chinese",
            Self::Arabic => "arabic",
            Self::Hebrew => "hebrew",
            Self::Leet => "leet",
            Self::Spaced => "spaced",
            Self::Repeated => "repeated",
            Self::Entities => "entities",
            Self::Percent => "percent",
            Self::Base64 => "base64",
            Self::Rot13 => "rot13",
            Self::Strokes => "strokes",
            Self::Hyphens => "hyphens",
            Self::Pairs => "pairs",
            Self::Punctuation => "punctuation",
            Self::Joined => "joined",
            Self::Escapes => "escapes",
            Self::Reversed => "reversed",
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Switches that find short words where nobody hid any: `900k` is no "gook", `he_IL` is no "heil". Unless a rule asks
/// for them, they are on for keywords of [`LEAST_LETTERS`] only.
const OF_LONGER_WORDS: [Switch; 4] = [Switch::Leet, Switch::Spaced, Switch::Repeated, Switch::Hyphens];

/// Letters of the shortest keyword that is looked for with [`OF_LONGER_WORDS`].
pub(super) const LEAST_LETTERS: usize = 5;

/// A set of switches that are on. By default all are but [`Switch::Accents`] and [`Switch::Rot13`], which find what
/// nobody hid.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Switches(u32);

impl Switches {
    /// Whether `switch` is on.
    pub const fn has(self, switch: Switch) -> bool {
        self.0 & switch.bit() != 0
    }

    /// The same set with `switch` on.
    #[must_use]
    pub const fn with(self, switch: Switch) -> Self {
        Self(self.0 | switch.bit())
    }

    /// The same set for a keyword of so many letters: what makes short words out of what is none stays on only where it
    /// was `asked` for.
    #[must_use]
    pub(super) fn for_letters(self, letters: usize, asked: Self) -> Self {
        let is_left = |switch: &Switch| letters >= LEAST_LETTERS || asked.has(*switch);
        OF_LONGER_WORDS.into_iter().filter(|switch| !is_left(switch)).fold(self, Self::without)
    }

    /// None of them.
    pub(super) const NONE: Self = Self(0);

    /// The same set with `switch` off.
    #[must_use]
    pub const fn without(self, switch: Switch) -> Self {
        Self(self.0 & !switch.bit())
    }
}

impl Default for Switches {
    fn default() -> Self {
        let all = Switch::ALL.into_iter().fold(Self(0), Self::with);
        all.without(Switch::Accents).without(Switch::Rot13)
    }
}

impl fmt::Debug for Switches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = Switch::ALL.into_iter().filter(|switch| self.has(*switch));
        f.debug_set().entries(on.map(Switch::name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_on_but_two_and_each_switches_alone() {
        let usual = Switches::default();
        for switch in Switch::ALL {
            assert_eq!(usual.has(switch), !matches!(switch, Switch::Accents | Switch::Rot13), "{}", switch.name());
            let off = usual.without(switch);
            assert!(!off.has(switch) && off.with(switch).has(switch));
            let others = Switch::ALL.into_iter().filter(|other| *other != switch);
            assert!(others.into_iter().all(|other| off.has(other) == usual.has(other)));
        }
    }
}
