//! Invented keywords, and texts in which some of them are planted.
//!
//! Words are drawn at random from lists of real ones, so that a scan meets what it meets in real text: common
//! beginnings, capitals, accents, and few repeated stretches. No list holds a keyword.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::random_words;

const TEXT_SIZE: usize = 1 << 20;
const KEYWORDS: usize = 1_000;
const KEYWORDS_PER_RULE: usize = 10;

const ENGLISH: &str = "the of and to in is that it was for on are as with his they at be this have from or one had \
    by word but not what all were we when your can said there use an each which she do how their if will up other \
    about out many then them these so some her would make like him into time has look two more write go see number \
    no way could people my than first water been call who oil its now find long down day did get come made may part \
    photo picture harbour evening family yesterday morning weather holiday kitchen garden question beautiful really \
    thank please welcome message customer delivery address support account summer winter children together sometimes";

/// Words of one language a line: letters of one, two and three bytes, combining marks, no spaces, right to left.
const MANY_SCRIPTS: [&str; 10] = [
    "größe straße fräulein über müller schön weiß können für auch noch wieder heute abend morgen zusammen",
    "déjà façade naïve élève garçon forêt où être cœur hôtel noël château très après même aujourd'hui",
    "все люди рождаются свободными и равными в своем достоинстве они наделены разумом совестью должны поступать",
    "όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια τα δικαιώματα είναι προικισμένοι με λογική",
    "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق وقد وهبوا عقلا وضميرا وعليهم أن يعامل بعضهم",
    "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता समानता प्राप्त है उन्हें बुद्धि",
    "人人生而自由 在尊严和权利上 一律平等 他们赋有 理性和良心 并应以 兄弟关系 的精神 相对待",
    "すべての人間は 生まれながらにして 自由であり かつ 尊厳と 権利とについて 平等である ﾊﾝｶｸ Ｆｕｌｌ ｗｉｄｔｈ",
    "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다 인간은 천부적으로 이성과",
    "việt nam được những người không trường tiếng nước của một cũng đã này 🙂 👍🏽 👩‍👩‍👧 🎉 e\u{301}te\u{301} n\u{303}",
];

const SYLLABLES: &str = "ba con dre fal gri hom jax kel lum mor nev pol qua rin sto tav urg vex wim yor zan bri cho \
    dul eks fro gan hul isk jor kra lin mup nol osk pri ral ska tem";
const CYRILLIC_SYLLABLES: &str = "бро вел гру дак жор зим кло лут мер нож пру раз сту трэ фил хва цок чур шин щел";

/// A thousand words and phrases that no text here holds by itself.
pub(crate) struct Keywords(Vec<String>);

impl Keywords {
    /// The same ones every time. Most are in Latin letters, a fifth in Cyrillic ones, and a fifth are phrases.
    pub(crate) fn invent() -> Self {
        let (latin, cyrillic) = (words_of(SYLLABLES), words_of(CYRILLIC_SYLLABLES));
        let mut random = random_words(4);
        let mut seen = BTreeSet::new();
        let mut keywords = Vec::new();
        while keywords.len() < KEYWORDS {
            let syllables = if keywords.len() % 5 == 4 { &cyrillic } else { &latin };
            let mut keyword = invented_word(syllables, &mut random);
            if keywords.len() % 5 == 2 {
                keyword = format!("{keyword} {}", invented_word(syllables, &mut random));
            }
            if seen.insert(keyword.clone()) {
                keywords.push(keyword);
            }
        }
        Self(keywords)
    }

    /// All of them, rule after rule.
    pub(crate) fn all(&self) -> &[String] {
        &self.0
    }

    /// A rule file in which every ten are a rule.
    pub(crate) fn as_rule_file(&self) -> String {
        let mut file = String::new();
        for (number, keywords) in self.0.chunks(KEYWORDS_PER_RULE).enumerate() {
            writeln!(file, "[[rule]]\nid = \"rule-{number}\"\nkeywords = {keywords:?}").expect("a string takes all");
        }
        file
    }
}

fn invented_word(syllables: &[&str], random: &mut impl FnMut() -> u64) -> String {
    let count = 2 + random() as usize % 3;
    (0..count).map(|_| syllables[random() as usize % syllables.len()]).collect()
}

/// A text, and the rules of which it holds one keyword each.
pub(crate) struct Planted {
    pub(crate) text: String,
    pub(crate) rules: Vec<usize>,
}

/// 1 MiB of English in ASCII.
pub(crate) fn prose(keywords: &Keywords) -> Planted {
    written_in(&[words_of(ENGLISH)], keywords, |keyword| keyword.to_ascii_uppercase())
}

/// 1 MiB that changes between eleven languages, with keywords disguised by letters of another script.
pub(crate) fn mixed_scripts(keywords: &Keywords) -> Planted {
    let languages: Vec<Vec<&str>> = MANY_SCRIPTS.iter().copied().chain([ENGLISH]).map(words_of).collect();
    written_in(&languages, keywords, |keyword| keyword.replace('a', "а").replace('o', "ο").replace('e', "ｅ"))
}

/// Sentences, each in one of `languages`. Every fourth rule's first keyword is in one of them, `disguised`.
fn written_in(languages: &[Vec<&str>], keywords: &Keywords, disguised: fn(&str) -> String) -> Planted {
    let rules: Vec<usize> = (0..KEYWORDS / KEYWORDS_PER_RULE).step_by(4).collect();
    let mut random = random_words(5);
    let mut below = move |bound: usize| random() as usize % bound;
    let mut text = String::with_capacity(TEXT_SIZE + 1000);
    let mut to_plant = rules.iter().map(|rule| disguised(&keywords.0[rule * KEYWORDS_PER_RULE]));
    let mut next_plant = TEXT_SIZE / 100;
    while text.len() < TEXT_SIZE {
        let words = &languages[below(languages.len())];
        let mut sentence: Vec<String> = (0..6 + below(12)).map(|_| words[below(words.len())].to_owned()).collect();
        sentence[0] = with_capital(&sentence[0]);
        if text.len() > next_plant {
            sentence.extend(to_plant.next());
            next_plant += TEXT_SIZE / 30;
        }
        text.push_str(&sentence.join(if below(8) == 0 { ", " } else { " " }));
        text.push_str([". ", ". ", "? ", ".\n\n"][below(4)]);
    }
    assert!(to_plant.next().is_none(), "every keyword found its place");
    Planted { text, rules }
}

fn with_capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn words_of(list: &str) -> Vec<&str> {
    list.split_whitespace().collect()
}
