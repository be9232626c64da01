//! Values by the libraries that write them, and what becomes of them when they are damaged.

use super::*;
use crate::config::Ambiguity;
use crate::content::ExtractLimits;
use crate::extract::Extraction;
use crate::extract::dissection::testing::gathered;

/// `{"f": b"EVIL-FILE-BYTES"}` by cbor2, msgpack, bson of pymongo, plistlib, pickle (protocols 2 and 4) and PHP 8.2.
const BODIES: [(&str, &str); 7] = [
    ("application/cbor", "a161664f4556494c2d46494c452d4259544553"),
    ("application/msgpack", "81a166c40f4556494c2d46494c452d4259544553"),
    ("application/bson", "1c0000000566000f000000004556494c2d46494c452d425954455300"),
    (
        "application/x-bplist",
        "62706c6973743030d101025166\
         4f100f4556494c2d46494c452d4259544553080b0d0000000000000101000000000000000300000000000000000000000000\
         00001f",
    ),
    (
        "application/octet-stream",
        "8004951a000000000000007d948c016694430f4556494c2d46494c452d42595445539473\
      2e",
    ),
    (
        "application/octet-stream",
        "80027d71005801000000667101550f4556494c2d46494c452d425954455371027371032e\
      ",
    ),
    ("application/octet-stream", "613a313a7b733a313a2266223b733a31353a224556494c2d46494c452d4259544553223b7d"),
];

fn body(content_type: &str, bytes: Vec<u8>) -> Extraction {
    let part = Part::new(PartKind::Body, bytes.into()).declared(Some(content_type.to_owned()));
    gathered(&ExtractLimits::default(), Ambiguity::Refuse, |found| found.add(part, None))
}

fn listed(found: &Extraction) -> usize {
    found.parts.iter().filter(|part| part.bytes == b"EVIL-FILE-BYTES"[..]).count()
}

fn decoded(hex: &str) -> Vec<u8> {
    let hex: String = hex.chars().filter(|character| !character.is_whitespace()).collect();
    data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
}

#[test]
fn values_come_out_declared_or_not() {
    for (content_type, hex) in BODIES {
        for content_type in [content_type, "application/octet-stream", "text/plain"] {
            let found = body(content_type, decoded(hex));
            assert_eq!((found.problems.len(), listed(&found)), (0, 1), "{content_type}: {hex}");
        }
    }
}

#[test]
fn values_in_lists_pieces_and_other_kinds_come_out() {
    let listed_bytes = b"EVIL-FILE-BYTES";
    let piece = |kind: u8, bytes: &[u8]| [&[kind + bytes.len() as u8], bytes].concat();
    let cbor = [
        &[0xd9, 0xd9, 0xf7, 0x9f, 0xa1, 0x18, 0x64, 0x5f][..],
        &piece(0x40, b"EVIL-"),
        &piece(0x40, b"FILE-BYTES"),
        b"\xff\xff",
    ];
    let cbor_in_tags =
        [&[0xbf, 0x61, b'a', 0xc1, 0x82, 0xfb, 1, 2, 3, 4, 5, 6, 7, 8][..], &piece(0x60, listed_bytes), &[0xff]];
    let message = [
        &[0xdc, 0, 3, 0xcd, 1, 2, 0xc7, 15, 1][..],
        listed_bytes,
        &[0xdf, 0, 0, 0, 1, 0xa1, b'k', 0xcb, 1, 2, 3, 4, 5, 6, 7, 8],
    ];
    let base64 = [&[0x81, 0xa1, b'f', 0xb4][..], b"RVZJTC1GSUxFLUJZVEVT"];
    let session = b"user|a:1:{i:0;s:15:\"EVIL-FILE-BYTES\";}";
    for bytes in [cbor.concat(), cbor_in_tags.concat(), message.concat(), base64.concat(), session.to_vec()] {
        let found = body("application/octet-stream", bytes.clone());
        assert_eq!((found.problems.len(), listed(&found)), (0, 1), "{bytes:02x?}");
    }
}

/// `{"f": b"EVIL\xff"}` by pickle, protocols 0, 1 and 2, which have no bytes.
#[test]
fn bytes_in_old_pickles_come_out() {
    for hex in [
        "28647030\
         0a56660a70310a635f636f646563730a656e636f64650a70320a28564556494cff0a70330a566c6174696e310a70340a747035\
         0a5270360a732e",
        "7d7100580100000066710163\
         5f636f646563730a656e636f64650a7102285806000000\
         4556494cc3bf710358060000006c6174696e31710474710552710673\
         2e",
        "80027d7100580100000066710163\
         5f636f646563730a656e636f64650a71025806000000\
         4556494cc3bf710358060000006c6174696e317104867105527106732e",
    ] {
        let found = body("application/octet-stream", decoded(hex));
        assert!(found.parts.iter().any(|part| part.bytes == b"EVIL\xff"[..]), "{hex}");
    }
}

#[test]
fn what_only_begins_so_is_no_value() {
    for bytes in
        [&b"\x81\xa1"[..], b"\xa1\x61", b"\x80\x02 and more.", b"\xbf\xff\xff", b"\x9f\x9f\x9f\x9f", b"a:1: no"]
    {
        let found = body("application/octet-stream", bytes.to_vec());
        assert!(found.problems.is_empty(), "{bytes:?}");
    }
    assert!(body("application/cbor", vec![0x9f; 100_000]).problems.is_empty());
    assert!(body("application/msgpack", [0xdd, 0xff, 0xff, 0xff, 0xff].repeat(20_000)).problems.is_empty());
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(kind in 0..6_usize, bytes: Vec<u8>) {
        let types = ["cbor", "msgpack", "bson", "x-bplist", "pickle", "vnd.php.serialized"];
        body(&format!("application/{}", types[kind]), [&b"bplist00"[..8 * usize::from(kind == 3)], &bytes].concat());
    }
}
