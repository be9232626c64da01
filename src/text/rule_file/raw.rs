//! A rule file as it is written. The JSON Schema that editors use comes from these types.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use toml::value::Datetime;

use crate::content::{Action, Mode, Severity};
use crate::text::identifiers::IdentifierKind;
use crate::text::rule::{Expect, Words};
use crate::text::switches::{Switch, Switches};

/// A file of keyword rules for Penstock.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "for the schema; the file is read rule by rule, so that a mistake in one hides no other")]
pub(super) struct RawFile {
    /// The rules.
    #[schemars(default)]
    rule: Vec<RawRule>,
}

/// A rule.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    /// Name in verdicts and logs, unique among all rules: a-z, 0-9, ".", "_" and "-".
    #[schemars(with = "String", regex(pattern = r"^[a-z0-9][a-z0-9._-]*$"))]
    pub(super) id: Spanned<String>,
    /// One line for people.
    pub(super) title: Option<String>,
    /// What it is for, and where its keywords come from.
    pub(super) description: Option<String>,
    /// Told to the origin when an upload is flagged; formed like an id.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) labels: Vec<Spanned<String>>,
    /// How grave what it looks for is.
    pub(super) severity: Option<Severity>,
    /// The law that forbids it, in free text.
    pub(super) legal_ground: Option<String>,
    /// Where that law holds, in free text.
    pub(super) jurisdiction: Option<String>,
    /// Languages of its keywords, as BCP 47 tags such as "de" or "pt-BR".
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) languages: Vec<Spanned<String>>,
    /// Who answers for it.
    pub(super) author: Option<String>,
    /// Where to read on.
    #[serde(default)]
    pub(super) references: Vec<String>,
    /// A date to the end of which it matches, or a date with a time; UTC unless there is an offset.
    #[schemars(with = "Option<String>")]
    pub(super) expires: Option<Spanned<Datetime>>,
    /// What a match asks for. Default "block".
    pub(super) action: Option<Action>,
    /// Whether a match acts. Default "enforce".
    pub(super) mode: Option<Mode>,
    /// Words or phrases, of which one is enough unless `match`, `at_least` or `threshold` says otherwise.
    #[schemars(with = "Option<Vec<RawKeyword>>")]
    pub(super) keywords: Option<Spanned<Vec<Spanned<RawKeyword>>>>,
    /// A text file in the folder of this one with more keywords: one a line, "#" starts a comment line.
    #[schemars(with = "Option<String>")]
    pub(super) keywords_file: Option<Spanned<String>>,
    /// Regular expressions over normalised text, which count like keywords.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) regex: Vec<Spanned<String>>,
    /// URLs, domains, e-mail addresses, wallets and telephone numbers, which count like keywords.
    #[serde(default)]
    #[schemars(with = "Vec<RawIdentifiers>")]
    pub(super) identifiers: Vec<Spanned<RawIdentifiers>>,
    /// Whether any keyword is enough, the default, or all are needed.
    #[serde(rename = "match")]
    #[schemars(with = "Option<Matching>")]
    pub(super) matching: Option<Spanned<Matching>>,
    /// So many different keywords are needed.
    #[schemars(with = "Option<u32>", range(min = 1))]
    pub(super) at_least: Option<Spanned<i64>>,
    /// The weights of the different keywords that are found must come to this.
    #[schemars(with = "Option<u32>", range(min = 1))]
    pub(super) threshold: Option<Spanned<i64>>,
    /// Each of these is needed too.
    #[serde(default)]
    #[schemars(with = "Vec<RawKeyword>")]
    pub(super) all: Vec<Spanned<RawKeyword>>,
    /// One of these is needed too.
    #[serde(default)]
    #[schemars(with = "Vec<RawKeyword>")]
    pub(super) any: Vec<Spanned<RawKeyword>>,
    /// None of these may be in the text.
    #[serde(default)]
    #[schemars(with = "Vec<RawKeyword>")]
    pub(super) none: Vec<Spanned<RawKeyword>>,
    /// What is needed must stand close together.
    #[schemars(with = "Option<RawNear>")]
    pub(super) near: Option<Spanned<RawNear>>,
    /// Texts that are an exception.
    pub(super) unless: Option<RawUnless>,
    /// Where keywords count: "whole" words, the default, or "anywhere".
    pub(super) words: Option<Words>,
    /// Whether upper and lower case are the same: "fold", the default, or "sensitive".
    #[schemars(with = "Option<RawCase>")]
    pub(super) case: Option<Spanned<RawCase>>,
    /// Steps of normalisation, switched on or off.
    pub(super) normalise: Option<RawSwitches>,
    /// Which parts of uploads it looks at. Default all.
    pub(super) scope: Option<RawScope>,
    /// Texts that it must match, and texts that it must not.
    #[serde(default)]
    #[schemars(with = "Vec<RawTest>")]
    pub(super) test: Vec<Spanned<RawTest>>,
}

