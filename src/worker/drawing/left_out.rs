//! What browsers show in a drawing and the renderer does not: pages in it, animations, and most of style sheets.
//!
//! Where it could make a picture out of pieces, or uncover one, the drawing is more than what is drawn of it. Ordinary
//! drawings have such things as well, as labels in HTML and turning wheels, and no pictures in them.
//!
//! Sources: SVG 2 §5.9 (`switch`), §6 (styling), §12.4 (`foreignObject`); SVG Animations 2; Associating Style Sheets
//! with XML documents 1.0.

use resvg::usvg::roxmltree::{Document, Node};
use simplecss::{AttributeOperator, Element, PseudoClass, Selector};

use super::style::{self, Declaration, Effect, Place};

/// As many shapes may make a picture: 16 by 16 of them.
const MANY: usize = 256;

const SVG: &str = "http://www.w3.org/2000/svg";
const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// What the style sheets of a page are called in the drawings that come out of it.
const OF_PAGE: &str = "page";

/// What shapes are made with.
const SHAPES: [&str; 8] = ["image", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon"];

/// What gives lengths to shapes.
const LENGTHS: [&str; 9] = ["x", "y", "width", "height", "cx", "cy", "r", "rx", "ry"];

/// Units of lengths that the renderer does not know.
const UNITS: [&str; 12] = ["rem", "vw", "vh", "vmin", "vmax", "vi", "vb", "ch", "lh", "q", "ic", "cap"];

/// Attributes whose animation moves and hides nothing.
const HARMLESS: [&str; 12] = [
    "offset",
    "gradientTransform",
    "stop-color",
    "stop-opacity",
    "stroke-dashoffset",
    "stroke-dasharray",
    "stroke",
    "stroke-width",
    "stroke-opacity",
    "font-size",
    "letter-spacing",
    "startOffset",
];

/// What of a drawing is left out.
#[derive(Debug, Default)]
struct LeftOut {
    /// Whether it may move, add or hide a picture.
    touches_pictures: bool,
    /// The shapes that it moves, adds, hides or colours.
    shapes: usize,
}

impl LeftOut {
    fn moves(&mut self, shapes: usize) {
        self.touches_pictures = true;
        self.shapes = self.shapes.saturating_add(shapes);
    }

    fn paints(&mut self, shapes: usize) {
        self.shapes = self.shapes.saturating_add(shapes);
    }
}

/// Whether browsers may show a picture in `drawing` that the renderer does not.
pub(super) fn is_more_than_drawn(drawing: &Document<'_>) -> bool {
    let mut left_out = LeftOut::default();
    let root = drawing.root_element();
    let (mut has_pictures, mut sheets) = (false, Vec::new());
    for node in drawing.descendants() {
        has_pictures = has_pictures || is_picture(node);
        if let Some(instruction) = node.pi().filter(|instruction| instruction.target == "xml-stylesheet") {
            let value = instruction.value.unwrap_or_default();
            if has_data(value) || value.contains("\"#") || value.contains("'#") {
                left_out.moves(shapes_in(root));
            }
        }
        if node.is_element() {
            element(node, root, &mut left_out);
            if node.tag_name().name() == "style" {
                sheets.push(node);
            }
        }
        if left_out.shapes >= MANY {
            return true;
        }
    }
    style_sheets(&sheets, root, &mut left_out);
    left_out.touches_pictures && has_pictures || left_out.shapes >= MANY
}

/// Whether `node` has a picture in it, or a part of one: what is no font and no style sheet.
fn is_picture(node: Node<'_, '_>) -> bool {
    let is_style = |parent: Node<'_, '_>| parent.tag_name().name() == "style";
    let text = node.text().filter(|_| node.is_text() && node.parent().is_some_and(is_style));
    node.attributes().map(|attribute| attribute.value()).chain(text).any(has_data)
}

/// Whether there is an address in `text` that holds data other than fonts.
fn has_data(text: &str) -> bool {
    memchr::memchr_iter(b':', text.as_bytes()).any(|at| {
        let before = &text.as_bytes()[..at];
        let is_scheme = before.len() >= 4 && before[before.len() - 4..].eq_ignore_ascii_case(b"data");
        let behind = &text.as_bytes()[at + 1..];
        is_scheme && !(behind.starts_with(b"font/") || behind.starts_with(b"application/") && is_font(behind))
    }) || text.contains('\\') && text.contains("url")
}

/// Whether the address whose type begins `address` is one of a font.
fn is_font(address: &[u8]) -> bool {
    let head = &address[..address.iter().position(|byte| b";,".contains(byte)).unwrap_or(address.len())];
    [&b"font"[..], b"opentype", b"truetype"].iter().any(|word| memchr::memmem::find(head, word).is_some())
}

/// How many shapes there are in `node`, up to [`MANY`].
fn shapes_in(node: Node<'_, '_>) -> usize {
    node.descendants().filter(|node| is_shape(*node)).take(MANY).count()
}

/// Whether `node` is a shape, or uses one in a colour of its own: lines of text are used as well, in terminals that are
/// recorded.
fn is_shape(node: Node<'_, '_>) -> bool {
    let name = node.tag_name().name();
    node.is_element() && SHAPES.contains(&name) || name == "use" && node.has_attribute("fill")
}

/// Notes what is left out by the element itself.
fn element(node: Node<'_, '_>, root: Node<'_, '_>, left_out: &mut LeftOut) {
    match node.tag_name().name() {
        "foreignObject" => page(node, left_out),
        "set" | "animate" | "animateTransform" | "animateMotion" => animation(node, root, left_out),
        "use" if node.attributes().any(|attribute| attribute.name() == "href" && has_data(attribute.value())) => {
            left_out.moves(1);
        }
        _ => {}
    }
    if is_shape(node) {
        let is_stray = node.tag_name().namespace().is_none() && root.tag_name().namespace().is_some();
        let is_length = |attribute: &str, value: &str| LENGTHS.contains(&attribute) && is_unknown_length(value);
        if is_stray || node.attributes().any(|attribute| is_length(attribute.name(), attribute.value())) {
            left_out.moves(1);
        }
    }
    if let Some(languages) = node.attribute("systemLanguage") {
        let is_known = languages.split(',').any(|language| language.trim().starts_with("en"));
        if !is_known && node.descendants().any(is_picture) {
            left_out.moves(shapes_in(node));
        } else if !is_known {
            left_out.paints(shapes_in(node));
        }
    }
    if let Some(style) = node.attribute("style").filter(|_| node.tag_name().namespace() != Some(XHTML)) {
        for declaration in style::of_attribute(style) {
            match declaration.effect().filter(|_| !is_size_of(node == root, &declaration)) {
                // What is animated is told by the frames, which are in a style sheet.
                Some(Effect::Animates) | None => {}
                Some(Effect::Moves) => left_out.moves(shapes_in(node)),
                Some(Effect::Paints) => left_out.paints(shapes_in(node)),
            }
        }
    }
}

/// Whether `declaration` only says how large the drawing is as a whole, when it is about the drawing.
fn is_size_of(is_whole: bool, declaration: &Declaration) -> bool {
    is_whole && matches!(declaration.name.as_str(), "width" | "height" | "zoom" | "overflow" | "display")
}

/// Whether browsers resolve `value` and the renderer does not.
fn is_unknown_length(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let unit = value.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    value.contains('(') || UNITS.contains(&unit)
}

/// A page in a drawing: its pictures, its drawings, and what boxes of it may be made a picture of.
fn page(object: Node<'_, '_>, left_out: &mut LeftOut) {
    let boxes = |node: &Node<'_, '_>| {
        let style = node.attribute("style").unwrap_or_default();
        let is_patch = style.contains("background") && node.text().is_none_or(|text| text.trim().is_empty());
        let shades = if style.contains("shadow") || style.contains("gradient") { style.split(',').count() } else { 0 };
        usize::from(is_patch || node.attribute("bgcolor").is_some()) + shades
    };
    let inside = object.descendants().skip(1).filter(Node::is_element);
    let (pictures, boxes) = inside.fold((0, 0_usize), |(pictures, patches), node| {
        (pictures + usize::from(is_picture(node) || is_shape(node)), patches.saturating_add(boxes(&node)))
    });
    left_out.paints(boxes);
    if pictures > 0 {
        left_out.moves(pictures);
    }
}

/// An animation, and all in what it animates.
fn animation(node: Node<'_, '_>, root: Node<'_, '_>, left_out: &mut LeftOut) {
    let attribute = node.attribute("attributeName").unwrap_or_default().trim();
    if HARMLESS.contains(&attribute) || !node.ancestors().any(|outer| outer.tag_name().namespace() == Some(SVG)) {
        return;
    }
    let address = node.attributes().find(|attribute| attribute.name() == "href").map(|attribute| attribute.value());
    let target = match address {
        Some(address) => {
            let name = address.trim().trim_start_matches('#');
            root.descendants().find(|node| node.attribute("id") == Some(name))
        }
        None => node.parent(),
    };
    let shapes = target.map_or(0, shapes_in);
    if matches!(attribute, "fill" | "fill-opacity" | "color") {
        left_out.paints(shapes);
    } else {
        left_out.moves(shapes);
    }
}

/// Notes what is left out of the style sheets in `elements`.
fn style_sheets(elements: &[Node<'_, '_>], root: Node<'_, '_>, left_out: &mut LeftOut) {
    let sheets: Vec<_> = elements.iter().map(|element| sheet(*element)).collect();
    let all = || sheets.iter().flat_map(|(declarations, _)| declarations);
    let is_frame = |declaration: &&Declaration| declaration.place == Place::Frame;
    let has_frames = all().filter(is_frame).any(|frame| frame.effect() == Some(Effect::Moves));
    for declaration in all().filter(|declaration| !is_frame(declaration)) {
        let Some(effect) = declaration.effect() else { continue };
        if left_out.shapes >= MANY || effect == Effect::Animates && !has_frames {
            continue;
        }
        let (shapes, is_any) = styled(declaration, root);
        match effect {
            Effect::Paints => left_out.paints(shapes),
            Effect::Moves | Effect::Animates if is_any => left_out.moves(shapes),
            Effect::Moves | Effect::Animates => {}
        }
    }
    let is_in_style = |node: Node<'_, '_>| {
        let is_animated =
            |style: &str| style::of_attribute(style).iter().any(|it| it.effect() == Some(Effect::Animates));
        node.attribute("style").is_some_and(is_animated)
    };
    if has_frames {
        root.descendants().filter(|node| is_in_style(*node)).for_each(|node| left_out.moves(shapes_in(node)));
    }
    let is_import = |statement: &&String| statement.starts_with("@import") && has_data(statement);
    if sheets.iter().flat_map(|(_, statements)| statements).any(|statement| is_import(&statement)) {
        left_out.moves(shapes_in(root));
    }
}

/// The declarations and statements of the style sheet in `element`. All of one that the renderer reads otherwise than
/// browsers are out of place.
fn sheet(element: Node<'_, '_>) -> (Vec<Declaration>, Vec<String>) {
    let texts: Vec<&str> = element.children().filter_map(|child| child.text().filter(|_| child.is_text())).collect();
    let (mut declarations, statements) = style::of_sheet(&texts.concat());
    let is_of = |name: &str, known: &[&str]| {
        element.attribute(name).is_none_or(|value| known.iter().any(|known| value.trim().eq_ignore_ascii_case(known)))
    };
    let is_read_by_browsers = matches!(element.tag_name().namespace(), Some(SVG | XHTML))
        && is_of("type", &["", "text/css"])
        && is_of("media", &["", "all", "screen"]);
    let is_read_here = texts.len() < 2 && element.attribute("type").is_none_or(|kind| kind == "text/css");
    let rules = simplecss::StyleSheet::parse(texts.first().copied().unwrap_or_default()).rules;
    let read: usize = rules.iter().map(|rule| rule.declarations.len()).sum();
    let of_rule = |declaration: &Declaration| declaration.selectors.split(',').count();
    let plain = declarations.iter().filter(|declaration| declaration.place == Place::Plain).map(of_rule).sum::<usize>();
    // Whether it is about a drawing in it as it says depends on the rest of the page.
    let is_of_page = element.attribute("media") == Some(OF_PAGE);
    let is_read = is_read_by_browsers && is_read_here;
    if !(is_read && read == plain) {
        // Small faults cost colours in ordinary drawings.
        let spares_colours = is_read || is_of_page;
        let is_outside = |it: &&mut Declaration| it.place == Place::Plain && !(spares_colours && it.is_of_colour());
        let outside = declarations.iter_mut().filter(is_outside);
        outside.for_each(|declaration| declaration.place = Place::Odd);
    }
    (declarations, statements)
}

/// How many shapes `declaration` is about, up to [`MANY`], and whether it is about any element at all.
fn styled(declaration: &Declaration, root: Node<'_, '_>) -> (usize, bool) {
    let (mut shapes, mut is_any) = (0, false);
    for selector in split_outside(&declaration.selectors, |c| c == ',') {
        let Some(wider) = without_states(selector.trim(), declaration.place) else { continue };
        let Some(selector) = Selector::parse(&wider) else { return (shapes_in(root), true) };
        for node in root.descendants().filter(Node::is_element) {
            let is_of_drawing = node.tag_name().namespace() != Some(XHTML) && !is_size_of(node == root, declaration);
            if is_of_drawing && selector.matches(&Styled(node)) {
                is_any = true;
                shapes += shapes_in(node);
                if shapes >= MANY {
                    return (shapes, true);
                }
            }
        }
    }
    (shapes, is_any)
}

/// A selector that takes in all that `selector` does, of forms that are known here; `None` for what is no element, and
/// what is one only while somebody points at it. Of what is out of place only the last part is asked for: what is
/// around the drawing is not known.
fn without_states(selector: &str, place: Place) -> Option<String> {
    let behind = selector.rsplit('~').next().unwrap_or_default();
    let is_between = |c: char| c.is_whitespace() || matches!(c, '>' | '+');
    let last = split_outside(behind, is_between).into_iter().rfind(|part| !part.is_empty()).unwrap_or_default();
    let selector = if place == Place::Plain { behind.trim() } else { last };
    let mut wider = String::new();
    let mut rest = selector;
    while let Some((before, behind)) = rest.split_once(':') {
        wider.push_str(before);
        let length = behind.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(behind.len());
        let (name, mut more) = behind.split_at(length);
        let states = ["hover", "active", "focus", "focus-within", "focus-visible", "before", "after", "target"];
        if name.is_empty() || states.contains(&name) {
            return None;
        }
        if more.starts_with('(') {
            more = split_outside(&more[1..], |c| c == ')')
                .first()
                .map_or("", |inside| more.get(inside.len() + 2..).unwrap_or(""));
        }
        match name {
            "first-child" => wider.push_str(":first-child"),
            "root" => wider.push_str("svg"),
            _ if wider.ends_with(|c: char| is_between(c)) || wider.is_empty() => wider.push('*'),
            _ => {}
        }
        rest = more;
    }
    wider.push_str(rest);
    Some(wider)
}

/// `text` between the characters that `is_border`, but for those in brackets.
fn split_outside(text: &str, is_border: impl Fn(char) -> bool) -> Vec<&str> {
    let (mut pieces, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, c) in text.char_indices() {
        if depth == 0 && is_border(c) {
            pieces.push(&text[start..at]);
            start = at + c.len_utf8();
        } else if matches!(c, '(' | '[') {
            depth += 1;
        } else if matches!(c, ')' | ']') {
            depth = depth.saturating_sub(1);
        }
    }
    pieces.push(&text[start..]);
    pieces
}

/// An element as selectors see it.
struct Styled<'n, 'd>(Node<'n, 'd>);

impl Element for Styled<'_, '_> {
    fn parent_element(&self) -> Option<Self> {
        self.0.parent_element().map(Self)
    }

    fn prev_sibling_element(&self) -> Option<Self> {
        self.0.prev_sibling_element().map(Self)
    }

    fn has_local_name(&self, name: &str) -> bool {
        self.0.tag_name().name() == name
    }

    fn attribute_matches(&self, name: &str, operator: AttributeOperator<'_>) -> bool {
        self.0.attribute(name).is_some_and(|value| operator.matches(value))
    }

    fn pseudo_class_matches(&self, class: PseudoClass<'_>) -> bool {
        matches!(class, PseudoClass::FirstChild) && self.prev_sibling_element().is_none()
    }
}
