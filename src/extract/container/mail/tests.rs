//! Mails as programs write them, and as only some read them.

use data_encoding::BASE64;

use super::*;
use crate::content::ExtractLimits;
use crate::extract::container::testing::{LISTED, codes, entries, listed, opened, opened_within};

fn mail(part: &str) -> String {
    format!(
        "From: a@example.com\r\nTo: b@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed;\r\n boundary=\"=_b\"\r\n\r\npreamble\r\n--=_b\r\nContent-Type: text/plain\r\n\r\n\
         Hello!\r\n--=_b\r\n{part}\r\n--=_b--\r\nepilogue\r\n"
    )
}

fn attached(encoding: &str, body: &str) -> String {
    mail(&format!(
        "Content-Type: application/octet-stream; name=\"a.bin\"\r\nContent-Transfer-Encoding: {encoding}\r\n\
         Content-Disposition: attachment;\r\n filename*=utf-8''%C3%A4.bin\r\n\r\n{body}"
    ))
}

#[test]
fn attachments_are_decoded_and_keep_their_names_and_types() {
    let found = opened(attached("base64", &BASE64.encode(LISTED)));
    assert_eq!(codes(&found), []);
    assert_eq!(entries(&found), [("", &b"Hello!"[..]), ("ä.bin", LISTED)]);
    assert_eq!(found.parts[2].file_name.as_deref(), Some("ä.bin"));
    assert_eq!(found.parts[2].declared_type.as_deref(), Some("application/octet-stream; name=\"a.bin\""));
}

#[test]
fn every_transfer_encoding_is_undone() {
    let plain = String::from_utf8(LISTED.to_vec()).unwrap();
    let wrapped = BASE64
        .encode(LISTED)
        .as_bytes()
        .chunks(4)
        .map(|line| format!("{}\r\n", str::from_utf8(line).unwrap()))
        .collect::<String>();
    for (encoding, body) in [
        ("BASE64", wrapped),
        ("7bit", plain.clone()),
        ("quoted-printable", "EVIL-=46ILE=\r\n-BYTES".to_owned()),
        ("quoted-printable", "EVIL=2dFILE=2DBYTE=  \n=53".to_owned()),
        ("base64", BASE64.encode(LISTED).replace('L', "L!\r\n")),
    ] {
        let mail = attached(encoding, &body);
        assert_eq!(listed(&opened(mail.clone())), 1, "{encoding} {body}");
        assert_eq!(listed(&opened(mail.replace("\r\n", "\n"))), 1, "{encoding} {body}");
    }
    // What follows the padding is left out by some and decoded by others.
    let (one, two) = (BASE64.encode(b"EVIL-FILE"), BASE64.encode(b"-BYTES"));
    let found = opened(attached("base64", &format!("{one}{two}=\r\nmore")));
    assert!(listed(&found) > 0 || found.parts.len() > 3);
}

#[test]
fn a_line_that_starts_with_the_boundary_ends_a_part_for_some_readers_only() {
    let halves = attached("7bit", "EVIL-FILE-BYTES\r\n--=_bc\r\n\r\nmore");
    let whole = attached("7bit", "EVIL-FI\r\n--=_bc\r\nLE-BYTES");
    assert_eq!(listed(&opened(halves)), 1);
    let found = opened(whole);
    assert!(entries(&found).contains(&("ä.bin", b"EVIL-FI\r\n--=_bc\r\nLE-BYTES")));
}

#[test]
fn mails_in_mails_and_multiparts_in_multiparts_are_opened() {
    let inner = attached("base64", &BASE64.encode(LISTED)).replace("=_b", "=_c");
    let forwarded = mail(&format!("Content-Type: message/rfc822\r\n\r\n{inner}"));
    let encoded = mail(&format!(
        "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        BASE64.encode(inner.as_bytes())
    ));
    let alternative = mail(&format!(
        "Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--r--",
        BASE64.encode(LISTED)
    ));
    for mail in [forwarded, encoded, alternative] {
        let found = opened(mail);
        assert_eq!((codes(&found), listed(&found)), (vec![], 1));
    }
}