/// How many keywords are needed.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Matching {
    /// One.
    Any,
    /// Every one.
    All,
}

/// Whether case counts.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawCase {
    /// It does not.
    Fold,
    /// It does.
    Sensitive,
}

/// A keyword: its text, or a table of text and settings.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum RawKeyword {
    /// Its text.
    Text(String),
    /// Text and settings.
    Table(RawKeywordTable),
}

/// A keyword with settings of its own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKeywordTable {
    /// The word or phrase.
    pub(super) text: String,
    /// What it counts towards `threshold`. Default 1.
    #[schemars(with = "Option<u32>", range(min = 1, max = 1000))]
    pub(super) weight: Option<Spanned<i64>>,
    /// As for the rule.
    #[schemars(with = "Option<RawCase>")]
    pub(super) case: Option<Spanned<RawCase>>,
    /// As for the rule.
    pub(super) words: Option<Words>,
    /// As for the rule, whose switches hold where this says nothing.
    pub(super) normalise: Option<RawSwitches>,
}

impl<'de> Deserialize<'de> for RawKeyword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keyword;
        impl<'de> Visitor<'de> for Keyword {
            type Value = RawKeyword;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a keyword or a table with its text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<RawKeyword, E> {
                Ok(RawKeyword::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawKeyword, A::Error> {
                RawKeywordTable::deserialize(MapAccessDeserializer::new(map)).map(RawKeyword::Table)
            }
        }
        deserializer.deserialize_any(Keyword)
    }
}

/// Identifiers of one kind.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIdentifiers {
    /// What they name.
    pub(super) kind: IdentifierKind,
    /// The identifiers, or their hashes.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) list: Vec<Spanned<String>>,
    /// A text file in the folder of the rule file with more of them: one a line, "#" starts a comment line.
    #[schemars(with = "Option<String>")]
    pub(super) file: Option<Spanned<String>>,
    /// How they are hashed, when the list is not to be read.
    #[schemars(with = "Option<RawHashed>")]
    pub(super) hashed: Option<Spanned<RawHashed>>,
    /// What stands before each identifier when it is hashed by "sha256".
    #[schemars(with = "Option<String>")]
    pub(super) salt: Option<Spanned<String>>,
}

/// How identifiers are hashed.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawHashed {
    /// As ThreatExchange does: the MD5 of a URL in lower case without its scheme.
    UrlMd5,
    /// SHA-256 of the salt and the identifier in its one form.
    Sha256,
}

/// How close is near.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNear {
    /// What is needed must end at most so many words apart.
    #[schemars(with = "u32", range(min = 1, max = 1000))]
    pub(super) words: Spanned<i64>,
}

/// What makes an exception of a text.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUnless {
    /// One of these is in the text.
    #[serde(default)]
    #[schemars(with = "Vec<RawKeyword>")]
    pub(super) keywords: Vec<Spanned<RawKeyword>>,
    /// One of these hosts, or one below it, is in the text, in a URL or alone.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) domains: Vec<Spanned<String>>,
    /// Whether what stands in quotation marks or on a line that begins with ">" counts for nothing.
    #[serde(default)]
    pub(super) quoted: bool,
}

/// Which parts a rule looks at. Lists are of names in which "*" stands for anything; each list that is given must fit.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScope {
    /// Names of fields, JSON pointers, paths of entries.
    #[serde(default)]
    pub(super) fields: Vec<String>,
    /// Names of files.
    #[serde(default)]
    pub(super) file_names: Vec<String>,
    /// Media types, as declared or as the content shows; a part that declares none is "text/plain".
    #[serde(default)]
    pub(super) types: Vec<String>,
    /// Kinds of parts: "field", "file", "json", "xml", "body", "entry", "decoded" and so on.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) kinds: Vec<Spanned<String>>,
    /// Names of routes.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) routes: Vec<Spanned<String>>,
}

