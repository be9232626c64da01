//! Files in files: what an unpacker would see is what was inspected, and what cannot be inspected does not pass unseen.

use std::slice::from_ref;

use crate::support::archives::{
    ZipEntry, deflated_zeros, fixture, gzip, mail, overlapping_zip, pdf, tar, tar_entry, zip, zip_with_directory,
};
use crate::support::http::{Response, form_with_file};
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::pictures::{landscape, png};
use crate::support::sha256;

const LISTED: &[u8] = b"EVIL-FILE-BYTES";

/// A Penstock that knows the digest of [`LISTED`], with `limits`.
fn knowing(origin: &Origin, limits: &str) -> Penstock {
    Setup::new(&[origin.address]).with(ENFORCING).with_limits(limits).with_known("sha256", &sha256(LISTED)).start()
}

fn upload(penstock: &Penstock, body: &[u8]) -> Response {
    penstock.post("/upload/a", &[], body)
}

#[track_caller]
fn assert_refused(penstock: &Penstock, body: &[u8], status: u16, code: &str, what: &str) {
    let answer = upload(penstock, body);
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.json()["code"], code, "{what}");
}

/// Files of common tools that hold [`LISTED`].
const FIXTURES: &[&str] = &[
    "info-zip.zip",
    "info-zip-streamed.zip",
    "info-zip-from-stdin.zip",
    "info-zip-comment.zip",
    "default-password-agile.xlsx",
    "default-password-standard.xlsx",
    "java.jar",
    "java-stored.jar",
    "7-zip.zip",
    "bsdtar.zip",
    "python.zip",
    "python-bzip2.zip",
    "python-streamed.zip",
    "python-zip64.zip",
    "self-extracting.zip",
    "self-extracting-mended.zip",
    "gnu-v7.tar",
    "gnu-ustar.tar",
    "gnu-gnu.tar",
    "gnu-pax.tar",
    "gnu-long-gnu.tar",
    "gnu-long-pax.tar",
    "gnu-links.tar",
    "gnu.tar.gz",
    "gnu.tar.xz",
    "gnu.tar.bz2",
    "lbzip2.bz2",
    "newc.cpio",
    "odc.cpio",
    "binary.cpio",
    "package.deb",
    "package.rpm",
    "bsdtar.tar",
    "python.tar",
    "lzma2.7z",
    "lzma.7z",
    "copy.7z",
    "deflate.7z",
    "bzip2.7z",
    "ppmd.7z",
    "bcj.7z",
    "delta.7z",
    "not-solid.7z",
    "plain-header.7z",
    "rar15.rar",
    "rar20.rar",
    "rar29.rar",
    "rar40-solid.rar",
    "rar50.rar",
    "rar50-solid.rar",
    "rar50-stored.rar",
    "rar70.rar",
    "genisoimage.iso.gz",
    "bsdtar.iso.gz",
    "stored.cab",
    "mszip.cab",
    "lzx.cab",
    "bsdtar.xar",
    "bsdtar-dump.shar",
    "winmail.dat",
    "sqlite.db",
    "sqlite-utf-16.db",
    "git.pack",
    "git-ref.pack",
];

/// Files of common tools that hold something else.
const OTHERS: &[&str] = &[
    "openpyxl.xlsx",
    "odfpy.odt",
    "7-zip-deflate64.zip",
    "7-zip-lzma.zip",
    "7-zip-xz.zip",
    "7-zip-bzip2.zip",
    "7-zip-ppmd.zip",
    "sparse-gnu.tar",
    "sparse-pax-0.0.tar",
    "sparse-pax-0.1.tar",
    "sparse-pax-1.0.tar",
    "bcj2.7z",
];

