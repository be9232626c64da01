//! Style sheets of a page, read into rules: those in the page, and those that addresses carry.
//!
//! Sources: WHATWG HTML §4.2.4, §4.2.6; CSS Syntax 3 §3.2, §5.4; CSS Cascade 5 §2, §6.4; CSS Nesting 1 §3.

use encoding_rs::{Encoding, UTF_8};

use crate::extract::dissection::Dissection;
use crate::extract::encoded;
use crate::extract::legible::charset::{decoded, named};
use crate::extract::legible::css::{self, skip, without_comments};

use super::block::Block;
use super::counters::CounterStyle;
use super::selector::read_list;
use super::{MOST_RULES, Rule, Styles};

/// Sheets that import each other, and blocks in each other.
const MOST_NESTED: usize = 32;

/// Layers that are told from each other.
const MOST_LAYERS: usize = 256;

/// Longest selector of a rule within others.
const MAX_NESTED_SELECTOR: usize = 4 << 10;

/// Where a page has a style sheet.
#[derive(Clone, Debug)]
pub(in crate::extract::legible) enum Source {
    /// In the page itself.
    Written { sheet: Vec<u8>, media: Vec<u8> },
    /// At an address, in a charset that the page names.
    Linked { address: Vec<u8>, media: Vec<u8>, charset: Option<Vec<u8>> },
}

/// A block that is open.
enum Head {
    /// The selectors of a rule as they are written, and where they are kept.
    Rule { written: Vec<u8>, list: usize },
    /// Rules that count under conditions, or in a layer.
    Group { is_unsure: bool, layer: Option<u32> },
}

/// Reads sheets one by one.
pub(super) struct Reader<'r, 'f, 'a> {
    pub(super) styles: &'r mut Styles,
    pub(super) found: &'f mut Dissection<'a>,
    /// Names of layers in the order in which they came; those without a name are there, too.
    layers: Vec<Vec<u8>>,
}

impl<'r, 'f, 'a> Reader<'r, 'f, 'a> {
    pub(super) const fn new(styles: &'r mut Styles, found: &'f mut Dissection<'a>) -> Self {
        Self { styles, found, layers: Vec::new() }
    }

    /// Reads the sheet that `source` has.
    pub(super) fn read(&mut self, source: &Source) {
        match source {
            Source::Written { sheet, media } => self.sheet(sheet, !is_met(media), None, 0),
            Source::Linked { address, media, charset } => {
                if let Some(sheet) = self.at_address(address, charset.as_deref()) {
                    self.sheet(&sheet, !is_met(media), None, 0);
                }
            }
        }
    }

    /// The sheet in the data URI `address`.
    fn at_address(&mut self, address: &[u8], charset: Option<&[u8]>) -> Option<Vec<u8>> {
        let (head, content) = encoded::declared_content_of(address, self.found)?;
        // A type that is no style sheet is none to browsers either.
        let media_type = head.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        if !media_type.eq_ignore_ascii_case(b"text/css") {
            return None;
        }
        let own = content.strip_prefix(b"@charset \"").and_then(|rest| rest.split(|byte| *byte == b'"').next());
        let labels = [named(&head, b"charset"), own, charset];
        let named = labels.into_iter().flatten().find_map(Encoding::for_label_no_replacement);
        // By rule, what says that it is in UTF-16 in ASCII is not.
        let own_is_wide = labels[0].is_none() && named.is_some_and(|encoding| !encoding.is_ascii_compatible());
        let encoding = Encoding::for_bom(&content).map(|(encoding, _)| encoding).or(named.filter(|_| !own_is_wide));
        Some(decoded(&content, encoding.unwrap_or(UTF_8), self.found)?.to_vec())
    }

    /// Reads `sheet`, `nested` sheets deep, whose rules are all in `layer`.
    fn sheet(&mut self, sheet: &[u8], is_unsure: bool, layer: Option<u32>, nested: usize) {
        let sheet = without_comments(sheet);
        let mut heads = vec![Head::Group { is_unsure, layer }];
        let mut is_begun = false;
        // Where the statement starts, and within a rule where the last declaration ended.
        let (mut at, mut start, mut declared) = (0, 0, 0);
        while let Some(byte) = sheet.get(at) {
            let is_in_rule = heads.iter().any(|head| matches!(head, Head::Rule { .. }));
            match byte {
                b'{' => {
                    let declared_to = declared.max(start);
                    let head = statement(&sheet[declared_to..at]);
                    // A block may be the value of a custom property.
                    if is_in_rule && head.starts_with(b"--") {
                        at = skip(&sheet, at);
                        continue;
                    }
                    self.declares(&heads, &sheet[start..declared_to]);
                    let counts = self.opens(head, &mut heads);
                    is_begun |= counts || head.starts_with(b"@");
                    at = if counts { at + 1 } else { self.passes(head, &sheet, at) };
                    start = at;
                    continue;
                }
                b'}' => {
                    self.declares(&heads, &sheet[start..at]);
                    if heads.len() > 1 {
                        heads.pop();
                        start = at + 1;
                    }
                }
                b';' if is_in_rule => declared = at + 1,
                b';' => {
                    let text = statement(&sheet[start..at]);
                    if text.starts_with(b"@") {
                        is_begun |= self.statement(text, is_begun, &heads, nested);
                        start = at + 1;
                    }
                }
                _ => {
                    at = skip(&sheet, at);
                    continue;
                }
            }
            at += 1;
        }
        // What is open at the end is closed there.
        self.declares(&heads, &sheet[start..]);
        let last = statement(&sheet[start..]);
        if last.starts_with(b"@") {
            self.statement(last, is_begun, &heads, nested);
        }
    }

