//! Which rules an element may be one of: by its id, its classes or its name, so that a page of many rules costs little.

use std::collections::HashMap;

use crate::extract::legible::hidden::Element;

use super::compound::Compound;

/// Rules by what their last selector asks for, each in one place.
#[derive(Debug, Default)]
pub(super) struct Index {
    ids: HashMap<Vec<u8>, Vec<usize>>,
    classes: HashMap<Vec<u8>, Vec<usize>>,
    names: HashMap<Vec<u8>, Vec<usize>>,
    others: Vec<usize>,
}

impl Index {
    /// Adds the rule of that number, whose element must be `own`. Letters count whatever their case: the comparison
    /// that follows is exact.
    pub(super) fn add(&mut self, number: usize, own: &Compound) {
        let rules = match (own.ids.first(), own.classes.first()) {
            (Some(id), _) => self.ids.entry(id.to_ascii_lowercase()).or_default(),
            (_, Some(class)) => self.classes.entry(class.to_ascii_lowercase()).or_default(),
            _ if !own.name.is_empty() => self.names.entry(own.name.clone()).or_default(),
            _ => &mut self.others,
        };
        rules.push(number);
    }

    /// The numbers of the rules that `element` may be one of, in their order.
    pub(super) fn candidates(&self, element: &Element<'_>) -> Vec<usize> {
        let mut candidates = self.others.clone();
        let mut add = |rules: &HashMap<Vec<u8>, Vec<usize>>, key: &[u8]| {
            if !rules.is_empty() {
                candidates.extend(rules.get(&key.to_ascii_lowercase()).into_iter().flatten());
            }
        };
        add(&self.names, element.name);
        if let Some(id) = element.value(b"id") {
            add(&self.ids, id);
        }
        element.classes().for_each(|class| add(&self.classes, class));
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }
}
