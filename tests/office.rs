//! Documents of Office before 2007 and mails of Outlook: what they say and show is inspected, what is encrypted is told.

use crate::support::archives::{ZipEntry, zip};
use crate::support::compound::{Layout, laid_out};
use crate::support::http::form_with_file;
use crate::support::office::{doc, doc_with_picture, encrypted, msg, ppt, xls};
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::pictures::{landscape, pdq, png, resized};
use crate::support::{repository, sha256};

const RULES: &str = "[[rule]]\nid = \"phrase\"\nkeywords = [\"forbidden turnip\"]\n";

fn reading(origin: &Origin) -> Penstock {
    Setup::new(&[origin.address])
        .with_file("rules.toml", RULES.as_bytes())
        .with_top("rules = [\"rules.toml\"]\n")
        .with(ENFORCING)
        .start()
}

#[test]
fn a_phrase_that_stands_only_in_a_document_is_found() {
    let origin = Origin::start();
    let penstock = reading(&origin);
    let documents = |phrase: &str| {
        [
            ("a.doc", doc(phrase)),
            ("a.xls", xls(phrase)),
            ("a.ppt", ppt(phrase)),
            ("a.msg", msg(phrase, "a.bin", b"\0\x01content")),
            ("attached.msg", msg("nothing", "a.doc", &doc(phrase))),
            ("a.zip", zip(&[ZipEntry::deflated("a.doc", &doc(phrase))])),
        ]
    };
    for (name, body) in documents("a forbidden turnip here") {
        let answer = penstock.post("/upload/a", &[], &body);
        assert_eq!(answer.status, 451, "{name}: {}", answer.text());
        let (content_type, form) = form_with_file(name, &body);
        assert_eq!(penstock.post("/upload/a", &[("Content-Type", &content_type)], &form).status, 451, "{name}");
    }
    assert_eq!(origin.connections(), 0);
    for (name, body) in documents("a forbidden beet here") {
        let answer = penstock.post("/upload/a", &[], &body);
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
}

#[test]
fn a_known_picture_in_a_document_is_blocked() {
    let origin = Origin::start();
    let known = landscape(640, 480, 3);
    let jpeg = std::fs::read(repository("tests/fixtures/pictures/baseline.jpg")).unwrap();
    let by_look = Setup::new(&[origin.address]).with(ENFORCING).with_known("pdq", &pdq(&png(&known))).start();
    let by_digest = Setup::new(&[origin.address]).with(ENFORCING).with_known("sha256", &sha256(&jpeg)).start();
    let smaller = png(&resized(&known, 320, 240));
    for (penstock, picture) in [(&by_look, &smaller), (&by_digest, &jpeg)] {
        let blip = [&[0; 25][..], picture].concat();
        let scattered = |name: &str| laid_out(Layout::SCATTERED, &[("other", &[1; 9000]), (name, &blip)]);
        for (what, body) in [
            ("doc", doc_with_picture("nothing", picture)),
            ("doc, scattered", scattered("Data")),
            ("ppt, scattered", scattered("Pictures")),
            ("msg", msg("nothing", "a.bin", picture)),
        ] {
            let answer = penstock.post("/upload/a", &[], &body);
            assert_eq!(answer.status, 451, "{what}: {}", answer.text());
        }
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn encrypted_documents_follow_the_policy_of_the_route() {
    let origin = Origin::start();
    let flagging = Setup::new(&[origin.address]).with(ENFORCING).start();
    assert_eq!(flagging.post("/upload/a", &[], &encrypted()).status, 200);
    assert_eq!(origin.requests()[0].headers["penstock-labels"], "encrypted");
    let refusing = Setup::new(&[origin.address]).with(&format!("{ENFORCING}encrypted = \"refuse\"\n")).start();
    let answer = refusing.post("/upload/a", &[], &encrypted());
    assert_eq!((answer.status, answer.json()["code"].as_str()), (422, Some("container_encrypted")));
}

#[test]
fn a_document_that_breaks_off_is_not_passed_unseen() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    let whole = doc_with_picture("nothing", &[7; 20_000]);
    let answer = penstock.post("/upload/a", &[], &whole[..whole.len() / 2]);
    assert_eq!((answer.status, answer.json()["code"].as_str()), (422, Some("container_broken")));
    assert_eq!(penstock.post("/upload/a", &[], &whole).status, 200);
}