#[test]
fn a_listed_file_is_blocked_in_archives_of_every_tool() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    for name in FIXTURES {
        assert_eq!(upload(&penstock, &fixture(name)).status, 451, "{name}");
        let (content_type, form) = form_with_file(name, &fixture(name));
        assert_eq!(penstock.post("/upload/a", &[("Content-Type", &content_type)], &form).status, 451, "{name}");
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn ordinary_archives_pass_untouched() {
    let origin = Origin::start();
    let listing_other =
        Setup::new(&[origin.address]).with(ENFORCING).with_known("sha256", &sha256(b"something else")).start();
    for (index, name) in FIXTURES.iter().chain(OTHERS).enumerate() {
        let body = fixture(name);
        let answer = upload(&listing_other, &body);
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        let seen = &origin.requests()[index];
        assert!(seen.body == body && !seen.headers.contains_key("penstock-labels"), "{name}");
    }
}

/// Formats that are zip files with certain entries in them, made as their writers do it.
fn documents() -> Vec<(&'static str, Vec<u8>)> {
    let deflated = ZipEntry::deflated;
    let types = deflated("[Content_Types].xml", b"<Types/>");
    let manifest = ZipEntry { flags: 0x800, ..ZipEntry::stored("mimetype", b"application/epub+zip") };
    let picture = deflated("word/media/image1.bin", LISTED);
    vec![
        ("docx", zip(&[types.clone(), picture, deflated("word/document.xml", b"<w:document/>")])),
        ("xlsx", zip(&[types.clone(), deflated("xl/embeddings/a.bin", LISTED)])),
        ("odt", zip(&[manifest.clone(), ZipEntry::stored("Pictures/1.bin", LISTED)])),
        ("epub", zip(&[manifest, deflated("OEBPS/cover.bin", LISTED)])),
        ("apk", zip(&[ZipEntry::stored("classes.dex", b"dex"), deflated("res/a.bin", LISTED)])),
    ]
}

#[test]
fn documents_books_and_programs_are_opened() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    for (name, body) in documents() {
        assert_eq!(upload(&penstock, &body).status, 451, "{name}");
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn containers_in_each_other_are_opened_whatever_they_are() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let inner = zip(&[ZipEntry::deflated("evil.bin", LISTED)]);
    let nested = zip(&[ZipEntry::deflated("mail.eml", &mail("a.tar.gz", &gzip(&tar("inner.zip", &inner))))]);
    let zlib = miniz_oxide::deflate::compress_to_vec_zlib(&inner, 6);
    for (what, body) in [
        ("zip in tar.gz in mail in zip", nested),
        ("mail", mail("evil.bin", LISTED)),
        ("mail in mail", mail("forwarded.eml", &mail("evil.bin", LISTED))),
        ("zip behind a JPEG", [b"\xff\xd8\xff\xe0 a picture, nearly", &inner[..]].concat()),
        ("zip in a PDF", pdf("/Type /EmbeddedFile /Filter /FlateDecode", &zlib)),
        ("gzip in 7-Zip's neighbour", gzip(&fixture("lzma2.7z"))),
    ] {
        assert_eq!(upload(&penstock, &body).status, 451, "{what}");
    }
    assert_eq!(origin.connections(), 0);
}

/// `count` zip files in each other, with [`LISTED`] at the bottom.
fn nested_zips(count: usize) -> Vec<u8> {
    (0..count).fold(LISTED.to_vec(), |content, _| zip(&[ZipEntry::deflated("a", &content)]))
}

#[test]
fn nesting_is_followed_down_to_the_limit_and_refused_below() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    assert_eq!(upload(&penstock, &nested_zips(8)).status, 451);
    assert_refused(&penstock, &nested_zips(9), 413, "nested_too_deep", "zips");
    let gzips = (0..9).fold(b"plain".to_vec(), |content, _| gzip(&content));
    assert_refused(&penstock, &gzips, 413, "nested_too_deep", "gzips");
    // What unpacks to itself, or seems to, is as deep as anything.
    assert_refused(&penstock, &nested_zips(200), 413, "nested_too_deep", "as good as a quine");
    assert_eq!(origin.connections(), 0);
}

