use super::*;

/// Numbers that look like chance and are the same everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn word(&mut self) -> String {
        let syllables = ["ka", "lo", "mi", "ter", "sun", "ra", "vel", "op", "ni", "gra"];
        (0..=self.below(3)).map(|_| syllables[self.below(syllables.len())]).collect()
    }

    fn words(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.word()).collect()
    }

    /// `words` with `percent` of them replaced, removed or followed by another.
    fn edited(&mut self, words: &[String], percent: usize) -> Vec<String> {
        let mut edited = Vec::new();
        for word in words {
            match (self.below(100) < percent, self.below(3)) {
                (false, _) => edited.push(word.clone()),
                (true, 0) => edited.push(self.word()),
                (true, 1) => {}
                (true, _) => edited.extend([word.clone(), self.word()]),
            }
        }
        edited
    }
}

fn list_of(texts: &[Vec<String>]) -> TextList {
    let digest = |(number, words): (usize, &Vec<String>)| {
        TextDigest::of(&format!("text {number}"), words.join(" ").as_bytes()).unwrap()
    };
    TextList::of(texts.iter().enumerate().map(digest).collect())
}

fn sought(list: &TextList) -> Sought<'_> {
    Sought { list, threshold: 0.15, tlsh_distance: None, most: 16 }
}

fn found(list: &TextList, text: &str) -> Vec<NearCopy> {
    find_near_copies(&[sought(list)], text.as_bytes(), &Deadline::NEVER)
}

#[test]
fn edited_copies_are_found_and_other_texts_are_not() {
    let mut chance = Chance(1);
    let known: Vec<Vec<String>> = (0..20).map(|_| chance.words(400)).collect();
    let list = list_of(&known);
    for (number, words) in known.iter().enumerate() {
        for percent in [0, 10, 20, 30] {
            let copies = found(&list, &chance.edited(words, percent).join(" "));
            assert_eq!(copies.iter().map(|copy| copy.text).collect::<Vec<_>>(), [number], "{percent} %");
        }
        assert_eq!(found(&list, &chance.words(400).join(" ")), []);
    }
}

#[test]
fn a_passage_is_found_where_it_stands() {
    let mut chance = Chance(2);
    let known = chance.words(300);
    let list = list_of(std::slice::from_ref(&known));
    let (before, behind) = (chance.words(900).join(" "), chance.words(900).join(" "));
    let copy = chance.edited(&known, 20).join(" ");
    let copies = found(&list, &format!("{before} {copy} {behind}"));
    assert_eq!(copies.len(), 1);
    let NearCopy { score, distance, span, .. } = &copies[0];
    assert!(*score > 0.3 && distance.is_none(), "{copies:?}");
    let place = before.len() + 1..before.len() + 1 + copy.len();
    assert!(
        span.start >= place.start && span.end <= place.end && 10 * span.len() > 9 * copy.len(),
        "{span:?} in {place:?}"
    );
}

#[test]
fn words_spread_far_apart_are_no_passage() {
    let mut chance = Chance(3);
    let known = chance.words(300);
    let list = list_of(std::slice::from_ref(&known));
    let mut spread = Vec::new();
    for words in known.chunks(10) {
        spread.extend(chance.words(1000));
        spread.extend_from_slice(words);
    }
    assert_eq!(found(&list, &spread.join(" ")), []);
}

#[test]
fn spelling_and_charset_make_no_difference() {
    let mut chance = Chance(4);
    let known = chance.words(200);
    let list = list_of(std::slice::from_ref(&known));
    let text = known.join(", ").to_uppercase().replace('A', "\u{410}").replace('O', "0").replace('E', "\u{c9}");
    assert_eq!(found(&list, &text)[0].score, 1.0);
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let copies = find_near_copies(&[sought(&list)], &utf16, &Deadline::NEVER);
    assert_eq!((copies[0].score, copies[0].span.clone()), (1.0, 0..utf16.len()));
}

#[test]
fn scripts_without_spaces_are_told_by_their_characters() {
    let mut chance = Chance(5);
    for (first, count) in [('\u{4e00}', 800), ('\u{e01}', 46), ('\u{3041}', 80)] {
        let character = |chance: &mut Chance| char::from_u32(u32::from(first) + chance.below(count) as u32).unwrap();
        let mut text = |length: usize| (0..length).map(|_| character(&mut chance)).collect::<String>();
        let (known, other) = (text(600), text(600));
        let edited: String = known.chars().enumerate().map(|(at, ch)| if at % 12 == 5 { first } else { ch }).collect();
        let list = TextList::of(vec![TextDigest::of("text", known.as_bytes()).unwrap()]);
        assert_eq!(found(&list, &format!("{other}{edited}{other}")).len(), 1, "{first}");
        assert_eq!(found(&list, &other), [], "{first}");
    }
}

