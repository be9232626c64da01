//! What scanning a text takes while it arrives.

use penstock::content::Deadline;
use penstock::text::{RuleSet, Scanner, parse_rules};

use crate::memory::{calls, calls_of};

/// What may be kept of a stream while more of it is waited for.
const MOST_KEPT: isize = 64 << 10;

/// What scanning a block may take, which is given back before the next piece comes. All that is spelled out in a block
/// is read leniently at once, which takes more than place by place did and is much faster.
const MOST: isize = 512 << 10;

/// Bytes that arrive at a time, as in a packet.
const PIECE: usize = 1460;

/// Keywords with accents and without, and identifiers, each in a lane of its own or another.
fn rule_set() -> RuleSet {
    let rules = parse_rules(
        "[[rule]]\nid = \"kept\"\nkeywords = [\"forbidden turnip\", \"запретная репа\", \"禁止萝卜\"]\n\
         [[rule]]\nid = \"stripped\"\nnormalise = { accents = true }\nkeywords = [\"navet interdit\"]\n",
    );
    RuleSet::compile(rules.unwrap()).unwrap()
}

#[test]
fn no_more_than_64_kib_of_a_text_are_kept_however_long_it_is() {
    let rules = rule_set();
    for (name, text) in [
        ("ascii", "The quick brown fox jumps over the lazy dog, and then it's 2024 again.\n"),
        ("accents", "Le cœur déçu mais l'âme plutôt naïve, Louÿs rêva de crapaüter en canoë.\n"),
        ("cyrillic", "Съешь же ещё этих мягких французских булок, да выпей чаю.\n"),
        ("arabic", "نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر.\n"),
        ("chinese", "视野无限广，窗外有蓝天。微风迎客，软语伴茶。"),
        ("spelled out", "f o r b i d d e n - t.u.r.n.i.p 4nd tuuuurn1p "),
        ("escaped", "forb%69dden &#116;urnip Zm9yYmlkZGVuIHR1cm5pcA== "),
        ("invisible", "for\u{200b}\u{200d}bid\u{ad}den \u{336}t\u{301}urnip"),
        ("no spaces", "aaaaaaaaaaaaaaaab"),
    ] {
        let text = text.repeat((1 << 20) / text.len());
        // What is kept for good, such as foldings, is made by the first text.
        rules.scan(text.as_bytes(), &Deadline::NEVER);
        let mut kept = 0;
        let scan = || {
            let mut scanner = Scanner::new(&rules, Deadline::NEVER);
            for piece in text.as_bytes().chunks(PIECE) {
                scanner.push(piece);
                kept = kept.max(calls().held);
            }
            scanner.finish()
        };
        let peak = calls_of(scan).peak;
        assert!(kept <= MOST_KEPT && peak <= MOST, "{name}: {kept} bytes are kept, {peak} at the peak");
    }
}
