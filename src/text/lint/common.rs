//! The commonest words of sixteen languages.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::text::rule::Keyword;

/// Comment lines name the language of the words below them.
const LIST: &str = include_str!("common_words.txt");

static LANGUAGES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut language = "";
    let mut languages = HashMap::new();
    for line in LIST.lines() {
        match line.strip_prefix("# ") {
            Some(name) => language = name,
            None => {
                let words = line.split_whitespace().filter_map(Keyword::new);
                words.for_each(|word| _ = languages.entry(word.normalised().to_owned()).or_insert(language));
            }
        }
    }
    languages
});

/// The language in which a normalised word is one of the commonest.
pub(super) fn language_of(word: &str) -> Option<&'static str> {
    LANGUAGES.get(word).copied()
}

/// How many of the commonest words a normalised text stands in, and the first of them.
pub(super) fn holders(text: &str) -> (usize, Option<&'static str>) {
    let mut words: Vec<&str> = LANGUAGES.keys().map(String::as_str).filter(|word| word.contains(text)).collect();
    words.sort_unstable();
    (words.len(), words.first().copied())
}
