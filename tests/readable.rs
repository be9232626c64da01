//! What people read in an upload, in whatever it is wrapped, is what rules look at.

use data_encoding::BASE64;

use crate::support::archives::{ZipEntry, fixture, gzip, pdf, tar_entry, zip};
use crate::support::http::Response;
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::pieces::Tus;
use crate::support::repository;

const RULES: &str = "[[rule]]\nid = \"phrase\"\nkeywords = [\"forbidden turnip\"]\n";

fn penstock(origin: &Origin) -> Penstock {
    Setup::new(&[origin.address])
        .with_file("rules.toml", RULES.as_bytes())
        .with_top("rules = [\"rules.toml\"]\n")
        .with(ENFORCING)
        .start()
}

fn raw(penstock: &Penstock, body: &[u8]) -> Response {
    penstock.post("/upload/a", &[], body)
}

/// A form with one part of these headers.
fn form(headers: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--readable\r\nContent-Disposition: form-data; name=\"f\"{headers}\r\n\r\n");
    [head.as_bytes(), content, b"\r\n--readable--\r\n"].concat()
}

fn post_form(penstock: &Penstock, headers: &str, content: &[u8]) -> Response {
    penstock.post("/upload/a", &[("Content-Type", "multipart/form-data; boundary=readable")], &form(headers, content))
}

