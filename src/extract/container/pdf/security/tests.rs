//! Files of qpdf in every way of encryption; `encrypted.py` beside them made them.

use super::*;
use crate::content::PartKind;
use crate::extract::container::testing::{codes, fixture, listed, opened};
use crate::extract::{Extraction, ProblemCode};

fn says(found: &Extraction, text: &[u8]) -> bool {
    let has = |bytes: &[u8]| memchr::memmem::find(bytes, text).is_some();
    found.parts.iter().any(|part| part.kind == PartKind::Text && has(&part.bytes))
}

/// Whether the picture is there whose table of colours is a string that is encrypted, too.
fn shows_picture(found: &Extraction) -> bool {
    let first_row: Vec<u8> = (0..16).map(|x| 255 - (60 + 9 * x)).collect();
    let is_row = |pixels: &[u8]| pixels.chunks(3).map(|pixel| pixel[0]).eq(first_row.iter().copied());
    found.parts.iter().filter(|part| part.bytes.starts_with(b"\x89PNG")).any(|part| {
        let pixels = crate::extract::container::pdf::tests::pixels_of(&part.bytes);
        pixels.get(..48).is_some_and(is_row)
    })
}

#[test]
fn files_that_open_without_a_password_are_read_like_others() {
    for name in
        ["rc4-40", "rc4-128", "rc4-filter", "aes-128", "aes-128-metadata", "aes-256-old", "aes-256", "aes-256-packed"]
    {
        let found = opened(fixture(&format!("encrypted-{name}.pdf")));
        assert_eq!(codes(&found), [], "{name}");
        assert_eq!(listed(&found), 1, "{name}");
        assert!(says(&found, b"a forbidden turnip"), "{name}: what the page says");
        assert!(says(&found, b"a title about turnips"), "{name}: strings");
        assert!(shows_picture(&found), "{name}: a picture");
    }
}

#[test]
fn files_with_a_password_are_reported_and_read_as_far_as_they_are_plain() {
    let file = fixture("encrypted-locked.pdf");
    let found = opened(file.clone());
    assert_eq!((codes(&found), listed(&found)), (vec![ProblemCode::ContainerEncrypted], 0));
    let plain = b"99 0 obj<</Type/EmbeddedFile/Filter/AHx>>stream\n4556494c2d46494c452d4259544553>\nendstream endobj";
    let found = opened([&file[..], plain].concat());
    assert_eq!((codes(&found), listed(&found)), (vec![ProblemCode::ContainerEncrypted], 1));
}

#[test]
fn a_trailer_that_readers_pass_over_hides_nothing() {
    let plain = b"99 0 obj<</Type/EmbeddedFile/Filter/AHx>>stream\n4556494c2d46494c452d4259544553>\nendstream endobj";
    let found = opened([&fixture("encrypted-aes-128.pdf")[..], plain].concat());
    assert_eq!((codes(&found), listed(&found)), (vec![], 2), "what is encrypted, and what is not");
    let forged = b"trailer << /Encrypt << /Filter /Standard /V 1 /R 2 /O (x) /U (y) /P 0 >> >>";
    let found = opened([&fixture("encrypted-aes-128.pdf")[..], forged].concat());
    assert_eq!((codes(&found), listed(&found)), (vec![ProblemCode::ContainerEncrypted], 1));
    let found = opened([b"%PDF-1.7 trailer << /#45ncrypt 5 0 R >> 5 0 obj << /V 9 >> endobj", &plain[..]].concat());
    assert_eq!((codes(&found), listed(&found)), (vec![ProblemCode::ContainerEncrypted], 1));
}

#[test]
fn streams_say_by_which_filter_they_are_encrypted() {
    let security = Security {
        key: vec![1; 16],
        streams: Method::Aes128,
        strings: Method::Aes128,
        files: Method::Rc4,
        named: HashMap::from([("Other".to_owned(), Method::Aes256)]),
        is_metadata_plain: true,
        own: None,
    };
    for (kind, filter, expected) in [
        ("", None, Method::Aes128),
        ("/Type /EmbeddedFile", None, Method::Rc4),
        ("/Type /Metadata", None, Method::Plain),
        ("/Type /XRef", None, Method::Plain),
        ("/Type /EmbeddedFile", Some("Identity"), Method::Plain),
        ("", Some("Other"), Method::Aes256),
    ] {
        let text = format!("<< {kind} >>");
        let value = crate::extract::container::pdf::value::Reader::new(text.as_bytes()).value();
        let Some(Value::Dictionary(dictionary)) = value else { panic!("{text}") };
        assert_eq!(security.method_of(&dictionary, filter), expected, "{kind} {filter:?}");
    }
}

#[test]
fn rc4_gives_the_known_stream() {
    let mut bytes = *b"Plaintext";
    crate::extract::container::cipher::Rc4::new(b"Key").apply(&mut bytes);
    assert_eq!(bytes, [0xbb, 0xf3, 0x16, 0xe8, 0xd9, 0x40, 0xaf, 0x0a, 0xd3]);
}

proptest::proptest! {
    #[test]
    fn no_stream_makes_it_panic(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..100),
        length in 0..40_usize,
    ) {
        let key = vec![7; length];
        for cipher in [Cipher::rc4(&key), Cipher::aes(&key)] {
            let mut plain = Vec::new();
            cipher.start().push_last(&bytes, &mut plain);
            proptest::prop_assert!(plain.len() <= bytes.len());
        }
    }
}
