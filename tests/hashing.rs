//! Hashes agree with the reference implementations.

use std::fs;
use std::path::{Path, PathBuf};

use penstock::content::{Algorithm, AlgorithmSet, DecodeLimits, HashValue, PdqHash};
use penstock::media::{PdqHashes, hash_part_here};

use crate::support::pictures::{landscape, png};
use crate::support::{repository, vectors};

/// Bits by which a hash may differ from a reference: as many as the references differ from each other.
const TOLERANCE: u16 = 10;

fn pdq(bytes: &[u8], wanted: AlgorithmSet) -> PdqHashes {
    hash_part_here(bytes, wanted, &DecodeLimits::default()).views.remove(0).pdq.unwrap().unwrap()
}

fn only_pdq() -> AlgorithmSet {
    [Algorithm::Pdq].into_iter().collect()
}

#[track_caller]
fn parse(hex: &str) -> PdqHash {
    match HashValue::parse(Algorithm::Pdq, hex) {
        Ok(HashValue::Pdq(hash)) => hash,
        other => panic!("{other:?}"),
    }
}

/// A reference's hash and quality.
struct Expected {
    hash: PdqHash,
    quality: u8,
}

impl Expected {
    fn of(reference: &serde_json::Value) -> Self {
        let quality = reference["quality"].as_u64().unwrap();
        Self { hash: parse(reference["hash"].as_str().unwrap()), quality: u8::try_from(quality).unwrap() }
    }
}

#[test]
fn pdq_is_within_ten_bits_of_both_references_for_every_reference_picture() {
    let Some(folder) = vectors("PDQ of all reference pictures") else { return };
    compare_with_references(&folder.join("pdq"), 30);
}

#[test]
fn pdq_is_within_ten_bits_of_both_references_for_the_small_reference_pictures() {
    compare_with_references(&repository("tests/fixtures/pictures/pdq"), 4);
}

fn compare_with_references(folder: &Path, count: usize) {
    let reference: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("reference.json")).unwrap()).unwrap();
    let images = reference["images"].as_array().unwrap();
    assert_eq!(images.len(), count);
    for image in images {
        let file = image["file"].as_str().unwrap();
        let bytes = fs::read(folder.join(file)).unwrap();
        // With colours for the other hashes, and with no more than the luma plane.
        for wanted in [AlgorithmSet::all(), only_pdq()] {
            let found = pdq(&bytes, wanted);
            for name in ["pdqhash_python", "pdq_photo_hasher_cpp"] {
                let expected = Expected::of(&image[name]);
                let bits = found.dihedral[0].distance(&expected.hash);
                assert!(bits.0 <= TOLERANCE, "{file}: {bits} bits from {name}");
                assert!(found.quality.abs_diff(expected.quality) <= 5, "{file}: quality {}", found.quality);
            }
            let dihedral = image["pdqhash_python"]["dihedral"].as_array().unwrap();
            for (turn, (found, expected)) in found.dihedral.iter().zip(dihedral).enumerate() {
                let bits = found.distance(&parse(expected.as_str().unwrap()));
                assert!(bits.0 <= TOLERANCE, "{file} in orientation {turn}: {bits} bits");
            }
        }
    }
}

/// Pictures drawn for this project, with the hashes and qualities that the Python package `pdqhash` 0.2.8 gives them.
#[test]
fn pdq_of_our_own_pictures_is_within_ten_bits_of_the_reference() {
    let read = |path: &str| fs::read(repository(path)).unwrap();
    for (what, bytes, hash, quality) in [
        (
            "harbour.jpg",
            read("deploy/demo/samples/harbour.jpg"),
            "d922e5332ed71edc13287123a933acf354cc54cc01cb0b738b16ff1cdc0dc4ed",
            100,
        ),
        (
            "harbour-resized.jpg",
            read("deploy/demo/samples/harbour-resized.jpg"),
            "d922e5332ed71edc13287123a9332cf354cc54cc01cb0b739b16ff1cdc0dc4ed",
            100,
        ),
        (
            "meadow.jpg",
            read("deploy/demo/samples/meadow.jpg"),
            "e1ba7a183e4986c4c1bed83b7b9363c2e66c046c9c1db903b3a286fc263d36b5",
            100,
        ),
        (
            "landscape 640×480",
            png(&landscape(640, 480, 3)),
            "49ddfe09a16f2b555e90d1ff96a929917e478b41c49251eefe2caf19440601e3",
            100,
        ),
        (
            "landscape 33×1000",
            png(&landscape(33, 1000, 4)),
            "762281579ebf71fbfe00e88e83753648019fa935f1265e840b51a57a40b7fe85",
            100,
        ),
    ] {
        for wanted in [AlgorithmSet::all(), only_pdq()] {
            let found = pdq(&bytes, wanted);
            let bits = found.dihedral[0].distance(&parse(hash));
            assert!(bits.0 <= TOLERANCE, "{what}: {bits} bits off");
            assert!(found.quality.abs_diff(quality) <= 5, "{what}: quality {}", found.quality);
        }
    }
}

#[test]
fn the_command_prints_what_the_reference_pictures_are() {
    let Some(folder) = vectors("penstock hash of a reference picture") else { return };
    let file: PathBuf = folder.join("pdq/bridge-mods/aaa-orig.jpg");
    let object = hash_json(&file);
    assert_eq!(
        (object["kind"].as_str(), object["width"].as_u64(), object["height"].as_u64()),
        (Some("jpeg"), Some(1600), Some(1004))
    );
    assert_eq!(object["pdq"]["quality"], 100);
    let hash = parse(object["pdq"]["hash"].as_str().unwrap());
    let reference = parse("f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22");
    assert!(hash.distance(&reference).0 <= TOLERANCE);
}

fn hash_json(file: &Path) -> serde_json::Value {
    let output = std::process::Command::new(crate::support::penstock::BINARY)
        .args(["hash", "--json"])
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
