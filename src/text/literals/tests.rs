use aho_corasick::{AhoCorasick, MatchKind};
use proptest::prelude::*;

use super::*;

/// What the crate aho-corasick finds.
fn expected(patterns: &[Vec<u8>], text: &[u8]) -> Vec<Occurrence> {
    let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(patterns).unwrap();
    let found = automaton.find_overlapping_iter(text);
    let mut found: Vec<Occurrence> = found
        .map(|found| Occurrence { pattern: found.pattern().as_usize(), start: found.start(), end: found.end() })
        .collect();
    found.sort_unstable();
    found
}

fn found(literals: &Literals, text: &[u8]) -> Vec<Occurrence> {
    let mut all = Vec::new();
    literals.search(text, |occurrence| all.push(occurrence));
    all.sort_unstable();
    all
}

fn found_in_chunks(literals: &Literals, text: &[u8], cuts: &[usize]) -> Vec<Occurrence> {
    let mut all = Vec::new();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).chain([0, text.len()]).collect();
    cuts.sort_unstable();
    for pair in cuts.windows(2) {
        let kept = pair[0].saturating_sub(literals.longest() - 1);
        let note = |Occurrence { pattern, start, end }: Occurrence| {
            all.push(Occurrence { pattern, start: start + kept, end: end + kept });
        };
        literals.search_new(&text[kept..pair[1]], pair[0] - kept..pair[1] - kept, note);
    }
    all.sort_unstable();
    all
}

fn distinct(mut patterns: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    patterns.sort();
    patterns.dedup();
    patterns
}

fn check(patterns: &[Vec<u8>], text: &[u8]) {
    let literals = Literals::build(patterns).unwrap();
    assert_eq!(found(&literals, text), expected(patterns, text), "{patterns:?}");
}

fn bytes(alphabet: &'static [u8], len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(alphabet), len)
}

/// Patterns over few letters, some of them with a start or an end of their own as patterns too.
fn patterns() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let short = bytes(b"ab", 1..6);
    let middle = bytes(b"abc", 3..24);
    let long = bytes(b"ab", 20..90);
    let one = prop_oneof![short, middle, long];
    prop::collection::vec((one, any::<prop::sample::Index>(), 0..3_u8), 1..60).prop_map(|made| {
        let kin = made.into_iter().flat_map(|(pattern, cut, kind)| {
            let cut = cut.index(pattern.len());
            let kin = match kind {
                0 => pattern[..=cut].to_vec(),
                1 => pattern[cut..].to_vec(),
                _ => pattern.clone(),
            };
            [pattern, kin]
        });
        distinct(kin.collect())
    })
}

proptest! {
    #[test]
    fn all_that_an_automaton_finds_is_found_and_nothing_else(
        patterns in patterns(),
        text in bytes(b"abc", 0..600),
        cuts in prop::collection::vec(any::<usize>(), 0..6),
    ) {
        let literals = Literals::build(&patterns).unwrap();
        let expected = expected(&patterns, &text);
        prop_assert_eq!(&found(&literals, &text), &expected);
        prop_assert_eq!(&found_in_chunks(&literals, &text, &cuts), &expected);
    }

    #[test]
    fn patterns_are_found_in_texts_made_of_them(
        patterns in patterns(),
        picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..400),
        cuts in prop::collection::vec(any::<usize>(), 0..6),
    ) {
        let text: Vec<u8> = picks.iter().flat_map(|(which, len)| {
            let pattern = &patterns[which.index(patterns.len())];
            &pattern[..=len.index(pattern.len())]
        }).copied().collect();
        let literals = Literals::build(&patterns).unwrap();
        let expected = expected(&patterns, &text);
        prop_assert_eq!(&found(&literals, &text), &expected);
        prop_assert_eq!(&found_in_chunks(&literals, &text, &cuts), &expected);
    }

    #[test]
    fn each_width_and_stride_finds_the_same(
        width in 1..=8_usize,
        stride in prop::sample::select(&[1, 2, 4, 8][..]),
        long in prop::collection::vec(bytes(b"abcdefgh", 24..40), 1..20),
        text in bytes(b"ab", 0..200),
    ) {
        let long = distinct(long);
        let window = Window::new(width, stride);
        let patterns = Patterns::collect(&long).unwrap();
        let rarity = Rarity::of(long.iter().map(Vec::as_slice));
        let numbers: Vec<u32> = (0..long.len() as u32).collect();
        let mut left_over = Vec::new();
        let layers = vec![Layer::build(window, &patterns, &numbers, &rarity, &mut left_over)];
        let automaton = automaton_of(&patterns, left_over).unwrap();
        let literals = Literals { patterns, layers, singles: Vec::new(), automaton };
        let text: Vec<u8> = [&text[..], &long.concat(), &text, &long[0]].concat();
        prop_assert_eq!(found(&literals, &text), expected(&long, &text));
    }
}