    /// Opens a block with this head; `false` where nothing in it counts.
    fn opens(&mut self, head: &[u8], heads: &mut Vec<Head>) -> bool {
        if heads.len() > MOST_NESTED {
            self.styles.is_cut.set(true);
            return false;
        }
        if let Some(head) = head.strip_prefix(b"@") {
            return self.opens_group(head, heads);
        }
        let around = heads.iter().rev().find_map(|head| match head {
            Head::Rule { written, .. } => Some(&written[..]),
            Head::Group { .. } => None,
        });
        let written = around.map_or_else(|| head.to_vec(), |around| within(around, head));
        if around.is_some() && written.len() > MAX_NESTED_SELECTOR {
            self.styles.is_cut.set(true);
            return false;
        }
        let Ok(selectors) = read_list(&written) else {
            return false;
        };
        self.styles.lists.push(selectors);
        heads.push(Head::Rule { written, list: self.styles.lists.len() - 1 });
        true
    }

    fn opens_group(&mut self, head: &[u8], heads: &mut Vec<Head>) -> bool {
        let (name, condition) = css::name(head);
        let condition = condition.trim_ascii();
        let (is_unsure, layer) = surroundings(heads);
        let group = match &name.to_ascii_lowercase()[..] {
            b"media" => Head::Group { is_unsure: is_unsure || !is_met(condition), layer },
            b"layer" => Head::Group { is_unsure, layer: Some(self.layer(condition, layer)) },
            b"supports" | b"container" => Head::Group { is_unsure: true, layer },
            b"scope" => Head::Group { is_unsure: is_unsure || !condition.is_empty(), layer },
            _ => return false,
        };
        heads.push(group);
        true
    }

    /// Passes the block at `at`, of which only browsers' own notations count. Where it ends.
    fn passes(&mut self, head: &[u8], sheet: &[u8], at: usize) -> usize {
        let end = skip(sheet, at);
        let inside = sheet[at + 1..end].strip_suffix(b"}").unwrap_or(&sheet[at + 1..end]);
        let (name, rest) = css::name(head.strip_prefix(b"@").unwrap_or_default());
        let called = rest.trim_ascii();
        if name.eq_ignore_ascii_case(b"counter-style") {
            let (called, _) = css::name(called);
            self.styles.counter_styles.insert(called.to_ascii_lowercase(), CounterStyle::read(inside));
        } else if name.eq_ignore_ascii_case(b"property") {
            let initial = css::declarations(inside).filter(|one| one.name == b"initial-value").last();
            let initial = initial.map(|one| one.value.to_vec());
            self.styles.initial.extend(initial.map(|value| (css::unescaped(called), value)));
        }
        end
    }

    /// Reads the statement `text`, which has no block. Whether no sheet may be imported behind it.
    fn statement(&mut self, text: &[u8], is_begun: bool, heads: &[Head], nested: usize) -> bool {
        let (name, rest) = css::name(&text[1..]);
        let (is_unsure, layer) = surroundings(heads);
        match &name.to_ascii_lowercase()[..] {
            b"import" => {
                if !is_begun && heads.len() == 1 {
                    self.imports(rest.trim_ascii(), is_unsure, layer, nested);
                }
                false
            }
            b"layer" => {
                for one in css::split(rest, b',') {
                    self.layer(one.trim_ascii(), layer);
                }
                false
            }
            name => name != b"charset",
        }
    }

