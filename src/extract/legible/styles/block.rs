//! What the declarations of one rule say, as far as it changes which text is drawn.

use std::collections::HashMap;
use std::rc::Rc;

use crate::extract::legible::css;
use crate::extract::legible::hidden::{self, Said};

use super::values;

/// Custom properties with their values as they are written.
pub(in crate::extract::legible) type Customs = HashMap<Vec<u8>, Vec<u8>>;

/// A property by which text is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Adding {
    Content,
    Quotes,
    ListStyle,
    CounterReset,
    CounterIncrement,
    CounterSet,
}

/// How many of them there are.
pub(super) const ADDINGS: usize = 6;

impl Adding {
    fn called(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"content" => Self::Content,
            b"quotes" => Self::Quotes,
            b"list-style" | b"list-style-type" => Self::ListStyle,
            b"counter-reset" => Self::CounterReset,
            b"counter-increment" => Self::CounterIncrement,
            b"counter-set" => Self::CounterSet,
            _ => return None,
        })
    }
}

/// The declarations of a rule or of an element's own style.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) said: Said,
    /// The declarations that change how text is drawn, where their values are known of an element only.
    pub(super) open: Option<Vec<u8>>,
    /// Values of properties that add text, as they are written, and whether each is important.
    pub(super) added: Vec<(Adding, Vec<u8>, bool)>,
    pub(super) customs: Option<Rc<Customs>>,
}

impl Block {
    /// What `style`, in which there are no comments, says; `None` where that changes nothing.
    pub(super) fn of(style: &[u8]) -> Option<Self> {
        let (mut block, mut customs, mut is_open) = (Self::default(), Customs::new(), false);
        let mut telling = Vec::new();
        for one in css::declarations(style) {
            if one.name.starts_with(b"--") {
                customs.insert(one.name, one.value.to_vec());
            } else if let Some(adding) = Adding::called(&one.name) {
                block.added.push((adding, one.value.to_vec(), one.is_important));
            } else if hidden::is_telling_property(&one.name) {
                is_open |= values::is_open(one.value);
                let mark = if one.is_important { &b"!important;"[..] } else { b";" };
                telling.extend([&one.name[..], b":", one.value, mark].concat());
            }
        }
        if telling.is_empty() && block.added.is_empty() && customs.is_empty() {
            return None;
        }
        block.said = Said::by(&telling);
        block.open = is_open.then_some(telling);
        block.customs = (!customs.is_empty()).then(|| Rc::new(customs));
        Some(block)
    }
}