/// Uploads each body as it is and as a file of a form; all are blocked, and the same with another word passes.
#[track_caller]
fn assert_found(cases: &[(&str, Vec<u8>)]) {
    let origin = Origin::start();
    let penstock = penstock(&origin);
    for (what, body) in cases {
        let answer = raw(&penstock, body);
        assert_eq!(answer.status, 451, "{what}: {}", answer.text());
        assert_eq!(post_form(&penstock, "; filename=\"a.bin\"", body).status, 451, "{what} in a form");
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn fields_texts_and_json_strings_are_read() {
    let origin = Origin::start();
    let penstock = penstock(&origin);
    assert_eq!(post_form(&penstock, "", b"a forbidden turnip").status, 451);
    assert_eq!(post_form(&penstock, "", b"a <b>forbid</b>den&#32;turnip").status, 451, "in HTML");
    assert_eq!(post_form(&penstock, "", b"a forbidden beet").status, 200);
    let json = |text: &str| penstock.post("/upload/a", &[("Content-Type", "application/json")], text.as_bytes());
    assert_eq!(json(r#"{"a": ["forbidden\u0020turnip"]}"#).status, 451);
    assert_eq!(json(r#"{"a": ["<i>forbidden</i> tur<b>nip</b>"]}"#).status, 451, "in HTML");
    assert_eq!(json(r#"{"a": ["<i>forbidden</i> b<b>eet</b>"]}"#).status, 200);
}

#[test]
fn strings_of_json_files_are_read_without_their_escapes() {
    let origin = Origin::start();
    let penstock = penstock(&origin);
    let one = br#"{"a": ["\u0066orbidden tur\u006eip"]}"#;
    let lines = b"{\"a\": 1}\n{\"a\": \"\\u0066orbidden\\nturnip\"}\n";
    let cut_off = br#"/* x */ {"a": "\u0066orbidden turnip"#;
    assert_found(&[
        ("one value", one.to_vec()),
        ("a value a line", lines.to_vec()),
        ("in a zip", zip(&[ZipEntry::deflated("a.json", one)])),
        ("in a tar", [tar_entry("a.jsonl", b'0', lines.len(), lines), vec![0; 1024]].concat()),
        ("in JSON", br#"{"log": "{\"a\": \"\\u0066orbidden turnip\"}"}"#.to_vec()),
        ("markup", br#"["\u003cb\u003eforbid\u003c\/b\u003eden turnip"]"#.to_vec()),
    ]);
    assert_eq!(post_form(&penstock, "; filename=\"a.json\"", cut_off).status, 451, "by its name");
    assert_eq!(post_form(&penstock, "; filename=\"a\"\r\nContent-Type: application/json", cut_off).status, 451);
    assert_eq!(post_form(&penstock, "; filename=\"a.c\"", cut_off).status, 451, "escapes of C, which has them too");
    assert_eq!(post_form(&penstock, "; filename=\"a.c\"", br#"{"a": "forbid\nturnip"}"#).status, 200);
    assert_eq!(post_form(&penstock, "; filename=\"a.json\"", br#"["\u0066orbidden beet"]"#).status, 200);
}

#[test]
fn names_of_files_are_read_in_every_notation() {
    let origin = Origin::start();
    let penstock = penstock(&origin);
    let extended = "; filename=\"=?utf-8?B?Zm9yYmlkZGVuIHR1cm5pcA==?=\"; filename*=utf-8''forbidden%20turnip";
    for headers in [
        "; filename=\"forbidden turnip.txt\"",
        "; filename=\"forbidden%20turnip.txt\"",
        "; filename=\"for&#98;idden turnip.txt\"",
        extended,
    ] {
        let answer = post_form(&penstock, headers, b"\0\x01content");
        assert_eq!(answer.status, 451, "{headers}: {}", answer.text());
    }
    assert_eq!(post_form(&penstock, "; filename=\"forbidden beet.txt\"", b"\0\x01content").status, 200);
    let disposition = ("Content-Disposition", "attachment; filename*=UTF-8''forbidden%20turnip");
    assert_eq!(penstock.post("/upload/a", &[disposition], b"\0\x01content").status, 451);
    let put = |path: &str| penstock.connect().exchange("PUT", path, &[], b"\0\x01content").status;
    assert_eq!(put("/upload/bucket/forbidden%20turnip.bin"), 451, "the key of an object");
    assert_eq!(put("/upload/bucket/forbidden%20beet.bin"), 200);
}

#[test]
fn names_in_the_metadata_of_tus_are_read_with_the_last_piece() {
    let tus = Tus::default();
    let origin = tus.start();
    let penstock = penstock(&origin);
    for (name, status) in [("forbidden turnip.txt", 451), ("forbidden beet.txt", 204)] {
        let metadata = format!("filename {},filetype {}", BASE64.encode(name.as_bytes()), BASE64.encode(b"image/png"));
        let mut connection = penstock.connect();
        let headers = [("Tus-Resumable", "1.0.0"), ("Upload-Length", "9"), ("Upload-Metadata", &metadata)];
        let created = connection.exchange("POST", "/upload/files", &headers, b"");
        assert_eq!(created.status, 201, "{}", created.text());
        let path = created.headers["location"].split("://").last().unwrap();
        let path = &path[path.find('/').unwrap()..];
        let piece =
            [("Tus-Resumable", "1.0.0"), ("Upload-Offset", "0"), ("Content-Type", "application/offset+octet-stream")];
        assert_eq!(connection.exchange("PATCH", path, &piece, b"\0\x01content").status, status, "{name}");
    }
}

#[test]
fn names_of_entries_are_read_in_every_archive() {
    let content = b"\0\x01content";
    let mut named = b"\x1f\x8b\x08\x08\0\0\0\0\0\xffforbidden turnip.txt\0".to_vec();
    named.extend_from_slice(&gzip(content)[10..]);
    assert_found(&[
        ("zip", zip(&[ZipEntry::stored("a/forbidden turnip.bin", content)])),
        ("empty in a zip", zip(&[ZipEntry::stored("forbidden turnip/", b"")])),
        ("tar", [tar_entry("forbidden turnip.bin", b'0', 9, content), vec![0; 1024]].concat()),
        ("folder in a tar", [tar_entry("forbidden turnip/", b'5', 0, b""), vec![0; 1024]].concat()),
        ("gzip", named),
    ]);
}

#[test]
fn comments_of_archives_are_read() {
    let content = b"\0\x01content";
    let comment = b"a forbidden turnip";
    let entry = ZipEntry::stored("a.bin", content);
    let whole = zip(std::slice::from_ref(&entry));
    let of_archive = [&whole[..whole.len() - 2], &(comment.len() as u16).to_le_bytes(), comment].concat();
    let mut central = entry.central(0);
    central[32..34].copy_from_slice(&(comment.len() as u16).to_le_bytes());
    let directory = [&central[..], comment].concat();
    let local = entry.local();
    let end = [
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0",
        &(directory.len() as u32).to_le_bytes()[..],
        &(local.len() as u32).to_le_bytes(),
        b"\0\0",
    ];
    let of_entry = [local, directory, end.concat()].concat();
    let mut of_gzip = b"\x1f\x8b\x08\x18\0\0\0\0\0\xffa.txt\0a forbidden turnip\0".to_vec();
    of_gzip.extend_from_slice(&gzip(content)[10..]);
    assert_found(&[("zip", of_archive.clone()), ("an entry of a zip", of_entry), ("gzip", of_gzip)]);
    let origin = Origin::start();
    let harmless = [&of_archive[..of_archive.len() - 6], b"carrot"].concat();
    assert_eq!(raw(&penstock(&origin), &harmless).status, 200);
}

#[test]
fn markup_is_read_as_it_is_shown_and_beside() {
    let wide: Vec<u8> = "\u{feff}<p>for<b>bidden</b> turnip".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let texts = [
        ("tags", "<html><p>a <b>for</b>bidden <i>tur</i>nip"),
        ("blocks", "<p>forbidden<p>turnip"),
        ("references", "for&#98;idden&nbsp;&#x74;urnip"),
        ("alt", "<img src=x alt='for&#98;idden turnip'>"),
        ("link", "<a href=\"/forbidden%20turnip\">x</a>"),
        ("meta", "<meta name=description content=\"forbidden&#32;turnip\">"),
        ("comment", "<!-- for&shy; --><p>for<!-- x -->bidden turnip"),
        ("broken", "<p <b>>for<b x='bidden turnip</p for><i>bidden turnip"),
        ("xml", "<?xml version='1.0'?><a><word>forbidden</word><word>turnip</word></a>"),
    ];
    let cases = texts.map(|(what, text)| (what, text.as_bytes().to_vec()));
    assert_found(&[&cases[..], &[("utf-16", wide)]].concat());
}

#[test]
fn a_comment_in_a_body_declared_as_xml_is_read() {
    let origin = Origin::start();
    let penstock = penstock(&origin);
    let xml = |text: &str| penstock.post("/upload/a", &[("Content-Type", "application/xml")], text.as_bytes()).status;
    assert_eq!(xml("<a><!-- forbidden turnip --></a>"), 451);
    assert_eq!(xml("<a><b>for</b>bidden turnip</a>"), 451);
    assert_eq!(xml("<a><!-- forbidden beet --></a>"), 200);
}

#[test]
fn what_people_read_is_found_however_it_is_drawn_or_stored() {
    let noise: Vec<u8> = (0..400_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8 | 0x80).collect();
    let page = [&b"<html><!--"[..], &noise, b"-->a forbidden turnip"].concat();
    let rtf = [&b"{\\rtf1 {\\*\\xyz "[..], &noise, b"} for{\\b bidden} turnip}"].concat();
    let packed = BASE64.encode(&gzip("a forbidden turnip, which is in a text that is packed".as_bytes()));
    let origin = Origin::start();
    let penstock = penstock(&origin);
    for (what, headers, content) in [
        ("Markdown", "", b"**forbidden** _turnip_".to_vec()),
        ("a quoted reply", "", b"forbidden\r\n> turnip".to_vec()),
        ("a hashtag", "", b"#forbiddenturnip".to_vec()),
        ("a divided word", "", b"forbid-\r\nden turnip".to_vec()),
        ("capitals of other scripts", "", "FОRВIDDЕN ТURNIР".into()),
        ("a style", "", "for<i style='display:none'>x</i>bidden turnip".into()),
        ("escapes of CSS", "", b"p::before { content: \"\\66orbidden turnip\" }".to_vec()),
        ("packed text", "", format!("see {packed} there").into_bytes()),
        ("a page by its name", "; filename=\"a.html\"\r\nContent-Type: application/octet-stream", page),
        ("a document by its first bytes", "; filename=\"a\"\r\nContent-Type: application/rtf", rtf),
        ("a calendar", "; filename=\"a.ics\"", b"BEGIN:VCALENDAR\r\nSUMMARY:forb\r\n idden turnip\r\n".to_vec()),
        ("a notebook", "; filename=\"a.ipynb\"", br#"{"cells":[{"source":["forbid","den turnip"]}]}"#.to_vec()),
        ("TeX", "; filename=\"a.tex\"", b"\\textbf{for}bidden \\emph{tur}nip".to_vec()),
    ] {
        let answer = post_form(&penstock, headers, &content);
        assert_eq!(answer.status, 451, "{what}: {}", answer.text());
    }
    assert_eq!(origin.connections(), 0);
    for ordinary in ["a forbidden, and a turnip", "forbidden.turnips", "for-\nbidding turnip", "**forbid** turnip"] {
        assert_eq!(post_form(&penstock, "", ordinary.as_bytes()).status, 200, "{ordinary}");
    }
}

#[test]
fn subtitles_are_read_over_lines_and_cues() {
    assert_found(&[
        ("srt", b"1\n00:00:01,000 --> 00:00:02,000\nthe <i>forbid</i>den\nturnip\n".to_vec()),
        ("two cues", b"1\n00:00:01,0 --> 00:00:02,0\nforbidden\n\n2\n00:00:03,0 --> 00:00:04,0\nturnip\n".to_vec()),
        ("vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>for<c.red>bid</c>den\nturnip".to_vec()),
        ("ass", b"[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,{\\i1}forbid{\\i0}den\\Nturnip\n".to_vec()),
    ]);
}

#[test]
fn pages_of_pdf_are_read() {
    let zlib = |text: &str| miniz_oxide::deflate::compress_to_vec_zlib(text.as_bytes(), 6);
    let page = |text: &str| pdf("/Filter /FlateDecode", &zlib(text));
    let letters: String =
        "forbidden turnip".chars().zip(0..).map(|(ch, at)| format!("1 0 0 1 {} 0 Tm ({ch}) Tj ", at * 6)).collect();
    let strings = b"%PDF-1.7\n\x01\x02\x03\x04\n1 0 obj << /Title (for\\142idden turnip) >> endobj".to_vec();
    assert_found(&[
        ("one string", page("BT /F1 12 Tf (forbidden turnip) Tj ET")),
        ("kerning", page("BT /F1 12 Tf [(forb) -30 (idden) -300 (tur) 20 (nip)] TJ ET")),
        ("two lines", page("BT /F1 12 Tf (forbidden) Tj 0 -14 Td (turnip) Tj ET")),
        ("letter by letter", page(&format!("BT /F1 12 Tf {letters} ET"))),
        ("a title", strings),
    ]);
}

#[test]
fn text_that_nobody_can_read_follows_the_policy_of_the_route() {
    let origin = Origin::start();
    let page = [
        b"%PDF-1.7\n1 0 obj << /Contents 2 0 R /Resources << /Font << /F1 << /Subtype /Type0 >> >> >> >> endobj\n",
        &b"2 0 obj <<>> stream\nBT /F1 9 Tf <00010002> Tj ET\nendstream endobj"[..],
    ]
    .concat();
    let penstock = penstock(&origin);
    assert_eq!(raw(&penstock, &page).status, 200);
    assert!(penstock.next_verdict()["doubts"].to_string().contains("page_illegible"));
    let strict = Setup::new(&[origin.address]).with(&format!("{ENFORCING}illegible = \"refuse\"\n")).start();
    let answer = raw(&strict, &page);
    assert_eq!((answer.status, answer.json()["code"].as_str()), (422, Some("page_illegible")));
}

#[test]
fn documents_of_office_are_read() {
    let document = |name: &str, xml: &str| zip(&[ZipEntry::deflated(name, xml.as_bytes())]);
    assert_found(&[
        (
            "docx",
            document(
                "word/document.xml",
                "<w:document><w:body><w:p><w:r><w:rPr><w:b/></w:rPr><w:t>for</w:t></w:r><w:proofErr w:type=\"x\"/><w:r>\
                 <w:t xml:space=\"preserve\">bidden </w:t></w:r></w:p><w:p><w:r><w:t>turnip</w:t></w:r></w:p></w:body>",
            ),
        ),
        (
            "xlsx, shared",
            document(
                "xl/sharedStrings.xml",
                "<sst><si><r><t>forbid</t></r><r><t>den</t></r></si><si><t>turnip</t></si>",
            ),
        ),
        (
            "xlsx, inline",
            document(
                "xl/worksheets/sheet1.xml",
                "<row><c t=\"inlineStr\"><is><t>forbidden</t></is></c><c><is><t>turnip",
            ),
        ),
        (
            "pptx",
            document(
                "ppt/slides/slide1.xml",
                "<a:p><a:r><a:t>for</a:t></a:r><a:r><a:t>bidden</a:t></a:r><a:br/><a:r><a:t>turnip",
            ),
        ),
        ("rtf", br"{\rtf1{\fonttbl{\f0 A;}}for{\b bid}\u100?en\par turnip}".to_vec()),
        ("odt", document("content.xml", "<text:p>for<text:span>bidden</text:span><text:s/>turnip</text:p>")),
    ]);
}

/// What `make.py` there made with common tools.
#[test]
fn documents_and_pictures_of_common_tools_are_read() {
    let folder = std::fs::read_dir(repository("tests/fixtures/documents")).unwrap();
    let files = folder.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end != "py"));
    let cases: Vec<_> = files.map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect();
    assert!(cases.len() > 12);
    assert_found(&cases.iter().map(|(name, body)| (name.as_str(), body.clone())).collect::<Vec<_>>());
}

#[test]
fn ordinary_documents_pass() {
    let origin = Origin::start();
    let penstock = penstock(&origin);
    for body in [fixture("odfpy.odt"), fixture("openpyxl.xlsx"), pdf("", b"BT (forbidden) Tj (beet) Tj ET")] {
        let answer = raw(&penstock, &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

#[test]
fn mails_are_read_with_their_headers_charsets_and_alternatives() {
    let mail = |subject: &str, head: &str, body: &[u8]| {
        let head = format!(
            "From: a@example.com\r\nTo: b@example.com\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n{head}\r\n"
        );
        [head.as_bytes(), body].concat()
    };
    let html = "Content-Type: multipart/alternative; boundary=b\r\n";
    let alternative =
        b"--b\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
                        <p>for<b>bid=64en</b> tur=\r\nnip\r\n--b--\r\n";
    let attached = b"--b\r\nContent-Type: x/y\r\nContent-Disposition: attachment; filename*=utf-8''forbidden%20turnip\r\n\r\n\0\x01\r\n--b--";
    // Full width letters, as Japanese mails may have them.
    let wide: Vec<u8> = encode_iso_2022_jp("ｆｏｒｂｉｄｄｅｎ ｔｕｒｎｉｐ");
    assert_found(&[
        ("encoded subject", mail("=?utf-8?Q?for=62id?=\r\n =?utf-8?B?ZGVuIHR1cm5pcA==?=", "", b"text")),
        ("folded subject", mail("forbidden\r\n\tturnip", "", b"text")),
        ("base64", mail("x", "Content-Transfer-Encoding: base64\r\n", BASE64.encode(b"a forbidden turnip").as_bytes())),
        ("html", mail("x", html, alternative)),
        ("charset", mail("x", "Content-Type: text/plain; charset=iso-2022-jp\r\n", &wide)),
        ("attachment's name", mail("x", html, attached)),
    ]);
}

fn encode_iso_2022_jp(text: &str) -> Vec<u8> {
    encoding_rs::ISO_2022_JP.encode(text).0.into_owned()
}

#[test]
fn metadata_of_pictures_is_read() {
    let segment =
        |marker: u8, content: &[u8]| [&[0xff, marker][..], &(content.len() as u16 + 2).to_be_bytes(), content].concat();
    let jpeg = |segment: Vec<u8>| {
        let picture = std::fs::read(repository("tests/fixtures/pictures/baseline.jpg")).unwrap();
        [&picture[..2], &segment, &picture[2..]].concat()
    };
    let wide: Vec<u8> = "forbidden turnip".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let exif = |tag: u16, kind: u8, value: &[u8]| {
        let head = [&b"Exif\0\0II*\0\x08\0\0\0\x01\0"[..], &tag.to_le_bytes(), &[kind, 0]].concat();
        [&head[..], &(value.len() as u32).to_le_bytes(), b"\x1a\0\0\0\0\0\0\0", value].concat()
    };
    let chunk = |kind: &[u8], content: &[u8]| {
        let crc = crc32fast::hash(&[kind, content].concat()).to_be_bytes();
        [&(content.len() as u32).to_be_bytes(), kind, content, &crc].concat()
    };
    let png = |chunk: Vec<u8>| {
        let picture = std::fs::read(repository("tests/fixtures/pictures/palette.png")).unwrap();
        [&picture[..33], &chunk, &picture[33..]].concat()
    };
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(b"forbidden turnip", 6);
    let gif = std::fs::read(repository("tests/fixtures/pictures/moving.gif")).unwrap();
    let with_comment = [&gif[..gif.len() - 1], b"\x21\xfe\x10forbidden turnip\0\x3b"].concat();
    let iptc = b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x15\x1c\x02\x78\0\x10forbidden turnip\0";
    assert_found(&[
        ("JPEG COM", jpeg(segment(0xfe, b"forbidden turnip"))),
        ("EXIF description", jpeg(segment(0xe1, &exif(0x010e, 2, b"forbidden turnip\0")))),
        ("EXIF comment", jpeg(segment(0xe1, &exif(0x9286, 7, &[b"UNICODE\0", &wide[..]].concat())))),
        ("EXIF XPTitle", jpeg(segment(0xe1, &exif(0x9c9b, 1, &wide)))),
        (
            "XMP",
            jpeg(segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta a=\"for&#98;idden turnip\"/></x:xmpmeta>")),
        ),
        ("IPTC", jpeg(segment(0xed, iptc))),
        ("tEXt", png(chunk(b"tEXt", b"Comment\0forbidden turnip"))),
        ("zTXt", png(chunk(b"zTXt", &[b"Comment\0\0", &packed[..]].concat()))),
        ("iTXt", png(chunk(b"iTXt", &[b"Comment\0\x01\0\0\0", &packed[..]].concat()))),
        ("GIF", with_comment),
    ]);
}
