//! Files that say that they are encrypted, and that readers open all the same: format by claim by who reads it.

use crate::support::archives::{ZipEntry, fixture, pdf, zip};
use crate::support::compound::{Layout, laid_out};
use crate::support::office::{Piece, biff, biff_start, put, utf16, word_streams};
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Setup};
use crate::support::sha256;

const PHRASE: &str = "a forbidden turnip";

/// One row: a format, what claims that the file is encrypted, and who reads it anyway.
struct Claim {
    format: &'static str,
    claim: &'static str,
    readers: &'static str,
    /// Whether those who do not read it ask for a password, so that the origin is told.
    is_told: bool,
    file: fn(&str) -> Vec<u8>,
}

fn zip_with_flags(flags: u16, content: &str) -> Vec<u8> {
    let entries = [ZipEntry::stored("a.txt", content.as_bytes()), ZipEntry::deflated("b.txt", content.as_bytes())];
    zip(&entries.map(|entry| ZipEntry { flags, ..entry }))
}

fn pdf_with(claim: &str, content: &str) -> Vec<u8> {
    [pdf("/Type /EmbeddedFile", content.as_bytes()), claim.as_bytes().to_vec()].concat()
}

fn workbook(kind: u8, content: &str) -> Vec<u8> {
    let units = utf16(content);
    let cell = [&[0; 6][..], &((units.len() / 2) as u16).to_le_bytes(), &[1], &units].concat();
    let start = biff(0x809, &[0, 6, kind, 0, 0, 0, 0, 0]);
    let records = [biff_start(), biff(0x0a, b""), start, biff(0x2f, &[0; 6]), biff(0x204, &cell)];
    laid_out(Layout::PLAIN, &[("Workbook", &records.concat())])
}

fn document(content: &str) -> Vec<u8> {
    let [mut document, table] = word_streams(&[Piece::Units(content)]);
    let flags = u16::from_le_bytes([document[10], document[11]]) | 0x0100;
    put(&mut document, 10, &flags.to_le_bytes());
    let name = if flags & 0x0200 == 0 { "0Table" } else { "1Table" };
    laid_out(Layout::PLAIN, &[("WordDocument", &document), (name, &table)])
}

const CLAIMS: &[Claim] = &[
    Claim {
        format: "zip",
        claim: "bit 0 of the flags",
        readers: "Go's archive/zip",
        is_told: true,
        file: |content| zip_with_flags(1, content),
    },
    Claim {
        format: "zip",
        claim: "bits 0 and 6 of the flags",
        readers: "Go's archive/zip",
        is_told: true,
        file: |content| zip_with_flags(0x41, content),
    },
    Claim {
        format: "zip",
        claim: "bit 6 of the flags",
        readers: "unzip, bsdtar, 7z, jszip, adm-zip, unzipper, Go",
        is_told: false,
        file: |content| zip_with_flags(0x40, content),
    },
    Claim {
        format: "zip",
        claim: "bit 13 of the flags",
        readers: "bsdtar, jszip, Go",
        is_told: false,
        file: |content| zip_with_flags(0x2000, content),
    },
    Claim {
        format: "PDF",
        claim: "a comment",
        readers: "poppler, mupdf, pikepdf",
        is_told: false,
        file: |content| pdf_with("% trailer /Encrypt 9 0 R\n", content),
    },
    Claim {
        format: "PDF",
        claim: "a dictionary behind the end",
        readers: "poppler, mupdf, pikepdf",
        is_told: false,
        file: |content| pdf_with("/Encrypt<<>>", content),
    },
    Claim {
        format: "PDF",
        claim: "a string",
        readers: "poppler, mupdf, pikepdf",
        is_told: false,
        file: |content| pdf_with("4 0 obj (trailer /Encrypt 9 0 R) endobj", content),
    },
    Claim {
        format: "PDF",
        claim: "one of several trailers",
        readers: "readers that take another trailer",
        is_told: true,
        file: |content| pdf_with("trailer<</Encrypt 9 0 R>>", content),
    },
    Claim {
        format: "xls",
        claim: "a record in a sheet",
        readers: "xlrd",
        is_told: false,
        file: |content| workbook(0x10, content),
    },
    Claim {
        format: "xls",
        claim: "a record about the workbook",
        readers: "readers that do not look at it",
        is_told: true,
        file: |content| workbook(5, content),
    },
    Claim {
        format: "doc",
        claim: "the header of the document",
        readers: "catdoc, strings",
        is_told: true,
        file: document,
    },
    Claim {
        format: "compound file",
        claim: "a stream for an encrypted document beside others",
        readers: "whoever looks for the others",
        is_told: true,
        file: |content| laid_out(Layout::PLAIN, &[("EncryptedPackage", &[7; 64]), ("Contents", content.as_bytes())]),
    },
];

#[test]
fn what_is_only_called_encrypted_is_read_as_those_read_it_who_do_not_believe_it() {
    let origin = Origin::start();
    let rules = format!("[[rule]]\nid = \"phrase\"\nkeywords = [\"{PHRASE}\"]\n");
    let penstock = Setup::new(&[origin.address])
        .with_file("rules.toml", rules.as_bytes())
        .with_top("rules = [\"rules.toml\"]\n")
        .with(ENFORCING)
        .with_known("sha256", &sha256(PHRASE.as_bytes()))
        .start();
    for (number, Claim { format, claim, readers, is_told, file }) in CLAIMS.iter().enumerate() {
        let what = format!("{format}: {claim} ({readers})");
        let answer = penstock.post("/upload/a", &[], &file(PHRASE));
        assert_eq!(answer.status, 451, "{what}: {}", answer.text());
        let answer = penstock.post("/upload/a", &[], &file("nothing of interest"));
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        let labels = origin.requests()[number].headers.get("penstock-labels").cloned();
        assert_eq!(labels.as_deref(), is_told.then_some("encrypted"), "{what}");
    }
    assert_eq!(penstock.post("/upload/a", &[], &fixture("encrypted.7z")).status, 200, "nobody reads this one");
}
