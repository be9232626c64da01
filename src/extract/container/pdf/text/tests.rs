//! Words out of pages that programs write in different ways.

use crate::content::PartKind;
use crate::extract::container::testing::opened;
use crate::extract::{Extraction, ProblemCode};

fn stream(number: u32, dictionary: &str, content: &str) -> String {
    format!("{number} 0 obj\n<< /Length {} {dictionary} >>\nstream\n{content}\nendstream\nendobj\n", content.len())
}

/// A file of one page with `content`, which may use the fonts of `fonts`, and `more` objects.
fn page(content: &str, fonts: &str, more: &str) -> String {
    format!(
        "%PDF-1.7\n1 0 obj << /Type /Page /Contents 2 0 R /Resources << /Font << {fonts} >> >> >> endobj\n{}{more}",
        stream(2, "", content)
    )
}

fn texts(found: &Extraction, name: &str) -> Vec<String> {
    let texts = found.parts.iter().filter(|part| part.kind == PartKind::Text && part.name.as_deref() == Some(name));
    texts.map(|part| String::from_utf8_lossy(&part.bytes).into_owned()).collect()
}

#[track_caller]
fn assert_shows(file: String, expected: &str) {
    let found = opened(file.clone());
    assert_eq!(found.problems, []);
    let pages = texts(&found, "page");
    assert!(pages.iter().any(|page| page.contains(expected)), "{expected:?} is not in {pages:?} of {file}");
}

#[test]
fn words_come_out_whole_however_they_are_drawn() {
    for (content, expected) in [
        ("BT /F1 12 Tf (forbidden) Tj ET", "forbidden"),
        ("BT /F1 12 Tf [(for) -20 (bid) 30 (den) -300 (word)] TJ ET", "forbidden word"),
        ("BT /F1 12 Tf (two) Tj 0 -14 Td (lines) Tj ET", "two\nlines"),
        ("BT /F1 12 Tf 14 TL (two) Tj (lines) ' T* 1 2 (three) \" ET", "two\nlines\nthree"),
        ("BT /F1 12 Tf 1 0 0 1 10 10 Tm (f) Tj 1 0 0 1 16 10 Tm (o) Tj 1 0 0 1 22 10 Tm (r) Tj ET", "for"),
        ("BT /F1 12 Tf 0 1 -1 0 10 10 Tm (f) Tj 0 1 -1 0 10 16 Tm (o) Tj 0 1 -1 0 10 22 Tm (r) Tj ET", "for"),
        ("q 1 0 0 1 6 0 cm BT /F1 12 Tf (f) Tj ET Q q 1 0 0 1 12 0 cm BT /F1 12 Tf (o) Tj ET Q", "fo"),
        ("BT /F1 12 Tf (f) Tj 10 0 Td (o) Tj 10 0 Td (r) Tj ET", "for"),
        ("BT /F1 12 Tf 5 Tc (for) Tj (bidden) Tj ET", "forbidden"),
        ("BT /F1 12 Tf <666f72> Tj (\\142\\\nid\\144en) Tj ET", "forbidden"),
        ("BI /W 1 /H 1 ID (((BT EI BT /F1 9 Tf (forbidden) Tj ET", "forbidden"),
        ("/Span << /ActualText (forbidden) >> BDC BT (x) Tj ET EMC", "forbidden"),
        (
            "BT /F1 12 Tf (for) Tj /Span << /ActualText (bid) >> BDC (x) Tj (y) Tj EMC /P BMC (den) Tj EMC ET",
            "forbidden",
        ),
        ("BT /F1 12 Tf 1 0 0 1 26 9 Tm (r) Tj 1 0 0 1 20 9 Tm (o) Tj 1 0 0 1 14 9 Tm (f) Tj ET", "for"),
        ("BT /F1 12 Tf 12 9 Td (f) Tj .1 0 Td (f) Tj 6 0 Td (o) Tj ET", "fo"),
        (
            "BT /F1 12 Tf 1 0 0 1 9 90 Tm (two) Tj 1 0 0 1 200 90 Tm (x) Tj 1 0 0 1 9 76 Tm (lines) Tj \
             1 0 0 1 200 76 Tm (y) Tj ET",
            "two\nlines\nx\ny",
        ),
        ("BT /Unknown 12 Tf (forbidden) Tj ET", "forbidden"),
        ("BT (no font, no size) Tj", "no font, no size"),
    ] {
        assert_shows(page(content, "/F1 << /Type /Font /Subtype /Type1 /Encoding /WinAnsiEncoding >>", ""), expected);
    }
}

