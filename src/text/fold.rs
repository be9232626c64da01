//! When two spellings count as the same: the folding that keywords and text both go through.
//!
//! A *run* is a character with the marks and vowels that Unicode lets join it; runs are folded one by one:
//!
//! 1. NFKC: compatibility forms (full width, ligatures, mathematical letters) and composition; styles of letters that
//!    NFKC knows nothing of (`styled`).
//! 2. Marks that did not compose are decoration and go, if they belong to no script (strike-through overlays) or sit on
//!    an ASCII character. Accents that belong to a letter stay: "schön" is not "schon". Of three marks or more on a
//!    Latin letter none does.
//! 3. What scripts write in more ways than one becomes one (`script`): Arabic letter forms, kana, Chinese characters;
//!    vowel signs that may be left out go.
//! 4. Case folding by lower → upper → lower case of the standard library. That is full folding (ß and ẞ to "ss", ς and
//!    ſ to σ and s) from tables that come with the compiler; no crate is needed for it.
//! 5. Look-alikes to their prototype (UTS #39 skeleton), which may be upper case (0 → O) or have a prototype itself
//!    once in lower case, so lower case and skeleton repeat until nothing changes.
//!
//! One departure from UTS #39: it writes "m" as "rn", `"` as `''` and "%" as "°/₀". Here such a class folds to its
//! ASCII member, because "corn" in a rule must not block "com", and so that ASCII folds byte by byte. Folding case
//! first leaves a gap: capitals that look like Latin ones while their small letters do not (В, Н, Т). What they are
//! drawn like is kept beside ([`Fold::drawn`]), and read where a whole word looks Latin (`loosen`).

use std::sync::{LazyLock, OnceLock};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, decompose_compatible, is_combining_mark};
use unicode_normalization::{IsNormalized, is_nfc_quick};
use unicode_security::skeleton;

use super::offsets::lengths;
use super::script;
use super::styled;

/// In [`ASCII_FOLD`]: the character is invisible and goes.
pub(super) const DROPPED: u8 = 0;

/// Every ASCII character's folding, itself ASCII. A test holds it equal to [`fold_run`].
pub(super) const ASCII_FOLD: [u8; 128] = ascii_fold();

/// Rounds of lower case and skeleton. Measured over all of Unicode, two change something.
const MAX_ROUNDS: usize = 4;

const fn ascii_fold() -> [u8; 128] {
    let mut table = [DROPPED; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = match byte {
            b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ' => b' ',
            b'0' => b'o',
            b'1' | b'|' => b'l',
            b'`' => b'\'',
            0..=0x1f | 0x7f => DROPPED,
            visible => visible.to_ascii_lowercase(),
        };
        byte += 1;
    }
    table
}

/// Marks on a Latin letter of which none belongs to it. No orthography puts three on one.
const LEAST_STACKED: usize = 3;

/// What a character does to the run before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Starts a run.
    Starts,
    /// Joins the run before it.
    Joins,
    /// Is removed, and does not end the run: default-ignorable (zero-width, bidi, soft hyphen…) or a control character.
    Invisible,
}

/// Whether accents count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accents {
    /// "schön" is not "schon".
    Kept,
    /// It is.
    Stripped,
}

/// What a character does and folds to when it is a run alone, in one word so that a page of them is small.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fold(u32);

impl Fold {
    const TEXT: u32 = 1 << 21;
    const IMPOSTOR: u32 = 1 << 22;
    const JOINS: u32 = 1 << 23;
    const INVISIBLE: u32 = 1 << 24;
    /// Five bits for a letter, 1 to 26.
    const DRAWN: u32 = 25;
    const EITHER: u32 = 1 << 30;

