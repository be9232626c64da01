//! `penstock set`: compiled sets are made, looked at, compared, written out and asked as their help says.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::archives::gzip;
use crate::support::penstock::BINARY;
use crate::support::pictures::{landscape, png, resized};
use crate::support::{folder_with as folder, penstock_in, sha256};

const ONE: &str = "00112233445566778899aabbccddeeff";
const TWO: &str = "ffeeddccbbaa99887766554433221100";

/// What `penstock set` says, as [`penstock_in`] does.
fn set(folder: &Path, arguments: &[&str]) -> String {
    penstock_in(folder, &[&["set"], arguments].concat())
}

#[test]
fn a_list_is_compiled_and_everything_in_it_comes_out_again() {
    let list = format!(
        "algorithm,hash,id,label,category,source,confidence,tags,added,updated,note,status\n\
         md5,{ONE},case-1,terror,A1,flagger,high,video size=7,2024-05-01,2024-05-02,\"two, of them\",\n\
         sha256,{},,csam,,,,,,,,\n\
         photodna,1;2;3,case-2,csam,,,,,,,,\n",
        sha256(b"x")
    );
    let folder = folder(&[("list.csv", &list)]);
    let said = set(folder.path(), &["compile", "list.csv", "-o", "list.pset"]);
    assert!(said.starts_with("list.pset: 1 md5, 1 sha256; kept without matching: 1 photodna ("), "{said}");
    let exported = set(folder.path(), &["export", "list.pset"]);
    let mut expected: Vec<&str> = list.lines().collect();
    expected.push("exit code 0");
    assert_eq!(exported.lines().collect::<Vec<_>>(), expected);
    let again = set(folder.path(), &["export", "list.pset", "-o", "again.csv"]);
    assert_eq!(again, "exit code 0");
    assert_eq!(
        set(folder.path(), &["diff", "list.pset", "again.csv", "--exit-code"]),
        "0 added, 0 removed, 0 changed\nexit code 0"
    );
    set(folder.path(), &["compile", "again.csv", "-o", "again.pset"]);
    let version = |file: &str| {
        let info = set(folder.path(), &["info", file, "--json"]);
        let object: serde_json::Value = serde_json::from_str(info.lines().next().unwrap()).unwrap();
        assert_eq!((&object["kept"]["photodna"], &object["hashes"]["md5"]), (&1.into(), &1.into()));
        object["version"].clone()
    };
    assert_eq!(version("list.pset"), version("again.pset"));
}

#[test]
fn what_a_later_input_takes_back_is_taken_out() {
    let folder = folder(&[
        ("base.csv", &format!("algorithm,hash,id\nmd5,{ONE},one\nmd5,{TWO},two\n")),
        ("day-1.csv", &format!("algorithm,hash,id,status\n,,one,deleted\nmd5,{},three,active\n", "0".repeat(32))),
    ]);
    set(folder.path(), &["compile", "base.csv", "-o", "base.pset"]);
    let said = set(folder.path(), &["merge", "base.pset", "day-1.csv", "-o", "today.pset"]);
    assert!(said.contains("2 md5") && said.contains("left out: 1 taken back by a later row"), "{said}");
    let differences = set(folder.path(), &["diff", "base.pset", "today.pset", "--exit-code"]);
    assert!(differences.contains(&format!("- md5:{ONE} {{\"id\":\"one\"}}")), "{differences}");
    assert!(differences.ends_with("1 added, 1 removed, 0 changed\nexit code 3"), "{differences}");
}

#[test]
fn compressed_lists_are_read_as_they_are() {
    let list = format!("algorithm,hash\nmd5,{ONE}\n");
    let folder = folder(&[]);
    fs::write(folder.path().join("list.csv.gz"), gzip(list.as_bytes())).unwrap();
    let said = set(folder.path(), &["info", "list.csv.gz"]);
    assert!(said.contains("1 md5") && said.contains("from list.csv (csv): 1 listed"), "{said}");
    let cut = &gzip(list.repeat(100).as_bytes())[..40];
    fs::write(folder.path().join("list.csv.gz"), cut).unwrap();
    let said = set(folder.path(), &["info", "list.csv.gz"]);
    assert!(said.contains("the .gz file is damaged or cut off") && said.ends_with("exit code 1"), "{said}");
}