/// A test of a rule.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTest {
    /// A text.
    pub(super) text: Option<String>,
    /// A file with the text in its place, in the folder of the rule file.
    #[schemars(with = "Option<String>")]
    pub(super) file: Option<Spanned<String>>,
    /// Whether the rule must match it.
    pub(super) expect: Expect,
    /// The field it would be sent in, for rules with a scope.
    pub(super) field: Option<String>,
    /// The file name it would have, for rules with a scope.
    pub(super) file_name: Option<String>,
}

/// Steps of normalisation, on or off. What is not named stays as it is: on, but for accents and rot13.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawSwitches {
    /// Full-width letters, ligatures and other compatibility forms are their plain letters.
    compatibility: Option<bool>,
    /// Upper and lower case are the same.
    case: Option<bool>,
    /// Zero-width and other invisible characters do not count.
    invisible: Option<bool>,
    /// Strokes and other marks drawn over letters do not count.
    marks: Option<bool>,
    /// Accents that belong to a letter do not count. Off unless switched on.
    accents: Option<bool>,
    /// Look-alikes are what they look like.
    confusables: Option<bool>,
    /// Hiragana and katakana are the same.
    kana: Option<bool>,
    /// Traditional and simplified characters are the same.
    chinese: Option<bool>,
    /// Forms and vowel marks of Arabic letters do not count.
    arabic: Option<bool>,
    /// Points of Hebrew letters do not count.
    hebrew: Option<bool>,
    /// Digits and signs in place of letters are those letters. Off for keywords of under five letters unless switched
    /// on.
    leet: Option<bool>,
    /// Letters with spaces or signs between them are a word. Off for keywords of under five letters unless switched on.
    spaced: Option<bool>,
    /// A letter repeated many times is that letter. Off for keywords of under five letters unless switched on.
    repeated: Option<bool>,
    /// HTML entities are what they stand for.
    entities: Option<bool>,
    /// Percent escapes are what they stand for.
    percent: Option<bool>,
    /// Base64 within text is what it encodes.
    base64: Option<bool>,
    /// Text is read by ROT13 too. Off unless switched on.
    rot13: Option<bool>,
    /// Strokes and accents on most letters of a word do not count.
    strokes: Option<bool>,
    /// A word that is divided at the end of a line is that word. Off for keywords of under five letters unless switched
    /// on.
    hyphens: Option<bool>,
    /// Two letters that look like one are that one: rn is m, vv is w.
    pairs: Option<bool>,
    /// Signs between the words of a phrase do not count.
    punctuation: Option<bool>,
    /// A phrase may be one word: a hashtag, a host name, in camel case.
    joined: Option<bool>,
    /// Backslash escapes of programs and of CSS are what they stand for.
    escapes: Option<bool>,
    /// What a direction mark turns around is read as it is drawn.
    reversed: Option<bool>,
}

impl RawSwitches {
    /// What it says of a switch.
    pub(super) const fn of(&self, switch: Switch) -> Option<bool> {
        match switch {
            Switch::Compatibility => self.compatibility,
            Switch::Case => self.case,
            Switch::Invisible => self.invisible,
            Switch::Marks => self.marks,
            Switch::Accents => self.accents,
            Switch::Confusables => self.confusables,
            Switch::Kana => self.kana,
            Switch::Chinese => self.chinese,
            Switch::Arabic => self.arabic,
            Switch::Hebrew => self.hebrew,
            Switch::Leet => self.leet,
            Switch::Spaced => self.spaced,
            Switch::Repeated => self.repeated,
            Switch::Entities => self.entities,
            Switch::Percent => self.percent,
            Switch::Base64 => self.base64,
            Switch::Rot13 => self.rot13,
            Switch::Strokes => self.strokes,
            Switch::Hyphens => self.hyphens,
            Switch::Pairs => self.pairs,
            Switch::Punctuation => self.punctuation,
            Switch::Joined => self.joined,
            Switch::Escapes => self.escapes,
            Switch::Reversed => self.reversed,
        }
    }

    /// `usual` with what this says in its place.
    pub(super) fn over(&self, usual: Switches) -> Switches {
        Switch::ALL.into_iter().fold(usual, |switches, switch| match self.of(switch) {
            Some(true) => switches.with(switch),
            Some(false) => switches.without(switch),
            None => switches,
        })
    }
}
