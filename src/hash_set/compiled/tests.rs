//! What goes into a compiled set comes out of it, and what is no longer one is refused.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::Arc;

use proptest::prelude::*;

use super::file::VERSION;
use super::*;
use crate::content::{Hash64, PdqHash};
use crate::hash_set::entry::RecordSink;
use crate::hash_set::{HashSet, SetBuilder};

/// A record that owns its texts.
#[derive(Clone, Debug)]
enum Record {
    Listed(HashValue, Texts),
    Kept(KeptKind, String, Texts),
    Removed(Option<String>, Option<HashValue>),
}

/// Id, label, tags, note.
type Texts = [Option<String>; 4];

fn about(texts: &Texts) -> About<'_> {
    let [id, label, tags, note] = texts.each_ref().map(Option::as_deref);
    About { id, label, tags, note, ..About::default() }
}

/// Hashes of which many are equal, of every algorithm.
fn hash() -> impl Strategy<Value = HashValue> {
    (0..Algorithm::ALL.len(), 0_u8..4, any::<prop::sample::Index>()).prop_map(|(algorithm, byte, at)| {
        let algorithm = Algorithm::ALL[algorithm];
        let mut bytes = vec![0; algorithm.byte_len()];
        let at = at.index(bytes.len());
        bytes[if byte == 3 { at } else { 0 }] = byte;
        HashValue::from_bytes(algorithm, &bytes).unwrap()
    })
}

fn texts() -> impl Strategy<Value = Texts> {
    let id = prop::option::of("[ab]");
    (id, prop::option::of("[xy]"), prop::option::of("t[0-9]{0,3}"), prop::option::of("é.{0,200}"))
        .prop_map(|(id, label, tags, note)| [id, label, tags, note])
}

fn record() -> impl Strategy<Value = Record> {
    prop_oneof![
        8 => (hash(), texts()).prop_map(|(hash, texts)| Record::Listed(hash, texts)),
        1 => (0..KeptKind::ALL.len(), "[pq]", texts())
            .prop_map(|(kind, value, texts)| Record::Kept(KeptKind::ALL[kind], value, texts)),
        1 => (prop::option::of("[ab]"), prop::option::of(hash())).prop_map(|(id, hash)| Record::Removed(id, hash)),
    ]
}

fn builder_of(records: &[Record]) -> SetBuilder {
    let mut builder = SetBuilder::default();
    for record in records {
        match record {
            Record::Listed(hash, texts) => builder.list(Item::Hash(*hash), &about(texts)),
            Record::Kept(kind, value, texts) => builder.list(Item::Kept(*kind, value), &about(texts)),
            Record::Removed(id, hash) => builder.remove(&Removal { id: id.as_deref(), hash: *hash }),
        }
    }
    builder
}

fn file_of(builder: SetBuilder) -> Vec<u8> {
    builder.compile(Cursor::new(Vec::new()), 2, &Silent).unwrap().0.into_inner()
}

fn load(file: &[u8]) -> Result<Compiled, OpenError> {
    match Compiled::from_bytes(file) {
        Ok(set) => set.verify().map(|()| set),
        Err(LoadError::Open(error)) => Err(error),
        Err(LoadError::Io(error)) => panic!("{error}"),
    }
}

/// What a set lists, as texts that can be compared.
fn listed(set: &HashSet) -> BTreeSet<String> {
    let entries = set.entries().map(|entry| format!("{:?} {:?}", Item::Hash(entry.hash), entry.about));
    entries.chain(set.kept().map(|(item, about)| format!("{item:?} {about:?}"))).collect()
}