#[test]
fn bombs_end_at_a_limit() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "max_unpacked = \"64 MiB\"\nmax_parts = 500");
    let ten_gigabytes = ZipEntry { data: deflated_zeros(640), method: 8, ..ZipEntry::stored("zeros", b"") };
    let small = zip(&[ZipEntry::deflated("inner.zip", &zip(&[ten_gigabytes]))]);
    assert!(small.len() < 100_000);
    assert_refused(&penstock, &small, 413, "unpacked_too_large", "10 GB in 100 KB");

    // As 42.zip: sixteen archives in each archive, five levels down.
    let leaf = ZipEntry { data: deflated_zeros(1), size: 16 << 20, ..ZipEntry::deflated("leaf", b"") };
    let forty_two = (0..5).fold(zip(&[leaf]), |inner, _| {
        let copies: Vec<_> = (0..16).map(|index| ZipEntry::deflated(&format!("{index}.zip"), &inner)).collect();
        zip(&copies)
    });
    let answer = upload(&penstock, &forty_two);
    assert!([400, 413].contains(&answer.status), "{}", answer.text());

    let answer = upload(&penstock, &overlapping_zip(&vec![0; 4 << 20], 40));
    assert!([400, 413].contains(&answer.status), "{}", answer.text());

    let entries: Vec<_> = (0..600).map(|index| ZipEntry::stored(&index.to_string(), b"x")).collect();
    assert_refused(&penstock, &zip(&entries), 413, "too_many_parts", "entries");
    let tars: Vec<u8> = (0..600).flat_map(|index| tar_entry(&index.to_string(), b'0', 1, b"x")).collect();
    assert_refused(&penstock, &tars, 413, "too_many_parts", "entries of a tar");
    assert_eq!(origin.connections(), 0);
}

