//! Which parts a rule looks at.

use crate::content::{PartKind, UnixTime};

/// Parts by their names, types and routes. An empty list leaves out nothing; of each other, one pattern must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Field names, JSON pointers, paths of entries.
    pub fields: Vec<Wildcard>,
    /// File names.
    pub file_names: Vec<Wildcard>,
    /// Media types without parameters, as they are declared or as contents show.
    pub types: Vec<Wildcard>,
    /// Names of [`PartKind`]s.
    pub kinds: Vec<Wildcard>,
    /// Names of routes.
    pub routes: Vec<Wildcard>,
}

/// What is known of where a text is. `None` and an empty lineage mean that it is not known, which excludes nothing.
#[derive(Clone, Debug, Default)]
pub struct Setting<'a> {
    /// The time.
    pub now: Option<UnixTime>,
    /// The route that the upload takes.
    pub route: Option<&'a str>,
    /// The part, and those it was found in. What is unpacked or decoded from a field belongs to the field still.
    pub lineage: Vec<PartNames<'a>>,
}

/// What a part is called. An empty name is one that it does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartNames<'a> {
    /// How the origin would come by it.
    pub kind: Option<PartKind>,
    /// Name of the field.
    pub field: Option<&'a str>,
    /// Name of the file.
    pub file_name: Option<&'a str>,
    /// Declared media type, without parameters.
    pub media_type: Option<&'a str>,
    /// Media type that the content shows, if it shows one.
    pub shown_type: Option<&'a str>,
}

impl Scope {
    /// Whether it leaves out nothing.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a text there is looked at.
    pub fn covers(&self, setting: &Setting<'_>) -> bool {
        let lineage = &setting.lineage;
        let covers = |patterns: &[Wildcard], name: for<'n> fn(&PartNames<'n>) -> Option<&'n str>| {
            lineage.is_empty() || lineage.iter().any(|part| fits(patterns, name(part)))
        };
        let is_shown = |part: &PartNames<'_>| part.shown_type.is_some_and(|shown| fits(&self.types, Some(shown)));
        fits(&self.routes, setting.route)
            && covers(&self.fields, |part| part.field)
            && covers(&self.file_names, |part| part.file_name)
            && (covers(&self.types, |part| part.media_type) || lineage.iter().any(is_shown))
            && covers(&self.kinds, |part| part.kind.map(PartKind::name))
    }
}

/// Whether one of `patterns`, if there are any, fits a name, if that is known.
fn fits(patterns: &[Wildcard], name: Option<&str>) -> bool {
    patterns.is_empty() || name.is_none_or(|name| patterns.iter().any(|pattern| pattern.fits(name)))
}

/// A name in which `*` stands for anything. Case does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wildcard(String);

impl Wildcard {
    /// The pattern as somebody wrote it.
    pub fn new(written: &str) -> Self {
        Self(written.to_lowercase())
    }

    /// Whether `name` is meant. Takes time in the worst case of pattern × name.
    pub fn fits(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let (pattern, name) = (self.0.as_bytes(), name.as_bytes());
        let (mut at, mut in_name) = (0, 0);
        // Where to go on when what follows the last "*" does not fit: behind it, one byte further in the name.
        let mut retry: Option<(usize, usize)> = None;
        while in_name < name.len() {
            match pattern.get(at) {
                Some(b'*') => {
                    retry = Some((at + 1, in_name));
                    at += 1;
                }
                Some(byte) if *byte == name[in_name] => {
                    at += 1;
                    in_name += 1;
                }
                _ => {
                    let Some((behind, from)) = retry else {
                        return false;
                    };
                    retry = Some((behind, from + 1));
                    (at, in_name) = (behind, from + 1);
                }
            }
        }
        pattern[at..].iter().all(|byte| *byte == b'*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part<'a>(kind: PartKind, field: &'a str, file_name: &'a str) -> PartNames<'a> {
        let names = PartNames { field: Some(field), file_name: Some(file_name), ..PartNames::default() };
        PartNames { kind: Some(kind), media_type: Some("text/plain"), ..names }
    }

    fn patterns(written: &[&str]) -> Vec<Wildcard> {
        written.iter().map(|written| Wildcard::new(written)).collect()
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, expected) in [
            ("comment*", "Comment_2", true),
            ("comment*", "a comment", false),
            ("*.txt", "a.txt.TXT", true),
            ("*.txt", "a.txt.gz", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a**", "a", true),
        ] {
            assert_eq!(Wildcard::new(pattern).fits(name), expected, "{pattern} and {name}");
        }
    }

    #[test]
    fn every_list_must_fit_and_one_part_of_the_lineage_is_enough() {
        let scope = Scope { fields: patterns(&["comment*"]), kinds: patterns(&["field"]), ..Scope::default() };
        let covers = |lineage: &[PartNames<'_>]| {
            scope.covers(&Setting { lineage: lineage.to_vec(), route: Some("any"), ..Setting::default() })
        };
        assert!(covers(&[part(PartKind::Field, "comment", "")]));
        assert!(!covers(&[part(PartKind::Field, "title", "")]));
        assert!(!covers(&[part(PartKind::File, "comment", "a.txt")]));
        assert!(covers(&[part(PartKind::Decoded, "", ""), part(PartKind::Field, "comment", "")]));
        assert!(covers(&[]), "nothing is known");
    }

    #[test]
    fn a_type_is_what_is_declared_or_what_the_content_shows() {
        let scope = Scope { types: patterns(&["application/pdf"]), ..Scope::default() };
        for (declared, shown, expected) in [
            ("application/pdf", None, true),
            ("application/octet-stream", Some("application/pdf"), true),
            ("application/pdf", Some("text/plain"), true),
            ("text/plain", Some("text/plain"), false),
            ("text/plain", None, false),
        ] {
            let outer =
                PartNames { media_type: Some(declared), shown_type: shown, ..part(PartKind::File, "f", "a.bin") };
            let lineage = vec![part(PartKind::Text, "text", ""), outer];
            assert_eq!(scope.covers(&Setting { lineage, ..Setting::default() }), expected, "{declared}, {shown:?}");
        }
    }

    #[test]
    fn routes_are_asked_for_by_name() {
        let scope = Scope { routes: patterns(&["chat", "forum-*"]), ..Scope::default() };
        for (route, expected) in [(Some("chat"), true), (Some("forum-2"), true), (Some("shop"), false), (None, true)] {
            assert_eq!(scope.covers(&Setting { route, ..Setting::default() }), expected, "{route:?}");
        }
    }
}
