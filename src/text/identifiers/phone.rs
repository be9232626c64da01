//! Telephone numbers.

use std::ops::Range;

/// Digits of a number that is worth comparing, and at most, by ITU-T E.164.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// The digits of `written`, with the country's first when it says so by "+" or "00", otherwise with one zero before them.
/// `None` when it is no number.
pub(super) fn normalised(written: &str) -> Option<String> {
    let is_fitting = |ch: char| digit(ch).is_some() || is_between(ch) || ch == '+';
    if !written.chars().all(is_fitting) {
        return None;
    }
    // "+49 (0)151" has a zero that is dialled without the rest before it only.
    let plain = written.replace("(0)", "");
    let digits: String = plain.chars().filter_map(digit).collect();
    let is_international = plain.trim_start_matches(is_between).starts_with('+');
    let (digits, is_international) = match digits.strip_prefix("00") {
        Some(rest) if !is_international => (rest.to_owned(), true),
        _ => (digits, is_international),
    };
    if !DIGITS.contains(&digits.len()) {
        return None;
    }
    Some(if is_international { digits } else { format!("0{}", digits.trim_start_matches('0')) })
}

/// Whether a number in a text is the part of the `listed` one that is dialled within the country. Their last digits are
/// the same then.
pub(super) fn is_national_form(seen: &str, listed: &str) -> bool {
    const COUNTRY: usize = 3;
    let within = seen.strip_prefix('0').filter(|rest| rest.len() >= *DIGITS.start());
    let country = within.and_then(|rest| listed.strip_suffix(rest));
    country.is_some_and(|country| (1..=COUNTRY).contains(&country.len()))
}

/// The digits that every form of a number ends with.
pub(super) fn last_digits(normalised: &str) -> &str {
    &normalised[normalised.len().saturating_sub(*DIGITS.start())..]
}

/// The decimal digit that `ch` is, in any script that people type numbers in.
fn digit(ch: char) -> Option<char> {
    let zero = match ch {
        '0'..='9' => return Some(ch),
        '٠'..='٩' => '٠',
        '۰'..='۹' => '۰',
        '०'..='९' => '०',
        '０'..='９' => '０',
        _ => return None,
    };
    char::from_digit(ch as u32 - zero as u32, 10)
}

/// Whether `number` is written as days are: a year of four digits, a month and a day of two at most.
fn is_date(number: &str) -> bool {
    let groups: Vec<usize> = number.split(is_between).map(|group| group.chars().count()).collect();
    matches!(groups[..], [4, 1..=2, 1..=2] | [1..=2, 1..=2, 4])
}

const fn is_between(ch: char) -> bool {
    matches!(ch, ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' | '‑' | '–')
}

/// Every number in `text`, where it is and its one form. One that touches the end is left out unless the text `is_whole`.
pub(super) fn sightings(text: &str, is_whole: bool) -> impl Iterator<Item = (Range<usize>, String)> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        while let Some(found) = text.get(rest..)?.find(|ch| ch == '+' || digit(ch).is_some()) {
            let start = rest + found;
            let run = text[start..].find(|ch| !(digit(ch).is_some() || is_between(ch) || ch == '+'));
            let end = run.map_or(text.len(), |length| start + length);
            rest = end;
            let number = text[start..end].trim_end_matches(is_between);
            let touches = |ch: Option<char>| ch.is_some_and(char::is_alphanumeric);
            let is_part =
                touches(text[..start].chars().next_back()) || touches(text[start + number.len()..].chars().next());
            let is_cut = end == text.len() && !is_whole;
            if !is_part
                && !is_cut
                && !is_date(number)
                && let Some(normalised) = normalised(number)
            {
                return Some((start..start + number.len(), normalised));
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_to_write_a_number_come_down_to_one() {
        for (written, expected) in [
            ("+49 151 2345678", Some("491512345678")),
            ("0049 (151) 234-5678", Some("491512345678")),
            ("+49 (0)151/2345678", Some("491512345678")),
            ("0151 2345678", Some("01512345678")),
            ("٠١٥١ ٢٣٤٥٦٧٨", Some("01512345678")),
            ("123", None),
            ("1234567890123456", None),
            ("call 0151", None),
        ] {
            assert_eq!(normalised(written).as_deref(), expected, "{written}");
        }
        assert!(is_national_form("01512345678", "491512345678") && !is_national_form("491512345678", "491512345678"));
        assert!(!is_national_form("02345678", "491512345678") && !is_national_form("511512345678", "491512345678"));
    }
}