    /// `folded` is what `ch` folds to, and if that is not one character, it gets a `number`.
    fn of(ch: char, folded: &str, number: usize) -> Self {
        let mut chars = folded.chars();
        let first = chars.next();
        let role = match role(ch) {
            Role::Starts => 0,
            Role::Joins => Self::JOINS,
            Role::Invisible => Self::INVISIBLE,
        };
        let is_impostor = !is_word_character(ch) && first.is_some_and(is_word_character);
        let drawn = if role == 0 { styled::drawn(ch, folded) } else { None };
        let folded = match first.filter(|_| chars.next().is_none()) {
            Some(folded) => folded as u32,
            None => Self::TEXT | number as u32,
        };
        let drawn = drawn.map_or(0, |letter| (letter as u32 - u32::from(b'a') + 1) << Self::DRAWN);
        let is_either = role == 0 && folded == u32::from(b'l') && styled::looks_like_capital_i(ch);
        let flag = |is_set: bool, bit: u32| if is_set { bit } else { 0 };
        Self(role | flag(is_impostor, Self::IMPOSTOR) | flag(is_either, Self::EITHER) | folded | drawn)
    }

    /// The Latin letter that it is drawn like, if that is not what it folds to.
    #[inline]
    pub(super) const fn drawn(self) -> Option<u8> {
        match (self.0 >> Self::DRAWN) as u8 & 0x1f {
            0 => None,
            number => Some(b'a' - 1 + number),
        }
    }

    const fn is_character(self) -> bool {
        self.0 & Self::TEXT == 0
    }

    /// What it does.
    #[inline]
    pub(super) const fn role(self) -> Role {
        match self.0 & (Self::JOINS | Self::INVISIBLE) {
            0 => Role::Starts,
            Self::JOINS => Role::Joins,
            _ => Role::Invisible,
        }
    }

    /// Whether it is no letter or digit, and looks like one.
    #[inline]
    pub(super) const fn is_impostor(self) -> bool {
        self.0 & Self::IMPOSTOR != 0
    }

    /// Whether it folds to "l" and looks like a capital I just as well.
    #[inline]
    pub(super) const fn is_either(self) -> bool {
        self.0 & Self::EITHER != 0
    }

    /// The folding, if that is one character.
    #[inline]
    pub(super) fn folded(self) -> Option<char> {
        if self.is_character() { char::from_u32(self.0 & (Self::TEXT - 1)) } else { None }
    }
}

/// What a character that starts a run folds to, if there is nothing else to note: what nearly all text is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlainFold {
    /// The folding in UTF-8, with anything behind it.
    pub(super) bytes: [u8; Self::LONGEST],
    /// [`lengths`] of it and of the character, or zero when the character is not plain.
    pub(super) lengths: u8,
}

impl PlainFold {
    /// Bytes of the longest.
    pub(super) const LONGEST: usize = 7;

    /// For a character that is not plain.
    pub(super) const NONE: Self = Self { bytes: [0; Self::LONGEST], lengths: 0 };

    fn of(ch: char, fold: Fold, folded: &str) -> Self {
        // "1" and "|" are looked at with their neighbours, and so are spaces beyond the first.
        let is_noted = fold.is_impostor() || fold.is_either() || fold.drawn().is_some() || matches!(ch, '1' | '|');
        let is_plain = fold.role() == Role::Starts && !is_noted;
        let starts = folded.as_bytes().first().filter(|first| **first != b' ' || folded.len() == 1);
        if !is_plain || starts.is_none() || folded.len() > Self::LONGEST {
            return Self::NONE;
        }
        let mut bytes = [0; Self::LONGEST];
        bytes[..folded.len()].copy_from_slice(folded.as_bytes());
        Self { bytes, lengths: lengths(folded.len(), ch.len_utf8()) }
    }
}

/// Characters of two bytes at most.
pub(super) const LOW: usize = 0x800;

const PAGE: usize = 256;

/// The foldings of so many characters in a row.
#[derive(Debug)]
struct Page {
    plain: [PlainFold; PAGE],
    folds: [Fold; PAGE],
    /// Foldings of other than one character; [`Fold`] has their numbers.
    texts: Vec<String>,
}

/// The foldings of all characters. Working one out takes some hundred nanoseconds, so they are kept by the page.
#[derive(Debug)]
pub(super) struct FoldTable {
    accents: Accents,
    low: OnceLock<Box<[PlainFold; LOW]>>,
    pages: [OnceLock<Box<Page>>; 0x11_0000 / PAGE],
}

