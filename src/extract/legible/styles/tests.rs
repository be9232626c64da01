//! Which elements rules are of, and what they say of them.

use super::*;
use crate::config::Ambiguity;
use crate::content::ExtractLimits;
use crate::extract::dissection::testing::gathered;
use crate::extract::legible::hidden::Element;

/// Elements around each other, each with those before it in its parent.
struct Path {
    levels: Vec<Vec<Element<'static>>>,
}

impl Path {
    /// The last of `tags` is in the one before it; tags of one text are beside each other.
    fn of(tags: &[&'static str]) -> Self {
        let element = |tag: &'static str| {
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            Element::of(name.as_bytes(), attributes.as_bytes())
        };
        Self { levels: tags.iter().map(|tags| tags.split(", ").map(element).collect()).collect() }
    }

    fn level(&self, level: usize) -> Option<&Vec<Element<'static>>> {
        self.levels.iter().rev().nth(level)
    }
}

impl Tree for Path {
    fn element(&self, level: usize, back: usize) -> Option<&Element<'_>> {
        self.level(level)?.iter().rev().nth(back)
    }

    fn number(&self, level: usize, back: usize) -> usize {
        self.level(level).map_or(1, Vec::len) - back
    }
}

impl Styled for Path {
    fn customs(&self, level: usize) -> Option<&[Rc<Customs>]> {
        self.level(level).map(|_| &[][..])
    }
}

fn styles(sheet: &str) -> Styles {
    let mut styles = Styles::default();
    let found = gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| {
        let sheet = sheet.as_bytes().to_vec();
        styles = Styles::of(&[Source::Written { sheet, media: Vec::new() }], false, found);
    });
    assert_eq!(found.problems, []);
    styles
}

/// Whether the last of `path` is hidden by `sheet`.
fn hides(sheet: &str, path: &[&'static str], unsure: Unsure) -> bool {
    let look = styles(sheet).look(&Path::of(path), unsure);
    look.is_hidden || look.inherited.1 != 0
}

#[test]
fn rules_are_of_elements_within_others_as_selectors_say() {
    let path = ["div class='p q'", "u, u class=v, i", "b id=x data-h=seven"];
    for (sheet, expected) in [
        ("b{display:none}", true),
        (".p b{display:none}", true),
        (".p>b{display:none}", false),
        (".p > i > b{display:none}", true),
        ("u b{display:none}", false),
        ("b{display:none} #x{display:inline}", false),
        ("#x{display:inline} b{display:none!important}", true),
        ("b{color:red;display:none} b{display:block}", false),
        ("b{display:none} b{display:bogus}", true),
        ("[data-h^='sev']{display:none}", true),
        ("[data-h=SEVEN]{display:none}", false),
        ("[data-h=SEVEN i]{display:none}", true),
        ("[data-h=six],.p.z b{display:none}", false),
        ("@media all{.q.p b{disp\\6c ay:none}}", true),
        (".p{b{display:none}}", true),
        (".p{color:red;b{color:blue}& > i b{display:none}}", true),
        (".p{b &{display:none}}", false),
        ("b::first-letter{display:none}", false),
        ("b:not(.a,.b):hover{display:none}", true),
        ("b:not(.a,#x){display:none}", false),
        ("b:not(#x):hover, b:is(.a,[id]){display:none}", true),
        (":where(i, s) :is(b){display:none}", true),
        (".v + i b{display:none}", true),
        ("u:first-child ~ i b{display:none}", true),
        ("i + i b{display:none}", false),
        ("i:nth-child(2n + 1) b{display:none}", true),
        ("i:nth-child(-n+2) b{display:none}", false),
        (".P b{display:none}", false),
        ("b, b::bogus{display:none}", false),
        ("b{content:'}'} i b{display:none}", true),
        ("b::after{content:'{'} b{display:none}", true),
        ("b{--x:{} ;display:none}", true),
        ("s{} } b{display:none}", false),
        ("<!-- b{display:none} -->", true),
        ("a(;{} b{display:none}", false),
        ("@layer a{b{display:none}} b{display:inline}", false),
        ("@layer b, a; @layer a{b{display:none}} @layer b{b{display:inline}}", true),
        ("@bogus{b{display:none}}", false),
        ("b{display:n/**/one}", false),
        ("b{opacity:.01}", true),
        ("b{font:0/1 x}", true),
        ("b{font:12px/0 x}", false),
        ("b{color:rgb(0 0 0 / 0%)}", true),
    ] {
        assert_eq!(hides(sheet, &path, Unsure::Counts), expected, "{sheet}");
    }
    for sheet in ["@media print{b{display:none}}", "b:hover{display:none}", "b:last-child{display:none}"] {
        assert!(hides(sheet, &path, Unsure::Counts), "{sheet}");
        assert!(!hides(sheet, &path, Unsure::IsLeftOut), "{sheet}");
    }
}

#[test]
fn values_of_custom_properties_and_attributes_are_found() {
    let path = ["div style='--n:none'", "b data-d=none style='--m: var(--k)'"];
    for (sheet, expected) in [
        ("b{display:var(--k,none)}", true),
        ("b{--k:none;display:var( --k )}", true),
        ("b{--k:none;display:var(--m)}", true),
        ("b{display:var(--k)}", false),
        ("b{--k:var(--m);display:var(--k)}", false),
        ("@property --k{initial-value:none} b{display:var(--m)}", true),
        ("b{display:attr(data-d type(<custom-ident>))}", true),
        ("b{display:attr(data-d)}", false),
        ("b{display:attr(data-x type(*), none)}", true),
        ("b{display:none;display:var(--k)}", false),
        ("b{--k:var(--k);display:var(--k,none)}", true),
    ] {
        assert_eq!(hides(sheet, &path, Unsure::Counts), expected, "{sheet}");
    }
}

#[test]
fn a_sheet_that_is_too_much_is_cut_and_says_so() {
    for sheet in ["b{opacity:0}".repeat(MOST_RULES + 1), "@media all{".repeat(99), "b{&{".repeat(99)] {
        assert!(styles(&sheet).is_cut(), "{}…", &sheet[..20]);
    }
    let laughs: String = (0..40).map(|n| format!("--a{n}:var(--a{0})var(--a{0});", n + 1)).collect();
    let styles = styles(&format!("b{{{laughs}--a40:x;display:var(--a0)}}"));
    styles.look(&Path::of(&["b"]), Unsure::Counts);
    assert!(styles.is_cut());
    assert!(styles.steps.get() < 1 << 20, "{}", styles.steps.get());
}
