//! A text file of keywords.

use crate::config::Place;

/// The keywords of a list with their places: one a line, without white space around it. Blank lines and lines that begin
/// with `#` count for nothing.
pub(super) fn keywords(list: &str) -> impl Iterator<Item = (Place, &str)> {
    let list = list.strip_prefix('\u{feff}').unwrap_or(list);
    (1..).zip(list.lines()).filter_map(|(line, text)| {
        let keyword = text.trim();
        let column = text.chars().take_while(|ch| ch.is_whitespace()).count() as u64 + 1;
        (!keyword.is_empty() && !keyword.starts_with('#')).then_some((Place { line, column }, keyword))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_keywords_but_for_comments_and_blank_ones() {
        let list = "\u{feff}one\r\n# comment\n\n  two words # three \n\t\nlast";
        let found: Vec<(u64, u64, &str)> =
            keywords(list).map(|(place, keyword)| (place.line, place.column, keyword)).collect();
        assert_eq!(found, [(1, 1, "one"), (4, 3, "two words # three"), (6, 1, "last")]);
    }
}