impl FoldTable {
    /// The table with or without accents, which all share.
    pub(super) fn of(accents: Accents) -> &'static Self {
        static KEPT: FoldTable = FoldTable::new(Accents::Kept);
        static STRIPPED: FoldTable = FoldTable::new(Accents::Stripped);
        match accents {
            Accents::Kept => &KEPT,
            Accents::Stripped => &STRIPPED,
        }
    }

    const fn new(accents: Accents) -> Self {
        Self { accents, low: OnceLock::new(), pages: [const { OnceLock::new() }; 0x11_0000 / PAGE] }
    }

    /// What `ch` does, and folds to.
    #[inline]
    pub(super) fn get(&self, ch: char) -> Fold {
        self.page(ch as usize / PAGE).folds[ch as usize % PAGE]
    }

    /// The plain foldings of characters of two bytes at most.
    pub(super) fn low(&self) -> &[PlainFold; LOW] {
        let plain = |code: usize| char::from_u32(code as u32).map_or(PlainFold::NONE, |ch| self.plain(ch));
        self.low.get_or_init(|| Box::new(std::array::from_fn(plain)))
    }

    /// What `ch` folds to if that is all there is to it.
    #[inline]
    pub(super) fn plain(&self, ch: char) -> PlainFold {
        self.page(ch as usize / PAGE).plain[ch as usize % PAGE]
    }

    /// What `ch` folds to when that is not one character.
    pub(super) fn text(&self, ch: char) -> &str {
        let page = self.page(ch as usize / PAGE);
        let number = page.folds[ch as usize % PAGE].0 & (Fold::TEXT - 1);
        page.texts.get(number as usize).map_or("", String::as_str)
    }

    /// See [`fold_run`].
    pub(super) fn fold_run(&self, run: &[char]) -> String {
        fold_run(run, self.accents)
    }

    #[inline]
    fn page(&self, number: usize) -> &Page {
        self.pages[number].get_or_init(|| self.make_page(number))
    }

    #[cold]
    fn make_page(&self, number: usize) -> Box<Page> {
        let mut texts = Vec::new();
        let mut plain = [PlainFold::NONE; PAGE];
        let folds = std::array::from_fn(|position| {
            // Surrogates are no characters.
            let Some(ch) = char::from_u32((number * PAGE + position) as u32) else {
                return Fold(Fold::INVISIBLE | Fold::TEXT);
            };
            let folded = self.fold_run(&[ch]);
            let fold = Fold::of(ch, &folded, texts.len());
            plain[position] = PlainFold::of(ch, fold, &folded);
            texts.extend((!fold.is_character()).then_some(folded));
            fold
        });
        Box::new(Page { plain, folds, texts })
    }
}

/// Two bits a character of the basic plane: [`ALPHANUMERIC`] and [`MARK`]. Looking those up in the tables of Unicode
/// took a third of the time of a text of "ÿ", and half of that of Latin-1.
static KINDS: LazyLock<Box<[u8]>> = LazyLock::new(|| {
    let kind = |code: u32| char::from_u32(code).map_or(0, looked_up_kind);
    (0..=0xffff / 4).map(|four| (0..4).fold(0, |bits, at| bits | kind(4 * four + at) << (2 * at))).collect()
});

/// In [`KINDS`]: a letter or digit.
const ALPHANUMERIC: u8 = 1;

/// In [`KINDS`]: a mark that joins the character before it.
const MARK: u8 = 2;

/// Whether `ch` is part of a word when it touches one.
#[inline]
pub(super) fn is_word_character(ch: char) -> bool {
    if ch.is_ascii() { ch.is_ascii_alphanumeric() } else { kind(ch) != 0 }
}

/// The same as [`char::is_alphanumeric`].
#[inline]
pub(super) fn is_alphanumeric(ch: char) -> bool {
    if ch.is_ascii() { ch.is_ascii_alphanumeric() } else { kind(ch) & ALPHANUMERIC != 0 }
}

fn kind(ch: char) -> u8 {
    let code = ch as usize;
    KINDS.get(code / 4).map_or_else(|| looked_up_kind(ch), |four| four >> (2 * (code % 4)) & 3)
}