#[test]
fn archives_that_two_unpackers_read_differently_are_refused() {
    let origin = Origin::start();
    let penstock =
        Setup::new(&[origin.address]).with(ENFORCING).with_known("sha256", &sha256(b"something else")).start();
    let (good, evil) = (ZipEntry::stored("good", b"good"), ZipEntry::stored("evil", LISTED));
    let good_length = good.local().len();
    let renamed = ZipEntry { name: "fine".to_owned(), ..evil.clone() };
    let outer = ZipEntry::stored("outer", &[b"x", &evil.local()[..]].concat());
    let inside = outer.local().len() - evil.local().len();
    let both = [good.clone(), evil.clone()];
    let pax_size = tar_entry("pax", b'x', 13, b"13 size=2048\n");
    let desync =
        [pax_size, tar_entry("a", b'0', 0, b""), tar_entry("evil", b'0', 15, LISTED), vec![0; 1024], tar("b", b"b")]
            .concat();
    for (what, body) in [
        ("an entry that the directory does not list", zip_with_directory(&both, &[(good.clone(), 0)])),
        ("two names", zip_with_directory(from_ref(&evil), &[(renamed, 0)])),
        ("entries in each other", zip_with_directory(from_ref(&outer), &[(outer.clone(), 0), (evil.clone(), inside)])),
        ("two directories", [zip(&both), zip_with_directory(&[], &[(evil, good_length)])].concat()),
        ("two sizes in a tar", desync),
    ] {
        assert_refused(&penstock, &body, 400, "container_ambiguous", what);
    }
    for entry in
        [ZipEntry { size: 3, ..ZipEntry::deflated("a", LISTED) }, ZipEntry { crc: 3, ..ZipEntry::stored("a", LISTED) }]
    {
        assert_refused(&penstock, &zip(&[entry]), 400, "container_size", "lies");
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn what_hides_from_one_reading_is_blocked_all_the_same() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let (good, evil) = (ZipEntry::stored("good", b"good"), ZipEntry::stored("evil", LISTED));
    let hidden = zip_with_directory(&[good.clone(), evil], &[(good, 0)]);
    let lying = zip(&[ZipEntry { size: 3, crc: 0, ..ZipEntry::deflated("a", LISTED) }]);
    for body in [hidden, lying, overlapping_zip(LISTED, 3)] {
        assert_eq!(upload(&penstock, &body).status, 451);
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn what_cannot_be_unpacked_follows_the_policy_of_the_route() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    for (what, body, code) in [
        ("half a zip", zip(&[ZipEntry::stored("a", b"content")])[..40].to_vec(), "container_broken"),
        ("half a tar", tar("a", &[7; 3000])[..2000].to_vec(), "container_broken"),
        ("half a 7z", fixture("lzma.7z")[..100].to_vec(), "container_broken"),
    ] {
        assert_refused(&penstock, &body, 422, code, what);
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn what_nothing_here_unpacks_goes_on_flagged_and_is_refused_where_the_route_says_so() {
    let origin = Origin::start();
    let flagging = knowing(&origin, "");
    let refusing = Setup::new(&[origin.address])
        .with(&format!("{ENFORCING}unsupported = \"refuse\"\n"))
        .with_known("sha256", &sha256(LISTED))
        .start();
    let strange = ZipEntry { method: 97, ..ZipEntry::stored("a", b"wavpack") };
    let listed_beside = zip(&[strange.clone(), ZipEntry::stored("b", LISTED)]);
    let (unknown, unsupported) = ("container_method_unknown", "container_unsupported");
    let image = [&[7; 9000][..], b"koly\0\0\0\x04", &[0; 504]].concat();
    for (index, (body, code)) in [
        (fixture("unknown-method.7z"), unknown),
        (zip(&[strange]), unknown),
        (b"MSWIM\0\0\0\xd0\0\0\0\0\x0d\x01\0".to_vec(), unsupported),
        (image, unsupported),
        ([&b"!BDN"[..], &[1; 600]].concat(), unsupported),
        (zip(&[ZipEntry::deflated("Index/Document.iwa", b"\0\x09\0\0\x02\0\0")]), unsupported),
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(upload(&flagging, body).status, 200);
        assert_eq!(origin.requests()[index].headers["penstock-labels"], "unsupported");
        assert_refused(&refusing, body, 422, code, "refused");
    }
    assert_eq!(upload(&flagging, &listed_beside).status, 451, "what can be unpacked beside it is compared");
}

#[test]
fn a_lone_volume_of_an_archive_goes_on_flagged_and_what_is_in_it_is_compared() {
    let origin = Origin::start();
    let flagging = knowing(&origin, "");
    let refusing = Setup::new(&[origin.address])
        .with(&format!("{ENFORCING}unsupported = \"refuse\"\n"))
        .with_known("sha256", &sha256(LISTED))
        .start();
    let long = ZipEntry::stored("long", &[7; 30_000]);
    let volume =
        |content: &[u8]| [b"PK\x07\x08", &zip(&[ZipEntry::stored("a", content), long.clone()])[..20_000]].concat();
    assert_eq!(upload(&flagging, &volume(b"fine")).status, 200);
    assert_eq!(origin.requests()[0].headers["penstock-labels"], "unsupported");
    assert_refused(&refusing, &volume(b"fine"), 422, "container_incomplete", "refused");
    assert_eq!(upload(&flagging, &volume(LISTED)).status, 451);
    let without_end = zip(&[ZipEntry::stored("a", LISTED), long.clone()]);
    assert_eq!(upload(&flagging, &without_end[..without_end.len() - 1]).status, 451);
    let clean = zip(&[long]);
    assert_eq!(upload(&flagging, &clean[..clean.len() - 1]).status, 200);
    assert!(!origin.requests()[1].headers.contains_key("penstock-labels"));
}

#[test]
fn a_pdf_that_opens_without_a_password_is_no_encrypted_content() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    for name in ["rc4-40", "rc4-128", "rc4-filter", "aes-128", "aes-128-metadata", "aes-256-old", "aes-256"] {
        assert_eq!(upload(&penstock, &fixture(&format!("encrypted-{name}.pdf"))).status, 451, "{name}");
    }
    let other = Setup::new(&[origin.address]).with(ENFORCING).with_known("sha256", &sha256(b"other")).start();
    assert_eq!(upload(&other, &fixture("encrypted-aes-256-packed.pdf")).status, 200);
    assert_eq!(origin.requests()[0].headers.get("penstock-labels"), None);
}

#[test]
fn encrypted_content_goes_on_with_a_word_to_the_origin() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let encrypted_pdf =
        pdf("/Subtype /Image", b"secret").iter().copied().chain(*b"trailer << /Encrypt 9 0 R >>").collect();
    for (index, body) in [
        fixture("info-zip-encrypted.zip"),
        fixture("7-zip-aes.zip"),
        fixture("encrypted.7z"),
        fixture("encrypted-header.7z"),
        fixture("encrypted-locked.pdf"),
        encrypted_pdf,
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(upload(&penstock, &body).status, 200);
        assert_eq!(origin.requests()[index].headers["penstock-labels"], "encrypted");
    }
    let refusing = Setup::new(&[origin.address])
        .with(&format!("{ENFORCING}encrypted = \"refuse\"\n"))
        .with_known("sha256", &sha256(LISTED))
        .start();
    assert_refused(&refusing, &fixture("encrypted.7z"), 422, "container_encrypted", "refused");
}

/// The listed bytes in notations that frameworks read, and in files that are one stream and nothing else.
fn other_notations() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let hex = data_encoding::HEXLOWER.encode(LISTED);
    let base64 = data_encoding::BASE64.encode(LISTED);
    let numbers: Vec<String> = LISTED.iter().map(u8::to_string).collect();
    let with = |before: &[u8], after: &[u8]| [before, LISTED, after].concat();
    let binary = "application/octet-stream";
    vec![
        ("hex in JSON", "application/json", format!("{{\"f\": \"{hex}\"}}").into_bytes()),
        ("numbers in JSON", "application/json", format!("{{\"f\": [{}]}}", numbers.join(", ")).into_bytes()),
        ("hex in a form", "application/x-www-form-urlencoded", format!("f={hex}").into_bytes()),
        ("hex in XML", "application/xml", format!("<f>{hex}</f>").into_bytes()),
        ("hex", binary, hex.into_bytes()),
        ("base64 in a line", "text/plain", format!("hello {base64} there").into_bytes()),
        ("base64 in YAML", "application/yaml", format!("f: !!binary {base64}\n").into_bytes()),
        ("base64 in TOML", "application/toml", format!("f=\"{base64}\"\n").into_bytes()),
        ("base64 in a message", "application/proto", [&b"\x0a\x14"[..], base64.as_bytes()].concat()),
        ("a message of Connect", "application/connect+proto", framed(&gzip(&with(b"\x0a\x0f", b"")))),
        ("JSON of Connect", "application/connect+json", framed(&gzip(format!("{{\"f\": \"{base64}\"}}").as_bytes()))),
        ("base32", "text/plain", b"IVLESTBNIZEUYRJNIJMVIRKT".to_vec()),
        ("CBOR", "application/cbor", with(b"\xa1\x61f\x4f", b"")),
        ("MessagePack", "application/msgpack", with(b"\x81\xa1f\xc4\x0f", b"")),
        ("BSON", "application/bson", with(b"\x1d\0\0\0\x05f\0\x0f\0\0\0\0", b"\0")),
        ("PHP", binary, with(b"a:1:{s:1:\"f\";s:15:\"", b"\";}")),
        ("pickle", binary, with(b"\x80\x04C\x0f", b"\x94.")),
        ("uuencode", "text/plain", b"Hello,\n\nbegin 644 a\n/159)3\"U&24Q%+4)95$53\n`\nend\n".to_vec()),
        ("zlib", binary, miniz_oxide::deflate::compress_to_vec_zlib(LISTED, 6)),
        ("two members", binary, [gzip(LISTED), gzip(b"more")].concat()),
        ("a stream in other bytes", binary, [&[7; 99][..], &gzip(LISTED), &[7; 99]].concat()),
        (
            "a stream of zlib in other bytes",
            binary,
            [&[7; 99][..], &miniz_oxide::deflate::compress_to_vec_zlib(LISTED, 6), &[7; 99]].concat(),
        ),
        ("a stream behind a picture", "image/png", [&png(&landscape(64, 48, 1))[..], &gzip(LISTED)].concat()),
    ]
}

/// `message` in a frame that says that it is compressed, and the frame that ends a stream of Connect.
fn framed(message: &[u8]) -> Vec<u8> {
    [&[1][..], &(message.len() as u32).to_be_bytes(), message, b"\x02\0\0\0\x02{}"].concat()
}

#[test]
fn a_listed_file_is_blocked_in_what_frameworks_read_by_default() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    for (what, content_type, body) in other_notations() {
        let answer = penstock.post("/upload/a", &[("Content-Type", content_type)], &body);
        assert_eq!(answer.status, 451, "{what}");
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn words_in_what_is_no_text_are_scanned_unless_that_is_switched_off() {
    let origin = Origin::start();
    let rule = b"[[rule]]\nid = \"turnips\"\nkeywords = [\"forbidden turnip\"]\n";
    let noise: Vec<u8> = (0..9000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let wide: Vec<u8> = "a forbidden turnip".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (content_type, form) = form_with_file("a.html", &[b"<!--", &noise[..], b"--><b>forbidden</b> turnip"].concat());
    for (setting, status) in [("", 451), ("scan_opaque = false", 200)] {
        let setup = Setup::new(&[origin.address]).with(ENFORCING).with_limits(setting).with_file("rules.toml", rule);
        let penstock = setup.with_top("rules = [\"rules.toml\"]\n").start();
        for words in [&b"a forbidden turnip"[..], &wide] {
            let body = [&noise[..5000], &[0], words, &[0, 1, 0xff], &noise[5000..]].concat();
            assert_eq!(upload(&penstock, &body).status, status, "{setting}");
        }
        // What is called a text is one.
        let answer = penstock.post("/upload/a", &[("Content-Type", &content_type)], &form);
        assert_eq!(answer.status, 451, "{setting}");
    }
}

#[test]
fn what_only_looks_like_a_container_passes() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    let damaged_pdf = [&pdf("/Filter /FlateDecode /Subtype /Image /Width 9", b"no zlib")[..200], b"\xff\xd8"].concat();
    for body in [
        &b"To: do\nFrom: now on\n\nSubject to change"[..],
        b"A text about PK\x05\x06, the end of an archive, with some more bytes behind",
        &[b'x'; 1024],
        &damaged_pdf,
        b"%PDF-1.4 and nothing else",
    ] {
        assert_eq!(upload(&penstock, body).status, 200, "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn a_listed_picture_is_found_in_documents_by_what_it_shows() {
    let origin = Origin::start();
    let picture = landscape(200, 150, 7);
    let mut hashes = penstock::media::hash_part_here(
        &png(&picture),
        penstock::content::AlgorithmSet::all(),
        &penstock::content::DecodeLimits::default(),
    );
    let pdq = hashes.views.remove(0).pdq.unwrap().unwrap().dihedral[0].to_string();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_known("pdq", &pdq).start();
    let samples = |seed| {
        let samples = landscape(200, 150, seed).into_rgb8().into_raw();
        let image = "/Type /XObject /Subtype /Image /Width 200 /Height 150 /ColorSpace /DeviceRGB /BitsPerComponent 8";
        pdf(&format!("{image} /Filter /FlateDecode"), &miniz_oxide::deflate::compress_to_vec_zlib(&samples, 6))
    };
    let docx = |seed| {
        let picture = ZipEntry::deflated("word/media/image1.png", &png(&landscape(200, 150, seed)));
        zip(&[ZipEntry::deflated("[Content_Types].xml", b"<Types/>"), picture])
    };
    for (what, listed, other) in [("PDF", samples(7), samples(3)), ("docx", docx(7), docx(3))] {
        assert_eq!(upload(&penstock, &listed).status, 451, "{what}");
        let answer = upload(&penstock, &other);
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    }
}

/// What holds two archives without being one: each holds `listed` behind another file.
fn archives_in_other_bytes(listed: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let other = ZipEntry::deflated("a.txt", b"a text of no interest");
    let one = zip(&[other.clone(), ZipEntry::deflated("b.bin", listed)]);
    let two = zip(&[other, ZipEntry::stored("b.bin", listed)]);
    let entry = |name: &str, content: &[u8]| tar_entry(name, b'0', content.len(), content);
    let tar = [entry("1.docx", &one), entry("2.docx", &two), vec![0; 1024]].concat();
    let attachments = [pdf("/Type /EmbeddedFile", &one), pdf("/Type /EmbeddedFile", &two)].concat();
    let records = [&[7; 500][..], &one, &[7; 80], &two, &[7; 500]].concat();
    vec![("tar", tar), ("PDF", attachments), ("binary", records.clone()), ("binary in gzip", gzip(&records))]
}

#[test]
fn archives_in_other_files_are_opened_and_no_reason_to_refuse_these() {
    let origin = Origin::start();
    let penstock = knowing(&origin, "");
    for (what, body) in archives_in_other_bytes(b"something else") {
        let answer = upload(&penstock, &body);
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    }
    assert!(origin.requests().iter().all(|request| !request.headers.contains_key("penstock-labels")));
    for (what, body) in archives_in_other_bytes(LISTED) {
        assert_eq!(upload(&penstock, &body).status, 451, "{what}");
    }
}
