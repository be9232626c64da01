//! Other spellings of a keyword, as [`loosen`](super::loosen) leaves them or as they are turned.

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

/// The phrase `text` without its spaces, as it is found where all its letters stand alone; `None` for a word.
pub(in crate::text) fn joined(text: &str) -> Option<String> {
    text.contains(' ').then(|| text.replace(' ', ""))
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
        assert_eq!(rot13("turnip é"), "gheavc é");
        assert_eq!(rot13(&rot13("turnip")), "turnip");
    }
}