fn looked_up_kind(ch: char) -> u8 {
    (u8::from(ch.is_alphanumeric()) * ALPHANUMERIC) | (u8::from(is_combining_mark(ch)) * MARK)
}

fn role(ch: char) -> Role {
    if is_invisible(ch) {
        return Role::Invisible;
    }
    let mut first = None;
    decompose_compatible(ch, |part| {
        first.get_or_insert(part);
    });
    let first = first.unwrap_or(ch);
    let composes = is_nfc_quick(std::iter::once(first)) == IsNormalized::Maybe;
    let is_mark = canonical_combining_class(first) != 0 || belongs_to_no_script(first) || script::is_point(first);
    let joins = composes || is_mark;
    if joins { Role::Joins } else { Role::Starts }
}

pub(super) fn is_invisible(ch: char) -> bool {
    // Anchors of notes between lines, and the place of an object, are drawn as nothing.
    if script::is_filler(ch) || matches!(ch, '\u{fff9}'..='\u{fffc}') {
        return true;
    }
    if ch.is_control() {
        return !ch.is_whitespace();
    }
    // The skeleton leaves out default-ignorable characters and nothing else.
    skeleton(ch.encode_utf8(&mut [0; 4])).next().is_none()
}

/// The folding of one run without its invisible characters. May be empty; white space becomes one space.
fn fold_run(run: &[char], accents: Accents) -> String {
    if let &[ch] = run
        && is_invisible(ch)
    {
        return String::new();
    }
    let bare = undecorated(composed(run));
    let small = |ch| styled::small_capital(ch).unwrap_or(ch);
    let mut folded: String = bare.into_iter().map(script::folded).flat_map(fold_case).map(small).nfc().collect();
    if accents == Accents::Stripped {
        folded = folded.nfd().filter(|ch| !is_combining_mark(*ch)).collect();
    }
    for _ in 0..MAX_ROUNDS {
        let next: String = folded.nfd().flat_map(prototype).flat_map(char::to_lowercase).nfc().collect();
        if next == folded {
            break;
        }
        folded = next;
    }
    folded
}

/// NFKC, but for spacing accents: it would make a space and a mark of "´", which people type for an apostrophe.
fn composed(run: &[char]) -> Vec<char> {
    let plain = |ch: &char| if ch.is_whitespace() { ' ' } else { styled::plain(*ch).unwrap_or(*ch) };
    let run: Vec<char> = unstacked(run.iter().map(plain).collect());
    let composed: Vec<char> = run.iter().copied().nfkc().collect();
    if composed.first() == Some(&' ') { run } else { composed }
}

/// A Latin letter without its marks, if there are so many that none belongs to it.
fn unstacked(mut run: Vec<char>) -> Vec<char> {
    if run.len() > 1 || run.first().is_some_and(|first| !first.is_ascii()) {
        let parts: Vec<char> = run.iter().copied().nfd().collect();
        let is_latin = parts.first().is_some_and(char::is_ascii_alphabetic);
        if is_latin && parts.iter().filter(|ch| is_combining_mark(**ch)).count() >= LEAST_STACKED {
            run = parts.into_iter().filter(|ch| !is_combining_mark(*ch)).collect();
        }
    }
    run
}

fn undecorated(mut run: Vec<char>) -> Vec<char> {
    let is_ascii = run.first().is_some_and(char::is_ascii);
    run.retain(|ch| !(belongs_to_no_script(*ch) || script::is_point(*ch) || is_ascii && is_combining_mark(*ch)));
    run
}