    fn imports(&mut self, rest: &[u8], is_unsure: bool, layer: Option<u32>, nested: usize) {
        let (address, condition) = match css::string(rest) {
            Some(read) => read,
            None => {
                let end = skip(rest, rest.iter().position(|byte| *byte == b'(').unwrap_or_default());
                let inside = rest[..end].strip_suffix(b")").unwrap_or(&rest[..end]);
                let Some(inside) =
                    inside.get(..4).filter(|head| head.eq_ignore_ascii_case(b"url(")).map(|_| &inside[4..])
                else {
                    return;
                };
                let inside = inside.trim_ascii();
                (css::string(inside).map_or_else(|| css::unescaped(inside), |(address, _)| address), &rest[end..])
            }
        };
        if nested >= MOST_NESTED || self.found.is_over() {
            self.styles.is_cut.set(self.styles.is_cut() || nested >= MOST_NESTED);
            return;
        }
        let condition = condition.trim_ascii();
        let is_layer = condition.get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"layer"));
        let (layer, condition) = if is_layer {
            let end = if condition.get(5) == Some(&b'(') { skip(condition, 5) } else { 5 };
            let called = condition[5..end].trim_ascii_start().strip_prefix(b"(").unwrap_or_default();
            (
                Some(self.layer(called.strip_suffix(b")").unwrap_or(called).trim_ascii(), layer)),
                condition[end..].trim_ascii(),
            )
        } else {
            (layer, condition)
        };
        if let Some(sheet) = self.at_address(&address, None) {
            self.sheet(&sheet, is_unsure || !is_met(condition), layer, nested + 1);
        }
    }

    /// The number of the layer called `name` within another one; a new one where it has no name.
    fn layer(&mut self, name: &[u8], within: Option<u32>) -> u32 {
        let outer = within.and_then(|number| self.layers.get(number as usize)).cloned().unwrap_or_default();
        let called = if outer.is_empty() { name.to_vec() } else { [&outer[..], b".", name].concat() };
        let known = if name.is_empty() { None } else { self.layers.iter().position(|one| *one == called) };
        let number = known.unwrap_or(self.layers.len());
        if known.is_none() && number < MOST_LAYERS {
            self.layers.push(called);
        }
        u32::try_from(number).unwrap_or(u32::MAX - 1)
    }

    /// Adds the rules of `declarations` in blocks with these `heads`.
    fn declares(&mut self, heads: &[Head], declarations: &[u8]) {
        let rule =
            heads.iter().rev().find_map(|head| if let Head::Rule { list, .. } = head { Some(*list) } else { None });
        let Some((list, block)) = rule.and_then(|list| Some((list, Block::of(declarations)?))) else {
            return;
        };
        let (is_unsure, layer) = surroundings(heads);
        let block_number = self.styles.blocks.len();
        let rules = self.styles.lists[list].iter().enumerate().map(|(one, selector)| Rule {
            list,
            one,
            block: block_number,
            is_unsure: is_unsure || selector.is_unsure,
            layer: layer.unwrap_or(u32::MAX),
        });
        let left = MOST_RULES.saturating_sub(self.styles.rules.len());
        self.styles.is_cut.set(self.styles.is_cut.get() || rules.len() > left);
        self.styles.rules.extend(rules.take(left));
        self.styles.blocks.push(block);
    }
}

/// Whether rules in these blocks are under conditions that nobody here knows, and their layer.
fn surroundings(heads: &[Head]) -> (bool, Option<u32>) {
    let groups = heads.iter().rev().find_map(|head| match head {
        Head::Group { is_unsure, layer } => Some((*is_unsure, *layer)),
        Head::Rule { .. } => None,
    });
    groups.unwrap_or_default()
}

/// `text` without the marks of comments of HTML that may stand before a rule.
fn statement(text: &[u8]) -> &[u8] {
    let mut rest = text.trim_ascii();
    while let Some(behind) = [&b"<!--"[..], b"-->"].into_iter().find_map(|mark| rest.strip_prefix(mark)) {
        rest = behind.trim_ascii_start();
    }
    rest
}

/// Whether a list of media is met on every screen.
fn is_met(media: &[u8]) -> bool {
    let media = css::plain(media);
    media
        .split(|byte| *byte == b',')
        .any(|one| [&b""[..], b"all", b"screen", b"only screen", b"only all"].contains(&one))
}

/// The selectors `own` of a rule within one of the selectors `around`.
fn within(around: &[u8], own: &[u8]) -> Vec<u8> {
    let outer = [b":is(", around, b")"].concat();
    let mut written = Vec::new();
    for one in css::split(own, b',') {
        if !written.is_empty() {
            written.push(b',');
        }
        if !one.contains(&b'&') {
            written.extend_from_slice(&outer);
            written.push(b' ');
        }
        let mut pieces = one.split(|byte| *byte == b'&');
        written.extend_from_slice(pieces.next().unwrap_or_default());
        for piece in pieces {
            if written.len() > MAX_NESTED_SELECTOR {
                return written;
            }
            written.extend_from_slice(&outer);
            written.extend_from_slice(piece);
        }
    }
    written
}
