//! Which elements of HTML end which others, and which begin where nothing says so.
//!
//! Source: WHATWG HTML §13.2.4.2 (the stack of open elements), §13.2.6.4.7 ("in body"), §13.2.6.5 (foreign content).

/// Names of elements.
type Names = &'static [&'static [u8]];

/// Elements that another one of their group ends, and the elements that keep it from doing so.
const ENDED_BY_NEXT: [(Names, Names); 9] = [
    (&[b"li"], &[b"ul", b"ol", b"menu"]),
    (&[b"dt", b"dd"], &[b"dl"]),
    (&[b"td", b"th"], &[b"table", b"tr"]),
    (&[b"tr"], &[b"table"]),
    (&[b"option"], &[b"select", b"datalist"]),
    (&[b"rt", b"rp", b"rb", b"rtc"], &[b"ruby"]),
    (&[b"a"], &[b"td", b"th", b"caption", b"object", b"marquee"]),
    (&[b"nobr"], &[b"td", b"th", b"caption", b"object", b"marquee"]),
    (&[b"button"], &[b"td", b"th", b"caption", b"object", b"marquee"]),
];

/// Sorted. Elements that end a paragraph where they begin.
const ENDING_PARAGRAPHS: [&[u8]; 41] = [
    b"address",
    b"article",
    b"aside",
    b"blockquote",
    b"center",
    b"dd",
    b"details",
    b"dialog",
    b"dir",
    b"div",
    b"dl",
    b"dt",
    b"fieldset",
    b"figcaption",
    b"figure",
    b"footer",
    b"form",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"header",
    b"hgroup",
    b"hr",
    b"li",
    b"listing",
    b"main",
    b"menu",
    b"nav",
    b"ol",
    b"p",
    b"plaintext",
    b"pre",
    b"search",
    b"section",
    b"summary",
    b"table",
    b"ul",
    b"xmp",
];

/// Elements besides those that the tag of an inline element does not end.
const SPECIAL: [&[u8]; 23] = [
    b"body",
    b"button",
    b"caption",
    b"col",
    b"colgroup",
    b"frameset",
    b"head",
    b"html",
    b"iframe",
    b"input",
    b"marquee",
    b"noembed",
    b"noscript",
    b"object",
    b"select",
    b"tbody",
    b"td",
    b"template",
    b"textarea",
    b"tfoot",
    b"th",
    b"thead",
    b"tr",
];

/// Elements that go on behind one in which they were not ended.
const FORMATTING: [&[u8]; 14] =
    [b"a", b"b", b"big", b"code", b"em", b"font", b"i", b"nobr", b"s", b"small", b"strike", b"strong", b"tt", b"u"];

/// Elements in which none of those goes on, and past which no tag ends anything.
const WALLS: [&[u8]; 9] = [b"applet", b"caption", b"html", b"marquee", b"object", b"table", b"td", b"template", b"th"];

/// Elements of the head of a page.
const OF_HEAD: [&[u8]; 10] =
    [b"base", b"basefont", b"bgsound", b"head", b"link", b"meta", b"noscript", b"script", b"style", b"title"];

/// Parts of tables, whose tags end all that is open in them.
const OF_TABLES: [&[u8]; 7] = [b"table", b"tbody", b"td", b"tfoot", b"th", b"thead", b"tr"];

/// Elements besides those that are special, or go on, by which SVG and MathML end.
const ENDING_FOREIGN: [&[u8]; 9] = [b"br", b"embed", b"img", b"ruby", b"span", b"sub", b"sup", b"var", b"nobr"];

fn is_in(names: &[&[u8]], name: &[u8]) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// The group of elements called `name` that end each other, and what keeps them from it.
pub(super) fn group_of(name: &[u8]) -> Option<&'static (Names, Names)> {
    ENDED_BY_NEXT.iter().find(|(group, _)| is_in(group, name))
}

/// Whether a paragraph ends where an element called `name` begins.
pub(super) fn ends_paragraph(name: &[u8]) -> bool {
    ENDING_PARAGRAPHS.binary_search(&&name.to_ascii_lowercase()[..]).is_ok()
}

/// Whether the tag of an inline element does not end an element called `name`.
pub(super) fn is_special(name: &[u8]) -> bool {
    ends_paragraph(name) || is_in(&SPECIAL, name)
}

/// Whether an element called `name` goes on behind one in which it was not ended.
pub(super) fn is_formatting(name: &[u8]) -> bool {
    is_in(&FORMATTING, name)
}

/// Whether no such element goes on in one called `name`.
pub(super) fn is_wall(name: &[u8]) -> bool {
    is_in(&WALLS, name)
}

/// Whether an element called `name` is one of the head of a page.
pub(super) fn is_of_head(name: &[u8]) -> bool {
    is_in(&OF_HEAD, name)
}

/// Whether an element called `name` is a table or a part of one.
pub(super) fn is_of_table(name: &[u8]) -> bool {
    is_in(&OF_TABLES, name)
}

/// Whether SVG and MathML end where an element called `name` begins.
pub(super) fn ends_foreign(name: &[u8]) -> bool {
    ends_paragraph(name) || is_formatting(name) && !name.eq_ignore_ascii_case(b"a") || is_in(&ENDING_FOREIGN, name)
}