/// The same from the records, one after another.
fn naive(records: &[Record]) -> BTreeSet<String> {
    let mut kept: Vec<(Item<'_>, About<'_>)> = Vec::new();
    for record in records {
        match record {
            Record::Removed(None, None) => {}
            Record::Removed(id, hash) => kept.retain(|(item, about)| {
                let is_meant = id.is_none() || id.as_deref() == about.id;
                let is_equal = hash.is_none_or(|hash| *item == Item::Hash(hash));
                !(is_meant && is_equal)
            }),
            Record::Listed(hash, texts) => {
                kept.retain(|(item, old)| *item != Item::Hash(*hash) || old.id.is_none() || old.id != about(texts).id);
                kept.push((Item::Hash(*hash), about(texts)));
            }
            Record::Kept(kind, value, texts) => {
                let new = Item::Kept(*kind, value);
                kept.retain(|(item, old)| *item != new || old.id.is_none() || old.id != about(texts).id);
                kept.push((new, about(texts)));
            }
        }
    }
    kept.iter().map(|(item, about)| format!("{item:?} {about:?}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_set_lists_what_its_records_say(records in prop::collection::vec(record(), 0..120)) {
        let set = load(&file_of(builder_of(&records))).unwrap();
        let set = HashSet::of(Arc::new(set));
        prop_assert_eq!(listed(&set), naive(&records));
        prop_assert_eq!(set.len() + set.kept().count(), naive(&records).len());
        for entry in set.entries() {
            let found = set.find_digest(&entry.hash).into_iter().map(|at| set.entry(at));
            prop_assert!(found.into_iter().any(|found| found == entry));
        }
    }

    #[test]
    fn layers_list_what_one_list_after_the_other_does(
        lists in prop::collection::vec(prop::collection::vec(record(), 0..40), 1..4),
    ) {
        let sets = lists.iter().map(|records| Arc::new(load(&file_of(builder_of(records))).unwrap())).collect();
        let layered = HashSet::layered(sets);
        // A layer does not replace what an older one says about the same hash and id: both count.
        let replaced = |texts: &BTreeSet<String>| -> BTreeSet<String> {
            texts.iter().map(|text| text.split(" About").next().unwrap().to_owned()).collect()
        };
        prop_assert_eq!(replaced(&listed(&layered)), replaced(&naive(&lists.concat())));
    }

    #[test]
    fn the_order_of_a_list_does_not_show_in_its_file(
        hashes in prop::collection::hash_set(hash(), 0..60), seed in any::<u64>(),
    ) {
        let mut records: Vec<Record> = hashes.into_iter().map(|hash| Record::Listed(hash, Texts::default())).collect();
        let file = file_of(builder_of(&records));
        records.sort_by_key(|record| format!("{seed}{record:?}").len());
        records.reverse();
        prop_assert_eq!(file, file_of(builder_of(&records)));
    }
}

fn sample() -> Vec<u8> {
    let texts: Texts = [Some("case-7".into()), Some("terror".into()), None, Some("a note".into())];
    let records: Vec<Record> = (0..40_u8)
        .flat_map(|byte| {
            [
                Record::Listed(HashValue::Md5([byte; 16]), texts.clone()),
                Record::Listed(HashValue::Pdq(PdqHash([byte; 32])), Texts::default()),
                Record::Listed(HashValue::DHash(Hash64([byte; 8])), texts.clone()),
            ]
        })
        .collect();
    file_of(builder_of(&records))
}

#[test]
fn a_file_that_was_changed_anywhere_is_refused() {
    let file = sample();
    assert!(load(&file).is_ok());
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 0x10;
        assert!(load(&damaged).is_err(), "byte {at} of {}", file.len());
    }
}

#[test]
fn a_file_that_was_cut_off_or_appended_to_says_how_long_it_should_be() {
    let file = sample();
    for length in 0..file.len() {
        let error = load(&file[..length]).err().unwrap();
        match length {
            0..8 => assert_eq!(error, OpenError::Foreign),
            8..64 => assert_eq!(error, OpenError::Length { expected: 64, found: length as u64 }),
            _ => assert_eq!(error, OpenError::Length { expected: file.len() as u64, found: length as u64 }),
        }
    }
    let longer = [file.as_slice(), b"\n"].concat();
    let error = load(&longer).err().unwrap();
    assert_eq!(error, OpenError::Length { expected: file.len() as u64, found: longer.len() as u64 });
}

#[test]
fn foreign_and_newer_files_are_told_apart() {
    assert_eq!(load(b"algorithm,hash\n").err(), Some(OpenError::Foreign));
    let mut newer = sample();
    newer[8] = VERSION as u8 + 1;
    let error = load(&newer).err().unwrap();
    assert_eq!(
        error.to_string(),
        "written in version 3 of the format, this Penstock reads version 2; compile the set again or update"
    );
}

/// Checksums keep accidents out, not malice: whoever makes a file with right checksums over wrong content must not be
/// able to do more than to make it miss.
#[test]
fn whatever_stands_in_the_sections_a_search_ends() {
    let file = sample();
    for at in 64..file.len() {
        for damage in [0x01, 0xff] {
            let mut damaged = file.clone();
            damaged[at] ^= damage;
            // Not verified: only the header and the table must be right for it to open.
            let Ok(set) = Compiled::from_bytes(&damaged) else {
                continue;
            };
            let set = HashSet::of(Arc::new(set));
            let queries = [HashValue::Md5([7; 16]), HashValue::Pdq(PdqHash([7; 32])), HashValue::DHash(Hash64([7; 8]))];
            queries.iter().for_each(|query| drop(set.find_digest(query)));
            set.find_near(&queries, crate::content::Distance(31));
            assert!(set.entries().count() <= 120);
        }
    }
}

#[test]
fn what_many_rows_share_is_kept_once_even_when_tags_are_many() {
    let mut builder = SetBuilder::default();
    for row in 0..70_000_u32 {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&row.to_be_bytes());
        let tags = format!("size={row}");
        let about = About { label: Some("terror"), tags: Some(&tags), ..About::default() };
        builder.list(Item::Hash(HashValue::Md5(bytes)), &about);
    }
    let set = HashSet::of(Arc::new(load(&file_of(builder)).unwrap()));
    for (row, entry) in set.entries().enumerate() {
        let tags = format!("size={row}");
        assert_eq!((entry.about.label, entry.about.tags), (Some("terror"), Some(&*tags)));
    }
    assert_eq!(set.len(), 70_000);
}

#[test]
fn the_numbers_of_what_is_kept_never_change() {
    let codes = KeptKind::ALL.map(KeptKind::code);
    assert_eq!(codes, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let first = [KeptKind::PhotoDna, KeptKind::Tmk, KeptKind::Tlsh, KeptKind::Ssdeep, KeptKind::OtherDigest];
    assert_eq!(first, KeptKind::ALL[..5]);
    assert_eq!([KeptKind::TrendQuery, KeptKind::Text, KeptKind::Url, KeptKind::UrlMd5], KeptKind::ALL[5..]);
}
