//! Ordinary files pass: the report that operators make of files of their own, made of ours.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::archives::{ZipEntry, zip};
use crate::support::penstock::BINARY;
use crate::support::{penstock_in, repository, skipped};

const CONFIG: &str = "rules = [\"rules.toml\"]\n[[listener]]\naddress = \"127.0.0.1:1\"\n\
    [limits]\ninspection_work = \"60s\"\n[[origin]]\nname = \"site\"\nservers = [\"127.0.0.1:2\"]\n\
    [[route]]\nname = \"uploads\"\ninspect = \"enforce\"\n\
    [[hash_set]]\nname = \"known\"\npath = \"known.csv\"\n";

/// A rule, and a hash of each kind, so that everything is taken apart, hashed and scanned.
fn configured() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let hashes = format!(
        "algorithm,hash\nsha256,{}\npdq,{}\nphash,{}\n",
        "0".repeat(64),
        "0f1e2d3c4b5a6978".repeat(4),
        "0f1e2d3c4b5a6978"
    );
    fs::write(folder.path().join("known.csv"), hashes).unwrap();
    fs::write(folder.path().join("rules.toml"), "[[rule]]\nid = \"t\"\nkeywords = [\"unheard-of parsnip\"]\n").unwrap();
    fs::write(folder.path().join("penstock.toml"), CONFIG).unwrap();
    folder
}

fn report(files: &Path) -> Value {
    let configured = configured();
    let mut command = Command::new(BINARY);
    command.args(["scan", "--json", "--config"]).arg(configured.path().join("penstock.toml"));
    let output = command.arg("--report").arg(files).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// What was noticed about files other than that it took time, as `name code`.
fn doubts(report: &Value) -> Vec<String> {
    let noticed = report["noticed"].as_array().unwrap().iter().filter(|file| !file["code"].is_null());
    let mut lines: Vec<String> = noticed
        .map(|file| {
            let name = Path::new(file["file"].as_str().unwrap()).file_name().unwrap().to_str().unwrap();
            format!("{name} {}", file["code"].as_str().unwrap())
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn a_report_counts_every_file_below_a_folder_by_its_format() {
    let configured = configured();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
    for (name, content) in [
        ("a/b/fine.txt", &b"a parsnip"[..]),
        ("a/bad.TXT", b"a unheard-of parsnip"),
        ("half.gif", b"GIF89a\x10\0\x10\0"),
        ("nothing", b""),
    ] {
        fs::write(folder.path().join(name), content).unwrap();
    }
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/b/around")).unwrap();

    let numbers = report(folder.path());
    let total = &numbers["total"];
    let counts = ["files", "allowed", "flagged", "refused", "blocked"].map(|name| total[name].as_u64().unwrap());
    assert_eq!(counts, [4, 2, 0, 1, 1], "{numbers}");
    assert_eq!(doubts(&numbers), ["bad.TXT match", "half.gif picture_broken"]);
    let formats: Vec<_> = numbers["formats"].as_array().unwrap().iter().map(|row| row["format"].clone()).collect();
    assert_eq!(formats, ["(empty)", "gif", "txt"]);

    let config = configured.path().join("penstock.toml");
    let table = |folder: &Path| penstock_in(folder, &["scan", "--config", config.to_str().unwrap(), "--report", "."]);
    let text = table(folder.path());
    assert!(text.contains("\nblock match: ./a/bad.TXT\nrefuse undecodable picture_broken: ./half.gif\n"), "{text}");
    assert!(text.contains("refused 25.00 %, flagged 0.00 %, blocked 25.00 %"), "{text}");
    assert!(text.ends_with("exit code 3"), "{text}");
    assert!(table(&folder.path().join("a/b")).ends_with("exit code 0"));
    fs::create_dir(folder.path().join("empty")).unwrap();
    assert!(table(&folder.path().join("empty")).ends_with("there is no file in .\nexit code 1"));
}

#[test]
fn an_archive_that_is_cut_off_is_named_for_that_and_not_for_what_it_does_to_a_picture_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(repository("tests/fixtures/pictures/palette.png")).unwrap();
    let archive = zip(&[ZipEntry::stored("whole.txt", b"text"), ZipEntry::stored("a.png", &whole)]);
    fs::write(folder.path().join("half.zip"), &archive[..archive.len() - whole.len() / 2]).unwrap();
    let report = report(folder.path());
    assert_eq!(doubts(&report), ["half.zip container_broken"]);
    assert_eq!(report["noticed"][0]["policy"], "undecodable");
}

#[test]
fn no_fixture_is_refused_and_those_that_are_flagged_are_encrypted_or_in_pieces_or_compressed_in_an_unknown_way() {
    let report = report(&repository("tests/fixtures"));
    assert_eq!(report["total"]["refused"], 0, "{:?}", doubts(&report));
    let expected = [
        "7-zip-aes.zip container_encrypted",
        "encrypted-header.7z container_encrypted",
        "encrypted-locked.pdf container_encrypted",
        "encrypted.7z container_encrypted",
        "gnupg-encrypted.asc container_encrypted",
        "gnupg-encrypted.gpg container_encrypted",
        "gnupg-password.asc container_encrypted",
        "gnupg-password.gpg container_encrypted",
        "info-zip-encrypted.zip container_encrypted",
        "openssl-encrypted.eml container_encrypted",
        "openssl-encrypted.p7m container_encrypted",
        "openssl-encrypted.pem container_encrypted",
        "rar20-owner.rar container_method_unknown",
        "rar29-encrypted.rar container_encrypted",
        "rar50-encrypted-names.rar container_encrypted",
        "rar50-encrypted.rar container_encrypted",
        "rar50-volume.rar container_incomplete",
        "sequence.avif picture_unsupported",
        "unknown-method.7z container_method_unknown",
    ];
    assert_eq!(doubts(&report), expected);
}

#[test]
fn files_that_were_refused_in_the_field_answer_as_their_manifest_says() {
    let folder = repository("../shared/field/ordinary");
    let Ok(manifest) = fs::read(folder.join("manifest.json")) else {
        return skipped("field", "ordinary files", "the inputs in ../shared/field are not here");
    };
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let report = report(&folder);
    let noticed = report["noticed"].as_array().unwrap();
    for case in manifest.as_array().unwrap() {
        let file = case["file"].as_str().unwrap();
        assert!(case["expected"].as_str().unwrap().starts_with("allow"), "{case}");
        let found = noticed.iter().find(|noticed| noticed["file"].as_str().unwrap().ends_with(file));
        let verdict = found.map_or("allow", |found| found["verdict"].as_str().unwrap());
        assert_eq!(verdict, "allow", "{file}: {found:?}");
    }
}
