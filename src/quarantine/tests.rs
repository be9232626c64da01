use crate::config::Config;
use crate::content::{Action, Algorithm, Distance, HashValue, Mode};

use super::*;

const CONFIG: &str = "[[listener]]\naddress = \"127.0.0.1:1\"\n[[origin]]\nname = \"o\"\nservers = [\"127.0.0.1:2\"]\n\
    [flood_breaker]\nwindow = \"30000days\"\nmin_uploads = 3\n\
    [[hash_set]]\nname = \"guarded\"\npath = \"a\"\n\
    [[hash_set]]\nname = \"unguarded\"\npath = \"b\"\nflood_breaker = { enabled = false }\n\
    [[hash_set]]\nname = \"allowed\"\npath = \"c\"\naction = \"allow\"\n";

fn found(set: &str, part: usize, content: u64) -> Match {
    let allows = set == "allowed";
    Match {
        part,
        source: MatchSource::Hash {
            set: Arc::from(set),
            entry: Arc::from("e"),
            algorithm: Algorithm::Md5,
            distance: Distance(0),
            quality: None,
            listing: crate::verdict::Listing::default(),
            listed: HashValue::Md5([1; 16]),
            content,
        },
        labels: Vec::new(),
        action: if allows { SetAction::Allow } else { SetAction::Act(Action::Block) },
        mode: Mode::Enforce,
        marks: Vec::new(),
    }
}

/// Sends uploads of these matches, and says for each whether its first match still acts.
fn acts(quarantine: &Quarantine, uploads: impl IntoIterator<Item = Vec<Match>>) -> Vec<bool> {
    let config = Config::parse(Path::new("penstock.toml"), CONFIG).unwrap();
    let settled = uploads.into_iter().map(|matches| {
        let mut findings = Findings { matches, doubts: Vec::new() };
        quarantine.settle(&mut findings, Some(ClientNetwork::of([192, 0, 2, 1].into())), &config);
        findings.matches[0].mode == Mode::Enforce
    });
    settled.collect()
}

fn quarantine() -> Arc<Quarantine> {
    Quarantine::start(None, Arc::new(Metrics::default())).unwrap()
}

#[test]
fn different_uploads_past_the_threshold_are_held_back_and_counted() {
    let quarantine = quarantine();
    let uploads = (0..5).map(|content| vec![found("guarded", 0, content)]);
    assert_eq!(acts(&quarantine, uploads), [true, true, true, false, false]);
    assert_eq!(quarantine.list().len(), 1);
    assert_eq!(quarantine.metrics.quarantined_entries.get(), 1);
    assert_eq!(quarantine.decide("guarded", "e", Decision::Enforce), 1);
    assert_eq!(quarantine.metrics.quarantined_entries.get(), 0);
    assert_eq!(acts(&quarantine, [vec![found("guarded", 0, 9)]]), [true]);
}

#[test]
fn one_upload_counts_once_however_many_of_its_parts_match() {
    let quarantine = quarantine();
    let archive = |last| (0..100).chain([last]).map(|content| found("guarded", content as usize, content)).collect();
    assert_eq!(acts(&quarantine, (0..10).map(|number| archive(1000 + number))), [true; 10]);
}

#[test]
fn allow_sets_exempted_matches_and_sets_without_a_breaker_never_flood() {
    let quarantine = quarantine();
    let exempted = |content| {
        let mut found = found("guarded", 0, content);
        found.marks.push(Mark::Exempted);
        vec![found]
    };
    assert_eq!(acts(&quarantine, (0..20).map(|content| vec![found("allowed", 0, content)])), [true; 20]);
    assert_eq!(acts(&quarantine, (0..20).map(|content| vec![found("unguarded", 0, content)])), [true; 20]);
    assert_eq!(acts(&quarantine, (0..20).map(exempted)), [true; 20]);
    assert_eq!(quarantine.list(), []);
}
