//! Other spellings of a keyword, as [`loosen`](super::loosen) leaves them or as they are turned.

use crate::text::fold::is_word_character;

/// Doubled letters of a keyword that are taken into account, each of which may be written single.
const MOST_DOUBLES: u32 = 3;

/// The ways to write the keyword `text` with some of its doubled letters single: as [`loosen`] leaves them where they
/// were repeated.
pub(in crate::text) fn collapsed(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let doubles: Vec<usize> =
        (1..chars.len()).filter(|at| chars[*at] == chars[at - 1] && chars[*at].is_alphabetic()).collect();
    let count = (doubles.len() as u32).min(MOST_DOUBLES);
    let without = |choice: u32| {
        let is_kept = |at: usize| {
            let number = doubles.iter().position(|double| *double == at);
            number.is_none_or(|number| choice >> number.min(MOST_DOUBLES as usize - 1) & 1 == 0)
        };
        (0..chars.len()).filter(|at| is_kept(*at)).map(|at| chars[at]).collect()
    };
    (1..1_u32 << count).map(without).collect()
}

/// The phrase `text` without its spaces, as it is found where all its letters stand alone or as a hashtag; `None` for a
/// word.
pub(in crate::text) fn joined(text: &str) -> Option<String> {
    let is_phrase = text.contains(' ');
    is_phrase.then(|| text.chars().filter(|ch| *ch != ' ').collect())
}

/// The keyword `text` with nothing but spaces between its words, as it is read where signs between words were left out;
/// `None` where that is what it is.
pub(in crate::text) fn without_signs(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split(|ch: char| !is_word_character(ch)).filter(|word| !word.is_empty()).collect();
    let bare = words.join(" ");
    (words.len() > 1 && bare != text).then_some(bare)
}

/// Two letters that look like one, and that one; and letters that its word has at least, so that no other word is
/// meant: "modern" is no "modem".
const PAIRS: [(&str, char, usize); 2] = [("rn", 'm', 7), ("vv", 'w', 4)];

/// Letters of a phrase in which such letters are looked for whatever its words have.
const LEAST_OF_PHRASE: usize = 12;

/// The ways to write the keyword `text` with two letters for one that they look like: for any one, and for all.
pub(in crate::text) fn paired(text: &str) -> Vec<String> {
    let length = |text: &str| text.chars().filter(|ch| is_word_character(*ch)).count();
    let is_phrase = text.contains(' ') && length(text) >= LEAST_OF_PHRASE;
    let mut found = Vec::new();
    for (pair, letter, least) in PAIRS {
        let (mut places, mut at) = (Vec::new(), 0);
        for word in text.split_inclusive(' ') {
            if is_phrase || length(word) >= least {
                places.extend(word.match_indices(letter).map(|(within, _)| at + within));
            }
            at += word.len();
        }
        found.extend(replaced(text, &places, letter.len_utf8(), pair));
    }
    found
}

/// The ways to write the keyword `text` with a capital I for an "l", or an "l" for an I among capitals: for any one,
/// and for all. A short word may well begin with the one or the other.
pub(in crate::text) fn alike(text: &str) -> Vec<String> {
    let letters = text.chars().filter(|ch| is_word_character(*ch)).count();
    if letters < LEAST_ALIKE {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (letter, other) in [('l', "i"), ('i', "l")] {
        let is_counted = |at: &usize| letters > LEAST_ALIKE || *at > 0;
        let places: Vec<usize> = text.match_indices(letter).map(|(at, _)| at).filter(is_counted).collect();
        found.extend(replaced(text, &places, 1, other));
    }
    found
}

/// The keyword `text` with "l" for each "i", as it is read where one sign stands for both; `None` where it has no "l",
/// so that none does.
pub(in crate::text) fn with_l(text: &str) -> Option<String> {
    text.contains('l').then(|| text.replace('i', "l"))
}

/// Letters of the shortest keyword in which a capital I may stand for an "l".
const LEAST_ALIKE: usize = 4;

/// Places in a keyword of which each by itself is written otherwise.
const MOST_PLACES: usize = 3;

/// `text` with what is at one of `places`, and at all, written otherwise.
fn replaced(text: &str, places: &[usize], length: usize, other: &str) -> Vec<String> {
    let with = |chosen: &[usize]| {
        let (mut made, mut done) = (String::with_capacity(text.len() + chosen.len()), 0);
        for at in chosen {
            made.push_str(&text[done..*at]);
            made.push_str(other);
            done = at + length;
        }
        made + &text[done..]
    };
    let each = places.iter().take(MOST_PLACES).map(|at| with(&[*at]));
    each.chain((places.len() > 1).then(|| with(places))).collect()
}

/// `text` by ROT13, which leaves all but the letters a to z.
pub(in crate::text) fn rot13(text: &str) -> String {
    let rotated = |ch: char| match ch {
        'a'..='m' => (ch as u8 + 13) as char,
        'n'..='z' => (ch as u8 - 13) as char,
        _ => ch,
    };
    text.chars().map(rotated).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubled_letters_may_be_single_and_rot13_turns_back() {
        assert_eq!(collapsed("balloon"), ["baloon", "ballon", "balon"]);
        assert_eq!(collapsed("turnip"), [""; 0]);
        assert_eq!(paired("quantum"), ["quanturn"]);
        assert_eq!(paired("modem"), [""; 0]);
        assert_eq!(
            paired("my maximum modem"),
            ["rny maximum modem", "my rnaximum modem", "my maxirnum modem", "rny rnaxirnurn rnodern"]
        );
        assert_eq!(alike("zorblax"), ["zorbiax"]);
        assert_eq!(alike("lan"), [""; 0]);
        assert_eq!(alike("girl"), ["giri", "glrl"]);
        assert_eq!(without_signs("dr. dre"), Some("dr dre".to_owned()));
        assert_eq!(without_signs("zorblax quantum"), None);
        assert_eq!(rot13("turnip é"), "gheavc é");
        assert_eq!(rot13(&rot13("turnip")), "turnip");
    }
}
