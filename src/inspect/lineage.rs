//! What the parts of an upload are called and which is in which, for rules that look at some parts only.

use crate::content::{MediaType, Part, PartKind};
use crate::text::PartNames;

/// The type of a part that declares none, as RFC 7578 has it for fields.
const UNDECLARED: &str = "text/plain";

/// Names of all parts so far, by their index.
#[derive(Debug, Default)]
pub(super) struct Lineage(Vec<Named>);

#[derive(Debug)]
struct Named {
    inside: Option<usize>,
    kind: PartKind,
    field: Option<Box<str>>,
    file_name: Option<Box<str>>,
    media_type: Option<Box<str>>,
    shown_type: Option<&'static str>,
}

impl Lineage {
    /// Adds the next part, and what its content shows that it is.
    pub(super) fn add(&mut self, part: &Part, shown: Option<MediaType>) {
        let boxed = |text: &Option<String>| text.as_deref().map(Box::from);
        self.0.push(Named {
            inside: part.inside,
            kind: part.kind,
            field: boxed(&part.name),
            file_name: boxed(&part.file_name),
            media_type: part.declared_type.as_deref().map(without_parameters),
            shown_type: shown.and_then(MediaType::essence),
        });
    }

    /// The part of that index and all it is in, from the inside out. Empty where no parts are kept.
    pub(super) fn of(&self, part: usize) -> Vec<PartNames<'_>> {
        let mut next = Some(part);
        let mut names = Vec::new();
        while let Some((index, named)) = next.and_then(|index| Some((index, self.0.get(index)?))) {
            names.push(PartNames {
                kind: Some(named.kind),
                field: Some(named.field.as_deref().unwrap_or_default()),
                file_name: Some(named.file_name.as_deref().unwrap_or_default()),
                media_type: Some(named.media_type.as_deref().unwrap_or(UNDECLARED)),
                shown_type: named.shown_type,
            });
            next = named.inside.filter(|outer| *outer < index);
        }
        names
    }
}

fn without_parameters(declared: &str) -> Box<str> {
    let essence = declared.split(';').next().unwrap_or_default();
    essence.trim().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_known_by_all_that_it_is_in() {
        let mut lineage = Lineage::default();
        let field = Part::new(PartKind::Field, "".into()).named("comment");
        lineage.add(&field.declared(Some("Text/HTML; charset=utf-8".to_owned())), Some(MediaType::Text));
        lineage.add(&Part { inside: Some(0), ..Part::new(PartKind::Decoded, "".into()) }, Some(MediaType::Opaque));
        lineage.add(&Part { inside: Some(1), ..Part::new(PartKind::Entry, "".into()).named("a.txt") }, None);
        let names = |part| -> Vec<_> {
            lineage.of(part).into_iter().map(|part| (part.field.unwrap(), part.media_type.unwrap())).collect()
        };
        assert_eq!(names(2), [("a.txt", "text/plain"), ("", "text/plain"), ("comment", "Text/HTML")]);
        assert_eq!(names(0), [("comment", "Text/HTML")]);
        assert_eq!(names(7), []);
    }
}
