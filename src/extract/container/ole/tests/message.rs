//! Mails of Outlook: bodies in every form, attachments, and mails in mails.

use super::office::{msg, utf16};
use super::*;

#[test]
fn bodies_names_and_attachments_come_out() {
    let zip = compound(&[("inside", LISTED)]);
    let found = opened(msg("A forbidden turnip", "Bild ä.bin", &zip));
    assert_eq!((codes(&found), listed(&found)), (vec![], 1));
    let said: Vec<&str> = texts(&found, PartKind::Text).into_iter().map(|(_, text)| text).collect();
    for text in ["A subject", "A forbidden turnip", "A name"] {
        assert!(said.contains(&text), "{text} in {said:?}");
    }
    let names = texts(&found, PartKind::Name);
    assert!(names.contains(&("name", "Bild ä.bin")), "{names:?}");
    let attachment = found.parts.iter().find(|part| part.bytes == zip).unwrap();
    assert_eq!(attachment.file_name.as_deref(), Some("Bild ä.bin"));
}

#[test]
fn texts_of_one_byte_a_letter_are_in_the_charset_of_the_message() {
    let fixed = [&[0; 32][..], &0x3ffd_0003_u32.to_le_bytes(), &[6, 0, 0, 0], &1251_u64.to_le_bytes()].concat();
    let found = opened(compound(&[
        ("__properties_version1.0", &fixed),
        ("__substg1.0_0037001E", b"\xcf\xf0\xe8\xe2\xe5\xf2"),
        ("__substg1.0_10130102", b"<p>for<b>bidden</b> \xcf\xf0\xe8</p>"),
    ]));
    let said: Vec<&str> = texts(&found, PartKind::Text).into_iter().map(|(_, text)| text.trim()).collect();
    assert!(said.contains(&"Привет") && said.contains(&"forbidden При"), "{said:?}");
}

#[test]
fn html_in_letters_of_two_bytes_is_read_without_its_tags() {
    let found = opened(compound(&[("__substg1.0_1013001F", &utf16("<p>for<b>bidden</b> turnip</p>"))]));
    let said: Vec<&str> = texts(&found, PartKind::Text).into_iter().map(|(_, text)| text.trim()).collect();
    assert!(said.contains(&"forbidden turnip"), "{said:?}");
}

#[test]
fn compressed_bodies_are_unpacked() {
    let packed = [&[0; 8][..], b"LZFu\0\0\0\0", b"\x01\0\x04 forbid", b"\0den turn\0ip}"].concat();
    let found = opened(compound(&[("__substg1.0_10090102", &packed)]));
    let said: Vec<&str> = texts(&found, PartKind::Text).into_iter().map(|(_, text)| text).collect();
    assert!(said.iter().any(|text| text.contains("forbidden turnip")), "{said:?}");
    assert_eq!(codes(&found), [ProblemCode::DocumentIllegible], "it has no end");
    let plain = [&[0; 8][..], b"MELA\0\0\0\0", b"{\\rtf1 forb\\b idden}"].concat();
    let found = opened(compound(&[("__substg1.0_10090102", &plain)]));
    assert_eq!((codes(&found), text(&found, "rtf")), (vec![], "forbidden"));
}

#[test]
fn messages_in_messages_are_walked() {
    let inner = "__attach_version1.0_#00000000/__substg1.0_3701000D";
    let found = opened(compound(&[
        (&format!("{inner}/__substg1.0_1000001F"), &utf16("forbidden turnip")),
        (&format!("{inner}/__attach_version1.0_#00000000/__substg1.0_37010102"), LISTED),
    ]));
    assert_eq!((codes(&found), listed(&found)), (vec![], 1));
    assert!(texts(&found, PartKind::Text).iter().any(|(_, text)| *text == "forbidden turnip"));
}