#[test]
fn a_query_finds_hashes_and_files() {
    let picture = landscape(320, 200, 5);
    let folder = folder(&[("known.txt", "known")]);
    fs::write(folder.path().join("known.png"), png(&picture)).unwrap();
    fs::write(folder.path().join("smaller.png"), png(&resized(&picture, 200, 125))).unwrap();
    let hashes =
        Command::new(BINARY).args(["hash", "--json", "known.png"]).current_dir(folder.path()).output().unwrap();
    let hashes: serde_json::Value = serde_json::from_slice(&hashes.stdout).unwrap();
    let pdq = hashes["pdq"]["hash"].as_str().unwrap();
    let list = format!("algorithm,hash,id,label\npdq,{pdq},picture,terror\nsha256,{},text,fraud\n", sha256(b"known"));
    fs::write(folder.path().join("list.csv"), list).unwrap();
    set(folder.path(), &["compile", "list.csv", "-o", "list.pset"]);
    let said = set(folder.path(), &["query", "list.pset", "smaller.png", "known.txt", &format!("pdq:{pdq}"), ONE]);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("smaller.png: pdq ") && lines[0].contains("\"id\":\"picture\""), "{said}");
    assert!(lines[1].starts_with("known.txt: sha256 ") && lines[1].contains("at distance 0"), "{said}");
    assert!(lines[2].starts_with("pdq:") && lines[2].contains("at distance 0"), "{said}");
    assert_eq!(lines[3..], [&*format!("{ONE}: no match"), "exit code 3"]);
    assert!(set(folder.path(), &["query", "list.pset", "nothing"]).contains("neither a file nor a hash"));
}

#[test]
fn a_query_finds_only_the_nearest_however_far_it_is() {
    let listed = |digit: &str| digit.repeat(64);
    let list = format!("algorithm,hash,id\npdq,{},near\npdq,{},far\n", listed("1"), listed("7"));
    let folder = folder(&[("list.csv", &list)]);
    let asked = format!("pdq:{}", listed("0"));
    let said = set(folder.path(), &["query", "list.csv", &asked, "--distance", "256", "--nearest"]);
    assert!(said.lines().count() == 2 && said.contains("at distance 64") && said.contains("\"near\""), "{said}");
    let said = set(folder.path(), &["query", "list.csv", &asked, "--distance", "63", "--nearest"]);
    assert!(said.contains("no match"), "{said}");
}

#[test]
fn bad_rows_refuse_a_list_or_are_skipped_and_told() {
    let folder = folder(&[("list.csv", &format!("algorithm,hash\nmd5,{ONE}\nmd5,zz\nsha1,00\n"))]);
    let said = set(folder.path(), &["compile", "list.csv", "-o", "list.pset"]);
    assert!(said.contains("list.csv:3:5: ") && said.contains("list.csv:4:6: "), "{said}");
    assert!(said.ends_with("exit code 1") && !folder.path().join("list.pset").exists(), "{said}");
    let said = set(folder.path(), &["compile", "list.csv", "-o", "list.pset", "--skip-bad-rows"]);
    assert!(said.contains("list.csv:3:5: ") && said.contains("1 md5") && said.ends_with("exit code 0"), "{said}");
    assert!(
        set(folder.path(), &["info", "list.pset"]).contains("1 listed, 2 skipped"),
        "skipped rows are kept count of"
    );
}

#[test]
fn a_damaged_set_is_refused_with_what_to_do() {
    let folder = folder(&[("list.csv", &format!("algorithm,hash\nmd5,{ONE}\n"))]);
    set(folder.path(), &["compile", "list.csv", "-o", "list.pset"]);
    let whole = fs::read(folder.path().join("list.pset")).unwrap();
    let mut damaged = whole.clone();
    damaged[70] ^= 1;
    let mut newer = whole.clone();
    newer[8] = 9;
    for (bytes, expected) in [
        (damaged.as_slice(), "the content does not agree with its checksum: the file is damaged"),
        (&whole[..whole.len() - 1], "it was cut off or copied badly"),
        (&newer, "written in version 9 of the format"),
    ] {
        fs::write(folder.path().join("broken.pset"), bytes).unwrap();
        let said = set(folder.path(), &["info", "broken.pset"]);
        assert!(said.starts_with("broken.pset: ") && said.contains(expected), "{said}");
        assert!(said.ends_with("exit code 1"), "{said}");
    }
}
