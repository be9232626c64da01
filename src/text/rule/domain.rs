//! A host name as it stands in text, for exceptions.
//!
//! It counts as the host of a URL or alone, and so do names below it; not in a path, an e-mail address or a longer
//! name: "news.example.evil.example" is nobody's exception.

use crate::text::pattern::{Pattern, PatternError};

/// Why a text is no host name.
pub(in crate::text) const EXPECTED: &str = "a host name such as \"news.example\", whose subdomains count too";

/// What finds `name` and names below it in normalised text; `None` when it is no host name.
pub(in crate::text) fn pattern(name: &str) -> Option<Result<Pattern, PatternError>> {
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|ch| ch.is_alphanumeric() || ch == '-');
    if !name.contains('.') || !name.split('.').all(is_label) {
        return None;
    }
    let name = name.to_lowercase();
    let escaped = name.replace('.', r"\.");
    let expression = format!(r#"(?:^|\s|["'(<\[,;=]|://)(?:[\w-]+\.)*{escaped}(?:$|[\s/?#:"')>\],;!]|\.(?:$|\s))"#);
    Some(Pattern::exact(&expression, &name))
}