#[test]
fn words_come_out_in_the_order_of_the_page() {
    let letters = |order: &[usize]| -> String {
        let letter = |index: &usize| {
            let (letter, at) = (&"forbidden"[*index..=*index], 40.0 + 7.2 * *index as f64);
            format!("BT /F1 12 Tf 1 0 0 1 {at} 100 Tm ({letter}) Tj ET ")
        };
        order.iter().map(letter).collect()
    };
    for content in [
        letters(&[8, 7, 6, 5, 4, 3, 2, 1, 0]),
        letters(&[4, 0, 8, 2, 6, 1, 7, 3, 5]),
        "BT /F1 12 Tf 40 100 Td (forb) Tj ET BT /F1 12 Tf 68.8 100 Td (idden) Tj ET".to_owned(),
        "BT /F1 12 Tf 40 100 Td (forb) Tj 0 -20 Td (other) Tj 28.8 20 Td (idden) Tj ET".to_owned(),
        "BT /F1 12 Tf -100 Tz 140 100 Td (neddibrof) Tj ET".to_owned(),
        "BT /F1 12 Tf 0 1 -1 0 100 68.8 Tm (idden) Tj 0 1 -1 0 100 40 Tm (forb) Tj ET".to_owned(),
    ] {
        assert_shows(page(&content, "/F1 << /Type /Font /Subtype /Type1 /BaseFont /Courier >>", ""), "forbidden");
    }
}

#[test]
fn fonts_say_which_characters_their_codes_are() {
    let map = "begincmap 1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfchar <0001> <0066006F> endbfchar \
               2 beginbfrange <0010> <0012> <0072> <0020> <0021> [<0062> <00690064>] endbfrange endcmap";
    let mapped = "/F1 << /Subtype /Type0 /Encoding /Identity-H /ToUnicode 7 0 R /DescendantFonts [<< /DW 500 >>] >>";
    let text = "BT /F1 12 Tf <0001001000200021> Tj ET";
    assert_shows(page(text, mapped, &stream(7, "", map)), "forbid");
    let simple =
        "begincmap 1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfrange <01> <03> <0061> endbfrange";
    assert_shows(
        page("BT /F1 1 Tf <010203> Tj ET", "/F1 << /Subtype /TrueType /ToUnicode 7 0 R >>", &stream(7, "", simple)),
        "abc",
    );
    for (font, codes, expected) in [
        (
            "/Encoding << /Differences [1 /f /o /r 9 /b /eacute /uni0064 /afii10017 /f_i /a.sc] >>",
            "010203090a0b0c0d0e",
            "forbédАfia",
        ),
        ("/Encoding /MacRomanEncoding", "8e9f", "éü"),
        ("/Encoding /WinAnsiEncoding", "e9fc", "éü"),
        ("", "ae6e", "fin"),
        ("/Subtype /Type0 /Encoding /UniGB-UCS2-H", "00660069", "fi"),
        ("/Subtype /Type0 /Encoding /90ms-RKSJ-H", "93fa967b", "日本"),
        ("/Subtype /Type0 /Encoding /Identity-H", "0001", ""),
    ] {
        let found = opened(page(&format!("BT /F1 1 Tf <{codes}> Tj ET"), &format!("/F1 << {font} >>"), ""));
        assert_eq!(texts(&found, "page").concat(), expected, "{font}");
        let is_illegible = found.problems.iter().any(|problem| problem.code == ProblemCode::PageIllegible);
        assert_eq!(is_illegible, expected.is_empty(), "{font}");
    }
}

#[test]
fn widths_tell_where_a_word_ends() {
    // Letters of half and of a whole em: the same step is a gap behind the one and none behind the other.
    let font = "/F1 << /FirstChar 97 /Widths [500 1000] >>";
    assert_shows(page("BT /F1 10 Tf (aa) Tj 20 0 Td (bb) Tj ET", font, ""), "aa bb");
    assert_shows(page("BT /F1 10 Tf (bb) Tj 20 0 Td (aa) Tj ET", font, ""), "bbaa");
    let wide = "/F1 << /Subtype /Type0 /Encoding /UniGB-UCS2-H /ToUnicode 7 0 R /DescendantFonts [<< /W [97 [500] 98 98 1000] >>] >>";
    let map = "1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfrange <0061> <0062> <0061> endbfrange";
    let text = "BT /F1 10 Tf <00610061> Tj 20 0 Td <00620062> Tj 20 0 Td <00610061> Tj ET";
    assert_shows(page(text, wide, &stream(7, "", map)), "aa bbaa");
}