#[test]
fn no_more_than_the_nearest_are_told() {
    let mut chance = Chance(6);
    let known = chance.words(200);
    let versions: Vec<Vec<String>> = (0..40).map(|_| chance.edited(&known, 2)).collect();
    let list = list_of(&versions);
    let copies = found(&list, &versions[30].join(" "));
    assert_eq!((copies.len(), copies[0].text, copies[0].score), (16, 30, 1.0));
    assert!(copies.is_sorted_by(|one, other| one.score >= other.score));
}

#[test]
fn several_lists_are_asked_at_once_each_in_its_own_way() {
    let mut chance = Chance(7);
    let known = chance.words(300);
    let list = list_of(std::slice::from_ref(&known));
    let lists = [0.99, 0.2].map(|threshold| Sought { list: &list, threshold, tlsh_distance: None, most: 16 });
    let copies = find_near_copies(&lists, chance.edited(&known, 10).join(" ").as_bytes(), &Deadline::NEVER);
    assert_eq!(copies.iter().map(|copy| copy.list).collect::<Vec<_>>(), [1]);
}

#[test]
fn past_the_deadline_it_stops() {
    let known = Chance(8).words(300);
    let list = list_of(std::slice::from_ref(&known));
    let passed = Deadline::after(std::time::Duration::ZERO);
    assert_eq!(find_near_copies(&[sought(&list)], known.join(" ").as_bytes(), &passed), []);
}

#[test]
fn a_short_text_is_refused() {
    let error = TextDigest::of("short", b"just five words of text").unwrap_err();
    assert!(error.to_string().starts_with("too short: 5 words make 3 different shingles, at least 12"), "{error}");
}

/// By the Python package py-tlsh 5.0.0, of the same words with one space between them; the distances are to the line above.
const BY_THE_REFERENCE: [(u64, usize, &str, u32); 5] = [
    (11, 60, "T158E0DFE87B0B042514D9A25F286E0B4028C2E12829A1E9F9B17EDA562E4788970ADED1", 0),
    (12, 100, "T1A2F028A01F47015A39565646106D470058CAFA98B93982FDB1ADE58B3F0BD49304F870", 216),
    (13, 400, "T12741BD973F0F211B38525249396E4B0294C9EA9CB816D2FEE52DE39B3E43C94305EDA1", 250),
    (14, 3000, "T18372CF977F0F522A29535689356E0701E8C9E998F916C3FEE16DFA873D47C88309EC90", 282),
    (15, 20000, "T162B3C0D63F0B126A3953568A796E0B01A8C9EE98F915C3FDA16DFA973D07C84305EC90", 263),
];

#[test]
fn tlsh_is_that_of_the_reference() {
    let mut last = None;
    for (seed, count, expected, apart) in BY_THE_REFERENCE {
        // Neither capitals nor punctuation are part of what is hashed.
        let text = Chance(seed).words(count).join(" – ").to_uppercase();
        let tlsh = TextDigest::of("text", text.as_bytes()).unwrap().tlsh.unwrap();
        assert_eq!(tlsh.to_string(), expected, "{seed}");
        assert_eq!(digest::distance(&last.unwrap_or(tlsh), &tlsh), apart, "{seed}");
        last = Some(tlsh);
    }
}

#[test]
fn a_whole_text_is_told_by_its_tlsh_as_well() {
    let mut chance = Chance(9);
    let known = chance.words(2000);
    let list = list_of(std::slice::from_ref(&known));
    let near = |text: &str| {
        let lists = [Sought { list: &list, threshold: 1.0, tlsh_distance: Some(30), most: 16 }];
        find_near_copies(&lists, text.as_bytes(), &Deadline::NEVER)
    };
    let edited = chance.edited(&known, 20).join(" ");
    let copies = near(&edited);
    assert!(copies[0].distance.is_some() && copies[0].score < 1.0 && copies[0].span == (0..edited.len()), "{copies:?}");
    assert_eq!(near(&chance.words(20_000).join(" ")), []);
}