#[test]
fn occurrences_are_found_at_every_distance_from_a_block_and_from_the_end() {
    let patterns: Vec<Vec<u8>> =
        ["x", "yz", "needle", "a longer needle", "of some forty bytes, the longest of them all"]
            .map(|pattern| pattern.as_bytes().to_vec())
            .to_vec();
    // With others of each length they are too many to be looked for one by one.
    let others = (0xf0..=0xf4).flat_map(|byte| [1, 2, 3, 5, 12, 30].map(|len| vec![byte; len]));
    let many: Vec<Vec<u8>> = patterns.iter().cloned().chain(others).collect();
    let (few, many) = (Literals::build(&patterns).unwrap(), Literals::build(&many).unwrap());
    assert!(few.layers.is_empty() && many.singles.is_empty());
    for pattern in &patterns {
        for place in (0..100).chain(BLOCK - 60..BLOCK + 60).chain(2 * BLOCK - 60..2 * BLOCK + 60) {
            for behind in [0, 1, 7, 30] {
                let text = [&vec![b'.'; place][..], pattern, &vec![b'.'; behind]].concat();
                let expected = expected(&patterns, &text);
                assert_eq!(found(&few, &text), expected, "{place} {behind}");
                assert_eq!(found(&many, &text), expected, "{place} {behind}");
            }
        }
    }
}

#[test]
fn few_patterns_are_found_where_they_overlap_themselves() {
    for patterns in [&["aa"][..], &["a", "aa", "aba"], &["abab", "ba"]] {
        let patterns: Vec<Vec<u8>> = patterns.iter().map(|pattern| pattern.as_bytes().to_vec()).collect();
        check(&patterns, b"aaaaababababaa");
    }
}

#[test]
fn patterns_that_share_every_window_are_found() {
    let same_start: Vec<Vec<u8>> = (1..200).map(|len| [&vec![b'a'; len][..], b"b"].concat()).collect();
    let text = [&vec![b'a'; 500][..], b"b", &[b'a'; 30], b"b"].concat();
    check(&same_start, &text);
    let all_a: Vec<Vec<u8>> = (1..200).map(|len| vec![b'a'; len]).collect();
    check(&all_a, &text);
}

#[test]
fn as_many_as_take_wider_windows_are_found_like_few() {
    // Of 4 to 21 bytes, with endings that many share.
    let pattern = |number: usize| {
        let stem = format!("{:x}", number.wrapping_mul(0x9e37_79b9) & 0xff_ffff);
        [&stem, &"e shared ending"[..number % 16]].concat().into_bytes()
    };
    let patterns = distinct((0..=plan::MANY + 2_000).map(pattern).filter(|pattern| pattern.len() > 3).collect());
    assert!(patterns.len() > plan::MANY);
    let text: Vec<u8> =
        patterns.iter().step_by(97).flat_map(|pattern| [&pattern[1..], &b" "[..], pattern].concat()).collect();
    let literals = Literals::build(&patterns).unwrap();
    let expected = expected(&patterns, &text);
    assert!(expected.len() > 1_000);
    assert_eq!(found(&literals, &text), expected);
    assert_eq!(found_in_chunks(&literals, &text, &[100, 5_000, 5_003, 20_000]), expected);
}

#[test]
fn any_bytes_are_patterns() {
    let patterns: Vec<Vec<u8>> =
        (0..=255).map(|byte| vec![byte]).chain([vec![0; 9], vec![0; 20], vec![255; 17]]).collect();
    let text: Vec<u8> = (0..=255).chain([0; 40]).chain([255; 40]).collect();
    check(&patterns, &text);
}

#[test]
fn nothing_is_found_without_patterns_or_text() {
    let none: [&[u8]; 0] = [];
    Literals::build(none).unwrap().search(b"text", |occurrence| panic!("{occurrence:?}"));
    Literals::build(["a"]).unwrap().search(b"", |occurrence| panic!("{occurrence:?}"));
}
