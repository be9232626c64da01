//! Builds the tags of an entry: words and `name=value` pairs with a space between them.
//!
//! A space or a control character within a tag would end it or break a log line, so it is written as `%` and two hex
//! digits a byte, and so is `%` itself: tags are split at spaces and read back without loss.

use std::fmt::Write as _;

/// Tags that are being put together. The room is kept from entry to entry.
#[derive(Default)]
pub(super) struct Tags {
    text: String,
}

impl Tags {
    /// Forgets the tags of the entry before.
    pub(super) fn clear(&mut self) {
        self.text.clear();
    }

    /// Adds one tag, which may have spaces. An empty one adds nothing.
    pub(super) fn add(&mut self, tag: &str) {
        if !tag.is_empty() {
            self.separate();
            self.push_escaped(tag);
        }
    }

    /// Adds every word of `words`, a list with spaces between them.
    pub(super) fn add_words(&mut self, words: &str) {
        words.split_whitespace().for_each(|word| self.add(word));
    }

    /// Adds `name=value`. An empty value adds nothing.
    pub(super) fn add_pair(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.separate();
            self.push_escaped(name);
            self.text.push('=');
            self.push_escaped(value);
        }
    }

    /// The tags, or `None` when there are none, as [`crate::hash_set::About`] wants them.
    pub(super) fn text(&self) -> Option<&str> {
        Some(self.text.as_str()).filter(|text| !text.is_empty())
    }

    fn separate(&mut self) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
    }

    fn push_escaped(&mut self, text: &str) {
        for character in text.chars() {
            if !(character.is_whitespace() || character.is_control() || character == '%') {
                self.text.push(character);
                continue;
            }
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a string does not fail.
                drop(write!(self.text, "%{byte:02X}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_separated_by_the_only_spaces_there_are() {
        let mut tags = Tags::default();
        assert_eq!(tags.text(), None);
        tags.add_words("  one two\tthree ");
        tags.add("");
        tags.add_pair("size", "");
        tags.add("tlp: 100%");
        tags.add_pair("name", "a b\u{3000}\n.jpg");
        assert_eq!(tags.text(), Some("one two three tlp:%20100%25 name=a%20b%E3%80%80%0A.jpg"));
        tags.clear();
        assert_eq!(tags.text(), None);
    }
}