/// Combining marks for any script, by their blocks, and the Cyrillic marks that enclose anything.
pub(super) fn belongs_to_no_script(ch: char) -> bool {
    matches!(
        ch,
        '\u{300}'..='\u{36f}'
            | '\u{488}'..='\u{489}'
            | '\u{a670}'..='\u{a672}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

pub(super) fn fold_case(ch: char) -> impl Iterator<Item = char> {
    ch.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

pub(super) fn prototype(ch: char) -> Vec<char> {
    let prototype: Vec<char> = skeleton(ch.encode_utf8(&mut [0; 4])).collect();
    match prototype.as_slice() {
        ['r', 'n', marks @ ..] => std::iter::once('m').chain(marks.iter().copied()).collect(),
        ['\'', '\''] => vec!['"'],
        ['°', '/', '₀'] => vec!['%'],
        _ => prototype,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(text: &str) -> String {
        fold_run(&text.chars().collect::<Vec<_>>(), Accents::Kept)
    }

    #[test]
    fn word_characters_are_those_of_unicode() {
        for ch in '\0'..=char::MAX {
            let is_word = ch.is_alphanumeric() || is_combining_mark(ch);
            assert_eq!((is_word_character(ch), is_alphanumeric(ch)), (is_word, ch.is_alphanumeric()), "{ch:?}");
        }
    }

    #[test]
    fn the_ascii_table_agrees_with_the_general_folding() {
        for byte in 0..128_u8 {
            let expected = match ASCII_FOLD[usize::from(byte)] {
                DROPPED => String::new(),
                folded => char::from(folded).to_string(),
            };
            assert_eq!(fold(&char::from(byte).to_string()), expected, "{byte:#x}");
        }
    }

    #[test]
    fn spellings_fold_as_documented() {
        for (spelling, folded) in [
            ("A", "a"),
            ("ß", "ss"),
            ("ẞ", "ss"),
            ("ſ", "s"),
            ("ﬁ", "fi"),
            ("Ａ", "a"),
            ("𝐀", "a"),
            ("ⓐ", "a"),
            ("а", "a"),
            ("А", "a"),
            ("e\u{301}", "é"),
            ("é", "é"),
            ("f\u{336}", "f"),
            ("f\u{5b4}", "f"),
            ("\u{489}", ""),
            ("ש\u{5c1}", "ש"),
            ("o\u{301}\u{336}", "ó"),
            ("m", "m"),
            ("ⅿ", "m"),
            ("´", "'"),
            ("’", "'"),
            ("“", "\""),
            ("\u{3000}", " "),
            ("\u{85}", " "),
            ("\n\u{336}", " "),
            ("\u{2003}\u{5b4}", " "),
            ("\u{200b}", ""),
            ("\u{202e}", ""),
            ("\u{ad}", ""),
            ("\u{0}", ""),
        ] {
            assert_eq!(fold(spelling), folded, "{spelling:?}");
        }
        for (one, other) in
            [("ς", "Σ"), ("σ", "Σ"), ("\u{ff76}\u{ff9e}", "ガ"), ("\u{1112}\u{1161}\u{11ab}", "한"), ("č", "c\u{30c}")]
        {
            assert_eq!(fold(one), fold(other), "{one:?} and {other:?}");
        }
    }

    #[test]
    fn characters_start_join_or_vanish() {
        for (ch, role) in [
            ('a', Role::Starts),
            ('한', Role::Starts),
            ('\u{301}', Role::Joins),
            ('\u{1161}', Role::Joins),
            ('\u{ff9e}', Role::Joins),
            ('\u{489}', Role::Joins),
            ('\u{200d}', Role::Invisible),
            ('\u{2066}', Role::Invisible),
            ('\u{fe0f}', Role::Invisible),
            ('\u{7}', Role::Invisible),
            ('\n', Role::Starts),
        ] {
            assert_eq!(FoldTable::of(Accents::Kept).get(ch).role(), role, "{ch:?}");
        }
    }

    #[test]
    fn both_cases_of_every_single_letter_fold_alike() {
        for ch in ('\0'..=char::MAX).filter(|ch| !is_combining_mark(*ch)) {
            let folded = fold_run(&[ch], Accents::Kept);
            for mut other in [ch.to_lowercase().collect::<Vec<_>>(), ch.to_uppercase().collect()] {
                if other.len() == 1 {
                    assert_eq!(fold_run(&other, Accents::Kept), folded, "{ch:?} and {:?}", other.remove(0));
                }
            }
        }
    }

    #[test]
    fn repeating_the_prototype_step_comes_to_rest() {
        for ch in '\0'..=char::MAX {
            let folded = fold_run(&[ch], Accents::Kept);
            let again: String = folded.nfd().flat_map(prototype).flat_map(char::to_lowercase).nfc().collect();
            assert_eq!(again, folded, "{ch:?}");
        }
    }
}
