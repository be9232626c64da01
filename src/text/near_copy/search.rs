//! One upload against lists of known texts.

use std::collections::HashMap;
use std::ops::Range;

use super::digest::{TlshOfWords, distance};
use super::passage::{Passage, Passages};
use super::shingle::Shingler;
use super::words::{charsets_of, each_word};
use super::{NearCopy, Sought, TextList};
use crate::content::Deadline;
use crate::text::charset::Charset;

/// How many times as long as the longest known text an upload may be to have a TLSH. Far sooner the difference of lengths
/// is more than any distance allows.
const LONGER: u64 = 16;

/// Bytes that a word takes at most, for an estimate.
const BYTES_A_WORD: u64 = 16;

/// How near a text came.
#[derive(Clone, Debug, Default)]
struct Nearness {
    passage: Passage,
    distance: Option<u32>,
}

/// See [`super::find_near_copies`].
pub(super) fn find(lists: &[Sought<'_>], bytes: &[u8], deadline: &Deadline) -> Vec<NearCopy> {
    let mut near: Vec<HashMap<u32, Nearness>> = vec![HashMap::new(); lists.len()];
    for charset in charsets_of(bytes) {
        let reading = Reading::of(lists, bytes, charset, deadline);
        for ((near, sought), passages) in near.iter_mut().zip(lists).zip(reading.passages) {
            for (text, passages) in passages {
                let (passage, known) = (passages.into_best(), near.entry(text).or_default());
                if passage.found > known.passage.found {
                    known.passage = passage;
                }
            }
            compare_tlsh(sought, reading.tlsh.as_ref(), deadline, near);
        }
    }
    let told = (0..).zip(lists).zip(near).flat_map(|((list, sought), near)| told(list, sought, near, bytes.len()));
    told.collect()
}

/// What one reading of the bytes has of known texts, by list and text.
struct Reading {
    passages: Vec<HashMap<u32, Passages>>,
    tlsh: Option<tlsh::Tlsh>,
}

impl Reading {
    fn of(lists: &[Sought<'_>], bytes: &[u8], charset: Charset, deadline: &Deadline) -> Self {
        let mut passages: Vec<HashMap<u32, Passages>> = vec![HashMap::new(); lists.len()];
        let (mut shingler, mut number) = (Shingler::default(), 0);
        let longest = lists.iter().filter(|sought| sought.tlsh_distance.is_some()).map(|sought| sought.list.longest);
        let mut tlsh = TlshOfWords::up_to(longest.max().unwrap_or(0).saturating_mul(LONGER * BYTES_A_WORD));
        each_word(bytes, charset, deadline, |word| {
            tlsh.push(word);
            let Some(shingle) = shingler.push(word) else {
                return;
            };
            number += 1;
            for (sought, passages) in lists.iter().zip(&mut passages) {
                for holder in sought.list.index.holders(shingle.hash) {
                    let text = &sought.list.texts[holder.text as usize];
                    let fresh = || Passages::of(text.words, text.fingerprints.len());
                    passages.entry(holder.text).or_insert_with(fresh).note(number, holder.ordinal, &shingle.span);
                }
            }
        });
        Self { passages, tlsh: tlsh.finish() }
    }
}

fn compare_tlsh(
    sought: &Sought<'_>,
    tlsh: Option<&tlsh::Tlsh>,
    deadline: &Deadline,
    near: &mut HashMap<u32, Nearness>,
) {
    let (Some(tlsh), Some(most)) = (tlsh, sought.tlsh_distance) else {
        return;
    };
    for (number, text) in (0..).zip(&sought.list.texts) {
        if number % 1024 == 0 && deadline.has_passed() {
            return;
        }
        let apart = text.tlsh.as_ref().map(|known| distance(known, tlsh));
        if let Some(apart) = apart.filter(|apart| *apart <= u32::from(most)) {
            let known = near.entry(number).or_default();
            known.distance = Some(known.distance.map_or(apart, |before| before.min(apart)));
        }
    }
}

/// What is near enough, the nearest first.
fn told(list: usize, sought: &Sought<'_>, near: HashMap<u32, Nearness>, length: usize) -> Vec<NearCopy> {
    let mut told: Vec<NearCopy> = near
        .into_iter()
        .filter_map(|(text, Nearness { passage, distance })| {
            let score = score(sought.list, text, &passage);
            let is_passage = score >= sought.threshold && passage.found >= super::FEWEST_FOUND;
            let span: Range<usize> = if is_passage { passage.span } else { 0..length };
            (is_passage || distance.is_some()).then_some(NearCopy { list, text: text as usize, score, distance, span })
        })
        .collect();
    told.sort_by(|one, other| {
        other.score.total_cmp(&one.score).then(one.distance.cmp(&other.distance)).then(one.text.cmp(&other.text))
    });
    told.truncate(sought.most);
    told
}

fn score(list: &TextList, text: u32, passage: &Passage) -> f64 {
    let share = f64::from(passage.found) / list.texts[text as usize].fingerprints.len() as f64;
    (share * 1000.0).round() / 1000.0
}