#[test]
fn pages_of_several_streams_forms_and_inherited_fonts_are_read() {
    let divided = format!(
        "%PDF-1.4\n1 0 obj<</Type/Page/Parent 9 0 R/Contents[2 0 R 3 0 R]>>endobj\n\
         9 0 obj<</Type/Pages/Resources 8 0 R>>endobj 8 0 obj<</Font<</F1 7 0 R>>>>endobj \
         7 0 obj<</Encoding<</Differences[1/f/o/r/b/i/d/e/n]>>>>endobj\n{}{}",
        stream(2, "", "BT /F1 12 Tf <010203> Tj"),
        stream(3, "", "<0405060607> Tj <08> Tj ET")
    );
    assert_shows(divided, "forbidden");
    let form = stream(
        5,
        "/Type /XObject /Subtype /Form /Resources << /Font << /F1 << /Encoding << /Differences [1 /x] >> >> >> >>",
        "BT /F1 9 Tf <01> Tj ET",
    );
    assert_shows(format!("%PDF-1.4\n{form}"), "x");
    // A stream that nothing refers to has whatever fonts there are.
    assert_shows(
        page("", "/F1 << /Encoding << /Differences [1 /x] >> >>", &stream(6, "", "BT /F1 9 Tf <01> Tj ET")),
        "x",
    );
}

#[test]
fn strings_of_objects_are_texts() {
    let wide: String =
        "\u{feff}wide".encode_utf16().flat_map(u16::to_be_bytes).map(|byte| format!("{byte:02x}")).collect();
    let found = opened(format!(
        "%PDF-1.4\n1 0 obj<</Title(forbidden title)/ID(secret id)/A[<</URI(http://a.test/)>>]/T<{wide}>>>endobj\n\
         2 0 obj<</Type/Annot/Contents(a note)>>endobj 3 0 obj<</Lookup<0001020304>>>endobj"
    ));
    assert_eq!(texts(&found, "strings"), ["forbidden title\nhttp://a.test/\nwide\na note\n"]);
}

#[test]
fn hostile_files_end() {
    let pages: String = (0..2000)
        .map(|number| format!("{number} 0 obj<</Contents[9000 0 R 9000 0 R]/Parent {number} 0 R>>endobj "))
        .collect();
    let many = format!("%PDF-1.4\n{pages}{}", stream(9000, "", &"BT (x) Tj ET ".repeat(2000)));
    let deep = format!("%PDF-1.4\n1 0 obj{}endobj", "<</A[".repeat(5000));
    let map = format!("1 beginbfrange {} endbfrange", "<0000> <ffffffff> <0041>".repeat(5000));
    let wide = page(
        "BT /F1 1 Tf (x) Tj ET",
        "/F1 << /ToUnicode 7 0 R /Widths 8 0 R /W [0 4294967295 1] >>",
        &stream(7, "", &map),
    );
    let nan = page("BT /F1 1e300 Tf 0 0 0 0 1e300 -1e300 Tm (a) Tj 1e300 0 Td (b) Tj ET q q q Q Q Q Q Q", "", "");
    for file in [many, deep, wide, nan] {
        let start = std::time::Instant::now();
        opened(file);
        assert!(start.elapsed().as_secs() < 20);
    }
}

proptest::proptest! {
    #[test]
    fn no_page_makes_it_panic(content in "(BT|ET|Tj|TJ|Tf|Td|Tm|T\\*|'|\"|\\[|\\]|\\(|\\)|<|>|<<|>>|/F1|[0-9.-]{1,9}|q|Q|cm|BI|ID|EI|BDC| )*", map in "(<|>|[0-9a-f]{1,8}|\\[|\\]|beginbfrange|endbfrange|endbfchar|endcodespacerange| )*") {
        opened(page(&content, "/F1 << /Subtype /Type0 /ToUnicode 7 0 R /Widths [1 2 3] /Encoding << /Differences [ 1 /a ] >> >>", &stream(7, "", &map)));
    }

    #[test]
    fn no_cut_makes_it_panic(cut in 0_usize..700) {
        let whole = page("BT /F1 12 Tf [(for) -20 (bid)] TJ ET", "/F1 << /ToUnicode 7 0 R >>", &stream(7, "", "1 beginbfchar <01> <0061> endbfchar"));
        opened(whole.as_bytes()[..cut.min(whole.len())].to_vec());
    }
}
