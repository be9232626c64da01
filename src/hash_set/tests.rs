//! The set as the rest of Penstock sees it: several algorithms in one list.

use super::*;
use crate::content::PdqHash;

const LIST: &str = "\
algorithm,hash,id,label
phash,00000000000000ff,p1,spam
pdq,0000000000000000000000000000000000000000000000000000000000000007,q1,terror
md5,00000000000000000000000000000001,m1,terror
pdq,0000000000000000000000000000000000000000000000000000000000000000,q2,csam
dhash,00000000000000ff,d1,spam
pdq,0000000000000000000000000000000000000000000000000000000000000007,q3,csam
md5,00000000000000000000000000000001,m2,spam
";

fn list() -> HashSet {
    HashSet::from_csv(LIST.as_bytes()).unwrap()
}

fn pdq(last: u8) -> HashValue {
    let mut bytes = [0; 32];
    bytes[31] = last;
    HashValue::Pdq(PdqHash(bytes))
}

fn md5(last: u8) -> HashValue {
    HashValue::parse(Algorithm::Md5, &format!("{last:032x}")).unwrap()
}

fn ids(set: &HashSet, entries: impl IntoIterator<Item = EntryIndex>) -> Vec<&str> {
    entries.into_iter().filter_map(|entry| set.entry(entry).about.id).collect()
}

fn near(set: &HashSet, queries: &[HashValue], radius: u16) -> Vec<(String, u16)> {
    let near = set.find_near(queries, Distance(radius)).into_iter();
    near.map(|near| (set.entry(near.entry).name().into_owned(), near.distance.0)).collect()
}

fn pairs(expected: &[(&str, u16)]) -> Vec<(String, u16)> {
    expected.iter().map(|(id, distance)| ((*id).to_owned(), *distance)).collect()
}

#[test]
fn a_set_knows_how_many_entries_each_algorithm_has() {
    let set = list();
    let counts = Algorithm::ALL.map(|algorithm| set.count(algorithm));
    assert_eq!(counts, [2, 0, 0, 0, 3, 0, 1, 1]);
    assert_eq!((set.len(), set.is_empty()), (7, false));
    let expected = [Algorithm::Md5, Algorithm::Pdq, Algorithm::DHash, Algorithm::PHash];
    assert_eq!(set.algorithms(), expected.into_iter().collect());
}

#[test]
fn entries_come_back_with_the_hash_and_the_names_they_were_listed_with() {
    let set = list();
    for line in LIST.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let hash = HashValue::parse(fields[0].parse().unwrap(), fields[1]).unwrap();
        let entry = ids(&set, set.find_digest(&hash)).into_iter().position(|id| id == fields[2]);
        let entry = set.entry(set.find_digest(&hash)[entry.unwrap_or_else(|| panic!("{line}: not found"))]);
        assert_eq!((entry.hash, entry.about.label), (hash, Some(fields[3])), "{line}");
    }
}

#[test]
fn an_exact_search_returns_every_entry_with_the_hash_and_no_other_algorithm() {
    let set = list();
    assert_eq!(ids(&set, set.find_digest(&md5(1))), ["m1", "m2"]);
    assert_eq!(ids(&set, set.find_digest(&md5(2))), [] as [&str; 0]);
    assert_eq!(ids(&set, set.find_digest(&pdq(7))), ["q1", "q3"]);
    let phash = HashValue::parse(Algorithm::PHash, "00000000000000ff").unwrap();
    assert_eq!(ids(&set, set.find_digest(&phash)), ["p1"]);
    let ahash = HashValue::parse(Algorithm::AHash, "00000000000000ff").unwrap();
    assert_eq!(set.find_digest(&ahash), []);
}

#[test]
fn a_search_by_distance_gives_the_nearest_first_and_each_entry_once() {
    let set = list();
    assert_eq!(near(&set, &[pdq(0)], 2), pairs(&[("q2", 0)]));
    assert_eq!(near(&set, &[pdq(0)], 3), pairs(&[("q2", 0), ("q1", 3), ("q3", 3)]));
    assert_eq!(near(&set, &[pdq(0), pdq(3), pdq(1)], 3), pairs(&[("q2", 0), ("q1", 1), ("q3", 1)]));
    assert_eq!(near(&set, &[], 256), []);
}

#[test]
fn a_query_is_compared_with_its_own_algorithm_only() {
    let set = list();
    let dhash = HashValue::parse(Algorithm::DHash, "0000000000000000").unwrap();
    assert_eq!(near(&set, &[dhash], 8), pairs(&[("d1", 8)]));
    assert_eq!(near(&set, &[md5(1), md5(1), md5(3)], 31), pairs(&[("m1", 0), ("m2", 0)]));
    let close = HashValue::parse(Algorithm::DHash, "00000000000000fe").unwrap();
    let expected = pairs(&[("m1", 0), ("m2", 0), ("q2", 1), ("d1", 1), ("q1", 2), ("q3", 2)]);
    assert_eq!(near(&set, &[close, md5(1), pdq(1)], 8), expected);
}

#[test]
fn debug_output_shows_no_entries() {
    assert_eq!(format!("{:?}", list()), "HashSet { len: 7, .. }");
}