#[test]
fn headers_that_are_there_twice_are_followed_each() {
    let body = BASE64.encode(LISTED);
    for encodings in ["7bit\r\nContent-Transfer-Encoding: base64", "base64\r\nContent-Transfer-Encoding: 8bit"] {
        assert!(listed(&opened(attached(encodings, &body))) > 0, "{encodings}");
    }
    let two =
        attached("base64", &body).replace("MIME-Version", "Content-Type: multipart/mixed; boundary=x\r\nMIME-Version");
    assert!(listed(&opened(two)) > 0);
}

#[test]
fn a_mail_is_told_by_its_headers_its_type_or_its_name() {
    let body = format!("X-Mailer: none\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", BASE64.encode(LISTED));
    let plain = Part::new(PartKind::File, body.clone().into());
    assert!(!is_mail(&plain));
    assert!(is_mail(&plain.clone().declared(Some(" Message/RFC822; x".to_owned()))));
    assert!(is_mail(&Part { file_name: Some("A.EML".to_owned()), ..plain }));
    for (text, expected) in [
        ("Subject: a\nDate: b\n\nbody", true),
        ("received: a\r\n\tfolded\r\nX-Y: z\r\nReturn-Path: <b>\r\n\r\n", true),
        ("MIME-Version: 1.0\nContent-Type: a/b\n\nbody", true),
        ("Subject: a\nsubject: b\n\nbody", false),
        ("Date: a\nContent-Type: a/b\n\nbody", false),
        ("Subject: a\n\nTo: b", false),
        ("To: do", false),
    ] {
        assert_eq!(is_mail(&Part::new(PartKind::File, text.into())), expected, "{text}");
    }
}

#[test]
fn every_mail_of_a_mailbox_is_opened() {
    let one = attached("7bit", "one");
    let two = attached("base64", &BASE64.encode(LISTED));
    let found = opened(format!("From a@example.com Thu Jan  1 00:00:00 2024\n{one}\nFrom b Thu Jan  1\n{two}"));
    assert_eq!((codes(&found), listed(&found)), (vec![], 1));
}

#[test]
fn nesting_and_headers_have_a_limit() {
    let nested: String = (0..40)
        .map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}x\r\n\r\n--b{level}x\r\n"))
        .collect();
    let found = opened(format!("From: a\r\nTo: b\r\n{nested}"));
    assert!(codes(&found).contains(&ProblemCode::NestedTooDeep));
    let long = format!("From: a\r\nTo: b\r\n{}\r\nbody", "X: y\r\n".repeat(200_000));
    assert_eq!(codes(&opened(long)), [ProblemCode::MultipartHeaderTooLong]);
    let limits = ExtractLimits { max_unpacked: 10, ..ExtractLimits::default() };
    let found = opened_within(attached("base64", &BASE64.encode(LISTED)), &limits);
    assert!(codes(&found).iter().all(|code| *code == ProblemCode::UnpackedTooLarge) && !codes(&found).is_empty());
}

#[test]
fn lines_that_flow_are_joined() {
    let typed = |parameters: &str| format!("From: a\r\nTo: b\r\nContent-Type: text/plain; {parameters}\r\n\r\n");
    let body = "a forb \r\nidden tur \r\n> > nip\r\n-- \r\n stuffed";
    let texts = |head: String| {
        let found = opened(head + body);
        let texts = found.parts.into_iter().filter(|part| part.name.as_deref() == Some("flowed"));
        texts.map(|part| String::from_utf8_lossy(&part.bytes).into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(texts(typed("Format=Flowed; DelSp=Yes")), ["a forbidden tur> nip\n-- \nstuffed\n"]);
    assert_eq!(texts(typed("format=flowed")), [""; 0]);
}

#[test]
fn a_piece_of_a_mail_is_incomplete() {
    let found = opened("From: a\nTo: b\nContent-Type: message/partial; id=x; number=1; total=2\n\nSubject: c\n\nhello");
    assert_eq!(codes(&found), [ProblemCode::ContainerIncomplete]);
}
